"""Files are replaced whole or not at all, and full disks are recognized."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from stmpo.system.files import is_full, read_file, rename_over, replace_file, temporary_files


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    replace_file(path, b"old")
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_file_and_no_temporary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="links take an administrator there")
def test_a_link_is_replaced_and_never_written_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a link with the file's name nor one with the temporary name, which may have been guessed."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"kept")
    monkeypatch.setattr(os, "urandom", bytes)
    for name in ("x", ".x.00000000.part"):
        (tmp_path / name).symlink_to(victim)
    with pytest.raises(FileExistsError):
        replace_file(tmp_path / "x", b"new")
    replace_file(tmp_path / "x", b"new")
    assert victim.read_bytes() == b"kept"
    assert not (tmp_path / "x").is_symlink()


def test_what_killed_processes_left_is_found_by_the_files_name(tmp_path: Path) -> None:
    for name in (".a.json.0123.part", ".b.json.0123.part", "a.json"):
        (tmp_path / name).touch()
    assert temporary_files(tmp_path / "a.json") == [tmp_path / ".a.json.0123.part"]


def test_a_rename_waits_for_a_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where a file that is open is not replaced."""
    source, target = tmp_path / "new", tmp_path / "old"
    source.write_bytes(b"new")
    reading = threading.Event()
    reading.set()
    threading.Timer(0.1, reading.clear).start()
    replace = os.replace

    def refused_while_read(one: Path, other: Path) -> None:
        if reading.is_set():
            raise PermissionError(errno.EACCES, "Permission denied")
        replace(one, other)

    monkeypatch.setattr(os, "replace", refused_while_read)
    with pytest.raises(PermissionError):
        rename_over(source, target)
    rename_over(source, target, timeout=30)
    assert target.read_bytes() == b"new"


def test_full_disks_and_quotas_are_recognized() -> None:
    assert is_full(OSError(errno.ENOSPC, ""))
    assert not is_full(OSError(errno.EACCES, ""))
    quota = OSError(errno.EINVAL, "")
    quota.winerror = 1295  # type: ignore[attr-defined,unused-ignore]
    assert is_full(quota)


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    assert read_file(path, 10) == b"0123456789"
    assert len(read_file(path, 4)) == 5


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes of POSIX")
def test_a_pipe_is_read_and_one_that_nobody_writes_to_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert read_file(path, 10) == b""
    keep = os.open(path, os.O_RDWR)

    def write() -> None:
        os.write(keep, b"late")
        os.close(keep)

    writer = threading.Timer(0.2, write)
    writer.start()
    assert read_file(path, 10) == b"late"
    writer.join()


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="a device of POSIX")  # noqa: PTH110 - as text
def test_a_device_without_end_is_read_up_to_the_limit() -> None:
    assert read_file(Path("/dev/zero"), 3_000_000) == b"\0" * 3_000_001
