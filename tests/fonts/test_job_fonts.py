"""`font_manager.py` as a session runs it: its messages, its exit codes, and what fails a session."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from stmpo.deadline.fragments import copy_scripts
from stmpo.model.errors import BadInput
from stmpo.worker import job_fonts
from tests.fonts.font_user import FontUser, write_job
from tests.fonts.foundry import face

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a user of Linux; tests/windows has its own")


class Session:
    """A session of a user on a worker."""

    def __init__(self, folder: Path) -> None:
        self.user = FontUser(folder)
        self.scripts = folder / "scripts"
        self.folder = self.user.session()
        copy_scripts(self.scripts)

    def fonts(self, fonts: Mapping[str, str | None], **files: bytes) -> None:
        write_job(self.scripts / "fonts", fonts, **files)

    def run(self, *arguments: str) -> tuple[int, list[str]]:
        """Exit code and lines."""
        done = subprocess.run(
            [sys.executable, str(self.scripts / "font_manager.py"), *arguments],
            env={**self.user.environ, "PATH": os.environ["PATH"]},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        return done.returncode, done.stdout.splitlines()

    def install(self, *options: str) -> tuple[int, list[str]]:
        return self.run("install", str(self.folder), *options)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


def test_a_session_installs_and_removes_and_says_so(session: Session) -> None:
    session.fonts({"New-Bold": "a.ttf"}, a_ttf=face("New-Bold"))
    path = session.user.system.folder / "a.ttf"
    assert session.install("--allow_missing_fonts=false") == (0, [f"fonts: New-Bold installed as {path}"])
    assert session.run("remove", str(session.folder)) == (0, [f"fonts: removed {path}"])
    assert session.user.everything() == {}


def test_a_missing_font_fails_the_session_unless_that_is_allowed(session: Session) -> None:
    session.fonts({"Gone": None, "Bad": "a.ttf"}, a_ttf=b"no font")
    words = "missing fonts: this worker does not find Bad, Gone"
    code, lines = session.install("--allow_missing_fonts=false")
    assert code == 2
    assert lines == [
        "fonts: WARNING: the file for Bad was not installed: it does not begin as a TrueType or OpenType font does",
        f"openjd_fail: {words}; install them on the worker or collect them, or set AllowMissingFonts",
    ]
    code, lines = session.install("--allow_missing_fonts=true")
    assert code == 0
    assert lines[-1] == f"fonts: WARNING: {words}; the job allows it: text is rendered in other fonts"


@pytest.mark.parametrize("home", [True, False])
def test_a_job_without_fonts_says_so_and_does_nothing(session: Session, home: bool) -> None:
    if not home:
        session.user.environ.pop("HOME")
    assert session.install() == (0, ["fonts: none travel with this job"])
    assert session.run("remove", str(session.folder)) == (0, [])
    assert session.user.everything() == {}


def test_a_path_that_leads_out_of_the_job_fails_it_though_missing_fonts_are_allowed(session: Session) -> None:
    session.fonts({"New": "../../a.ttf"})
    code, lines = session.install("--allow_missing_fonts=true")
    assert code == 2
    assert lines[-1].startswith("openjd_fail: the font file '../../a.ttf' does not lie inside")


def test_names_that_a_session_would_take_for_its_own_words_stay_behind_ours(session: Session) -> None:
    session.fonts({"x\nopenjd_env: PATH=/evil": None, "openjd_fail: y": None})
    code, lines = session.install("--allow_missing_fonts=true")
    assert code == 0
    assert all(line.startswith("fonts: ") for line in lines)


def test_a_user_without_a_home_is_told(session: Session) -> None:
    session.fonts({"New": "a.ttf"}, a_ttf=face("New"))
    shutil.rmtree(session.user.home)
    code, lines = session.install()
    assert code == 2
    assert "give the user that runs the jobs a writable home folder" in lines[-1]
    session.user.environ.pop("HOME")
    code, lines = session.install()
    assert code == 2
    assert "HOME is not set" in lines[-1]
    code, lines = session.install("--allow_missing_fonts=true")
    assert code == 0
    assert lines[-1].startswith(
        "fonts: WARNING: missing fonts: this worker does not find New; the job allows it"
    )


@pytest.mark.parametrize("home", ["gone", "unset", "a file"])
def test_a_user_without_a_home_renders_with_what_the_machine_has(session: Session, home: str) -> None:
    """Nothing has to be installed then, so nothing has to be written."""
    session.fonts({"Theirs": "a.ttf", "Too": None}, a_ttf=face("Theirs"))
    for name in ("Theirs", "Too"):
        (session.user.shared / f"{name}.ttf").write_bytes(face(name, salt=1))
    shutil.rmtree(session.user.home)
    if home == "a file":
        session.user.home.write_text("no folder")
    elif home == "unset":
        session.user.environ.pop("HOME")
    assert session.install() == (0, ["fonts: on this worker already: Theirs, Too"])
    assert session.run("remove", str(session.folder))[0] == 0


def test_a_name_of_any_length_makes_a_line_of_a_few_hundred_characters(session: Session) -> None:
    session.fonts({"L" * 100_000: "a.ttf", "M" * 100_000: None}, a_ttf=face("Short"))
    code, lines = session.install()
    assert code == 2
    assert max(map(len, lines)) < 600


def test_other_arguments_are_refused(session: Session) -> None:
    folder = str(session.folder)
    for arguments in ([], ["install"], ["clean", folder], ["install", "nowhere"], ["remove", folder, "x"]):
        with pytest.raises(BadInput, match=r"font_manager.py install\|remove SESSION_FOLDER"):
            job_fonts.main([str(session.scripts), *arguments])
