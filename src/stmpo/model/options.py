"""The options of a render, each declared once.

An option is a field of `JobOptions` (what to render) or `RunOptions` (how to render it), made by
`option(...)`. Its default, help, bounds, environment variable and job template parameter stand in that one
place. The command line (`stmpo.system.command_parser`), the environment, the job template and
docs/options.md are read from these declarations.

`resolve` joins the sources. The command line wins over the environment, which wins over the default
(`Source`).
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from stmpo.model.errors import BadInput
from stmpo.model.text import shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Source(Enum):
    """The source of an option's value, weakest first."""

    DEFAULT = "default"
    """The declaration below."""

    ENVIRONMENT = "environment"
    """The option's environment variable."""

    COMMAND_LINE = "command line"
    """A flag."""


WANTED: dict[type, str] = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
"""The words for each type, for messages that refuse a value."""

MAX_NUMBER = 1_000_000
"""Largest value of an option that states no other maximum."""

MAX_SECONDS = 10_000_000
"""Largest duration: almost four months."""

MAX_PROCESSES = 1024
MAX_SHOWN = 80
"""Characters of a refused value that a message shows."""

_TRUTH = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}

_READERS: dict[type, Any] = {
    int: int,
    float: float,
    str: str,
    bool: lambda text: _TRUTH[text.strip().lower()],
}


