"""The limits on the number of processes, each with its reason; the smallest one binds.

    threads   logical CPUs (or the CPU time granted, if less) / threads planned per process; at least 1
    memory    80 % of the available memory / memory planned per process; 0 if not even one fits
              (--ram-per-process-gb, or more if an earlier run of the comp is known to have needed more)
    frames    no more processes than frames
    file      a single file is written by one process
    gpu       --gpu-processes
    seats     --seats
    earlier   renderers at once that a GPU, an encoder or a licence of this machine allowed in an earlier run
    cap       --max-concurrency

`--concurrency` replaces threads, memory, the earlier run and cap. They are still worked out and reported, and
each one that it exceeds becomes a warning. Frames, the single file, the GPU and the seats hold even then.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stmpo.machine.model import Machine
    from stmpo.model.options import RunOptions

THREADS_WITH_MFR = 16
"""Logical CPUs planned per process with Multi-Frame Rendering. Published measurements show that After Effects
gains little from more (`--mfr-threads` overrides this).
"""

THREADS_WITHOUT_MFR = 8
"""The same without Multi-Frame Rendering: frames are rendered one at a time, and only some effects use
several threads.
"""

MEMORY_SHARE = 0.8
"""The share of the available memory that is planned for renderers; the rest is for the file cache and other
programs.
"""

PEAK_MARGIN = 1.2
"""Factor on the peak memory of an earlier run's renderers: samples are seconds apart and miss the very top,
and the project may need more since.
"""

GB = 2**30


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """The part of a run that decides the number of processes."""

    frames: int | None
    """Number of frames; None when not known."""

    single_file: bool = False
    concurrency: int = 0
    """0: choose automatically."""

    max_concurrency: int = 24
    ram_per_process_bytes: int = 32 * GB
    mfr: bool = True
    mfr_threads: int | None = None
    """Logical CPUs planned per process; None: the constants above."""

    gpu_processes: int | None = None
    """Renderers at once that the GPU fits; None: no such limit."""

    seats: int | None = None
    """Renderers at once that licences allow; None: no such limit."""

    learned_peak_bytes: int = 0
    """Peak memory of one renderer of this comp in an earlier run, child processes included; 0 when not
    known.
    """

    learned_most: int = 0
    """Renderers at once that a shared resource of this machine allowed in an earlier run of this comp; 0 when
    no limit is known.
    """

    learned_most_reason: str = ""
    """The name of what it lacked, such as `gpu-failure`."""

    @classmethod
    def of(
        cls,
        options: RunOptions,
        *,
        frames: int | None,
        single_file: bool,
        learned_peak: int = 0,
        learned_most: tuple[int, str] = (0, ""),
    ) -> PlanRequest:
        """Return the request that a run's options make. `learned_peak` is bytes, as in
        `learned_peak_bytes`; `learned_most` is a number of processes and its reason.
        """
        return cls(
            frames=frames,
            single_file=single_file,
            concurrency=options.concurrency,
            max_concurrency=options.max_concurrency,
            ram_per_process_bytes=int(options.ram_per_process_gb * GB),
            mfr=options.mfr,
            mfr_threads=options.mfr_threads,
            gpu_processes=options.gpu_processes,
            seats=options.seats,
            learned_peak_bytes=learned_peak,
            learned_most=learned_most[0],
            learned_most_reason=learned_most[1],
        )

    @property
    def threads_per_process(self) -> int:
        """Return the logical CPUs planned per process."""
        return self.mfr_threads or (THREADS_WITH_MFR if self.mfr else THREADS_WITHOUT_MFR)


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: how many processes it allows, and why."""

    name: str
    """`threads`, `memory`, `frames`, `single file`, `gpu`, `seats`, `earlier run`, `max-concurrency` or
    `concurrency`.
    """

    processes: int
    reason: str
    """One line for people, with the numbers behind it."""


def work_out(machine: Machine, request: PlanRequest) -> tuple[Limit, ...]:
    """Return every limit that applies, in the order that decides a tie: the first of the smallest binds."""
    limits = [_threads(machine, request)]
    if machine.memory_available_bytes is not None:
        limits.append(_memory(machine.memory_available_bytes, request))
    if request.frames is not None:
        limits.append(
            Limit("frames", max(request.frames, 1), f"{request.frames} to render, at least one per process")
        )
    if request.single_file:
        limits.append(Limit("single file", 1, "one process writes the whole of a movie or sound file"))
    if request.gpu_processes is not None:
        limits.append(Limit("gpu", request.gpu_processes, f"--gpu-processes {request.gpu_processes}"))
    if request.seats is not None:
        limits.append(Limit("seats", request.seats, f"--seats {request.seats}"))
    if request.learned_most:
        why = f"more at once failed on this machine in an earlier run ({request.learned_most_reason})"
        limits.append(Limit("earlier run", request.learned_most, why))
    limits.append(
        Limit("max-concurrency", request.max_concurrency, f"--max-concurrency {request.max_concurrency}")
    )
    if request.concurrency:
        limits.append(Limit("concurrency", request.concurrency, f"--concurrency {request.concurrency}"))
    return tuple(limits)


_ALWAYS = frozenset(("concurrency", "frames", "single file", "gpu", "seats"))
"""Names of the limits that hold under `--concurrency` too."""


def binding(limits: tuple[Limit, ...]) -> Limit:
    """Return the limit that decides."""
    if any(limit.name == "concurrency" for limit in limits):
        limits = tuple(limit for limit in limits if limit.name in _ALWAYS)
    return min(limits, key=lambda limit: limit.processes)


def exceeded(limits: tuple[Limit, ...], chosen: int) -> tuple[Limit, ...]:
    """Return the limits that a chosen number of processes exceeds."""
    return tuple(limit for limit in limits if limit.processes < chosen)


def _threads(machine: Machine, request: PlanRequest) -> Limit:
    each = request.threads_per_process
    threads = float(len(machine.cpus))
    what = f"{len(machine.cpus)} threads"
    if machine.cpu_quota is not None and machine.cpu_quota < threads:
        threads = machine.cpu_quota
        what = f"CPU time of {threads:g} threads granted"
    mode = "--mfr-threads" if request.mfr_threads else f"MFR {'on' if request.mfr else 'off'}"
    return Limit("threads", max(math.floor(threads / each), 1), f"{what} / {each} per process ({mode})")


def _memory(available: int, request: PlanRequest) -> Limit:
    each, learned = request.ram_per_process_bytes, request.learned_peak_bytes
    source = ""
    if PEAK_MARGIN * learned > each:
        each = math.ceil(PEAK_MARGIN * learned)
        source = f" (an earlier run's peak of {learned / GB:.4g} GB plus {PEAK_MARGIN - 1:.0%})"
    fits = math.floor(MEMORY_SHARE * available / each)
    reason = (
        f"{MEMORY_SHARE:.0%} of {available / GB:.4g} GB available / {each / GB:.4g} GB per process{source}"
    )
    return Limit("memory", fits, reason)
