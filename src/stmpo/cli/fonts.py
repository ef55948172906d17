"""`stmpo fonts`: show the fonts of a project, or remove those that jobs have left behind."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from stmpo.cli.bundle_options import add_font_folders, folders_of, path_of
from stmpo.cli.choose import choose
from stmpo.model.errors import BadInput
from stmpo.model.text import one_line, plural, visible
from stmpo.system.command_parser import CommandParser

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from stmpo.fonts.find import ProjectFont
    from stmpo.fonts.install.clean import CleanReport, InstalledFont
    from stmpo.project.model import FontUse, Project

_SHOWN = 8
"""Layers of one font, at most: a template may have hundreds."""


_ABOUT = """\
Show the fonts of a project: stmpo fonts PROJECT [options]
Remove fonts that jobs have left behind: stmpo fonts clean"""

_COMMANDS = {
    "show": "Show the fonts of PROJECT; the word may be left out.",
    "clean": "Remove the fonts that jobs have left behind.",
}


def main(arguments: Sequence[str]) -> int:
    """Run `show` or `clean`; `stmpo fonts PROJECT` is `stmpo fonts show PROJECT`."""
    if arguments and arguments[0] not in {*_COMMANDS, "-h", "--help"}:
        arguments = ["show", *arguments]
    name, rest = choose("stmpo fonts", _ABOUT, _COMMANDS, arguments)
    return clean(rest) if name == "clean" else show(rest)


def show(arguments: Sequence[str]) -> int:
    """Print the fonts of a project with their files and layers, and whether they travel with a job."""
    parser = CommandParser(
        "stmpo fonts show",
        "Show the fonts of PROJECT (.aep): their files, whether they travel with a job, and the layers that use them.",
        usage="PROJECT [options]",
    )
    parser.add_argument("project", metavar="PROJECT", help="The project to read.")
    parser.flag("--json", "Print JSON.", dest="as_json")
    add_font_folders(parser)
    given = parser.read(arguments)
    from stmpo.fonts.find import find  # noqa: PLC0415 - `--help` does not need it
    from stmpo.project.read import read_project  # noqa: PLC0415

    folders = folders_of(given.font_folders, "--font-folder")
    read = read_project(path_of(given.project, "PROJECT"))
    fonts = find(read.fonts, os.environ, more=folders)
    if given.as_json:
        print(json.dumps(_as_json(read, fonts), ensure_ascii=False, indent=2))
    else:
        for line in _lines(read, fonts):
            print(visible(line))
    return 0


def clean(arguments: Sequence[str]) -> int:
    """Remove the fonts that jobs have installed for this user and that no session uses any more."""
    parser = CommandParser(
        "stmpo fonts clean",
        "Remove the fonts that jobs have installed for this user and that no session uses any more.",
        usage="[options]",
    )
    parser.flag("--dry-run", "Only list what would be removed.")
    everything = "Also remove fonts that a session seems to use. Only while nothing renders on this machine."
    parser.flag("--all", everything, dest="everything")
    given = parser.read(arguments)
    try:
        from stmpo.fonts.install.clean import clean as clean_fonts  # noqa: PLC0415

        cleaned = clean_fonts(os.environ, dry_run=given.dry_run, everything=given.everything)
    except OSError as error:
        raise BadInput(f"the list of installed fonts cannot be used: {error}") from None
    for line in clean_lines(cleaned, dry_run=given.dry_run):
        print(line)
    return 0


def font_line(font: ProjectFont) -> str:
    """Return one line about a font: its state, its family and style, and its file."""
    from stmpo.fonts.find import FontState  # noqa: PLC0415

    parts = [font.state.value]
    called = f"{font.family} {font.style}".strip()
    if font.note:
        parts.append(f"{font.note} is here" if font.state is FontState.SUBSTITUTED else font.note)
    if called:
        parts.append(called)
    if font.path is not None:
        face = f", face {font.face.index}" if font.face is not None and font.face.index else ""
        parts.append(f"{font.path}{face}")
    return one_line(f"{font.name}: {', '.join(parts)}")


def font_as_json(font: ProjectFont) -> dict[str, Any]:
    """Return the same as JSON values."""
    from stmpo.fonts.licence import embedding_of  # noqa: PLC0415

    return {
        "name": font.name,
        "state": font.state.name.lower(),
        "family": font.family or None,
        "style": font.style or None,
        "file": None if font.path is None else str(font.path),
        "face": None if font.face is None else font.face.index,
        "variable": font.face is not None and bool(font.face.axes),
        "embedding": None if font.face is None else embedding_of(font.face.embedding).value,
        "note": font.note or None,
    }


def _lines(project: Project, fonts: Iterable[ProjectFont]) -> Iterator[str]:
    fonts = list(fonts)
    yield f"{project.path.name}: {plural(len(fonts), 'font')}"
    for font in fonts:
        yield ""
        yield font_line(font)
        uses = [use for use in project.font_uses if use.font == font.name]
        yield from (f"  {_use(use)}" for use in uses[:_SHOWN])
        if len(uses) > _SHOWN:
            yield f"  and {len(uses) - _SHOWN} more layers"
    findings = _findings(project, fonts)
    if findings:
        yield ""
        yield from (f"warning: {text}" for text in findings)


def _use(use: FontUse) -> str:
    return f"{use.comp} / {one_line(use.layer)}{', by its expression' if use.expression else ''}"


def _findings(project: Project, fonts: Iterable[ProjectFont]) -> list[str]:
    from stmpo.deadline.preflight_fonts import font_warnings  # noqa: PLC0415
    from stmpo.fonts.collect import CollectPolicy, collect  # noqa: PLC0415

    return list(font_warnings(project, collect(fonts, CollectPolicy())))


def _as_json(project: Project, fonts: Iterable[ProjectFont]) -> dict[str, Any]:
    fonts = list(fonts)
    return {
        "project": str(project.path),
        "fonts": [
            {
                **font_as_json(font),
                "used_by": [
                    {"comp": use.comp, "layer": use.layer, "expression": use.expression}
                    for use in project.font_uses
                    if use.font == font.name
                ],
            }
            for font in fonts
        ],
        "unread_texts": list(project.unread_texts),
        "composed_fonts": list(project.computed_fonts),
        "text_effects": list(project.text_effects),
        "findings": _findings(project, fonts),
    }


def clean_lines(cleaned: CleanReport, *, dry_run: bool) -> Iterator[str]:
    """Yield a line per font that jobs had installed."""

    def named(font: InstalledFont) -> str:
        return f"{font.path} ({', '.join(font.names)})"

    if not (cleaned.kept or cleaned.removed or cleaned.locked):
        yield "no job has left fonts behind for this user"
    for font in cleaned.removed:
        yield f"{'would remove' if dry_run else 'removed'} {named(font)}"
    for font in cleaned.kept:
        yield f"kept {named(font)}: used by {', '.join(font.sessions)}"
    for font in cleaned.locked:
        yield f"locked {named(font)}: a program has it open; the next session or the next call removes it"
