"""A session is alive while its folder, boot and agent exist; an undecidable one counts as alive."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from stmpo.fonts.install import session_liveness
from stmpo.fonts.install.leases import LeaseHolder, SessionToken
from stmpo.fonts.install.session_liveness import is_alive, make_token

if TYPE_CHECKING:
    from pathlib import Path


class Ancestor:
    """A process, by when it was started: seconds before or after the session's folder was made."""

    def __init__(self, pid: int, started: float) -> None:
        self.pid = pid
        self._started = started

    def create_time(self) -> float:
        return self._started


def with_ancestors(monkeypatch: pytest.MonkeyPatch, folder: Path, *ages: float) -> None:
    begun = folder.lstat().st_ctime
    chain = [Ancestor(100 + at, begun + age) for at, age in enumerate(ages)]
    monkeypatch.setattr(psutil.Process, "parents", lambda _: chain)


@pytest.mark.parametrize(
    ("ages", "holder"),
    [
        ((0.4, -60.0, -900.0), 101),  # the action's shell, the agent, what started the agent
        ((0.1, -0.9, -900.0), 102),  # an agent that may as well be younger is passed over
        ((0.4,), None),  # nobody older can be seen
        ((), None),
    ],
)
def test_the_holder_is_the_nearest_ancestor_that_is_older_than_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ages: tuple[float, ...], holder: int | None
) -> None:
    with_ancestors(monkeypatch, tmp_path, *ages)
    found = make_token(tmp_path, "boot").holder
    assert (found and found.pid) == holder


def test_files_that_come_later_make_the_session_no_younger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder's own time moves with each of them."""
    first = tmp_path / "first"
    first.touch()
    begun = first.lstat().st_ctime
    later = os.stat_result((0, 0, 0, 0, 0, 0, 0, begun + 50, begun + 50, begun + 50))
    lstat = type(tmp_path).lstat
    monkeypatch.setattr(type(tmp_path), "lstat", lambda path: later if path == tmp_path else lstat(path))
    chain = [Ancestor(1, begun + 20), Ancestor(2, begun - 20)]
    monkeypatch.setattr(psutil.Process, "parents", lambda _: chain)
    found = make_token(tmp_path, "boot").holder
    assert found is not None
    assert found.pid == 2


def test_ancestors_that_may_not_be_seen_say_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: psutil.Process) -> list[psutil.Process]:
        raise psutil.AccessDenied(1)

    monkeypatch.setattr(psutil.Process, "parents", refuse)
    assert make_token(tmp_path, "boot").holder is None


class TestLiving:
    """Folder, start of the machine, and lease holder."""

    @pytest.fixture
    def token(self, tmp_path: Path) -> SessionToken:
        me = LeaseHolder(os.getpid(), psutil.Process().create_time())
        return SessionToken(make_token(tmp_path, "boot").host, "boot", me, time.time())

    def test_all_three_there(self, tmp_path: Path, token: SessionToken) -> None:
        assert is_alive(str(tmp_path), token, "boot")

    def test_its_folder_gone_or_a_file(self, tmp_path: Path, token: SessionToken) -> None:
        (tmp_path / "file").touch()
        assert not is_alive(str(tmp_path / "gone"), token, "boot")
        assert not is_alive(str(tmp_path / "file" / "below"), token, "boot")

    def test_the_machine_started_again(self, tmp_path: Path, token: SessionToken) -> None:
        assert not is_alive(str(tmp_path), token, "another")
        assert is_alive(str(tmp_path), token, ""), "where that cannot be told, it says nothing"

    def test_of_one_that_nothing_but_its_folder_tells_of_the_age_decides(self, tmp_path: Path) -> None:
        host = make_token(tmp_path, "").host
        old = time.time() - session_liveness.UNVERIFIABLE_LIFETIME - 1
        assert is_alive(str(tmp_path), SessionToken(host, "", None, time.time()), "")
        assert not is_alive(str(tmp_path), SessionToken(host, "", None, old), "")
        assert not is_alive(str(tmp_path), SessionToken(host, "", None, old), "boot")
        assert is_alive(str(tmp_path), SessionToken(host, "boot", None, old), "boot"), "the machine runs on"

    def test_its_holder_gone_or_another_process_of_its_number(
        self, tmp_path: Path, token: SessionToken
    ) -> None:
        gone = SessionToken(token.host, "boot", LeaseHolder(2**22 + 1, 0.0), token.since)
        other = SessionToken(token.host, "boot", LeaseHolder(os.getpid(), 1000.0), token.since)
        assert not is_alive(str(tmp_path), gone, "boot")
        assert not is_alive(str(tmp_path), other, "boot")

    def test_a_holder_that_may_not_be_seen_lives(
        self, tmp_path: Path, token: SessionToken, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(_: psutil.Process) -> float:
            raise psutil.AccessDenied(1)

        monkeypatch.setattr(psutil.Process, "create_time", refuse)
        assert is_alive(str(tmp_path), token, "boot")
