"""The wheels that travel with a job: always ours, and psutil's for as many systems as possible."""

from __future__ import annotations

import ast
import os
import zipfile
from typing import TYPE_CHECKING

import pytest

from stmpo import __version__
from stmpo.deadline import wheels
from stmpo.deadline.wheels import cache_folder, collect_wheels, psutil_systems, write_own_wheel
from stmpo.model.errors import BadInput
from stmpo.system.wheel_tags import Interpreter, WheelName

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

WINDOWS = "psutil-7.1.0-cp37-abi3-win_amd64.whl"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of one's own."""
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setenv("STMPO_WHEELS", str(folder))
    return folder


def test_without_network_the_installed_psutil_is_packed_again(tmp_path: Path) -> None:
    ours, psutil = collect_wheels(tmp_path / "wheels", download=False)
    assert ours.name == f"stmpo-{__version__}-py3-none-any.whl"
    name = WheelName.parse(psutil.name)
    assert name is not None
    assert Interpreter.current().supports(name)
    with zipfile.ZipFile(psutil) as archive:
        assert "psutil/__init__.py" in archive.namelist()
        assert archive.testzip() is None


def test_our_wheel_is_the_same_byte_for_byte_and_leaves_out_what_no_worker_needs(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = write_own_wheel(tmp_path / "a"), write_own_wheel(tmp_path / "b")
    assert one.read_bytes() == other.read_bytes()
    with zipfile.ZipFile(one) as archive:
        names = archive.namelist()
    assert {"stmpo/api.py", "stmpo/worker/bootstrap.py", f"stmpo-{__version__}.dist-info/METADATA"} <= set(
        names
    )
    assert not [name for name in names if "__pycache__" in name]
    assert not {name.split("/")[1] for name in names} & {"cli", "deadline", "demo", "__main__.py"}


def test_every_module_of_our_wheel_imports_only_modules_that_are_in_it(tmp_path: Path) -> None:
    """At any level: a worker has nothing but this wheel, and an import inside a function fails late."""
    with zipfile.ZipFile(write_own_wheel(tmp_path)) as archive:
        sources = {name: archive.read(name) for name in archive.namelist() if name.endswith(".py")}
    modules = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in sources}
    for name, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "stmpo":
                assert node.module in modules, name
            elif isinstance(node, ast.Import):
                ours = {alias.name for alias in node.names if alias.name.split(".")[0] == "stmpo"}
                assert ours <= modules, name


def test_given_folders_and_cache_are_taken_before_anything_is_downloaded(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tmp_path / "given"
    given.mkdir()
    (given / WINDOWS).write_bytes(b"given")
    (cache / WINDOWS).write_bytes(b"cached")
    (cache / "psutil-7.2.0-cp36-abi3-macosx_11_0_arm64.whl").write_bytes(b"cached")
    (cache / "psutil-7.1.0-cp36-abi3-macosx_11_0_arm64.whl").write_bytes(b"older")
    (cache / "psutil-5.0.0-cp36-abi3-manylinux2014_x86_64.whl").write_bytes(b"too old")
    asked: list[str] = []

    def download(tags: Sequence[str], folder: Path) -> None:
        assert folder == cache
        asked.extend(tags)
        (folder / "psutil-7.2.0-cp36-abi3-manylinux2014_x86_64.whl").write_bytes(b"fetched")

    monkeypatch.setattr(wheels, "_download", download)
    made = collect_wheels(tmp_path / "wheels", sources=[given])
    assert asked == ["macosx_10_9_x86_64", "manylinux2014_x86_64"]
    contents = {path.name: path.read_bytes() for path in made if path.name.startswith("psutil")}
    assert contents[WINDOWS] == b"given"
    assert contents["psutil-7.2.0-cp36-abi3-macosx_11_0_arm64.whl"] == b"cached"
    assert contents["psutil-7.2.0-cp36-abi3-manylinux2014_x86_64.whl"] == b"fetched"
    assert psutil_systems(made) == {"windows", "macos", "linux"}


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="wheels cannot be written to"):
        collect_wheels(tmp_path / "file" / "wheels", download=False)


def test_the_cache_lies_where_the_user_says_or_has_caches(tmp_path: Path) -> None:
    assert cache_folder({"STMPO_WHEELS": str(tmp_path)}) == tmp_path
    variable = "LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME"
    assert cache_folder({variable: str(tmp_path)}) == tmp_path / "stmpo" / "wheels"
    assert cache_folder({}).name == "wheels"


def test_a_download_that_cannot_be_made_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No index answers there."""
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    assert len(collect_wheels(tmp_path / "wheels")) == 2
