"""`stmpo demo`: the main job on a comp that comes with the package, and what was gained by it."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import click

from stmpo.model.errors import BadInput, ExitCode


@click.command("demo", short_help="Render the demo comp by several processes, and see what was gained.")
@click.option(
    "--output-dir",
    default="demo-output",
    show_default=True,
    metavar="FOLDER",
    help="Where the frames and the sheet go.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 256),
    default=None,
    help="Renderer processes.  [default: one a CPU, at least 2]",
)
@click.option("--frames", default=None, metavar="RANGE", help="Frames to render.  [default: all 120]")
@click.option(
    "--compare", is_flag=True, help="Render it by one process as well, to measure instead of to estimate."
)
def demo_command(output_dir: str, processes: int | None, frames: str | None, compare: bool) -> int:
    """Render the demo comp (120 frames, 1920 x 1080) by several processes of the embedded renderer."""
    from stmpo.demo import DEMO_COMP  # noqa: PLC0415 - `--help` does not need the engine
    from stmpo.demo.contact_sheet import contact_sheet  # noqa: PLC0415
    from stmpo.machine import discover  # noqa: PLC0415
    from stmpo.model.text import duration  # noqa: PLC0415
    from stmpo.system.signals import raise_on_signal  # noqa: PLC0415

    folder = Path.cwd() / output_dir
    count = processes or max(2, len(discover().cpus))
    seconds, code = _timed_render(DEMO_COMP, folder / "frames", count, frames)
    if code is not ExitCode.OK:
        return int(code)
    raise_on_signal()
    sheet = contact_sheet(sorted((folder / "frames").glob("demo_*.png")), folder / "contact-sheet.png")
    if compare:
        alone, code = _timed_render(DEMO_COMP, folder / "one-process", 1, frames)
        if code is not ExitCode.OK:
            return int(code)
        print(
            f"measured: one process {duration(alone)}, {count} processes {duration(seconds)}: {alone / seconds:.2f} times"
        )
    print(f"frames:        {folder / 'frames'}")
    print(f"contact sheet: {sheet}")
    return int(ExitCode.OK)


def _timed_render(comp: Path, folder: Path, processes: int, frames: str | None) -> tuple[float, ExitCode]:
    """Render into an empty folder; seconds and exit code."""
    from stmpo.api import run_render  # noqa: PLC0415
    from stmpo.model.options import JobOptions, RunOptions, resolve  # noqa: PLC0415

    _empty(folder)
    job = JobOptions(output=str(folder / "demo_[####].png"), frames=frames)
    options, sources = resolve(RunOptions, {"concurrency": processes, "keep_existing": False}, os.environ)
    began = time.monotonic()
    summary = run_render(str(comp), job, options, sources=sources, folder=Path.cwd())
    return time.monotonic() - began, summary.exit_code


def _empty(folder: Path) -> None:
    """Make way for the demo's own frames, and for nothing else's."""
    strangers = [] if not folder.is_dir() else [p for p in folder.iterdir() if not _is_ours(p)]
    if strangers:
        raise BadInput(
            f"{folder} holds {strangers[0].name}, which the demo did not make; choose another --output-dir"
        )
    shutil.rmtree(folder, ignore_errors=True)


def _is_ours(path: Path) -> bool:
    return path.name.endswith(".stmpo.jsonl") or (path.name.startswith("demo_") and path.suffix == ".png")
