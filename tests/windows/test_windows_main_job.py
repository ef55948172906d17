"""`stmpo render` as a process on Windows: frames arrive, failures cost frames, no end leaves a renderer.

Under Wine a pass on CTRL_BREAK is evidence about this code, not about Windows; killing is real there.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from stmpo.demo import DEMO_COMP
from stmpo.machine import discover
from stmpo.testing import Fault, FaultKind, FrameCosts, On, Scenario
from tests.engine.studio import wait_for

if TYPE_CHECKING:
    from tests.windows.conftest import WindowsStudio


def only_on_windows() -> None:
    """Skip this file elsewhere."""
    if sys.platform != "win32":
        pytest.skip("needs Windows; elsewhere test_windows_under_wine.py runs this", allow_module_level=True)


only_on_windows()
assert sys.platform == "win32"

TEN = ("--frames", "1-10", "--concurrency", "2")
SLOW_TAIL = Scenario(costs=FrameCosts(0.02, {5: 60.0, 10: 60.0}))
"""Frames 1 to 4 and 6 to 9 at once, 5 and 10 not in the time of a test."""

STATUS_ACCESS_VIOLATION = 0xC0000005


def eight_rendered(studio: WindowsStudio) -> None:
    """Wait for the frames that `SLOW_TAIL` renders at once, some of which may be delivered by then."""
    wait_for(lambda: len(studio.rendered()) >= 8, "eight frames")


def gone(studio: WindowsStudio, seconds: float) -> bool:
    """Return whether all renderers end within this time."""
    deadline = time.monotonic() + seconds
    while studio.alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    return not studio.alive()


class TestFrames:
    """What is asked for arrives."""

    def test_the_fake_aerender_delivers_every_frame_and_the_log_tells_all(
        self, studio: WindowsStudio
    ) -> None:
        outcome = studio.render(
            "--frames", "1-12", "--concurrency", "3", "--log-file", "logs.txt", output="sub\\f_[####].png"
        )
        assert outcome.code == 0, outcome.output
        assert studio.frames("sub/f_*.png") == list(range(1, 13))
        assert len(studio.starts()) == 3
        assert studio.alive() == []
        assert studio.scratch_files() == []
        cpus = psutil.Process().cpu_affinity() or []
        assert "pinned: asked for group 0 CPUs" in outcome.output
        assert f"obtained group 0 CPUs {cpus[0]}" in outcome.output
        log = (studio.folder / "logs.txt").read_text(encoding="utf-8")
        assert log.count("Finished composition") == 3
        assert "12 of 12 frames delivered" in log

    def test_the_embedded_renderer_renders_the_demo_comp(self, studio: WindowsStudio) -> None:
        argv = [sys.executable, "-m", "stmpo", "render", str(DEMO_COMP), "--output", "out/f_[####].png"]
        argv += ["--frames", "0-3", "--concurrency", "2", "--json"]
        done = subprocess.run(argv, cwd=studio.folder, capture_output=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        summary = json.loads(done.stdout)
        assert summary["delivered"] == 4
        assert all(path.stat().st_size > 10_000 for path in studio.out.glob("f_*.png"))
        assert len(list(studio.out.glob("f_*.png"))) == 4


class TestFailures:
    """A failure costs its frames, not the task."""

    @pytest.mark.parametrize(
        "fault",
        [
            Fault(FaultKind.CRASH, On(frame=4, times=1), code=STATUS_ACCESS_VIOLATION),
            Fault(FaultKind.TRUNCATED, On(frame=4, times=1)),
            Fault(FaultKind.NEVER_EXITS, On(start=1)),
            Fault(FaultKind.ESCAPE, On(start=1), seconds=120.0, hold_output=True),
        ],
        ids=lambda fault: fault.kind.value,
    )
    def test_all_frames_arrive_in_spite_of_it(self, studio: WindowsStudio, fault: Fault) -> None:
        outcome = studio.render(
            "--frames", "1-6", "--concurrency", "2", scenario=Scenario(faults=(fault,), size=(64, 64))
        )
        assert outcome.code == 0, outcome.output
        assert studio.frames() == [1, 2, 3, 4, 5, 6]
        assert studio.alive() == []
        assert studio.scratch_files() == []
        if fault.kind is FaultKind.CRASH:
            assert "0xC0000005" in outcome.output

    def test_a_frame_that_never_comes_is_named_and_the_exit_code_is_1(self, studio: WindowsStudio) -> None:
        scenario = Scenario(faults=(Fault(FaultKind.MISSING, On(frame=2)),))
        options = ("--frames", "1-3", "--concurrency", "1", "--max-frame-retries", "0", "--no-kill-on-fail")
        outcome = studio.render(*options, scenario=scenario)
        assert outcome.code == 1, outcome.output
        assert studio.frames() == [1, 3]
        assert "frame 2" in outcome.output

    def test_a_folder_in_the_way_of_a_frame_is_no_passing_error(self, studio: WindowsStudio) -> None:
        (studio.out / "f_0002.png").mkdir(parents=True)
        outcome = studio.render("--frames", "1-3", "--concurrency", "1")
        assert outcome.code == 1, outcome.output
        assert "cannot deliver f_0002.png" in outcome.output
        assert "a folder of that name is in the way" in outcome.output
        assert studio.scratch_files()


class TestEnds:
    """Whichever way a run ends, its renderers end too, and the next run continues."""

    def test_a_break_delivers_what_is_whole_and_the_next_run_resumes(self, studio: WindowsStudio) -> None:
        with studio.agent_starts(*TEN, scenario=SLOW_TAIL) as run:
            eight_rendered(studio)
            run.send_signal(signal.CTRL_BREAK_EVENT)
            assert run.wait(timeout=30) == 4
        assert studio.alive() == []
        assert studio.frames() == [1, 2, 3, 4, 6, 7, 8, 9]
        assert "cancelled by SIGBREAK" in studio.log
        assert "run the same command again" in studio.log
        again = studio.render(*TEN)
        assert again.code == 0, again.output
        assert "(8 were there already)" in again.output
        assert studio.frames() == list(range(1, 11))

    def test_renderers_that_ignore_the_break_are_killed_after_the_grace(self, studio: WindowsStudio) -> None:
        stubborn = Scenario(costs=FrameCosts(60.0), faults=(Fault(FaultKind.STUBBORN),))
        with studio.agent_starts(*TEN, scenario=stubborn) as run:
            wait_for(lambda: sum(len(start.pids) for start in studio.starts()) >= 4, "two trees of two")
            run.send_signal(signal.CTRL_BREAK_EVENT)
            assert run.wait(timeout=30) == 4
        assert studio.alive() == []

    def test_killing_it_kills_its_renderers_and_the_next_run_resumes(self, studio: WindowsStudio) -> None:
        with studio.agent_starts(*TEN, scenario=SLOW_TAIL) as run:
            eight_rendered(studio)
            assert studio.alive()
            second = studio.render(*TEN)
            run.kill()
            run.wait(timeout=30)
        assert gone(studio, 2.0)
        assert second.code == 2, "while the first one ran"
        assert f"another run is writing to this output (process {run.pid} on " in second.output
        again = studio.render(*TEN)
        assert again.code == 0, again.output
        assert studio.frames() == list(range(1, 11))
        assert "(8 were there already)" in again.output
        assert studio.scratch_files() == []

    def test_nobody_who_listens_is_no_reason_to_end(self, studio: WindowsStudio) -> None:
        argv = studio.command("--frames", "1-3", "--concurrency", "1")
        env = studio.environment(Scenario(costs=FrameCosts(0.1)))
        with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as run:
            assert run.stdout is not None
            run.stdout.readline()
            run.stdout.close()
            assert run.wait(timeout=60) == 0
        assert studio.frames() == [1, 2, 3]


class TestText:
    """Bytes in, UTF-8 out, whatever the code page."""

    def test_code_pages_are_read_and_utf_8_is_written(self, studio: WindowsStudio) -> None:
        said = (
            Fault(FaultKind.SAY, On(frame=1), text="in OEM: Größe", encoding="oem"),
            Fault(FaultKind.SAY, On(frame=1), text="in UTF-8: 日本語", encoding="utf-8"),
            Fault(FaultKind.SAY, On(frame=1), text="in Shift-JIS: 日本語", encoding="cp932"),
            Fault(FaultKind.SAY, On(frame=1), text="in 1252: Größe", encoding="cp1252"),
        )
        env = studio.environment(Scenario(faults=said))
        del env["PYTHONUTF8"]
        argv = studio.command("--frames", "1", "--comp", "Größe 日本", "--log-file", "log.txt")
        done = subprocess.run(argv, env=env, cwd=studio.folder, capture_output=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        shown = done.stdout.decode("utf-8")  # strictly
        assert "Größe 日本" in shown
        log = (studio.folder / "log.txt").read_text(encoding="utf-8")
        for words in ("in OEM: Größe", "in UTF-8: 日本語", "in Shift-JIS: ", "in 1252: Gr"):
            assert words in log
        assert studio.frames() == [1]


class TestMachine:
    """This computer, as far as one processor group goes."""

    def test_the_topology_is_windows_own(self) -> None:
        machine = discover()
        assert machine.source == "Windows"
        assert [cpu.id for cpu in machine.cpus] == psutil.Process().cpu_affinity()
        assert {cpu.group for cpu in machine.cpus} == {0}
        assert machine.memory_total_bytes == psutil.virtual_memory().total
        assert machine.notes == ()

    def test_it_is_planned_for(self) -> None:
        argv = [sys.executable, "-m", "stmpo", "plan", "--frames", "1-100", "--concurrency", "2", "--json"]
        plan = json.loads(subprocess.run(argv, capture_output=True, check=True, timeout=120).stdout)
        assert plan["processes"] == len(plan["slots"]) == 2
        assert {cpu for slot in plan["slots"] for cpu in slot["cpu_ids"]} == set(
            psutil.Process().cpu_affinity() or []
        )
        assert {slot["group"] for slot in plan["slots"]} == {0}
        assert plan["machine"]["source"] == "Windows"
