"""Write the pages that are made from declarations: `python docs/generate.py`. A test fails when one is out
of date.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.model.options import JobOptions, Option, RunOptions, declared
from stmpo.renderers.error_catalogue import CATALOGUE, Pattern
from stmpo.renderers.protocol import FindingKind, Meaning

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
    """Return the page of every line of a renderer that means something, as declared in the catalogue."""
    rows = [
        f"| {p.name} | {p.kind.value} | {p.meaning.value} | `{_cell(p.example)}` | {_action(p)} | {_cell(p.advice)} |"
        for p in CATALOGUE
    ]
    return "\n".join([*_CATALOGUE_HEAD, *rows, ""])


_CATALOGUE_HEAD = [
    "# Known lines of aerender",
    "",
    "<!-- Made by docs/generate.py from src/stmpo/renderers/error_catalogue/ -->",
    "",
    "The first entry that matches a line counts. `name` and `kind` are stable; journals and `--json` use them.",
    "",
    "Meanings, gravest first. *hopeless*: no retry helps. *untrusted*: frames rendered from here on may be black or wrong,",
    "even if their files are whole and the exit code is 0. *later*: the start was refused for now. *failed*: an error",
    "occurred; frames that are whole still count. *warning*: reported once. *harmless*: looks like an error and is none.",
    "A line that begins as an error, in any language of After Effects, is never less than *failed* (auto-save apart).",
    "",
    "One finding has no line of its own: `wrong-output-kind` (kind wrong_output_kind, hopeless). The header shows that the",
    "output module writes a movie instead of a sequence, or the reverse: choose another template with `--om-template`, or an",
    "`--output` of that kind.",
    "",
    "| name | kind | meaning | for example | what STMPO does | what to do |",
    "|---|---|---|---|---|---|",
]

_POLICIES = {
    FindingKind.MISSING_FOOTAGE: "As `--on-missing-footage` says (default: the run fails).",
    FindingKind.MISSING_EFFECT: "As `--on-missing-effect` says (default: the run fails).",
    FindingKind.EXPRESSION_DISABLED: "As `--on-expression-error` says.",
    FindingKind.MISSING_LAYER: "As `--on-expression-error` says.",
}

_ACTIONS = {
    Meaning.HOPELESS: "Ends the run after the first renderer.",
    Meaning.UNTRUSTED: "Stops the renderer and renders its doubtful frames again.",
    Meaning.LATER: "Starts it again later; counts as no failure.",
    Meaning.FAILED: "Renders missing frames again, within the retry limit.",
    Meaning.WARNING: "Reports it once; the frames count.",
    Meaning.HARMLESS: "Nothing.",
}


def _action(pattern: Pattern) -> str:
    """Return what STMPO does about a line, as a sentence."""
    if pattern.meaning is Meaning.WARNING and pattern.kind in _POLICIES:
        return _POLICIES[pattern.kind]
    action = _ACTIONS[pattern.meaning]
    if pattern.launches == 2:
        alone = ", the second one alone," if pattern.kind.limits_processes else ""
        action += f" Ends the run if two renderers in a row{alone} report it before any frame is whole."
    if pattern.kind.limits_processes and pattern.meaning is not Meaning.HOPELESS:
        action += " Continues with fewer processes."
    return action


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("`", "'")


if __name__ == "__main__":
    for name, content in pages().items():
        (HERE / name).write_text(content, encoding="utf-8")
