"""A project's bytes without what nobody here reads, so that a project of 20,000 files is read in seconds.

A project is a RIFX file: chunks of a type, a size and a body, where a `LIST` holds a list type and further chunks. py_aep
makes objects of all of them. Two kinds are taken out before it sees the file:

- Chunks that nothing here asks for (how the viewers stood, colour profiles), by name and only inside the lists in which
  they are known, so that anything unknown is passed on.
- Footage items that are one plain file, which is what large projects have many of. They are read here, out of four
  chunks. Whatever is more than that (a sequence, a layer of a Photoshop file, a proxy, an old format) stays in the
  file, and py_aep reads it.

What remains is a whole project. Tests compare what is read so with what py_aep reads of the whole file.

    RIFX
     ├─ Fold                  the project panel: items, and after each the state of its viewer
     │   └─ Item              a comp, a footage item, or a folder
     │       ├─ Sfdr          of a folder: again items and viewers
     │       └─ Pin           of a footage item: its source, and its proxy
     └─ …                     passed on as it is
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
"""What is left out of which list: chunk types and list types. A list that is not named here is passed on as it is."""

_FOOTAGE = (7).to_bytes(2, "big")
"""What `idta` begins with in a footage item; the item's id stands at its byte 16."""

_ID = 16
_PADDING = 180
"""Where `sspc` has the digits of a sequence's frame number; 0 in a file that is none."""

_NOT_PLAIN = frozenset({b"\0\0\0\0", b"Soli", b"8BPS", b"TEXT"})
"""What `opti` begins with in a placeholder, a solid, and a file that may be one of its layers."""


@dataclass(frozen=True, slots=True)
class PlainFile:
    """A footage item that is one file, whole, without a proxy."""

    id: int
    name: str
    path: str
    up: int
    down: int
    """Folders up from the project, and path components down: see `stmpo.project.model.Footage`."""


@dataclass(slots=True)
class StrippedProject:
    """A project on its way to py_aep."""

    data: bytearray = field(default_factory=bytearray)
    files: list[PlainFile] = field(default_factory=list)
    """What was taken out of it."""


def strip_project(data: bytes) -> StrippedProject:
    """The project without what nobody here reads, and its plain files.

    Raises:
        ValueError, struct.error: it is no RIFX file, or a chunk is longer than the list that it lies in.
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
    """Append the list at `at` (its header included) that ends at `end`, with its size as it then is."""
    begins = len(kept.data)
    kept.data += data[at : at + 12]
    _chunks(data, at + 12, end, kept, _LEFT_OUT[data[at + 8 : at + 12]])
    _NUMBER.pack_into(kept.data, begins + 4, len(kept.data) - begins - 8)


def _chunks(data: bytes, start: int, end: int, kept: StrippedProject, left_out: frozenset[bytes]) -> None:
    """Append the chunks between `start` and `end`; those side by side that stay as they are in one piece."""
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
    """Type, place and end of each chunk, its padding included; of a list its list type.

    Raises:
        ValueError: a chunk is longer than the list that it lies in.
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
    """The item at `at`, where it is one plain file and nothing more; else None, also for what is damaged."""
    item = _places(data, at, end)
    about, name, pin = item.get(b"idta"), item.get(b"Utf8"), item.get(b"Pin ")
    if about is None or name is None or pin is None or _body(data, about)[:2] != _FOOTAGE:
        return None
    source = _places(data, *pin)
    alias = _places(data, *source[b"Als2"]).get(b"alas") if source.get(b"Als2") else None
    settings, kind = source.get(b"sspc"), source.get(b"opti")
    if alias is None or settings is None or kind is None or b"StVc" in source:
        return None
    if _body(data, kind)[:4] in _NOT_PLAIN or _body(data, settings)[_PADDING : _PADDING + 4] != bytes(4):
        return None
    return _file(_NUMBER.unpack_from(data, about[0] + 8 + _ID)[0], _body(data, name), _body(data, alias))


def _file(number: int, name: bytes, alias: bytes) -> PlainFile | None:
    """What the item's name and its record of the file say, where both are as After Effects writes them today."""
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


def _places(data: bytes, at: int, end: int) -> dict[bytes, tuple[int, int]]:
    """Where the first chunk of each type lies in the list at `at`; a second `Pin ` makes it none."""
    found: dict[bytes, tuple[int, int]] = {}
    for kind, place, after in _walk(data, at + 12, end):
        if kind == b"Pin " and kind in found:
            return {}
        found.setdefault(kind, (place, after))
    return found


def _body(data: bytes, place: tuple[int, int]) -> bytes:
    size = int(_NUMBER.unpack_from(data, place[0] + 4)[0])
    return data[place[0] + 8 : place[0] + 8 + size]
