"""Text for people: one line, no control characters, counts, durations and sizes in one form everywhere.

Text from outside (a renderer's output, a comp's name, a path) may hold control characters. A terminal or a
log would act on them, and a line break inside an OpenJD message would forge a second message. Pass such text
through `visible` before it is printed, and through `one_line` where exactly one line is allowed.
"""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f"  # C0 (all but tab), DEL and C1, U+0085 among them
    "\u2028\u2029"  # line and paragraph separators
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional marks, embeddings, overrides and isolates
    "\ufeff\ud800-\udfff]"  # byte order mark, lone surrogates
)


def visible(text: str) -> str:
    r"""Return the text with control and direction characters written as `\xNN` or `\uNNNN`. A tab stays."""
    if text.isprintable():  # nearly every line, at the speed of C
        return text
    return _UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def one_line(text: str, limit: int | None = None) -> str:
    """Return the text as one visible line of at most `limit` characters; a longer one ends with "…".

    Each run of blanks and line breaks becomes one blank.
    """
    flat = visible(" ".join(text.split()))
    return flat if limit is None or len(flat) <= limit else flat[: max(limit - 1, 0)] + "…"[:limit]


def shortened(text: str, limit: int) -> str:
    """Return the text with its middle left out (" … ") if it has more than `limit` characters."""
    if len(text) <= limit:
        return text
    head = (limit - 3 + 1) // 2
    return f"{text[:head]} … {text[len(text) - (limit - 3 - head) :]}"


def shown(value: object, limit: int = 200) -> str:
    """Return a value as a message quotes it, its middle left out if it is long."""
    return shortened(repr(value), limit)


def plural(number: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun: `1 frame`, `2 frames`, `1,200 frames`. `many` is `one` + "s"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Return a duration: `12.3 s`, `4 min 05 s`, `2 h 07 min`."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def byte_size(count: int) -> str:
    """Return a number of bytes in MB (2^20) or GB (2^30): `212 MB`, `3.1 GB`, `64 GB`, `1024 GB`."""
    gigabytes = count / 2**30
    if gigabytes < 1:
        return f"{count / 2**20:.0f} MB"
    return f"{gigabytes:.0f} GB" if gigabytes >= 100 else f"{gigabytes:.1f}".removesuffix(".0") + " GB"
