"""Where the fonts of a project lie on this machine, and whether they can travel.

A font is asked for by its PostScript name. Several files may have it: one that may travel goes before one that may not, a
font of its own before an instance of a variable one, and then the user's before the system's. What is found is said in
one of six states; only `FOUND` travels unasked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from stmpo.fonts.face import Face, family_key
from stmpo.fonts.index import Known, index_file, survey
from stmpo.fonts.licence import Embedding, embedding
from stmpo.fonts.places import Origin, font_folders

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from stmpo.fonts.index import Reader


class FontState(Enum):
    """What became of one font that was asked for."""

    FOUND = "found"
    """Its file is here and may travel."""

    RESTRICTED = "not embeddable"
    """Its file is here; its licence bits do not allow embedding."""

    SYNCED = "Adobe-synced"
    """It is activated from Adobe Fonts: every machine has to activate it for its own user."""

    LEGACY = "legacy"
    """It is a font of earlier times (Type 1, bitmap, Mac suitcase), which After Effects reads no longer or on Macs alone."""

    SUBSTITUTED = "substituted"
    """It is not here; another face of its family is, which programs show in its place."""

    MISSING = "missing"
    """Nothing of that name is here."""


_TRAVEL_ORDER = (FontState.FOUND, FontState.RESTRICTED, FontState.SYNCED, FontState.LEGACY)


@dataclass(frozen=True, slots=True)
class ProjectFont:
    """One font that was asked for."""

    name: str
    """Its PostScript name."""

    state: FontState

    path: Path | None = None
    """Its file; None where it is not here."""

    face: Face | None = None
    """Which face of the file it is; None for legacy fonts."""

    style: str = ""
    """As people call it; of a variable font, the instance's."""

    note: str = ""
    """What else is to be said: the stand-in's name, or the kind of a legacy font."""

    rivals: tuple[tuple[Path, str], ...] = ()
    """Other files of that very name whose versions differ from this one's, with these: programs may show any of them."""

    @property
    def family(self) -> str:
        """As people call it; empty where it is not known."""
        return "" if self.face is None else self.face.family


def find(
    wanted: Collection[str], environ: Mapping[str, str], *, more: Iterable[Path] = ()
) -> list[ProjectFont]:
    """Each font, by name. Looks through this system's folders and `more`, with this user's index."""
    if not wanted:
        return []
    return choose(wanted, survey(font_folders(environ, more), index_file(environ), reader()))


def reader() -> Reader:
    """FontTools where it is installed, loaded only when a file has to be read; else the standard library."""

    def read(path: Path) -> tuple[Face, ...]:
        try:
            from stmpo.fonts.opentype import read_faces  # noqa: PLC0415 - costs more than a whole look-up by index
        except ImportError:
            from stmpo.fonts.sfnt import read_faces  # noqa: PLC0415
        return read_faces(path)

    return read


def choose(wanted: Iterable[str], known: Iterable[Known]) -> list[ProjectFont]:
    """Each wanted font, by name, from what is there."""
    names = frozenset(wanted)
    best: dict[str, tuple[tuple[int, int], ProjectFont]] = {}
    families: dict[str, str] = {}
    versions: dict[str, dict[str, Path]] = {name: {} for name in names}
    for one in known:
        for face in one.faces:
            families.setdefault(family_key(face.names[0]), face.names[0])
        for closeness, font in _matches(names, one):
            rank = (_TRAVEL_ORDER.index(font.state), closeness)
            if font.name not in best or rank < best[font.name][0]:
                best[font.name] = rank, font
            if font.face is not None and font.path is not None and not closeness:
                versions[font.name].setdefault(font.face.version, font.path)
    return [
        _among(best[name][1], versions[name]) if name in best else _absent(name, families)
        for name in sorted(names)
    ]


def _among(font: ProjectFont, versions: Mapping[str, Path]) -> ProjectFont:
    """The font, with the other versions of it; versions that are not known differ from none."""
    if font.face is None or not font.face.version:
        return font
    others = ((path, version) for version, path in versions.items() if version not in {"", font.face.version})
    return replace(font, rivals=tuple(others))


def _matches(names: frozenset[str], one: Known) -> Iterator[tuple[int, ProjectFont]]:
    """The names that a file answers to, and how well: 0 its own, 1 an instance's, 2 a place between instances."""
    path = one.file.path
    if one.legacy is not None:
        for name in names.intersection(one.legacy.names):
            yield 0, ProjectFont(name, FontState.LEGACY, path, note=one.legacy.kind)
    for face in one.faces:
        state = _state(one, face)
        own = names.intersection(face.names)
        listed = names.intersection(face.all_names()) - own
        others = names - own - listed if face.axes else ()
        for closeness, group in enumerate((own, listed, others)):
            for name in group:
                style = face.style_of(name)
                if style is not None:
                    yield closeness, ProjectFont(name, state, path, face, style)


def _state(one: Known, face: Face) -> FontState:
    if one.file.origin is Origin.SYNCED:
        return FontState.SYNCED
    if embedding(face.embedding) is Embedding.RESTRICTED:
        return FontState.RESTRICTED
    return FontState.FOUND


def _absent(name: str, families: Mapping[str, str]) -> ProjectFont:
    stand_in = families.get(family_key(name))
    if stand_in is None:
        return ProjectFont(name, FontState.MISSING)
    return ProjectFont(name, FontState.SUBSTITUTED, note=stand_in)
