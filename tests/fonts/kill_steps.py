"""Sessions that are killed at every step: a program, so that it can fork.

    python -m tests.fonts.kill_steps FOLDER

Each round is a process that kills itself just before the n-th thing that it does to the system: a file made, linked,
renamed or removed, a folder made or removed, a program started. Then others come, and have to find the user as they would
have been. Prints a line for each walk, and ends with 0 where none went wrong.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fonts.foundry import collection, face
from tests.fonts.font_user import FONTCONFIG, Ward

if TYPE_CHECKING:
    from collections.abc import Callable

EFFECTS = {"os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "subprocess.Popen"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
FONTS = {"Walk-One": "a.ttf", "WalkTwo": "b.ttc", "WalkThree": "b.ttc"}


def in_a_process(action: Callable[[], object], step: int = 0) -> bool:
    """Run it in a process of its own, which dies at this step. Returns whether it did."""
    child = os.fork()
    if child == 0:
        _die_at(step)
        try:
            action()
        except BaseException:  # noqa: BLE001 - the boundary of a process
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return True
    assert os.waitstatus_to_exitcode(status) == 0
    return False


def _die_at(step: int) -> None:
    done = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal done
        if event in EFFECTS or (event == "open" and arguments[2] & WRITES):
            done += 1
            if done == step:
                os.kill(os.getpid(), signal.SIGKILL)

    if step:
        sys.addaudithook(watch)


class Round:
    """A user who had a font before, with a job that brings three more."""

    def __init__(self, folder: Path, *, tools: bool) -> None:
        self.ward = Ward(folder, tools=tools and FONTCONFIG)
        own = self.ward.system.folder
        own.mkdir(parents=True)
        (own / "a.ttf").write_bytes(face("Users-Own"))
        self.wanted = self.ward.job(
            "job", FONTS, a_ttf=face("Walk-One"), b_ttc=collection("WalkTwo", "WalkThree")
        )
        self.ward.session("session-1")
        self.before = self.ward.everything()

    def install(self) -> None:
        report = self.ward.install(self.wanted)
        assert not report.missing, report

    def as_before(self) -> None:
        now = self.ward.everything()
        assert now == self.before, now.keys() ^ self.before.keys()

    def next_session(self) -> None:
        """One that brings no fonts, and sweeps."""
        self.ward.install((), "session-2")
        self.as_before()


def installing_then_over(here: Round, step: int) -> bool:
    died = in_a_process(here.install, step)
    here.ward.over()
    here.next_session()
    return died


def installing_then_again(here: Round, step: int) -> bool:
    died = in_a_process(here.install, step)
    here.install()
    here.ward.remove()
    here.as_before()
    return died


def removing_then_over(here: Round, step: int) -> bool:
    here.install()
    died = in_a_process(here.ward.remove, step)
    here.ward.over()
    here.next_session()
    return died


def beside_another(here: Round, step: int) -> bool:
    """What another session uses stays through all of it."""
    other = here.ward.job("other", {"Walk-One": "a.ttf"}, a_ttf=face("Walk-One"))
    here.ward.install(other, "session-3")

    def come_and_go() -> None:
        here.install()
        here.ward.remove()

    died = in_a_process(come_and_go, step)
    here.ward.over()
    assert not here.ward.install(other, "session-3").missing
    assert [path.name for path in here.ward.system.folder.iterdir()] in (
        ["a.ttf", "a-2.ttf"],
        ["a-2.ttf", "a.ttf"],
    )
    here.ward.remove("session-3")
    here.as_before()
    return died


WALKS = {
    installing_then_over: True,
    installing_then_again: False,
    removing_then_over: True,
    beside_another: False,
}
"""The walks, and whether fontconfig's tools take part: they take most of the time."""


def main(folder: Path) -> int:
    """Walk until a round is not killed any more."""
    for walk, tools in WALKS.items():
        for step in count(1):
            here = Round(folder / f"{walk.__name__}-{step}", tools=tools)
            if not walk(here, step):
                print(f"{walk.__name__}: {step - 1} steps", flush=True)
                break
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
