"""One process's try at a lease: lines are hints, and how it ended is decided from all of them."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.engine.attempt import Attempt, AttemptRequest, StopReason
from stmpo.engine.output_folder import PrivateFolder
from stmpo.engine.watchdog import Phase, Watchdog
from stmpo.model.frames import Span
from stmpo.renderers.protocol import Finding, LineKind, Meaning, ReadLine
from stmpo.scheduling.protocol import Lease
from stmpo.scheduling.retries import AttemptEnd


def attempt() -> Attempt:
    request = AttemptRequest(1, Lease(1, 0, Span(1, 5)), PrivateFolder(Path("scratch")))
    return Attempt(request, Watchdog(), started_at=100.0)


def print_line(
    it: Attempt, kind: LineKind, text: str = "x", *, count: int | None = None, now: float = 110.0
) -> None:
    it.on_line(ReadLine(kind, text, count), now=now, wall=5000.0)


def find(it: Attempt, meaning: Meaning, words: str = "words") -> None:
    it.on_line(
        ReadLine(LineKind.FINDING, words, finding=Finding("f", meaning, words)), now=110.0, wall=5000.0
    )


def test_rendering_begins_with_the_first_line_that_says_so_and_only_once() -> None:
    it = attempt()
    print_line(it, LineKind.VERSION, now=101.0)
    print_line(it, LineKind.LAUNCHING, now=102.0)
    assert (it.began, it.phase, it.start_up) == (False, Phase.LAUNCHING, None)
    print_line(it, LineKind.OPENED, now=130.0)
    print_line(it, LineKind.FRAME, now=150.0)
    assert (it.began, it.phase, it.start_up) == (True, Phase.RENDERING, 30.0)
    assert it.costs.finished(5002.0) == 2.0


def test_each_phase_follows_from_what_it_said() -> None:
    it, said = attempt(), []
    for kind, text in (
        (LineKind.VERSION, "aerender version 26.2x49"),
        (LineKind.OTHER, " "),
        (LineKind.OTHER, "Using DXGI"),
        (LineKind.OPENED, "PROGRESS: Starting composition"),
        (LineKind.FRAME, "PROGRESS:  0:00:00:00 (1): 1 Seconds"),
        (LineKind.FINISHED, "PROGRESS: Finished composition"),
    ):
        print_line(it, kind, text)
        said.append(it.phase)
    assert said == [
        Phase.LAUNCHING,
        Phase.LAUNCHING,
        Phase.OPENING,
        Phase.FIRST_FRAME,
        Phase.RENDERING,
        Phase.FINISHING,
    ]


def test_the_pace_is_taken_from_lines_and_where_there_are_none_from_files() -> None:
    it = attempt()
    it.on_file(1, 10.0)
    it.on_file(2, 14.0)
    assert (it.phase, it.watchdog.pace.slowest) == (Phase.RENDERING, 4.0)
    print_line(it, LineKind.FRAME, count=3, now=20.0)
    it.on_file(3, 21.0)
    print_line(it, LineKind.FRAME, count=3, now=22.0)
    print_line(it, LineKind.FRAME, count=4, now=30.0)
    assert (it.watchdog.pace.frames, it.watchdog.pace.slowest) == (3, 10.0)


def test_a_frame_line_alone_begins_rendering_but_says_not_when() -> None:
    it = attempt()
    print_line(it, LineKind.FRAME)
    assert it.began
    assert it.costs.finished(5002.0) is None


@given(st.lists(st.none() | st.integers(0, 100), max_size=30))
def test_the_count_of_frames_never_falls(counts: list[int | None]) -> None:
    """Lines may repeat and may be missing."""
    it, before = attempt(), 0
    for count in counts:
        print_line(it, LineKind.FRAME, count=count)
        assert it.output.counted >= max(before, count or 0)
        before = it.output.counted


@pytest.mark.parametrize(
    "order", list(permutations([Meaning.FAILED, Meaning.UNTRUSTED, Meaning.HARMLESS, Meaning.LATER]))
)
def test_the_gravest_words_are_kept_whatever_their_order(order: tuple[Meaning, ...]) -> None:
    it = attempt()
    for meaning in order:
        find(it, meaning, meaning.value)
    assert it.words() == "untrusted"
    assert it.output.untrusted


def test_of_equally_grave_words_the_first_are_kept() -> None:
    it = attempt()
    find(it, Meaning.FAILED, "first")
    find(it, Meaning.FAILED, "second")
    assert it.words() == "first"


@pytest.mark.parametrize(
    ("began", "meaning", "stopped", "end"),
    [
        (False, None, None, AttemptEnd.NEVER_BEGAN),
        (True, None, None, AttemptEnd.DIED),
        (True, None, StopReason.STALLED, AttemptEnd.DIED),
        (False, None, StopReason.STALLED, AttemptEnd.NEVER_BEGAN),
        (True, Meaning.UNTRUSTED, StopReason.UNTRUSTED, AttemptEnd.DIED),
        (False, Meaning.LATER, None, AttemptEnd.REFUSED),
        (True, Meaning.LATER, None, AttemptEnd.DIED),
        (False, Meaning.LATER, StopReason.RUN_ENDS, AttemptEnd.STOPPED),
        (True, Meaning.FAILED, StopReason.RUN_ENDS, AttemptEnd.STOPPED),
        (False, Meaning.FAILED, None, AttemptEnd.NEVER_BEGAN),
        (True, Meaning.HARMLESS, None, AttemptEnd.DIED),
    ],
)
def test_how_it_ended(
    began: bool, meaning: Meaning | None, stopped: StopReason | None, end: AttemptEnd
) -> None:
    it = attempt()
    if meaning is not None:
        find(it, meaning)
    if began:
        it.files.first_at = 110.0
    it.exit.stopped = stopped
    assert it.end_of() is end


def test_who_says_that_it_has_finished_had_begun() -> None:
    it = attempt()
    print_line(it, LineKind.FINISHED)
    assert it.end_of() is AttemptEnd.DIED


@pytest.mark.parametrize(
    ("code", "finished", "meaning", "wrote"),
    [
        (0, False, None, True),
        (1, True, None, True),
        (None, True, Meaning.WARNING, True),
        (1, False, None, False),
        (-9, False, None, False),
        (0, True, Meaning.FAILED, False),
        (0, True, Meaning.UNTRUSTED, False),
        (0, True, Meaning.HARMLESS, True),
    ],
)
def test_a_single_file_counts_by_a_good_end_since_a_cut_movie_plays(
    code: int | None, finished: bool, meaning: Meaning | None, wrote: bool
) -> None:
    it = attempt()
    it.exit.code, it.output.finished = code, finished
    if meaning is not None:
        find(it, meaning)
    assert it.wrote_its_file is False, "it still runs"
    it.exit.ended_at = 200.0
    assert it.wrote_its_file is wrote


def test_words_are_the_gravest_then_our_note_then_what_it_left_then_its_last_line() -> None:
    it = attempt()
    assert it.words() == "the renderer did not say why"
    print_line(it, LineKind.VERSION, "aerender version 26.2x49")
    it.exit.code = -11
    assert it.words() == "the renderer was killed by signal 11 and did not say why"
    print_line(it, LineKind.OTHER, "last line  ")
    print_line(it, LineKind.FRAME, "PROGRESS:  0:00:00:04 (5): 0 Seconds")
    print_line(it, LineKind.OTHER, "   ")
    assert it.words() == "last line"
    it.files.broken[3] = "ends early"
    assert it.words() == "frame 3 ends early"
    it.exit.note = "no sign of life"
    assert it.words() == "no sign of life"
    find(it, Meaning.WARNING, "careful")
    assert it.words() == "no sign of life"
    find(it, Meaning.FAILED, "After Effects error: disk")
    assert it.words() == "After Effects error: disk"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (3, "ended with code 3"),
        (-11, "was killed by signal 11"),
        (0xC0000005, "ended with code 3221225477 (0xC0000005)"),
    ],
)
def test_its_end_is_told_as_people_look_it_up(code: int, text: str) -> None:
    it = attempt()
    it.exit.code = code
    assert it.exit_summary() == text


def test_whoever_was_stopped_is_told_by_the_reason_not_by_its_code() -> None:
    it = attempt()
    it.exit.code, it.exit.stopped = -9, StopReason.STALLED
    assert it.exit_summary() == "was stopped: it showed no sign of life"
    it.exit.note = "no sign of life for 600 s"
    assert it.exit_summary() == "was stopped: no sign of life for 600 s"


def test_memory_of_its_lines_is_bounded() -> None:
    it = attempt()
    for number in range(1000):
        print_line(it, LineKind.OTHER, str(number))
    assert len(it.output.tail) <= 100
    assert it.output.tail[-1] == "999"
