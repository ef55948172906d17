"""`stmpo fonts` shows every font of a project and its state; `stmpo fonts clean` removes leftovers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stmpo.cli.fonts import clean_lines
from stmpo.cli.main import run
from stmpo.deadline.fragments import fragments_folder
from stmpo.deadline.wheels import write_own_wheel
from stmpo.fonts.install.clean import CleanReport, InstalledFont
from tests.fonts import specimens

if TYPE_CHECKING:
    from tests.deadline.lot import Lot

SCRIPT = fragments_folder() / "scripts" / "get_user_fonts.py"


@pytest.fixture
def lot(lot: Lot, tmp_path: Path) -> Lot:
    """A project with a text in each of some fonts, which lie in `font_folder` beside it."""
    font_folder = tmp_path / "fonts"
    font_folder.mkdir()
    (font_folder / "c.ttc").write_bytes(specimens.collection("One", "Two"))
    (font_folder / "b.ttf").write_bytes(specimens.font("Bound-Bold", family="Bound", style="Bold", bits=2))
    (font_folder / "v.ttf").write_bytes(specimens.variable("Va-Regular", [("Thin", None)], family="Va"))
    (font_folder / "t1.pfb").write_bytes(b"\x80\x01\0\0\0\0%!PS-AdobeFont-1.0: T\n/FontName /Old-Roman def\n")
    comp = lot.comp("Main")
    for name in ("Two", "Bound-Bold", "Va-Thin", "Old-Roman", "Bound-Light", "Gone-\nBold"):
        lot.text(comp, f"in {name}").character_range(0, -1).font = name
    return lot


def shown(lot: Lot, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert run(["fonts", str(lot.save()), "--font-folder", str(lot.folder / "fonts"), *options]) == 0
    return capsys.readouterr().out


def test_each_font_has_its_state_face_file_and_layers(lot: Lot, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(shown(lot, capsys, "--json"))
    fonts = {font["name"]: font for font in told["fonts"]}
    assert {name: font["state"] for name, font in fonts.items()} == {
        "Two": "found", "Va-Thin": "found", "Bound-Bold": "restricted", "Bound-Light": "substituted",
        "Old-Roman": "legacy", "Gone-\nBold": "missing",
    }  # fmt: skip
    font_folder = lot.folder / "fonts"
    assert fonts["Two"] == {
        "name": "Two", "state": "found", "family": "Two", "style": "Regular", "file": str(font_folder / "c.ttc"), "face": 1,
        "variable": False, "embedding": "installable", "note": None,
        "used_by": [{"comp": "Main", "layer": "in Two", "expression": False}],
    }  # fmt: skip
    assert (fonts["Va-Thin"]["variable"], fonts["Va-Thin"]["style"]) == (True, "Thin")
    assert fonts["Bound-Light"]["note"] == "Bound-Bold"
    assert fonts["Old-Roman"]["note"] == "Type 1"
    assert fonts["Bound-Bold"]["embedding"] == "restricted"
    assert len(told["findings"]) == 4


def test_people_read_one_line_for_each_font(lot: Lot, capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(lot, capsys).splitlines()
    font_folder = lot.folder / "fonts"
    assert lines[0] == "shot.aep: 6 fonts"
    assert f"Two: found, Two Regular, {font_folder / 'c.ttc'}, face 1" in lines
    assert f"Bound-Bold: not embeddable, Bound Bold, {font_folder / 'b.ttf'}" in lines
    assert "Bound-Light: substituted, Bound-Bold is here" in lines
    assert f"Old-Roman: legacy, Type 1, {font_folder / 't1.pfb'}" in lines
    assert "Gone- Bold: missing" in lines
    assert "  Main / in Gone- Bold" in lines


def test_a_project_may_stand_behind_the_options_and_be_absent(
    capsys: pytest.CaptureFixture[str], lot: Lot
) -> None:
    assert run(["fonts", "--json", str(lot.save())]) == 0
    assert run(["fonts", "show", str(lot.folder / "shot.aep")]) == 0
    capsys.readouterr()
    assert run(["fonts", "gone.aep"]) == 2
    assert "gone.aep cannot be read" in capsys.readouterr().err
    assert run(["fonts", str(lot.folder / "shot.aep"), "--font-folder", "gone"]) == 2


def test_inspect_shows_the_states(lot: Lot, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", str(lot.save())]) == 0
    assert "  Gone- Bold: missing" in capsys.readouterr().out.splitlines()
    assert run(["inspect", "--json", str(lot.folder / "shot.aep")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {font["state"] for font in told["fonts"]} == {"missing"}


@pytest.mark.skipif(sys.platform == "win32", reason="the home folder is told by other variables there")
def test_clean_says_that_there_is_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    assert run(["fonts", "clean", "--dry-run"]) == 0
    assert capsys.readouterr().out == "no job has left fonts behind for this user\n"
    assert list(tmp_path.iterdir()) == []


def test_clean_names_what_went_what_stays_and_why() -> None:
    one, two = (
        InstalledFont("/f/One.ttf", ("One",), ()),
        InstalledFont("/f/T.ttc", ("TwoA", "TwoB"), ("/s/1", "/s/2")),
    )
    assert list(clean_lines(CleanReport((two,), (one,), ()), dry_run=False)) == [
        "removed /f/One.ttf (One)", "kept /f/T.ttc (TwoA, TwoB): used by /s/1, /s/2",
    ]  # fmt: skip
    assert list(clean_lines(CleanReport((), (one,), ()), dry_run=True)) == ["would remove /f/One.ttf (One)"]
    (locked,) = clean_lines(CleanReport((), (), (one,)), dry_run=False)
    assert locked.startswith("locked /f/One.ttf (One): a program has it open")


def asked(script: Path, home: Path, *names: str) -> subprocess.CompletedProcess[str]:
    """Run the script by a Python that has nothing installed, for a user whose fonts lie in `home`."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    environment = {
        "HOME": str(home),
        "XDG_DATA_HOME": str(home),
        "APPDATA": str(home),
        "LOCALAPPDATA": str(home),
    }
    return subprocess.run(
        [base, "-I", "-S", "-B", str(script), *names],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.skipif(
    sys.platform != "linux", reason="where a user's fonts lie differs; the search itself is tested everywhere"
)
def test_get_user_fonts_answers_with_a_path_or_font_not_found(tmp_path: Path) -> None:
    scripts = tmp_path / "scripts"
    (scripts / "wheels").mkdir(parents=True)
    script = Path(shutil.copy(SCRIPT, scripts))
    write_own_wheel(scripts / "wheels")
    font = tmp_path / "home" / "fonts" / "synced"
    font.parent.mkdir(parents=True)
    font.write_bytes(specimens.font("Mine-Bold"))
    before = sorted(tmp_path.rglob("*"))
    for names, lines, code in (
        (["Mine-Bold"], [str(font)], 0),
        (["Not-Mine"], ["FONT_NOT_FOUND"], 1),
        (["Not-Mine", "Mine-Bold"], ["FONT_NOT_FOUND", str(font)], 1),
        ([], ["Missing font name argument"], 1),
    ):
        done = asked(script, tmp_path / "home", *names)
        assert (done.stdout.splitlines(), done.returncode, done.stderr) == (lines, code, "")
    assert sorted(tmp_path.rglob("*")) == before


def test_get_user_fonts_works_inside_the_repository(tmp_path: Path) -> None:
    done = asked(SCRIPT, tmp_path, "No-Such-Font")
    assert (done.stdout.split(), done.returncode, done.stderr) == (["FONT_NOT_FOUND"], 1, "")
