"""`stmpo fonts`: parse, call, print. `stmpo fonts PROJECT` is `stmpo fonts show PROJECT`."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from stmpo.cli.bundle_options import folders_of, place_of
from stmpo.model.errors import BadInput
from stmpo.model.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stmpo.fonts.find import ProjectFont
    from stmpo.fonts.install.clean import Cleaned, InstalledFont
    from stmpo.project.model import FontUse, Project

_SHOWN = 8
"""Layers of one font, at most: a template may have hundreds."""


class _ShowByDefault(click.Group):
    """A group whose command `show` need not be named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `show` before what is neither a command nor a call for help."""
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group(
    "fonts",
    cls=_ShowByDefault,
    short_help="Show a project's fonts: where they are, what travels.",
    subcommand_metavar="PROJECT | COMMAND …",
)
def fonts_command() -> None:
    """Show the fonts of a project: `stmpo fonts PROJECT`. Sweep those that jobs have left: `stmpo fonts clean`."""


@fonts_command.command("show", short_help="Show the fonts of PROJECT; need not be named.")
@click.argument("project", metavar="PROJECT")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.option(
    "--font-folder",
    "more",
    multiple=True,
    metavar="FOLDER",
    help="Where fonts lie as well, before the system's own.",
)
def show(project: str, as_json: bool, more: tuple[str, ...]) -> int:
    """Show the fonts of PROJECT (.aep): their files, whether they travel with a job, and the layers that show them."""
    from stmpo.fonts.find import find  # noqa: PLC0415
    from stmpo.project.read import read_project  # noqa: PLC0415 - `--help` does not need it

    folders = folders_of(more, "--font-folder")
    read = read_project(place_of(project, "PROJECT"))
    fonts = find(read.fonts, os.environ, more=folders)
    if as_json:
        click.echo(json.dumps(_as_json(read, fonts), ensure_ascii=False, indent=2))
    else:
        for line in _lines(read, fonts):
            click.echo(visible(line))
    return 0


@fonts_command.command("clean", short_help="Remove the fonts that jobs have left.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option(
    "--all", "everything", is_flag=True, help="Also what sessions seem to use: nothing renders here now."
)
def clean(dry_run: bool, everything: bool) -> int:
    """Remove the fonts that jobs have installed for this user and that no session uses any more."""
    try:
        from stmpo.fonts.install.clean import clean as sweep  # noqa: PLC0415

        cleaned = sweep(os.environ, dry_run=dry_run, everything=everything)
    except OSError as error:
        raise BadInput(f"the list of installed fonts cannot be used: {error}") from None
    for line in swept(cleaned, dry_run=dry_run):
        click.echo(line)
    return 0


def described(font: ProjectFont) -> str:
    """One line of a font: its state, what people call it, and its file."""
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
    return " ".join(f"{font.name}: {', '.join(parts)}".split())


def font_as_json(font: ProjectFont) -> dict[str, Any]:
    """The same for programs."""
    from stmpo.fonts.licence import embedding  # noqa: PLC0415

    return {
        "name": font.name,
        "state": font.state.name.lower(),
        "family": font.family or None,
        "style": font.style or None,
        "file": None if font.path is None else str(font.path),
        "face": None if font.face is None else font.face.index,
        "variable": font.face is not None and bool(font.face.axes),
        "embedding": None if font.face is None else embedding(font.face.embedding).value,
        "note": font.note or None,
    }


def _lines(project: Project, fonts: Iterable[ProjectFont]) -> Iterator[str]:
    fonts = list(fonts)
    yield f"{project.path.name}: {len(fonts)} font{'' if len(fonts) == 1 else 's'}"
    for font in fonts:
        yield ""
        yield described(font)
        uses = [use for use in project.font_uses if use.font == font.name]
        yield from (f"  {_use(use)}" for use in uses[:_SHOWN])
        if len(uses) > _SHOWN:
            yield f"  and {len(uses) - _SHOWN} more layers"
    findings = _findings(project, fonts)
    if findings:
        yield ""
        yield from (f"warning: {text}" for text in findings)


def _use(use: FontUse) -> str:
    layer = " ".join(use.layer.split())
    return f"{use.comp} / {layer}{', by its expression' if use.expression else ''}"


def _findings(project: Project, fonts: Iterable[ProjectFont]) -> list[str]:
    from stmpo.deadline.preflight_fonts import fonts_told  # noqa: PLC0415
    from stmpo.fonts.collect import Policy, collect  # noqa: PLC0415

    return list(fonts_told(project, collect(fonts, Policy())))


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
        "composed_fonts": list(project.composed_fonts),
        "text_effects": list(project.text_effects),
        "findings": _findings(project, fonts),
    }


def swept(cleaned: Cleaned, *, dry_run: bool) -> Iterator[str]:
    """A line for each font that jobs had installed."""

    def named(font: InstalledFont) -> str:
        return f"{font.path} ({', '.join(font.names)})"

    if not (cleaned.kept or cleaned.removed or cleaned.locked):
        yield "no job has left a font for this user"
    for font in cleaned.removed:
        yield f"{'would remove' if dry_run else 'removed'} {named(font)}"
    for font in cleaned.kept:
        yield f"kept {named(font)}: used by {', '.join(font.sessions)}"
    for font in cleaned.locked:
        yield f"locked {named(font)}: a program has it open; it goes with the next session, or the next call"
