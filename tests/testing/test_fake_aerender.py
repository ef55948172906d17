"""The fake aerender as a process: what it writes, says and leaves behind, scenario by scenario."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
import pytest

from stmpo.delivery.verify import Whole, verify_frame
from stmpo.renderers.aerender import Aerender
from stmpo.renderers.emulator.log_lines import Language, Style, TimeDisplay
from stmpo.renderers.protocol import Finding, FindingKind
from stmpo.testing import FAKE_AERENDER, Fault, FaultKind, FrameCosts, On, Scenario, frame_stamp, starts
from stmpo.testing.state import FakeState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOON = 20
"""Seconds that a test waits for what happens at once."""


class Studio:
    """A folder with a project, an output folder and a scenario."""

    def __init__(self, folder: Path, scenario: Scenario) -> None:
        self.folder = folder
        self.out = folder / "out"
        self.out.mkdir()
        (folder / "shot.aep").touch()
        self._environment = {**os.environ, **scenario.environment(folder)}

    def command(self, span: str = "5-9", name: str = "x_[###].png", *more: str) -> list[str]:
        first, last = span.split("-")
        argv = [
            sys.executable,
            str(FAKE_AERENDER),
            "-project",
            str(self.folder / "shot.aep"),
            "-comp",
            "main",
        ]
        return [*argv, "-s", first, "-e", last, "-mfr", "OFF", "100", "-output", str(self.out / name), *more]

    def run(self, *arguments: str) -> tuple[int, bytes]:
        done = subprocess.run(
            self.command(*arguments), env=self._environment, capture_output=True, check=False, timeout=SOON
        )
        assert done.stderr == b""
        return done.returncode, done.stdout

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """A running fake, whose whole tree is gone at the end."""
        process = subprocess.Popen(
            self.command(*arguments), env=self._environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
        )
        try:
            yield process
        finally:
            for pid in {process.pid, *(pid for start in starts(self.folder) for pid in start.pids)}:
                if psutil.pid_exists(pid):
                    psutil.Process(pid).kill()
            process.communicate()

    def files(self) -> dict[str, int]:
        return {path.name: path.stat().st_size for path in sorted(self.out.iterdir())}


Opener = Callable[[Scenario], Studio]


@pytest.fixture
def studio(tmp_path: Path) -> Opener:
    """`studio(scenario)` in this test's folder."""
    return lambda scenario: Studio(tmp_path, scenario)


PLAIN = Scenario(tree=False)


def fault(kind: FaultKind, frame: int | None = None, **more: object) -> Scenario:
    return Scenario(tree=False, faults=(Fault(kind, On(frame=frame), **more),))  # type: ignore[arg-type]


def gone(pid: int) -> bool:
    """Whether a process ended within `SOON` seconds; an unreaped one counts."""
    until = time.monotonic() + SOON
    while time.monotonic() < until:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("tree", [True, False])
def test_renders_what_it_is_asked_for(studio: Opener, tree: bool) -> None:
    here = studio(Scenario(tree=tree))
    code, out = here.run()
    assert code == 0
    assert [frame_stamp(path) for path in sorted(here.out.iterdir())] == [5, 6, 7, 8, 9]
    lines = out.decode().splitlines()
    assert lines[:2] == ["aerender version 26.2x49", "PROGRESS: Launching After Effects..."]
    assert lines[-6] == "PROGRESS:  0:00:00:08 (4): 0 Seconds"
    assert lines[-2].endswith('Finished composition "main".')
    (start,) = starts(here.folder)
    assert start.code == 0
    assert start.argv[-1] == str(here.out / "x_[###].png")
    assert len(start.pids) == (2 if tree else 1)


@pytest.mark.parametrize("tree", [True, False])
def test_a_slip_in_the_arguments_costs_a_launch_and_code_3(studio: Opener, tree: bool) -> None:
    code, out = studio(Scenario(tree=tree)).run("5-9", "x.png", "-mp")
    assert code == 3
    assert out.splitlines()[-1] == b"aerender SYNTAX ERROR: Illegal argument flag: -mp"


