"""The reason of a failure comes from findings first, and never from lines that are known to be harmless."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.renderers.error_catalogue import look_up
from stmpo.renderers.reasons import choose_reason, gravest, is_harmless

if TYPE_CHECKING:
    from stmpo.renderers.protocol import Finding

HARMLESS = [
    "",
    "Render finished with 0 errors.",
    "Rendering completed without errors",
    "Loading footage: sky_0012.tif",
    "Loading footage: error_final.mov",
    "INFO:Project opened",
    "PROGRESS:  0:00:00:01 (2): 0 Seconds",
    "aerender version 26.2x49",
    "rqindex 3num 5",
    "Done.",
    "frame 12/100",
    "\\xff\\x00\\xfe",
    "\ufffd\ufffd\ufffd\ufffd",
    "ÿ\\x00þ",
    "ÿþ garbage",
    "2022-02-07 22:50:53 : INFO  Environment: m_scaleFactor is 1.000000",
    "[2022-02-07 16:43:14] [error] handle_connect error: refused",
    "WARNING:After Effects warning: Project has missing fonts.",
    'Using DXGI: Device: "NVIDIA Quadro" has dedicated video RAM (MB): 7592',
]

TELLING = [
    "Segmentation fault",
    "Loading plug-in failed: Particular",
    "Could not open DLL",
    "Échec du rendu",
    "что-то не так",
    "エラー",
    "WARNING:something unknown",
    "WARNING:After Effects warning: file /p/sky.tif could not be found.",
]


def findings(*lines: str) -> list[Finding]:
    return [found for found in map(look_up, lines) if found is not None]


@pytest.mark.parametrize("line", HARMLESS)
def test_harmless_lines_are_never_the_reason(line: str) -> None:
    assert is_harmless(line)
    assert choose_reason([], ["the telling one", line]) == "the telling one"
    assert choose_reason([], [line]) is None


@pytest.mark.parametrize("line", TELLING)
def test_the_last_line_that_is_not_harmless_is_the_reason(line: str) -> None:
    assert choose_reason([], ["something else", line, "Render finished with 0 errors."]) == line


def test_a_finding_comes_before_any_line() -> None:
    found = findings("Unable to obtain a license")
    assert choose_reason(found, ["Unable to obtain a license", "Segmentation fault"]) == found[0].words


def test_a_warning_is_no_reason_before_a_line() -> None:
    found = findings("WARNING:After Effects warning: Project has missing fonts.")
    assert choose_reason(found, [found[0].words, "Segmentation fault"]) == "Segmentation fault"


@pytest.mark.parametrize(
    "lines",
    [
        ("WARNING:After Effects 警告: 3 のエラーがログされました", 'First error was "The disk is gone."'),
        ('First error was "The disk is gone."', "INFO: Render aborted."),
    ],
)
def test_the_first_error_is_a_better_reason_than_the_number_of_errors(lines: tuple[str, ...]) -> None:
    assert choose_reason(findings(*lines), lines) == 'First error was "The disk is gone."'


def test_a_quotation_that_continues_on_the_next_line_is_whole() -> None:
    lines = [
        "WARNING:After Effects warning: logged 10 errors, please check log.",
        'First error was "error: Unable to Render: File Not Found',
        '/plates/green_yellow_bg.png"',
    ]
    reason = 'First error was "error: Unable to Render: File Not Found /plates/green_yellow_bg.png"'
    assert choose_reason(findings(*lines), lines) == reason


def test_the_gravest_counts_then_the_first() -> None:
    lines = (
        "After Effects error: a",
        "After Effects error: b",
        "aerender ERROR: No comp was found with the given name.",
    )
    assert choose_reason(findings(*lines[:2]), lines) == "After Effects error: a"
    assert choose_reason(findings(*lines), lines) == lines[2]
    found = gravest(findings(*lines))
    assert found is not None
    assert found.name == "no-comp"
    assert gravest([]) is None


@given(st.text())
def test_no_line_raises(line: str) -> None:
    is_harmless(line)
