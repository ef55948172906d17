"""Write the pages that are made from declarations: `python docs/generate.py`. A test fails when one is out
of date.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.model.options import JobOptions, Option, RunOptions, declared
from stmpo.renderers.error_catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Path(__file__).resolve().parent


def pages() -> dict[str, str]:
    """Return each page's content by its file name."""
    return {"options.md": options_page(), "catalogue.md": catalogue_page()}


def options_page() -> str:
    """Return the page of every option of `stmpo render`, as declared in `stmpo.model.options`."""
    return "\n".join(
        [
            "# Options of `stmpo render`",
            "",
            "<!-- Made by docs/generate.py from src/stmpo/model/options.py -->",
            "",
            "The command line wins over the environment variable, which wins over the default.",
            "",
            "## What to render",
            "",
            *_table(declared(JobOptions)),
            "",
            "## How to render it",
            "",
            *_table(declared(RunOptions)),
            "",
        ]
    )


def _table(options: Iterable[Option]) -> list[str]:
    rows = ["| option | default | variable | meaning |", "|---|---|---|---|"]
    rows += [
        f"| `{_flags(item)}` | {_default(item)} | {f'`{item.environment}`' if item.environment else ''} | {item.help} |"
        for item in options
    ]
    return rows


def _flags(item: Option) -> str:
    if item.type is bool:
        return "` / `".join(item.switches)
    return f"{item.flag} {item.metavar or item.type.__name__.upper()}"


def _default(item: Option) -> str:
    if item.default is None:
        return ""
    if item.type is bool:
        return "on" if item.default else "off"
    return f"`{item.default}`"


def catalogue_page() -> str:
    """Every line of a renderer that means something, as declared in `stmpo.renderers.error_catalogue`."""
    rows = [f"| {p.name} | {p.meaning.value} | `{_cell(p.example)}` | {_cell(p.advice)} |" for p in CATALOGUE]
    return "\n".join(
        [
            "# What is known of aerender's words",
            "",
            "<!-- Made by docs/generate.py from src/stmpo/renderers/error_catalogue.py -->",
            "",
            "The first entry that matches a line wins. *hopeless*: no retry helps. *untrusted*: frames rendered from here on may",
            "be black or wrong, whatever their files look like and whatever the exit code is; they are rendered again. *later*:",
            "the start was refused for now. *failed*: something went wrong; what is whole still counts. *warning*: said once.",
            "*harmless*: looks like an error and is none.",
            "",
            "| name | meaning | for example | what to do |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("`", "'")


if __name__ == "__main__":
    for name, content in pages().items():
        (HERE / name).write_text(content, encoding="utf-8")
