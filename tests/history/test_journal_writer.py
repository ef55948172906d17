"""Lines that are appended to a file: in order, and waited for, but not for ever."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from stmpo.history import journal_writer
from stmpo.history.journal_writer import JournalWriter
from stmpo.system.files import APPEND_FLAGS
from stmpo.system.locks import try_lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows lets nobody remove a file that is open")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file lies."""
    return tmp_path / "folder" / "lines"


def opened(path: Path) -> JournalWriter:
    """A writer over a new or old file."""
    path.parent.mkdir(exist_ok=True)
    descriptor = os.open(path, APPEND_FLAGS)
    assert try_lock(descriptor)
    return JournalWriter(path, descriptor, torn=False)


def test_a_file_that_hangs_is_not_waited_for_and_gets_its_lines_once_it_answers(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, answers = os.write, threading.Event()

    def hanging(descriptor: int, data: bytes) -> int:
        answers.wait()
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", hanging)
    monkeypatch.setattr(journal_writer, "WRITE_TIMEOUT", 0.05)
    lines = opened(path)
    for line in (b"1\n", b"2\n", b"3\n"):
        lines.write(line)
    assert lines.hangs
    assert lines.waiting == 3
    monkeypatch.setattr(journal_writer, "WRITE_TIMEOUT", 30.0)
    answers.set()
    lines.close()
    assert path.read_bytes() == b"1\n2\n3\n"


def test_a_file_that_never_answers_keeps_nobody_from_closing_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()
    monkeypatch.setattr(os, "write", lambda _, data: answers.wait() and len(data))
    monkeypatch.setattr(journal_writer, "WRITE_TIMEOUT", 0.05)
    lines = opened(path)
    lines.write(b"1\n")
    lines.close()
    assert lines.waiting == 1
    answers.set()


def test_where_the_system_grants_no_thread_lines_are_written_all_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    lines = opened(path)
    lines.write(b"1\n")
    lines.close()
    assert path.read_bytes() == b"1\n"


@POSIX
@pytest.mark.parametrize("remove", ["the file", "its folder"])
def test_what_somebody_removes_is_put_back_with_all_that_it_held(
    path: Path, remove: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_writer, "FLUSH_INTERVAL", 0.0)
    lines = opened(path)
    lines.write(b"1\n")
    path.unlink()
    if remove == "its folder":
        path.parent.rmdir()
    lines.write(b"2\n")
    assert path.exists() is (remove == "the file")  # frames must not go on into a folder that nobody knows of
    lines.write(b"3\n")
    lines.close()
    assert path.read_bytes() == b"1\n2\n3\n"


@POSIX
def test_it_keeps_its_lock_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_writer, "FLUSH_INTERVAL", 0.0)
    lines = opened(path)
    lines.write(b"1\n")
    path.unlink()
    lines.write(b"2\n")
    other = os.open(path, os.O_RDWR)
    assert not try_lock(other)
    lines.close()
    assert try_lock(other)
    os.close(other)


@POSIX
def test_one_that_another_run_has_begun_in_its_place_is_left_alone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_writer, "FLUSH_INTERVAL", 0.0)
    lines = opened(path)
    lines.write(b"1\n")
    path.unlink()
    path.write_bytes(b"another's\n")
    other = os.open(path, os.O_RDWR)
    assert try_lock(other)
    lines.write(b"2\n")
    lines.close()
    os.close(other)
    assert path.read_bytes() == b"another's\n"


def _cut(path: Path) -> None:
    os.truncate(path, 1)


def _appended(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"not ours\n")


def _rewritten(path: Path) -> None:
    path.write_bytes(b"X\n")


def _replaced(path: Path) -> None:
    new = path.with_name("new")
    new.write_bytes(b"old 1\nan editor's\n")
    new.replace(path)


def _moved(path: Path) -> None:
    path.rename(path.with_name("moved"))


def _folder_moved(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))
    path.parent.mkdir()


def _linked(path: Path) -> None:
    path.with_name("second").hardlink_to(path)


@POSIX
@pytest.mark.parametrize(
    ("change", "notice"),
    [
        (_cut, "contents"),
        (_appended, "contents"),
        (_rewritten, "contents"),
        (_replaced, "another file"),
        (_moved, "moved"),
        (_folder_moved, "moved"),
        (_linked, "second name"),
    ],
)
def test_what_something_else_changes_is_noticed_and_put_back(
    path: Path, change: Callable[[Path], None], notice: str
) -> None:
    path.parent.mkdir()
    path.write_bytes(b"old 1\n")
    lines = opened(path)
    lines.write(b"1\n")
    change(path)
    lines.write(b"2\n")
    lines.write(b"3\n")
    assert path.read_bytes() == b"old 1\n1\n2\n3\n"
    other = os.open(path, os.O_RDWR)
    assert not try_lock(other)
    os.close(other)
    lines.close()
    assert notice in lines.notice
    assert path.read_bytes() == b"old 1\n1\n2\n3\n"


@POSIX
def test_a_change_of_the_same_length_is_put_back_at_the_end(path: Path) -> None:
    lines = opened(path)
    lines.write(b"1\n")
    path.write_bytes(b"9\n")
    lines.write(b"2\n")
    lines.close()
    assert path.read_bytes() == b"1\n2\n"


def test_a_journal_that_nobody_changes_gives_no_notice(path: Path) -> None:
    lines = opened(path)
    for line in (b"1\n", b"2\n"):
        lines.write(line)
    lines.close()
    assert lines.notice == ""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no full device")
def test_a_copy_without_room_costs_nothing_but_itself(path: Path, tmp_path: Path) -> None:
    lines = opened(path)
    full = open("/dev/full", "r+b", buffering=0)  # noqa: PTH123, SIM115 - the writer closes it
    lines._open_copy = lambda: full  # type: ignore[method-assign]
    lines.write(b"1\n")
    lines.write(b"2\n")
    assert path.read_bytes() == b"1\n2\n"
    path.rename(tmp_path / "moved")
    lines.write(b"3\n")
    lines.close()
    assert path.read_bytes() == b"1\n2\n3\n"
