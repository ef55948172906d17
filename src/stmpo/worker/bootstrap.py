"""The job's first environment: makes `stmpo` importable on a worker that has nothing but a Python.

    JobScriptDir/wheels/stmpo-….whl, psutil-….whl (one per system)
        │ those that the worker lacks, or has in a version that does not fit
        ▼
    SESSION/stmpo-site/            unpacked, in well under a second; no pip, no network
        │
        ▼
    openjd_env: PYTHONPATH=SESSION/stmpo-site, and PATH if `python` would start another Python

`start.bat` among the job template pieces has chosen the Python that runs this module. Later commands of the
session are started as `python`, so that name is made to mean this Python.

This module runs out of the wheel itself (`scripts/runtime.py` puts the wheel on `sys.path`), so it imports
only the standard library. A wheel is an untrusted zip file: one that would write outside its folder is
refused.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import distributions
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from stmpo.model.errors import BadInput
from stmpo.model.text import one_line
from stmpo.system.paths.windows import path_problem
from stmpo.system.wheel_tags import MIN_PSUTIL_VERSION, Interpreter, WheelName, version_key
from stmpo.system.zip_files import ODD_ARCHIVE, plainly_packed
from stmpo.worker.openjd_session import run_script, set_variable, write_line, wrong_arguments

if TYPE_CHECKING:
    from collections.abc import Sequence

SITE = "stmpo-site"
"""Folder inside the session's folder. Short, because Windows programs still stop at 260 characters."""

MAX_UNPACKED_BYTES = 100 << 20
"""Limit for the files of one wheel. Ours have about 2 MB."""

MAX_FILES = 5000


def main(arguments: Sequence[str]) -> int:
    """Run `runtime.py SESSION_FOLDER`: unpack the missing packages and set the variables that find them.

    Raises:
        BadInput: stmpo or psutil is neither on the worker nor in the bundle in a form that this Python takes.
    """
    if len(arguments) != 2:
        raise wrong_arguments("runtime SCRIPTS_FOLDER SESSION_FOLDER")
    scripts, session = Path(arguments[0]), Path(arguments[1])
    wheels = sorted((scripts / "wheels").glob("*.whl"))
    path = [place for place in sys.path if not place.endswith(".whl")]
    site = session / SITE
    unpacked = [name for name in ("stmpo", "psutil") if _provide(name, wheels, path, site)]
    if unpacked:
        _put_first("PYTHONPATH", site)
    if not _is_this_python(shutil.which("python")):
        _put_first("PATH", _folder_of_python(session))
        write_line(f"python is {one_line(sys.executable)} in this session")
    return 0


def _put_first(variable: str, folder: Path) -> None:
    before = os.environ.get(variable)
    set_variable(variable, os.pathsep.join([str(folder), *([before] if before else [])]))


def _is_this_python(found: str | None) -> bool:
    """Compare names, not files: a virtual environment's Python may link to one without its packages."""
    return found is not None and os.path.normcase(found) == os.path.normcase(sys.executable)


def _folder_of_python(session: Path) -> Path:
    """Return a folder in which this Python is called `python`.

    On Windows this is its own folder. Elsewhere it is a folder in the session that holds only a script which
    becomes this Python, so that no other command changes.
    """
    here = Path(sys.executable)
    if here.suffix.lower() == ".exe":
        return here.parent
    script = session / "stmpo-bin" / "python"
    script.parent.mkdir(exist_ok=True)
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(str(here))} "$@"\n', encoding="utf-8", newline="\n")
    script.chmod(0o755)
    return script.parent


def fits(installed: str, wanted: str | None) -> bool:
    """Return whether an installed stmpo serves a job made by version `wanted`: same major, and not older."""
    if wanted is None or installed == wanted:
        return True
    (mine, final), (asked, asked_final) = version_key(installed), version_key(wanted)
    return mine[:1] == asked[:1] and (mine > asked or (mine == asked and final >= asked_final))


