"""`stmpo simulate`."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from tests.cli.command import refusal, stmpo

if TYPE_CHECKING:
    from pathlib import Path


def simulated(*arguments: str) -> dict[str, float]:
    answer = stmpo("simulate", *arguments, "--json")
    assert answer.code == 0, answer
    values: dict[str, float] = json.loads(answer.out)
    return values


@pytest.mark.parametrize("strategy", ["static", "steal", "shared"])
def test_it_prints_makespan_bound_efficiency_and_starts(strategy: str) -> None:
    values = simulated("--shape", "hero", "--strategy", strategy)
    assert values["makespan"] >= values["bound"] == 320
    assert 0 < values["efficiency"] <= 1
    assert values["starts"] >= 16
    text = stmpo("simulate", "--strategy", strategy).out
    assert "efficiency" in text
    assert "frames rendered twice" in text


def test_ten_thousand_frames_for_sixty_four_processes() -> None:
    assert simulated("--frames", "10000", "--processes", "64", "--shape", "cuts")["efficiency"] > 0.85


def test_costs_come_from_a_file_as_list_or_by_number(tmp_path: Path) -> None:
    costs = tmp_path / "costs.json"
    costs.write_text("[1, 1, 1, 1]")
    assert simulated("--costs", str(costs), "--processes", "2", "--start-up", "3")["bound"] == 5
    costs.write_text('{"101": 2.5, "102": 0.5}')
    assert simulated("--costs", str(costs), "--processes", "1", "--start-up", "0")["makespan"] == 3


def test_costs_come_from_a_journal(tmp_path: Path) -> None:
    journal = tmp_path / "j.jsonl"
    lines = [{"event": "run"}, *({"event": "delivered", "frame": f, "cost": 2.0} for f in range(4))]
    journal.write_text("\n".join(json.dumps(line) for line in lines) + '\n{"cut sho')
    assert simulated("--journal", str(journal), "--processes", "4", "--start-up", "1")["makespan"] == 3


def test_the_lanes_are_drawn_with_a_bar_a_process(tmp_path: Path) -> None:
    picture = tmp_path / "lanes.svg"
    values = simulated("--shape", "hero", "--svg", str(picture))
    root = ET.fromstring(picture.read_text(encoding="utf-8"))  # noqa: S314 - our own file
    bars = [element for element in root.iter() if element.tag.endswith("}g")]
    assert len(bars) == values["starts"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--costs", "missing.json"), "--costs missing.json"),
        (("--journal", "missing.jsonl"), "--journal missing.jsonl"),
        (("--costs", "a", "--shape", "hero"), "give one of"),
        (("--svg", "no/such/folder/x.svg"), "--svg"),
        (("--record", "missing"), "--record missing"),
        (("--record", "a", "--known"), "give one of"),
        (("--start-up", "nan"), "--start-up: a number from 0 to 1e+07 is wanted, not 'nan'"),
        (("--spawn-delay", "inf"), "--spawn-delay: a number from 0 to 1e+07 is wanted, not 'inf'"),
        (("--mean", "1e300"), "--mean: a number from 0.001 to 1e+07 is wanted"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(
    arguments: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert words in refusal("simulate", *arguments)


@pytest.mark.parametrize(
    "text", ["[]", "7", '["x"]', '{"a": 1}', "[-1]", "[NaN]", "{", "[true]", "[1e308]", "[" * 100_000]
)
def test_files_that_hold_no_costs_are_refused(text: str, tmp_path: Path) -> None:
    costs = tmp_path / "costs.json"
    costs.write_text(text)
    assert "--costs" in refusal("simulate", "--costs", str(costs))


def test_a_record_is_what_the_strategy_believes_beforehand(tmp_path: Path) -> None:
    """Wrong, it costs little; there, it changes what is done."""
    record = tmp_path / "record.json"
    record.write_text(json.dumps({"costs": {str(frame): 1 + frame % 600 for frame in range(600)}}))
    nothing = simulated("--shape", "uniform")["efficiency"]
    stale = simulated("--shape", "uniform", "--record", str(record))["efficiency"]
    assert 0.95 * nothing <= stale < nothing
