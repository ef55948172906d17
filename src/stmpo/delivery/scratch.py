"""Scratch: the run's own folder on a local disk, with one folder per renderer attempt.

    ROOT/stmpo-4711-9f3c2a/     mode 0700; process id and random digits, so that two runs never share one
        a1/  a2/  a3/ …         one per renderer process that was started

Nothing here decides what may be removed. The orchestrator asks for it once the ledger shows that everything
in a folder is delivered or useless. Until then all files are kept, also after a crash; `leftovers` lists
them. Names are short because some Windows programs still fail beyond 260 characters.
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

JOURNAL_COPY = "journal.jsonl"
"""Name of the copy of the journal in a run's scratch folder, for a run that loses its destination."""


def default_root(environ: Mapping[str, str]) -> Path:
    """Return where scratch goes by default: the OpenJD session's folder, or the system's temporary folder."""
    session = environ.get("OPENJD_SESSION_WORKING_DIR", "")
    if session and paths.is_folder(Path(session)):
        return Path(session).absolute()
    return Path(tempfile.gettempdir()).absolute()  # TMPDIR may be "."


def is_own_scratch(folder: Path) -> bool:
    """Return whether this is a scratch folder, of a run or of an attempt, that this user owns.

    Ask before reading or removing anything that an old journal names: a journal grants no access to other
    folders.
    """
    run = folder.parent if _ATTEMPT.fullmatch(folder.name) else folder
    if not folder.is_absolute() or ".." in folder.parts or not _RUN.fullmatch(run.name):
        return False
    return _is_own_folder(run) and (folder == run or _is_own_folder(folder))


def is_free_scratch(folder: Path) -> bool:
    """Return whether this is the scratch folder of a run of this user that is over."""
    return is_own_scratch(folder) and not _is_in_use(folder)


def _is_in_use(run: Path) -> bool:
    """Return whether the process that made a run's folder is another one and still runs.

    A process that began after the folder was made has the number in its name by chance.
    """
    try:
        maker = int(run.name.split("-")[1])
        return maker != os.getpid() and psutil.Process(maker).create_time() <= os.lstat(run).st_mtime + 1
    except (psutil.Error, OSError, ValueError, OverflowError):
        return False


def _is_own_folder(folder: Path) -> bool:
    try:
        status = os.lstat(folder)  # a link is refused
    except OSError:
        return False
    user = getattr(os, "geteuid", lambda: status.st_uid)()  # Windows has no user ids
    return stat.S_ISDIR(status.st_mode) and status.st_uid == user


def _remove_tree(folder: Path) -> bool:
    """Remove a folder and return whether it is gone.

    On Windows a renderer that hangs keeps its open files.
    """
    shutil.rmtree(folder, ignore_errors=True)
    if os.path.lexists(folder):
        _unlock(folder)
        shutil.rmtree(folder, ignore_errors=True)
    return not os.path.lexists(folder)


def _unlock(top: Path) -> None:
    """Make the folders of a tree accessible again: a renderer may have changed the modes of its own."""
    folders = [os.fspath(top)]
    for folder in folders:
        with contextlib.suppress(OSError):
            if stat.S_ISDIR(os.lstat(folder).st_mode):  # never through a link
                os.chmod(folder, _PRIVATE)
                with os.scandir(folder) as entries:
                    folders += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]


@dataclass(frozen=True, slots=True)
class Scratch:
    """The scratch folder of one run. Make it with `create`."""

    path: Path

    @classmethod
    def create(cls, root: Path) -> Scratch:
        """Create the run's folder under `root` (absolute), which is created if it is missing.

        Raises:
            BadInput: it cannot be created or written there.
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
            why = error.strerror or error
            raise BadInput(
                f"scratch cannot be created in {root}: {why}; choose another folder with --scratch-dir"
            ) from None
        return cls(path)

    @classmethod
    def check_root(cls, root: Path) -> None:
        """Check that scratch can be created under `root`, by creating it and removing it again.

        Raises:
            BadInput: it cannot be created or written there.
            NoSpace: the disk is full.
        """
        cls.create(root).remove()

    def attempt_folder(self, number: int) -> Path:
        """Return the folder of one attempt. Create it, and the run's folder, if somebody has removed it.

        Raises:
            OSError: it cannot be created (the disk is full, or may not be written any more).
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
        """Remove an attempt's folder with its contents. Return False if something could not be removed."""
        if attempt.parent != self.path or not _ATTEMPT.fullmatch(attempt.name):
            raise ValueError(f"{attempt} is no attempt of {self.path}")
        return _remove_tree(attempt)

    def remove_except(self, name: str) -> None:
        """Remove everything but one folder of the run's folder."""
        with contextlib.suppress(OSError):
            for entry in self.path.iterdir():
                if entry.name == name:
                    continue
                if entry.is_dir() and not entry.is_symlink():
                    _remove_tree(entry)
                else:
                    entry.unlink()

    def leftovers(self) -> list[Path]:
        """Return the files that are still there, in order, without the copy of the journal."""
        files = (Path(folder) / name for folder, _, names in os.walk(self.path) for name in names)
        return sorted(file for file in files if file != self.journal_copy)

    @property
    def journal_copy(self) -> Path:
        """Return where a copy of the journal is kept."""
        return self.path / JOURNAL_COPY

    def remove(self) -> bool:
        """Remove the run's folder with its contents. Return False if something could not be removed."""
        return _remove_tree(self.path)

    @staticmethod
    def remove_at(folder: Path) -> bool:
        """Remove the folder of an earlier run that is over (`is_own_scratch`).

        Return whether it was removed.
        """
        return is_free_scratch(folder) and _remove_tree(folder)
