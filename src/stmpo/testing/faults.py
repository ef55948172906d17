"""When a scenario's faults happen, and the faults that concern the process, not a frame's file."""

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
    from collections.abc import Callable, Iterator

    from stmpo.model.frames import Span
    from stmpo.renderers.emulator.log_lines import LineWriter
    from stmpo.testing.state import FakeState

ANOTHER_INSTANCE = (
    "aerender ERROR: After Effects can not render for aerender. Another instance of aerender, or another script, may be "
    "running; or, AE may be waiting for response from a modal dialog, or for a render to complete. Try running aerender "
    "without the -reuse flag to invoke a separate instance of After Effects"
)
GPU_FAILURE = "After Effects has encountered a failure (code: 19969) related to GPU-enabled effects"
MISSING_TEMPLATE = "aerender ERROR: No output module template was found with the given name."
ITEM_DONE = (
    'aerender Error: After Effects error: Can not call "applyTemplate" when RenderQueueItem status is not UNQUEUED or '
    "QUEUED, but DONE."
)
MISSING_FILE = "/plates/sky_0012.tif"
NO_LICENCE = "Unable to obtain a license"
UNREADABLE_SOURCE = "Could not read from source. Please check the settings and try again. ( 86 :: 2 )"


class Moment(Enum):
    """When faults are looked up."""

    LAUNCH = "launch"
    """Before the first PROGRESS line."""

    OPENED = "opened"
    """After the header."""

    FRAME = "frame"
    """Before each frame."""

    END = "end"
    """For faults that change the end of a render; looked up as soon as the span is known."""


_ANY_MOMENT = {FaultKind.EXIT, FaultKind.CRASH, FaultKind.BUSY, FaultKind.SAY, FaultKind.TRICKLE}
_AT_LAUNCH = {
    FaultKind.SLOW_LAUNCH,
    FaultKind.ANOTHER_INSTANCE,
    FaultKind.SILENT_AFTER_LAUNCH,
    FaultKind.HANG_AT_LAUNCH,
    FaultKind.STUBBORN,
    FaultKind.ESCAPE,
    FaultKind.BALLAST,
    FaultKind.FORCED_EXTENSION,
    FaultKind.MISSING_TEMPLATE,
    FaultKind.ITEM_DONE,
    FaultKind.LICENCE_TOO_MANY,
}
_AFTER_HEADER = {
    FaultKind.MISSING_FOOTAGE,
    FaultKind.FOOTAGE_NOT_FOUND,
    FaultKind.MISSING_EFFECT,
    FaultKind.MISSING_LAYER,
    FaultKind.EXPRESSION_DISABLED,
}
_AT_END = {
    FaultKind.NO_SKIPPING,
    FaultKind.CUT_SHORT,
    FaultKind.EXTRA_FILE,
    FaultKind.LOGGED_ERRORS,
    FaultKind.MISSING_LINES,
    FaultKind.DIES_AFTER,
    FaultKind.NEVER_EXITS,
}
_MOMENTS = {
    **dict.fromkeys(_AT_LAUNCH, Moment.LAUNCH),
    **dict.fromkeys(_AFTER_HEADER, Moment.OPENED),
    **dict.fromkeys(_AT_END, Moment.END),
}
"""Kinds that happen at one moment of a process."""

TOO_MANY = {FaultKind.LICENCE_TOO_MANY, FaultKind.GPU_TOO_MANY, FaultKind.ENCODER_TOO_MANY}
"""Kinds that happen only while other starts are active."""


