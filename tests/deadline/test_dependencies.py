"""An item that shows another item's output waits for it, and the old files on the disk do not travel."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from py_aep import OutputFormat

from stmpo.cli.main import run
from stmpo.deadline.request import JobRequest, prepare_job

if TYPE_CHECKING:
    from py_aep import CompItem

    from stmpo.deadline.request import PreparedJob
    from tests.deadline.lot import Lot


def prepared(lot: Lot, **request: Any) -> PreparedJob:
    return prepare_job(JobRequest(project=lot.save(), **request), os.environ)


def waits(job: PreparedJob) -> dict[str, list[str]]:
    """Step to the steps that it waits for."""
    assert job.bundle is not None, [str(finding) for finding in job.findings]
    job.bundle.check(Path("/nowhere"))
    return {
        step["name"]: [entry["dependsOn"] for entry in step.get("dependencies", ())]
        for step in job.bundle.template["steps"]
    }


def travelling(job: PreparedJob) -> set[str]:
    assert job.bundle is not None
    return {Path(path).name for path in job.bundle.inputs}


def chain(lot: Lot, *names: str) -> list[CompItem]:
    """Comps of which each shows the sequence that the one before it writes."""
    comps = [lot.comp(name) for name in names]
    for before, comp in pairwise(comps):
        lot.sequence(f"out/{before.name}_{{:04d}}.tif", [0, 1, 2], into=comp)
    for comp in comps:
        lot.queue(comp, f"out/{comp.name}_[####].[fileExtension]")
    return comps


def test_a_sequence_over_several_levels(lot: Lot) -> None:
    chain(lot, "Sim", "Comp", "Master")
    job = prepared(lot)
    assert waits(job) == {"Sim": [], "Comp": ["Sim"], "Master": ["Comp"]}
    assert travelling(job) == {"shot.aep"}, "the frames on the disk are old"
    assert [str(finding) for finding in job.findings if "rendered after" in finding.text] == [
        "note: item 2 (Comp) is rendered after item 1 (Sim), whose output Sim_[0000-0002].tif it shows",
        "note: item 3 (Master) is rendered after item 2 (Comp), whose output Comp_[0000-0002].tif it shows",
    ]


def test_what_is_not_there_yet_is_not_missing(lot: Lot) -> None:
    chain(lot, "Sim", "Master")
    for path in (lot.folder / "out").iterdir():
        path.unlink()
    assert waits(prepared(lot)) == {"Sim": [], "Master": ["Sim"]}
    alone = prepared(lot, items=(2,))
    assert alone.bundle is None, "without the item that writes them they are"


def test_movies_proxies_nested_comps_and_folders_in_folders(lot: Lot) -> None:
    pre, inner, master = lot.comp("Pre"), lot.comp("Inner"), lot.comp("Master")
    film = lot.queue(pre, "out/film.mov")
    lot.format(film.output_modules[0], OutputFormat.QUICKTIME)
    lot.still("out/film.mov", into=inner)
    master.add(inner)
    lot.queue(inner, "out/deep/inner_[####].[fileExtension]")
    lot.queue(master, "out/deep/er/m_[####].[fileExtension]")
    inner.set_proxy(lot.file("out/deep/inner_0000.tif"))
    job = prepared(lot)
    assert waits(job) == {"Pre": [], "Inner": ["Pre"], "Master": ["Pre", "Inner"]}
    assert travelling(job) == {"shot.aep"}


def test_items_that_wait_for_each_other_are_refused_in_words(lot: Lot) -> None:
    one, _ = chain(lot, "One", "Two")
    lot.sequence("out/Two_{:04d}.tif", [0, 1], into=one)
    job = prepared(lot)
    assert job.bundle is None
    errors = sorted(str(finding) for finding in job.findings if finding.severity.value == "error")
    assert len(errors) == 2
    assert "the output of item 2 (Two), which itself waits for the output of this item" in errors[0]


def test_an_item_that_shows_its_own_output_is_refused(lot: Lot) -> None:
    (comp,) = chain(lot, "Main")
    lot.sequence("out/Main_{:04d}.tif", [0, 1], into=comp)
    job = prepared(lot)
    assert job.bundle is None
    assert "shows its own output" in job.findings[0].text


def test_another_output_folder_would_break_the_chain(lot: Lot) -> None:
    chain(lot, "Sim", "Master")
    job = prepared(lot, output_dir=lot.folder / "elsewhere")
    assert job.bundle is None
    assert "--output-dir delivers it elsewhere" in job.findings[0].text


@pytest.mark.parametrize(
    "name", ["out/Sim_0001.png", "out/SimX_0001.tif", "other/Sim_0001.tif", "out/Sim_.tif"]
)
def test_other_files_are_footage_like_any_other(lot: Lot, name: str) -> None:
    sim, master = lot.comp("Sim"), lot.comp("Master")
    lot.still(name, into=master)
    lot.queue(sim, "out/Sim_[####].[fileExtension]")
    lot.queue(master, "out/Master_[####].[fileExtension]")
    job = prepared(lot)
    assert waits(job) == {"Sim": [], "Master": []}
    assert travelling(job) == {"shot.aep", Path(name).name}
    assert sim.name == "Sim"


def test_inspect_and_bundle_say_it(lot: Lot, capsys: pytest.CaptureFixture[str]) -> None:
    chain(lot, "Sim", "Master")
    project = lot.save()
    assert run(["bundle", str(project), "-o", str(lot.folder / "b"), "--offline"]) == 0
    said = capsys.readouterr().err
    assert "item 2 (Master) is rendered after item 1 (Sim)" in said
    template = json.loads((lot.folder / "b" / "template.json").read_text(encoding="utf-8"))
    assert template["steps"][1]["dependencies"] == [{"dependsOn": "Sim"}]
