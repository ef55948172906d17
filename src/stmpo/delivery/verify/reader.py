"""Reading for the format checks: at any offset, in bounded memory, with every early end of the file noticed.

A check reads without asking for the file's length first. If the file ends too early, `Reader` raises
`Damaged` with a sentence for people. Files are read with plain reads and never mapped into memory: if another
process cuts a mapped file, the reader is killed (SIGBUS), and on Windows a mapping prevents the renderer from
replacing the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator
    from io import FileIO
    from struct import Struct

WINDOW_BYTES = 16 * 1024
"""Small reads are served from a window of at least this size, so a tiny frame costs one read. The window
doubles while a check reads on from its end, up to a block. After a jump it is small again, so that widely
spaced reads stay cheap."""

BLOCK_BYTES = 256 * 1024
"""Long stretches are read in blocks of this size, which fits into a CPU's second-level cache."""


class Damaged(Exception):  # noqa: N818 - it names the state of the file
    """The file is not whole. The text is the reason, and continues "the frame …"."""


@dataclass(frozen=True, slots=True)
class Dimensions:
    """Width and height of a picture, in pixels; both at least 1."""

    width: int
    height: int

    @classmethod
    def checked(cls, width: int, height: int) -> Dimensions:
        """Return the dimensions.

        Raises:
            Damaged: one of them is not positive.
        """
        if width < 1 or height < 1:
            raise Damaged(f"says that its picture is {width} x {height} pixels")
        return cls(width, height)

    def contents(self, in_doubt: str | None) -> Contents:
        """Return the contents of a picture, with the doubt about it, if any."""
        return Contents(self.width, self.height, in_doubt=in_doubt)


@dataclass(frozen=True, slots=True)
class Contents:
    """The contents of a file beyond plain dimensions; None if its structure does not state them."""

    width: int | None = None
    """In pixels; None for a sound as well."""

    height: int | None = None
    frames: int | None = None
    """Number of pictures of a movie's first video track."""

    in_doubt: str | None = None
    """Why the structure does not prove that the file is whole (`stmpo.delivery.verify.Whole`)."""


class Reader:
    """Reads an open file, whose size in bytes was taken when it was opened."""

    def __init__(self, file: FileIO, size: int) -> None:
        self.size = size
        self._file = file
        self._window = b""
        self._window_at = 0
        self._window_bytes = WINDOW_BYTES // 2

    def need(self, end: int, what: str) -> None:
        """Require that the file reaches to byte `end`, where `what` ends.

        Raises:
            Damaged: it does not.
        """
        if end > self.size:
            raise Damaged(f"ends in the middle of {what} ({self.size:,} of at least {end:,} bytes)")

    def at(self, offset: int, length: int, what: str) -> bytes:
        """Return `length` bytes from `offset`; `what` names them. For headers, not for pixels.

        Raises:
            Damaged: the file ends before.
        """
        self.need(offset + length, what)
        start = offset - self._window_at
        if start < 0 or start + length > len(self._window):
            reads_on = 0 <= start <= len(self._window)
            self._window_bytes = min(2 * self._window_bytes, BLOCK_BYTES) if reads_on else WINDOW_BYTES
            self._window = self._read(offset, min(max(length, self._window_bytes), self.size - offset))
            self._window_at = offset
            start = 0
        return self._window[start : start + length]

    def unpack(self, layout: Struct, offset: int, what: str) -> tuple[Any, ...]:
        """Return the fields of a fixed structure at `offset`.

        Raises:
            Damaged: the file ends before.
        """
        return layout.unpack(self.at(offset, layout.size, what))

    def blocks(self, offset: int, length: int, what: str) -> Iterator[bytes]:
        """Yield a long stretch in blocks.

        Raises:
            Damaged: the file ends before.
        """
        if length <= WINDOW_BYTES:
            yield self.at(offset, length, what)
            return
        self.need(offset + length, what)
        for at in range(offset, offset + length, BLOCK_BYTES):
            yield self._read(at, min(BLOCK_BYTES, offset + length - at))

    def records(self, layout: Struct, offset: int, count: int, what: str) -> Iterator[tuple[Any, ...]]:
        """Yield the fields of `count` structures, one after the other.

        Raises:
            Damaged: the file ends before.
        """
        self.need(offset + count * layout.size, what)
        at_once = BLOCK_BYTES // layout.size
        for first in range(0, count, at_once):
            length = min(at_once, count - first) * layout.size
            if length <= WINDOW_BYTES:
                block = self.at(offset + first * layout.size, length, what)
            else:
                block = self._read(offset + first * layout.size, length)
            yield from layout.iter_unpack(block)

    def doubt_about(self, start: int, end: int) -> str | None:
        """Return why picture data from `start` to `end` may not have been written; None if it was.

        Some writers reserve the whole file and fill it. The part that is missing is zeros, and so are black
        pixels that are not compressed.
        """
        last = self.at(max(start, end - 4), min(4, end - start), "its picture data")
        return None if any(last) else "ends in zeros: black pixels, or reserved space that was never filled"

    def find(self, pair: re.Pattern[bytes], offset: int) -> int | None:
        """Return where the first match of a two-byte pattern begins, at or after `offset`."""
        while offset + 1 < self.size:
            block = self._read(offset, min(BLOCK_BYTES, self.size - offset))
            if match := pair.search(block):
                return offset + match.start()
            offset += len(block) - 1  # the pair may lie across two blocks
        return None

    def _read(self, offset: int, length: int) -> bytes:
        self._file.seek(offset)
        data = self._file.read(length)
        while len(data) < length:
            more = self._file.read(length - len(data))
            if not more:
                raise Damaged("became shorter while it was read")
            data += more
        return data
