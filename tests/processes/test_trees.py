"""Process trees on Linux, with Linux's kernel calls and with those of macOS; all with real processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

if sys.platform != "linux":
    pytest.skip("tries trees as Linux and macOS have them, on Linux", allow_module_level=True)

from stmpo.machine.model import Cpu
from stmpo.processes import protocol, stop
from stmpo.processes.forkserver.linux import LinuxKernel
from stmpo.processes.forkserver.portable import PortableKernel
from stmpo.processes.posix.linux import ProcTable
from stmpo.processes.posix.macos import PsutilTable
from stmpo.processes.posix.tree import PosixSystem, PosixTree

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.processes.conftest import Bench

    Run = Callable[[Coroutine[object, object, None]], None]

STANDARD_SIGNALS = 0x7FFFFFFF
"""Signals 1 to 31 in a mask of /proc: 32 and 33 are the C library's own, and some parents leave them ignored.
"""

THREE_LEVELS = "sh -c 'sh -c \"sleep 300 & wait\" & wait' & wait"
SYSTEMS = {
    "linux": lambda: PosixSystem(LinuxKernel(), ProcTable()),
    "linux without namespace": lambda: PosixSystem(LinuxKernel(namespace=False), ProcTable()),
    "portable": lambda: PosixSystem(PortableKernel(), PsutilTable()),
}
ESCAPES = {
    "three levels": "sh -c 'sh -c \"sleep 300 & wait\" & wait' & wait",
    "ignores SIGTERM": "trap '' TERM; sh -c 'trap \"\" TERM; while :; do sleep 300; done' & wait",
    "own session": "setsid sh -c 'trap \"\" TERM; sleep 300; :' & wait",
    "double fork": "(sh -c 'trap \"\" TERM; sleep 300; :' &) ; sleep 300",
    "suspended": "sleep 300 & kill -STOP $!; wait",
    "ends at once, leaves one": "sleep 300 >/dev/null 2>&1 &",
    "forks on while it is killed": "trap '' TERM; while :; do sleep 300 & sleep 0.01; done",
}
LINUX_ESCAPES = {
    "daemon": 'setsid sh -c \'(setsid sh -c "trap \\"\\" TERM; sleep 300; :" &)\' ; sleep 300',
    "daemon without environment": "setsid env -i sh -c '(setsid sh -c \"sleep 300; :\" &)'; sleep 300",
}


@pytest.fixture(params=SYSTEMS)
def system(request: pytest.FixtureRequest) -> PosixSystem:
    """Each of the implementations."""
    return SYSTEMS[request.param]()


@pytest.fixture(params=["linux", "linux without namespace"])
def linux(request: pytest.FixtureRequest) -> PosixSystem:
    """The implementations for Linux. The first is the second where no namespace may be made."""
    return SYSTEMS[request.param]()


def guard_of(system: PosixSystem) -> int:
    """Process id of the fork server's parent."""
    assert system._fork_server.pid is not None
    return system._fork_server.pid


def server_of(system: PosixSystem) -> int:
    """Process id of the fork server."""
    guard = guard_of(system)
    return int(Path(f"/proc/{guard}/task/{guard}/children").read_text())


