"""Divides the frames of one queue item into tasks when the job is made.

A task's value is a range expression (`1-240`, `1-99:2`, `1,4,7-9`), given to the worker as text. Such a task
may hold any number of frames and may have gaps. A step takes at most `MAX_TASKS` of them, which is
openjd-model's limit for a list. More tasks than that become chunks (`CHUNK[INT]`) of at most `MAX_CHUNK`
frames, which the service divides.

The default number of frames in a task follows from the worker that the job asks for: enough for each of its
processes. If an earlier run has left its costs, the start of a process is at most `START_UP_SHARE` of a task.

Everything here is pure. The panel divides by the same rules (`frames.jsxinc`, `plan.jsxinc`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.deadline.validation import MAX_VALUE_LENGTH
from stmpo.model.errors import BadInput
from stmpo.model.frames import Span
from stmpo.planning.limits import MEMORY_SHARE, THREADS_WITH_MFR, THREADS_WITHOUT_MFR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stmpo.model.frames import FrameSet

SIZE_PARAMETER = "FramesPerTask"
"""The parameter of the complete templates. Of a composed job it is read when the job is made."""

MAX_TASKS = 1024
"""Most values of a task parameter, by openjd-model (measured with 0.13 and 0.14)."""

MAX_CHUNK = 150
"""Most frames of a chunk, by Deadline Cloud's developer guide ("Task chunking for job templates")."""

UNKNOWN_WORKER_FRAMES = 100
"""Frames of a task if the job says nothing about its workers."""

FRAMES_PER_PROCESS = 20
"""Frames of a task per process of a worker, if the costs of the frames are not known."""

START_UP_SHARE = 0.1
"""Largest part of a task that the start of a process may take, if the costs are known."""

_LEAST_STEPPED = 3
"""Fewest single frames at one distance that are written as `first-last:distance`."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Typical times of one item, from an earlier run."""

    start_up: float
    """Seconds until a process renders its first frame."""

    frame: float
    """Seconds that one process takes for a frame."""


def default_size(
    values: Mapping[str, float | bool], vcpus: int | None, memory_gb: float | None, costs: Costs | None = None
) -> int:
    """Return the frames of one task for a worker of this size.

    `values` are the job's `Concurrency`, `MaxConcurrency`, `RamPerProcessGB` and `DisableMFR`.
    """
    processes = _processes(values, vcpus, memory_gb)
    if costs is not None and costs.frame > 0:
        each = math.ceil(costs.start_up * (1 - START_UP_SHARE) / START_UP_SHARE / costs.frame)
        return max(1, each) * (processes or 1)
    return FRAMES_PER_PROCESS * processes if processes else UNKNOWN_WORKER_FRAMES


def _processes(values: Mapping[str, float | bool], vcpus: int | None, memory_gb: float | None) -> int:
    """Return the processes that such a worker runs (`stmpo.planning.limits`); 0 if its size is not known."""
    if values["Concurrency"]:
        return int(values["Concurrency"])
    if vcpus is None and memory_gb is None:
        return 0
    limits = [int(values["MaxConcurrency"])]
    if vcpus is not None:
        limits.append(vcpus // (THREADS_WITHOUT_MFR if values["DisableMFR"] else THREADS_WITH_MFR))
    if memory_gb is not None:
        limits.append(math.floor(MEMORY_SHARE * memory_gb / float(values["RamPerProcessGB"])))
    return max(1, min(limits))


def read_size(text: str) -> int:
    """Return the number of frames that a user has chosen for a task.

    Raises:
        BadInput: it is not a whole number of at least 1.
    """
    try:
        size = int(text)
    except ValueError:
        size = 0
    if size < 1:
        raise BadInput(f"-p {SIZE_PARAMETER}={text}: write a whole number of frames, 1 or more")
    return size


def tasks_of(frames: FrameSet, size: int | None, default: int) -> list[str] | None:
    """Return a range expression per task; None if there would be more than `MAX_TASKS`.

    `size` is the chosen number of frames per task. Without one it is `default`, or as many more as
    `MAX_TASKS` tasks need. Sizes of tasks differ by at most one frame.
    """
    total = len(frames)
    size = max(default, math.ceil(total / MAX_TASKS)) if size is None else size
    count = math.ceil(total / size)
    if count > MAX_TASKS:
        return None
    least, more = divmod(total, count)
    parts = _parts(frames.runs(), [least + (at < more) for at in range(count)])
    texts = [text for part in parts for text in _short(part)]
    return texts if len(texts) <= MAX_TASKS else None


def range_text(runs: Sequence[Span]) -> str:
    """Return runs as a range expression, with single frames at one distance as `first-last:distance`."""
    elements: list[str] = []
    at = 0
    while at < len(runs):
        end = _stepped(runs, at)
        if end - at >= _LEAST_STEPPED:
            first, last = runs[at].first, runs[end - 1].first
            elements.append(f"{first}-{last}:{runs[at + 1].first - first}")
            at = end
        else:
            elements.append(str(runs[at]))
            at += 1
    return ",".join(elements)


def _stepped(runs: Sequence[Span], at: int) -> int:
    """Return the end of the single frames from `at` on that have one distance."""
    end = at
    while end < len(runs) and len(runs[end]) == 1:
        if end >= at + 2 and runs[end].first - runs[end - 1].first != runs[at + 1].first - runs[at].first:
            break
        end += 1
    return end


def _parts(runs: Sequence[Span], sizes: Sequence[int]) -> Iterator[list[Span]]:
    """Cut the runs into parts of these numbers of frames."""
    rest = iter(runs)
    run: Span | None = None
    for size in sizes:
        part: list[Span] = []
        wanted = size
        while wanted:
            run = next(rest) if run is None else run
            taken = min(wanted, len(run))
            part.append(Span(run.first, run.first + taken - 1))
            wanted -= taken
            run = Span(run.first + taken, run.last) if taken < len(run) else None
        yield part


def _short(part: list[Span]) -> list[str]:
    """Return the part as text, in halves of its runs as long as the text is longer than a value may be."""
    text = range_text(part)
    if len(text) <= MAX_VALUE_LENGTH:
        return [text]
    middle = len(part) // 2
    return [*_short(part[:middle]), *_short(part[middle:])]


def known_costs(start_up: float | None, costs: Sequence[float]) -> Costs | None:
    """Return the typical costs of an earlier run; None if it does not know both."""
    if start_up is None or not costs:
        return None
    return Costs(start_up, sorted(costs)[len(costs) // 2])
