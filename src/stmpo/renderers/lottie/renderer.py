"""`stmpo-lottie` renders Lottie files with aerender's command line, lines and exit codes.

It makes STMPO usable on a machine without After Effects, with real frames, real CPU time and a real process
per lease. One process draws on one thread (`-mfr` is accepted and has no effect). The file's first
composition is render queue item 1, and the extension of `-output` selects the image format. Its only own
flag, `--scale FACTOR`, renders smaller or larger than the composition.

    stmpo-lottie -project demo.json -rqindex 1 -s 0 -e 59 -mfr OFF 100 -output frames/demo_[####].png
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, TypeVar, cast

from stmpo import __version__
from stmpo.model.errors import BadInput
from stmpo.model.frames import Span
from stmpo.renderers.emulator.arguments import (
    USAGE,
    AerenderArguments,
    AerenderError,
    AerenderExitCode,
    OutputFile,
    claim,
    parse,
    resolve,
    runtime_error,
    syntax_error,
)
from stmpo.renderers.emulator.log_lines import VERSION, Item, LineWriter, LogLines, Style
from stmpo.renderers.lottie.document import WRITES, Composition, LottieInfo, check_lottie, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stmpo.renderers.lottie.painter import FramePainter

__all__ = ["LottieInfo", "check_lottie", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return aerender's exit code."""
    if argv is None:  # as a program: a crash of rlottie prints the file and the frame (see `_named`)
        faulthandler.enable(sys.stdout.fileno())
    writer = LineWriter(sys.stdout.buffer)
    try:
        scale, rest = _take_scale(sys.argv[1:] if argv is None else argv)
        arguments = parse(rest)
        if arguments.help or arguments.version:
            writer.write(USAGE if arguments.help else _version())
            return int(AerenderExitCode.USAGE if arguments.help else AerenderExitCode.OK)
        writer.write([_version(), "PROGRESS: Launching After Effects..."])
        with _writer(arguments) as ours:
            return _run(arguments, scale, ours)
    except AerenderError as error:
        writer.write(str(error))
        return int(error.code)
    except BrokenPipeError:  # the reader is gone: stop at the next line, as After Effects does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(AerenderExitCode.NO_SOCKET)
    except KeyboardInterrupt:
        return int(AerenderExitCode.APPLICATION)


def _version() -> str:
    return f"aerender version {VERSION} (stmpo-lottie {__version__})"


def _run(arguments: AerenderArguments, scale: float, writer: LineWriter) -> int:
    """Render and return the exit code; an error is written to the same place as all lines."""
    try:
        _render(arguments, scale, writer)
    except AerenderError as error:
        writer.write(str(error))
        return error.code.logged(to_file=arguments.log is not None)
    return int(AerenderExitCode.OK)


@contextlib.contextmanager
def _writer(arguments: AerenderArguments) -> Iterator[LineWriter]:
    if arguments.log is None:
        yield LineWriter(sys.stdout.buffer, errors_only=arguments.errors_only)
        return
    try:
        with Path(arguments.log).open("wb") as file:
            yield LineWriter(file, errors_only=arguments.errors_only)
    except FileNotFoundError:
        raise runtime_error(f"Directory specified for log file does not exist: {arguments.log}") from None


def _take_scale(argv: Sequence[str]) -> tuple[float, list[str]]:
    """Return the value of `--scale FACTOR` or `--scale=FACTOR`, and the arguments without it."""
    rest = list(argv)
    for at, argument in enumerate(rest):
        name, _, value = argument.partition("=")
        if name != "--scale":
            continue
        if "=" not in argument:
            value = rest.pop(at + 1) if at + 1 < len(rest) else ""
        del rest[at]
        try:
            scale = float(value)
        except ValueError:
            scale = 0.0
        if not 0.001 <= scale <= 16:
            raise syntax_error(f"Illegal value for flag: --scale {value} (a factor from 0.001 to 16)")
        return scale, rest
    return 1.0, rest


def _render(given: AerenderArguments, scale: float, writer: LineWriter) -> None:
    arguments, warnings = resolve(given)
    if warnings:
        writer.write(warnings)
    composition = _composition(arguments)
    output = _output(arguments)
    info = composition.info
    span = Span(
        info.first if arguments.start is None else arguments.start,
        info.last if arguments.end is None else arguments.end,
    )
    painter = _painter(composition, arguments, WRITES[output.extension], scale)
    lines = LogLines(Style(), _item(info, painter.size, output, arguments, span))
    _report_what_is_missing(composition, lines, writer, go_on=arguments.continue_on_missing_footage)
    if span.first < info.first or span.last > info.last:
        writer.write(lines.outside(span.first, info.first, info.last))
    writer.write(lines.starting())
    began = time.monotonic()
    frames = range(span.first, span.last + 1, arguments.increment or 1)
    for count, frame in enumerate(frames, start=1):
        at = time.monotonic()
        write = _named(_write, str(arguments.project), f"frame {frame}")
        if write(painter, frame, Path(output.path(frame)), skip_existing=arguments.skip_existing):
            writer.write(lines.frame(frame, count, time.monotonic() - at))
    writer.write(lines.finished(time.monotonic() - began))


