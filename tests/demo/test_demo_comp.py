"""The demo animation: the committed file is what its program makes, and it can be rendered."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from stmpo.demo import DEMO_COMP
from stmpo.renderers.lottie.renderer import LottieInfo, check_lottie
from tools.demo_comp.compose import main, text

if TYPE_CHECKING:
    from pathlib import Path


def test_the_committed_file_is_what_compose_makes() -> None:
    assert DEMO_COMP.read_text(encoding="ascii") == text(), "run: python -m tools.demo_comp.compose"


def test_compose_writes_where_it_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "x.json")]) == 0
    assert (tmp_path / "x.json").read_bytes() == DEMO_COMP.read_bytes()
    assert "x.json" in capsys.readouterr().out


def test_it_is_four_seconds_of_full_hd_and_small() -> None:
    assert check_lottie(DEMO_COMP) == LottieInfo("STMPO", 0, 119, 1920, 1080, 30.0)
    assert DEMO_COMP.stat().st_size < 600_000


def test_its_frames_are_opaque_and_all_different() -> None:
    pytest.importorskip("rlottie_python", reason="needs rlottie")
    image = pytest.importorskip("PIL.Image", reason="needs Pillow")
    from stmpo.renderers.lottie.document import load  # noqa: PLC0415 - after the check that it can be rendered
    from stmpo.renderers.lottie.painter import FramePainter  # noqa: PLC0415

    painter = FramePainter(load(DEMO_COMP)[0], DEMO_COMP.parent, "PNG", 0.1)
    frames = [painter.encode(frame) for frame in range(0, 120, 8)]
    assert len(set(frames)) == len(frames)
    for data in frames:
        with image.open(io.BytesIO(data)) as picture:
            assert picture.getextrema()[3] == (255, 255)
            assert len(picture.getcolors(maxcolors=1 << 24)) > 500, "hardly a colour in it"
