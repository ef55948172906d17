"""What a zip archive from outside may do to its reader: everything that `zipfile` raises for one that is damaged or odd."""

from __future__ import annotations

import zipfile
import zlib

ODD_ARCHIVE = (
    zipfile.BadZipFile,
    zlib.error,  # a damaged stream; `zipfile` lets it through
    EOFError,  # a stream that is cut short
    NotImplementedError,  # a compression or an encryption that it has not
    RuntimeError,  # a password is wanted
    ValueError,  # a seek before the beginning, a name that is no text
    OverflowError,  # a member that claims to lie beyond any file
)
"""Exceptions that say "not a usable archive", never "a defect of ours"."""


def plainly_packed(archive: zipfile.ZipFile) -> bool:
    """Whether all members are stored or deflated, as every writer of wheels and `.lottie` files does.

    The other methods have libraries of their own, with memory demands that their headers choose.
    """
    return all(
        member.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for member in archive.filelist
    )
