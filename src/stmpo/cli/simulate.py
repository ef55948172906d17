"""`stmpo simulate`: parse, call, print."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import click

from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from stmpo.scheduling.protocol import Strategy
    from stmpo.scheduling.simulate import Simulation

MOST_SECONDS = 1e7
"""Of one cost or delay: four months. Beyond, sums lose their seconds."""

_STRATEGIES = ("static", "steal", "shared")
_SHAPES = ("uniform", "noise", "ramp", "hero", "cuts")


@click.command("simulate", short_help="Try a schedule without rendering anything.")
@click.option("--shape", type=click.Choice(_SHAPES), help="Costs of a named shape.  [default: cuts]")
@click.option("--costs", metavar="FILE", help="Costs in seconds: a JSON list, or an object by frame number.")
@click.option("--journal", metavar="FILE", help="Costs that earlier runs have left in this journal.")
@click.option(
    "--frames", type=click.IntRange(1, 1_000_000), default=600, help="Frames of a shape.", show_default=True
)
@click.option(
    "--mean",
    type=click.FloatRange(0.001),
    default=8.0,
    help="Mean seconds a frame of a shape.",
    show_default=True,
)
@click.option("--seed", type=int, default=0, help="Of a shape's chance.", show_default=True)
@click.option("--processes", type=click.IntRange(1, 1024), default=16, help="Slots.", show_default=True)
@click.option(
    "--start-up",
    type=click.FloatRange(0),
    default=20.0,
    help="Seconds a process takes to start.",
    show_default=True,
)
@click.option(
    "--spawn-delay",
    type=click.FloatRange(0),
    default=0.0,
    help="Seconds between two starts.",
    show_default=True,
)
@click.option(
    "--strategy",
    type=click.Choice(_STRATEGIES),
    default="steal",
    help="Rule that grants leases.",
    show_default=True,
)
@click.option(
    "--known",
    is_flag=True,
    help="The strategy knows the costs beforehand, as after an earlier run of the same version.",
)
@click.option(
    "--record",
    metavar="FILE",
    help="What the strategy believes beforehand, as after a run of another version: costs as JSON, or a journal.",
)
@click.option("--svg", metavar="FILE", help="Draw the lanes to this file.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def simulate_command(  # noqa: PLR0917 - click passes each by its name
    shape: str | None,
    costs: str | None,
    journal: str | None,
    frames: int,
    mean: float,
    seed: int,
    processes: int,
    start_up: float,
    spawn_delay: float,
    strategy: str,
    known: bool,
    record: str | None,
    svg: str | None,
    as_json: bool,
) -> int:
    """Run a schedule against a clock that jumps: the same strategies that `stmpo render` uses, and no renderer.

    Prints how long it would take, the bound that no schedule beats (start-up and all costs spread evenly), and what the
    strategy did to get there.
    """
    from stmpo.scheduling.simulate import SimulatedCosts, simulate  # noqa: PLC0415 - `--help` does not need it

    if sum(source is not None for source in (shape, costs, journal)) > 1:
        raise BadInput("give one of --shape, --costs and --journal")
    if known and record is not None:
        raise BadInput("give one of --known and --record")
    for name, value in (("mean", mean), ("start-up", start_up), ("spawn-delay", spawn_delay)):
        if not value <= MOST_SECONDS:  # NaN is not
            raise BadInput(f"--{name} {value:g}: at most {MOST_SECONDS:g} seconds are wanted")
    seconds = _costs(shape or "cuts", costs, journal, frames=frames, mean=mean, seed=seed)
    believed = seconds if known else {} if record is None else _record(record)
    rule = _strategy(
        strategy,
        believed,
        seconds,
        processes,
        sure=known,
        start_up=start_up if believed else None,
        delay=spawn_delay,
    )
    outcome = simulate(rule, processes, SimulatedCosts(seconds, start_up, spawn_delay=spawn_delay))
    source = costs or journal or f"{shape or 'cuts'}, {len(seconds):,} frames"
    title = f"{strategy}: {outcome.efficiency:.1%} of what is possible"
    about = f"{source}; {processes} processes, start-up {start_up:g} s, {sum(seconds.values()) / len(seconds):.3g} s a frame"
    if svg is not None:
        _draw(Path(svg), outcome, title, about)
    if as_json:
        click.echo(json.dumps(_numbers(outcome, strategy)))
    else:
        click.echo(about)
        for name, value in _numbers(outcome, strategy).items():
            click.echo(f"  {name.replace('_', ' '):22} {value}")
    return 0


def _costs(
    shape: str, costs: str | None, journal: str | None, *, frames: int, mean: float, seed: int
) -> dict[int, float]:
    if costs is not None:
        return _from_json(costs)
    if journal is not None:
        return _from_journal(journal)
    from stmpo.scheduling import cost_shapes  # noqa: PLC0415 - only here

    return dict(enumerate(cost_shapes.shape(shape, frames, mean, Random(seed))))  # noqa: S311 - a schedule is no secret


def _record(name: str) -> dict[int, float]:
    """Costs from either kind of file: a journal has an object on every line, and no JSON file is one."""
    _text(name, "--record")
    for read in (_from_json, _from_journal):
        with contextlib.suppress(BadInput):
            return read(name)
    raise BadInput(f"--record {name}: it holds neither costs as JSON nor a journal with costs in it")


def _from_json(name: str) -> dict[int, float]:
    try:
        value = json.loads(_text(name, "--costs"))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"--costs {name}: cannot be read as JSON: {error}") from None
    if isinstance(value, dict) and isinstance(value.get("costs"), dict):
        value = value["costs"]  # what --learned-dir keeps
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
    from stmpo.scheduling.cost_history import learn  # noqa: PLC0415 - only here

    seconds = learn(_objects(_text(name, "--journal").splitlines())).costs
    if not seconds:
        raise BadInput(f"--journal {name}: no run in it has left the cost of a frame")
    return {frame: min(cost, MOST_SECONDS) for frame, cost in sorted(seconds.items())}


def _text(name: str, option: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError) as error:  # a name with a NUL is a value
        raise BadInput(f"{option} {name}: {getattr(error, 'strerror', None) or error}") from None


def _objects(lines: list[str]) -> list[dict[str, Any]]:
    found = []
    for line in lines:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):  # a kill has cut it
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def _strategy(
    name: str,
    record: dict[int, float],
    seconds: dict[int, float],
    processes: int,
    *,
    sure: bool,
    start_up: float | None,
    delay: float,
) -> Strategy:
    from stmpo.model.frames import FrameSet  # noqa: PLC0415 - `--help` does not need it
    from stmpo.scheduling.registry import make_strategy  # noqa: PLC0415

    return make_strategy(
        name, FrameSet.of(seconds), processes, record=record, sure=sure, start_up=start_up, spawn_delay=delay
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
