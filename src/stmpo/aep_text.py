"""The fonts of a project's texts, read from py_aep's model: every run of characters, at every keyframe.

A text has a table of fonts that may hold ones it no longer uses; its runs of characters say which it does, down to a
single character. An expression of Source Text may set others (`setFont("Name")`): what it names in so many words is
taken too, what it puts together is not. py_aep passes over text that it cannot read; such a layer is named instead, for
its fonts are not known.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from py_aep import Property, TextDocument

from stmpo.aep import FontUse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from py_aep import Project as AepProject
    from py_aep import TextLayer

_SET_FONT = re.compile(r"""\bsetFont\s*\(\s*(["'])([^"'\\\n]{1,127})\1""")

_NO_FONTS = frozenset({"", "AdobeInvisFont"})
"""Names that no file has: the second is what Adobe's text engine calls characters that are never drawn."""


def read_texts(project: AepProject) -> tuple[tuple[FontUse, ...], tuple[str, ...]]:
    """Each use of a font, each once, in the project's order; and the layers (`comp: layer`) whose text cannot be read."""
    uses: dict[FontUse, None] = {}
    unread: list[str] = []
    for comp in project.compositions:
        for layer in comp.text_layers:
            names = _fonts(layer)
            if names is None:
                unread.append(f"{comp.name}: {layer.name}")
                continue
            for name, expression in names:
                if name not in _NO_FONTS:
                    uses[FontUse(_whole(name), comp.name, comp.id, layer.name, expression)] = None
    return tuple(uses), tuple(unread)


def _fonts(layer: TextLayer) -> list[tuple[str, bool]] | None:
    """PostScript names of a layer's fonts, and whether only an expression names them; None for damaged text."""
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
            fonts += [(match[1], True) for match in _SET_FONT.findall(text.expression)]
    except Exception:  # noqa: BLE001 - the boundary: damaged text fails anywhere, and costs this layer alone
        return None
    return fonts


def _whole(name: str) -> str:
    """The name with half characters, which nothing can write, replaced."""
    return name.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _runs(document: TextDocument) -> Iterator[str]:
    """As `Project.used_fonts` of py_aep, which looks into every layer of a project instead of only those with text."""
    yield from (font.post_script_name for font in document._used_font_objects())  # noqa: SLF001
