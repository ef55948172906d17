"""What holds for every command, whatever stands around it: streams that are closed or full, a folder that
has gone.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from stmpo.cli.main import run
from stmpo.testing import FAKE_AERENDER

STMPO = shlex.join([sys.executable, "-m", "stmpo"])
PLAN = "plan --topology 'pack:2 numa:4 l3:4 core:4 pu:2'"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs sh to close streams")


def _sh(line: str, folder: Path) -> tuple[int, str]:
    """Exit code and standard error of a line for sh."""
    done = subprocess.run(
        ["/bin/sh", "-c", line], cwd=folder, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("command", [PLAN, "--help", "--version"])
def test_a_reader_that_has_gone_is_no_failure(command: str, tmp_path: Path) -> None:
    """`stmpo plan | head -1`, in a shell that asks for the exit code of every part."""
    code = tmp_path / "code"
    _, errors = _sh(f"{{ {STMPO} {command}; echo $? > {code}; }} | true", tmp_path)
    assert (code.read_text(), errors) == ("0\n", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", [PLAN, "simulate --json --frames 20"])
def test_an_output_without_room_is_said_in_one_line(command: str, tmp_path: Path) -> None:
    code, errors = _sh(f"{STMPO} {command} > /dev/full", tmp_path)
    assert code == 5
    assert errors == "stmpo: standard output cannot be written: no space is left on its disk\n"


def test_without_any_streams_a_command_does_its_work(tmp_path: Path) -> None:
    assert _sh(f"{STMPO} {PLAN} --svg plan.svg <&- >&- 2>&-", tmp_path) == (0, "")
    assert (tmp_path / "plan.svg").read_text(encoding="utf-8").endswith("</svg>\n")


def test_a_current_folder_that_has_gone_is_said_in_one_line(tmp_path: Path) -> None:
    code, errors = _sh(f"mkdir gone; cd gone; rmdir ../gone; {STMPO} render shot.aep", tmp_path)
    assert code == 2
    assert errors == "stmpo: the current folder does not exist any more; change to another one\n"


def test_a_render_needs_nothing_but_psutil(tmp_path: Path) -> None:
    """As on a worker: no rich; the same frames, words and exit codes."""
    (tmp_path / "shot.aep").touch()
    program = "import sys; sys.modules.update(rich=None); from stmpo.__main__ import main; main()"
    bare = shlex.join([sys.executable, "-c", program, "render"])
    options = f"--comp Main --output 'out/f_[####].png' --aerender-path {shlex.quote(str(FAKE_AERENDER))}"
    code, errors = _sh(
        f"{bare} shot.aep {options} --frames -2-1 --spawn-delay 0 --json > summary.json", tmp_path
    )
    assert code == 0, errors
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))["delivered"] == 4
    code, errors = _sh(f"{bare} gone.aep {options} --frames 1", tmp_path)
    assert (code, errors) == (2, f"stmpo: the project {tmp_path / 'gone.aep'} does not exist\n")
    code, errors = _sh(f"{bare} --concurrency many", tmp_path)
    assert code == 2
    assert errors.startswith("stmpo: --concurrency: a whole number is wanted, not 'many'")


@pytest.mark.parametrize(
    "arguments",
    [
        ["render", "x" * 300, "--comp", "Main", "--frames", "1", "--output", "f_####.png"],
        ["submit", "x" * 300, "--dry-run"],
        ["inspect", "x" * 300],
        ["panel", "install", "--to", "x" * 300],
        ["panel", "status", "--to", "x" * 300],
        ["panel", "zip", "--wheels", "x" * 300],
        ["fonts", "x" * 300],
    ],
    ids=lambda arguments: " ".join(arguments[:2])[:14],
)
def test_what_the_system_refuses_to_look_at_is_refused_in_one_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A name that is too long stands for all of them: folders that may not be entered, links in circles."""
    assert run(arguments) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1
    assert errors[0].startswith("stmpo: ")


FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")


@FULL
@pytest.mark.parametrize("more", ["", "--json", "--openjd"])
@pytest.mark.parametrize(("fails", "wanted"), [(False, 0), (True, 1)])
def test_a_run_keeps_its_exit_code_whatever_becomes_of_its_output(
    tmp_path: Path, more: str, fails: bool, wanted: int
) -> None:
    """Python itself would exit with 120."""
    (tmp_path / "shot.aep").touch()
    renderer = tmp_path / "fails.py"
    renderer.write_text("raise SystemExit(1)", encoding="utf-8")
    options = "--comp Main --frames 1-2 --spawn-delay 0 --max-frame-retries 0 --output 'out/f_[####].png'"
    program = shlex.quote(str(renderer if fails else FAKE_AERENDER))
    line = f"{STMPO} render shot.aep {options} --aerender-path {program} {more}"
    assert _sh(f"{line} > /dev/full", tmp_path)[0] == wanted
    assert _sh(f"{line} --no-resume > /dev/full 2> /dev/full", tmp_path)[0] == wanted
    code = tmp_path / "code"
    _sh(f"{{ {line} --no-resume; echo $? > {code}; }} | true", tmp_path)
    assert code.read_text() == f"{wanted}\n"


@pytest.mark.parametrize("length", [5000, 100_000])
@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--concurrency"),
        ("plan", "--strategy"),
        ("plan", "--profile"),
        ("plan", "--frames"),
        ("plan", "--topology"),
        ("plan", "--memory"),
        ("simulate", "--seed"),
        ("simulate", "--costs"),
        (),
    ],
    ids=" ".join,
)
def test_a_refused_value_is_shown_shortened(
    arguments: tuple[str, ...], length: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*arguments, "x" * length]) == 2
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert len(errors) < 2000


@pytest.mark.parametrize(
    "command",
    [
        "plan --concurrency 99999999",
        "plan --max-concurrency 99999999",
        "plan --ram-per-process-gb 1e308",
        "plan --numa-map /dev/zero",
        "plan --numa-map pipe",
        "simulate --costs /dev/zero",
        "simulate --costs pipe",
        "simulate --record /dev/zero",
        "simulate --journal /dev/zero",
        "render shot.aep --comp Main --frames 1 --output f_#.png --log-file pipe",
        f"render shot.aep --comp Main --frames 1 --output f_#.png --env-file pipe --aerender-path {FAKE_AERENDER}",
        f"render shot.aep --comp Main --frames 1 --output f_#.png --env-file /dev/zero --aerender-path {FAKE_AERENDER}",
    ],
)
def test_what_has_no_end_is_refused_soon_and_in_one_line(command: str, tmp_path: Path) -> None:
    (tmp_path / "shot.aep").touch()
    os.mkfifo(tmp_path / "pipe")
    done = subprocess.run(
        [sys.executable, "-m", "stmpo", *shlex.split(command)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


@pytest.mark.parametrize("place", [".", "below"])
def test_a_temporary_folder_may_be_relative(tmp_path: Path, place: str) -> None:
    (tmp_path / "shot.aep").touch()
    (tmp_path / "below").mkdir()
    options = "--comp Main --frames 1-2 --spawn-delay 0 --strategy shared --output 'out/f_[####].png'"
    line = (
        f"TMPDIR={place} {STMPO} render shot.aep {options} --aerender-path {shlex.quote(str(FAKE_AERENDER))}"
    )
    assert _sh(f"{line} > log", tmp_path)[0] == 0, (tmp_path / "log").read_text()
    assert len(list((tmp_path / "out").glob("*.png"))) == 2
