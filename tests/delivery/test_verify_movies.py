"""Movies and sounds: whole when their structure is, and no size in them is believed."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.delivery.verify import Broken, Whole, has_structure, verify_frame
from stmpo.delivery.verify.formats import format_of
from stmpo.delivery.verify.mp3 import frame_length
from stmpo.delivery.verify.reader import Contents, Damaged, Reader
from stmpo.testing.movies import box, chunk, movie, table

if TYPE_CHECKING:
    from pathlib import Path

KINDS = (
    ".mov",
    ".mp4",
    ".m4v",
    ".avi",
    ".wav",
    ".aif",
    ".aiff",
    ".mp3",
    ".wmv",
    ".webm",
    ".mxf",
    ".mpg",
    ".m2ts",
)


def read(data: bytes, extension: str) -> Contents | str:
    """What a check makes of these bytes: what they hold, or why they are damaged."""
    form = format_of(extension)
    assert form is not None
    try:
        found = form.check(Reader(io.BytesIO(data), len(data)))  # type: ignore[arg-type]  # reads like a file
    except Damaged as damage:
        return str(damage)
    assert isinstance(found, Contents)
    return found


@pytest.mark.parametrize("extension", KINDS)
def test_what_the_renderer_closed_is_whole_and_tells_what_it_holds(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"movie{extension}"
    path.write_bytes(movie(3, 9, extension))
    found = verify_frame(path)
    assert isinstance(found, Whole), found
    assert has_structure(extension)
    sides = (16, 16) if extension in {".mov", ".mp4", ".m4v", ".avi", ".wmv", ".webm"} else (None, None)
    frames = 7 if extension in {".mov", ".mp4", ".m4v", ".avi"} else None
    assert (found.width, found.height, found.frames) == (*sides, frames)
    assert (found.in_doubt is None) is (extension != ".m2ts")


@pytest.mark.parametrize("extension", KINDS)
def test_cut_anywhere_it_is_broken_or_in_doubt(extension: str) -> None:
    data = movie(1, 10, extension)
    lengths = {*range(0, len(data), 37), *range(len(data) - 60, len(data))}
    found = {length: read(data[:length], extension) for length in lengths}
    whole = [length for length, it in found.items() if isinstance(it, Contents) and it.in_doubt is None]
    in_doubt = [length for length, it in found.items() if isinstance(it, Contents) and it.in_doubt]
    assert in_doubt == [] or extension in {".mxf", ".mpg", ".m2ts"}, "between two packets without an end mark"
    if extension == ".mp3":  # between two frames nobody can tell that a third was to come
        whole = [length for length in whole if length % 417 > 3]
    assert whole == []


@pytest.mark.parametrize("extension", KINDS)
@given(places=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1, max_size=8))
def test_damage_is_told_in_words_and_raises_nothing_else(
    extension: str, places: list[tuple[int, int]]
) -> None:
    data = bytearray(movie(1, 10, extension))
    for place, value in places:
        data[place % len(data)] = value
    found = read(bytes(data), extension)
    assert isinstance(found, (Contents, str))


@pytest.mark.parametrize("extension", KINDS)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(extension: str, data: bytes) -> None:
    assert isinstance(read(data, extension), (Contents, str))


@pytest.mark.parametrize(
    ("extension", "data", "words"),
    [
        (".mov", box(b"ftyp", b"qt  ") + box(b"mdat", b"x" * 99), "it has no index"),
        (".mov", box(b"ftyp", b"qt  ") + struct.pack(">I4s", 0, b"mdat") + b"x" * 99, "it has no index"),
        (".mov", box(b"mdat", b"x" * 99) + box(b"moov"), "without a single track"),
        (".mov", bytes(99), "begins with 00 00 00 00"),
        (".mov", box(b"moov", b"x" * 99) + bytes(99), "no media"),
        (".mov", b"\0\0\0\7moov" + bytes(99), "no box where one should begin"),
        (".mov", struct.pack(">I4sQ", 1, b"mdat", 1 << 62), "ends in the middle of its 'mdat' box"),
        (".mov", box(b"mdat", b"x") + box(b"moov", struct.pack(">I4s", 900, b"trak")) + box(b"free", bytes(2000)), "longer than the box around it"),
        (".avi", struct.pack("<4sI4s", b"RIFF", 0, b"AVI ") + bytes(99), "says that it is empty"),
        (".avi", chunk(b"RIFF", b"AVI " + chunk(b"LIST", b"movi" + b"x" * 99)), "no index"),
        (".avi", chunk(b"RIFF", b"AVI " + chunk(b"idx1", b"")), "no media"),
        (".avi", chunk(b"RIFF", b"WAVE" + bytes(99)), "is not an AVI"),
        (".wav", chunk(b"RIFF", b"WAVE" + chunk(b"data", b"x" * 9)), "no fmt chunk"),
        (".wav", chunk(b"RIFF", b"WAVE" + chunk(b"fmt ", bytes(16))), "holds no sound"),
        (".wav", chunk(b"RIFF", b"WAVE" + chunk(b"fmt ", bytes(16)) + struct.pack("<4sI", b"data", 0xFFFFFFFF)), "no stated end"),
        (".aif", chunk(b"FORM", b"AIFF" + chunk(b"SSND", bytes(99), ">"), ">"), "no COMM chunk"),
        (".aif", chunk(b"FORM", b"AIFF" + chunk(b"COMM", bytes(18), ">"), ">"), "it holds no sample"),
        (".wmv", movie(1, 3, ".wmv").replace(struct.pack("<II", 2, 4128), struct.pack("<II", 3, 4128)), "its header states no size"),
        (".wmv", movie(1, 3, ".wmv")[:30] + bytes(200), "an object without a size"),
        (".webm", movie(1, 3, ".webm").replace(bytes.fromhex("18538067") + b"\1\0\0\0\0\0", bytes.fromhex("18538067") + b"\1\xff\xff\xff\xff\xff"), "ends in the middle of its element 18538067"),
        (".webm", bytes.fromhex("1a45dfa38018538067") + b"\1" + b"\xff" * 7 + bytes(99), "was not finished: the element 18538067"),
        (".webm", bytes.fromhex("1a45dfa380ec80"), "holds no segment"),
        (".mxf", movie(1, 3, ".mxf")[:4000], "ends in the middle of a packet"),
        (".mxf", movie(1, 3, ".mxf")[:108] + bytes(99), "no packet where one should begin"),
        (".mxf", movie(1, 3, ".mxf")[:108], "it has no footer partition"),
        (".mxf", bytes(999), "is not an MXF"),
        (".mpg", movie(1, 3, ".mpg")[:-4] + bytes(99), "no packet where one should begin"),
        (".m2ts", movie(1, 3, ".m2ts")[:-1], "ends in the middle of a packet"),
        (".m2ts", movie(1, 3, ".m2ts") + bytes(192), "no packet where one should begin"),
        (".mp3", b"ID3\4\0\0\0\0\0\5hello" + b"not sound", "holds no sound"),
        (".mp3", b"ID3\4\0\0\x7f\x7f\x7f\x7f", "its ID3 tag"),
    ],
)  # fmt: skip
def test_what_was_not_finished_says_so(extension: str, data: bytes, words: str) -> None:
    found = read(data, extension)
    assert isinstance(found, str)
    assert words in found


def _track(*tables: bytes) -> bytes:
    handler = box(b"hdlr", bytes(4), b"mhlr", b"vide", bytes(12))
    media = box(b"mdia", handler, box(b"minf", box(b"stbl", *tables)))
    return box(b"mdat", b"x" * 99) + box(b"moov", box(b"trak", media))


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ((table(b"stts", 1, 5, 1), table(b"stsz", 1, 6)), "times of 5 samples, sizes of 6"),
        ((table(b"stts", 9000, 5, 1),), "claims 9,000 entries"),
        ((table(b"stsz", 0, 9000),), "claims 9,000 sizes"),
        ((table(b"stco", 1, 9_000_000),), "ends before media that its index names"),
        ((table(b"co64", 1, 1, 0),), "ends before media that its index names"),
    ],
)
def test_an_index_that_claims_more_than_there_is(tables: tuple[bytes, ...], words: str) -> None:
    found = read(_track(*tables), ".mov")
    assert isinstance(found, str)
    assert words in found


def test_frames_are_those_of_the_video_track_and_of_all_entries_of_its_table() -> None:
    assert read(_track(table(b"stts", 2, 5, 1, 7, 2)), ".mov") == Contents(None, None, 12)


def test_a_fragmented_movie_does_not_say_how_many_frames_it_holds() -> None:
    found = read(_track(table(b"stts", 0)) + box(b"moof", bytes(9)), ".mp4")
    assert isinstance(found, Contents)
    assert found.frames is None


def test_a_wav_of_more_than_four_gigabytes_says_so_in_another_chunk() -> None:
    sizes = chunk(b"ds64", struct.pack("<QQQI", 0, 10, 0, 0))
    head = struct.pack("<4sI4s", b"RF64", 0xFFFFFFFF, b"WAVE") + sizes + chunk(b"fmt ", bytes(16))
    data = head + struct.pack("<4sI", b"data", 0xFFFFFFFF)
    assert read(data + b"x" * 10, ".wav") == Contents()
    assert read(data + b"x" * 9, ".wav") == "ends in the middle of its sound (89 of at least 90 bytes)"


def test_a_large_avi_goes_on_in_a_second_list() -> None:
    more = chunk(b"RIFF", b"AVIX" + chunk(b"LIST", b"movi" + b"x" * 99))
    assert isinstance(read(movie(1, 10, ".avi") + more, ".avi"), Contents)
    assert isinstance(read((movie(1, 10, ".avi") + more)[:-20], ".avi"), str)


def test_aiff_whose_sound_is_shorter_than_promised() -> None:
    common = struct.pack(">hIh", 2, 1000, 16) + bytes(10)
    data = chunk(b"FORM", b"AIFF" + chunk(b"COMM", common, ">") + chunk(b"SSND", bytes(108), ">"), ">")
    assert read(data, ".aif") == "ends in the middle of its sound (100 of 4,000 bytes)"


def test_an_mp3_frame_tells_its_length() -> None:
    assert frame_length(0xFFFB9000) == 417
    assert frame_length(0xFFFB9200) == 418
    assert frame_length(0xFFF38000) == 208  # version 2, 64 kbit/s, 22.05 kHz
    assert frame_length(0xFFFBF000) is None
    assert frame_length(0) is None


def test_a_movie_under_another_formats_name_is_told_for_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "movie.mov"
    path.write_bytes(movie(1, 3, ".avi"))
    found = verify_frame(path)
    assert isinstance(found, Broken)


def test_a_time_stamp_that_looks_like_a_packet_is_none() -> None:
    data = movie(1, 3, ".m2ts")
    stamped = b"".join(b"\x47\1\2\3" + data[at + 4 : at + 192] for at in range(0, len(data), 192))
    assert isinstance(read(stamped, ".m2ts"), Contents)
    plain = b"".join(data[at + 4 : at + 192] for at in range(0, len(data), 192))
    assert isinstance(read(plain, ".ts"), Contents)
    assert read(b"x" * 999, ".ts") == "is not a transport stream: no packet begins where one should"
