"""The job (what to render) and the options (how to render it), each option declared once.

An option is a field of `JobOptions` or `RunOptions`, made by `option(...)`: its default, help, bounds, environment
variable and job template parameter stand in that one place. The command line, the environment and the job template are
read from these declarations; nothing else repeats a default. Precedence: command line, then environment, then default
(`Source`).

`RenderJob` is what `JobOptions` become once they have been checked against the disk: absolute paths, a parsed frame
set and a parsed output pattern. Everything after the command line works with a `RenderJob`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.model.output_pattern import OutputKind, OutputPattern

if TYPE_CHECKING:
    from pathlib import Path

    from stmpo.model.frames import FrameSet


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderJob:
    """What to render, checked. Paths are absolute; the frames are those asked for and no other."""

    project: Path
    comp: str | None
    rqindex: int | None
    frames: FrameSet | None
    """None for a single file that is rendered over its item's own time span."""

    output: OutputPattern
    rs_template: str | None = None
    om_template: str | None = None
    continue_on_missing_footage: bool = False

    @property
    def single_file(self) -> bool:
        """Whether one process must write all of it."""
        return self.output.kind is OutputKind.SINGLE_FILE

    @property
    def title(self) -> str:
        """What people call this job: the comp, or the project's queue item."""
        item = self.comp if self.comp is not None else f"queue item {self.rqindex}" if self.rqindex else None
        return f"{self.project.name}, {item}" if item else self.project.name