def _report_what_is_missing(
    composition: Composition, lines: LogLines, writer: LineWriter, *, go_on: bool
) -> None:
    """Print the warnings about images and features, once per process.

    Raises:
        AerenderError: an image is missing, and `-continueOnMissingFootage` is not given.
    """
    for image in composition.missing_images:
        if not go_on:
            raise AerenderError(
                AerenderExitCode.AFTER_EFFECTS, f"aerender ERROR: Unable to render: File not found {image}"
            )
        writer.write(lines.missing_footage(image))
    if composition.not_drawn:
        features = ", ".join(
            f"{feature} ({count} {'layer' if count == 1 else 'layers'})"
            for feature, count in composition.not_drawn
        )
        writer.write(lines.warning(f"not drawn by the embedded renderer: {features}"))


_CRASHED = 139
"""Exit code after a crash of rlottie that Python survives: that of a shell after SIGSEGV."""

_F = TypeVar("_F", bound=Callable[..., object])


def _named(function: _F, file: str, name: str) -> _F:
    """Return the function under other names: a traceback of `faulthandler` then shows project and frame.

    A crash within rlottie ends the process before any code of ours runs; the traceback is all that it leaves.
    """
    code = function.__code__.replace(co_filename=file, co_name=name, co_firstlineno=1)
    return cast("_F", FunctionType(code, globals(), name, None, function.__closure__))


def _composition(arguments: AerenderArguments) -> Composition:
    """Return the composition that is asked for: by name, by number in the queue, or the first.

    Raises:
        AerenderError: there is no such file or composition.
    """
    if arguments.project is None:
        raise runtime_error("No project provided and no project open.")
    try:
        compositions = load(Path(arguments.project))
    except BadInput as error:
        raise runtime_error(str(error)) from None
    if arguments.comp is not None:
        named = [composition for composition in compositions if composition.info.name == arguments.comp]
        if not named:
            raise runtime_error("No comp was found with the given name.")
        return named[0]
    index = arguments.rqindex or 1
    if not 1 <= index <= len(compositions) or arguments.rqindex == 0:
        raise runtime_error("No render queue item was found with the given index.")
    return compositions[index - 1]


def _output(arguments: AerenderArguments) -> OutputFile:
    if arguments.output is None:
        raise runtime_error("Specified render queue item needs output file but none provided.")
    output = OutputFile.of(arguments.output)
    if output.extension not in WRITES:
        wanted = ", ".join(sorted(WRITES))
        raise runtime_error(f"stmpo-lottie cannot write {output.name!r}; it writes sequences of {wanted}")
    folder = Path(output.folder or ".")
    if not folder.is_dir():
        raise runtime_error(f"Directory specified for output file does not exist: {folder}")
    return output


def _painter(
    composition: Composition, arguments: AerenderArguments, image_format: str, scale: float
) -> FramePainter:
    try:
        from stmpo.renderers.lottie.painter import FramePainter  # noqa: PLC0415 - rlottie and Pillow, only to render
    except ImportError as error:
        raise runtime_error(f"{error}; rendering Lottie files needs: pip install stmpo[lottie]") from None
    project = Path(arguments.project or ".").resolve()
    try:
        return FramePainter(composition, project.parent, image_format, scale)
    except ValueError as error:
        raise runtime_error(f"{project}: {error}") from None


def _item(
    info: LottieInfo, size: tuple[int, int], output: OutputFile, arguments: AerenderArguments, span: Span
) -> Item:
    image_format = WRITES[output.extension]
    return Item(
        comp=info.name,
        first=span.first,
        last=span.last,
        fps=info.fps,
        width=size[0],
        height=size[1],
        output=output.text,
        format=f"{image_format} Sequence",
        alpha=image_format != "JPEG",
        skip_existing=arguments.skip_existing,
        rs_template=arguments.rs_template or "Best Settings",
        om_template=arguments.om_template or "Untitled 1",
    )


def _write(painter: FramePainter, frame: int, path: Path, *, skip_existing: bool) -> bool:
    """Render a frame to its file; return False if "Skip Existing Files" skips it because the file exists.

    Raises:
        AerenderError: the file cannot be written.
    """
    try:
        if skip_existing and not claim(str(path)):
            return False
        path.write_bytes(painter.encode(frame))
    except OSError as error:
        if "access violation" in str(error):
            # Windows' ctypes raises this for a crash; `faulthandler` has printed where.
            os._exit(_CRASHED)
        words = f"Rendering error while writing to file {path}: {error.strerror or error}"
        raise AerenderError(
            AerenderExitCode.AFTER_EFFECTS, f"aerender Error: After Effects error: {words}"
        ) from None
    return True


if __name__ == "__main__":
    raise SystemExit(main())
