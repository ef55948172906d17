"""A cache of frame costs: one small file per comp or queue item, only if asked for (`--learned-dir`).

The journal holds the same costs, but it belongs to one output in one place. On a farm each task has a journal
of its own, and sessions leave nothing behind. With this file the next run of a comp begins with the costs of
the last one. It lies in a folder that all workers see, or beside the frames, and travels with them.

Projects are told apart by their file names, because the same project lies in another folder in each session.
Two projects of one name share the file. Their costs then count as costs of another version, which are
followed only as far as they prove right. A writer reads the file again just before it writes, so tasks that
run side by side lose only what two of them write in the same moment.

The file is a hint. If it cannot be read or written, only the hint is lost.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from stmpo.model.errors import BadInput
from stmpo.model.frames import FrameSet
from stmpo.scheduling.cost_history import CostHistory
from stmpo.system.files import replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from stmpo.history.journal_model import ProjectVersion
    from stmpo.model.render_job import RenderJob

VERSION = 1
"""Version of the format. A file of another version is not read."""

MAX_BYTES = 32 << 20
"""Bytes that are read of a file; a million frames take about 20 MB."""

MAX_BRACKETS = 1000
"""Brackets in a file: it holds four lists and objects, and its names may hold some. Millions of empty lists
would take gigabytes of memory."""

MAX_SECONDS = 1e9
"""Upper limit of a cost: no frame takes thirty years."""

MAX_START_UPS = 32
"""Number of start-up times that are kept, the latest ones."""


def cost_file(job: RenderJob, folder: Path) -> Path:
    """Return the path of a comp's costs in `folder`; the file is hidden by its dot."""
    item = job.comp if job.comp is not None else f"item {job.rqindex or 1}"
    key = json.dumps([job.project.name, job.comp, job.rqindex])
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    stem = re.sub(r"[^\w.-]+", "_", f"{job.project.stem}-{item}").strip("._")[:60]
    return folder / f".{stem}-{digest}.stmpo-costs.json"


def read(path: Path, version: ProjectVersion) -> CostHistory:
    """Return the costs in the file, as far as it is well formed; no costs if there is no file.

    Raises:
        OSError, ValueError: it is there and cannot be read.
    """
    if not os.path.lexists(path):
        return CostHistory()
    if not path.is_file():  # opening a pipe would wait for its writer
        raise ValueError("it is not a file")
    with path.open("rb") as file:
        data = file.read(MAX_BYTES)
    if data.count(b"[") + data.count(b"{") > MAX_BRACKETS:
        raise ValueError("it is nested too deeply")
    try:
        found = json.loads(data)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(found, dict) or found.get("form") != VERSION:
        raise ValueError("it is of another version of the format")
    costs = found.get("costs")
    history = CostHistory(_costs(costs if isinstance(costs, dict) else {}))
    current = found.get("project_version") == asdict(version)
    history.other_version = (
        _frames(found.get("other_version")) & set(history.costs) if current else set(history.costs)
    )
    start_ups, peak = found.get("start_ups"), found.get("peak_memory")
    history.start_ups = (
        [float(s) for s in start_ups[-MAX_START_UPS:] if _is_cost(s)] if isinstance(start_ups, list) else []
    )
    history.peak_memory = peak if isinstance(peak, int) and 0 <= peak < 1 << 60 else 0
    return history


def write(path: Path, job: RenderJob, version: ProjectVersion, newer: CostHistory) -> None:
    """Add the costs of a run in one step: a reader sees the old file or the new one.

    Raises:
        OSError: it cannot be written.
    """
    try:
        history = read(path, version)
    except ValueError:  # broken, or of another version: it is replaced
        history = CostHistory()
    history.update(newer)
    value = {
        "form": VERSION,
        "project": job.project.name,
        "comp": job.comp,
        "rqindex": job.rqindex,
        "project_version": asdict(version),
        "other_version": str(FrameSet.of(history.other_version)) if history.other_version else "",
        "start_ups": [round(seconds, 3) for seconds in history.start_ups[-MAX_START_UPS:]],
        "peak_memory": history.peak_memory,
        "costs": {str(frame): round(cost, 4) for frame, cost in sorted(history.costs.items())},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, json.dumps(value, separators=(",", ":")).encode())


def _costs(found: dict[str, Any]) -> dict[int, float]:
    return {int(frame): float(cost) for frame, cost in found.items() if _is_number(frame) and _is_cost(cost)}


def _is_number(frame: str) -> bool:
    return re.fullmatch(r"-?[0-9]{1,10}", frame) is not None


def _is_cost(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < MAX_SECONDS


def _frames(text: object) -> set[int]:
    try:
        return set(FrameSet.parse(text)) if isinstance(text, str) and text else set()
    except BadInput:
        return set()
