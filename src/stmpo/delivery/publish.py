"""Publish a frame: copy a whole file from scratch to the destination, in one visible step.

    copy to `.stmpo-<tag>-<name>.part` in the destination folder ─► flush ─► compare sizes, and the source
    with what was verified ─► rename over the destination

Readers of the destination see the old file or the new one, never a part of it. The rename replaces a symbolic
link of that name and never writes through it. The part file is removed on every failure; the next run removes
what a killed process leaves (`part_files`). The folder entry is not flushed: after a power failure a frame
may be missing again, and the next run always looks at the disk. Paths of frames are strings for the reason
given in `file_stability`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.delivery.file_mark import stamp_of
from stmpo.delivery.part_files import part_name
from stmpo.model.errors import BadInput, NoSpace
from stmpo.system.file_copy import copy_bytes
from stmpo.system.files import CREATE_FLAGS, READ_FLAGS, is_full, sync

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stmpo.delivery.verify import Whole

    StrPath = str | os.PathLike[str]

_RETRY_DELAYS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0)


def _errnos(*names: str) -> frozenset[int]:
    return frozenset(getattr(errno, name) for name in names if hasattr(errno, name))


_TRANSIENT = _errnos(
    *("EIO", "EREMOTEIO", "ESTALE", "ETIMEDOUT", "EBUSY", "ETXTBSY", "EAGAIN", "EINTR", "ENOLCK"),
    *("ENETDOWN", "ENETUNREACH", "EHOSTDOWN", "EHOSTUNREACH", "ECONNRESET", "ECONNABORTED", "ENOTCONN"),
)
_TRANSIENT_WINDOWS = frozenset((5, 32, 33, 53, 54, 59, 64, 67, 121, 1231, 1232, 1236, 1450))
"""A reader or scanner holds the file (5, 32, 33), the network is away or busy, resources are short (1450)."""

_TRANSIENT_WINDOWS_C = _TRANSIENT | _errnos("EACCES", "EBADF", "EINVAL")
"""Windows' C runtime opens, writes and flushes; it maps all the errors above to these few numbers."""


_RENAME_REFUSALS = _errnos("EPERM", "EACCES", "EXDEV")
"""Refusals of a rename, though not of the copy before it, that may pass."""


@dataclass(frozen=True, slots=True)
class Published:
    """A file at the destination."""

    size: int
    mtime_ns: int
    seconds: float
    """Duration of the copy, flush included."""

    stamp: str
    """What identifies the file there (`file_mark`)."""


class SourceChanged(Exception):  # noqa: N818 - it names what happened
    """The frame in scratch is not the file that was verified: it was written again, or is gone.

    Verify it again.
    """


class DestinationError(Exception):
    """The destination did not take the file. The text is the reason, without the file's name."""

    def __init__(self, reason: str, *, transient: bool) -> None:
        super().__init__(reason)
        self.transient = transient
        """Whether trying again may help, as with a network that is away or a reader that holds the file
        open."""


def retry_delay(failures: int) -> float | None:
    """Return the seconds to wait after this many failures of one file; None to give up, after a minute."""
    return _RETRY_DELAYS[failures] if failures < len(_RETRY_DELAYS) else None


def mount_of(folder: Path) -> Path:
    """Return the mount point of the folder's file system: the folder itself or the nearest one above it."""
    return next(
        place for place in (folder, *folder.parents) if os.path.ismount(place) or place == place.parent
    )


def publish(
    source: StrPath, destination: StrPath, *, expected: Whole, temporary_tag: str, mount: Path | None = None
) -> Published:
    """Copy a verified frame to its destination. `temporary_tag` is the run's own (see `part_files`).

    `mount` is the mount point of the destination when the run began (`mount_of`). When a share is unmounted,
    the empty folder below it stays. Frames copied there would be out of sight once the share is back, so they
    are refused.

    Two deliveries of one run to the same destination must not run at the same time.

    Raises:
        SourceChanged: the source is not the file that `expected` describes, or it changed during the copy.
        NoSpace: the destination's disk or quota is full.
        DestinationError: the destination failed for another reason; `transient` says whether to try again.
    """
    began = time.monotonic()
    folder, name = os.path.split(destination)
    part = os.path.join(folder, part_name(temporary_tag, name))
    with _open_source(source, expected) as reading:
        try:
            with _removed_on_failure(part):
                _write_part(reading, part, expected)
                _check_unchanged(os.fstat(reading), expected)
                if mount is not None and not os.path.ismount(mount):
                    raise DestinationError(f"nothing is mounted at {mount} any more", transient=True)
                _rename(part, destination)
                status = os.lstat(destination)
        except OSError as error:
            raise _explained(error, destination, expected.size) from error
    if status.st_size != expected.size:
        raise DestinationError(
            f"{status.st_size:,} of {expected.size:,} bytes are there after the copy", transient=True
        )
    return Published(status.st_size, status.st_mtime_ns, time.monotonic() - began, stamp_of(status))


