"""The demo: the comp that comes with the package, and the contact sheet of its frames."""

from __future__ import annotations

from pathlib import Path

DEMO_COMP = Path(__file__).with_name("demo.json")
"""A Lottie file of 120 frames, 1920 x 1080 at 30 per second, made by `tools.demo_comp.compose`."""

__all__ = ["DEMO_COMP"]