class TestOutput:
    """Standard output and error."""

    def test_both_streams_come_through_one_pipe_and_end(
        self, system: PosixSystem, bench: Bench, run: Run
    ) -> None:
        async def scenario() -> None:
            with system.containment():
                tree = await system.spawn(bench.shell("echo out; echo err >&2; exit 3"))
                assert await bench.output(tree) == b"out\nerr\n"
                assert await tree.wait() == 3
                await tree.wait_until_gone()
                tree.close()

        run(scenario())

    def test_more_than_a_pipe_holds_arrives_whole_and_unchanged(
        self, linux: PosixSystem, bench: Bench, run: Run
    ) -> None:
        async def scenario() -> None:
            with linux.containment():
                script = "import os; [os.write(1, bytes([n]) * 100_000) for n in range(30)]"
                tree = await linux.spawn(bench.python(script))
                assert await bench.output(tree) == b"".join(bytes([n]) * 100_000 for n in range(30))
                tree.close()

        run(scenario())

    def test_a_survivor_that_holds_the_pipe_open_does_not_keep_the_output_from_ending(
        self, linux: PosixSystem, bench: Bench, run: Run
    ) -> None:
        async def scenario() -> None:
            with linux.containment():
                tree = await linux.spawn(bench.shell("echo last words; sleep 300 & exit 0"))
                assert await bench.output(tree) == b"last words\n"
                assert [process.name for process in tree.processes()] == ["sleep"]
                assert await stop([tree], 0) == []
                tree.close()

        run(scenario())

    def test_a_survivor_that_keeps_talking_does_not_either(
        self, linux: PosixSystem, bench: Bench, run: Run
    ) -> None:
        async def scenario() -> None:
            with linux.containment():
                tree = await linux.spawn(
                    bench.shell("while :; do echo still here; sleep 0.01; done & exit 0")
                )
                assert b"still here" in await bench.output(tree)
                await stop([tree], 0)
                tree.close()

        run(scenario())

    def test_standard_input_is_empty(self, linux: PosixSystem, bench: Bench, run: Run) -> None:
        async def scenario() -> None:
            with linux.containment():
                tree = await linux.spawn(bench.shell("cat; echo end"))
                assert await bench.output(tree) == b"end\n"
                tree.close()

        run(scenario())


class TestStart:
    """The input of the child, and the error of a failed start."""

    def test_arguments_environment_and_folder_arrive_byte_for_byte(
        self, linux: PosixSystem, bench: Bench, run: Run
    ) -> None:
        odd = os.fsdecode(b"\xff $(exit) \xc3\xa9 'quoted\" \n")
        folder = bench.folder / os.fsdecode(b"\xfe")
        folder.mkdir()

        async def scenario() -> None:
            with linux.containment():
                script = 'printf "%s|%s|%s" "$1" "$ODD" "$PWD"'
                request = protocol.SpawnRequest(
                    ["/bin/sh", "-c", script, "sh", odd], {"ODD": odd}, folder, "00"
                )
                tree = await linux.spawn(request)
                wanted = b"|".join(os.fsencode(part) for part in (odd, odd, str(folder)))
                assert await bench.output(tree) == wanted
                tree.close()

        run(scenario())

    def test_the_child_has_no_signal_ignored_and_no_descriptor_but_the_three(
        self, linux: PosixSystem, bench: Bench, run: Run
    ) -> None:
        async def scenario() -> None:
            with linux.containment():
                tree = await linux.spawn(
                    bench.shell("grep SigIgn /proc/self/status; cd /proc/self/fd && echo *")
                )
                ignored, descriptors = (await bench.output(tree)).split(b"\n")[:2]
                assert int(ignored.split()[1], 16) & STANDARD_SIGNALS == 0
                assert descriptors.split()[:3] == [b"0", b"1", b"2"]
                assert len(descriptors.split()) <= 4  # the shell's own look at the folder
                tree.close()

        run(scenario())

    @pytest.mark.parametrize(
        ("argv", "folder", "error"),
        [
            (["/nowhere/aerender"], ".", FileNotFoundError(2, "", "/nowhere/aerender")),
            (["no-such-program-on-the-path"], ".", FileNotFoundError(2, "", "no-such-program-on-the-path")),
            (["/etc/passwd"], ".", PermissionError(13, "", "/etc/passwd")),
            (["/bin/true"], "gone", FileNotFoundError(2, "", "gone")),
        ],
        ids=["no file", "not on the path", "not executable", "no folder"],
    )
    def test_what_cannot_be_started_is_named(  # noqa: PLR0917 - a table's row
        self, linux: PosixSystem, bench: Bench, run: Run, argv: list[str], folder: str, error: OSError
    ) -> None:
        async def scenario() -> None:
            with linux.containment():
                request = protocol.SpawnRequest(argv, dict(os.environ), bench.folder / folder, "00")
                with pytest.raises(type(error)) as caught:
                    await linux.spawn(request)
                assert str(error.filename) in str(caught.value.filename)

        run(scenario())

    def test_after_a_failed_start_the_next_one_works(
        self, linux: PosixSystem, bench: Bench, run: Run
    ) -> None:
        async def scenario() -> None:
            with linux.containment():
                with pytest.raises(OSError, match="No such file"):
                    await linux.spawn(bench.request(["/nowhere"]))
                tree = await linux.spawn(bench.shell("exit 7"))
                assert await tree.wait() == 7
                tree.close()

        run(scenario())