def test_errors_may_leave_exit_code_0(studio: Opener) -> None:
    code, out = studio(Scenario(tree=False, comp="other", exit_zero=True)).run()
    assert code == 0
    assert out.splitlines()[-1] == b"aerender ERROR: No comp was found with the given name."


class TestFiles:
    def test_a_sequence_without_a_group_gets_one(self, studio: Opener) -> None:
        here = studio(PLAIN)
        here.run("5-5", "x.jpg")
        assert list(here.files()) == ["x_00005.jpg"]

    def test_a_movie_is_one_file(self, studio: Opener) -> None:
        here = studio(PLAIN)
        assert here.run("5-9", "m.mov")[0] == 0
        read = verify_frame(here.out / "m.mov")
        assert isinstance(read, Whole)
        assert read.frames == 5

    def test_the_format_may_force_its_extension(self, studio: Opener) -> None:
        here = studio(fault(FaultKind.FORCED_EXTENSION, text=".tif"))
        _, out = here.run("5-5")
        assert list(here.files()) == ["x_005.tif"]
        assert b"x_[###].tif" in out

    def test_frames_outside_the_comp_are_black_and_warned_of(self, studio: Opener) -> None:
        here = studio(PLAIN)
        _, out = here.run("99-100")
        assert b"cause render to have frames outside of range" in out
        assert len(here.files()) == 2

    def test_skip_existing_takes_the_next_frame_without_a_file(self, studio: Opener) -> None:
        here = studio(PLAIN)
        (here.out / "x_006.png").touch()
        _, out = here.run("5-7", "x_[###].png", "-renderSettings", "Skip Existing Files: true")
        assert here.files()["x_006.png"] == 0
        assert out.count(b" Seconds\n") == 3

    def test_frames_can_be_as_large_as_real_ones(self, studio: Opener) -> None:
        here = studio(Scenario(tree=False, frame_bytes=50_000))
        here.run("5-5")
        assert here.files()["x_005.png"] >= 50_000

    @pytest.mark.parametrize(
        ("kind", "size"), [(FaultKind.EMPTY, 0), (FaultKind.MISSING, None), (FaultKind.TRUNCATED, "half")]
    )
    def test_a_bad_frame_is_logged_as_one_error_with_code_0(
        self, studio: Opener, kind: FaultKind, size: object
    ) -> None:
        here = studio(fault(kind, 7))
        code, out = here.run()
        assert code == 0
        assert b"WARNING:After Effects warning: logged one error" in out
        assert b"Finished composition" in out
        files = here.files()
        expected = files["x_006.png"] // 2 if size == "half" else size
        assert files.get("x_007.png") == expected

    def test_a_bad_frame_may_go_unsaid(self, studio: Opener) -> None:
        assert b"WARNING" not in studio(fault(FaultKind.EMPTY, 7, quiet=True)).run()[1]

    @pytest.mark.parametrize(
        ("kind", "words"), [(FaultKind.BLACK, b"19969"), (FaultKind.UNREADABLE_SOURCE, b"( 86 :: 2 )")]
    )
    def test_black_frames_come_with_words_and_code_0(
        self, studio: Opener, kind: FaultKind, words: bytes
    ) -> None:
        image = pytest.importorskip("PIL.Image")
        here = studio(fault(kind, 7))
        code, out = here.run()
        assert code == 0
        assert out.count(words) == 1
        black = []
        for path in sorted(here.out.iterdir()):
            with image.open(path) as picture:
                black.append(picture.getpixel((0, 0)) == (0, 0, 0))
        assert black == [False, False, True, True, True]

    def test_it_may_write_into_another_frame_s_file(self, studio: Opener) -> None:
        here = studio(fault(FaultKind.OTHER_FILE, 7, other=9))
        here.run("5-8")
        assert "x_007.png" not in here.files()
        assert frame_stamp(here.out / "x_009.png") == 7

    def test_it_may_render_outside_its_lease(self, studio: Opener) -> None:
        here = studio(fault(FaultKind.OUTSIDE_LEASE, 7, other=42))
        here.run()
        assert frame_stamp(here.out / "x_042.png") == 42

    def test_a_frame_may_come_late_or_in_two_parts_and_is_whole_in_the_end(self, studio: Opener) -> None:
        scenario = Scenario(
            tree=False,
            faults=(
                Fault(FaultKind.LATE, On(frame=9), seconds=0.1),
                Fault(FaultKind.SLOW_WRITE, On(frame=8), seconds=0.1),
            ),
        )
        here = studio(scenario)
        assert here.run()[0] == 0
        sizes = here.files()
        assert sizes["x_009.png"] == sizes["x_008.png"] == sizes["x_005.png"]

    def test_a_frame_may_have_the_wrong_size(self, studio: Opener) -> None:
        image = pytest.importorskip("PIL.Image")
        here = studio(fault(FaultKind.WRONG_SIZE, 7))
        here.run()
        with image.open(here.out / "x_007.png") as picture:
            assert picture.size == (32, 16)

    def test_a_render_may_be_cut_short_and_finish(self, studio: Opener) -> None:
        here = studio(fault(FaultKind.CUT_SHORT, count=2))
        code, out = here.run()
        assert code == 0
        assert b"Finished composition" in out
        assert list(here.files()) == ["x_005.png", "x_006.png", "x_007.png"]

    def test_a_second_output_module_may_write_a_file_of_its_own(self, studio: Opener) -> None:
        here = studio(fault(FaultKind.EXTRA_FILE, text="proxy.mov"))
        assert here.run("5-6")[0] == 0
        assert list(here.files()) == ["proxy.mov", "x_005.png", "x_006.png"]

    def test_a_movie_cut_short_is_whole_and_too_small(self, studio: Opener) -> None:
        here = studio(fault(FaultKind.CUT_SHORT, count=2))
        here.run("5-9", "m.mov")
        read = verify_frame(here.out / "m.mov")
        assert isinstance(read, Whole)
        assert read.frames == 3


