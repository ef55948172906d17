"""From the panel's button to delivered frames: the panel, the real client, the real worker agent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from stmpo.deadline import wheels
from stmpo.deadline.shared_bundle import kept_bundles
from stmpo.testing import FrameCosts, Scenario
from tests.farm.grounds import BARE_QUEUE, CLIENT, FARM, QUEUE, Grounds, task_runs, why_not
from tests.farm.test_farm import Job, fetch
from tests.panel.dump_project import dump
from tests.panel.test_panel_submit import START

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deadline.lot import Lot
    from tests.panel.panel_host import Panel

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


@pytest.fixture
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grounds]:
    """A farm with one worker."""
    grounds = Grounds(tmp_path_factory.mktemp("farm"))
    try:
        grounds.open()
        grounds.staff(1)
        yield grounds
    finally:
        grounds.close()


def test_a_job_of_the_panel_comes_back_as_frames(
    panel: Panel, lot: Lot, farm: Grounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wheels, "_download", lambda *_: None)
    wheels.collect_wheels(panel.home / "wheels", download=False)
    job = Job(lot)
    arguments = list(map(str, job.arguments(Scenario(costs=FrameCosts(0.05)))))
    chosen = dict(part.split("=", 1) for part in arguments if "=" in part)
    chosen |= {"FramesPerTask": "12", "systems": "linux", "priority": "72", "initialState": "READY"}
    chosen |= {"client": f"{CLIENT}/bin/deadline", "farm": FARM, "queue": QUEUE}
    panel.app, panel.environ = dump(lot.folder / "shot.aep"), farm.environment()
    steps = [f"STMPO.settings.set({json.dumps(key)}, {json.dumps(value)})" for key, value in chosen.items()]
    answer = panel.run(*steps, START.replace("MODE", "'direct'"), "tick", "seen", timeout=50)
    assert set(answer.values[:-1]) == {""}
    result = answer.values[-1]["result"]
    assert result["ok"], result
    done = farm.ended(result["jobId"])
    assert len(list(task_runs(done))) == 2
    request = farm.request(result["jobId"])
    assert request["priority"] == 72
    assert "attachments" in request
    fetch(farm, job, result["jobId"])
    assert job.delivered() == job.frames


def test_a_job_for_a_queue_without_job_attachments_comes_back_as_frames(
    panel: Panel, lot: Lot, farm: Grounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workers read the bundle in the folder that the user has set, and it stays."""
    monkeypatch.setattr(wheels, "_download", lambda *_: None)
    wheels.collect_wheels(panel.home / "wheels", download=False)
    job = Job(lot)
    arguments = list(map(str, job.arguments(Scenario(costs=FrameCosts(0.05)))))
    chosen = dict(part.split("=", 1) for part in arguments if "=" in part)
    chosen |= {"systems": "linux", "initialState": "READY", "client": f"{CLIENT}/bin/deadline"}
    chosen |= {"farm": FARM, "queue": BARE_QUEUE, "bundleDir": str(lot.folder / "shared")}
    panel.app, panel.environ = dump(lot.folder / "shot.aep"), farm.environment()
    steps = [f"STMPO.settings.set({json.dumps(key)}, {json.dumps(value)})" for key, value in chosen.items()]
    answer = panel.run(*steps, START.replace("MODE", "'direct'"), "tick", "seen", timeout=50)
    assert set(answer.values[:-1]) == {""}, answer.values
    result = answer.values[-1]["result"]
    assert result["ok"], result
    farm.ended(result["jobId"])
    assert "attachments" not in farm.request(result["jobId"])
    assert job.delivered() == job.frames
    (kept,) = kept_bundles(lot.folder / "shared")
    assert kept.job == result["jobId"]