class TestStop:
    """Nothing is left, even of trees that resist."""

    @pytest.mark.parametrize("script", ESCAPES.values(), ids=ESCAPES)
    def test_the_whole_tree_ends(self, system: PosixSystem, bench: Bench, run: Run, script: str) -> None:
        run(self.ends(system, bench, script))

    @pytest.mark.parametrize("script", LINUX_ESCAPES.values(), ids=LINUX_ESCAPES)
    def test_even_what_left_its_parent_and_its_session_ends_on_linux(
        self, linux: PosixSystem, bench: Bench, run: Run, script: str
    ) -> None:
        run(self.ends(linux, bench, script))

    async def ends(self, system: PosixSystem, bench: Bench, script: str) -> None:
        with system.containment():
            tree = await system.spawn(bench.shell(script))
            await bench.until(lambda: any("sleep" in command for command in bench.alive().values()))
            assert await stop([tree], 0.2) == []
            assert bench.alive() == {}
            assert tree.processes() == []
            tree.close()

    def test_a_tree_that_listens_ends_by_itself_and_says_how(
        self, linux: PosixSystem, bench: Bench, run: Run
    ) -> None:
        async def scenario() -> None:
            with linux.containment():
                tree = await linux.spawn(
                    bench.shell("trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.05; done")
                )
                assert await tree.read() == b"up\n"
                assert await stop([tree], 20) == []
                assert tree.returncode == 5
                assert (await bench.output(tree)).endswith(b"bye\n")  # the shell may say how its sleep ended
                tree.close()

        run(scenario())

    def test_all_trees_share_one_grace(self, linux: PosixSystem, bench: Bench, run: Run) -> None:
        async def scenario() -> None:
            with linux.containment():
                trees = [
                    await linux.spawn(bench.shell("trap '' TERM; echo up; sleep 300; :")) for _ in range(6)
                ]
                for tree in trees:
                    await tree.read()
                began = time.monotonic()
                assert await stop(trees, 1.0) == []
                assert time.monotonic() - began < 6.0  # one grace, not six
                assert {tree.returncode for tree in trees} == {-signal.SIGKILL}
                for tree in trees:
                    tree.close()

        run(scenario())

    def test_what_survives_sigkill_is_named(self, run: Run) -> None:
        class Unkillable:
            def kill(self) -> None: ...
            def processes(self) -> list[protocol.TreeProcess]:
                return [protocol.TreeProcess(4711, "AfterFX")]

            async def wait_until_gone(self) -> None:
                await asyncio.sleep(3600)

        async def scenario() -> None:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("stmpo.processes.stopping.KILL_TIMEOUT", 0.01)
                left = await stop([cast("protocol.ProcessTree", Unkillable())], 0)
            assert left == [protocol.TreeProcess(4711, "AfterFX")]

        run(scenario())

    def test_stopping_what_has_ended_does_nothing(self, system: PosixSystem, bench: Bench, run: Run) -> None:
        async def scenario() -> None:
            with system.containment():
                tree = await system.spawn(bench.shell("exit 0"))
                await tree.wait_until_gone()
                tree.request_stop()
                tree.kill()
                tree.suspend()
                tree.resume()
                assert await stop([tree], 5) == []
                tree.close()
                tree.close()

        run(scenario())

    def test_a_closed_tree_is_killed(self, linux: PosixSystem, bench: Bench, run: Run) -> None:
        async def scenario() -> None:
            with linux.containment():
                tree = await linux.spawn(bench.shell(THREE_LEVELS))
                tree.close()
                await bench.until(lambda: not bench.alive())

        run(scenario())

    def test_leaving_the_containment_ends_what_runs(
        self, system: PosixSystem, bench: Bench, run: Run
    ) -> None:
        async def scenario() -> None:
            with system.containment():
                tree = await system.spawn(bench.shell(THREE_LEVELS))
            assert bench.alive() == {}
            tree.close()

        run(scenario())


