"""A font is found where it may travel from; otherwise what is there, and why it stays, is said."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from tests.fonts import foundry, specimens  # isort: skip - it says what is missing where fontTools is
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from stmpo.fonts import legacy
from stmpo.fonts.find import FontState, ProjectFont, find, match_fonts
from stmpo.fonts.index import scan_fonts
from stmpo.fonts.licence import Embedding, embedding_of
from stmpo.fonts.places import FontFolder, Origin

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shelves(tmp_path: Path) -> list[FontFolder]:
    """A folder for each origin, in Windows' order."""
    order = (Origin.SYNCED, Origin.OWNED, Origin.USER, Origin.SYSTEM)
    folders = [FontFolder(tmp_path / origin.name, origin) for origin in order]
    for folder in folders:
        folder.path.mkdir()
    return folders


def put(shelves: list[FontFolder], origin: Origin, name: str, data: bytes) -> Path:
    path = next(folder.path for folder in shelves if folder.origin is origin) / name
    path.write_bytes(data)
    return path


def one(shelves: list[FontFolder], name: str) -> ProjectFont:
    (font,) = match_fonts([name], scan_fonts(shelves, None))
    return font


def test_a_synced_font_is_said_to_be_one_unless_it_is_installed_as_well(shelves: list[FontFolder]) -> None:
    put(shelves, Origin.SYNCED, ".4711", specimens.font("Sync-Bold", otf=True))
    assert one(shelves, "Sync-Bold").state is FontState.SYNCED
    installed = put(shelves, Origin.SYSTEM, "s.ttf", specimens.font("Sync-Bold"))
    assert (one(shelves, "Sync-Bold").state, one(shelves, "Sync-Bold").path) == (FontState.FOUND, installed)


def test_a_users_own_font_in_the_creative_cloud_is_found(shelves: list[FontFolder]) -> None:
    put(shelves, Origin.OWNED, "own", specimens.font("Own"))
    assert one(shelves, "Own").state is FontState.FOUND


def test_a_restricted_font_is_said_to_be_one_unless_another_file_may_travel(
    shelves: list[FontFolder],
) -> None:
    put(shelves, Origin.USER, "r.ttf", specimens.font("R", bits=2))
    assert one(shelves, "R").state is FontState.RESTRICTED
    put(shelves, Origin.SYSTEM, "free.ttf", specimens.font("R", bits=8))
    assert one(shelves, "R").path == shelves[3].path / "free.ttf"


def test_the_bits_of_the_face_itself_count(shelves: list[FontFolder]) -> None:
    put(shelves, Origin.USER, "c.ttc", specimens.collection("Free", "Bound", bits=(0, 2)))
    assert [one(shelves, name).state for name in ("Free", "Bound")] == [FontState.FOUND, FontState.RESTRICTED]
    face = one(shelves, "Bound").face
    assert face is not None
    assert face.index == 1


def test_a_font_of_its_own_goes_before_an_instance_and_the_users_before_the_systems(
    shelves: list[FontFolder],
) -> None:
    put(shelves, Origin.USER, "v.ttf", specimens.variable("F-Regular", [("Thin", None)], family="F"))
    own = put(shelves, Origin.SYSTEM, "thin.ttf", specimens.font("F-Thin"))
    put(shelves, Origin.SYSTEM, "regular.ttf", specimens.font("F-Regular"))
    assert one(shelves, "F-Thin").path == own
    assert one(shelves, "F-Regular").path == shelves[2].path / "v.ttf"
    assert one(shelves, "F_123wght").style == "123wght"


def test_other_versions_of_a_font_are_known(shelves: list[FontFolder]) -> None:
    """Which one After Effects shows is nobody's to tell."""
    new = put(shelves, Origin.USER, "new.ttf", foundry.face("Twice", version="Version 2.0"))
    put(shelves, Origin.SYSTEM, "same.ttf", foundry.face("Twice", version="Version 2.0", salt=1))
    put(shelves, Origin.SYSTEM, "nothing.ttf", foundry.face("Twice", version=""))
    assert one(shelves, "Twice").other_versions == ()
    old = put(shelves, Origin.SYSTEM, "old.ttf", foundry.face("Twice", version="Version 1.0"))
    assert (one(shelves, "Twice").path, one(shelves, "Twice").other_versions) == (
        new,
        ((old, "Version 1.0"),),
    )


def test_what_is_not_here_names_one_of_its_family(shelves: list[FontFolder]) -> None:
    put(shelves, Origin.USER, "a.ttf", specimens.font("Grotesk-Light"))
    assert (one(shelves, "Grotesk-Black").state, one(shelves, "Grotesk-Black").note) == (
        FontState.SUBSTITUTED, "Grotesk-Light",
    )  # fmt: skip
    assert one(shelves, "Groteske-Black").state is FontState.MISSING


def test_a_damaged_font_does_not_stop_the_search(shelves: list[FontFolder]) -> None:
    put(shelves, Origin.USER, "0.ttf", specimens.font("Good")[:100])
    put(shelves, Origin.USER, "1.ttc", b"ttcf" + b"\xff" * 40)
    put(shelves, Origin.USER, "2.fon", b"MZ" + b"\xff" * 80)
    put(shelves, Origin.USER, "3.ttf", specimens.font("Good"))
    assert one(shelves, "Good").state is FontState.FOUND


