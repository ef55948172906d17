"""Our reader and fontTools read the same faces from every font."""

from __future__ import annotations

import ctypes
import shutil
import struct
import subprocess
from ctypes.util import find_library
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fontTools.ttLib import newTable  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from stmpo.fonts import sfnt
from tests.fonts import foundry, specimens

from tests.fonts import oracle  # isort: skip - the specimens skip these tests if fontTools is missing

if TYPE_CHECKING:
    from stmpo.fonts.face import Face

HERE = Path("/usr/share/fonts")
INSTANCES: list[tuple[str, str | None]] = [
    ("Thin", None), ("Extra Light", "ProbeX-Slim"), ("Light", None), ("Regular", "ProbeVF-Regular"), ("Fett Ä", None),
]  # fmt: skip
FONTS = {
    "truetype.ttf": specimens.font("Probe-Regular"),
    "opentype.otf": specimens.font("Probe-Bold", style="Bold", otf=True, bits=2),
    "collection.ttc": specimens.collection("One", "Two", "Three"),
    "variable.ttf": specimens.variable("ProbeVF-Regular", INSTANCES),
    "foundry.ttf": foundry.face("Foundry-Bold", style="Bold"),
    "foundry.ttc": foundry.collection("FoundryOne", "FoundryTwo"),
    "prefixed.ttf": specimens.variable("ProbeVF-Regular", INSTANCES, prefix="Präfix 1"),
}


def both(path: Path) -> tuple[Face, ...]:
    """Return the faces; both readers must agree."""
    faces = sfnt.read_faces(path)
    assert faces == oracle.read_faces(path)
    return faces


def write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def with_names(*records: tuple[int, int, int, bytes]) -> bytes:
    """A font whose PostScript names are these (platform, encoding, language, bytes), as they are."""
    made = specimens.builder("x")
    table = made.font["name"]
    table.names = [record for record in table.names if record.nameID != 6]
    for platform, encoding, language, text in records:
        table.setName(text, 6, platform, encoding, language)
    return specimens.data(made)


@pytest.mark.parametrize("name", FONTS)
def test_both_readers_agree(tmp_path: Path, name: str) -> None:
    assert both(write(tmp_path, name, FONTS[name]))


def test_both_readers_agree_on_every_font_of_this_machine() -> None:
    fonts = [path for path in HERE.rglob("*") if path.suffix in {".ttf", ".otf", ".ttc"}][:500]
    if not any(path.suffix == ".ttc" for path in fonts):
        pytest.skip(
            "no collection among the fonts here: apt-get install fonts-dejavu-core fonts-wqy-microhei"
        )
    assert all(both(path) for path in fonts)


def test_a_face_knows_its_family_style_and_licence_bits(tmp_path: Path) -> None:
    (face,) = both(write(tmp_path, "a.otf", FONTS["opentype.otf"]))
    assert (face.names, face.family, face.style, face.embedding) == (("Probe-Bold",), "Probe", "Bold", 2)


def test_faces_of_a_collection_are_counted(tmp_path: Path) -> None:
    faces = both(write(tmp_path, "a.ttc", FONTS["collection.ttc"]))
    assert [(face.index, face.names) for face in faces] == [(0, ("One",)), (1, ("Two",)), (2, ("Three",))]


def test_instances_of_a_variable_font_have_their_own_or_derived_names(tmp_path: Path) -> None:
    (face,) = both(write(tmp_path, "a.ttf", FONTS["variable.ttf"]))
    assert face.axes == ("wght", "wdth")
    assert [name for name, _ in face.instances] == [
        "ProbeVF-Thin", "ProbeX-Slim", "ProbeVF-Light", "ProbeVF-Regular", "ProbeVF-Fett",
    ]  # fmt: skip
    assert face.style_of("ProbeX-Slim") == "Extra Light"
    (prefixed,) = both(write(tmp_path, "b.ttf", FONTS["prefixed.ttf"]))
    assert prefixed.instances[0] == ("Prfix1-Thin", "Thin")


@pytest.mark.skipif(
    shutil.which("fc-scan") is None, reason="fontconfig is not installed: apt-get install fontconfig"
)
@pytest.mark.parametrize("name", ["truetype.ttf", "opentype.otf", "collection.ttc"])
def test_fontconfig_reads_the_same_names(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name, FONTS[name])
    command = ["fc-scan", "--format", "%{postscriptname}\n", str(path)]
    judged = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert judged == list(dict.fromkeys(name for face in both(path) for name in face.all_names()))


@pytest.mark.skipif(
    not find_library("freetype"), reason="FreeType is not installed: apt-get install libfreetype6"
)
@pytest.mark.parametrize("prefix", [None, "Prefix1"])
def test_freetype_and_fontconfig_call_instances_the_same(tmp_path: Path, prefix: str | None) -> None:
    """FreeType by name, fontconfig by place. Neither makes names where the family has a blank in it."""
    instances: list[tuple[str, str | None]] = [
        ("Thin", None),
        ("Extra Light", "ProbeX-Slim"),
        ("Semi Bold 2", None),
    ]
    path = write(
        tmp_path, "a.ttf", specimens.variable("Va-Regular", instances, family="ProbeVF", prefix=prefix)
    )
    (face,) = both(path)
    assert [name for name, _ in face.instances] == freetype_names(path, len(instances))
    if shutil.which("fc-scan"):
        command = ["fc-scan", "--format", "%{postscriptname}\n", str(path)]
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        assert len(listed) > len(instances)
        assert all(face.style_of(name) for name in listed)


