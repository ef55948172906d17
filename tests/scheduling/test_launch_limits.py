"""How many renderers may end for one reason until the run ends."""

from __future__ import annotations

import pytest

from stmpo.model.frames import FrameSet
from stmpo.scheduling.launch_limits import EndReason, LaunchLimits
from stmpo.scheduling.retries import AttemptEnd, RetryPolicy

FRAMES = FrameSet.between(1, 9)


def silent(slot: int) -> EndReason:
    return EndReason("silent", 2, slot)


def test_a_certain_reason_ends_the_run_after_the_first_renderer() -> None:
    assert LaunchLimits(4).ended(EndReason("no-comp", 1, 0))


def test_two_in_a_row_of_different_slots_end_the_run() -> None:
    limits = LaunchLimits(2)
    assert not limits.ended(silent(0))
    assert limits.ended(silent(1))


def test_the_same_slot_needs_one_more_unless_it_is_the_only_one() -> None:
    limits = LaunchLimits(2)
    assert [limits.ended(silent(0)) for _ in range(3)] == [False, False, True]
    alone = LaunchLimits(1)
    assert [alone.ended(silent(0)) for _ in range(2)] == [False, True]


@pytest.mark.parametrize("between", [None, EndReason("licence", 2, 1)])
def test_another_end_between_them_begins_a_new_row(between: EndReason | None) -> None:
    limits = LaunchLimits(2)
    assert not limits.ended(silent(0))
    assert not limits.ended(between)
    assert not limits.ended(silent(1))


def test_a_shared_resource_ends_the_run_only_after_a_renderer_alone() -> None:
    limits = LaunchLimits(2)
    assert not any(limits.ended(EndReason("licence", 2, slot, counts=False)) for slot in (0, 1, 0, 1))
    assert limits.ended(EndReason("licence", 2, 0))
    assert not LaunchLimits(2).ended(EndReason("licence", 2, 0)), "a second one has to confirm it"


def test_the_retry_policy_ends_the_run_and_not_once_a_frame_is_whole() -> None:
    policy = RetryPolicy(2, 2)
    assert not policy.ended(AttemptEnd.NEVER_BEGAN, FRAMES, reason=silent(0)).hopeless
    assert policy.ended(AttemptEnd.NEVER_BEGAN, FRAMES, reason=silent(1)).hopeless
    policy = RetryPolicy(2, 2)
    policy.rendered()
    assert not any(
        policy.ended(AttemptEnd.NEVER_BEGAN, FRAMES, reason=silent(slot)).hopeless for slot in (0, 1)
    )


def test_a_refused_start_is_no_end_of_the_row() -> None:
    policy = RetryPolicy(2, 2)
    assert not policy.ended(AttemptEnd.NEVER_BEGAN, FRAMES, reason=silent(0)).hopeless
    assert not policy.ended(AttemptEnd.REFUSED, FRAMES).hopeless
    assert policy.ended(AttemptEnd.NEVER_BEGAN, FRAMES, reason=silent(1)).hopeless


def test_the_frame_to_blame_is_set_aside_and_the_others_go_back() -> None:
    policy = RetryPolicy(2, 2)
    policy.rendered()
    decision = policy.ended(AttemptEnd.DIED, FRAMES, culprit=5)
    assert [str(span) for span in decision.again] == ["1-4", "6-9"]
    assert [str(span) for span in decision.set_aside] == ["5"]
    decision = policy.ended(AttemptEnd.DIED, FRAMES, culprit=50)
    assert [str(span) for span in decision.set_aside] == ["1"]
