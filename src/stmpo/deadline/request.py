"""From a request to a bundle: read the project, choose and check its items, compose the job.

Nothing is written and nothing is sent here. Problems are collected, not raised, so that a user reads all of
them at once; `PreparedJob.refusal` is the one line that ends the command.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.deadline.assets import input_files, scan_footage
from stmpo.deadline.bundle import Bundle
from stmpo.deadline.conda_packages import pinned_package
from stmpo.deadline.default_task import default_frames
from stmpo.deadline.dependencies import check_links, earlier_items, linked_items
from stmpo.deadline.frame_tasks import SIZE_PARAMETER, read_size
from stmpo.deadline.preflight import (
    check_braces,
    check_depth,
    check_frames,
    check_names,
    check_project,
    check_same_output,
    choose_items,
    describe_left_out,
    errors_first,
)
from stmpo.deadline.template import ItemSpec, TemplateOptions, compose, output_parameters
from stmpo.fonts.collect import CollectPolicy, collect
from stmpo.fonts.find import find
from stmpo.model.errors import BadInput
from stmpo.model.frames import FrameSet
from stmpo.model.output_pattern import OutputKind
from stmpo.project.item_checks import ItemFinding, Severity, error
from stmpo.project.output_names import kept_folders
from stmpo.project.read import output_pattern, read_project
from stmpo.system import paths

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stmpo.deadline.assets import AssetScan
    from stmpo.deadline.dependencies import Link
    from stmpo.fonts.collect import CollectedFonts
    from stmpo.fonts.find import ProjectFont
    from stmpo.project.model import Project, QueueItem

MISSING_FOOTAGE_PARAMETER = "ContinueOnMissingFootage"


@dataclass(frozen=True, kw_only=True, slots=True)
class JobRequest:
    """A job as the user asks for it. Paths are absolute."""

    project: Path

    items: tuple[int, ...] = ()
    """Queue items, counted from 1; empty: all that the queue would render."""

    frames: str | None = None
    """Frames instead of the item's own; only for a single item."""

    output_dir: Path | None = None
    """Folder instead of those in the project; file names stay. See `stmpo.project.output_names`."""

    allow_blank: bool = False
    """True if `frames` may hold frames outside the comp, which are blank."""

    also: tuple[Path, ...] = ()
    """Further files and folders that travel: those that the project needs and does not list as footage."""

    name: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Job parameters that differ from the template's defaults."""

    deadline: Mapping[str, str | int] = field(default_factory=dict)
    """`deadline:` values, such as `deadline:priority`."""

    options: TemplateOptions = field(default_factory=TemplateOptions)

    fonts: CollectPolicy = field(default_factory=CollectPolicy)
    """Which of the project's fonts travel."""

    font_names: tuple[str, ...] = ()
    """Fonts (PostScript names) that are used in addition to those that the project names."""

    font_folders: tuple[Path, ...] = ()
    """Folders that are searched for fonts before the system's own."""


@dataclass(frozen=True, slots=True)
class Examination:
    """The result of every check that needs no written file. `inspect`, `bundle` and `submit` share it."""

    items: tuple[QueueItem, ...]
    """The chosen items, with the frames of the request."""

    scans: tuple[AssetScan, ...]
    links: tuple[Link, ...]
    """Items that show the output of other items; that footage does not travel."""

    fonts: tuple[ProjectFont, ...]
    """All fonts that the project names, also those that the items do not draw."""

    collected: CollectedFonts
    """The fonts that the items draw."""

    findings: tuple[ItemFinding, ...]
    """All problems, errors first."""

    @property
    def refused(self) -> bool:
        """Return whether something would not render."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)


@dataclass(frozen=True, slots=True)
class PreparedJob:
    """A job that is ready to be written or sent, or refused."""

    project: Project
    items: tuple[QueueItem, ...]
    findings: tuple[ItemFinding, ...]

    bundle: Bundle | None
    """None if the job is refused."""

    left_out: str
    """The queue items that are not in it, with their status; "" if there are none."""

    @property
    def refusal(self) -> str:
        """Why the job cannot be sent, in one line."""
        errors = [finding for finding in self.findings if finding.severity is Severity.ERROR]
        count = len({finding.item.index for finding in errors if finding.item is not None})
        return f"{count} of {len(self.items)} queue items would not render on a worker; nothing was written or sent"


def examine(project: Project, request: JobRequest, environ: Mapping[str, str]) -> Examination:
    """Check the project, the chosen items, their files, names and fonts.

    Raises:
        BadInput: the request names something that does not exist.
    """
    items = tuple(_with_frames(choose_items(project, request.items), request.frames))
    scans = tuple(scan_footage(project))
    links = linked_items(project, items)
    made = {link.footage for link in links}
    needed = set(project.fonts_of(items) if items else project.fonts) | set(request.font_names)
    fonts = tuple(find({*project.fonts, *needed}, environ, more=request.font_folders))
    collected = collect([font for font in fonts if font.name in needed], request.fonts)
    findings = check_project(
        project,
        items,
        [scan for scan in scans if scan.footage not in made],
        fonts=collected,
        elsewhere=request.output_dir is not None,
        continue_on_missing=request.parameters.get(MISSING_FOOTAGE_PARAMETER, "false").lower() == "true",
    )
    findings += check_frames(project, items if request.frames else (), allow_blank=request.allow_blank)
    broken = {finding.item.index for finding in findings if _stops(finding) and finding.item is not None}
    findings += _check_outputs([item for item in items if item.index not in broken], request)
    findings += check_links(links, moved=request.output_dir is not None)
    return Examination(items, scans, links, fonts, collected, tuple(errors_first(findings)))


def prepare_job(request: JobRequest, environ: Mapping[str, str]) -> PreparedJob:
    """Read the project, check it, and compose the bundle if there is no error.

    Raises:
        BadInput: the project cannot be read, or the request names something that does not exist.
    """
    project = read_project(request.project)
    chosen = choose_items(project, request.items)
    others = describe_left_out(project, chosen)
    if not chosen:
        raise BadInput(f"{project.path.name}: {_why_empty(project, others)}")
    found = examine(project, request, environ)
    if found.refused:
        return PreparedJob(project, found.items, found.findings, None, others)
    made = {link.footage for link in found.links}
    inputs = input_files(project, (scan for scan in found.scans if scan.footage not in made), request.also)
    bundle = _bundle(request, project, found, inputs, environ)
    findings = [*found.findings, *(check_depth(inputs) if _for_windows(request) else ())]
    findings += check_braces((str(project.path.parent), *bundle.outputs))
    return PreparedJob(project, found.items, tuple(errors_first(findings)), bundle, others)


def _stops(finding: ItemFinding) -> bool:
    return finding.severity is Severity.ERROR


def _for_windows(request: JobRequest) -> bool:
    """Return whether a Windows worker may take the job."""
    families = request.options.os_families
    return not families or "windows" in families


def _check_outputs(items: Sequence[QueueItem], request: JobRequest) -> list[ItemFinding]:
    """Return the problems with the names of the items' files: unusable, forbidden, or used twice."""
    findings: list[ItemFinding] = []
    outputs: list[tuple[QueueItem, str]] = []
    folders = _output_folders(items, request)
    for item in items:
        try:
            output = output_pattern(item, folders[item.index])
        except BadInput as refusal:
            findings.append(error(item, str(refusal).partition("): ")[2] or str(refusal)))
            continue
        findings += check_names(item, output, windows=_for_windows(request))
        outputs.append((item, output))
    strict = request.options.os_families == ("linux",)
    return [*findings, *check_same_output(outputs, ignore_case=not strict)]


