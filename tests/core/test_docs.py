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


def test_the_map_of_the_house_names_every_room() -> None:
    """Every module and package of the top level, in the first column of the table."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[^|]+) \|", page.partition("## The rooms")[2], re.MULTILINE)
    named = {room.partition("/")[0] for row in rows for room in re.findall(r"`([^`]+)`", row)}
    found = {
        path.stem for path in (ROOT / "src" / "stmpo").iterdir() if path.suffix == ".py" or path.is_dir()
    }
    assert {name for name in found - named if not name.startswith("__")} == set()


def test_links_and_pictures_of_the_readme_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", readme) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
