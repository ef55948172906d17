"""Machines to read: system folders written for a test, and snapshots of real ones where they are at hand."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

DATA = Path(__file__).parent / "data"
TOPOLOGIES = Path(__file__).resolve().parents[3] / "shared" / "data" / "topologies"

WriteRoot = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def write_root(tmp_path: Path) -> WriteRoot:
    """Writes the files of a Linux system (name to text) below a folder, and returns the folder."""

    def write(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / "root" / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n", encoding="utf-8")
        return tmp_path / "root"

    return write


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Unpacks the snapshot of a real machine; the test is skipped where there is none."""
    folder = tmp_path_factory.mktemp("snapshots")

    def unpack(name: str) -> Path:
        archive = TOPOLOGIES / f"{name}.tar.bz2"
        if not archive.is_file():
            pytest.skip(f"needs the machine snapshot {archive.name}, which is not part of this repository")
        if not (folder / name).is_dir():
            with tarfile.open(archive) as packed:
                packed.extraction_filter = tarfile.data_filter
                packed.extractall(folder)  # noqa: S202 - the filter above refuses what would leave the folder
        return folder / name

    return unpack


@pytest.fixture
def topology_file() -> Callable[[str], Path]:
    """The path of a real machine's topology file; the test is skipped where it is not at hand."""

    def find(name: str) -> Path:
        path = TOPOLOGIES / name
        if not path.is_file():
            pytest.skip(f"needs {name}, which is not part of this repository")
        return path

    return find


@pytest.fixture
def data() -> Path:
    """The folder of small machines written by hand."""
    return DATA
