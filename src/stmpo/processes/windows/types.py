"""The Win32 structures and numbers used here, in the layout of winnt.h (Windows SDK) on 64-bit systems.

All types have fixed widths, so that the layout is the same on every system and can be tested there.
"""

from __future__ import annotations

from ctypes import Structure, c_uint16, c_uint32, c_uint64

JOB_BASIC_ACCOUNTING = 1
JOB_PROCESS_IDS = 3
JOB_BASIC_AND_IO_ACCOUNTING = 8
JOB_EXTENDED_LIMITS = 9
JOB_GROUPS_EX = 14
"""JOBOBJECTINFOCLASS."""

LIMIT_DIE_ON_UNHANDLED_EXCEPTION = 0x0400
"""No crash dialog: nobody would close it, and the renderer would hang on it."""

LIMIT_KILL_ON_JOB_CLOSE = 0x2000
"""The kernel ends the tree when the last handle to the job closes, however the orchestrator ended."""

CREATE_SUSPENDED = 0x00000004
CREATE_NEW_PROCESS_GROUP = 0x00000200
CREATE_NO_WINDOW = 0x08000000
CREATE_BREAKAWAY_FROM_JOB = 0x01000000
CTRL_BREAK_EVENT = 1
WAIT_FOREVER = 0xFFFFFFFF

ERROR_ACCESS_DENIED = 5
ERROR_PROC_NOT_FOUND = 127
ERROR_MORE_DATA = 234

FILETIME_TICKS = 10_000_000
"""Ticks per second of a job's times."""


class GroupAffinity(Structure):
    """GROUP_AFFINITY: logical CPUs of one processor group."""

    _fields_ = (("mask", c_uint64), ("group", c_uint16), ("reserved", c_uint16 * 3))


class BasicLimits(Structure):
    """JOBOBJECT_BASIC_LIMIT_INFORMATION."""

    _fields_ = (
        ("per_process_user_time_limit", c_uint64),
        ("per_job_user_time_limit", c_uint64),
        ("limit_flags", c_uint32),
        ("minimum_working_set_size", c_uint64),
        ("maximum_working_set_size", c_uint64),
        ("active_process_limit", c_uint32),
        ("affinity", c_uint64),
        ("priority_class", c_uint32),
        ("scheduling_class", c_uint32),
    )


class IoCounters(Structure):
    """IO_COUNTERS: operations, then bytes."""

    _fields_ = (
        ("read_operations", c_uint64),
        ("write_operations", c_uint64),
        ("other_operations", c_uint64),
        ("read_bytes", c_uint64),
        ("write_bytes", c_uint64),
        ("other_bytes", c_uint64),
    )


class ExtendedLimits(Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

    _fields_ = (
        ("basic", BasicLimits),
        ("io", IoCounters),
        ("process_memory_limit", c_uint64),
        ("job_memory_limit", c_uint64),
        ("peak_process_memory_used", c_uint64),
        ("peak_job_memory_used", c_uint64),
    )


class Accounting(Structure):
    """JOBOBJECT_BASIC_ACCOUNTING_INFORMATION. Times are in ticks of 100 ns and include ended processes."""

    _fields_ = (
        ("total_user_time", c_uint64),
        ("total_kernel_time", c_uint64),
        ("period_user_time", c_uint64),
        ("period_kernel_time", c_uint64),
        ("total_page_faults", c_uint32),
        ("total_processes", c_uint32),
        ("active_processes", c_uint32),
        ("terminated_processes", c_uint32),
    )


class AccountingAndIo(Structure):
    """JOBOBJECT_BASIC_AND_IO_ACCOUNTING_INFORMATION."""

    _fields_ = (("basic", Accounting), ("io", IoCounters))


class ProcessIds(Structure):
    """Head of JOBOBJECT_BASIC_PROCESS_ID_LIST; the process ids, 8 bytes each, follow it."""

    _fields_ = (("assigned", c_uint32), ("listed", c_uint32))
