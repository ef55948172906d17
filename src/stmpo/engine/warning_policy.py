"""What becomes of a run in which a renderer warns: fail, warn, or ignore, per kind of warning.

After Effects goes on where footage, an effect or a layer is missing and where an expression fails: it draws
colour bars, leaves the effect out or keeps another value, and exits with code 0. Whether such pictures are
wanted is the user's decision, so each kind has an option:

    --on-missing-footage    fail, or warn where --continue-on-missing-footage is given
    --on-missing-effect     fail
    --on-expression-error   warn; missing layers count as well

The decision is made from the lines, whatever flags the renderer was started with. The same kinds also occur
as errors, which are failures under every policy. Pure.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from stmpo.model.text import plural
from stmpo.renderers.protocol import Finding, FindingKind, Meaning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stmpo.model.options import RunOptions

MAX_REMEMBERED = 1000
"""Different warnings that are told apart in one run. Further ones are not counted."""


class Reaction(Enum):
    """What follows from a warning. The values are those of the options."""

    FAIL = "fail"
    """The run ends, and frames that were rendered after the warning do not count."""

    WARN = "warn"
    """The warning is reported once and counted; the frames count."""

    IGNORE = "ignore"
    """Nothing, apart from the renderer's own line in the log."""


_OPTIONS = {
    FindingKind.MISSING_FOOTAGE: "--on-missing-footage",
    FindingKind.MISSING_EFFECT: "--on-missing-effect",
    FindingKind.EXPRESSION_DISABLED: "--on-expression-error",
    FindingKind.MISSING_LAYER: "--on-expression-error",
}
"""The option that decides about each kind of warning."""

_NAMES = {
    FindingKind.MISSING_FOOTAGE: ("missing footage file", "missing footage files"),
    FindingKind.MISSING_EFFECT: ("missing effect", "missing effects"),
    FindingKind.MISSING_LAYER: ("missing layer or dependency", "missing layers or dependencies"),
    FindingKind.EXPRESSION_DISABLED: ("expression error", "expression errors"),
    FindingKind.MISSING_FONT: ("warning about fonts", "warnings about fonts"),
    FindingKind.BLANK_FRAMES: ("warning about blank frames", "warnings about blank frames"),
    FindingKind.NOT_DRAWN: (
        "warning about parts that are not drawn",
        "warnings about parts that are not drawn",
    ),
    FindingKind.MISSING_TEMPLATE: ("missing template", "missing templates"),
}
"""Words for a number of warnings of a kind; for all others "warning"."""


@dataclass(frozen=True, slots=True)
class WarningPolicy:
    """The reaction to each kind of warning that has an option."""

    footage: Reaction = Reaction.FAIL
    effect: Reaction = Reaction.FAIL
    expression: Reaction = Reaction.WARN

    @classmethod
    def of(cls, options: RunOptions, *, continue_on_missing_footage: bool) -> WarningPolicy:
        """Return the policy that the options ask for."""
        footage = options.on_missing_footage
        if footage == "auto":
            footage = "warn" if continue_on_missing_footage else "fail"
        return cls(
            Reaction(footage), Reaction(options.on_missing_effect), Reaction(options.on_expression_error)
        )

    def reaction(self, finding: Finding) -> Reaction:
        """Return what follows from a warning: `WARN` for kinds without an option, `IGNORE` for errors.

        Errors are not the policy's business: the retry rules decide about them.
        """
        if finding.meaning is not Meaning.WARNING:
            return Reaction.IGNORE
        match finding.kind:
            case FindingKind.MISSING_FOOTAGE:
                return self.footage
            case FindingKind.MISSING_EFFECT:
                return self.effect
            case FindingKind.EXPRESSION_DISABLED | FindingKind.MISSING_LAYER:
                return self.expression
            case _:
                return Reaction.WARN


def refusal(finding: Finding) -> str:
    """Return why a run ends because of a warning, and the way out, in one line."""
    option = _OPTIONS[finding.kind]
    advice = f"{finding.advice.rstrip('.')}. " if finding.advice else ""
    return f"{finding.words.strip()}: {advice}To render all the same, give {option} warn"


@dataclass(slots=True)
class WarningCounts:
    """Counts the warnings of a run by kind. Several renderers that print the same words count once."""

    _seen: set[tuple[str, str]] = field(default_factory=set)
    _counts: Counter[FindingKind] = field(default_factory=Counter)

    def add(self, finding: Finding) -> bool:
        """Count a warning; return whether it is new."""
        key = (finding.name, finding.words.strip())
        if key in self._seen or len(self._seen) >= MAX_REMEMBERED:
            return False
        self._seen.add(key)
        self._counts[finding.kind] += 1
        return True

    def by_kind(self) -> Mapping[FindingKind, int]:
        """Return the number of warnings of each kind that occurred, in the order of `FindingKind`."""
        return {kind: self._counts[kind] for kind in FindingKind if self._counts[kind]}


def describe(counts: Mapping[FindingKind, int]) -> str:
    """Return the counts for people: "2 missing footage files, 1 expression error"; "" for none."""
    return ", ".join(plural(count, *_NAMES.get(kind, ("warning",))) for kind, count in counts.items())
