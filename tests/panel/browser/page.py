"""A page that runs the panel: its own files over the ScriptUI layer and a host in memory, in one HTML file.

    python -m tests.panel.browser.page FILE      write the page with the sample project, for any browser

`?light` after the address shows After Effects' light theme, `?window` a window instead of a docked panel.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
ENTRY = ROOT / "DeadlineCloudSubmitter_STMPO.jsx"
ASSETS = ROOT / "DeadlineCloudSubmitter_Assets"
LAYER = ("layout.js", "scriptui.js", "controls.js", "lists.js")
INSTALLED = "/Applications/Adobe After Effects 2025/Scripts/ScriptUI Panels"
"""The folder in which the page's panel is installed."""

_INCLUDE = re.compile(r'^//@include "(.+)"$', re.MULTILINE)


def queue_item(
    number: int,
    comp: str,
    first: int,
    count: int,
    output: str,
    *,
    status: str = "QUEUED",
    numbered: bool = True,
    modules: int = 1,
) -> dict[str, Any]:
    """Return a queue item with its comp, at 25 frames per second; `first` is the comp's display start."""
    movie = output.endswith(".mov")
    settings = {
        "Format": "QuickTime" if movie else "OpenEXR Sequence",
        "Use Comp Frame Number": str(numbered).lower(),
    }
    module = {"name": "Lossless", "file": output or None, "settings": settings}
    return {
        "comp": {
            "type": "comp",
            "id": number,
            "name": comp,
            "frameRate": 25,
            "frameDuration": 1 / 25,
            "duration": count / 25,
            "displayStartTime": first / 25,
            "dropFrame": False,
            "usedIn": [],
        },
        "queued": {
            "comp": number,
            "status": status,
            "timeSpanStart": 0,
            "timeSpanDuration": count / 25,
            "skipFrames": 0,
            "settings": {"Frame Rate": 1, "Use this frame rate": 25},
            "modules": [module] * modules,
        },
    }


SAMPLE = (
    queue_item(1, "010_Opening_v03", 1, 240, "/Volumes/shows/harbour/out/010_Opening_[#####].exr"),
    queue_item(2, "020_Harbour_v07", 1001, 180, "/Volumes/shows/harbour/out/020_Harbour_[#####].exr"),
    queue_item(3, "030_Storm_v02", 1, 312, "/Volumes/shows/harbour/out/030_Storm_[#####].exr"),
    queue_item(4, "040_Lighthouse_v05", 0, 96, ""),
    queue_item(5, "001_Logo_v11", 0, 50, "/Volumes/shows/harbour/out/Logo_[####].exr", status="DONE"),
)


def app_of(items: Any, *, dirty: bool = False, **more: Any) -> dict[str, Any]:
    """Return After Effects with a project of these items, in the form of host_app.js."""
    project = {
        "file": "/Volumes/shows/harbour/harbour.aep",
        "dirty": dirty,
        "xmpPacket": "",
        "displayStartFrame": 0,
        "items": [item["comp"] for item in items],
        "queue": [item["queued"] for item in items],
        "usedFonts": [],
    }
    return {"version": "25.1x68", "project": project, **more}


def page(app: dict[str, Any] | None = None, client: dict[str, Any] | None = None) -> str:
    """Return the page; `app` is After Effects (default: the sample), `client` the fake client's actions."""
    app = app or app_of(SAMPLE)
    script = f"{INSTALLED}/{ENTRY.name}"
    options = {"app": app, "client": client or {}, "files": _files(app), "script": script}
    entry = ENTRY.read_text(encoding="utf-8")
    parts = [ROOT / name for name in _INCLUDE.findall(entry)]
    start = (
        f"makeHost({json.dumps(options)});"
        "document.documentElement.classList.toggle('light', location.search.indexOf('light') > 0);"
        "window.docked = location.search.indexOf('window') < 0;"
    )
    place = "docked ? ScriptUILayer.dock(document.getElementById('dock')) : window"
    return "".join(
        (
            "<!doctype html><html><head><meta charset='utf-8'><title>STMPO</title>",
            _script("window.faults = []; onerror = function (text) { faults.push(text); };"),
            f"<style>{_read(HERE / 'theme.css')}</style></head><body><div id='dock'></div>",
            *(_script(_read(HERE / name)) for name in LAYER),
            _script("window.hostModule = {};"),
            *(_script(_module(HERE.parent / name)) for name in ("host_objects.js", "host_app.js")),
            _script(_read(HERE / "page_host.js")),
            _script(start),
            *(_script(_read(path)) for path in parts),
            _script(f"new Function({json.dumps(entry)}).call({place})"),
            "</body></html>",
        )
    )


def _files(app: dict[str, Any]) -> dict[str, str]:
    """Return the files on the disk: the panel's assets, a wheel, and the project."""
    home = f"{INSTALLED}/{ASSETS.name}"
    files = {
        f"{home}/{path.relative_to(ASSETS).as_posix()}": path.read_bytes().decode("latin-1")
        for folder in ("panel", "JobTemplate")
        for path in (ASSETS / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix not in {".whl", ".jsxinc"}
    }
    files[f"{home}/wheels/stmpo-1.0-py3-none-any.whl"] = "wheel"
    project = (app["project"] or {}).get("file")
    return {**files, **({project: "aep"} if project else {})}


def _module(path: Path) -> str:
    """Return one of Node's modules as a script that defines only its exports."""
    return f"(function (module) {{{_read(path)}\nObject.assign(window.hostModule, module.exports);}})({{exports: {{}}}});"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _script(text: str) -> str:
    safe = text.replace("</script", r"<\/script")
    return f"<script>{safe}</script>"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