def _rename(part: str, destination: StrPath) -> None:
    """Rename the part file to the destination, which is replaced.

    Raises: DestinationError: the file system refuses that, although it took the part file. It may pass: file
    systems of several layers and scanners refuse for a moment.
    """
    try:
        os.replace(part, destination)
    except OSError as error:
        if error.errno not in _RENAME_REFUSALS or hasattr(error, "winerror") or os.path.isdir(destination):
            raise
        raise DestinationError(_rename_refusal(error, destination), transient=True) from error


def _rename_refusal(error: OSError, destination: StrPath) -> str:
    """Return why a rename was refused, as far as the file in its way tells."""
    folder = os.path.dirname(destination)
    reason = error.strerror or str(error)
    try:
        there, around = os.lstat(destination), os.stat(folder)
    except OSError:
        return f"{reason}: the copy cannot be renamed in {folder}"
    if around.st_mode & stat.S_ISVTX and getattr(os, "geteuid", int)() not in {
        0,
        there.st_uid,
        around.st_uid,
    }:
        return f"{reason}: the file there belongs to another user, and only its owner may replace it (sticky folder)"
    if error.errno == errno.EPERM:
        return f"{reason}: the file there cannot be replaced; it may be immutable (see lsattr)"
    return f"{reason}: the file there cannot be replaced"


@contextlib.contextmanager
def _open_source(source: StrPath, expected: Whole) -> Iterator[int]:
    try:
        descriptor = os.open(source, READ_FLAGS)
    except OSError as error:
        raise SourceChanged(f"cannot be read any more: {error.strerror or error}") from error
    try:
        _check_unchanged(os.fstat(descriptor), expected)
        yield descriptor
    finally:
        os.close(descriptor)


def _check_unchanged(status: os.stat_result, expected: Whole) -> None:
    if (status.st_size, status.st_mtime_ns) != (expected.size, expected.mtime_ns):
        raise SourceChanged("was written again after it was verified")


@contextlib.contextmanager
def _removed_on_failure(part: StrPath) -> Iterator[None]:
    try:
        yield
    except BaseException:  # cancellation included
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise


def _write_part(source: int, part: str, expected: Whole) -> None:
    target = _create(part)
    try:
        copied = copy_bytes(source, target)
        if copied != expected.size:
            raise SourceChanged(f"had {copied:,} of {expected.size:,} bytes to read")
        sync(target)
        size = os.fstat(target).st_size
    finally:
        os.close(target)
    if size != expected.size:
        raise DestinationError(f"{size:,} of {expected.size:,} bytes were stored", transient=True)


def _create(part: str) -> int:
    try:
        return os.open(part, CREATE_FLAGS, 0o666)
    except FileExistsError:  # this run's own, by its tag: an earlier try could not remove it
        os.unlink(part)
        return os.open(part, CREATE_FLAGS, 0o666)


def _explained(error: OSError, destination: StrPath, size: int) -> NoSpace | DestinationError:
    """Return the error that says in words what the system refused."""
    folder, name = os.path.split(destination)
    windows = getattr(error, "winerror", None)
    if is_full(error):
        return NoSpace(
            f"no space left in {folder} for {name} ({size:,} bytes); free some space, then run"
            " again: rendered frames are kept in scratch"
        )
    if windows is not None:
        transient = windows in _TRANSIENT_WINDOWS
    else:  # the attribute exists on Windows only; it is None for errors of the C runtime
        transient = error.errno in (_TRANSIENT_WINDOWS_C if hasattr(error, "winerror") else _TRANSIENT)
    folder_in_the_way = os.path.isdir(destination) and not os.path.islink(destination)
    if isinstance(error, IsADirectoryError) or folder_in_the_way:  # Windows says only "access denied"
        return DestinationError("a folder of that name is in the way", transient=False)
    if isinstance(error, FileNotFoundError):
        if not os.path.exists(folder):
            return DestinationError("the folder is gone", transient=transient)
        transient = True  # something has renamed the folder and made it anew
    return DestinationError(error.strerror or str(error), transient=transient)


def prepare_destination(folder: Path) -> None:
    """Create the destination folder with its parents, and check that it can be written by writing a file.

    Raises:
        BadInput: it cannot be created or written.
        NoSpace: there is no space for one byte.
    """
    probe = folder / part_name(f"probe_{os.getpid()}", os.urandom(4).hex())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _removed_on_failure(probe):
            descriptor = os.open(probe, CREATE_FLAGS, 0o666)
            try:
                os.write(descriptor, b"?")
            finally:
                os.close(descriptor)
        probe.unlink()
    except (FileExistsError, NotADirectoryError):
        raise BadInput(f"--output: {folder} cannot be a folder, a file is in the way") from None
    except OSError as error:
        if is_full(error):
            raise NoSpace(
                f"no space left in the output folder {folder}; free some space, then run again"
            ) from None
        why = error.strerror or error
        raise BadInput(
            f"--output: the folder {folder} cannot be written: {why}; make it writable or choose another"
        ) from None
