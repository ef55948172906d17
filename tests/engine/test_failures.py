"""Every failure known of aerender, with real processes: the right frames arrive whole, or the exit says that
they do not.
"""

from __future__ import annotations

import pytest

from stmpo.renderers.emulator.log_lines import Language, Style
from stmpo.testing import FAKE_AERENDER, Fault, FaultKind, FrameCosts, On, Scenario
from tests.engine.studio import Studio, after

FRAMES = list(range(1, 13))


def _arrive(studio: Studio, *faults: Fault, options: tuple[str, ...] = (), **play: object) -> str:
    """All twelve frames arrive in spite of the faults; no process and no scratch is left."""
    scenario = Scenario(faults=faults, **play)  # type: ignore[arg-type]  # fields of the scenario, by name
    outcome = studio.render("--frames", "1-12", "--concurrency", "2", *options, scenario=scenario)
    assert outcome.code == 0, outcome.output
    assert studio.frames() == FRAMES
    assert studio.strangers() == []
    assert studio.alive() == []
    assert studio.scratch_files() == []
    return outcome.output


@pytest.mark.parametrize(
    "fault",
    [
        Fault(
            FaultKind.EXIT,
            On(frame=4, times=1),
            code=1,
            text="aerender ERROR: Runtime error in After Effects.",
        ),
        Fault(FaultKind.EXIT, On(frame=1, times=1), code=9),
        Fault(FaultKind.EXIT, On(frame=12, times=1), code=0),
        Fault(FaultKind.CRASH, On(frame=4, times=1), signal="SIGSEGV"),
        Fault(FaultKind.CRASH, On(frame=9, times=1), code=5),
        Fault(FaultKind.MISSING, On(frame=5, times=1)),
        Fault(FaultKind.MISSING, On(frame=5, times=1), quiet=True),
        Fault(FaultKind.EMPTY, On(frame=5, times=1)),
        Fault(FaultKind.TRUNCATED, On(frame=5, times=1), fraction=0.9),
        Fault(FaultKind.CUT_SHORT, On(frame=12, times=1), count=3),
        Fault(FaultKind.SILENT_AFTER_LAUNCH, On(start=1)),
        Fault(FaultKind.EXIT, On(start=2), code=3),
        Fault(FaultKind.LATE, On(frame=3), seconds=0.5),
        Fault(FaultKind.SLOW_WRITE, On(frame=3), seconds=0.5),
        Fault(FaultKind.MISSING_LINES, On(frame=12), count=4),
        Fault(FaultKind.OUTSIDE_LEASE, On(frame=2), other=10),
        Fault(FaultKind.OTHER_FILE, On(frame=2, times=1), other=40),
        Fault(FaultKind.SLOW_LAUNCH, On(start=1), seconds=1.0),
        Fault(FaultKind.BUSY, On(frame=3), seconds=1.0),
        Fault(FaultKind.ESCAPE, On(start=1), seconds=120.0),
        Fault(FaultKind.ESCAPE, On(start=1), seconds=120.0, hold_output=True),
    ],
    ids=lambda fault: f"{fault.kind.value}-{fault.on.frame or fault.on.start}",
)
def test_one_failure_costs_its_frames_and_nothing_else(studio: Studio, fault: Fault) -> None:
    _arrive(studio, fault)


@pytest.mark.parametrize("kind", [FaultKind.BLACK, FaultKind.UNREADABLE_SOURCE])
def test_frames_after_words_that_mean_black_are_rendered_again(studio: Studio, kind: FaultKind) -> None:
    """The pictures are whole, the exit code is 0, and every one of them is wrong."""
    _arrive(studio, Fault(kind, On(frame=3, times=1)))
    revoked = [event for event in studio.journal() if event["event"] == "revoked"]
    untrusted = [event for event in studio.journal() if event["event"] == "untrusted"]
    assert len(untrusted) == 1
    assert revoked == []


def test_a_fade_to_black_is_no_failure(studio: Studio) -> None:
    """Frame 0 of the fake is black, and nobody says a word about it."""
    outcome = studio.render("--frames", "0-3", "--concurrency", "1")
    assert outcome.code == 0
    assert studio.frames() == [0, 1, 2, 3]
    assert len(studio.starts()) == 1


