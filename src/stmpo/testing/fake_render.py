"""The fake After Effects: sleeps per frame, writes stamped pictures, prints lines and plays faults."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.model.frames import Span
from stmpo.renderers.emulator.arguments import (
    AerenderArguments,
    AerenderError,
    AerenderExitCode,
    OutputFile,
    claim,
    resolve,
    runtime_error,
)
from stmpo.renderers.emulator.log_lines import Item, LineWriter, LogLines
from stmpo.testing.faults import (
    ANOTHER_INSTANCE,
    GPU_FAILURE,
    MISSING_FILE,
    TOO_MANY,
    UNREADABLE_SOURCE,
    FakeExit,
    Faults,
    Moment,
    ProcessFaults,
    hang,
)
from stmpo.testing.images import Picture, encode
from stmpo.testing.movies import movie
from stmpo.testing.scenario import Fault, FaultKind, Scenario

if TYPE_CHECKING:
    from stmpo.testing.state import FakeState

SLEEP_SECONDS = 0.05
"""Seconds between two counts of the other active renderers, if they matter to the scenario."""

_FORMATS = {".mov": "QuickTime", ".mp4": "H.264", ".tif": "TIFF", ".jpg": "JPEG", ".psd": "Photoshop"}


_PARTS = {FaultKind.MISSING: -1.0, FaultKind.ENCODER_TOO_MANY: -1.0, FaultKind.EMPTY: 0.0}
"""Faults of a frame's file, and the part of it that is written; below 0: no file at all."""


@dataclass(slots=True)
class _FrameFile:
    """How a frame's file is written; faults change it."""

    target: str
    keep: float = 1.0
    """Part of the file that is written; below 0: no file at all."""

    wide: int = 1
    late: float = 0.0
    pause: float = 0.0
    """Seconds between the first and the second half of the file."""

    fills: bool = False
    """Whether the second half is zeros until then."""

    dies_by: str = ""
    """The signal to die by instead of writing the second half."""


def render(given: AerenderArguments, scenario: Scenario, state: FakeState, writer: LineWriter) -> int:
    """Play one command line and return the exit code of After Effects' script.

    Raises:
        BrokenPipeError: the launcher is gone; After Effects stops at its next line.
    """
    try:
        _FakeRender(given, scenario, state, writer).run()
    except FakeExit as end:
        return end.code
    except AerenderError as error:
        writer.write(str(error))
        return error.code.logged(to_file=given.log is not None)
    finally:
        state.end_activity()
    return int(AerenderExitCode.OK)


