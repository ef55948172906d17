"""`stmpo simulate`: try a schedule without rendering."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from stmpo.model.errors import BadInput
from stmpo.system.command_parser import CommandParser, number
from stmpo.system.files import read_file

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from stmpo.scheduling.protocol import Strategy
    from stmpo.scheduling.simulate import Simulation

MOST_SECONDS = 1e7
"""Limit of one cost or delay: four months. Beyond it, sums lose their seconds."""

MOST_BYTES = 64 << 20
"""Limit of a file of costs. A cost takes about 20 bytes."""

_STRATEGIES = ("static", "steal", "shared", "auto")
_SHAPES = (
    *("uniform", "noise", "ramp", "hero", "cuts", "heavy-tailed"),
    *("passages", "last-sixth", "every-tenth", "walk", "giant"),
)


def main(arguments: Sequence[str]) -> int:
    """Run a schedule against a clock that jumps: with the strategies of `stmpo render`, without renderers."""
    given = _parser().read(arguments)
    _check(given)
    from stmpo.scheduling.simulate import SimulatedCosts, simulate  # noqa: PLC0415 - `--help` does not need it

    shape = given.shape or "cuts"
    seconds = _costs(given, shape)
    believed = seconds if given.known else {} if given.record is None else _record(given.record)
    rule = _strategy(given, believed, seconds)
    costs = SimulatedCosts(seconds, given.start_up, spawn_delay=given.spawn_delay)
    outcome = simulate(rule, given.processes, costs)
    source = given.costs or given.journal or f"{shape}, {len(seconds):,} frames"
    mean = sum(seconds.values()) / len(seconds)
    about = f"{source}; {given.processes} processes, start-up {given.start_up:g} s, {mean:.3g} s per frame"
    if given.svg is not None:
        _draw(
            Path(given.svg), outcome, f"{given.strategy}: {outcome.efficiency:.1%} of what is possible", about
        )
    if given.as_json:
        print(json.dumps(_numbers(outcome, given.strategy)))
    else:
        print(about)
        for name, value in _numbers(outcome, given.strategy).items():
            print(f"  {name.replace('_', ' '):22} {value}")
    return 0


def _parser() -> CommandParser:
    parser = CommandParser(
        "stmpo simulate",
        'Simulate a schedule with the strategies of "stmpo render", without renderers. Prints the duration, the bound '
        "that no schedule beats (start-up, spawn delays and all costs spread evenly, or the longest frame), and what the strategy did.",
        usage="[options]",
    )
    _add_costs(parser)
    known = "The strategy knows the costs in advance, as after an earlier run of the same version."
    record = "Costs that the strategy expects, as after a run of another version: JSON, or a journal."
    seconds = number(float, 0, MOST_SECONDS)
    parser.value("--processes", "N", "Slots.", type=number(int, 1, 1024), default=16)
    parser.value("--start-up", "SECONDS", "Time a process takes to start.", type=seconds, default=20.0)
    parser.value("--spawn-delay", "SECONDS", "Time between two starts.", type=seconds, default=0.0)
    parser.value(
        "--strategy",
        "NAME",
        "static, steal, shared, or auto (steal if costs are known, otherwise shared).",
        choices=_STRATEGIES,
        default="steal",
    )
    parser.flag("--known", known)
    parser.value("--record", "FILE", record)
    parser.value("--svg", "FILE", "Draw the slots over time to this file.")
    parser.flag("--json", "Print the result as JSON.", dest="as_json")
    return parser


def _add_costs(parser: CommandParser) -> None:
    shape = f"Costs of a named shape: {', '.join(_SHAPES)}.  [default: cuts]"
    costs = "Costs in seconds: a JSON list, or a JSON object with frame numbers as keys."
    mean = "Mean time of a frame of a shape."
    parser.value("--shape", "NAME", shape, choices=_SHAPES)
    parser.value("--costs", "FILE", costs)
    parser.value("--journal", "FILE", "Costs of earlier runs, from this journal.")
    parser.value("--frames", "N", "Frames of a shape.", type=number(int, 1, 1_000_000), default=600)
    parser.value("--mean", "SECONDS", mean, type=number(float, 0.001, MOST_SECONDS), default=8.0)
    parser.value("--seed", "N", "Seed of a shape's random costs.", type=number(int), default=0)


def _check(given: Namespace) -> None:
    if sum(source is not None for source in (given.shape, given.costs, given.journal)) > 1:
        raise BadInput("give one of --shape, --costs and --journal")
    if given.known and given.record is not None:
        raise BadInput("give one of --known and --record")


def _costs(given: Namespace, shape: str) -> dict[int, float]:
    if given.costs is not None:
        return _from_json(given.costs)
    if given.journal is not None:
        return _from_journal(given.journal)
    from stmpo.scheduling import cost_shapes  # noqa: PLC0415 - only here

    chance = Random(given.seed)  # noqa: S311 - a schedule is no secret
    return dict(enumerate(cost_shapes.shape(shape, given.frames, given.mean, chance)))


def _record(name: str) -> dict[int, float]:
    """Return costs from either kind of file: no file is both JSON and a journal (an object per line)."""
    _text(name, "--record")
    for read in (_from_json, _from_journal):
        with contextlib.suppress(BadInput):
            return read(name)
    raise BadInput(f"--record {name}: neither costs as JSON nor a journal with costs")


def _from_json(name: str) -> dict[int, float]:
    try:
        value = json.loads(_text(name, "--costs"))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"--costs {name}: cannot be read as JSON: {error}") from None
    if isinstance(value, dict) and isinstance(value.get("costs"), dict):
        value = value["costs"]  # a file of --learned-dir
    pairs = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    seconds = {}
    for frame, cost in pairs:
        if not _is_frame(frame) or isinstance(cost, bool) or not isinstance(cost, int | float):
            break
        if not 0 <= cost <= MOST_SECONDS:  # NaN is not
            break
        seconds[int(frame)] = float(cost)
    else:
        if seconds:
            return dict(sorted(seconds.items()))
    raise BadInput(
        f"--costs {name}: a list of seconds is wanted, or an object of frame numbers and seconds,"
        f" each at most {MOST_SECONDS:g}"
    )


def _is_frame(text: object) -> bool:
    return isinstance(text, int) or (
        isinstance(text, str) and re.fullmatch(r"-?[0-9]{1,10}", text) is not None
    )


def _from_journal(name: str) -> dict[int, float]:
    from stmpo.scheduling.cost_history import read_cost_history  # noqa: PLC0415 - only here

    seconds = read_cost_history(_objects(_text(name, "--journal").splitlines())).costs
    if not seconds:
        raise BadInput(f"--journal {name}: it holds no cost of a frame")
    return {frame: min(cost, MOST_SECONDS) for frame, cost in sorted(seconds.items())}


def _text(name: str, option: str) -> str:
    try:
        data = read_file(Path(name), MOST_BYTES)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise BadInput(f"{option} {name}: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > MOST_BYTES:
        raise BadInput(f"{option} {name}: more than {MOST_BYTES >> 20} MiB; this is no list of costs")
    return data.decode("utf-8", "replace")


def _objects(lines: list[str]) -> list[dict[str, Any]]:
    found = []
    for line in lines:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):  # cut by a kill
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def _strategy(given: Namespace, record: dict[int, float], seconds: dict[int, float]) -> Strategy:
    from stmpo.model.frames import FrameSet  # noqa: PLC0415 - `--help` does not need it
    from stmpo.scheduling.registry import make_strategy  # noqa: PLC0415

    return make_strategy(
        given.strategy,
        FrameSet.of(seconds),
        given.processes,
        record=record,
        sure=given.known,
        start_up=given.start_up if record else None,
        spawn_delay=given.spawn_delay,
    )


def _numbers(outcome: Simulation, strategy: str) -> dict[str, Any]:
    return {
        "strategy": strategy,
        "makespan": round(outcome.makespan, 3),
        "bound": round(outcome.bound, 3),
        "efficiency": round(outcome.efficiency, 4),
        "starts": outcome.starts,
        "frames_rendered_twice": outcome.twice,
    }


def _draw(path: Path, outcome: Simulation, title: str, about: str) -> None:
    from stmpo.reporting.schedule_svg import draw  # noqa: PLC0415 - only where it is asked for

    try:
        path.write_text(draw(outcome, title, about), encoding="utf-8")
    except OSError as error:
        raise BadInput(f"--svg {path}: {error.strerror or error}") from None
