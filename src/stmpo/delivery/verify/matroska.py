"""Matroska and WebM (.mkv, .webm): all elements of the segment (RFC 8794 and RFC 9559).

A writer fills in the size of the segment when it closes the file, so an unknown size marks an unfinished one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.delivery.verify.reader import Contents, Damaged, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER, _SEGMENT = 0x1A45DFA3, 0x18538067
_CLUSTER, _TRACKS = 0x1F43B675, 0x1654AE6B
_TRACK, _VIDEO, _WIDTH, _HEIGHT = 0xAE, 0xE0, 0xB0, 0xBA
_MAX_ELEMENTS = 1_000_000


def check(reader: Reader) -> Contents:
    """Walk the elements of the first two levels.

    Raises:
        Damaged: an element is cut or missing, or the size of the segment was not filled in.
    """
    segment = next((e for e in _elements(reader, 0, reader.size) if e[0] == _SEGMENT), None)
    if segment is None:
        raise Damaged("holds no segment")
    contents: Contents | None = None
    clusters = 0
    for element, start, end in _elements(reader, segment[1], segment[2]):
        clusters += element == _CLUSTER and end > start
        if element == _TRACKS:
            contents = _tracks(reader, start, end)
    if contents is None:
        raise Damaged("holds no tracks")
    if not clusters:
        raise Damaged("holds no media: there is no cluster with anything in it")
    return contents


def _tracks(reader: Reader, start: int, end: int) -> Contents:
    for track, track_start, track_end in _elements(reader, start, end):
        for video, video_start, video_end in _elements(
            reader, track_start, track_end if track == _TRACK else 0
        ):
            if video == _VIDEO:
                sides = {
                    element: int.from_bytes(reader.at(at, min(8, to - at), "its tracks"), "big")
                    for element, at, to in _elements(reader, video_start, video_end)
                    if element in {_WIDTH, _HEIGHT}
                }
                return Contents(sides.get(_WIDTH) or None, sides.get(_HEIGHT) or None)
    return Contents()


def _elements(reader: Reader, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield the elements from `start` to `end`: id, and where the contents begin and end."""
    for _ in range(_MAX_ELEMENTS):
        if start >= end:
            return
        element, at, _ = _number(reader, start, keep_marker=True)
        size, at, unknown = _number(reader, at, keep_marker=False)
        if unknown:
            raise Damaged(f"was not finished: the element {element:X} at byte {start:,} has no size")
        reader.need(at + size, f"its element {element:X}")
        if at + size > end:
            raise Damaged(f"holds an element that is longer than the one around it, at byte {start:,}")
        yield element, at, at + size
        start = at + size
    raise Damaged(f"holds more than {_MAX_ELEMENTS:,} elements in one")


def _number(reader: Reader, at: int, *, keep_marker: bool) -> tuple[int, int, bool]:
    """Return a number of variable length, the offset after it, and whether it stands for "unknown"."""
    first = reader.at(at, 1, "an element's header")[0]
    length = 9 - first.bit_length()
    if length > (4 if keep_marker else 8):
        raise Damaged(f"holds no element where one should begin, at byte {at:,}")
    number = int.from_bytes(reader.at(at, length, "an element's header"), "big")
    ones = (1 << 7 * length) - 1
    return number if keep_marker else number & ones, at + length, number & ones == ones
