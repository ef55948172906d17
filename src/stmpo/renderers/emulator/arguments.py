"""aerender's command line, as After Effects' startup script parses it; shared by `stmpo-lottie` and the fake.

The texts follow `aerender -help` of After Effects 26.2 and Adobe's `commandLineRenderer.jsx`, which parses
the arguments. Where those are silent, a comment marks the assumption. Rules that surprise:

- Flags are case-sensitive, and a flag that takes a value takes the next argument, whatever it looks like. So
  `-mfr ON -s 5` reads `-s` as the percentage.
- `-comp` silently wins over `-rqindex`.
- With neither, the whole queue renders as saved: `-s -e -i -output -RStemplate -OMtemplate` are ignored with
  a WARNING line each, while `-renderSettings` and `-outputSettings` are errors (`resolve`).
- With `-log` every error's exit code is one higher (`AerenderExitCode.logged`).

This module imports little of the standard library and nothing else: tests start two dozen fakes at a time.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.model.output_pattern import SINGLE_FILE_EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class AerenderExitCode(IntEnum):
    """The exit code that After Effects' script leaves. The first error wins."""

    OK = 0
    """Rendered, as far as it knows: an error that After Effects reports as a WARNING leaves 0 as well."""

    APPLICATION = 1
    """The application's own failure code."""

    USAGE = 2
    """Usage was printed: `-help`, or no argument at all."""

    SYNTAX = 3
    """An argument was refused."""

    SCRIPTING = 5
    """Any other scripting error."""

    RUNTIME = 7
    """Comp, item, template or output not found or not given."""

    AFTER_EFFECTS = 9
    """A PROBLEM or FATAL of After Effects itself, or an uncaught exception."""

    NO_SOCKET = 11
    """After Effects could not reach its launcher."""

    def logged(self, *, to_file: bool) -> int:
        """Return the code of the process: one higher for an error if `-log` was given."""
        return self + 1 if to_file and self in _SHIFTED else int(self)


_SHIFTED = frozenset(
    {
        AerenderExitCode.SYNTAX,
        AerenderExitCode.SCRIPTING,
        AerenderExitCode.RUNTIME,
        AerenderExitCode.AFTER_EFFECTS,
    }
)


class AerenderError(Exception):
    """An error that ends aerender: `str(error)` is its line, `code` its exit code before `-log` shifts it."""

    def __init__(self, code: AerenderExitCode, line: str) -> None:
        super().__init__(line)
        self.code = code


def runtime_error(words: str) -> AerenderError:
    """Create the error for a comp, item, template or output that does not exist."""
    return AerenderError(AerenderExitCode.RUNTIME, f"aerender ERROR: {words}")


def syntax_error(words: str) -> AerenderError:
    """Create the error for an invalid argument."""
    return AerenderError(AerenderExitCode.SYNTAX, f"aerender SYNTAX ERROR: {words}")


@dataclass(frozen=True, slots=True)
class AerenderArguments:
    """A parsed command line. None or empty means "not given"."""

    project: str | None = None
    teamproject: str | None = None
    comp: str | None = None
    rqindex: int | None = None
    rs_template: str | None = None
    om_template: str | None = None
    render_settings: Mapping[str, str] = field(default_factory=dict)
    output_settings: Mapping[str, str] = field(default_factory=dict)
    output: str | None = None
    log: str | None = None
    start: int | None = None
    """First displayed frame number; may be negative."""

    end: int | None = None
    """Last displayed frame number, included."""

    increment: int | None = None
    """1 to 100; every n-th frame is rendered."""

    mem_usage: tuple[float, float] | None = None
    mfr: tuple[bool, int] | None = None
    """Multi-frame rendering and its share of the machine in percent (1 to 100)."""

    errors_only: bool = False
    """`-v ERRORS`: neither PROGRESS nor WARNING nor INFO lines."""

    close: str = "DO_NOT_SAVE_CHANGES"
    sound: bool = False
    """The chime at the end, not audio output."""

    continue_on_missing_footage: bool = False
    reuse: bool = False
    help: bool = False
    version: bool = False

    @property
    def skip_existing(self) -> bool:
        """Whether frames that have a file are left out, by setting or by template."""
        asked = self.render_settings.get("Skip Existing Files")
        if asked is None:
            return self.rs_template == "Multi-Machine Settings"
        return asked.lower() in {"true", "on", "1"}


