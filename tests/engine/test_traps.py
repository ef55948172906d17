"""The traps that a first version of this tool fell into, each as a test named for it.

Traps that other rooms' tests hold: what runs above 64 CPUs (5) and whose map of the machine is believed (6,
in part) in `tests/machine` and `tests/planning`; templates, their limits and their parameters (12, 13, 17),
fonts (14), the panel, and the Windows half of stopping (CTRL_BREAK) in the tests of those parts. A movie in
one process (11) is `test_single_file.py`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stmpo.machine import load
from stmpo.planning import PlanRequest, make_plan
from stmpo.testing import FAKE_AERENDER, Fault, FaultKind, FrameCosts, On, Scenario, Start
from tests.engine.studio import Studio, after, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable

SECRET = "s3cr3t-Grünkohl-77"  # noqa: S105 - what must never be seen again
NEVER_PASSED = {"-reuse", "-log", "-mp", "-i"}
posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM that a process could answer")


def _spans(starts: Iterable[Start]) -> list[tuple[int, int]]:
    return sorted((int(after(start.argv, "-s")), int(after(start.argv, "-e"))) for start in starts)


# ----------------------------------------------------------------------------------------------------- trap 1


def test_01_a_backlog_of_frames_is_delivered_to_the_last_one(studio: Studio) -> None:
    """160 frames, eight processes, no cost: the first version delivered 25, deleted the rest and exited 0."""
    outcome = studio.render(
        "--frames", "1-160", "--concurrency", "8", scenario=Scenario(tree=False, last=200)
    )
    assert outcome.code == 0, outcome.output
    assert studio.frames() == list(range(1, 161))
    assert studio.named() == {f"f_{frame:04}.png": frame for frame in range(1, 161)}
    assert studio.strangers() == []
    assert studio.scratch_files() == []
    assert "160 of 160 frames delivered" in outcome.output


def test_01_what_cannot_be_delivered_is_kept_and_named_and_the_exit_is_not_0(studio: Studio) -> None:
    """A folder stands where a frame has to go: that frame stays in scratch, and the next run delivers it."""
    (studio.out / "f_0003.png").mkdir(parents=True)
    outcome = studio.render("--frames", "1-4", "--concurrency", "1")
    assert outcome.code == 1
    assert "cannot deliver f_0003.png" in outcome.output
    (kept,) = studio.scratch.iterdir()
    assert f"scratch kept, because it holds undelivered frames: {kept}" in outcome.output
    (studio.out / "f_0003.png").rmdir()
    again = studio.render("--frames", "1-4", "--concurrency", "1")
    assert again.code == 0, again.output
    assert studio.frames() == [1, 2, 3, 4]
    assert len(studio.starts()) == 1, "nothing was rendered twice"
    assert studio.scratch_files() == []


# ----------------------------------------------------------------------------------------------------- trap 2


def test_02_fail_fast_stops_the_siblings_whole_trees(studio: Studio) -> None:
    """Not the launcher alone: After Effects below it, which ignores polite signals, and what has left its
    group.
    """
    faults = (
        Fault(FaultKind.STUBBORN, On(frame=7)),
        Fault(FaultKind.ESCAPE, On(frame=7), seconds=60.0),
        Fault(FaultKind.BUSY, On(frame=1), seconds=1.5),
        Fault(FaultKind.EXIT, On(frame=1), code=1, text="aerender ERROR: no."),
    )
    scenario = Scenario(costs=FrameCosts(0.0, {7: 60.0}), faults=faults)
    options = (
        "--frames",
        "1,7",
        "--concurrency",
        "2",
        "--max-frame-retries",
        "0",
        "--child-grace-sec",
        "0.2",
    )
    outcome = studio.render(*options, scenario=scenario)
    assert outcome.code == 1
    assert {len(start.pids) for start in studio.starts()} == {2, 3}, (
        "a launcher, its child, and one that escaped"
    )
    assert studio.alive() == []


def test_02_without_fail_fast_the_others_are_finished(studio: Studio) -> None:
    faults = (Fault(FaultKind.EXIT, On(frame=2), code=1, text="aerender ERROR: no."),)
    options = ("--frames", "1-6", "--concurrency", "2", "--max-frame-retries", "0", "--no-kill-on-fail")
    outcome = studio.render(*options, scenario=Scenario(faults=faults))
    assert outcome.code == 1
    assert studio.frames() == [1, 3, 4, 5, 6]
    assert "frame 2 failed" in outcome.output


# ---------------------------------------------------------------------------------------------- traps 3 and 4


def test_03_multi_frame_rendering_off_really_allows_more_processes() -> None:
    machine = load("pack:2 [numa(memory=512GiB)] core:64 pu:2")
    on, off = (make_plan(machine, PlanRequest(frames=1000, mfr=mfr)) for mfr in (True, False))
    assert len(on.slots) == 256 // 16
    assert len(off.slots) == off.bound.processes == 24
    assert off.bound.name == "max-concurrency"


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--no-mfr", "--continue-on-missing-footage"),
        (
            "--rs-template",
            "Best Settings",
            "--om-template",
            "PNG",
            "--mfr-threads",
            "1",
            "--disable-affinity",
        ),
    ],
    ids=["plain", "off", "templates"],
)
def test_04_each_process_claims_its_share_of_the_machine_and_no_flag_of_the_past(
    studio: Studio, options: tuple[str, ...]
) -> None:
    scenario = Scenario(tree=False)
    assert studio.render("--frames", "1-9", "--concurrency", "3", *options, scenario=scenario).code == 0
    commands = [start.argv for start in studio.starts()]
    assert len(commands) == 3
    shares = []
    for argv in commands:
        at = argv.index("-mfr")
        assert argv[at + 1] == ("OFF" if "--no-mfr" in options else "ON")
        shares.append(int(argv[at + 2]))
        assert not NEVER_PASSED & set(argv)
    assert min(shares) >= 1
    assert sum(shares) <= 100


# ----------------------------------------------------------------------------------------------------- trap 6


def test_06_a_map_of_another_machine_is_one_warning_and_the_render_goes_on(studio: Studio) -> None:
    path = studio.folder / "numa_map.json"
    path.write_text(json.dumps({"node0": list(range(128)), "node1": list(range(128, 4096))}))
    outcome = studio.render("--frames", "1-2", "--numa-map", str(path))
    assert outcome.code == 0, outcome.output
    assert len([line for line in outcome.output.splitlines() if "this machine has no CPU" in line]) == 1
    assert studio.frames() == [1, 2]


# ----------------------------------------------------------------------------------------------------- trap 7


@posix_only
def test_07_aerender_is_looked_for_as_documented(studio: Studio) -> None:
    """The option, then AERENDER_PATH, then PATH; and no path of anybody's machine."""
    places = {}
    for name in ("option", "variable", "path"):
        places[name] = studio.folder / name / "aerender"
        places[name].parent.mkdir()
        places[name].write_text(
            f'#!/bin/sh\ntouch "{studio.folder}/{name}.ran"\nexec "{sys.executable}" "{FAKE_AERENDER}" "$@"\n'
        )
        places[name].chmod(0o755)
    path = f"{places['path'].parent}{os.pathsep}{os.environ['PATH']}"

    def ran(option: str, variable: str = "") -> list[str]:
        outcome = studio.render(
            *("--frames", "1", "--no-resume", "--aerender-path", option), PATH=path, AERENDER_PATH=variable
        )
        assert outcome.code == 0, outcome.output
        found = sorted(studio.folder.glob("*.ran"))
        for file in found:
            file.unlink()
        return [file.stem for file in found]

    assert ran(str(places["option"]), str(places["variable"])) == ["option"]
    assert ran("", str(places["variable"])) == ["variable"]
    assert ran("") == ["path"]


