"""`stmpo submit`: the question before files of other folders are sent, and the progress of sending them."""

from __future__ import annotations

import io
import sys

import pytest

from stmpo.cli.farm_options import TransferLine
from stmpo.cli.main import run
from stmpo.cli.submit import _confirmed
from stmpo.deadline.client import TransferProgress


@pytest.mark.parametrize(
    ("typed", "sent", "asked"),
    [("y\n", True, 1), ("YES\n", True, 1), ("n\n", False, 1), ("\n", False, 1), ("what?\nno\n", False, 2)],
)
def test_only_a_yes_is_consent(
    typed: str, sent: bool, asked: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert _confirmed("Send them?") is sent
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "Send them? [y/N]: " * asked)


def test_a_download_waits_for_the_jobs_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["submit", "shot.aep", "--download"]) == 2
    assert "--download needs --wait" in capsys.readouterr().err


def test_an_input_that_ends_cancels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    with pytest.raises(KeyboardInterrupt):
        _confirmed("Send them?")


def test_progress_without_a_terminal_is_a_line_every_ten_percent(capsys: pytest.CaptureFixture[str]) -> None:
    line = TransferLine()
    assert all(line.show(TransferProgress("hashing", percent, "")) for percent in range(101))
    assert capsys.readouterr().err.splitlines() == [f"hashing {step} %" for step in range(0, 101, 10)]