class TestSuspend:
    """Suspending a tree."""

    def test_a_suspended_tree_stands_still_until_it_is_resumed(
        self, system: PosixSystem, bench: Bench, run: Run
    ) -> None:
        async def scenario() -> None:
            with system.containment():
                tree = await system.spawn(bench.shell("sh -c 'while :; do echo on; sleep 0.01; done' & wait"))
                await tree.read()
                tree.suspend()
                stats = [Path(f"/proc/{process.pid}/stat") for process in tree.processes()]
                # Z: ended, and its stopped parent cannot reap it. D: its child was stopped before exec.
                await bench.until(
                    lambda: all(path.read_text().rpartition(")")[2][1] in "TZD" for path in stats)
                )
                assert stats[0].read_text().rpartition(")")[2][1] == "T"
                tree.resume()
                await bench.until(lambda: stats[0].read_text().rpartition(")")[2][1] != "T")
                await tree.read()
                await stop([tree], 0)
                tree.close()

        run(scenario())

    def test_a_suspended_tree_can_be_asked(self, linux: PosixSystem, bench: Bench, run: Run) -> None:
        async def scenario() -> None:
            with linux.containment():
                tree = await linux.spawn(
                    bench.shell("trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done")
                )
                await tree.read()
                tree.suspend()
                assert await stop([tree], 20) == []
                assert tree.returncode == 5
                tree.close()

        run(scenario())


