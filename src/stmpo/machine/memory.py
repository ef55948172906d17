"""How much memory the live machine has and can still give, by psutil: the systems' own figures, limits not included.

The limits of Linux control groups are read in `linux_limits.py`. psutil is imported when asked, for the start-up of
commands that never ask.
"""

from __future__ import annotations


def installed_and_available() -> tuple[int | None, int | None]:
    """Bytes built in, and bytes that can be had without swapping; None where the system will not say."""
    import psutil  # noqa: PLC0415 - costs 20 ms, and only a live machine needs it

    try:
        memory = psutil.virtual_memory()
    except (OSError, RuntimeError, psutil.Error):
        return None, None
    return memory.total, memory.available