USAGE = """\
USAGE: aerender [-help] -project <project path> [-comp <name> | -rqindex <n>]
  [-RStemplate <name>] [-OMtemplate <name>] [-renderSettings "k: v; k2: v2"] [-outputSettings "k: v; k2: v2"]
  [-output <path>] [-log <path>] [-s <frame>] [-e <frame>] [-i <1..100>]
  [-mfr <ON|OFF> <max cpu percent>] [-mem_usage <image cache percent> <max mem percent>]
  [-v <ERRORS|ERRORS_AND_PROGRESS>] [-close <DO_NOT_SAVE_CHANGES|SAVE_CHANGES|DO_NOT_CLOSE>]
  [-sound <ON|OFF>] [-continueOnMissingFootage] [-reuse] [-version]"""

_INTEGER = re.compile(r"[+-]?\d{1,9}", re.ASCII)


def _text(flag: str, values: Sequence[str]) -> str:  # noqa: ARG001 - all parsers have one signature
    return values[0]


def _integer(flag: str, values: Sequence[str]) -> int:
    if _INTEGER.fullmatch(values[0]) is None:
        raise syntax_error(f"Illegal value for flag: {flag} {values[0]}")
    return int(values[0])


def _increment(flag: str, values: Sequence[str]) -> int:
    step = _integer(flag, values)
    if not 1 <= step <= 100:
        raise syntax_error(f"Illegal value for flag: {flag} {values[0]} (must be 1 to 100)")
    return step


def _mfr(flag: str, values: Sequence[str]) -> tuple[bool, int]:
    switch, percent = values
    if switch not in {"ON", "OFF", "on", "off"}:
        raise syntax_error(f"Illegal value for flag: {flag} {switch}")
    if _INTEGER.fullmatch(percent) is None or not 1 <= int(percent) <= 100:
        raise syntax_error(f"Illegal value for flag: {flag} {switch} {percent}")
    return switch.upper() == "ON", int(percent)


def _mem_usage(flag: str, values: Sequence[str]) -> tuple[float, float]:
    try:
        return float(values[0]), float(values[1])
    except ValueError:
        raise syntax_error(f"Illegal value for flag: {flag} {' '.join(values)}") from None


def _one_of(*allowed: str) -> Callable[[str, Sequence[str]], str]:
    def read(flag: str, values: Sequence[str]) -> str:
        if values[0] not in allowed:
            raise syntax_error(f"Illegal value for flag: {flag} {values[0]}")
        return values[0]

    return read


def _errors_only(flag: str, values: Sequence[str]) -> bool:
    return _one_of("ERRORS", "ERRORS_AND_PROGRESS")(flag, values) == "ERRORS"


def _sound(flag: str, values: Sequence[str]) -> bool:
    return _one_of("ON", "OFF", "on", "off")(flag, values).upper() == "ON"


def _settings(flag: str, values: Sequence[str]) -> dict[str, str]:
    """Parse `"k: v; k2: v2"`. A value may contain colons; a part without one is refused."""
    settings: dict[str, str] = {}
    for part in filter(str.strip, values[0].split(";")):
        key, colon, value = part.partition(":")
        if not colon or not key.strip():
            raise syntax_error(f"Illegal value for flag: {flag} {part.strip()}")
        settings[key.strip()] = value.strip()
    return settings


def _true(flag: str, values: Sequence[str]) -> bool:  # noqa: ARG001 - as above
    return True


_FLAGS: Mapping[str, tuple[str, int, Callable[[str, Sequence[str]], object]]] = {
    # flag: (field of AerenderArguments, number of values, parser)
    "-project": ("project", 1, _text),
    "-teamproject": ("teamproject", 1, _text),
    "-comp": ("comp", 1, _text),
    "-rqindex": ("rqindex", 1, _integer),
    "-RStemplate": ("rs_template", 1, _text),
    "-OMtemplate": ("om_template", 1, _text),
    "-renderSettings": ("render_settings", 1, _settings),
    "-outputSettings": ("output_settings", 1, _settings),
    "-output": ("output", 1, _text),
    "-log": ("log", 1, _text),
    "-s": ("start", 1, _integer),
    "-e": ("end", 1, _integer),
    "-i": ("increment", 1, _increment),
    "-mem_usage": ("mem_usage", 2, _mem_usage),
    "-mfr": ("mfr", 2, _mfr),
    "-v": ("errors_only", 1, _errors_only),
    "-close": ("close", 1, _one_of("DO_NOT_SAVE_CHANGES", "SAVE_CHANGES", "DO_NOT_CLOSE")),
    "-sound": ("sound", 1, _sound),
    "-continueOnMissingFootage": ("continue_on_missing_footage", 0, _true),
    "-reuse": ("reuse", 0, _true),
    "-h": ("help", 0, _true),
    "-help": ("help", 0, _true),
    "-version": ("version", 0, _true),
}


