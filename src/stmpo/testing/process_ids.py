"""Process ids as the machine sees them, recorded from inside a renderer's PID namespace (Linux).

A run may put its renderers into a namespace (`stmpo.processes.forkserver.namespace`), in which they have
other process ids. The first process there keeps the outer `/proc` open, by which the outer ids are found.
"""

from __future__ import annotations

import contextlib
import os


def outer_pid(pid: int) -> int:
    """Return the id that the machine sees, of this process or of a child of it. It may be `pid` itself."""
    proc = _outer_proc()
    if proc is None:
        return pid
    with contextlib.suppress(OSError, ValueError):
        own = os.readlink(f"{proc}/self")  # noqa: PTH115 - a link through a descriptor
        if pid == os.getpid():
            return int(own)
        for thread in os.listdir(f"{proc}/{own}/task"):  # noqa: PTH208
            for child in _read(f"{proc}/{own}/task/{thread}/children").split():
                if _inner_pid(f"{proc}/{child}/status") == pid:
                    return int(child)
    return pid


def _outer_proc() -> str | None:
    """Return a path to the outer `/proc`, if the first process of this namespace is a fork server."""
    with contextlib.suppress(OSError):
        if "forkserver" not in _read("/proc/1/cmdline"):
            return None
        for name in os.listdir("/proc/1/fd"):  # noqa: PTH208
            path = f"/proc/1/fd/{name}"
            with contextlib.suppress(OSError):
                if os.readlink(path) == "/proc" and os.readlink(f"{path}/self") != str(os.getpid()):  # noqa: PTH115
                    return path
    return None


def _inner_pid(status: str) -> int:
    """Return the process id in the innermost namespace, by a `status` file."""
    numbers = next(line for line in _read(status).splitlines() if line.startswith("NSpid:")).split()
    return int(numbers[-1])


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - as the fake reads all else
        return file.read()
