"""`stmpo bundle` of a large project: 40 queue items and 20,000 footage files, as sequences and as footage
items of a file each.

Each shape is a real project, made by py_aep with its files on the disk, and the whole command is measured,
from its start to the bundle that stands: reading, looking for every file, checking, writing. No wheels are
downloaded. Megabytes are 10^6 bytes, the template's kilobytes 10^3.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Bound, Result, parser, report, skipped
from benchmarks.stage import ROOT, RUN_TIMEOUT, Used, ordinary_environment

if TYPE_CHECKING:
    from py_aep import Application, CompItem

ITEMS = 40
FILES = 20_000
SHAPES = {"sequences": True, "single files": False}


def main() -> int:
    """Measure and print."""
    assert __doc__ is not None
    given = parser(__doc__).parse_args()
    try:
        import py_aep  # noqa: F401, PLC0415 - a machine that renders has none
    except ImportError:
        return skipped("bundle", "py_aep is not installed: pip install 'stmpo[submit]'", as_json=given.json)
    results = [result for shape in SHAPES for result in measured(shape)]
    return report("bundle", results, as_json=given.json)


def measured(shape: str) -> list[Result]:
    """Make a project of this shape and bundle it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        project = made(folder, sequences=SHAPES[shape])
        used = bundled(project, folder)
        inputs = json.loads((folder / "bundle" / "asset_references.json").read_text(encoding="utf-8"))
        assert len(inputs["assetReferences"]["inputs"]["filenames"]) == FILES + 1
        template = (folder / "bundle" / "template.json").stat().st_size
        size = project.stat().st_size
    details = {"own processor time, s": used.cpu_seconds, "project, MB": size / 1e6}
    what = f"{ITEMS} items, {FILES:,} files, {shape}"
    return [
        Result(f"stmpo bundle, {what}", used.seconds, "s", Bound(5.0), details),
        Result(f"peak memory, {what}", used.peak_bytes / 1e6, "MB", Bound(300.0)),
        Result(f"template of {ITEMS} items", template / 1e3, "KB", Bound(100.0)),
    ]


def made(folder: Path, *, sequences: bool) -> Path:
    """Create a project of 40 comps, all of them queued, and its footage."""
    import py_aep  # noqa: PLC0415

    app = py_aep.new()
    queue = app.project.render_queue
    assert queue is not None
    for number in range(ITEMS):
        comp = app.project.root_folder.add_comp(f"Shot {number:03}", 1920, 1080, 1.0, 10.0, 24.0)
        output = folder / "renders" / f"shot_{number:03}" / "[compName]_[####].[fileExtension]"
        queue.add(comp).output_modules[0].file = str(output)
        _fill(app, comp, folder / f"plates_{number:03}", sequences=sequences)
    project = folder / "large.aep"
    app.project.save(project)
    return project


def _fill(app: Application, comp: CompItem, folder: Path, *, sequences: bool) -> None:
    from py_aep import AVItem, ImportOptions  # noqa: PLC0415

    from stmpo.testing.images import Picture, encode  # noqa: PLC0415

    folder.mkdir()
    picture = encode(".png", Picture(0))
    files = [folder / f"plate.{frame:05}.png" for frame in range(FILES // ITEMS)]
    for file in files:
        file.write_bytes(picture)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for file in files[:1] if sequences else files:
            options = ImportOptions(str(file))
            options.sequence = sequences
            item = app.project.import_file(options)
            assert isinstance(item, AVItem)
            if file is files[0]:
                comp.add(item)


def bundled(project: Path, folder: Path) -> Used:
    """Bundle it in its own process.

    Raises:
        RuntimeError: it was refused.
    """
    used = folder / "used.json"
    command = [sys.executable, "-m", "benchmarks.own", str(used), "bundle", str(project)]
    began = time.perf_counter()
    done = subprocess.run(
        [*command, "-o", str(folder / "bundle"), "--offline"],
        env=ordinary_environment(),
        cwd=ROOT,
        capture_output=True,
        timeout=RUN_TIMEOUT,
        check=False,
    )
    took = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"the bundle was refused: {done.stderr.decode('utf-8', 'replace')}")
    said = json.loads(used.read_text(encoding="utf-8"))
    return Used(took, said["cpu_seconds"], said["peak_bytes"])


if __name__ == "__main__":
    sys.exit(main())
