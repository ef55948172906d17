"""The job's first environment: makes `stmpo` importable on a worker that has nothing but a Python.

    JobScriptDir/wheels/stmpo-….whl, psutil-….whl (one a system)
        │ what the worker has not, or not in a version that fits
        ▼
    SESSION/stmpo-site/            unpacked, in well under a second; no pip, no network
        │
        ▼
    openjd_env: PYTHONPATH=SESSION/stmpo-site, and PATH where `python` would be another one than this

`start.bat` among the job template pieces has found this Python. What the session runs later is started as `python`, so
that name is made to mean this one.

This module runs out of the wheel itself (`scripts/runtime.py` puts it on `sys.path`), so it imports only the standard
library. A wheel is a zip file that is used as it is unpacked; one that would leave its folder is refused.
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
from stmpo.system.paths.windows import path_problem
from stmpo.system.wheel_tags import MIN_PSUTIL_VERSION, Interpreter, WheelName, version_key
from stmpo.system.zip_files import ODD_ARCHIVE, plainly_packed
from stmpo.worker.openjd_session import one_line, run, say, set_variable, usage

if TYPE_CHECKING:
    from collections.abc import Sequence

SITE = "stmpo-site"
"""Folder in the session's, short: Windows programs still end at 260 characters."""

MOST_UNPACKED = 100 << 20
"""Bytes of a wheel's files. Ours have 2 MB."""

MOST_FILES = 5000


def main(arguments: Sequence[str]) -> int:
    """`runtime.py SESSION_FOLDER`: unpack what is missing and say where it is.

    Raises:
        BadInput: stmpo or psutil is neither on the worker nor in the bundle in a form that this Python takes.
    """
    if len(arguments) != 2:
        raise usage("runtime SCRIPTS_FOLDER SESSION_FOLDER")
    scripts, session = Path(arguments[0]), Path(arguments[1])
    wheels = sorted((scripts / "wheels").glob("*.whl"))
    path = [place for place in sys.path if not place.endswith(".whl")]
    site = session / SITE
    unpacked = [name for name in ("stmpo", "psutil") if _provide(name, wheels, path, site)]
    if unpacked:
        _put_first("PYTHONPATH", site)
    if not _is_this_python(shutil.which("python")):
        _put_first("PATH", _folder_of_python(session))
        say(f"python is {one_line(sys.executable)} in this session")
    return 0


def _put_first(variable: str, folder: Path) -> None:
    before = os.environ.get(variable)
    set_variable(variable, os.pathsep.join([str(folder), *([before] if before else [])]))


def _is_this_python(found: str | None) -> bool:
    """By name, not by file: a virtual environment's Python is often a link to one that has not its packages."""
    return found is not None and os.path.normcase(found) == os.path.normcase(sys.executable)


def _folder_of_python(session: Path) -> Path:
    """A folder in which this very Python is called `python`.

    Windows': its own. Elsewhere a folder in the session with a script that becomes it, so that no other command changes.
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
    """Whether an installed stmpo serves a job made by version `wanted`: the same major version, and not an older one."""
    if wanted is None or installed == wanted:
        return True
    (mine, final), (asked, asked_final) = version_key(installed), version_key(wanted)
    return mine[:1] == asked[:1] and (mine > asked or (mine == asked and final >= asked_final))


def _provide(name: str, wheels: Sequence[Path], path: list[str], site: Path) -> bool:
    """Make a package importable. Returns whether it was unpacked; False where the worker has it."""
    named = [(wheel, parsed) for wheel in wheels if (parsed := WheelName.parse(wheel.name)) is not None]
    mine = sorted(
        ((wheel, parsed) for wheel, parsed in named if parsed.name == name),
        key=lambda pair: version_key(pair[1].version),
        reverse=True,
    )
    wanted = mine[0][1].version if mine and name == "stmpo" else None
    installed = _installed(name, path)
    if installed is not None and _serves(name, installed, wanted):
        say(f"{name} {installed} is installed on this worker and fits")
        return False
    here = Interpreter.current()
    refused = ""
    for wheel, parsed in mine:
        if here.supports(parsed):
            unpack(wheel, site)
            refused = "" if parsed.system == "any" else _import_error(name, site)
            if not refused:
                say(f"{name} {parsed.version} unpacked from {one_line(wheel.name)}")
                return True
            shutil.rmtree(site / name, ignore_errors=True)
    raise BadInput(_missing(name, here, installed, [parsed for _, parsed in mine], refused))


def _serves(name: str, installed: str, wanted: str | None) -> bool:
    if name == "stmpo":
        return fits(installed, wanted)
    return version_key(installed) >= version_key(MIN_PSUTIL_VERSION)


def _installed(name: str, path: list[str]) -> str | None:
    """The version that later scripts would import, without what travels with the job."""
    for found in distributions(name=name, path=path):
        return found.version
    return None


def _import_error(name: str, site: Path) -> str:
    """The last line of what goes wrong when a fresh Python imports it; empty where nothing does."""
    check = [
        sys.executable,
        "-I",
        "-c",
        f"import sys; sys.path.insert(0, sys.argv[1]); import {name}",
        str(site),
    ]
    done = subprocess.run(check, capture_output=True, check=False)
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return one_line(lines[-1]) if done.returncode and lines else ""


def _missing(
    name: str, here: Interpreter, installed: str | None, there: Sequence[WheelName], refused: str
) -> str:
    has = f"has {name} {installed}, which does not fit" if installed else f"has no {name}"
    brought = ", ".join(sorted({f"{wheel.version} for {'/'.join(wheel.platforms)}" for wheel in there}))
    why = f" ({refused})" if refused else ""
    return (
        f"the worker ({here}) {has}, and the job brings {brought or 'none'}{why}; install it there with "
        f"'python -m pip install {name}', or submit again with a wheel that fits in scripts/wheels"
    )


def unpack(wheel: Path, site: Path) -> None:
    """Unpack a wheel into `site`.

    Raises:
        BadInput: it is damaged, would leave the folder, or is far too large.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = archive.infolist()
            if not plainly_packed(archive):
                raise BadInput(f"{wheel.name} is packed as no wheel is; submit the job again")
            if len(members) > MOST_FILES or sum(member.file_size for member in members) > MOST_UNPACKED:
                raise BadInput(
                    f"{wheel.name} holds more than {MOST_UNPACKED >> 20} MiB or {MOST_FILES} files; it is no wheel of ours"
                )
            for member in members:
                if not _stays_inside(member.filename):
                    raise BadInput(f"{wheel.name} holds {member.filename!r}, which would leave its folder")
            archive.extractall(site)  # links are written as plain files
    except ODD_ARCHIVE as error:
        raise BadInput(f"{wheel.name} is damaged ({error}); submit the job again") from None
    except OSError as error:
        raise BadInput(f"{wheel.name} cannot be unpacked to {site}: {error.strerror or error}") from None


def _stays_inside(name: str) -> bool:
    """Windows' rules hold on every system: what they change or take for a device is in no wheel of ours."""
    path = PurePosixPath(name)
    plain = bool(name) and not (path.is_absolute() or ".." in path.parts or re.search(r"[\\:\x00]", name))
    return plain and path_problem(name) is None


if __name__ == "__main__":
    sys.exit(run(main))
