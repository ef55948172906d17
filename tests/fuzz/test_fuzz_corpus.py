"""Every reader of foreign bytes takes what fuzzing has found, and small changes of it, or refuses it as it promises."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
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
