"""A user on a worker, with a home folder and a fontconfig configuration, and jobs that install fonts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from stmpo.fonts.install.install import FontReport, install, remove
from stmpo.fonts.install.linux import Linux
from stmpo.fonts.install.manifest import read_manifest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stmpo.fonts.install.manifest import WantedFont
    from stmpo.fonts.install.protocol import FontSystem

FONTCONFIG = shutil.which("fc-list") is not None and shutil.which("fc-cache") is not None
FONTCONFIG_MISSING = "fontconfig's tools are not installed: apt-get install fontconfig"

_CONFIGURATION = """<?xml version="1.0"?>
<fontconfig>
 <dir>{shared}</dir>
 <dir prefix="xdg">fonts</dir>
 <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""


class FontUser:
    """The user. `shared` holds the fonts of the machine."""

    def __init__(self, folder: Path, *, tools: bool = True) -> None:
        self.folder = folder
        self.home, self.shared = folder / "home", folder / "shared"
        for place in (self.home, self.shared):
            place.mkdir(parents=True)
        configuration = folder / "fonts.conf"
        configuration.write_text(_CONFIGURATION.format(shared=self.shared), encoding="utf-8")
        self.environ = {
            "HOME": str(self.home),
            "FONTCONFIG_FILE": str(configuration),
            "PATH": os.environ["PATH"] if tools else "",
        }
        self.system: FontSystem = Linux(self.environ)

    def session(self, name: str = "session-1") -> Path:
        """Return the folder of a session; the session is alive while it exists."""
        path = self.folder / name
        path.mkdir(exist_ok=True)
        return path

    def over(self, name: str = "session-1") -> None:
        """End a session without removing its fonts."""
        shutil.rmtree(self.folder / name)

    def job(self, name: str, fonts: Mapping[str, str | None], **files: bytes) -> tuple[WantedFont, ...]:
        """Return the fonts of a job: PostScript name to file name, and the files (`a_ttf` is `a.ttf`)."""
        return read_manifest(write_job(self.folder / name, fonts, **files))

    def install(self, wanted: tuple[WantedFont, ...], session: str = "session-1") -> FontReport:
        return install(wanted, self.session(session), self.system)

    def remove(self, session: str = "session-1") -> FontReport:
        return remove(self.folder / session, self.system)

    def listed(self) -> set[str]:
        """Return the fonts of the user that fontconfig lists."""
        done = subprocess.run(
            [str(shutil.which("fc-list")), "--format=%{postscriptname}\t%{file}\n"],
            env={**self.environ, "PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(self.folder / "fc-list")},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        pairs = [line.partition("\t") for line in done.stdout.splitlines()]
        return {name for name, _, file in pairs if file.startswith(str(self.home))}

    def everything(self) -> dict[str, bytes | None]:
        """Return every file (its bytes) and folder (None) in the user's home."""
        found = sorted(self.home.rglob("*"))
        return {str(path): path.read_bytes() if path.is_file() else None for path in found}


def write_job(folder: Path, fonts: Mapping[str, str | None], **files: bytes) -> Path:
    """Write a job's fonts folder, as it arrives on a worker."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name.replace("_", ".")).write_bytes(data)
    entries = [{"postScriptName": name, "file": file} for name, file in sorted(fonts.items())]
    (folder / "fonts.json").write_text(json.dumps({"fonts": entries}, indent=1) + "\n", encoding="utf-8")
    return folder
