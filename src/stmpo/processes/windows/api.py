"""The Win32 calls used here. A refused call raises `Win32Error`.

`Win32` is given the library that it calls: kernel32 on Windows, a recording stand-in in the tests, which
check the bytes that would reach the kernel and give every refusal that some Windows version gives.
"""

from __future__ import annotations

import ctypes
from ctypes import byref, c_uint16, c_uint32, c_uint64, c_void_p, sizeof
from typing import TYPE_CHECKING, Any, TypeVar

from stmpo.processes.windows import types

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T", bound=ctypes.Structure)

MAX_GROUPS = 64
"""Processor groups asked for when reading back; Windows has at most 32 today."""

SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "AssignProcessToJobObject": (c_uint32, [c_void_p, c_void_p]),
    "CloseHandle": (c_uint32, [c_void_p]),
    "CreateJobObjectW": (c_void_p, [c_void_p, c_void_p]),
    "GenerateConsoleCtrlEvent": (c_uint32, [c_uint32, c_uint32]),
    "GetActiveProcessorGroupCount": (c_uint16, []),
    "GetConsoleProcessList": (c_uint32, [c_void_p, c_uint32]),
    "GetExitCodeProcess": (c_uint32, [c_void_p, c_void_p]),
    "GetProcessAffinityMask": (c_uint32, [c_void_p, c_void_p, c_void_p]),
    "GetProcessDefaultCpuSetMasks": (c_uint32, [c_void_p, c_void_p, c_uint16, c_void_p]),
    "GetProcessGroupAffinity": (c_uint32, [c_void_p, c_void_p, c_void_p]),
    "OpenProcess": (c_void_p, [c_uint32, c_uint32, c_uint32]),
    "QueryInformationJobObject": (c_uint32, [c_void_p, c_uint32, c_void_p, c_uint32, c_void_p]),
    "ResumeThread": (c_uint32, [c_void_p]),
    "SetInformationJobObject": (c_uint32, [c_void_p, c_uint32, c_void_p, c_uint32]),
    "SetProcessAffinityMask": (c_uint32, [c_void_p, c_uint64]),
    "SetProcessDefaultCpuSetMasks": (c_uint32, [c_void_p, c_void_p, c_uint16]),
    "TerminateJobObject": (c_uint32, [c_void_p, c_uint32]),
    "TerminateProcess": (c_uint32, [c_void_p, c_uint32]),
    "WaitForSingleObject": (c_uint32, [c_void_p, c_uint32]),
}
"""Result and arguments of each function. Without them, ctypes would cut handles to 32 bits."""

PROCESS_SET_LIMITED_INFORMATION = 0x2000
RESUME_FAILED = 0xFFFFFFFF


class Win32Error(OSError):
    """A call was refused. `code` is Windows' error number; `reason` names the call and the number."""

    def __init__(self, call: str, code: int) -> None:
        self.code = code
        self.reason = f"{call}: error {code}"
        super().__init__(code, self.reason)


