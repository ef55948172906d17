"""A full disk pauses a run, and ends it only after its time; what will not fit is said long before."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from stmpo.delivery.disk_policy import FLOOR, Disks, SpaceGuard, Verdict

GB = 1 << 30
ROOMY = Disks(now=0.0, scratch_free=GB, destination_free=GB, waiting=0, refused="", to_come=10)


def guard(timeout: float = 100.0, *frames: int) -> SpaceGuard:
    made = SpaceGuard(timeout, scratch_at_start=GB)
    for size in frames:
        made.sizes.add(size)
    return made


def test_with_room_it_goes_on() -> None:
    assert guard().look(ROOMY) is Verdict.GO


def test_a_refused_delivery_pauses_until_one_finds_room_and_ends_the_run_after_the_timeout() -> None:
    it, full = guard(), replace(ROOMY, refused="no space left in out", waiting=3)
    assert it.look(full) is Verdict.PAUSE
    assert it.full == "no space left in out"
    assert it.look(replace(full, now=99.0)) is Verdict.PAUSE
    assert it.look(replace(ROOMY, now=99.5)) is Verdict.GO
    assert it.look(replace(full, now=100.0)) is Verdict.PAUSE, "its time begins again"
    assert it.look(replace(full, now=200.0)) is Verdict.GIVE_UP


def test_scratch_is_full_when_two_more_frames_do_not_fit_and_nothing_leaves() -> None:
    it = guard(100.0, 40 << 20)
    little = replace(ROOMY, scratch_free=70 << 20)
    assert it.look(replace(little, waiting=1)) is Verdict.GO, "its delivery makes room"
    assert it.look(replace(little, to_come=1)) is Verdict.GO, "the last one fits"
    assert it.look(little) is Verdict.PAUSE
    assert it.full == "the scratch disk is full"
    assert it.look(replace(little, scratch_free=90 << 20)) is Verdict.PAUSE, (
        "not for a little more than nothing"
    )
    assert it.look(replace(little, scratch_free=160 << 20)) is Verdict.GO


def test_a_small_disk_has_a_small_floor() -> None:
    assert SpaceGuard(100.0, 40 << 20).look(replace(ROOMY, scratch_free=6 << 20)) is Verdict.GO
    assert SpaceGuard(100.0, GB).look(replace(ROOMY, scratch_free=FLOOR - 1)) is Verdict.PAUSE


DISKS = st.builds(
    Disks,
    now=st.just(0.0),
    scratch_free=st.integers(0, 2 * GB),
    destination_free=st.none() | st.integers(0, GB),
    waiting=st.integers(0, 3),
    refused=st.sampled_from(["", "full"]),
    to_come=st.integers(0, 50),
)


@given(st.lists(DISKS), st.floats(0, 50), st.lists(st.integers(1, GB), max_size=8))
def test_no_pause_is_longer_than_its_timeout_and_none_is_for_nothing(
    looks: list[Disks], timeout: float, frames: list[int]
) -> None:
    it, paused = guard(timeout, *frames), 0
    for second, disks in enumerate(looks):
        verdict = it.look(replace(disks, now=float(second)))
        paused = paused + 1 if verdict is Verdict.PAUSE else 0
        assert paused <= timeout + 1
        if verdict is not Verdict.GO:
            assert disks.refused or (disks.to_come and not disks.waiting)


def test_what_will_not_fit_is_said_once() -> None:
    it = guard(100.0, *[30 << 20] * 5)
    disks = replace(ROOMY, destination_free=100 << 20)
    assert it.shortfall(disks) == (100 << 20, 300 << 20)
    assert it.shortfall(disks) is None
    assert it.shortfall(ROOMY) is None
    assert it.shortfall(disks) is not None
    assert guard(100.0, 30 << 20).shortfall(disks) is None, "one frame is no measure"
