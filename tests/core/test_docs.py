"""The documentation says what the code does."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from stmpo.model.errors import ExitCode

ROOT = Path(__file__).resolve().parents[2]


def test_generated_pages_have_not_drifted() -> None:
    """After a change of options or catalogue: `python docs/generate.py`."""
    pages = runpy.run_path(str(ROOT / "docs" / "generate.py"))["pages"]()
    for name, content in pages.items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == content, name


def test_the_readme_names_every_exit_code() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = {int(row) for row in re.findall(r"^\| (\d+) \| ", readme, re.MULTILINE)}
    assert table == {int(code) for code in ExitCode}


def test_the_floor_plan_names_every_package() -> None:
    """Every module and package of the top level has a row of its own."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(
        r"^\| \d+ \| `(\w+)` \|", page.partition("## Floor plan")[2].partition("Where would")[0], re.MULTILINE
    )
    folder = ROOT / "src" / "stmpo"
    found = {path.parent.name for path in folder.glob("*/__init__.py")} | {"api", "__main__"}
    assert sorted(named) == sorted(found)


def test_files_that_the_architecture_page_names_exist() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(
        re.findall(
            r"`(\w+(?:/\w+)*(?:\.py|/))`", page.partition("Where would you look?")[2].partition("Choices")[0]
        )
    )
    assert len(named) > 8
    assert [name for name in named if not (ROOT / "src" / "stmpo" / name).exists()] == []


def test_links_and_pictures_of_the_readme_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", readme) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
