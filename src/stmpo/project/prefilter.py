"""Strips a project's bytes of parts that nothing here reads: 20,000 footage files take seconds.

A project is a RIFX file: chunks of a type, a size and a body; a `LIST` chunk has a list type and further
chunks. py_aep makes objects of all of them. Two kinds are removed before:

- Chunks that nothing here asks for (viewer states, colour profiles), by type and only inside the lists in
which they
  are known, so that unknown chunks are kept.
- Footage items that are one plain file. Large projects have many of them. They are read here, from four
chunks. Every
  other item (a sequence, a layer of a Photoshop file, a proxy, an old format) stays in the file for py_aep.

The result is a complete project. Tests compare what is read from it with what py_aep reads from the original.

    RIFX
     ├─ Fold                  the project panel: items, and after each the state of its viewer
     │   └─ Item              a comp, a footage item, or a folder
     │       ├─ Sfdr          of a folder: again items and viewers
     │       └─ Pin           of a footage item: its source, and its proxy
     └─ …                     kept as it is
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER = struct.Struct(">4sI")
_NUMBER = struct.Struct(">I")

_VIEWERS = frozenset({b"fvdv", b"fiop", b"ftts", b"foac", b"fiac", b"fitt", b"fips", b"fipc", b"fifl"})

_LEFT_OUT: dict[bytes, frozenset[bytes]] = {
    b"Egg!": frozenset(),
    b"Fold": _VIEWERS,
    b"Sfdr": _VIEWERS,
    b"Item": frozenset({b"iide", b"idpc", b"ftgi", b"Gide"}),
    b"Pin ": frozenset({b"pgui", b"CLRS", b"mnfo"}),
}
"""Per list: the chunk types and list types that are removed. A list that is not named here is kept as it
is."""

_FOOTAGE = (7).to_bytes(2, "big")
"""First bytes of `idta` in a footage item."""

_ID = 16
"""Offset of the item's id in `idta`."""

_PADDING = 180
"""Offset in `sspc` of the digits of a sequence's frame number; 0 in a file that is no sequence."""

_NOT_PLAIN = frozenset({b"\0\0\0\0", b"Soli", b"8BPS", b"TEXT"})
"""First bytes of `opti` in a placeholder, a solid, and a file of which one layer may be used."""


@dataclass(frozen=True, slots=True)
class PlainFile:
    """A footage item that is one whole file without a proxy."""

    id: int
    name: str
    path: str
    up: int
    down: int
    """See `stmpo.project.model.Footage`."""


@dataclass(slots=True)
class StrippedProject:
    """A project without the parts that py_aep need not see."""

    data: bytearray = field(default_factory=bytearray)
    files: list[PlainFile] = field(default_factory=list)
    """The plain files that were removed from it."""


def strip_project(data: bytes) -> StrippedProject:
    """Return the project without unused chunks, and its plain files.

    Raises:
        ValueError, struct.error: it is no RIFX file, or a chunk is longer than its list.
    """
    kind, size = _HEADER.unpack_from(data)
    if kind != b"RIFX" or 8 + size > len(data):
        raise ValueError(f"the file ends after {len(data)} of its {8 + size} bytes")
    if data[8:12] not in _LEFT_OUT:
        raise ValueError(f"it holds {data[8:12]!r}, which is no project")
    kept = StrippedProject()
    _list(data, 0, 8 + size, kept)
    kept.data += memoryview(data)[8 + size :]  # XMP
    return kept


def _list(data: bytes, at: int, end: int, kept: StrippedProject) -> None:
    """Append the list from `at` (its header) to `end`, stripped and with its new size."""
    begins = len(kept.data)
    kept.data += data[at : at + 12]
    _chunks(data, at + 12, end, kept, _LEFT_OUT[data[at + 8 : at + 12]])
    _NUMBER.pack_into(kept.data, begins + 4, len(kept.data) - begins - 8)


def _chunks(data: bytes, start: int, end: int, kept: StrippedProject, left_out: frozenset[bytes]) -> None:
    """Append the chunks between `start` and `end`; unchanged neighbours are copied in one piece."""
    view = memoryview(data)
    copied = start
    for kind, at, after in _walk(data, start, end):
        inner = kind in _LEFT_OUT
        if not inner and kind not in left_out:
            continue
        kept.data += view[copied:at]
        copied = after
        if inner:
            file = _plain_file(data, at, after) if kind == b"Item" else None
            if file is None:
                _list(data, at, after, kept)
            else:
                kept.files.append(file)
    kept.data += view[copied:end]


def _walk(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield type, offset and end of each chunk, padding included; for a list its list type.

    Raises:
        ValueError: a chunk is longer than its list.
    """
    at = start
    while at < end:
        kind, size = _HEADER.unpack_from(data, at)
        after = at + 8 + size + (size & 1)
        if after > end:
            raise ValueError(f"the chunk at byte {at} is longer than the list that it lies in")
        yield (data[at + 8 : at + 12] if kind == b"LIST" else kind), at, after
        at = after


def _plain_file(data: bytes, at: int, end: int) -> PlainFile | None:
    """Return the item at `at` if it is one plain file and nothing more, else None, also if it is damaged."""
    item = _first_chunks(data, at, end)
    about, name, pin = item.get(b"idta"), item.get(b"Utf8"), item.get(b"Pin ")
    if about is None or name is None or pin is None or _body(data, about)[:2] != _FOOTAGE:
        return None
    source = _first_chunks(data, *pin)
    alias = _first_chunks(data, *source[b"Als2"]).get(b"alas") if source.get(b"Als2") else None
    settings, kind = source.get(b"sspc"), source.get(b"opti")
    if alias is None or settings is None or kind is None or b"StVc" in source:
        return None
    if _body(data, kind)[:4] in _NOT_PLAIN or _body(data, settings)[_PADDING : _PADDING + 4] != bytes(4):
        return None
    return _file(_NUMBER.unpack_from(data, about[0] + 8 + _ID)[0], _body(data, name), _body(data, alias))


def _file(number: int, name: bytes, alias: bytes) -> PlainFile | None:
    """Return the file of an item, or None if its name or record is not in today's form."""
    try:
        record = json.loads(alias)
        shown = name.decode()
    except ValueError:
        return None
    path = record.get("fullpath") if isinstance(record, dict) else None
    if not isinstance(path, str) or not path or record.get("target_is_folder"):
        return None
    up, down = (max(0, int(record.get(f"ascendcount_{end}", 0))) for end in ("base", "target"))
    return PlainFile(number, shown or path.replace("/", "\\").rpartition("\\")[2], path, up, down)


def _first_chunks(data: bytes, at: int, end: int) -> dict[bytes, tuple[int, int]]:
    """Return offset and end of the first chunk of each type in the list at `at`; {} if it has two `Pin `."""
    found: dict[bytes, tuple[int, int]] = {}
    for kind, place, after in _walk(data, at + 12, end):
        if kind == b"Pin " and kind in found:
            return {}
        found.setdefault(kind, (place, after))
    return found


def _body(data: bytes, place: tuple[int, int]) -> bytes:
    size = int(_NUMBER.unpack_from(data, place[0] + 4)[0])
    return data[place[0] + 8 : place[0] + 8 + size]
