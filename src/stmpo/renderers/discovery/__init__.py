"""Which program renders: the one that was named, else the one that is installed.

The order is `--aerender-path`, `AERENDER_PATH`, `PATH`, the newest installed After Effects; no path of any machine is
built in. The first two are somebody's word: where they lead nowhere the run ends there and says so, instead of
rendering with another version than was asked for. An empty one is none.

Lottie files (`.json`, `.lottie`) are rendered by the embedded renderer; an `AERENDER_PATH` set for the machine does not
take them to a program that cannot read them, an explicit `--aerender-path` does.

Every refusal is a `NoRenderer`: exit code 3 always means "look at the renderer's path".
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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

EXPLICIT = "--aerender-path"
VARIABLE = "AERENDER_PATH"

_NAMES = ("aerender.exe", "aerender")
_THROUGH_CMD = frozenset({".bat", ".cmd"})

SystemSearch = Callable[[Mapping[str, str]], Installation]
"""Looks for After Effects where the system's installer places it."""


@dataclass(frozen=True, slots=True)
class InstalledRenderer:
    """A program to render with."""

    argv_prefix: tuple[str, ...]
    """What starts it: the executable, or an interpreter and its script."""

    name: str
    """What people call it."""

    how: str
    """Where it was found, for the log."""

    def renderer(self) -> Aerender:
        """Its command line and its lines."""
        return Aerender(self.argv_prefix, self.name, self.how)


def choose_renderer(
    project: Path, explicit: str | None, environ: Mapping[str, str], *, search: SystemSearch | None = None
) -> Aerender:
    """The program that renders this project.

    Raises:
        BadInput: nothing renders such a file.
        NoRenderer: what would render it is not to be found.
    """
    suffix = project.suffix.lower()
    if suffix in LOTTIE_SUFFIXES:
        found = find_aerender(explicit, environ, search=search) if _given(explicit) else embedded_lottie()
        return found.renderer()
    if suffix in AFTER_EFFECTS_SUFFIXES:
        return find_aerender(explicit, environ, search=search).renderer()
    raise BadInput(
        f"{visible(str(project))} is neither an After Effects project (.aep, .aepx, .aet) nor a Lottie file (.json, .lottie)"
    )


def embedded_lottie() -> InstalledRenderer:
    """The embedded renderer, run by this Python.

    Raises:
        NoRenderer: the packages that it renders with are not installed.
    """
    missing = [package for package, module in _LOTTIE_NEEDS.items() if find_spec(module) is None]
    if missing:
        raise NoRenderer(
            f"Lottie files need {' and '.join(missing)}, not installed here: install stmpo with its extra, stmpo[lottie]"
        )
    return InstalledRenderer(
        (sys.executable, "-m", "stmpo.renderers.lottie.renderer"), "stmpo-lottie", "embedded renderer"
    )


_LOTTIE_NEEDS = {"rlottie-python": "rlottie_python", "Pillow": "PIL"}


def find_aerender(
    explicit: str | None, environ: Mapping[str, str], *, search: SystemSearch | None = None
) -> InstalledRenderer:
    """Find aerender: as named, in `AERENDER_PATH`, on `PATH`, or the newest installed; `search` stands in for the last.

    Raises:
        NoRenderer: the one that was named is not there or cannot be run, or there is none at all.
    """
    for source, named in ((EXPLICIT, explicit), (VARIABLE, environ.get(VARIABLE))):
        if named is not None and _given(named):
            return _named(_unquoted(named), source, environ)
    on_path = _on_path(_NAMES, environ)
    if on_path is not None:
        return _runnable(on_path, "PATH")
    there = (search or system_search())(environ)
    if there.aerenders:
        return _runnable(there.aerenders[0], "newest installed After Effects")
    raise NoRenderer(
        f"no aerender found: {EXPLICIT} and {VARIABLE} are not given, PATH has none, and neither has {there.looked}; "
        f"install After Effects, or say where its aerender is with {EXPLICIT}"
    )


def system_search(platform: str = sys.platform) -> SystemSearch:
    """The search of this system: the one place that picks its file."""
    if platform == "win32":
        from stmpo.renderers.discovery.windows import installed  # noqa: PLC0415 - one system, one file

        return installed
    if platform == "darwin":
        from stmpo.renderers.discovery.macos import installed as installed_on_macos  # noqa: PLC0415

        return installed_on_macos
    return _nothing_installed


def _nothing_installed(_environ: Mapping[str, str]) -> Installation:
    return Installation((), f"this system, for which there is no After Effects ({sys.platform})")


def _given(text: str | None) -> bool:
    """Whether anything was named. A job template hands over an empty text where the artist wrote nothing."""
    return text is not None and bool(_unquoted(text))


def _unquoted(text: str) -> str:
    """The text without the quotation marks that Explorer's "Copy as path" puts around it."""
    text = text.strip()
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == '"' else text


def _named(text: str, source: str, environ: Mapping[str, str]) -> InstalledRenderer:
    """The program that `source` names: a file, a folder that holds aerender, or a bare command looked up on PATH."""
    if visible(text) != text:
        raise NoRenderer(f"{source}: {visible(text)!r} holds characters that no path should; write it again")
    if not os.path.dirname(text):  # noqa: PTH120 - as text: "aerender" and "./aerender" differ
        command = _on_path((text, f"{text}.exe"), environ)
        if command is not None:
            return _runnable(command, source)
        if not paths.exists(Path(text)):
            raise NoRenderer(
                f"{source}: there is no {text} on PATH nor in {Path.cwd()}; write its whole path"
            )
    path = Path(os.path.abspath(text))  # noqa: PTH100 - links stay: aerender finds After Effects by its own place
    if paths.is_folder(path):
        return _runnable(_inside(path, source), source)
    if not paths.is_file(path):
        raise NoRenderer(f"{source}: {path} {_unseen(path)}; write the path of aerender itself")
    return _runnable(path, source)


def _unseen(path: Path) -> str:
    """Why no file is seen at a path, as the rest of a sentence."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "does not exist"
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"
    return "is not a file"


def _inside(folder: Path, source: str) -> Path:
    """The aerender in a folder of After Effects, or beside its application on macOS."""
    home = folder.parent if folder.suffix.lower() == ".app" else folder
    for file in (home / middle / name for middle in ("", "Support Files") for name in _NAMES):
        if paths.is_file(file):
            return file
    raise NoRenderer(f"{source}: the folder {home} holds no aerender; write the path of aerender itself")


def _runnable(path: Path, how: str) -> InstalledRenderer:
    """How to run this file.

    Raises:
        NoRenderer: it cannot be run, or not safely.
    """
    suffix = path.suffix.lower()
    if suffix == ".py":
        return InstalledRenderer((sys.executable, str(path)), path.stem, how)
    if suffix in _THROUGH_CMD:
        raise NoRenderer(
            f"{how}: {path} is a batch file, which cmd.exe would read: names of comps and files cannot be quoted "
            "safely for it; write the path of aerender.exe itself"
        )
    if path.stem.lower() == "afterfx":
        raise NoRenderer(
            f"{how}: {path} is After Effects itself; its aerender lies beside it, write that path"
        )
    if not os.access(path, os.X_OK):
        raise NoRenderer(f"{how}: {path} is not executable for this user; correct its permissions")
    return InstalledRenderer((str(path),), path.stem if suffix == ".exe" else path.name, how)


def _on_path(names: tuple[str, ...], environ: Mapping[str, str]) -> Path | None:
    """The first executable file of these names on PATH.

    Not `shutil.which`: that looks into the current folder first on Windows, where a job's files lie, and takes batch files.
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
