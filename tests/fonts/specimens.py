"""Fonts made with fontTools: OpenType, collections, variable fonts and licence bits."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("fontTools", reason="fontTools is not installed: pip install 'stmpo[submit]'")

from fontTools.fontBuilder import FontBuilder  # type: ignore[import-untyped]
from fontTools.pens.t2CharStringPen import T2CharStringPen  # type: ignore[import-untyped]
from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]
from fontTools.ttLib import TTCollection, TTFont  # type: ignore[import-untyped]
from fontTools.ttLib.tables._f_v_a_r import NamedInstance  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Sequence


def builder(
    name: str, *, family: str = "Probe", style: str = "Regular", bits: int = 0, otf: bool = False
) -> FontBuilder:
    """A font of two glyphs that is called `name` (PostScript); `bits` is its fsType."""
    made = FontBuilder(1000, isTTF=not otf)
    made.setupGlyphOrder([".notdef", "A"])
    made.setupCharacterMap({65: "A"})
    if otf:
        pen = T2CharStringPen(600, None)
        glyph = pen.getCharString()
        made.setupCFF(name, {"FullName": name}, {".notdef": glyph, "A": glyph}, {})
    else:
        outline = TTGlyphPen(None)
        for number, point in enumerate([(0, 0), (300, 700), (600, 0)]):
            (outline.lineTo if number else outline.moveTo)(point)
        outline.closePath()
        made.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "A": outline.glyph()})
    made.setupHorizontalMetrics({".notdef": (600, 0), "A": (600, 0)})
    made.setupHorizontalHeader(ascent=800, descent=-200)
    made.setupNameTable(
        {"familyName": family, "styleName": style, "psName": name, "uniqueFontIdentifier": name}
    )
    made.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200, fsType=bits)
    made.setupPost()
    return made


def data(made: FontBuilder | TTFont | TTCollection) -> bytes:
    """The bytes of its file."""
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def font(
    name: str, *, family: str = "Probe", style: str = "Regular", bits: int = 0, otf: bool = False
) -> bytes:
    """A font file."""
    return data(builder(name, family=family, style=style, bits=bits, otf=otf))


def collection(*names: str, bits: Sequence[int] = ()) -> bytes:
    """A collection with a face for each name."""
    made = TTCollection()
    for number, name in enumerate(names):
        made.fonts.append(builder(name, family=name, bits=bits[number] if bits else 0).font)
    return data(made)


def variable(
    name: str,
    instances: Sequence[tuple[str, str | None]],
    *,
    family: str = "Probe VF",
    prefix: str | None = None,
) -> bytes:
    """A variable font with weight and width. Instances: (style, PostScript name or None), by weight."""
    made = builder(name, family=family)
    made.setupFvar([("wght", 100, 400, 900, "Weight"), ("wdth", 75, 100, 125, "Width")], [])
    names = made.font["name"]
    names.setName(family, 16, 3, 1, 0x409)
    for number, (style, own) in enumerate(instances):
        one = NamedInstance()
        one.subfamilyNameID = names.addMultilingualName({"en": style}, ttFont=made.font)
        if own is not None:
            one.postscriptNameID = names.addMultilingualName({"en": own}, ttFont=made.font)
        one.coordinates = {"wght": 100 + 100 * number, "wdth": 100}
        made.font["fvar"].instances.append(one)
    if prefix is not None:
        names.setName(prefix, 25, 3, 1, 0x409)
    made.setupGvar({})
    return data(made)
