"""A cache of the faces in font files, because reading thousands of files takes seconds.

The index is one JSON document in the user's cache folder: path ─► size, times and faces.

- A file is read again if its size or one of its times has changed. A file that could not be opened is not
  stored, since it may be readable next time.
- Entries of a searched folder are replaced by what this search found. Entries of other folders are kept while
  there are at most `MAX_FILES` entries in all.
- The document is replaced as a whole. Of runs at the same time, the last one wins.
- A damaged index, or one of another format, counts as missing. If the cache cannot be written, only time is
  lost.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

from stmpo.fonts.face import Face
from stmpo.fonts.legacy import LegacyFont, read_legacy
from stmpo.fonts.places import LEGACY_SUFFIXES, MAX_FILES, FontFile, font_files
from stmpo.fonts.sfnt import read_faces
from stmpo.system.files import replace_file
from stmpo.system.paths import user_cache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from stmpo.fonts.places import FontFolder

VERSION = 3
"""The version of the document and of the reader. Increase it when either gives another result."""

MAX_BYTES = 256 << 20
"""A larger index is ignored."""


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """A font file and its faces."""

    file: FontFile
    faces: tuple[Face, ...]

    legacy: LegacyFont | None = None
    """The kind of legacy font; None for any other file."""


def index_file(environ: Mapping[str, str]) -> Path | None:
    """Return the path of this user's index; None if there is no cache folder."""
    folder = user_cache(environ)
    return None if folder is None else folder / "stmpo" / "fonts.json"


def scan_fonts(
    folders: Iterable[FontFolder],
    index: Path | None,
    read: Callable[[Path], tuple[Face, ...]] = read_faces,
) -> list[IndexedFile]:
    """Return every font file in these folders, in their order, and update the index.

    `read` is called only for files that are not in the index as they are now.
    """
    folders = tuple(folders)
    before = _load(index)
    after: dict[str, Any] = {}
    fonts = []
    for file in font_files(folders):
        path = str(file.path)
        font = _from_index(file, before.get(path))
        if font is not None:
            after[path] = before[path]
        else:
            font = _read(file, read)
            if font.faces or _opens(file.path):
                after[path] = _as_json(font)
        if font.faces or font.legacy:
            fonts.append(font)
    after |= _other_entries(before, after, [str(folder.path) for folder in folders])
    if index is not None and after != before:
        _save(index, after)
    return fonts


def _other_entries(
    before: Mapping[str, Any], after: Mapping[str, Any], folders: Sequence[str]
) -> dict[str, Any]:
    """Return the entries of folders that were not searched; none if there are too many in all."""
    roots = tuple(os.path.join(folder, "") for folder in folders)  # noqa: PTH118 - with the separator at its end
    kept = {
        path: entry
        for path, entry in before.items()
        if path not in after and path not in folders and not path.startswith(roots)
    }
    return kept if len(kept) + len(after) <= MAX_FILES else {}


def _read(file: FontFile, read: Callable[[Path], tuple[Face, ...]]) -> IndexedFile:
    if file.path.suffix.lower() in LEGACY_SUFFIXES:
        return IndexedFile(file, (), read_legacy(file.path))
    return IndexedFile(file, read(file.path))


def _opens(path: Path) -> bool:
    try:
        path.open("rb").close()
    except OSError:
        return False
    return True


def _from_index(file: FontFile, entry: Any) -> IndexedFile | None:
    """Return a file's faces from its index entry; None if the entry is missing, outdated or damaged."""
    try:
        size, mtime_ns, faces, legacy, ctime_ns = entry
        if (size, mtime_ns, ctime_ns) != (file.size, file.mtime_ns, file.ctime_ns):
            return None
        return IndexedFile(file, tuple(map(_face, faces)), _legacy(legacy))
    except (TypeError, ValueError):
        return None


def _as_json(font: IndexedFile) -> list[Any]:
    legacy = None if font.legacy is None else astuple(font.legacy)
    return [font.file.size, font.file.mtime_ns, list(map(astuple, font.faces)), legacy, font.file.ctime_ns]


def _face(entry: Any) -> Face:
    """Return the face in an index entry, whose fields are those of `Face` in order.

    Raises:
        TypeError, ValueError: the entry is damaged.
    """
    number, names, family, style, bits, prefix, axes, instances, version = entry
    if not (isinstance(number, int) and isinstance(bits, int)):
        raise TypeError(entry)
    pairs = tuple((_text(name), _text(style_name)) for name, style_name in instances)
    family, style, prefix, version = map(_text, (family, style, prefix, version))
    return Face(number, _texts(names), family, style, bits, prefix, _texts(axes), pairs, version)


def _legacy(entry: Any) -> LegacyFont | None:
    if entry is None:
        return None
    kind, names = entry
    return LegacyFont(_text(kind), _texts(names))


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
    text = json.dumps({"version": VERSION, "files": files}, separators=(",", ":"))
    with contextlib.suppress(OSError):
        index.parent.mkdir(parents=True, exist_ok=True)
        replace_file(index, text.encode())
