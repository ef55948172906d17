"""Publishing: the destination holds the old file or the new one, whole, and nothing else."""

from __future__ import annotations

import errno
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.delivery import publish as publishing
from stmpo.delivery.part_files import MAX_NAME_BYTES, part_name, sweep_parts, tag_of
from stmpo.delivery.publish import (
    DestinationError,
    SourceChanged,
    mount_of,
    prepare_destination,
    publish,
    retry_delay,
)
from stmpo.delivery.verify import Whole, verify_frame
from stmpo.model.errors import BadInput, NoSpace
from stmpo.system import file_copy

if TYPE_CHECKING:
    from collections.abc import Callable

CONTENT = os.urandom(3_000_000)  # more than one buffer


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "scratch" / "frame_00001.bin"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "out"
    path.mkdir()
    return path


def _whole(path: Path) -> Whole:
    found = verify_frame(path)
    assert isinstance(found, Whole)
    return found


def _deliver(source: Path, destination: Path, expected: Whole | None = None) -> publishing.Published:
    return publish(source, destination, expected=expected or _whole(source), temporary_tag="run1")


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _raiser(code: int) -> Callable[..., int]:
    def fail(*_args: object, **_more: object) -> int:
        raise OSError(code, os.strerror(code))

    return fail


def test_the_file_arrives_and_nothing_else_is_left(source: Path, folder: Path) -> None:
    published = _deliver(source, folder / "shot ä_0001.bin")
    assert (folder / "shot ä_0001.bin").read_bytes() == CONTENT
    assert _names(folder) == ["shot ä_0001.bin"]
    assert published.size == len(CONTENT)
    assert published.mtime_ns == (folder / "shot ä_0001.bin").stat().st_mtime_ns
    assert source.exists()