def test_what_was_delivered_before_the_words_stays(studio: Studio) -> None:
    words = Fault(
        FaultKind.SAY,
        On(frame=4, times=1),
        text="After Effects has encountered a failure (code: 19969) related to GPU",
    )
    slow = Fault(FaultKind.BUSY, On(frame=4, times=1), seconds=4.0)
    outcome = studio.render("--frames", "1-4", "--concurrency", "1", scenario=Scenario(faults=(slow, words)))
    assert outcome.code == 0, outcome.output
    assert studio.frames() == [1, 2, 3, 4]
    delivered = [event["frame"] for event in studio.journal() if event["event"] == "delivered"]
    assert sorted(delivered) == [1, 2, 3, 4], "none of them twice"


def test_words_that_come_after_everything_is_delivered_condemn_the_whole_attempt(studio: Studio) -> None:
    """They cannot be pinned to a frame, so all of the process's frames are taken back and rendered again."""
    late_words = studio.folder / "aerender.py"
    late_words.write_text(
        "import pathlib, runpy, sys, time\n"
        f"sys.argv[0] = {str(FAKE_AERENDER)!r}\n"
        "try:\n"
        f"    runpy.run_path({str(FAKE_AERENDER)!r}, run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    assert not end.code\n"
        "once = pathlib.Path(__file__).with_name('once')\n"
        "if not once.exists():\n"
        "    once.touch()\n"
        "    time.sleep(4.5)\n"
        "    print('Could not read from source. Please check the settings and try again. ( 86 :: 2 )')\n"
    )
    options = ("--frames", "1-3", "--concurrency", "1", "--child-grace-sec", "20")
    outcome = studio.render(*options, "--aerender-path", str(late_words))
    assert outcome.code == 0, outcome.output
    assert [event["frames"] for event in studio.journal() if event["event"] == "revoked"] == ["1-3"]
    delivered = [event["frame"] for event in studio.journal() if event["event"] == "delivered"]
    assert sorted(delivered) == [1, 1, 2, 2, 3, 3]
    assert studio.frames() == [1, 2, 3]


def test_finished_but_never_exits_ends_well(studio: Studio) -> None:
    output = _arrive(studio, Fault(FaultKind.NEVER_EXITS, On(start=1)), options=("--child-grace-sec", "0.2"))
    assert "0 retries" in output


def test_a_renderer_that_hangs_without_a_sign_of_life_is_stopped_and_its_frames_rendered_again(
    studio: Studio,
) -> None:
    output = _arrive(
        studio,
        Fault(FaultKind.HANG, On(frame=5, times=1)),
        Fault(FaultKind.HANG_AT_LAUNCH, On(start=2)),
        options=("--stall-timeout", "2"),
    )
    assert "no sign of life" in output
    assert "sign-in box" in output


def test_each_phase_has_a_budget_of_its_own_and_what_is_suspected_is_said_first(studio: Studio) -> None:
    hang = Fault(FaultKind.HANG_AT_LAUNCH, On(start=1))
    output = _arrive(studio, hang, options=("--stall-launching", "3"))
    said = output.index("it will be stopped at 3 s and its frames retried")
    assert "while launching; suspected: a licence or sign-in box" in output[:said]
    assert "(--stall-launching gives it more time)" in output[said:]


def test_a_second_instance_that_is_refused_at_start_is_tried_again_later(studio: Studio) -> None:
    output = _arrive(studio, exclusive_seconds=0.7)
    assert "Another instance of aerender" in output
    assert len(studio.starts()) > 2


def test_a_frame_that_always_fails_costs_only_itself(studio: Studio) -> None:
    """All others arrive; the frame and the renderer's own words are named; the exit is not 0."""
    words = "aerender ERROR: After Effects error: the layer is cursed."
    poison = Fault(FaultKind.EXIT, On(frame=6), code=1, text=words)
    outcome = studio.render(
        "--frames",
        "1-12",
        "--concurrency",
        "2",
        "--max-frame-retries",
        "1",
        scenario=Scenario(faults=(poison,)),
    )
    assert outcome.code == 1
    assert studio.frames() == [frame for frame in FRAMES if frame != 6]
    assert "frame 6 failed" in outcome.output
    assert "the layer is cursed" in outcome.output
    with_six = [start for start in studio.starts() if after(start.argv, "-s") == "6"]
    assert len(with_six) == 1, "alone, once more, and not again"


