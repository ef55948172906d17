"""What earlier runs of the same comp teach the next one: frame costs, start-up, memory. Pure: journal lines go in.

The journal's `delivered` lines carry each frame's cost, its `ended` lines the start-up and the peak memory of each
process. Runs of any version of the project count, as long as project path and comp or queue item are the same; a later
run's word on a frame replaces an earlier one's. How far such a record may be believed is judged while frames are being
rendered (`stmpo.scheduling.estimates`).

Under Multi-Frame Rendering frames finish in bursts: the first of a burst carries the time of all. Such a burst shares
its time evenly here, so that single frames are right as well as their sum.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

BURST = 0.1
"""A frame that took less than this part of the one before it was in work together with it."""

SEVERAL = 0
"""The attempt that stands for the renderers of one shared folder: their frames come in no order, each with its own cost."""


@dataclass(slots=True)
class CostHistory:
    """What is known before anything is rendered."""

    costs: dict[int, float] = field(default_factory=dict)
    """Seconds by frame number; frames may be missing."""

    other_version: set[int] = field(default_factory=set)
    """Frames whose cost is of another version of the project than the one that is asked for."""

    start_ups: list[float] = field(default_factory=list)
    """Seconds from start to rendering, of the processes of the last run that started any."""

    peak_memory: int = 0
    """Largest memory of one renderer's tree in any run, in bytes."""

    processes: dict[int, int] = field(default_factory=dict)
    """How many renderers worked beside each other when a frame was rendered last: of frames of this version, and of runs
    that came to their end."""

    @property
    def sure(self) -> bool:
        """Whether all costs are of this very version of the project: then the first ranges may follow them."""
        return not self.other_version

    @property
    def start_up(self) -> float | None:
        """Seconds that a renderer needs to start, where known."""
        return median(self.start_ups) if self.start_ups else None

    def update(self, newer: CostHistory) -> None:
        """Take in what a later source says: its word on a frame replaces this one's."""
        self.other_version = (self.other_version - set(newer.costs)) | newer.other_version
        self.costs.update(newer.costs)
        self.processes = {
            f: count for f, count in self.processes.items() if f not in newer.costs
        } | newer.processes
        self.start_ups = newer.start_ups or self.start_ups
        self.peak_memory = max(self.peak_memory, newer.peak_memory)


def learn(
    lines: Iterable[Mapping[str, Any]],
    job: Mapping[str, Any] | None = None,
    version: Mapping[str, Any] | None = None,
    *,
    run: str | None = None,
) -> CostHistory:
    """Read the lines of a journal, oldest first.

    `job` has `project`, `comp` and `rqindex`: runs of another one are passed over. Without it, every run counts.
    `version` is the project's, as `run` lines have it. `run` is the id of the only run that counts, where one is given.
    """
    learned = CostHistory()
    wanted = fresh = current = True
    count: int | None = None
    attempts: dict[Any, list[tuple[int, float]]] = {}
    for line in lines:
        match line:
            case {"event": "run"}:
                _settle(attempts, learned, current=current, count=count)
                count = None
                current = line.get("project_version") == version
                wanted = (job is None or _same(line.get("job"), job)) and run in {None, line.get("run")}
                fresh = True
            case {"event": "finished", "processes": int(processes)}:
                count = processes
            case {"frame": bool()} | {"cost": bool()} | {"start_up": bool()}:  # which are numbers to Python
                pass
            case {"event": "delivered", "frame": int(frame), "cost": int(cost) | float(cost)} if wanted:
                if cost >= 0:
                    attempts.setdefault(line.get("attempt"), []).append((frame, float(cost)))
            case {"event": "ended", "start_up": int(seconds) | float(seconds)} if wanted:
                learned.start_ups = [*(() if fresh else learned.start_ups), float(seconds)]
                fresh = False
                memory = line.get("peak_memory")
                # One that ate without end is no measure of what a renderer needs.
                if isinstance(memory, int) and line.get("stopped") != "runaway":
                    learned.peak_memory = max(learned.peak_memory, memory)
            case _:
                pass
    _settle(attempts, learned, current=current, count=count)
    return learned


def _same(had: object, job: Mapping[str, Any]) -> bool:
    return isinstance(had, dict) and all(
        had.get(name) == job.get(name) for name in ("project", "comp", "rqindex")
    )


def _settle(
    attempts: dict[Any, list[tuple[int, float]]], learned: CostHistory, *, current: bool, count: int | None
) -> None:
    """A run's lines are at an end: its frames are known. `count` is how many renderers it had, where it says so."""
    for attempt, frames in attempts.items():
        numbers = {frame for frame, _ in frames}
        learned.processes = {frame: had for frame, had in learned.processes.items() if frame not in numbers}
        if count is not None and current:
            learned.processes |= dict.fromkeys(numbers, count)
        learned.other_version = (
            learned.other_version - numbers if current else learned.other_version | numbers
        )
        told = [cost for _, cost in frames]
        costs = told if attempt == SEVERAL else shared_out(told)
        learned.costs.update(zip((frame for frame, _ in frames), costs, strict=True))
    attempts.clear()


def shared_out(costs: Sequence[float]) -> list[float]:
    """The costs of one process's frames in the order they finished, with the time of each burst shared by its frames."""
    evened: list[float] = []
    burst: list[float] = []
    for cost in costs:
        if burst and cost >= BURST * sum(burst) / len(burst):
            evened += [sum(burst) / len(burst)] * len(burst)
            burst = []
        burst.append(cost)
    return evened + [sum(burst) / len(burst)] * len(burst) if burst else evened
