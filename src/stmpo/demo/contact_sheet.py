"""The contact sheet: some frames of a sequence in one picture.

It needs Pillow, which is imported when a sheet is made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PIL import Image, ImageDraw

_BACKGROUND = (14, 15, 20)
_CAPTION = (142, 146, 160)
_NUMBER = re.compile(r"-?\d+(?=\D*$)")


@dataclass(frozen=True, slots=True)
class SheetLayout:
    """The layout of a sheet. Lengths are pixels."""

    columns: int = 5
    rows: int = 4
    cell_width: int = 384
    gap: int = 10
    margin: int = 28
    caption: int = 24
    """Height of the line with the frame's number."""


def contact_sheet(
    frames: Sequence[Path], destination: Path, *, title: str = "", layout: SheetLayout | None = None
) -> Path:
    """Draw evenly chosen frames, with the first and the last, as one picture; return `destination`.

    The picture's format is that of `destination`'s extension. All cells have the shape of the first frame.

    Raises:
        ValueError: there is no frame.
        OSError: a frame cannot be read, or the sheet not be written.
        ImportError: Pillow is not there (`pip install stmpo[lottie]`).
    """
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 - only who makes a sheet needs Pillow

    given = layout or SheetLayout()
    chosen = _chosen(frames, given.columns * given.rows)
    thumbs = [_thumbnail(path, given.cell_width) for path in chosen]
    cell = given.cell_width, thumbs[0].height
    columns = min(given.columns, len(thumbs))
    rows = -(-len(thumbs) // columns)
    head = 58 if title else 0
    width = 2 * given.margin + columns * cell[0] + (columns - 1) * given.gap
    height = 2 * given.margin + head + rows * (cell[1] + given.caption + given.gap) - given.gap
    sheet = Image.new("RGB", (width, height), _BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    if title:
        draw.text(
            (given.margin, given.margin - 4), title, fill=(232, 234, 242), font=ImageFont.load_default(30)
        )
    font = ImageFont.load_default(15)
    for at, (path, thumb) in enumerate(zip(chosen, thumbs, strict=True)):
        x = given.margin + at % columns * (cell[0] + given.gap)
        y = given.margin + head + at // columns * (cell[1] + given.caption + given.gap)
        sheet.paste(thumb, (x, y))
        _caption(draw, (x + 2, y + cell[1] + 5), _label(path), font)
    sheet.save(destination)
    return destination


def _caption(draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, font: object) -> None:
    draw.text(at, text, fill=_CAPTION, font=font)  # type: ignore[arg-type]  # whichever font class Pillow has built


def _chosen(frames: Sequence[Path], count: int) -> list[Path]:
    """Return at most `count` frames, evenly spread from the first to the last."""
    if not frames:
        raise ValueError("a contact sheet needs at least one frame")
    if len(frames) <= count:
        return list(frames)
    return [frames[round(at * (len(frames) - 1) / (count - 1))] for at in range(count)]


def _thumbnail(path: Path, width: int) -> Image.Image:
    """Return the frame scaled to this width, on black."""
    from PIL import Image  # noqa: PLC0415 - as above

    with Image.open(path) as frame:
        frame.draft("RGB", (width * 2, width * 2))  # JPEG: decode no larger than needed
        flat = frame.convert("RGBA")
    height = max(1, round(flat.height * width / flat.width))
    black = Image.new("RGBA", flat.size, (0, 0, 0, 255))
    return Image.alpha_composite(black, flat).convert("RGB").resize((width, height), Image.Resampling.LANCZOS)


def _label(path: Path) -> str:
    """Return the frame's number from its file name, or the name if it has none."""
    number = _NUMBER.search(path.stem)
    return number[0] if number else path.stem
