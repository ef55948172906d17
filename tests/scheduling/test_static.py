"""Static leases: equal contiguous parts, then what came back, then help; set aside frames last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.model.frames import FrameSet, Span
from stmpo.scheduling.initial_ranges import equal_ranges
from stmpo.scheduling.static import Static

if TYPE_CHECKING:
    from stmpo.scheduling.protocol import Lease, Strategy

FRAME_SETS = st.sets(st.integers(-100, 300), min_size=1, max_size=120).map(FrameSet.of)


def take(strategy: Strategy, slot: int) -> Lease | None:
    grant = strategy.grant(slot, 0.0)
    return None if grant is None else grant.lease


def spans(*leases: Lease | None) -> list[Span]:
    return [lease.span for lease in leases if lease is not None]


@given(FRAME_SETS, st.integers(1, 40))
def test_equal_parts_differ_by_one_frame_at_most(frames: FrameSet, parts: int) -> None:
    pieces = equal_ranges(frames, parts)
    assert [frame for piece in pieces for frame in piece] == list(frames)
    assert len(pieces) == parts
    assert max(map(len, pieces)) - min(map(len, pieces)) <= 1


@given(FRAME_SETS, st.integers(1, 9))
def test_leases_hold_each_frame_once_and_none_between(frames: FrameSet, slots: int) -> None:
    strategy: Strategy = Static(frames, slots)
    assert strategy.waiting == len(frames)
    seen: list[int] = []
    while strategy.waiting:
        for slot in range(slots):
            lease = take(strategy, slot)
            if lease is not None:
                seen.extend(lease.span)
                strategy.retire(lease)
    assert sorted(seen) == list(frames)


def test_each_slot_takes_its_own_contiguous_part_first() -> None:
    strategy = Static(FrameSet.between(1, 10), 3)
    assert spans(*(take(strategy, slot) for slot in range(3))) == [Span(1, 4), Span(5, 7), Span(8, 10)]


def test_an_idle_slot_takes_what_came_back_before_it_helps_others() -> None:
    strategy = Static(FrameSet.of([1, 2, 10, 20, 30, 40]), 2)
    first = take(strategy, 0)
    assert first is not None
    assert first.span == Span(1, 2)
    assert spans(take(strategy, 0)) == [Span(10, 10)]
    strategy.retire(first)
    strategy.give_back([Span(2, 2)])
    assert spans(take(strategy, 0), take(strategy, 0)) == [Span(2, 2), Span(40, 40)]


def test_frames_set_aside_wait_until_no_other_lease_lives() -> None:
    strategy = Static(FrameSet.between(1, 4), 2)
    left, right = take(strategy, 0), take(strategy, 1)
    assert left is not None
    assert right is not None
    strategy.retire(left)
    strategy.give_back([Span(1, 1)], last=True)
    strategy.give_back([Span(2, 2)])
    rest = take(strategy, 0)
    assert rest is not None
    assert rest.span == Span(2, 2)
    strategy.retire(rest)
    assert take(strategy, 0) is None
    assert strategy.waiting == 1
    strategy.retire(right)
    assert spans(take(strategy, 0)) == [Span(1, 1)]
    assert strategy.waiting == 0


def test_frames_set_aside_may_run_beside_each_other() -> None:
    strategy = Static(FrameSet.between(1, 2), 2)
    for lease in (take(strategy, 0), take(strategy, 1)):
        assert lease is not None
        strategy.retire(lease)
        strategy.give_back([lease.span], last=True)
    assert spans(take(strategy, 0), take(strategy, 1)) == [Span(1, 1), Span(2, 2)]


def test_a_lease_ends_once() -> None:
    strategy = Static(FrameSet.between(1, 2), 1)
    lease = take(strategy, 0)
    assert lease is not None
    strategy.retire(lease)
    with pytest.raises(KeyError):
        strategy.retire(lease)
