"""`stmpo inspect`: show what a project contains, without After Effects."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from stmpo.cli.bundle_options import path_of
from stmpo.cli.fonts import font_as_json, font_line
from stmpo.model.errors import ExitCode
from stmpo.model.text import visible
from stmpo.project.render_needs import foreign_effects, renderer_name
from stmpo.system.command_parser import CommandParser

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stmpo.deadline.assets import AssetScan
    from stmpo.deadline.request import Examination
    from stmpo.project.model import Project, QueueItem


def main(arguments: Sequence[str]) -> int:
    """Print the contents of a project, and what would not render on a worker."""
    given = _parser().read(arguments)
    from stmpo.deadline.request import JobRequest, examine  # noqa: PLC0415 - `--help` does not need it
    from stmpo.project.read import read_project  # noqa: PLC0415

    project = read_project(path_of(given.project, "PROJECT"))
    found = examine(project, JobRequest(project=project.path), os.environ)
    if given.as_json:
        print(json.dumps(_as_json(project, found), ensure_ascii=False, indent=2))
    else:
        for line in _lines(project, found):
            print(visible(line))
    return int(ExitCode.FRAMES_FAILED if found.refused else ExitCode.OK)


def _parser() -> CommandParser:
    parser = CommandParser(
        "stmpo inspect",
        "Show the comps, render queue, footage and fonts of PROJECT (.aep), and what would not render on a worker.",
        usage="PROJECT [options]",
    )
    parser.add_argument("project", metavar="PROJECT", help="The project to read.")
    parser.flag("--json", "Print JSON.", dest="as_json")
    return parser


def _lines(project: Project, found: Examination) -> Iterator[str]:
    yield from _header(project)
    yield from _section("comps", len(project.comps))
    for comp in project.comps:
        size = f"{comp.width} x {comp.height}, {comp.frame_rate:.6g} fps, frames {comp.first}-{comp.last}"
        yield f"  {comp.name}: {size}, {renderer_name(comp)}"
    yield from _section("render queue", len(project.items))
    for item in project.items:
        yield from _item(item)
    yield from _section("footage", len(found.scans))
    for one in found.scans:
        yield f"  {_footage(one)}"
    for name in project.placeholders:
        yield f"  {name}: placeholder"
    yield from _section("fonts", len(found.fonts))
    for font in found.fonts:
        yield f"  {font_line(font)}"
    if found.findings:
        yield ""
        yield from map(str, found.findings)


def _header(project: Project) -> Iterator[str]:
    yield f"{project.path.name}: After Effects {project.version}"
    if project.gpu:
        yield f"GPU acceleration: {project.gpu}"
    plug_ins = foreign_effects(project)
    if plug_ins:
        yield f"plug-ins: {', '.join(plug_ins)}"
    if project.ocio:
        yield f"colours by OCIO: {project.ocio}"


def _item(item: QueueItem) -> Iterator[str]:
    if item.problem:
        yield f"  {item.index}. {item.problem}"
        return
    yield f"  {item.index}. {item.comp}: {item.status.value}, frames {item.frames} ({len(item.frames)})"
    for output in item.outputs:
        yield f"     {output.format or output.template}: {output.path or 'no output path'}"


def _section(name: str, count: int) -> Iterator[str]:
    yield ""
    yield f"{name} ({count})" if count else f"{name}: none"


def _footage(one: AssetScan) -> str:
    footage = one.footage
    kind = "proxy, " if footage.proxy else ""
    if one.missing:
        return f"{footage.name}: {kind}MISSING, {footage.path}"
    if footage.sequence is None:
        return f"{footage.name}: {kind}{one.files[0]}"
    gaps = f", {one.absent} missing" if one.absent else ""
    return f"{footage.name}: {kind}{len(one.files)} files{gaps}, {one.files[0]}"


def _as_json(project: Project, found: Examination) -> dict[str, Any]:
    return {
        "project": str(project.path),
        "after_effects": project.version,
        "ocio_configuration": project.ocio or None,
        "gpu_acceleration": project.gpu or None,
        "plug_ins": list(foreign_effects(project)),
        "comps": [
            {
                "name": comp.name,
                "width": comp.width,
                "height": comp.height,
                "frame_rate": comp.frame_rate,
                "first_frame": comp.first,
                "frames": comp.frames,
                "renderer": renderer_name(comp),
            }
            for comp in project.comps
        ],
        "render_queue": [_item_as_json(item) for item in project.items],
        "footage": [
            {
                "name": one.footage.name,
                "path": one.footage.path,
                "proxy": one.footage.proxy,
                "sequence": one.footage.sequence is not None,
                "files": len(one.files),
                "first_file": one.files[0] if one.files else None,
                "missing": one.missing,
                "absent_frames": one.absent,
            }
            for one in found.scans
        ],
        "placeholders": list(project.placeholders),
        "fonts": [font_as_json(font) for font in found.fonts],
        "findings": [str(finding) for finding in found.findings],
    }


def _item_as_json(item: QueueItem) -> dict[str, Any]:
    return {
        "index": item.index,
        "comp": item.comp,
        "status": item.status.name,
        "problem": item.problem or None,
        "frames": str(item.frames),
        "frame_count": len(item.frames),
        "outputs": [
            {
                "template": output.template,
                "format": output.format,
                "kind": output.kind.value,
                "path": output.path,
                "comp_frame_numbers": output.comp_frame_numbers,
            }
            for output in item.outputs
        ],
    }
