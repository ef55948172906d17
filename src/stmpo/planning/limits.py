"""The limits on the number of processes, each with its reason; the smallest one binds.

    threads   logical CPUs (or the CPU time granted, when that is less) / threads planned for a process; at least 1
    memory    80 % of the available memory / memory planned for a process; 0 when not even one fits
              (--ram-per-process-gb, or more where an earlier run of the comp is known to have needed more)
    frames    no more processes than frames
    file      a single file is written by one process
    cap       --max-concurrency

`--concurrency` is the user's own word: it takes the place of threads, memory and cap, which are still worked out and
reported, and what it exceeds becomes a warning. Frames and the single file hold even then: there is nothing to do for a
further process.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stmpo.machine.model import Machine
    from stmpo.model.options import RunOptions

THREADS_WITH_MFR = 16
"""Logical CPUs planned for a process with Multi-Frame Rendering. After Effects gains little from more, and published
measurements show most of the gain by then (facts of the field; `--mfr-threads` says otherwise)."""

THREADS_WITHOUT_MFR = 8
"""Without it frames are rendered one at a time, and only some effects use several threads."""

MEMORY_SHARE = 0.8
"""Of the available memory, what may be promised to renderers: the rest is the file cache's and everyone else's."""

PEAK_MARGIN = 1.2
"""Memory planned beside the peak that an earlier run's renderers had: samples are seconds apart and miss the very top,
and what has changed since may need more."""

GB = 2**30


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What is to be run, as far as it decides the number of processes."""

    frames: int | None
    """How many frames; None when not known."""

    single_file: bool = False
    concurrency: int = 0
    """0: choose."""

    max_concurrency: int = 24
    ram_per_process_bytes: int = 32 * GB
    mfr: bool = True
    mfr_threads: int | None = None
    """Logical CPUs to plan for each process; None: the targets above."""

    learned_peak_bytes: int = 0
    """Most memory that a renderer of this comp had in an earlier run, with all that it had started; 0 when not known."""

    @classmethod
    def of(
        cls, options: RunOptions, *, frames: int | None, single_file: bool, learned_peak: int = 0
    ) -> PlanRequest:
        """The request that a run's options make. `learned_peak` is bytes, as in `learned_peak_bytes`."""
        return cls(
            frames=frames,
            single_file=single_file,
            concurrency=options.concurrency,
            max_concurrency=options.max_concurrency,
            ram_per_process_bytes=int(options.ram_per_process_gb * GB),
            mfr=options.mfr,
            mfr_threads=options.mfr_threads,
            learned_peak_bytes=learned_peak,
        )

    @property
    def threads_per_process(self) -> int:
        """Logical CPUs planned for each process."""
        return self.mfr_threads or (THREADS_WITH_MFR if self.mfr else THREADS_WITHOUT_MFR)


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: how many processes it allows, and why."""

    name: str
    """`threads`, `memory`, `frames`, `single file`, `max-concurrency` or `concurrency`."""

    processes: int
    reason: str
    """One line for people, with the numbers that it was worked out from."""


def work_out(machine: Machine, request: PlanRequest) -> tuple[Limit, ...]:
    """Every limit that applies, in the order in which a tie is decided: the first of the smallest binds."""
    limits = [_threads(machine, request)]
    if machine.memory_available_bytes is not None:
        limits.append(_memory(machine.memory_available_bytes, request))
    if request.frames is not None:
        limits.append(
            Limit("frames", max(request.frames, 1), f"{request.frames} to render, at least one a process")
        )
    if request.single_file:
        limits.append(Limit("single file", 1, "one process writes the whole of a movie or sound file"))
    limits.append(
        Limit("max-concurrency", request.max_concurrency, f"--max-concurrency {request.max_concurrency}")
    )
    if request.concurrency:
        limits.append(Limit("concurrency", request.concurrency, f"--concurrency {request.concurrency}"))
    return tuple(limits)


def binding(limits: tuple[Limit, ...]) -> Limit:
    """The limit that decides."""
    if any(limit.name == "concurrency" for limit in limits):
        limits = tuple(limit for limit in limits if limit.name in {"concurrency", "frames", "single file"})
    return min(limits, key=lambda limit: limit.processes)


def exceeded(limits: tuple[Limit, ...], chosen: int) -> tuple[Limit, ...]:
    """The limits that a chosen number of processes goes beyond."""
    return tuple(limit for limit in limits if limit.processes < chosen)


def _threads(machine: Machine, request: PlanRequest) -> Limit:
    each = request.threads_per_process
    threads = float(len(machine.cpus))
    what = f"{len(machine.cpus)} threads"
    if machine.cpu_quota is not None and machine.cpu_quota < threads:
        threads = machine.cpu_quota
        what = f"CPU time of {threads:g} threads granted"
    mode = "--mfr-threads" if request.mfr_threads else f"MFR {'on' if request.mfr else 'off'}"
    return Limit("threads", max(math.floor(threads / each), 1), f"{what} / {each} a process ({mode})")


def _memory(available: int, request: PlanRequest) -> Limit:
    each, learned = request.ram_per_process_bytes, request.learned_peak_bytes
    source = ""
    if PEAK_MARGIN * learned > each:
        each = math.ceil(PEAK_MARGIN * learned)
        source = f" (an earlier run's peak of {learned / GB:.4g} GB and {PEAK_MARGIN - 1:.0%})"
    fits = math.floor(MEMORY_SHARE * available / each)
    reason = f"{MEMORY_SHARE:.0%} of {available / GB:.4g} GB available / {each / GB:.4g} GB a process{source}"
    return Limit("memory", fits, reason)
