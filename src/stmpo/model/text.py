"""Text for people: one line, visible control characters, counts, durations."""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f"  # C0 (all but tab), DEL and C1, U+0085 among them
    "\u2028\u2029"  # line and paragraph separators
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional marks, embeddings, overrides and isolates
    "\ufeff\ud800-\udfff]"  # byte order mark, lone surrogates
)


def visible(text: str) -> str:
    r"""The text with characters that act instead of showing written as `\xNN` or `\uNNNN`. A tab stays."""
    if text.isprintable():  # nearly every line, at the speed of C
        return text
    return _UNSAFE.sub(_escape, text)


def one_line(text: str, limit: int | None = None) -> str:
    """The text as one line of at most `limit` characters, runs of blanks and line breaks made one blank.

    For `openjd_status` and `openjd_fail`, where a line break inside the message would forge a message of its own.
    """
    flat = visible(" ".join(text.split()))
    return flat if limit is None or len(flat) <= limit else flat[: max(limit - 1, 0)] + "…"[:limit]


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def plural(number: int, one: str, many: str | None = None) -> str:
    """`1 frame`, `2 frames`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """`12.3 s`, `4 min 05 s`, `2 h 07 min`."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"
