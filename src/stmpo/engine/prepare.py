"""Turn the options of a user into a job that can be run, after every check that is possible before a start.

Each refusal is a `BadInput`, `NoRenderer` or `NoSpace`: one line that names the option or file, and what to
do. Checks that only read come first. Folders are made and files are opened last, and new folders are removed
again if a later check refuses. Needs nothing but psutil, since the worker's scripts use it as well as the
command line.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from stmpo.delivery.disk_space import check_space
from stmpo.delivery.publish import prepare_destination
from stmpo.delivery.scratch import Scratch, default_root
from stmpo.engine.comp_check import find_comp, from_queue_item
from stmpo.engine.journal_search import find_journal
from stmpo.engine.output_lock import OutputLock
from stmpo.history.cost_cache import cost_file
from stmpo.history.journal import Journal
from stmpo.history.journal_model import ProjectVersion, journal_path
from stmpo.machine import apply_numa_map, discover
from stmpo.model.errors import BadInput, StmpoError
from stmpo.model.frames import FrameSet
from stmpo.model.options import JobOptions, RunOptions, Source
from stmpo.model.output_pattern import OutputKind, OutputPattern
from stmpo.model.render_job import RenderJob
from stmpo.model.text import one_line, plural
from stmpo.renderers.discovery import AFTER_EFFECTS_SUFFIXES, choose_renderer
from stmpo.renderers.environment import child_environment
from stmpo.renderers.lottie.document import WRITES, check_lottie
from stmpo.system import paths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from stmpo.machine.model import Machine
    from stmpo.renderers.aerender import Aerender

EMBEDDED_THREADS = 1
"""Threads of the embedded renderer: rlottie renders on one."""

EMBEDDED_RAM_GB = 0.5
"""GB of memory that the embedded renderer needs for a comp of 4096 x 4096 pixels, with room to spare."""

BESIDE_FRAMES = "output"
"""The value of `--learned-dir` that means the folder of the frames."""

LONGEST_SCRATCH_NAME = len("stmpo-4294967295-9f3c2a/a99999/frame_-2147483648.jpeg")
"""Characters of the longest path that renderers open below the scratch folder."""

LONGEST_NAME_ADDITION = len(".stmpo-9f3c2a00-.part") + len("-2147483648")
"""Characters that a frame's number and its temporary name add to the pattern, at most."""


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """A job that can be run, and everything that its run needs. Journal and lock are open: close them."""

    job: RenderJob
    options: RunOptions
    renderer: Aerender
    machine: Machine
    environment: Mapping[str, str]
    redact: Callable[[str], str]
    journal: Journal
    version: ProjectVersion
    output_lock: OutputLock
    scratch_root: Path
    run: str
    notes: tuple[str, ...]
    """Facts that the user should know before the start, one line each."""

    cost_file: Path | None = None
    """The file that keeps costs outside the journal, if one is wanted."""

    warnings: tuple[str, ...] = ()
    """Wishes that cannot be fulfilled, one line each; the run goes on without them."""

    launch_hints: tuple[str, ...] = ()
    """What in the project can stop After Effects silently while it starts, in short phrases."""


