"""A bundle that somebody has changed by hand is what they meant, or one line says what is wrong with it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from stmpo.deadline.bundle_reader import read_bundle
from stmpo.deadline.template import ItemSpec, TemplateOptions, compose
from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Documents = dict[str, Any]


@pytest.fixture
def documents(tmp_path: Path) -> Documents:
    """The documents of a bundle that is as it should be, by name."""
    project = tmp_path / "shot.aep"
    project.write_bytes(b"RIFX")
    values = {"ProjectFile": str(project), "OutputDir": str(tmp_path / "out"), "deadline:priority": 70}
    return {
        "template": compose([ItemSpec("Shot", 1, "1-10", "/out/f_[####].png")], TemplateOptions()),
        "parameter_values": {
            "parameterValues": [{"name": name, "value": value} for name, value in values.items()]
        },
        "asset_references": {"assetReferences": {"inputs": {"filenames": [str(project)], "directories": []}}},
    }


def stored(folder: Path, documents: Documents) -> Path:
    """The bundle on the disk; a document that is a text stands there as it is."""
    bundle = folder / "bundle"
    (bundle / "scripts").mkdir(parents=True)
    for name, document in documents.items():
        text = document if isinstance(document, str) else json.dumps(document)
        (bundle / f"{name}.json").write_text(text, encoding="utf-8")
    return bundle


def value(documents: Documents, name: str, new: Any) -> None:
    documents["parameter_values"]["parameterValues"].append({"name": name, "value": new})


def inputs(documents: Documents, **new: Any) -> None:
    documents["asset_references"]["assetReferences"]["inputs"].update(new)


def frames(documents: Documents, text: str) -> None:
    (frame,) = documents["template"]["steps"][0]["parameterSpace"]["taskParameterDefinitions"]
    chunks = {"defaultTaskCount": 10, "rangeConstraint": "CONTIGUOUS"}
    frame.update(type="CHUNK[INT]", range=text, chunks=chunks)
    documents["template"]["extensions"] = ["TASK_CHUNKING"]


def test_one_that_is_as_it_should_be_is_read(tmp_path: Path, documents: Documents) -> None:
    bundle = read_bundle(stored(tmp_path, documents), {})
    assert (bundle.name, bundle.tasks, len(bundle.inputs)) == ("After Effects", 1, 1)


CHANGES: list[tuple[Callable[[Documents], Any], str]] = [
    (lambda d: d.update(asset_references={"assetReferences": []}), "is not an object"),
    (lambda d: d["asset_references"].update(assetReferences={"inputs": ["/x"]}), "is not an object"),
    (lambda d: inputs(d, filenames=[1]), "is not a list of paths"),
    (lambda d: inputs(d, filenames="/x"), "is not a list of paths"),
    (lambda d: inputs(d, filenames=["shot.aep"]), "'shot.aep', which is not absolute"),
    (lambda d: inputs(d, directories=["footage"]), "'footage', which is not absolute"),
    (
        lambda d: inputs(d, filenames=["/gone/a.png"]),
        "1 of its 1 files are missing, the first is /gone/a.png",
    ),
    (lambda d: value(d, 3, 1), "not a list of names and values"),  # type: ignore[arg-type]
    (lambda d: value(d, "deadline:priority", 1000), "deadline:priority cannot be 1000"),
    (lambda d: value(d, "deadline:priority", "high"), "deadline:priority cannot be 'high'"),
    (lambda d: value(d, "deadline:priority", True), "deadline:priority cannot be True"),
    (lambda d: value(d, "deadline:maxWorkerCount", 0), "deadline:maxWorkerCount cannot be 0"),
    (lambda d: value(d, "deadline:speed", 1), "has no value deadline:speed"),
    (lambda d: value(d, "ProjectFile", "shot.aep"), "'shot.aep' in parameter_values, which is not absolute"),
    (lambda d: value(d, "ProjectFile", "/gone/shot.aep"), "/gone/shot.aep, which does not exist"),
    (lambda d: value(d, "ProjectFile", ""), "at least 1 characters"),
    (lambda d: value(d, "RamPerProcessGB", "inf"), "must be a number"),
    (lambda d: value(d, "RamPerProcessGB", "nan"), "must be a number"),
    (lambda d: value(d, "Concurrency", -1), "at least 0"),
    (lambda d: value(d, "Concurrency", {"a": 1}), "OpenJD refuses the job"),
    (lambda d: frames(d, "1-99999999999"), "Frame has more than 1,000,000 values"),
    (lambda d: frames(d, "a-b"), "OpenJD refuses the job"),
    (lambda d: d.update(template="[" * 100_000), "nested too deeply"),
    (lambda d: d.update(template='{"a":' * 50_000), "nested too deeply"),
    (lambda d: d["template"].update(parameterDefinitions="x"), "OpenJD refuses the job"),
    (lambda d: d["template"]["parameterDefinitions"].append(3), "OpenJD refuses the job"),
]


@pytest.mark.parametrize(("change", "words"), CHANGES, ids=range(len(CHANGES)))
def test_one_line_says_what_is_wrong(
    tmp_path: Path, documents: Documents, change: Callable[[Documents], Any], words: str
) -> None:
    change(documents)
    with pytest.raises(BadInput) as refusal:
        read_bundle(stored(tmp_path, documents), {})
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_two_templates_are_one_too_many(tmp_path: Path, documents: Documents) -> None:
    bundle = stored(tmp_path, documents)
    (bundle / "template.yaml").write_text("a: 1", encoding="utf-8")
    with pytest.raises(BadInput, match=r"holds template\.json and template\.yaml"):
        read_bundle(bundle, {})


def test_scripts_that_are_gone_are_missed_here(tmp_path: Path, documents: Documents) -> None:
    bundle = stored(tmp_path, documents)
    (bundle / "scripts").rmdir()
    with pytest.raises(BadInput, match=r"JobScriptDir is .*scripts, which does not exist"):
        read_bundle(bundle, {})


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)
MERGES = "a0: &a0 {x0: 1}\n" + "".join(
    f"a{n}: &a{n} {{x{n}: 1, <<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12)
)
LOOP = "a: &a [*a]\n"


@pytest.mark.parametrize("text", [BOMB, MERGES, LOOP], ids=["aliases", "merges", "loop"])
@pytest.mark.parametrize("name", ["template", "parameter_values", "asset_references"])
def test_yaml_whose_aliases_stand_for_billions_of_values_is_refused_at_once(
    tmp_path: Path, documents: Documents, name: str, text: str
) -> None:
    bundle = stored(tmp_path, documents)
    (bundle / f"{name}.json").unlink()
    (bundle / f"{name}.yaml").write_text(text, encoding="utf-8")
    began = time.monotonic()
    with pytest.raises(BadInput, match="aliases stand for more than"):
        read_bundle(bundle, {})
    assert time.monotonic() - began < 10


def test_yaml_with_a_few_aliases_is_read(tmp_path: Path, documents: Documents) -> None:
    bundle = stored(tmp_path, documents)
    (bundle / "parameter_values.json").unlink()
    project = json.dumps(str(tmp_path / "shot.aep"))
    text = f"x: &x {project}\nparameterValues:\n- {{name: ProjectFile, value: *x}}\n"
    text += f"- {{name: OutputDir, value: {json.dumps(str(tmp_path))}}}\n"
    (bundle / "parameter_values.yaml").write_text(text, encoding="utf-8")
    assert read_bundle(bundle, {}).tasks


@pytest.mark.parametrize("bad", ["/\ud800", "/\udcff/a.png"])
def test_a_name_that_is_no_text_is_refused_in_one_line(
    tmp_path: Path, documents: Documents, bad: str
) -> None:
    inputs(documents, filenames=[bad])
    with pytest.raises(BadInput, match="no name of a file"):
        read_bundle(stored(tmp_path, documents), {})


def test_a_document_without_end_is_refused(tmp_path: Path, documents: Documents) -> None:
    bundle = stored(tmp_path, documents)
    with (bundle / "template.json").open("ab") as file:
        file.truncate(1 << 40)
    with pytest.raises(BadInput, match="more than 32 MiB"):
        read_bundle(bundle, {})
