"""A keeper: pins itself, starts one renderer, and holds on to its tree until nothing of it lives.

It speaks with the orchestrator over its control socket. First comes the request (4 bytes of length, then JSON); from
then on every byte sent to it means "kill", and so does the end of the socket. It answers with JSON lines, in this order:

    {"started": 4711, "keeper": 4710, "pinning": {…}}    or    {"failed": 2, "what": "…"}, and that is all
    {"exited": 0}        the launcher's exit code, negative signal number when a signal ended it
    {"gone": true}       nothing of the tree lives any more; the keeper exits

Strings that name files, arguments and variables travel as bytes read as Latin-1, so that none can be unencodable.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket

from . import kernel
from .wakeup import drain, wake_on_child

TYPE_CHECKING = False  # not imported: typing costs a quarter of this process's start
if TYPE_CHECKING:
    from typing import Any, TypedDict

    class Request(TypedDict):
        """What to start."""

        argv: list[str]
        env: dict[str, str]
        cwd: str
        cpus: list[int]
        nodes: list[int]


DEFAULTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP, signal.SIGPIPE)
"""Ignored in the warden (SIGPIPE by Python), and so set back before exec: an ignored signal would stay ignored."""

KILL_PAUSE = 0.01
"""Seconds between two rounds of killing. A round reaches one level of the tree, so three levels take three."""


class Keeper:
    """State: `_launcher` until its exit is reported; `_killing` once the tree must end."""

    def __init__(self, control: socket.socket, output: int, lifeline: int) -> None:
        self._control = control
        self._output = output
        self._lifeline = lifeline
        self._wakeup = wake_on_child()
        self._launcher = 0
        self._killing = False

    def run(self) -> None:
        """Start the renderer and return when nothing of its tree is left."""
        kernel.become_subreaper()
        request = self._receive_request()
        if request is None or not self._start(request):
            return
        os.close(self._output)  # the renderer's end now: it must see the only writers go
        while self._reap():
            self._wait()
            if self._killing:
                self._kill()
        self._say_farewell()

    def _receive_request(self) -> Request | None:
        size = int.from_bytes(self._receive(4), "big")
        data = self._receive(size)
        if not size or len(data) < size:
            return None
        request: Request = json.loads(data)
        return request

    def _receive(self, size: int) -> bytes:
        """Exactly `size` bytes, or fewer when the orchestrator went away."""
        parts = bytearray()
        while len(parts) < size:
            part = self._control.recv(size - len(parts))
            if not part:
                break
            parts += part
        return bytes(parts)

    def _start(self, request: Request) -> bool:
        pinning = pin(request["cpus"], request["nodes"])
        status, report = os.pipe()
        keeper = os.getpid()
        pid = os.fork()
        if pid == 0:
            Child(request, self._output, report, keeper).run()
        os.close(report)
        with os.fdopen(status, "rb") as pipe:
            failure = pipe.read()
        if failure:
            os.waitpid(pid, 0)
            code, _, what = failure.partition(b" ")
            self._tell({"failed": int(code), "what": what.decode("latin-1")})
            return False
        self._launcher = pid
        self._tell({"started": pid, "keeper": keeper, "pinning": pinning})
        return True

    def _wait(self) -> None:
        """Sleep until a child changes, the orchestrator speaks or goes, or the warden dies."""
        sources: list[socket.socket | int] = [self._wakeup]
        if not self._killing:
            sources += [self._control, self._lifeline]
        ready, _, _ = select.select(sources, [], [], KILL_PAUSE if self._killing else None)
        if self._wakeup in ready:
            drain(self._wakeup)
        if self._control in ready or self._lifeline in ready:
            self._killing = True

    def _kill(self) -> None:
        kernel.kill_quietly(kernel.children(), signal.SIGKILL)

    def _reap(self) -> bool:
        """Take the exit codes of all that ended; False when no descendant is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._launcher:
                self._launcher = 0
                self._tell({"exited": os.waitstatus_to_exitcode(status)})

    def _say_farewell(self) -> None:
        """Report, and take what was sent meanwhile: a socket closed upon unread bytes would lose the report."""
        self._tell({"gone": True})
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
            while self._control.recv(64):
                pass

    def _tell(self, message: dict[str, Any]) -> None:
        try:
            self._control.sendall(json.dumps(message).encode() + b"\n")
        except OSError:  # nobody listens any more, and the loop is about to learn that
            return


class Child:
    """Between fork and exec: the renderer's process, not yet its program."""

    def __init__(self, request: Request, output: int, report: int, keeper: int) -> None:
        self._argv = [text.encode("latin-1") for text in request["argv"]]
        self._env = {
            name.encode("latin-1"): value.encode("latin-1") for name, value in request["env"].items()
        }
        self._cwd = request["cwd"].encode("latin-1")
        self._output = output
        self._report = report
        self._keeper = keeper

    def run(self) -> None:
        """Become the renderer. Never returns: a failure is written to the report pipe, which exec closes unwritten."""
        try:
            self._prepare()
            os.execvpe(self._argv[0], self._argv, self._env)  # noqa: S606 - on purpose without a shell
        except OSError as error:
            what = os.fsencode(error.filename) if error.filename else b""
            os.write(self._report, b"%d %s" % (error.errno or 0, what))
        finally:
            os._exit(127)

    def _prepare(self) -> None:
        os.setsid()
        kernel.die_with_parent(self._keeper)
        for number in DEFAULTS:
            signal.signal(number, signal.SIG_DFL)
        os.chdir(self._cwd)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(self._output, 1)
        os.dup2(self._output, 2)


def pin(cpus: list[int], nodes: list[int]) -> dict[str, list[int] | str]:
    """Run this process, and so all that it starts, on these CPUs with memory of these nodes; what was obtained.

    `{"cpus": CPUs read back, "memory": nodes preferred or [], "refused": why not, one sentence, or ""}`
    """
    refused = ""
    memory: list[int] = []
    try:
        if cpus:
            os.sched_setaffinity(0, cpus)
        if nodes:
            kernel.prefer_memory_of(nodes)
            memory = nodes
    except (OSError, AttributeError, ValueError) as error:  # AttributeError: a system without affinity
        refused = str(error)
    obtained = sorted(os.sched_getaffinity(0)) if cpus and hasattr(os, "sched_getaffinity") else []
    return {"cpus": obtained, "memory": memory, "refused": refused}
