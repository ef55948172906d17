"""From what a user asks for to a bundle: a project is read, its items chosen and looked over, the job composed.

Nothing is written and nothing is sent here. What is not right is collected, not raised, so that a user reads all of it
at once; `Prepared.refusal` is the one line that ends it.
"""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.deadline.assets import find_footage, input_files
from stmpo.deadline.bundle import Bundle
from stmpo.deadline.preflight import check, check_braces, check_depth, check_names, choose, left_out
from stmpo.deadline.template import ItemSpec, TemplateOptions, compose, output_parameters
from stmpo.fonts.collect import Policy, collect
from stmpo.fonts.find import find
from stmpo.model.errors import BadInput
from stmpo.model.frames import FrameSet
from stmpo.model.output_pattern import OutputKind
from stmpo.project.item_checks import ItemFinding, Severity
from stmpo.project.read import output_pattern, read_project
from stmpo.system import paths

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stmpo.fonts.collect import CollectedFonts
    from stmpo.project.model import Project, QueueItem

MISSING_FOOTAGE = "ContinueOnMissingFootage"


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A job as somebody asks for it. Paths are absolute."""

    project: Path

    items: tuple[int, ...] = ()
    """Queue items, from 1; none: all that the queue would render."""

    frames: str | None = None
    """Instead of the item's own; for a single item."""

    output_dir: Path | None = None
    """Instead of the folders in the project; file names stay."""

    also: tuple[Path, ...] = ()
    """Files and folders that travel as well: what the project needs and does not name as footage."""

    name: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Job parameters other than the template's defaults."""

    deadline: Mapping[str, str | int] = field(default_factory=dict)
    """`deadline:` values, such as `deadline:priority`."""

    options: TemplateOptions = field(default_factory=TemplateOptions)

    fonts: Policy = field(default_factory=Policy)
    """Which of the project's fonts travel."""

    font_names: tuple[str, ...] = ()
    """Fonts (PostScript names) that are used beside those that the project names."""

    font_folders: tuple[Path, ...] = ()
    """Where fonts are looked for before the system's own places."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A job that could be written or sent, unless it is refused."""

    project: Project
    items: tuple[QueueItem, ...]
    findings: tuple[ItemFinding, ...]

    bundle: Bundle | None
    """None where it is refused."""

    left_out: str
    """The queue items that are not in it, and why; empty where there are none."""

    @property
    def refusal(self) -> str:
        """Why it cannot be sent, in one line."""
        errors = [finding for finding in self.findings if finding.severity is Severity.ERROR]
        count = len({finding.item.index for finding in errors if finding.item is not None})
        return f"{count} of {len(self.items)} queue items would not render on a worker; nothing was written or sent"


def prepare(request: Request, environ: Mapping[str, str]) -> Prepared:
    """Read the project, look everything over, and compose the bundle where nothing speaks against it.

    Raises:
        BadInput: the project cannot be read, or what is asked for is not there.
    """
    project = read_project(request.project)
    items = tuple(_with_frames(choose(project, request.items), request.frames))
    others = left_out(project, items)
    if not items:
        raise BadInput(f"{project.path.name}: {_nothing_to_render(project, others)}")
    found = find_footage(project)
    inputs = input_files(project, found, request.also)
    names = {*project.fonts, *request.font_names}
    fonts = collect(find(names, environ, more=request.font_folders), request.fonts)
    findings = check(
        project,
        items,
        found,
        fonts=fonts,
        elsewhere=request.output_dir is not None,
        continue_on_missing=request.parameters.get(MISSING_FOOTAGE, "false").lower() == "true",
    )
    if not _refused(findings):
        findings += _names(items, request)
        findings += check_depth(inputs) if _for_windows(request) else ()
    bundle = None if _refused(findings) else _bundle(request, project, items, inputs, fonts)
    findings += check_braces((str(project.path.parent), *bundle.outputs)) if bundle is not None else ()
    return Prepared(project, items, tuple(findings), bundle, others)


