"""The calls that reach kernel32, byte for byte, and the reaction to each refusal. Runs on every system.

The stand-in for kernel32 records every call in order and refuses what a test tells it to, as the Windows
versions do: 5 (access denied: an outer job forbids nesting), 87 (invalid parameter: Windows 7, or a group
that is not there), 120 (not implemented: Wine, stripped systems), a missing export (anything older than the
function).
"""

# ruff: noqa: N802 - the stand-in's answers are named after the functions that they are for

from __future__ import annotations

import asyncio
import ctypes
import struct
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stmpo.machine.model import Cpu
from stmpo.processes import stop
from stmpo.processes.protocol import Pinning, SpawnRequest
from stmpo.processes.windows import types
from stmpo.processes.windows.api import SIGNATURES, Win32, Win32Error
from stmpo.processes.windows.tree import Launch, WindowsSystem

if TYPE_CHECKING:
    from collections.abc import Callable

SUSPENDED_IN_GROUP = 0x00000204
BREAKAWAY = 0x01000000
NO_WINDOW = 0x08000000
OUTPUT = 99
MISSING = "missing"


class Kernel32:
    """Records calls. `refuse` maps a function, or function and information class, to an error number or
    `MISSING`.
    """

    def __init__(self, refuse: dict[str, Any] | None = None, process_group: int = 0, groups: int = 1) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.refuse = refuse or {}
        self.error = 0
        self.jobs = 0
        self.job_groups = b""
        self.mask = 0
        self.cpu_sets = b""
        self.process_group = process_group
        self.groups = groups
        self.active = 0
        self.ended = threading.Event()

    def __getattr__(self, name: str) -> Callable[..., int]:
        if name not in SIGNATURES or self.refuse.get(name) == MISSING:
            raise AttributeError(name)
        action = getattr(type(self), f"do_{name}", None)

        def call(*arguments: Any) -> int:
            plain = [self.plain(argument) for argument in arguments]
            self.calls.append((name, *plain))
            self.error = self.refusal(f"{name} {plain[1]}" if "InformationJobObject" in name else name)
            if self.error:
                return 0
            return action(self, *arguments) if action else 1

        return call

    def refusal(self, name: str) -> int:
        error = self.refuse.get(name, 0)
        if isinstance(error, list):
            return error.pop(0) if error else 0
        assert isinstance(error, int)
        return error

    @staticmethod
    def plain(argument: Any) -> Any:
        target = getattr(argument, "_obj", None)
        return argument if target is None else bytes(target)

    def do_CreateJobObjectW(self, *_: Any) -> int:
        self.jobs += 1
        return 1000 + self.jobs

    def do_SetInformationJobObject(self, job: int, kind: int, data: Any, size: int) -> int:
        if kind == types.JOB_GROUPS_EX:
            self.job_groups = bytes(data._obj)[:size]
        return 1

    def do_QueryInformationJobObject(self, job: int, kind: int, data: Any, size: int, used: Any) -> int:
        if kind == types.JOB_GROUPS_EX:
            ctypes.memmove(data._obj, self.job_groups, len(self.job_groups))
            used._obj.value = len(self.job_groups)
        if kind == types.JOB_BASIC_ACCOUNTING:
            data._obj.active_processes = self.active
            data._obj.total_user_time, data._obj.total_kernel_time = 30_000_000, 5_000_000
        if kind == types.JOB_BASIC_AND_IO_ACCOUNTING:
            data._obj.io.read_bytes, data._obj.io.write_bytes = 1000, 24
        return 1

    def do_GetProcessGroupAffinity(self, process: int, count: Any, groups: Any) -> int:
        count._obj.value = 1
        groups._obj[0] = self.process_group
        return 1

    def do_GetActiveProcessorGroupCount(self) -> int:
        return self.groups

    def do_SetProcessAffinityMask(self, process: int, mask: int) -> int:
        self.mask = mask
        return 1

    def do_GetProcessAffinityMask(self, process: int, mask: Any, system: Any) -> int:
        mask._obj.value = self.mask
        return 1

    def do_SetProcessDefaultCpuSetMasks(self, process: int, data: Any, count: int) -> int:
        self.cpu_sets = bytes(data._obj)
        assert len(self.cpu_sets) == count * 16
        return 1

    def do_GetProcessDefaultCpuSetMasks(self, process: int, data: Any, room: int, count: Any) -> int:
        ctypes.memmove(data._obj, self.cpu_sets, len(self.cpu_sets))
        count._obj.value = len(self.cpu_sets) // 16
        return 1

    def do_GetExitCodeProcess(self, process: int, code: Any) -> int:
        code._obj.value = 0xC000013A
        return 1

    def do_WaitForSingleObject(self, *_: Any) -> int:
        self.ended.wait(20)
        return 1

    def do_TerminateJobObject(self, *_: Any) -> int:
        self.active = 0
        self.ended.set()
        return 1


