"""Select and copy the font files that travel with a job.

    scripts/fonts/fonts.json    every font of the project, with its copy (null: it does not travel)
    scripts/fonts/…             the copies

- A font that was found travels. One that is restricted by its licence bits, or activated from Adobe Fonts,
  travels only with `--all-fonts`.
- A file is validated as a worker will validate it, so that a damaged font is reported now.
- Equal files travel once.
- If all files exceed the size limit, the smallest travel, so that as many fonts as possible do.
- A copy is named after its first font, in characters that every file system accepts.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stmpo.fonts.find import FontState, ProjectFont
from stmpo.fonts.install.manifest import MANIFEST_FILE
from stmpo.fonts.install.validate import NotAFont, validate_font
from stmpo.system.paths.windows import path_problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

FOLDER = "fonts"
"""The folder of the copies, below the job's scripts folder."""

SIZE_LIMIT = 250 * 10**6
"""The default limit of all copies together, in bytes."""

_MAX_STEM_LENGTH = 60
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_EXTENSIONS = {b"OTTO": ".otf", b"ttcf": ".ttc"}


@dataclass(frozen=True, slots=True)
class CollectPolicy:
    """Which fonts may travel."""

    no_fonts: bool = False
    """No font travels: the workers have them."""

    all_fonts: bool = False
    """Restricted fonts and fonts of Adobe Fonts travel as well: the user knows that they may."""

    limit: int = SIZE_LIMIT
    """The limit of all copies together, in bytes."""

    @property
    def states(self) -> frozenset[FontState]:
        """The states of fonts that travel under this policy."""
        if self.no_fonts:
            return frozenset()
        asked = {FontState.RESTRICTED, FontState.SYNCED} if self.all_fonts else set()
        return frozenset({FontState.FOUND, *asked})


@dataclass(frozen=True, slots=True)
class FontCopy:
    """A copy of a font file that travels."""

    name: str
    """The file name of the copy."""

    source: Path
    size: int


@dataclass(frozen=True, slots=True)
class CollectedFonts:
    """The fonts of a job and the copies that travel."""

    fonts: tuple[ProjectFont, ...] = ()
    """Every font that the project uses."""

    files: tuple[tuple[str, str | None], ...] = ()
    """The PostScript name and the copy's file name of each font, sorted by name."""

    copies: tuple[FontCopy, ...] = ()

    damaged: tuple[tuple[ProjectFont, str], ...] = ()
    """Fonts whose files a worker would refuse, and the reasons."""

    over: tuple[tuple[ProjectFont, int], ...] = ()
    """Fonts that exceed the size limit, and the bytes of their files."""

    @property
    def bytes(self) -> int:
        """The size of all copies together."""
        return sum(copy.size for copy in self.copies)

    def text(self) -> str:
        """Return the text of `fonts.json`."""
        entries = [{"postScriptName": name, "file": file} for name, file in self.files]
        return json.dumps({"fonts": entries}, indent=1, ensure_ascii=False) + "\n"

    def paths(self, scripts: Path) -> list[Path]:
        """Return the paths of the copies below this scripts folder."""
        return [scripts / FOLDER / copy.name for copy in self.copies]

    def write(self, scripts: Path) -> None:
        """Write the list and the copies below a scripts folder; nothing if the project uses no font.

        Raises:
            OSError: a file cannot be read or written.
        """
        if not self.files:
            return
        folder = scripts / FOLDER
        folder.mkdir(parents=True)
        (folder / MANIFEST_FILE).write_text(self.text(), encoding="utf-8", newline="\n")
        for copy in self.copies:
            shutil.copyfile(copy.source, folder / copy.name)


@dataclass(slots=True)
class _SourceFile:
    """One font file by its content, and the fonts in it."""

    source: Path
    size: int
    extension: str
    fonts: list[ProjectFont] = field(default_factory=list)


def collect(fonts: Iterable[ProjectFont], policy: CollectPolicy) -> CollectedFonts:
    """Select the fonts that travel. Each file is read once; nothing is written."""
    everything = tuple(sorted(fonts, key=lambda font: font.name))
    files, damaged = _files([font for font in everything if font.state in policy.states])
    taken, over = _within(files, policy.limit)
    copies: dict[str, str] = {}
    names: set[str] = set()
    packed = []
    for file in taken:
        name = _unique(copy_name(file.fonts[0].name, file.extension), names)
        packed.append(FontCopy(name, file.source, file.size))
        copies |= {font.name: name for font in file.fonts}
    return CollectedFonts(
        fonts=everything,
        files=tuple((font.name, copies.get(font.name)) for font in everything),
        copies=tuple(packed),
        damaged=tuple(damaged),
        over=tuple((font, file.size) for file in over for font in file.fonts),
    )


def copy_name(postscript: str, extension: str) -> str:
    """Return a file name for a PostScript name that every file system accepts."""
    stem = _UNSAFE.sub("_", postscript)
    dots = len(stem) - len(stem.lstrip("."))
    stem = ("_" * dots + stem[dots:])[:_MAX_STEM_LENGTH]
    name = stem + extension
    return f"_{name}" if path_problem(name) else name


def _files(fonts: Sequence[ProjectFont]) -> tuple[list[_SourceFile], list[tuple[ProjectFont, str]]]:
    """Return the files of these fonts, each content once, in order; and the damaged fonts."""
    by_path: dict[Path, _SourceFile | str] = {}
    by_content: dict[bytes, _SourceFile] = {}
    damaged = []
    for font in fonts:
        assert font.path is not None, "a font that may travel has a file"
        if font.path not in by_path:
            by_path[font.path] = _read(font.path, by_content)
        file = by_path[font.path]
        if isinstance(file, str):
            damaged.append((font, file))
        else:
            file.fonts.append(font)
    return list(by_content.values()), damaged


def _read(path: Path, known: dict[bytes, _SourceFile]) -> _SourceFile | str:
    """Return the file, or the known one with equal bytes; or the reason that it cannot travel."""
    try:
        data = path.read_bytes()
        validate_font(data)
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
    except NotAFont as error:
        return str(error)
    file = _SourceFile(path, len(data), _EXTENSIONS.get(data[:4], ".ttf"))
    return known.setdefault(hashlib.sha256(data).digest(), file)


def _within(files: list[_SourceFile], limit: int) -> tuple[list[_SourceFile], list[_SourceFile]]:
    """Return the smallest files that fit the limit together, and the others, both in the given order."""
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
    """Return the name, with a number before its extension if it is taken (ignoring case)."""
    stem, _, extension = name.rpartition(".")
    number = 1
    while name.lower() in taken:
        number += 1
        name = f"{stem}-{number}.{extension}"
    taken.add(name.lower())
    return name
