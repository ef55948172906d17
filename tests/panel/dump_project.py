"""A project as After Effects shows it to a script: JSON with the names of its scripting guide.

py_aep reads the file. Footage is found as After Effects finds it: at its absolute path, else relative to the
project; missing footage has `missingFootagePath`. Fonts are those of this machine.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import py_aep
from py_aep import CompItem, FileSource, FootageItem, GetSettingsFormat, PlaceholderSource

from stmpo.deadline.assets import scan_footage
from stmpo.project.read import read_project

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from py_aep import AVItem, OutputModule, RenderQueueItem

    from stmpo.deadline.assets import AssetScan


def dump(path: Path, fonts: Mapping[str, Path] | None = None) -> dict[str, Any]:
    """Return `app` with this project open; `fonts` are the files of the installed fonts."""
    read = read_project(path)
    found = iter(scan_footage(read))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        app = py_aep.parse(path)
        project = app.project
        sources = {id(source): one for source, one in zip(_sources(project), found, strict=True)}
        queue = project.render_queue
        return {
            "version": read.version,
            "project": {
                "file": str(path),
                "dirty": False,
                "xmpPacket": "",
                "displayStartFrame": int(project.display_start_frame),
                "items": [
                    *({"type": "comp", **_comp(comp, sources)} for comp in project.compositions),
                    *({"type": "footage", **_footage(item, sources)} for item in project.footages),
                ],
                "queue": [_queued(item) for item in (queue.items if queue else ())],
                "usedFonts": [_font(name, fonts or {}) for name in read.fonts],
            },
        }


def _sources(project: py_aep.Project) -> Iterator[FileSource]:
    """Return the footage in the order of `stmpo.project.model.Project.footage`."""
    for footage in project.footages:
        for source in (footage.main_source, footage.proxy_source):
            if isinstance(source, FileSource):
                yield source
    for comp in project.compositions:
        if isinstance(comp.proxy_source, FileSource):
            yield comp.proxy_source


def _comp(comp: CompItem, sources: Mapping[int, AssetScan]) -> dict[str, Any]:
    return {
        "id": comp.id,
        "name": comp.name,
        "frameRate": comp.frame_rate,
        "frameDuration": 1 / comp.frame_rate,
        "duration": comp.duration,
        "displayStartTime": comp.display_start_time,
        "dropFrame": bool(comp.drop_frame),
        "usedIn": _used_in(comp),
        "proxySource": _source(comp.proxy_source, sources),
    }


def _footage(item: FootageItem, sources: Mapping[int, AssetScan]) -> dict[str, Any]:
    found = sources.get(id(item.main_source))
    return {
        "id": item.id,
        "name": item.name,
        "hasVideo": item.has_video,
        "duration": item.duration,
        "frameRate": item.frame_rate,
        "footageMissing": found is not None and found.missing,
        "usedIn": _used_in(item),
        "mainSource": _source(item.main_source, sources),
        "proxySource": _source(item.proxy_source, sources),
    }


def _used_in(item: AVItem) -> list[int]:
    return [comp.id for comp in item.used_in]


def _source(source: Any, sources: Mapping[int, AssetScan]) -> dict[str, Any] | None:
    if source is None:
        return None
    if not isinstance(source, FileSource):
        return {"type": "placeholder" if isinstance(source, PlaceholderSource) else "solid"}
    found = sources[id(source)]
    return {
        "type": "file",
        "file": None if found.missing else found.files[0],
        "missingFootagePath": source.file if found.missing else "",
        "isStill": source.is_still,
        "loop": source.loop,
        "nativeFrameRate": source.native_frame_rate,
        "conformFrameRate": source.conform_frame_rate,
    }


def _queued(item: RenderQueueItem) -> dict[str, Any]:
    numbers = item.get_settings(GetSettingsFormat.NUMBER)
    return {
        "comp": item.comp.id,
        "status": item.status.name,
        "timeSpanStart": item.time_span_start,
        "timeSpanDuration": item.time_span_duration,
        "skipFrames": item.skip_frames,
        "settings": {name: numbers[name] for name in ("Frame Rate", "Use this frame rate")},
        "modules": [_module(module) for module in item.output_modules],
    }


def _module(module: OutputModule) -> dict[str, Any]:
    words = module.get_settings(GetSettingsFormat.STRING)
    return {
        "name": module.name,
        "file": module.file or None,
        "settings": {name: words[name] for name in ("Format", "Use Comp Frame Number")},
    }


def _font(name: str, fonts: Mapping[str, Path]) -> dict[str, Any]:
    place = fonts.get(name)
    return {
        "postScriptName": name,
        "location": "" if place is None else str(place),
        "isSubstitute": place is None,
    }
