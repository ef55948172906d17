"""The templates under `openjd check` and `openjd run`: environments, chunks, delivered frames.

A worker's `python` here is one that has nothing, neither stmpo nor psutil nor pip, so that what is rendered
was rendered by what travels with the job. aerender is the embedded renderer (real frames), or the fake
(movies, failures).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from stmpo.deadline.fragments import COMPLETE_TEMPLATES, copy_scripts, load_fragments
from stmpo.deadline.template import ItemSpec, TemplateOptions, compose, output_parameters
from stmpo.deadline.wheels import collect_wheels
from stmpo.testing import FAKE_AERENDER, Fault, FaultKind, FrameCosts, On, Scenario, starts
from stmpo.testing.movies import movie
from tests.engine.studio import TEST_TIMEOUT, after, wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping

BIN = Path(sys.executable).parent
OPENJD = shutil.which("openjd", path=os.pathsep.join([str(BIN), os.environ.get("PATH", "")]))
LOTTIE = BIN / "stmpo-lottie"
DEMO = Path(__file__).resolve().parents[2] / "src" / "stmpo" / "demo" / "demo.json"
FAST = {"SpawnDelay": "0", "ChildGraceSec": "1", "Concurrency": "2"}

pytestmark = [
    pytest.mark.skipif(OPENJD is None, reason="openjd-cli is not installed: pip install openjd-cli"),
    pytest.mark.skipif(os.name == "nt", reason="openjd's local sessions here are POSIX ones"),
]


@dataclass
class Farm:
    """A bundle and a bare worker."""

    bundle: Path
    python: Path
    """Folder of the worker's `python`."""

    work: Path
    """The test's own folder: project, output, scenario."""

    @property
    def out(self) -> Path:
        return self.work / "out, of all"

    @property
    def project(self) -> Path:
        path = self.work / "shot.aep"
        path.write_bytes(b"RIFX a project")
        return path

    def environment(self, scenario: Scenario | None = None) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "STMPO_"))
        }
        played = {} if scenario is None else scenario.environment(self.work / "stage")
        return {**kept, **played, "PATH": f"{self.python}{os.pathsep}{os.environ['PATH']}"}

    def command(self, template: str, values: Mapping[str, object], *more: str) -> list[str]:
        given = [part for name, value in values.items() for part in ("-p", f"{name}={value}")]
        assert OPENJD is not None
        return [OPENJD, "run", str(self.bundle / template), *given, *more]

    def run(
        self, template: str, values: Mapping[str, object], *more: str, scenario: Scenario | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(template, values, *more),
            env=self.environment(scenario),
            cwd=self.work,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=2 * TEST_TIMEOUT,
            check=False,
        )

    def compose(self, items: list[ItemSpec], options: TemplateOptions) -> str:
        (self.bundle / "composed.json").write_text(json.dumps(compose(items, options)), encoding="utf-8")
        return "composed.json"

    def delivered(self) -> set[str]:
        """Files under the output folder."""
        return {path.relative_to(self.out).as_posix() for path in self.out.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the pieces as a bundle, with the wheels for this machine."""
    folder = tmp_path_factory.mktemp("bundle")
    copy_scripts(folder / "scripts")
    collect_wheels(folder / "scripts" / "wheels", download=False)
    for name in COMPLETE_TEMPLATES:
        shutil.copy(load_fragments().folder / name, folder)
    return folder


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python without pip or any package."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=True)
    return folder / "bin"


@pytest.fixture
def farm(bundle: Path, python: Path, tmp_path: Path) -> Farm:
    """A bundle, a worker, a folder."""
    return Farm(bundle, python, tmp_path)


def environments(log: str) -> list[str]:
    """Environments as they were entered and left."""
    return re.findall(r"(Entering Environment: .*|Exiting Environment: .*)", log)


CAME_AND_WENT = [
    *(f"Entering Environment: {name}" for name in ("Runtime", "Output folders", "Fonts")),
    *(f"Exiting Environment: {name}" for name in ("Fonts", "Output folders", "Runtime")),
]


@pytest.mark.parametrize("name", COMPLETE_TEMPLATES)
def test_openjd_check_passes(name: str) -> None:
    assert OPENJD is not None
    path = load_fragments().folder / name
    done = subprocess.run(
        [OPENJD, "check", str(path), "--extensions", "TASK_CHUNKING"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["template.json", "image_template.json"])
def test_real_frames_in_chunks_and_gaps_stay_gaps(farm: Farm, name: str) -> None:
    values = {
        **FAST, "ProjectFile": DEMO, "Frames": "0-2,10", "FramesPerTask": 2, "OutputDir": farm.out,
        "OutputFileName": "a, b/shot_[####].png", "AerenderPath": LOTTIE, "RamPerProcessGB": 0.5,
    }  # fmt: skip
    done = farm.run(name, values)
    assert done.returncode == 0, done.stdout
    assert farm.delivered() == {f"a, b/shot_{frame:04}.png" for frame in (0, 1, 2, 10)}
    assert environments(done.stdout) == CAME_AND_WENT
    assert re.findall(r"Frame\(CHUNK\[INT\]\) = (\S+)", done.stdout) == ["0-1", "2-2", "10-10"]
    assert "openjd_env: PYTHONPATH=" in done.stdout


def test_one_chunk_with_negative_frames(farm: Farm) -> None:
    values = {
        **FAST, "ProjectFile": farm.project, "Frames": "-5-20", "OutputDir": farm.out,
        "OutputFileName": "shot_[####].png", "AerenderPath": FAKE_AERENDER,
    }  # fmt: skip
    done = farm.run(
        "image_template.json", values, "--step", "Frames", "-tp", "Frame=-3--1", scenario=Scenario(first=-9)
    )
    assert done.returncode == 0, done.stdout
    assert farm.delivered() == {f"shot_{frame:04}.png" for frame in (-3, -2, -1)}


def test_a_worker_that_has_it_as_python3_alone(farm: Farm) -> None:
    """Nothing else is on its PATH; each action of the session finds it."""
    only = farm.work / "only python3"
    only.mkdir()
    (only / "python3").symlink_to(Path(sys.executable).resolve())
    values = {
        **FAST, "ProjectFile": farm.project, "Frames": "1-2", "OutputDir": farm.out,
        "OutputFileName": "f_[#].png", "AerenderPath": FAKE_AERENDER,
    }  # fmt: skip
    done = subprocess.run(
        farm.command("template.json", values), env=farm.environment(Scenario()) | {"PATH": str(only)},
        cwd=farm.work, capture_output=True, encoding="utf-8", timeout=TEST_TIMEOUT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert farm.delivered() == {"f_1.png", "f_2.png"}
    assert environments(done.stdout) == CAME_AND_WENT


@pytest.mark.parametrize("frames", ["", "3-9"])
def test_a_movie_is_one_task(farm: Farm, frames: str) -> None:
    values = {
        **FAST, "ProjectFile": farm.project, "Frames": frames, "OutputDir": farm.out,
        "OutputFileName": "cut.mov", "AerenderPath": FAKE_AERENDER,
    }  # fmt: skip
    done = farm.run("video_template.json", values, scenario=Scenario(first=3, last=9))
    assert done.returncode == 0, done.stdout
    assert (farm.out / "cut.mov").read_bytes() == movie(3, 9)
    assert farm.delivered() == {"cut.mov"}
    assert environments(done.stdout) == CAME_AND_WENT


def test_a_job_of_several_items_with_folders_of_their_own(farm: Farm) -> None:
    """Equal names, braces and commas in folders, an image sequence with gaps beside a movie."""
    out = farm.out.as_posix()
    items = [
        ItemSpec("Größe", 1, "1-5:2", f"{out}/{{{{one}}}}/映像 [####].png"),
        ItemSpec("Größe", 2, "1-3", f"{out}/two, three/f.[####].png"),
        ItemSpec("Größe", 3, "", f"{out}/cut.mov", "video"),
    ]
    name = farm.compose(items, TemplateOptions())
    values: dict[str, Any] = {
        **FAST, **output_parameters(items), "ProjectFile": farm.project, "AerenderPath": FAKE_AERENDER,
    }  # fmt: skip
    for step in ("Größe", "Größe (2)", "Größe (3)"):
        done = farm.run(name, values, "--step", step, scenario=Scenario(last=9))
        assert done.returncode == 0, done.stdout
        assert environments(done.stdout) == CAME_AND_WENT
    assert farm.delivered() == {
        *(f"{{{{one}}}}/映像 {frame:04}.png" for frame in (1, 3, 5)),
        *(f"two, three/f.{frame:04}.png" for frame in (1, 2, 3)),
        "cut.mov",
    }


def test_the_jobs_parameters_reach_the_renderers(farm: Farm) -> None:
    (farm.work / "env.json").write_text('{"STUDIO": "a secret"}', encoding="utf-8")
    values = {
        **FAST, "ProjectFile": farm.project, "Frames": "1-4", "OutputDir": farm.out,
        "OutputFileName": "f_[#].png", "AerenderPath": FAKE_AERENDER, "DisableMFR": "true", "Concurrency": 1,
        "ContinueOnMissingFootage": "true", "EnvFile": farm.work / "env.json", "LogFile": farm.work / "logs.txt",
        "ScratchDir": farm.work / "scratch",
    }  # fmt: skip
    done = farm.run("template.json", values, scenario=Scenario())
    assert done.returncode == 0, done.stdout
    log = (farm.work / "logs_1_1-4.txt").read_text(encoding="utf-8")
    assert "environment from" in log
    assert "STUDIO" in log
    assert "a secret" not in done.stdout + log
    (start,) = starts(farm.work / "stage")
    assert after(start.argv, "-mfr") == "OFF"
    assert "-continueOnMissingFootage" in start.argv
    assert list((farm.work / "scratch").iterdir()) == []


def test_a_failing_frame_fails_the_task_in_the_renderers_words_and_the_session_is_left(farm: Farm) -> None:
    values = {
        **FAST, "ProjectFile": farm.project, "Frames": "1-6", "OutputDir": farm.out, "MaxFrameRetries": 0,
        "OutputFileName": "f_[#].png", "AerenderPath": FAKE_AERENDER, "NoKillOnFail": "true",
    }  # fmt: skip
    broken = Scenario(faults=(Fault(FaultKind.CRASH, On(frame=4)),))
    done = farm.run("template.json", values, scenario=broken)
    assert done.returncode == 1
    assert "openjd_fail: frame 4" in done.stdout
    frames = {f"f_{frame}.png" for frame in (1, 2, 3, 5, 6)}
    (journal,) = farm.delivered() - frames
    assert journal.startswith(".stmpo/1_1-6/"), "to go on with, whatever worker gets the task again"
    assert frames < farm.delivered()
    assert environments(done.stdout) == CAME_AND_WENT


def test_a_cancel_in_the_middle_leaves_no_process_and_the_environments(farm: Farm) -> None:
    values = {
        **FAST, "ProjectFile": farm.project, "Frames": "1-50", "OutputDir": farm.out,
        "OutputFileName": "f_[##].png", "AerenderPath": FAKE_AERENDER,
    }  # fmt: skip
    slow = Scenario(costs=FrameCosts(0.3))
    log = farm.work / "run.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            farm.command("template.json", values), env=farm.environment(slow), cwd=farm.work, stdout=output,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
    wait_for(lambda: len(list(farm.out.glob("f_*.png"))) >= 2, "two frames")
    tree = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    assert process.wait(TEST_TIMEOUT) != 0
    assert psutil.wait_procs(tree, timeout=TEST_TIMEOUT)[1] == []
    said = log.read_text(encoding="utf-8")
    assert environments(said)[-1] == "Exiting Environment: Runtime"
    assert "cancelled by SIGTERM; when this task is run again, it goes on where it stopped" in said
    there = {path: path.stat().st_mtime_ns for path in farm.out.glob("f_*.png")}
    assert 2 <= len(there) < 50
    again = farm.run("template.json", values, scenario=Scenario())
    assert again.returncode == 0, again.stdout
    assert {path: path.stat().st_mtime_ns for path in there} == there, "what was delivered stays"
    assert farm.delivered() == {f"f_{frame:02}.png" for frame in range(1, 51)}, "and no journal is left"


def test_a_task_that_is_run_again_in_its_session_goes_on_where_it_stopped(farm: Farm) -> None:
    """A farm repeats a task with a failed frame. The output lies in the session, as with job attachments."""
    values = {
        **FAST, "ProjectFile": farm.project, "Frames": "1-4", "OutputDir": farm.out, "MaxFrameRetries": 0,
        "OutputFileName": "f_[#].png", "AerenderPath": FAKE_AERENDER, "NoKillOnFail": "true",
    }  # fmt: skip
    template = json.loads((farm.bundle / "template.json").read_text(encoding="utf-8"))
    run = template["steps"][0]["script"]["actions"]["onRun"]
    run["args"] = ["-c", TWICE, *run["args"]]
    for part in (run["args"], template["jobEnvironments"][1]["script"]["embeddedFiles"]):
        text = json.dumps(part).replace("{{Param.OutputDir}}", "{{Session.WorkingDirectory}}/out")
        part[:] = json.loads(text)
    (farm.bundle / "twice.json").write_text(json.dumps(template), encoding="utf-8")
    once = Scenario(faults=(Fault(FaultKind.CRASH, On(frame=2, times=1)),))
    done = farm.run("twice.json", values, scenario=once)
    assert done.returncode == 0, done.stdout
    assert "openjd_fail: frame 2" in done.stdout
    assert ", 3 of them there already" in done.stdout


TWICE = """
import subprocess, sys
codes = [subprocess.run([sys.executable, *sys.argv[1:]]).returncode for _ in range(2)]
sys.exit(codes != [1, 0])
"""


def test_a_folder_outside_the_jobs_fails_before_anything_is_rendered(farm: Farm) -> None:
    values = {
        **FAST, "ProjectFile": farm.project, "Frames": "1", "OutputDir": farm.out,
        "OutputFileName": "../f_[#].png", "AerenderPath": FAKE_AERENDER,
    }  # fmt: skip
    done = farm.run("template.json", values, scenario=Scenario())
    assert done.returncode == 1
    assert "openjd_fail: the output '../f_[#].png' does not lie inside the job's output folder" in done.stdout
    assert "Running Task" not in done.stdout
    assert not farm.out.exists()
