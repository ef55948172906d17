"""Windows: the calls that describe the machine, by ctypes. `windows.py` takes the decisions."""

from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING

from stmpo.machine import memory, windows
from stmpo.machine.windows_records import JOB_LIMITS_BYTES, parse_job_memory

if TYPE_CHECKING:
    from stmpo.machine.model import Machine, MemoryRoom

assert sys.platform == "win32"

_ERROR_INSUFFICIENT_BUFFER = 122
_JOB_EXTENDED_LIMITS = 9


def read_live() -> Machine:
    """Return this computer, as this process may use it.

    Raises:
        BadInput: the system does not describe its processors.
    """
    api = Kernel32()
    total, available = memory.installed_and_available()
    return windows.with_memory(windows.read(api), total, available, parse_job_memory(api.job_limits() or b""))


def memory_room(ours: int) -> MemoryRoom | None:
    """Return how much memory there is now. `ours` is the memory of this program's renderers, in bytes."""
    api = Kernel32()
    return windows.memory_room(api.memory_status() or b"", parse_job_memory(api.job_limits() or b""), ours)


def session() -> int | None:
    """Return the number of the session that this process runs in; services have 0."""
    return Kernel32().session()


class Kernel32:
    """The live system. Every call that fails, or that this version of Windows lacks, returns None."""

    def __init__(self) -> None:
        self._dll = ctypes.WinDLL("kernel32", use_last_error=True)
        self._dll.GetCurrentProcess.restype = ctypes.c_void_p

    def relationships(self, relation: int) -> bytes | None:
        """Return the records: ask for the size, then for the data; ask again if processors were added in
        between.
        """
        call = self._dll.GetLogicalProcessorInformationEx
        length = ctypes.c_uint32(0)
        for _ in range(4):
            buffer = ctypes.create_string_buffer(max(length.value, 1))
            if call(ctypes.c_int(relation), buffer if length.value else None, ctypes.byref(length)):
                return buffer.raw[: length.value]
            if ctypes.get_last_error() != _ERROR_INSUFFICIENT_BUFFER:
                return None
        return None

    def confined_to(self) -> tuple[int, int, int] | None:
        """Return process mask, system mask and group of `GetProcessAffinityMask`.

        The call gives 0 for a process with threads in several groups; such a process is not confined.
        """
        process, system = ctypes.c_size_t(0), ctypes.c_size_t(0)
        handle = ctypes.c_void_p(self._dll.GetCurrentProcess())
        done = self._dll.GetProcessAffinityMask(handle, ctypes.byref(process), ctypes.byref(system))
        if not done or not process.value:
            return None
        return process.value, system.value, self._group(handle)

    def _group(self, handle: ctypes.c_void_p) -> int:
        """Return the group that the process is in; 0 where the system cannot say: it then has only one
        group.
        """
        groups, count = (ctypes.c_uint16 * 64)(), ctypes.c_uint16(64)
        done = self._dll.GetProcessGroupAffinity(handle, ctypes.byref(count), groups)
        return groups[0] if done and count.value else 0

    def node_available(self, node: int) -> int | None:
        """Return the answer of `GetNumaAvailableMemoryNodeEx`."""
        size = ctypes.c_uint64(0)
        done = self._dll.GetNumaAvailableMemoryNodeEx(ctypes.c_uint16(node), ctypes.byref(size))
        return size.value if done else None

    def memory_status(self) -> bytes | None:
        """Return the answer of `GlobalMemoryStatusEx`."""
        buffer = ctypes.create_string_buffer(windows.MEMORY_STATUS_BYTES)
        ctypes.c_uint32.from_buffer(buffer).value = windows.MEMORY_STATUS_BYTES
        return buffer.raw if self._dll.GlobalMemoryStatusEx(buffer) else None

    def session(self) -> int | None:
        """Return the answer of `ProcessIdToSessionId`."""
        number = ctypes.c_uint32(0)
        done = self._dll.ProcessIdToSessionId(self._dll.GetCurrentProcessId(), ctypes.byref(number))
        return number.value if done else None

    def job_limits(self) -> bytes | None:
        """Return the limits of the job that this process is in: `QueryInformationJobObject` without a
        handle.
        """
        buffer = ctypes.create_string_buffer(JOB_LIMITS_BYTES)
        done = self._dll.QueryInformationJobObject(
            None, ctypes.c_int(_JOB_EXTENDED_LIMITS), buffer, ctypes.c_uint32(JOB_LIMITS_BYTES), None
        )
        return buffer.raw if done else None
