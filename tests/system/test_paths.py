"""Windows' rules for paths, judged on every system. How Windows applies them is in `tests/windows`."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING

import psutil
import pytest

from stmpo.system import paths
from stmpo.system.paths import posix, windows

if TYPE_CHECKING:
    from pathlib import Path


def test_what_the_system_refuses_to_look_at_is_not_there(tmp_path: Path) -> None:
    for ask in (paths.is_file, paths.is_folder, paths.exists):
        assert not ask(tmp_path / ("x" * 300))
    assert paths.is_folder(tmp_path)
    assert paths.exists(tmp_path)
    assert not paths.is_file(tmp_path)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("renders/CON", "keeps the name 'CON' for a device"),
        ("NUL", "keeps the name 'NUL' for a device"),
        ("aux.png", "keeps the name 'aux.png' for a device"),
        ("aux.[####].png", "for a device"),
        ("C:\\com1\\f.png", "keeps the name 'com1' for a device"),
        ("lpt².mov", "for a device"),
        ("conout$.png", "for a device"),
        ("nul .tar.png", "for a device"),
        ("renders./f.png", "drops the dot at the end of the name 'renders.'"),
        ("renders /f.png", "drops the blank at the end of the name 'renders '"),
        ("renders/f.png ", "drops the blank"),
        ("shot_####.", "drops the dot"),
        ("renders/f.png:hidden", "stream inside another file"),
        ("C:\\x\\a:b.png", "allows no ':' in the name 'a:b.png'"),
        ("\\\\server\\share\\a|b.png", "allows no '|'"),
        ("a<b>.png", "allows no '<'"),
        ("what?.png", "allows no '?'"),
        ("f_*.png", "allows no '*'"),
        ('"f".png', "allows no '\"'"),
        ("\\\\?\\C:\\x\\nul", "for a device"),
        ("\\\\.\\PhysicalDrive0\\f.png", "it is a device"),
        ("//./nul/f.png", "it is a device"),
        ("a\\.. /f.png", "drops the blank at the end of the name '.. '"),
        ("a/.../f.png", "drops the dot at the end of the name '...'"),
        ("com0/f.png", "for a device"),
        ("C:nul", "for a device"),
        ("c:\\x/aux .tar.gz\\f.png", "for a device"),
        ("f.png::$DATA", "stream inside another file"),
        ("\\\\?\\GLOBALROOT\\Device\\HarddiskVolume1\\f.png", "it is a device"),
        ("\\\\?\\pipe\\f.png", "it is a device"),
        ("//?/pipe/f.png", "it is a device"),
        ("\\??\\C:\\f.png", "allows no '?'"),
        ("\\\\server\\pipe\\f.png", "it is a pipe"),
        ("//server/IPC$/f.png", "it is a pipe"),
        ("\\\\?\\UNC\\server\\mailslot\\f.png", "it is a pipe"),
    ],
)
def test_names_that_windows_would_change_or_refuse(path: str, words: str) -> None:
    reason = windows.path_problem(path)
    assert reason is not None
    assert words in reason
    assert "\n" not in reason


@pytest.mark.parametrize(
    "path",
    [
        "f_[####].png",
        "C:\\renders\\shot_%04d.exr",
        "C:f.png",
        "c:/a.b/console.png",
        "\\\\server\\share\\aux1\\f.png",
        "\\\\?\\C:\\x\\f.png",
        "\\\\?\\UNC\\server\\share\\f.png",
        "//?/C:/x/f.png",
        "\\\\?\\Volume{26a21bda-a627-11d7-9931-806e6f6e6963}\\f.png",
        "\\\\server\\pipes\\pipe\\f.png",
        "․․/f.png",  # noqa: RUF001 - dots that are none, and stay none
        "ＣＯＮ.png",  # noqa: RUF001
        "./nulled/com.png",
        ".hidden/com10.png",
        "../f.png",
        "Größe 日本/f #.png",
        "%TEMP%/f.png",
        " leading.png",
    ],
)
def test_every_other_name_is_a_files(path: str) -> None:
    assert windows.path_problem(path) is None


def test_other_systems_take_every_name() -> None:
    assert posix.path_problem("aux.png") is None
    assert posix.path_fits("/" + "x" * 300, 300)
    assert posix.extended_path("/" + "x" * 300, 300) == "/" + "x" * 300


def test_only_paths_that_need_the_prefix_get_it() -> None:
    assert windows.extended_path("C:\\renders", 20) == "C:\\renders"
    fitting, deep = "C:\\" + "d" * 200, "C:\\" + "d" * 240
    assert windows.extended_path(fitting, 50) == fitting
    assert windows.extended_path(deep, 50) == "\\\\?\\" + deep
    assert (
        windows.extended_path("\\\\server\\share\\" + "d" * 240, 50)
        == "\\\\?\\UNC\\server\\share\\" + "d" * 240
    )
    assert windows.extended_path("\\\\?\\" + deep, 50) == "\\\\?\\" + deep


@pytest.mark.parametrize(
    ("folder", "name", "fit"),
    [(247, 11, True), (247, 12, False), (248, 1, False), (200, 58, True), (200, 59, False)],
)
def test_the_ends_of_plain_paths(folder: int, name: int, fit: bool) -> None:
    assert windows.path_fits("x" * folder, name) is fit


@pytest.mark.parametrize(
    ("path", "remote"),
    [
        ("\\\\server\\share\\shot.aep", True),
        ("//server/share/shot.aep", True),
        ("\\\\?\\UNC\\server\\share\\shot.aep", True),
        ("\\\\?\\C:\\shot.aep", False),
        ("C:\\shot.aep", False),
    ],
)
def test_a_share_is_known_by_its_path(path: str, remote: bool) -> None:
    assert windows.is_remote(path) is remote


@pytest.mark.skipif(os.name == "nt", reason="Windows' shares are known by their paths")
def test_a_network_file_system_is_known_by_the_list_of_mounts(monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = [("/", "ext4"), ("/mnt/show", "nfs4"), ("/mnt/show/local", "xfs"), ("/Volumes/jobs", "smbfs")]
    listed = [SimpleNamespace(mountpoint=point, fstype=kind) for point, kind in mounts]
    monkeypatch.setattr(psutil, "disk_partitions", lambda *, all: listed)  # noqa: A006 - psutil's own name
    assert posix.is_remote("/mnt/show/shot.aep")
    assert posix.is_remote("/Volumes/jobs/a/b/shot.aep")
    assert not posix.is_remote("/mnt/show/local/shot.aep")
    assert not posix.is_remote("/home/me/shot.aep")
