"""Which range is the victim, how much is stolen, and when stealing stops paying."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.model.frames import FrameSet, Span
from stmpo.scheduling.steal import Steal, water_level

if TYPE_CHECKING:
    from stmpo.scheduling.protocol import Grant, Lease


def begun(strategy: Steal, slots: int, start_up: float = 10.0) -> list[Lease]:
    """All slots have their first lease and have started up."""
    leases = []
    for slot in range(slots):
        grant = strategy.grant(slot, 0.0)
        assert grant is not None
        strategy.started(grant.lease, 0.0)
        strategy.began(grant.lease, start_up)
        leases.append(grant.lease)
    return leases


def render(strategy: Steal, lease: Lease, frames: int, since: float, each: float) -> float:
    """The first frames of a lease, one after the other; returns when the last is done."""
    now = since
    for frame in list(lease.span)[:frames]:
        now += each
        strategy.finished(lease, frame, now)
    return now


def stolen(grant: Grant | None) -> tuple[Lease, Lease]:
    assert grant is not None
    assert grant.victim is not None
    return grant.lease, grant.victim


def test_the_stolen_frames_and_the_victim_end_together_with_the_start_up_counted() -> None:
    """One second a frame: 90 s are left, the new process needs 10 s to start, so both are done after 50 s."""
    strategy = Steal(FrameSet.between(1, 200), 2)
    gone, slow = begun(strategy, 2)
    render(strategy, slow, 10, 10.0, 1.0)
    strategy.retire(gone)
    taken, victim = stolen(strategy.grant(0, 20.0))
    assert victim.id == slow.id
    assert victim.span == Span(101, 160)
    assert taken.span == Span(161, 200)


def test_two_stealing_slots_share_a_victim_evenly() -> None:
    """90 s are left: after 37 s all three are done, of which each new process spends 10 s starting."""
    strategy = Steal(FrameSet.between(1, 300), 3)
    first, second, slow = begun(strategy, 3)
    render(strategy, slow, 10, 10.0, 1.0)
    strategy.retire(first)
    strategy.retire(second)
    one, _ = stolen(strategy.grant(0, 20.0))
    two, rest = stolen(strategy.grant(1, 20.0))
    assert rest.id == slow.id
    assert (len(one.span), len(two.span)) == (27, 27)


def test_a_stolen_range_is_a_victim_in_turn_even_before_it_has_begun() -> None:
    strategy = Steal(FrameSet.between(1, 200), 2)
    gone, slow = begun(strategy, 2)
    now = render(strategy, slow, 10, 10.0, 1.0)
    strategy.retire(gone)
    taken, victim = stolen(strategy.grant(0, now))
    now = render(strategy, victim, 60, now - 10.0, 1.0)
    strategy.retire(victim)
    again, second = stolen(strategy.grant(1, now))
    assert second.id == taken.id
    assert again.span.last == 200


def test_no_steal_where_a_start_up_takes_longer_than_the_rest() -> None:
    strategy = Steal(FrameSet.between(1, 20), 2)
    quick, slow = begun(strategy, 2)
    render(strategy, quick, 10, 10.0, 1.0)
    render(strategy, slow, 5, 10.0, 2.0)
    strategy.retire(quick)
    assert strategy.grant(0, 20.0) is None
    assert strategy.waiting == 0


def test_a_slow_frame_in_work_makes_a_victim() -> None:
    """Nothing is finished for a long time: what lies behind that frame is taken from its renderer."""
    strategy = Steal(FrameSet.between(1, 20), 2)
    quick, stuck = begun(strategy, 2)
    render(strategy, quick, 10, 10.0, 1.0)
    strategy.retire(quick)
    taken, victim = stolen(strategy.grant(0, 60.0))
    assert victim.id == stuck.id
    assert taken.span.last == 20


def test_the_frame_in_work_is_never_taken() -> None:
    strategy = Steal(FrameSet.between(1, 4), 2)
    quick, slow = begun(strategy, 2)
    render(strategy, quick, 2, 10.0, 1.0)
    strategy.retire(quick)
    taken, victim = stolen(strategy.grant(0, 500.0))
    assert (victim.span, taken.span) == (Span(3, 3), Span(4, 4))
    assert victim.id == slow.id
    assert strategy.grant(0, 900.0) is None


def test_frames_that_finish_out_of_order_show_how_many_are_in_work_at_once() -> None:
    strategy = Steal(FrameSet.between(1, 20), 2)
    quick, several = begun(strategy, 2)
    render(strategy, quick, 10, 10.0, 1.0)
    strategy.retire(quick)
    strategy.finished(several, 14, 30.0)  # 11, 12 and 13 are in work, and perhaps three more behind 14
    _, victim = stolen(strategy.grant(0, 200.0))
    assert victim.span.last >= 18


def test_frames_that_finish_together_share_their_time() -> None:
    strategy = Steal(FrameSet.between(1, 40), 2)
    left, _ = begun(strategy, 2)
    for frame in range(1, 5):
        strategy.finished(left, frame, 50.0 + frame / 1000)
    assert strategy._estimates.level(4, 7) == pytest.approx(10.0, rel=0.01)


def test_known_costs_weigh_the_first_ranges() -> None:
    record = {frame: 9.0 if frame <= 10 else 1.0 for frame in range(1, 101)}
    strategy = Steal(FrameSet.between(1, 100), 2, record=record, sure=True)
    left, right = begun(strategy, 2)
    assert left.span == Span(1, 10)
    assert right.span == Span(11, 100)


def test_costs_that_may_be_stale_are_followed_the_less_the_longer_a_start_takes() -> None:
    record = {frame: 9.0 if frame <= 10 else 1.0 for frame in range(1, 101)}
    lengths = [
        len(begun(Steal(FrameSet.between(1, 100), 2, record=record, start_up=start_up), 2)[0].span)
        for start_up in (1.0, 5.0, 60.0)
    ]
    assert lengths == sorted(lengths)
    assert lengths[0] == 10
    assert 40 < lengths[-1] <= 50


def test_a_slot_that_starts_later_is_given_less() -> None:
    record = dict.fromkeys(range(1, 101), 1.0)
    strategy = Steal(FrameSet.between(1, 100), 2, record=record, spawn_delay=20.0)
    assert [len(lease.span) for lease in begun(strategy, 2)] == [60, 40]


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=40), st.lists(st.floats(0, 1e6), min_size=1, max_size=40)
)
def test_the_water_level_holds_the_work_beyond_it(ends: list[float], begins: list[float]) -> None:
    level = water_level(ends, begins)
    assert level <= max(ends) + 1e-6
    beyond = sum(end - level for end in ends if end > level)
    room = sum(level - begin for begin in begins if begin < level)
    assert beyond == pytest.approx(room, abs=1e-3) or (level <= min(*ends, *begins) + 1e-6)


def test_a_victim_that_is_faster_than_the_start_of_its_help_has_its_frames_back() -> None:
    """Ten seconds a frame promised much; the rest takes one. The new process has not begun: it is not
    needed.
    """
    strategy = Steal(FrameSet.between(1, 40), 2)
    gone, slow = begun(strategy, 2)
    render(strategy, gone, 20, 10.0, 1.0)
    now = render(strategy, slow, 2, 10.0, 10.0)
    strategy.retire(gone)
    taken, victim = stolen(strategy.grant(0, now))
    strategy.started(taken, now)
    now = render(strategy, victim, len(victim.span), now, 0.1)
    reclaim = strategy.reclaim(victim, now)
    assert reclaim is not None
    assert (reclaim.lease.id, reclaim.lease.span) == (slow.id, Span(21, 40))
    assert reclaim.cancelled == taken
    strategy.retire(taken)  # harmless
    assert strategy.reclaim(reclaim.lease, now) is None


def test_frames_of_a_process_that_has_begun_are_not_reclaimed() -> None:
    strategy = Steal(FrameSet.between(1, 200), 2)
    gone, slow = begun(strategy, 2)
    now = render(strategy, slow, 10, 10.0, 1.0)
    strategy.retire(gone)
    taken, victim = stolen(strategy.grant(0, now))
    strategy.started(taken, now)
    strategy.began(taken, now + 10)
    assert strategy.reclaim(victim, now + 20) is None


def test_frames_beyond_the_command_line_are_not_reclaimed() -> None:
    """The victim had not started when its range was cut: it was never asked for the rest."""
    strategy = Steal(FrameSet.between(1, 100), 2, record=dict.fromkeys(range(1, 101), 1.0))
    first, second = (strategy.grant(slot, 0.0) for slot in range(2))
    assert first is not None
    assert second is not None
    strategy.started(first.lease, 0.0)
    strategy.began(first.lease, 10.0)
    now = render(strategy, first.lease, 50, 10.0, 0.5)
    strategy.retire(first.lease)
    _, victim = stolen(strategy.grant(0, now))
    strategy.started(victim, now)
    render(strategy, victim, len(victim.span), now, 0.01)
    assert strategy.reclaim(victim, now + 5) is None


def test_nothing_is_stolen_while_the_start_gate_is_taken() -> None:
    strategy = Steal(FrameSet.between(1, 200), 2, spawn_delay=30.0)
    gone, slow = begun(strategy, 2)
    now = render(strategy, slow, 5, 10.0, 1.0)
    strategy.retire(gone)
    assert strategy.grant(0, now) is None
    assert strategy.grant(0, 60.0) is not None


def test_where_nothing_is_left_to_render_a_record_is_no_reason_to_grant_anything() -> None:
    """A run that finds everything delivered knows its costs all the same."""
    strategy = Steal(FrameSet(()), 2, record={1: 0.5, 2: 0.7})
    assert strategy.grant(0, 0.0) is None
    assert not strategy.waiting


def test_frames_that_are_rendered_again_count_as_done_once_they_are() -> None:
    """Their costs are known from the first time; that they are done in this lease as well is another
    matter.
    """
    strategy = Steal(FrameSet.between(1, 100), 2, start_up=1.0)
    for lease in begun(strategy, 2, 1.0):
        render(strategy, lease, 45, 1.0, 1.0)
        strategy.retire(lease)
    strategy.give_back([Span(1, 100)])  # its words condemned all of them
    again = strategy.grant(0, 100.0)
    assert again is not None
    strategy.started(again.lease, 100.0)
    strategy.began(again.lease, 101.0)
    render(strategy, again.lease, 90, 101.0, 1.0)
    work = strategy._works[again.lease.id]
    assert (work.done, work.top) == (90, 90), "so that none of them is taken from it"
