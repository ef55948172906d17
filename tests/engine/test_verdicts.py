"""What a renderer says and does is understood and acted on: exit code, frames, launches, message."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stmpo.engine.orchestrator import stall_circumstances
from stmpo.renderers.emulator.log_lines import Language, Style
from stmpo.testing import FAKE_AERENDER, Fault, FaultKind, FrameCosts, On, Scenario

if TYPE_CHECKING:
    from tests.engine.studio import Outcome, Studio

TWELVE = ("--frames", "1-12", "--concurrency", "2")
ALONE = ("--frames", "1-12", "--concurrency", "1")
ALL = list(range(1, 13))


def play(*faults: Fault, **fields: Any) -> Scenario:
    return Scenario(faults=faults, **fields)


def summary(outcome: Outcome) -> dict[str, Any]:
    """The summary of a run with `--json`, which is its last line."""
    values: dict[str, Any] = json.loads(outcome.output.splitlines()[-1])
    return values


WARNINGS = [
    (FaultKind.MISSING_FOOTAGE, "/plates/a_01.tif", "--on-missing-footage", "missing_footage"),
    (FaultKind.MISSING_EFFECT, "Particular", "--on-missing-effect", "missing_effect"),
    (FaultKind.MISSING_LAYER, "Null 1", "--on-expression-error", "missing_layer"),
    (FaultKind.EXPRESSION_DISABLED, "Title", "--on-expression-error", "expression_disabled"),
]
KINDS = pytest.mark.parametrize(("kind", "text", "option", "name"), WARNINGS)


@KINDS
@pytest.mark.parametrize("language", [Language.EN, Language.DE, Language.JA])
def test_a_warning_that_is_not_accepted_fails_the_run_in_any_language(  # noqa: PLR0917 - parameters
    studio: Studio, kind: FaultKind, text: str, option: str, name: str, language: Language
) -> None:
    scenario = play(Fault(kind, text=text), style=Style(language=language), costs=FrameCosts(0.05))
    outcome = studio.render(*ALONE, option, "fail", "--json", scenario=scenario)
    assert outcome.code == 1, outcome.output
    assert studio.frames() == []
    assert len(studio.starts()) == 1
    assert studio.alive() == []
    found = summary(outcome)
    assert found["warnings"][name] == 1
    assert text in found["reason"]
    assert option in found["reason"]


@KINDS
def test_a_warning_that_is_accepted_is_counted_once_for_all_renderers(
    studio: Studio, kind: FaultKind, text: str, option: str, name: str
) -> None:
    outcome = studio.render(*TWELVE, option, "warn", "--json", scenario=play(Fault(kind, text=text)))
    assert outcome.code == 0, outcome.output
    assert studio.frames() == ALL
    found = summary(outcome)
    assert found["warnings"] == {name: 1}
    (finding,) = found["findings"]
    assert finding["kind"] == name
    assert finding["meaning"] == "warning"
    assert text in finding["words"]
    assert finding["renderers"] == len(studio.starts()) == 2


@KINDS
def test_a_warning_that_is_ignored_is_not_counted(
    studio: Studio, kind: FaultKind, text: str, option: str, name: str
) -> None:
    outcome = studio.render(*TWELVE, option, "ignore", "--json", scenario=play(Fault(kind, text=text)))
    assert outcome.code == 0, outcome.output
    assert summary(outcome)["warnings"] == {}, name


def test_missing_footage_and_effects_fail_by_default_and_expressions_warn(studio: Studio) -> None:
    for kind, code in (
        (FaultKind.MISSING_FOOTAGE, 1),
        (FaultKind.MISSING_EFFECT, 1),
        (FaultKind.EXPRESSION_DISABLED, 0),
    ):
        outcome = studio.render(*ALONE, scenario=play(Fault(kind, text="it")))
        assert outcome.code == code, outcome.output
    assert "12 of 12 frames delivered" in outcome.output
    assert "warnings: 1 expression error" in outcome.output


def test_to_continue_on_missing_footage_warns_and_after_effects_is_told(studio: Studio) -> None:
    scenario = play(Fault(FaultKind.MISSING_FOOTAGE, text="/a.tif"))
    outcome = studio.render(*ALONE, "--continue-on-missing-footage", scenario=scenario)
    assert outcome.code == 0, outcome.output
    assert "warnings: 1 missing footage file" in outcome.output
    assert "-continueOnMissingFootage" in studio.starts()[0].argv


def test_footage_that_is_not_found_ends_the_run_after_the_first_renderer(studio: Studio) -> None:
    outcome = studio.render(*ALONE, scenario=play(Fault(FaultKind.FOOTAGE_NOT_FOUND, text="/plates/b.tif")))
    assert outcome.code == 1
    assert len(studio.starts()) == 1
    assert "/plates/b.tif" in outcome.output


def test_frames_outside_the_comp_are_named(studio: Studio) -> None:
    outcome = studio.render("--frames", "0-60", "--concurrency", "2", "--json", scenario=play(last=49))
    assert outcome.code == 0, outcome.output
    found = summary(outcome)
    assert found["blank"] == "50-60"
    assert found["warnings"] == {"blank_frames": 1}
    outcome = studio.render("--frames", "0-60", "--no-resume", scenario=play(last=49))
    assert "blank, because they lie outside the comp: frames 50-60" in outcome.output


@pytest.mark.parametrize("options", [ALONE, TWELVE])
def test_a_wrong_comp_takes_one_launch_per_process_at_most(studio: Studio, options: tuple[str, ...]) -> None:
    outcome = studio.render(*options, "--comp", "Mian", scenario=play(comp="Main"))
    assert outcome.code == 1
    assert len(studio.starts()) <= int(options[-1])
    assert "No comp was found" in outcome.output


def test_a_wrong_comp_takes_one_launch_if_starts_are_delayed(studio: Studio) -> None:
    outcome = studio.render(*TWELVE, "--comp", "Mian", "--spawn-delay", "2", scenario=play(comp="Main"))
    assert outcome.code == 1
    assert len(studio.starts()) == 1


@pytest.mark.parametrize(
    ("output", "forced", "way_out"),
    [
        ("f_[####].png", ".mov", "TIFF Sequence"),
        ("f_[####].png", ".mp4", "--output"),
        ("f.mov", ".tif", "--om-template"),
    ],
)
def test_the_wrong_kind_of_output_module_takes_one_launch(
    studio: Studio, output: str, forced: str, way_out: str
) -> None:
    scenario = play(Fault(FaultKind.FORCED_EXTENSION, text=forced), costs=FrameCosts(0.1))
    outcome = studio.render(*ALONE, output=output, scenario=scenario)
    assert outcome.code == 1, outcome.output
    assert len(studio.starts()) == 1
    assert "is asked for" in outcome.output
    assert way_out in outcome.output
    assert studio.alive() == []


def test_an_end_without_a_word_is_believed_after_the_second_renderer(studio: Studio) -> None:
    outcome = studio.render(*TWELVE, scenario=play(Fault(FaultKind.SILENT_AFTER_LAUNCH)))
    assert outcome.code == 1
    assert len(studio.starts()) == 2
    assert "ended without a word after its launch; suspected: a licence or sign-in box" in outcome.output


@pytest.mark.parametrize(
    ("options", "words"), [(ALONE, FaultKind.BLACK), (TWELVE, FaultKind.UNREADABLE_SOURCE)]
)
def test_a_frame_that_is_always_black_costs_no_more_launches_than_a_crash(
    studio: Studio, options: tuple[str, ...], words: FaultKind
) -> None:
    counts: list[int] = []
    for kind in (words, FaultKind.CRASH):
        scenario = play(Fault(kind, On(frame=6)), costs=FrameCosts(0.1))
        outcome = studio.render(
            *options, "--no-resume", "--no-kill-on-fail", "--strategy", "static", scenario=scenario
        )
        assert outcome.code == 1, outcome.output
        assert "frame 6 failed" in outcome.output
        assert studio.frames() == [frame for frame in ALL if frame != 6]
        counts.append(len(studio.starts()) - sum(counts))
    black, crash = counts
    assert black <= crash


def test_good_frames_before_the_words_are_rendered_once(studio: Studio) -> None:
    scenario = play(Fault(FaultKind.BLACK, On(frame=9, times=1)), costs=FrameCosts(0.1))
    outcome = studio.render(*ALONE, scenario=scenario)
    assert outcome.code == 0, outcome.output
    assert studio.frames() == ALL
    spans = [
        (start.argv[start.argv.index("-s") + 1], start.argv[start.argv.index("-e") + 1])
        for start in studio.starts()
    ]
    assert spans == [("1", "12"), ("10", "12"), ("9", "9")]


def test_a_frame_that_spins_is_rendered_by_an_idle_slot_as_well(studio: Studio) -> None:
    spin = Fault(FaultKind.BUSY, On(frame=5, times=1), seconds=600.0)
    outcome = studio.render(
        "--frames", "1-20", "--concurrency", "2", scenario=play(spin, costs=FrameCosts(0.1))
    )
    assert outcome.code == 0, outcome.output
    assert studio.frames() == list(range(1, 21))
    assert "frame 5 takes" in outcome.output
    assert studio.alive() == []
    assert studio.scratch_files() == []


def test_a_frame_that_spins_is_given_up_after_its_limit(studio: Studio) -> None:
    spin = Fault(FaultKind.BUSY, On(frame=5, times=1), seconds=600.0)
    outcome = studio.render(*ALONE, "--frame-timeout", "3", scenario=play(spin, costs=FrameCosts(0.1)))
    assert outcome.code == 0, outcome.output
    assert studio.frames() == ALL
    assert "at work on one frame for" in outcome.output


def test_a_start_that_is_busy_for_ever_is_given_up_after_its_limit(studio: Studio) -> None:
    spin = Fault(FaultKind.BUSY, On(start=1), seconds=600.0)
    outcome = studio.render(*ALONE, "--start-timeout", "3", scenario=play(spin))
    assert outcome.code == 0, outcome.output
    assert studio.frames() == ALL
    assert "has not begun to render" in outcome.output


def test_the_reason_is_never_a_harmless_line(studio: Studio) -> None:
    faults = (
        Fault(FaultKind.SAY, On(frame=3), text="Error: the layer is cursed."),
        Fault(FaultKind.SAY, On(frame=3), text="Loading footage: /plates/a.tif"),
        Fault(FaultKind.EXIT, On(frame=3), code=1, text="Render finished with 0 errors."),
    )
    outcome = studio.render(*ALONE, "--json", "--max-frame-retries", "0", scenario=play(*faults))
    assert outcome.code == 1
    assert "the layer is cursed" in summary(outcome)["reason"]


def test_an_item_that_is_done_is_not_tried_again(studio: Studio) -> None:
    outcome = studio.render(*ALONE, scenario=play(Fault(FaultKind.ITEM_DONE)))
    assert outcome.code == 1
    assert len(studio.starts()) == 1
    assert "applyTemplate" in outcome.output


def test_extra_output_files_are_named_and_kept(studio: Studio) -> None:
    two_modules = studio.folder / "aerender.py"
    two_modules.write_text(
        "import pathlib, runpy, shutil, sys\n"
        "out = pathlib.Path(sys.argv[sys.argv.index('-output') + 1]).parent\n"
        f"sys.argv[0] = {str(FAKE_AERENDER)!r}\n"
        "try:\n"
        f"    runpy.run_path({str(FAKE_AERENDER)!r}, run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    (out / 'matte.mov').write_bytes(b'moov' * 100)\n"
        "    raise\n"
        "(out / 'matte.mov').write_bytes(b'moov' * 100)\n",
        encoding="utf-8",
    )
    outcome = studio.render("--frames", "1-3", "--concurrency", "1", "--aerender-path", str(two_modules))
    assert outcome.code == 0, outcome.output
    assert studio.frames() == [1, 2, 3]
    assert "also wrote matte.mov" in outcome.output
    assert [path.name for path in studio.scratch_files()] == ["a1_matte.mov"]


def test_frames_that_were_all_rendered_already_are_one_line(studio: Studio) -> None:
    assert studio.render(*TWELVE).code == 0
    outcome = studio.render(*TWELVE)
    assert outcome.code == 0
    assert "nothing to do: 12 frames are rendered already; --no-resume renders them again" in outcome.output
    assert len(studio.starts()) == 2


def test_lottie_frames_outside_the_document_are_refused(studio: Studio) -> None:
    document = {"v": "5.5.0", "fr": 25, "ip": 0, "op": 10, "w": 8, "h": 8, "layers": []}
    path = studio.folder / "shot.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    given = [sys.executable, "-m", "stmpo", "render", str(path), "--frames", "0-20"]
    lottie = [*given, "--output", str(studio.out / "g_[##].png")]
    refused = subprocess.run(
        lottie, env=studio.environment(Scenario()), capture_output=True, encoding="utf-8", check=False
    )

    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert "11 frames (10-20) outside shot.json, which has frames 0-9" in refused.stderr
    assert "--allow-blank" in refused.stderr


SHARED = (*TWELVE, "--strategy", "shared")


@pytest.mark.parametrize(
    ("fault", "launches"),
    [
        (Fault(FaultKind.SILENT_AFTER_LAUNCH), 3),  # one may start again before the second one has ended
        (Fault(FaultKind.FOOTAGE_NOT_FOUND), 2),
        (Fault(FaultKind.ITEM_DONE), 2),
        (Fault(FaultKind.MISSING_FOOTAGE, text="/a.tif"), 2),
    ],
    ids=lambda value: value.kind.value if isinstance(value, Fault) else "",
)
def test_renderers_of_a_shared_folder_end_the_run_as_soon(
    studio: Studio, fault: Fault, launches: int
) -> None:
    outcome = studio.render(*SHARED, scenario=play(fault, costs=FrameCosts(0.1)))
    assert outcome.code == 1, outcome.output
    assert len(studio.starts()) <= launches
    assert studio.frames() == []


def test_what_the_project_uses_is_a_suspect_of_a_silent_end() -> None:
    hints = ("3D renderer Cinema 4D", "plug-ins Trapcode")
    found = stall_circumstances(Path("shot.aep"), hints)
    assert "the project uses 3D renderer Cinema 4D, plug-ins Trapcode" in found


def test_a_trickle_of_bytes_keeps_no_renderer_alive(studio: Studio) -> None:
    """A helper that logs a few bytes now and then, beside an After Effects that hangs at its launch."""
    trickle = studio.folder / "aerender.py"
    trickle.write_text(
        "import pathlib, runpy, sys, time\n"
        "once = pathlib.Path(__file__).with_name('once')\n"
        "if not once.exists():\n"
        "    once.touch()\n"
        "    while True:\n"
        "        print('tick', flush=True)\n"
        "        time.sleep(0.5)\n"
        f"sys.argv[0] = {str(FAKE_AERENDER)!r}\n"
        f"runpy.run_path({str(FAKE_AERENDER)!r}, run_name='__main__')\n",
        encoding="utf-8",
    )
    outcome = studio.render(*ALONE, "--stall-timeout", "4", "--aerender-path", str(trickle))
    assert outcome.code == 0, outcome.output
    assert studio.frames() == ALL
    assert "no sign of life for" in outcome.output
