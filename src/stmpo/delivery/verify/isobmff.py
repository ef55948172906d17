"""QuickTime and MP4: all boxes, and in the index (moov) the tables of every track.

A writer puts the media into `mdat` and appends the index when it closes the file, so a movie without `moov`
is unfinished. No size is trusted: a box must end inside the box around it, a table inside its box, and the
chunks that an index names inside the file. Pictures are counted by the time table of the video track
(`stts`). That table does not count them in a file with fragments or a compressed index. (ISO/IEC 14496-12;
QuickTime File Format.)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import Struct
from typing import TYPE_CHECKING

from stmpo.delivery.verify.reader import Contents, Damaged, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

_BOX = Struct(">I4s")
_LARGE = Struct(">Q")
_COUNT = Struct(">I")
_TIME = Struct(">II")
_SIZES = Struct(">II")
_OFFSET, _LARGE_OFFSET = Struct(">I"), Struct(">Q")
_HANDLER = Struct(">4s")
_SIDE = Struct(">II")
_FULL = 4
"""Bytes of version and flags at the start of most tables."""

_MAX_BOXES = 100_000
"""Boxes in one box or file; a damaged file may claim more, and no movie has as many."""

_TOP = frozenset(
    (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"uuid", b"moof", b"sidx", b"styp")
)
"""Every movie begins with one of these boxes."""


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    start: int
    """Of its contents, after its header."""

    end: int

    @property
    def name(self) -> str:
        return f"its {self.kind.decode('latin-1')!r} box"


@dataclass(slots=True)
class _Track:
    handler: bytes = b""
    sides: tuple[int, int] = (0, 0)
    """Width and height in pixels, as 16.16 fixed-point numbers."""

    samples: int | None = None
    """Number by the time table."""

    sizes: int | None = None
    """Number by the table of sizes."""

    chunks: list[_Box] = field(default_factory=list)


def check(reader: Reader) -> Contents:
    """Walk all boxes and the index.

    Raises:
        Damaged: a box is cut or missing, or the index names bytes that the file does not have.
    """
    boxes = list(_boxes(reader, 0, reader.size))
    if boxes[0].kind not in _TOP:
        raise Damaged(f"is not a movie: it begins with {boxes[0].kind.hex(' ')} instead of the name of a box")
    moov = next((box for box in boxes if box.kind == b"moov"), None)
    if moov is None:
        raise Damaged("was not finished: it has no index (moov)")
    media = [(box.start, box.end) for box in boxes if box.kind == b"mdat"]
    if not any(start < end for start, end in media):
        raise Damaged("holds no media: there is no mdat box with anything in it")
    children = list(_boxes(reader, moov.start, moov.end))
    tracks = [_track(reader, box) for box in children if box.kind == b"trak"]
    if not tracks and not any(box.kind == b"cmov" for box in children):
        raise Damaged("has an index without a single track")
    fragments = any(box.kind == b"moof" for box in boxes)
    for track in tracks:
        _check_track(reader, track)
    return _contents(tracks, countable=not fragments)


def _contents(tracks: list[_Track], *, countable: bool) -> Contents:
    pictures = [track for track in tracks if track.handler == b"vide"]
    if not pictures:
        return Contents()
    first = pictures[0]
    width, height = (side >> 16 or None for side in first.sides)
    return Contents(width, height, first.samples if countable else None)


def _check_track(reader: Reader, track: _Track) -> None:
    if track.samples is not None and track.sizes is not None and track.samples != track.sizes:
        raise Damaged(
            f"has an index that contradicts itself: times of {track.samples:,} samples, sizes of {track.sizes:,}"
        )
    for box in track.chunks:
        layout = _LARGE_OFFSET if box.kind == b"co64" else _OFFSET
        count = _count(reader, box, layout.size)
        for (offset,) in reader.records(layout, box.start + _FULL + _COUNT.size, count, box.name):
            if offset >= reader.size:
                raise Damaged(
                    f"ends before media that its index names ({reader.size:,} of more than {offset:,} bytes)"
                )


def _boxes(reader: Reader, start: int, end: int) -> Iterator[_Box]:
    """Yield the boxes from `start` to `end`. Fewer than eight bytes at the end are padding."""
    for _ in range(_MAX_BOXES):
        if end - start < _BOX.size:
            if start == 0:
                raise Damaged("is too short for a movie")
            return
        size, kind = reader.unpack(_BOX, start, "a box's header")
        head = _BOX.size
        if size == 1:
            (size,) = reader.unpack(_LARGE, start + head, "a box's header")
            head += _LARGE.size
        elif size == 0:  # to the end of the file; QuickTime also ends a list of boxes with it
            size = end - start
        if not any(kind) and end < reader.size:
            return
        if size < head:
            raise Damaged(f"holds no box where one should begin, at byte {start:,}")
        if start + size > end:
            box = _Box(kind, start, start + size)
            reader.need(box.end, box.name)
            raise Damaged(f"holds {box.name[4:]} that is longer than the box around it, at byte {start:,}")
        yield _Box(kind, start + head, start + size)
        start += size
    raise Damaged(f"holds more than {_MAX_BOXES:,} boxes in one box")


def _track(reader: Reader, trak: _Box) -> _Track:
    track = _Track()
    for box in _boxes(reader, trak.start, trak.end):
        if box.kind == b"tkhd":
            version = reader.at(box.start, 1, box.name)[0]
            track.sides = reader.unpack(_SIDE, box.start + (88 if version == 1 else 76), box.name)
        elif box.kind == b"mdia":
            _media(reader, box, track)
    return track


def _media(reader: Reader, mdia: _Box, track: _Track) -> None:
    for box in _boxes(reader, mdia.start, mdia.end):
        if box.kind == b"hdlr":
            (track.handler,) = reader.unpack(_HANDLER, box.start + _FULL + 4, box.name)
        elif box.kind == b"minf":
            for inner in _boxes(reader, box.start, box.end):
                if inner.kind == b"stbl":
                    _tables(reader, inner, track)


def _tables(reader: Reader, stbl: _Box, track: _Track) -> None:
    for box in _boxes(reader, stbl.start, stbl.end):
        if box.kind == b"stts":
            count = _count(reader, box, _TIME.size)
            times = reader.records(_TIME, box.start + _FULL + _COUNT.size, count, box.name)
            track.samples = sum(samples for samples, _ in times)
        elif box.kind == b"stsz":
            each, track.sizes = reader.unpack(_SIZES, box.start + _FULL, box.name)
            if not each and box.start + _FULL + _SIZES.size + 4 * (track.sizes or 0) > box.end:
                raise Damaged(f"has an index that is cut: {box.name} claims {track.sizes:,} sizes")
        elif box.kind in {b"stco", b"co64"}:
            track.chunks.append(box)


def _count(reader: Reader, box: _Box, each: int) -> int:
    """Return the number of entries of a table, which must fit into its box."""
    (count,) = reader.unpack(_COUNT, box.start + _FULL, box.name)
    if box.start + _FULL + _COUNT.size + count * each > box.end:
        raise Damaged(f"has an index that is cut: {box.name} claims {count:,} entries")
    return int(count)
