"""What the project itself says about a job, before any renderer is started.

A wrong comp or queue item would start every renderer, and frames outside the comp would come out blank
without an error. Where the project can be read (`.aep` with py_aep, never on a worker) both are refused
here; elsewhere After Effects' own words are acted upon. Frames and output that are not given are taken from
the queue item.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stmpo.model.errors import BadInput
from stmpo.model.output_pattern import OutputKind, OutputPattern
from stmpo.project import read as project_reader
from stmpo.project.comp_choice import choose_by_item, choose_by_name, describe_outside, frames_outside
from stmpo.project.item_checks import Severity, check_item
from stmpo.project.model import RENDERABLE
from stmpo.project.render_needs import launch_hints

if TYPE_CHECKING:
    from pathlib import Path

    from stmpo.model.frames import FrameSet
    from stmpo.model.options import JobOptions
    from stmpo.project.comp_choice import CompChoice
    from stmpo.project.model import Project


@dataclass(frozen=True, slots=True)
class KnownComp:
    """The comp of a job, as the project describes it."""

    project: Project
    choice: CompChoice

    def refuse_blank(self, frames: FrameSet) -> None:
        """Refuse frames that the comp does not have.

        Raises:
            BadInput: some of the frames lie outside the comp.
        """
        outside = frames_outside(self.choice.comp, frames)
        if outside.frames:
            text = describe_outside(self.choice.comp, outside)
            raise BadInput(f"--frames: {text}; choose others, or give --allow-blank")

    @property
    def launch_hints(self) -> tuple[str, ...]:
        """Return what in the project can stop After Effects silently while it starts, in short phrases."""
        return launch_hints(self.project, self.choice.comp)


def find_comp(path: Path, options: JobOptions) -> KnownComp | None:
    """Return the comp that is to be rendered; None if the project cannot be read here.

    Raises:
        BadInput: there is no such comp or queue item, or the item cannot be rendered.
    """
    wants_item = options.rqindex is not None and (options.frames is None or options.output is None)
    if wants_item and path.suffix.lower() == ".aep" and project_reader.available():
        project: Project | None = project_reader.read_project(path)  # says why it cannot be read
    else:
        project = project_reader.read_if_possible(path)
    if project is None:
        return None
    if options.comp is not None:
        return KnownComp(project, choose_by_name(project, options.comp))
    if options.rqindex is None:
        return None
    choice = choose_by_item(project, options.rqindex)
    item = choice.item
    if item is not None and (item.problem or item.status not in RENDERABLE):
        problem = next(iter(check_item(item, elsewhere=True)))
        raise BadInput(f"queue item {item.index} ({item.comp}) {problem.text}")
    return KnownComp(project, choice)


def from_queue_item(known: KnownComp, options: JobOptions, notes: list[str]) -> JobOptions:
    """Return the options with the queue item's frames and output where they are not given.

    Raises:
        BadInput: the item's own output cannot be used.
    """
    item = known.choice.item
    if item is None or options.comp is not None:
        return options
    output = options.output
    if output is None:
        for finding in check_item(item, elsewhere=False):
            if finding.severity is Severity.ERROR:
                raise BadInput(f"queue item {item.index} ({item.comp}) {finding.text}")
        output = project_reader.output_pattern(item)
        notes.append(f"output from the project: {output}")
    frames = options.frames
    if frames is None and OutputPattern.parse(output, known.project.path.parent).kind is OutputKind.SEQUENCE:
        frames = str(item.frames)
        notes.append(f"frames from the project: {frames}")
    return replace(options, output=output, frames=frames)