class TestLines:
    def test_the_last_lines_may_be_missing(self, studio: Opener) -> None:
        here = studio(fault(FaultKind.MISSING_LINES, count=2))
        _, out = here.run()
        assert out.count(b" (") == 3 + 1  # three frames, and the header's frame rate
        assert len(here.files()) == 5

    def test_other_languages_displays_and_code_pages(self, studio: Opener) -> None:
        style = Style(language=Language.JA, display=TimeDisplay.FRAMES, repeat_frames=True)
        _, out = studio(Scenario(tree=False, style=style, encoding="cp932")).run("5-5")
        assert out.decode("cp932").count("PROGRESS:  5 (1): 0 秒\n") == 2

    def test_the_launcher_s_lines_may_come_last(self, studio: Opener) -> None:
        _, out = studio(Scenario(launcher_lines_last=True)).run()
        assert out.splitlines()[-1] == b"PROGRESS: Launching After Effects..."

    @pytest.mark.parametrize(
        ("more", "expected"),
        [
            ({"text": "half a line", "end": ""}, b"half a linePROGRESS:  0:00:00:07"),
            ({"hex": "ff00fe", "end": "\n"}, b"\xff\x00\xfe\n"),
            ({"text": "openjd_env: X=1"}, b"\nopenjd_env: X=1\n"),
            ({"text": "コンポ", "encoding": "cp932"}, "コンポ\n".encode("cp932")),
            ({"text": "x", "end": "", "repeat": 10_000_000}, b"x" * 10_000_000),
            ({"text": "flood", "repeat": 10_000}, b"flood\n" * 10_000),
        ],
    )
    def test_it_may_write_anything_at_all(
        self, studio: Opener, more: dict[str, object], expected: bytes
    ) -> None:
        assert expected in studio(fault(FaultKind.SAY, 7, **more)).run()[1]

    def test_it_may_write_a_few_bytes_now_and_then_without_end(self, studio: Opener) -> None:
        here = studio(fault(FaultKind.TRICKLE, text="tick", seconds=0.01))
        with here.started() as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(5)]
        assert lines[2:] == [b"tick\n"] * 3

    def test_with_a_log_file_stdout_has_the_launcher_s_lines_only(
        self, studio: Opener, tmp_path: Path
    ) -> None:
        here = studio(Scenario())
        _, out = here.run("5-9", "x.png", "-log", str(tmp_path / "log.txt"))
        assert len(out.splitlines()) == 2
        assert b"Finished composition" in (tmp_path / "log.txt").read_bytes()