class FakeLaunchCalls:
    """Stand-in for CreateProcess. It returns handles 11 and 12, 21 and 22, …."""

    def __init__(self, kernel: Kernel32, failures: dict[int, OSError] | None = None) -> None:
        self.kernel = kernel
        self.failures = failures or {}
        self.created = 0

    def create(self, request: SpawnRequest, output: int, flags: int) -> tuple[int, int, int]:
        self.kernel.calls.append(("CreateProcess", flags))
        if flags in self.failures:
            raise self.failures[flags]
        self.created += 10
        return self.created + 1, self.created + 2, 4000 + self.created

    async def output_pipe(self) -> tuple[asyncio.StreamReader, asyncio.ReadTransport, int]:
        reader = asyncio.StreamReader()
        reader.feed_data(b"hello")
        reader.feed_eof()
        return reader, asyncio.ReadTransport(), OUTPUT


def cpus(group: int, *indexes: int) -> tuple[Cpu, ...]:
    """CPUs of one processor group."""
    return tuple(Cpu(64 * group + index, index, 0, group, group, group, index) for index in indexes)


def request(wanted: tuple[Cpu, ...] = ()) -> SpawnRequest:
    """A request with these CPUs."""
    return SpawnRequest(["aerender.exe"], {}, Path(), "00", wanted)


def launched(kernel: Kernel32, wanted: tuple[Cpu, ...] = (), calls: FakeLaunchCalls | None = None) -> Launch:
    """Start a renderer on this kernel32."""
    launch = Launch(Win32(kernel, lambda: kernel.error), calls or FakeLaunchCalls(kernel), request(wanted))
    launch.run(OUTPUT)
    return launch


def names(kernel: Kernel32) -> list[str]:
    """The functions called, in order."""
    return [call[0] for call in kernel.calls]


def group_bytes(*pairs: tuple[int, int]) -> bytes:
    """An array of GROUP_AFFINITY, written out: mask (8 bytes), group (2), reserved (6)."""
    return b"".join(struct.pack("<QH6x", mask, group) for group, mask in pairs)


EIGHT = tuple(range(8, 16))
LAYOUTS = {
    "one group": (cpus(0, *EIGHT), [(0, 0xFF00)], "group 0 CPUs 8-15"),
    "second of two groups": (cpus(1, *EIGHT), [(1, 0xFF00)], "group 1 CPUs 8-15"),
    "across two groups": (
        cpus(1, 0) + cpus(0, 63),
        [(0, 1 << 63), (1, 1)],
        "group 0 CPUs 63, group 1 CPUs 0",
    ),
    "last of four groups": (cpus(3, *range(64)), [(3, 2**64 - 1)], "group 3 CPUs 0-63"),
    "all four groups": (
        cpus(2, 0) + cpus(0, 0) + cpus(3, 5, 7) + cpus(1, 0),
        [(0, 1), (1, 1), (2, 1), (3, 0b10100000)],
        "group 0 CPUs 0, group 1 CPUs 0, group 2 CPUs 0, group 3 CPUs 5,7",
    ),
}
layouts = pytest.mark.parametrize(("wanted", "pairs", "words"), LAYOUTS.values(), ids=LAYOUTS)


