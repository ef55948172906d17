"""Faults of a farm: a cancel during start-up, a time limit, attachments that cannot be had.

A cancel in the middle of rendering and a worker that is stopped are in `test_farm`.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from stmpo.testing import Fault, FaultKind, On, Scenario
from tests.farm.grounds import WORKER, Grounds, renderers, task_runs, wait_for, why_not
from tests.farm.test_farm import Job

if TYPE_CHECKING:
    from tests.deadline.lot import Lot

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

EMPTY_THE_BUCKET = """
import boto3
client = boto3.client("s3")
for each in client.list_objects_v2(Bucket="jobs-bucket").get("Contents", []):
    client.delete_object(Bucket="jobs-bucket", Key=each["Key"])
"""


@pytest.fixture
def task(lot: Lot) -> Job:
    """A queue item of 24 frames."""
    return Job(lot)


def _nothing_left(grounds: Grounds, task: Job) -> None:
    wait_for(lambda: not grounds.busy(), "the sessions' end")
    wait_for(lambda: renderers(task.stage) == [], "the renderers' end", 5.0)
    wait_for(lambda: not grounds.left_behind(), "the sessions to leave nothing")


@pytest.mark.parametrize("phase", ["entering", "launching"])
def test_a_cancel_while_a_task_comes_up_leaves_nothing(whole_farm: Grounds, task: Job, phase: str) -> None:
    whole_farm.staff(1)
    sent = whole_farm.submit(*task.arguments(Scenario(startup=60.0), "-p", "FramesPerTask=24"))
    assert sent.returncode == 0, sent.stderr
    reached = {"entering": lambda: bool(whole_farm.busy()), "launching": lambda: bool(renderers(task.stage))}
    wait_for(reached[phase], phase)
    identity = sent.stdout.strip()
    whole_farm.cancel(identity)
    _nothing_left(whole_farm, task)
    assert {run["completedStatus"] for run in task_runs(whole_farm.job(identity))} <= {
        "CANCELED",
        "NEVER_ATTEMPTED",
    }


def test_a_task_that_runs_out_of_time_fails_and_leaves_nothing(whole_farm: Grounds, task: Job) -> None:
    whole_farm.staff(1)
    hangs = Scenario(faults=(Fault(FaultKind.HANG, On(frame=104)), Fault(FaultKind.STUBBORN)))
    folder = task.lot.folder / "bundle"
    bundled = whole_farm.stmpo("bundle", *task.arguments(hangs, "-p", "FramesPerTask=24"), "-o", folder)
    assert bundled.returncode == 0, bundled.stderr
    template = json.loads((folder / "template.json").read_text(encoding="utf-8"))
    for step in template["steps"]:
        step["script"]["actions"]["onRun"]["timeout"] = 6
    (folder / "template.json").write_text(json.dumps(template), encoding="utf-8")
    sent = whole_farm.submit(folder, "--yes")
    assert sent.returncode == 0, sent.stderr
    job = whole_farm.ended(sent.stdout.strip(), status="FAILED")
    assert [run["completedStatus"] for run in task_runs(job)] == ["FAILED"]
    _nothing_left(whole_farm, task)


def test_attachments_that_cannot_be_had_fail_the_task_before_anything_is_started(
    whole_farm: Grounds, task: Job
) -> None:
    for agent in whole_farm.agents:
        if agent.process.poll() is None:
            agent.stop()
    sent = whole_farm.submit(*task.arguments(Scenario(), "-p", "FramesPerTask=24"))
    assert sent.returncode == 0, sent.stderr
    argv = [f"{WORKER}/bin/python", "-c", EMPTY_THE_BUCKET]
    subprocess.run(argv, env=whole_farm.environment(), check=True, timeout=60)
    whole_farm.staff(1)
    whole_farm.ended(sent.stdout.strip(), status="FAILED")
    assert not (task.stage / "state").exists(), "no renderer was started"
    _nothing_left(whole_farm, task)
