"""The images of a Lottie document: which are missing, and how they are handed to rlottie.

An image is named by its asset's `u` and `p`: a file beside the document, a member of the archive, or a data
URI. rlottie draws data URIs with `"e": 1`, of PNG and JPEG images. So members of an archive become data URIs
and inline images get their flag when the document is read; files are embedded, and other formats such as
WebP converted, by the painter.

A file outside the document's folder counts as missing: documents are untrusted input.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

from stmpo.renderers.lottie.unsupported import visible_layers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_IMAGE = 2
"""The type of a layer that shows an image."""

_IMAGE_TYPES = {
    ".gif": "gif",
    ".jpeg": "jpeg",
    ".jpg": "jpeg",
    ".png": "png",
    ".svg": "svg+xml",
    ".webp": "webp",
}
_DATA = "data:"


class ArchiveMembers(Protocol):
    """The members of an archive."""

    def find(self, *names: str) -> str | None:
        """Return the first of these names that the archive has."""
        ...

    def read(self, name: str) -> bytes:
        """Return the content of a member."""
        ...


def image_assets(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the assets that are images, used or not."""
    assets = document.get("assets")
    for asset in assets if isinstance(assets, list) else []:
        if isinstance(asset, dict) and isinstance(asset.get("p"), str) and "layers" not in asset:
            yield asset


def prepare_images(document: Mapping[str, Any], folder: Path, members: ArchiveMembers | None) -> list[str]:
    """Embed an archive's images, flag inline ones, and return the visible images that are missing."""
    shown = {str(layer.get("refId")) for layer in visible_layers(document) if layer.get("ty") == _IMAGE}
    missing = []
    for asset in image_assets(document):
        if is_inline(asset):
            asset.update(u="", e=1)
        elif members is not None and _embed(asset, members):
            continue
        elif str(asset.get("id")) in shown and (
            members is not None or not _is_available(image_path(asset, folder), folder)
        ):
            missing.append(str(image_path(asset, folder)) if members is None else asset["p"])
    return missing


def image_path(asset: Mapping[str, Any], folder: Path) -> Path:
    """Return the file of an image outside the document."""
    prefix = asset.get("u")
    return folder / f"{prefix if isinstance(prefix, str) else ''}{asset['p']}"


def is_inline(asset: Mapping[str, Any]) -> bool:
    """Return whether an image is within the document."""
    return bool(asset["p"].startswith(_DATA))


def image_content(asset: Mapping[str, Any], folder: Path) -> bytes:
    """Return the bytes of an image, inline or in a file; none if it cannot be read."""
    try:
        if is_inline(asset):
            return base64.b64decode(asset["p"].partition(",")[2])
        path = image_path(asset, folder)
        return path.read_bytes() if _is_available(path, folder) else b""
    except (OSError, ValueError):  # binascii.Error is a ValueError
        return b""


def drawable_type(content: bytes) -> str | None:
    """Return the MIME subtype of an image that rlottie draws, by its first bytes; None for other formats."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    return "jpeg" if content.startswith(b"\xff\xd8\xff") else None


def data_uri(kind: str, content: bytes) -> str:
    """Return the data URI of an image of this MIME subtype."""
    return f"{_DATA}image/{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _embed(asset: dict[str, Any], members: ArchiveMembers) -> bool:
    """Put an image of the archive into its asset as a data URI; return False if it is not in the archive."""
    name = asset["p"]
    kind = _IMAGE_TYPES.get(PurePosixPath(name).suffix.lower())
    member = members.find(f"i/{name}", f"images/{name}")
    if kind is None or member is None:
        return False
    asset.update(u="", p=data_uri(kind, members.read(member)), e=1)
    return True


def _is_available(path: Path, folder: Path) -> bool:
    """Return whether a file exists in a folder or below it."""
    try:
        return Path(os.path.normpath(path)).is_relative_to(folder) and path.is_file()
    except (OSError, ValueError):
        return False
