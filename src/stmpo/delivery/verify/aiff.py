"""AIFF and AIFC: chunks inside a FORM; the sound must be as long as the COMM chunk says.

A writer fills in the number of sample frames and the sizes when it closes the file (Apple, Audio Interchange
File Format; AIFF-C). The length of compressed sound is not known beforehand; for it only the chunk's own size
counts.
"""

from __future__ import annotations

from struct import Struct

from stmpo.delivery.verify.reader import Contents, Damaged, Reader

_CHUNK = Struct(">4sI")
_COMMON = Struct(">hIh")
_PLAIN = frozenset((b"NONE", b"sowt", b"twos", b"raw "))
_SOUND_HEAD = 8
_MAX_CHUNKS = 10_000


def check(reader: Reader) -> Contents:
    """Walk all chunks.

    Raises:
        Damaged: a chunk is cut or missing, or the sound is shorter than the header says.
    """
    _, size = reader.unpack(_CHUNK, 0, "its header")
    form = reader.at(_CHUNK.size, 4, "its header")
    if form not in {b"AIFF", b"AIFC"}:
        raise Damaged(f"is not an AIFF: its FORM is of type {form.hex(' ')}")
    end = _CHUNK.size + size
    reader.need(end, "its FORM")
    wanted, sound, start = None, 0, _CHUNK.size + 4
    for _ in range(_MAX_CHUNKS):
        if end - start < _CHUNK.size:
            break
        kind, length = reader.unpack(_CHUNK, start, "a chunk's header")
        at = start + _CHUNK.size
        reader.need(at + length, f"its {kind.decode('latin-1')!r} chunk")
        if kind == b"COMM":
            wanted = _sound_bytes(reader, at, packed=form == b"AIFC")
        elif kind == b"SSND":
            sound = length - _SOUND_HEAD
        start = at + length + length % 2
    if wanted is None:
        raise Damaged("has no COMM chunk")
    if sound <= 0:
        raise Damaged("holds no sound: there is no SSND chunk with anything in it")
    if sound < wanted:
        raise Damaged(f"ends in the middle of its sound ({sound:,} of {wanted:,} bytes)")
    return Contents()


def _sound_bytes(reader: Reader, at: int, *, packed: bool) -> int:
    """Return the bytes of sound that a COMM chunk states; 0 if the sound is compressed."""
    channels, frames, bits = reader.unpack(_COMMON, at, "its COMM chunk")
    if not frames:
        raise Damaged("was not finished: its header says that it holds no sample")
    if packed and reader.at(at + 18, 4, "its COMM chunk") not in _PLAIN:
        return 0
    return int(frames) * max(int(channels), 0) * ((max(int(bits), 0) + 7) // 8)
