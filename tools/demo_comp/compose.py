"""Writes the demo's animation: four seconds from night to dawn, 120 frames of 1920 x 1080 at 30 per second.

    python -m tools.demo_comp.compose            # writes src/stmpo/demo/demo.json
    python -m tools.demo_comp.compose FILE

A Lottie document is a stack of layers, the first in front. Each part of the scene is one module. All chance
is seeded, so the file is the same whenever it is made; a test compares the repository's copy with it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.demo import DEMO_COMP
from tools.demo_comp.lottie_doc import LAST, rounded
from tools.demo_comp.scene_land import fireflies, lake, mountains, pines
from tools.demo_comp.scene_planet import planet, sun
from tools.demo_comp.scene_sky import HEIGHT, WIDTH, aurora, haze, shooting_stars, sky, stars
from tools.demo_comp.scene_title import title, vignette

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.demo_comp.lottie_doc import Json


def document() -> Json:
    """Return the animation as a Lottie document."""
    layers = [
        *vignette(),
        fireflies(),
        *pines(),
        *title(),
        *lake(),
        *mountains(),
        *sun(),
        *planet(),
        *shooting_stars(),
        *aurora(),
        *stars(),
        haze(),
        *sky(),
    ]
    for index, each in enumerate(layers, start=1):
        each["ind"] = index
    return {
        "v": "5.9.0",
        "nm": "STMPO",
        "fr": 30,
        "ip": 0,
        "op": LAST,
        "w": WIDTH,
        "h": HEIGHT,
        "ddd": 0,
        "assets": [],
        "layers": layers,
    }


def text() -> str:
    """Return the contents of the file."""
    return json.dumps(rounded(document()), separators=(",", ":")) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the animation."""
    given = sys.argv[1:] if argv is None else argv
    path = Path(given[0]) if given else DEMO_COMP
    path.write_text(text(), encoding="ascii", newline="\n")
    print(f"{path}: {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
