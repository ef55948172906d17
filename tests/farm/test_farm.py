"""From an .aep file to delivered frames: the real client, the real worker agent, the real OpenJD runtime."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from stmpo.testing import FAKE_AERENDER, Costs, Scenario, frame_stamp
from tests.farm.grounds import Grounds, task_runs, why_not

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.deadline.lot import Lot

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


@pytest.fixture(scope="module")
def grounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grounds]:
    """A farm with two workers."""
    farm = Grounds(tmp_path_factory.mktemp("farm"))
    try:
        farm.open()
        farm.hire("a")
        farm.hire("b")
        yield farm
    finally:
        farm.close()


@pytest.fixture
def job(lot: Lot) -> Job:
    """A project of one queue item with footage: 24 frames, to be rendered by the fake aerender."""
    return Job(lot)


class Job:
    """What is sent, and what plays on the workers."""

    def __init__(self, lot: Lot) -> None:
        self.lot = lot
        self.out, self.stage = lot.folder / "out", lot.folder / "stage"
        comp = lot.comp("Main, 主", seconds=2.0, rate=12.0, start=100)
        lot.sequence("plates/a.{:04d}.png", [1, 2, 5], into=comp)
        lot.queue(comp, "out/f_[####].[fileExtension]")
        self.frames = list(range(100, 124))

    def arguments(self, scenario: Scenario, *more: str) -> list[str | Path]:
        """Options of `stmpo submit`."""
        fixed = {
            "AerenderPath": self._renderer(scenario),
            "SpawnDelay": 0,
            "ChildGraceSec": 1,
            "Concurrency": 2,
        }
        parameters = [part for name, value in fixed.items() for part in ("-p", f"{name}={value}")]
        system = ["--os", "linux", "--python", "python3", "--offline", "--max-retries-per-task", "0"]
        return [self.lot.save(), *parameters, *system, *more]

    def _renderer(self, scenario: Scenario) -> Path:
        """An aerender, as it is installed on every worker, that plays this scenario."""
        variables = scenario.environment(self.stage)
        command = [sys.executable, str(FAKE_AERENDER)]
        path = self.stage / "aerender"
        path.write_text(
            f"#!{sys.executable}\nimport os, sys\nos.environ.update({variables!r})\n"
            f"os.execv({sys.executable!r}, {command!r} + sys.argv[1:])\n",
            encoding="utf-8",
        )
        path.chmod(0o755)
        return path

    def delivered(self) -> list[int]:
        """The frames at the destination, by what stands in them."""
        return sorted(frame_stamp(path) for path in self.out.glob("f_*.tif"))


def test_two_workers_share_the_chunks_and_the_frames_come_back(grounds: Grounds, job: Job) -> None:
    scenario = Scenario(costs=Costs(0.3))
    sent = grounds.submit(*job.arguments(scenario, "-p", "FramesPerTask=6", "--priority", "71", "--wait"))
    assert sent.returncode == 0, sent.stderr
    identity = sent.stdout.strip()
    done = grounds.job(identity)
    assert len({run["action"].split("-")[1] for run in task_runs(done)}) == 2, "two workers"
    assert "4 succeeded" in sent.stderr
    assert "uploading 100 %" in sent.stderr
    request = grounds.request(identity)
    assert request["priority"] == 71
    assert "stmpo 2" in grounds.words(identity)

    shutil.rmtree(job.out, ignore_errors=True)  # the workers rendered elsewhere; what comes back came by S3
    fetched = grounds.deadline(
        "job", "download-output", "--job-id", identity, "--yes", "--conflict-resolution", "OVERWRITE"
    )
    assert fetched.returncode == 0, fetched.stdout
    assert job.delivered() == job.frames
    assert sorted(path.suffix for path in job.out.iterdir()) == [".tif"] * 24, "frames, and nothing else"
