"""Installed and available memory of the live machine, by psutil: the system's own figures, without limits.

`linux_limits.py` reads the limits of Linux control groups. psutil is imported on use, because most commands
never need it.
"""

from __future__ import annotations


def installed_and_available() -> tuple[int | None, int | None]:
    """Return the installed bytes, and the bytes available without swapping; None where the system does not
    say.
    """
    import psutil  # noqa: PLC0415 - costs 20 ms, and only a live machine needs it

    try:
        memory = psutil.virtual_memory()
    except (OSError, RuntimeError, psutil.Error):
        return None, None
    return memory.total, memory.available
