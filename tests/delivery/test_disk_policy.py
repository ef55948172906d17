"""A full disk pauses a run, and ends it only after its time; what will not fit is said long before."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from stmpo.delivery.disk_policy import MIN_SCRATCH_BYTES, DiskAction, DiskPolicy, DiskState

GB = 1 << 30
ROOMY = DiskState(now=0.0, scratch_free=GB, destination_free=GB, waiting=0, refusal="", remaining=10)


def policy(timeout: float = 100.0, *frames: int) -> DiskPolicy:
    made = DiskPolicy(timeout, scratch_at_start=GB)
    for size in frames:
        made.sizes.add(size)
    return made


def test_with_room_it_goes_on() -> None:
    assert policy().decide(ROOMY) is DiskAction.GO


def test_a_refused_delivery_pauses_until_one_finds_room_and_ends_the_run_after_the_timeout() -> None:
    it, full = policy(), replace(ROOMY, refusal="no space left in out", waiting=3)
    assert it.decide(full) is DiskAction.PAUSE
    assert it.full == "no space left in out"
    assert it.decide(replace(full, now=99.0)) is DiskAction.PAUSE
    assert it.decide(replace(ROOMY, now=99.5)) is DiskAction.GO
    assert it.decide(replace(full, now=100.0)) is DiskAction.PAUSE, "its time begins again"
    assert it.decide(replace(full, now=200.0)) is DiskAction.GIVE_UP


def test_scratch_is_full_when_two_more_frames_do_not_fit_and_nothing_leaves() -> None:
    it = policy(100.0, 40 << 20)
    little = replace(ROOMY, scratch_free=70 << 20)
    assert it.decide(replace(little, waiting=1)) is DiskAction.GO, "its delivery makes room"
    assert it.decide(replace(little, remaining=1)) is DiskAction.GO, "the last one fits"
    assert it.decide(little) is DiskAction.PAUSE
    assert it.full == "the scratch disk is full"
    assert it.decide(replace(little, scratch_free=90 << 20)) is DiskAction.PAUSE, (
        "not for a little more than nothing"
    )
    assert it.decide(replace(little, scratch_free=160 << 20)) is DiskAction.GO


def test_a_small_disk_has_a_small_floor() -> None:
    assert DiskPolicy(100.0, 40 << 20).decide(replace(ROOMY, scratch_free=6 << 20)) is DiskAction.GO
    assert (
        DiskPolicy(100.0, GB).decide(replace(ROOMY, scratch_free=MIN_SCRATCH_BYTES - 1)) is DiskAction.PAUSE
    )


DISKS = st.builds(
    DiskState,
    now=st.just(0.0),
    scratch_free=st.integers(0, 2 * GB),
    destination_free=st.none() | st.integers(0, GB),
    waiting=st.integers(0, 3),
    refusal=st.sampled_from(["", "full"]),
    remaining=st.integers(0, 50),
)


@given(st.lists(DISKS), st.floats(0, 50), st.lists(st.integers(1, GB), max_size=8))
def test_no_pause_is_longer_than_its_timeout_and_none_is_for_nothing(
    looks: list[DiskState], timeout: float, frames: list[int]
) -> None:
    it, paused = policy(timeout, *frames), 0
    for second, disks in enumerate(looks):
        verdict = it.decide(replace(disks, now=float(second)))
        paused = paused + 1 if verdict is DiskAction.PAUSE else 0
        assert paused <= timeout + 1
        if verdict is not DiskAction.GO:
            assert disks.refusal or (disks.remaining and not disks.waiting)


def test_what_will_not_fit_is_said_once() -> None:
    it = policy(100.0, *[30 << 20] * 5)
    disks = replace(ROOMY, destination_free=100 << 20)
    assert it.shortfall(disks) == (100 << 20, 300 << 20)
    assert it.shortfall(disks) is None
    assert it.shortfall(ROOMY) is None
    assert it.shortfall(disks) is not None
    assert policy(100.0, 30 << 20).shortfall(disks) is None, "one frame is no measure"
