"""Frames of a Lottie document as image files: rlottie draws, Pillow encodes. Imported only when rendering.

rlottie fills a buffer of premultiplied BGRA pixels. PNG and TIFF keep real (straight) alpha; JPEG has none, and shows
the frame over black, which is what the premultiplied colours are. A frame is encoded in memory and written in one go;
its structure ends at the file's end in all three formats, so that an interrupted write never passes for a picture.

rlottie's blending rounds down: every paint that lies over a pixel may cost it a step of alpha, so that an opaque scene
of many layers comes out at 240 of 255. A frame whose least alpha is within as many steps of opaque as the document has
paints is meant to be opaque, and is written so. Where a frame has transparent parts, alpha stays as rlottie gives it.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from PIL import Image
from rlottie_python.rlottie_wrapper import LottieAnimation

if TYPE_CHECKING:
    from pathlib import Path

    from stmpo.renderers.lottie.file import Composition

_SAVE: dict[str, dict[str, object]] = {
    "JPEG": {"quality": 92, "subsampling": 0},
    "PNG": {"compress_level": 4},  # renders of the demo take half as long as with 6, for a tenth more bytes
    "TIFF": {"compression": "tiff_lzw"},
}


_PAINT = re.compile(r'"ty": (?:"fl"|"gf"|"st"|"gs"|1\b|2\b)')
"""Fills, gradients, strokes; solid and image layers: as `json.dumps` writes their types."""

_MOST_LOST = 40
"""Steps of alpha, of 255, that paints are taken to have cost at most."""


MAX_PIXELS = 2**28
"""Of one frame: a gigabyte in memory."""


class FramePainter:
    """Draws frames of one composition, at `scale` times its size, in one image format."""

    def __init__(self, composition: Composition, resources: Path, image_format: str, scale: float) -> None:
        """`resources` is the folder that images outside the document are named from.

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
        # Its cache takes all documents for one: their keys are "".
        self._animation.lottie_configure_model_cache_size(0)
        self._animation.lottie_animation_from_data(composition.document, resource_path=f"{resources}/")
        if not self._animation.animation_p:
            raise ValueError("rlottie cannot read the document")

    def pixels(self, frame: int) -> bytes:
        """Premultiplied BGRA pixels of a displayed frame number; transparent outside the composition."""
        width, height = self.size
        if not self._first <= frame <= self._last:
            return bytes(width * height * 4)
        return self._animation.lottie_animation_render(frame - self._first, width=width, height=height)

    def encode(self, frame: int) -> bytes:
        """The whole image file of a frame."""
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


def _paints(document: str) -> int:
    """How many fills, strokes and images a document has; a repeater's copies count as one."""
    return len(_PAINT.findall(document))
