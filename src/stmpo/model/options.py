"""Options."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Source(Enum):
    """Where an option's value came from, weakest first."""

    DEFAULT = "default"
    """The declaration below."""

    ENVIRONMENT = "environment"
    """The option's environment variable."""

    COMMAND_LINE = "command line"
    """A flag."""


@dataclass(frozen=True, slots=True)
class Option:
    """One declared option. `name` is the field's; flag and variable follow from it unless declared otherwise."""

    name: str
    type: type
    default: Any
    help: str
    environment: str
    parameter: str | None
    """Name in the job template, where the option is one of its parameters."""

    parameter_inverts: bool
    """For a boolean: the parameter is true where the option is false (`DisableMFR`)."""

    minimum: float | None
    metavar: str | None
    switch: tuple[str, str] | None
    """For a boolean: the flags that turn it on and off, when they are not `--NAME` and `--no-NAME`."""

    choices: tuple[str, ...] | None
    """The only values there are, where there are few."""

    @property
    def flag(self) -> str:
        """The command line's spelling."""
        return "--" + self.name.replace("_", "-")

    def read(self, text: str) -> Any:
        """Convert an environment variable's text.

        Raises:
            BadInput: the text is not of the option's type, or out of bounds.
        """
        try:
            value = _READERS[self.type](text)
        except (KeyError, ValueError):
            raise BadInput(f"{self.environment}={text!r}: {_WANTED[self.type]} is wanted") from None
        return self.checked(value, self.environment)

    def checked(self, value: Any, spelled: str | None = None) -> Any:
        """The value, if it is within bounds.

        Raises:
            BadInput: it is below the minimum, not a finite number, or none of the choices.
        """
        if self.choices is not None and value not in self.choices:
            raise BadInput(f"{spelled or self.flag} {value!r}: choose one of {', '.join(self.choices)}")
        if isinstance(value, float) and not math.isfinite(value):
            raise BadInput(f"{spelled or self.flag} {value}: a finite number is wanted")
        if self.minimum is not None and value is not None and value < self.minimum:
            raise BadInput(f"{spelled or self.flag} {value}: must be at least {self.minimum:g}")
        return value


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


_WANTED = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}


