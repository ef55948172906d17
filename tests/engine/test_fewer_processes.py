"""A GPU, an encoder or licences that fit fewer renderers than were planned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stmpo.testing import Fault, FaultKind, FrameCosts, Scenario

if TYPE_CHECKING:
    from tests.engine.studio import Studio

FOUR = ("--frames", "1-48", "--concurrency", "4")


def lines(studio: Studio, event: str) -> list[dict[str, Any]]:
    return [line for line in studio.journal() if line["event"] == event]


def fits(kind: FaultKind, processes: int) -> Scenario:
    return Scenario(costs=FrameCosts(0.3), faults=(Fault(kind, count=processes),))


@pytest.mark.parametrize("strategy", ["steal", "auto"])
@pytest.mark.parametrize(
    "kind", [FaultKind.GPU_TOO_MANY, FaultKind.ENCODER_TOO_MANY, FaultKind.LICENCE_TOO_MANY]
)
def test_four_renderers_where_two_fit_become_two(studio: Studio, kind: FaultKind, strategy: str) -> None:
    outcome = studio.render(*FOUR, "--strategy", strategy, scenario=fits(kind, 2))
    assert outcome.code == 0, outcome.output
    assert studio.frames() == list(range(1, 49))
    assert len(studio.starts()) <= 12, outcome.output
    assert lines(studio, "limited"), outcome.output
    assert "at once from now on" in outcome.output


def test_the_next_run_on_this_machine_plans_no_more_than_fit(studio: Studio) -> None:
    scenario = fits(FaultKind.GPU_TOO_MANY, 1)
    outcome = studio.render(*FOUR, scenario=scenario)
    assert outcome.code == 0, outcome.output
    assert lines(studio, "limited")[-1]["processes"] == 1
    before = len(studio.starts())
    plan = ("--mfr-threads", "1", "--ram-per-process-gb", "0.1", "--max-concurrency", "4")
    outcome = studio.render("--frames", "1-48", *plan, "--no-resume", scenario=scenario)
    assert outcome.code == 0, outcome.output
    assert "earlier run 1" in outcome.output
    assert len(studio.starts()) == before + 1
