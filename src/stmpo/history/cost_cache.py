"""What a comp's frames cost, in one small file that may travel: only where it was asked for (`--learned-dir`).

The journal knows the same, but it belongs to one output in one place. On a farm, where each task has a journal of its own
and sessions leave nothing behind, this file lets the next run of a comp begin with what the last one found out: in a
folder that all workers see, or beside the frames, with which it travels.

A file is one comp's or queue item's; projects are told apart by their names, since the same project lies somewhere else
in each session. Two that share a name share the file: their costs are of another version to each other, and such costs
are followed only as far as they prove right. Whoever writes reads again just before, so that tasks which run beside each
other lose nothing but what both write within the same moment.

The file is a hint. One that cannot be read, or written, costs nothing but the hint.
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

    from stmpo.history.journal import ProjectVersion
    from stmpo.model.render_job import RenderJob

VERSION = 1
"""Of the file. One of another form is left alone."""

MAX_BYTES = 64 << 20
"""Bytes of a file that is read: a million frames have some 20 MB."""

MAX_SECONDS = 1e9
"""A frame does not take thirty years."""

MAX_START_UPS = 32
"""Start-up times that are kept, the latest."""


def cost_file(job: RenderJob, folder: Path) -> Path:
    """Where a comp's costs lie in `folder`, hidden by the dot."""
    item = job.comp if job.comp is not None else f"item {job.rqindex or 1}"
    key = json.dumps([job.project.name, job.comp, job.rqindex])
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    stem = re.sub(r"[^\w.-]+", "_", f"{job.project.stem}-{item}").strip("._")[:60]
    return folder / f".{stem}-{digest}.stmpo-costs.json"


def read(path: Path, version: ProjectVersion) -> CostHistory:
    """What the file says, as far as it is well formed; nothing where there is none.

    Raises:
        OSError, ValueError: it is there and cannot be read.
    """
    if not os.path.lexists(path):
        return CostHistory()
    if not path.is_file():  # opening a pipe would wait for a writer
        raise ValueError("it is not a file")
    with path.open("rb") as file:
        try:
            found = json.loads(file.read(MAX_BYTES))
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
    if not isinstance(found, dict) or found.get("form") != VERSION:
        raise ValueError("it is of another form")
    costs = found.get("costs")
    learned = CostHistory(_costs(costs if isinstance(costs, dict) else {}))
    current = found.get("project_version") == asdict(version)
    learned.other_version = (
        _frames(found.get("other_version")) & set(learned.costs) if current else set(learned.costs)
    )
    start_ups, peak = found.get("start_ups"), found.get("peak_memory")
    learned.start_ups = [float(s) for s in start_ups if _is_cost(s)] if isinstance(start_ups, list) else []
    learned.peak_memory = peak if isinstance(peak, int) and 0 <= peak < 1 << 60 else 0
    return learned


def write(path: Path, job: RenderJob, version: ProjectVersion, newer: CostHistory) -> None:
    """Add what a run has found out, in one step: a reader sees the old file or the new one.

    Raises:
        OSError: it cannot be written.
    """
    try:
        learned = read(path, version)
    except ValueError:  # broken, or of another form: it is replaced
        learned = CostHistory()
    learned.update(newer)
    value = {
        "form": VERSION,
        "project": job.project.name,
        "comp": job.comp,
        "rqindex": job.rqindex,
        "project_version": asdict(version),
        "other_version": str(FrameSet.of(learned.other_version)) if learned.other_version else "",
        "start_ups": [round(seconds, 3) for seconds in learned.start_ups[-MAX_START_UPS:]],
        "peak_memory": learned.peak_memory,
        "costs": {str(frame): round(cost, 4) for frame, cost in sorted(learned.costs.items())},
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
