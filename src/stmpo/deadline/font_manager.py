"""The job's last environment: fonts that travel with the job, `font_manager.py` on a worker.

    font_manager.py install SESSION_FOLDER      when a session begins
    font_manager.py remove SESSION_FOLDER       when it ends, whatever happened in between

No fonts travel with a job yet: both do nothing, and say so. The environment stands in the template already, so that
jobs need no other template when they do.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.deadline.session import say, usage

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Install or remove the job's fonts.

    Raises:
        BadInput: the arguments are not those of the template.
    """
    if len(arguments) != 2 or arguments[0] not in {"install", "remove"} or not Path(arguments[1]).is_dir():
        raise usage("font_manager.py install|remove SESSION_FOLDER")
    say(f"fonts: nothing to {arguments[0]}, no fonts travel with this job")
    return 0


def find_main(arguments: Sequence[str]) -> int:
    """`get_user_fonts.py POSTSCRIPT_NAME`: where the font lies on this machine, else `FONT_NOT_FOUND` and exit code 1.

    Raises:
        BadInput: not one name.
    """
    if len(arguments) != 1:
        raise usage("get_user_fonts.py POSTSCRIPT_NAME")
    say("FONT_NOT_FOUND")
    return 1