# ----------------------------------------------------------------------------------------------------- trap 8


def test_08_the_log_file_and_the_output_both_get_every_line(studio: Studio) -> None:
    log = studio.folder / "logs" / "run.log"
    say = Fault(FaultKind.SAY, On(frame=3), text="INFO: a word from the renderer")
    outcome = studio.render(
        *("--frames", "1-6", "--concurrency", "2", "--log-file", str(log)), scenario=Scenario(faults=(say,))
    )
    assert outcome.code == 0
    stamp = len("2026-01-01 00:00:00 ")
    logged = [line[stamp:] for line in log.read_text(encoding="utf-8").splitlines()]
    assert logged == outcome.output.splitlines()
    assert "[00 0001-0003] INFO: a word from the renderer" in logged
    assert any(line.startswith("[01 0004-0006] ") for line in logged)


# ----------------------------------------------------------------------------------------------------- trap 9


def test_09_a_silent_launcher_over_a_busy_after_effects_is_not_stuck(studio: Studio) -> None:
    """The launcher idles by design, and a heavy frame prints nothing: only the whole tree's idleness
    counts.
    """
    busy = studio.folder / "aerender.py"
    busy.write_text(
        "import pathlib, runpy, subprocess, sys\n"
        "work = '''\n"
        "import time\n"
        "until = time.monotonic() + 2.5\n"
        "while time.monotonic() < until:\n"
        "    sum(range(200_000))\n"
        "    time.sleep(0.01)\n"
        "'''\n"
        "subprocess.run([sys.executable, '-S', '-c', work], check=True)\n"
        f"sys.argv[0] = {str(FAKE_AERENDER)!r}\n"
        f"runpy.run_path({str(FAKE_AERENDER)!r}, run_name='__main__')\n"
    )
    options = ("--frames", "1-2", "--concurrency", "1", "--stall-timeout", "1", "--aerender-path", str(busy))
    outcome = studio.render(*options, scenario=Scenario(tree=False))
    assert outcome.code == 0, outcome.output
    assert len(studio.starts()) == 1
    assert "no sign of life" not in outcome.output


