"""Rows run several at a time: they mostly wait. The tests only fetch what became of theirs."""

from __future__ import annotations

import os
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.faults.ground import Ground

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AT_A_TIME = 6


def pytest_ignore_collect() -> bool | None:
    """Leave this folder out where there is no /proc to look for processes in."""
    return None if sys.platform == "linux" else True


class Pool:
    """Runs what tests of one module wait for. `enter` everything first; `outcome` waits for one of it."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="row")
        self._futures: dict[str, Future[None]] = {}

    def enter(self, name: str, play: Callable[[], None]) -> None:
        """Have it played, once."""
        if name not in self._futures:
            self._futures[name] = self._threads.submit(play)

    def outcome(self, name: str) -> None:
        """Wait for it; raises what it raised."""
        self._futures[name].result()

    def close(self) -> None:
        """Nothing more is wanted."""
        self._threads.shutdown(cancel_futures=True)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """A pool for a module's rows."""
    made = Pool()
    yield made
    made.close()


def chosen(request: pytest.FixtureRequest, parameter: str) -> list[object]:
    """The rows of the requesting test's module that this session was asked to test."""
    return [
        item.callspec.params[parameter]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == request.path and hasattr(item, "callspec")
        if parameter in item.callspec.params
    ]


def seed(default: int) -> int:
    """What chooses random moments; `STMPO_FAULTS_SEED` sets another."""
    return int(os.environ.get("STMPO_FAULTS_SEED", default))


@pytest.fixture(scope="module")
def rows(request: pytest.FixtureRequest, pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> Pool:
    """All the rows of a module's matrix that were chosen, at work: each is played by the module's `play`."""
    for row in chosen(request, "row"):
        ground = Ground(tmp_path_factory.mktemp("row"))
        pool.enter(str(row), partial(request.module.play, row, ground))
    return pool