def prepare(
    project: str,
    job_options: JobOptions,
    options: RunOptions,
    *,
    sources: Mapping[str, Source],
    environ: Mapping[str, str],
    folder: Path,
) -> PreparedRun:
    """Check everything. `sources` says where each option came from. Relative paths start at `folder`.

    Raises:
        BadInput, NoRenderer, NoSpace: the first check that refuses. Nothing has been started then.
    """
    path = _project(project, folder)
    notes: list[str] = []
    is_after_effects = path.suffix.lower() in AFTER_EFFECTS_SUFFIXES
    if is_after_effects:
        _check_item(path, job_options)
    known = find_comp(path, job_options) if is_after_effects else None
    if known is not None:
        notes += [known.choice.note] if known.choice.note else []
        job_options = from_queue_item(known, job_options, notes)
    output = _output(job_options.output, folder)
    renderer = choose_renderer(path, options.aerender_path, environ)
    frames = FrameSet.parse(job_options.frames) if job_options.frames is not None else None
    if renderer.name == "stmpo-lottie":
        frames = _lottie_frames(path, frames, allow_blank=job_options.allow_blank)
        _check_embedded_output(output)
        options = _lower_defaults(options, sources)
    frames = _check_frames(path, frames, output, notes)
    if known is not None and frames is not None and not job_options.allow_blank:
        known.refuse_blank(frames)
    job = RenderJob(
        project=path,
        comp=job_options.comp,
        rqindex=job_options.rqindex,
        frames=frames,
        output=output,
        rs_template=job_options.rs_template,
        om_template=job_options.om_template,
        continue_on_missing_footage=job_options.continue_on_missing_footage
        or options.on_missing_footage in {"warn", "ignore"},
    )
    env = child_environment(environ, _optional(options.env_file, folder))
    if env.names_from_file:
        notes.append(f"environment from {options.env_file}: {', '.join(env.names_from_file)}")
    notes.append(f"renderer: {renderer.name} ({renderer.found_by})")
    machine, warnings = _machine(options, folder)
    scratch_root = _optional(options.scratch_dir, folder) or default_root(env.values)
    version = _version(path)
    journal_dir = _optional(options.journal_dir, folder)
    journal, lock = _journal(job, version, scratch_root, journal_dir, resume=options.resume)
    return PreparedRun(
        job=job,
        options=options,
        renderer=renderer,
        machine=machine,
        environment=env.values,
        redact=env.redactor(),
        journal=journal,
        output_lock=lock,
        version=version,
        scratch_root=scratch_root,
        run=secrets.token_hex(4),
        notes=tuple(notes),
        cost_file=_cost_file(job, options.learned_dir, folder),
        warnings=tuple(warnings),
        launch_hints=() if known is None else known.launch_hints,
    )


def _machine(options: RunOptions, folder: Path) -> tuple[Machine, list[str]]:
    path = _optional(options.numa_map, folder)
    return (discover(), []) if path is None else apply_numa_map(discover(), path)


def _cost_file(job: RenderJob, where: str | None, folder: Path) -> Path | None:
    if where is None or not where.strip():
        return None
    return cost_file(job, job.output.directory if where == BESIDE_FRAMES else absolute(folder, where))


def _journal(
    job: RenderJob, version: ProjectVersion, scratch_root: Path, journal_dir: Path | None, *, resume: bool
) -> tuple[Journal, OutputLock]:
    """Do the checks that write to disk. Return the open journal, and the lock on the destination's files."""
    destination, path = job.output.directory, journal_path(job, journal_dir)
    if not paths.path_fits(str(scratch_root), LONGEST_SCRATCH_NAME):
        raise BadInput(
            f"scratch cannot be in {scratch_root}: that path is too long for After Effects to write below it;"
            " choose a shorter one with --scratch-dir"
        )
    check_space(scratch_root, destination)
    with _removed_on_refusal(scratch_root, destination, path.parent):
        Scratch.check_root(scratch_root)
        prepare_destination(destination)
        _check_names(job)
        lock = OutputLock.acquire(job)
        try:
            find_journal(path, job, version, scratch_root, resume=resume)
            return Journal.open(path), lock
        except BaseException:
            lock.close()
            raise


@contextlib.contextmanager
def _removed_on_refusal(*folders: Path) -> Iterator[None]:
    """Remove those of these folders that are made inside, if a check refuses: then nothing has changed."""
    places = {place for folder in folders for place in (folder, *folder.parents)}
    new = [place for place in places if not os.path.lexists(place)]
    try:
        yield
    except StmpoError:
        for place in sorted(new, key=lambda place: len(place.parts), reverse=True):
            with contextlib.suppress(OSError):  # never made, or somebody else has put something there
                place.rmdir()
        raise


def _check_names(job: RenderJob) -> None:
    """Check that the destination's file system can hold the names: their length, odd characters."""
    frames = job.frames.frames if job.frames is not None else (0,)
    for frame in frames:  # `COM[#].png` is a file's name for every frame but ten
        if 0 <= frame <= 9 and (reason := paths.path_problem(job.output.name(frame))):
            raise BadInput(f"--output: frame {frame}: {reason}; choose another name")
    for frame in (frames[0], frames[-1]):
        path = job.output.path(frame)
        try:
            path.lstat()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise BadInput(
                f"--output: {path.parent} cannot hold a file called {path.name}: {error.strerror or error}"
            ) from None


