"""Reads which After Effects saved a project from the first bytes of its file, however damaged the rest is."""

from __future__ import annotations

OLDEST_KNOWN = 15
"""Major version of the oldest After Effects (CC 2018) whose files py_aep reads completely."""

NEWEST_KNOWN = 26
"""Major version of the newest After Effects whose files py_aep was tested with."""

_RELEASES = {8: "CS3", 9: "CS4", 10: "CS5", 11: "CS6", 12: "CC", 13: "CC 2014 or CC 2015", 14: "CC 2017"}
"""Names of the releases before `OLDEST_KNOWN`, for people who know their version by name."""

_HEAD = 64
"""The version stands in the first chunk, in these bytes."""


def saved_by(data: bytes) -> int:
    """Return the major version of the After Effects that saved a project; 0 if it is not known."""
    # After the tag: the size, four bytes of format version, and the packed version of After Effects.
    head = data.find(b"head", 0, _HEAD)
    packed = int.from_bytes(data[head + 12 : head + 16], "big") if head >= 0 else 0
    # Four bits at 26 and three at 19. (Bit 30 is not part of it: files of After Effects 17 have it set.)
    return (packed >> 26 & 0x0F) * 8 + (packed >> 19 & 0x07)


def release_name(major: int) -> str:
    """Return the version as people call it, such as `13 (CC 2014 or CC 2015)`."""
    return f"{major} ({_RELEASES[major]})" if major in _RELEASES else str(major)
