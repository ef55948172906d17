"""The job's last environment: fonts that travel with the job, `font_manager.py` on a worker.

    font_manager.py install SESSION_FOLDER [--allow_missing_fonts=true|false]       when a session begins
    font_manager.py remove SESSION_FOLDER                                           when it ends, whatever happened in between

The fonts lie in `fonts` beside the script. A font that the project uses and that no program would find here is named,
and fails the session before anything is rendered, unless the job allows it: a wrong font spoils frames without an error.
What happens to the machine is `stmpo.fonts.worker.install`'s.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.deadline.session import one_line, say, usage
from stmpo.errors import BadInput
from stmpo.fonts.worker.install import Report, install, remove
from stmpo.fonts.worker.manifest import read_manifest
from stmpo.fonts.worker.system import NoHome, this_system

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FOLDER = "fonts"
"""Beside the script."""

_ALLOW = "--allow_missing_fonts="
_MOST_NAMES = 20
"""Names in a message; the others are counted."""


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
    try:
        report = install(wanted, session, this_system(environ))
    except OSError as error:
        raise BadInput(
            f"fonts cannot be installed for this user: {one_line(str(error))}; give the user that jobs run as a "
            "home folder that can be written"
        ) from None
    _tell(report)
    if report.missing:
        text = _missing(report)
        if not allowed:
            raise BadInput(f"{text}; install them on the worker or collect them, or set AllowMissingFonts")
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
        say(f"fonts: {one_line(name)} installed as {one_line(path)}")
    for name, path in report.shared.items():
        say(f"fonts: {one_line(name)} shared with another session: {one_line(path)}")
    if report.present:
        say(f"fonts: on this worker already: {_listed(report.present)}")
    for name, why in report.refused.items():
        say(f"fonts: WARNING: the file for {one_line(name)} was not installed: {one_line(why)}")
    for path in report.locked:
        say(
            f"fonts: WARNING: a program has {one_line(path)} open; the next session on this worker removes it"
        )


def _missing(report: Report) -> str:
    return f"missing fonts: this worker does not find {_listed(report.missing)}"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(one_line(name) for name in names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