def test_09_memory_is_that_of_the_whole_tree(studio: Studio) -> None:
    """Not of the launcher, which needs next to nothing whatever After Effects takes."""
    ballast = Fault(FaultKind.BALLAST, megabytes=200)
    outcome = studio.render(
        *("--frames", "1-2", "--concurrency", "1", "--stall-timeout", "1.5", "--json"),
        scenario=Scenario(costs=FrameCosts(0.7), faults=(ballast,)),
    )
    assert outcome.code == 0, outcome.output
    summary = json.loads(outcome.output.splitlines()[-1])
    assert summary["peak_memory"] > 200 << 20


# ---------------------------------------------------------------------------------------------------- trap 10


@pytest.mark.parametrize(
    ("frames", "wanted"),
    [
        ("0-9,50-59", [*range(10), *range(50, 60)]),
        ("-5--1", [-5, -4, -3, -2, -1]),
        ("1-9:2", [1, 3, 5, 7, 9]),
        ("4,1,7-9,-2", [-2, 1, 4, 7, 8, 9]),
    ],
)
def test_10_exactly_the_frames_that_were_asked_for(studio: Studio, frames: str, wanted: list[int]) -> None:
    scenario = Scenario(tree=False, first=-10)
    outcome = studio.render("--frames", frames, "--concurrency", "2", scenario=scenario)
    assert outcome.code == 0, outcome.output
    assert studio.frames() == wanted
    rendered = [frame for first, last in _spans(studio.starts()) for frame in range(first, last + 1)]
    assert rendered == wanted, "nothing between was rendered either"


# ---------------------------------------------------------------------------------------------------- trap 15


def test_15_a_retry_is_of_the_frames_that_failed_and_inside_the_run(studio: Studio) -> None:
    died = Fault(FaultKind.CRASH, On(frame=4, times=1), code=9)
    outcome = studio.render("--frames", "1-6", "--concurrency", "1", scenario=Scenario(faults=(died,)))
    assert outcome.code == 0, outcome.output
    assert studio.frames() == [1, 2, 3, 4, 5, 6]
    first, *retries = [(int(after(s.argv, "-s")), int(after(s.argv, "-e"))) for s in studio.starts()]
    assert first == (1, 6)
    assert sorted(frame for start, end in retries for frame in range(start, end + 1)) == [4, 5, 6]


