"""One face of a font file and the names by which programs know it.

After Effects identifies a font by its PostScript name (name 6 of the `name` table). Records for several
platforms and languages may spell it; the Windows English record comes first, as programs prefer it.

A variable font also has a name per named instance: the one that `fvar` points to, or one made from the family
prefix and the style of the instance. Any other point of its design space is named by prefix and axis values.
`stmpo.fonts.sfnt` fills in `FaceTables`; `make_face` derives the names.

Source: Adobe Technical Note 5902, "PostScript Name Generation for Variation Fonts".
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FAMILY, STYLE, VERSION, POSTSCRIPT = 1, 2, 5, 6
TYPOGRAPHIC_FAMILY, TYPOGRAPHIC_STYLE, VARIATIONS_PREFIX = 16, 17, 25
"""Name identifiers of the OpenType specification."""

NO_NAME = 0xFFFF
"""The value in `fvar` for an instance without a PostScript name of its own."""

MAX_NAME_LENGTH = 127
"""Characters of a PostScript name. Longer names of variable fonts are cut and end with a hash."""

_HASHED = re.compile(r"-[0-9A-F]{8,64}(\.\.\.)?")
_PLACE = re.compile(r"(?:_-?(?:\d+(?:\.\d*)?|\.\d+)[A-Za-z0-9]{1,4}?(?=_|$))+")
_VALUE = re.compile(r"_-?(?:\d+(?:\.\d*)?|\.\d+)([A-Za-z0-9]{1,4}?)(?=_|$)")


@dataclass(frozen=True, slots=True)
class NameRecord:
    """One record of a `name` table, decoded."""

    platform: int
    encoding: int
    language: int
    kind: int
    """The name identifier."""

    text: str


@dataclass(frozen=True, slots=True)
class FaceTables:
    """The tables of one face that are read."""

    records: tuple[NameRecord, ...] = ()

    embedding: int = 0
    """`OS/2.fsType`; 0 (installable) if the face has no such table."""

    axes: tuple[str, ...] = ()
    """Tags of the design axes; empty if the font is not variable."""

    instances: tuple[tuple[int, int], ...] = ()
    """Per named instance: the name identifiers of its style and its PostScript name (or `NO_NAME`)."""


@dataclass(frozen=True, slots=True)
class Face:
    """One face: the only one of a font file, or one of a collection."""

    index: int
    """The position in the collection, from 0."""

    names: tuple[str, ...]
    """The PostScript names, the preferred one first; several if the records differ."""

    family: str
    style: str

    embedding: int = 0
    """`OS/2.fsType`; see `stmpo.fonts.licence`."""

    prefix: str = ""
    """The beginning of the PostScript names of instances; empty if the font is not variable."""

    axes: tuple[str, ...] = ()

    instances: tuple[tuple[str, str], ...] = field(default=())
    """The PostScript name and style of each named instance."""

    version: str = ""
    """The version as text, such as "Version 2.37"; empty if the font has none."""

    def all_names(self) -> Iterator[str]:
        """Yield the face's own names and those of its named instances."""
        yield from self.names
        yield from (name for name, _ in self.instances)

    def style_of(self, name: str) -> str | None:
        """Return the style that a PostScript name stands for; None if it does not name this face."""
        if name in self.names:
            return self.style
        style = next((style for other, style in self.instances if other == name), None)
        if style is None and self._is_design_point(name):
            return name[len(self.prefix) + 1 :]
        return style

    def _is_design_point(self, name: str) -> bool:
        """Return whether the name is that of a point in the design space of this variable font."""
        if not self.prefix or not name.startswith(self.prefix):
            return False
        rest = name[len(self.prefix) :]
        if _HASHED.fullmatch(rest):
            return True
        return bool(_PLACE.fullmatch(rest)) and set(_VALUE.findall(rest)) <= {
            tag.strip() for tag in self.axes
        }


def make_face(tables: FaceTables, index: int) -> Face | None:
    """Return the face with these tables; None if it has no PostScript name."""
    texts = _Texts(tables.records)
    names = texts.all(POSTSCRIPT)
    if not names:
        return None
    family = texts.first(TYPOGRAPHIC_FAMILY, FAMILY)
    prefix = ""
    instances: tuple[tuple[str, str], ...] = ()
    if tables.axes:
        prefix = _alphanumeric(texts.first(VARIATIONS_PREFIX, TYPOGRAPHIC_FAMILY, FAMILY))
        named = (_instance(texts, prefix, *instance) for instance in tables.instances)
        instances = tuple(dict.fromkeys(one for one in named if one[0]))
    return Face(
        index=index,
        names=names,
        family=family or names[0].partition("-")[0],
        style=texts.first(TYPOGRAPHIC_STYLE, STYLE),
        embedding=tables.embedding,
        prefix=prefix,
        axes=tables.axes,
        instances=instances,
        version=texts.first(VERSION),
    )


def family_key(name: str) -> str:
    """Return the part of a PostScript name before the first hyphen or underscore.

    By convention the fonts of one family share it.
    """
    return re.split("[-_]", name, maxsplit=1)[0].casefold()


class _Texts:
    """The name records of a face, by name identifier."""

    def __init__(self, records: Iterable[NameRecord]) -> None:
        self._kinds: defaultdict[int, list[NameRecord]] = defaultdict(list)
        for record in records:
            self._kinds[record.kind].append(record)

    def first(self, *kinds: int) -> str:
        """Return the preferred spelling of the first of these names that exists; empty if none does."""
        return next((text for kind in kinds for text in self.all(kind)), "")

    def all(self, kind: int) -> tuple[str, ...]:
        """Return the distinct spellings of one name, the preferred one first; without unprintable ones."""
        texts = (record.text.strip("\0 ") for record in sorted(self._kinds.get(kind, ()), key=_preference))
        return tuple(dict.fromkeys(text for text in texts if text and text.isprintable()))


def _instance(texts: _Texts, prefix: str, style: int, name: int) -> tuple[str, str]:
    """Return the PostScript name and style of a named instance; the name is empty if it can have none."""
    called = texts.first(style)
    own = texts.first(name) if name == POSTSCRIPT or 255 < name < 0x8000 else ""
    if own or not (prefix and called):
        return own, called
    return f"{prefix}-{_alphanumeric(called)}"[:MAX_NAME_LENGTH], called


def _preference(record: NameRecord) -> int:
    """Return a sort key: Windows US English, other Windows English, Mac English, then table order."""
    if record.platform == 3:
        return 0 if record.language == 0x409 else 1 if record.language & 0x3FF == 9 else 3
    return 2 if (record.platform, record.encoding, record.language) == (1, 0, 0) else 3


def _alphanumeric(text: str) -> str:
    return "".join(re.findall("[A-Za-z0-9]", text))
