r"""Names of jobs and steps as OpenJD accepts them.

In a format string `{{` and `}}` always delimit a reference, and there is no way to escape them; control
characters are refused. (`stmpo.model.literals` writes other text, such as file names, so that it survives.)

The panel makes the same names in ExtendScript, which has no Unicode tables. So names are not normalised, and
only the letters A to Z are compared without case.
"""

from __future__ import annotations

import re
from string import ascii_uppercase
from typing import TYPE_CHECKING

from stmpo.model.literals import CONTROL

if TYPE_CHECKING:
    from collections.abc import Iterable

STEP_NAME_LENGTH = 64
"""Longest name of a step in the specification."""

JOB_NAME_LENGTH = 128
"""Longest name of a job in the specification."""

_LOWERCASE = {ord(letter): letter.lower() for letter in ascii_uppercase}
_REFERENCE = re.compile(r"\{(?=\{)|\}(?=\})")


def job_name(text: str) -> str:
    """Return a job's name. It is a format string, so double braces are separated by a blank."""
    return _truncated(_REFERENCE.sub(r"\g<0> ", _cleaned(text) or "After Effects"), JOB_NAME_LENGTH)


def step_names(names: Iterable[str]) -> list[str]:
    """Return a step's name for each item: its name, cleaned, cut to length and made unique by a number."""
    taken: set[str] = set()
    steps = []
    for name in names:
        clean = _cleaned(name) or "Item"
        step, count = _truncated(clean, STEP_NAME_LENGTH), 1
        while _comparable(step) in taken:
            count += 1
            suffix = f" ({count})"
            step = _truncated(clean, STEP_NAME_LENGTH - len(suffix)) + suffix
        taken.add(_comparable(step))
        steps.append(step)
    return steps


def _cleaned(text: str) -> str:
    """Return the text as one line without control characters."""
    return " ".join(CONTROL.sub(" ", text).split())


def _comparable(text: str) -> str:
    """Return the name as names are compared: without the case of A to Z."""
    return text.translate(_LOWERCASE)


def _truncated(text: str, length: int) -> str:
    """Cut the text to this many UTF-16 units, the unit that services count in."""
    units = 0
    for at, character in enumerate(text):
        units += 2 if ord(character) > 0xFFFF else 1
        if units > length:
            return text[:at].rstrip()
    return text
