"""The orchestrator's side of the fork server: starting it, requests to it, and its end."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.processes.forkserver.guard import EXIT_TRY_AGAIN

if TYPE_CHECKING:
    from stmpo.processes.protocol import SpawnRequest

EXIT_TIMEOUT = 3.0
"""Seconds for the fork server to end once its socket is closed."""

TREE_ID_VARIABLE = "STMPO_TREE"
"""Environment variable that every process of a tree inherits. It identifies what a killed shim has left."""

_START = (
    "import os, sys; sys.path[:1] = []; sys.path.append(os.getcwd()); from forkserver.guard import main; "
    "os.chdir('/'); main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])"
)
"""Neither this program's name nor its folder is in the command: `pkill -f` by that name must not hit the
processes that clean up. The folder is the current one at first."""


class ForkServerClient:
    """Starts the fork server when it is first needed (or by `start`), and again if it was killed."""

    def __init__(self, kernel: str) -> None:
        self._kernel = kernel
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None
        self._life = -1
        """The write end of a pipe. It ends with this process, which the fork server's parent notices."""

    @property
    def pid(self) -> int | None:
        """Process id of the fork server's parent (`forkserver/guard.py`) while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start the fork server unless it runs. Does not wait until it is ready."""
        if self.pid is not None:
            return
        self.close()
        ours, theirs = socket.socketpair()
        life, self._life = os.pipe()
        try:
            with theirs:
                self._process = self._launch(theirs.fileno(), life)
        except OSError:
            ours.close()
            raise
        finally:
            os.close(life)
        self._requests = ours

    def _launch(self, requests: int, life: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [_python(), "-SEs", "-c", _START, str(requests), str(life), self._kernel],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[1],
            pass_fds=(requests, life),
            start_new_session=True,  # signals to our process group or terminal are not meant for it
        )

    def fork_shim(self, control: int, output: int) -> None:
        """Have a shim forked that serves `control` and gives its renderer `output`."""
        self.start()
        try:
            self._send(control, output)
        except ConnectionError:  # it was killed meanwhile
            self.close()
            self.start()
            self._send_to_new(control, output)

    def _send_to_new(self, control: int, output: int) -> None:
        """Send to a fork server that has just started. If it is gone, that is a defect or a limit."""
        process = self._process
        try:
            self._send(control, output)
        except ConnectionError:
            self.close()
            if process is not None and process.returncode == EXIT_TRY_AGAIN:
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None
            raise

    def _send(self, control: int, output: int) -> None:
        if self._requests is None:
            raise ConnectionError
        socket.send_fds(self._requests, [b"+"], [control, output])

    def close(self) -> None:
        """Close the socket, upon which the fork server ends all that is left, and wait for its own end."""
        if self._requests is not None:
            self._requests.close()
            self._requests = None
        if self._life >= 0:
            os.close(self._life)
            self._life = -1
        if self._process is not None:
            # If our whole process group was suspended, perhaps only we were resumed.
            self._process.send_signal(signal.SIGCONT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(EXIT_TIMEOUT)
            self._process = None


def _python() -> str:
    """Return the Python to run: not that of a virtual environment, whose folder may bear our name."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    return base if os.access(base, os.X_OK) else sys.executable


def encode_request(request: SpawnRequest, tree_id: str) -> bytes:
    """Return the request as a shim reads it (`forkserver/shim.py`)."""

    def text(value: str) -> str:
        return os.fsencode(value).decode("latin-1")

    message = {
        "argv": [text(argument) for argument in request.argv],
        "env": {
            text(name): text(value) for name, value in {**request.env, TREE_ID_VARIABLE: tree_id}.items()
        },
        "cwd": text(str(request.cwd)),
        "cpus": [cpu.id for cpu in request.cpus],
        "nodes": sorted({cpu.node for cpu in request.cpus}),
    }
    data = json.dumps(message).encode()
    return len(data).to_bytes(4, "big") + data
