"""When a scenario's faults happen, and those of them that strike the process rather than a frame's file."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from stmpo.testing.scenario import Fault, FaultKind, Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stmpo.model.frames import Span
    from stmpo.renderers.emulator.lines import Voice
    from stmpo.testing.state import FakeState

ANOTHER_INSTANCE = (
    "aerender ERROR: After Effects can not render for aerender. Another instance of aerender, or another script, may be "
    "running; or, AE may be waiting for response from a modal dialog, or for a render to complete. Try running aerender "
    "without the -reuse flag to invoke a separate instance of After Effects"
)
GPU_FAILURE = "After Effects has encountered a failure (code: 19969) related to GPU-enabled effects"
UNREADABLE_SOURCE = "Could not read from source. Please check the settings and try again. ( 86 :: 2 )"


class Moment(Enum):
    """When faults are looked for."""

    LAUNCH = "launch"
    """Before the first PROGRESS line."""

    OPENED = "opened"
    """After the header."""

    FRAME = "frame"
    """Before each frame."""

    END = "end"
    """What changes the end of a render; looked for when its span is known."""


_ANY = {FaultKind.EXIT, FaultKind.CRASH, FaultKind.BUSY, FaultKind.SAY}
_LAUNCH = {
    FaultKind.SLOW_LAUNCH,
    FaultKind.ANOTHER_INSTANCE,
    FaultKind.SILENT_AFTER_LAUNCH,
    FaultKind.HANG_AT_LAUNCH,
    FaultKind.STUBBORN,
    FaultKind.ESCAPE,
    FaultKind.BALLAST,
    FaultKind.FORCED_EXTENSION,
}
_END = {FaultKind.CUT_SHORT, FaultKind.MISSING_LINES, FaultKind.DIES_AFTER, FaultKind.NEVER_EXITS}


class Ended(Exception):  # noqa: N818 - an end that was played, not an error
    """The fake ends here, with this exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Faults:
    """A scenario's faults, as they strike one process."""

    scenario: Scenario
    state: FakeState
    span: Span
    """The frames that this process was asked for."""

    def at(self, moment: Moment, frame: int | None = None) -> Iterator[Fault]:
        """The faults that happen now; each is counted as it is yielded."""
        for index, fault in enumerate(self.scenario.faults):
            if self._meant(fault, moment, frame) and self._drawn(index, fault, frame):
                yield fault

    def _meant(self, fault: Fault, moment: Moment, frame: int | None) -> bool:
        on, kind = fault.on, fault.kind
        if on.start not in {None, self.state.number}:
            return False
        if moment is Moment.FRAME:
            by_frame = on.frame is not None or kind not in _ANY | {FaultKind.HANG}
            return kind not in _LAUNCH | _END and by_frame and on.frame in {None, frame}
        if kind in _LAUNCH | _END:
            here = Moment.LAUNCH if kind in _LAUNCH else Moment.END
            return moment is here and (on.frame is None or on.frame in self.span)
        here = Moment.OPENED if kind is FaultKind.HANG else Moment.LAUNCH
        return kind in _ANY | {FaultKind.HANG} and moment is here and on.frame is None

    def _drawn(self, index: int, fault: Fault, frame: int | None) -> bool:
        on = fault.on
        if on.probability < 1:
            asked = self.state.count(f"asked-{index}-{frame}")
            if random.Random(f"{self.scenario.seed} {index} {frame} {asked}").random() >= on.probability:  # noqa: S311
                return False
        return on.times is None or self.state.count(f"fault-{index}", on.times) <= on.times


class Strikes:
    """Faults of the process itself. `strike` says whether it knew the kind."""

    def __init__(self, state: FakeState, voice: Voice) -> None:
        self._state = state
        self._voice = voice
        self._ballast: list[bytes] = []

    def strike(self, fault: Fault) -> bool:
        """Play a fault.

        Raises:
            Ended: it ends the process.
        """
        play = {
            FaultKind.SLOW_LAUNCH: self._sleep,
            FaultKind.ANOTHER_INSTANCE: self._another_instance,
            FaultKind.SILENT_AFTER_LAUNCH: self._silent,
            FaultKind.HANG_AT_LAUNCH: self._hang,
            FaultKind.HANG: self._hang,
            FaultKind.STUBBORN: self._stubborn,
            FaultKind.ESCAPE: self._escape,
            FaultKind.BALLAST: self._hold,
            FaultKind.EXIT: self._exit,
            FaultKind.CRASH: self._crash,
            FaultKind.DIES_AFTER: self._crash,
            FaultKind.BUSY: self._busy,
            FaultKind.SAY: self._say,
        }.get(fault.kind)
        if play is not None:
            play(fault)
        return play is not None

    @staticmethod
    def _sleep(fault: Fault) -> None:
        time.sleep(fault.seconds)

    def _another_instance(self, _: Fault) -> None:
        self._voice.say(ANOTHER_INSTANCE)
        raise Ended(7)

    @staticmethod
    def _silent(_: Fault) -> None:
        raise Ended(0)

    @staticmethod
    def _hang(_: Fault) -> None:
        hang()

    @staticmethod
    def _stubborn(_: Fault) -> None:
        for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_IGN)

    def _escape(self, fault: Fault) -> None:
        output = None if fault.hold_output else subprocess.DEVNULL
        child = subprocess.Popen(
            [sys.executable, "-S", "-E", "-c", f"import time; time.sleep({fault.seconds!r})"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        child.returncode = 0  # it outlives this process on purpose: nothing to warn of when the handle goes
        self._state.born(child.pid)

    def _hold(self, fault: Fault) -> None:
        self._ballast.append(b"\1" * (fault.megabytes * 2**20))

    def _exit(self, fault: Fault) -> None:
        if fault.text:
            self._voice.say(fault.text)
        raise Ended(fault.code)

    @staticmethod
    def _crash(fault: Fault) -> None:
        number = getattr(signal, fault.signal, None) if fault.signal else None
        if number is not None:
            os.kill(os.getpid(), number)
        os._exit(status(fault.code) if os.name == "nt" else fault.code & 0xFF)

    @staticmethod
    def _busy(fault: Fault) -> None:
        until = time.monotonic() + fault.seconds
        while time.monotonic() < until:
            sum(range(5000 * fault.repeat))
            time.sleep(0.02)

    def _say(self, fault: Fault) -> None:
        words = bytes.fromhex(fault.hex) if fault.hex else fault.text.encode(fault.encoding, "replace")
        self._voice.raw((words + fault.end.encode()) * fault.repeat)


def status(code: int) -> int:
    """An exit code as a C program gives it: of Windows' 32 bits, such as 0xC0000005, the upper half is negative."""
    return code - (1 << 32) if code >> 31 == 1 else code


def hang() -> None:
    """Do nothing, for ever."""
    while True:
        time.sleep(3600)
