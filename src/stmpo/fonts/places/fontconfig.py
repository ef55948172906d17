"""The folders that fontconfig is configured to look through, read from its files as it reads them.

`FONTCONFIG_FILE`, else `fonts.conf` in `FONTCONFIG_PATH` or `/etc/fonts`; `<include>` names a file, or a folder whose
files that begin with a digit and end in `.conf` are read in order; `<dir>` names a folder, from where its `prefix` says;
`<reset-dirs/>` forgets those before it. No program is started: fontconfig's own would first bring its cache up to date.
A file that cannot be read is passed over, as fontconfig does with optional ones.

Source: fontconfig's user documentation (fonts-conf).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MAX_DEPTH = 8
_DEFAULT = Path("/etc/fonts")


def folders(environ: Mapping[str, str]) -> list[Path]:
    """The folders, each once; none where there is no fontconfig."""
    base = Path(environ.get("FONTCONFIG_PATH") or _DEFAULT)
    main = base / (environ.get("FONTCONFIG_FILE") or "fonts.conf")
    found: list[Path] = []
    for line in _lines(main, environ, 0):
        if line is None:
            found.clear()
        else:
            found.append(line)
    return list(dict.fromkeys(found))


def _lines(file: Path, environ: Mapping[str, str], depth: int) -> Iterator[Path | None]:
    """The folders that a file and those it includes name; None for a reset."""
    try:
        root = ET.parse(file).getroot()  # noqa: S314 - the system's own configuration, or this user's
    except (OSError, ET.ParseError):
        return
    for element in root:
        if element.tag == "reset-dirs":
            yield None
        path = _path(element, file, environ)
        if element.tag == "dir" and path is not None:
            yield path
        elif element.tag == "include" and path is not None and depth < _MAX_DEPTH:
            for part in _parts(path):
                yield from _lines(part, environ, depth + 1)


def _parts(path: Path) -> list[Path]:
    """The files of an included folder, or the file itself."""
    try:
        found = sorted(path.iterdir())
    except NotADirectoryError:
        return [path]
    except OSError:
        return []
    return [part for part in found if part.name[:1].isdigit() and part.name.endswith(".conf")]


def _path(element: ET.Element, file: Path, environ: Mapping[str, str]) -> Path | None:
    """What an element's text names, from where its `prefix` says; None where that is nowhere."""
    text = (element.text or "").strip()
    home = environ.get("HOME")
    if not text:
        return None
    if element.get("prefix") == "xdg":
        variable, below = (
            ("XDG_DATA_HOME", ".local/share") if element.tag == "dir" else ("XDG_CONFIG_HOME", ".config")
        )
        base = environ.get(variable) or (f"{home}/{below}" if home else None)
        return Path(base, text) if base else None
    if text.startswith("~"):
        return Path(home, text[1:].lstrip("/")) if home else None
    # A relative folder means one beside the file; fontconfig's other reading of it, the working folder, is nobody's.
    return file.parent / text
