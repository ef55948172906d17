"""CPUs for a tree on Windows: three ways, tried in this order until one is not refused.

1. **The job's group affinity** (`JobObjectGroupInformationEx`, Windows 8): binds whatever the tree starts, across
   processor groups. Set on the job before the launcher is put into it.
2. **CPU sets** (`SetProcessDefaultCpuSetMasks`, Windows 11 and Server 2022): across groups, but a preference, and of
   one process; descendants are given theirs when they are first seen.
3. **The process mask** (`SetProcessAffinityMask`): inherited by children, but its bits mean CPUs of the group that the
   process happens to be in. So only where all CPUs asked for are in one group, and the process is in that one:
   anywhere else the same bits would pin it to somebody else's CPUs.

All refused: no pinning, one warning, and the render goes on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stmpo.processes.protocol import Pinning
from stmpo.processes.ranges import ranges
from stmpo.processes.windows.api import Win32, Win32Error

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stmpo.machine.model import Cpu


def masks_of(cpus: Iterable[Cpu]) -> dict[int, int]:
    """A mask for each processor group."""
    masks: dict[int, int] = {}
    for cpu in cpus:
        masks[cpu.group] = masks.get(cpu.group, 0) | 1 << cpu.group_index
    return masks


@dataclass
class Pinner:
    """Pins one tree. `refusals` collects what each way answered; `result` says what came of it."""

    win32: Win32
    cpus: tuple[Cpu, ...]
    refusals: list[str] = field(default_factory=list)
    _way: str = ""
    _obtained: dict[int, int] = field(default_factory=dict)
    _seen: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._masks = masks_of(self.cpus)

    def pin_job(self, job: int) -> bool:
        """The first way, on a job that is still empty; whether it was accepted."""
        if not self._masks:
            return False
        try:
            self.win32.set_job_groups(job, self._masks)
            self._obtained = self.win32.job_groups(job)
        except Win32Error as error:
            return self._refuse(error.reason)
        self._way = "job"
        return True

    @property
    def on_job(self) -> bool:
        """Whether the job carries the CPUs."""
        return self._way == "job"

    def unpin_job(self, why: Win32Error) -> None:
        """The job with that affinity would not take the process: forget the first way."""
        self._way, self._obtained = "", {}
        self._refuse(f"job with these CPUs: {why.reason}")

    def pin_process(self, process: int, pid: int) -> None:
        """The other ways, on the launcher while it is still suspended. Nothing to do if the first was accepted."""
        if self._masks and not self._way:
            _ = self._pin_by_cpu_sets(process, pid) or self._pin_by_mask(process)

    def pin_descendants(self, pids: Iterable[int]) -> None:
        """Give those not seen before their CPU sets, where that is the way: they do not inherit them."""
        if self._way != "CPU sets":
            return
        for pid in sorted(set(pids) - self._seen):
            self._seen.add(pid)
            try:
                handle = self.win32.open_for_pinning(pid)
            except Win32Error:  # it has ended
                continue
            try:
                self.win32.set_cpu_set_masks(handle, self._masks)
            except Win32Error:  # as above
                continue
            finally:
                self.win32.close(handle)

    def result(self) -> Pinning:
        """What was asked, what was obtained, and the one sentence for the log if it is not the same."""
        if not self._masks:
            return Pinning("", "")
        asked = describe(self._masks)
        if not self._way:
            return Pinning(asked, "", "; ".join(self.refusals))
        obtained = f"{describe(self._obtained)}, by {self._way}"
        missing = None if self._obtained == self._masks else f"the system granted {describe(self._obtained)}"
        return Pinning(asked, obtained, missing)

    def _pin_by_cpu_sets(self, process: int, pid: int) -> bool:
        try:
            self.win32.set_cpu_set_masks(process, self._masks)
            self._obtained = self.win32.cpu_set_masks(process)
        except Win32Error as error:
            return self._refuse(error.reason)
        self._way = "CPU sets"
        self._seen.add(pid)
        return True

    def _pin_by_mask(self, process: int) -> bool:
        if len(self._masks) > 1:
            return self._refuse("a process mask cannot span processor groups")
        (group, mask), *_ = self._masks.items()
        try:
            if self._groups_of(process) != [group]:
                return self._refuse(f"the process is not in processor group {group}")
            self.win32.set_process_mask(process, mask)
            self._obtained = {group: self.win32.process_mask(process)}
        except Win32Error as error:
            return self._refuse(error.reason)
        self._way = "process mask"
        return True

    def _groups_of(self, process: int) -> list[int]:
        """The groups of the process; where the system cannot say but has only one group, that one."""
        try:
            return self.win32.process_groups(process)
        except Win32Error:
            if self.win32.group_count() == 1:
                return [0]
            raise

    def _refuse(self, why: str) -> bool:
        self.refusals.append(why)
        return False


def describe(masks: Mapping[int, int]) -> str:
    """For people: "group 0 CPUs 0-7, group 1 CPUs 0-3"."""
    parts = (
        f"group {group} CPUs {ranges([bit for bit in range(mask.bit_length()) if mask >> bit & 1])}"
        for group, mask in sorted(masks.items())
    )
    return ", ".join(parts)
