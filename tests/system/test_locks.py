"""Exclusive locks: one holder at a time, and none after its process has ended, however it ended."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from stmpo.system.locks import try_lock

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import os, sys
from stmpo.system.locks import try_lock
print(try_lock(os.open(sys.argv[1], os.O_RDWR)), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "locked"
    path.write_bytes(b"some bytes\n")
    return path


def holder(path: Path) -> subprocess.Popen[str]:
    """Another process that has locked the file and keeps it until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    return process


def test_a_lock_of_another_process_is_respected_until_it_is_killed(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        with holder(path) as process:
            assert try_lock(descriptor) is False
            process.kill()
        assert try_lock(descriptor) is True
    finally:
        os.close(descriptor)


def test_closing_the_file_gives_the_lock_back(path: Path) -> None:
    first, second = os.open(path, os.O_RDWR), os.open(path, os.O_RDWR)
    try:
        assert try_lock(first) is True
        assert try_lock(second) is False
        os.close(first)
        assert try_lock(second) is True
    finally:
        os.close(second)


def test_the_position_in_the_file_stays(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.lseek(descriptor, 5, os.SEEK_SET)
        assert try_lock(descriptor)
        assert os.read(descriptor, 5) == b"bytes"
    finally:
        os.close(descriptor)


def test_a_file_that_is_not_open_is_an_error_and_not_a_held_lock(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    os.close(descriptor)
    with pytest.raises(OSError, match="descriptor"):
        try_lock(descriptor)


@pytest.mark.skipif(sys.platform == "win32", reason="flock is what other systems lock by")
def test_a_file_system_that_knows_no_locks_does_not_stop_a_render(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno  # noqa: PLC0415 - beside the module below, which Windows does not have
    import fcntl  # noqa: PLC0415

    def refuse(_: int, __: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    assert try_lock(0) is True
