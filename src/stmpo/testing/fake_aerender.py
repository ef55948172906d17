"""A fake aerender: command line, lines, exit codes, process tree and failures of the real one.

    stmpo-fake-aerender -project shot.aep -comp main -s 1 -e 10 -output "out/shot_[#####].png"
    stmpo render shot.aep --comp main --aerender-path …/stmpo/testing/fake_aerender.py …

It sleeps instead of rendering and writes small whole pictures that carry their frame number. Faults come from
the scenario file that the environment variable STMPO_FAKE_SCENARIO names: see `stmpo.testing.scenario`.

Like the real one it is two processes. The launcher opens a socket on localhost, starts "After Effects" with
its own arguments and `-port ADDRESS`, and relays the lines; the child does everything else and parses the
arguments. If the launcher is gone, the child stops at its next line, unless it hangs or writes to a `-log`
file. The child inherits the launcher's standard output, so killing only the launcher leaves it open.
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
from stmpo.renderers.emulator.arguments import (
    USAGE,
    AerenderArguments,
    AerenderError,
    AerenderExitCode,
    parse,
)
from stmpo.renderers.emulator.log_lines import VERSION, LineWriter
from stmpo.testing.fake_render import render
from stmpo.testing.faults import exit_status
from stmpo.testing.scenario import VARIABLE, Scenario, load
from stmpo.testing.state import FakeState

if TYPE_CHECKING:
    from collections.abc import Sequence

LAUNCHER_LINES = (f"aerender version {VERSION}", "PROGRESS: Launching After Effects...")
_NUMBER = "STMPO_FAKE_START"
"""Environment variable that passes the number of the start to the child."""

_ACCEPT_EVERY = 0.05
"""Seconds between checks of a child that has not connected yet."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line, as launcher or as After Effects."""
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
    writer = LineWriter(sys.stdout.buffer, encoding=scenario.encoding)
    if argv in (["-h"], ["-help"], ["-version"], []):
        writer.write(LAUNCHER_LINES[0] if argv == ["-version"] else USAGE)
        return int(AerenderExitCode.OK if argv == ["-version"] else AerenderExitCode.USAGE)
    state.begin(argv)
    if not scenario.launcher_lines_last:
        writer.write(LAUNCHER_LINES)
    code = _relay(argv, state, writer) if scenario.tree else _work(argv, scenario, state, writer)
    if scenario.launcher_lines_last:
        writer.write(LAUNCHER_LINES)
    if scenario.exit_zero and 0 < code < 128:
        code = 0
    state.end(code)
    return code


def _relay(argv: list[str], state: FakeState, writer: LineWriter) -> int:
    """Start After Effects, relay its lines until it disconnects, and return its exit code."""
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
                        writer.write_bytes(data)
            code = child.wait()
    return code if code >= 0 or os.name == "nt" else 128 - code


def _accept(server: socket.socket, child: subprocess.Popen[bytes]) -> socket.socket | None:
    """Return the child's connection, or None if it ended without connecting."""
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
    except ConnectionError:  # it died with unread data
        return b""


def _after_effects(argv: list[str], address: str, scenario: Scenario, state: FakeState) -> int:
    state.record_process(os.getpid())
    host, _, port = address.rpartition(":")
    try:
        connection = socket.create_connection((host, int(port)), timeout=10)
    except OSError:  # the launcher is gone already
        return int(AerenderExitCode.NO_SOCKET)
    with connection:
        connection.settimeout(None)
        writer = LineWriter(cast("BinaryIO", _Line(connection)), encoding=scenario.encoding)
        return _work(argv, scenario, state, writer)


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


def _work(argv: list[str], scenario: Scenario, state: FakeState, writer: LineWriter) -> int:
    """Run as After Effects: parse the arguments, choose where lines go, render."""
    try:
        arguments = parse(argv)
    except AerenderError as error:
        time.sleep(scenario.startup)  # After Effects parses the arguments: an error costs a whole launch
        writer.write(str(error))
        return int(error.code)
    if arguments.log is None:
        return render(arguments, scenario, state, _filtered(writer, arguments))
    log = Path(arguments.log)
    if not log.parent.is_dir():
        writer.write(f"aerender ERROR: Directory specified for log file does not exist: {arguments.log}")
        return int(AerenderExitCode.RUNTIME)
    with log.open("wb") as file:  # from here on the launcher receives nothing, and its death goes unnoticed
        return render(
            arguments, scenario, state, _filtered(LineWriter(file, encoding=scenario.encoding), arguments)
        )


def _filtered(writer: LineWriter, arguments: AerenderArguments) -> LineWriter:
    return writer.with_errors_only() if arguments.errors_only else writer


if __name__ == "__main__":
    raise SystemExit(exit_status(main()))
