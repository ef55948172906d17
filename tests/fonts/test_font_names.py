"""Fonts are known by the PostScript names in their files, whatever else a file holds."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from stmpo.fonts.names import postscript_names

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def name_table(*names: tuple[int, int, str]) -> bytes:
    """A `name` table of (platform, name identifier, text)."""
    strings, records = b"", b""
    for platform, kind, text in names:
        data = text.encode("mac-roman" if platform == 1 else "utf-16-be")
        records += struct.pack(">6H", platform, 0, 0, kind, len(data), len(strings))
        strings += data
    return struct.pack(">3H", 0, len(names), 6 + len(records)) + records + strings


def font(*names: tuple[int, int, str], at: int = 0, tag: bytes = b"OTTO") -> bytes:
    """A font with a table before its names."""
    table, first = name_table(*names), at + 12 + 32
    head = struct.pack(">4s4I", tag, 2 << 16, 0, 0, 0)[:12]
    tables = struct.pack(">4s3I", b"cmap", 0, first, 4) + struct.pack(
        ">4s3I", b"name", 0, first + 4, len(table)
    )
    return head + tables + b"cmap" + table


def test_a_font_has_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a.otf"
    path.write_bytes(font((1, 1, "Größe"), (1, 6, "Grotesk-Bold"), (3, 6, "Grotesk-Bold")))
    assert postscript_names(path) == ("Grotesk-Bold",)


def test_a_collection_has_the_names_of_its_faces(tmp_path: Path) -> None:
    one = font((3, 6, "One"), at=20, tag=b"\x00\x01\x00\x00")
    two = font((3, 6, "Two"), at=20 + len(one), tag=b"true")
    path = tmp_path / "both.ttc"
    path.write_bytes(struct.pack(">4s2I2I", b"ttcf", 0x10000, 2, 20, 20 + len(one)) + one + two)
    assert postscript_names(path) == ("One", "Two")


@given(st.binary(max_size=200), st.integers(0, 200))
def test_what_is_no_font_has_no_name_and_no_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, cut: int
) -> None:
    path = tmp_path_factory.mktemp("fonts") / "a.ttf"
    path.write_bytes(font((3, 6, "A"))[:cut] + data)
    assert isinstance(postscript_names(path), tuple)