# ---------------------------------------------------------------------------------------------------- trap 16


@pytest.mark.parametrize(
    ("output", "frames", "names"),
    [
        ("f_shot.[#####].exr", "7", ["f_shot.00007.exr"]),
        ("[#####].png", "7", ["00007.png"]),
        ("comp_[####].png", "7", ["comp_0007.png"]),
        ("f_shot_####_beauty.png", "7", ["f_shot_0007_beauty.png"]),
        ("f_[##].png", "99-101", ["f_100.png", "f_101.png", "f_99.png"]),
        ("f_[####].png", "-5--4", ["f_-004.png", "f_-005.png"]),
    ],
)
def test_16_output_names_of_every_shape(studio: Studio, output: str, frames: str, names: list[str]) -> None:
    scenario = Scenario(tree=False, first=-10, last=200)
    outcome = studio.render("--frames", frames, "--concurrency", "1", output=output, scenario=scenario)
    assert outcome.code == 0, outcome.output
    assert sorted(path.name for path in studio.out.iterdir() if not path.name.startswith(".")) == names
    assert studio.scratch_files() == []


# ------------------------------------------------------------------------------------------- the shorter list


def test_missing_footage_is_passed_on_when_asked_and_only_then(studio: Studio) -> None:
    for option in ((), ("--continue-on-missing-footage", "--no-resume")):
        assert studio.render("--frames", "1", *option, scenario=Scenario(tree=False)).code == 0
        assert ("-continueOnMissingFootage" in studio.starts()[-1].argv) is bool(option)
        shutil.rmtree(studio.out)
        shutil.rmtree(studio.stage / "state")


def test_values_of_an_env_file_are_seen_by_the_renderer_and_by_nobody_else(studio: Studio) -> None:
    """Not in the output, the log file, the journal or a failure's words, even where the renderer prints
    them.
    """
    env_file = studio.folder / "env.json"
    env_file.write_text(json.dumps({"LICENCE": SECRET, "OTHER": "on"}), encoding="utf-8")
    reporter = studio.folder / "aerender.py"
    reporter.write_text(
        "import os, runpy, sys\n"
        "word = os.environ['LICENCE']\n"
        "print('aerender ERROR: licence', word, 'is not valid', flush=True)\n"
        "print('aerender ERROR: After Effects error: licence', word, flush=True)\n"
        "print('the last word is', word, flush=True)\n"
        "raise SystemExit(1)\n",
        encoding="utf-8",
    )
    log = studio.folder / "run.txt"
    options = ("--frames", "1-2", "--env-file", str(env_file), "--log-file", str(log), "--openjd")
    outcome = studio.render(
        *options, "--max-frame-retries", "1", "--aerender-path", str(reporter), PYTHONIOENCODING="utf-8"
    )
    assert outcome.code == 1
    assert "environment from" in outcome.output
    assert "LICENCE" in outcome.output, "names may be known"
    assert "is not valid" in outcome.output
    assert "openjd_fail: " in outcome.output
    told = [path for path in studio.folder.rglob("*") if path.is_file() and path != env_file]
    assert log in told
    assert [path for path in told if SECRET.encode() in path.read_bytes()] == []
    assert SECRET not in outcome.output
    assert json.dumps(SECRET)[1:-1] not in outcome.output


@pytest.mark.parametrize(
    "name",
    [
        *("OPENJD_SESSION_WORKING_DIR", "STMPO_CONCURRENCY", "openjd_env", "LD_PRELOAD", "PYTHONPATH"),
        *("ld_preload", "DYLD_INSERT_LIBRARIES", "NODE_OPTIONS", "BASH_FUNC_ls%%", "SystemRoot"),
    ],
)
def test_an_env_file_does_not_override_just_any_variable(studio: Studio, name: str) -> None:
    env_file = studio.folder / "env.json"
    env_file.write_text(json.dumps({name: SECRET}))
    outcome = studio.render("--frames", "1", "--env-file", str(env_file))
    assert outcome.code == 2
    assert name in outcome.output
    assert SECRET not in outcome.output