class _FakeRender:
    """One render. `_black` and `_logged` collect the effects of faults so far."""

    def __init__(
        self, given: AerenderArguments, scenario: Scenario, state: FakeState, writer: LineWriter
    ) -> None:
        self._given = given
        self._scenario = scenario
        self._state = state
        self._writer = writer
        self._process_faults = ProcessFaults(state, writer)
        self._span = Span(
            scenario.first if given.start is None else given.start,
            scenario.last if given.end is None else given.end,
        )
        self._faults = Faults(scenario, state, self._span)
        self._forced: str | None = None
        self._black = False
        self._logged: list[str] = []
        self._late: list[tuple[float, str, bytes]] = []
        self._is_observed = scenario.contention > 0 or any(
            fault.kind in TOO_MANY for fault in scenario.faults
        )

    def run(self) -> None:
        """Play everything from launch to the end.

        Raises:
            AerenderError: the arguments name something that does not exist.
            FakeExit: a fault ended it.
        """
        self._launch()
        arguments, warnings = resolve(self._given)
        self._writer.write(warnings)
        output, lines = self._open(arguments)
        if self._span.first < self._scenario.first or self._span.last > self._scenario.last:
            self._writer.write(lines.outside(self._span.first, self._scenario.first, self._scenario.last))
        self._writer.write(lines.starting())
        for fault in self._faults.at(Moment.OPENED):
            if not self._process_faults.play(fault):
                self._warn(lines, fault)
        frames = range(self._span.first, self._span.last + 1, arguments.increment or 1)
        ends = list(self._faults.at(Moment.END))
        began = time.monotonic()
        if output.single:
            self._movie(output, lines, frames, _count(ends, FaultKind.CUT_SHORT))
        else:
            self._sequence(output, lines, frames, ends, skip_existing=arguments.skip_existing)
        for fault in ends:
            if fault.kind is FaultKind.LOGGED_ERRORS:
                first = fault.text or "Rendering error while writing to file."
                self._writer.write([lines.logged_errors(fault.count), f'First error was "{first}"'])
            elif fault.kind is FaultKind.EXTRA_FILE:
                extra = Path(output.folder, fault.text or "second_output.mov")
                extra.write_bytes(movie(self._span.first, self._span.last, extra.suffix))
            elif fault.kind is FaultKind.DIES_AFTER:
                self._process_faults.play(fault)
        self._close(lines, time.monotonic() - began)
        if any(fault.kind is FaultKind.NEVER_EXITS for fault in ends):
            hang()

    def _launch(self) -> None:
        if self._state.seconds_since_previous() < self._scenario.exclusive_seconds:
            self._writer.write(ANOTHER_INSTANCE)
            raise FakeExit(int(AerenderExitCode.RUNTIME))
        time.sleep(self._scenario.startup)
        for fault in self._faults.at(Moment.LAUNCH):
            if fault.kind is FaultKind.FORCED_EXTENSION:
                self._forced = fault.text
            self._process_faults.play(fault)

    def _warn(self, lines: LogLines, fault: Fault) -> None:
        warning = {
            FaultKind.MISSING_FOOTAGE: lines.missing_footage,
            FaultKind.MISSING_EFFECT: lines.missing_effect,
            FaultKind.MISSING_LAYER: lines.missing_layer,
            FaultKind.EXPRESSION_DISABLED: lines.expression_disabled,
        }[fault.kind]
        subject = MISSING_FILE if fault.kind is FaultKind.MISSING_FOOTAGE else '"Title"'
        self._writer.write(warning(fault.text or subject))

    def _open(self, arguments: AerenderArguments) -> tuple[OutputFile, LogLines]:
        scenario = self._scenario
        if arguments.project is None:
            raise runtime_error("No project provided and no project open.")
        if not Path(arguments.project).exists():
            words = f'Unable to call "openFast" because of parameter 1. File {arguments.project}: path is not valid.'
            raise AerenderError(
                AerenderExitCode.AFTER_EFFECTS, f"aerender Error: After Effects error: {words}"
            )
        if arguments.comp is not None and scenario.comp not in {"", arguments.comp}:
            raise runtime_error("No comp was found with the given name.")
        if arguments.rqindex is not None and not 1 <= arguments.rqindex <= scenario.items:
            raise runtime_error("No render queue item was found with the given index.")
        if arguments.output is None:
            raise runtime_error("Specified render queue item needs output file but none provided.")
        output = OutputFile.of(arguments.output, self._forced)
        if not Path(output.folder or ".").is_dir():
            raise runtime_error(f"Directory specified for output file does not exist: {output.folder}")
        if output.single and arguments.skip_existing:
            words = "Skip Existing Files is available only with ONE output module of type Sequence."
            self._writer.write(f"WARNING:After Effects warning: {words}")
            raise FakeExit(int(AerenderExitCode.OK))
        return output, LogLines(scenario.style, self._item(arguments, output))

    def _item(self, arguments: AerenderArguments, output: OutputFile) -> Item:
        width, height = self._scenario.size
        return Item(
            comp=arguments.comp or self._scenario.comp or f"Comp {arguments.rqindex}",
            first=self._span.first,
            last=self._span.last,
            fps=self._scenario.fps,
            width=width,
            height=height,
            output=output.text,
            format=_FORMATS.get(output.extension, output.extension.lstrip(".").upper()),
            single=output.single,
            alpha=False,
            skip_existing=arguments.skip_existing,
            rs_template=arguments.rs_template or "Best Settings",
            om_template=arguments.om_template or "Untitled 1",
        )

    def _sequence(
        self, output: OutputFile, lines: LogLines, frames: range, ends: list[Fault], *, skip_existing: bool
    ) -> None:
        rendered = frames[: len(frames) - _count(ends, FaultKind.CUT_SHORT)]
        skip_existing = skip_existing and all(fault.kind is not FaultKind.NO_SKIPPING for fault in ends)
        with_line = len(rendered) - _count(ends, FaultKind.MISSING_LINES)
        for count, frame in enumerate(rendered, start=1):
            path = output.path(frame)
            if skip_existing and not claim(path):
                continue
            file = _FrameFile(path)
            self._play_frame_faults(frame, file, output)
            cost = self._work(frame)
            self._write(frame, file)
            if count <= with_line:
                self._writer.write(lines.frame(frame, count, cost))

    def _movie(self, output: OutputFile, lines: LogLines, frames: range, missing: int) -> None:
        """Write one file for all frames; it is whole only at the end."""
        path = Path(output.path(self._span.first))
        file = _FrameFile(str(path))
        data = movie(self._span.first, self._span.last - missing, output.extension)
        path.write_bytes(data[: len(data) // 4])
        for count, frame in enumerate(frames[: len(frames) - missing], start=1):
            self._play_frame_faults(frame, file, output)
            self._writer.write(lines.frame(frame, count, self._work(frame)))
        path.write_bytes(data[: int(len(data) * max(file.keep, 0.0))])

    def _play_frame_faults(self, frame: int, file: _FrameFile, output: OutputFile) -> None:
        for fault in self._faults.at(Moment.FRAME, frame):
            if not self._process_faults.play(fault):
                self._change(file, fault, output)

    def _change(self, file: _FrameFile, fault: Fault, output: OutputFile) -> None:
        """Let a fault change how this frame's file is written."""
        kind = fault.kind
        if kind in _PARTS or kind is FaultKind.TRUNCATED:
            file.keep = _PARTS.get(kind, fault.fraction)
            if not fault.quiet:
                self._logged.append(file.target)
        elif kind in {FaultKind.BLACK, FaultKind.GPU_TOO_MANY, FaultKind.UNREADABLE_SOURCE}:
            standard = UNREADABLE_SOURCE if kind is FaultKind.UNREADABLE_SOURCE else GPU_FAILURE
            if not self._black:
                self._writer.write(fault.text or standard)
            self._black = True
        elif kind is FaultKind.WRONG_SIZE:
            file.wide = 2
        elif kind is FaultKind.OTHER_FILE:
            file.target = output.path(fault.other)
        elif kind is FaultKind.OUTSIDE_LEASE:
            self._write(fault.other, _FrameFile(output.path(fault.other)))
        elif kind is FaultKind.LATE:
            file.late = fault.seconds
        elif kind is FaultKind.SLOW_WRITE:
            file.pause, file.fills, file.dies_by = fault.seconds, fault.fill, fault.signal

    def _work(self, frame: int) -> float:
        """Sleep for a frame's cost; return the seconds that it took."""
        cost = self._scenario.costs.of(frame)
        if not self._is_observed:
            time.sleep(cost)
            return cost
        began = time.monotonic()
        while True:
            slower = 1 + self._scenario.contention * self._state.other_active_starts()
            piece = min(SLEEP_SECONDS, cost * slower)
            time.sleep(piece)
            cost -= piece / slower
            if cost <= 0:
                return time.monotonic() - began

    def _write(self, frame: int, file: _FrameFile) -> None:
        """Write a frame's file, and those of earlier frames that are due."""
        self._write_late(time.monotonic())
        if file.keep < 0:
            return
        width, height = self._scenario.size
        blank = not self._scenario.first <= frame <= self._scenario.last
        picture = Picture(frame, width * file.wide, height, self._black or blank)
        data = encode(Path(file.target).suffix, picture, self._scenario.frame_bytes)
        data = data[: int(len(data) * file.keep)]
        if file.late:
            self._late.append((time.monotonic() + file.late, file.target, data))
            return
        with Path(file.target).open("wb") as stream:
            if file.pause:
                half = len(data) // 2
                stream.write(data[:half] + bytes(len(data) - half if file.fills else 0))
                stream.flush()
                time.sleep(file.pause)
                if file.dies_by:
                    os.kill(os.getpid(), getattr(signal, file.dies_by, signal.SIGTERM))
                stream.seek(half)
                data = data[half:]
            stream.write(data)
        if file.keep >= 1:
            self._state.wrote(frame)

    def _write_late(self, now: float) -> None:
        for due, target, data in [each for each in self._late if each[0] <= now]:
            Path(target).write_bytes(data)
            self._late.remove((due, target, data))

    def _close(self, lines: LogLines, seconds: float) -> None:
        if self._logged:
            count = "one error" if len(self._logged) == 1 else f"{len(self._logged)} errors"
            words = f"Rendering error while writing to file {self._logged[0]}."
            module = "An output module failed. The file may be damaged or corrupted."
            self._writer.write(lines.warning(f"logged {count}  error: {words} {module}"))
        self._writer.write(lines.finished(seconds))
        if self._late:
            due = max(each[0] for each in self._late)
            time.sleep(max(0.0, due - time.monotonic()))
            self._write_late(due)


def _count(faults: list[Fault], kind: FaultKind) -> int:
    return sum(fault.count for fault in faults if fault.kind is kind)
