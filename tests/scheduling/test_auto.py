"""`auto`: which rule is chosen and why, how it notices that sharing does not work, and how it falls back."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.model.frames import FrameSet, Span
from stmpo.scheduling.auto import choose_rule
from stmpo.scheduling.cost_shapes import shape
from stmpo.scheduling.registry import make_strategy
from stmpo.scheduling.shared import Shared
from stmpo.scheduling.sharing_watch import SharingWatch
from stmpo.scheduling.simulate import SimulatedCosts, simulate

HUNDRED = FrameSet.between(1, 100)
COSTS = dict.fromkeys(HUNDRED, 2.0)


@pytest.mark.parametrize(
    ("record", "sure", "no_sharing", "name", "words"),
    [
        (COSTS, True, "", "steal", "the costs of 100 of 100 frames are known"),
        (COSTS, True, "a movie", "steal", "the costs of 100 of 100 frames are known"),
        (COSTS, False, "", "shared", "of another version of the project"),
        (None, False, "", "shared", "the frames' costs are not known, so each renderer takes the next frame"),
        (None, False, "the item has 2 output modules", "steal", "cannot share a folder: the item has 2"),
        (dict.fromkeys(range(1, 50), 2.0), True, "", "shared", "the costs of only 49 of 100 frames"),
        (dict.fromkeys(range(200, 400), 2.0), True, "", "shared", "costs are not known"),
    ],
)
def test_the_rule_depends_on_what_is_known_and_allowed(
    record: dict[int, float] | None, sure: bool, no_sharing: str, name: str, words: str
) -> None:
    rule = choose_rule(HUNDRED, record, sure=sure, no_sharing=no_sharing)
    assert rule.name == name
    assert words in rule.reason
    if not no_sharing:
        assert make_strategy("auto", HUNDRED, 4, record=record, sure=sure).name == name


def test_nothing_to_render_is_no_reason_to_fail() -> None:
    strategy = make_strategy("auto", FrameSet(()), 4)
    assert strategy.grant(0, 0.0) is None
    assert strategy.fall_back() == ()


def test_one_doubled_frame_is_a_race_and_more_end_the_sharing() -> None:
    watch = SharingWatch(8)
    for frame in range(20):
        watch.frame(frame % 8, frame)
        watch.frame(frame % 8, frame)
    watch.frame(5, 0)
    watch.collision(1)
    assert [watch.doubled, watch.reason] == [(0, 1), ""]
    watch.collision(2)
    assert [watch.doubled, watch.reason] == [(0, 1, 2), "3 frames were rendered by two renderers"]


def test_a_refusal_ends_the_sharing_at_once() -> None:
    watch = SharingWatch(8)
    watch.refusal(3)
    assert watch.reason == "a renderer refuses to skip existing files"


def test_after_the_fall_back_the_open_frames_are_divided_among_all_slots() -> None:
    strategy = Shared(HUNDRED, 4)
    leases = [grant.lease for slot in range(4) if (grant := strategy.grant(slot, 0.0)) is not None]
    for frame in range(1, 21):
        strategy.finished(leases[frame % 4], frame, 20.0 + frame)
    assert strategy.fall_back() == tuple(leases)
    assert strategy.grant(0, 50.0) is None, "nobody begins while others still share the folder"
    for lease in leases:
        strategy.retire(lease)
    strategy.give_back([Span(21, 100)])
    spans = [grant.lease.span for slot in range(4) if (grant := strategy.grant(slot, 51.0)) is not None]
    assert spans == [Span(21, 40), Span(41, 60), Span(61, 80), Span(81, 100)]
    assert strategy.waiting == 0


def test_a_fall_back_before_anything_has_started_loses_no_frame() -> None:
    strategy = Shared(HUNDRED, 4)
    assert strategy.fall_back() == ()
    assert strategy.waiting == 100
    spans = [grant.lease.span for slot in range(4) if (grant := strategy.grant(slot, 51.0)) is not None]
    assert [len(span) for span in spans] == [25] * 4
    assert not any(lease.shared for lease in strategy._lease_queue.living.values())


@given(
    frames=st.integers(1, 300),
    slots=st.integers(1, 16),
    start_up=st.floats(0, 30),
    delay=st.floats(0, 3),
    when=st.floats(0, 200),
    seed=st.integers(0, 1 << 20),
)
def test_a_fall_back_at_any_time_costs_each_process_one_frame_and_loses_none(  # noqa: PLR0917 - what hypothesis draws
    frames: int, slots: int, start_up: float, delay: float, when: float, seed: int
) -> None:
    costs = dict(enumerate(shape("cuts", frames, 4.0, Random(seed))))
    strategy = make_strategy("auto", FrameSet.of(costs), slots, spawn_delay=delay)
    truth = SimulatedCosts(costs, start_up, spawn_delay=delay, falls_back_at=when, stop_after=0.0)
    outcome = simulate(strategy, slots, truth)
    assert sum(stint.frames for stint in outcome.stints) == frames
    assert outcome.twice <= slots


def test_no_process_is_started_that_could_not_finish_a_frame_in_time() -> None:
    """One slot died; the other two have done nearly all. A start takes longer than the rest of the run."""
    strategy = Shared(HUNDRED, 3, start_up=20.0)
    first, second, third = (strategy.grant(slot, 0.0) for slot in range(3))
    assert first is not None
    assert second is not None
    assert third is not None
    for grant in (first, second, third):
        strategy.began(grant.lease, 20.0)
    for frame in range(1, 51):
        strategy.finished(first.lease, frame, 20.0 + frame / 3)
    strategy.retire(third.lease)
    assert strategy.grant(2, 37.0) is not None, "fifty frames are open: half a minute for two"
    for frame in range(51, 91):
        strategy.finished(first.lease, frame, 40.0 + frame / 3)
    strategy.retire(second.lease)
    assert strategy.grant(1, 71.0) is None
