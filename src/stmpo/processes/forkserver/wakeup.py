"""Sleeping until a child changes or a socket speaks, without polling: SIGCHLD written to a socket by Python itself."""

from __future__ import annotations

import os
import signal
import socket


def wake_on_child() -> socket.socket:
    """A socket that becomes readable whenever a child of this process changes its state. One at a time a process."""
    receiver, sender = socket.socketpair()
    receiver.setblocking(False)
    sender.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    before = signal.set_wakeup_fd(sender.detach(), warn_on_full_buffer=False)
    if before != -1:
        os.close(before)
    return receiver


def drain(wakeup: socket.socket) -> None:
    """Empty the wake-up socket; what woke us is looked up, not read."""
    try:
        while wakeup.recv(512):
            pass
    except BlockingIOError:
        return
