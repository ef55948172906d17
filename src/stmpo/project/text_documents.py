"""The fonts of a project's texts, read from py_aep's model: every run of characters, at every keyframe.

A text has a table of fonts that may hold ones it no longer uses; its runs of characters say which it does, down to a
single character. An expression of Source Text may set others (`setFont("Name")`): what it names in so many words is
taken too, and a layer whose expression puts names together is named. py_aep passes over text that it cannot read; such
a layer is named as well, for its fonts are not known.

Effects that draw text keep their font where only they can read it. They are looked for only in a project that has the
name of one somewhere, because for that every layer has to be read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from py_aep import Property, TextDocument

from stmpo.project.model import FontUse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from py_aep import Project as AepProject
    from py_aep import TextLayer
    from py_aep.models.layers.layer import Layer

_CALL = re.compile(r"\bsetFont\s*\(")
_SET_FONT = re.compile(
    r"""\bsetFont\s*\(\s*(?:"([^"\\\n]{1,127})"|'([^'\\\n]{1,127})'|`([^`\\$]{1,127})`)\s*[,)]"""
)
_STRING_OR_COMMENT = re.compile(
    r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|//[^\r\n]*|/\*.*?\*/""", re.DOTALL
)

_NO_FONTS = frozenset({"", "AdobeInvisFont"})
"""Names that no file has: the second is what Adobe's text engine calls characters that are never drawn."""

_TEXT_EFFECTS = frozenset(
    {"ADBE Basic Text", "ADBE Basic Text2", "ADBE Numbers", "ADBE Numbers2", "ADBE Path Text"}
)
"""Effects whose font is chosen in a dialog of their own. (Timecode has one font, its own.)"""


@dataclass(frozen=True, slots=True)
class TextFonts:
    """What a project's texts say of fonts; layers as `comp: layer`."""

    uses: tuple[FontUse, ...]
    """Each use of a font, each once, in the project's order."""

    unread: tuple[str, ...]
    """Layers whose text cannot be read."""

    composed: tuple[str, ...]
    """Layers whose expressions put names of fonts together."""

    effects: tuple[str, ...]
    """Effects that draw text, each behind its layer."""


def read_texts(project: AepProject, data: bytes | bytearray) -> TextFonts:
    """What the texts of a project say; `data` is its file."""
    uses: dict[FontUse, None] = {}
    unread: list[str] = []
    composed: list[str] = []
    for comp in project.compositions:
        for layer in comp.text_layers:
            found = _fonts(layer)
            if found is None:
                unread.append(f"{comp.name}: {layer.name}")
                continue
            names, whole = found
            if not whole:
                composed.append(f"{comp.name}: {layer.name}")
            for name, expression in names:
                if name not in _NO_FONTS:
                    uses[FontUse(_whole(name), comp.name, comp.id, layer.name, expression)] = None
    effects = tuple(_effects(project)) if any(name.encode() + b"\0" in data for name in _TEXT_EFFECTS) else ()
    return TextFonts(tuple(uses), tuple(unread), tuple(composed), effects)


def set_fonts(expression: str) -> tuple[list[str], bool]:
    """The fonts that an expression names in so many words, and whether these are all that it names."""
    code = _STRING_OR_COMMENT.sub(lambda found: found[1] or " ", expression)
    names = ["".join(groups) for groups in _SET_FONT.findall(code)]
    return names, len(names) == len(_CALL.findall(code))


def _fonts(layer: TextLayer) -> tuple[list[tuple[str, bool]], bool] | None:
    """PostScript names of a layer's fonts, and whether only an expression names them; then whether these are all.

    None for damaged text.
    """
    whole = True
    try:
        text = layer.text["ADBE Text Document"] if layer.text is not None else None
        if not isinstance(text, Property):
            return None
        documents = [frame.value for frame in text.keyframes] or [text.value]
        fonts = []
        for document in documents:
            if not isinstance(document, TextDocument):
                return None
            fonts += [(name, False) for name in _runs(document)]
        if text.expression and text.expression_enabled:
            named, whole = set_fonts(text.expression)
            fonts += [(name, True) for name in named]
    except Exception:  # noqa: BLE001 - the boundary: damaged text fails anywhere, and costs this layer alone
        return None
    return fonts, whole


def _effects(project: AepProject) -> Iterator[str]:
    """Every effect that draws text and is not switched off."""
    for comp in project.compositions:
        for layer in comp.layers:
            for name in _drawing(layer):
                yield f"{comp.name}: {layer.name} ({name})"


def _drawing(layer: Layer) -> list[str]:
    """The names of a layer's effects that draw text."""
    try:
        return [
            effect.name
            for effect in layer.effects or ()
            if effect.match_name in _TEXT_EFFECTS and effect.enabled
        ]
    except Exception:  # noqa: BLE001 - the boundary: what is damaged is no effect that anybody could tell of
        return []


def _whole(name: str) -> str:
    """The name with half characters, which nothing can write, replaced."""
    return name.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _runs(document: TextDocument) -> Iterator[str]:
    """As `Project.used_fonts` of py_aep, which looks into every layer of a project instead of only those with text."""
    yield from (font.post_script_name for font in document._used_font_objects())  # noqa: SLF001
