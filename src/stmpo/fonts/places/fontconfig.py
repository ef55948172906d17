"""The folders that fontconfig is configured to search, read from its configuration files.

    FONTCONFIG_FILE, else fonts.conf in FONTCONFIG_PATH or /etc/fonts
    <include>       a file, or a folder whose files named `[0-9]*.conf` are read in order
    <dir>           a folder, relative to its `prefix`
    <reset-dirs/>   drops the folders named so far

fontconfig's own programs are not used, because they would first update its cache. A file that cannot be read
is skipped, as fontconfig does with optional files.

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
    """Return the folders, each once; none without fontconfig."""
    base = Path(environ.get("FONTCONFIG_PATH") or _DEFAULT)
    main = base / (environ.get("FONTCONFIG_FILE") or "fonts.conf")
    found: list[Path] = []
    for folder in _read_file(main, environ, 0):
        if folder is None:
            found.clear()
        else:
            found.append(folder)
    return list(dict.fromkeys(found))


def _read_file(file: Path, environ: Mapping[str, str], depth: int) -> Iterator[Path | None]:
    """Yield the folders that a file and its includes name; None for a reset."""
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
            for part in _included_files(path):
                yield from _read_file(part, environ, depth + 1)


def _included_files(path: Path) -> list[Path]:
    """Return the files of an included folder, or the file itself."""
    try:
        found = sorted(path.iterdir())
    except NotADirectoryError:
        return [path]
    except OSError:
        return []
    return [part for part in found if part.name[:1].isdigit() and part.name.endswith(".conf")]


def _path(element: ET.Element, file: Path, environ: Mapping[str, str]) -> Path | None:
    """Return the path in an element's text, resolved by its `prefix`; None if it cannot be resolved."""
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
    # Relative to the configuration file. fontconfig may also use the working folder, which nobody relies on.
    return file.parent / text
