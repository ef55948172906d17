"""Zip archives: reading ones from outside without surprises, and writing reproducible ones."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ODD_ARCHIVE = (
    zipfile.BadZipFile,
    zlib.error,  # a damaged stream; `zipfile` lets it through
    EOFError,  # a truncated stream
    NotImplementedError,  # a compression or an encryption that `zipfile` does not have
    RuntimeError,  # a password is needed
    ValueError,  # a seek before the beginning, a name that is not text
    OverflowError,  # a member that claims to lie beyond any file
)
"""What `zipfile` raises for a damaged or odd archive: the archive is unusable, the program has no defect."""

_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest date that the format can hold."""


def plainly_packed(archive: zipfile.ZipFile) -> bool:
    """Return whether all members are stored or deflated, as writers of wheels and `.lottie` files do.

    The other methods need libraries whose memory use is set by headers in the archive.
    """
    return all(
        member.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for member in archive.filelist
    )


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of these files (member name to contents), in this order.

    Dates and permissions are constant, so the same files give the same bytes.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            member = zipfile.ZipInfo(name, _DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, data)
    return buffer.getvalue()
