"""Which session uses which installed font: the leases that a user's sessions on one machine share.

    planned ──► installed ──► leaving ──► forgotten
       ▲            │            │
       └────────────┴────────────┘   a session that arrives in time takes the font over

Every step is saved before it is taken and again when it is done. If a process is killed in between, the
leases name everything that it may have left behind: every stage can be repeated from its beginning, and
`leaving` removes only files that are provably ours.

A lease is the name of a session in a font's `sessions`. A font stays until its last lease has ended.
`stmpo.fonts.install.lease_store` keeps the leases on disk.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

VERSION = 1
"""The version of the JSON document."""


class Stage(Enum):
    """How far the installation of a font has come."""

    PLANNED = "planned"
    """The file may be there and the system may know it; neither is confirmed."""

    INSTALLED = "installed"
    """The file is there and the system knows it."""

    LEAVING = "leaving"
    """It is being removed, or is still open in some program: the next session tries again."""


@dataclass(frozen=True, slots=True)
class LeaseHolder:
    """The process that lives as long as a session: the worker agent."""

    pid: int
    started: float
    """Start time, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class SessionToken:
    """What identifies a living session; see `stmpo.fonts.install.session_liveness`."""

    host: str
    boot_id: str
    """Differs after each start of the machine; empty if the system has no such identity."""

    holder: LeaseHolder | None
    since: float
    """When the session began, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class LeasedFont:
    """A font file that this program has put, or is about to put, into the user's font folder."""

    path: str
    names: tuple[str, ...]
    """The PostScript names in it."""

    digest: str
    """SHA-256 of its bytes. A file of other content at this path is not ours."""

    label: str
    """The name of its registry value; empty if the system has no register of fonts."""

    stage: Stage = Stage.PLANNED
    sessions: frozenset[str] = frozenset()
    """The folders of the sessions that use it."""

    file_identity: tuple[int, int] | None = None
    """Inode and modification time (ns) when it was installed. A file that was written again since is not
    ours."""


@dataclass(slots=True)
class Leases:
    """Everything that this program has changed for a user."""

    sessions: dict[str, SessionToken] = field(default_factory=dict)
    """By session folder."""

    fonts: dict[str, LeasedFont] = field(default_factory=dict)
    """By path."""

    folders: list[str] = field(default_factory=list)
    """Folders that this program created, outermost first."""

    extras: list[str] = field(default_factory=list)
    """What else was created: registry keys, a cache. Each system's module knows what they mean."""

    def __bool__(self) -> bool:
        """Return whether there is anything to remember."""
        return bool(self.sessions or self.fonts or self.folders or self.extras)

    def put(self, leased: LeasedFont) -> LeasedFont:
        """Add an entry, or replace the one with that path."""
        self.fonts[leased.path] = leased
        return leased

    def find(self, name: str) -> LeasedFont | None:
        """Return the font with this PostScript name, an installed one first."""
        order = [Stage.INSTALLED, Stage.PLANNED, Stage.LEAVING]
        matches = [leased for leased in self.fonts.values() if name in leased.names]
        return min(matches, key=lambda leased: order.index(leased.stage), default=None)

    def release(self, sessions: Iterable[str]) -> None:
        """End the leases of these sessions."""
        ended = frozenset(sessions)
        for leased in list(self.fonts.values()):
            self.put(replace(leased, sessions=leased.sessions - ended))
        for session in ended:
            self.sessions.pop(session, None)

    def unused(self) -> list[LeasedFont]:
        """Return the fonts without a lease."""
        return [leased for leased in self.fonts.values() if not leased.sessions]

    def add_created(self, folders: Collection[str], extras: Collection[str]) -> None:
        """Remember folders and extras that are about to be created."""
        self.folders += [folder for folder in folders if folder not in self.folders]
        self.extras += [extra for extra in extras if extra not in self.extras]


def to_json(leases: Leases) -> dict[str, Any]:
    """Return the leases as JSON values."""
    return {
        "version": VERSION,
        "sessions": {session: _write_token(token) for session, token in sorted(leases.sessions.items())},
        "fonts": [_write_font(leased) for _, leased in sorted(leases.fonts.items())],
        "folders": leases.folders,
        "extras": leases.extras,
    }


def from_json(value: Any) -> Leases:
    """Return the leases that `to_json` wrote.

    Raises:
        ValueError, KeyError, TypeError, AttributeError, OverflowError: the value is damaged.
    """
    if value["version"] != VERSION:
        raise ValueError(value["version"])
    return Leases(
        sessions={_text(session): _read_token(token) for session, token in value["sessions"].items()},
        fonts={leased.path: leased for leased in _read_fonts(value["fonts"])},
        folders=[_path(folder) for folder in value["folders"]],
        extras=[_text(extra) for extra in value["extras"]],
    )


def _write_token(token: SessionToken) -> dict[str, Any]:
    holder = None if token.holder is None else [token.holder.pid, token.holder.started]
    return {"host": token.host, "boot": token.boot_id, "keeper": holder, "since": token.since}


def _read_token(value: Mapping[str, Any]) -> SessionToken:
    process = value["keeper"]
    holder = None if process is None else LeaseHolder(int(process[0]), float(process[1]))
    if holder is not None and holder.pid < 0:
        raise ValueError(holder)
    return SessionToken(_text(value["host"]), _text(value["boot"]), holder, float(value["since"]))


def _write_font(leased: LeasedFont) -> dict[str, Any]:
    return {
        "path": leased.path,
        "names": list(leased.names),
        "digest": leased.digest,
        "label": leased.label,
        "stage": leased.stage.value,
        "sessions": sorted(leased.sessions),
        "mark": leased.file_identity,
    }


def _read_fonts(values: Iterable[Mapping[str, Any]]) -> Iterator[LeasedFont]:
    for value in values:
        mark = value["mark"]
        yield LeasedFont(
            path=_path(value["path"]),
            names=tuple(map(_text, value["names"])),
            digest=_text(value["digest"]),
            label=_text(value["label"]),
            stage=Stage(value["stage"]),
            sessions=frozenset(map(_text, value["sessions"])),
            file_identity=None if mark is None else (int(mark[0]), int(mark[1])),
        )


def _path(value: Any) -> str:
    """Return an absolute path: this program only creates files with such paths."""
    if not Path(_text(value)).is_absolute():
        raise ValueError(value)
    return str(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    if "\0" in value:
        raise ValueError(value)
    os.fsencode(value)  # ValueError: half a character, which no file name can hold
    return value
