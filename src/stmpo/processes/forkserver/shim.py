"""A keeper: pins itself, starts one renderer, and holds on to its tree until nothing of it lives.

It speaks with the orchestrator over its control socket. First comes the request (4 bytes of length, then JSON); from
then on every byte sent to it means "kill", and so does the end of the socket. It answers with JSON lines, in this order:

    {"started": 4711, "keeper": 4710, "pinning": {…}}    or    {"failed": 2, "what": "…"}, and that is all
    {"exited": 0}        the launcher's exit code, negative signal number when a signal ended it
    {"gone": {…}}        nothing of the tree lives any more; what it used in all; the keeper exits

Strings that name files, arguments and variables travel as bytes read as Latin-1, so that none can be unencodable.
"""

from __future__ import annotations

import contextlib
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
        """What to start."""

        argv: list[str]
        env: dict[str, str]
        cwd: str
        cpus: list[int]
        nodes: list[int]

    class Kernel(Protocol):
        """What the system offers for holding on to processes: `linux.py`, `portable.py`."""

        name: str

        def adopt_orphans(self, *, on: bool = True) -> None:
            """Have descendants that lose their parent become this process's children."""

        def die_with_parent(self, parent: int) -> None:
            """Have this process killed when its parent ends."""

        def living(self, launcher: int) -> list[int]:
            """What is to be killed now; killing it may bring up more."""

        def orphans(self, shims: set[int]) -> set[int]:
            """Children of the warden that are no keepers: what a killed keeper left."""

        def left_behind(self, launcher: int) -> bool:
            """Whether something lives that will never be a child of this process."""

        def pin(self, cpus: Sequence[int]) -> list[int]:
            """Run on these CPUs, with all that is started; those obtained. Raises OSError."""

        def prefer_memory_of(self, nodes: Sequence[int]) -> list[int]:
            """Take memory from these nodes, with all that is started; those obtained. Raises OSError."""

        def io_bytes(self) -> int:
            """Bytes read and written by this process and by the children that it has reaped."""


DEFAULTS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP}
DEFAULTS |= {signal.SIGPIPE, signal.SIGXFSZ}
"""Ignored in the warden, the last two by Python, and so set back before exec: an ignored signal would stay ignored."""

KILL_PAUSE = 0.01
"""Seconds between two rounds of killing. A round reaches one level of the tree, so three levels take three."""

LOOK_PAUSE = 0.25
"""Seconds between two looks for what was left behind, on systems where nothing tells of its end."""


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
        """Start the renderer and return when nothing of its tree is left."""
        self._kernel.adopt_orphans()
        request = self._receive_request()
        if request is None or not self._start(request):
            return
        os.close(self._output)  # the renderer's end now: it must see the only writers go
        while self._reap() or self._kernel.left_behind(self._launcher):
            self._wait()
            if self._killing:
                kill_quietly(self._kernel.living(self._launcher), signal.SIGKILL)
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
        """Fork and exec; a status pipe that exec closes says whether it came to that."""
        pinning = pin(self._kernel, request["cpus"], request["nodes"])
        status, report = os.pipe()
        shim = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:  # a limit on processes
            self._send(failure(error.errno or 0))
            return False
        if pid == 0:
            Child(self._kernel, request, self._output, report).run(shim)
        os.close(report)
        with os.fdopen(status, "rb") as pipe:
            reported = pipe.read()
        if reported:
            os.waitpid(pid, 0)
            code, _, what = reported.partition(b" ")
            self._send(failure(int(code), what.decode("latin-1")))
            return False
        self._launcher = pid
        self._tell({"started": pid, "keeper": shim, "pinning": pinning})
        return True

    def _wait(self) -> None:
        """Sleep until a child changes, the orchestrator speaks or goes, or the warden dies."""
        sources: list[socket.socket | int] = [self._wakeup]
        if not self._killing:
            sources += [self._control, self._lifeline]
        ready, _, _ = select.select(sources, [], [], self._patience())
        if self._wakeup in ready:
            drain(self._wakeup)
        if self._control in ready or self._lifeline in ready:
            self._killing = True

    def _patience(self) -> float | None:
        if self._killing:
            return KILL_PAUSE
        return LOOK_PAUSE if self._exited and self._kernel.left_behind(self._launcher) else None

    def _reap(self) -> bool:
        """Take the exit codes of all that ended; False when there are no children."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._launcher and not self._exited:
                self._exited = True
                self._tell({"exited": os.waitstatus_to_exitcode(status)})

    def _say_farewell(self) -> None:
        """Report, and take what was sent meanwhile: a socket closed upon unread bytes would lose the report."""
        times = os.times()
        used = times.children_user + times.children_system
        self._tell({"gone": {"cpu_seconds": used, "io_bytes": self._kernel.io_bytes()}})
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
            sources: list[socket.socket | int] = [self._control, self._lifeline]
            while self._lifeline not in select.select(sources, [], [])[0]:
                if not self._control.recv(64):
                    return

    def _tell(self, message: dict[str, Any]) -> None:
        self._send(as_line(message))

    def _send(self, line: bytes) -> None:
        try:
            self._control.sendall(line)
        except OSError:  # nobody listens any more, and the loop is about to learn that
            return


class Child:
    """Between fork and exec: the renderer's process, not yet its program."""

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
        """Become the renderer. Never returns: a failure is written to the report pipe, which exec closes unwritten."""
        try:
            self._prepare(shim)
            os.execvpe(self._argv[0], self._argv, self._env)  # noqa: S606 - on purpose without a shell
        except (OSError, ValueError) as error:  # ValueError: a NUL byte in an argument
            code = getattr(error, "errno", None) or 22
            what = getattr(error, "filename", None) or b""
            os.write(self._report, b"%d %s" % (code, os.fsencode(what)))
        finally:
            os._exit(127)

    def _prepare(self, shim: int) -> None:
        os.setsid()
        self._kernel.die_with_parent(shim)
        for number in DEFAULTS:
            signal.signal(number, signal.SIG_DFL)
        os.chdir(self._cwd)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(self._output, 1)
        os.dup2(self._output, 2)


def as_line(message: dict[str, Any]) -> bytes:
    """An answer as it is sent."""
    return json.dumps(message).encode() + b"\n"


def failure(code: int, what: str = "") -> bytes:
    """The answer that nothing was started: the system's error, and the file that it speaks of."""
    return as_line({"failed": code, "what": what})


def pin(kernel: Kernel, cpus: Sequence[int], nodes: Sequence[int]) -> dict[str, Any]:
    """Run this process, and so all that it starts, on these CPUs with memory of these nodes; what was obtained.

    `{"cpus": CPUs read back, "memory": nodes preferred, "refused": why not all of it, or ""}`. One refusal does not
    keep the other from being tried.
    """
    obtained: dict[str, Any] = {"cpus": [], "memory": [], "refused": ""}
    refusals = []
    if cpus:
        try:
            obtained["cpus"] = kernel.pin(cpus)
        except OSError as error:
            refusals.append(f"CPU affinity: {error.strerror}")
    if nodes:
        try:
            obtained["memory"] = kernel.prefer_memory_of(nodes)
        except OSError as error:
            refusals.append(f"memory of a node: {error.strerror}")
    obtained["refused"] = "; ".join(refusals)
    return obtained


def kill_quietly(pids: Iterable[int], number: int) -> None:
    """Send a signal to each; one that has gone, or that belongs to somebody else (setuid), is passed over."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):  # noqa: PERF203 - each stands for itself
            continue
