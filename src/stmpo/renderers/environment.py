"""The environment of a renderer process, and the secrets that an env file may add to it.

A child inherits this process's environment, plus `KMP_DUPLICATE_LIB_OK=TRUE` unless that variable is set:
After Effects plug-ins that bring their own OpenMP would end the process without it. An env file, a JSON
object of strings, adds variables or overrides them.

Values of an env file are treated as secrets: no error, log line or `repr` contains one, and `Redactor` masks
those that a child prints. Names are not secret and are logged. Three kinds of names are refused: names that
no system accepts, names reserved for this program and the farm (`OPENJD_*`, `STMPO_*`, `DEADLINE_*`), and
variables that make every process load or run code from elsewhere. Search paths such as `PATH` and
`LD_LIBRARY_PATH` are allowed, since plug-ins need them.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, AnyStr
from unicodedata import normalize

from stmpo.model.errors import BadInput
from stmpo.model.text import one_line, visible
from stmpo.renderers.line_decoder import CUT, system_code_pages
from stmpo.system.files import read_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

MAX_FILE_BYTES = 1 << 20
"""Largest env file. Windows takes 32,767 characters for a whole environment."""

MASK = "***"
"""Replaces a masked value."""

_SHORTEST_SECRET = 4
"""Characters. Shorter values ("1", "on") are not secret, and masking them would make the log unreadable."""

_OPENMP = "KMP_DUPLICATE_LIB_OK"
_NAME = re.compile(r"[^\s=\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_RESERVED_PREFIXES = ("OPENJD_", "STMPO_", "DEADLINE_")
_INJECTING_NAMES = {
    "BASHOPTS", "BASH_ENV", "COMSPEC", "CORECLR_PROFILER", "CORECLR_PROFILER_PATH", "COR_PROFILER",
    "COR_PROFILER_PATH", "DOTNET_ADDITIONAL_DEPS", "DOTNET_STARTUP_HOOKS", "DYLD_FORCE_FLAT_NAMESPACE",
    "DYLD_IMAGE_SUFFIX", "DYLD_INSERT_LIBRARIES", "DYLD_ROOT_PATH", "DYLD_VERSIONED_FRAMEWORK_PATH",
    "DYLD_VERSIONED_LIBRARY_PATH", "ENV", "GCONV_PATH", "GLIBC_TUNABLES", "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS", "LD_AUDIT", "LD_PRELOAD", "NODE_OPTIONS", "PERL5DB", "PERL5LIB", "PERL5OPT",
    "PERLLIB", "PROMPT_COMMAND", "PS4", "PYTHONBREAKPOINT", "PYTHONEXECUTABLE", "PYTHONHOME",
    "PYTHONINSPECT", "PYTHONPATH", "PYTHONPLATLIBDIR", "PYTHONPYCACHEPREFIX", "PYTHONSTARTUP",
    "PYTHONUSERBASE", "PYTHONWARNINGS", "RUBYLIB", "RUBYOPT", "SHELLOPTS", "SYSTEMROOT", "WINDIR",
    "ZDOTDIR", "_JAVA_OPTIONS",
}  # fmt: skip
"""Variables that make a loader or an interpreter run other code, or that locate system files."""

_INJECTING_PREFIXES = ("BASH_FUNC_", "COR_PROFILER_", "CORECLR_PROFILER_", "DYLD_PRINT_", "LD_AUDIT_")
"""Prefixes of such names: shell functions, profiler paths per word size, files that a loader writes."""


@dataclass(frozen=True, slots=True)
class ChildEnvironment:
    """The environment that a renderer process gets."""

    values: Mapping[str, str] = field(repr=False)
    """All variables, secrets included: only for starting a process."""

    names_from_file: tuple[str, ...] = ()
    """Names that the env file set, in its order. These may be logged."""

    def redactor(self) -> Redactor:
        """Return a function that masks the env file's values."""
        return Redactor(self.values[name] for name in self.names_from_file)


def child_environment(
    base: Mapping[str, str], env_file: Path | None, *, names_ignore_case: bool = os.name == "nt"
) -> ChildEnvironment:
    """Return the environment for renderer processes: `base`, overridden by an env file.

    With `names_ignore_case` (Windows), `Path` in the file replaces `PATH`; otherwise they are two variables.

    Raises:
        BadInput: the file cannot be read, is not a JSON object of strings, or sets a refused variable. The
            message names the file and the variable, never a value.
    """
    values = dict(base)
    fold = str.upper if names_ignore_case else str
    if _OPENMP not in map(fold, values):
        values[_OPENMP] = "TRUE"
    if env_file is None:
        return ChildEnvironment(values)
    added = _read(env_file, fold)
    taken = {fold(name) for name in added}
    values = {name: value for name, value in values.items() if fold(name) not in taken}
    return ChildEnvironment({**values, **added}, tuple(added))


