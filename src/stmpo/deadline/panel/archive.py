"""The panel as a zip, to be unpacked by hand into a folder of After Effects.

The zip is reproducible: the same files give the same bytes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.deadline.panel.record import ASSETS, ENTRY
from stmpo.deadline.panel.source import Panel, gather
from stmpo.model.errors import BadInput
from stmpo.system.files import replace_file
from stmpo.system.zip_files import zip_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

INSTALL = f"""\
The STMPO panel for After Effects (2022 and later), Windows and macOS

1. Close After Effects.
2. Copy {ENTRY} and the folder {ASSETS}
   into the folder "ScriptUI Panels". For you alone:

   Windows  %APPDATA%\\Adobe\\After Effects\\<version>\\Scripts\\ScriptUI Panels
   macOS    ~/Library/Preferences/Adobe/After Effects/<version>/Scripts/ScriptUI Panels

   For all users (needs an administrator):

   Windows  C:\\Program Files\\Adobe\\Adobe After Effects <year>\\Support Files\\Scripts\\ScriptUI Panels
   macOS    /Applications/Adobe After Effects <year>/Scripts/ScriptUI Panels

   Create the folders "Scripts" and "ScriptUI Panels" if they do not exist.
   AWS's own submitter (DeadlineCloudSubmitter.jsx or DeadlineCloudSubmitter(User).jsx) also has a folder
   {ASSETS}. If it is in the same place, use the other place, or use "stmpo panel install" (see below),
   which gives this panel's folder another name there.
3. Start After Effects and allow scripts to write files: Edit > Preferences (macOS: After Effects > Settings) >
   Scripting & Expressions > "Allow Scripts to Write Files and Access Network".
4. Open the panel at the end of the Window menu.

The panel needs the Deadline Cloud client (pip install "deadline[gui]", or AWS's installer). Log in to it first.
To remove the panel, delete the files that you copied.
On a machine with Python, this installs the panel: pip install "stmpo[cli]", then stmpo panel install
"""


def write_archive(folder: Path, *, wheels: Sequence[Path] = (), download: bool = True) -> tuple[Path, Panel]:
    """Write `STMPO-panel-VERSION.zip` into `folder`, which is created; return its path and its contents.

    Raises:
        BadInput: it cannot be written.
    """
    with tempfile.TemporaryDirectory() as scratch:
        panel = gather(Path(scratch, "panel"), wheels=wheels, download=download)
        target = folder / f"STMPO-panel-{panel.record.version}.zip"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write(target, panel.folder)
        except OSError as error:
            raise BadInput(f"{target} cannot be written: {error.strerror or error}") from None
    return target, panel


def _write(target: Path, folder: Path) -> None:
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    members = {"INSTALL.txt": INSTALL.replace("\n", "\r\n").encode()}
    members |= {name: files[name].read_bytes() for name in sorted(files)}
    replace_file(target, zip_bytes(members))
