"""The matrix, runs: whatever ends or disturbs a run, at instants that a seed chooses, spread over all its
phases.

A chain is one output and several runs of it, each disturbed once. What was whole before a run must not be
rendered by it; once a run has come to its end, more frames are asked for; at the end of the chain a run that
nobody disturbs finishes the rest. So the later runs of a chain are met while they resume.

    STMPO_FAULTS_SEED=7 STMPO_FAULTS_INSTANTS=500 python -m pytest tests/faults/test_instants.py

tries other instants, and more of them. A failure names its seed.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from stmpo.model.errors import ExitCode
from stmpo.testing import FrameCosts, Scenario
from tests.engine.studio import TEST_TIMEOUT, Outcome
from tests.faults.conftest import Pool, chosen
from tests.faults.ground import Ground
from tests.faults.judge import LIMIT, Job, Judge

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = int(os.environ.get("STMPO_FAULTS_SEED", "20"))
INSTANTS = int(os.environ.get("STMPO_FAULTS_INSTANTS", "50"))
"""For each kind of disturbance."""

IN_A_CHAIN = 5
MORE = 8
"""Frames that are asked for, and that many more after each run that came to its end."""

SLOW = Scenario(costs=FrameCosts(0.04, {4: 0.3, 12: 0.3, 19: 0.3}), tree=False, last=500)
LOOK = 0.005

PHASES = ("loading", "checking", "beginning", "launching", "rendering", "delivering", "ending")
SIGNALS = ("SIGTERM", "SIGINT", "SIGKILL")
KINDS = (*SIGNALS, "SIGSTOP and SIGCONT", "closed output", "parent gone")


@dataclass(frozen=True, slots=True)
class Chain:
    """Several runs of one output, each disturbed in the same way."""

    kind: str
    number: int
    length: int

    def __str__(self) -> str:
        return f"{self.kind}, chain {self.number}"


CHAINS = [
    Chain(kind, number, min(IN_A_CHAIN, INSTANTS - first))
    for kind in KINDS
    for number, first in enumerate(range(0, INSTANTS, IN_A_CHAIN))
]


class Play:
    """A chain under way."""

    def __init__(self, chain: Chain, ground: Ground) -> None:
        self._chain = chain
        self._ground = ground
        self._chance = random.Random(f"{SEED} {chain}")
        self._frames = MORE
        self.where = ""
        """Which instant this is, for the report of a failure."""

    def run(self) -> None:
        """All its instants, and the run that finishes the rest."""
        try:
            for number in range(self._chain.length):
                phase = PHASES[(self._chain.number * IN_A_CHAIN + number) % len(PHASES)]
                self.where = f"seed {SEED}, {self._chain}, instant {number} ({phase})"
                self._disturbed(phase)
            self.where = f"seed {SEED}, {self._chain}, the last run"
            self._judge.next_run()
        except AssertionError as error:
            raise AssertionError(f"{self.where}: {error}") from error
        finally:
            self._ground.clear()

    @property
    def _job(self) -> Job:
        frames = tuple(range(1, self._frames + 1))
        return Job(frames, options=("--frames", f"1-{self._frames}", "--concurrency", "3"))

    @property
    def _judge(self) -> Judge:
        return Judge(self._ground, self._job)

    def _disturbed(self, phase: str) -> None:
        """One run, disturbed once, and what must hold afterwards."""
        ground, judge = self._ground, self._judge
        whole, before = judge.whole(), len(ground.starts())
        outcome = self._carry_out(phase)
        killed = self._chain.kind == "SIGKILL"
        judge.nothing_left(timeout=LIMIT if killed else 0.5)
        judge.frames(frozenset() if outcome.code == ExitCode.OK else None)
        twice = sorted(set(ground.asked(before)) & whole)
        assert twice == [], f"frames {twice} were whole and were rendered again"
        self._check_words(outcome, began=len(ground.starts()) > before)
        if outcome.code == ExitCode.OK:
            self._frames += MORE
        elif not killed:
            assert [path.name for path in ground.out.glob(".stmpo-*.part")] == [], "halves"

    def _check_words(self, outcome: Outcome, *, began: bool) -> None:
        kind = self._chain.kind
        if kind not in SIGNALS:
            assert outcome.code == ExitCode.OK, outcome.output[-900:]
        elif outcome.code == ExitCode.CANCELLED:
            assert f"cancelled by {kind}" in outcome.output, outcome.output[-900:]
        elif outcome.code != ExitCode.OK:
            # Python itself needs its first milliseconds to be able to say anything.
            assert kind == "SIGKILL" or not began, (outcome.code, outcome.output[-900:])
        assert kind == "SIGINT" or "\nTraceback" not in outcome.output, outcome.output[-900:]

    def _carry_out(self, phase: str) -> Outcome:
        kind, command = self._chain.kind, self._ground.command(*self._job.options)
        if kind == "parent gone":
            command = ["/bin/sh", "-c", '"$@" & wait', "sh", *command]
        log = self._ground.folder / "run.log"
        with log.open("wb") as file:
            run = subprocess.Popen(
                command,
                env=self._ground.environment(SLOW),
                cwd=self._ground.folder,
                stdout=subprocess.PIPE if kind == "closed output" else file,
                stderr=subprocess.STDOUT,
            )
        try:
            self._await(phase, run)
            self._disturb(run)
            code = run.wait(TEST_TIMEOUT)
            if kind == "parent gone":
                code = self._orphan_ended()
        finally:
            run.kill()
            run.wait()
            if run.stdout is not None:
                run.stdout.close()
        return Outcome(code, log.read_text(encoding="utf-8", errors="replace"))

    def _disturb(self, run: subprocess.Popen[bytes]) -> None:
        kind = self._chain.kind
        if kind == "closed output":
            assert run.stdout is not None
            run.stdout.close()
        elif kind == "SIGSTOP and SIGCONT":
            run.send_signal(signal.SIGSTOP)
            time.sleep(0.1 + 0.2 * self._chance.random())
            run.send_signal(signal.SIGCONT)
        else:
            run.send_signal(signal.SIGKILL if kind == "parent gone" else getattr(signal, kind))

    def _orphan_ended(self) -> int:
        """A run whose parent is gone goes on to its end; nobody gets its exit code, so its last words stand
        for it.
        """
        assert self._ground.survivors(TEST_TIMEOUT) == {}, "processes"
        wanted = f"{self._frames} of {self._frames} frames delivered"
        return ExitCode.OK if wanted in self._ground.log else ExitCode.INTERNAL

    def _await(self, phase: str, run: subprocess.Popen[bytes]) -> None:
        """Wait for a phase, and then for a part of it."""
        ground, part = self._ground, self._chance.random()
        starts, there = len(ground.starts()), ground.delivered()
        runs = self._runs()
        some = 1 + int(part * (self._frames - there - 1))
        reached: dict[str, Callable[[], bool]] = {
            "loading": lambda: True,
            "checking": ground.scratch.exists,
            "beginning": lambda: self._runs() > runs,
            "launching": lambda: len(list((ground.stage / "state").glob("start-*.json"))) > starts,
            "rendering": lambda: len(ground.rendered()) >= there + some,
            "delivering": lambda: ground.delivered() > there,
            "ending": lambda: ground.delivered() >= self._frames,
        }
        while run.poll() is None and not reached[phase]():
            if run.stdout is not None:
                os.set_blocking(run.stdout.fileno(), False)
                run.stdout.read()
            time.sleep(LOOK)
        time.sleep(part * {"loading": 0.2, "checking": 0.1, "ending": 0.05}.get(phase, 0.1))

    def _runs(self) -> int:
        journals = list(self._ground.out.glob(".*.stmpo.jsonl")) if self._ground.out.is_dir() else []
        return sum(path.read_bytes().count(b'"event":"run"') for path in journals)


@pytest.fixture(scope="module")
def chains(request: pytest.FixtureRequest, pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> Pool:
    """All the chains that were chosen, at work."""
    for chain in chosen(request, "chain"):
        assert isinstance(chain, Chain)
        pool.enter(str(chain), Play(chain, Ground(tmp_path_factory.mktemp("chain"))).run)
    return pool


@pytest.mark.parametrize("chain", CHAINS, ids=str)
def test_disturbed_at_any_instant(chain: Chain, chains: Pool) -> None:
    """No frame is lost, none is rendered twice, nothing is left, and what ended the run is said."""
    chains.outcome(str(chain))
