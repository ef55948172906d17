"""Make the README's pictures from a real run of the demo: `python docs/pictures.py`.

The board is drawn in the middle of the run; the contact sheet is made of the delivered frames.
"""

from __future__ import annotations

import io
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from rich.console import Console
from rich.text import Text

from stmpo.demo import DEMO_COMP
from stmpo.demo.contact_sheet import contact_sheet
from stmpo.engine.prepare import prepare
from stmpo.engine.render_run import render
from stmpo.model.events import Progress, RunStarted
from stmpo.model.options import JobOptions, RunOptions, resolve
from stmpo.reporting.board import Board
from stmpo.reporting.lines import started_lines

if TYPE_CHECKING:
    from stmpo.model.events import Event

HERE = Path(__file__).resolve().parent
PROCESSES = 4
WIDTH = 104


class Photographer:
    """A board that is never shown, and one picture of it in the middle of the run."""

    def __init__(self) -> None:
        self.board = Board(io.StringIO(), width=WIDTH)
        self.head: list[str] = []
        self.taken = False

    def handle(self, event: Event) -> None:
        """Follow the run; take the picture at 55 %."""
        self.board.handle(event)
        if isinstance(event, RunStarted):
            self.head = started_lines(replace(event, output="renders/demo_[####].png"))
        if isinstance(event, Progress) and event.fraction >= 0.55 and not self.taken:
            self.taken = True
            self._take()

    def _take(self) -> None:
        console = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False)
        for line in self.head:
            console.print(Text(line))
        console.print(self.board.draw())
        console.save_svg(str(HERE / "board.svg"), title="stmpo render")


def main() -> None:
    """Render the demo and take the pictures."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "renders"
        job = JobOptions(output=str(out / "demo_[####].png"))
        options, sources = resolve(RunOptions, {"concurrency": PROCESSES}, os.environ)
        intake = prepare(
            str(DEMO_COMP), job, options, sources=sources, environ=os.environ, folder=Path(folder)
        )
        render(intake, Photographer().handle)
        sheet = contact_sheet(sorted(out.glob("demo_*.png")), Path(folder) / "sheet.png")
        with Image.open(sheet) as picture:
            picture.convert("RGB").resize(
                (1200, round(1200 * picture.height / picture.width)), Image.Resampling.LANCZOS
            ).save(HERE / "contact-sheet.jpg", quality=88)


if __name__ == "__main__":
    main()
