"""A reader of Lottie files that uses the standard library only.

Lottie is After Effects' open export format: one JSON document per composition (`.json`), or several with
their images in a zip archive (`.lottie`, dotLottie version 1 and 2). Files are untrusted input, so everything
is bounded: sizes are checked before anything is unpacked, entries are counted, and nothing is unpacked to
disk.

A Lottie file stands for a project whose render queue holds its compositions in order: `-rqindex 1` is the
first.
"""

from __future__ import annotations

import json
import math
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stmpo.model.errors import BadInput
from stmpo.model.frames import MAX_FRAMES
from stmpo.renderers.lottie.image_assets import prepare_images
from stmpo.renderers.lottie.unsupported import not_drawn
from stmpo.system.zip_files import ODD_ARCHIVE, plainly_packed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_BYTES = 256 * 2**20
"""Bytes of one file, and of all unpacked members of one archive."""

MAX_ENTRIES = 4096
"""Entries of one archive."""

MAX_SIDE = 30_000
"""Pixels of a composition's side: After Effects' own limit."""

WRITES = {".jpeg": "JPEG", ".jpg": "JPEG", ".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF"}
"""The image formats that the embedded renderer writes, by file extension."""

NOISE = 1e-3
"""Frames that are forgiven: exporters write 78 as 78.0000031, and its last frame is 77."""

_VERSION = "5.7.0"
"""The exporter's version if the document lacks it: it is optional in the format, but rlottie needs it."""


@dataclass(frozen=True, slots=True)
class LottieInfo:
    """The properties of a composition. `first` and `last` are displayed frame numbers, both included."""

    name: str
    first: int
    last: int
    width: int
    height: int
    fps: float


@dataclass(frozen=True, slots=True)
class Composition:
    """One animation of a file: its properties, and its document for rlottie."""

    info: LottieInfo
    document: str
    """JSON, with the images of an archive inside it."""

    missing_images: tuple[str, ...] = ()
    """Files of images that the composition shows and that do not exist."""

    not_drawn: tuple[tuple[str, int], ...] = ()
    """Features that rlottie does not draw, each with its number of layers."""


def check_lottie(path: Path) -> LottieInfo:
    """Return the properties of the first composition of a Lottie file; cheap enough to call before a start.

    Raises:
        BadInput: the file cannot be read, is not Lottie, or exceeds the bounds of this module.
    """
    return load(path)[0].info


def load(path: Path) -> list[Composition]:
    """Return all compositions of a Lottie file, in order; at least one.

    Raises:
        BadInput: as `check_lottie`.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _refused(path, f"it is larger than {MAX_BYTES // 2**20} MiB")
        if path.suffix.lower() == ".lottie":
            return _from_archive(path)
        return [_composition(path, path.stem, _json(path, path.read_bytes()), None)]
    except ODD_ARCHIVE as error:
        raise _refused(path, f"its archive is damaged ({error})") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror or error}") from None


def _from_archive(path: Path) -> list[Composition]:
    with zipfile.ZipFile(path) as archive:
        if not plainly_packed(archive):
            raise _refused(path, "its archive is packed in a way that no .lottie file is")
        if len(archive.filelist) > MAX_ENTRIES:
            raise _refused(path, f"its archive has more than {MAX_ENTRIES} entries")
        if sum(entry.file_size for entry in archive.filelist) > MAX_BYTES:
            raise _refused(path, f"its archive unpacks to more than {MAX_BYTES // 2**20} MiB")
        members = _ZipMembers(path, archive)
        manifest = _json(path, members.read("manifest.json"))
        listed = manifest.get("animations")
        entries = listed if isinstance(listed, list) else []
        names = [str(entry["id"]) for entry in entries if isinstance(entry, dict) and "id" in entry]
        if not names:
            raise _refused(path, "its manifest.json lists no animation")
        return [_animation(path, members, name) for name in names]


class _ZipMembers:
    """Reads members of an archive into memory, within one common bound whatever their headers claim."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path = path
        self._archive = archive
        self._names = frozenset(archive.namelist())
        self._left = MAX_BYTES

    def find(self, *names: str) -> str | None:
        return next((name for name in names if name in self._names), None)

    def read(self, name: str) -> bytes:
        if name not in self._names:
            raise _refused(self._path, f"its archive has no {name}")
        try:
            with self._archive.open(name) as member:
                data = member.read(self._left + 1)
        except ODD_ARCHIVE as error:
            raise _refused(self._path, f"{name} in its archive cannot be unpacked ({error})") from None
        self._left -= len(data)
        if self._left < 0:
            raise _refused(self._path, f"its archive unpacks to more than {MAX_BYTES // 2**20} MiB")
        return data


def _animation(path: Path, members: _ZipMembers, name: str) -> Composition:
    member = members.find(f"a/{name}.json", f"animations/{name}.json")
    if member is None:
        raise _refused(
            path, f"its manifest.json lists {name!r}, and there is no a/{name}.json or animations/{name}.json"
        )
    return _composition(path, name, _json(path, members.read(member)), members)


def _json(path: Path, data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise _refused(path, "it is not JSON") from None
    if not isinstance(value, dict):
        raise _refused(path, "its JSON is not an object")
    return value


def _composition(path: Path, name: str, document: dict[str, Any], members: _ZipMembers | None) -> Composition:
    start, end, fps, width, height = (_number(path, document, key) for key in ("ip", "op", "fr", "w", "h"))
    if not isinstance(document.get("layers"), list):
        raise _refused(path, "it has no 'layers'")
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise _refused(path, f"its size {width:g} x {height:g} is not within 1 to {MAX_SIDE} pixels")
    if not 0 < fps <= 1000:
        raise _refused(path, f"its frame rate {fps:g} is not within 0 to 1000")
    if not 0 < end - start <= MAX_FRAMES:
        raise _refused(path, f"it runs from frame {start:g} to {end:g}")
    first = math.floor(start + NOISE)
    given = document.get("nm")
    info = LottieInfo(
        name=given if isinstance(given, str) and given.strip() else name,
        first=first,
        last=max(first, math.ceil(end - NOISE) - 1),
        width=int(width),
        height=int(height),
        fps=fps,
    )
    missing = prepare_images(document, path.resolve().parent, members)
    if not isinstance(document.get("v"), str):
        document["v"] = _VERSION
    return Composition(info, json.dumps(document), tuple(missing), not_drawn(document))


def _number(path: Path, document: Mapping[str, Any], key: str) -> float:
    value = document.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _refused(path, f"it has no number {key!r}")
    if abs(value) > 1e9:
        raise _refused(path, f"its {key!r} is too large")
    return float(value)


def _refused(path: Path, why: str) -> BadInput:
    return BadInput(
        f"{path}: not a Lottie file that can be rendered: {why}; export it again, or name the right project"
    )
