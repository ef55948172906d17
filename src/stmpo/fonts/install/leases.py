"""Who uses which installed font: the book that a user's sessions on one machine share.

    planned ──► installed ──► leaving ──► forgotten
       ▲            │            │
       └────────────┴────────────┘   a session that comes in time takes the font over

What is about to happen is written down before it happens, and again when it has happened. Whoever finds the book after
a process was killed between the two knows everything that may lie about: every stage can be done again from its
beginning, and `leaving` only ever takes away what is provably ours.

A lease is a session's name in a font's `sessions`. The font stays until the last one has gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

VERSION = 1


class Stage(Enum):
    """How far a font has come."""

    PLANNED = "planned"
    """It may lie in the fonts folder, and the system may know it: nobody has seen both."""

    INSTALLED = "installed"
    """It lies there and the system was told."""

    LEAVING = "leaving"
    """It is being removed, or could not be because somebody has it open: the next session tries again."""


@dataclass(frozen=True, slots=True)
class LeaseHolder:
    """A process that lives as long as a session does."""

    pid: int
    started: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Token:
    """By what a session is known to live; see `stmpo.fonts.install.session_liveness`."""

    host: str
    boot: str
    """What is another after each start of the machine; empty where the system has no such thing."""

    keeper: LeaseHolder | None
    since: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class LeasedFont:
    """A font file that this program has put, or is about to put, into the user's fonts folder."""

    path: str
    names: tuple[str, ...]
    """The PostScript names that it answers to."""

    digest: str
    """SHA-256 of its bytes: a file of other content in its place is somebody else's."""

    label: str
    """The name of its registry value; empty where the system keeps no such register."""

    stage: Stage = Stage.PLANNED
    sessions: frozenset[str] = frozenset()
    """The folders of the sessions that use it."""

    mark: tuple[int, int] | None = None
    """File number and time of change (ns) when it was installed: a file written again since is somebody else's."""


@dataclass(slots=True)
class Leases:
    """All that this program has changed for a user. Values only; `stmpo.fonts.install.lease_store` keeps it on disk."""

    sessions: dict[str, Token] = field(default_factory=dict)
    fonts: dict[str, LeasedFont] = field(default_factory=dict)
    """By path."""

    folders: list[str] = field(default_factory=list)
    """Folders that were not there before, outermost first."""

    extras: list[str] = field(default_factory=list)
    """What else was not there before: registry keys, a cache. The system's file knows what they are."""

    def __bool__(self) -> bool:
        """Whether there is anything to remember."""
        return bool(self.sessions or self.fonts or self.folders or self.extras)

    def put(self, held: LeasedFont) -> LeasedFont:
        """Write an entry, in place of the one of that path."""
        self.fonts[held.path] = held
        return held

    def holding(self, name: str) -> LeasedFont | None:
        """The font of that PostScript name, the surest one first."""
        order = [Stage.INSTALLED, Stage.PLANNED, Stage.LEAVING]
        mine = sorted(
            (held for held in self.fonts.values() if name in held.names),
            key=lambda held: order.index(held.stage),
        )
        return mine[0] if mine else None

    def release(self, sessions: Iterable[str]) -> None:
        """End the leases of these sessions."""
        gone = frozenset(sessions)
        for held in list(self.fonts.values()):
            self.put(replace(held, sessions=held.sessions - gone))
        for session in gone:
            self.sessions.pop(session, None)

    def unused(self) -> list[LeasedFont]:
        """The fonts that no session uses."""
        return [held for held in self.fonts.values() if not held.sessions]

    def note(self, folders: Collection[str], extras: Collection[str]) -> None:
        """Remember what is about to be made."""
        self.folders += [folder for folder in folders if folder not in self.folders]
        self.extras += [extra for extra in extras if extra not in self.extras]


def to_json(book: Leases) -> dict[str, Any]:
    """The book as plain values."""
    return {
        "version": VERSION,
        "sessions": {session: _token(token) for session, token in sorted(book.sessions.items())},
        "fonts": [_held(held) for _, held in sorted(book.fonts.items())],
        "folders": book.folders,
        "extras": book.extras,
    }


def from_json(value: Any) -> Leases:
    """The book that `to_json` wrote.

    Raises:
        ValueError, KeyError, TypeError, AttributeError, OverflowError: it is no such book.
    """
    if value["version"] != VERSION:
        raise ValueError(value["version"])
    fonts = list(_read_fonts(value["fonts"]))
    return Leases(
        sessions={_text(session): _read_token(token) for session, token in value["sessions"].items()},
        fonts={held.path: held for held in fonts},
        folders=[_path(folder) for folder in value["folders"]],
        extras=[_text(extra) for extra in value["extras"]],
    )


def _token(token: Token) -> dict[str, Any]:
    keeper = None if token.keeper is None else [token.keeper.pid, token.keeper.started]
    return {"host": token.host, "boot": token.boot, "keeper": keeper, "since": token.since}


def _read_token(value: Mapping[str, Any]) -> Token:
    keeper = (
        None if value["keeper"] is None else LeaseHolder(int(value["keeper"][0]), float(value["keeper"][1]))
    )
    if keeper is not None and keeper.pid < 0:
        raise ValueError(keeper)
    return Token(_text(value["host"]), _text(value["boot"]), keeper, float(value["since"]))


def _held(held: LeasedFont) -> dict[str, Any]:
    return {
        "path": held.path,
        "names": list(held.names),
        "digest": held.digest,
        "label": held.label,
        "stage": held.stage.value,
        "sessions": sorted(held.sessions),
        "mark": held.mark,
    }


def _read_fonts(values: Iterable[Mapping[str, Any]]) -> Iterator[LeasedFont]:
    for value in values:
        mark = None if value["mark"] is None else (int(value["mark"][0]), int(value["mark"][1]))
        yield LeasedFont(
            path=_path(value["path"]),
            names=tuple(map(_text, value["names"])),
            digest=_text(value["digest"]),
            label=_text(value["label"]),
            stage=Stage(value["stage"]),
            sessions=frozenset(map(_text, value["sessions"])),
            mark=mark,
        )


def _path(value: Any) -> str:
    """A path that a file can have: what this program has made is absolute."""
    if not Path(_text(value)).is_absolute():
        raise ValueError(value)
    return str(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    if "\0" in value:
        raise ValueError(value)
    return value
