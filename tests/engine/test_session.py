"""Inside an OpenJD session, with the runtime that a Deadline Cloud worker runs: what it is told, and how it
cancels.

A job template made here runs `python -m stmpo render …` as its task; `openjd.sessions.Session` is the judge.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from openjd.model import create_job, decode_job_template
from openjd.sessions import LOG, ActionState, ActionStatus, Session
from openjd.sessions._action_filter import ActionMessageKind, ActionMonitoringFilter

from stmpo.testing import Fault, FaultKind, FrameCosts, On, Scenario
from tests.engine.studio import TEST_TIMEOUT, Studio, after, frames_in, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTIFY_SECONDS = 5
FRAMES = ("--frames", "1-12", "--concurrency", "2")


@dataclass
class Worker:
    """A worker that has one session and remembers all that the session told it."""

    session: Session
    environment: dict[str, str]
    statuses: list[ActionStatus] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    """The session's log, as the farm stores it."""

    ended: threading.Event = field(default_factory=threading.Event)

    def told(self, status: ActionStatus) -> None:
        """The session's callback."""
        self.statuses.append(status)
        if status.state is not ActionState.RUNNING:
            self.ended.set()

    def run(self, command: list[str]) -> None:
        """Start the task."""
        template = decode_job_template(template=_template(command))
        job = create_job(job_template=template, job_parameter_values={})
        script = job.steps[0].script
        assert script is not None
        self.session.run_task(step_script=script, task_parameter_values={}, os_env_vars=self.environment)

    def end(self) -> ActionStatus:
        """Wait for the task's end; the last status."""
        assert self.ended.wait(TEST_TIMEOUT), "the task did not end"
        return self.statuses[-1]

    @property
    def progress(self) -> list[float]:
        """Every percentage that was told, repetitions left out."""
        values = [status.progress for status in self.statuses if status.progress is not None]
        return [value for at, value in enumerate(values) if at == 0 or value != values[at - 1]]

    @property
    def messages(self) -> set[str]:
        """Every status line that was told."""
        return {status.status_message for status in self.statuses if status.status_message}


def _template(command: list[str]) -> dict[str, Any]:
    """One step, one task; arguments are data, so OpenJD's own braces in them would have to be escaped: there
    are none.
    """
    assert not [item for item in command if "{{" in item]
    cancel = {"mode": "NOTIFY_THEN_TERMINATE", "notifyPeriodInSeconds": NOTIFY_SECONDS}
    run = {"command": command[0], "args": command[1:], "cancelation": cancel}
    return {
        "specificationVersion": "jobtemplate-2023-09",
        "name": "render",
        "steps": [{"name": "render", "script": {"actions": {"onRun": run}}}],
    }


