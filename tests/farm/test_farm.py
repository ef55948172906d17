"""From an .aep file to delivered frames: the real client, the real worker agent, the real OpenJD runtime."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from py_aep import OutputFormat

from stmpo.testing import FAKE_AERENDER, Fault, FaultKind, FrameCosts, On, Scenario, frame_stamp
from tests.farm.grounds import install_renderer, options, renderers, task_runs, wait_for, why_not

if TYPE_CHECKING:
    from tests.deadline.lot import Lot
    from tests.farm.grounds import Grounds

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


@pytest.fixture
def grounds(whole_farm: Grounds) -> Grounds:
    """A farm with two workers, whatever other tests have done to them."""
    whole_farm.staff(2)
    return whole_farm


@pytest.fixture
def job(lot: Lot) -> Job:
    """A project of one queue item with footage: 24 frames, to be rendered by the fake aerender."""
    return Job(lot)


class Job:
    """What is sent, and what plays on the workers."""

    def __init__(self, lot: Lot) -> None:
        self.lot = lot
        self.out, self.stage = lot.folder / "out", lot.folder / "stage"
        self.comp = lot.comp("Main, 主", seconds=2.0, rate=12.0, start=100)
        lot.sequence("plates/a.{:04d}.png", [1, 2, 5], into=self.comp)
        lot.queue(self.comp, "out/f_[####].[fileExtension]")
        self.frames = list(range(100, 124))

    def arguments(self, scenario: Scenario, *more: str) -> list[str | Path]:
        """Options of `stmpo submit`."""
        renderer = install_renderer(self.stage, scenario)
        return [self.lot.save(), *options(renderer, processes=2), *more]

    def delivered(self) -> list[int]:
        """The frames at the destination, by what stands in them."""
        return sorted(frame_stamp(path) for path in self.out.glob("f_*.tif"))


def fetch(grounds: Grounds, job: Job, identity: str) -> None:
    """Bring back what the workers uploaded, and nothing that lay here before."""
    shutil.rmtree(job.out, ignore_errors=True)
    fetched = grounds.deadline(
        "job", "download-output", "--job-id", identity, "--yes", "--conflict-resolution", "OVERWRITE"
    )
    assert fetched.returncode == 0, fetched.stdout


def test_two_workers_share_the_chunks_and_the_frames_come_back(grounds: Grounds, job: Job) -> None:
    film = job.lot.queue(job.comp, "out/films, 1/film.[fileExtension]")
    job.lot.format(film.output_modules[0], OutputFormat.QUICKTIME)
    options = ("-p", "FramesPerTask=8", "--priority", "71", "--wait")
    sent = grounds.submit(*job.arguments(Scenario(costs=FrameCosts(0.05)), *options))
    assert sent.returncode == 0, sent.stderr
    assert "uploading 100 %" in sent.stderr
    assert "4 succeeded" in sent.stderr
    identity = sent.stdout.strip()
    assert grounds.request(identity)["priority"] == 71
    done = grounds.job(identity)
    sessions = {run["action"].split("-")[1] for run in task_runs(done)}
    assert len(sessions) >= 2, "two workers"
    fetch(grounds, job, identity)
    assert job.delivered() == job.frames
    files = sorted(str(path.relative_to(job.out)) for path in job.out.rglob("*") if path.is_file())
    assert files == [*(f"f_{frame:04d}.tif" for frame in job.frames), "films, 1/film.mov"], "and nothing else"


def test_environments_come_and_go_around_the_tasks(grounds: Grounds, job: Job) -> None:
    sent = grounds.submit(*job.arguments(Scenario(), "--frames", "100-101"))
    identity = sent.stdout.strip()
    grounds.ended(identity)
    wait_for(lambda: not grounds.busy(), "the sessions' end")
    said = grounds.words(identity)
    assert "stmpo 2" in said
    assert "unpacked from" in said, "the worker's Python has nothing installed"
    kinds = [
        next(iter(entry["definition"])) for entry in grounds.job(identity)["history"] if "definition" in entry
    ]
    assert kinds.count("envEnter") == kinds.count("envExit") == 3
    assert kinds.index("taskRun") > kinds.index("envEnter")


def test_a_frame_that_fails_fails_its_task_in_the_renderers_words(grounds: Grounds, job: Job) -> None:
    words = "After Effects error: the plug-in Glow has lost its licence ( 5027 :: 12 )"
    fault = Fault(FaultKind.EXIT, On(frame=109), text=f"ERROR:{words}", code=1)
    options = ("-p", "FramesPerTask=12", "-p", "MaxFrameRetries=0", "-p", "NoKillOnFail=true", "--wait")
    sent = grounds.submit(*job.arguments(Scenario(faults=(fault,)), *options))
    assert sent.returncode == 1, sent.stderr
    assert "1 failed" in sent.stderr
    failed = [line for line in sent.stderr.splitlines() if line.startswith("Main, 主 100-111 failed: ")]
    assert len(failed) == 1
    assert "109" in failed[0]
    assert "Glow has lost its licence" in failed[0]


def test_what_a_session_could_not_begin_for_is_told(grounds: Grounds, job: Job) -> None:
    job.lot.text(job.comp, "words").font = "NobodyHasThis-Bold"
    sent = grounds.submit(*job.arguments(Scenario(), "--wait"))
    assert sent.returncode == 1, sent.stderr
    told = "the start of a session failed: missing fonts: this worker does not find NobodyHasThis-Bold"
    assert [line for line in sent.stderr.splitlines() if line.startswith(told)]


def test_a_cancel_in_the_middle_leaves_no_process_and_the_job_can_be_sent_again(
    grounds: Grounds, job: Job
) -> None:
    slow = Scenario(costs=FrameCosts(0.2, dict.fromkeys((105, 110, 115, 120), 600.0)))
    sent = grounds.submit(*job.arguments(slow, "-p", "FramesPerTask=24"))
    identity = sent.stdout.strip()
    wait_for(lambda: len(renderers(job.stage)) >= 2, "renderers")
    grounds.cancel(identity)
    wait_for(lambda: not grounds.busy(), "the sessions' end")
    (run,) = task_runs(grounds.job(identity))
    assert run["completedStatus"] == "CANCELED"
    assert renderers(job.stage) == []
    wait_for(lambda: not grounds.left_behind(), "the sessions to leave nothing")
    again = grounds.submit(*job.arguments(Scenario(), "-p", "FramesPerTask=24"))
    grounds.ended(again.stdout.strip())
    fetch(grounds, job, again.stdout.strip())
    assert job.delivered() == job.frames


def test_a_worker_that_is_stopped_loses_nothing(grounds: Grounds, job: Job) -> None:
    hanging = Scenario(costs=FrameCosts(0.05), faults=(Fault(FaultKind.HANG, On(frame=104, times=1)),))
    sent = grounds.submit(*job.arguments(hanging, "-p", "FramesPerTask=12", "--max-workers", "1"))
    identity = sent.stdout.strip()
    wait_for(
        lambda: any((job.stage / "state").glob("fault-*")) and len(renderers(job.stage)) == 2,
        "a renderer that hangs",
    )
    before = set(renderers(job.stage))
    (agent,) = grounds.busy()
    agent.stop()
    assert not before & set(renderers(job.stage)), "no process outlives its worker"
    done = grounds.ended(identity)
    assert [run["completedStatus"] for run in task_runs(done)].count("INTERRUPTED") == 1
    fetch(grounds, job, identity)
    assert job.delivered() == job.frames


def test_on_shared_storage_another_worker_goes_on_with_the_task(grounds: Grounds, job: Job) -> None:
    """With a storage profile only the scripts travel; frames delivered before the worker vanished stay."""
    mapped = job.lot.folder.with_name("as the workers have it")
    mapped.symlink_to(job.lot.folder)
    profile = grounds.share(job.lot.folder, mapped)
    options = ("-p", "FramesPerTask=24", "--max-workers", "1", "--storage-profile-id", profile)
    last = dict.fromkeys((111, 123), 15.0)  # of each renderer's range: the worker goes before it is done
    sent = grounds.submit(*job.arguments(Scenario(costs=FrameCosts(0.4, last)), *options))
    assert sent.returncode == 0, sent.stderr
    identity = sent.stdout.strip()
    roots = [manifest["rootPath"] for manifest in grounds.request(identity)["attachments"]["manifests"]]
    assert not [root for root in roots if Path(root).is_relative_to(job.lot.folder)]
    wait_for(lambda: len(job.delivered()) >= 4, "four frames")
    (agent,) = grounds.busy()
    there = job.delivered()
    agent.stop()
    done = grounds.ended(identity)
    assert [run["completedStatus"] for run in task_runs(done)] == ["INTERRUPTED", "SUCCEEDED"]
    said = grounds.words(identity)
    (resumed,) = re.findall(r"24 frames to (.*)/f_.*, (\d+) of them there already", said)
    assert int(resumed[1]) >= len(there)
    assert resumed[0] == str(mapped / "out")
    assert job.delivered() == job.frames
    assert [path.name for path in job.out.iterdir() if path.name.startswith(".")] == [], "no journal is left"


def test_a_bundle_is_sent_as_it_stands_with_all_five_values(grounds: Grounds, job: Job) -> None:
    folder = job.lot.folder / "bundle"
    options = (
        "--priority",
        "3",
        "--initial-state",
        "SUSPENDED",
        "--max-failed-tasks",
        "4",
        "--max-workers",
        "5",
    )
    bundled = grounds.stmpo("bundle", *job.arguments(Scenario(), *options), "-o", folder)
    assert bundled.returncode == 0, bundled.stderr
    for more, priority in ((), 3), (("--priority", "99"), 99):
        sent = grounds.submit(folder, "--yes", *more)
        assert sent.returncode == 0, sent.stderr
        request = grounds.request(sent.stdout.strip())
        assert request["priority"] == priority
        assert request["targetTaskRunStatus"] == "SUSPENDED"
        assert (request["maxFailedTasksCount"], request["maxRetriesPerTask"], request["maxWorkerCount"]) == (
            4,
            0,
            5,
        )


def test_files_from_elsewhere_are_not_sent_unasked(grounds: Grounds, job: Job, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    job.lot.still(str(elsewhere / "private.png"), into=job.comp)
    arguments = job.arguments(Scenario(), "--initial-state", "SUSPENDED")
    refused = grounds.submit(*arguments)
    assert refused.returncode == 2
    assert f"files outside the project's folder would be sent ({elsewhere})" in refused.stderr
    assert refused.stdout == ""
    known = ("--known-asset-path", str(elsewhere), "--known-asset-path", str(FAKE_AERENDER.parent))
    sent = grounds.submit(*arguments, *known)
    assert sent.returncode == 0, sent.stderr
    for answer, code in (("n", 2), ("y", 0)):
        asked = grounds.submit(*arguments, typed=answer)
        assert asked.returncode == code, asked.stderr
        assert str(elsewhere) in asked.stderr, "a terminal is asked, and told about what"
        assert bool(asked.stdout) is (code == 0)
