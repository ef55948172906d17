"""The events of a journal, their fields and the limits of each: the one place that trusts its bytes.

A journal may have been cut, edited or planted. `parse_line` returns only fields of the right type and of a
possible value; it drops all others. So its readers need no checks of their own, and a hostile line costs
memory and time in proportion to its length.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from stmpo.history.frame_ranges import format_frames
from stmpo.model.frames import FrameSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Check = Callable[[Any], bool]

MAX_LINE = 1 << 20
"""Bytes of a line. What is longer is broken."""

MAX_LONG_LINE = 16 << 20
"""Bytes of a line of an early version, which wrote each frame of a `run` line."""

MAX_TEXT = 64 << 10
"""Characters of a text that is written. Longer ones are cut, so that no line is too long."""

MAX_FRAME = 10**12
MAX_BYTES = 1 << 60
MAX_SECONDS = 1e9
MAX_COUNT = 1 << 31
MAX_PATH = 32_768

BROKEN: dict[str, Any] = {}
"""Stands for a line that cannot be read."""

_NUL = b"\\u0000"
"""A NUL character as JSON writes it. No path holds one, and the system answers such a path with an error."""

_LONG_FRAMES = re.compile(rb'"frames": ?"[-0-9,:]*"')
_MAX_DIGITS = 20
_MARK = re.compile(r"[0-9a-f]{16}")


def _whole(lowest: int, highest: int) -> Check:
    return lambda value: type(value) is int and lowest <= value <= highest  # a bool is an int to Python


def _seconds(value: Any) -> bool:
    return type(value) in {int, float} and 0 <= value <= MAX_SECONDS


def _text(longest: int) -> Check:
    return lambda value: isinstance(value, str) and len(value) <= longest


def _path(value: Any) -> bool:
    """Return whether the system can be asked about a path: no character that no name can hold."""
    if not isinstance(value, str) or len(value) > MAX_PATH:
        return False
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        return False
    return True


def _is_mark(value: Any) -> bool:
    return isinstance(value, str) and _MARK.fullmatch(value) is not None


def _flat(value: Any) -> bool:
    """Return whether this is an object of plain values, none of them long."""
    return (
        isinstance(value, dict)
        and len(value) <= 32
        and all(
            item is None
            or type(item) in {bool, int, float}
            or (isinstance(item, str) and len(item) <= MAX_PATH)
            for item in value.values()
        )
    )


_ATTEMPT = {"attempt": _whole(0, MAX_COUNT)}
_FRAMES = {"frames": _text(MAX_LINE)}

SCHEMA: Mapping[str, Mapping[str, Check]] = {
    "run": {
        "version": _whole(0, MAX_COUNT),
        "stmpo": _text(64),
        "run": _text(64),
        "host": _text(255),
        "pid": _whole(0, MAX_COUNT),
        "job": _flat,
        "project_version": _flat,
        "fresh": lambda value: type(value) is bool,
        "scratch": _path,
    },
    "started": {**_ATTEMPT, **_FRAMES, "folder": _path},
    "delivered": {
        **_ATTEMPT,
        **_FRAMES,
        "frame": _whole(-MAX_FRAME, MAX_FRAME),
        "name": _path,
        "size": _whole(0, MAX_BYTES),
        "cost": _seconds,
        "stamp": _is_mark,
        "digest": _is_mark,
    },
    "untrusted": _ATTEMPT,
    "revoked": _FRAMES,
    "ended": {
        **_ATTEMPT,
        "start_up": _seconds,
        "peak_memory": _whole(0, MAX_BYTES),
        "stopped": _text(64),
    },
    "removed": {"scratch": _path},
    "limited": {"processes": _whole(1, MAX_COUNT), "name": _text(64)},
    "finished": {"processes": _whole(0, MAX_COUNT)},
}
"""Events that are read, and a check for each of their fields. Other events and fields are for people."""


def parse_line(raw: bytes) -> dict[str, Any]:
    """Return the event and the fields that are in `SCHEMA`; `BROKEN` for a line that is not an object."""
    if len(raw) > MAX_LINE:
        raw = _LONG_FRAMES.sub(b'"frames":""', raw)
    if len(raw) > MAX_LINE or _NUL in raw:
        return BROKEN
    try:
        line = json.loads(raw, parse_int=_parse_int)
    except (ValueError, RecursionError):
        return BROKEN
    if not isinstance(line, dict) or not line:
        return BROKEN
    event = line.get("event")
    fields = SCHEMA.get(event, {}) if isinstance(event, str) else {}
    found = {name: line[name] for name, check in fields.items() if name in line and check(line[name])}
    return {"event": event if isinstance(event, str) else "", **found}


def _parse_int(digits: str) -> int | None:
    return int(digits) if len(digits) <= _MAX_DIGITS else None


def format_line(event: str, values: Mapping[str, object]) -> bytes:
    """Return a line that `parse_line` reads.

    Frame sets are written as ranges, and texts that are too long are cut.
    """
    line = {"event": event, **{name: _bounded(value) for name, value in values.items()}}
    text = json.dumps(line, ensure_ascii=False, separators=(",", ":"), default=str)
    return text.encode("utf-8", "surrogatepass") + b"\n"  # a path may hold bytes that are not UTF-8


def _bounded(value: object) -> object:
    value = format_frames(value) if isinstance(value, FrameSet) else value
    return f"{value[:MAX_TEXT]}…" if isinstance(value, str) and len(value) > MAX_TEXT else value


def split_frames(frames: FrameSet | str) -> Iterator[str]:
    """Yield frames as texts that a line takes."""
    text = frames if isinstance(frames, str) else format_frames(frames)
    while len(text) > MAX_TEXT:
        cut = text.rindex(",", 0, MAX_TEXT)
        yield text[:cut]
        text = text[cut + 1 :]
    yield text