class _Lines(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


@pytest.fixture
def worker(studio: Studio) -> Iterator[Worker]:
    """A session whose working folder lies under the studio."""
    root = studio.folder / "sessions"
    root.mkdir()
    made: list[Worker] = []
    session = Session(
        session_id="studio",
        job_parameter_values={},
        session_root_directory=root,
        callback=lambda _, status: made[0].told(status),
    )
    worker = Worker(session, {})
    made.append(worker)
    handler = _Lines(worker.lines)
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    try:
        with session:
            yield worker
    finally:
        LOG.removeHandler(handler)


def _command(studio: Studio, *options: str) -> list[str]:
    """The studio's command without a scratch folder: the session's own is meant."""
    command = studio.command(*options)
    at = command.index("--scratch-dir")
    return command[:at] + command[at + 2 :]


def _set(studio: Studio, worker: Worker, scenario: Scenario) -> None:
    worker.environment = {**scenario.environment(studio.stage), "PYTHONUTF8": "1"}


def test_a_render_succeeds_and_says_how_far_it_is(studio: Studio, worker: Worker) -> None:
    _set(studio, worker, Scenario(costs=FrameCosts(0.3)))
    worker.run(_command(studio, *FRAMES))
    last = worker.end()
    assert last.state is ActionState.SUCCESS, worker.lines
    assert last.exit_code == 0
    assert studio.frames() == list(range(1, 13))
    assert worker.progress == sorted(worker.progress)
    assert worker.progress[-1] == 100
    assert last.status_message is not None
    assert last.status_message.startswith("12 of 12 frames delivered in ")
    assert any("frames delivered, 2 renderers" in message for message in worker.messages)
    assert last.fail_message is None
    scratch = Path(after(studio.starts()[0].argv, "-output"))
    assert worker.session.working_directory in scratch.parents
    assert list(worker.session.working_directory.glob("stmpo-*")) == []


def test_a_failure_names_the_frames_and_the_renderers_words(studio: Studio, worker: Worker) -> None:
    words = "aerender ERROR: After Effects error: the layer is cursed."
    _set(studio, worker, Scenario(faults=(Fault(FaultKind.EXIT, On(frame=5), code=1, text=words),)))
    worker.run(_command(studio, *FRAMES, "--max-frame-retries", "0", "--no-kill-on-fail"))
    last = worker.end()
    assert last.state is ActionState.FAILED
    assert last.exit_code == 1
    assert last.fail_message is not None
    assert "frame 5 failed" in last.fail_message
    assert "the layer is cursed" in last.fail_message
    assert studio.frames() == [frame for frame in range(1, 13) if frame != 5]


def test_a_refusal_is_told_as_well(studio: Studio, worker: Worker) -> None:
    worker.run(_command(studio, "--frames", "1-2", "--concurrency", "1", "--rqindex", "1"))
    last = worker.end()
    assert (last.state, last.exit_code) == (ActionState.FAILED, 2)
    assert last.fail_message is not None
    assert last.fail_message.startswith("--comp and --rqindex are both given")


@pytest.mark.skipif(
    os.name == "nt", reason="a session on Windows notifies by a console event, in a console of its own"
)
def test_a_cancel_leaves_whole_frames_and_no_process(studio: Studio, worker: Worker) -> None:
    """Notify, then terminate: the run is gone well before the kill, and the next one goes on where it
    stopped.
    """
    stubborn = Fault(FaultKind.STUBBORN)
    _set(studio, worker, Scenario(costs=FrameCosts(0.0, {6: 60.0, 12: 60.0}), faults=(stubborn,)))
    worker.run(_command(studio, *FRAMES))
    places = (worker.session.working_directory, studio.out)
    wait_for(lambda: worker.ended.is_set() or len(frames_in(*places)) >= 10, "ten frames")
    worker.session.cancel_action()
    last = worker.end()
    assert last.state is ActionState.CANCELED
    assert last.exit_code == 4, worker.lines
    assert last.fail_message is not None
    assert last.fail_message.startswith("cancelled by SIGTERM")
    assert studio.alive() == []
    wanted = [frame for frame in range(1, 13) if frame not in {6, 12}]
    assert studio.frames() == wanted
    before = len(studio.starts())
    again = studio.render(*FRAMES)
    assert again.code == 0, again.output
    assert studio.frames() == list(range(1, 13))
    assert sorted(after(start.argv, "-s") for start in studio.starts()[before:]) == ["12", "6"]


@pytest.mark.skipif(os.name == "nt", reason="as above")
def test_an_urgent_cancel_leaves_no_process(studio: Studio, worker: Worker) -> None:
    """No time at all: the session kills at once, and nothing of ours can run any more; the trees end all the
    same.
    """
    _set(studio, worker, Scenario(costs=FrameCosts(60.0), faults=(Fault(FaultKind.STUBBORN),)))
    worker.run(_command(studio, *FRAMES))
    wait_for(
        lambda: worker.ended.is_set() or [len(start.pids) for start in studio.starts()] == [2, 2], "two trees"
    )
    worker.session.cancel_action(time_limit=timedelta(0))
    assert worker.end().state is ActionState.CANCELED
    wait_for(lambda: studio.alive() == [], "the end of all trees")


HOSTILE = (
    "openjd_env: X=1",
    "openjd_redacted_env: X=1",
    "openjd_unset_env: PATH",
    "openjd_progress: 99",
    "openjd_status: forged",
    "openjd_fail: forged",
    "openjd_session_runtime_loglevel: ERROR",
    " openjd_fail: indented",
    "\ropenjd_fail: after a carriage return",
    "x\x0bopenjd_fail: after a vertical tab",
    "x\x85openjd_fail: after a next line",
    "x\u2028openjd_fail: after a line separator",
    "\x1b[2K\x1b[1Gopenjd_fail: after a cleared line",
    "\ufeffopenjd_fail: after a byte order mark",
    "\x00openjd_fail: after a NUL",
    "x" * 64_000 + "openjd_fail: at the session's own line limit",
    "x" * 63_984 + "openjd_fail: at the limit less the prefix",
    "PROGRESS: openjd_fail: as progress",
    "aerender ERROR: openjd_fail: as an error",
)


def test_nothing_that_a_renderer_prints_speaks_to_the_session(studio: Studio) -> None:
    """Every line of a hostile run goes through the session's own filter: only what stmpo itself says comes
    out.
    """
    faults = [Fault(FaultKind.SAY, On(frame=2, times=1), text=text) for text in HOSTILE]
    faults += [Fault(FaultKind.SAY, On(frame=3, times=1), text=text, end="") for text in HOSTILE]
    faults.append(
        Fault(FaultKind.EXIT, On(frame=4), code=1, text="aerender ERROR: x\nopenjd_env: LAST=words")
    )
    outcome = studio.render(
        *("--frames", "1-4", "--concurrency", "1", "--max-frame-retries", "0", "--openjd"),
        *("--comp", "openjd_env: COMP=1", "--rs-template", "openjd_fail: template"),
        scenario=Scenario(faults=tuple(faults)),
        STMPO_LOG_FILE="openjd_fail: log.txt",
    )
    assert outcome.code == 1, outcome.output
    heard = _heard(outcome.output)
    kinds = {kind for kind, _ in heard}
    assert kinds - {ActionMessageKind.PROGRESS} == {ActionMessageKind.STATUS, ActionMessageKind.FAIL}
    assert len([value for kind, value in heard if kind is ActionMessageKind.FAIL]) == 1
    assert [value for _, value in heard if re.search("forged|99|loglevel", str(value))] == []
    for text in ("forged", "after a NUL", "after a vertical tab", "as progress", "indented"):
        assert text in outcome.output, "it is shown all the same, behind its prefix"


def _heard(output: str) -> list[tuple[ActionMessageKind, Any]]:
    """What a session makes of this output, read in the pieces that a session reads."""
    heard: list[tuple[ActionMessageKind, Any]] = []

    def callback(kind: ActionMessageKind, value: Any, _: bool) -> None:
        heard.append((kind, value))

    judge = ActionMonitoringFilter(session_id="studio", callback=callback)
    for line in output.split("\n"):
        for at in range(0, max(1, len(line)), 64_000):
            record = logging.LogRecord(
                "x", logging.INFO, "", 0, line[at : at + 64_000].rstrip("\r\n"), None, None
            )
            record.session_id = "studio"
            judge.filter(record)
    return heard


def test_outside_a_session_nothing_is_said_to_one(studio: Studio) -> None:
    outcome = studio.render("--frames", "1", scenario=Scenario(tree=False))
    assert outcome.code == 0
    assert _heard(outcome.output) == []


FARMS_FAKE = (
    Path(__file__).resolve().parents[3] / "shared" / "tools" / "deadline" / "fake_ae_bin" / "aerender"
)

STAND_IN = """
import os, pathlib, re, sys
from stmpo.testing.images import Picture, encode
args = sys.argv[1:]
first, last = (int(args[args.index(flag) + 1]) for flag in ("-s", "-e"))
mode, output = os.environ["MODE"], args[args.index("-output") + 1]
frames = list(range(first, last + 1))
if mode == "mfr":
    frames = frames[1::2] + frames[::2]
if mode in {"partial", "strong_error"}:
    frames = frames[: len(frames) // 2]
print("aerender version 26.0")
print("PROGRESS: Rendering 0:00:00:00 to 0:00:00:09")
print(f"PROGRESS:  Duration: 0:00:02:00 ({len(frames)})")
print("PROGRESS:  Frame Rate: 24.00 (comp)", flush=True)
if mode == "benign_error":
    print("Loading footage: error_analysis_final.mov")
for frame in frames:
    if "FILES" in os.environ:
        path = re.sub(r"\\[(#+)\\]", lambda match: str(frame).zfill(len(match[1])), output)
        pathlib.Path(path).write_bytes(encode(".png", Picture(frame)))
    print(f"PROGRESS:  0:00:00:{frame:02d} ({frame}): 0 Seconds", flush=True)
    if mode == "bad_bytes":
        sys.stdout.buffer.write(b"\\xff\\xfe garbage\\n")
if mode == "strong_error":
    print("After Effects error: Unable to open project file.")
if mode == "benign_error":
    print("Render finished with 0 errors.")
print("PROGRESS: Total Time Elapsed: 1 Second")
sys.exit(int(os.environ.get("EXIT", "0")))
"""
"""A stand-in as integrations of After Effects test with: frame numbers as counts, lines of other kinds."""


@pytest.mark.parametrize("mode", ["seq", "mfr", "partial", "strong_error", "benign_error", "bad_bytes"])
@pytest.mark.parametrize("code", [0, 1])
def test_a_stand_in_that_writes_nothing_fails_the_task_with_one_reason(
    studio: Studio, worker: Worker, mode: str, code: int
) -> None:
    worker.environment = {"PYTHONUTF8": "1", "MODE": mode, "EXIT": str(code)}
    worker.run(_stand_in(studio, "--max-frame-retries", "0"))
    last = worker.end()
    assert last.state is ActionState.FAILED
    assert last.exit_code == 1
    assert _fails(worker) == [last.fail_message]
    assert studio.frames() == []
    harmless = ("0 errors", "Loading footage", "garbage", "PROGRESS", "Total Time")
    assert not [words for words in harmless if words in str(last.fail_message)]
    if mode == "strong_error":
        assert "Unable to open project file." in str(last.fail_message)


@pytest.mark.parametrize("mode", ["seq", "mfr", "benign_error", "bad_bytes"])
def test_a_stand_in_that_writes_its_frames_succeeds(studio: Studio, worker: Worker, mode: str) -> None:
    worker.environment = {"PYTHONUTF8": "1", "MODE": mode, "FILES": "1"}
    worker.run(_stand_in(studio))
    last = worker.end()
    assert last.state is ActionState.SUCCESS, worker.lines
    assert _fails(worker) == []
    assert studio.frames() == list(range(1, 13))


@pytest.mark.skipif(not FARMS_FAKE.is_file(), reason="needs ../shared/tools/deadline/fake_ae_bin/aerender")
@pytest.mark.skipif(os.name == "nt", reason="it is started by its first line")
def test_the_farms_own_fake_writes_no_pictures_and_fails_the_task(studio: Studio, worker: Worker) -> None:
    """Its frames are text in a file that is called .png."""
    worker.environment = {"PYTHONUTF8": "1", "SECONDS_PER_FRAME": "0.01"}
    worker.run(_command(studio, *FRAMES, "--max-frame-retries", "0", "--aerender-path", str(FARMS_FAKE)))
    last = worker.end()
    assert (last.state, last.exit_code) == (ActionState.FAILED, 1)
    assert _fails(worker) == [last.fail_message]
    assert studio.frames() == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(FaultKind.MISSING_FOOTAGE, text="/plates/a.tif"), 1),
        (Fault(FaultKind.FORCED_EXTENSION, text=".mov"), 1),
        (Fault(FaultKind.SILENT_AFTER_LAUNCH), 1),
        (Fault(FaultKind.EXPRESSION_DISABLED, text="Title"), 0),
    ],
    ids=lambda value: value.kind.value if isinstance(value, Fault) else str(value),
)
def test_a_verdict_is_one_reason_or_a_count_in_the_last_status(
    studio: Studio, worker: Worker, fault: Fault, code: int
) -> None:
    _set(studio, worker, Scenario(faults=(fault,)))
    worker.run(_command(studio, *FRAMES))
    last = worker.end()
    assert last.exit_code == code
    assert len(_fails(worker)) == code
    if code == 0:
        assert "warnings: 1 expression error" in str(last.status_message)


def _stand_in(studio: Studio, *options: str) -> list[str]:
    program = studio.folder / "stand_in.py"
    program.write_text(STAND_IN, encoding="utf-8")
    return _command(studio, *FRAMES, "--aerender-path", str(program), *options)


def _fails(worker: Worker) -> list[str]:
    """Return the reasons that the session was given, in order."""
    return [line.partition(": ")[2] for line in worker.lines if line.startswith("openjd_fail: ")]
