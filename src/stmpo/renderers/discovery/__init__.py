"""Choose the renderer program: the one that was named, else the one that is installed.

The order is `--aerender-path`, `AERENDER_PATH`, `AERENDER_EXECUTABLE` (the variable of AWS' own submitter),
`PATH`, the newest installed After Effects. No path of any machine is built in. A renderer named by option or
variable must exist: the run does not fall back to another version than was asked for. An empty value counts
as not given.

The embedded renderer renders Lottie files (`.json`, `.lottie`), even if `AERENDER_PATH` is set for the
machine, since aerender cannot read them. An explicit `--aerender-path` overrides this.

Every refusal is a `NoRenderer`: exit code 3 always means "check the renderer's path".
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

from stmpo.model.errors import BadInput, NoRenderer
from stmpo.model.text import visible
from stmpo.renderers.aerender import Aerender
from stmpo.renderers.discovery.common import Installation
from stmpo.system import paths

LOTTIE_SUFFIXES = frozenset({".json", ".lottie"})
"""What the embedded renderer reads."""

AFTER_EFFECTS_SUFFIXES = frozenset({".aep", ".aepx", ".aet"})
"""Projects, projects as XML, and project templates."""

OPTION = "--aerender-path"
VARIABLE = "AERENDER_PATH"
AWS_VARIABLE = "AERENDER_EXECUTABLE"

_PROGRAM_NAMES = ("aerender.exe", "aerender")
_BATCH_SUFFIXES = frozenset({".bat", ".cmd"})
_LOTTIE_PACKAGES = {"rlottie-python": "rlottie_python", "Pillow": "PIL"}

SystemSearch = Callable[[Mapping[str, str]], Installation]
"""Searches the places where the system's installer puts After Effects."""


def choose_renderer(
    project: Path, explicit: str | None, environ: Mapping[str, str], *, search: SystemSearch | None = None
) -> Aerender:
    """Return the program that renders this project.

    Raises:
        BadInput: no renderer reads such a file.
        NoRenderer: the renderer of such files was not found.
    """
    suffix = project.suffix.lower()
    if suffix in LOTTIE_SUFFIXES and not _strip_quotes(explicit or ""):
        return embedded_lottie()
    if suffix in LOTTIE_SUFFIXES | AFTER_EFFECTS_SUFFIXES:
        return find_aerender(explicit, environ, search=search)
    raise BadInput(
        f"{visible(str(project))} is neither an After Effects project (.aep, .aepx, .aet) nor a Lottie file (.json, .lottie)"
    )


def embedded_lottie() -> Aerender:
    """Return the embedded renderer, run by this Python.

    Raises:
        NoRenderer: the packages that it renders with are not installed.
    """
    missing = [package for package, module in _LOTTIE_PACKAGES.items() if find_spec(module) is None]
    if missing:
        raise NoRenderer(
            f"Lottie files need {' and '.join(missing)}: install stmpo with its extra, stmpo[lottie]"
        )
    return Aerender(
        (sys.executable, "-m", "stmpo.renderers.lottie.renderer"), "stmpo-lottie", "embedded renderer"
    )


def find_aerender(
    explicit: str | None, environ: Mapping[str, str], *, search: SystemSearch | None = None
) -> Aerender:
    """Find aerender: as named, in a variable, on `PATH`, or the newest installed (by `search`).

    Raises:
        NoRenderer: the named one does not exist or cannot be run, or none is installed.
    """
    variables = ((name, environ.get(name)) for name in (VARIABLE, AWS_VARIABLE))
    for source, named in ((OPTION, explicit), *variables):
        # A job template passes an empty text if the artist left the field empty.
        path = _strip_quotes(named or "")
        if path:
            return _from_name(path, source, environ)
    on_path = _on_path(_PROGRAM_NAMES, environ)
    if on_path is not None:
        return _from_file(on_path, "PATH")
    installation = (search or system_search())(environ)
    if installation.aerenders:
        return _from_file(installation.aerenders[0], "newest installed After Effects")
    raise NoRenderer(
        f"no aerender found: {OPTION} and {VARIABLE} are not set, and there is none on PATH or in "
        f"{installation.searched}; install After Effects, or name a renderer with {OPTION}"
    )


