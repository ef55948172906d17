"""Process trees on Windows or Wine, with real processes and real Job Objects.

Under Wine a pass on CTRL_BREAK, affinity and job limits is evidence about this code, not about Windows; Job
Objects, pipes and kill-on-close are real there.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from stmpo.machine.model import Cpu
from stmpo.processes import SpawnRequest, containment, sample_all, spawn, stop
from stmpo.processes.windows.types import LIMIT_KILL_ON_JOB_CLOSE

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from pathlib import Path

    from stmpo.processes import ProcessTree


def only_on_windows() -> None:
    """Skip this file elsewhere."""
    if sys.platform != "win32":
        pytest.skip("needs Windows; elsewhere test_windows_under_wine.py runs this", allow_module_level=True)


only_on_windows()
assert sys.platform == "win32"

from stmpo.processes.windows import launch  # noqa: E402 - exists for Windows only

TEST_TIMEOUT = 60.0
SLEEP = "import time; time.sleep(300)"
TREE = f"""
    import subprocess, sys, time
    middle = "import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); "
    middle += "print(p.pid, flush=True); time.sleep(300)"
    p = subprocess.Popen([sys.executable, '-c', middle])
    print(p.pid, flush=True)
    time.sleep(300)
"""
"""Three levels; prints the process ids of the lower two."""


def python(folder: Path, script: str, *arguments: str, cpus: Sequence[Cpu] = (), **env: str) -> SpawnRequest:
    """A request for a Python script."""
    argv = [sys.executable, "-c", textwrap.dedent(script), *arguments]
    return SpawnRequest(argv, {**os.environ, **env}, folder, "00", tuple(cpus))


def contained(scenario: Callable[[], Coroutine[object, object, None]]) -> None:
    """Run a scenario inside the containment."""

    async def main() -> None:
        with containment():
            await asyncio.wait_for(scenario(), TEST_TIMEOUT)

    asyncio.run(main())


async def output(tree: ProcessTree) -> bytes:
    """Everything that it writes."""
    parts = []
    while data := await tree.read():
        parts.append(data)
    return b"".join(parts)


async def words(tree: ProcessTree, count: int) -> list[bytes]:
    """As many words of output."""
    data = b""
    while len(data.split()) < count or not data.endswith(b"\n"):
        more = await tree.read()
        assert more, data
        data += more
    return data.split()


async def until_silent(tree: ProcessTree) -> asyncio.Future[bytes]:
    """Read what was written already; return the read that has waited for a second."""
    while True:
        reading = asyncio.ensure_future(tree.read())
        await asyncio.wait({reading}, timeout=1.0)
        if not reading.done():
            return reading


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that must come true; `contained` sets the limit."""
    while not condition():  # noqa: ASYNC110 - nothing announces it
        await asyncio.sleep(0.02)


def alive(pids: Sequence[int]) -> list[int]:
    """Those of these that run."""
    return [pid for pid in pids if psutil.pid_exists(pid)]


class TestOutput:
    """Standard output and error."""

    def test_both_streams_and_the_exit_code(self, tmp_path: Path) -> None:
        async def scenario() -> None:
            script = "import os; os.write(1, b'out'); os.write(2, b'err'); os._exit(77)"
            tree = await spawn(python(tmp_path, script))
            assert await output(tree) == b"outerr"
            assert await tree.wait() == 77
            assert await stop([tree], 0) == []
            tree.close()

        contained(scenario)

    def test_a_line_longer_than_any_buffer_arrives_whole(self, tmp_path: Path) -> None:
        async def scenario() -> None:
            script = "import os; [os.write(1, bytes([65 + n]) * 100_000) for n in range(20)]"
            tree = await spawn(python(tmp_path, script))
            assert await output(tree) == b"".join(bytes([65 + n]) * 100_000 for n in range(20))
            tree.close()

        contained(scenario)

    def test_a_survivor_that_holds_the_pipe_open_does_not_keep_the_output_from_ending(
        self, tmp_path: Path
    ) -> None:
        script = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); print('last words')"

        async def scenario() -> None:
            tree = await spawn(python(tmp_path, script))
            assert (await output(tree)).split() == [b"last", b"words"]
            assert len(tree.processes()) == 1
            assert await stop([tree], 0) == []
            tree.close()

        contained(scenario)

    def test_standard_input_is_empty(self, tmp_path: Path) -> None:
        async def scenario() -> None:
            tree = await spawn(python(tmp_path, "import sys; print(repr(sys.stdin.read()))"))
            assert (await output(tree)).strip() == b"''"
            tree.close()

        contained(scenario)


