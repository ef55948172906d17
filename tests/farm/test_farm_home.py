"""A job's way home: it is followed, its frames are downloaded, and a failure is explained in one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stmpo.testing import Fault, FaultKind, FrameCosts, On, Scenario, frame_stamp
from tests.farm.grounds import FARM, QUEUE, why_not
from tests.farm.test_farm import Job

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deadline.lot import Lot
    from tests.farm.grounds import Grounds

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

WHERE = ("--farm-id", FARM, "--queue-id", QUEUE)
WORDS = "After Effects error: the plug-in Glow has lost its licence ( 5027 :: 12 )"


@pytest.fixture
def job(lot: Lot) -> Job:
    """A queue item of 24 frames."""
    return Job(lot)


def stamps(folder: Path) -> list[int]:
    """The frames below a folder, by what stands in them."""
    return sorted(frame_stamp(path) for path in folder.rglob("f_*.tif"))


def test_frames_are_downloaded_when_the_job_has_ended_and_again_later(
    whole_farm: Grounds, job: Job, tmp_path: Path
) -> None:
    whole_farm.staff(1)
    home = tmp_path / "home"
    options = ("--wait", "--download", str(home), "-p", "FramesPerTask=12", "--region", "us-west-2")
    sent = whole_farm.submit(*job.arguments(Scenario(costs=FrameCosts(0.02)), *options))
    assert sent.returncode == 0, sent.stderr
    assert stamps(home) == job.frames
    assert "24 files in " in sent.stderr
    assert "downloading 100 %" in sent.stderr
    identity = sent.stdout.strip()
    fetched = whole_farm.stmpo("download", identity, *WHERE)
    assert fetched.returncode == 0, fetched.stderr
    assert job.delivered() == job.frames, "at the places of the project"
    status = whole_farm.stmpo("job", "status", identity, *WHERE)
    assert status.stdout.splitlines() == [f"shot ({identity}): succeeded", "  Main, 主: 2 succeeded"]
    assert whole_farm.stmpo("job", "why", identity, *WHERE).stdout.splitlines()[-1].startswith("no task")
    logs = whole_farm.stmpo("job", "logs", identity, "--lines", "20", *WHERE)
    assert logs.returncode == 0, logs.stderr
    assert 0 < len(logs.stdout.splitlines()) <= 20


def test_a_failed_job_is_explained_with_frames_and_the_renderers_words(whole_farm: Grounds, job: Job) -> None:
    whole_farm.staff(1)
    fault = Fault(FaultKind.EXIT, On(frame=109), text=f"ERROR:{WORDS}", code=1)
    options = ("-p", "FramesPerTask=12", "-p", "MaxFrameRetries=0", "-p", "NoKillOnFail=true", "--wait")
    sent = whole_farm.submit(*job.arguments(Scenario(faults=(fault,)), *options, "--download"))
    assert sent.returncode == 1, sent.stderr
    identity = sent.stdout.strip()
    why = whole_farm.stmpo("job", "why", identity, *WHERE)
    assert why.returncode == 0, why.stderr
    lines = why.stdout.splitlines()
    assert len(lines) <= 24, "one screen"
    assert lines[:2] == [f"shot ({identity}): failed", "  Main, 主: 1 failed, 1 succeeded"]
    (reason,) = [line for line in lines if line.startswith("Main, 主 100-111: ")]
    assert "109" in reason
    assert "Glow has lost its licence" in reason
    assert "log of Main, 主 100-111:" in lines
    log = lines[lines.index("log of Main, 主 100-111:") :]
    assert any("Glow has lost its licence" in line for line in log), why.stdout


def test_a_job_that_does_not_exist_is_one_line(whole_farm: Grounds) -> None:
    gone = f"job-{'0' * 32}"
    for command in (("job", "status"), ("job", "why"), ("download",)):
        asked = whole_farm.stmpo(*command, gone, *WHERE)
        assert (asked.returncode, asked.stdout) == (2, "")
        assert len([line for line in asked.stderr.splitlines() if line.startswith("stmpo: ")]) == 1


def test_three_thousand_frames_are_three_tasks(whole_farm: Grounds, lot: Lot, tmp_path: Path) -> None:
    whole_farm.staff(2)
    job = Job(lot)
    comp = lot.comp("Long", seconds=250.0, rate=12.0, start=1)
    lot.queue(comp, "long/f_[####].[fileExtension]")
    options = ("--item", "2", "-p", "FramesPerTask=1000", "--wait", "--download", str(tmp_path / "home"))
    sent = whole_farm.submit(*job.arguments(Scenario(costs=FrameCosts(0.0)), *options))
    assert sent.returncode == 0, sent.stderr
    assert "1 item, 3 tasks" in sent.stderr
    assert stamps(tmp_path / "home") == list(range(1, 3001))