def parse(argv: Sequence[str]) -> AerenderArguments:
    """Parse a command line without the program's name. No argument at all asks for the usage.

    Raises:
        AerenderError: `AerenderExitCode.SYNTAX` with aerender's line.
    """
    found: dict[str, object] = {} if argv else {"help": True}
    at = 0
    while at < len(argv):
        flag = argv[at]
        if flag not in _FLAGS:
            raise syntax_error(f"Illegal argument flag: {flag}")
        name, takes, read = _FLAGS[flag]
        values = [_unquoted(value) for value in argv[at + 1 : at + 1 + takes]]
        if len(values) < takes:
            raise syntax_error(f"no value given for flag: {flag}")
        found[name] = read(flag, values)
        at += 1 + takes
    return replace(AerenderArguments(), **found)  # type: ignore[arg-type]  # names and types are those of _FLAGS


def _unquoted(value: str) -> str:
    """Strip one pair of enclosing quotes, as Adobe's script does."""
    return value[1:-1] if len(value) >= 2 and value[0] == value[-1] == '"' else value


_IGNORED = (
    (("rs_template",), "-RStemplate argument"),
    (("om_template",), "-OMtemplate argument"),
    (("output",), "-output argument"),
    (("start", "end"), "-s and/or -e arguments"),
    (("increment",), "-i argument"),
)


def resolve(arguments: AerenderArguments) -> tuple[AerenderArguments, list[str]]:
    """Drop flags that need `-comp` or `-rqindex` if neither is given; return the rest and the WARNING lines.

    Raises:
        AerenderError: `AerenderExitCode.RUNTIME` for settings without a queue item.
    """
    if arguments.comp is not None:
        return replace(arguments, rqindex=None), []
    if arguments.rqindex is not None:
        return arguments, []
    for given, flag in (
        (arguments.render_settings, "-renderSettings"),
        (arguments.output_settings, "-outputSettings"),
    ):
        if given:
            raise runtime_error(f"{flag} argument needs -comp or -rqindex.")
    warnings: list[str] = []
    for names, words in _IGNORED:
        if any(getattr(arguments, name) is not None for name in names):
            warnings.append(f"WARNING: {words} ignored since no -comp or -rqindex provided.")
    nothing = dict.fromkeys(name for names, _ in _IGNORED for name in names)
    return replace(arguments, **nothing), warnings  # type: ignore[arg-type]  # each of these may be None


_GROUP = re.compile(r"\[(#+)\]")


@dataclass(frozen=True, slots=True)
class OutputFile:
    """The file names of output module 1: After Effects replaces `[###]` by the padded frame number.

    A sequence without `[#]` gets `_[#####]` before its extension. The format may force another extension.
    """

    folder: str
    name: str
    """File name with its `[###]`; a single file's name has none."""

    @classmethod
    def of(cls, output: str, extension: str | None = None) -> OutputFile:
        """Create the naming for `-output`; `extension` (with its dot) is the one the format forces."""
        folder, name = os.path.split(output)
        stem, asked = Path(name).stem, Path(name).suffix
        if _GROUP.search(asked):  # "shot.[####]": the group only looks like an extension
            stem, asked = name, ""
        extension = asked if extension is None else extension
        if extension.lower() in SINGLE_FILE_EXTENSIONS or _GROUP.search(stem):
            return cls(folder, stem + extension)
        return cls(folder, f"{stem}_[#####]{extension}")

    @property
    def extension(self) -> str:
        """With its dot, in lower case; empty where the name has none."""
        suffix = Path(self.name).suffix
        return "" if _GROUP.search(suffix) else suffix.lower()

    @property
    def single(self) -> bool:
        """Whether all frames go into one file."""
        return self.extension in SINGLE_FILE_EXTENSIONS

    @property
    def text(self) -> str:
        """The path with its group, as the "Output To" line prints it."""
        return os.path.join(self.folder, self.name)  # noqa: PTH118 - shown as it was given, never normalised

    def path(self, frame: int) -> str:
        """Return the file of this frame."""
        name = _GROUP.sub(lambda group: f"{frame:0{len(group[1])}d}", self.name, count=1)
        return os.path.join(self.folder, name if not self.single else self.name)  # noqa: PTH118


def claim(path: str) -> bool:
    """Create the empty file that marks a frame as in progress; return False if a file exists.

    After Effects tests and creates in two steps. Here it is one, so two processes never render one frame.
    """
    try:
        Path(path).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
