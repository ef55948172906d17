"""The warden: forks keepers when told to, and clears up after those that were killed."""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket

from .shim import Shim, failure, kill_quietly
from .wakeup import drain, wake_on_child

TYPE_CHECKING = False  # not imported: typing costs a quarter of this process's start
if TYPE_CHECKING:
    from .shim import Kernel

IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP)
"""Meant for the orchestrator, when they come to a whole terminal or cgroup; the warden ends when it does."""

CLEARING_PAUSE = 0.02
"""Seconds between two looks while the last trees end; nothing else is waited for then."""


class ForkServer:
    """State: `_shims`, the process ids of those that live. Every other child is the orphan of a killed keeper.

    `_refused` are the control sockets of renderers that could not be started, until the orchestrator has closed its ends.
    """

    def __init__(self, kernel: Kernel, orders: socket.socket) -> None:
        self._kernel = kernel
        self._orders = orders
        self._shims: set[int] = set()
        self._refused: list[socket.socket] = []
        self._lifeline, self._hold = os.pipe()
        self._wakeup = wake_on_child()

    def run(self) -> None:
        """Serve until the orchestrator is gone, and then until no child is left."""
        serving = True
        while self._reap() or serving:
            sources = [self._orders, self._wakeup, *self._refused] if serving else [self._wakeup]
            ready, _, _ = select.select(sources, [], [], None if serving else CLEARING_PAUSE)
            if self._wakeup in ready:
                drain(self._wakeup)
            if self._orders in ready:
                serving = self._take_order()
                if not serving:
                    os.close(self._hold)  # ends the lifeline: every keeper ends its tree
            self._refused = [each for each in self._refused if each not in ready or not gone(each)]
            self._kill_orphans()

    def _take_order(self) -> bool:
        """Fork a keeper around the two descriptors that come with an order; False when the orchestrator has gone."""
        try:
            data, fds, _, _ = socket.recv_fds(self._orders, 1, 2)
        except ConnectionError:
            return False
        if not data:
            return False
        try:
            pid = os.fork()
        except OSError as error:  # a limit on processes: the renderers that run must not end of it
            self._refuse(fds[0], error)
        else:
            if pid == 0:
                self._become_shim(*fds)
            self._shims.add(pid)
            os.close(fds[0])
        os.close(fds[1])
        return True

    def _refuse(self, control: int, error: OSError) -> None:
        """Answer in a keeper's place that nothing could be started, and why.

        The socket stays open until the other end closes: closed upon a request that nobody has read, it would lose the
        answer.
        """
        answering = socket.socket(fileno=control)
        self._refused.append(answering)
        with contextlib.suppress(OSError):  # whoever asked has gone
            answering.sendall(failure(error.errno or 0))

    def _become_shim(self, control: int, output: int) -> None:
        code = 1
        try:
            self._orders.close()
            self._wakeup.close()
            os.close(self._hold)
            for fd in (control, output):
                os.set_inheritable(fd, False)
            Shim(self._kernel, socket.socket(fileno=control), output, self._lifeline).run()
            code = 0
        finally:
            os._exit(code)  # never back into the warden's loop

    def _reap(self) -> bool:
        """Take note of keepers that ended; False when there are no children."""
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            self._shims.discard(pid)

    def _kill_orphans(self) -> None:
        """A keeper that was killed leaves its tree's remains to us; each round of this brings up their children."""
        kill_quietly(self._kernel.orphans(self._shims), signal.SIGKILL)


def gone(client: socket.socket) -> bool:
    """Whether the other end has closed; what it had to say is dropped."""
    try:
        if client.recv(65536):
            return False
    except ConnectionError:
        pass
    client.close()
    return True


def main(fd: int, kernel: str) -> None:
    """Run the warden on the inherited socket `fd`, by the kernel of that name."""
    if kernel == "linux":
        from .linux import LinuxKernel  # noqa: PLC0415 - exists for one system only

        serve(LinuxKernel(), socket.socket(fileno=fd))
    else:
        from .portable import PortableKernel  # noqa: PLC0415

        serve(PortableKernel(), socket.socket(fileno=fd))


def serve(kernel: Kernel, orders: socket.socket) -> None:
    """Be the warden, by the means of this kernel, until the other end of `orders` closes."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    # Inherited: renderers would hear no request, and keepers of no end.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    kernel.adopt_orphans()
    gc.freeze()  # keepers share these pages for as long as nobody writes to them
    ForkServer(kernel, orders).run()
