"""`stmpo plan`: what it prints, and that it starts fast enough to be asked often."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from stmpo.machine import load
from stmpo.planning import PlanRequest, make_plan
from stmpo.reporting.plan_svg import draw
from tests.cli.command import refusal, stmpo

if TYPE_CHECKING:
    from pathlib import Path

LARGE = "pack:2 numa:4 l3:4 core:4 pu:2(indexes=2*128:128*1)"
SVG = "{http://www.w3.org/2000/svg}"


def run(*arguments: str) -> str:
    answer = stmpo("plan", *arguments)
    assert answer.code == 0, answer
    return answer.out


def plan_json(*arguments: str) -> dict[str, Any]:
    content = json.loads(run("--json", *arguments))
    assert isinstance(content, dict)
    return content


def test_the_text_has_the_count_every_limit_and_every_slot() -> None:
    lines = run("--topology", LARGE, "--memory", "1024GB", "--frames", "1-240").splitlines()
    assert lines[0] == "16 processes, limited by threads: 256 threads / 16 per process (MFR on)"
    assert "  threads             16 < 256 threads / 16 per process (MFR on)" in lines
    assert "  memory              25   80% of 1024 GB available / 32 GB per process" in lines
    assert "  frames             240   240 to render, at least one per process" in lines
    assert "     3  24-31,152-159        8        6-7     1        0        6 %" in lines


def test_plain_text_where_there_is_no_terminal() -> None:
    assert "\x1b" not in run("--topology", "core:4", "--memory", "16")


def test_json_for_programs() -> None:
    content = plan_json("--topology", LARGE, "--memory", "1TB", "--no-mfr")
    assert (content["processes"], content["bound"]) == (24, "max-concurrency")
    assert content["slots"][0]["cpu_ids"] == [0, 1, 2, 3, 128, 129, 130, 131]
    assert content["machine"]["memory_available_bytes"] == 2**40
    assert content["idle_cpus"] == []


@pytest.mark.parametrize(("name", "count"), [("hero", 16), ("farm", 32)])
def test_profiles(name: str, count: int) -> None:
    assert plan_json("--topology", LARGE, "--memory", "1TB", "--profile", name)["processes"] == count


def test_the_options_of_render_are_taken(tmp_path: Path) -> None:
    movie = str(tmp_path / "comp.mov")
    content = plan_json(
        "project.aep", "--comp", "Main", "--output", movie, "--topology", LARGE, "--memory", "1TB"
    )
    assert (content["processes"], content["bound"]) == (1, "single file")


def test_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STMPO_MAX_CONCURRENCY", "3")
    assert plan_json("--topology", LARGE, "--memory", "1TB")["processes"] == 3


def test_a_numa_map_of_another_machine_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    path.write_text('{"group_0": [0, 1, 999]}', encoding="utf-8")
    content = plan_json("--topology", "core:4", "--memory", "64", "--numa-map", str(path))
    assert "no CPU 999" in content["warnings"][0]


def test_this_machine_has_a_plan() -> None:
    assert plan_json("--frames", "1-10")["processes"] >= 1


@pytest.mark.parametrize("memory", ["lots", "0", "-1GB", "1e9", "12 parsecs", ""])
def test_a_size_that_is_none_is_refused(memory: str) -> None:
    assert "--memory" in refusal("plan", "--topology", "core:4", "--memory", memory)


def test_a_drawing_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none" / "plan.svg"
    assert "--svg" in refusal("plan", "--topology", "core:4", "--memory", "64", "--svg", str(path))


@pytest.mark.parametrize("description", ["core:2 pu:1", "pack:1 l3:2 core:3 pu:2", LARGE])
@pytest.mark.parametrize("concurrency", [1, 3, 16])
def test_the_drawing_has_every_cpu_and_every_slot(tmp_path: Path, description: str, concurrency: int) -> None:
    path = tmp_path / "plan.svg"
    run("--topology", description, "--memory", "1TB", "--concurrency", str(concurrency), "--svg", str(path))
    tree = ET.parse(path)  # noqa: S314 - written by this test
    texts = [item.text or "" for item in tree.iter(f"{SVG}text")]
    titles = [item.text or "" for item in tree.iter(f"{SVG}title")]
    cpus = load(description).cpus
    assert sorted(int(title.split()[1].rstrip(":")) for title in titles) == [cpu.id for cpu in cpus]
    assert [text for text in texts if text.startswith("slot ")] == [
        text for index in range(concurrency) for text in texts if text.startswith(f"slot {index}:")
    ]


def test_everything_drawn_lies_on_the_sheet() -> None:
    text = draw(make_plan(load(LARGE), PlanRequest(frames=None, mfr=False)))
    root = ET.fromstring(text)  # noqa: S314 - drawn here
    _, _, width, height = (float(part) for part in root.attrib["viewBox"].split())
    for item in root.iter(f"{SVG}rect"):
        assert float(item.get("x", 0)) + float(item.attrib["width"]) <= width
        assert float(item.get("y", 0)) + float(item.attrib["height"]) <= height
    for item in root.iter(f"{SVG}text"):
        assert 0 <= float(item.attrib["x"]) <= width
        assert 0 <= float(item.attrib["y"]) <= height


def test_names_from_outside_are_escaped(tmp_path: Path) -> None:
    odd = tmp_path / ("&.json" if sys.platform == "win32" else "<b>&.json")  # Windows has no such name
    odd.write_text('{"a": [0, 1]}', encoding="utf-8")
    ET.fromstring(draw(make_plan(load(str(odd)), PlanRequest(frames=1))))  # noqa: S314 - drawn here


def test_the_same_plan_draws_the_same_bytes() -> None:
    plan = make_plan(load(LARGE), PlanRequest(frames=10))
    assert draw(plan) == draw(plan)


def test_planning_imports_no_more_than_it_needs() -> None:
    """What makes it start in a fraction of a second: no rich, no asyncio, no XML, nothing of other
    systems.
    """
    code = (
        "import sys; from stmpo.machine import discover; from stmpo.planning import make_plan, PlanRequest;"
        "make_plan(discover(), PlanRequest(frames=1));"
        "print(*sorted({'rich', 'asyncio', 'xml', 'ctypes', 'subprocess', 'click'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    unwanted = set(done.stdout.split())
    assert not unwanted & {"rich", "asyncio", "xml", "click"}
