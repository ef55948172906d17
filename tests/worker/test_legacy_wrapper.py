"""`stmpo_wrapper.py`: each of the first version's flags does what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from stmpo.deadline.fragments import copy_scripts, fragments_folder
from stmpo.deadline.wheels import write_own_wheel
from stmpo.model.errors import BadInput, ExitCode
from stmpo.model.options import RunOptions, Source
from stmpo.testing import FAKE_AERENDER, Scenario
from stmpo.worker import legacy_wrapper
from tests.engine.studio import Studio

if TYPE_CHECKING:
    from stmpo.model.options import JobOptions

FLAGS = {
    "--rqindex=3": ("rqindex", 3),
    "--comp=Main": ("comp", "Main"),
    "--output=/o/f_[####].png": ("output", "/o/f_[####].png"),
    "--concurrency=5": ("concurrency", 5),
    "--max_concurrency=6": ("max_concurrency", 6),
    "--ram_per_process_gb=7.5": ("ram_per_process_gb", 7.5),
    "--mfr_threads=8": ("mfr_threads", 8),
    "--disable_mfr": ("mfr", False),
    "--numa_map=/n.json": ("numa_map", "/n.json"),
    "--disable_affinity": ("affinity", False),
    "--enable_affinity": ("affinity", True),
    "--spawn_delay=0.5": ("spawn_delay", 0.5),
    "--child_grace_sec=4": ("child_grace_sec", 4.0),
    "--kill_on_fail": ("kill_on_fail", True),
    "--no_kill_on_fail": ("kill_on_fail", False),
    "--env_file=/e.json": ("env_file", "/e.json"),
    "--log_file=/l.log": ("log_file", "/l.log"),
    "--aerender_path=/ae": ("aerender_path", "/ae"),
    "--rs_template=Best": ("rs_template", "Best"),
    "--om_template=EXR": ("om_template", "EXR"),
}


class Asked:
    """Stands in for the engine."""

    exit_code = ExitCode.OK

    def __call__(
        self, project: str, job: JobOptions, options: RunOptions, *, sources: dict[str, Source], folder: Path
    ) -> Asked:
        self.project, self.job, self.options, self.sources = project, job, options, sources
        return self


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """The engine's stand-in, in its place."""
    asked = Asked()
    monkeypatch.setattr(legacy_wrapper, "run_render", asked)
    return asked


@pytest.mark.parametrize("flag", FLAGS)
def test_a_flag_sets_its_option_and_no_other(asked: Asked, flag: str) -> None:
    legacy_wrapper.main(["--project=/p/a.aep"])
    before: dict[str, Any] = {**vars(asked.job), **vars(asked.options)}
    assert legacy_wrapper.main(["--project=/p/a.aep", flag]) == 0
    after = {**vars(asked.job), **vars(asked.options)}
    name, value = FLAGS[flag]
    assert after == {**before, name: value}
    if name in asked.sources:
        assert asked.sources[name] is Source.COMMAND_LINE


def test_every_option_that_is_mapped_is_tried_above() -> None:
    tried = {flag.removeprefix("--").partition("=")[0] for flag in FLAGS}
    assert tried == legacy_wrapper.FLAGS.keys() | legacy_wrapper.SWITCHES.keys()


def test_start_and_end_are_frames_both_included(asked: Asked) -> None:
    legacy_wrapper.main(["--project=a.aep", "--start=-5", "--end", "12"])
    assert asked.job.frames == "-5-12"


def test_of_two_that_disagree_the_last_one_holds(asked: Asked) -> None:
    legacy_wrapper.main(["--project=a.aep", "--disable_affinity", "--enable_affinity"])
    assert asked.options.affinity


@pytest.mark.parametrize("output", ["f_[#####].png", "f_####.png", "f_%04d.exr", "f.mov"])
def test_an_output_that_is_a_pattern_is_taken(asked: Asked, output: str) -> None:
    assert legacy_wrapper.main(["--project=a.aep", f"--output={output}", "--output_is_pattern"]) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--output=shot.png", "--output_is_pattern"], "has no frame number group"),
        (["--start=1"], "belong together"),
        (["--end=1"], "belong together"),
        (["--start=3", "--end=1"], "--start 3 comes after --end 1"),
        (["--concurrency=-1"], "--concurrency -1: must be at least 0"),
        (["--concurrency=x"], "a whole number is wanted"),
        (["--unknown"], "unknown option --unknown"),
        (["--conc=3"], "unknown option --conc"),
    ],
)
def test_what_is_wrong_is_one_line(asked: Asked, arguments: list[str], words: str) -> None:
    with pytest.raises(BadInput, match=words) as refusal:
        legacy_wrapper.main(["--project=a.aep", *arguments])
    assert "\n" not in str(refusal.value)


def test_the_script_renders_and_needs_no_click(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    hidden = "import sys; sys.modules.update(click=None, rich=None); import runpy; sys.argv = sys.argv[1:]; "
    done = subprocess.run(
        [
            *(sys.executable, "-c", hidden + "runpy.run_path(sys.argv[0], run_name='__main__')"),
            *(str(fragments_folder() / "scripts" / "stmpo_wrapper.py"), "--project", str(studio.project)),
            *("--rqindex", "1", "--output", str(studio.out / "f_[####].png"), "--start", "-2", "--end", "3"),
            *("--concurrency", "2", "--spawn_delay", "0", "--aerender_path", str(FAKE_AERENDER)),
        ],
        env=studio.environment(Scenario(first=-5)),
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(studio.out.glob("f_*.png"))) == 6


def test_the_script_says_a_refusal_to_the_session(tmp_path: Path) -> None:
    script = fragments_folder() / "scripts" / "stmpo_wrapper.py"
    done = subprocess.run(
        [sys.executable, str(script), "--project", "no.aep", "--output", "f.png"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == ExitCode.BAD_INPUT
    assert done.stdout.splitlines()[-1].startswith("openjd_fail: the project ")


def test_it_needs_no_installation_and_one_line_says_what_is_missing(tmp_path: Path) -> None:
    copy_scripts(tmp_path / "scripts")
    script = tmp_path / "scripts" / "stmpo_wrapper.py"

    def says(*path: str) -> str:
        """What it says to a Python that has nothing but these folders."""
        code = "import runpy, sys; sys.path += sys.argv[2:]; sys.argv = sys.argv[1:2]; runpy.run_path(sys.argv[0])"
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", code, str(script), *path],
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 2, done.stderr
        return done.stdout

    assert says() == "openjd_fail: stmpo_wrapper.py needs stmpo: python -m pip install stmpo\n"
    (tmp_path / "scripts" / "wheels").mkdir()
    write_own_wheel(tmp_path / "scripts" / "wheels")
    assert says() == "openjd_fail: stmpo_wrapper.py needs psutil: python -m pip install psutil\n"
    packages = str(Path(psutil.__file__).parents[1])
    assert says(packages).startswith("openjd_fail: wrong arguments; stmpo_wrapper.py: ")