class Redactor:
    """Masks values, the longest first, so that no part of a value stays visible.

    A child may write a value in any encoding, among bytes of others, and then its line is not decoded as the
    child meant it. So lines are masked as bytes before they are decoded (`mask_bytes`). Text that has been
    decoded is searched for the values, and for what wrong decoding makes of them.
    """

    def __init__(self, values: Iterable[str]) -> None:
        secrets = {part for part in _parts(values) if len(part.strip()) >= _SHORTEST_SECRET}
        written = {data for secret in secrets for data in _encoded(secret)}
        odd = (data for secret in secrets if not secret.isascii() for data in _encoded(secret))
        misread = {text for data in odd for text in _decoded(data)}
        shown = secrets | {visible(text) for text in secrets | misread}
        self._text = re.compile("|".join(map(re.escape, _longest_first(shown)))) if shown else None
        self._written = _longest_first(written)
        self._bytes = re.compile(b"|".join(map(re.escape, self._written))) if written else None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'…' if self._text else 'nothing'})"

    def __call__(self, line: str) -> str:
        """Replace every value in the line by `MASK`."""
        return line if self._text is None else self._text.sub(MASK, line)

    def mask_bytes(self, line: bytes) -> bytes:
        """Replace every value in a line as a child has written it. Returns the line itself if there is none.

        If the line was cut (`line_decoder`), the beginning of a value at the cut is masked too.
        """
        if self._bytes is None:
            return line
        masked = self._bytes.sub(MASK.encode(), line)
        cut = CUT.encode()
        if line.endswith(cut):
            masked = self._without_beginning(masked.removesuffix(cut)) + cut
        return line if masked == line else masked

    def _without_beginning(self, line: bytes) -> bytes:
        """Mask the beginning of a value at the end of the line, if it is long enough to tell something."""
        longest = 0
        for secret in self._written:
            lengths = range(min(len(secret), len(line)), max(_SHORTEST_SECRET - 1, longest), -1)
            longest = next((length for length in lengths if line.endswith(secret[:length])), longest)
        return line[:-longest] + MASK.encode() if longest else line


def _parts(values: Iterable[str]) -> Iterator[str]:
    """Yield what a child may print of values: single lines, and accents in the form of another system."""
    for value in values:
        for line in (value, *value.splitlines()):
            for part in (line, line.strip()):
                yield from (part, normalize("NFC", part), normalize("NFD", part))


def _encoded(text: str) -> Iterator[bytes]:
    """Yield the text in each encoding that a program may write."""
    pages = () if text.isascii() else (*system_code_pages(), "latin-1")
    for encoding in ("utf-8", *pages, "utf-16-le"):
        with contextlib.suppress(ValueError):
            yield text.encode(encoding)


def _decoded(data: bytes) -> Iterator[str]:
    """Yield the text that `line_decoder.decode` may make of bytes."""
    for encoding in ("utf-8", *system_code_pages()):
        with contextlib.suppress(ValueError):
            yield data.decode(encoding)
    yield data.decode("utf-8", "backslashreplace")


def _longest_first(values: Iterable[AnyStr]) -> list[AnyStr]:
    return sorted(values, key=len, reverse=True)


class _Refused(Exception):  # noqa: N818 - caught in this module, which adds the file's name
    """An env file is refused; the message is the reason, without the file's name."""


def _read(env_file: Path, fold: Callable[[str], str]) -> dict[str, str]:
    try:
        return _validate(_parse(_load(env_file)), fold)
    except _Refused as refusal:
        raise BadInput(f"env file {env_file}: {refusal}") from None


def _load(env_file: Path) -> str:
    try:
        data = read_file(env_file, MAX_FILE_BYTES)
    except OSError as error:
        raise _Refused(f"cannot be read ({error.strerror or type(error).__name__})") from None
    if len(data) > MAX_FILE_BYTES:
        raise _Refused(f"is larger than {MAX_FILE_BYTES >> 20} MiB; it must be a JSON object of strings")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:  # its message would quote the file
        raise _Refused("is not UTF-8; save it as UTF-8") from None


def _parse(text: str) -> list[tuple[str, Any]]:
    """Parse the one object in the text. Duplicate names are kept; a nested object becomes a list of pairs."""
    try:
        members = json.loads(text, object_pairs_hook=_Members)
    except json.JSONDecodeError as error:
        raise _Refused(f"is not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    except (RecursionError, ValueError):  # too deeply nested; an integer of thousands of digits
        raise _Refused("is not a JSON object of strings") from None
    if not isinstance(members, _Members):
        raise _Refused('is not a JSON object of strings, such as {"NAME": "value"}')
    return members


class _Members(list[tuple[str, Any]]):
    """An object's members. The class distinguishes an object from an array."""


def _validate(members: Iterable[tuple[str, Any]], fold: Callable[[str], str]) -> dict[str, str]:
    values: dict[str, str] = {}
    seen: set[str] = set()
    for name, value in members:
        shown = repr(one_line(name, 80))
        reason = _refusal(name, value)
        if reason is not None:
            raise _Refused(f"{shown} {reason}")
        if fold(name) in seen:
            raise _Refused(f"{shown} is set twice; keep one")
        seen.add(fold(name))
        values[name] = value
    return values


def _refusal(name: str, value: object) -> str | None:
    """Return why this member is refused, or None. The reason never contains the value."""
    if not _NAME.fullmatch(name):
        return "is not a valid variable name"
    upper = name.upper()
    if upper.startswith(_RESERVED_PREFIXES):
        return "is reserved for the farm and this program; leave it out"
    if upper in _INJECTING_NAMES or upper.startswith(_INJECTING_PREFIXES):
        return "would make the renderers load other code; leave it out"
    return _value_refusal(value)


def _value_refusal(value: object) -> str | None:
    if not isinstance(value, str):
        return "is not a string; put its value in quotation marks"
    if "\0" in value:
        return "contains a NUL, which no environment allows"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "contains half a character (a lone surrogate)"
    return None
