"""The matrix, runs: locks, journals and what another run has left. Signals at random instants:
`test_instants`.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stmpo.history.journal import Journal
from stmpo.history.journal_model import ProjectVersion
from stmpo.model.errors import BadInput, ExitCode
from stmpo.model.frames import FrameSet
from stmpo.model.output_pattern import OutputPattern
from stmpo.model.render_job import RenderJob
from stmpo.testing import Fault, FaultKind, FrameCosts, On, Scenario
from tests.engine.studio import TEST_TIMEOUT, Outcome, wait_for
from tests.faults.faulty import Faulty, Rules
from tests.faults.ground import Ground
from tests.faults.judge import LIMIT, Ends, Job, Judge

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = int(os.environ.get("STMPO_FAULTS_SEED", "20"))
JOB = Job(tuple(range(1, 9)), options=("--frames", "1-8", "--concurrency", "2"))
SLOW = Scenario(costs=FrameCosts(0.02, {4: 60.0, 8: 60.0}), tree=False)
QUICK = Scenario(tree=False)
CUTS = 5
"""Places at which a journal is cut for a run of its own; the others are tried without renderers."""


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """An empty place, cleared afterwards."""
    made = Ground(tmp_path)
    yield made
    made.clear()


def _journal(ground: Ground) -> Path:
    (path,) = ground.out.glob(".*.stmpo.jsonl")
    return path


def _six_rendered_then_killed(ground: Ground, *, group: bool = False) -> None:
    """A run is killed with six of eight frames rendered."""
    with ground.start(*JOB.options, scenario=SLOW) as run:
        wait_for(lambda: len(ground.rendered()) >= 6, "six frames")
        if group:
            for pid in [run.pid, *ground.survivors()]:
                _kill(pid)
        run.kill()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def test_two_runs_for_the_same_output_the_second_is_refused_and_names_the_first(ground: Ground) -> None:
    with ground.start(*JOB.options, scenario=SLOW) as first:
        wait_for(lambda: len(ground.rendered()) >= 6, "six frames")
        second = ground.render(*JOB.options, scenario=QUICK)
        first.terminate()
        assert first.wait(30) == ExitCode.CANCELLED
    assert second.code == ExitCode.BAD_INPUT
    assert f"another run is writing to this output (process {first.pid} on " in second.output
    judge = Judge(ground, JOB)
    judge.nothing_left(Outcome(4, ground.log))
    judge.frames(frozenset({4, 8}))
    judge.next_run()


def test_a_lock_ends_with_whoever_held_it(ground: Ground) -> None:
    """There is no stale lock: the system gives it back, and the next run asks nobody."""
    _six_rendered_then_killed(ground)
    judge = Judge(ground, JOB)
    judge.nothing_left(timeout=LIMIT)
    judge.frames(None)
    judge.next_run()


def test_after_a_reboot_with_scratch_gone_what_was_delivered_is_not_rendered_again(ground: Ground) -> None:
    _six_rendered_then_killed(ground, group=True)
    ground.survivors(LIMIT)
    shutil.rmtree(ground.scratch)
    Judge(ground, JOB).next_run()


def test_after_a_reboot_with_scratch_kept_nothing_whole_is_rendered_again(ground: Ground) -> None:
    _six_rendered_then_killed(ground, group=True)
    judge = Judge(ground, JOB)
    judge.nothing_left(timeout=LIMIT)
    judge.next_run()


def test_a_journal_of_a_newer_version_is_refused_and_left_as_it_is(ground: Ground) -> None:
    assert ground.render(*JOB.options, scenario=QUICK).code == ExitCode.OK
    path = _journal(ground)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    newer = "".join(json.dumps({**line, **_newer(line)}) + "\n" for line in lines)
    path.write_text(newer)
    refused = ground.render(*JOB.options, scenario=QUICK)
    judge = Judge(ground, JOB)
    judge.words(
        refused,
        Ends(ExitCode.BAD_INPUT, says=("was written by a newer version of stmpo (99.0)", "--journal-dir")),
    )
    judge.nothing_left(refused)
    assert path.read_text() == newer
    assert len(ground.starts()) == 2


def _newer(line: dict[str, Any]) -> dict[str, Any]:
    return {"version": 99, "stmpo": "99.0"} if line["event"] == "run" else {}


# ------------------------------------------------------------------------------------------ what is inherited

BLOCKED = "import os, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()); os.execv(sys.argv[1], sys.argv[1:])"
"""Starts a program with every signal blocked, as a service with threads of its own may."""


def _with_signals_blocked(ground: Ground, scenario: Scenario) -> subprocess.Popen[str]:
    with (ground.folder / "run.log").open("w", encoding="utf-8") as log:
        command = [sys.executable, "-c", BLOCKED, *ground.command(*JOB.options)]
        environment = ground.environment(scenario)
        return subprocess.Popen(
            command, env=environment, cwd=ground.folder, stdout=log, stderr=log, text=True
        )


def test_a_run_that_was_started_with_signals_blocked_hears_of_its_renderers_ends(ground: Ground) -> None:
    dies = Scenario(faults=(Fault(FaultKind.EXIT, On(frame=3, times=1), code=3),), tree=False)
    with _with_signals_blocked(ground, dies) as run:
        code = run.wait(TEST_TIMEOUT)
    Judge(ground, JOB).after(Outcome(code, ground.log), Ends(says=("ended with code 3",)))


def test_and_it_can_be_cancelled(ground: Ground) -> None:
    with _with_signals_blocked(ground, SLOW) as run:
        wait_for(lambda: len(ground.rendered()) >= 6, "six frames")
        run.terminate()
        code = run.wait(TEST_TIMEOUT)
    judge = Judge(ground, JOB)
    judge.words(Outcome(code, ground.log), Ends(ExitCode.CANCELLED, says=("cancelled by SIGTERM",)))
    judge.nothing_left(Outcome(code, ground.log))
    judge.next_run()


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_run_whose_output_nobody_reads_goes_on_and_can_be_cancelled(
    ground: Ground, *, cancelled: bool
) -> None:
    """A pager that waits for a key, an agent that hangs: the pipe is full, and stays so."""
    talks = Fault(FaultKind.SAY, On(frame=1, times=1), text="word " * 20, repeat=300)
    slow = FrameCosts(0.02, {8: 60.0} if cancelled else {})
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    try:
        environment = ground.environment(Scenario(costs=slow, faults=(talks,), tree=False))
        command = ground.command(*JOB.options)
        with subprocess.Popen(command, env=environment, stdout=writing, stderr=writing) as run:
            wait_for(lambda: ground.delivered() >= 7 or run.poll() is not None, "seven frames")
            if cancelled:
                run.terminate()
            code = run.wait(TEST_TIMEOUT)
    finally:
        os.close(reading)
        os.close(writing)
    assert code == (ExitCode.CANCELLED if cancelled else ExitCode.OK)
    judge = Judge(ground, JOB)
    judge.frames(frozenset({8} if cancelled else ()))
    judge.nothing_left()
    judge.next_run()


# ----------------------------------------------------------------------------------- a destination that hangs


def test_a_cancel_does_not_wait_for_a_destination_whose_reads_hang_while_a_run_resumes(
    ground: Ground,
) -> None:
    """The run ends at once and changes nothing: the next one finds every frame."""
    with Faulty.mounted(ground.folder / "share") as share:
        ground.destination = share.point / "out"
        assert ground.render(*JOB.options, scenario=QUICK).code == ExitCode.OK
        share.rules(Rules(hangs=("read",), hanging_names="*.png"))
        with ground.start(*JOB.options, scenario=QUICK) as run:
            wait_for(lambda: _reads_a_frame(run.pid), "a read of a frame")
            run.terminate()
            began = time.monotonic()
            code = run.wait(TEST_TIMEOUT)
            seconds = time.monotonic() - began
        outcome = Outcome(code, ground.log)
        judge = Judge(ground, JOB)
        judge.words(outcome, Ends(ExitCode.CANCELLED, says=("cancelled by SIGTERM",)))
        assert seconds < LIMIT
        share.rules(Rules())
        judge.frames(frozenset())
        judge.nothing_left(outcome)
        judge.next_run()
        assert len(ground.starts()) == 2, "only the first run has rendered"


def _reads_a_frame(pid: int) -> bool:
    """Return whether a process has a frame at the destination open."""
    with contextlib.suppress(OSError):
        return any(fd.readlink().name.startswith("f_") for fd in Path(f"/proc/{pid}/fd").iterdir())
    return False


# --------------------------------------------------------------------------------------- journals, taken away


def test_a_journal_that_is_removed_while_a_run_writes_it_is_put_back(ground: Ground) -> None:
    """As by somebody who tidies the output folder: the lock still holds, and the next run knows all that
    there is.
    """
    slow = Scenario(costs=FrameCosts(0.02, {4: 5.0, 8: 60.0}), tree=False)
    with ground.start(*JOB.options, scenario=slow) as first:
        wait_for(lambda: ground.delivered() >= 2, "two frames")
        _journal(ground).unlink()
        wait_for(lambda: list(ground.out.glob(".*.stmpo.jsonl")), "the journal")
        second = ground.render(*JOB.options, scenario=QUICK)
        wait_for(lambda: ground.delivered() >= 7, "all but the last")
        first.terminate()
        assert first.wait(TEST_TIMEOUT) == ExitCode.CANCELLED
    assert second.code == ExitCode.BAD_INPUT
    judge = Judge(ground, JOB)
    judge.nothing_left(Outcome(4, ground.log))
    judge.frames(frozenset({8}))
    judge.next_run()


def test_a_destination_that_is_removed_while_a_run_delivers_costs_what_stood_there(ground: Ground) -> None:
    """The run ends and says so; what it kept in scratch is found by the next one."""
    costs = FrameCosts(0.02, {4: 8.0, 8: 8.0})
    with ground.start(*JOB.options, scenario=Scenario(costs=costs, tree=False)) as run:
        wait_for(lambda: ground.delivered() >= 6, "six frames")
        shutil.rmtree(ground.out)
        code = run.wait(TEST_TIMEOUT)
    Judge(ground, JOB).after(
        Outcome(code, ground.log),
        Ends(ExitCode.FRAMES_FAILED, None, ("cannot deliver", "the folder is gone")),
    )


# ---------------------------------------------------------------------------------------------- journals, cut


def _cut(ground: Ground) -> tuple[Path, bytes]:
    """A journal with a killed run, its resumption, and all that belongs to them."""
    _six_rendered_then_killed(ground)
    assert ground.render(*JOB.options, scenario=QUICK).code == ExitCode.OK
    path = _journal(ground)
    return path, path.read_bytes()


def test_a_journal_cut_at_every_byte_vouches_for_nothing_that_was_not_written(ground: Ground) -> None:
    """And can be written on: the next run's lines count, whatever the cut has left before them."""
    data = _cut(ground)[1]
    job = RenderJob(
        project=ground.project,
        comp="Main",
        rqindex=None,
        frames=FrameSet.between(1, 8),
        output=OutputPattern.parse(str(ground.out / "f_[####].png"), ground.folder),
    )
    version = ProjectVersion.of(ground.project)
    copy = ground.folder / "cut.jsonl"
    for size in range(len(data)):
        copy.write_bytes(data[:size])
        said = {line["frame"] for line in _whole_lines(data[:size]) if line["event"] == "delivered"}
        journal = Journal.open(copy)
        try:
            assert set(journal.history(job, version).vouched) <= said, f"cut at {size}"
            journal.runs()
            journal.cost_history(job, version)
            journal.begin(job, version, run="again", fresh=False, about={})
            journal.write("delivered", frame=500, name="f_0500.png", size=1)
            assert 500 in journal.history(job, version).vouched, f"cut at {size}"
        except BadInput as refusal:  # the first line was cut, and with it what the job was
            raise AssertionError(f"cut at {size}: {refusal}") from None
        finally:
            journal.close()


