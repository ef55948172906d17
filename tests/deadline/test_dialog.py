"""A job's parameters in the Deadline Cloud client's own submission dialog, drawn without a screen."""

from __future__ import annotations

import json
import os
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from stmpo.deadline.fragments import load_fragments

CLIENT = os.environ.get("STMPO_DEADLINE_CLIENT", "")
DRAW = Path(__file__).resolve().parents[2] / "docs" / "dialog.py"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What was drawn of each parameter, in its order."""
    if not CLIENT:
        pytest.skip("STMPO_DEADLINE_CLIENT names no virtual environment (.ci/deadline-venvs DIR)")
    python = f"{CLIENT}/bin/python"
    if subprocess.run(
        [python, "-c", "import PySide6.QtWidgets"], capture_output=True, check=False
    ).returncode:
        pytest.skip(
            "the client's virtual environment cannot draw: .ci/deadline-venvs DIR, and Qt's libraries"
        )
    picture = tmp_path_factory.mktemp("dialog") / "dialog.png"
    done = subprocess.run(
        [python, str(DRAW), str(picture)],
        env={**os.environ, "DEADLINE_CLOUD_TELEMETRY_OPT_OUT": "true"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
    return {control["name"]: control for control in json.loads(done.stdout)}


def shown() -> dict[str, dict[str, Any]]:
    """The parameters that the dialog shows for a job of two folders, by what the pieces say of them."""
    pieces = load_fragments()
    folder = next(item for item in pieces.image_parameters if item["name"] == "OutputDir")
    return {
        item["name"]: item
        for item in [*pieces.job_parameters, folder, {**folder, "name": "OutputDir2"}]
        if item["userInterface"]["control"] != "HIDDEN"
    }


def test_every_parameter_has_its_control_in_its_group(drawn: dict[str, dict[str, Any]]) -> None:
    for name, item in shown().items():
        assert drawn[name]["group"] == item["userInterface"]["groupLabel"], name
        assert drawn[name]["label"].startswith(item["userInterface"]["label"]), name
        assert drawn[name]["help"] == item["description"], name
    hidden = drawn.keys() - shown().keys()
    assert hidden == {"JobScriptDir", "CondaPackages"}
    assert {drawn[name]["group"] for name in hidden} == {""}


def test_every_control_lies_in_the_picture_and_its_label_is_whole(drawn: dict[str, dict[str, Any]]) -> None:
    for name in shown():
        assert drawn[name]["inside"], name
        assert drawn[name]["whole"], name


def test_groups_stand_one_below_the_other_and_no_control_covers_another(
    drawn: dict[str, dict[str, Any]],
) -> None:
    controls = sorted((drawn[name] for name in shown()), key=lambda control: int(control["top"]))
    for above, below in pairwise(controls):
        assert above["top"] + above["height"] <= below["top"], below["name"]
    groups = list(dict.fromkeys(control["group"] for control in controls))
    assert groups == ["Source", "Output", "Frames", "Processes", "Worker"]
