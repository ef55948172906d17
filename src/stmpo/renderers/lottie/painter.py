"""Frames of a Lottie document as image files: rlottie draws, Pillow encodes. Imported only when rendering.

rlottie fills a buffer of premultiplied BGRA pixels. PNG and TIFF keep straight alpha; JPEG has none and shows
the frame over black, which is what premultiplied colours are. A frame is encoded in memory and written in one
call. In all three formats the structure ends at the file's end, so an interrupted write never passes for a
picture.

rlottie's blending rounds down: every paint over a pixel may cost a step of alpha, so an opaque scene of many
layers comes out at 240 of 255. If the least alpha of a frame is within as many steps of opaque as the
document has paints, the frame is meant to be opaque and is written so. If a frame has transparent parts,
alpha stays as rlottie returns it.
"""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING

from PIL import Image
from rlottie_python.rlottie_wrapper import LottieAnimation

from stmpo.renderers.lottie.image_assets import data_uri, drawable_type, image_assets, image_content

if TYPE_CHECKING:
    from pathlib import Path

    from stmpo.renderers.lottie.document import Composition

_SAVE: dict[str, dict[str, object]] = {
    "JPEG": {"quality": 92, "subsampling": 0},
    "PNG": {"compress_level": 4},  # renders of the demo take half as long as with 6, for a tenth more bytes
    "TIFF": {"compression": "tiff_lzw"},
}


_PAINT = re.compile(r'"ty": (?:"fl"|"gf"|"st"|"gs"|1\b|2\b)')
"""Fills, gradients, strokes; solid and image layers, as `json.dumps` writes their types."""

_IMAGE_LAYER = re.compile(r'"ty": 2\b')

_MOST_LOST = 40
"""Steps of alpha, of 255, that are attributed to rounding at most."""


MAX_PIXELS = 2**28
"""Pixels of one frame: a gigabyte in memory."""


class FramePainter:
    """Draws frames of one composition, at `scale` times its size, in one image format."""

    def __init__(self, composition: Composition, resources: Path, image_format: str, scale: float) -> None:
        """Open the document; `resources` is the folder of images outside the document.

        Raises:
            ValueError: rlottie cannot read the document, or its frames are too large.
        """
        info = composition.info
        self._first, self._last = info.first, info.last
        self._format = image_format
        self._lost = min(_paints(composition.document), _MOST_LOST)
        self.size = max(1, round(info.width * scale)), max(1, round(info.height * scale))
        if self.size[0] * self.size[1] > MAX_PIXELS:
            raise ValueError(f"frames of {self.size[0]} x {self.size[1]} pixels are too large")
        self._animation = LottieAnimation()
        # Its cache would mix up all documents: their keys are all "".
        self._animation.lottie_configure_model_cache_size(0)
        self._animation.lottie_animation_from_data(_with_images(composition.document, resources))
        if not self._animation.animation_p:
            raise ValueError("rlottie cannot read the document")

    def pixels(self, frame: int) -> bytes:
        """Render a displayed frame number to premultiplied BGRA pixels; transparent outside the comp."""
        width, height = self.size
        if not self._first <= frame <= self._last:
            return bytes(width * height * 4)
        return self._animation.lottie_animation_render(frame - self._first, width=width, height=height)

    def encode(self, frame: int) -> bytes:
        """Render a frame to the bytes of its image file."""
        pixels = self.pixels(frame)
        image = Image.frombuffer("RGBA", self.size, pixels, "raw", "BGRa", 0, 1)
        if not any(image.getchannel("A").histogram()[: 255 - self._lost]):
            image.putalpha(255)
        elif self._format == "JPEG":
            image = Image.frombuffer("RGB", self.size, pixels, "raw", "BGRX", 0, 1)
        if self._format == "JPEG":
            image = image.convert("RGB")
        out = io.BytesIO()
        image.save(out, self._format, **_SAVE[self._format])
        return out.getvalue()


def _with_images(document: str, folder: Path) -> str:
    """Embed image files, and convert images that rlottie does not draw; an unreadable one stays."""
    if '"assets"' not in document:
        return document
    content = json.loads(document)
    for asset in image_assets(content):
        data = image_content(asset, folder)
        kind = drawable_type(data)
        if kind is None and data:
            data, kind = _as_png(data), "png"
        if kind is not None and data:
            asset.update(u="", p=data_uri(kind, data), e=1)
    return json.dumps(content)


def _as_png(data: bytes) -> bytes:
    """Convert an image to PNG; return nothing if Pillow cannot read it."""
    out = io.BytesIO()
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.convert("RGBA").save(out, "PNG", compress_level=1)
    except (OSError, ValueError, Image.DecompressionBombError):
        return b""
    return out.getvalue()


def _paints(document: str) -> int:
    """Count fills, strokes and images, whose blending costs two steps; a repeater's copies count as one."""
    return len(_PAINT.findall(document)) + len(_IMAGE_LAYER.findall(document))
