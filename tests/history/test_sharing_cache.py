"""The note of versions whose renderers do not share a folder's frames out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from stmpo.history import sharing_cache

if TYPE_CHECKING:
    from pathlib import Path


def test_a_version_is_found_again_and_the_latest_reason_counts(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "sharing.json"
    sharing_cache.note(path, "22", "two")
    sharing_cache.note(path, "23", "three")
    sharing_cache.note(path, "22", "four")
    assert sharing_cache.read(path) == {"23": "three", "22": "four"}


def test_the_oldest_versions_make_room(tmp_path: Path) -> None:
    path = tmp_path / "sharing.json"
    for version in range(sharing_cache.MAX_VERSIONS + 3):
        sharing_cache.note(path, str(version), "x" * 1000)
    found = sharing_cache.read(path)
    assert len(found) == sharing_cache.MAX_VERSIONS
    assert "2" not in found
    assert path.stat().st_size <= sharing_cache.MAX_BYTES


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"{",
        b"[" * 30_000,
        b"\xff\xfe",
        b"[]",
        json.dumps({"form": 99, "no_sharing": {"22": "x"}}).encode(),
        json.dumps({"form": 1, "no_sharing": ["22"]}).encode(),
        json.dumps({"form": 1, "no_sharing": {"22": 7, "": "x", "23": " "}}).encode(),
        b" " * (sharing_cache.MAX_BYTES + 1),
    ],
)
def test_a_damaged_file_counts_as_empty_and_is_replaced(tmp_path: Path, contents: bytes) -> None:
    path = tmp_path / "sharing.json"
    path.write_bytes(contents)
    assert sharing_cache.read(path) == {}
    sharing_cache.note(path, "22", "two")
    assert sharing_cache.read(path) == {"22": "two"}


def test_without_a_place_nothing_is_remembered(tmp_path: Path) -> None:
    sharing_cache.note(None, "22", "two")
    assert sharing_cache.read(None) == {}
    (tmp_path / "file").write_bytes(b"")
    sharing_cache.note(tmp_path / "file" / "sharing.json", "22", "two")
    assert sharing_cache.read(tmp_path) == {}, "a folder"