@dataclass(frozen=True, slots=True)
class Option:
    """One declared option. `name` is the field's name; flag and variable follow from it by default."""

    name: str
    type: type
    default: Any
    help: str
    environment: str
    """Name of the environment variable; empty if there is none."""

    parameter: str | None
    """Name in the job template, for an option that is one of its parameters."""

    parameter_inverts: bool
    """For a boolean: the parameter is true when the option is false (`DisableMFR`)."""

    minimum: float | None
    maximum: float | None
    """Every number has one: beyond it, sums of seconds or bytes, or a plan, cannot be worked out any more."""

    metavar: str | None
    switch: tuple[str, str] | None
    """For a boolean: the flags that turn it on and off, if they are not `--NAME` and `--no-NAME`."""

    choices: tuple[str, ...] | None
    """The allowed values, if they are few."""

    @property
    def flag(self) -> str:
        """The spelling on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def switches(self) -> tuple[str, str]:
        """For a boolean: the flags that turn it on and off."""
        return self.switch or (self.flag, f"--no-{self.flag[2:]}")

    def read(self, text: str) -> Any:
        """Convert an environment variable's text.

        Raises:
            BadInput: the text is not of the option's type, or out of bounds.
        """
        try:
            value = _READERS[self.type](text)
        except (KeyError, ValueError):
            shown = shortened(repr(text), MAX_SHOWN)
            raise BadInput(f"{self.environment}={shown}: {WANTED[self.type]} is wanted") from None
        return self.checked(value, self.environment)

    def checked(self, value: Any, spelled: str | None = None) -> Any:
        """Return the value if it is within bounds. `spelled` is the name in the message; default: the flag.

        Raises:
            BadInput: it is out of bounds, not a finite number, or none of the choices.
        """
        name = spelled or self.flag
        if self.choices is not None and value not in self.choices:
            shown = shortened(repr(value), MAX_SHOWN)
            raise BadInput(f"{name} {shown}: choose one of {', '.join(self.choices)}")
        if isinstance(value, float) and not math.isfinite(value):
            raise BadInput(f"{name} {value}: a finite number is wanted")
        if self.minimum is not None and value is not None and value < self.minimum:
            raise BadInput(f"{name} {_shown_number(value)}: must be at least {self.minimum:.10g}")
        if self.maximum is not None and value is not None and value > self.maximum:
            raise BadInput(f"{name} {_shown_number(value)}: must be at most {self.maximum:.10g}")
        return value


def _shown_number(value: float) -> str:
    """Return a number for a message; a very long one shortened."""
    try:
        return shortened(str(value), MAX_SHOWN)
    except ValueError:  # Python does not write out integers of thousands of digits
        return f"(a number of {value.bit_length() if isinstance(value, int) else 0} bits)"


def option(
    default: Any,
    help: str,  # noqa: A002 - what it is called everywhere else
    *,
    environment: str | None = None,
    parameter: str | None = None,
    parameter_inverts: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
    metavar: str | None = None,
    switch: tuple[str, str] | None = None,
    choices: tuple[str, ...] | None = None,
) -> Any:
    """Declare an option as a dataclass field. See `Option` for the meaning of each argument.

    The default of `maximum` is `MAX_SECONDS` for seconds and `MAX_NUMBER` for other numbers.
    """
    about = {
        "help": help,
        "environment": environment,
        "parameter": parameter,
        "parameter_inverts": parameter_inverts,
        "minimum": minimum,
        "maximum": maximum,
        "metavar": metavar,
        "switch": switch,
        "choices": choices,
    }
    return field(default=default, metadata={"option": about})


@dataclass(frozen=True, kw_only=True)
class JobOptions:
    """What to render, as the user wrote it."""

    comp: str | None = option(
        None,
        "Comp to render. An After Effects project needs this or --rqindex.",
        metavar="NAME",
    )
    rqindex: int | None = option(
        None,
        "Render queue item to render, counted from 1.",
        minimum=1,
        parameter="RenderQueueIndex",
        metavar="N",
    )
    frames: str | None = option(
        None,
        "Frames to render, as an OpenJD range expression: 1-240, 1-9:2, -5--1, 1,4,7-9.",
        parameter="Frames",
        metavar="RANGE",
    )
    output: str | None = option(
        None,
        "Files to write: a folder and a name with [#####], #### or %04d for the frame number.",
        metavar="PATTERN",
    )
    rs_template: str | None = option(
        None,
        "Render settings template, by its name in After Effects.",
        metavar="NAME",
    )
    om_template: str | None = option(
        None, "Output module template, by its name in After Effects.", metavar="NAME"
    )
    continue_on_missing_footage: bool = option(
        False,
        "Have After Effects render even if footage is missing (its own -continueOnMissingFootage). Unless "
        "--on-missing-footage is given, missing footage is then a warning. Without it, missing footage fails the run.",
        parameter="ContinueOnMissingFootage",
    )
    allow_blank: bool = option(
        False,
        "Render frames outside the comp, which are blank. Without it they are refused where the project can be read.",
    )


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How to render it."""

    concurrency: int = option(
        0,
        "Number of renderer processes; 0 chooses it from threads, memory and frames.",
        minimum=0,
        maximum=MAX_PROCESSES,
        parameter="Concurrency",
    )
    max_concurrency: int = option(
        24,
        "Upper limit of renderer processes when --concurrency is 0.",
        minimum=1,
        maximum=MAX_PROCESSES,
        parameter="MaxConcurrency",
    )
    gpu_processes: int | None = option(
        None,
        "Most renderer processes at once that the GPU of this machine fits. Default: no such limit.",
        minimum=1,
        maximum=MAX_PROCESSES,
        metavar="N",
    )
    seats: int | None = option(
        None,
        "Most renderer processes at once that licences allow, such as those of a plug-in. Default: no such limit.",
        minimum=1,
        maximum=MAX_PROCESSES,
        metavar="N",
    )
    ram_per_process_gb: float = option(
        32.0,
        "Memory to plan per renderer process, in GB (2^30 bytes).",
        minimum=0.1,
        parameter="RamPerProcessGB",
    )
    mfr: bool = option(
        True, "Multi-Frame Rendering inside each process.", parameter="DisableMFR", parameter_inverts=True
    )
    mfr_threads: int | None = option(
        None,
        "Logical CPUs to plan per process. Default: 16 with Multi-Frame Rendering, 8 without.",
        minimum=1,
        metavar="N",
    )
    affinity: bool = option(
        True,
        "Pin each renderer and its child processes to their own CPUs.",
        parameter="DisableAffinity",
        parameter_inverts=True,
        switch=("--enable-affinity", "--disable-affinity"),
    )
    numa_map: str | None = option(
        None,
        "numa_map.json that describes this machine. Without it, the operating system is asked.",
        metavar="FILE",
    )
    spawn_delay: float = option(
        2.0,
        "Seconds between the starts of two renderers.",
        minimum=0,
        parameter="SpawnDelay",
        metavar="SECONDS",
    )
    child_grace_sec: float = option(
        10.0,
        "Seconds a renderer has to exit when it is stopped or has written its last frame. Then it is killed.",
        minimum=0,
        parameter="ChildGraceSec",
        metavar="SECONDS",
    )
    strategy: str = option(
        "steal",
        "How frames are divided. auto: steal if their costs are known from an earlier run, otherwise shared where the job "
        "allows it. static: equal ranges. steal: a process that finishes early takes frames from the end of the range that "
        "is furthest behind. shared: each renderer takes the next frame that has no file (After Effects 2022 or later).",
        parameter="Strategy",
        metavar="NAME",
        choices=("auto", "static", "steal", "shared"),
    )
    max_frame_retries: int = option(
        2, "Retries of a failed frame.", minimum=0, maximum=1000, parameter="MaxFrameRetries"
    )
    kill_on_fail: bool = option(
        True,
        "When a frame has used up its retries, stop the other renderers at once. With --no-kill-on-fail the other frames "
        "are finished first.",
        parameter="NoKillOnFail",
        parameter_inverts=True,
    )
    on_missing_footage: str = option(
        "auto",
        "What follows if a renderer reports a missing footage file. fail: the run ends, and the frames do not count. "
        "warn: it is reported and counted; the frames count. ignore: nothing. auto: fail, or warn with "
        "--continue-on-missing-footage. warn and ignore also set --continue-on-missing-footage.",
        parameter="OnMissingFootage",
        metavar="REACTION",
        choices=("auto", "fail", "warn", "ignore"),
    )
    on_missing_effect: str = option(
        "fail",
        "What follows if a renderer reports a missing effect, which it leaves out: fail, warn or ignore, as above.",
        parameter="OnMissingEffect",
        metavar="REACTION",
        choices=("fail", "warn", "ignore"),
    )
    on_expression_error: str = option(
        "warn",
        "What follows if a renderer reports a disabled expression or a missing layer: fail, warn or ignore, as above.",
        parameter="OnExpressionError",
        metavar="REACTION",
        choices=("fail", "warn", "ignore"),
    )
    on_project_change: str = option(
        "fail",
        "What follows if the project is saved while it is rendered: frames of two versions would be mixed. fail: the run "
        "ends. warn: it is reported, and the run goes on.",
        metavar="REACTION",
        choices=("fail", "warn"),
    )
    start_timeout: float = option(
        900.0,
        "Stop a renderer that has not begun to render this many seconds after its start, whatever signs of life it shows, "
        "and retry its frames; 0 never stops it.",
        minimum=0,
        metavar="SECONDS",
    )
    frame_timeout: float | None = option(
        None,
        "Stop a renderer that is at work on one frame for this many seconds, whatever signs of life it shows, and retry "
        "the frame; 0 never stops it. Default: 50 times the slowest frame of this job so far, at least 900; 3600 until "
        "five frames are known.",
        minimum=0,
        metavar="SECONDS",
    )
    stall_timeout: float = option(
        600.0,
        "Stop a renderer after this many seconds without a line of progress, CPU use, I/O or a new file, and retry its "
        "frames; 0 never stops it. The five --stall options below set single phases.",
        minimum=0,
        metavar="SECONDS",
    )
    stall_launching: float | None = option(
        None,
        "Stop a renderer that has printed nothing this many seconds after its start. Default: 300, or --stall-timeout if "
        "that is smaller.",
        minimum=0,
        metavar="SECONDS",
    )
    stall_opening: float | None = option(
        None,
        "Stall timeout while the renderer opens the project. Default: --stall-timeout.",
        minimum=0,
        metavar="SECONDS",
    )
    stall_first_frame: float | None = option(
        None,
        "Stall timeout until the first frame is written. Default: --stall-timeout.",
        minimum=0,
        metavar="SECONDS",
    )
    stall_rendering: float | None = option(
        None,
        "Stall timeout between two frames. Default: 20 times the slowest frame of this job so far, at least 120 and at "
        "most --stall-timeout.",
        minimum=0,
        metavar="SECONDS",
    )
    stall_finishing: float | None = option(
        None,
        "Stall timeout after the renderer has reported that it is done, while frames are still missing. Default: 120, or "
        "--stall-timeout if that is smaller.",
        minimum=0,
        metavar="SECONDS",
    )
    space_timeout: float = option(
        900.0,
        "Seconds a paused run waits for space on a full disk (scratch or destination) before it ends; 0 ends it at once.",
        minimum=0,
        metavar="SECONDS",
    )
    min_frame_bytes: int = option(
        8,
        "Smallest file, in bytes, that is accepted as a frame.",
        minimum=1,
        maximum=1 << 40,
        metavar="BYTES",
    )
    aerender_path: str | None = option(
        None,
        "aerender to run. Default: AERENDER_PATH, AERENDER_EXECUTABLE, PATH, then the newest installed After Effects. If you name a "
        "renderer by option or variable, it must exist; STMPO does not fall back to another.",
        environment="",  # AERENDER_PATH comes second: it is not another spelling of the option
        parameter="AerenderPath",
        metavar="FILE",
    )
    env_file: str | None = option(
        None,
        "JSON object of environment variables for the renderers. Its values are never logged.",
        parameter="EnvFile",
        metavar="FILE",
    )
    log_file: str | None = option(
        None,
        "Also write the log, with every renderer line, to this file.",
        parameter="LogFile",
        metavar="FILE",
    )
    scratch_dir: str | None = option(
        None,
        "Local folder for frames before they are delivered. Default: the temporary folder of the session or the system.",
        parameter="ScratchDir",
        metavar="FOLDER",
    )
    journal_dir: str | None = option(
        None, "Folder of the journal. Default: beside the frames.", metavar="FOLDER"
    )
    learned_dir: str | None = option(
        None,
        "Folder for the measured cost of this comp's frames (one small file per comp), used by later runs of the comp "
        'whatever their output; "output" means the folder of the frames. Default: costs are kept in the journal only.',
        metavar="FOLDER",
    )
    resume: bool = option(True, "Skip frames that the journal lists and the destination holds.")
    keep_existing: bool = option(
        False, "Also skip whole frames at the destination that no journal of this job lists."
    )
    openjd: bool | None = option(
        None,
        "Print openjd_progress, openjd_status and openjd_fail lines. Default: only inside an OpenJD session.",
    )