class Win32:
    """The calls. Handles are integers; the caller closes those that it gets."""

    def __init__(self, library: Any, last_error: Callable[[], int]) -> None:
        self._library = library
        self._last_error = last_error

    def _call(self, name: str, *arguments: Any) -> int:
        """Call a function of which 0 means a refusal, as all of these do. Raises Win32Error."""
        try:
            function = getattr(self._library, name)
        except AttributeError:
            raise Win32Error(name, types.ERROR_PROC_NOT_FOUND) from None
        result: int | None = function(*arguments)
        if not result:
            raise Win32Error(name, self._last_error())
        return result

    # Jobs

    def create_job(self) -> int:
        """Create a job without a name. Its handle is not inherited, so the last one closes when we end."""
        return self._call("CreateJobObjectW", None, None)

    def set_job_limits(self, job: int, flags: int) -> None:
        """Set the `LIMIT_…` flags, which hold for every process of the job."""
        limits = types.ExtendedLimits()
        limits.basic.limit_flags = flags
        self._call("SetInformationJobObject", job, types.JOB_EXTENDED_LIMITS, byref(limits), sizeof(limits))

    def set_job_groups(self, job: int, masks: Mapping[int, int]) -> None:
        """Set the CPUs that the job's processes may use: a mask per processor group (Windows 8)."""
        groups = group_array(masks)
        self._call("SetInformationJobObject", job, types.JOB_GROUPS_EX, byref(groups), sizeof(groups))

    def job_groups(self, job: int) -> dict[int, int]:
        """Read these CPUs back."""
        groups = (types.GroupAffinity * MAX_GROUPS)()
        used = c_uint32()
        self._call(
            "QueryInformationJobObject", job, types.JOB_GROUPS_EX, byref(groups), sizeof(groups), byref(used)
        )
        count = used.value // sizeof(types.GroupAffinity)
        return {entry.group: entry.mask for entry in groups[:count]}

    def assign(self, job: int, process: int) -> None:
        """Put a process, and so all that it starts later, into the job."""
        self._call("AssignProcessToJobObject", job, process)

    def terminate_job(self, job: int, code: int) -> None:
        """End every process of the job."""
        self._call("TerminateJobObject", job, code)

    def job_accounting(self, job: int) -> types.Accounting:
        """Return the times and the number of the job's processes."""
        return self._query(job, types.JOB_BASIC_ACCOUNTING, types.Accounting)

    def job_io(self, job: int) -> types.IoCounters:
        """Return input and output of the job's processes, ended ones included."""
        io: types.IoCounters = self._query(job, types.JOB_BASIC_AND_IO_ACCOUNTING, types.AccountingAndIo).io
        return io

    def _query(self, job: int, kind: int, structure: type[T]) -> T:
        found = structure()
        self._call("QueryInformationJobObject", job, kind, byref(found), sizeof(found), None)
        return found

    def job_process_ids(self, job: int) -> list[int]:
        """Return the job's living processes, in the order of their start."""
        room = 64
        while True:
            buffer = (c_uint64 * (1 + room))()
            head = types.ProcessIds.from_buffer(buffer)
            query = job, types.JOB_PROCESS_IDS, byref(buffer), sizeof(buffer), None
            try:
                self._call("QueryInformationJobObject", *query)
            except Win32Error as error:
                if error.code != types.ERROR_MORE_DATA:
                    raise
            if head.assigned <= room:
                return list(buffer[1 : 1 + head.listed])
            room = 2 * head.assigned

    # Processes

    def resume(self, thread: int) -> None:
        """Resume a thread that was created suspended."""
        if self._call("ResumeThread", thread) == RESUME_FAILED:
            raise Win32Error("ResumeThread", self._last_error())

    def terminate(self, process: int, code: int) -> None:
        """End one process."""
        self._call("TerminateProcess", process, code)

    def wait(self, process: int) -> None:
        """Wait until the process has ended. Blocks: call it in a thread of its own."""
        self._library.WaitForSingleObject(process, types.WAIT_FOREVER)

    def exit_code(self, process: int) -> int:
        """Return the exit code of a process that has ended, 0 to 0xFFFFFFFF."""
        code = c_uint32()
        self._call("GetExitCodeProcess", process, byref(code))
        return code.value

    def close(self, handle: int) -> None:
        """Close a handle."""
        self._call("CloseHandle", handle)

    def has_console(self) -> bool:
        """Return whether this process is attached to a console, visible or not."""
        first = c_uint32()
        return bool(self._library.GetConsoleProcessList(byref(first), 1))

    def send_break(self, group: int) -> None:
        """Send CTRL_BREAK to the processes of one process group that share our console."""
        self._call("GenerateConsoleCtrlEvent", types.CTRL_BREAK_EVENT, group)

    # Pinning of one process

    def group_count(self) -> int:
        """Return the number of processor groups in use."""
        return self._call("GetActiveProcessorGroupCount")

    def process_groups(self, process: int) -> list[int]:
        """Return the processor groups in which the process has threads."""
        groups = (c_uint16 * MAX_GROUPS)()
        count = c_uint16(MAX_GROUPS)
        self._call("GetProcessGroupAffinity", process, byref(count), byref(groups))
        return list(groups[: count.value])

    def set_process_mask(self, process: int, mask: int) -> None:
        """Set the CPUs, of the process's *own* processor group, that it and its children may use."""
        self._call("SetProcessAffinityMask", process, mask)

    def process_mask(self, process: int) -> int:
        """Read this mask back."""
        mask, system = c_uint64(), c_uint64()
        self._call("GetProcessAffinityMask", process, byref(mask), byref(system))
        return mask.value

    def set_cpu_set_masks(self, process: int, masks: Mapping[int, int]) -> None:
        """Set the CPU sets of one process, across groups (Windows 11, Server 2022)."""
        groups = group_array(masks)
        self._call("SetProcessDefaultCpuSetMasks", process, byref(groups), len(groups))

    def cpu_set_masks(self, process: int) -> dict[int, int]:
        """Read these CPU sets back."""
        groups = (types.GroupAffinity * MAX_GROUPS)()
        count = c_uint16()
        self._call("GetProcessDefaultCpuSetMasks", process, byref(groups), MAX_GROUPS, byref(count))
        return {entry.group: entry.mask for entry in groups[: count.value]}

    def open_for_pinning(self, pid: int) -> int:
        """Return a handle by which a process's CPU sets can be set."""
        return self._call("OpenProcess", PROCESS_SET_LIMITED_INFORMATION, 0, pid)


def group_array(masks: Mapping[int, int]) -> ctypes.Array[types.GroupAffinity]:
    """Return masks by processor group as an array of GROUP_AFFINITY."""
    entries: Sequence[types.GroupAffinity] = [
        types.GroupAffinity(mask, group) for group, mask in sorted(masks.items())
    ]
    return (types.GroupAffinity * len(entries))(*entries)


def declare(library: Any) -> None:
    """Give ctypes the signatures of the functions that this Windows has."""
    for name, (result, arguments) in SIGNATURES.items():
        function = getattr(library, name, None)
        if function is not None:
            function.restype = result
            function.argtypes = arguments
