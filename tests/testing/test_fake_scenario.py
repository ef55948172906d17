"""Scenarios as files, and what fake processes know of each other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from stmpo.model.errors import BadInput
from stmpo.model.frames import Span
from stmpo.renderers.emulator.log_lines import Language, Style
from stmpo.testing import Fault, FaultKind, FrameCosts, On, Scenario
from stmpo.testing.faults import Faults, Moment
from stmpo.testing.scenario import load
from stmpo.testing.state import FakeState

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_written_reads_back_equal(tmp_path: Path) -> None:
    scenario = Scenario(
        startup=0.5,
        costs=FrameCosts(0.1, {-3: 2.0, 7: 1.5}),
        size=(64, 36),
        style=Style(language=Language.JA, repeat_frames=True),
        faults=(
            Fault(FaultKind.CRASH, On(frame=7, times=1), signal="SIGSEGV"),
            Fault(FaultKind.LATE, seconds=2),
        ),
    )
    assert load(scenario.write(tmp_path / "new")) == scenario


def test_costs_may_come_from_a_file_of_their_own(tmp_path: Path) -> None:
    costs = tmp_path / "costs.json"
    costs.write_text('{"default": 0.05, "frames": {"7": 2.0}}', encoding="utf-8")
    scenario = load(Scenario(costs_file=str(costs)).write(tmp_path))
    assert (scenario.costs.of(7), scenario.costs.of(8)) == (2.0, 0.05)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no", "cannot be read as JSON"),
        ("[]", "Scenario must be an object"),
        ('{"startups": 1}', "Scenario has no 'startups'"),
        ('{"startup": "1"}', "Scenario.startup is '1'; a float is wanted"),
        ('{"tree": 1}', "Scenario.tree is 1; a bool is wanted"),
        ('{"size": [1]}', "Scenario.size"),
        ('{"costs": {"frames": {"a": 1}}}', "Costs.frames"),
        ('{"style": {"language": "xx"}}', "Language has no 'xx'"),
        ('{"faults": {}}', "Scenario.faults must be a list"),
        ('{"faults": [{"kind": "explode"}]}', "FaultKind has no 'explode'"),
        ('{"faults": [{"kind": "crash", "on": {"frames": 7}}]}', "On has no 'frames'"),
        ('{"faults": [{"on": {}}]}', "FaultKind has no None"),
    ],
)
def test_what_no_scenario_has_is_refused_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "scenario.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as error:
        load(path)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def happening(
    fault: Fault, state: FakeState, moment: Moment, frame: int | None = None, *, seed: int = 0
) -> int:
    return len(list(Faults(Scenario(faults=(fault,), seed=seed), state, Span(5, 9)).at(moment, frame)))


class TestWhenFaultsHappen:
    def test_at_its_frame_only(self) -> None:
        fault = Fault(FaultKind.EMPTY, On(frame=7))
        assert [happening(fault, FakeState(None), Moment.FRAME, frame) for frame in (6, 7, 8)] == [0, 1, 0]

    def test_at_every_frame_without_one(self) -> None:
        assert happening(Fault(FaultKind.EMPTY), FakeState(None), Moment.FRAME, 8) == 1

    def test_a_crash_without_a_frame_happens_at_launch_and_only_there(self) -> None:
        fault = Fault(FaultKind.CRASH)
        assert happening(fault, FakeState(None), Moment.LAUNCH) == 1
        assert happening(fault, FakeState(None), Moment.FRAME, 7) == 0

    def test_a_launch_fault_with_a_frame_happens_where_the_span_holds_it(self) -> None:
        state = FakeState(None)
        assert happening(Fault(FaultKind.HANG_AT_LAUNCH, On(frame=5)), state, Moment.LAUNCH) == 1
        assert happening(Fault(FaultKind.HANG_AT_LAUNCH, On(frame=4)), state, Moment.LAUNCH) == 0

    def test_in_the_nth_start_only(self) -> None:
        fault = Fault(FaultKind.EMPTY, On(start=2))
        assert [happening(fault, FakeState(None, number), Moment.FRAME, 7) for number in (1, 2, 3)] == [
            0,
            1,
            0,
        ]

    def test_so_many_times_over_all_processes(self, tmp_path: Path) -> None:
        fault = Fault(FaultKind.EMPTY, On(times=2))
        assert [happening(fault, FakeState(tmp_path, number), Moment.FRAME, 7) for number in range(4)] == [
            1,
            1,
            0,
            0,
        ]

    def test_chance_is_the_same_for_the_same_seed(self, tmp_path: Path) -> None:
        fault = Fault(FaultKind.EMPTY, On(probability=0.5))

        def played(seed: int, folder: str) -> list[int]:
            state = FakeState(tmp_path / folder)
            return [
                happening(fault, state, Moment.FRAME, frame, seed=seed) for frame in [*range(30), *range(30)]
            ]

        assert played(1, "a") == played(1, "b")
        assert played(1, "c") != played(2, "d")
        assert 0 < sum(played(1, "e")) < 60


def test_starts_are_numbered_from_one_over_all_processes(tmp_path: Path) -> None:
    numbers = []
    for _ in range(3):
        state = FakeState(tmp_path)
        state.begin(["-s", "1"])
        numbers.append(state.number)
    assert numbers == [1, 2, 3]
    assert json.loads((tmp_path / "start-2.json").read_text(encoding="utf-8"))["argv"] == ["-s", "1"]
