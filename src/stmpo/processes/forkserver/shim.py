"""A shim: pins itself, starts one renderer, and contains its tree until nothing of it lives.

It talks to the orchestrator over its control socket. First comes the request: 4 bytes of length, then JSON.
After it, any byte means "kill", and so does the end of the socket. The shim answers with JSON lines, in this
order:

    {"started": 4711, "shim": 4710, "pinning": {…}}    or    {"failed": 2, "file": "…"}, and nothing more
    {"exited": 0}        the launcher's exit code; the negative signal number if a signal ended it
    {"gone": {…}}        nothing of the tree lives any more; what the tree used in all; the shim exits

File names, arguments and variables travel as bytes decoded as Latin-1, so that any bytes can be sent.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import signal
import socket

from .wakeup import drain, wake_on_child

TYPE_CHECKING = False  # not imported: typing costs a quarter of this process's start
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, Protocol, TypedDict

    class Request(TypedDict):
        """A renderer to start."""

        argv: list[str]
        env: dict[str, str]
        cwd: str
        cpus: list[int]
        nodes: list[int]

    class Kernel(Protocol):
        """The system's means to contain and pin processes: `linux.py`, `portable.py`."""

        name: str

        def adopt_orphans(self, *, on: bool = True) -> None:
            """Have descendants that lose their parent become this process's children."""

        def own_pid(self) -> int:
            """Return this process's id as the orchestrator sees it."""

        def continue_with_parent(self) -> None:
            """Have this process continued, if it was stopped, when its parent ends."""

        def die_with_parent(self, parent: int) -> None:
            """Have this process killed when its parent ends."""

        def tree_processes(self, launcher: int) -> list[int]:
            """Return the processes to kill now; killing them may bring up more."""

        def orphans(self, shims: set[int]) -> set[int]:
            """Return the fork server's children that are not shims: what a killed shim has left."""

        def has_stragglers(self, launcher: int) -> bool:
            """Return whether something of the tree lives that will never be a child of this process."""

        def set_cpus(self, cpus: Sequence[int]) -> list[int]:
            """Run this process, and all that it starts, on these CPUs; return those read back."""

        def prefer_nodes(self, nodes: Sequence[int]) -> list[int]:
            """Prefer memory of these nodes, also for all that is started; return those read back."""

        def io_bytes(self) -> int:
            """Return the bytes read and written by this process and the children it has reaped."""


RESTORED_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP}
RESTORED_SIGNALS |= {signal.SIGPIPE, signal.SIGXFSZ}
"""Ignored in the fork server (the last two by Python) and set back before exec, which would keep that."""

KILL_INTERVAL = 0.01
"""Seconds between two rounds of killing. A round reaches one level of the tree, so three levels take three.
"""

STRAGGLER_POLL_INTERVAL = 0.25
"""Seconds between two searches for stragglers, on systems that do not report their end."""


