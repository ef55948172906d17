"""The checked job: what `JobOptions` become after they have been checked against the disk.

Paths are absolute; frame set and output pattern are parsed. Everything behind the command line works with a
`RenderJob`.
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
    """What to render, checked. Paths are absolute; `frames` holds exactly the frames that were asked for."""

    project: Path
    comp: str | None
    rqindex: int | None
    frames: FrameSet | None
    """None for a single file that covers the time span of its queue item."""

    output: OutputPattern
    rs_template: str | None = None
    om_template: str | None = None
    continue_on_missing_footage: bool = False

    @property
    def single_file(self) -> bool:
        """True if one process must write the whole output."""
        return self.output.kind is OutputKind.SINGLE_FILE

    @property
    def title(self) -> str:
        """The job's name for people: the project, and its comp or queue item."""
        item = self.comp if self.comp is not None else f"queue item {self.rqindex}" if self.rqindex else None
        return f"{self.project.name}, {item}" if item else self.project.name
