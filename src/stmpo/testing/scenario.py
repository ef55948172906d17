"""Scenarios of the fake aerender: values that are written to a JSON file.

    scenario = Scenario(costs=FrameCosts(0.05, {7: 2.0}), faults=(Fault(FaultKind.CRASH, On(frame=7,
    times=1)),)) environment = os.environ | scenario.environment(folder)   # writes folder/scenario.json, sets
    a variable ... starts(folder)                                            # every start, with its arguments

The JSON has the fields of `Scenario` as its keys, all optional; likewise `on` and all other fields of
`Fault`:

    {"startup": 0.5, "costs": {"default": 0.05, "frames": {"7": 2.0}}, "first": 0, "last": 99, "size": [64,
    36],
     "style": {"language": "de", "display": "frames"}, "encoding": "cp1252",
     "faults": [{"kind": "crash", "on": {"frame": 7, "times": 1}},
                {"kind": "say", "text": "openjd_env: X=1", "on": {"start": 2}}]}

State that processes share (how often a fault has happened, the number of a start) is kept in the folder
`state` beside the file, so independent runs need separate folders. Given the same order of starts, a scenario
plays the same way each time: probability is drawn from `seed`, the fault, the frame and the number of draws
so far.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from stmpo.model.errors import BadInput
from stmpo.renderers.emulator.log_lines import Language, Quotes, Style, TimeDisplay

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "STMPO_FAKE_SCENARIO"
"""The environment variable that names the scenario file."""


class FaultKind(Enum):
    """The kind of a fault. Each states when it happens if `on.frame` is not given."""

    SLOW_LAUNCH = "slow_launch"
    """At launch: `seconds` more until the first PROGRESS line."""

    ANOTHER_INSTANCE = "another_instance"
    """At launch: "Another instance of aerender … may be running", exit code 7."""

    SILENT_AFTER_LAUNCH = "silent_after_launch"
    """At launch: exit code 0 after "Launching After Effects...", and nothing else."""

    HANG_AT_LAUNCH = "hang_at_launch"
    """At launch: no line, no CPU time, without end."""

    STUBBORN = "stubborn"
    """At launch: After Effects ignores SIGTERM, SIGINT, SIGHUP and CTRL_BREAK (its launcher does not)."""

    ESCAPE = "escape"
    """At launch: a grandchild in its own session sleeps `seconds`; `hold_output`: it keeps stdout open."""

    BALLAST = "ballast"
    """At launch: `megabytes` of memory are touched and held."""

    EXIT = "exit"
    """At launch, or before a frame: print `text`, if any, and exit with `code`."""

    CRASH = "crash"
    """At launch, or before a frame: die by the signal `signal` if the system has it, else with `code`."""

    HANG = "hang"
    """At launch (after the header), or before a frame: no line, no CPU time, without end."""

    BUSY = "busy"
    """At launch, or before a frame: `seconds` of a little CPU time (`repeat` times as much) and no line."""

    TRICKLE = "trickle"
    """At launch, or before a frame: write `text` every `seconds`, without end, as a helper's log does."""

    SAY = "say"
    """At launch, or before a frame: write `text` (in `encoding`) or `hex`, then `end`, `repeat` times."""

    MISSING_TEMPLATE = "missing_template"
    """At launch: "No output module template was found …" (or `text`), exit code 7."""

    ITEM_DONE = "item_done"
    """At launch: "Can not call "applyTemplate" when RenderQueueItem status is …", exit code 9."""

    LICENCE_TOO_MANY = "licence_too_many"
    """At launch, if `count` earlier starts are active: "Unable to obtain a license", exit code 1."""

    MISSING_FOOTAGE = "missing_footage"
    """After the header: the language's warning that the file `text` does not exist; frames are rendered."""

    FOOTAGE_NOT_FOUND = "footage_not_found"
    """After the header: "Unable to render: File not found `text`", exit code 9."""

    MISSING_EFFECT = "missing_effect"
    """After the header: the language's line for the missing effect `text`; frames are rendered."""

    MISSING_LAYER = "missing_layer"
    """After the header: the language's warning about the missing layer `text`; frames are rendered."""

    EXPRESSION_DISABLED = "expression_disabled"
    """After the header: the language's warning about an expression of layer `text`; frames are rendered."""

    GPU_TOO_MANY = "gpu_too_many"
    """Every frame, if `count` other starts are active: as `BLACK`."""

    ENCODER_TOO_MANY = "encoder_too_many"
    """Every frame, if `count` other starts are active: as `MISSING`, "An output module failed" at the end."""

    MISSING = "missing"
    """Every frame: its line, no file, "logged one error" at the end, exit code 0. `quiet`: no warning."""

    EMPTY = "empty"
    """As `MISSING`, with a file of 0 bytes."""

    TRUNCATED = "truncated"
    """As `MISSING`, with the first `fraction` of the file."""

    BLACK = "black"
    """From this frame on, black pictures after `text` (GPU failure 19969 if empty); exit code 0."""

    UNREADABLE_SOURCE = "unreadable_source"
    """From this frame on, black pictures after "Could not read from source … ( 86 :: 2 )"; exit code 0."""

    WRONG_SIZE = "wrong_size"
    """Every frame: twice as wide."""

    OTHER_FILE = "other_file"
    """Every frame: written to frame `other`'s file instead of its own."""

    OUTSIDE_LEASE = "outside_lease"
    """Every frame: frame `other` is written as well, even if it belongs to another process."""

    LATE = "late"
    """Every frame: its file appears `seconds` after its line."""

    SLOW_WRITE = "slow_write"
    """Every frame: half of the file, `seconds` of nothing, then the rest. `fill`: the rest is zeros until
    then. `signal`: it dies by it instead of writing the rest."""

    FORCED_EXTENSION = "forced_extension"
    """At launch: the format forces the extension `text` (such as `.tif`), whatever `-output` asks for."""

    CUT_SHORT = "cut_short"
    """At the end: the last `count` frames are not rendered; "Finished composition", exit code 0."""

    NO_SKIPPING = "no_skipping"
    """In the whole process: "Skip Existing Files" is ignored."""

    EXTRA_FILE = "extra_file"
    """At the end: a second output module writes the movie `text` into the output folder."""

    LOGGED_ERRORS = "logged_errors"
    """At the end: the language's warning that `count` errors were logged, then `First error was "text"`."""

    MISSING_LINES = "missing_lines"
    """At the end: the last `count` frames are rendered without a line."""

    DIES_AFTER = "dies_after"
    """At the end: all frames are written, then a death as by `CRASH` instead of "Finished composition"."""

    NEVER_EXITS = "never_exits"
    """At the end: "Finished composition", then the process does not exit."""


