"""`stmpo demo`: render the comp that comes with the package and show the gain."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.model.errors import BadInput, ExitCode
from stmpo.system.command_parser import CommandParser, number

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Render the demo comp (120 frames, 1920 x 1080) with several processes of the embedded renderer."""
    given = _parser().read(arguments)
    from stmpo.demo import DEMO_COMP  # noqa: PLC0415 - `--help` does not need the engine
    from stmpo.demo.contact_sheet import contact_sheet  # noqa: PLC0415
    from stmpo.machine import discover  # noqa: PLC0415
    from stmpo.model.text import duration  # noqa: PLC0415
    from stmpo.system.signals import raise_on_signal  # noqa: PLC0415

    folder = Path.cwd() / given.output_dir
    count = given.processes or max(2, len(discover().cpus))
    seconds, code = _timed_render(DEMO_COMP, folder / "frames", count, given.frames)
    if code is not ExitCode.OK:
        return int(code)
    raise_on_signal()
    sheet = contact_sheet(sorted((folder / "frames").glob("demo_*.png")), folder / "contact-sheet.png")
    if given.compare:
        alone, code = _timed_render(DEMO_COMP, folder / "one-process", 1, given.frames)
        if code is not ExitCode.OK:
            return int(code)
        print(
            f"measured: one process {duration(alone)}, {count} processes {duration(seconds)}: {alone / seconds:.2f} times"
        )
    print(f"frames:        {folder / 'frames'}")
    print(f"contact sheet: {sheet}")
    return int(ExitCode.OK)


def _parser() -> CommandParser:
    parser = CommandParser(
        "stmpo demo",
        "Render the demo comp (120 frames, 1920 x 1080) with several processes of the embedded renderer.",
        usage="[options]",
    )
    processes = "Number of renderer processes.  [default: one per CPU, at least 2]"
    parser.value(
        "--output-dir", "FOLDER", "Folder of the frames and the contact sheet.", default="demo-output"
    )
    parser.value("--processes", "N", processes, type=number(int, 1, 256))
    parser.value("--frames", "RANGE", "Frames to render.  [default: all 120]")
    parser.flag("--compare", "Render again with one process, to measure the gain.")
    return parser


def _timed_render(comp: Path, folder: Path, processes: int, frames: str | None) -> tuple[float, ExitCode]:
    """Render into an empty folder; return seconds and exit code."""
    from stmpo.api import run_render  # noqa: PLC0415
    from stmpo.model.options import JobOptions, RunOptions, resolve  # noqa: PLC0415

    _empty(folder)
    job = JobOptions(output=str(folder / "demo_[####].png"), frames=frames)
    options, sources = resolve(RunOptions, {"concurrency": processes, "keep_existing": False}, os.environ)
    began = time.monotonic()
    summary = run_render(str(comp), job, options, sources=sources, folder=Path.cwd())
    return time.monotonic() - began, summary.exit_code


def _empty(folder: Path) -> None:
    """Remove frames of an earlier demo.

    Raises:
        BadInput: the folder holds a file of somebody else.
    """
    strangers = [] if not folder.is_dir() else [p for p in folder.iterdir() if not _is_ours(p)]
    if strangers:
        raise BadInput(
            f"{folder} holds {strangers[0].name}, which the demo did not make; choose another --output-dir"
        )
    shutil.rmtree(folder, ignore_errors=True)


def _is_ours(path: Path) -> bool:
    return path.name.endswith(".stmpo.jsonl") or (path.name.startswith("demo_") and path.suffix == ".png")