def _whole_lines(data: bytes) -> list[dict[str, Any]]:
    return [line for text in data.split(b"\n") if (line := _line(text)) is not None]


def _line(text: bytes) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError:
        return None
    return found


def test_a_run_resumes_from_a_journal_cut_anywhere(ground: Ground) -> None:
    """Every frame is there and whole afterwards; at worst some are rendered again, never too few."""
    path, data = _cut(ground)
    chance = random.Random(SEED)
    for size in sorted(chance.sample(range(len(data)), CUTS)):
        path.write_bytes(data[:size])
        Judge(ground, JOB).next_run(keeps=False)


def test_a_second_spelling_by_capitals_is_refused_where_case_is_folded(ground: Ground) -> None:
    try:
        with Faulty.mounted(ground.folder / "share", Rules(folds_case=True)) as share:
            ground.destination = share.point
            with ground.start(*JOB.options, scenario=SLOW) as first:
                wait_for(lambda: len(ground.rendered()) >= 6, "six frames")
                second = ground.render(*JOB.options, scenario=QUICK, output="F_[####].PNG")
                first.terminate()
                assert first.wait(30) == ExitCode.CANCELLED
            assert second.code == ExitCode.BAD_INPUT
            assert f"another run is writing to this output (process {first.pid} on " in second.output
    except OSError as error:
        pytest.skip(str(error))