class TestContention:
    def test_one_alone_is_not_slowed_down(self, studio: Opener) -> None:
        here = studio(Scenario(costs=FrameCosts(0.01), contention=1000.0))
        assert here.run()[0] == 0

    def test_who_renders_is_counted_until_it_says_so_no_more(self, tmp_path: Path) -> None:
        one, other = FakeState(tmp_path, 1), FakeState(tmp_path, 2)
        assert one.other_active_starts() == 0
        assert other.other_active_starts() == 1
        long_ago = time.time() - 60
        os.utime(tmp_path / "renders-1", (long_ago, long_ago))
        assert other.other_active_starts() == 0


class TestWarnings:
    @pytest.mark.parametrize(
        ("kind", "found"),
        [
            (FaultKind.MISSING_FOOTAGE, FindingKind.MISSING_FOOTAGE),
            (FaultKind.MISSING_EFFECT, FindingKind.MISSING_EFFECT),
            (FaultKind.MISSING_LAYER, FindingKind.MISSING_LAYER),
            (FaultKind.EXPRESSION_DISABLED, FindingKind.EXPRESSION_DISABLED),
        ],
    )
    def test_something_is_missing_and_all_frames_are_rendered(
        self, studio: Opener, kind: FaultKind, found: FindingKind
    ) -> None:
        here = studio(fault(kind))
        code, out = here.run()
        assert (code, len(here.files())) == (0, 5)
        assert [finding.kind for finding in findings(out)] == [found]

    def test_the_missing_file_may_be_named(self, studio: Opener) -> None:
        _, out = studio(fault(FaultKind.MISSING_FOOTAGE, text="/p/a.tif")).run()
        assert b"WARNING:After Effects warning: file /p/a.tif could not be found." in out

    @pytest.mark.parametrize("language", [Language.EN, Language.DE, Language.FR, Language.JA])
    def test_errors_may_be_logged_in_each_language(self, studio: Opener, language: Language) -> None:
        logged = Fault(FaultKind.LOGGED_ERRORS, count=3, text="The disk is gone.")
        here = studio(Scenario(tree=False, style=Style(language=language), faults=(logged,)))
        code, out = here.run()
        assert (code, len(here.files())) == (0, 5)
        assert [finding.name for finding in findings(out)] == ["logged-errors", "first-error"]
        assert b'First error was "The disk is gone."' in out

    @pytest.mark.parametrize(
        ("kind", "name", "code"),
        [
            (FaultKind.MISSING_TEMPLATE, "no-output-template", 7),
            (FaultKind.ITEM_DONE, "item-done", 9),
            (FaultKind.FOOTAGE_NOT_FOUND, "footage-not-found", 9),
        ],
    )
    def test_hopeless_errors_end_it(self, studio: Opener, kind: FaultKind, name: str, code: int) -> None:
        here = studio(fault(kind))
        ended, out = here.run()
        assert (ended, here.files()) == (code, {})
        assert [(finding.name, finding.launches) for finding in findings(out)] == [(name, 1)]

    def test_a_template_may_be_missing_in_other_words(self, studio: Opener) -> None:
        text = "After Effects error: Output Module template 'H.264' could not be found"
        _, out = studio(fault(FaultKind.MISSING_TEMPLATE, text=text)).run()
        assert [finding.name for finding in findings(out)] == ["no-output-template"]

    def test_a_movie_in_place_of_a_sequence_has_its_real_path_and_format(self, studio: Opener) -> None:
        here = studio(fault(FaultKind.FORCED_EXTENSION, text=".mov"))
        _, out = here.run()
        assert list(here.files()) == ["x_[###].mov"]
        assert b"PROGRESS:  Format: QuickTime\n" in out


