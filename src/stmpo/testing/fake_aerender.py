"""A fake aerender: the real one's command line, lines, exit codes, process tree and failures, without After Effects.

    stmpo-fake-aerender -project shot.aep -comp main -s 1 -e 10 -output 'out/shot_[#####].png'
    stmpo render shot.aep --comp main --aerender-path …/stmpo/testing/fake_aerender.py …

It sleeps instead of rendering and writes small whole pictures that carry their frame number. What else happens comes
from the scenario that the environment variable STMPO_FAKE_SCENARIO names: see `stmpo.testing.scenario`.

As the real one it is two processes. The launcher opens a socket on localhost, starts "After Effects" with its own
arguments and `-port ADDRESS`, and relays the lines; the child does all the rest, arguments included. If the launcher is
gone, the child stops at its next line, unless it hangs, or writes to a `-log` file. The child inherits the launcher's
standard output, as processes do: killing only the launcher leaves that open.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

if __package__ in {None, ""}:  # run as a file: its own folder is no place to import from, the package's is
    _HERE = Path(__file__).resolve().parent
    sys.path[:] = [str(_HERE.parents[1]), *(each for each in sys.path if Path(each).resolve() != _HERE)]

from typing import TYPE_CHECKING, BinaryIO, cast

from stmpo.model.errors import BadInput
from stmpo.renderers.emulator.cli import USAGE, AerenderArguments, AerenderError, AerenderExitCode, parse
from stmpo.renderers.emulator.lines import VERSION, Voice
from stmpo.testing.fake_render import render
from stmpo.testing.faults import status
from stmpo.testing.scenario import VARIABLE, Scenario, load
from stmpo.testing.state import FakeState

if TYPE_CHECKING:
    from collections.abc import Sequence

LAUNCHER_LINES = (f"aerender version {VERSION}", "PROGRESS: Launching After Effects...")
_NUMBER = "STMPO_FAKE_START"
"""Tells the child which start it belongs to."""

_ACCEPT_EVERY = 0.05
"""Seconds between looks at a child that has not connected yet."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line, in whichever of the two roles it is."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        scenario, folder = _scenario()
    except BadInput as error:
        print(error, file=sys.stderr)
        return int(AerenderExitCode.USAGE)
    try:
        if len(arguments) >= 2 and arguments[-2] == "-port":
            return _after_effects(
                arguments[:-2], arguments[-1], scenario, FakeState(folder, int(os.environ[_NUMBER]))
            )
        return _launcher(arguments, scenario, FakeState(folder))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(AerenderExitCode.NO_SOCKET)
    except KeyboardInterrupt:
        return int(AerenderExitCode.APPLICATION)


def _scenario() -> tuple[Scenario, Path | None]:
    name = os.environ.get(VARIABLE)
    if not name:
        return Scenario(), None
    path = Path(name)
    return load(path), path.parent / "state"


def _launcher(argv: list[str], scenario: Scenario, state: FakeState) -> int:
    voice = Voice(sys.stdout.buffer, encoding=scenario.encoding)
    if argv in (["-h"], ["-help"], ["-version"], []):
        voice.say(LAUNCHER_LINES[0] if argv == ["-version"] else USAGE)
        return int(AerenderExitCode.OK if argv == ["-version"] else AerenderExitCode.USAGE)
    state.begin(argv)
    if not scenario.launcher_lines_last:
        voice.say(LAUNCHER_LINES)
    code = _relay(argv, state, voice) if scenario.tree else _work(argv, scenario, state, voice)
    if scenario.launcher_lines_last:
        voice.say(LAUNCHER_LINES)
    if scenario.exit_zero and 0 < code < 128:
        code = 0
    state.end(code)
    return code


def _relay(argv: list[str], state: FakeState, voice: Voice) -> int:
    """Start After Effects, pass on what it says until it hangs up, and return its exit code."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        child = subprocess.Popen(
            [sys.executable, "-S", "-E", __file__, *argv, "-port", address],
            env={**os.environ, _NUMBER: str(state.number)},
            stdin=subprocess.DEVNULL,
        )
        with child:
            connection = _accept(server, child)
            if connection is not None:
                with connection:
                    while data := _received(connection):
                        voice.raw(data)
            code = child.wait()
    return code if code >= 0 or os.name == "nt" else 128 - code


def _accept(server: socket.socket, child: subprocess.Popen[bytes]) -> socket.socket | None:
    """The child's connection; None if it ended without one."""
    server.settimeout(_ACCEPT_EVERY)
    while True:
        try:
            connection, _ = server.accept()
        except TimeoutError:
            if child.poll() is not None:
                return None
            continue
        connection.settimeout(None)
        return connection


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionError:  # it died with words of ours unread
        return b""


def _after_effects(argv: list[str], address: str, scenario: Scenario, state: FakeState) -> int:
    state.born(os.getpid())
    host, _, port = address.rpartition(":")
    try:
        connection = socket.create_connection((host, int(port)), timeout=10)
    except OSError:  # the launcher is gone already
        return int(AerenderExitCode.NO_SOCKET)
    with connection:
        connection.settimeout(None)
        voice = Voice(cast("BinaryIO", _Line(connection)), encoding=scenario.encoding)
        return _work(argv, scenario, state, voice)


class _Line:
    """The socket as a file to write to, which notices that the launcher is gone before it writes."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write(self, data: bytes) -> int:
        """Send all of it.

        Raises:
            BrokenPipeError: the launcher is gone.
        """
        try:
            if self._hung_up():
                raise BrokenPipeError
            self._connection.sendall(data)
        except ConnectionError:
            raise BrokenPipeError from None
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def _hung_up(self) -> bool:
        self._connection.setblocking(False)
        try:
            return self._connection.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        finally:
            self._connection.setblocking(True)


def _work(argv: list[str], scenario: Scenario, state: FakeState, voice: Voice) -> int:
    """What After Effects does: read the arguments, choose where lines go, render."""
    try:
        arguments = parse(argv)
    except AerenderError as error:
        time.sleep(scenario.startup)  # arguments are read by After Effects: a slip costs a whole launch
        voice.say(str(error))
        return int(error.code)
    if arguments.log is None:
        return render(arguments, scenario, state, _chosen(voice, arguments))
    log = Path(arguments.log)
    if not log.parent.is_dir():
        voice.say(f"aerender ERROR: Directory specified for log file does not exist: {arguments.log}")
        return int(AerenderExitCode.RUNTIME)
    with log.open("wb") as file:  # from here on the launcher hears nothing, and nobody looks whether it lives
        return render(arguments, scenario, state, _chosen(Voice(file, encoding=scenario.encoding), arguments))


def _chosen(voice: Voice, arguments: AerenderArguments) -> Voice:
    return voice.with_errors_only() if arguments.errors_only else voice


if __name__ == "__main__":
    raise SystemExit(status(main()))
