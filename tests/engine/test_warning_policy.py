"""What follows from a warning: by its kind, by the options, and never for an error."""

from __future__ import annotations

import pytest

from stmpo.engine.warning_policy import Reaction, WarningCounts, WarningPolicy, describe, refusal
from stmpo.model.options import RunOptions
from stmpo.renderers.error_catalogue import look_up
from stmpo.renderers.protocol import Finding, FindingKind, Meaning

FOOTAGE = "WARNING:After Effects warning: file D:\\plates\\sky_0012.tif could not be found."
EFFECT = "INFO:This project contains a reference to a missing effect."
EXPRESSION = (
    "WARNING:After Effects warning: An expression error occurred in layer 3 ('Title'). Expression disabled."
)
LAYER = 'WARNING:After Effects warning: A layer reference is missing in effect "Set Matte".'


def finding(line: str) -> Finding:
    found = look_up(line)
    assert found is not None, line
    return found


def reaction(line: str, *, continues: bool = False, **options: str) -> Reaction:
    policy = WarningPolicy.of(RunOptions(**options), continue_on_missing_footage=continues)  # type: ignore[arg-type]  # options by name
    return policy.reaction(finding(line))


def test_footage_and_effects_fail_and_expressions_warn() -> None:
    assert reaction(FOOTAGE) is Reaction.FAIL
    assert reaction(EFFECT) is Reaction.FAIL
    assert reaction(EXPRESSION) is Reaction.WARN
    assert reaction(LAYER) is Reaction.WARN
    assert reaction("WARNING:After Effects warning: Project has missing fonts.") is Reaction.WARN


@pytest.mark.parametrize("value", Reaction)
def test_each_option_decides_about_its_kind(value: Reaction) -> None:
    assert reaction(FOOTAGE, on_missing_footage=value.value) is value
    assert reaction(EFFECT, on_missing_effect=value.value) is value
    assert reaction(EXPRESSION, on_expression_error=value.value) is value
    assert reaction(LAYER, on_expression_error=value.value) is value


def test_to_continue_on_missing_footage_means_to_warn_unless_the_policy_is_given() -> None:
    assert reaction(FOOTAGE, continues=True) is Reaction.WARN
    assert reaction(FOOTAGE, continues=True, on_missing_footage="fail") is Reaction.FAIL
    assert reaction(EFFECT, continues=True) is Reaction.FAIL


def test_no_policy_touches_an_error() -> None:
    line = "After Effects error: file D:\\plates\\sky_0012.tif could not be found."
    assert finding(line).kind is FindingKind.MISSING_FOOTAGE
    assert reaction(line, on_missing_footage="fail") is Reaction.IGNORE


def test_the_refusal_quotes_the_renderer_and_names_the_option() -> None:
    assert FOOTAGE in refusal(finding(FOOTAGE))
    assert refusal(finding(FOOTAGE)).endswith("give --on-missing-footage warn")
    assert "--on-missing-effect warn" in refusal(finding(EFFECT))
    assert "--on-expression-error warn" in refusal(finding(LAYER))


def test_the_same_words_of_several_renderers_count_once() -> None:
    counts = WarningCounts()
    assert [counts.add(finding(line)) for line in (FOOTAGE, FOOTAGE, EFFECT, EXPRESSION)] == [
        True,
        False,
        True,
        True,
    ]
    other = Finding("missing-footage", Meaning.WARNING, "another file", kind=FindingKind.MISSING_FOOTAGE)
    assert counts.add(other)
    assert counts.by_kind() == {
        FindingKind.MISSING_FOOTAGE: 2,
        FindingKind.MISSING_EFFECT: 1,
        FindingKind.EXPRESSION_DISABLED: 1,
    }
    assert describe(counts.by_kind()) == "2 missing footage files, 1 missing effect, 1 expression error"
    assert describe({}) == ""
