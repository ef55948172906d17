"""Pages that promise something name the tests that hold it; each of those exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("docs/reliability.md", "docs/security.md")
_REFERENCE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def _references(page: str) -> list[tuple[str, str]]:
    path = ROOT / page
    return _REFERENCE.findall(path.read_text(encoding="utf-8")) if path.exists() else []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_tests(page: str) -> None:
    assert len(_references(page)) >= 10


@pytest.mark.parametrize(("file", "test"), sorted({pair for page in PAGES for pair in _references(page)}))
def test_a_test_that_is_named_exists(file: str, test: str) -> None:
    source = (ROOT / file).read_text(encoding="utf-8")
    assert re.search(rf"^ *def {test}\(", source, re.MULTILINE)
