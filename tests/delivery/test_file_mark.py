"""A delivered file is known again, and another one is not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from stmpo.delivery import file_mark
from stmpo.delivery.file_mark import digest_of, is_marked, mark_of, stamp_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A frame."""
    path = tmp_path / "f_0001.png"
    path.write_bytes(b"a picture")
    return path


def test_the_same_file_is_known_without_reading_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = mark_of(path)
    monkeypatch.setattr(file_mark, "digest_of", lambda _: pytest.fail("read"))
    assert is_marked(path, mark)


def test_a_copy_of_the_contents_counts(path: Path) -> None:
    mark = mark_of(path)
    path.unlink()
    path.write_bytes(b"a picture")
    os.utime(path, (1, 1))
    assert stamp_of(path.lstat()) != mark.stamp
    assert is_marked(path, mark)


def test_other_contents_of_the_same_size_and_time_do_not(path: Path) -> None:
    mark, status = mark_of(path), path.stat()
    path.write_bytes(b"A picture")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    if os.name != "nt":  # where a file has no time of its last change
        assert not is_marked(path, mark)
    assert digest_of(path) != mark.digest


def test_nothing_and_what_is_no_file_do_not(path: Path) -> None:
    mark = mark_of(path)
    moved = path.rename(path.with_name("moved"))
    assert not is_marked(path, mark)
    path.mkdir()
    assert not is_marked(path, mark)
    path.rmdir()
    if os.name != "nt":
        path.symlink_to(moved)
        assert not is_marked(path, mark)


def test_a_large_file_is_known_by_size_and_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_mark, "MAX_DIGESTED", 4)
    mark, status = mark_of(path), path.stat()
    path.unlink()
    path.write_bytes(b"A picture")
    assert not is_marked(path, mark)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert is_marked(path, mark)


def test_a_file_system_that_fails_for_a_moment_is_asked_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, real, failures = mark_of(path), os.lstat, [OSError(5, "Input/output error")]
    monkeypatch.setattr(file_mark, "_RETRIES", (0.0, 0.0))

    def failing(each: str | os.PathLike[str]) -> os.stat_result:
        if failures:
            raise failures.pop()
        return real(each)

    monkeypatch.setattr(os, "lstat", failing)
    assert is_marked(path, mark)
