"""The job's last environment: fonts that travel with the job; `font_manager.py` on a worker.

    font_manager.py install SESSION_FOLDER [--allow_missing_fonts=true|false]   when a session begins
    font_manager.py remove SESSION_FOLDER                                       when it ends, in any case

The fonts lie in `fonts` beside the script. A font that the project uses and that After Effects would not find
here is named, and fails the session before anything is rendered, because a wrong font spoils frames without
an error. The job can allow it. `stmpo.fonts.install.install` does the work on the machine.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.fonts.install.install import FontReport, install, remove, report_present
from stmpo.fonts.install.manifest import read_manifest
from stmpo.fonts.install.platform import this_system
from stmpo.fonts.install.protocol import NoHome
from stmpo.model.errors import BadInput
from stmpo.model.text import one_line
from stmpo.worker.openjd_session import write_line, wrong_arguments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FOLDER = "fonts"
"""Name of the folder beside the script that holds the job's fonts."""

_ALLOW_FLAG = "--allow_missing_fonts="
_MAX_NAMES = 20
"""Names in a message; the others are counted."""

_MAX_NAME_LENGTH = 200
"""Characters of a name in a message: more than programs accept."""


def main(arguments: Sequence[str]) -> int:
    """Install or remove the job's fonts; the arguments are `SCRIPTS_FOLDER install|remove SESSION_FOLDER`.

    Raises:
        BadInput: the arguments are not those of the template, the job's list of fonts cannot be used, or a
            font is
            missing and the job does not allow it.
    """
    given = [argument for argument in arguments if not argument.startswith(_ALLOW_FLAG)]
    if len(given) != 3 or given[1] not in {"install", "remove"} or not Path(given[2]).is_dir():
        raise wrong_arguments("font_manager.py install|remove SESSION_FOLDER")
    scripts, session = Path(given[0]), Path(given[2]).resolve()
    if given[1] == "remove":
        return _remove(session, os.environ)
    return _install(scripts / FOLDER, session, os.environ, allowed=f"{_ALLOW_FLAG}true" in arguments)


def _install(folder: Path, session: Path, environ: Mapping[str, str], *, allowed: bool) -> int:
    wanted = read_manifest(folder)
    if not wanted:
        write_line("fonts: none travel with this job")
        _remove_leftovers(session, environ)
        return 0
    problem = ""
    try:
        report = install(wanted, session, this_system(environ))
    except NoHome as error:
        report, problem = report_present(wanted, environ), str(error)
    except OSError as error:
        report = report_present(wanted, environ)
        problem = (
            f"fonts cannot be installed for this user: {one_line(str(error))}; give the user that runs the jobs "
            "a writable home folder"
        )
    _write_report(report)
    if report.missing:
        text = f"missing fonts: this worker does not find {_listed(report.missing)}"
        if not allowed:
            way_out = problem or "install them on the worker or collect them, or set AllowMissingFonts"
            raise BadInput(f"{text}; {way_out}")
        if problem:
            write_line(f"fonts: WARNING: {problem}")
        write_line(f"fonts: WARNING: {text}; the job allows it: text is rendered in other fonts")
    return 0


def _remove_leftovers(session: Path, environ: Mapping[str, str]) -> None:
    """Remove the fonts that earlier sessions left. A failure is a warning: this job needs no fonts."""
    try:
        _write_report(install((), session, this_system(environ)))
    except NoHome:  # then no session has installed anything
        return
    except (BadInput, OSError) as error:
        write_line(f"fonts: WARNING: fonts of earlier sessions stay for now: {one_line(str(error))}")


def _remove(session: Path, environ: Mapping[str, str]) -> int:
    try:
        _write_report(remove(session, this_system(environ)))
    except NoHome:
        return 0
    except OSError as error:
        raise BadInput(
            f"fonts cannot be removed: {one_line(str(error))}; the next session on this worker tries again"
        ) from None
    return 0


def _write_report(report: FontReport) -> None:
    """Write what happened, in its order."""
    for path in report.removed:
        write_line(f"fonts: removed {one_line(path)}")
    for name, path in report.installed.items():
        write_line(f"fonts: {_short(name)} installed as {one_line(path)}")
    for name, path in report.shared.items():
        write_line(f"fonts: {_short(name)} shared with another session: {one_line(path)}")
    if report.present:
        write_line(f"fonts: on this worker already: {_listed(report.present)}")
    for name, (here, came) in report.differing.items():
        write_line(
            f"fonts: WARNING: {_short(name)} has another version here ({_short(here)}) than in the job "
            f"({_short(came)}); the one here is used; if that matters, install the same version"
        )
    for name, why in report.refused.items():
        write_line(f"fonts: WARNING: the file for {_short(name)} was not installed: {_short(why)}")
    for path in report.locked:
        write_line(
            f"fonts: WARNING: a program has {one_line(path)} open; the next session on this worker removes it"
        )


def _short(text: str) -> str:
    """Return text from a job or a font file as one printable line of limited length."""
    printable = "".join(letter if letter.isprintable() or letter.isspace() else "\ufffd" for letter in text)
    return one_line(printable, _MAX_NAME_LENGTH)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(_short(name) for name in names[:_MAX_NAMES])
    more = len(names) - _MAX_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