class TestLayout:
    """Sizes and offsets as winnt.h has them on 64-bit Windows."""

    @pytest.mark.parametrize(
        ("structure", "size"),
        [
            (types.GroupAffinity, 16),
            (types.BasicLimits, 64),
            (types.IoCounters, 48),
            (types.ExtendedLimits, 144),
            (types.Accounting, 48),
            (types.AccountingAndIo, 96),
            (types.ProcessIds, 8),
        ],
    )
    def test_sizes(self, structure: type[ctypes.Structure], size: int) -> None:
        assert ctypes.sizeof(structure) == size

    def test_the_flags_stand_where_the_kernel_reads_them(self) -> None:
        assert types.BasicLimits.limit_flags.offset == 16
        assert types.Accounting.active_processes.offset == 40
        assert types.GroupAffinity.group.offset == 8


class TestStart:
    """Created suspended, assigned, resumed."""

    def test_the_order_without_pinning(self) -> None:
        kernel = Kernel32()
        launch = launched(kernel)
        limits = b"\0" * 16 + struct.pack("<I", 0x2400) + b"\0" * 124  # kill on close, no crash dialogs
        assert kernel.calls == [
            ("CreateJobObjectW", None, None),
            ("SetInformationJobObject", 1001, 9, limits, 144),
            ("CreateProcess", SUSPENDED_IN_GROUP),
            ("AssignProcessToJobObject", 1001, 11),
            ("ResumeThread", 12),
            ("CloseHandle", 12),
        ]
        assert launch.pinner.result() == Pinning("", "")
        assert launch.warnings == []

    @layouts
    def test_the_job_carries_the_cpus_before_the_process_enters_it(
        self, wanted: tuple[Cpu, ...], pairs: list[tuple[int, int]], words: str
    ) -> None:
        kernel = Kernel32()
        launch = launched(kernel, wanted)
        sent = group_bytes(*pairs)
        assert ("SetInformationJobObject", 1001, 14, sent, len(sent)) in kernel.calls
        order = names(kernel)
        assert order.index("CreateProcess") > order.index("QueryInformationJobObject")
        assert order[-4:] == ["CreateProcess", "AssignProcessToJobObject", "ResumeThread", "CloseHandle"]
        assert launch.pinner.result() == Pinning(words, f"{words}, by job")

    def test_a_system_that_grants_fewer_cpus_is_quoted(self) -> None:
        class Stingy(Kernel32):
            def do_SetInformationJobObject(self, job: int, kind: int, data: Any, size: int) -> int:
                self.job_groups = group_bytes((0, 0x0F00))
                return 1

        launch = launched(Stingy(), cpus(0, *EIGHT))
        assert launch.pinner.result() == Pinning(
            "group 0 CPUs 8-15", "group 0 CPUs 8-11, by job", "the system granted group 0 CPUs 8-11"
        )


