"""What a font's file says about sending it along: `fsType` of its `OS/2` table.

These bits were made for fonts inside documents. They are what a file can say about its own licence, and no more: the
licence itself may allow less, or more. A font that a job installs for its own length, for the program that made the
document, is nearest to "preview and print"; only what is restricted stays where it is unless somebody decides otherwise.

Source: OpenType specification, OS/2 table, fsType.
"""

from __future__ import annotations

from enum import Enum

_USAGE = 0x000F
_RESTRICTED, _PREVIEW, _EDITABLE = 0x2, 0x4, 0x8


class Embedding(Enum):
    """What the bits allow."""

    INSTALLABLE = "installable"
    """No limit."""

    EDITABLE = "editable"
    """It may travel with a document that can be changed, and be loaded for a while elsewhere."""

    PREVIEW = "preview and print"
    """It may travel with a document that is looked at and printed, and be loaded for a while elsewhere."""

    RESTRICTED = "restricted"
    """It may not be embedded without the owner's permission."""


def embedding(bits: int) -> Embedding:
    """What these bits allow. Early versions of the table could set several: the most permissive one holds."""
    usage = bits & _USAGE
    if usage & _EDITABLE:
        return Embedding.EDITABLE
    if usage & _PREVIEW:
        return Embedding.PREVIEW
    return Embedding.RESTRICTED if usage & _RESTRICTED else Embedding.INSTALLABLE