class FakeExit(Exception):  # noqa: N818 - an end that the scenario asks for, not an error
    """The fake ends here, with this exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Faults:
    """Selects the faults of a scenario that happen in one process."""

    scenario: Scenario
    state: FakeState
    span: Span
    """The frames that this process was asked for."""

    def at(self, moment: Moment, frame: int | None = None) -> Iterator[Fault]:
        """Yield the faults that happen now, and count each."""
        for index, fault in enumerate(self.scenario.faults):
            if self._applies(fault, moment, frame) and self._is_due(index, fault, frame):
                yield fault

    def _applies(self, fault: Fault, moment: Moment, frame: int | None) -> bool:
        on, kind = fault.on, fault.kind
        if on.start not in {None, self.state.number}:
            return False
        if kind in TOO_MANY and self._other_starts(kind) < fault.count:
            return False
        if kind in _MOMENTS:
            return moment is _MOMENTS[kind] and (on.frame is None or on.frame in self.span)
        if moment is Moment.FRAME:
            by_frame = on.frame is not None or kind not in _ANY_MOMENT | {FaultKind.HANG}
            return by_frame and on.frame in {None, frame}
        here = Moment.OPENED if kind is FaultKind.HANG else Moment.LAUNCH
        return kind in _ANY_MOMENT | {FaultKind.HANG} and moment is here and on.frame is None

    def _other_starts(self, kind: FaultKind) -> int:
        return self.state.other_active_starts(earlier=kind is FaultKind.LICENCE_TOO_MANY)

    def _is_due(self, index: int, fault: Fault, frame: int | None) -> bool:
        on = fault.on
        if on.probability < 1:
            asked = self.state.count(f"asked-{index}-{frame}")
            if random.Random(f"{self.scenario.seed} {index} {frame} {asked}").random() >= on.probability:  # noqa: S311
                return False
        return on.times is None or self.state.count(f"fault-{index}", on.times) <= on.times


class ProcessFaults:
    """Plays the faults that concern the process itself."""

    def __init__(self, state: FakeState, writer: LineWriter) -> None:
        self._state = state
        self._writer = writer
        self._ballast: list[bytes] = []

    def play(self, fault: Fault) -> bool:
        """Play a fault; return False if its kind concerns frames.

        Raises:
            FakeExit: it ends the process.
        """
        play: Callable[[], object] | None = {
            FaultKind.SLOW_LAUNCH: lambda: time.sleep(fault.seconds),
            FaultKind.ANOTHER_INSTANCE: lambda: self._exit(7, ANOTHER_INSTANCE),
            FaultKind.SILENT_AFTER_LAUNCH: lambda: self._exit(0),
            FaultKind.HANG_AT_LAUNCH: hang,
            FaultKind.HANG: hang,
            FaultKind.STUBBORN: _ignore_signals,
            FaultKind.ESCAPE: lambda: self._escape(fault),
            FaultKind.BALLAST: lambda: self._ballast.append(b"\1" * (fault.megabytes * 2**20)),
            FaultKind.MISSING_TEMPLATE: lambda: self._exit(7, fault.text or MISSING_TEMPLATE),
            FaultKind.ITEM_DONE: lambda: self._exit(9, ITEM_DONE),
            FaultKind.LICENCE_TOO_MANY: lambda: self._exit(1, NO_LICENCE),
            FaultKind.FOOTAGE_NOT_FOUND: lambda: self._exit(
                9, f"aerender ERROR: Unable to render: File not found {fault.text or MISSING_FILE}"
            ),
            FaultKind.EXIT: lambda: self._exit(fault.code, fault.text),
            FaultKind.CRASH: lambda: _crash(fault),
            FaultKind.DIES_AFTER: lambda: _crash(fault),
            FaultKind.BUSY: lambda: _busy(fault),
            FaultKind.SAY: lambda: self._print(fault),
            FaultKind.TRICKLE: lambda: self._trickle(fault),
        }.get(fault.kind)
        if play is not None:
            play()
        return play is not None

    def _exit(self, code: int, text: str = "") -> None:
        if text:
            self._writer.write(text)
        raise FakeExit(code)

    def _print(self, fault: Fault) -> None:
        text = bytes.fromhex(fault.hex) if fault.hex else fault.text.encode(fault.encoding, "replace")
        self._writer.write_bytes((text + fault.end.encode()) * fault.repeat)

    def _trickle(self, fault: Fault) -> None:
        while True:
            self._print(fault)
            time.sleep(fault.seconds)

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
        child.returncode = 0  # it outlives this process on purpose: no warning when the handle is dropped
        self._state.record_process(child.pid)


def _ignore_signals() -> None:
    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def _crash(fault: Fault) -> None:
    number = getattr(signal, fault.signal, None) if fault.signal else None
    if number is not None:
        os.kill(os.getpid(), number)
    os._exit(exit_status(fault.code) if os.name == "nt" else fault.code & 0xFF)


def _busy(fault: Fault) -> None:
    until = time.monotonic() + fault.seconds
    while time.monotonic() < until:
        sum(range(5000 * fault.repeat))
        time.sleep(0.02)


def exit_status(code: int) -> int:
    """Convert an exit code to a C int: the upper half of Windows' 32 bits (0xC0000005) is negative."""
    return code - (1 << 32) if code >> 31 == 1 else code


def hang() -> None:
    """Sleep without end."""
    while True:
        time.sleep(3600)