class TestKilled:
    """`kill -9` of any process that contains a tree."""

    @pytest.mark.parametrize(
        "script", [*ESCAPES.values(), *LINUX_ESCAPES.values()], ids=[*ESCAPES, *LINUX_ESCAPES]
    )
    def test_a_killed_shim_leaves_nothing(
        self, linux: PosixSystem, bench: Bench, run: Run, script: str
    ) -> None:
        async def scenario() -> None:
            with linux.containment():
                tree = cast("PosixTree", await linux.spawn(bench.shell(script)))
                await bench.until(lambda: any("sleep" in command for command in bench.alive().values()))
                os.kill(tree.handle.shim, signal.SIGKILL)
                await asyncio.wait_for(tree.wait_until_gone(), 20)
                await bench.until(lambda: not bench.alive())
                assert await tree.wait() in (-signal.SIGKILL, 0)
                tree.close()

        run(scenario())

    @pytest.mark.parametrize("which", [server_of, guard_of])
    def test_a_killed_fork_server_takes_its_trees_along_and_the_next_spawn_starts_another(
        self, linux: PosixSystem, bench: Bench, run: Run, which: Callable[[PosixSystem], int]
    ) -> None:
        async def scenario() -> None:
            with linux.containment():
                trees = [await linux.spawn(bench.shell(script)) for script in ESCAPES.values()]
                os.kill(which(linux), signal.SIGKILL)
                for tree in trees:
                    await asyncio.wait_for(tree.wait_until_gone(), 20)
                assert bench.alive() == {}
                after = await linux.spawn(bench.shell("exit 4"))
                assert await after.wait() == 4
                for tree in [*trees, after]:
                    tree.close()

        run(scenario())

    @pytest.mark.parametrize("which", ["guard", "fork server", "shim"])
    def test_one_that_was_suspended_ends_its_trees_all_the_same(
        self, linux: PosixSystem, bench: Bench, run: Run, which: str
    ) -> None:
        async def scenario() -> None:
            with linux.containment():
                tree = cast("PosixTree", await linux.spawn(bench.shell(THREE_LEVELS)))
                pids = {
                    "guard": guard_of(linux),
                    "fork server": server_of(linux),
                    "shim": tree.handle.shim,
                }
                os.kill(pids[which], signal.SIGSTOP)
                if which == "shim":
                    assert await stop([tree], 0) == []
            await bench.until(lambda: not bench.alive())
            tree.close()

        run(scenario())

    def test_a_start_that_the_system_refuses_is_told_and_leaves_the_others_alone(
        self, linux: PosixSystem, bench: Bench, run: Run
    ) -> None:
        """A limit on processes: neither a shim nor a second renderer can be started while it holds."""
        cgroup = Path("/sys/fs/cgroup/pids") / f"stmpo-{os.getpid()}"
        try:
            cgroup.mkdir()
        except OSError:
            pytest.skip("needs control groups that limit processes, and the right to make one")

        async def scenario() -> None:
            with linux.containment():
                first = await linux.spawn(bench.shell("sleep 300"))
                (cgroup / "cgroup.procs").write_text(str(server_of(linux)))
                for limit in (1, 2):  # the shim's fork is refused, then that of its renderer
                    (cgroup / "pids.max").write_text(str(limit))
                    with pytest.raises(BlockingIOError):
                        await linux.spawn(bench.shell("exit 3"))
                    await bench.until(lambda: len((cgroup / "cgroup.procs").read_text().split()) == 1)
                (cgroup / "pids.max").write_text("max")
                third = await linux.spawn(bench.shell("exit 4"))
                assert await third.wait() == 4
                assert first.returncode is None
                for tree in (first, third):
                    tree.close()
            await bench.until(lambda: not (cgroup / "cgroup.procs").read_text())

        try:
            run(scenario())
        finally:
            cgroup.rmdir()

    def test_a_shim_that_its_renderer_stops_goes_on(self, linux: PosixSystem, bench: Bench, run: Run) -> None:
        async def scenario() -> None:
            with linux.containment():
                tree = await linux.spawn(bench.shell("kill -STOP $PPID; echo done; exit 3"))
                assert await asyncio.wait_for(tree.wait(), 20) == 3
                await asyncio.wait_for(tree.wait_until_gone(), 20)
                tree.close()

        run(scenario())

    def test_fork_server_and_shim_killed_together_leave_nothing(
        self, linux: PosixSystem, bench: Bench, run: Run
    ) -> None:
        async def scenario() -> None:
            with linux.containment():
                tree = cast("PosixTree", await linux.spawn(bench.shell(ESCAPES["own session"])))
                await bench.until(lambda: any("sleep" in command for command in bench.alive().values()))
                os.kill(server_of(linux), signal.SIGKILL)
                with contextlib.suppress(ProcessLookupError):  # it may have ended with the server already
                    os.kill(tree.handle.shim, signal.SIGKILL)
                await asyncio.wait_for(tree.wait_until_gone(), 20)
                assert bench.alive() == {}
                tree.close()

        run(scenario())

    def test_a_killed_launcher_is_reported_and_the_rest_can_be_stopped(
        self, system: PosixSystem, bench: Bench, run: Run
    ) -> None:
        async def scenario() -> None:
            with system.containment():
                tree = await system.spawn(bench.shell("sleep 300 & sleep 300; :"))
                await bench.until(lambda: len(tree.processes()) == 3)
                os.kill(tree.pid, signal.SIGKILL)
                assert await tree.wait() == -signal.SIGKILL
                await bench.until(lambda: len(tree.processes()) == 2)
                assert await stop([tree], 0.2) == []
                assert bench.alive() == {}
                tree.close()

        run(scenario())


class TestSample:
    """CPU time, memory and input/output of the whole tree."""

    def test_grandchildren_count_and_so_do_those_that_have_ended(
        self, linux: PosixSystem, bench: Bench, run: Run
    ) -> None:
        burn = "import time\nwhile time.process_time() < 0.3: pass\nheld = b'x' * 30_000_000\n"
        script = (
            "import subprocess, sys, time\n"
            f"burn = {burn!r}\n"
            "subprocess.run([sys.executable, '-c', burn], check=True)\n"
            "subprocess.Popen([sys.executable, '-c', burn + 'print(0, flush=True); time.sleep(300)'])\n"
            "time.sleep(300)\n"
        )

        async def scenario() -> None:
            with linux.containment():
                tree = await linux.spawn(bench.python(script))
                await tree.read()
                sample = tree.sample()
                assert sample.processes == 2
                assert sample.cpu_seconds >= 0.6
                assert 30_000_000 <= sample.memory_bytes < 200_000_000
                assert sample.io_bytes > 1000
                await stop([tree], 0)
                after = tree.sample()
                assert (after.processes, after.memory_bytes) == (0, 0)
                assert after.cpu_seconds >= sample.cpu_seconds
                assert after.io_bytes >= sample.io_bytes
                assert linux.sample_all([tree]) == [after]
                tree.close()

        run(scenario())

    def test_one_look_measures_many_trees_in_their_order(
        self, system: PosixSystem, bench: Bench, run: Run
    ) -> None:
        async def scenario() -> None:
            with system.containment():
                scripts = ["sleep 300; :", "exit 0", THREE_LEVELS]
                trees = [await system.spawn(bench.shell(script)) for script in scripts]
                await trees[1].wait_until_gone()
                await bench.until(lambda: [s.processes for s in system.sample_all(trees)] == [2, 0, 4])
                assert await stop(trees, 1) == []
                for tree in trees:
                    tree.close()

        run(scenario())


