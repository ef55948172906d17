"""A moved bundle works: its own files are found in their new place, and other missing files are reported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from stmpo.cli.main import run
from stmpo.deadline.bundle_reader import moved_files, read_bundle, update_moved_paths, write_moved_paths
from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deadline.lot import Lot


def files(bundle: Path) -> list[str]:
    document = json.loads((bundle / "asset_references.json").read_text(encoding="utf-8"))
    names = document["assetReferences"]["inputs"]["filenames"]
    assert isinstance(names, list)
    return names


@pytest.fixture
def moved(lot: Lot, tmp_path: Path) -> Path:
    """A bundle with a font, in another folder than the one it was written to."""
    lot.queue(lot.comp())
    written = lot.folder / "bundle"
    assert run(["bundle", str(lot.save()), "-o", str(written), "--offline"]) == 0
    font = written / "scripts" / "fonts" / "0_größe.ttf"
    font.parent.mkdir(exist_ok=True)
    font.write_bytes(b"font")
    document = written / "asset_references.json"
    contents = json.loads(document.read_text(encoding="utf-8"))
    contents["assetReferences"]["inputs"]["filenames"].append(str(font))
    document.write_text(json.dumps(contents), encoding="utf-8")
    return written.rename(tmp_path / "moved")


def test_its_own_files_are_found_where_it_is_now(moved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (moved / "asset_references.json").read_bytes()
    assert run(["submit", str(moved), "--dry-run"]) == 0
    assert f"the bundle was moved: 1 file of it taken from {moved}" in capsys.readouterr().err
    assert (moved / "asset_references.json").read_bytes() == before, "a dry run changes nothing"
    bundle = read_bundle(moved, {})
    update_moved_paths(moved, bundle)
    project, font = files(moved)
    assert font == str(moved / "scripts" / "fonts" / "0_größe.ttf")
    assert project.endswith("shot.aep")
    again = read_bundle(moved, {})
    assert (again.inputs, again.moved) == (bundle.inputs, {})
    assert sorted(path.name for path in moved.iterdir()) == [
        *("asset_references.json", "parameter_values.json", "scripts", "template.json")
    ]


def test_what_is_not_in_it_either_is_missed(moved: Path) -> None:
    (moved / "scripts" / "fonts" / "0_größe.ttf").unlink()
    with pytest.raises(BadInput, match=r"1 of its 2 files are missing, the first is .*0_größe\.ttf"):
        read_bundle(moved, {})


def test_one_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    document = tmp_path / "gone" / "asset_references.json"
    with pytest.raises(BadInput, match=r"the bundle was moved, and .* cannot be written: No such file"):
        write_moved_paths(document, {"assetReferences": {"inputs": {"filenames": []}}}, {})


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/old/bundle/scripts/fonts/a.ttf", True),
        (r"D:\old\scripts\bundle\scripts\fonts\a.ttf", True),
        (r"\\nas\old\scripts\fonts\a.ttf", True),
        ("/old/bundle/fonts/a.ttf", False),
        ("/old/scripts/fonts/b.ttf", False),
        ("/old/scripts/../fonts/a.ttf", False),
        ("/old/scripts", False),
    ],
)
def test_only_a_file_of_the_bundle_itself_is_meant(tmp_path: Path, path: str, found: bool) -> None:
    font = tmp_path / "scripts" / "fonts" / "a.ttf"
    font.parent.mkdir(parents=True)
    font.touch()
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "a.ttf").touch()
    assert moved_files(tmp_path, [path]) == ({path: str(font)} if found else {})
