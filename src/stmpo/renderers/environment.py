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

import json
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stmpo.model.errors import BadInput
from stmpo.model.text import one_line, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
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
    """Masks values in lines of text, the longest first, so that no part of a value stays visible."""

    def __init__(self, values: Iterable[str]) -> None:
        # A child prints a value line by line, and `text.visible` may have escaped it before it arrives here.
        shown = {
            part
            for value in values
            for line in (value, *value.splitlines())
            for part in (line, line.strip(), visible(line))
        }
        secrets = sorted(
            (part for part in shown if len(part.strip()) >= _SHORTEST_SECRET), key=len, reverse=True
        )
        self._pattern = re.compile("|".join(map(re.escape, secrets))) if secrets else None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'…' if self._pattern else 'nothing'})"

    def __call__(self, line: str) -> str:
        """Replace every value in the line by `MASK`."""
        return line if self._pattern is None else self._pattern.sub(MASK, line)


class _Refused(Exception):  # noqa: N818 - caught in this module, which adds the file's name
    """An env file is refused; the message is the reason, without the file's name."""


def _read(env_file: Path, fold: Callable[[str], str]) -> dict[str, str]:
    try:
        return _validate(_parse(_load(env_file)), fold)
    except _Refused as refusal:
        raise BadInput(f"env file {env_file}: {refusal}") from None


def _load(env_file: Path) -> str:
    try:
        with env_file.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
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