class TestRefusedPinning:
    """After each refusal the next method is tried; after the last, there is one warning."""

    @layouts
    @pytest.mark.parametrize("error", [5, 87, 120])
    def test_a_job_that_takes_no_groups_is_followed_by_cpu_sets(
        self, wanted: tuple[Cpu, ...], pairs: list[tuple[int, int]], words: str, error: int
    ) -> None:
        kernel = Kernel32({"SetInformationJobObject 14": error})
        launch = launched(kernel, wanted)
        sent = group_bytes(*pairs)
        assert ("SetProcessDefaultCpuSetMasks", 11, sent, len(pairs)) in kernel.calls
        assert names(kernel)[-2:] == ["ResumeThread", "CloseHandle"]
        assert launch.pinner.result() == Pinning(words, f"{words}, by CPU sets")

    @pytest.mark.parametrize("refused", [5, 87, 120, MISSING])
    @pytest.mark.parametrize("group", [0, 1, 3])
    def test_without_cpu_sets_the_process_mask_is_used_inside_one_group(
        self, refused: Any, group: int
    ) -> None:
        refuse = {"SetInformationJobObject 14": 87, "SetProcessDefaultCpuSetMasks": refused}
        kernel = Kernel32(refuse, process_group=group, groups=4)
        launch = launched(kernel, cpus(group, *EIGHT))
        assert ("SetProcessAffinityMask", 11, 0xFF00) in kernel.calls
        words = f"group {group} CPUs 8-15"
        assert launch.pinner.result() == Pinning(words, f"{words}, by process mask")

    def test_a_mask_is_never_set_in_another_group_where_it_would_mean_other_cpus(self) -> None:
        refuse = {"SetInformationJobObject 14": 87, "SetProcessDefaultCpuSetMasks": MISSING}
        kernel = Kernel32(refuse, process_group=0, groups=2)
        launch = launched(kernel, cpus(1, *EIGHT))
        assert "SetProcessAffinityMask" not in names(kernel)
        assert "not in processor group 1" in (launch.pinner.result().refused or "")

    def test_a_mask_is_never_set_for_cpus_of_two_groups(self) -> None:
        refuse = {"SetInformationJobObject 14": 87, "SetProcessDefaultCpuSetMasks": MISSING}
        kernel = Kernel32(refuse, groups=2)
        launch = launched(kernel, cpus(0, 0) + cpus(1, 0))
        assert "SetProcessAffinityMask" not in names(kernel)
        assert "cannot span" in (launch.pinner.result().refused or "")

    @pytest.mark.parametrize(("groups", "pinned"), [(1, True), (2, False)])
    def test_where_the_group_of_a_process_is_not_told_one_group_is_enough_to_know(
        self, groups: int, pinned: bool
    ) -> None:
        refuse = {
            "SetInformationJobObject 14": 87,
            "SetProcessDefaultCpuSetMasks": MISSING,
            "GetProcessGroupAffinity": 120,
        }
        kernel = Kernel32(refuse, groups=groups)
        launched(kernel, cpus(0, *EIGHT))
        assert ("SetProcessAffinityMask" in names(kernel)) == pinned

    @pytest.mark.parametrize("error", [5, 87, 120, MISSING])
    def test_all_refused_is_one_warning_with_every_reason_and_the_renderer_runs(self, error: Any) -> None:
        number = 127 if error == MISSING else error
        refuse = {
            "SetInformationJobObject 14": 87,
            "SetProcessDefaultCpuSetMasks": error,
            "SetProcessAffinityMask": error,
        }
        kernel = Kernel32(refuse)
        result = launched(kernel, cpus(0, *EIGHT)).pinner.result()
        assert result.obtained == ""
        assert result.refused == (
            f"SetInformationJobObject: error 87; SetProcessDefaultCpuSetMasks: error {number}; "
            f"SetProcessAffinityMask: error {number}"
        )
        assert names(kernel)[-2:] == ["ResumeThread", "CloseHandle"]

    def test_descendants_are_given_their_cpu_sets_once_because_they_inherit_none(self) -> None:
        kernel = Kernel32({"SetInformationJobObject 14": 87})
        launch = launched(kernel, cpus(1, 0))
        kernel.calls.clear()
        launch.pinner.pin_descendants([launch.pid, 7, 8])
        launch.pinner.pin_descendants([launch.pid, 7, 8])
        assert [call for call in kernel.calls if call[0] == "OpenProcess"] == [
            ("OpenProcess", 0x2000, 0, 7),
            ("OpenProcess", 0x2000, 0, 8),
        ]
        assert names(kernel).count("SetProcessDefaultCpuSetMasks") == names(kernel).count("CloseHandle") == 2

    def test_descendants_of_a_pinned_job_are_left_alone(self) -> None:
        kernel = Kernel32()
        launch = launched(kernel, cpus(1, 0))
        kernel.calls.clear()
        launch.pinner.pin_descendants([7])
        assert kernel.calls == []