class TestStart:
    """The input of the child, and the error of a failed start."""

    def test_arguments_and_environment_arrive_unchanged(self, tmp_path: Path) -> None:
        odd = 'a "b" c\\\\ \\" Größe 日本 %PATH% ^&|'

        async def scenario() -> None:
            script = (
                "import os, sys; sys.stdout.buffer.write(ascii([sys.argv[1], os.environ['ODD']]).encode())"
            )
            tree = await spawn(python(tmp_path, script, odd, ODD=odd))
            assert (await output(tree)).decode() == ascii([odd, odd])
            tree.close()

        contained(scenario)

    def test_a_program_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        async def scenario() -> None:
            request = SpawnRequest(["C:\\nowhere\\aerender.exe"], dict(os.environ), tmp_path, "00")
            with pytest.raises(FileNotFoundError) as caught:
                await spawn(request)
            assert caught.value.filename == "C:\\nowhere\\aerender.exe"

        contained(scenario)


class TestJob:
    """The tree is what the job holds."""

    def test_a_grandchild_belongs_to_the_tree_and_dies_with_it(self, tmp_path: Path) -> None:
        async def scenario() -> None:
            tree = await spawn(python(tmp_path, TREE))
            below = [int(word) for word in await words(tree, 2)]
            processes = tree.processes()
            assert {process.pid for process in processes} == {tree.pid, *below}
            assert processes[0].pid == tree.pid
            assert processes[0].name.lower() == "python.exe"
            assert tree.warnings == ()
            assert await stop([tree], 0) == []
            await until(lambda: not alive(below))
            tree.close()

        contained(scenario)

    def test_a_grandchild_whose_parents_have_ended_is_found_by_the_sweep(self, tmp_path: Path) -> None:
        script = f"""
            import subprocess, sys
            p = subprocess.Popen([sys.executable, '-c', {SLEEP!r}], creationflags=0x208, stdout=subprocess.DEVNULL)
            print(p.pid, flush=True)
        """  # 0x208: detached, and a process group of its own

        async def scenario() -> None:
            tree = await spawn(python(tmp_path, script))
            (left,) = [int(word) for word in (await output(tree)).split()]
            await tree.wait()
            assert [process.pid for process in tree.processes()] == [left]
            assert await stop([tree], 0) == []
            await until(lambda: not alive([left]))
            tree.close()

        contained(scenario)

    def test_closing_a_tree_ends_it(self, tmp_path: Path) -> None:
        async def scenario() -> None:
            tree = await spawn(python(tmp_path, TREE))
            below = [int(word) for word in await words(tree, 2)]
            tree.close()
            tree.close()
            await until(lambda: not alive([tree.pid, *below]))

        contained(scenario)

    def test_memory_and_time_of_grandchildren_count(self, tmp_path: Path) -> None:
        burn = "import time\nwhile time.process_time() < 0.3: pass\nheld = b'x' * 50_000_000\nprint(0, flush=True)\n"
        script = f"""
            import subprocess, sys, time
            subprocess.Popen([sys.executable, '-c', {burn + SLEEP!r}])
            time.sleep(300)
        """

        async def scenario() -> None:
            tree = await spawn(python(tmp_path, script))
            await words(tree, 1)
            (sample,) = sample_all([tree])
            assert sample.processes == 2
            assert sample.cpu_seconds >= 0.3
            assert 50_000_000 <= sample.memory_bytes < 2_000_000_000
            assert await stop([tree], 0) == []
            tree.close()

        contained(scenario)

    def test_a_suspended_tree_writes_nothing_until_it_is_resumed(self, tmp_path: Path) -> None:
        script = "import time\nwhile True:\n    print('on', flush=True)\n    time.sleep(0.01)"

        async def scenario() -> None:
            tree = await spawn(python(tmp_path, script))
            await words(tree, 1)
            tree.suspend()
            last = await until_silent(tree)
            assert not last.done()
            tree.resume()
            assert await last
            assert await stop([tree], 0) == []
            tree.close()

        contained(scenario)


class TestBreak:
    """CTRL_BREAK asks one tree to end, and reaches no other."""

    HANDLES = """
        import signal, sys, time
        signal.signal(signal.SIGBREAK, lambda *_: sys.exit(5))
        print('up', flush=True)
        while True:
            time.sleep(0.05)
    """

    def test_a_tree_that_listens_ends_by_itself(self, tmp_path: Path) -> None:
        async def scenario() -> None:
            tree = await spawn(python(tmp_path, self.HANDLES))
            await words(tree, 1)
            assert await stop([tree], 30) == []
            assert tree.returncode == 5
            tree.close()

        contained(scenario)

    def test_one_that_does_not_is_killed_after_the_grace(self, tmp_path: Path) -> None:
        script = (
            "import signal, time; signal.signal(signal.SIGBREAK, signal.SIG_IGN); print(0, flush=True)\n"
            + SLEEP
        )

        async def scenario() -> None:
            tree = await spawn(python(tmp_path, script))
            await words(tree, 1)
            assert await stop([tree], 0.2) == []
            assert tree.returncode == 1
            tree.close()

        contained(scenario)

    def test_a_break_to_one_tree_or_to_our_own_group_does_not_reach_another(self, tmp_path: Path) -> None:
        async def scenario() -> None:
            first, second = [await spawn(python(tmp_path, self.HANDLES)) for _ in range(2)]
            for tree in (first, second):
                await words(tree, 1)
            assert await stop([first], 30) == []
            await asyncio.sleep(0.3)
            assert (first.returncode, second.returncode) == (5, None)
            assert await stop([second], 0) == []
            for tree in (first, second):
                tree.close()

        contained(scenario)


