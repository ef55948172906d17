"""The embedding permission in a font file: `fsType` of its `OS/2` table.

These bits were made for fonts inside documents. The licence itself may allow more or less than they say.
A font that is installed only while a job renders is closest to "preview and print" embedding, so only
restricted fonts stay behind, unless the user decides otherwise (`--all-fonts`).

Source: OpenType specification, OS/2 table, fsType.
"""

from __future__ import annotations

from enum import Enum

_USAGE = 0x000F
_RESTRICTED, _PREVIEW, _EDITABLE = 0x2, 0x4, 0x8


class Embedding(Enum):
    """What the embedding bits allow."""

    INSTALLABLE = "installable"
    """No limit."""

    EDITABLE = "editable"
    """Embedding in an editable document and temporary loading elsewhere are allowed."""

    PREVIEW = "preview and print"
    """Embedding in a document for viewing and printing and temporary loading elsewhere are allowed."""

    RESTRICTED = "restricted"
    """Embedding needs the permission of the owner."""


def embedding_of(bits: int) -> Embedding:
    """Return what these bits allow. Early tables may set several bits: the most permissive one counts."""
    usage = bits & _USAGE
    if usage & _EDITABLE:
        return Embedding.EDITABLE
    if usage & _PREVIEW:
        return Embedding.PREVIEW
    return Embedding.RESTRICTED if usage & _RESTRICTED else Embedding.INSTALLABLE