_Options = TypeVar("_Options", JobOptions, RunOptions)


def declared(options: type[JobOptions | RunOptions]) -> Iterator[Option]:
    """Yield the options of a class in the order of their declaration."""
    types = get_type_hints(options)
    for item in dataclasses.fields(options):
        about = dict(item.metadata["option"])
        hint = types[item.name]
        kinds = [kind for kind in getattr(hint, "__args__", (hint,)) if kind is not type(None)]
        if about["maximum"] is None and kinds[0] in {int, float}:
            about["maximum"] = MAX_SECONDS if about["metavar"] == "SECONDS" else MAX_NUMBER
        environment = about.pop("environment")
        if environment is None:
            environment = "STMPO_" + item.name.upper()
        yield Option(item.name, kinds[0], item.default, environment=environment, **about)


def resolve(
    kind: type[_Options], command_line: Mapping[str, Any], environ: Mapping[str, str]
) -> tuple[_Options, dict[str, Source]]:
    """Return the options of a class and, for each name, the source of its value.

    `command_line` may hold names of other classes; a value of None means that the option was not given.

    Raises:
        BadInput: a value is out of bounds, or an environment variable cannot be read.
    """
    values: dict[str, Any] = {}
    sources: dict[str, Source] = {}
    for item in declared(kind):
        if (given := command_line.get(item.name)) is not None:
            values[item.name] = item.checked(given)
            sources[item.name] = Source.COMMAND_LINE
        elif item.environment and environ.get(item.environment, ""):
            values[item.name] = item.read(environ[item.environment])
            sources[item.name] = Source.ENVIRONMENT
        else:
            sources[item.name] = Source.DEFAULT
    return kind(**values), sources