class TestRefusedJob:
    """A process that cannot be put into the job."""

    def test_a_job_whose_cpus_the_process_cannot_be_moved_to_is_replaced_by_one_without(self) -> None:
        kernel = Kernel32({"AssignProcessToJobObject": [87]})
        launch = launched(kernel, cpus(1, *EIGHT))
        assert names(kernel) == [
            "CreateJobObjectW",
            "SetInformationJobObject",
            "SetInformationJobObject",
            "QueryInformationJobObject",
            "CreateProcess",
            "AssignProcessToJobObject",
            "CloseHandle",
            "CreateJobObjectW",
            "SetInformationJobObject",
            "AssignProcessToJobObject",
            "SetProcessDefaultCpuSetMasks",
            "GetProcessDefaultCpuSetMasks",
            "ResumeThread",
            "CloseHandle",
        ]
        assert launch.pinner.result() == Pinning("group 1 CPUs 8-15", "group 1 CPUs 8-15, by CPU sets")
        assert launch.warnings == []

    def test_an_outer_job_that_forbids_nesting_is_left_if_it_allows_that(self) -> None:
        kernel = Kernel32({"AssignProcessToJobObject": [5]})
        launch = launched(kernel)
        assert kernel.calls[3:] == [
            ("AssignProcessToJobObject", 1001, 11),
            ("CreateProcess", SUSPENDED_IN_GROUP | BREAKAWAY),
            ("TerminateProcess", 11, 1),
            ("CloseHandle", 11),
            ("CloseHandle", 12),
            ("AssignProcessToJobObject", 1001, 21),
            ("ResumeThread", 22),
            ("CloseHandle", 22),
        ]
        assert (launch.pid, launch.process, launch.warnings) == (4020, 21, [])

    def test_one_that_allows_neither_means_no_job_and_one_warning(self) -> None:
        kernel = Kernel32({"AssignProcessToJobObject": 5})
        calls = FakeLaunchCalls(
            kernel, {SUSPENDED_IN_GROUP | BREAKAWAY: PermissionError(13, "Access is denied")}
        )
        launch = launched(kernel, (), calls)
        assert names(kernel)[-4:] == ["CreateProcess", "CloseHandle", "ResumeThread", "CloseHandle"]
        assert kernel.calls[-3:-1] == [("CloseHandle", 1001), ("ResumeThread", 12)]
        assert launch.job is None
        assert len(launch.warnings) == 1
        assert "AssignProcessToJobObject: error 5" in launch.warnings[0]

    @pytest.mark.parametrize("refused", ["CreateJobObjectW", "SetInformationJobObject 9"])
    def test_without_any_job_the_renderer_runs_and_pins_by_the_other_ways(self, refused: str) -> None:
        kernel = Kernel32({refused: 120})
        launch = launched(kernel, cpus(0, *EIGHT))
        assert launch.job is None
        assert "AssignProcessToJobObject" not in names(kernel)
        assert names(kernel)[-2:] == ["ResumeThread", "CloseHandle"]
        assert launch.pinner.result().obtained == "group 0 CPUs 8-15, by CPU sets"

    def test_when_a_second_job_cannot_be_made_the_renderer_runs_without(self) -> None:
        kernel = Kernel32({"AssignProcessToJobObject": [87], "CreateJobObjectW": [0, 8]})
        launch = launched(kernel, cpus(0, 0))
        assert launch.job is None
        assert "CreateJobObjectW: error 8" in launch.warnings[0]
        assert names(kernel)[-2:] == ["ResumeThread", "CloseHandle"]


class TestNothingStaysSuspended:
    """A process that will not be resumed is ended, and every handle given back."""

    def test_when_it_cannot_be_resumed(self) -> None:
        kernel = Kernel32({"ResumeThread": 5})
        with pytest.raises(Win32Error, match="ResumeThread: error 5"):
            launched(kernel)
        assert kernel.calls[-4:] == [
            ("TerminateProcess", 11, 1),
            ("CloseHandle", 12),
            ("CloseHandle", 11),
            ("CloseHandle", 1001),
        ]

    def test_when_there_is_no_such_program_the_job_is_given_back(self) -> None:
        kernel = Kernel32()
        calls = FakeLaunchCalls(kernel, {SUSPENDED_IN_GROUP: FileNotFoundError(2, "not found")})
        with pytest.raises(FileNotFoundError):
            launched(kernel, (), calls)
        assert kernel.calls[-1] == ("CloseHandle", 1001)

    def test_every_handle_is_given_back_once(self) -> None:
        for refuse in ({}, {"AssignProcessToJobObject": [87]}, {"AssignProcessToJobObject": [5]}):
            kernel = Kernel32(dict(refuse))
            launch = launched(kernel, cpus(0, 0))
            closed = [call[1] for call in kernel.calls if call[0] == "CloseHandle"]
            assert len(closed) == len(set(closed))
            assert launch.process not in closed


