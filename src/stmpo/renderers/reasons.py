"""The reason why a renderer failed, chosen from its findings and its last lines.

A finding is always the better reason. Among findings the gravest counts; of the same gravity a specific one
comes before a general one ("logged 3 errors"), and an earlier one before a later one, since the cause is
printed first.

Without such a finding the reason is the last line that may explain an end. Lines that are known to be
harmless never count: progress, headers, the launcher's lines, "Loading footage: …", "Render finished with 0
errors.", undecodable bytes, and warnings that do not stop a render.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stmpo.renderers.error_catalogue import look_up
from stmpo.renderers.protocol import Finding, FindingKind, Meaning

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_GRAVITY = {meaning: rank for rank, meaning in enumerate(Meaning)}
_GRAVE = {Meaning.HOPELESS, Meaning.UNTRUSTED, Meaning.LATER, Meaning.FAILED}

_NO_CAUSE = {
    FindingKind.MISSING_FONT,
    FindingKind.MISSING_LAYER,
    FindingKind.BLANK_FRAMES,
    FindingKind.NOT_DRAWN,
    FindingKind.EXPRESSION_DISABLED,
}
"""Kinds of warnings after which a render goes on; they explain no failure."""

_NO_CAUSE_NAMES = {"arguments-ignored", "item-skipped"}

_HARMLESS_LINE = re.compile(
    r"(?:PROGRESS|DEBUG|INFO):|aerender version\b|rqindex \w*num\b|openjd_\w+:"
    r"|(?:loading|opening|importing|reading|using) (?:footage|files?|projects?|fonts?|plug-?ins?|images?|layers?)\s*:"
    r"|(?:(?:finished |done )?(?:pre)?(?:loading|opening|closing|saving|importing|reading|initiali[sz]ing|caching|rendering"
    r"|starting|launching|running|exiting|quitting|processing|using|loaded|opened|closed|saved|rendered|started|scanning))\b"
    r"(?!.*\b(?:fail\w*|errors?|unable|cannot|can ?not|could not|denied|crash\w*)\b)"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8,12}\s?: INFO\b|\[[0-9: -]{10,25}\] \[\w+\] (?:asio|handle_connect|Error getting)"
    r"|Qt: Untested Windows version\b"
    r"|Adobe After Effects v[0-9]|(?:Rendering started|Log closed|Log opened) on\b|Running Script:"
    r"|(?:done|finished|completed?|ok|success\w*|exiting|quitting|bye|goodbye|warnings?: 0|errors?: 0|0 errors?)\b[\s.!]*$"
    r"|(?:total )?time elapsed\b|(?:frame )?[0-9]+(?:\s?/\s?[0-9]+|\s?%)[\s.]*$"
    r"|.*\b(?:with|without|no|0) (?:any )?(?:0 )?errors?(?: found)?[\s.!]*$",
    re.IGNORECASE,
)
"""Lines without a finding that report normal work; "with 0 errors" and "no errors" included."""

_ESCAPED = re.compile(r"ÿþ|þÿ|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\U[0-9a-f]{8}|\ufffd", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]{3}\w*|[^\W\d_\u0000-\u02ff]{2}\w*")
"""A word: three ASCII letters, or two of another script. Code pages make Latin-1 letters of any bytes."""


def choose_reason(findings: Iterable[Finding], lines: Sequence[str]) -> str | None:
    """Return the line that explains best why a renderer failed, or None if none does.

    `findings` are in the order in which they were printed, `lines` the last lines of the output.
    """
    grave = [finding for finding in findings if finding.meaning in _GRAVE]
    if grave:
        words = min(grave, key=lambda found: (_GRAVITY[found.meaning], found.general)).words.strip()
        return _whole_quotation(words, lines)
    return next((line.strip() for line in reversed(lines) if not is_harmless(line)), None)


def _whole_quotation(words: str, lines: Sequence[str]) -> str:
    """Add the next line to one that opens a quotation only: After Effects breaks lines."""
    stripped = [line.strip() for line in lines]
    if words.count('"') % 2 == 0 or words not in stripped[:-1]:
        return words
    rest = stripped[stripped.index(words) + 1]
    return f"{words} {rest}" if rest.endswith('"') else words


def gravest(findings: Iterable[Finding]) -> Finding | None:
    """Return the finding that decides an attempt: the gravest, then a specific one, then the first."""
    return min(findings, key=lambda found: (_GRAVITY[found.meaning], found.general), default=None)


def is_harmless(line: str) -> bool:
    """Return whether a line cannot explain a failure: normal work, harmless, blank or undecodable."""
    text = line.strip()
    if not _is_readable(text):
        return True
    finding = None if text.startswith("PROGRESS:") else look_up(text)
    if finding is None:
        return _HARMLESS_LINE.match(text) is not None
    if finding.meaning is Meaning.WARNING:
        return finding.kind in _NO_CAUSE or finding.name in _NO_CAUSE_NAMES
    return finding.meaning is Meaning.HARMLESS


def _is_readable(text: str) -> bool:
    """Return whether a decoded line contains words rather than escaped bytes."""
    bare = _ESCAPED.sub("", text)
    return len(_WORD.findall(bare)) >= (1 if bare == text else 3)
