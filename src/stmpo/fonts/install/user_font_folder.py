"""Put one font file into the user's font folder, and remove it again. Every step is saved before it is taken.

    install    planned ─► folders ─► .stmpo-….part ─► its name, if that is free ─► register ─► installed
    release    leaving ─► unregister ─► file, if still ours ─► folders and keys that we created ─► forgotten

A file gets its name by a link, which never replaces a file that somebody else has put there meanwhile. It is
removed only while its content, inode and modification time are those that it was installed with.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.fonts.install.leases import LeasedFont, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from stmpo.fonts.install.lease_store import LeaseStore
    from stmpo.fonts.install.protocol import FontSystem
    from stmpo.fonts.install.validate import ValidFont

DELETE_TIMEOUT = 3.0
"""Seconds to wait for programs that are exiting to close the fonts to be removed, for all fonts together."""

_DELETE_POLL_INTERVAL = 0.1


class UserFontFolder:
    """The user's font folder, with the leases that say which of its files are ours."""

    def __init__(self, system: FontSystem, store: LeaseStore) -> None:
        self._system = system
        self._store = store
        self._leases = store.leases

    def install(self, font: ValidFont, file: str, names: Sequence[str], session: str) -> LeasedFont:
        """Install a font under its file name, or with a number added if another file has that name.

        Raises:
            OSError: the folder cannot be written, or the disk is full. What was begun is undone, or is in the
            leases.
        """
        digest = hashlib.sha256(font.data).hexdigest()
        for path in self._free_paths(file):
            self._leases.add_created(_missing_folders(path.parent), ())
            label = self._system.label(font, path)
            leased = LeasedFont(str(path), tuple(names), digest, label, sessions=frozenset({session}))
            self._leases.put(leased)
            self._store.save()
            try:
                placed = _write_file(font.data, _temporary_path(leased), path)
            except OSError:
                # Nothing is there, so nothing has to be remembered; a full disk gets its space back.
                if _try_delete(leased):
                    del self._leases.fonts[leased.path]
                raise
            if placed:
                return self._complete(leased)
            del self._leases.fonts[leased.path]
        raise AssertionError("there is always another name")

    def lease(self, leased: LeasedFont, session: str) -> LeasedFont:
        """Lease a font that is there, and repeat what may be missing of its installation."""
        stage = Stage.INSTALLED if leased.stage is Stage.INSTALLED else Stage.PLANNED
        leased = self._leases.put(replace(leased, stage=stage, sessions=leased.sessions | {session}))
        self._store.save()
        return self._complete(leased)

    def release(self, sessions: Iterable[str]) -> tuple[list[LeasedFont], list[LeasedFont]]:
        """End the leases of these sessions and remove the fonts that no session uses any more.

        Returns the removed fonts, and those that are open in some program: they stay in the leases for the
        next call.
        """
        leases = self._leases
        leases.release(sessions)
        leaving = [leases.put(replace(leased, stage=Stage.LEAVING)) for leased in leases.unused()]
        self._store.save_unless_disk_full()
        if not leaving and (leases.fonts or not (leases.folders or leases.extras)):
            return [], []
        for leased in leaving:
            self._system.unregister(leased.label, Path(leased.path))
        locked = _delete(leaving)
        gone = [leased for leased in leaving if leased not in locked]
        for leased in gone:
            del leases.fonts[leased.path]
        self._clean_up()
        if leases:  # `open_leases` removes empty ones
            self._store.save()
        return gone, locked

    def _clean_up(self) -> None:
        """Notify programs, and with the last font remove everything else that was created for fonts."""
        leases = self._leases
        if leases.fonts:
            self._system.notify_programs()
            return
        for folder in reversed(leases.folders):
            with contextlib.suppress(OSError):  # not empty: its files are not ours
                Path(folder).rmdir()
        self._system.notify_programs()  # after the folder, whose cache would stay behind
        self._system.remove_extras(leases.extras)
        leases.folders.clear()
        leases.extras.clear()

    def _complete(self, leased: LeasedFont) -> LeasedFont:
        path = Path(leased.path)
        self._system.register(leased.label, path)
        identity = _identity(path.lstat())
        leased = self._leases.put(replace(leased, stage=Stage.INSTALLED, file_identity=identity))
        self._store.save()
        return leased

    def _free_paths(self, file: str) -> Iterator[Path]:
        """Yield paths that no file has, the wanted name first."""
        stem, suffix = os.path.splitext(file)  # noqa: PTH122 - a name, no path
        for number in count(1):
            path = self._system.folder / (file if number == 1 else f"{stem}-{number}{suffix}")
            if not os.path.lexists(path) and str(path) not in self._leases.fonts:
                yield path


def is_ours(leased: LeasedFont) -> bool:
    """Return whether the file at the font's path is the one that was installed.

    Raises:
        OSError: it cannot be read.
    """
    try:
        status = os.lstat(leased.path)
        if not stat.S_ISREG(status.st_mode) or leased.file_identity not in {None, _identity(status)}:
            return False
        return hashlib.sha256(Path(leased.path).read_bytes()).hexdigest() == leased.digest
    except (FileNotFoundError, NotADirectoryError):
        return False


def _delete(fonts: Sequence[LeasedFont]) -> list[LeasedFont]:
    """Delete the files that are ours; return those that could not be deleted within `DELETE_TIMEOUT`."""
    left = list(fonts)
    end = time.monotonic() + DELETE_TIMEOUT
    while True:
        left = [leased for leased in left if not _try_delete(leased)]
        if not left or time.monotonic() > end:
            return left
        time.sleep(_DELETE_POLL_INTERVAL)


def _try_delete(leased: LeasedFont) -> bool:
    """Delete the file if it is ours; return whether nothing of ours is left."""
    try:
        _temporary_path(leased).unlink(missing_ok=True)
        if is_ours(leased):
            Path(leased.path).unlink()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return True


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_ino, status.st_mtime_ns


def _temporary_path(leased: LeasedFont) -> Path:
    """Return the path for writing a font: hidden, and named by its content, so that it is certainly ours."""
    return Path(leased.path).with_name(f".stmpo-{leased.digest[:32]}.part")


def _write_file(data: bytes, part: Path, path: Path) -> bool:
    """Write a whole file and give it its name. Return False if another file has the name already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part.unlink(missing_ok=True)  # left by a session that was killed
    with part.open("xb") as file:  # "x": never follow a link that somebody put there
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    try:
        _link(part, path)
    except FileExistsError:
        part.unlink(missing_ok=True)
        return False
    part.unlink(missing_ok=True)
    return True


def _link(part: Path, path: Path) -> None:
    """Give the file its name by a link; on a file system without links, by a rename.

    Raises:
        FileExistsError: there is a file of that name.
    """
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        part.rename(path)


def _missing_folders(folder: Path) -> list[str]:
    """Return the folder and its parents that have to be created, outermost first."""
    return [str(place) for place in reversed([folder, *folder.parents]) if not os.path.lexists(place)]