def system_search(platform: str = sys.platform) -> SystemSearch:
    """Return the search of this system. This is the only place that chooses by platform."""
    if platform == "win32":
        from stmpo.renderers.discovery.windows import installed  # noqa: PLC0415 - one system, one file

        return installed
    if platform == "darwin":
        from stmpo.renderers.discovery.macos import installed as installed_on_macos  # noqa: PLC0415

        return installed_on_macos
    return lambda _environ: Installation((), f"the usual places (After Effects does not run on {platform})")


def _strip_quotes(text: str) -> str:
    """Remove the quotation marks that Explorer's "Copy as path" puts around a path."""
    text = text.strip()
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == '"' else text


def _from_name(text: str, source: str, environ: Mapping[str, str]) -> Aerender:
    """Return the named program: a file, a folder that holds aerender, or a command looked up on PATH."""
    if visible(text) != text:
        raise NoRenderer(f"{source}: {visible(text)!r} contains control characters; enter the path again")
    if not os.path.dirname(text):  # noqa: PTH120 - as text: "aerender" and "./aerender" differ
        command = _on_path((text, f"{text}.exe"), environ)
        if command is not None:
            return _from_file(command, source)
        if not paths.exists(Path(text)):
            raise NoRenderer(
                f"{source}: there is no {text} on PATH nor in {Path.cwd()}; write its whole path"
            )
    path = Path(os.path.abspath(text))  # noqa: PTH100 - links stay: aerender finds After Effects by its own place
    if paths.is_folder(path):
        return _from_file(_in_folder(path, source), source)
    if not paths.is_file(path):
        raise NoRenderer(f"{source}: {path} {_why_no_file(path)}; write the path of aerender itself")
    return _from_file(path, source)


def _why_no_file(path: Path) -> str:
    """Return why there is no file at a path, as the rest of a sentence."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "does not exist"
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"
    return "is not a file"


def _in_folder(folder: Path, source: str) -> Path:
    """Return the aerender in a folder of After Effects, or beside its application on macOS."""
    home = folder.parent if folder.suffix.lower() == ".app" else folder
    for file in (home / middle / name for middle in ("", "Support Files") for name in _PROGRAM_NAMES):
        if paths.is_file(file):
            return file
    raise NoRenderer(f"{source}: the folder {home} holds no aerender; write the path of aerender itself")


def _from_file(path: Path, source: str) -> Aerender:
    """Return the renderer that this file is.

    Raises:
        NoRenderer: it cannot be run, or not safely.
    """
    suffix = path.suffix.lower()
    if suffix == ".py":
        return Aerender((sys.executable, str(path)), path.stem, source)
    if suffix in _BATCH_SUFFIXES:
        raise NoRenderer(
            f"{source}: {path} is a batch file, and names of comps and files cannot be quoted safely for cmd.exe; "
            "write the path of aerender.exe itself"
        )
    if path.stem.lower() == "afterfx":
        raise NoRenderer(
            f"{source}: {path} is After Effects itself; write the path of the aerender beside it"
        )
    if not os.access(path, os.X_OK):
        raise NoRenderer(f"{source}: {path} is not executable for this user; correct its permissions")
    return Aerender((str(path),), path.stem if suffix == ".exe" else path.name, source)


def _on_path(names: tuple[str, ...], environ: Mapping[str, str]) -> Path | None:
    """Return the first executable file of these names on PATH.

    `shutil.which` is not used: on Windows it searches the current folder first, where a job's files are, and
    accepts batch files.
    """
    path = next((value for name, value in environ.items() if name.upper() == "PATH"), "")
    for folder in path.split(os.pathsep):
        folder = folder.strip('"')  # noqa: PLW2901
        if not os.path.isabs(folder):  # noqa: PTH117 - as text: an empty entry means the current folder
            continue
        for name in names:
            file = Path(folder) / name
            if paths.is_file(file) and os.access(file, os.X_OK):
                return file
    return None
