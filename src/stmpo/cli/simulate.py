"""`stmpo simulate`: parse, call, print."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import click

from stmpo.errors import BadInput

if TYPE_CHECKING:
    from stmpo.scheduling.protocol import Strategy
    from stmpo.scheduling.simulate import Outcome

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
    "--known", is_flag=True, help="The strategy knows the costs beforehand, as after an earlier run."
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
    svg: str | None,
    as_json: bool,
) -> int:
    """Run a schedule against a clock that jumps: the same strategies that `stmpo render` uses, and no renderer.

    Prints how long it would take, the bound that no schedule beats (start-up and all costs spread evenly), and what the
    strategy did to get there.
    """
    from stmpo.scheduling.simulate import Costs, simulate  # noqa: PLC0415 - `--help` does not need it

    if sum(source is not None for source in (shape, costs, journal)) > 1:
        raise BadInput("give one of --shape, --costs and --journal")
    seconds = _costs(shape or "cuts", costs, journal, frames=frames, mean=mean, seed=seed)
    rule = _strategy(
        strategy,
        seconds if known else {},
        seconds,
        processes,
        start_up=start_up if known else None,
        delay=spawn_delay,
    )
    outcome = simulate(rule, processes, Costs(seconds, start_up, spawn_delay=spawn_delay))
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
    from stmpo.scheduling import shapes  # noqa: PLC0415 - only here

    return dict(enumerate(shapes.shape(shape, frames, mean, Random(seed))))  # noqa: S311 - a schedule is no secret


def _from_json(name: str) -> dict[int, float]:
    try:
        value = json.loads(Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"--costs {name}: cannot be read as JSON: {error}") from None
    try:
        found = (
            dict(enumerate(value))
            if isinstance(value, list)
            else {int(frame): value[frame] for frame in value}
        )
        seconds = {frame: float(cost) for frame, cost in sorted(found.items())}
    except (TypeError, ValueError):
        seconds = {}
    if not seconds or not all(0 <= cost < float("inf") for cost in seconds.values()):
        raise BadInput(
            f"--costs {name}: a list of seconds is wanted, or an object of frame numbers and seconds"
        )
    return seconds


def _from_journal(name: str) -> dict[int, float]:
    from stmpo.scheduling.learned import learn  # noqa: PLC0415 - only here

    try:
        lines = Path(name).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise BadInput(f"--journal {name}: {error.strerror or error}") from None
    seconds = learn(_objects(lines)).costs
    if not seconds:
        raise BadInput(f"--journal {name}: no run in it has left the cost of a frame")
    return dict(sorted(seconds.items()))


def _objects(lines: list[str]) -> list[dict[str, Any]]:
    found = []
    for line in lines:
        try:
            value = json.loads(line)
        except ValueError:  # a kill has cut it
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
    start_up: float | None,
    delay: float,
) -> Strategy:
    from stmpo.frames import FrameSet  # noqa: PLC0415 - `--help` does not need it
    from stmpo.scheduling.choice import make_strategy  # noqa: PLC0415

    return make_strategy(
        name, FrameSet.of(seconds), processes, record=record, start_up=start_up, spawn_delay=delay
    )


def _numbers(outcome: Outcome, strategy: str) -> dict[str, Any]:
    return {
        "strategy": strategy,
        "makespan": round(outcome.makespan, 3),
        "bound": round(outcome.bound, 3),
        "efficiency": round(outcome.efficiency, 4),
        "starts": outcome.starts,
        "frames_rendered_twice": outcome.twice,
    }


def _draw(path: Path, outcome: Outcome, title: str, about: str) -> None:
    from stmpo.report.lanes_svg import draw  # noqa: PLC0415 - only where it is asked for

    try:
        path.write_text(draw(outcome, title, about), encoding="utf-8")
    except OSError as error:
        raise BadInput(f"--svg {path}: {error.strerror or error}") from None
