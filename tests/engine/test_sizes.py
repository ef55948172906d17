"""All frames of a sequence are of one size: an odd one is rendered again, whatever its renderer thought of
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.delivery.verify import Whole, verify_frame
from stmpo.testing import Fault, FaultKind, On, Scenario

if TYPE_CHECKING:
    from tests.engine.studio import Studio


def _sizes(studio: Studio) -> set[tuple[int, int] | None]:
    found = [verify_frame(path) for path in studio.out.glob("f_*.png")]
    return {file.sides if isinstance(file, Whole) else None for file in found}


def test_a_frame_of_another_size_is_a_failed_attempt(studio: Studio) -> None:
    odd = Fault(FaultKind.WRONG_SIZE, On(frame=6, times=1))
    outcome = studio.render("--frames", "1-8", "--concurrency", "1", scenario=Scenario(faults=(odd,)))
    assert outcome.code == 0, outcome.output
    assert "frame 6 is 32 x 16 pixels, and the " in outcome.output
    assert studio.frames() == list(range(1, 9))
    assert _sizes(studio) == {(16, 16)}


def test_when_the_first_frame_is_the_odd_one_the_others_outweigh_it(studio: Studio) -> None:
    odd = Fault(FaultKind.WRONG_SIZE, On(frame=1, times=1))
    outcome = studio.render("--frames", "1-8", "--concurrency", "1", scenario=Scenario(faults=(odd,)))
    assert outcome.code == 0, outcome.output
    assert "frame 1 is not 16 x 16 pixels large, as most are" in outcome.output
    assert studio.frames() == list(range(1, 9))
    assert _sizes(studio) == {(16, 16)}
    assert studio.scratch_files() == []


def test_what_was_delivered_earlier_sets_the_size_and_a_changed_comp_ends_the_run_in_words(
    studio: Studio,
) -> None:
    assert studio.render("--frames", "1-30", "--concurrency", "1").code == 0
    options = ("--frames", "1-40", "--concurrency", "1")
    outcome = studio.render(*options, scenario=Scenario(size=(32, 32)))
    assert outcome.code == 1
    assert "attempts wrote frames of 32 x 32 pixels" in outcome.output
    assert "30 frames before them are 16 x 16" in outcome.output
    assert studio.frames() == list(range(1, 31))
    assert len(studio.starts()) <= 4
