"""The fork server: forks shims on request, and kills what killed shims leave."""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import time

from .shim import Shim, failure_message, send_signal
from .wakeup import drain, wake_on_child

TYPE_CHECKING = False  # not imported: typing costs a quarter of this process's start
if TYPE_CHECKING:
    from .shim import Kernel

IGNORED_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP)
"""Signals sent to a whole terminal or cgroup are for the orchestrator; the fork server ends when it does."""

EXIT_POLL_INTERVAL = 0.02
"""Seconds between two checks while the last trees end."""

SHIMS_TIMEOUT = 0.5
"""Seconds for the shims to end their trees once the orchestrator is gone. Then the shims are killed, and the
fork server kills what they leave."""


class ForkServer:
    """State: `_shims`, the process ids of the living shims. Any other child is the orphan of a killed shim.

    `_refused` are the control sockets of renderers that could not be started. Each stays until the
    orchestrator closes its end.
    """

    def __init__(self, kernel: Kernel, requests: socket.socket) -> None:
        self._kernel = kernel
        self._requests = requests
        self._shims: set[int] = set()
        self._refused: list[socket.socket] = []
        self._lifeline, self._lifeline_writer = os.pipe()
        self._wakeup = wake_on_child()

    def run(self) -> None:
        """Serve until the orchestrator is gone, and then until no child is left."""
        serving = True
        deadline = 0.0
        while self._reap() or serving:
            sources = [self._requests, self._wakeup, *self._refused] if serving else [self._wakeup]
            ready, _, _ = select.select(sources, [], [], None if serving else EXIT_POLL_INTERVAL)
            if self._wakeup in ready:
                drain(self._wakeup)
            if self._requests in ready:
                serving = self._take_request()
                if not serving:
                    os.close(self._lifeline_writer)  # every shim now ends its tree
                    send_signal(self._shims, signal.SIGCONT)
                    deadline = time.monotonic() + SHIMS_TIMEOUT
            self._refused = [each for each in self._refused if each not in ready or not close_if_ended(each)]
            if not serving and time.monotonic() >= deadline:
                send_signal(self._shims, signal.SIGKILL)
            # Each round brings up the children of those that were killed.
            send_signal(self._kernel.orphans(self._shims), signal.SIGKILL)

    def _take_request(self) -> bool:
        """Fork a shim around the two descriptors of a request. Returns False if the orchestrator is gone."""
        try:
            data, fds, _, _ = socket.recv_fds(self._requests, 1, 2)
        except ConnectionError:
            return False
        if not data:
            return False
        try:
            pid = os.fork()
        except OSError as error:  # a limit on processes: the running renderers must not end because of it
            self._refuse(fds[0], error)
        else:
            if pid == 0:
                self._become_shim(*fds)
            self._shims.add(pid)
            os.close(fds[0])
        os.close(fds[1])
        return True

    def _refuse(self, control: int, error: OSError) -> None:
        """Answer in a shim's place that nothing could be started, and why.

        The socket stays open until the other end closes: closed before the request was read, it would lose
        the answer.
        """
        answering = socket.socket(fileno=control)
        self._refused.append(answering)
        with contextlib.suppress(OSError):  # the orchestrator is gone
            answering.sendall(failure_message(error.errno or 0))

    def _become_shim(self, control: int, output: int) -> None:
        code = 1
        try:
            self._requests.close()
            self._wakeup.close()
            os.close(self._lifeline_writer)
            self._kernel.continue_with_parent()
            for fd in (control, output):
                os.set_inheritable(fd, False)
            Shim(self._kernel, socket.socket(fileno=control), output, self._lifeline).run()
            code = 0
        finally:
            os._exit(code)  # never back into the fork server's loop

    def _reap(self) -> bool:
        """Forget shims that have ended, continue those that were stopped. Returns False without children.

        Only a renderer stops its shim. A stopped one would report nothing and end nothing.
        """
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if os.WIFSTOPPED(status):
                send_signal([pid], signal.SIGCONT)
            else:
                self._shims.discard(pid)


def close_if_ended(client: socket.socket) -> bool:
    """Close the socket if its other end is closed, and return whether it was. What it sent is dropped."""
    try:
        if client.recv(65536):
            return False
    except ConnectionError:
        pass
    client.close()
    return True


def ignore_signals() -> None:
    """Ignore the signals that are meant for the orchestrator."""
    for number in IGNORED_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    # The mask is inherited: with it, renderers would get no request to end, and shims no SIGCHLD.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def serve(kernel: Kernel, requests: socket.socket) -> None:
    """Run the fork server until the other end of `requests` closes."""
    kernel.adopt_orphans()
    gc.freeze()  # shims share these pages as long as nothing writes to them
    ForkServer(kernel, requests).run()
