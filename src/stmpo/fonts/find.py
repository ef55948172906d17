"""Find the fonts of a project on this machine and decide whether they can travel.

A font is looked up by its PostScript name. If several files have the name, the best one is chosen: one that
may travel before one that may not, a face of that name before an instance of a variable font, then the user's
before the system's. The result is one of six states; only `FOUND` travels without being asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from stmpo.fonts.face import Face, family_key
from stmpo.fonts.index import IndexedFile, index_file, scan_fonts
from stmpo.fonts.licence import Embedding, embedding_of
from stmpo.fonts.places import Origin, font_folders

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path


class FontState(Enum):
    """The result of looking up one font."""

    FOUND = "found"
    """Its file is here and may travel."""

    RESTRICTED = "not embeddable"
    """Its file is here; its licence bits do not allow embedding."""

    SYNCED = "Adobe-synced"
    """It is activated from Adobe Fonts: every machine has to activate it for its own user."""

    LEGACY = "legacy"
    """A Type 1, bitmap or Mac suitcase font: After Effects no longer reads it, or reads it on Macs only."""

    SUBSTITUTED = "substituted"
    """It is not here; another face of its family is, which programs show instead."""

    MISSING = "missing"
    """No font of that name or family is here."""


_TRAVEL_ORDER = (FontState.FOUND, FontState.RESTRICTED, FontState.SYNCED, FontState.LEGACY)


@dataclass(frozen=True, slots=True)
class ProjectFont:
    """One font that was looked up."""

    name: str
    """The PostScript name."""

    state: FontState

    path: Path | None = None
    """The font file; None if it is not here."""

    face: Face | None = None
    """The face of the file; None for a legacy font."""

    style: str = ""
    """The style name; for a variable font, the style of the instance."""

    note: str = ""
    """The name of the font shown instead, or the kind of a legacy font."""

    other_versions: tuple[tuple[Path, str], ...] = ()
    """Other files with this name and another version, with those versions: programs may show any."""

    @property
    def family(self) -> str:
        """The family name; empty if it is not known."""
        return "" if self.face is None else self.face.family


def find(
    wanted: Collection[str], environ: Mapping[str, str], *, more: Iterable[Path] = ()
) -> list[ProjectFont]:
    """Look up each font in `more` and the folders of this system, with the user's index. Sorted by name."""
    if not wanted:
        return []
    return match_fonts(wanted, scan_fonts(font_folders(environ, more), index_file(environ)))


def match_fonts(wanted: Iterable[str], files: Iterable[IndexedFile]) -> list[ProjectFont]:
    """Match each wanted name with the best of these files. Sorted by name."""
    names = frozenset(wanted)
    best: dict[str, tuple[tuple[int, int], ProjectFont]] = {}
    families: dict[str, str] = {}
    versions: dict[str, dict[str, Path]] = {name: {} for name in names}
    for file in files:
        for face in file.faces:
            families.setdefault(family_key(face.names[0]), face.names[0])
        for distance, font in _matches(names, file):
            rank = (_TRAVEL_ORDER.index(font.state), distance)
            if font.name not in best or rank < best[font.name][0]:
                best[font.name] = rank, font
            if font.face is not None and font.path is not None and not distance:
                versions[font.name].setdefault(font.face.version, font.path)
    return [
        _with_other_versions(best[name][1], versions[name]) if name in best else _absent(name, families)
        for name in sorted(names)
    ]


def _with_other_versions(font: ProjectFont, versions: Mapping[str, Path]) -> ProjectFont:
    """Return the font with its other versions. An unknown version differs from none."""
    if font.face is None or not font.face.version:
        return font
    others = ((path, version) for version, path in versions.items() if version not in {"", font.face.version})
    return replace(font, other_versions=tuple(others))


def _matches(names: frozenset[str], file: IndexedFile) -> Iterator[tuple[int, ProjectFont]]:
    """Yield the wanted names in a file. Distance: 0 its own name, 1 an instance, 2 between instances."""
    path = file.file.path
    if file.legacy is not None:
        for name in names.intersection(file.legacy.names):
            yield 0, ProjectFont(name, FontState.LEGACY, path, note=file.legacy.kind)
    for face in file.faces:
        state = _state(file, face)
        own = names.intersection(face.names)
        listed = names.intersection(face.all_names()) - own
        others = names - own - listed if face.axes else ()
        for distance, group in enumerate((own, listed, others)):
            for name in group:
                style = face.style_of(name)
                if style is not None:
                    yield distance, ProjectFont(name, state, path, face, style)


def _state(file: IndexedFile, face: Face) -> FontState:
    if file.file.origin is Origin.SYNCED:
        return FontState.SYNCED
    if embedding_of(face.embedding) is Embedding.RESTRICTED:
        return FontState.RESTRICTED
    return FontState.FOUND


def _absent(name: str, families: Mapping[str, str]) -> ProjectFont:
    substitute = families.get(family_key(name))
    if substitute is None:
        return ProjectFont(name, FontState.MISSING)
    return ProjectFont(name, FontState.SUBSTITUTED, note=substitute)
