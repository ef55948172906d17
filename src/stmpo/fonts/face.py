"""One face of a font file: the names that programs know it by, whoever has read them.

After Effects knows a font by its PostScript name (name 6 of the `name` table). Records of several platforms and
languages may spell a name; Windows' English one comes first, as programs prefer it. A variable font has a name for each
of its named instances as well: the one that `fvar` points to, or one that is made from the family's prefix and the
instance's style, and any other place in its design space is called by prefix and axis values (Adobe Technical Note
5902, "PostScript Name Generation for Variation Fonts"). A reader fills in `Tables`; everything else is done here.
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
"""What `fvar` says where an instance has no PostScript name of its own."""

LONGEST = 127
"""Characters of a PostScript name. Longer ones of variable fonts are cut and end in a hash (Technical Note 5902)."""

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
    """Its name identifier."""

    text: str


@dataclass(frozen=True, slots=True)
class Tables:
    """What is read of one face."""

    records: tuple[NameRecord, ...] = ()

    embedding: int = 0
    """`OS/2.fsType`; 0 (installable) where the face has no such table."""

    axes: tuple[str, ...] = ()
    """Tags of the design axes; empty for a font that is not variable."""

    instances: tuple[tuple[int, int], ...] = ()
    """Name identifiers of style and PostScript name (`NO_NAME` for none) of each named instance."""


@dataclass(frozen=True, slots=True)
class Face:
    """One face: a font file's only one, or one of a collection's."""

    index: int
    """In its collection, from 0."""

    names: tuple[str, ...]
    """Its PostScript names, the preferred one first. More than one where records differ."""

    family: str
    style: str

    embedding: int = 0
    """`OS/2.fsType`; see `stmpo.fonts.licence`."""

    prefix: str = ""
    """What PostScript names of a variable font's instances begin with; empty for other fonts."""

    axes: tuple[str, ...] = ()

    instances: tuple[tuple[str, str], ...] = field(default=())
    """PostScript name and style of each named instance."""

    version: str = ""
    """As its maker writes it, such as "Version 2.37"; empty where it says none."""

    def all_names(self) -> Iterator[str]:
        """Every name that can be listed: its own, and those of its named instances."""
        yield from self.names
        yield from (name for name, _ in self.instances)

    def style_of(self, name: str) -> str | None:
        """The style that is meant by a PostScript name; None where this face does not go by it."""
        if name in self.names:
            return self.style
        style = next((style for other, style in self.instances if other == name), None)
        if style is None and self._is_place(name):
            return name[len(self.prefix) + 1 :]
        return style

    def _is_place(self, name: str) -> bool:
        """Whether the name is that of some place in this variable font's design space."""
        if not self.prefix or not name.startswith(self.prefix):
            return False
        rest = name[len(self.prefix) :]
        if _HASHED.fullmatch(rest):
            return True
        return bool(_PLACE.fullmatch(rest)) and set(_VALUE.findall(rest)) <= {
            tag.strip() for tag in self.axes
        }


def face_of(tables: Tables, index: int) -> Face | None:
    """The face that these tables make; None where it has no PostScript name."""
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
    """What PostScript names of one family have in common, by custom: what stands before the first hyphen or underscore."""
    return re.split("[-_]", name, maxsplit=1)[0].casefold()


class _Texts:
    """The records of a face by what they name."""

    def __init__(self, records: Iterable[NameRecord]) -> None:
        self._kinds: defaultdict[int, list[NameRecord]] = defaultdict(list)
        for record in records:
            self._kinds[record.kind].append(record)

    def first(self, *kinds: int) -> str:
        """The preferred spelling of the first of these names that there is; empty where there is none."""
        return next((text for kind in kinds for text in self.all(kind)), "")

    def all(self, kind: int) -> tuple[str, ...]:
        """The distinct spellings of one name, the preferred one first; none that could not stand on one line."""
        texts = (record.text.strip("\0 ") for record in sorted(self._kinds.get(kind, ()), key=_preference))
        return tuple(dict.fromkeys(text for text in texts if text and text.isprintable()))


def _instance(texts: _Texts, prefix: str, style: int, name: int) -> tuple[str, str]:
    """PostScript name and style of a named instance; an empty name where it can have none."""
    called = texts.first(style)
    own = texts.first(name) if name == POSTSCRIPT or 255 < name < 0x8000 else ""
    if own or not (prefix and called):
        return own, called
    return f"{prefix}-{_alphanumeric(called)}"[:LONGEST], called


def _preference(record: NameRecord) -> int:
    """Windows' American English, then its other English, then the Mac's, then as the table has them."""
    if record.platform == 3:
        return 0 if record.language == 0x409 else 1 if record.language & 0x3FF == 9 else 3
    return 2 if (record.platform, record.encoding, record.language) == (1, 0, 0) else 3


def _alphanumeric(text: str) -> str:
    return "".join(re.findall("[A-Za-z0-9]", text))
