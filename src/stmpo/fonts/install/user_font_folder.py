"""One font file into the user's fonts folder, and out again. Every step is written down before it is taken.

    put in:    planned ─► folders ─► .stmpo-….part ─► its name, if that is free ─► register ─► installed
    take out:  leaving ─► register ─► file, if it is still ours ─► folders and keys that were not there before ─► forgotten

A file gets its name by a link, which never replaces what somebody else has put there in the meantime. It is removed
only while it has the content, the number and the time that it was installed with.
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

PATIENCE = 3.0
"""Seconds for programs that are ending to close the fonts that are to be removed, all of them together."""

_LOOK = 0.1


class UserFontFolder:
    """The user's fonts folder, with the book that says what in it is ours."""

    def __init__(self, system: FontSystem, ledger: LeaseStore) -> None:
        self._system = system
        self._ledger = ledger
        self._book = ledger.book

    def put_in(self, font: ValidFont, file: str, names: Sequence[str], session: str) -> LeasedFont:
        """Install a font under its file name, or one like it where another file has that.

        Raises:
            OSError: the folder cannot be written, or the disk is full. What was begun is undone, or is in the book.
        """
        digest = hashlib.sha256(font.data).hexdigest()
        for path in self._free_paths(file):
            self._book.note(_missing_folders(path.parent), ())
            label = self._system.label(font, path)
            held = LeasedFont(str(path), tuple(names), digest, label, sessions=frozenset({session}))
            self._book.put(held)
            self._ledger.save()
            try:
                placed = _place(font.data, _part(held), path)
            except OSError:
                # Nothing lies there, so nothing has to be remembered; a full disk gets its room back.
                if _deleted(held):
                    del self._book.fonts[held.path]
                raise
            if placed:
                return self._finish(held)
            del self._book.fonts[held.path]
        raise AssertionError("there is always another name")

    def take_over(self, held: LeasedFont, session: str) -> LeasedFont:
        """Lease a font that is there; whatever may be lacking of its installation is done again."""
        stage = Stage.INSTALLED if held.stage is Stage.INSTALLED else Stage.PLANNED
        held = self._book.put(replace(held, stage=stage, sessions=held.sessions | {session}))
        self._ledger.save()
        return self._finish(held)

    def release(self, sessions: Iterable[str]) -> tuple[list[LeasedFont], list[LeasedFont]]:
        """End the leases of these sessions and remove what nobody uses.

        Returns the fonts that have gone, and those that some program has open: they stay in the book, for the next call.
        """
        book = self._book
        book.release(sessions)
        leaving = [book.put(replace(held, stage=Stage.LEAVING)) for held in book.unused()]
        self._ledger.save_if_there_is_room()
        if not leaving and (book.fonts or not (book.folders or book.extras)):
            return [], []
        for held in leaving:
            self._system.leave(held.label, Path(held.path))
        locked = self._delete(leaving)
        gone = [held for held in leaving if held not in locked]
        for held in gone:
            del book.fonts[held.path]
        self._tidy()
        if book:  # an empty one goes as a whole
            self._ledger.save()
        return gone, locked

    def _tidy(self) -> None:
        """Tell the system, and with the last font take away everything else that was made for fonts."""
        book = self._book
        if book.fonts:
            self._system.announce()
            return
        _remove_folders(book.folders)
        self._system.announce()  # after the folder: a cache of it would stay behind
        self._system.restore(book.extras)
        book.folders.clear()
        book.extras.clear()

    def _finish(self, held: LeasedFont) -> LeasedFont:
        path = Path(held.path)
        self._system.enter(held.label, path)
        held = self._book.put(replace(held, stage=Stage.INSTALLED, mark=_mark(path.lstat())))
        self._ledger.save()
        return held

    def _free_paths(self, file: str) -> Iterator[Path]:
        """Names that nobody has, the wanted one first."""
        stem, suffix = os.path.splitext(file)  # noqa: PTH122 - a name, no path
        for number in count(1):
            path = self._system.folder / (file if number == 1 else f"{stem}-{number}{suffix}")
            if not os.path.lexists(path) and str(path) not in self._book.fonts:
                yield path

    def _delete(self, fonts: Sequence[LeasedFont]) -> list[LeasedFont]:
        """Delete the files that are ours. Returns those that could not be, by the end of our patience."""
        left = list(fonts)
        end = time.monotonic() + PATIENCE
        while True:
            left = [held for held in left if not _deleted(held)]
            if not left or time.monotonic() > end:
                return left
            time.sleep(_LOOK)


def is_ours(held: LeasedFont) -> bool:
    """Whether the file in its place is the one that was put there.

    Raises:
        OSError: it cannot be looked at.
    """
    try:
        status = os.lstat(held.path)
        if not stat.S_ISREG(status.st_mode) or (held.mark is not None and held.mark != _mark(status)):
            return False
        return hashlib.sha256(Path(held.path).read_bytes()).hexdigest() == held.digest
    except (FileNotFoundError, NotADirectoryError):
        return False


def _deleted(held: LeasedFont) -> bool:
    """Whether nothing of ours is left: a file that somebody else has put in its place stays."""
    try:
        _part(held).unlink(missing_ok=True)
        if is_ours(held):
            Path(held.path).unlink()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return True


def _mark(status: os.stat_result) -> tuple[int, int]:
    return status.st_ino, status.st_mtime_ns


def _part(held: LeasedFont) -> Path:
    """Where a font is written before it has its name: hidden, and by its content, so that it is nobody else's."""
    return Path(held.path).with_name(f".stmpo-{held.digest[:32]}.part")


def _place(data: bytes, part: Path, path: Path) -> bool:
    """Write a file whole and give it its name. False where another file has the name already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part.unlink(missing_ok=True)  # of a session that was killed
    with part.open("xb") as file:  # a new file, whatever somebody has put there
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
    """Give the file its name too; on a file system without links, its only one.

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
    """The folder and those above it that have to be made, outermost first."""
    return [str(place) for place in reversed([folder, *folder.parents]) if not os.path.lexists(place)]


def _remove_folders(folders: Sequence[str]) -> None:
    """Remove folders where they are empty: what else is in one is somebody else's."""
    for folder in reversed(folders):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()