@pytest.mark.parametrize(
    ("bits", "allowed"),
    [
        (0, "INSTALLABLE"), (0x100, "INSTALLABLE"), (2, "RESTRICTED"), (0x302, "RESTRICTED"), (4, "PREVIEW"),
        (8, "EDITABLE"), (6, "PREVIEW"), (0xE, "EDITABLE"),
    ],
)  # fmt: skip
def test_licence_bits(bits: int, allowed: str) -> None:
    assert embedding_of(bits) is Embedding[allowed]


def fnt(name: str, version: int = 0x300) -> bytes:
    """A bitmap font resource of no characters."""
    size = 118 + len(name) + 1
    return (
        struct.pack("<HI", version, size).ljust(105, b"\0")
        + struct.pack("<I", 118).ljust(13, b"\0")
        + name.encode()
        + b"\0"
    )


def fon(*names: str) -> bytes:
    """A library of them, at 16-byte units."""
    fonts = [fnt(name).ljust(160, b"\0") for name in names]
    table = struct.pack("<H", 4) + struct.pack("<HHI", 0x8008, len(fonts), 0)
    for number in range(len(fonts)):
        table += struct.pack("<HHHHI", 32 + 10 * number, 10, 0, 0, 0)
    library = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40)
    library += b"NE".ljust(0x24, b"\0") + struct.pack("<H", 0x40) + b"\0" * (0x40 - 0x26)
    return (library + table + b"\0\0").ljust(512, b"\0") + b"".join(fonts)


def pfm(name: str) -> bytes:
    """Metrics of a Type 1 font."""
    size = 147 + len(name) + 1
    return (
        struct.pack("<HI", 0x100, size).ljust(139, b"\0") + struct.pack("<II", 147, 0) + name.encode() + b"\0"
    )


def dfont(*fonts: bytes) -> bytes:
    """A suitcase with these fonts, and something else before them."""
    data, references = b"", b""
    for number, font in enumerate(fonts):
        references += struct.pack(">HhII", 128 + number, -1, len(data), 0)
        data += struct.pack(">I", len(font)) + font
    types = struct.pack(">H4sHH4sHH", 1, b"FOND", 0, 18, b"sfnt", len(fonts) - 1, 30)
    types += struct.pack(">HhII", 1, -1, 0, 0) + references
    body = struct.pack(">16x4x2x2xHH", 28, 28 + len(types)) + types
    return struct.pack(">4I", 256, 256 + len(data), len(data), len(body)).ljust(256, b"\0") + data + body


def test_fonttools_reads_a_suitcase_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "a.dfont"
    path.write_bytes(dfont(specimens.font("Suit-One"), specimens.font("Suit-Two")))
    names = [TTFont(path, res_name_or_index=number)["name"].getDebugName(6) for number in (1, 2)]
    assert names == ["Suit-One", "Suit-Two"]


@pytest.mark.parametrize(
    ("file", "data", "names"),
    [
        (
            "a.pfb",
            b"\x80\x01\x50\0\0\0%!PS-AdobeFont-1.0: Utopia\n/FontName /Utopia-Bold def\n",
            ("Utopia-Bold",),
        ),
        ("a.pfa", b"%!PS-AdobeFont-1.0: X\r/FontName/X-Y def", ("X-Y",)),
        ("a.pfm", pfm("Metrics-Bold"), ("Metrics-Bold",)),
        ("a.fnt", fnt("Terminal"), ("Terminal",)),
        ("a.fon", fon("MS Serif", "MS Sans"), ("MS Serif", "MSSerif", "MS Sans", "MSSans")),
        ("a.fon", b"MZ" + b"\0" * 80, ()),
        (
            "A.DFONT",
            dfont(
                specimens.font("Suit-One"), specimens.variable("Su-Regular", [("Thin", None)], family="Su")
            ),
            ("Suit-One", "Su-Regular", "Su-Thin"),
        ),
        (
            "cut.dfont",
            dfont(specimens.font("Suit-One"), b"no font", specimens.font("Suit-Two")),
            ("Suit-One", "Suit-Two"),
        ),
    ],
)
def test_fonts_of_earlier_times_are_recognised(
    shelves: list[FontFolder], file: str, data: bytes, names: tuple[str, ...]
) -> None:
    path = put(shelves, Origin.SYSTEM, file, data)
    found = legacy.read_legacy(path)
    assert found is not None
    assert found.names == names
    for name in names:
        assert (one(shelves, name).state, one(shelves, name).path) == (FontState.LEGACY, path)


@pytest.mark.parametrize("data", [b"", b"\0" * 40, b"\xff" * 400, dfont(b"x")[:-40], dfont(b"x")])
def test_a_suitcase_without_fonts_is_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.dfont").write_bytes(data)
    assert legacy.read_legacy(tmp_path / "a.dfont") is None


@pytest.mark.parametrize(
    "data", [b"", b"\x80", b"MZ", b"MZ" + b"\xff" * 200, b"\0" * 300, pfm("x")[:-3], b"%!PS"]
)
def test_what_is_no_font_of_any_time_is_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").write_bytes(data)
    found = legacy.read_legacy(tmp_path / "a")
    assert found is None or found.names == ()


def test_nothing_is_looked_for_where_nothing_is_wanted() -> None:
    assert find([], {}) == []


def test_folders_that_are_named_go_before_the_systems(tmp_path: Path) -> None:
    (tmp_path / "a.ttf").write_bytes(specimens.font("Only-Here"))
    (font,) = find(["Only-Here"], {}, more=[tmp_path])
    assert font.path == tmp_path / "a.ttf"
