r"""A job's fonts on Windows: files, registry and GDI, for one user and without an administrator.

The user's folder and registry are the real ones of this machine; each test restores them. The fonts have
names that neither this machine nor the Linux beneath Wine has, so that they can be told apart and unloaded.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stmpo.fonts.install.clean import clean
from stmpo.fonts.install.install import install, remove
from stmpo.fonts.install.manifest import read_manifest
from tests.fonts.font_user import write_job
from tests.fonts.foundry import collection, face

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stmpo.fonts.install.install import FontReport


def only_on_windows() -> None:
    """Skip this file elsewhere."""
    if sys.platform != "win32":
        pytest.skip("needs Windows; elsewhere test_windows_under_wine.py runs this", allow_module_level=True)


only_on_windows()
assert sys.platform == "win32"

import winreg  # noqa: E402 - there is none to import elsewhere

from stmpo.fonts.install import gdi, user_font_folder  # noqa: E402
from stmpo.fonts.install.windows import Windows  # noqa: E402
from stmpo.fonts.places.registry import FONTS  # noqa: E402

HOLD = "import sys; file = open(sys.argv[1], 'rb'); print('open', flush=True); sys.stdin.read()"
DIE = """
import os, sys
from pathlib import Path
from stmpo.fonts.install import user_font_folder
from stmpo.fonts.install.install import install
from stmpo.fonts.install.manifest import read_manifest
from stmpo.fonts.install.windows import Windows

done = 0
def watch(event, arguments):
    global done
    if event in {"os.mkdir", "os.rename", "os.link", "os.remove", "winreg.SetValue", "winreg.CreateKey"}:
        done += 1
        if done == int(sys.argv[3]):
            os._exit(9)
sys.addaudithook(watch)
install(read_manifest(Path(sys.argv[1])), Path(sys.argv[2]), Windows(os.environ))
"""


def registry() -> dict[str, str] | None:
    """The user's fonts as they are registered; None where there is no key."""
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, FONTS) as key:
            count = winreg.QueryInfoKey(key)[1]
            return {name: value for name, value, _ in (winreg.EnumValue(key, at) for at in range(count))}
    except FileNotFoundError:
        return None


class User:
    """The user of this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.system = Windows(os.environ)
        self.session = folder / "session"
        self.session.mkdir()
        self.job = write_job(
            folder / "fonts",
            {"Pane-Bold": "a.ttf", "PaneTwo": "b.ttc", "PaneThree": "b.ttc"},
            a_ttf=face("Pane-Bold", style="Bold"),
            b_ttc=collection("PaneTwo", "PaneThree"),
        )

    def install(self, session: Path | None = None) -> FontReport:
        return install(read_manifest(self.job), session or self.session, self.system)

    def all_there_is(self) -> tuple[object, ...]:
        """What a session may change: font files and folders, the leases, the registry, GDI's list."""
        local = self.system.folder.parents[2]
        files = {str(path): path.is_file() and path.read_bytes() for path in self.system.folder.rglob("*")}
        above = [place.exists() for place in (self.system.folder, *self.system.folder.parents)]
        ours = {name for name in gdi.postscript_names() if name.startswith("Pane")}
        return files, above, (local / "stmpo-fonts").exists(), registry(), ours


@pytest.fixture
def user(tmp_path: Path) -> Iterator[User]:
    """The user, whose fonts must be as before at the end."""
    user = User(tmp_path)
    before = user.all_there_is()
    yield user
    shutil.rmtree(tmp_path)  # with the folders of its sessions, which are over then
    clean(os.environ)
    assert user.all_there_is() == before


def test_files_registry_and_gdi_have_them_for_as_long_as_the_session(user: User) -> None:
    before = user.all_there_is()
    report = user.install()
    assert report.missing == []
    assert {"Pane-Bold", "PaneTwo", "PaneThree"} <= gdi.postscript_names()
    values = registry() or {}
    folder = user.system.folder
    assert values["Pane Bold, a.ttf (TrueType)"] == str(folder / "a.ttf")
    assert values["PaneTwo Regular & PaneThree Regular, b.ttc (TrueType)"] == str(folder / "b.ttc")
    assert len(remove(user.session, user.system).removed) == 2
    assert user.all_there_is() == before


