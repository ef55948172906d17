"""The readers of foreign bytes take or refuse the fuzzing corpus, and small changes of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fuzz.__main__ import main
from fuzz.targets import TARGETS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

CORPUS = Path(__file__).resolve().parents[2] / "fuzz" / "corpus"
INPUTS = sorted(CORPUS.glob("*/*"))
targets = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)


def test_every_target_has_a_corpus() -> None:
    """And every corpus its target."""
    assert {path.parent.name for path in INPUTS} == set(TARGETS)


@targets
def test_it_takes_what_was_found(target: Callable[[bytes], None]) -> None:
    """What once broke a reader, and what reaches its corners."""
    for path in (CORPUS / target.__name__).iterdir():
        target(path.read_bytes())


@targets
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_it_takes_what_is_near(target: Callable[[bytes], None], data: st.DataObject) -> None:
    """An input of the corpus, cut, with some of its bytes changed."""
    found = data.draw(st.sampled_from(sorted((CORPUS / target.__name__).iterdir())))
    taken = bytearray(found.read_bytes()[: data.draw(st.integers(0, 4096))])
    for at, byte in data.draw(st.lists(st.tuples(st.integers(0, 4095), st.integers(0, 255)), max_size=8)):
        if at < len(taken):
            taken[at] = byte
    target(bytes(taken))


def test_without_atheris_it_says_so_and_blames_no_target(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert main([]) == 2
    assert capsys.readouterr().err == "fuzzing needs atheris: pip install atheris (Linux)\n"


def test_a_target_that_there_is_not_is_named_beside_those_that_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: True)
    assert main(["nonsense"]) == 2
    assert "unknown target: nonsense; targets are" in capsys.readouterr().err
