r"""The leases on disk (`stmpo.fonts.install.leases`): one process at a time, and always a whole file.

    HOME/.stmpo-fonts/              on Windows %LOCALAPPDATA%\stmpo-fonts
        lock                        locked by the process in charge; the system unlocks it at exit
        leases.json                 replaced as a whole

The folder is removed together with the last lease. A process may have waited for the lock of a folder that
was removed meanwhile: it notices that the lock file is another one now, and starts over.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from typing import TYPE_CHECKING

from stmpo.fonts.install.leases import VERSION, Leases, from_json, to_json
from stmpo.model.errors import BadInput
from stmpo.system.files import READ_FLAGS, is_full, rename_over, replace_file, temporary_files
from stmpo.system.locks import try_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK_FILE, LEASES_FILE = "lock", "leases.json"
_LOCK_POLL_INTERVAL = 0.05
"""Seconds between two attempts to take the lock."""

_MAX_BYTES = 32 << 20
"""Limit of the leases: several thousand fonts."""

_REPLACE_TIMEOUT = 5.0
"""Seconds to wait for a reader that has the leases open: Windows does not replace an open file."""


class LeaseStore:
    """The leases, open for one process. Call `save` before and after every change to the system."""

    def __init__(self, folder: Path, leases: Leases) -> None:
        self.leases = leases
        self._folder = folder

    def save(self) -> None:
        """Write the leases, so that they survive a crash of the machine.

        Raises:
            OSError: they cannot be written.
        """
        # ASCII: a path may have bytes that are not text.
        text = json.dumps(to_json(self.leases), indent=1) + "\n"
        replace_file(self._folder / LEASES_FILE, text.encode(), timeout=_REPLACE_TIMEOUT)

    def save_unless_disk_full(self) -> None:
        """Write the leases before fonts are removed; a full disk must not prevent the removal.

        The old file is good enough then: a reader finds fonts in it that have gone, and forgets them.

        Raises:
            OSError: they cannot be written for another reason.
        """
        try:
            self.save()
        except OSError as error:
            if not is_full(error):
                raise


def has_leases(folder: Path) -> bool:
    """Return whether there may be leases; without the folder there are none."""
    return folder.is_dir()


@contextlib.contextmanager
def open_leases(folder: Path, timeout: float) -> Iterator[LeaseStore]:
    """Lock and yield the leases. If they are empty at the end, the folder is removed.

    Raises:
        BadInput: another process has had them for `timeout` seconds, or a later version of stmpo wrote them.
        OSError: the folder cannot be used.
    """
    descriptor = _acquire_lock(folder, timeout)
    store = None
    empty = removed = False
    try:
        store = LeaseStore(folder, _load(folder))
        yield store
    finally:  # also after an error: the leases say what it left behind
        empty = store is not None and not store.leases
        removed = empty and _remove(folder)
        os.close(descriptor)
    # Windows removes no open file. After the close it can be removed, unless another process has opened it
    # since.
    if empty and not removed:
        _unlink(folder / LOCK_FILE)
        _rmdir(folder)


def read_leases(folder: Path) -> Leases:
    """Return the leases as they are now. Nothing is locked, created or changed.

    Raises:
        BadInput: a later version of stmpo wrote them.
        OSError: they cannot be read.
    """
    return _read(folder)[0]


def _acquire_lock(folder: Path, timeout: float) -> int:
    """Return a descriptor of the folder's lock file, locked."""
    end = time.monotonic() + timeout
    while True:
        try:
            folder.mkdir(exist_ok=True)
            descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:  # the folder was removed between the two calls
            if not folder.parent.is_dir():
                raise
            descriptor = -1
        if descriptor >= 0:
            if try_lock(descriptor) and _is_current(descriptor, folder / LOCK_FILE):
                return descriptor
            os.close(descriptor)
        if time.monotonic() > end:
            raise BadInput(
                f"another session has been working on this user's fonts for {timeout:.0f} s ({folder / LOCK_FILE}); "
                "check whether it hangs, then run the task again"
            )
        time.sleep(_LOCK_POLL_INTERVAL)


def _is_current(descriptor: int, path: Path) -> bool:
    """Return whether the locked file is still the one at this path, which others will lock."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _load(folder: Path) -> Leases:
    leases, damaged = _read(folder)
    if damaged:  # only a disk fault does that: keep the file for a look, and start with no leases
        rename_over(folder / LEASES_FILE, folder / f"{LEASES_FILE}.damaged", timeout=_REPLACE_TIMEOUT)
    return leases


def _read(folder: Path) -> tuple[Leases, bool]:
    """Return the leases, and whether the file is damaged."""
    path = folder / LEASES_FILE
    try:
        value = json.loads(_read_plain_file(path))
        version = value["version"]
        if isinstance(version, int) and version > VERSION:
            raise BadInput(
                f"{path} was written by a later version of stmpo (format {version}); install that version"
            )
        return from_json(value), False
    except FileNotFoundError:
        return Leases(), False
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError):
        return Leases(), True


def _read_plain_file(path: Path) -> bytes:
    """Return the content of the file.

    Raises:
        ValueError: it is not a plain file, or larger than any file that this program writes.
        OSError: it cannot be read.
    """
    descriptor = os.open(path, READ_FLAGS)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError(path)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - by descriptor
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise ValueError(path)
    return data


def _remove(folder: Path) -> bool:
    """Remove the folder and its files; return whether that worked. The caller must hold the lock."""
    files = [*temporary_files(folder / LEASES_FILE), folder / LEASES_FILE, folder / LOCK_FILE]
    gone = [_unlink(path) for path in files]
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