def test_the_project_is_rendered_where_it_lies(studio: Studio) -> None:
    """A copy of the .aep alone has lost its footage."""
    assert studio.render("--frames", "1", scenario=Scenario(tree=False)).code == 0
    assert after(studio.starts()[0].argv, "-project") == str(studio.project)


@posix_only
def test_scratch_lies_in_the_systems_temporary_folder_and_nowhere_fixed(studio: Studio) -> None:
    temporary = studio.folder / "temporary files"
    temporary.mkdir()
    command = studio.command("--frames", "1-2")
    at = command.index("--scratch-dir")
    del command[at : at + 2]
    environment = studio.environment(Scenario(tree=False), TMPDIR=str(temporary))
    subprocess.run(command, env=environment, cwd=studio.folder, check=True, capture_output=True, timeout=60)
    assert studio.frames() == [1, 2]
    assert Path(after(studio.starts()[0].argv, "-output")).parts[: len(temporary.parts)] == temporary.parts
    assert list(temporary.iterdir()) == []


def test_a_comma_in_a_folders_name_is_a_comma(studio: Studio) -> None:
    outcome = studio.render("--frames", "1", output="a,b, c/f_[####].png", scenario=Scenario(tree=False))
    assert outcome.code == 0, outcome.output
    assert (studio.out / "a,b, c" / "f_0001.png").is_file()
    assert [path.name for path in studio.out.iterdir()] == ["a,b, c"]


@posix_only
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_cancel_keeps_every_whole_frame(studio: Studio, number: signal.Signals) -> None:
    """Delivered or in scratch: the next run renders only what was never finished."""
    slow = Scenario(costs=FrameCosts(0.0, {4: 60.0, 8: 60.0}))
    with studio.start("--frames", "1-8", "--concurrency", "2", scenario=slow) as run:
        try:
            wait_for(lambda: run.poll() is not None or len(studio.rendered()) >= 6, "six frames")
            run.send_signal(number)
            assert run.wait(30) == 4, studio.log
        finally:
            run.kill()
    assert studio.alive() == []
    assert studio.frames() == [1, 2, 3, 5, 6, 7]
    assert "cancelled by SIG" in studio.log
    assert "not rendered: frames 4,8" in studio.log
    before = len(studio.starts())
    again = studio.render("--frames", "1-8", "--concurrency", "2")
    assert again.code == 0, again.output
    assert studio.frames() == list(range(1, 9))
    assert _spans(studio.starts()[before:]) == [(4, 4), (8, 8)]


# --------------------------------------------------------------------------------- what was good, and is kept


def test_starts_are_staggered(studio: Studio) -> None:
    options = ("--frames", "1-2", "--concurrency", "2", "--spawn-delay", "1.0")
    assert studio.render(*options, scenario=Scenario(tree=False, costs=FrameCosts(1.2))).code == 0
    first, second = (start.began for start in studio.starts())
    assert second - first > 0.3, "a second, less what a busy machine may take from it"


def test_a_failure_is_reported_with_the_renderers_last_words(studio: Studio) -> None:
    words = Fault(FaultKind.EXIT, On(frame=1), code=1, text="plug-in Frobnicator: no colour space named Fred")
    outcome = studio.render("--frames", "1", "--max-frame-retries", "0", scenario=Scenario(faults=(words,)))
    assert outcome.code == 1
    assert "frame 1 failed: plug-in Frobnicator: no colour space named Fred" in outcome.output.splitlines()


def test_the_profiles_fill_in_what_was_left_open(studio: Studio) -> None:
    """`farm` turns Multi-Frame Rendering off, and what is given on the command line still holds."""
    farm = studio.render("--frames", "1-2", "--concurrency", "1", "--profile", "farm")
    assert farm.code == 0, farm.output
    both = studio.render("--frames", "3-4", "--concurrency", "1", "--profile", "farm", "--mfr")
    assert both.code == 0, both.output
    assert [after(start.argv, "-mfr") for start in studio.starts()] == ["OFF", "ON"]