def _refused(findings: Sequence[ItemFinding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)


def _for_windows(request: Request) -> bool:
    """Whether a Windows worker may take the job."""
    families = request.options.os_families
    return not families or "windows" in families


def _names(items: Sequence[QueueItem], request: Request) -> list[ItemFinding]:
    """What workers cannot hold of the items' outputs, errors first."""
    windows = _for_windows(request)
    found = [
        finding
        for item in items
        for finding in check_names(item, output_pattern(item, request.output_dir), windows=windows)
    ]
    return sorted(found, key=lambda finding: finding.severity is not Severity.ERROR)


def _bundle(
    request: Request,
    project: Project,
    items: Sequence[QueueItem],
    inputs: Sequence[str],
    fonts: CollectedFonts,
) -> Bundle:
    specs = [_spec(item, request) for item in items]
    _refuse_twice(specs, request.options.os_families)
    name = request.name if request.name is not None else project.path.stem
    template = compose(specs, replace(request.options, name=name))
    folders = output_parameters(specs)
    chosen = _chosen(template["parameterDefinitions"], request.parameters)
    values = {"ProjectFile": str(project.path), **folders, **chosen}
    return Bundle(
        template=template,
        parameters={**values, **request.deadline},
        inputs=inputs,
        outputs=sorted({values[folder] for folder in folders}),
        fonts=fonts,
    )


def _chosen(definitions: Sequence[Mapping[str, str]], values: Mapping[str, str]) -> dict[str, str]:
    """The job's parameters as somebody gives them, paths absolute.

    Raises:
        BadInput: there is no such parameter, it is the bundle's own, or a file that it names is not there.
    """
    by_name = {definition["name"]: definition for definition in definitions}
    chosen = {}
    for name, value in values.items():
        definition = by_name.get(name)
        if definition is None:
            raise BadInput(f"the job has no parameter {name!r}; it has {', '.join(sorted(by_name))}")
        if name in {"ProjectFile", "JobScriptDir"}:
            raise BadInput(f"-p {name}: the bundle sets it by itself")
        if definition["type"] == "PATH" and "default" not in definition and not value.strip():
            raise BadInput(f"-p {name} is empty; give a path, or leave it out")
        path = definition["type"] == "PATH" and value
        chosen[name] = str(Path.cwd() / value) if path else value
        if path and definition["dataFlow"] == "IN" and not paths.is_file(Path(chosen[name])):
            raise BadInput(f"-p {name}: there is no file {chosen[name]}")
    return chosen


def _spec(item: QueueItem, request: Request) -> ItemSpec:
    output = item.outputs[0]
    single = output.kind is OutputKind.SINGLE_FILE
    return ItemSpec(
        name=item.comp,
        rqindex=item.index,
        frames="" if single and request.frames is None else str(item.frames),
        output=output_pattern(item, request.output_dir),
        kind="video" if single else "image",
    )


def _refuse_twice(specs: Sequence[ItemSpec], families: Sequence[str]) -> None:
    """Two items that write the same files would overwrite each other's frames, on two workers or on one.

    Windows and macOS tell names apart neither by capitals nor by Unicode form, wherever the job is sent from.
    """
    strict = tuple(families) == ("linux",)
    first: dict[str, ItemSpec] = {}
    for spec in specs:
        name = os.path.normcase(spec.output)
        before = first.setdefault(name if strict else unicodedata.normalize("NFC", name).lower(), spec)
        if before is not spec:
            where = "" if os.path.normcase(before.output) == name else " on Windows or macOS"
            raise BadInput(
                f"items {before.rqindex} ({before.name}) and {spec.rqindex} ({spec.name}) write the same files{where}, "
                f"{spec.output}; give one of them another name"
            )


def _with_frames(items: Sequence[QueueItem], frames: str | None) -> list[QueueItem]:
    if frames is None:
        return list(items)
    if len(items) != 1:
        raise BadInput(f"--frames is for one queue item, and {len(items)} are rendered; choose one by --item")
    return [replace(items[0], frames=FrameSet.parse(frames))]


def _nothing_to_render(project: Project, others: str) -> str:
    if not project.items:
        return "its render queue is empty; add a comp to it in After Effects"
    return f"no item of its render queue is ticked; choose by --item N: {others}"