@dataclass(frozen=True, slots=True)
class On:
    """When a fault happens. Fields that are not given do not restrict it."""

    frame: int | None = None
    """At this frame; for faults at launch or at the end: in a process whose span holds this frame."""

    start: int | None = None
    """In the n-th started process, counted from 1."""

    times: int | None = None
    """At most this often, in all processes together."""

    probability: float = 1.0
    """0 to 1."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; `FaultKind` documents the fields that it uses."""

    kind: FaultKind
    on: On = field(default_factory=On)
    seconds: float = 1.0
    code: int = 1
    signal: str = ""
    """Name of the signal to die by, such as "SIGSEGV"; ignored if the system has none of that name."""

    text: str = ""
    encoding: str = "utf-8"
    hex: str = ""
    end: str = "\n"
    repeat: int = 1
    count: int = 1
    other: int = 0
    fraction: float = 0.5
    megabytes: int = 64
    quiet: bool = False
    fill: bool = False
    hold_output: bool = False


@dataclass(frozen=True, slots=True)
class FrameCosts:
    """Seconds per frame: `default`, and exceptions by frame number."""

    default: float = 0.0
    frames: Mapping[int, float] = field(default_factory=dict)

    def of(self, frame: int) -> float:
        """Return the seconds that this frame takes."""
        return self.frames.get(frame, self.default)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario. The defaults are an After Effects that starts and renders in no time and never fails."""

    startup: float = 0.0
    """Seconds from "Launching After Effects..." to the first PROGRESS line; 15 is realistic."""

    costs: FrameCosts = field(default_factory=FrameCosts)
    costs_file: str = ""
    """A JSON file of `FrameCosts`, which replaces `costs`."""

    tree: bool = True
    """A launcher with a child that does the work, as in After Effects; False: one process."""

    comp: str = ""
    """The only comp of the project; empty: every name exists."""

    items: int = 99
    """Render queue items that `-rqindex` may name."""

    first: int = 0
    """First displayed frame number of the comp."""

    last: int = 99
    """Last displayed frame number of the comp."""

    fps: float = 30.0
    size: tuple[int, int] = (16, 16)
    """Width and height of frames, in pixels."""

    frame_bytes: int = 0
    """Frame files have at least this size (and are valid)."""

    style: Style = field(default_factory=Style)
    encoding: str = "utf-8"
    """Encoding of all lines; a Windows console has "cp1252", "cp850" or "cp932"."""

    launcher_lines_last: bool = False
    """The launcher's own lines come at the end, as on macOS if standard output is a pipe."""

    exit_zero: bool = False
    """Exit code 0 after errors too, as real launchers do."""

    exclusive_seconds: float = 0.0
    """A start within this many seconds of the previous one is refused: "Another instance of aerender …"."""

    contention: float = 0.0
    """Slowdown of a frame per other active renderer, as a part of its cost. With 0.3 each renderer is slower
    beside others, but all together are faster; above 1, a second renderer makes the total slower."""

    seed: int = 0
    faults: tuple[Fault, ...] = ()

    def write(self, folder: Path) -> Path:
        """Write `folder/scenario.json` (the folder is created) and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "scenario.json"
        path.write_text(json.dumps(asdict(self), default=_plain, indent=1), encoding="utf-8")
        return path

    def environment(self, folder: Path) -> dict[str, str]:
        """Write the scenario and return the environment variable that names it to the fake."""
        return {VARIABLE: str(self.write(folder))}


def load(path: Path) -> Scenario:
    """Read a scenario file.

    Raises:
        BadInput: it cannot be read, or has an unknown key or an invalid value.
    """
    scenario = _create(path, Scenario, _read(path))
    if not scenario.costs_file:
        return scenario
    costs = Path(scenario.costs_file)
    return replace(scenario, costs=_create(costs, FrameCosts, _read(costs)))


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{value!r} is no part of a scenario")


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: cannot be read as JSON: {error}") from None


_T = TypeVar("_T")
_NESTED: dict[str, type[Any]] = {"costs": FrameCosts, "style": Style, "on": On}
_ENUMS: dict[str, type[Enum]] = {
    "kind": FaultKind,
    "display": TimeDisplay,
    "language": Language,
    "quotes": Quotes,
}


def _create(path: Path, what: type[_T], value: object) -> _T:
    """Create a dataclass value from a JSON object; each field must have the type of its default."""
    if not isinstance(value, dict):
        raise BadInput(f"{path}: {what.__name__} must be an object, not {value!r}")
    known = fields(what)  # type: ignore[arg-type]  # every `what` is a dataclass
    names = [each.name for each in known]
    unknown = sorted(set(value) - set(names))
    if unknown:
        raise BadInput(f"{path}: {what.__name__} has no {unknown[0]!r}; it has {', '.join(names)}")
    given = dict(value) | ({"kind": value.get("kind")} if what is Fault else {})
    made = what(**{name: _convert(path, name, each) for name, each in given.items()})
    for each in known:
        _check_type(path, what, each.name, getattr(made, each.name), type(each.default))
    return made


def _check_type(path: Path, what: type[Any], name: str, value: object, kind: type[Any]) -> None:
    wanted = (int, float) if kind is float else kind
    if kind in {int, float, str, bool} and (
        not isinstance(value, wanted) or isinstance(value, bool) != (kind is bool)
    ):
        raise BadInput(f"{path}: {what.__name__}.{name} is {value!r}; a {kind.__name__} is wanted")


def _convert(path: Path, name: str, value: Any) -> object:
    """Convert a JSON value to the type of its field.

    Raises:
        BadInput: it is none of the field's values.
    """
    if name in _ENUMS:
        kind = _ENUMS[name]
        members = {str(member.value): member for member in kind}
        if not isinstance(value, str) or value not in members:
            raise BadInput(f"{path}: {kind.__name__} has no {value!r}; it has {', '.join(members)}")
        return members[value]
    if name in _NESTED:
        return _create(path, _NESTED[name], value)
    if name == "frames":
        try:
            return {int(frame): float(seconds) for frame, seconds in dict(value).items()}
        except (TypeError, ValueError):
            raise BadInput(f"{path}: Costs.frames must be an object of frame numbers and seconds") from None
    if name in {"faults", "size"} and not isinstance(value, list):
        raise BadInput(f"{path}: Scenario.{name} must be a list, not {value!r}")
    if name == "faults":
        return tuple(_create(path, Fault, each) for each in value)
    if name == "size":
        if len(value) != 2 or not all(type(side) is int and 0 < side <= 30_000 for side in value):
            raise BadInput(f"{path}: Scenario.size must be two numbers of pixels, not {value!r}")
        return tuple(value)
    return value
