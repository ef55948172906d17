"""By hand what every session does when it begins: remove the fonts that no living session uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.fonts.install.install import PATIENCE, dead_sessions
from stmpo.fonts.install.lease_store import anything_kept, open_leases, peek
from stmpo.fonts.install.platform import this_system
from stmpo.fonts.install.user_font_folder import UserFontFolder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stmpo.fonts.install.leases import LeasedFont, Leases
    from stmpo.fonts.install.protocol import FontSystem


@dataclass(frozen=True, slots=True)
class InstalledFont:
    """A font file that a job has installed for this user."""

    path: str
    names: tuple[str, ...]
    """The PostScript names that it answers to."""

    sessions: tuple[str, ...]
    """The folders of the living sessions that use it."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was found; each font stands in one of the three."""

    kept: tuple[InstalledFont, ...]
    """A living session uses it."""

    removed: tuple[InstalledFont, ...]
    """Nobody used it: it has gone; of a dry run, it would go."""

    locked: tuple[InstalledFont, ...]
    """Nobody uses it, and some program has it open: the next session, or the next call, tries again."""


def clean(environ: Mapping[str, str], *, dry_run: bool = False, everything: bool = False) -> Cleaned:
    """Remove the fonts that jobs have left behind for the user of this environment.

    `dry_run` only looks: it changes nothing, and waits for nobody. `everything` takes no session for alive: somebody
    knows that none is.

    Raises:
        BadInput: the environment does not say where the user's files lie, another process has been working on the same
            fonts for two minutes, or a later version of this program has.
        OSError: the book of leases cannot be read or written.
    """
    system = this_system(environ)
    if not anything_kept(system.state):
        return Cleaned((), (), ())
    if dry_run:
        book = peek(system.state)
        book.release(_over(book, system, everything=everything))
        return Cleaned(_kept(book), _shown(book.unused()), ())
    with open_leases(system.state, PATIENCE) as ledger:
        book = ledger.book
        gone, locked = UserFontFolder(system, ledger).release(_over(book, system, everything=everything))
        return Cleaned(_kept(book), _shown(gone), _shown(locked))


def _over(book: Leases, system: FontSystem, *, everything: bool) -> list[str]:
    if not everything:
        return dead_sessions(book, system)
    leased = (session for held in book.fonts.values() for session in held.sessions)
    return list(dict.fromkeys([*book.sessions, *leased]))


def _kept(book: Leases) -> tuple[InstalledFont, ...]:
    return _shown(held for held in book.fonts.values() if held.sessions)


def _shown(fonts: Iterable[LeasedFont]) -> tuple[InstalledFont, ...]:
    return tuple(InstalledFont(held.path, held.names, tuple(sorted(held.sessions))) for held in fonts)
