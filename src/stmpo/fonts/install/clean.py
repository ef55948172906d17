"""Remove fonts that no living session uses, on request. Every session does the same when it begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.fonts.install.install import LOCK_TIMEOUT, dead_sessions
from stmpo.fonts.install.lease_store import has_leases, open_leases, read_leases
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
    """The PostScript names in it."""

    sessions: tuple[str, ...]
    """The folders of the living sessions that use it."""


@dataclass(frozen=True, slots=True)
class CleanReport:
    """The result of cleaning; each font is in one of the three lists."""

    kept: tuple[InstalledFont, ...]
    """A living session uses it."""

    removed: tuple[InstalledFont, ...]
    """No session used it and it was removed; in a dry run, it would be removed."""

    locked: tuple[InstalledFont, ...]
    """No session uses it, but some program has it open: the next session or the next call tries again."""


def clean(environ: Mapping[str, str], *, dry_run: bool = False, everything: bool = False) -> CleanReport:
    """Remove the fonts that jobs have left behind for the user of this environment.

    `dry_run` changes nothing and waits for no lock. `everything` treats all sessions as dead: the user knows
    that none is running.

    Raises:
        BadInput: the environment does not name the user's folders, another process has been working on the
        same
            fonts for `LOCK_TIMEOUT` seconds, or a later version of stmpo wrote the leases.
        OSError: the leases cannot be read or written.
    """
    system = this_system(environ)
    if not has_leases(system.state):
        return CleanReport((), (), ())
    if dry_run:
        leases = read_leases(system.state)
        leases.release(_ended(leases, system, everything=everything))
        return CleanReport(_kept(leases), _shown(leases.unused()), ())
    with open_leases(system.state, LOCK_TIMEOUT) as store:
        ended = _ended(store.leases, system, everything=everything)
        gone, locked = UserFontFolder(system, store).release(ended)
        return CleanReport(_kept(store.leases), _shown(gone), _shown(locked))


def _ended(leases: Leases, system: FontSystem, *, everything: bool) -> list[str]:
    if not everything:
        return dead_sessions(leases, system)
    with_fonts = (session for leased in leases.fonts.values() for session in leased.sessions)
    return list(dict.fromkeys([*leases.sessions, *with_fonts]))


def _kept(leases: Leases) -> tuple[InstalledFont, ...]:
    return _shown(leased for leased in leases.fonts.values() if leased.sessions)


def _shown(fonts: Iterable[LeasedFont]) -> tuple[InstalledFont, ...]:
    return tuple(InstalledFont(leased.path, leased.names, tuple(sorted(leased.sessions))) for leased in fonts)
