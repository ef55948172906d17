"""`stmpo panel`: put the panel into After Effects, take it away, say where it is, pack it."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stmpo.cli.bundle_options import folders_of
from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from stmpo.deadline.panel.install import PanelState
    from stmpo.deadline.panel.places_common import PanelFolder
    from stmpo.deadline.panel.source import Panel

_TO = click.option("--to", metavar="FOLDER", help="This folder, instead of After Effects' own.")
_EVERYONE = click.option(
    "--everyone", is_flag=True, help="For all users, in After Effects' own folder; needs an administrator."
)
_EDITION = click.option(
    "--after-effects", "edition", metavar="YEAR", help="Only this edition, such as 2025.  [default: all]"
)
_WHEELS = click.option(
    "--wheels", multiple=True, metavar="FOLDER", help="Where wheels of psutil lie, for workers without it."
)
_OFFLINE = click.option("--offline", is_flag=True, help="Download no wheels; what is here travels along.")


@click.group("panel", short_help="Install, remove and pack the panel for After Effects.")
def panel_command() -> None:
    """Install, remove and pack the panel that submits from within After Effects."""


@panel_command.command("install", short_help="Install it, or bring it up to date.")
@_TO
@_EVERYONE
@_EDITION
@_WHEELS
@_OFFLINE
def install_command(
    to: str | None, everyone: bool, edition: str | None, wheels: tuple[str, ...], offline: bool
) -> int:
    """Install the panel, or bring it up to date.

    For the user who runs this, in every edition of After Effects from 2022 that this user has started.
    """
    from stmpo.deadline.panel.install import install  # noqa: PLC0415 - `--help` does not need it

    places = _places(to, everyone=everyone, edition=edition)
    with tempfile.TemporaryDirectory() as scratch:
        panel = _gathered(Path(scratch, "panel"), wheels, download=not offline)
        for name, folder in places:
            done = install(panel, folder, datetime.now().astimezone())
            print(f"{name}: panel {panel.record.version} installed{_instead_of(done.before)}")
            print(f"  {folder}")
            if done.backup is not None:
                print(f"  replaced files that were not this program's are kept in {done.backup.name}")
    print("Restart After Effects; the panel is at the end of the menu Window.")
    return 0


@panel_command.command("uninstall", short_help="Remove exactly what was installed.")
@_TO
@_EVERYONE
@_EDITION
def uninstall_command(to: str | None, everyone: bool, edition: str | None) -> int:
    """Remove exactly what was installed; files that were changed since are left and named."""
    from stmpo.deadline.panel.install import Kind, look, uninstall  # noqa: PLC0415

    places = _places(to, everyone=everyone, edition=edition, outdated=True)
    ours = [(name, folder) for name, folder in places if look(folder).kind is Kind.OURS]
    if not ours:
        raise BadInput(
            f"the panel is not installed in {' nor in '.join(str(folder) for _, folder in places)}"
        )
    for name, folder in ours:
        done = uninstall(folder)
        print(f"{name}: panel removed, {done.files} files")
        for kept in done.kept:
            print(f"  left, since it was changed: {folder / kept}")
    return 0


@panel_command.command("status", short_help="Say where it is, and whether it is whole.")
@_TO
def status_command(to: str | None) -> int:
    """Say where the panel is installed, which version, and whether it is whole."""
    from stmpo.deadline.panel.install import look  # noqa: PLC0415

    places = [_given(to)] if to is not None else _everywhere()
    for name, folder in places:
        print(f"{name}: {_said(look(folder))}")
        print(f"  {folder}")
    return 0


@panel_command.command("zip", short_help="Pack it for machines without Python.")
@click.option(
    "-o", "--output-dir", "output", default=".", metavar="FOLDER", help="Where to put it.  [default: here]"
)
@_WHEELS
@_OFFLINE
def zip_command(output: str, wheels: tuple[str, ...], offline: bool) -> int:
    """Pack the panel for machines without Python: a zip to be unpacked by hand, with the instructions inside."""
    from stmpo.deadline.panel.archive import write_archive  # noqa: PLC0415

    sources = folders_of(wheels, "--wheels")
    target, panel = write_archive(Path(output), wheels=sources, download=not offline)
    _tell_bare(panel)
    print(target)
    return 0


def _gathered(folder: Path, wheels: tuple[str, ...], *, download: bool) -> Panel:
    from stmpo.deadline.panel.source import gather  # noqa: PLC0415

    panel = gather(folder, wheels=folders_of(wheels, "--wheels"), download=download)
    _tell_bare(panel)
    return panel


def _tell_bare(panel: Panel) -> None:
    bare = [system for system in ("windows", "macos") if system not in panel.systems]
    if bare:
        print(
            f"warning: no psutil for {' and '.join(bare)} travels with the panel's jobs; workers there need it installed "
            "(or give --wheels FOLDER)",
            file=sys.stderr,
        )


def _places(
    to: str | None, *, everyone: bool, edition: str | None, outdated: bool = False
) -> list[tuple[str, Path]]:
    """Names and folders that were asked for; `outdated` ones are those of versions that an update has replaced."""
    from stmpo.deadline.panel.places import find_places  # noqa: PLC0415
    from stmpo.deadline.panel.places_common import PanelScope  # noqa: PLC0415

    if to is not None:
        if everyone or edition is not None:
            raise BadInput("--to names one folder; leave --everyone and --after-effects away")
        return [_given(to)]
    if edition is not None and not re.fullmatch(r"20\d\d", edition):
        raise BadInput(f"--after-effects {edition}: write the year of an edition, such as 2025")
    places = find_places(os.environ)
    scope = PanelScope.EVERYONE if everyone else PanelScope.USER
    found = [
        place
        for place in places.found
        if place.scope is scope
        and (place.current or outdated)
        and (edition is None or place.year == int(edition))
    ]
    if not found:
        raise BadInput(_nowhere(places.found, places.looked, scope, edition))
    return [(place.name, place.folder) for place in found]


def _given(to: str) -> tuple[str, Path]:
    if not to.strip():
        raise BadInput("--to is empty; name a folder")
    return "this folder", Path(to).absolute()


def _nowhere(places: tuple[PanelFolder, ...], looked: str, scope: object, edition: str | None) -> str:
    wanted = f"After Effects {edition}" if edition else "After Effects 2022 or later"
    others = sorted({place.product for place in places if place.scope is not scope})
    if others:
        return (
            f"{wanted} has no folder for {getattr(scope, 'value', scope)} here, but there is {', '.join(others)}: "
            "start it once, or choose the other place (--everyone, or without it)"
        )
    return f"no {wanted} was found in {looked}; name a folder with --to"


def _everywhere() -> list[tuple[str, Path]]:
    """Every place; of versions that an update has replaced those that still hold something."""
    from stmpo.deadline.panel.install import Kind, look  # noqa: PLC0415
    from stmpo.deadline.panel.places import find_places  # noqa: PLC0415

    places = find_places(os.environ)
    if not places.found:
        raise BadInput(
            f"no After Effects 2022 or later was found in {places.looked}; name a folder with --to"
        )
    told = [place for place in places.found if place.current or look(place.folder).kind is not Kind.NOTHING]
    return [(place.name, place.folder) for place in told]


def _instead_of(before: PanelState) -> str:
    from stmpo.deadline.panel.install import Kind  # noqa: PLC0415

    if before.kind is Kind.FIRST:
        return ", instead of the first version"
    return f", instead of {before.version}" if before.version else ""


def _said(standing: PanelState) -> str:
    if not standing.version:
        return standing.kind.value
    faults = [
        _counted(names, word)
        for names, word in ((standing.missing, "missing"), (standing.changed, "changed"))
        if names
    ]
    return f"{standing.version} {standing.kind.value}{': ' if faults else ''}{', '.join(faults)}"


def _counted(names: tuple[str, ...], word: str) -> str:
    return f"{len(names)} {'file' if len(names) == 1 else 'files'} {word}"
