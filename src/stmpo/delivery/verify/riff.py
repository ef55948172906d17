"""AVI and WAV: chunks inside RIFF lists. The writer fills in their sizes when it closes the file.

An unfinished file has a size of zero or the largest possible one, or no index (AVI), or no sound (WAV). An
AVI of more than a gigabyte continues in further RIFF lists (`AVIX`, OpenDML). A WAV of more than four
gigabytes is of type RF64 and has its sizes in a `ds64` chunk (EBU 3306). Chunks of odd size are padded; bytes
after the last list are accepted.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from stmpo.delivery.verify.reader import Contents, Damaged, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = Struct("<4sI")
_FORM = Struct("<4s")
_MAIN = Struct("<16xI12xII")
"""`avih`: total frames, width, height."""

_STREAM = Struct("<4s28xI")
"""`strh`: type, length."""

_TOTAL = Struct("<I")
_LARGE_SIZES = Struct("<QQ")
_UNKNOWN_SIZE = 0xFFFFFFFF
_MAX_CHUNKS = 100_000


def check_avi(reader: Reader) -> Contents:
    """Walk all lists: headers, media, index.

    Raises:
        Damaged: a list is cut or missing.
    """
    _form(reader, b"AVI ", "an AVI")
    found: dict[str, int] = {}
    kinds: set[bytes] = set()
    start = 0
    while reader.size - start >= _CHUNK.size + _FORM.size:
        name, size = reader.unpack(_CHUNK, start, "a list's header")
        if name != b"RIFF":
            break  # bytes after the last list
        end = start + _CHUNK.size + size
        if not size:
            raise Damaged("was not finished: its RIFF list says that it is empty")
        reader.need(end, "its RIFF list")
        for kind, at, length in _chunks(reader, start + 12, end):
            inner = _list_type(reader, kind, at)
            kinds |= {kind, inner}
            if inner == b"hdrl":
                _headers(reader, at + 4, at + length, found)
        start = end + end % 2
    if b"movi" not in kinds:
        raise Damaged("holds no media: there is no movi list")
    if b"idx1" not in kinds and "indexed" not in found:
        raise Damaged("was not finished: it has no index (idx1)")
    frames = found.get("dmlh", found.get("stream", found.get("avih")))
    return Contents(found.get("width") or None, found.get("height") or None, frames)


def check_wav(reader: Reader) -> Contents:
    """Walk all chunks.

    Raises:
        Damaged: a chunk is cut, or there is no sound.
    """
    name, size = reader.unpack(_CHUNK, 0, "its header")
    _form(reader, b"WAVE", "a WAV")
    large = name != b"RIFF"
    if not large and size == 0:
        raise Damaged("was not finished: its RIFF list says that it is empty")
    if not large and size != _UNKNOWN_SIZE:
        reader.need(_CHUNK.size + size, "its RIFF list")
    sound = -1
    kinds = set()
    data_size: int | None = None
    for kind, at, length in _chunks(reader, 12, reader.size, stops_at=b"data"):
        kinds.add(kind)
        if kind == b"ds64":
            _, data_size = reader.unpack(_LARGE_SIZES, at, "its ds64 chunk")
        if kind == b"data":
            sound = data_size if large and length == _UNKNOWN_SIZE and data_size is not None else length
            if sound == _UNKNOWN_SIZE and not large:
                raise Damaged("was not finished: its sound has no stated end")
            reader.need(at + sound, "its sound")
            break
    if b"fmt " not in kinds:
        raise Damaged("has no fmt chunk before its sound")
    if sound <= 0:
        raise Damaged("holds no sound: there is no data chunk with anything in it")
    return Contents()


def _form(reader: Reader, wanted: bytes, name: str) -> None:
    (form,) = reader.unpack(_FORM, _CHUNK.size, "its header")
    if form != wanted:
        raise Damaged(f"is not {name}: its RIFF list is of type {form.hex(' ')}")


def _chunks(
    reader: Reader, start: int, end: int, *, stops_at: bytes = b""
) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, offset and length of the chunks from `start` to `end`.

    A chunk `stops_at` may have any length.
    """
    for _ in range(_MAX_CHUNKS):
        if end - start < _CHUNK.size:
            return
        kind, length = reader.unpack(_CHUNK, start, "a chunk's header")
        at = start + _CHUNK.size
        if kind != stops_at and at + length > end:
            reader.need(at + length, f"its {kind.decode('latin-1')!r} chunk")
            raise Damaged(f"holds a chunk that is longer than the list around it, at byte {start:,}")
        yield kind, at, length
        start = at + length + length % 2
    raise Damaged(f"holds more than {_MAX_CHUNKS:,} chunks in one list")


def _list_type(reader: Reader, kind: bytes, at: int) -> bytes:
    """Return the type of a LIST chunk; empty for any other chunk."""
    return reader.at(at, 4, "a list's type") if kind == b"LIST" else b""


def _headers(reader: Reader, start: int, end: int, found: dict[str, int]) -> None:
    """Collect dimensions and numbers of frames from the header list, each under the name of its source."""
    for kind, at, length in _chunks(reader, start, end):
        if kind == b"avih":
            found["avih"], found["width"], found["height"] = reader.unpack(_MAIN, at, "its avih chunk")
        inner = _list_type(reader, kind, at)
        if inner == b"strl":
            _stream(reader, at + 4, at + length, found)
        elif inner == b"odml":
            for deeper, place, _ in _chunks(reader, at + 4, at + length):
                if deeper == b"dmlh":
                    (found["dmlh"],) = reader.unpack(_TOTAL, place, "its dmlh chunk")


def _stream(reader: Reader, start: int, end: int, found: dict[str, int]) -> None:
    for kind, at, _ in _chunks(reader, start, end):
        if kind == b"strh":
            type_, length = reader.unpack(_STREAM, at, "its strh chunk")
            if type_ == b"vids":
                found.setdefault("stream", length)
        elif kind == b"indx":
            found["indexed"] = 1
