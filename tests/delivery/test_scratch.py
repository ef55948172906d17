"""Scratch: made private, named when something is left, removed only when asked."""

from __future__ import annotations

import errno
import stat
import sys
from pathlib import Path

import pytest

from stmpo.delivery.scratch import Scratch, default_root, is_own_scratch
from stmpo.model.errors import BadInput, NoSpace


def test_runs_never_share_a_folder_and_nobody_else_reads_it(tmp_path: Path) -> None:
    one, other = Scratch.create(tmp_path), Scratch.create(tmp_path)
    assert one.path != other.path
    assert one.path.parent == tmp_path
    if sys.platform != "win32":
        assert stat.S_IMODE(one.path.stat().st_mode) == 0o700


def test_a_root_that_is_missing_is_made(tmp_path: Path) -> None:
    assert Scratch.create(tmp_path / "deep" / "er").path.is_dir()


def test_a_root_that_cannot_be_written_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="--scratch-dir"):
        Scratch.check_root(tmp_path / "file")


def test_a_full_disk_is_not_taken_for_bad_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(NoSpace, match="scratch"):
        Scratch.create(tmp_path)


def test_checking_a_root_leaves_nothing(tmp_path: Path) -> None:
    Scratch.check_root(tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_attempt_is_discarded_with_all_it_holds_and_the_others_stay(tmp_path: Path) -> None:
    scratch = Scratch.create(tmp_path)
    first, second = scratch.attempt_folder(1), scratch.attempt_folder(2)
    assert scratch.attempt_folder(1) == first
    for folder in (first, second):
        (folder / "frame_00001.png").touch()
    assert scratch.discard(first)
    assert scratch.leftovers() == [second / "frame_00001.png"]


def test_only_attempts_of_this_run_can_be_discarded(tmp_path: Path) -> None:
    scratch, other = Scratch.create(tmp_path), Scratch.create(tmp_path)
    for folder in (scratch.path, other.attempt_folder(1), tmp_path, scratch.path / "a1" / ".."):
        with pytest.raises(ValueError, match="no attempt"):
            scratch.discard(folder)


def test_removal_is_asked_for_and_says_whether_it_is_gone(tmp_path: Path) -> None:
    scratch = Scratch.create(tmp_path)
    (scratch.attempt_folder(1) / "frame_00001.png").touch()
    assert scratch.remove()
    assert not scratch.path.exists()
    assert not scratch.leftovers()


def test_an_earlier_run_is_removed_only_if_it_is_one(tmp_path: Path) -> None:
    scratch = Scratch.create(tmp_path)
    foreign = tmp_path / "renders"
    foreign.mkdir()
    assert not Scratch.remove_at(foreign)
    assert foreign.is_dir()
    assert Scratch.remove_at(scratch.path)


def test_what_counts_as_our_own(tmp_path: Path) -> None:
    scratch = Scratch.create(tmp_path)
    attempt = scratch.attempt_folder(3)
    assert is_own_scratch(scratch.path)
    assert is_own_scratch(attempt)
    assert not is_own_scratch(tmp_path)
    assert not is_own_scratch(scratch.path / "a4")
    assert not is_own_scratch(scratch.path / "a3" / ".." / "a3")
    assert not is_own_scratch(Path(scratch.path.name))
    (tmp_path / "a1").mkdir()
    assert not is_own_scratch(tmp_path / "a1")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_is_never_our_own(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    link = tmp_path / "stmpo-1-abcdef"
    link.symlink_to(tmp_path / "precious")
    assert not is_own_scratch(link)
    assert not Scratch.remove_at(link)


def test_the_session_folder_is_the_default_where_it_exists(tmp_path: Path) -> None:
    assert default_root({"OPENJD_SESSION_WORKING_DIR": str(tmp_path)}) == tmp_path
    assert default_root({"OPENJD_SESSION_WORKING_DIR": str(tmp_path / "absent")}) == default_root({})
    assert default_root({}).is_dir()


def test_a_temporary_folder_may_be_given_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.gettempdir", lambda: ".")
    assert is_own_scratch(Scratch.create(default_root({})).path)
