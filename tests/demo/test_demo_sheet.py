"""The contact sheet: which frames it shows, and how it is laid out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stmpo.demo.contact_sheet import SheetLayout, _chosen, _label, contact_sheet

if TYPE_CHECKING:
    from pathlib import Path

Image = pytest.importorskip("PIL.Image", reason="needs Pillow")

SMALL = SheetLayout(columns=3, rows=2, cell_width=32, gap=4, margin=8, caption=20)


@pytest.fixture
def frames(tmp_path: Path) -> list[Path]:
    """Ten frames of 64 x 36, redder from one to the next, half-transparent."""
    paths = [tmp_path / f"x_{number:04d}.png" for number in range(10)]
    for number, path in enumerate(paths):
        Image.new("RGBA", (64, 36), (number * 28, 0, 0, 128)).save(path)
    return paths


def test_shows_evenly_chosen_frames_from_the_first_to_the_last(frames: list[Path]) -> None:
    assert [_label(path) for path in _chosen(frames, 4)] == ["0000", "0003", "0006", "0009"]
    assert _chosen(frames, 20) == frames


def test_has_as_many_cells_as_it_was_told(frames: list[Path], tmp_path: Path) -> None:
    assert contact_sheet(frames, tmp_path / "sheet.png", layout=SMALL) == tmp_path / "sheet.png"
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (2 * 8 + 3 * 32 + 2 * 4, 2 * 8 + 2 * (18 + 20 + 4) - 4)


def test_see_through_frames_are_shown_over_black(frames: list[Path], tmp_path: Path) -> None:
    contact_sheet(frames[-1:], tmp_path / "sheet.png", layout=SMALL)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.getpixel((8 + 16, 8 + 9)) == (126, 0, 0)


def test_writes_jpeg_by_extension_and_takes_a_title(frames: list[Path], tmp_path: Path) -> None:
    contact_sheet(frames, tmp_path / "sheet.jpg", title="Ten frames", layout=SMALL)
    with Image.open(tmp_path / "sheet.jpg") as sheet:
        assert sheet.format == "JPEG"


def test_no_frame_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        contact_sheet([], tmp_path / "sheet.png")


@pytest.mark.parametrize(
    ("name", "label"), [("a2_0010.png", "0010"), ("x_-005.png", "-005"), ("still.png", "still")]
)
def test_a_caption_is_the_frame_s_number(tmp_path: Path, name: str, label: str) -> None:
    assert _label(tmp_path / name) == label
