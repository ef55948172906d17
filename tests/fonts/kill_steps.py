"""Sessions that are killed at every step. A program of its own, so that it can fork.

    python -m tests.fonts.kill_steps FOLDER

Each round starts a process that kills itself just before its n-th change to the system: a file created,
linked, renamed or removed, a folder created or removed, a program started. Later sessions must then restore
the user's folders. Prints a line per scenario; the exit code is 0 if all of them pass.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fonts.font_user import FONTCONFIG, FontUser
from tests.fonts.foundry import collection, face

if TYPE_CHECKING:
    from collections.abc import Callable

EFFECTS = {"os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "subprocess.Popen"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
FONTS = {"Walk-One": "a.ttf", "WalkTwo": "b.ttc", "WalkThree": "b.ttc"}


def in_a_process(action: Callable[[], object], step: int = 0) -> bool:
    """Run the action in a process that dies at this step. Return whether it died."""
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
    """A user with one font, and a job that brings three more."""

    def __init__(self, folder: Path, *, tools: bool) -> None:
        self.user = FontUser(folder, tools=tools and FONTCONFIG)
        own = self.user.system.folder
        own.mkdir(parents=True)
        (own / "a.ttf").write_bytes(face("Users-Own"))
        self.wanted = self.user.job(
            "job", FONTS, a_ttf=face("Walk-One"), b_ttc=collection("WalkTwo", "WalkThree")
        )
        self.user.session("session-1")
        self.before = self.user.everything()

    def install(self) -> None:
        report = self.user.install(self.wanted)
        assert not report.missing, report

    def as_before(self) -> None:
        now = self.user.everything()
        assert now == self.before, now.keys() ^ self.before.keys()

    def next_session(self) -> None:
        """Run a session without fonts, which removes leftovers."""
        self.user.install((), "session-2")
        self.as_before()


def installing_then_over(here: Round, step: int) -> bool:
    died = in_a_process(here.install, step)
    here.user.over()
    here.next_session()
    return died


def installing_then_again(here: Round, step: int) -> bool:
    died = in_a_process(here.install, step)
    here.install()
    here.user.remove()
    here.as_before()
    return died


def removing_then_over(here: Round, step: int) -> bool:
    here.install()
    died = in_a_process(here.user.remove, step)
    here.user.over()
    here.next_session()
    return died


def beside_another(here: Round, step: int) -> bool:
    """Check that the font of another session stays throughout."""
    other = here.user.job("other", {"Walk-One": "a.ttf"}, a_ttf=face("Walk-One"))
    here.user.install(other, "session-3")

    def come_and_go() -> None:
        here.install()
        here.user.remove()

    died = in_a_process(come_and_go, step)
    here.user.over()
    assert not here.user.install(other, "session-3").missing
    assert [path.name for path in here.user.system.folder.iterdir()] in (
        ["a.ttf", "a-2.ttf"],
        ["a-2.ttf", "a.ttf"],
    )
    here.user.remove("session-3")
    here.as_before()
    return died


SCENARIOS = {
    installing_then_over: True,
    installing_then_again: False,
    removing_then_over: True,
    beside_another: False,
}
"""The scenarios, and whether fontconfig's tools are used: they take most of the time."""


def main(folder: Path) -> int:
    """Run each scenario with a later kill until no kill happens any more."""
    for scenario, tools in SCENARIOS.items():
        for step in count(1):
            here = Round(folder / f"{scenario.__name__}-{step}", tools=tools)
            if not scenario(here, step):
                print(f"{scenario.__name__}: {step - 1} steps", flush=True)
                break
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
