"""The fonts that travel with a job: which files, and under which names.

    scripts/fonts/fonts.json    every font that the project uses, and the copy that it lies in (null: none travels)
    scripts/fonts/…             the copies

A font travels where it was found, unless its licence bits or its activation from Adobe Fonts speak against it; these go
only when they are asked for. A file is looked through as a worker will look it through, so what a worker would refuse
is said here. Equal files go once. Where all of them are more than the limit, the smallest go: of as many fonts as
possible nothing is missing.

A copy is called as the first font that lies in it, in letters that every file system takes.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stmpo.fonts.find import FontState, ProjectFont
from stmpo.fonts.install.manifest import FILE
from stmpo.fonts.install.validate import NotAFont, examine
from stmpo.system.paths.windows import path_problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

FOLDER = "fonts"
"""Beside the job's scripts."""

LIMIT = 250 * 10**6
"""Bytes of all copies together, at most, unless more is allowed."""

_LONGEST = 60
_ODD = re.compile(r"[^A-Za-z0-9._-]")
_EXTENSIONS = {b"OTTO": ".otf", b"ttcf": ".ttc"}


@dataclass(frozen=True, slots=True)
class Policy:
    """What may travel."""

    nothing: bool = False
    """No font: workers have them, and look."""

    everything: bool = False
    """Also those that licence bits or Adobe Fonts speak against: somebody knows that they may."""

    limit: int = LIMIT
    """Bytes of all copies."""

    @property
    def states(self) -> frozenset[FontState]:
        """The states of fonts that travel."""
        if self.nothing:
            return frozenset()
        asked = {FontState.RESTRICTED, FontState.SYNCED} if self.everything else set()
        return frozenset({FontState.FOUND, *asked})


@dataclass(frozen=True, slots=True)
class Copy:
    """A font file that travels."""

    name: str
    """Of the copy."""

    source: Path
    size: int


@dataclass(frozen=True, slots=True)
class CollectedFonts:
    """The fonts of a job."""

    fonts: tuple[ProjectFont, ...] = ()
    """Every font that the project uses."""

    files: tuple[tuple[str, str | None], ...] = ()
    """PostScript name and copy of each, by name."""

    copies: tuple[Copy, ...] = ()

    damaged: tuple[tuple[ProjectFont, str], ...] = ()
    """Fonts whose files a worker would refuse, and why."""

    over: tuple[tuple[ProjectFont, int], ...] = ()
    """Fonts that the limit leaves no room for, and the bytes of their files."""

    @property
    def bytes(self) -> int:
        """Of all copies."""
        return sum(copy.size for copy in self.copies)

    def text(self) -> str:
        """The list that a worker reads."""
        entries = [{"postScriptName": name, "file": file} for name, file in self.files]
        return json.dumps({"fonts": entries}, indent=1, ensure_ascii=False) + "\n"

    def paths(self, scripts: Path) -> list[Path]:
        """Where the copies lie in a bundle with this scripts folder."""
        return [scripts / FOLDER / copy.name for copy in self.copies]

    def write(self, scripts: Path) -> None:
        """Write list and copies below a scripts folder; nothing where the project uses no font.

        Raises:
            OSError: a file cannot be read or written.
        """
        if not self.files:
            return
        folder = scripts / FOLDER
        folder.mkdir(parents=True)
        (folder / FILE).write_text(self.text(), encoding="utf-8", newline="\n")
        for copy in self.copies:
            shutil.copyfile(copy.source, folder / copy.name)


@dataclass(slots=True)
class _File:
    """One file by its content, and the fonts that lie in it."""

    source: Path
    size: int
    extension: str
    fonts: list[ProjectFont] = field(default_factory=list)


def collect(fonts: Iterable[ProjectFont], policy: Policy) -> CollectedFonts:
    """What travels of these fonts. Reads each file once, and writes nothing."""
    everything = tuple(sorted(fonts, key=lambda font: font.name))
    files, damaged = _files([font for font in everything if font.state in policy.states])
    taken, over = _within(files, policy.limit)
    copies: dict[str, str] = {}
    names: set[str] = set()
    packed = []
    for file in taken:
        name = _unique(copy_name(file.fonts[0].name, file.extension), names)
        packed.append(Copy(name, file.source, file.size))
        copies |= {font.name: name for font in file.fonts}
    return CollectedFonts(
        fonts=everything,
        files=tuple((font.name, copies.get(font.name)) for font in everything),
        copies=tuple(packed),
        damaged=tuple(damaged),
        over=tuple((font, file.size) for file in over for font in file.fonts),
    )


def copy_name(postscript: str, extension: str) -> str:
    """A file name from a PostScript name, for every file system."""
    stem = _ODD.sub("_", postscript)
    dots = len(stem) - len(stem.lstrip("."))
    stem = ("_" * dots + stem[dots:])[:_LONGEST]
    name = stem + extension
    return f"_{name}" if path_problem(name) else name


def _files(fonts: Sequence[ProjectFont]) -> tuple[list[_File], list[tuple[ProjectFont, str]]]:
    """The files that these fonts lie in, each content once, in the order of the fonts; and what is wrong with others."""
    by_path: dict[Path, _File | str] = {}
    by_content: dict[bytes, _File] = {}
    damaged = []
    for font in fonts:
        assert font.path is not None, "what may travel was found"
        if font.path not in by_path:
            by_path[font.path] = _looked_at(font.path, by_content)
        file = by_path[font.path]
        if isinstance(file, str):
            damaged.append((font, file))
        else:
            file.fonts.append(font)
    return list(by_content.values()), damaged


def _looked_at(path: Path, known: dict[bytes, _File]) -> _File | str:
    """The file, as it is known under another path already where the bytes are equal; or what is wrong with it."""
    try:
        data = path.read_bytes()
        examine(data)
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
    except NotAFont as error:
        return str(error)
    file = _File(path, len(data), _EXTENSIONS.get(data[:4], ".ttf"))
    return known.setdefault(hashlib.sha256(data).digest(), file)


def _within(files: list[_File], limit: int) -> tuple[list[_File], list[_File]]:
    """The smallest files that are within the limit together, and the others; both in the given order."""
    left = limit
    taken = set()
    for number, file in sorted(enumerate(files), key=lambda one: one[1].size):
        if file.size > left:
            break
        left -= file.size
        taken.add(number)
    return (
        [file for number, file in enumerate(files) if number in taken],
        [file for number, file in enumerate(files) if number not in taken],
    )


def _unique(name: str, taken: set[str]) -> str:
    """The name, with a number before its extension where it is taken, without regard to case."""
    stem, _, extension = name.rpartition(".")
    number = 1
    while name.lower() in taken:
        number += 1
        name = f"{stem}-{number}.{extension}"
    taken.add(name.lower())
    return name