class TestTree:
    """The tree over its job."""

    @staticmethod
    async def spawn(kernel: Kernel32) -> Any:
        system = WindowsSystem(Win32(kernel, lambda: kernel.error), FakeLaunchCalls(kernel))
        kernel.active = 2
        return await system.spawn(request())

    def test_it_is_asked_by_ctrl_break_to_its_own_group_then_its_job_is_ended(self) -> None:
        kernel = Kernel32()

        async def scenario() -> None:
            tree = await self.spawn(kernel)
            assert await tree.read() == b"hello"
            assert await tree.read() == b""
            assert await stop([tree], 0.05) == []
            assert await tree.wait() == 0xC000013A

        asyncio.run(scenario())
        assert kernel.calls.index(("GenerateConsoleCtrlEvent", 1, 4010)) < kernel.calls.index(
            ("TerminateJobObject", 1001, 1)
        )
        assert ("CloseHandle", OUTPUT) in kernel.calls

    def test_without_a_console_it_is_killed_without_waiting_out_the_grace(self) -> None:
        kernel = Kernel32({"GenerateConsoleCtrlEvent": 6})

        async def scenario() -> None:
            tree = await self.spawn(kernel)
            await asyncio.wait_for(stop([tree], 600), 20)

        asyncio.run(scenario())
        assert names(kernel).count("TerminateJobObject") == 1

    @pytest.mark.parametrize(
        ("attached", "flags"), [(3, SUSPENDED_IN_GROUP), (0, SUSPENDED_IN_GROUP | NO_WINDOW)]
    )
    def test_no_window_opens_where_there_is_no_console_to_share(self, attached: int, flags: int) -> None:
        class Here(Kernel32):
            def do_GetConsoleProcessList(self, buffer: Any, room: int) -> int:
                return attached

        kernel = Here()

        async def scenario() -> None:
            await stop([await self.spawn(kernel)], 0)

        asyncio.run(scenario())
        assert ("CreateProcess", flags) in kernel.calls

    def test_times_and_bytes_are_the_jobs(self) -> None:
        kernel = Kernel32()

        async def scenario() -> None:
            tree = await self.spawn(kernel)
            sample = tree.sample()
            assert (sample.cpu_seconds, sample.io_bytes) == (3.5, 1024)
            await stop([tree], 0)

        asyncio.run(scenario())

    def test_a_program_that_is_not_there_is_named(self) -> None:
        kernel = Kernel32()
        calls = FakeLaunchCalls(kernel, {SUSPENDED_IN_GROUP: FileNotFoundError(2, "File not found")})
        calls.output_pipe = Quiet(calls).output_pipe  # type: ignore[method-assign]
        system = WindowsSystem(Win32(kernel, lambda: kernel.error), calls)
        with pytest.raises(FileNotFoundError) as caught:
            asyncio.run(system.spawn(request()))
        assert caught.value.filename == "aerender.exe"
        assert kernel.calls[-1] == ("CloseHandle", OUTPUT)


class Quiet(FakeLaunchCalls):
    """Its pipe's transport can be closed."""

    def __init__(self, other: FakeLaunchCalls) -> None:
        super().__init__(other.kernel)

    async def output_pipe(self) -> tuple[asyncio.StreamReader, asyncio.ReadTransport, int]:
        class Transport(asyncio.ReadTransport):
            def close(self) -> None: ...

        return asyncio.StreamReader(), Transport(), OUTPUT


def test_the_process_list_grows_until_all_fit() -> None:
    """More processes than the first buffer has room for."""
    many = list(range(1, 201))

    class Crowded(Kernel32):
        def do_QueryInformationJobObject(self, job: int, kind: int, data: Any, size: int, used: Any) -> int:
            room = size // 8 - 1
            listed = many[:room]
            packed = struct.pack(f"<II{len(listed)}Q", len(many), len(listed), *listed)
            ctypes.memmove(data._obj, packed, len(packed))
            self.error = 0 if room >= len(many) else types.ERROR_MORE_DATA
            return int(room >= len(many))

    kernel = Crowded()
    assert Win32(kernel, lambda: kernel.error).job_process_ids(1) == many
