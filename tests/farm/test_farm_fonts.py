"""Fonts through a whole farm: found beside the project, sent, installed by a real session.

The renderer asks fontconfig itself what it sees. Afterwards the worker's user is as before, byte for byte,
however the session ended.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from stmpo.testing import FrameCosts, Scenario
from tests.farm.grounds import install_renderer, options, renderers, wait_for, why_not
from tests.fonts.foundry import collection, face

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deadline.lot import Lot
    from tests.farm.grounds import Agent, Grounds

pytestmark = [
    pytest.mark.skipif(bool(why_not()), reason=why_not()),
    pytest.mark.skipif(
        shutil.which("fc-list") is None, reason="fontconfig is not installed: apt-get install fontconfig"
    ),
]

NAMES = {"FarmSans-Bold", "FarmSerif"}
SETTLED = 5.0
"""Seconds after which an agent is older than its sessions beyond doubt."""


@pytest.fixture
def worker(whole_farm: Grounds) -> Agent:
    """The one worker, whatever another test has done to the last."""
    whole_farm.staff(1)
    return next(agent for agent in whole_farm.agents if agent.process.poll() is None)


@pytest.fixture
def film(lot: Lot) -> Film:
    """A project of one comp, whose texts use two fonts."""
    return Film(lot)


class Film:
    """What is sent, and what plays on the worker."""

    def __init__(self, lot: Lot) -> None:
        self.lot = lot
        self.stage = lot.folder / "stage"
        self.shelf = lot.folder / "fonts"
        self.shelf.mkdir()
        (self.shelf / "sans.ttf").write_bytes(face("FarmSans-Bold", style="Bold"))
        (self.shelf / "serif.ttc").write_bytes(collection("FarmSerif", "FarmOther"))
        comp = lot.comp("Main", seconds=0.5, rate=12.0)
        for name in sorted(NAMES):
            lot.text(comp, "words").font = name
        lot.queue(comp, "out/f_[####].[fileExtension]")

    def arguments(self, scenario: Scenario, *more: str | Path) -> list[str | Path]:
        """Options of `stmpo submit`."""
        renderer = install_renderer(self.stage, scenario, f"os.system({self._ask!r})")
        sent = options(renderer, processes=1)
        return [self.lot.save(), *sent, "--font-folder", self.shelf, *more]

    def seen(self) -> set[str]:
        """Our fonts, as the renderer has found them."""
        return {name for name in (self.stage / "seen.txt").read_text().split() if name.startswith("Farm")}

    @property
    def _ask(self) -> str:
        """What writes down what fontconfig lists."""
        return f"fc-list --format='%{{postscriptname}}\\n' > '{self.stage / 'seen.txt'}'"


def everything(home: Path) -> dict[str, bytes | None]:
    """Return every file (its bytes) and folder (None) of the worker's user, except the agent's own."""
    found = [path for path in home.rglob("*") if path.relative_to(home).parts[0] not in {".aws", ".deadline"}]
    return {str(path.relative_to(home)): path.read_bytes() if path.is_file() else None for path in found}


def installed(home: Path) -> list[str]:
    folder = home / ".local" / "share" / "fonts"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_cancel_in_the_middle_removes_them_as_well(whole_farm: Grounds, worker: Agent, film: Film) -> None:
    home = worker.home
    (home / "kept.txt").write_text("the user's")
    before = everything(home)
    sent = whole_farm.submit(*film.arguments(Scenario(costs=FrameCosts(600.0))))
    wait_for(lambda: bool(renderers(film.stage)), "a renderer")
    assert installed(home) == ["FarmSans-Bold.ttf", "FarmSerif.ttc"]
    whole_farm.cancel(sent.stdout.strip())
    wait_for(lambda: not whole_farm.busy(), "the session's end")
    wait_for(lambda: not whole_farm.left_behind(), "the session to leave nothing")
    assert everything(home) == before


def test_what_a_killed_worker_leaves_is_swept_by_the_next_session_on_that_machine(
    whole_farm: Grounds, worker: Agent, film: Film
) -> None:
    """The session's folder stays, as after any sudden death: that its agent has gone tells."""
    home = worker.home
    before = everything(home)
    agent = psutil.Process(worker.process.pid)
    wait_for(lambda: time.time() - agent.create_time() > SETTLED, "an agent that has settled")
    whole_farm.submit(*film.arguments(Scenario(costs=FrameCosts(600.0)), "--max-workers", "1"))
    wait_for(lambda: bool(renderers(film.stage)), "a renderer")
    (token,) = json.loads((home / ".stmpo-fonts" / "leases.json").read_text())["sessions"].values()
    assert token["keeper"][0] == agent.pid
    family = agent.children(recursive=True)
    agent.kill()
    worker.process.wait()
    for process in family:  # the machine's end, as far as they can tell
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    assert installed(home) == ["FarmSans-Bold.ttf", "FarmSerif.ttc"], "left behind"
    assert whole_farm.left_behind(), "the session's folder too"
    whole_farm.hire("next", home)
    sent = whole_farm.submit(*film.arguments(Scenario()))
    identity = sent.stdout.strip()
    whole_farm.ended(identity)
    wait_for(lambda: not installed(home), "the next session's end")
    wait_for(lambda: everything(home) == before, "the user to be as before")
    assert film.seen() == NAMES | {"FarmOther"}, "the next session's renderer saw them"
    words = whole_farm.words(identity)
    removed = words.index("fonts: removed ")
    assert removed < words.index("fonts: FarmSans-Bold installed as "), "before it installed its own"
    shutil.rmtree(worker.folder / "sessions")
