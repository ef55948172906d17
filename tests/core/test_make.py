"""`make.py`: the arguments that its commands hand on."""

from __future__ import annotations

import make
import pytest

from tests.conftest import ROOT, SLOW_FOLDERS

WORKERS = list(make.WORKERS)


@pytest.mark.parametrize(
    ("given", "handed_on"),
    [
        ([], WORKERS),
        (["--quick"], [*WORKERS, "-m", "not slow"]),
        (["--last-failed", "-n", "0"], [*WORKERS, "--last-failed", "-n", "0"]),
        (["-k", "steal"], [*WORKERS, "-k", "steal"]),
        (["tests/core/test_make.py", "-k", "steal"], ["tests/core/test_make.py", "-k", "steal"]),
        (
            ["tests/core/test_make.py::test_x", "--quick"],
            ["-m", "not slow", "tests/core/test_make.py::test_x"],
        ),
        (["tests/core"], ["tests/core"]),
        (["tests/core", "tests/cli"], [*WORKERS, "tests/core", "tests/cli"]),
    ],
)
def test_one_file_or_folder_runs_without_workers(given: list[str], handed_on: list[str]) -> None:
    assert make.pytest_arguments(given) == handed_on


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert make.main(["help"]) == 0
    lines = capsys.readouterr().out.splitlines()[2:]
    assert [line.split()[0] for line in lines] == list(make.COMMANDS)
    assert make.main(["no such command"]) == 2


def test_the_folders_that_the_quick_set_leaves_out_exist() -> None:
    assert {folder for folder in SLOW_FOLDERS if not (ROOT / "tests" / folder).is_dir()} == set()