def freetype_names(path: Path, instances: int) -> list[str]:
    """The PostScript names of a variable font's named instances, as FreeType makes them."""
    freetype = ctypes.CDLL(find_library("freetype"))
    freetype.FT_Get_Postscript_Name.restype = ctypes.c_char_p
    library, face = ctypes.c_void_p(), ctypes.c_void_p()
    assert freetype.FT_Init_FreeType(ctypes.byref(library)) == 0
    names = []
    for number in range(1, instances + 1):
        assert freetype.FT_New_Face(library, str(path).encode(), number << 16, ctypes.byref(face)) == 0
        names.append(freetype.FT_Get_Postscript_Name(face).decode())
        freetype.FT_Done_Face(face)
    freetype.FT_Done_FreeType(library)
    return names


@pytest.mark.parametrize(
    ("name", "style"),
    [
        ("ProbeVF_650wght", "650wght"),
        ("ProbeVF_650.5wght_87.5wdth", "650.5wght_87.5wdth"),
        ("ProbeVF_-12wght", "-12wght"),
        ("ProbeVF-0123456789ABCDEF...", "0123456789ABCDEF..."),
        ("ProbeVF_650slnt", None),
        ("ProbeVF_wght", None),
        ("ProbeVFX_650wght", None),
        ("ProbeVF-Heavy", None),
        ("ProbeVF", None),
    ],
)
def test_any_place_in_the_design_space_has_a_name(tmp_path: Path, name: str, style: str | None) -> None:
    (face,) = both(write(tmp_path, "a.ttf", FONTS["variable.ttf"]))
    assert face.style_of(name) == style


@pytest.mark.parametrize(
    ("records", "names"),
    [
        ([(1, 0, 0, b"Mac-Only")], ("Mac-Only",)),
        ([(0, 3, 0, "Uni".encode("utf-16-be"))], ("Uni",)),
        ([(3, 0, 0x409, "Symbol".encode("utf-16-be"))], ("Symbol",)),
        ([(3, 10, 0x409, "Full".encode("utf-16-be"))], ("Full",)),
        ([(3, 2, 0x411, b"Shift-JIS")], ("Shift-JIS",)),
        ([(3, 4, 0x404, b"Big5")], ("Big5",)),
        ([(1, 1, 11, "日本".encode("shift_jis"))], ("日本",)),
        ([(1, 0, 18, b"Croatian")], ("Croatian",)),
        ([(1, 0, 0, "Twice".encode("utf-16-be"))], ("Twice",)),
        ([(3, 1, 0x409, "Odd".encode("utf-16-be") + b"\0")], ("Odd",)),
        ([(3, 1, 0x409, "Odd".encode("utf-16-be")[1:])], ("Odd",)),
        ([(3, 1, 0x409, b"\0Odd1")], ("Odd1",)),
        ([(3, 1, 0x409, b"\xd8\x00\xd8\x00")], ()),
        ([(7, 7, 7, b"Unknown")], ("Unknown",)),
        ([(1, 0, 0, b"Line\nBreak")], ()),
        ([(1, 0, 0, b"  ")], ()),
        (
            [(1, 0, 0, b"Mac"), (3, 1, 0x407, "German".encode("utf-16-be")), (3, 1, 0x409, "US".encode("utf-16-be"))],
            ("US", "Mac", "German"),
        ),
    ],
)  # fmt: skip
def test_names_of_every_platform_are_read(
    tmp_path: Path, records: list[tuple[int, int, int, bytes]], names: tuple[str, ...]
) -> None:
    faces = both(write(tmp_path, "a.ttf", with_names(*records)))
    assert (faces[0].names if faces else ()) == names


@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_font_is_no_error(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    whole = bytearray(FONTS[data.draw(st.sampled_from(sorted(FONTS)))])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + 4] = data.draw(st.binary(max_size=4))
    path = write(
        tmp_path_factory.mktemp("fonts"), "a.ttf", bytes(whole[: data.draw(st.integers(0, len(whole)))])
    )
    for faces in (sfnt.read_faces(path), oracle.read_faces(path)):
        assert all(name.isprintable() for face in faces for name in face.all_names())


def test_a_damaged_face_leaves_a_collection_its_others(tmp_path: Path) -> None:
    whole = bytearray(FONTS["collection.ttc"])
    struct.pack_into(">I", whole, 16, len(whole) - 3)  # where its second face begins
    faces = both(write(tmp_path, "a.ttc", bytes(whole)))
    assert [face.names for face in faces] == [("One",), ("Three",)]


def test_names_that_would_fill_the_memory_are_none(tmp_path: Path) -> None:
    """Tens of thousands of records, all of one text of 64 KB: gigabytes out of a megabyte."""
    count = 60_000
    record = struct.pack(">6H", 3, 1, 0x409, 6, 65_534, 0)
    start = 6 + 12 * count
    table = struct.pack(">3H", 0, count, start & 0xFFFF) + record * count + "A".encode("utf-16-be") * 40_000
    made = specimens.builder("x").font
    made["name"] = newTable("name")
    made["name"].compile = lambda _: table
    assert both(write(tmp_path, "a.ttf", specimens.data(made))) == ()


def test_what_is_no_file_has_no_face(tmp_path: Path) -> None:
    assert both(tmp_path) == both(tmp_path / "gone") == ()
