"""Bundles on shared storage: what workers see, and what may be removed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from stmpo.deadline.service import QueueFacts, StorageProfile
from stmpo.deadline.shared_bundle import (
    BUNDLES_FOLDER,
    RECORD,
    check_shared,
    kept_bundles,
    new_bundle_folder,
    record_job,
    remove_bundle,
)
from stmpo.model.errors import BadInput


def bundle(folder: Path, job: str = "job-1") -> Path:
    """A kept bundle."""
    folder.mkdir(parents=True)
    (folder / "template.json").write_text("{}", encoding="utf-8")
    record_job(folder, "farm-1", "queue-1", job)
    return folder


def facts(*shared: Path) -> QueueFacts:
    """A queue without job attachments, with a storage profile."""
    return QueueFacts("shared only", False, StorageProfile("studio", tuple(map(str, shared))))


def test_only_bundles_with_a_record_are_found(tmp_path: Path) -> None:
    beside = bundle(tmp_path / BUNDLES_FOLDER / "a")
    here = bundle(tmp_path / "b")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "template.json").write_text("{}", encoding="utf-8")
    for name, text in (("d", "{"), ("e", "[]"), ("f", json.dumps({"farm": 1, "queue": "", "job": ""}))):
        (bundle(tmp_path / name) / RECORD).write_text(text, encoding="utf-8")
    (bundle(tmp_path / "g") / "template.json").unlink()
    if sys.platform != "win32":
        (tmp_path / "link").symlink_to(bundle(tmp_path / "elsewhere" / "deep"))
    assert [kept.folder for kept in kept_bundles(tmp_path)] == [here, beside]
    assert [kept.folder for kept in kept_bundles(here)] == [here]
    with pytest.raises(BadInput, match="cannot be read"):
        kept_bundles(tmp_path / "gone")


def test_a_bundle_is_removed_with_the_empty_folder_around_it(tmp_path: Path) -> None:
    one, two = (bundle(tmp_path / BUNDLES_FOLDER / name) for name in "ab")
    first, second = kept_bundles(tmp_path)
    remove_bundle(first)
    assert (one.exists(), two.exists()) == (False, True)
    remove_bundle(second)
    assert list(tmp_path.iterdir()) == []


def test_paths_outside_the_shared_locations_are_named_with_the_way_out(tmp_path: Path) -> None:
    inside, outside = tmp_path / "show" / "a.aep", tmp_path / "shows" / "b.png"
    check_shared(facts(tmp_path / "show"), [str(inside)], bundle_dir=None)
    places = [str(inside), *(str(outside.with_name(f"{at}.png")) for at in range(5))]
    with pytest.raises(BadInput, match=r"its workers do not see .* and 2 more") as refusal:
        check_shared(facts(tmp_path / "show"), places, bundle_dir=tmp_path)
    assert f"shares {tmp_path / 'show'}; move 5 places there" in str(refusal.value)


def test_without_a_profile_only_the_user_knows_what_is_shared(tmp_path: Path) -> None:
    unknown = QueueFacts("shared only", False, None)
    with pytest.raises(BadInput, match=r"--storage-profile-id, or.* --bundle-dir FOLDER"):
        check_shared(unknown, ["/a"], bundle_dir=None)
    check_shared(unknown, ["/a"], bundle_dir=tmp_path)


@pytest.mark.parametrize("name", ["shot.aep", "Größe, 主.aep", "...aep", f"{'x' * 200}.aep"])
def test_a_new_folder_has_the_projects_name_and_is_never_the_same(tmp_path: Path, name: str) -> None:
    one, two = (new_bundle_folder(tmp_path / name, None) for _ in range(2))
    assert one != two
    assert one.parent == tmp_path / BUNDLES_FOLDER
    assert len(one.name) < 60
    assert new_bundle_folder(Path("/a/shot.aep"), tmp_path).parent == tmp_path