def option(
    default: Any,
    help: str,  # noqa: A002 - what it is called everywhere else
    *,
    environment: str | None = None,
    parameter: str | None = None,
    parameter_inverts: bool = False,
    minimum: float | None = None,
    metavar: str | None = None,
    switch: tuple[str, str] | None = None,
    choices: tuple[str, ...] | None = None,
) -> Any:
    """Declare an option as a dataclass field. See `Option` for the meaning of each argument."""
    about = {
        "help": help,
        "environment": environment,
        "parameter": parameter,
        "parameter_inverts": parameter_inverts,
        "minimum": minimum,
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
        "Name of the comp to render. Give this or --rqindex for an After Effects project.",
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
        "Frames as an OpenJD range expression: 1-240, 1-9:2, -5--1, 1,4,7-9. Only these are rendered.",
        parameter="Frames",
        metavar="RANGE",
    )
    output: str | None = option(
        None,
        "Where the frames go: a folder and a name with [#####], #### or %04d for the frame number.",
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
        False, "Render on where footage is missing, instead of failing.", parameter="ContinueOnMissingFootage"
    )


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How to render it."""

    concurrency: int = option(
        0,
        "Renderer processes; 0 chooses from threads, memory and frames.",
        minimum=0,
        parameter="Concurrency",
    )
    max_concurrency: int = option(
        24, "Most renderer processes, however large the machine.", minimum=1, parameter="MaxConcurrency"
    )
    ram_per_process_gb: float = option(
        32.0,
        "Memory to plan for each renderer process, in GB (2^30 bytes).",
        minimum=0.1,
        parameter="RamPerProcessGB",
    )
    mfr: bool = option(
        True, "Multi-Frame Rendering inside each process.", parameter="DisableMFR", parameter_inverts=True
    )
    mfr_threads: int | None = option(
        None,
        "Threads to plan for each process (logical CPUs); 16 with Multi-Frame Rendering, 8 without.",
        minimum=1,
        metavar="N",
    )
    affinity: bool = option(
        True,
        "Pin each renderer, and all that it starts, to its own part of the machine.",
        parameter="DisableAffinity",
        parameter_inverts=True,
        switch=("--enable-affinity", "--disable-affinity"),
    )
    numa_map: str | None = option(
        None,
        "numa_map.json that describes this machine, in place of what the system says.",
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
        "Seconds that renderers are given to end by themselves, when they are stopped and after their last frame.",
        minimum=0,
        parameter="ChildGraceSec",
        metavar="SECONDS",
    )
    strategy: str = option(
        "steal",
        "How frames are shared out: static (equal ranges), steal (who is done takes the back of the range that would end "
        "last), shared (each renderer takes the next frame that has no file; After Effects 2022 and later).",
        parameter="Strategy",
        metavar="NAME",
        choices=("static", "steal", "shared"),
    )
    max_frame_retries: int = option(
        2, "Further attempts at a frame that failed.", minimum=0, parameter="MaxFrameRetries"
    )
    kill_on_fail: bool = option(
        True,
        "When a frame has failed for good: stop the other renderers, or finish the other frames first.",
        parameter="NoKillOnFail",
        parameter_inverts=True,
    )
    stall_timeout: float = option(
        600.0,
        "Seconds without output, CPU use, I/O or a new file after which a renderer is stopped and its frames tried again; "
        "0 never. The five below are its phases.",
        minimum=0,
        metavar="SECONDS",
    )
    stall_launching: float | None = option(
        None,
        "The same from its start to its first word, which wants no dialog and no network. Else 300, or --stall-timeout "
        "where that is less.",
        minimum=0,
        metavar="SECONDS",
    )
    stall_opening: float | None = option(
        None,
        "The same while it opens the project. Else --stall-timeout.",
        minimum=0,
        metavar="SECONDS",
    )
    stall_first_frame: float | None = option(
        None,
        "The same until its first frame is there. Else --stall-timeout.",
        minimum=0,
        metavar="SECONDS",
    )
    stall_rendering: float | None = option(
        None,
        "The same between two frames. Else learned: 20 times the slowest frame of this job so far, at least 120 and at "
        "most --stall-timeout.",
        minimum=0,
        metavar="SECONDS",
    )
    stall_finishing: float | None = option(
        None,
        "The same once it has said that it is done and frames are still missing. Else 120, or --stall-timeout where that "
        "is less.",
        minimum=0,
        metavar="SECONDS",
    )
    space_timeout: float = option(
        900.0,
        "Seconds that a run waits, paused, for room on a full disk (scratch or destination) before it ends; 0 ends it at "
        "once.",
        minimum=0,
        metavar="SECONDS",
    )
    min_frame_bytes: int = option(
        8,
        "Smallest file, in bytes, that can be a frame.",
        minimum=1,
        metavar="BYTES",
    )
    aerender_path: str | None = option(
        None,
        "The aerender to run. Else AERENDER_PATH, else PATH, else the newest installed After Effects.",
        environment="",  # AERENDER_PATH is the second place looked at, not another spelling of the first
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
        "Write the log, every renderer line included, to this file as well.",
        parameter="LogFile",
        metavar="FILE",
    )
    scratch_dir: str | None = option(
        None,
        "Local folder that the renderers write to, before delivery. Else the session's or the system's temporary one.",
        parameter="ScratchDir",
        metavar="FOLDER",
    )
    journal_dir: str | None = option(None, "Folder of the journal. Else beside the frames.", metavar="FOLDER")
    learned_dir: str | None = option(
        None,
        "Keep what this comp's frames cost in one small file of this folder, whatever the output, and begin the next run "
        "of the comp with it; `output` is the folder of the frames. Else only the journal knows.",
        metavar="FOLDER",
    )
    resume: bool = option(True, "Render only what the journal and the destination do not already hold.")
    keep_existing: bool = option(
        False, "Trust whole frames at the destination that no journal of this job vouches for."
    )
    openjd: bool | None = option(
        None, "Print openjd_progress, openjd_status and openjd_fail. Else only inside an OpenJD session."
    )


_Options = TypeVar("_Options", JobOptions, RunOptions)


def declared(options: type[JobOptions | RunOptions]) -> Iterator[Option]:
    """The options of a class, in the order of their declaration."""
    types = get_type_hints(options)
    for item in dataclasses.fields(options):
        about = dict(item.metadata["option"])
        hint = types[item.name]
        kinds = [kind for kind in getattr(hint, "__args__", (hint,)) if kind is not type(None)]
        environment = about.pop("environment")
        if environment is None:
            environment = "STMPO_" + item.name.upper()
        yield Option(item.name, kinds[0], item.default, environment=environment, **about)


def resolve(
    kind: type[_Options], command_line: Mapping[str, Any], environ: Mapping[str, str]
) -> tuple[_Options, dict[str, Source]]:
    """Options from the command line (only what was given there), the environment and the declared defaults.

    Returns the options and, for each name, where its value came from.

    Raises:
        BadInput: a value is out of bounds, or an environment variable cannot be read.
    """
    values: dict[str, Any] = {}
    sources: dict[str, Source] = {}
    for item in declared(kind):
        if item.name in command_line:
            values[item.name] = item.checked(command_line[item.name])
            sources[item.name] = Source.COMMAND_LINE
        elif item.environment and environ.get(item.environment, ""):
            values[item.name] = item.read(environ[item.environment])
            sources[item.name] = Source.ENVIRONMENT
        else:
            sources[item.name] = Source.DEFAULT
    return kind(**values), sources
