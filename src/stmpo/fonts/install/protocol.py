"""The interface between fonts and an operating system."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stmpo.fonts.install.validate import ValidFont


class NoHome(BadInput):
    """The environment does not name the user's folders, so no font was ever installed for this user."""


class FontSystem(Protocol):
    """The fonts of one user on one system. Every method may be repeated: the second call changes nothing."""

    environ: Mapping[str, str]
    """The environment, which names the user's folders."""

    @property
    def folder(self) -> Path:
        """The user's font folder. It need not exist."""

    @property
    def state(self) -> Path:
        """The folder of the leases (`stmpo.fonts.install.lease_store`). Its parent exists."""

    def boot_id(self) -> str:
        """Return a value that differs after each start of the machine; empty if there is none."""

    def missing_extras(self) -> list[str]:
        """Return what the other methods would create besides files, outermost first."""

    def remove_extras(self, extras: Sequence[str]) -> None:
        """Remove these extras, unless somebody else has put anything into them."""

    def label(self, font: ValidFont, path: Path) -> str:
        """Return an unused name in the system's register of fonts; empty if the system has no register."""

    def register(self, label: str, path: Path) -> None:
        """Make the file a font of the user."""

    def unregister(self, label: str, path: Path) -> None:
        """Undo `register`. A register entry with this label for another file stays."""

    def notify_programs(self) -> None:
        """Tell programs and font caches that fonts were added or removed."""

    def visible(self, wanted: Mapping[str, ValidFont | None]) -> set[str]:
        """Return which of these PostScript names a program would find now.

        The values, if known, help to find fonts that the system lists under another name.
        """


class FolderFonts:
    """The methods of a system without a register of fonts: a file in a font folder is a font."""

    def label(self, font: ValidFont, path: Path) -> str:  # noqa: ARG002 - there is no register
        """Return an empty label."""
        return ""

    def register(self, label: str, path: Path) -> None:
        """Do nothing: the file is enough."""

    def unregister(self, label: str, path: Path) -> None:
        """Do nothing: removing the file is enough."""


def user_folder(environ: Mapping[str, str], variable: str) -> Path:
    """Return the user's folder that this environment variable names.

    Raises:
        NoHome: it is not set, or not an absolute path.
    """
    path = Path(environ.get(variable, ""))
    if not path.is_absolute():
        problem = f"{variable} is not an absolute path" if environ.get(variable) else f"{variable} is not set"
        raise NoHome(f"fonts cannot be installed: {problem}; set it for the user that runs the jobs")
    return path
