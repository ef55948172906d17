"""The fonts of a project's texts, read from py_aep's objects: every run of characters, at every keyframe.

A text has a table of fonts that may hold unused ones. Its runs of characters show the used ones, down to a
single character. An expression of Source Text may set others (`setFont("Name")`): literal names are taken
too, and a layer whose expression computes a name is reported. So is a layer whose text py_aep cannot read,
because its fonts are not known.

Effects that draw text store their font in a form that only they can read. They are searched only in a project
whose bytes hold the name of such an effect, because the search has to read every layer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from py_aep import Property, TextDocument

from stmpo.project.model import FontUse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from py_aep import CompItem, TextLayer
    from py_aep import Project as AepProject
    from py_aep.models.layers.layer import Layer

    from stmpo.project.comp_tree import CompTree

_CALL = re.compile(r"\bsetFont\s*\(")
_SET_FONT = re.compile(
    r"""\bsetFont\s*\(\s*(?:"([^"\\\n]{1,127})"|'([^'\\\n]{1,127})'|`([^`\\$]{1,127})`)\s*[,)]"""
)
_STRING_OR_COMMENT = re.compile(
    r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|//[^\r\n]*|/\*.*?\*/""", re.DOTALL
)

_NO_FONTS = frozenset({"", "AdobeInvisFont"})
"""Names without a font file. Adobe's text engine uses the second for characters that are never drawn."""

_TEXT_EFFECTS = frozenset(
    {"ADBE Basic Text", "ADBE Basic Text2", "ADBE Numbers", "ADBE Numbers2", "ADBE Path Text"}
)
"""Effects whose font is chosen in a dialog of their own. (Timecode always uses its own font.)"""


@dataclass(frozen=True, slots=True)
class TextFonts:
    """The fonts of a project's texts. Layers are given as `comp: layer`."""

    uses: tuple[FontUse, ...]
    """The uses of fonts, each once, in the project's order."""

    unread: tuple[str, ...]
    """Layers whose text cannot be read."""

    computed: tuple[str, ...]
    """Layers whose expressions compute the names of fonts."""

    effects: tuple[str, ...]
    """Effects that draw text, each after its layer."""


def read_texts(project: AepProject, data: bytes | bytearray, tree: CompTree) -> TextFonts:
    """Return the fonts of all texts of a project.

    `data` holds the bytes of its file; `tree` knows the layers that are never drawn.
    """
    uses: dict[FontUse, None] = {}
    unread: list[str] = []
    computed: list[str] = []
    for comp in project.compositions:
        layers = _text_layers(comp)
        if layers is None:
            unread.append(f"{comp.name}: every layer")
        for layer in layers or ():
            found = _fonts(layer)
            if found is None:
                unread.append(f"{comp.name}: {layer.name}")
                continue
            names, complete = found
            if not complete:
                computed.append(f"{comp.name}: {layer.name}")
            hidden = (comp.id, layer.id) in tree.hidden_layers
            for name, expression in names:
                use = FontUse(_well_formed(name), comp.name, comp.id, layer.name, expression, hidden)
                uses[use] = None
    for use in _overriding_uses(project, tree, unread):
        uses[use] = None
    effects = tuple(_effects(project)) if any(name.encode() + b"\0" in data for name in _TEXT_EFFECTS) else ()
    return TextFonts(tuple(uses), tuple(unread), tuple(computed), effects)


def _text_layers(comp: CompItem) -> list[TextLayer] | None:
    """Return the text layers of a comp; None if its layers are damaged."""
    try:
        return comp.text_layers
    except Exception:  # noqa: BLE001 - the boundary: damaged layers cost their comp alone
        return None


def _overriding_uses(project: AepProject, tree: CompTree, unread: list[str]) -> Iterator[FontUse]:
    """Yield the fonts of texts that layers override; add the layers that cannot be read to `unread`."""
    comps = {comp for comp, _ in tree.overriding_layers}
    for comp in (
        comp for comp in project.compositions if comp.id in comps and _text_layers(comp) is not None
    ):
        for layer in comp.layers:
            fonts = _overridden(layer) if (comp.id, layer.id) in tree.overriding_layers else []
            if fonts is None:
                unread.append(f"{comp.name}: {layer.name}")
            yield from (FontUse(_well_formed(name), comp.name, comp.id, layer.name) for name in fonts or ())


def set_fonts(expression: str) -> tuple[list[str], bool]:
    """Return the fonts that an expression names literally, and whether these are all."""
    code = _STRING_OR_COMMENT.sub(lambda found: found[1] or " ", expression)
    names = ["".join(groups) for groups in _SET_FONT.findall(code)]
    return names, len(names) == len(_CALL.findall(code))


def _fonts(layer: TextLayer) -> tuple[list[tuple[str, bool]], bool] | None:
    """Return a layer's fonts and whether these are all; None if its text is damaged.

    Each font is its PostScript name, and whether only an expression names it.
    """
    complete = True
    try:
        text = layer.text["ADBE Text Document"] if layer.text is not None else None
        if not isinstance(text, Property):
            return None
        active = bool(text.expression and text.expression_enabled)
        documents = [frame.value for frame in text.keyframes] or [text.value]
        fonts = []
        for document in documents:
            if not isinstance(document, TextDocument):
                return None
            if document.text or active:  # an empty text draws nothing, unless an expression fills it
                fonts += [(name, False) for name in _runs(document)]
        if active:
            named, complete = set_fonts(text.expression)
            fonts += [(name, True) for name in named if name not in _NO_FONTS]
    except Exception:  # noqa: BLE001 - the boundary: damaged text fails anywhere, and costs this layer alone
        return None
    return fonts, complete


def _overridden(layer: Layer) -> list[str] | None:
    """Return the fonts of the texts that a layer overrides by Essential Properties; None if damaged."""
    fonts: list[str] = []
    try:
        waiting: list[Any] = [layer["ADBE Layer Overrides"]]
        while waiting:
            inner = waiting.pop()
            if not isinstance(inner, Property):
                waiting += inner.properties
                continue
            for document in [frame.value for frame in inner.keyframes] or [inner.value]:
                if isinstance(document, TextDocument) and document.text:
                    fonts += _runs(document)
    except Exception:  # noqa: BLE001 - the boundary: damaged text fails anywhere, and costs this layer alone
        return None
    return fonts


def _effects(project: AepProject) -> Iterator[str]:
    """Yield every effect that draws text and is not switched off."""
    for comp in project.compositions:
        for layer in comp.layers if _text_layers(comp) is not None else ():
            for name in _text_effects(layer):
                yield f"{comp.name}: {layer.name} ({name})"


def _text_effects(layer: Layer) -> list[str]:
    """Return the names of a layer's effects that draw text."""
    try:
        return [
            effect.name
            for effect in layer.effects or ()
            if effect.match_name in _TEXT_EFFECTS and effect.enabled
        ]
    except Exception:  # noqa: BLE001 - the boundary: a damaged layer has no known effects
        return []


def _well_formed(name: str) -> str:
    """Return the name with lone surrogates replaced, because no file can be written with them."""
    return name.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _runs(document: TextDocument) -> Iterator[str]:
    """Yield the fonts of a text's runs, as `Project.used_fonts` of py_aep does for a whole project."""
    fonts = document._used_font_objects()  # noqa: SLF001 - the fonts of one text have no public name
    yield from (font.post_script_name for font in fonts if font.post_script_name not in _NO_FONTS)
