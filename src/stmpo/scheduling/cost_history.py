"""The knowledge that earlier runs of a comp leave for the next one: frame costs, start-up, memory. Pure:
journal lines go in.

The journal's `delivered` lines carry each frame's cost, its `ended` lines the start-up and the peak memory of
each process. Runs of any version of the project count if project path and comp or queue item are the same; a
later run's cost of a frame replaces an earlier one's. `stmpo.scheduling.estimates` judges while rendering how
far such a record can be trusted.

Under Multi-Frame Rendering frames finish in bursts, and the first of a burst carries the time of all. The
burst's time is shared evenly here, so that single costs are right as well as their sum.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

BURST = 0.1
"""A frame that took less than this part of the one before it was rendered together with it."""

SEVERAL = 0
"""The attempt number of renderers that share one folder: their frames come in no order, each with its own
cost.
"""


@dataclass(slots=True)
class CostHistory:
    """The facts known before rendering begins."""

    costs: dict[int, float] = field(default_factory=dict)
    """Seconds by frame number; frames may be missing."""

    other_version: set[int] = field(default_factory=set)
    """Frames whose cost is of another version of the project."""

    start_ups: list[float] = field(default_factory=list)
    """Seconds from start to rendering, for the processes of the last run that started any."""

    peak_memory: int = 0
    """Largest memory of one renderer's tree in any run, in bytes."""

    processes: dict[int, int] = field(default_factory=dict)
    """Number of renderers side by side when a frame was last rendered, for frames of this version and runs
    that finished.
    """

    most_processes: int = 0
    """Renderers that a shared resource of this machine allows at once, as the last run found out; 0 if none
    did.
    """

    most_reason: str = ""
    """The name of the finding behind it."""

    @property
    def sure(self) -> bool:
        """Return whether all costs are of this version of the project: then the first ranges may follow
        them.
        """
        return not self.other_version

    @property
    def start_up(self) -> float | None:
        """Return the seconds that a renderer needs to start, if known."""
        return median(self.start_ups) if self.start_ups else None

    def update(self, newer: CostHistory) -> None:
        """Merge a later source: its cost of a frame replaces this one's."""
        self.other_version = (self.other_version - set(newer.costs)) | newer.other_version
        self.costs.update(newer.costs)
        self.processes = {
            f: count for f, count in self.processes.items() if f not in newer.costs
        } | newer.processes
        self.start_ups = newer.start_ups or self.start_ups
        self.peak_memory = max(self.peak_memory, newer.peak_memory)
        if newer.most_processes:
            self.most_processes, self.most_reason = newer.most_processes, newer.most_reason


def read_cost_history(
    lines: Iterable[Mapping[str, Any]],
    job: Mapping[str, Any] | None = None,
    version: Mapping[str, Any] | None = None,
    *,
    run: str | None = None,
    host: str | None = None,
) -> CostHistory:
    """Read the lines of a journal, oldest first.

    `job` has `project`, `comp` and `rqindex`: runs of another job are skipped. Without it, every run counts.
    `version` is the project's, as in `run` lines. `run` is the id of the only run that counts, if given.
    `host` is this machine, whose limit on processes counts: of the last run that found one, unless a later
    run used more processes without finding any.
    """
    history = CostHistory()
    wanted = fresh = current = True
    count: int | None = None
    attempts: dict[Any, list[tuple[int, float]]] = {}
    limit = _FoundLimit(job, host)
    for line in lines:
        limit.on_line(line)
        match line:
            case {"event": "run"}:
                _settle(attempts, history, current=current, count=count)
                count = None
                current = line.get("project_version") == version
                wanted = (job is None or _same(line.get("job"), job)) and run in {None, line.get("run")}
                fresh = True
            case {"event": "finished", "processes": int(processes)}:
                count = processes
            case {"frame": bool()} | {"cost": bool()} | {"start_up": bool()}:  # bool is an int to Python
                pass
            case {"event": "delivered", "frame": int(frame), "cost": int(cost) | float(cost)} if wanted:
                if cost >= 0:
                    attempts.setdefault(line.get("attempt"), []).append((frame, float(cost)))
            case {"event": "ended", "start_up": int(seconds) | float(seconds)} if wanted:
                if fresh:
                    history.start_ups = []
                history.start_ups.append(float(seconds))
                fresh = False
                memory = line.get("peak_memory")
                # The memory of a runaway process is no measure of what a renderer needs.
                if isinstance(memory, int) and line.get("stopped") != "runaway":
                    history.peak_memory = max(history.peak_memory, memory)
            case _:
                pass
    _settle(attempts, history, current=current, count=count)
    history.most_processes, history.most_reason = limit.processes, limit.reason
    return history


@dataclass(slots=True)
class _FoundLimit:
    """The limit on processes that a machine's runs of a job have found."""

    job: Mapping[str, Any] | None
    host: str | None
    processes: int = 0
    reason: str = ""
    _counts: bool = False
    """Whether the lines are of a run of this job on this machine."""

    _is_new: bool = False
    """Whether the present run has found it."""

    def on_line(self, line: Mapping[str, Any]) -> None:
        """Take a journal's next line."""
        match line:
            case {"event": "run"}:
                self._counts = self.host is not None and line.get("host") == self.host
                self._counts &= self.job is None or _same(line.get("job"), self.job)
                self._is_new = False
            case {"event": "limited", "processes": int(most), "name": str(name)} if self._counts:
                self.processes, self.reason, self._is_new = most, name, True
            case {"event": "finished", "processes": int(used)} if self._counts and not self._is_new:
                if used > self.processes:
                    self.processes, self.reason = 0, ""
            case _:
                pass


def _same(had: object, job: Mapping[str, Any]) -> bool:
    return isinstance(had, dict) and all(
        had.get(name) == job.get(name) for name in ("project", "comp", "rqindex")
    )


def _settle(
    attempts: dict[Any, list[tuple[int, float]]], history: CostHistory, *, current: bool, count: int | None
) -> None:
    """Record the frames of a finished run. `count` is its number of renderers, if it has one."""
    for attempt, frames in attempts.items():
        numbers = {frame for frame, _ in frames}
        for frame in numbers:  # in place: there may be thousands of runs
            history.processes.pop(frame, None)
        if count is not None and current:
            history.processes.update(dict.fromkeys(numbers, count))
        if current:
            history.other_version -= numbers
        else:
            history.other_version |= numbers
        raw = [cost for _, cost in frames]
        costs = raw if attempt == SEVERAL else shared_out(raw)
        history.costs.update(zip((frame for frame, _ in frames), costs, strict=True))
    attempts.clear()


def shared_out(costs: Sequence[float]) -> list[float]:
    """Return the costs of one process's frames in the order they finished, each burst's time shared by its
    frames.
    """
    evened: list[float] = []
    burst: list[float] = []
    for cost in costs:
        if burst and cost >= BURST * sum(burst) / len(burst):
            evened += [sum(burst) / len(burst)] * len(burst)
            burst = []
        burst.append(cost)
    return evened + [sum(burst) / len(burst)] * len(burst) if burst else evened
