"""Make the documentation's pictures of the panel: `python -m tests.panel.browser.pictures [FOLDER]`.

The panel is the real one, over the ScriptUI layer; two sizes, dark and light. They are drawn with Open Sans
(Debian's fonts-open-sans), where it is installed.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from tests.panel.browser.page import ROOT, page
from tests.panel.browser.webdriver import Browser, browser, missing

JOB = "job-5f0c2b7e9d314a68b1c7e4f29a8d6053"
SENT = {"lines": [f'{{"jobId": "{JOB}"}}']}
COLOURS = 128
NARROW, WIDE = (340, 520), (640, 710)

_UNFOLDED = """
var root = document.querySelector('#dock').scriptui;
root.findElement('profile').selection = 0;
root.findElement('fold').node.querySelector('input').click();
root.findElement('group').selection = root.findElement('group').find('Processes');
host.pace = 0.01;
root.findElement('ok').node.click();
"""


def main(arguments: list[str]) -> int:
    """Make the four pictures and print their paths."""
    if missing():
        sys.stderr.write(f"{missing()}\n")
        return 1
    folder = Path(arguments[0]) if arguments else ROOT / "docs" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, browser(Path(scratch, "profile")) as window:
        path = Path(scratch, "panel.html")
        path.write_text(page(client=SENT), encoding="utf-8")
        for theme in ("dark", "light"):
            window.open(path, *NARROW, query=f"?{theme}", scale=2)
            _take(window, folder / f"panel-narrow-{theme}.png")
            window.open(path, *WIDE, query=f"?{theme}", scale=2)
            window.run(_UNFOLDED)
            time.sleep(0.3)  # the submission is looked at on the page's clock
            _take(window, folder / f"panel-wide-{theme}.png")
    return 0


def _take(window: Browser, target: Path) -> None:
    with Image.open(io.BytesIO(window.picture())) as picture:
        picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
    sys.stdout.write(f"{target}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