def _project(text: str, folder: Path) -> Path:
    path = absolute(folder, text)
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise BadInput(f"the project {path} does not exist") from None
    except OSError as error:
        raise BadInput(f"the project {path} cannot be read: {error.strerror or error}") from None
    if not stat.S_ISREG(mode):
        raise BadInput(f"the project {path} is not a file")
    return path


def _version(project: Path) -> ProjectVersion:
    try:
        return ProjectVersion.of(project)
    except OSError as error:
        raise BadInput(f"the project {project} cannot be read: {error.strerror or error}") from None


def _output(text: str | None, folder: Path) -> OutputPattern:
    if text is None:
        raise BadInput('--output is missing; write for example --output "renders/shot_[#####].png"')
    output = OutputPattern.parse(text, folder)
    # As written: a path that the system has made absolute has changed already.
    if reason := paths.path_problem(text):
        raise BadInput(f"--output {text!r}: {reason}; choose another name")
    if paths.is_folder(absolute(folder, text)):  # only looking tells: a name may have no extension
        raise BadInput(f"--output {text!r} is a folder; add a file name such as shot_[#####].png")
    directory = str(absolute(folder, str(output.directory)))
    return replace(
        output, directory=Path(paths.extended_path(directory, len(output.text) + LONGEST_NAME_ADDITION))
    )


def _check_item(project: Path, options: JobOptions) -> None:
    if options.comp is None and options.rqindex is None:
        raise BadInput(f"{project.name}: say what to render, by --comp NAME or by --rqindex N")
    if options.comp is not None and options.rqindex is not None:
        raise BadInput(
            "--comp and --rqindex are both given; aerender would ignore --rqindex, so keep one of them"
        )
    if options.comp is not None and not options.comp.strip():
        raise BadInput("--comp is empty; give the name of the comp as After Effects shows it")


def _lottie_frames(project: Path, frames: FrameSet | None, *, allow_blank: bool) -> FrameSet:
    """Return the frames to render: those that are given, or the comp's own."""
    info = check_lottie(project)
    if frames is None:
        return FrameSet.between(info.first, info.last)
    outside = FrameSet.of(frame for frame in frames if not info.first <= frame <= info.last)
    if outside.frames and not allow_blank:
        raise BadInput(
            f"--frames: {plural(len(outside), 'frame')} ({one_line(str(outside), 60)}) outside {project.name}, which has"
            f" frames {info.first}-{info.last}; choose others, or give --allow-blank"
        )
    return frames


def _check_embedded_output(output: OutputPattern) -> None:
    if output.extension.lower() not in WRITES:
        raise BadInput(
            f"--output: the embedded renderer writes sequences of {', '.join(sorted(WRITES))}, not {output.name(0)}"
        )


def _lower_defaults(options: RunOptions, sources: Mapping[str, Source]) -> RunOptions:
    """Lower the defaults for the embedded renderer, which needs little. Given options stay."""
    if sources["mfr_threads"] is Source.DEFAULT:
        options = replace(options, mfr_threads=EMBEDDED_THREADS)
    if sources["ram_per_process_gb"] is Source.DEFAULT:
        options = replace(options, ram_per_process_gb=EMBEDDED_RAM_GB)
    if sources["spawn_delay"] is Source.DEFAULT:
        options = replace(options, spawn_delay=0.0)
    return options


def _check_frames(
    project: Path, frames: FrameSet | None, output: OutputPattern, notes: list[str]
) -> FrameSet | None:
    if output.kind is OutputKind.SINGLE_FILE:
        if frames is not None and len(frames.runs()) > 1:
            raise BadInput(f"--frames {frames}: a single file ({output.name(0)}) needs frames without a gap")
        notes.append(f"{output.name(0)} is a single file: it is rendered by one process")
        return frames
    if frames is None:
        raise BadInput(
            f"--frames is missing: say which frames of {project.name} to render, for example --frames 1-240"
        )
    return frames


def absolute(folder: Path, text: str) -> Path:
    """Return an absolute path without `.` and `..`. Symbolic links stay as people wrote them."""
    return Path(os.path.abspath(folder / text))  # noqa: PTH100 - `resolve` would follow the links


def _optional(text: str | None, folder: Path) -> Path | None:
    return None if text is None else absolute(folder, text)
