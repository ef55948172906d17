"""Sleep until a child changes or a socket is readable, without polling: Python writes SIGCHLD to a socket."""

from __future__ import annotations

import os
import signal
import socket


def wake_on_child() -> socket.socket:
    """Return a socket that becomes readable when a child of this process changes its state.

    There is one per process: a second call replaces the first.
    """
    receiver, sender = socket.socketpair()
    receiver.setblocking(False)
    sender.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    before = signal.set_wakeup_fd(sender.detach(), warn_on_full_buffer=False)
    if before != -1:
        os.close(before)
    return receiver


def drain(wakeup: socket.socket) -> None:
    """Empty the wake-up socket. Its bytes mean nothing; callers look at their children."""
    try:
        while wakeup.recv(512):
            pass
    except BlockingIOError:
        return
