"""Scratch: the run's own folder on a local disk, with a folder for each attempt of a renderer.

    ROOT/stmpo-4711-9f3c2a/     mode 0700; process id and random digits, so that runs never share one
        a1/  a2/  a3/ …         one for each renderer process that was started

Nothing here decides that something may go. The orchestrator asks for it when the ledger says that all a folder holds is
delivered or known to be useless; until then everything is kept, also over a crash, and `leftovers` names it. Names are
short: Windows programs still end at 260 characters.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from stmpo.model.errors import BadInput, NoSpace
from stmpo.system import paths
from stmpo.system.files import is_full

if TYPE_CHECKING:
    from collections.abc import Mapping

_RUN = re.compile(r"stmpo-\d+-[0-9a-f]{6}", re.ASCII)
_ATTEMPT = re.compile(r"a\d+", re.ASCII)
_PRIVATE = 0o700


def default_root(environ: Mapping[str, str]) -> Path:
    """Where scratch goes when the user names no place: the OpenJD session's folder, else the system's temporary one."""
    session = environ.get("OPENJD_SESSION_WORKING_DIR", "")
    if session and paths.is_folder(Path(session)):
        return Path(session).absolute()
    return Path(tempfile.gettempdir())


def is_own_scratch(folder: Path) -> bool:
    """Whether this is a scratch folder, of a run or of an attempt, that this program made for this user.

    The guard before anything that an old journal names is read or removed: a journal is no authority over other folders.
    """
    run = folder.parent if _ATTEMPT.fullmatch(folder.name) else folder
    if not folder.is_absolute() or ".." in folder.parts or not _RUN.fullmatch(run.name):
        return False
    return _own_folder(run) and (folder == run or _own_folder(folder))


def _in_use(run: Path) -> bool:
    """Whether another process made a run's folder and still runs: one that began later has its number by chance."""
    try:
        maker = int(run.name.split("-")[1])
        return maker != os.getpid() and psutil.Process(maker).create_time() <= os.lstat(run).st_mtime + 1
    except (psutil.Error, OSError, ValueError, OverflowError):
        return False


def _own_folder(folder: Path) -> bool:
    try:
        status = os.lstat(folder)  # a link is not a folder of ours
    except OSError:
        return False
    user = getattr(os, "geteuid", lambda: status.st_uid)()  # Windows has no such numbers
    return stat.S_ISDIR(status.st_mode) and status.st_uid == user


def _remove_tree(folder: Path) -> bool:
    # What cannot be removed (a renderer that hangs keeps its files open on Windows) is seen in the answer.
    shutil.rmtree(folder, ignore_errors=True)
    if os.path.lexists(folder):
        _unlock(folder)
        shutil.rmtree(folder, ignore_errors=True)
    return not os.path.lexists(folder)


def _unlock(top: Path) -> None:
    """Make the folders of a tree accessible again, as far as they are ours: a renderer may have locked its own."""
    folders = [os.fspath(top)]
    for folder in folders:
        with contextlib.suppress(OSError):
            if stat.S_ISDIR(os.lstat(folder).st_mode):  # a link leads elsewhere
                os.chmod(folder, _PRIVATE)
                with os.scandir(folder) as entries:
                    folders += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]


@dataclass(frozen=True, slots=True)
class Scratch:
    """One run's scratch folder. `create` makes one."""

    path: Path

    @classmethod
    def create(cls, root: Path) -> Scratch:
        """Make the run's folder under `root` (absolute), which is made as well where it is missing.

        Raises:
            BadInput: it cannot be made or written there.
            NoSpace: the disk is full.
        """
        path = root / f"stmpo-{os.getpid()}-{os.urandom(3).hex()}"
        try:
            root.mkdir(parents=True, exist_ok=True)
            path.mkdir(mode=_PRIVATE)
        except OSError as error:
            if is_full(error):
                raise NoSpace(
                    f"no space left for scratch in {root}; free some space, then run again"
                ) from None
            raise BadInput(
                f"scratch cannot be made in {root}: {error.strerror or error}; choose another place with --scratch-dir"
            ) from None
        return cls(path)

    @classmethod
    def check_root(cls, root: Path) -> None:
        """Make sure that scratch can be made under `root`, by making it and removing it again.

        Raises:
            BadInput: it cannot be made or written there.
            NoSpace: the disk is full.
        """
        cls.create(root).remove()

    def attempt_folder(self, number: int) -> Path:
        """The folder of one attempt, made where it is missing; so is the run's, should somebody have removed it.

        Raises:
            OSError: it cannot be made (the disk is full, or may not be written any more).
        """
        folder = self.path / f"a{number}"
        try:
            folder.mkdir(mode=_PRIVATE, exist_ok=True)
        except FileNotFoundError:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.mkdir(mode=_PRIVATE)
            folder.mkdir(mode=_PRIVATE)
        return folder

    def discard(self, attempt: Path) -> bool:
        """Remove an attempt's folder with all that it holds. False where something could not be removed."""
        if attempt.parent != self.path or not _ATTEMPT.fullmatch(attempt.name):
            raise ValueError(f"{attempt} is no attempt of {self.path}")
        return _remove_tree(attempt)

    def leftovers(self) -> list[Path]:
        """The files that are still there, in order."""
        return sorted(Path(folder) / name for folder, _, names in os.walk(self.path) for name in names)

    def remove(self) -> bool:
        """Remove the run's folder with all that it holds. False where something could not be removed."""
        return _remove_tree(self.path)

    @staticmethod
    def remove_at(folder: Path) -> bool:
        """Remove an earlier run's folder, if it is one (`is_own_scratch`) and that run is over. True when it is gone afterwards."""
        return is_own_scratch(folder) and not _in_use(folder) and _remove_tree(folder)
