"""The fuzz targets: one function per reader of foreign bytes.

A target takes any bytes and returns. It may refuse them in the way its reader promises (`BadInput`, or a
value). Any other exception is a defect, and so is a result that breaks the promise asserted here. Readers of
files get a real file, in memory where the system has a folder for that.
"""

from __future__ import annotations

import contextlib
import os
import struct
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.delivery.verify import Broken, Whole, verify_frame
from stmpo.fonts.install import lease_store, manifest
from stmpo.fonts.install.manifest import load_font
from stmpo.fonts.install.validate import NotAFont
from stmpo.fonts.legacy import read_legacy
from stmpo.fonts.sfnt import read_faces
from stmpo.history import cost_cache
from stmpo.history.journal import Journal
from stmpo.history.journal_model import ProjectVersion
from stmpo.machine import hwloc_xml, numa_map
from stmpo.model.errors import BadInput
from stmpo.model.frames import MAX_FRAMES, FrameSet
from stmpo.model.output_pattern import OutputPattern
from stmpo.model.render_job import RenderJob
from stmpo.model.text import visible
from stmpo.project.prefilter import strip_project
from stmpo.renderers.aerender import Aerender
from stmpo.renderers.environment import child_environment
from stmpo.renderers.line_decoder import MAX_LINE_BYTES, LineSplitter, decode
from stmpo.renderers.lottie.document import load
from stmpo.worker.bootstrap import unpack

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGES = (
    *(".png", ".jpg", ".tif", ".exr", ".tga", ".dpx", ".psd", ".bmp", ".unknown"),
    *(".sgi", ".hdr", ".iff", ".cin", ".jp2", ".pct", ".rla"),
)
MOVIES = (".mov", ".avi", ".wav", ".aif", ".mp3", ".mxf", ".wmv", ".webm", ".mpg", ".m2ts")
"""The first byte of an input chooses the extension."""

SOME_FRAMES = 10_000
"""Most frames that are read back: a million would use up the time."""


def lines(data: bytes) -> None:
    """Read a renderer's output: split, decode, show and interpret it, in pieces as a pipe gives them."""
    splitter = LineSplitter()
    size = 1 + (data[0] if data else 0)
    found = [
        line for start in range(0, len(data), size) for line in splitter.feed(data[start : start + size])
    ]
    for line in [*found, *splitter.close()]:
        assert len(line) <= MAX_LINE_BYTES + 64, "a line is bounded"
        shown = visible(decode(line))
        assert not {"\n", "\r", "\x1b"} & set(shown), "a line stays one line"
        Aerender(("aerender",)).read(shown)


def frames(data: bytes) -> None:
    """Parse a range of frames; a parsed set reads back as itself."""
    text = data.decode("utf-8", "replace")
    with contextlib.suppress(BadInput):
        parsed = FrameSet.parse(text)
        assert len(parsed) <= MAX_FRAMES
        if len(parsed) < SOME_FRAMES:
            assert FrameSet.parse(str(parsed)) == parsed


def outputs(data: bytes) -> None:
    """Parse an output pattern; every name made from it stays in the pattern's folder."""
    base = Path("/base")
    with contextlib.suppress(BadInput):
        pattern = OutputPattern.parse(data.decode("utf-8", "surrogateescape"), base)
        path = pattern.path(7)
        assert path.parent == pattern.path(123_456).parent
        assert "/" not in path.name
        assert path.name not in {"", ".", ".."}


def journal(data: bytes) -> None:
    """Read a journal for its frames, its costs and its runs."""
    path = _file("shot.jsonl", data)
    job = RenderJob(
        project=Path("/p.aep"),
        comp="Main",
        rqindex=None,
        frames=FrameSet.parse("0-9"),
        output=OutputPattern.parse("/out/[####].png", Path("/")),
    )
    opened = Journal.open(path)
    try:
        with contextlib.suppress(BadInput):
            opened.history(job, ProjectVersion(1, "x"))
        opened.cost_history(job, ProjectVersion(1, "x"))
        opened.runs()
    finally:
        opened.close()