def test_when_every_frame_fails_the_run_ends_soon(studio: Studio) -> None:
    poison = Fault(FaultKind.EXIT, code=1, text="aerender ERROR: Runtime error in After Effects.")
    outcome = studio.render("--frames", "1-200", "--concurrency", "2", scenario=Scenario(faults=(poison,)))
    assert outcome.code == 1
    assert len(studio.starts()) < 20
    assert "Runtime error in After Effects" in outcome.output


def test_what_no_retry_can_mend_ends_the_run_at_once(studio: Studio) -> None:
    outcome = studio.render("--frames", "1-8", "--concurrency", "1", scenario=Scenario(comp="Other"))
    assert outcome.code == 1
    assert len(studio.starts()) == 1
    assert "No comp was found with the given name" in outcome.output


def test_fail_fast_stops_the_siblings(studio: Studio) -> None:
    poison = Fault(FaultKind.EXIT, On(frame=1), code=1, text="aerender ERROR: no.")
    costs = FrameCosts(0.0, {7: 30.0})
    options = ("--frames", "1,7", "--concurrency", "2", "--max-frame-retries", "0")
    outcome = studio.render(*options, scenario=Scenario(costs=costs, faults=(poison,)))
    assert outcome.code == 1
    assert studio.alive() == []
    assert "not rendered: frames 7" in outcome.output


def test_without_fail_fast_the_others_are_finished_first(studio: Studio) -> None:
    poison = Fault(FaultKind.EXIT, On(frame=1), code=1, text="aerender ERROR: no.")
    options = ("--frames", "1,7", "--concurrency", "2", "--max-frame-retries", "0", "--no-kill-on-fail")
    outcome = studio.render(*options, scenario=Scenario(costs=FrameCosts(0.0, {7: 1.0}), faults=(poison,)))
    assert outcome.code == 1
    assert studio.frames() == [7]


def test_the_format_that_the_output_module_forces_is_delivered_as_what_it_is(studio: Studio) -> None:
    forced = Fault(FaultKind.FORCED_EXTENSION, text=".tif")
    outcome = studio.render("--frames", "1-4", "--concurrency", "1", scenario=Scenario(faults=(forced,)))
    assert outcome.code == 0, outcome.output
    assert studio.frames("f_*.tif") == [1, 2, 3, 4]
    assert "the renderer writes .tif where --output says .png" in outcome.output
    again = studio.render("--frames", "1-4", "--concurrency", "1", scenario=Scenario(faults=(forced,)))
    assert again.code == 0
    assert len(studio.starts()) == 1, "resume knows them by the name that they really have"


def test_lines_of_any_kind_are_shown_behind_the_prefix_and_harm_nothing(studio: Studio) -> None:
    faults = (
        Fault(FaultKind.SAY, On(frame=2), text="openjd_env: X=1"),
        Fault(FaultKind.SAY, On(frame=2), text="openjd_fail: forged"),
        Fault(FaultKind.SAY, On(frame=3), hex="ff fe 00 1b 5b 33 31 6d"),
        Fault(FaultKind.SAY, On(frame=4), text="半角ｶﾅ", encoding="cp932"),
        Fault(FaultKind.SAY, On(frame=5), text="half a line", end=""),
        Fault(FaultKind.SAY, On(frame=6), text="x" * 200_000),
        Fault(FaultKind.SAY, On(frame=7), text="flood", repeat=20_000),
    )
    output = _arrive(studio, *faults)
    assert not [line for line in output.splitlines() if line.startswith("openjd_")]
    assert "] openjd_env: X=1" in output
    assert "\x1b" not in output
    assert max(map(len, output.splitlines())) < 70_000


@pytest.mark.parametrize("tree", [True, False])
def test_a_stubborn_child_of_the_launcher_is_stopped_with_it(studio: Studio, tree: bool) -> None:
    stubborn = Fault(FaultKind.STUBBORN)
    hang = Fault(FaultKind.HANG, On(frame=3, times=1))
    _arrive(studio, stubborn, hang, options=("--stall-timeout", "2"), tree=tree)


def test_the_localised_and_the_quiet_renderer_are_understood(studio: Studio) -> None:
    for language in Language:
        outcome = studio.render(
            *("--frames", "1-4", "--concurrency", "2", "--no-resume"),
            scenario=Scenario(style=Style(language=language), encoding="utf-8"),
        )
        assert outcome.code == 0, outcome.output
        assert studio.frames() == [1, 2, 3, 4]
