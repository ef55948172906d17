r"""Text as OpenJD takes it: names of steps and jobs, and literals inside format strings.

In a format string `{{` and `}}` always belong to a reference, and there is no way to write them otherwise; control
characters are refused. A literal that holds any of them is written as a JSON string, its braces as `\u007b` and
`\u007d`. A literal that begins with a quotation mark is written so too, so that the mark says which form it is. The
worker's scripts undo it (`plain`).

The panel writes the same names in ExtendScript, which has no Unicode tables: so names are neither composed nor folded
beyond the letters A to Z.
"""

from __future__ import annotations

import re
from string import ascii_uppercase
from typing import TYPE_CHECKING

from stmpo.model.literals import _CONTROL

if TYPE_CHECKING:
    from collections.abc import Iterable

STEP_NAME_LENGTH = 64
"""Of a step's name, by the specification."""

JOB_NAME_LENGTH = 128
"""Of a job's name, by the specification."""

_SMALL = {ord(letter): letter.lower() for letter in ascii_uppercase}
_REFERENCE = re.compile(r"\{(?=\{)|\}(?=\})")


def job_name(text: str) -> str:
    """A job's name, which is a format string: braces that would be a reference are spaced apart."""
    return _short(_REFERENCE.sub(r"\g<0> ", _clean(text) or "After Effects"), JOB_NAME_LENGTH)


def step_names(names: Iterable[str]) -> list[str]:
    """A step's name for each item: what people call it, cleaned, cut to length, and made unique by a number."""
    taken: set[str] = set()
    steps = []
    for name in names:
        clean = _clean(name) or "Item"
        step, count = _short(clean, STEP_NAME_LENGTH), 1
        while _lower(step) in taken:
            count += 1
            suffix = f" ({count})"
            step = _short(clean, STEP_NAME_LENGTH - len(suffix)) + suffix
        taken.add(_lower(step))
        steps.append(step)
    return steps


def _clean(text: str) -> str:
    """One line without control characters."""
    return " ".join(_CONTROL.sub(" ", text).split())


def _lower(text: str) -> str:
    """As names are compared: two that differ only by A for a are the same to people."""
    return text.translate(_SMALL)


def _short(text: str, length: int) -> str:
    """At most this many UTF-16 units, which is what a service on either side of the model may count."""
    units = 0
    for at, character in enumerate(text):
        units += 2 if ord(character) > 0xFFFF else 1
        if units > length:
            return text[:at].rstrip()
    return text
