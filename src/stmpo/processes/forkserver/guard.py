"""The fork server's parent on Linux: ends what killed or stopped fork servers and shims leave.

Whatever a killed fork server or shim leaves becomes a child of this process (it is a subreaper). It does
nothing else, so it has little reason to fail. If that is allowed, the fork server is the first process of a
PID namespace (`namespace.py`): when it ends, the kernel ends every renderer.

The orchestrator holds the other end of a pipe (`life`). When that pipe ends, the fork server gets
`SERVER_TIMEOUT` to end by itself, and is continued if it was stopped.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time

from .server import ignore_signals, serve
from .wakeup import drain, wake_on_child

TYPE_CHECKING = False  # not imported: typing costs a quarter of this process's start
if TYPE_CHECKING:
    from .linux import LinuxKernel

SERVER_TIMEOUT = 1.2
"""Seconds for the fork server to end everything once the orchestrator is gone. Then it is killed."""

SHIMS_TIMEOUT = 0.4
"""Seconds for the shims of a killed fork server to end their trees. Then all are killed."""

EXIT_TRY_AGAIN = 75
"""Exit code if the system grants no process for the fork server."""

KILL_INTERVAL = 0.01
"""Seconds between two rounds of killing."""


def main(requests: int, life: int, kernel: str) -> None:
    """Run a fork server on the inherited socket `requests`, with the kernel of that name."""
    ignore_signals()
    if kernel == "portable":
        from .portable import PortableKernel  # noqa: PLC0415 - exists for some systems only

        os.close(life)
        serve(PortableKernel(), socket.socket(fileno=requests))
    else:
        from .linux import LinuxKernel  # noqa: PLC0415

        guard = Guard(LinuxKernel(namespace=kernel == "linux"), life)
        try:
            is_guard = guard.start(requests)
        except BlockingIOError:
            os._exit(EXIT_TRY_AGAIN)
        if is_guard:
            guard.run()


def fork_server(kernel: LinuxKernel) -> int:
    """Fork, into a PID namespace of its own if possible. Returns the child's process id, 0 in the child.

    Raises:
        OSError: there may be no more processes.
    """
    if kernel.name == "linux":
        from .namespace import fork_first_process  # noqa: PLC0415 - not needed without

        kernel.outer_proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
        try:
            return fork_first_process()
        except OSError:
            os.close(kernel.outer_proc)
            kernel.outer_proc = None
    return os.fork()


class Guard:
    """State: `_server`, the fork server's process id until it has ended; `_deadline` for all that lives."""

    def __init__(self, kernel: LinuxKernel, life: int) -> None:
        self._kernel = kernel
        self._life = life
        self._server = 0
        self._deadline: float | None = None

    def start(self, requests: int) -> bool:
        """Fork the fork server. Returns False in the fork server, once it has served."""
        self._kernel.adopt_orphans()
        self._kernel.continue_with_parent()
        parent = os.getpid()
        self._server = fork_server(self._kernel)
        if self._server == 0:
            os.close(self._life)
            self._kernel.die_with_parent(parent if self._kernel.outer_proc is None else 0)
            serve(self._kernel, socket.socket(fileno=requests))
            return False
        os.close(requests)
        self._wakeup = wake_on_child()
        return True

    def run(self) -> None:
        """Return once nothing lives of the fork server and of what it has started."""
        while self._reap():
            ending = self._deadline is not None
            sources: list[socket.socket | int] = [self._wakeup] if ending else [self._wakeup, self._life]
            ready, _, _ = select.select(sources, [], [], KILL_INTERVAL if ending else None)
            if self._wakeup in ready:
                drain(self._wakeup)
            if self._life in ready:
                self._end(SERVER_TIMEOUT)
            if self._deadline is not None and time.monotonic() >= self._deadline:
                self._signal(signal.SIGKILL)

    def _reap(self) -> bool:
        """Collect ended children, continue stopped ones. Returns False if there are no children."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if os.WIFSTOPPED(status):
                self._continue(pid)
            elif pid == self._server:
                self._server = 0
                self._end(SHIMS_TIMEOUT)

    def _end(self, seconds: float) -> None:
        """Let all that lives end by itself for so long, stopped or not."""
        if self._deadline is None:
            self._deadline = time.monotonic() + seconds
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        for pid in self._kernel.tree_processes(self._server):
            with contextlib.suppress(OSError):
                os.kill(pid, number)

    @staticmethod
    def _continue(pid: int) -> None:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGCONT)