def _provide(name: str, wheels: Sequence[Path], path: list[str], site: Path) -> bool:
    """Make a package importable. Return True if it was unpacked, False if the worker has it."""
    named = [(wheel, parsed) for wheel in wheels if (parsed := WheelName.parse(wheel.name)) is not None]
    candidates = sorted(
        ((wheel, parsed) for wheel, parsed in named if parsed.name == name),
        key=lambda pair: version_key(pair[1].version),
        reverse=True,
    )
    wanted = candidates[0][1].version if candidates and name == "stmpo" else None
    # The version that later scripts would import if nothing were unpacked.
    installed = next((found.version for found in distributions(name=name, path=path)), None)
    if installed is not None and _serves(name, installed, wanted):
        write_line(f"{name} {installed} is installed on this worker and fits")
        return False
    here = Interpreter.current()
    refused = ""
    for wheel, parsed in candidates:
        if here.supports(parsed):
            unpack(wheel, site)
            refused = "" if parsed.system == "any" else _import_error(name, site)
            if not refused:
                write_line(f"{name} {parsed.version} unpacked from {one_line(wheel.name)}")
                return True
            shutil.rmtree(site / name, ignore_errors=True)
    raise BadInput(_missing(name, here, installed, [parsed for _, parsed in candidates], refused))


def _serves(name: str, installed: str, wanted: str | None) -> bool:
    if name == "stmpo":
        return fits(installed, wanted)
    return version_key(installed) >= version_key(MIN_PSUTIL_VERSION)


def _import_error(name: str, site: Path) -> str:
    """Return the last line of the error that a fresh Python prints when it imports the package, or ""."""
    program = f"import sys; sys.path.insert(0, sys.argv[1]); import {name}"
    check = [sys.executable, "-I", "-c", program, str(site)]
    done = subprocess.run(check, capture_output=True, check=False)
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return one_line(lines[-1]) if done.returncode and lines else ""


def _missing(
    name: str, here: Interpreter, installed: str | None, brought: Sequence[WheelName], refused: str
) -> str:
    has = f"has {name} {installed}, which does not fit" if installed else f"has no {name}"
    brings = ", ".join(sorted({f"{wheel.version} for {'/'.join(wheel.platforms)}" for wheel in brought}))
    why = f" ({refused})" if refused else ""
    return (
        f"the worker ({here}) {has}, and the job brings {brings or 'none'}{why}; install it there with "
        f'"python -m pip install {name}", or submit again with a wheel that fits in scripts/wheels'
    )


def unpack(wheel: Path, site: Path) -> None:
    """Unpack a wheel into `site`.

    Raises:
        BadInput: the wheel is damaged, would write outside the folder, or is far too large.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = archive.infolist()
            if not plainly_packed(archive):
                raise BadInput(f"{wheel.name} is packed as no wheel is; submit the job again")
            if len(members) > MAX_FILES or sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
                raise BadInput(
                    f"{wheel.name} holds more than {MAX_UNPACKED_BYTES >> 20} MiB or {MAX_FILES} files; "
                    "it is not a wheel of this job; submit the job again"
                )
            for member in members:
                if not _stays_inside(member.filename):
                    raise BadInput(
                        f"{wheel.name} holds {member.filename!r}, which would leave its folder; "
                        "submit the job again"
                    )
            archive.extractall(site)  # links are written as plain files
    except ODD_ARCHIVE as error:
        raise BadInput(f"{wheel.name} is damaged ({error}); submit the job again") from None
    except OSError as error:
        raise BadInput(f"{wheel.name} cannot be unpacked to {site}: {error.strerror or error}") from None


def _stays_inside(name: str) -> bool:
    """Check a member's name by Windows' rules on every system; our wheels hold no name that breaks them."""
    path = PurePosixPath(name)
    plain = bool(name) and not (path.is_absolute() or ".." in path.parts or re.search(r"[\\:\x00]", name))
    return plain and path_problem(name) is None


if __name__ == "__main__":
    sys.exit(run_script(main))