def findings(out: bytes) -> list[Finding]:
    reads = map(Aerender(("aerender",)).read, out.decode().splitlines())
    return [read.finding for read in reads if read.finding is not None]


class TestTooMany:
    """Faults that happen while others render; another renderer is played by its mark in the state folder."""

    def others(self, here: Studio, count: int) -> None:
        state = here.folder / "state"
        state.mkdir(exist_ok=True)
        for number in range(count):
            mark = state / f"renders-{-1 - number}"
            mark.touch()
            later = time.time() + 3600
            os.utime(mark, (later, later))

    @pytest.mark.parametrize(
        ("kind", "found", "files"),
        [
            (FaultKind.GPU_TOO_MANY, FindingKind.GPU_TOO_MANY, 5),
            (FaultKind.ENCODER_TOO_MANY, FindingKind.ENCODER, 0),
            (FaultKind.LICENCE_TOO_MANY, FindingKind.LICENCE, 0),
        ],
    )
    def test_it_happens_only_beside_as_many_others(
        self, studio: Opener, kind: FaultKind, found: FindingKind, files: int
    ) -> None:
        here = studio(fault(kind, count=2))
        self.others(here, 1)
        code, out = here.run()
        assert (code, findings(out), len(here.files())) == (0, [], 5)
        for path in here.out.iterdir():
            path.unlink()
        self.others(here, 2)
        code, out = here.run()
        assert {finding.kind for finding in findings(out)} == {found}
        assert (code, len(here.files())) == (1 if kind is FaultKind.LICENCE_TOO_MANY else 0, files)

    def test_a_start_that_has_ended_counts_no_more(self, studio: Opener) -> None:
        here = studio(fault(FaultKind.LICENCE_TOO_MANY, count=1))
        assert [here.run()[0] for _ in range(3)] == [0, 0, 0]

    def test_of_two_at_once_the_later_one_gets_no_licence(self, studio: Opener) -> None:
        here = studio(Scenario(costs=FrameCosts(0.1), faults=(Fault(FaultKind.LICENCE_TOO_MANY, count=1),)))
        with here.started("0-90000"):
            _wait_until((here.folder / "state" / "renders-1").exists)
            code, out = here.run()
        assert (code, findings(out)[0].name) == (1, "licence")


class TestEnds:
    def test_another_instance_within_its_time_is_refused(self, studio: Opener) -> None:
        here = studio(Scenario(tree=False, exclusive_seconds=60.0))
        assert here.run()[0] == 0
        code, out = here.run()
        assert code == 7
        assert b"Another instance of aerender" in out

    def test_refused_by_start_number(self, studio: Opener) -> None:
        scenario = Scenario(tree=False, faults=(Fault(FaultKind.ANOTHER_INSTANCE, On(start=1)),))
        here = studio(scenario)
        assert [here.run()[0], here.run()[0]] == [7, 0]

    def test_nothing_after_launching(self, studio: Opener) -> None:
        here = studio(fault(FaultKind.SILENT_AFTER_LAUNCH))
        code, out = here.run()
        assert (code, len(out.splitlines()), here.files()) == (0, 2, {})

    @pytest.mark.parametrize("tree", [True, False])
    def test_silent_with_a_code(self, studio: Opener, tree: bool) -> None:
        scenario = Scenario(tree=tree, faults=(Fault(FaultKind.EXIT, On(frame=7), code=14),))
        here = studio(scenario)
        assert here.run()[0] == 14
        assert list(here.files()) == ["x_005.png", "x_006.png"]

    @pytest.mark.skipif(os.name == "nt", reason="signals end processes on POSIX systems only")
    def test_a_crash_is_a_signal_and_through_the_launcher_a_code(self, studio: Opener) -> None:
        crash = Fault(FaultKind.CRASH, On(frame=7, times=1), signal="SIGKILL")
        here = studio(Scenario(tree=True, faults=(crash,)))
        assert here.run()[0] == 128 + signal.SIGKILL
        assert here.run()[0] == 0, "only the first time"

    def test_the_first_time_only_is_counted_over_processes(self, studio: Opener) -> None:
        here = studio(Scenario(tree=False, faults=(Fault(FaultKind.EXIT, On(frame=7, times=2), code=5),)))
        assert [here.run()[0] for _ in range(3)] == [5, 5, 0]

    def test_busy_slow_and_heavy_end_well(self, studio: Opener) -> None:
        faults = (
            Fault(FaultKind.BUSY, On(frame=6), seconds=0.05),
            Fault(FaultKind.SLOW_LAUNCH, seconds=0.05),
            Fault(FaultKind.BALLAST, megabytes=2),
        )
        assert studio(Scenario(tree=False, faults=faults)).run()[0] == 0


