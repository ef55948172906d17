"""Known errors and warnings of aerender: the meaning of each for its process, and the next step for the user.

The catalogue is data. `look_up` tries the entries in order and the first match counts, so the order is part
of the meaning: harmless lines that look like errors, lines that make frames untrusted, particular errors and
warnings, then the general shapes of an error and of a warning.

Three rules keep the meaning right. After Effects echoes names of comps, layers and files unchanged, so an
entry is anchored at the line's beginning, or uses text that no file name contains (`( 86 :: 2 )`, "logged
one error"); the bare word "error" never counts. A line that begins as an error is never less than an error:
entries of warnings and of harmless lines do not apply to it. And a `PROGRESS:` line is not looked up at all
(see `aerender.py`).

Case is ignored: strings thrown by the startup script come out as `aerender ERROR:`, error objects as
`aerender Error:`. After Effects' messages follow the language of its user interface; its codes do not.
"""

from __future__ import annotations

import re
from functools import lru_cache

from stmpo.renderers.error_catalogue import error_entries, warning_entries
from stmpo.renderers.error_catalogue.pattern import AERENDER_ERROR, ERROR, Pattern, without_names
from stmpo.renderers.protocol import Finding, Meaning

__all__ = ["CATALOGUE", "Pattern", "look_up"]

CATALOGUE = (
    *warning_entries.HARMLESS,
    *error_entries.UNTRUSTED,
    *error_entries.LATER,
    *error_entries.HOPELESS,
    *error_entries.FAILED,
    *warning_entries.WARNINGS,
    *error_entries.GENERAL,
)
"""All entries, in the order in which they are tried."""

_ERROR_LINE = re.compile(f"{ERROR}|{AERENDER_ERROR}", re.IGNORECASE)
_BELOW_ERRORS = {Meaning.WARNING, Meaning.HARMLESS}


@lru_cache(maxsize=1)
def _compiled() -> tuple[tuple[Pattern, re.Pattern[str]], ...]:
    return tuple((pattern, re.compile(pattern.regex, re.IGNORECASE)) for pattern in CATALOGUE)


@lru_cache(maxsize=512)  # a renderer that repeats itself does so a million times
def look_up(line: str) -> Finding | None:
    """Return the finding for a line (decoded, stripped, of bounded length, no `PROGRESS:`), or None."""
    is_error = _ERROR_LINE.search(line) is not None
    nameless = without_names(line)
    for pattern, regex in _compiled():
        if is_error and pattern.meaning in _BELOW_ERRORS and not pattern.even_if_error:
            continue
        if regex.search(nameless if pattern.without_names else line):
            return pattern.finding(line)
    return None
