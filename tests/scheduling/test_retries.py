"""Retry decisions, and strategy and retry book together under random misfortune."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.model.frames import FrameSet, Span
from stmpo.scheduling.retries import (
    LONGEST_PAUSE,
    MAX_ATTEMPTS_WITHOUT_PROGRESS,
    MAX_REFUSALS,
    AttemptEnd,
    RetryPolicy,
)
from stmpo.scheduling.static import Static

if TYPE_CHECKING:
    from random import Random

    from stmpo.scheduling.protocol import Lease

FIVE = FrameSet.between(1, 5)


def test_a_dead_process_is_blamed_on_the_first_frame_it_left_and_the_rest_goes_back_at_once() -> None:
    book = RetryPolicy(slots=2, max_retries=2)
    decision = book.ended(AttemptEnd.DIED, FrameSet.of([3, 4, 5, 9]))
    assert decision.set_aside == (Span(3, 3),)
    assert decision.again == (Span(4, 5), Span(9, 9))
    assert not decision.exhausted


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_a_frame_is_tried_once_and_then_as_often_as_retries_say(retries: int) -> None:
    book = RetryPolicy(slots=1, max_retries=retries)
    book.rendered()
    for _ in range(retries):
        assert not book.ended(AttemptEnd.DIED, FrameSet((7,))).exhausted
    assert book.ended(AttemptEnd.DIED, FrameSet((7,))).exhausted == (7,)
    assert book.retried == retries + 1


def test_what_we_stopped_ourselves_counts_against_nobody() -> None:
    book = RetryPolicy(slots=1, max_retries=0)
    for _ in range(100):
        decision = book.ended(AttemptEnd.STOPPED, FIVE)
        assert decision.again == (Span(1, 5),)
        assert not (decision.exhausted)
        assert not (decision.hopeless)
        assert not (decision.pause)
    assert book.retried == 0
    assert not book.failures


def test_a_refused_start_waits_longer_each_time_and_counts_against_no_frame() -> None:
    book = RetryPolicy(slots=1, max_retries=0)
    pauses = []
    for _ in range(MAX_REFUSALS):
        decision = book.ended(AttemptEnd.REFUSED, FIVE)
        assert decision.again == (Span(1, 5),)
        pauses.append(decision.pause)
    assert pauses == sorted(pauses)
    assert pauses[0] > 0
    assert pauses[-1] == LONGEST_PAUSE
    assert not book.failures


def test_refusals_without_end_end() -> None:
    book = RetryPolicy(slots=1, max_retries=1)
    decisions = [book.ended(AttemptEnd.REFUSED, FIVE) for _ in range(MAX_REFUSALS + 10)]
    assert any(decision.hopeless for decision in decisions)


def test_a_rendered_frame_ends_a_row_of_refusals() -> None:
    book = RetryPolicy(slots=1, max_retries=0)
    for _ in range(5 * MAX_REFUSALS):
        book.rendered()
        assert not book.ended(AttemptEnd.REFUSED, FIVE).exhausted


def test_a_lease_that_never_begins_is_launched_again_before_its_first_frame_is_blamed() -> None:
    book = RetryPolicy(slots=1, max_retries=2)
    book.rendered()
    for _ in range(2):
        decision = book.ended(AttemptEnd.NEVER_BEGAN, FIVE)
        assert decision.again == (Span(1, 5),)
        assert decision.pause > 0
    decision = book.ended(AttemptEnd.NEVER_BEGAN, FIVE)
    assert decision.set_aside == (Span(1, 1),)
    assert decision.again == (Span(2, 5),)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(AttemptEnd),
            st.sets(st.integers(-20, 20), min_size=1).map(FrameSet.of),
            st.booleans(),
        ),
        max_size=80,
    ),
    st.integers(1, 24),
    st.integers(0, 4),
)
def test_no_decision_loses_or_doubles_a_frame(
    ends: list[tuple[AttemptEnd, FrameSet, bool]], slots: int, retries: int
) -> None:
    book = RetryPolicy(slots, retries)
    for end, missing, rendered in ends:
        if rendered:
            book.rendered()
        decision = book.ended(end, missing)
        frames = [frame for span in (*decision.again, *decision.set_aside) for frame in span]
        assert sorted([*frames, *decision.exhausted]) == list(missing)
        assert all(len(span) == 1 for span in decision.set_aside)
        assert 0 <= decision.pause <= LONGEST_PAUSE


# ---------------------------------------------------------------- strategy and retry policy together


@dataclass
class Fate:
    """What will happen: frames that kill their renderer, and how likely other misfortune is."""

    poison: frozenset[int] = frozenset()
    crash: float = 0.0
    never: float = 0.0
    refuse: float = 0.0
    stop: float = 0.0
    together: int = 1
    """Frames that a renderer works on at a time (Multi-Frame Rendering); they finish in any order."""


@dataclass
class World:
    """The orchestrator without processes: slots that take leases and end them in any order."""

    frames: FrameSet
    slots: int
    retries: int
    fate: Fate
    random: Random
    rendered: set[int] = field(default_factory=set)
    exhausted: set[int] = field(default_factory=set)
    attempts: Counter[int] = field(default_factory=Counter)
    aside: set[int] = field(default_factory=set)
    hopeless: bool = False
    ended: int = 0

    def run(self, bound: int) -> World:
        strategy = Static(self.frames, self.slots)
        book = RetryPolicy(self.slots, self.retries)
        living: dict[int, Lease] = {}
        ids: set[int] = set()
        while not self.hopeless:
            idle = [slot for slot in range(self.slots) if slot not in living]
            self.random.shuffle(idle)
            for slot in idle:
                grant = strategy.grant(slot, 0.0)
                if grant is not None:
                    lease = grant.lease
                    self._check_grant(lease, living)
                    assert lease.id not in ids
                    ids.add(lease.id)
                    living[slot] = lease
            self._check_nothing_is_lost(strategy, living)
            if not living:
                assert strategy.waiting == 0, "frames wait and nobody is given them"
                break
            slot = self.random.choice(sorted(living))
            lease = living.pop(slot)
            strategy.retire(lease)
            self._end(lease, strategy, book)
            self.ended += 1
            assert self.ended <= bound, "the run does not end"
        return self

    def _end(self, lease: Lease, strategy: Static, book: RetryPolicy) -> None:
        end, done = self._attempt(lease.span)
        self.rendered.update(done)
        if done:
            book.rendered()
        missing = FrameSet.of(frame for frame in lease.span if frame not in self.rendered)
        if not missing.frames:
            return
        decision = book.ended(end, missing)
        strategy.give_back(decision.again)
        strategy.give_back(decision.set_aside, last=True)
        self.aside.update(span.first for span in decision.set_aside)
        self.aside.difference_update(frame for span in decision.again for frame in span)
        self.exhausted.update(decision.exhausted)
        self.hopeless = decision.hopeless

    def _attempt(self, span: Span) -> tuple[AttemptEnd, list[int]]:
        """Render frame by frame until one kills the renderer, or chance does."""
        fate, chance = self.fate, self.random.random
        if chance() < fate.refuse:
            return AttemptEnd.REFUSED, []
        if chance() < fate.never:
            return AttemptEnd.NEVER_BEGAN, []
        done: list[int] = []
        frames = list(span)
        for start in range(0, len(frames), fate.together):
            batch = frames[start : start + fate.together]
            self.attempts.update(batch)
            fatal = {frame for frame in batch if frame in fate.poison or chance() < fate.crash}
            if fatal or chance() < fate.stop:
                done += [frame for frame in batch if frame not in fatal and chance() < 0.5]
                return AttemptEnd.DIED if fatal else AttemptEnd.STOPPED, done
            done += batch
        return AttemptEnd.DIED, done  # which decides nothing: no frame is missing

    def _check_grant(self, lease: Lease, living: dict[int, Lease]) -> None:
        frames = set(lease.span)
        assert frames <= set(self.frames), "a frame that nobody asked for"
        assert not frames & self.rendered, "rendered twice"
        for other in living.values():
            assert not frames & set(other.span), "in two living leases"
        if frames <= self.aside:
            assert all(set(other.span) <= self.aside for other in living.values()), "endangers good frames"

    def _check_nothing_is_lost(self, strategy: Static, living: dict[int, Lease]) -> None:
        leased = sum(len(lease.span) for lease in living.values())
        accounted = leased + strategy.waiting + len(self.rendered) + len(self.exhausted)
        assert accounted == len(self.frames)


FRAME_SETS = st.sets(st.integers(-40, 120), min_size=1, max_size=80).map(FrameSet.of)


@given(
    frames=FRAME_SETS,
    slots=st.integers(1, 9),
    retries=st.integers(0, 3),
    poison=st.sets(st.integers(-40, 120), max_size=6),
    odds=st.tuples(*[st.sampled_from([0.0, 0.05, 0.3, 0.9])] * 4),
    together=st.sampled_from([1, 4]),
    random=st.randoms(use_true_random=False),
)
def test_every_frame_ends_rendered_or_exhausted_whatever_happens(  # noqa: PLR0917 - what hypothesis draws
    frames: FrameSet,
    slots: int,
    retries: int,
    poison: set[int],
    odds: tuple[float, ...],
    together: int,
    random: Random,
) -> None:
    crash, never, refuse, stop = odds
    fate = Fate(frozenset(poison), crash, never, refuse, min(stop, 0.3), together)
    bound = 60 * (len(frames) + slots) * (retries + 2) + 10 * MAX_REFUSALS * len(frames)
    world = World(frames, slots, retries, fate, random).run(bound)
    if not world.hopeless:
        assert world.rendered | world.exhausted == set(frames)
        assert not world.rendered & world.exhausted


@given(
    frames=FRAME_SETS,
    slots=st.integers(1, 9),
    retries=st.integers(0, 3),
    data=st.data(),
    random=st.randoms(use_true_random=False),
)
def test_one_poison_frame_costs_only_itself(
    frames: FrameSet, slots: int, retries: int, data: st.DataObject, random: Random
) -> None:
    poison = data.draw(st.sampled_from(frames.frames))
    world = World(frames, slots, retries, Fate(frozenset({poison})), random)
    world.run(bound=len(frames) + slots + 2 * (retries + 2))
    assert world.exhausted <= {poison}
    assert world.rendered == set(frames) - {poison} or world.hopeless
    assert world.attempts[poison] <= retries + 1
    assert all(count == 1 for frame, count in world.attempts.items() if frame != poison)
    if len(frames) > 1:
        assert not world.hopeless


@given(
    frames=FRAME_SETS,
    slots=st.integers(1, 9),
    retries=st.integers(1, 3),
    data=st.data(),
    random=st.randoms(use_true_random=False),
)
def test_one_poison_frame_fails_no_other_when_frames_are_rendered_together(
    frames: FrameSet, slots: int, retries: int, data: st.DataObject, random: Random
) -> None:
    """Frames before it may be unfinished when it kills: they are blamed once, and then clear themselves
    alone.
    """
    poison = data.draw(st.sampled_from(frames.frames))
    world = World(frames, slots, retries, Fate(frozenset({poison}), together=4), random)
    world.run(bound=3 * len(frames) + 2 * slots + 5 * (retries + 2))
    if not world.hopeless:
        assert world.exhausted == {poison}


@given(
    slots=st.integers(1, 24),
    retries=st.integers(0, 3),
    random=st.randoms(use_true_random=False),
    never=st.booleans(),
)
def test_a_job_whose_every_frame_kills_ends_quickly_as_hopeless(
    slots: int, retries: int, random: Random, never: bool
) -> None:
    frames = FrameSet.between(1, 1000)
    fate = Fate(never=1.0) if never else Fate(poison=frozenset(frames))
    world = World(frames, slots, retries, fate, random).run(bound=max(3, slots) * (retries + 1))
    assert world.hopeless
    assert not world.rendered


def test_when_nothing_is_rendered_any_more_the_run_ends_after_a_dozen_attempts() -> None:
    """A licence that is lost on the way fails every frame from then on."""
    book = RetryPolicy(slots=2, max_retries=2)
    book.rendered()
    left = FrameSet.between(100, 400)
    for attempt in range(1, MAX_ATTEMPTS_WITHOUT_PROGRESS + 1):
        decision = book.ended(AttemptEnd.DIED, left)
        assert decision.hopeless is (attempt == MAX_ATTEMPTS_WITHOUT_PROGRESS)
        left = FrameSet.of(decision.again[0])


def test_a_region_of_bad_frames_is_left_by_halves_and_a_frame_that_succeeds_proves_the_job_good() -> None:
    book = RetryPolicy(slots=1, max_retries=2)
    book.rendered()
    left = FrameSet.between(1, 400)
    for _ in range(4):
        left = FrameSet.of(frame for span in book.ended(AttemptEnd.DIED, left).again for frame in span)
    decision = book.ended(AttemptEnd.DIED, left)
    assert decision.again[0].first >= left.frames[len(left) // 2]
    assert sorted(f for span in decision.again for f in span) == list(left.frames[1:])
    book.rendered()
    assert not any(
        book.ended(AttemptEnd.DIED, FrameSet((500 + n,))).hopeless
        for n in range(MAX_ATTEMPTS_WITHOUT_PROGRESS - 1)
    )


def test_frames_that_failed_before_prove_nothing_about_the_others() -> None:
    book = RetryPolicy(slots=1, max_retries=9)
    book.rendered()
    for _ in range(5):
        for frame in range(5):
            assert not book.ended(AttemptEnd.DIED, FrameSet((frame,))).hopeless