def test_fonts_that_gdi_cannot_tell_apart_are_there_all_the_same(user: User) -> None:
    """GDI lists only one of several families with the same name, or the same first 31 characters."""
    long = "Pane With A Family Name Beyond Thirty-One"
    user.job = write_job(
        user.folder / "alike",
        {"PaneAlike-One": "a.ttf", "PaneAlike-Two": "b.ttf", "PaneLong-Semi": "c.ttf", "PaneLong-Extra": "d.ttf"},
        a_ttf=face("PaneAlike-One"), b_ttf=face("PaneAlike-Two"),
        c_ttf=face("PaneLong-Semi", family=f"{long} Semi"), d_ttf=face("PaneLong-Extra", family=f"{long} Extra"),
    )  # fmt: skip
    report = user.install()
    assert (report.missing, report.refused) == ([], {})
    assert len(report.installed) == 4


def test_the_count_of_starts_is_the_machines_identity_where_windows_keeps_one() -> None:
    key = r"SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters"
    system = Windows(os.environ)
    if system.boot_id():  # this Windows counts by itself, and the count is nobody's to change
        assert system.boot_id() == Windows(os.environ).boot_id()
        return
    with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, key, access=winreg.KEY_ALL_ACCESS) as opened:
        winreg.SetValueEx(opened, "BootId", 0, winreg.REG_DWORD, 41)
        try:
            assert system.boot_id() == "41"
        finally:
            winreg.DeleteValue(opened, "BootId")
    assert not system.boot_id()


def test_another_session_keeps_them_until_it_leaves(user: User) -> None:
    other = user.folder / "other"
    other.mkdir()
    user.install()
    assert set(user.install(other).shared) == {"Pane-Bold", "PaneTwo", "PaneThree"}
    remove(user.session, user.system)
    assert "Pane-Bold" in gdi.postscript_names()
    remove(other, user.system)
    assert "Pane-Bold" not in gdi.postscript_names()


def test_a_file_that_a_program_has_open_goes_with_the_next_session(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_font_folder, "DELETE_TIMEOUT", 0.2)
    report = user.install()
    command = [sys.executable, "-c", HOLD, report.installed["Pane-Bold"]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "open\n"
        locked = remove(user.session, user.system).locked
        assert [Path(path).name for path in locked] == ["a.ttf"]
        program.communicate("")
    assert [font.names for font in clean(os.environ).removed] == [("Pane-Bold",)]


def test_a_value_and_a_file_of_somebody_elses_stay(user: User) -> None:
    folder = user.system.folder
    label = "Pane Bold, a.ttf (TrueType)"
    made, keyless = not folder.exists(), registry() is None
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.ttf").write_bytes(b"theirs")
    with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, FONTS, access=winreg.KEY_SET_VALUE) as key:
        winreg.SetValueEx(key, "Pane Bold, a-2.ttf (TrueType)", 0, winreg.REG_SZ, "theirs.ttf")
    report = user.install()
    assert Path(report.installed["Pane-Bold"]).name == "a-2.ttf"
    values = registry() or {}
    assert label not in values
    assert values["Pane Bold, a-2.ttf 2 (TrueType)"] == report.installed["Pane-Bold"]
    remove(user.session, user.system)
    assert registry() == {"Pane Bold, a-2.ttf (TrueType)": "theirs.ttf"}
    assert (folder / "a.ttf").read_bytes() == b"theirs"
    with winreg.OpenKey(winreg.HKEY_CURRENT_USER, FONTS, access=winreg.KEY_SET_VALUE) as key:
        winreg.DeleteValue(key, "Pane Bold, a-2.ttf (TrueType)")
    if keyless:
        winreg.DeleteKey(winreg.HKEY_CURRENT_USER, FONTS)
    (folder / "a.ttf").unlink()
    if made:
        folder.rmdir()


@pytest.mark.parametrize("step", [3, 7])
def test_what_a_killed_session_left_is_swept(user: User, step: int) -> None:
    before = user.all_there_is()
    command = [sys.executable, "-c", DIE, str(user.job), str(user.session), str(step)]
    assert subprocess.run(command, check=False).returncode == 9
    user.session.rmdir()
    install((), user.folder, user.system)
    assert user.all_there_is() == before


def test_fonts_that_came_in_a_folder_too_deep_for_a_plain_path_are_installed(user: User) -> None:
    deep = user.folder.joinpath(*["a-folder-of-a-session"] * 12)
    extended = Path("\\\\?\\" + str(deep))
    extended.mkdir(parents=True)
    write_job(extended, {"Pane-Deep": "a.ttf"}, a_ttf=face("Pane-Deep"))
    assert len(str(deep)) > 250
    report = install(read_manifest(deep), user.session, user.system)
    assert (report.missing, list(report.installed)) == ([], ["Pane-Deep"])
    remove(user.session, user.system)
    shutil.rmtree("\\\\?\\" + str(user.folder / "a-folder-of-a-session"))
