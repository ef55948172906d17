r"""The book of `stmpo.fonts.install.leases` on disk: one process at a time, and a whole file at every instant.

    HOME/.stmpo-fonts/              on Windows %LOCALAPPDATA%\stmpo-fonts
        lock                        locked by the process that works with the book; the system unlocks when it dies
        leases.json                 replaced as a whole, never written into

The folder stands where no other has to be made for it, and goes again with the last font. A process that has waited for
the lock of a folder that went meanwhile sees so by the lock file's identity, and begins again.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time
from typing import TYPE_CHECKING

from stmpo.fonts.install.leases import Leases, from_json, to_json
from stmpo.model.errors import BadInput
from stmpo.system.locks import try_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK, BOOK = "lock", "leases.json"
_LOOK = 0.05
"""Seconds between two looks at a lock that another process has."""

_READERS = 5.0
"""Seconds for which a reader of the book may keep it from being replaced."""


_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
"""What systems say of a disk, or of a user's share of it, that is full."""


class LeaseStore:
    """An open book. `save` after every change that somebody may have to know of."""

    def __init__(self, folder: Path, book: Leases) -> None:
        self.book = book
        self._folder = folder

    def save(self) -> None:
        """Write the book down, so that it survives a crash of the machine too."""
        path, new = self._folder / BOOK, self._folder / f"{BOOK}.new"
        try:
            with new.open("w", encoding="ascii", newline="\n") as file:
                # Escaped: a path may have bytes that are no text.
                json.dump(to_json(self.book), file, indent=1)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            _replace(new, path)
        except OSError:
            _unlink(new)
            raise

    def save_if_there_is_room(self) -> None:
        """The same before something is removed, which a full disk must not stop.

        The book then stays as it was, and that will do: whoever reads it finds fonts that have gone, and forgets them.
        """
        try:
            self.save()
        except OSError as error:
            if error.errno not in _FULL:
                raise


def anything_kept(folder: Path) -> bool:
    """Whether there may be a book: without one there is nothing to look after."""
    return folder.is_dir()


@contextlib.contextmanager
def open_leases(folder: Path, patience: float) -> Iterator[LeaseStore]:
    """The book, for this process alone. An empty one leaves no file behind.

    Raises:
        BadInput: another process has it for longer than `patience` seconds; the book is of a later version.
        OSError: the folder cannot be used.
    """
    descriptor = _locked(folder, patience)
    ledger = None
    empty = removed = False
    try:
        ledger = LeaseStore(folder, _load(folder))
        yield ledger
    finally:  # also after an error: what it left is in the book
        empty = ledger is not None and not ledger.book
        removed = empty and _remove(folder)
        os.close(descriptor)
    # Windows removes no file that is open, so none either that another has opened since.
    if empty and not removed:
        _unlink(folder / LOCK)
        _rmdir(folder)


def peek(folder: Path) -> Leases:
    """The book as it stands, to look at. Nothing is locked, made or changed.

    Raises:
        BadInput: the book is of a later version; OSError: it cannot be read.
    """
    return _read(folder)[0]


def _locked(folder: Path, patience: float) -> int:
    """A descriptor of the folder's lock file, locked."""
    end = time.monotonic() + patience
    while True:
        try:
            folder.mkdir(exist_ok=True)
            descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:  # it went between the two
            if not folder.parent.is_dir():
                raise
            descriptor = -1
        if descriptor >= 0:
            if try_lock(descriptor) and _is_current(descriptor, folder / LOCK):
                return descriptor
            os.close(descriptor)
        if time.monotonic() > end:
            raise BadInput(
                f"another session has been working on this user's fonts for {patience:.0f} s ({folder / LOCK}); "
                "see whether it hangs, and run the task again"
            )
        time.sleep(_LOOK)


def _is_current(descriptor: int, path: Path) -> bool:
    """Whether the file that was locked is still the one that others will lock."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _load(folder: Path) -> Leases:
    book, damaged = _read(folder)
    if damaged:  # nobody but the disk did that: keep it for whoever wants to know, and begin again
        _replace(folder / BOOK, folder / f"{BOOK}.damaged")
    return book


def _read(folder: Path) -> tuple[Leases, bool]:
    """The book, and whether what is there in its place is none."""
    path = folder / BOOK
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        version = value["version"]
        if isinstance(version, int) and version > 1:
            raise BadInput(
                f"{path} was written by a later version of stmpo (format {version}); install that one"
            )
        return from_json(value), False
    except FileNotFoundError:
        return Leases(), False
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError):
        return Leases(), True


def _replace(new: Path, path: Path) -> None:
    """Rename over. Windows refuses while somebody reads the file, which takes no time."""
    end = time.monotonic() + _READERS
    while time.monotonic() < end:
        with contextlib.suppress(PermissionError):
            os.replace(new, path)  # noqa: PTH105 - said as what it is: atomic
            return
        time.sleep(_LOOK)
    os.replace(new, path)  # noqa: PTH105


def _remove(folder: Path) -> bool:
    """Leave nothing. Returns whether that worked. Only for who has the lock."""
    gone = [_unlink(folder / name) for name in (BOOK, f"{BOOK}.new", LOCK)]
    _rmdir(folder)
    return all(gone)


def _unlink(path: Path) -> bool:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _rmdir(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
