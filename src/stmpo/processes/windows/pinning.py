"""CPUs for a tree on Windows: three methods, tried in this order until one is not refused.

1. **The job's group affinity** (`JobObjectGroupInformationEx`, Windows 8) binds whatever the tree starts,
   across processor groups. It is set on the job before the launcher is put into it.
2. **CPU sets** (`SetProcessDefaultCpuSetMasks`, Windows 11 and Server 2022) work across groups, but are only
   a preference, and of one process. Descendants get theirs when they are first seen.
3. **The process mask** (`SetProcessAffinityMask`) is inherited by children, but its bits mean CPUs of the
   group that the process happens to be in. So it is used only if all requested CPUs are in one group and the
   process is in it; elsewhere the same bits would select other CPUs.

If all are refused, the tree is not pinned: there is one warning, and the render goes on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stmpo.machine.cpulist import format_list
from stmpo.processes.protocol import Pinning
from stmpo.processes.windows.api import Win32, Win32Error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from stmpo.machine.model import Cpu


def masks_of(cpus: Iterable[Cpu]) -> dict[int, int]:
    """Return a mask of CPUs per processor group."""
    masks: dict[int, int] = {}
    for cpu in cpus:
        masks[cpu.group] = masks.get(cpu.group, 0) | 1 << cpu.group_index
    return masks


@dataclass
class Pinner:
    """Pins one tree. `refusals` has the reason of each method that was refused; `result` is the outcome."""

    win32: Win32
    cpus: tuple[Cpu, ...]
    refusals: list[str] = field(default_factory=list)
    _method: str = ""
    _obtained: dict[int, int] = field(default_factory=dict)
    _seen: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._masks = masks_of(self.cpus)

    def pin_job(self, job: int) -> None:
        """Try the first method, on a job that is still empty."""
        if self._masks:
            self._try("job", self.win32.set_job_groups, self.win32.job_groups, job)

    @property
    def on_job(self) -> bool:
        """Whether the tree is pinned by its job."""
        return self._method == "job"

    def unpin_job(self, error: Win32Error) -> None:
        """Undo the first method: the pinned job refused the process with this error."""
        self._method, self._obtained = "", {}
        self.refusals.append(f"job with these CPUs: {error.reason}")

    def pin_process(self, process: int, pid: int) -> None:
        """Try the other methods on the launcher, which is still suspended, unless the first was accepted."""
        if self._masks and not self._method:
            self._seen.add(pid)
            if not self._try("CPU sets", self.win32.set_cpu_set_masks, self.win32.cpu_set_masks, process):
                self._try("process mask", self._set_process_mask, self._process_mask, process)

    def pin_descendants(self, pids: Iterable[int]) -> None:
        """Set the CPU sets of processes not seen before, if that is the method: they do not inherit them."""
        if self._method != "CPU sets":
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
        """Return what was requested and obtained, and one sentence for the log if they differ."""
        if not self._masks:
            return Pinning("", "")
        asked = describe_masks(self._masks)
        if not self._method:
            return Pinning(asked, "", "; ".join(self.refusals))
        granted = describe_masks(self._obtained)
        refused = None if self._obtained == self._masks else f"the system granted {granted}"
        return Pinning(asked, f"{granted}, by {self._method}", refused)

    def _try(
        self,
        method: str,
        set_masks: Callable[[int, dict[int, int]], None],
        read_masks: Callable[[int], dict[int, int]],
        handle: int,
    ) -> bool:
        try:
            set_masks(handle, self._masks)
            self._obtained = read_masks(handle)
        except (Win32Error, _CannotPinError) as error:
            self.refusals.append(error.reason)
            return False
        self._method = method
        return True

    def _set_process_mask(self, process: int, masks: dict[int, int]) -> None:
        if len(masks) > 1:
            raise _CannotPinError("a process mask cannot span processor groups")
        (group, mask), *_ = masks.items()
        if self._groups_of(process) != [group]:
            raise _CannotPinError(f"the process is not in processor group {group}")
        self.win32.set_process_mask(process, mask)

    def _process_mask(self, process: int) -> dict[int, int]:
        return {next(iter(self._masks)): self.win32.process_mask(process)}

    def _groups_of(self, process: int) -> list[int]:
        """Return the groups of the process; if they are unknown and the system has only one, that one."""
        try:
            return self.win32.process_groups(process)
        except Win32Error:
            if self.win32.group_count() == 1:
                return [0]
            raise


class _CannotPinError(Exception):
    """The method cannot express this pinning."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def describe_masks(masks: Mapping[int, int]) -> str:
    """Return, for example, "group 0 CPUs 0-7, group 1 CPUs 0-3"."""
    return ", ".join(
        f"group {group} CPUs {format_list(bit for bit in range(mask.bit_length()) if mask >> bit & 1)}"
        for group, mask in sorted(masks.items())
    )
