"""The folders that each system and fontconfig name are searched, and every font in them is found once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stmpo.fonts import places
from stmpo.fonts.places import FontFolder, Origin, fontconfig, linux, macos, windows
from tests.fonts import specimens

FC_LIST = shutil.which("fc-list") or ""
ELSEWHERE = pytest.mark.skipif(sys.platform == "win32", reason="paths of Linux mean another place on Windows")


def shown(folders: list[FontFolder]) -> list[tuple[str, str]]:
    return [(folder.path.as_posix(), folder.origin.name) for folder in folders]


def paths(root: Path, *origins: Origin) -> list[str]:
    folders = [FontFolder(root, origin) for origin in origins or (Origin.USER,)]
    return [file.path.relative_to(root).as_posix() for file in places.font_files(folders)]


def conf(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd"><fontconfig>{body}</fontconfig>',
        encoding="utf-8",
    )
    return path


def test_windows_has_adobes_folders_the_users_and_the_systems() -> None:
    environ = {"APPDATA": "r", "LOCALAPPDATA": "l", "WINDIR": "w", "COMMONPROGRAMFILES": "c"}
    assert shown(windows.folders(environ)) == [
        ("r/Adobe/CoreSync/plugins/livetype", "SYNCED"), ("r/Adobe/User Owned Fonts", "OWNED"),
        ("l/Microsoft/Windows/Fonts", "USER"), ("w/Fonts", "SYSTEM"), ("c/Adobe/Fonts", "SYSTEM"),
    ]  # fmt: skip
    assert windows.folders({}) == []


def test_macos_has_adobes_folders_the_users_and_the_systems() -> None:
    adobe = "Library/Application Support/Adobe"
    assert shown(macos.folders({"HOME": "h"}))[:5] == [
        (f"h/{adobe}/CoreSync/plugins/livetype", "SYNCED"), (f"h/{adobe}/.User Owned Fonts", "OWNED"),
        (f"h/{adobe}/User Owned Fonts", "OWNED"), ("h/Library/Fonts", "USER"), ("/Library/Fonts", "SYSTEM"),
    ]  # fmt: skip


@ELSEWHERE
def test_linux_has_fontconfigs_folders_the_users_first(tmp_path: Path) -> None:
    conf(
        tmp_path / "fonts.conf",
        '<dir>/usr/share/fonts</dir><dir prefix="xdg">fonts</dir><dir>~/.fonts</dir><dir>beside</dir>'
        '<include ignore_missing="yes">conf.d</include><include>gone.conf</include>',
    )
    conf(tmp_path / "conf.d" / "20-b.conf", "<dir>/b</dir><dir> </dir>")
    conf(tmp_path / "conf.d" / "10-a.conf", f"<dir>/a</dir><include>{tmp_path}/fonts.conf</include>")
    conf(tmp_path / "conf.d" / "README.conf", "<dir>/no</dir>")
    (tmp_path / "conf.d" / "30-broken.conf").write_text("<fontconfig><dir>", encoding="utf-8")
    environ = {"FONTCONFIG_PATH": str(tmp_path), "HOME": "/h"}
    assert shown(linux.folders(environ)) == [
        ("/h/.local/share/fonts", "USER"), ("/h/.fonts", "USER"), ("/usr/share/fonts", "SYSTEM"),
        ((tmp_path / "beside").as_posix(), "SYSTEM"), ("/a", "SYSTEM"), ("/b", "SYSTEM"),
    ]  # fmt: skip
    assert linux.folders({**environ, "XDG_DATA_HOME": "/x"})[0].path == Path("/x/fonts")


@ELSEWHERE
def test_fontconfig_can_forget_its_folders(tmp_path: Path) -> None:
    mine = conf(tmp_path / "mine.conf", "<dir>/a</dir><reset-dirs/><dir>/b</dir>")
    assert fontconfig.folders({"FONTCONFIG_FILE": str(mine)}) == [Path("/b")]


def test_without_fontconfig_the_freedesktop_folders_are_looked_through(tmp_path: Path) -> None:
    environ = {"FONTCONFIG_PATH": str(tmp_path), "HOME": "/h", "XDG_DATA_DIRS": "/one:/two"}
    assert [folder.path.as_posix() for folder in linux.folders(environ)] == [
        "/h/.local/share/fonts", "/h/.fonts", "/one/fonts", "/two/fonts",
    ]  # fmt: skip


@pytest.mark.skipif(not FC_LIST, reason="fontconfig is not installed: apt-get install fontconfig")
def test_whatever_fontconfig_lists_is_found_here() -> None:
    listed = subprocess.run(
        [FC_LIST, "--format", "%{file}|%{postscriptname}\n"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    if not listed:
        pytest.skip("no font is installed: apt-get install fonts-dejavu-core")
    names = {line.partition("|")[2]: line.partition("|")[0] for line in listed if not line.endswith("|")}
    found = places.find_fonts(names, os.environ)
    assert {name: found[name].name for name in names} == {
        name: Path(file).name for name, file in names.items()
    }


def test_hidden_files_and_files_without_extension_are_looked_at(tmp_path: Path) -> None:
    for name in (".r/.41234", "w/55", "a.OTF", "b.ttc", "c.pfb", "notes.txt", "index.xml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert paths(tmp_path) == ["a.OTF", "b.ttc", "c.pfb", ".r/.41234", "w/55"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_links_are_followed_and_a_circle_ends(tmp_path: Path) -> None:
    (tmp_path / "fonts" / "sub").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.ttf").write_bytes(b"x")
    (tmp_path / "fonts" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "fonts" / "sub" / "up").symlink_to(tmp_path / "fonts")
    (tmp_path / "fonts" / "gone.ttf").symlink_to(tmp_path / "nowhere.ttf")
    found = paths(tmp_path / "fonts")
    assert "linked/a.ttf" in found
    assert len(found) < 4


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes in folders, which Windows has not")
def test_what_would_keep_a_reader_waiting_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ttf")
    (tmp_path / "empty.ttf").touch()
    assert paths(tmp_path) == []


def test_a_file_is_a_place_and_is_listed_once(tmp_path: Path) -> None:
    file = tmp_path / "a.ttf"
    file.write_bytes(b"x")
    twice = [
        FontFolder(file, Origin.USER),
        FontFolder(tmp_path, Origin.SYSTEM),
        FontFolder(tmp_path / "gone", Origin.SYSTEM),
    ]
    assert [(one.path, one.origin) for one in places.font_files(twice)] == [(file, Origin.USER)]


def test_a_place_of_too_many_files_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a home folder that somebody has named: most of what has no extension is no font."""
    monkeypatch.setattr(places, "MAX_FILES", 5)
    for folder, count in (("many", 20), ("few", 2)):
        (tmp_path / folder).mkdir()
        for number in range(count):
            (tmp_path / folder / str(number)).write_bytes(b"x")
    both = [FontFolder(tmp_path / name, Origin.USER) for name in ("many", "few")]
    found = [file.path.parent.name for file in places.font_files(both)]
    assert (found.count("many"), found.count("few")) == (5, 2)


def test_a_search_by_the_standard_library_alone_finds_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "folders", lambda _: [FontFolder(tmp_path, Origin.USER)])
    (tmp_path / "a.ttf").write_bytes(specimens.variable("Va-Regular", [("Thin", None)], family="Va"))
    (tmp_path / "b.ttc").write_bytes(specimens.collection("One", "Two"))
    (tmp_path / "broken.otf").write_bytes(b"OTTO")
    found = places.find_fonts(["Two", "Va-Thin", "Va_250wght", "Gone"], {})
    assert found == {name: tmp_path / file for name, file in
                     (("Two", "b.ttc"), ("Va-Thin", "a.ttf"), ("Va_250wght", "a.ttf"))}  # fmt: skip
