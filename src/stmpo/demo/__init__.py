"""The demo: an animation that comes with the package, and the contact sheet that shows what was rendered of it."""

from __future__ import annotations

from pathlib import Path

DEMO_COMP = Path(__file__).with_name("demo.json")
"""A Lottie file of 120 frames, 1920 x 1080 at 30 a second, made by `tools.demo_comp.compose`."""

__all__ = ["DEMO_COMP"]