def images(data: bytes) -> None:
    """Verify a frame in any format that is read to its end."""
    _verified(data, IMAGES)


def movies(data: bytes) -> None:
    """Verify a movie or a sound."""
    _verified(data, MOVIES)


def hwloc(data: bytes) -> None:
    """Read hwloc's description of a machine."""
    with contextlib.suppress(BadInput):
        machine = hwloc_xml.read(_file("machine.xml", data))
        assert machine.cpus, "a machine has a CPU"


def numa(data: bytes) -> None:
    """Read a numa_map.json."""
    with contextlib.suppress(BadInput):
        numa_map.read(_file("numa_map.json", data))


def lottie(data: bytes) -> None:
    """Read a `.lottie` archive, or its JSON document if the first byte is even."""
    name = "shot.json" if data and data[0] % 2 == 0 else "shot.lottie"
    with contextlib.suppress(BadInput):
        assert load(_file(name, data[1:]))


def wheel(data: bytes) -> None:
    """Unpack a wheel that travelled with a job; nothing is unpacked outside the folder."""
    site = _folder() / "site"
    with contextlib.suppress(BadInput):
        unpack(_file("x-1-py3-none-any.whl", data), site)
    assert {entry.name for entry in _folder().iterdir()} <= _NAMES, "nothing outside its folder"


def env_file(data: bytes) -> None:
    """Read a job's env file."""
    with contextlib.suppress(BadInput):
        child_environment({}, _file("env.json", data))


def fonts(data: bytes) -> None:
    """Read a font, as a worker checks it, and as a sender reads its names."""
    path = _file("font.ttf", data)
    read_faces(path)
    read_legacy(path)
    with contextlib.suppress(NotAFont):
        assert load_font(path).names


def font_list(data: bytes) -> None:
    """Read a job's list of fonts; none lies outside its folder."""
    folder = _file(manifest.MANIFEST_FILE, data).parent
    with contextlib.suppress(BadInput):
        for wanted in manifest.read_manifest(folder):
            assert wanted.file is None or wanted.file.parent == folder


def font_book(data: bytes) -> None:
    """Read the font leases of earlier sessions on a worker."""
    with contextlib.suppress(BadInput):
        lease_store.read_leases(_file(lease_store.LEASES_FILE, data).parent)


def costs(data: bytes) -> None:
    """Read a file of learned costs; every cost in it is positive."""
    with contextlib.suppress(ValueError):
        learned = cost_cache.read(_file("costs.json", data), ProjectVersion(1, "x"))
        assert all(seconds > 0 for seconds in learned.costs.values())


def project(data: bytes) -> None:
    """Cut down an After Effects project, as before py_aep reads it."""
    with contextlib.suppress(ValueError, struct.error):
        assert len(strip_project(data).data) <= len(data)


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (
        *(lines, frames, outputs, journal, costs, images, movies, hwloc, numa),
        *(lottie, wheel, env_file, fonts, font_list, font_book, project),
    )
}

_NAMES = {"site", "x-1-py3-none-any.whl"}


@cache
def _folder() -> Path:
    """Create a folder for this process."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder with a random name is made in it
    return Path(tempfile.mkdtemp(prefix="stmpo-fuzz-", dir=memory if os.access(memory, os.W_OK) else None))


def _verified(data: bytes, kinds: tuple[str, ...]) -> None:
    kind = kinds[data[0] % len(kinds)] if data else kinds[0]
    assert isinstance(verify_frame(_file(f"frame{kind}", data[1:])), Whole | Broken)


def _file(name: str, data: bytes) -> Path:
    place = _folder() if name.endswith(".whl") else _folder() / "site"
    place.mkdir(exist_ok=True)
    path = place / name
    path.write_bytes(data)
    return path