class Shim:
    """State: `_launcher`, whose exit is to be reported until `_exited`; `_killing` once the tree must end."""

    def __init__(self, kernel: Kernel, control: socket.socket, output: int, lifeline: int) -> None:
        self._kernel = kernel
        self._control = control
        self._output = output
        self._lifeline = lifeline
        self._wakeup = wake_on_child()
        self._launcher = 0
        self._exited = False
        self._killing = False

    def run(self) -> None:
        """Start the renderer and return once nothing of its tree is left."""
        self._kernel.adopt_orphans()
        request = self._receive_request()
        if request is None or not self._start(request):
            return
        os.close(self._output)  # only the renderer may hold the pipe: its reader waits for the last writer
        while self._reap() or self._kernel.has_stragglers(self._launcher):
            self._wait()
            if self._killing:
                send_signal(self._kernel.tree_processes(self._launcher), signal.SIGKILL)
        self._report_end()

    def _receive_request(self) -> Request | None:
        size = int.from_bytes(self._receive(4), "big")
        data = self._receive(size)
        if not size or len(data) < size:
            return None
        request: Request = json.loads(data)
        return request

    def _receive(self, size: int) -> bytes:
        """Return exactly `size` bytes, or fewer if the orchestrator is gone."""
        parts = bytearray()
        while len(parts) < size:
            part = self._control.recv(size - len(parts))
            if not part:
                break
            parts += part
        return bytes(parts)

    def _start(self, request: Request) -> bool:
        """Fork and exec. A status pipe, which exec closes, reports the process id, and a failure."""
        pinning = pin(self._kernel, request["cpus"], request["nodes"])
        status, report = os.pipe()
        shim = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:  # a limit on processes
            self._send(failure_message(error.errno or 0))
            return False
        if pid == 0:
            RendererChild(self._kernel, request, self._output, report).run(shim)
        os.close(report)
        with os.fdopen(status, "rb") as pipe:
            seen, _, failure = pipe.read().partition(b"\n")
        if failure or not seen:
            os.waitpid(pid, 0)
            code, _, file = failure.partition(b" ")
            self._send(failure_message(int(code or errno.EAGAIN), file.decode("latin-1")))
            return False
        self._launcher = pid
        self._send(encode_message({"started": int(seen), "shim": self._kernel.own_pid(), "pinning": pinning}))
        return True

    def _wait(self) -> None:
        """Sleep until a child changes, the orchestrator sends or is gone, or the fork server dies."""
        sources: list[socket.socket | int] = [self._wakeup]
        timeout: float | None = KILL_INTERVAL
        if not self._killing:
            sources += [self._control, self._lifeline]
            search = self._exited and self._kernel.has_stragglers(self._launcher)
            timeout = STRAGGLER_POLL_INTERVAL if search else None
        ready, _, _ = select.select(sources, [], [], timeout)
        if self._wakeup in ready:
            drain(self._wakeup)
        if self._control in ready or self._lifeline in ready:
            self._killing = True

    def _reap(self) -> bool:
        """Collect the exit codes of all that ended. Returns False if there are no children."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._launcher and not self._exited:
                self._exited = True
                self._send(encode_message({"exited": os.waitstatus_to_exitcode(status)}))

    def _report_end(self) -> None:
        """Report that the tree is gone, and read what was sent meanwhile.

        Closing a socket with unread bytes would lose the report.
        """
        times = os.times()
        used = times.children_user + times.children_system
        self._send(encode_message({"gone": {"cpu_seconds": used, "io_bytes": self._kernel.io_bytes()}}))
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
            sources: list[socket.socket | int] = [self._control, self._lifeline]
            while self._lifeline not in select.select(sources, [], [])[0]:
                if not self._control.recv(64):
                    return

    def _send(self, line: bytes) -> None:
        with contextlib.suppress(OSError):  # the orchestrator is gone, which the loop is about to notice
            self._control.sendall(line)


class RendererChild:
    """The renderer's process between fork and exec."""

    def __init__(self, kernel: Kernel, request: Request, output: int, report: int) -> None:
        self._kernel = kernel
        self._argv = [text.encode("latin-1") for text in request["argv"]]
        self._env = {
            name.encode("latin-1"): value.encode("latin-1") for name, value in request["env"].items()
        }
        self._cwd = request["cwd"].encode("latin-1")
        self._output = output
        self._report = report

    def run(self, shim: int) -> None:
        """Become the renderer. Never returns; a failure is written to the report pipe."""
        try:
            self._prepare(shim)
            os.execvpe(self._argv[0], self._argv, self._env)  # noqa: S606 - deliberately without a shell
        except (OSError, ValueError) as error:  # ValueError: a NUL byte in an argument
            code = getattr(error, "errno", None) or 22
            file = getattr(error, "filename", None) or b""
            os.write(self._report, b"%d %s" % (code, os.fsencode(file)))
        finally:
            os._exit(127)

    def _prepare(self, shim: int) -> None:
        os.write(self._report, b"%d\n" % self._kernel.own_pid())
        os.setsid()
        self._kernel.die_with_parent(shim)
        for number in RESTORED_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        os.chdir(self._cwd)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(self._output, 1)
        os.dup2(self._output, 2)


def encode_message(message: dict[str, Any]) -> bytes:
    """Return an answer as it is sent: one line of JSON."""
    return json.dumps(message).encode() + b"\n"


def failure_message(code: int, file: str = "") -> bytes:
    """Return the answer that nothing was started: the system's error number, and the file that it names."""
    return encode_message({"failed": code, "file": file})


def pin(kernel: Kernel, cpus: Sequence[int], nodes: Sequence[int]) -> dict[str, Any]:
    """Run this process, and all that it starts, on these CPUs with memory of these nodes.

    Returns `{"cpus": CPUs read back, "memory": nodes preferred, "refused": why not all of it, or ""}`.
    If one is refused, the other is still tried.
    """
    obtained: dict[str, Any] = {"cpus": [], "memory": [], "refused": ""}
    refusals = []
    if cpus:
        try:
            obtained["cpus"] = kernel.set_cpus(cpus)
        except OSError as error:
            refusals.append(f"CPU affinity: {error.strerror}")
    if nodes:
        try:
            obtained["memory"] = kernel.prefer_nodes(nodes)
        except OSError as error:
            refusals.append(f"memory of a node: {error.strerror}")
    obtained["refused"] = "; ".join(refusals)
    return obtained


def send_signal(pids: Iterable[int], number: int) -> None:
    """Send a signal to each process that lives and is not another user's (setuid)."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
