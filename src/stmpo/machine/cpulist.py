"""Sets of CPU numbers as text: the kernel's lists (`0-3,8`), its masks (`00ff,0000000f`) and hwloc's
(`0xff,,0x1`).

The text comes from outside. Each reader refuses text that is no set, or is absurdly large, with `ValueError`:
a number with nine digits in a list would otherwise become a set of a billion members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_CPUS = 1 << 16
"""Numbers at or above this are refused. Linux is built for 8192 CPUs at most, Windows for 2048."""


def parse_list(text: str) -> frozenset[int]:
    """Return the numbers of a kernel CPU list: `0-3,8,10-11`, or with a stride `0-15:2/4` (2 of every 4).

    Raises:
        ValueError: it is not such a list, or a number is not below `MOST_CPUS`.
    """
    numbers: set[int] = set()
    for part in text.strip().split(","):
        if part.strip():
            numbers.update(_span(part.strip()))
    return frozenset(numbers)


def _span(part: str) -> Iterable[int]:
    """Return the numbers of one part of a list."""
    span, _, stride = part.partition(":")
    low, dash, high = span.partition("-")
    first = _number(low)
    last = _number(high) if dash else first
    if last < first:
        raise ValueError(f"{part!r} runs backwards")
    if not stride:
        return range(first, last + 1)
    used, _, group = stride.partition("/")
    period = max(_number(group), 1)
    return (number for number in range(first, last + 1) if (number - first) % period < _number(used))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is not a CPU number")
    number = int(text[:10])
    if number >= MOST_CPUS:
        raise ValueError(f"CPU {text} is out of range")
    return number


def parse_mask(text: str) -> frozenset[int]:
    """Return the numbers of a mask in words of 32 bits, the highest first: the kernel's `ff,0000000f`,
    hwloc's `0xff,,0xf`.

    hwloc leaves out words that are zero, and writes `0xf...f` for an endless set, which is refused.

    Raises:
        ValueError: it is not such a mask, or has a bit at or above `MOST_CPUS`.
    """
    words = text.strip().split(",")
    if len(words) > MOST_CPUS // 32:
        raise ValueError("the mask is too long")
    mask = 0
    for word in words:
        digits = word.strip().lower().removeprefix("0x")
        if len(digits) > 8 and len(words) > 1:
            raise ValueError(f"{word!r} is more than 32 bits")
        mask = mask << 32 | int(digits or "0", 16)
    if mask < 0 or mask >> MOST_CPUS:
        raise ValueError("the mask is out of range")
    return frozenset(number for number in range(mask.bit_length()) if mask >> number & 1)


def format_list(numbers: Iterable[int]) -> str:
    """Return the shortest list: `0-7,128-135`; empty for no number."""
    spans: list[list[int]] = []
    for number in sorted(set(numbers)):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ",".join(f"{low}" if low == high else f"{low}-{high}" for low, high in spans)