class TestTrees:
    @pytest.mark.parametrize("kind", [FaultKind.HANG_AT_LAUNCH, FaultKind.NEVER_EXITS, FaultKind.HANG])
    def test_a_hanging_after_effects_survives_its_launcher(self, studio: Opener, kind: FaultKind) -> None:
        here = studio(Scenario(faults=(Fault(kind, On(times=1)),)))
        with here.started() as process:
            child = _child(here)
            _wait_until((here.folder / "state" / "fault-0.1").exists)
            assert process.stdout is not None
            if kind is FaultKind.NEVER_EXITS:  # it is drawn before the render, and plays after the last line
                while not process.stdout.readline().startswith(b"PROGRESS:  Total Time"):
                    pass
            process.kill()
            process.wait(SOON)
            time.sleep(0.2)
            assert psutil.pid_exists(child)

    def test_a_rendering_one_stops_at_its_next_line(self, studio: Opener) -> None:
        here = studio(Scenario(costs=FrameCosts(0.05)))
        with here.started("0-90000") as process:
            child = _child(here)
            process.kill()
            process.wait(SOON)
            assert gone(child)

    @pytest.mark.skipif(
        os.name == "nt", reason="SIGTERM cannot be ignored on Windows, where it is TerminateProcess"
    )
    def test_a_stubborn_one_ignores_being_asked(self, studio: Opener) -> None:
        here = studio(Scenario(faults=(Fault(FaultKind.STUBBORN), Fault(FaultKind.HANG))))
        with here.started() as process:
            child = _child(here)
            assert process.stdout is not None
            while b"Post-Render" not in process.stdout.readline():
                pass
            os.kill(child, signal.SIGTERM)
            time.sleep(0.2)
            assert psutil.pid_exists(child)

    @pytest.mark.skipif(os.name == "nt", reason="sessions are a POSIX matter")
    def test_an_escaped_grandchild_has_a_session_of_its_own(self, studio: Opener) -> None:
        here = studio(Scenario(faults=(Fault(FaultKind.ESCAPE, seconds=60.0),)))
        with here.started() as process:
            process.wait(SOON)
            (start,) = starts(here.folder)
            assert len(start.pids) == 3
            alive = [pid for pid in start.pids if not gone_now(pid)]
            assert len(alive) == 1
            assert os.getsid(alive[0]) == alive[0]


def gone_now(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def _child(here: Studio) -> int:
    """The process id of After Effects, once it is there."""

    def found() -> list[int]:
        return [pid for start in starts(here.folder) for pid in start.pids if pid != start.pid]

    _wait_until(found)
    return found()[0]


def _wait_until(true: Callable[[], object]) -> None:
    until = time.monotonic() + SOON
    while not true():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.02)


def test_a_scenario_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"oops": 1}', encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(FAKE_AERENDER), "-project", "x"],
        env={**os.environ, "STMPO_FAKE_SCENARIO": str(tmp_path / "s.json")},
        capture_output=True,
        check=False,
        timeout=SOON,
    )
    assert done.returncode == 2
    assert b"Scenario has no 'oops'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_what_it_imports_is_small() -> None:
    heavy = "{'asyncio', 'psutil', 'PIL', 'rlottie_python', 'argparse', 'logging', 'numpy'}"
    code = f"import sys, stmpo.testing.fake_aerender; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"
