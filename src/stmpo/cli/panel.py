"""`stmpo panel`: install the panel into After Effects, remove it, show where it is, pack it."""

from __future__ import annotations

import os
import re
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.cli.bundle_options import add_wheel_options, folders_of, warn_without_psutil
from stmpo.cli.choose import choose
from stmpo.model.errors import BadInput
from stmpo.model.text import plural
from stmpo.system.command_parser import CommandParser

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from stmpo.deadline.panel.install import PanelState
    from stmpo.deadline.panel.places_common import PanelFolder
    from stmpo.deadline.panel.source import Panel

_COMMANDS = {
    "install": "Install the panel, or update it.",
    "status": "Show where it is installed, and whether it is complete.",
    "uninstall": "Remove exactly what was installed.",
    "zip": "Pack it for machines without Python.",
}


def main(arguments: Sequence[str]) -> int:
    """Run one of the panel's commands."""
    about = "Install, remove or pack the panel that submits from within After Effects."
    name, rest = choose("stmpo panel", about, _COMMANDS, arguments)
    commands = {"install": install, "status": status, "uninstall": uninstall, "zip": pack}
    return commands[name](rest)


def install(arguments: Sequence[str]) -> int:
    """Install the panel, or update it."""
    parser = CommandParser(
        "stmpo panel install",
        "Install the panel, or update it: for the current user, in every edition of After Effects from 2022 that this "
        "user has started.",
    )
    _add_places(parser)
    add_wheel_options(parser)
    given = parser.read(arguments)
    from stmpo.deadline.panel.install import install as install_panel  # noqa: PLC0415 - `--help` does not need it

    places = _places(given)
    with tempfile.TemporaryDirectory() as scratch:
        panel = _gathered(Path(scratch, "panel"), given)
        for name, folder in places:
            done = install_panel(panel, folder, datetime.now().astimezone())
            print(f"{name}: panel {panel.record.version} installed{_instead_of(done.before)}")
            print(f"  {folder}")
            if done.backup is not None:
                print(f"  replaced files that are not part of STMPO are kept in {done.backup.name}")
    print("Restart After Effects; the panel is at the end of the menu Window.")
    return 0


def uninstall(arguments: Sequence[str]) -> int:
    """Remove exactly what was installed; files that were changed since are left and named."""
    parser = CommandParser(
        "stmpo panel uninstall",
        "Remove exactly what was installed; files that were changed since are left and named.",
    )
    _add_places(parser)
    given = parser.read(arguments)
    from stmpo.deadline.panel.install import PanelKind, inspect_folder  # noqa: PLC0415
    from stmpo.deadline.panel.install import uninstall as uninstall_panel  # noqa: PLC0415

    places = _places(given, outdated=True)
    ours = [(name, folder) for name, folder in places if inspect_folder(folder).kind is PanelKind.OURS]
    if not ours:
        raise BadInput(
            f"the panel is not installed in {' nor in '.join(str(folder) for _, folder in places)}"
        )
    for name, folder in ours:
        done = uninstall_panel(folder)
        print(f"{name}: panel removed, {plural(done.files, 'file')}")
        for kept in done.kept:
            print(f"  left, because it was changed: {folder / kept}")
    return 0


def status(arguments: Sequence[str]) -> int:
    """Print where the panel is installed, which version, and whether it is complete."""
    parser = CommandParser(
        "stmpo panel status", "Show where the panel is installed, which version, and whether it is complete."
    )
    _add_folder(parser)
    given = parser.read(arguments)
    from stmpo.deadline.panel.install import inspect_folder  # noqa: PLC0415

    for name, folder in [_given(given.to)] if given.to is not None else _everywhere():
        print(f"{name}: {_described(inspect_folder(folder))}")
        print(f"  {folder}")
    return 0


def pack(arguments: Sequence[str]) -> int:
    """Pack the panel for machines without Python."""
    parser = CommandParser(
        "stmpo panel zip",
        "Pack the panel for machines without Python: a zip to be unpacked by hand, with the instructions inside.",
    )
    parser.value(
        "-o/--output-dir", "FOLDER", "Folder of the zip; . is the current one.", dest="output", default="."
    )
    add_wheel_options(parser)
    given = parser.read(arguments)
    from stmpo.deadline.panel.archive import write_archive  # noqa: PLC0415

    sources = folders_of(given.wheels, "--wheels")
    target, panel = write_archive(Path(given.output), wheels=sources, download=not given.offline)
    _warn(panel)
    print(target)
    return 0


