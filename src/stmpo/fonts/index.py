"""What font files hold, remembered between runs: reading thousands of them takes seconds, looking whether they have changed none.

The index is one JSON document in this user's cache: path to size, times and faces. A file is read again when one of them
has changed, and a file that could not be opened is not remembered: it may be readable the next time. What lies in a place that was looked through stands there as the last look found it, and nothing
else; places that were named once and not this time keep what they had, as long as all of it is at most `MAX_FILES`.

It is written beside itself and renamed over: runs at the same time each write a whole one, and the last stays. Whatever
cannot be understood (damage, another version's format) is as good as absent. A cache that cannot be written costs time
and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stmpo.fonts.face import Face
from stmpo.fonts.legacy import Legacy, read_legacy
from stmpo.fonts.places import LEGACY_SUFFIXES, MAX_FILES, FontFile, cache_folder, font_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from stmpo.fonts.places import Folder

    Reader = Callable[[Path], tuple[Face, ...]]

VERSION = 2
"""Of the document's format and of what readers make of a file: raise it when either changes."""

MAX_BYTES = 256 << 20
"""Of an index that is read at all."""


@dataclass(frozen=True, slots=True)
class Known:
    """One file and what it holds."""

    file: FontFile
    faces: tuple[Face, ...]

    legacy: Legacy | None = None
    """What it is, where it is a font of earlier times."""


def index_file(environ: Mapping[str, str]) -> Path | None:
    """Where this user's index lies; None where there is no cache."""
    folder = cache_folder(environ)
    return None if folder is None else folder / "stmpo" / "fonts.json"


def survey(places: Iterable[Folder], index: Path | None, read: Reader) -> list[Known]:
    """Every font in these places, in their order. Files that are no fonts are left out.

    `read` is called only for files that the index does not know as they are.
    """
    places = tuple(places)
    before = _load(index)
    after: dict[str, Any] = {}
    known = []
    for file in font_files(places):
        path = str(file.path)
        one = _recalled(file, before.get(path))
        if one is not None:
            after[path] = before[path]
        else:
            one = _looked_at(file, read)
            if one.faces or _opens(file.path):
                after[path] = _as_json(one)
        if one.faces or one.legacy:
            known.append(one)
    after |= _elsewhere(before, after, [str(place.path) for place in places])
    if index is not None and after != before:
        _save(index, after)
    return known


def _elsewhere(before: Mapping[str, Any], after: Mapping[str, Any], places: Sequence[str]) -> dict[str, Any]:
    """What the index has of other places, where there is room for it."""
    roots = tuple(os.path.join(place, "") for place in places)  # noqa: PTH118 - with the separator at its end
    left = {path: entry for path, entry in before.items() if path not in after and not path.startswith(roots)}
    left = {path: entry for path, entry in left.items() if path not in places}
    return left if len(left) + len(after) <= MAX_FILES else {}


def _looked_at(file: FontFile, read: Reader) -> Known:
    if file.path.suffix.lower() in LEGACY_SUFFIXES:
        return Known(file, (), read_legacy(file.path))
    return Known(file, read(file.path))


def _opens(path: Path) -> bool:
    try:
        path.open("rb").close()
    except OSError:
        return False
    return True


def _recalled(file: FontFile, entry: Any) -> Known | None:
    """What the index says of a file; None where it says nothing of the file as it is now."""
    try:
        size, mtime_ns, faces, legacy, ctime_ns = entry
        if (size, mtime_ns, ctime_ns) != (file.size, file.mtime_ns, file.ctime_ns):
            return None
        return Known(file, tuple(map(_face, faces)), _legacy(legacy))
    except (TypeError, ValueError):
        return None


def _as_json(one: Known) -> list[Any]:
    legacy = None if one.legacy is None else [one.legacy.kind, one.legacy.names]
    faces = [
        [
            face.index,
            face.names,
            face.family,
            face.style,
            face.embedding,
            face.prefix,
            face.axes,
            face.instances,
            face.version,
        ]
        for face in one.faces
    ]
    return [one.file.size, one.file.mtime_ns, faces, legacy, one.file.ctime_ns]


def _face(entry: Any) -> Face:
    """A face as it was written.

    Raises:
        TypeError: it is none.
        ValueError: it is none.
    """
    number, names, family, style, bits, prefix, axes, instances, version = entry
    if not (isinstance(number, int) and isinstance(bits, int)):
        raise TypeError(entry)
    pairs = tuple((_text(name), _text(called)) for name, called in instances)
    return Face(
        number,
        _texts(names),
        _text(family),
        _text(style),
        bits,
        _text(prefix),
        _texts(axes),
        pairs,
        _text(version),
    )


def _legacy(entry: Any) -> Legacy | None:
    if entry is None:
        return None
    kind, names = entry
    return Legacy(_text(kind), _texts(names))


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(value)
    return tuple(map(_text, value))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _load(index: Path | None) -> dict[str, Any]:
    if index is None:
        return {}
    try:
        if index.stat().st_size > MAX_BYTES:
            return {}
        document = json.loads(index.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(document, dict) or document.get("version") != VERSION:
        return {}
    files = document.get("files")
    return files if isinstance(files, dict) else {}


def _save(index: Path, files: Mapping[str, Any]) -> None:
    fresh = index.with_name(f".{index.name}.{secrets.token_hex(4)}")
    text = json.dumps({"version": VERSION, "files": files}, separators=(",", ":"))
    with contextlib.suppress(OSError):
        index.parent.mkdir(parents=True, exist_ok=True)
        try:
            fresh.write_text(text, encoding="ascii")
            os.replace(fresh, index)  # noqa: PTH105 - `Path.replace` says the same in a longer way
        finally:
            fresh.unlink(missing_ok=True)
