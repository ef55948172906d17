"""The seam between fonts and a system."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stmpo.fonts.install.validate import ValidFont


class NoHome(BadInput):
    """The environment does not say where the user's files lie, so nothing was ever installed for this user."""


class FontSystem(Protocol):
    """A user's fonts on one system. Every method may be repeated: the second time changes nothing."""

    environ: Mapping[str, str]
    """Whose user it is, and where that user's files lie."""

    @property
    def folder(self) -> Path:
        """Where a user's own fonts lie. It need not exist."""

    @property
    def state(self) -> Path:
        """Where the book of `stmpo.fonts.install.lease_store` lies. Only its last folder may have to be made."""

    def boot(self) -> str:
        """What is another after each start of the machine; empty where there is no such thing."""

    def absent(self) -> list[str]:
        """What `enter`, `announce` or a look would make and is not there, outermost first."""

    def restore(self, absent: Sequence[str]) -> None:
        """Remove what was absent, where nobody else has put anything into it."""

    def label(self, font: ValidFont, path: Path) -> str:
        """A name that nobody uses in the system's register of fonts; empty where it has none."""

    def enter(self, label: str, path: Path) -> None:
        """Make the file a font of the user's."""

    def leave(self, label: str, path: Path) -> None:
        """Make it none; what the register has under that label for another file stays."""

    def announce(self) -> None:
        """Tell programs, and caches, that fonts have come or gone."""

    def visible(self, wanted: Mapping[str, ValidFont | None]) -> set[str]:
        """Which of these PostScript names a program would find now. The fonts tell by what else to find them."""


def home(environ: Mapping[str, str], variable: str) -> Path:
    """The folder of the user's that this variable names.

    Raises:
        NoHome: it names none.
    """
    path = Path(environ.get(variable, ""))
    if not path.is_absolute():
        what = (
            f"{variable} is no absolute path"
            if environ.get(variable)
            else f"the environment has no {variable}"
        )
        raise NoHome(f"fonts cannot be installed: {what}; set it for the user that jobs run as")
    return path
