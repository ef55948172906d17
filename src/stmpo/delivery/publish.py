"""Publishing: a whole frame in scratch becomes a whole frame at the destination, or nothing does.

    copy to `.stmpo-<tag>-<name>.part` in the destination folder ─► flush ─► sizes agree, source unchanged ─► rename over

So whoever looks at the destination sees the old file or the new one, never a half. The rename replaces a symbolic link
of that name and never writes through it. Whatever goes wrong, the part is removed; what a killed process leaves is
swept by the next run (`parts`). The folder entry itself is not flushed: after a power failure a frame may be missing
again, and resuming trusts no journal without looking at the disk. Paths of frames are strings, as in `settling`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.delivery.part_files import part_name
from stmpo.model.errors import BadInput, NoSpace
from stmpo.system.file_copy import copy_bytes
from stmpo.system.files import CREATE_FLAGS, READ_FLAGS, is_full

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stmpo.delivery.verify import Whole

    StrPath = str | os.PathLike[str]

_RETRY_DELAYS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0)


def _errnos(*names: str) -> frozenset[int]:
    return frozenset(getattr(errno, name) for name in names if hasattr(errno, name))


_PASSING = _errnos(
    *("EIO", "EREMOTEIO", "ESTALE", "ETIMEDOUT", "EBUSY", "ETXTBSY", "EAGAIN", "EINTR", "ENOLCK"),
    *("ENETDOWN", "ENETUNREACH", "EHOSTDOWN", "EHOSTUNREACH", "ECONNRESET", "ECONNABORTED", "ENOTCONN"),
)
_PASSING_WINDOWS = frozenset((5, 32, 33, 53, 54, 59, 64, 67, 121, 1231, 1232, 1236, 1450))
"""A reader or scanner holds the file (5, 32, 33), the network is away or busy, resources are short (1450)."""

_PASSING_IN_C = _PASSING | _errnos("EACCES", "EBADF", "EINVAL")
"""Where Windows' C runtime opens, writes and flushes, it tells no more than this of all the errors above."""


@dataclass(frozen=True, slots=True)
class Published:
    """A file that stands at the destination."""

    size: int
    mtime_ns: int
    seconds: float
    """How long it took, flush included."""


class SourceChanged(Exception):  # noqa: N818 - it says what happened
    """The frame in scratch is not what was verified: it was written again, or is gone. Verify it again."""


class DestinationError(Exception):
    """The destination did not take the file. The text is the reason, without the file's name."""

    def __init__(self, reason: str, *, transient: bool) -> None:
        super().__init__(reason)
        self.transient = transient
        """Whether it may pass: a network that is away, a reader that holds the file. Ask `retry_delay` when to try."""


def retry_delay(failures: int) -> float | None:
    """Seconds to wait after this many earlier failures of one file (0 for the first); None to give up, after a minute."""
    return _RETRY_DELAYS[failures] if failures < len(_RETRY_DELAYS) else None


def mount_of(folder: Path) -> Path:
    """Where the file system of this folder is mounted: the folder itself or the nearest above it."""
    return next(
        place for place in (folder, *folder.parents) if os.path.ismount(place) or place == place.parent
    )


def publish(
    source: StrPath, destination: StrPath, *, expected: Whole, temporary_tag: str, mount: Path | None = None
) -> Published:
    """Bring a verified frame to its destination. `temporary_tag` is the run's own (see `parts`).

    `mount` is where the destination's file system was mounted when the run began (`mount_of`). When a share goes, the
    folder that it was mounted on stays: frames that went there would be out of sight once the share is back.

    Two deliveries of one run to the same destination must not run at the same time.

    Raises:
        SourceChanged: the source is not the file that `expected` describes, or became another one meanwhile.
        NoSpace: the destination's disk or quota is full.
        DestinationError: the destination refused for another reason; `transient` says whether to try again.
    """
    began = time.monotonic()
    folder, name = os.path.split(destination)
    part = os.path.join(folder, part_name(temporary_tag, name))
    with _opened(source, expected) as reading:
        try:
            with _removed_on_failure(part):
                _write_part(reading, part, expected)
                _check_unchanged(os.fstat(reading), expected)
                if mount is not None and not os.path.ismount(mount):
                    raise DestinationError(f"nothing is mounted at {mount} any more", transient=True)
                os.replace(part, destination)
                status = os.lstat(destination)
        except OSError as error:
            raise _explained(error, destination, expected.size) from error
    if status.st_size != expected.size:
        raise DestinationError(
            f"{status.st_size:,} of {expected.size:,} bytes stand there after the copy", transient=True
        )
    return Published(status.st_size, status.st_mtime_ns, time.monotonic() - began)


@contextlib.contextmanager
def _opened(source: StrPath, expected: Whole) -> Iterator[int]:
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
    except BaseException:  # whatever ends it, no part stays behind
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise


def _write_part(source: int, part: str, expected: Whole) -> None:
    target = _create(part)
    try:
        copied = copy_bytes(source, target)
        if copied != expected.size:
            raise SourceChanged(f"gave {copied:,} of {expected.size:,} bytes")
        os.fsync(target)
        size = os.fstat(target).st_size
    finally:
        os.close(target)
    if size != expected.size:
        raise DestinationError(f"{size:,} of {expected.size:,} bytes were kept", transient=True)


def _create(part: str) -> int:
    try:
        return os.open(part, CREATE_FLAGS, 0o666)
    except FileExistsError:  # of this run, by its tag: an earlier try whose part could not be removed
        os.unlink(part)
        return os.open(part, CREATE_FLAGS, 0o666)


def _explained(error: OSError, destination: StrPath, size: int) -> NoSpace | DestinationError:
    folder, name = os.path.split(destination)
    windows = getattr(error, "winerror", None)
    if is_full(error):
        return NoSpace(
            f"no space left in {folder} for {name} ({size:,} bytes); free some space, then run"
            " again: what is rendered is kept in scratch"
        )
    if windows is not None:
        transient = windows in _PASSING_WINDOWS
    else:  # only Windows' errors have that attribute, without a value when they come from its C runtime
        transient = error.errno in (_PASSING_IN_C if hasattr(error, "winerror") else _PASSING)
    if isinstance(error, IsADirectoryError) or _is_folder(destination):  # Windows says only "access denied"
        return DestinationError("a folder of that name is in the way", transient=False)
    if isinstance(error, FileNotFoundError) and not os.path.exists(folder):
        return DestinationError("the folder is gone", transient=transient)
    return DestinationError(error.strerror or str(error), transient=transient)


def _is_folder(path: StrPath) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def prepare_destination(folder: Path) -> None:
    """Make the destination folder, parents included, and see that it can be written by writing to it.

    Raises:
        BadInput: it cannot be made or written.
        NoSpace: there is no room even for a byte.
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
        raise BadInput(
            f"--output: the folder {folder} cannot be written: {error.strerror or error}; make it writable or choose another"
        ) from None
