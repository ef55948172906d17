"""Frames arrive under exactly the names that were asked for, whatever characters are in them.

A destination, a project and a comp are named by people, in their own languages and with their own
punctuation. The renderer never sees the destination's names: it writes `frame_[#####]` in scratch.
"""

from __future__ import annotations

import os
import subprocess
import unicodedata

import pytest

from stmpo.testing import Scenario, frame_stamp
from tests.engine.studio import Studio, after

NFC = unicodedata.normalize("NFC", "Überblick é 日本語")
NFD = unicodedata.normalize("NFD", NFC)
SCENARIO = Scenario(tree=False, first=-20, last=200_000)
on_posix = pytest.mark.skipif(os.name == "nt", reason="Windows refuses these characters in names")


def _render(studio: Studio, output: str, frames: str, *options: str) -> dict[str, int]:
    """Render; file name below the destination to the frame number in its picture."""
    outcome = studio.render(
        "--frames", frames, "--concurrency", "1", *options, output=output, scenario=SCENARIO
    )
    assert outcome.code == 0, outcome.output
    assert studio.scratch_files() == []
    files = [path for path in studio.out.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {path.name: frame_stamp(path) for path in files}


@pytest.mark.parametrize(
    ("output", "frames", "names"),
    [
        (
            "a shot with spaces [####].png",
            "1-2",
            ["a shot with spaces 0001.png", "a shot with spaces 0002.png"],
        ),
        (f"{NFC}_[##].png", "1", [f"{NFC}_01.png"]),
        (f"{NFD}_[##].png", "1", [f"{NFD}_01.png"]),
        ("(v1) [final] {x} [###].png", "1", ["(v1) [final] {x} 001.png"]),
        ("v1.2.final.[####].tif", "1", ["v1.2.final.0001.tif"]),
        ("it's & 100%, $HOME `ls` ;#1 [####].png", "1", ["it's & 100%, $HOME `ls` ;#1 0001.png"]),
        ("-output_[####].png", "1", ["-output_0001.png"]),
        (f"{'n' * 200}_[####].png", "1", [f"{'n' * 200}_0001.png"]),
        (f"{'é' * 100}_[####].png", "1", [f"{'é' * 100}_0001.png"]),
        ("f_%04d.png", "7,12345", ["f_0007.png", "f_12345.png"]),
        ("f_%d.png", "7", ["f_7.png"]),
        ("f_####.png", "7", ["f_0007.png"]),
        ("f_#.png", "9-10", ["f_10.png", "f_9.png"]),
        ("f_[############].png", "7", ["f_000000000007.png"]),
        ("f.png", "7", ["f_00007.png"]),
        ("f.[####]", "7", ["f.0007"]),
        ("[##]_[x].png", "-7,-12", ["-12_[x].png", "-7_[x].png"]),
        ("f_[####].PNG", "7", ["f_0007.PNG"]),
    ],
)
def test_frames_are_named_as_asked(studio: Studio, output: str, frames: str, names: list[str]) -> None:
    named = _render(studio, output, frames)
    assert sorted(named) == names
    assert len(set(named.values())) == len(names)


@pytest.mark.parametrize("output", [f"{NFD} [##].png", "[#]_[x].png", "f.[####]"])
def test_resume_knows_frames_by_these_names(studio: Studio, output: str) -> None:
    named = _render(studio, output, "-7,12345")
    assert _render(studio, output, "-7,12345") == named
    assert len(studio.starts()) == 2


@on_posix
@pytest.mark.parametrize(
    "output", ['say "hi" [####].png', "a:b*c?d|e<f>_[####].png", "back\\slash_[####].png"]
)
def test_characters_that_only_windows_refuses(studio: Studio, output: str) -> None:
    assert list(_render(studio, output, "1")) == [output.replace("[####]", "0001")]


def test_deep_and_odd_folders_are_made(studio: Studio) -> None:
    folder = "/".join(f"{depth} tief, {NFC}" for depth in range(1, 12))
    assert _render(studio, f"{folder}/f_[####].png", "1") == {"f_0001.png": 1}
    assert (studio.out / folder / "f_0001.png").is_file()


def test_a_group_in_a_folders_name_is_a_folders_name(studio: Studio) -> None:
    assert _render(studio, "take_[##]/f_[####].png", "1") == {"f_0001.png": 1}
    assert (studio.out / "take_[##]" / "f_0001.png").is_file()


@pytest.mark.parametrize(
    "comp",
    [
        "-output",
        "--frames",
        "Main [v1.2] (final) & 100%; 'a' $HOME",
        'a "quoted" comp',
        '"quoted"',
        NFC,
        NFD,
        "c" * 200,
        "aerender ERROR: x",
        "openjd_fail: no",
    ],
)
def test_a_comp_of_any_name_is_rendered(studio: Studio, comp: str) -> None:
    """After a flag, aerender takes the next item for its value, whatever it looks like; its lines repeat the
    name.
    """
    scenario = Scenario(tree=False, comp=comp)
    outcome = studio.render("--frames", "1-2", "--concurrency", "1", f"--comp={comp}", scenario=scenario)
    assert outcome.code == 0, outcome.output
    assert studio.frames() == [1, 2]
    assert after(studio.starts()[0].argv, "-comp").strip('"') == comp.strip('"')
    assert not [line for line in outcome.output.splitlines() if line.startswith("openjd_")]


def test_a_project_and_a_scratch_folder_of_odd_names(studio: Studio) -> None:
    project = studio.folder / f"-{NFC} & 'x' [##].aep"
    project.write_bytes(b"RIFX")
    command = studio.command("--frames", "1-2", "--scratch-dir", str(studio.folder / f"s [#] {NFD}"))
    command[command.index(str(studio.project))] = str(project)

    done = subprocess.run(
        command,
        env=studio.environment(SCENARIO),
        cwd=studio.folder,
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert studio.frames() == [1, 2]
    assert after(studio.starts()[0].argv, "-project") == str(project)


def test_the_journal_can_lie_apart_from_the_frames(studio: Studio) -> None:
    """A farm uploads whatever appears in an output folder."""
    apart = studio.folder / "journals" / NFC
    named = _render(studio, "f_[####].png", "1-3", "--journal-dir", str(apart))
    assert sorted(path.name for path in studio.out.iterdir()) == sorted(named)
    (journal,) = apart.iterdir()
    assert journal.name.endswith(".stmpo.jsonl")
    again = studio.render(
        "--frames", "1-4", "--concurrency", "1", "--journal-dir", str(apart), scenario=SCENARIO
    )
    assert again.code == 0
    assert after(studio.starts()[1].argv, "-s") == "4", "resume reads it there"


def test_several_outputs_share_a_folder_and_a_journal_folder(studio: Studio) -> None:
    apart = ("--journal-dir", str(studio.folder / "journals"))
    for output in ("a_[####].png", "b_[####].png", "b_[###].png"):
        assert studio.render("--frames", "1", *apart, output=output, scenario=SCENARIO).code == 0
    assert sorted(path.name for path in studio.out.iterdir()) == ["a_0001.png", "b_0001.png", "b_001.png"]
    assert len(list((studio.folder / "journals").iterdir())) == 3
