"""SGI (.sgi, .rgb, .rgba, .bw): all pixels, or all run-length coded rows (SGI Image File Format 1.00).

A writer fills in the tables when it closes the file, so an empty entry marks an unfinished file. A row of at
least one pixel never begins with the count 0, so space that was reserved and never filled is noticed as well.
"""

from __future__ import annotations

from struct import Struct

from stmpo.delivery.verify.reader import Contents, Damaged, Dimensions, Reader

_HEADER = Struct(">HBBHHHH")
_HEADER_BYTES = 512
_ENTRY = Struct(">I")
_VERBATIM, _RUN_LENGTH = 0, 1
_COUNT_BITS = 0x7F


def check(reader: Reader) -> Contents:
    """Compare the header with the file, or walk the rows.

    Raises:
        Damaged: the header is invalid, or pixels or rows are missing.
    """
    _magic, storage, sample, axes, width, height, channels = reader.unpack(_HEADER, 0, "its header")
    if storage not in {_VERBATIM, _RUN_LENGTH} or sample not in {1, 2} or not 1 <= axes <= 3:
        raise Damaged("is not an SGI: no SGI header has these values")
    picture = Dimensions.checked(width, height if axes > 1 else 1)
    rows = picture.height * (channels if axes > 2 else 1)
    if not rows:
        raise Damaged("says that it has no channels")
    if storage == _RUN_LENGTH:
        start, end = _check_rows(reader, rows, sample)
    else:
        start, end = _HEADER_BYTES, _HEADER_BYTES + rows * width * sample
        reader.need(end, "its picture data")
    return picture.contents(reader.doubt_about(start, end))


def _check_rows(reader: Reader, rows: int, sample: int) -> tuple[int, int]:
    """Check all rows, and return where the last one in the file begins and ends."""
    tables_end = _HEADER_BYTES + 2 * rows * _ENTRY.size
    reader.need(tables_end, "its tables of rows")
    starts = reader.records(_ENTRY, _HEADER_BYTES, rows, "its table of rows")
    lengths = reader.records(_ENTRY, _HEADER_BYTES + rows * _ENTRY.size, rows, "its table of row lengths")
    last = (0, 0)
    for row, ((start,), (length,)) in enumerate(zip(starts, lengths, strict=True), 1):
        what = f"row {row:,} of {rows:,}"
        if start < tables_end or length < sample:
            raise Damaged(f"was not finished: its tables have no entry for {what}")
        reader.need(start + length, what)
        if not reader.at(start, sample, what)[-1] & _COUNT_BITS:
            raise Damaged(f"holds zeros for {what}: reserved and never filled")
        last = max(last, (start, start + length))
    return last