def _output_folders(items: Sequence[QueueItem], request: JobRequest) -> dict[int, Path | None]:
    """Return the folder that each item delivers to, by its index; None is the folder in the project."""
    if request.output_dir is None:
        return dict.fromkeys(item.index for item in items)
    kept = kept_folders(items)
    return {item.index: request.output_dir.joinpath(*kept.get(item.index, ())) for item in items}


def _bundle(
    request: JobRequest,
    project: Project,
    found: Examination,
    inputs: Sequence[str],
    environ: Mapping[str, str],
) -> Bundle:
    folders = _output_folders(found.items, request)
    parameters = dict(request.parameters)
    chosen_size = parameters.pop(SIZE_PARAMETER, None)
    waits = earlier_items(found.links)
    specs = [
        replace(_spec(item, request, folders[item.index], environ), after=waits.get(item.index, ()))
        for item in found.items
    ]
    options = replace(
        request.options,
        name=request.name if request.name is not None else project.path.stem,
        frames_per_task=None if chosen_size is None else read_size(chosen_size),
        conda_packages=request.options.conda_packages or pinned_package(project.version),
    )
    template = compose(specs, options)
    roots = output_parameters(specs)
    chosen = _chosen_parameters(template["parameterDefinitions"], parameters)
    values = {"ProjectFile": str(project.path), **roots, **chosen}
    return Bundle(
        template=template,
        parameters={**values, **request.deadline},
        inputs=inputs,
        outputs=sorted({values[root] for root in roots}),
        fonts=found.collected,
    )


def _chosen_parameters(definitions: Sequence[Mapping[str, str]], values: Mapping[str, str]) -> dict[str, str]:
    """Return the job's parameters as the user gives them, with absolute paths.

    Raises:
        BadInput: there is no such parameter, the bundle sets it, or a file that it names does not exist.
    """
    by_name = {definition["name"]: definition for definition in definitions}
    chosen = {}
    for name, value in values.items():
        definition = by_name.get(name)
        if definition is None:
            raise BadInput(f"the job has no parameter {name!r}; it has {', '.join(sorted(by_name))}")
        if name in {"ProjectFile", "JobScriptDir"}:
            raise BadInput(f"-p {name}: the bundle sets it; leave it out")
        if definition["type"] == "PATH" and "default" not in definition and not value.strip():
            raise BadInput(f"-p {name} is empty; give a path, or leave it out")
        path = definition["type"] == "PATH" and value
        chosen[name] = str(Path.cwd() / value) if path else value
        if path and definition["dataFlow"] == "IN" and not paths.is_file(Path(chosen[name])):
            raise BadInput(f"-p {name}: there is no file {chosen[name]}")
    return chosen


def _spec(item: QueueItem, request: JobRequest, folder: Path | None, environ: Mapping[str, str]) -> ItemSpec:
    output = item.outputs[0]
    single = output.kind is OutputKind.SINGLE_FILE
    return ItemSpec(
        name=item.comp,
        rqindex=item.index,
        frames="" if single and request.frames is None else str(item.frames),
        output=output_pattern(item, folder),
        kind="video" if single else "image",
        default_size=default_frames(item.index, request, environ),
    )


def _with_frames(items: Sequence[QueueItem], frames: str | None) -> list[QueueItem]:
    if frames is None:
        return list(items)
    if len(items) != 1:
        raise BadInput(
            f"--frames is for one queue item, and {len(items)} are rendered; choose one with --item N"
        )
    return [replace(items[0], frames=FrameSet.parse(frames))]


def _why_empty(project: Project, others: str) -> str:
    if not project.items:
        return "its render queue is empty; add a comp to it in After Effects"
    return f"no item of its render queue is ticked; choose with --item N: {others}"