class TestPinning:
    """CPUs asked for, obtained and inherited."""

    CPU = Cpu(max(os.sched_getaffinity(0)), 0, 0, 0, 0)

    def test_it_holds_for_grandchildren_and_is_read_back(
        self, linux: PosixSystem, bench: Bench, run: Run
    ) -> None:
        async def scenario() -> None:
            with linux.containment():
                script = "sh -c 'setsid sh -c \"grep Cpus_allowed_list /proc/self/status\" & wait' & wait"
                tree = await linux.spawn(bench.shell(script, [self.CPU]))
                assert (await bench.output(tree)).split()[-1] == str(self.CPU.id).encode()
                assert tree.pinning.asked == f"CPUs {self.CPU.id}, memory of node 0"
                assert tree.pinning.obtained.startswith(f"CPUs {self.CPU.id}")
                tree.close()

        run(scenario())

    def test_without_cpus_nothing_is_asked_for(self, linux: PosixSystem, bench: Bench, run: Run) -> None:
        async def scenario() -> None:
            with linux.containment():
                tree = await linux.spawn(bench.shell("grep Cpus_allowed_list /proc/self/status"))
                assert tree.pinning == protocol.Pinning("", "")
                await bench.output(tree)
                tree.close()

        run(scenario())

    def test_a_cpu_that_does_not_exist_is_refused_in_words_and_the_renderer_runs(
        self, linux: PosixSystem, bench: Bench, run: Run
    ) -> None:
        async def scenario() -> None:
            with linux.containment():
                tree = await linux.spawn(bench.shell("exit 6", [Cpu(4000, 0, 0, 0, 0)]))
                assert tree.pinning.refused is not None
                assert "CPU affinity" in tree.pinning.refused
                assert await tree.wait() == 6
                tree.close()

        run(scenario())

    def test_cpus_that_a_cpuset_leaves_out_are_a_refusal_although_the_kernel_says_nothing(
        self, linux: PosixSystem, bench: Bench, run: Run
    ) -> None:
        async def scenario() -> None:
            with linux.containment():
                tree = await linux.spawn(bench.shell("exit 0", [self.CPU, Cpu(4000, 1, 0, 0, 0)]))
                assert tree.pinning.refused is not None
                assert tree.pinning.refused.startswith(f"the system granted CPUs {self.CPU.id}")
                tree.close()

        run(scenario())

    def test_a_memory_policy_is_read_back_as_it_was_set(self) -> None:
        """In a process of its own: the policy stays with the process that sets it."""
        script = (
            "from stmpo.processes.forkserver.linux import *\n"
            "for mode in (MPOL_PREFERRED, MPOL_PREFERRED_MANY):\n"
            "    set_memory_policy(mode, [0]); print(memory_policy())"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        if "Operation not permitted" in done.stderr or "not implemented" in done.stderr:
            pytest.skip("this system or container has no memory policy")
        assert done.stdout.split("\n")[:2] == ["(1, [0])", "(5, [0])"], done.stderr

    def test_a_system_without_affinity_says_so(self, bench: Bench, run: Run) -> None:
        portable = SYSTEMS["portable"]()

        async def scenario() -> None:
            with portable.containment():
                tree = await portable.spawn(bench.shell("exit 0", [self.CPU]))
                assert tree.pinning.refused == "CPU affinity: this system has none"
                tree.close()

        run(scenario())
