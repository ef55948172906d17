"""The fonts of one session: install them when it begins, verify them, lease them, remove them when it ends.

    remove what dead sessions left ─► use what the machine has ─► share what another session installed
        ─► install the rest ─► look for every font as a program would

Every call holds the lock on the user's leases (`stmpo.fonts.install.lease_store`) from beginning to end, so
sessions that begin and end at the same time take turns. If a call is killed, the leases show the last step
that it took.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.fonts.install.lease_store import has_leases, open_leases
from stmpo.fonts.install.manifest import load_font
from stmpo.fonts.install.session_liveness import is_alive, make_token
from stmpo.fonts.install.user_font_folder import UserFontFolder, is_ours
from stmpo.fonts.install.validate import NotAFont, ValidFont
from stmpo.fonts.places import find_fonts
from stmpo.fonts.sfnt import read_faces

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stmpo.fonts.install.lease_store import LeaseStore
    from stmpo.fonts.install.leases import LeasedFont, Leases
    from stmpo.fonts.install.manifest import WantedFont
    from stmpo.fonts.install.protocol import FontSystem

LOCK_TIMEOUT = 120.0
"""Seconds to wait for another session of this user that installs or removes fonts at the same time."""

SWEEP_TIMEOUT = 5.0
"""The same for a session without fonts, which only removes what dead sessions left."""

_MAX_NAMES_LENGTH = 200
"""Characters of font names in a message."""


@dataclass(slots=True)
class FontReport:
    """What happened to a session's fonts. Fonts are given by PostScript name, files by path."""

    installed: dict[str, str] = field(default_factory=dict)
    """Name to the file that was installed for it."""

    shared: dict[str, str] = field(default_factory=dict)
    """Name to the file that another session installed. It stays as long as this session needs it."""

    present: list[str] = field(default_factory=list)
    """Names that the machine has anyway."""

    differing: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Name to two versions: of the font that is used, and of the one that came with the job."""

    refused: dict[str, str] = field(default_factory=dict)
    """Name to the reason that its file was not installed, as the end of a sentence."""

    missing: list[str] = field(default_factory=list)
    """Names that a program would not find now."""

    removed: list[str] = field(default_factory=list)
    """Files of this session or of dead ones that were removed."""

    locked: list[str] = field(default_factory=list)
    """Files that some program still has open: the next session tries again."""


def install(wanted: Sequence[WantedFont], session: Path, system: FontSystem) -> FontReport:
    """Install the fonts of a session and lease them until `remove` or the end of the session.

    A second call in the same session installs what is missing. Without wanted fonts, only what dead sessions
    left is removed.

    Raises:
        BadInput: another session has held the lock for too long.
        OSError: the leases cannot be written.
    """
    report = FontReport()
    if not wanted and not has_leases(system.state):
        return report
    with open_leases(system.state, LOCK_TIMEOUT if wanted else SWEEP_TIMEOUT) as store:
        folder = UserFontFolder(system, store)
        _release(folder, report, dead_sessions(store.leases, system))
        if wanted:
            store.leases.sessions[str(session)] = make_token(session, system.boot_id())
            store.leases.add_created((), system.missing_extras())
            store.save()  # before any look-up, which may already create a font cache
            fonts = _Installation(system, store, folder, str(session), report).run(wanted)
            system.notify_programs()
            found = system.visible(fonts)
            report.missing = [name for name in fonts if name not in found]
    return report


def report_present(wanted: Sequence[WantedFont], environ: Mapping[str, str]) -> FontReport:
    """Report which fonts are in the folders that programs search. Nothing is changed.

    For a user whose home folder cannot be written: no session has installed fonts for that user.
    """
    names = list(dict.fromkeys(entry.name for entry in wanted))
    here = find_fonts(names, environ)
    return FontReport(
        present=[name for name in names if name in here],
        missing=[name for name in names if name not in here],
    )


def remove(session: Path, system: FontSystem) -> FontReport:
    """End a session's leases and remove the fonts that no other session uses.

    Raises:
        BadInput: another session has held the lock for too long.
        OSError: the leases cannot be written.
    """
    report = FontReport()
    if has_leases(system.state):
        with open_leases(system.state, LOCK_TIMEOUT) as store:
            ended = [*dead_sessions(store.leases, system), str(session)]
            _release(UserFontFolder(system, store), report, ended)
    return report


def dead_sessions(leases: Leases, system: FontSystem) -> list[str]:
    """Return the sessions that ended without releasing their leases."""
    boot_id = system.boot_id()
    return [session for session, token in leases.sessions.items() if not is_alive(session, token, boot_id)]


def _release(folder: UserFontFolder, report: FontReport, sessions: Sequence[str]) -> None:
    gone, locked = folder.release(sessions)
    report.removed += [leased.path for leased in gone]
    report.locked += [leased.path for leased in locked]


class _Installation:
    """The installation of one session's fonts."""

    def __init__(
        self, system: FontSystem, store: LeaseStore, folder: UserFontFolder, session: str, report: FontReport
    ) -> None:
        self._system = system
        self._store = store
        self._leases = store.leases
        self._folder = folder
        self._session = session
        self._report = report
        self._on_disk: dict[str, Path] = {}
        self._delivered: dict[Path, ValidFont | None] = {}

    def run(self, wanted: Sequence[WantedFont]) -> dict[str, ValidFont | None]:
        """Make each font available. Return the font used for each name; None if there is none."""
        names = [entry.name for entry in wanted]
        # What the machine has is decided by files. A list from programs may include another user's fonts:
        # Windows has one list for all users of a logon session.
        self._on_disk = find_fonts(names, self._system.environ)
        known = {
            name: _font_at(path)
            for name, path in self._on_disk.items()
            if self._leased(name) is None  # a leased font goes with its sessions
        }
        listed = self._system.visible({name: known.get(name) for name in names})
        fonts: dict[str, ValidFont | None] = {}
        for entry in wanted:
            if entry.name in fonts:
                continue
            if entry.name in listed and entry.name in known:
                self._report.present.append(entry.name)
                fonts[entry.name] = known[entry.name]
            else:
                fonts[entry.name] = self._provide(entry, wanted)
            if entry.name not in self._report.installed:
                self._compare(entry, fonts[entry.name])
        if not any(self._session in leased.sessions for leased in self._leases.fonts.values()):
            del self._leases.sessions[self._session]  # it leases nothing
        self._store.save()
        return fonts

    def _provide(self, entry: WantedFont, wanted: Sequence[WantedFont]) -> ValidFont | None:
        """Share or install the font. Return the font that is there now; None if there is none."""
        try:
            leased = self._share(entry.name)
            if leased is None and entry.file is not None:
                leased = self._install(entry.name, entry.file, wanted)
        except NotAFont as error:
            self._report.refused[entry.name] = str(error)
        except OSError as error:
            self._report.refused[entry.name] = error.strerror or str(error)
        else:
            return None if leased is None else _font_at(Path(leased.path))
        return None

    def _compare(self, entry: WantedFont, here: ValidFont | None) -> None:
        """Report if the font that is used has another version than the one that came with the job."""
        if here is None or entry.file is None:
            return
        if entry.file not in self._delivered:
            try:
                self._delivered[entry.file] = load_font(entry.file)
            except (NotAFont, OSError):  # it is not needed
                self._delivered[entry.file] = None
        delivered = self._delivered[entry.file]
        versions = here.version(entry.name), delivered.version(entry.name) if delivered else ""
        if all(versions) and versions[0] != versions[1]:
            self._report.differing[entry.name] = versions

    def _install(self, name: str, file: Path, wanted: Sequence[WantedFont]) -> LeasedFont:
        font = load_font(file)
        if not font.has_name(name):
            raise NotAFont(f"it holds {', '.join(font.names)[:_MAX_NAMES_LENGTH]} instead")
        names = {other.name for other in wanted if other.file == file and font.has_name(other.name)}
        leased = self._folder.install(font, file.name, sorted(names.union(font.names)), self._session)
        self._report.installed[name] = leased.path
        return leased

    def _share(self, name: str) -> LeasedFont | None:
        """Lease a font that this session or another one has installed; None if there is none."""
        leased = self._leased(name)
        if leased is None:
            return None
        report = self._report
        if self._session not in leased.sessions or leased.path in report.shared.values():
            report.shared[name] = leased.path
        else:
            report.installed[name] = leased.path
        return self._folder.lease(leased, self._session)

    def _leased(self, name: str) -> LeasedFont | None:
        """Return the font of that name that a session has installed, if its file is unchanged."""
        # By path too: this may be a name of a variable font that no session has asked for before.
        leased = self._leases.find(name) or self._leases.fonts.get(str(self._on_disk.get(name)))
        return leased if leased is not None and is_ours(leased) else None


def _font_at(path: Path) -> ValidFont:
    """Return the font of a file that programs may find: its names only."""
    return ValidFont(b"", read_faces(path), path)
