"""The fonts of one session: installed when it begins, read back, leased while it lives, removed when it ends.

    sweep what dead sessions left ─► what the machine has is used ─► what another session installed is shared
        ─► the rest is installed ─► all of it is looked for as a program would

Every call holds the user's book (`stmpo.fonts.install.lease_store`) from its beginning to its end, so sessions that
begin and end at once do so one after the other. A call that is killed leaves the book as it was at its last step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.fonts.install.lease_store import anything_kept, open_leases
from stmpo.fonts.install.manifest import load_font
from stmpo.fonts.install.session_liveness import lives, token_of
from stmpo.fonts.install.user_font_folder import UserFontFolder, is_ours
from stmpo.fonts.install.validate import NotAFont, ValidFont
from stmpo.fonts.places import find_fonts
from stmpo.fonts.sfnt import read_faces

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stmpo.fonts.install.lease_store import LeaseStore
    from stmpo.fonts.install.leases import LeasedFont, Leases
    from stmpo.fonts.install.manifest import Wanted
    from stmpo.fonts.install.protocol import FontSystem

PATIENCE = 120.0
"""Seconds to wait for another session of this user that installs or removes at the same time."""

SWEEPING = 5.0
"""The same, for a session that brings no fonts and only looks after what others left."""


_MOST_WORDS = 200
"""Characters of names in a message."""


@dataclass(slots=True)
class Report:
    """What became of a session's fonts. Fonts are named by their PostScript names, files by their paths."""

    installed: dict[str, str] = field(default_factory=dict)
    """Name to the file that was put there for it."""

    shared: dict[str, str] = field(default_factory=dict)
    """Name to the file that another session has installed, and that stays as long as this one needs it."""

    present: list[str] = field(default_factory=list)
    """Names that the machine has by itself."""

    differing: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Name to the version that is here by itself or by another session, and the one that came with the job."""

    refused: dict[str, str] = field(default_factory=dict)
    """Name to why its file was not installed, as the end of a sentence."""

    missing: list[str] = field(default_factory=list)
    """Names that a program would not find now."""

    removed: list[str] = field(default_factory=list)
    """Files that were this session's, or a dead one's, and have gone."""

    locked: list[str] = field(default_factory=list)
    """Files that should have gone and that some program has open: the next session tries again."""


def install(wanted: Sequence[Wanted], session: Path, system: FontSystem) -> Report:
    """Bring the fonts of a session, which lease until `remove` or the session's end.

    Again in the same session it installs what is lacking. With nothing wanted it only removes what dead sessions left.

    Raises:
        BadInput: another session has been at it for too long; OSError: the book cannot be kept.
    """
    report = Report()
    if not wanted and not anything_kept(system.state):
        return report
    with open_leases(system.state, PATIENCE if wanted else SWEEPING) as ledger:
        shelf = UserFontFolder(system, ledger)
        _release(shelf, report, dead_sessions(ledger.book, system))
        if wanted:
            ledger.book.sessions[str(session)] = token_of(session, system.boot())
            ledger.book.note((), system.absent())
            ledger.save()  # before anything is asked: already a look at the fonts may make a cache of them
            fonts = _Arrival(system, ledger, shelf, str(session), report).bring(wanted)
            system.announce()
            found = system.visible(fonts)
            report.missing = [name for name in fonts if name not in found]
    return report


def only_look(wanted: Sequence[Wanted], environ: Mapping[str, str]) -> Report:
    """What is here of a session's fonts, by the files in the folders that programs look into. Nothing is changed.

    For a user whose home cannot be written: nobody has installed fonts for that one, and what the machine has will do.
    """
    names = list(dict.fromkeys(wish.name for wish in wanted))
    here = find_fonts(names, environ)
    return Report(
        present=[name for name in names if name in here],
        missing=[name for name in names if name not in here],
    )


def remove(session: Path, system: FontSystem) -> Report:
    """End a session's leases, and remove what no other session uses. Without any there is nothing to do.

    Raises:
        BadInput: another session has been at it for too long; OSError: the book cannot be kept.
    """
    report = Report()
    if anything_kept(system.state):
        with open_leases(system.state, PATIENCE) as ledger:
            over = [*dead_sessions(ledger.book, system), str(session)]
            _release(UserFontFolder(system, ledger), report, over)
    return report


def dead_sessions(book: Leases, system: FontSystem) -> list[str]:
    """The sessions in the book that have ended without a word."""
    boot = system.boot()
    return [session for session, token in book.sessions.items() if not lives(session, token, boot)]


def _release(shelf: UserFontFolder, report: Report, sessions: Sequence[str]) -> None:
    gone, locked = shelf.release(sessions)
    report.removed += [held.path for held in gone]
    report.locked += [held.path for held in locked]


class _Arrival:
    """The fonts of one session as they come in."""

    def __init__(
        self, system: FontSystem, ledger: LeaseStore, shelf: UserFontFolder, session: str, report: Report
    ) -> None:
        self._system = system
        self._ledger = ledger
        self._book = ledger.book
        self._shelf = shelf
        self._session = session
        self._report = report
        self._lying: dict[str, Path] = {}
        self._came: dict[Path, ValidFont | None] = {}

    def bring(self, wanted: Sequence[Wanted]) -> dict[str, ValidFont | None]:
        """See to it that each font is there. Returns what is known of each, to look for it by."""
        names = [wish.name for wish in wanted]
        # What the machine has is told by files. What programs list may be another user's: Windows has one list for all
        # who share a logon session.
        self._lying = find_fonts(names, self._system.environ)
        known = {
            name: _lying_at(path)
            for name, path in self._lying.items()
            if self._held(name) is None  # else a session's end takes it away
        }
        listed = self._system.visible({name: known.get(name) for name in names})
        fonts: dict[str, ValidFont | None] = {}
        for wish in wanted:
            if wish.name in fonts:
                continue
            if wish.name in listed and wish.name in known:
                self._report.present.append(wish.name)
                fonts[wish.name] = known[wish.name]
            else:
                fonts[wish.name] = self._bring(wish, wanted)
            if wish.name not in self._report.installed:
                self._compare(wish, fonts[wish.name])
        if not any(self._session in held.sessions for held in self._book.fonts.values()):
            del self._book.sessions[self._session]  # it leases nothing
        self._ledger.save()
        return fonts

    def _bring(self, wish: Wanted, wanted: Sequence[Wanted]) -> ValidFont | None:
        """Share or install the font. Returns what lies there now; None for nothing."""
        try:
            held = self._lease(wish.name)
            if held is None and wish.file is not None:
                held = self._put_in(wish.name, wish.file, wanted)
        except NotAFont as error:
            self._report.refused[wish.name] = str(error)
        except OSError as error:
            self._report.refused[wish.name] = error.strerror or str(error)
        else:
            return None if held is None else _lying_at(Path(held.path))
        return None

    def _compare(self, wish: Wanted, here: ValidFont | None) -> None:
        """Note it where the font that is here is of another version than the one that came."""
        if here is None or wish.file is None:
            return
        if wish.file not in self._came:
            try:
                self._came[wish.file] = load_font(wish.file)
            except (NotAFont, OSError):  # it was not needed
                self._came[wish.file] = None
        came = self._came[wish.file]
        versions = here.version(wish.name), came.version(wish.name) if came else ""
        if all(versions) and versions[0] != versions[1]:
            self._report.differing[wish.name] = versions

    def _put_in(self, name: str, file: Path, wanted: Sequence[Wanted]) -> LeasedFont:
        font = load_font(file)
        if not font.answers(name):
            raise NotAFont(f"it holds {', '.join(font.names)[:_MOST_WORDS]} instead")
        names = {other.name for other in wanted if other.file == file and font.answers(other.name)}
        held = self._shelf.put_in(font, file.name, sorted(names.union(font.names)), self._session)
        self._report.installed[name] = held.path
        return held

    def _lease(self, name: str) -> LeasedFont | None:
        """Use what is installed already, by this session or another one."""
        held = self._held(name)
        if held is None:
            return None
        report = self._report
        if self._session not in held.sessions or held.path in report.shared.values():
            report.shared[name] = held.path
        else:
            report.installed[name] = held.path
        return self._shelf.take_over(held, self._session)

    def _held(self, name: str) -> LeasedFont | None:
        """The font of that name that a session has installed, if it is still there as it was."""
        lying = self._lying.get(name)  # by a name of a variable font that nobody has asked for before
        held = self._book.holding(name) or self._book.fonts.get(str(lying))
        return held if held is not None and is_ours(held) else None


def _lying_at(path: Path) -> ValidFont:
    """The font of a file that programs may find, by its names alone."""
    return ValidFont(b"", read_faces(path), path)
