"""What the panel consists of: gathered, packed as a zip, carried by the package's own wheel."""

from __future__ import annotations

import re
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

import stmpo
from stmpo.deadline.fragments import fragments_folder
from stmpo.deadline.panel import source
from stmpo.deadline.panel.archive import write_archive
from stmpo.deadline.panel.install import PanelKind, inspect_folder
from stmpo.deadline.panel.record import ASSETS, ENTRY, RECORD
from stmpo.deadline.panel.source import gather, with_own_assets_folder
from stmpo.deadline.wheels import write_own_wheel
from stmpo.model.errors import BadInput

if sys.version_info >= (3, 11):
    import tomllib

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip; psutil's wheels are those of this machine's cache, or its own psutil packed again."""
    path, _ = write_archive(tmp_path_factory.mktemp("dist"), download=False)
    return path


def test_the_zip_holds_the_panel_whole(archive: Path, tmp_path: Path) -> None:
    """Unpacked by hand, it is known as installed."""
    assert archive.name == f"STMPO-panel-{stmpo.__version__}.zip"
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path)
        names = set(packed.namelist())
    assert {ENTRY, f"{ASSETS}/{RECORD}", "INSTALL.txt"} <= names
    assert {name.split("/")[0] for name in names} == {ENTRY, ASSETS, "INSTALL.txt"}
    standing = inspect_folder(tmp_path)
    assert (standing.kind, standing.missing, standing.changed) == (PanelKind.OURS, (), ())


def test_under_another_name_the_entry_finds_everything_as_well(tmp_path: Path) -> None:
    panel = with_own_assets_folder(gather(tmp_path / "usual", download=False), tmp_path / "other")
    entry = (panel.folder / ENTRY).read_text(encoding="ascii")
    assert ASSETS not in entry
    included = re.findall(r'^//@include "(.+)"$', entry, re.MULTILINE)
    assert len(included) > 10
    assert all((panel.folder / name).is_file() for name in included)
    assert (inspect_folder(panel.folder).kind, inspect_folder(panel.folder).missing) == (PanelKind.OURS, ())


def test_everything_that_the_entry_includes_is_there(archive: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        names = set(packed.namelist())
        included = re.findall(r'^//@include "(.+)"$', packed.read(ENTRY).decode("ascii"), re.MULTILINE)
    assert len(included) > 10
    assert set(included) <= names
    pieces = {path.name for path in fragments_folder().glob("*.json")}
    assert {f"{ASSETS}/JobTemplate/{name}" for name in pieces} <= names


def test_workers_get_this_package_and_psutil_and_no_panel(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        wheels = [Path(name).name for name in packed.namelist() if name.startswith(f"{ASSETS}/wheels/")]
    assert f"stmpo-{stmpo.__version__}-py3-none-any.whl" in wheels
    assert any(name.startswith("psutil-") for name in wheels)
    with zipfile.ZipFile(write_own_wheel(tmp_path)) as ours:
        assert not [name for name in ours.namelist() if name.startswith("stmpo/panel/")]


def test_the_same_files_give_the_same_zip(archive: Path, tmp_path: Path) -> None:
    again, _ = write_archive(tmp_path, download=False)
    assert again.read_bytes() == archive.read_bytes()


def test_the_instructions_name_every_place_and_the_permission(archive: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        text = packed.read("INSTALL.txt").decode("ascii")
    for words in (
        "%APPDATA%",
        "Program Files",
        "~/Library/Preferences",
        "/Applications",
        "Allow Scripts to Write Files",
    ):
        assert words in text


def test_an_installed_package_has_the_panel_as_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Laid out as `pyproject.toml` tells the build to, the panel is found without the repository."""
    if sys.version_info >= (3, 11):
        build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
        carried = build["targets"]["wheel"]["force-include"]
    else:
        files = "stmpo/deadline/panel/files"
        carried = {ENTRY: f"{files}/{ENTRY}", f"{ASSETS}/panel": f"{files}/{ASSETS}/panel"}
    for origin, target in carried.items():
        copy = shutil.copytree if (ROOT / origin).is_dir() else shutil.copyfile
        (tmp_path / target).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / origin, tmp_path / target)
    monkeypatch.setattr(
        source, "_PLACES", (tmp_path / "nowhere", tmp_path / "stmpo" / "deadline" / "panel" / "files")
    )
    panel = gather(tmp_path / "out", download=False)
    assert ENTRY in panel.record.files
    monkeypatch.setattr(source, "_PLACES", (tmp_path / "nowhere",))
    with pytest.raises(BadInput, match="install stmpo again"):
        gather(tmp_path / "none", download=False)