def test_an_older_file_is_replaced(source: Path, folder: Path) -> None:
    (folder / "a.bin").write_bytes(b"last week's version")
    _deliver(source, folder / "a.bin")
    assert (folder / "a.bin").read_bytes() == CONTENT


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_is_replaced_and_never_written_through(source: Path, folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.bin"
    target.write_bytes(b"not ours")
    (folder / "a.bin").symlink_to(target)
    _deliver(source, folder / "a.bin")
    assert target.read_bytes() == b"not ours"
    assert not (folder / "a.bin").is_symlink()


def test_a_folder_in_the_way_is_refused(source: Path, folder: Path) -> None:
    (folder / "a.bin").mkdir()
    with pytest.raises(DestinationError) as refused:
        _deliver(source, folder / "a.bin")
    assert _names(folder) == ["a.bin"]
    if sys.platform != "win32":  # where the system does not say so, it may be a reader: it is tried again
        assert not refused.value.transient
        assert str(refused.value) == "a folder of that name is in the way"


def test_a_missing_destination_folder_is_named(source: Path, tmp_path: Path) -> None:
    with pytest.raises(DestinationError, match="the folder is gone"):
        _deliver(source, tmp_path / "absent" / "a.bin")


def test_a_source_that_is_not_the_verified_file_is_refused(source: Path, folder: Path) -> None:
    expected = _whole(source)
    source.write_bytes(CONTENT + b"more")
    with pytest.raises(SourceChanged):
        _deliver(source, folder / "a.bin", expected)
    source.unlink()
    with pytest.raises(SourceChanged):
        _deliver(source, folder / "a.bin", expected)
    assert not _names(folder)


def test_a_source_that_changes_during_the_copy_is_never_published(
    source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy_and_change(reading: int, target: int) -> int:
        copied = file_copy.copy_bytes(reading, target)
        os.utime(source, ns=(1, 1))
        return copied

    monkeypatch.setattr(publishing, "copy_bytes", copy_and_change)
    (folder / "a.bin").write_bytes(b"old")
    with pytest.raises(SourceChanged):
        _deliver(source, folder / "a.bin")
    assert _names(folder) == ["a.bin"]
    assert (folder / "a.bin").read_bytes() == b"old"


@pytest.mark.parametrize("step", ["copy_bytes", "os.fsync", "os.replace"])
def test_a_failure_at_any_step_leaves_no_part_and_the_old_file(
    step: str, source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, name = {
        "copy_bytes": (publishing, "copy_bytes"),
        "os.fsync": (os, "fsync"),
        "os.replace": (os, "replace"),
    }[step]
    monkeypatch.setattr(where, name, _raiser(errno.EIO))
    (folder / "a.bin").write_bytes(b"old")
    with pytest.raises(DestinationError) as failed:
        _deliver(source, folder / "a.bin")
    assert failed.value.transient
    assert _names(folder) == ["a.bin"]
    assert (folder / "a.bin").read_bytes() == b"old"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_destination_is_named_with_folder_and_bytes(
    code: int, source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "copy_bytes", _raiser(code))
    with pytest.raises(NoSpace) as full:
        _deliver(source, folder / "a.bin")
    assert str(folder) in str(full.value)
    assert "3,000,000 bytes" in str(full.value)
    assert not _names(folder)


class _SystemError(OSError):
    """As Windows raises it: with an error number of its own, or without where its C runtime was asked."""

    winerror: int | None = None


@pytest.mark.parametrize(
    ("code", "winerror", "transient"),
    [
        (errno.EIO, None, True),
        (errno.ESTALE, None, True),
        (errno.EROFS, None, False),
        (errno.EACCES, None, True),
        (errno.EINVAL, None, True),
        (errno.EACCES, 5, True),
        (errno.EACCES, 32, True),
        (errno.ENOENT, 64, True),
        (errno.EINVAL, 123, False),
    ],
)
def test_which_errors_may_pass(code: int, winerror: int | None, transient: bool, folder: Path) -> None:
    error = _SystemError(code, "said the system")
    error.winerror = winerror
    explained = publishing._explained(error, folder / "a.bin", 1)
    assert isinstance(explained, DestinationError)
    assert explained.transient is transient


@pytest.mark.skipif(
    sys.platform == "win32", reason="Windows does not tell a passing refusal from a lasting one"
)
def test_a_folder_that_may_not_be_written_is_no_passing_error(folder: Path) -> None:
    explained = publishing._explained(PermissionError(errno.EACCES, "denied"), folder / "a.bin", 1)
    assert isinstance(explained, DestinationError)
    assert not explained.transient


@pytest.mark.skipif(sys.platform != "win32", reason="needs Windows: elsewhere an open file can be replaced")
def test_a_reader_that_holds_the_destination_open_is_waited_for(source: Path, folder: Path) -> None:
    (folder / "a.bin").write_bytes(b"old")
    with (folder / "a.bin").open("rb"), pytest.raises(DestinationError) as held:
        _deliver(source, folder / "a.bin")
    assert held.value.transient
    assert _names(folder) == ["a.bin"]
    _deliver(source, folder / "a.bin")
    assert (folder / "a.bin").read_bytes() == CONTENT


def test_a_part_of_the_same_run_is_written_again(source: Path, folder: Path) -> None:
    (folder / part_name("run1", "a.bin")).write_bytes(b"half")
    _deliver(source, folder / "a.bin")
    assert _names(folder) == ["a.bin"]


@pytest.mark.parametrize("refusal", [errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP])
def test_where_the_kernel_does_not_copy_a_buffer_does(
    refusal: int, source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "copy_file_range", _raiser(refusal), raising=False)
    _deliver(source, folder / "a.bin")
    assert (folder / "a.bin").read_bytes() == CONTENT


def test_a_buffer_finishes_what_the_kernel_ended_early(
    source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter((100, 0))

    def copy_some(reading: int, target: int, _length: int) -> int:
        return os.write(target, os.read(reading, next(answers)))

    monkeypatch.setattr(os, "copy_file_range", copy_some, raising=False)
    _deliver(source, folder / "a.bin")
    assert (folder / "a.bin").read_bytes() == CONTENT


def test_retries_back_off_and_end() -> None:
    delays: list[float] = []
    while (delay := retry_delay(len(delays))) is not None:
        delays.append(delay)
    assert delays == sorted(delays)
    assert 30 < sum(delays) < 120


@given(
    name=st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=255)
)
def test_part_names_fit_any_file_system_and_tell_their_run(name: str) -> None:
    part = part_name("0a1b2c3d", name)
    assert len(part.encode()) <= MAX_NAME_BYTES
    assert tag_of(part) == "0a1b2c3d"


def test_part_names_of_long_names_stay_apart() -> None:
    assert part_name("t", "ä" * 200 + "1.png") != part_name("t", "ä" * 200 + "2.png")
    with pytest.raises(ValueError, match="not a tag"):
        part_name("../t", "a.png")


def test_only_parts_of_dead_runs_are_swept(folder: Path) -> None:
    dead, living = part_name("dead", "a.png"), part_name("living", "a.png")
    others = ["a.png", ".stmpo-dead.part", "stmpo-dead-a.part", ".hidden"]
    for name in (dead, living, *others):
        (folder / name).touch()
    assert sweep_parts(folder, {"dead"}.__contains__) == [folder / dead]
    assert _names(folder) == sorted([living, *others])


def test_the_destination_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    prepare_destination(tmp_path / "deep" / "er")
    prepare_destination(tmp_path / "deep" / "er")
    assert not _names(tmp_path / "deep" / "er")


def test_a_destination_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(BadInput, match="a file is in the way"):
            prepare_destination(folder)


@pytest.mark.parametrize(("code", "kind"), [(errno.EROFS, BadInput), (errno.ENOSPC, NoSpace)])
def test_a_destination_that_cannot_be_written_is_refused(
    code: int, kind: type[Exception], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "write", _raiser(code))
    with pytest.raises(kind, match=re.escape(str(folder))):
        prepare_destination(folder)
    monkeypatch.undo()
    assert not _names(folder)


def test_a_folder_whose_file_system_has_gone_is_no_destination_any_more(source: Path, folder: Path) -> None:
    """Frames in the empty folder below a share would be out of sight once the share is back."""
    expected = _whole(source)
    with pytest.raises(DestinationError, match="nothing is mounted at") as caught:
        publish(source, folder / "f_1.bin", expected=expected, temporary_tag="t", mount=folder)
    assert caught.value.transient, "it may come back"
    assert list(folder.iterdir()) == []
    publish(source, folder / "f_1.bin", expected=expected, temporary_tag="t", mount=mount_of(folder))


def test_where_a_folder_is_mounted(tmp_path: Path) -> None:
    assert os.path.ismount(mount_of(tmp_path / "not" / "there"))
    assert mount_of(Path(tmp_path.anchor)) == Path(tmp_path.anchor)


@pytest.mark.skipif(sys.platform == "win32", reason="the same numbers stand for a lost network there")
@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_that_cannot_flush_is_delivered_to(
    code: int, source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", _raiser(code))
    _deliver(source, folder / "a.bin")
    assert (folder / "a.bin").read_bytes() == CONTENT


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has its own numbers for that")
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.EPERM, "it may be immutable"),
        (errno.EACCES, "the file there cannot be replaced"),
        (errno.EXDEV, "the copy cannot be renamed in"),
    ],
)
def test_a_refused_rename_may_pass_and_names_what_is_in_its_way(
    code: int, words: str, source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if code != errno.EXDEV:
        (folder / "a.bin").write_bytes(b"old")
    before = _names(folder)
    monkeypatch.setattr(os, "replace", _raiser(code))
    with pytest.raises(DestinationError, match=words) as refused:
        _deliver(source, folder / "a.bin")
    assert refused.value.transient
    assert _names(folder) == before


@pytest.mark.skipif(sys.platform == "win32", reason="there are no sticky folders")
def test_a_foreign_file_in_a_sticky_folder_is_named(
    source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.bin").write_bytes(b"theirs")
    folder.chmod(0o1777)
    user = os.lstat(folder).st_uid
    monkeypatch.setattr(os, "replace", _raiser(errno.EPERM))
    monkeypatch.setattr(os, "geteuid", lambda: user + 4711, raising=False)
    with pytest.raises(DestinationError, match="belongs to another user"):
        _deliver(source, folder / "a.bin")
