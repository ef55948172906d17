"""The job's last environment: fonts that travel with the job, `font_manager.py` on a worker.

    font_manager.py install SESSION_FOLDER [--allow_missing_fonts=true|false]       when a session begins
    font_manager.py remove SESSION_FOLDER                                           when it ends, whatever happened in between

The fonts lie in `fonts` beside the script. A font that the project uses and that no program would find here is named,
and fails the session before anything is rendered, unless the job allows it: a wrong font spoils frames without an error.
What happens to the machine is `stmpo.fonts.install.install`'s.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.fonts.install.install import Report, install, only_look, remove
from stmpo.fonts.install.manifest import read_manifest
from stmpo.fonts.install.platform import this_system
from stmpo.fonts.install.protocol import NoHome
from stmpo.model.errors import BadInput
from stmpo.worker.openjd_session import one_line, say, usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FOLDER = "fonts"
"""Beside the script."""

_ALLOW = "--allow_missing_fonts="
_MOST_NAMES = 20
"""Names in a message; the others are counted."""

_LONGEST = 200
"""Characters of a name in a message: more than any that programs take."""


def main(arguments: Sequence[str]) -> int:
    """`SCRIPTS_FOLDER install|remove SESSION_FOLDER`: install or remove the job's fonts.

    Raises:
        BadInput: the arguments are not those of the template, the job's list of fonts cannot be used, or a font is missing
            and the job does not allow it.
    """
    given = [argument for argument in arguments if not argument.startswith(_ALLOW)]
    if len(given) != 3 or given[1] not in {"install", "remove"} or not Path(given[2]).is_dir():
        raise usage("font_manager.py install|remove SESSION_FOLDER")
    scripts, session = Path(given[0]), Path(given[2]).resolve()
    if given[1] == "remove":
        return _remove(session, os.environ)
    return _install(scripts / FOLDER, session, os.environ, allowed=f"{_ALLOW}true" in arguments)


def _install(folder: Path, session: Path, environ: Mapping[str, str], *, allowed: bool) -> int:
    wanted = read_manifest(folder)
    if not wanted:
        say("fonts: none travel with this job")
        _sweep(session, environ)
        return 0
    trouble = ""
    try:
        report = install(wanted, session, this_system(environ))
    except NoHome as error:
        report, trouble = only_look(wanted, environ), str(error)
    except OSError as error:
        report = only_look(wanted, environ)
        trouble = (
            f"fonts cannot be installed for this user: {one_line(str(error))}; give the user that jobs run as a "
            "home folder that can be written"
        )
    _tell(report)
    if report.missing:
        text = f"missing fonts: this worker does not find {_listed(report.missing)}"
        if not allowed:
            way_out = trouble or "install them on the worker or collect them, or set AllowMissingFonts"
            raise BadInput(f"{text}; {way_out}")
        if trouble:
            say(f"fonts: WARNING: {trouble}")
        say(f"fonts: WARNING: {text}; the job allows it: text is rendered in other fonts")
    return 0


def _sweep(session: Path, environ: Mapping[str, str]) -> None:
    """Look after what earlier sessions left. A job without fonts does not fail by it."""
    try:
        _tell(install((), session, this_system(environ)))
    except NoHome:  # then nobody has left anything
        return
    except (BadInput, OSError) as error:
        say(f"fonts: WARNING: what earlier sessions left stays for now: {one_line(str(error))}")


def _remove(session: Path, environ: Mapping[str, str]) -> int:
    try:
        _tell(remove(session, this_system(environ)))
    except NoHome:
        return 0
    except OSError as error:
        raise BadInput(
            f"fonts cannot be removed: {one_line(str(error))}; the next session on this worker tries again"
        ) from None
    return 0


def _tell(report: Report) -> None:
    """In the order in which it happened."""
    for path in report.removed:
        say(f"fonts: removed {one_line(path)}")
    for name, path in report.installed.items():
        say(f"fonts: {_short(name)} installed as {one_line(path)}")
    for name, path in report.shared.items():
        say(f"fonts: {_short(name)} shared with another session: {one_line(path)}")
    if report.present:
        say(f"fonts: on this worker already: {_listed(report.present)}")
    for name, (here, came) in report.differing.items():
        say(
            f"fonts: WARNING: {_short(name)} is another version here ({_short(here)}) than came with the job "
            f"({_short(came)}); the one here is used: where that matters, make them the same"
        )
    for name, why in report.refused.items():
        say(f"fonts: WARNING: the file for {_short(name)} was not installed: {_short(why)}")
    for path in report.locked:
        say(
            f"fonts: WARNING: a program has {one_line(path)} open; the next session on this worker removes it"
        )


def _short(text: str) -> str:
    """One line of what a job or a font's file says, however long that is."""
    line = "".join(letter if letter.isprintable() else "\ufffd" for letter in one_line(text))
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(_short(name) for name in names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