DRIVER = """
    import asyncio, os, sys
    from pathlib import Path
    from stmpo.processes import SpawnRequest, containment, spawn

    async def main():
        with containment():
            trees = [
                await spawn(SpawnRequest([sys.executable, "-c", sys.argv[1]], dict(os.environ), Path(), str(n)))
                for n in range(2)
            ]
            for tree in trees:
                data = b""
                while len(data.split()) < 2 or not data.endswith(b"\\n"):
                    data += await tree.read()
                print(tree.pid, data.decode().replace("\\r", "").replace("\\n", " "), flush=True)
            if sys.argv[2] == "crash":
                os.abort()
            await asyncio.sleep(300)

    asyncio.run(main())
"""


class TestOrchestratorEnds:
    """Whatever ends the orchestrator ends every renderer within 2 s."""

    @pytest.mark.parametrize("how", ["killed", "crash", "break"])
    def test_no_renderer_is_left(self, tmp_path: Path, how: str) -> None:
        driver = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(DRIVER), textwrap.dedent(TREE), how],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=tmp_path,
            creationflags=subprocess.CREATE_NEW_PROCESS_GROUP,
        )
        with driver:
            assert driver.stdout is not None
            pids = [int(word) for _ in range(2) for word in driver.stdout.readline().split()]
            assert len(pids) == 6
            if how != "crash":
                assert alive(pids) == pids
            if how == "killed":
                driver.kill()
            if how == "break":  # nobody handles it there: the console's own way to end a program
                driver.send_signal(signal.CTRL_BREAK_EVENT)
            driver.wait(TEST_TIMEOUT)
        deadline = time.monotonic() + 2.0
        while alive(pids) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert alive(pids) == []


class TestOuterJob:
    """The worker agent has put us into a job of its own."""

    def test_jobs_nest_and_the_outer_ones_end_is_the_renderers_end(self, tmp_path: Path) -> None:
        win32 = launch.system()._win32
        outer = win32.create_job()
        win32.set_job_limits(outer, LIMIT_KILL_ON_JOB_CLOSE)
        script = "input()\n" + textwrap.dedent(DRIVER)
        argv = [sys.executable, "-c", script, textwrap.dedent(TREE), "killed"]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path) as driver:
            assert driver.stdin is not None
            assert driver.stdout is not None
            win32.assign(outer, int(driver._handle))  # type: ignore[attr-defined]
            driver.stdin.write(b"\n")
            driver.stdin.flush()
            pids = [int(word) for _ in range(2) for word in driver.stdout.readline().split()]
            assert alive(pids) == pids
            win32.close(outer)
            driver.wait(TEST_TIMEOUT)
        deadline = time.monotonic() + 2.0
        while alive(pids) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert alive(pids) == []


class TestPinning:
    """As far as one processor group goes."""

    def test_it_holds_for_a_grandchild_and_is_read_back(self, tmp_path: Path) -> None:
        last = max(psutil.Process().cpu_affinity() or [0])
        ask = "import psutil; print(psutil.Process().cpu_affinity(), flush=True)"
        script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {ask!r}], check=True)"

        async def scenario() -> None:
            tree = await spawn(python(tmp_path, script, cpus=[Cpu(last, 0, 0, 0, 0, 0, last)]))
            assert (await output(tree)).strip() == f"[{last}]".encode()
            assert tree.pinning.asked == f"group 0 CPUs {last}"
            assert tree.pinning.obtained.startswith(f"group 0 CPUs {last}, by ")
            assert tree.pinning.refused is None
            tree.close()

        contained(scenario)

    def test_a_group_that_does_not_exist_is_one_warning_and_the_renderer_runs(self, tmp_path: Path) -> None:
        async def scenario() -> None:
            tree = await spawn(python(tmp_path, "print('ran')", cpus=[Cpu(64 * 40, 0, 0, 0, 0, 40, 0)]))
            assert (await output(tree)).strip() == b"ran"
            assert tree.pinning.refused
            tree.close()

        contained(scenario)