def _add_folder(parser: CommandParser) -> None:
    parser.value("--to", "FOLDER", "This folder, instead of After Effects' own.")


def _add_places(parser: CommandParser) -> None:
    _add_folder(parser)
    parser.flag("--everyone", "For all users, in After Effects' own folder; needs an administrator.")
    edition = "Only this edition, such as 2025.  [default: all]"
    parser.value("--after-effects", "YEAR", edition, dest="edition")


def _gathered(folder: Path, given: Namespace) -> Panel:
    from stmpo.deadline.panel.source import gather  # noqa: PLC0415

    sources = folders_of(given.wheels, "--wheels")
    panel = gather(folder, wheels=sources, download=not given.offline)
    _warn(panel)
    return panel


def _warn(panel: Panel) -> None:
    missing = [system for system in ("windows", "macos") if system not in panel.systems]
    warn_without_psutil(missing, "the panel's jobs")


def _places(given: Namespace, *, outdated: bool = False) -> list[tuple[str, Path]]:
    """Return the names and folders asked for; with `outdated` also those of replaced versions."""
    from stmpo.deadline.panel.places import find_places  # noqa: PLC0415
    from stmpo.deadline.panel.places_common import PanelScope  # noqa: PLC0415

    edition = given.edition
    if given.to is not None:
        if given.everyone or edition is not None:
            raise BadInput("--to names one folder; leave out --everyone and --after-effects")
        return [_given(given.to)]
    if edition is not None and not re.fullmatch(r"20\d\d", edition):
        raise BadInput(f"--after-effects {edition}: write the year of an edition, such as 2025")
    places = find_places(os.environ)
    scope = PanelScope.EVERYONE if given.everyone else PanelScope.USER
    found = [
        place
        for place in places.found
        if place.scope is scope
        and (place.current or outdated)
        and (edition is None or place.year == int(edition))
    ]
    if not found:
        raise BadInput(_nowhere(places.found, places.searched, scope, edition))
    return [(place.name, place.folder) for place in found]


def _given(to: str) -> tuple[str, Path]:
    if not to.strip():
        raise BadInput("--to is empty; name a folder")
    return "this folder", Path(to).absolute()


def _nowhere(places: tuple[PanelFolder, ...], searched: str, scope: object, edition: str | None) -> str:
    wanted = f"After Effects {edition}" if edition else "After Effects 2022 or later"
    others = sorted({place.product for place in places if place.scope is not scope})
    if others:
        return (
            f"{wanted} has no folder for {getattr(scope, 'value', scope)} here, but there is {', '.join(others)}: "
            "start it once, or choose the other place (--everyone, or without it)"
        )
    return f"no {wanted} was found in {searched}; name a folder with --to"


def _everywhere() -> list[tuple[str, Path]]:
    """Return every place; of versions that an update replaced, only those that still hold something."""
    from stmpo.deadline.panel.install import PanelKind, inspect_folder  # noqa: PLC0415
    from stmpo.deadline.panel.places import find_places  # noqa: PLC0415

    places = find_places(os.environ)
    if not places.found:
        raise BadInput(
            f"no After Effects 2022 or later was found in {places.searched}; name a folder with --to"
        )
    shown = [
        place
        for place in places.found
        if place.current or inspect_folder(place.folder).kind is not PanelKind.NOTHING
    ]
    return [(place.name, place.folder) for place in shown]


def _instead_of(before: PanelState) -> str:
    from stmpo.deadline.panel.install import PanelKind  # noqa: PLC0415

    if before.kind is PanelKind.FIRST:
        return ", instead of the first version"
    return f", instead of {before.version}" if before.version else ""


def _described(state: PanelState) -> str:
    if not state.version:
        return state.kind.value
    faults = [
        f"{plural(len(names), 'file')} {word}"
        for names, word in ((state.missing, "missing"), (state.changed, "changed"))
        if names
    ]
    return f"{state.version} {state.kind.value}{': ' if faults else ''}{', '.join(faults)}"
