"""How near the strategies come to the bound `start-up + sum(frame costs) / processes`, simulated and with
real processes.

Simulated: 600 frames of 8 s on average, 16 processes, start-up 5, 20 and 45 s, the mean of 20 seeds. Real:
160 frames of 0.25 s on average, 8 fake renderers that take 2 s to start. The real runs' start-up is what was
measured (starting a Python takes time too), the end is the moment at which the last frame stands at the
destination; the simulation of the same costs with that start-up stands beside each, and `static`'s makespan.
Both bound it, by the mean over the seeds.

Stale: `steal` with a record that is of another comp altogether, of another passage, or of half of the frames,
beside `steal` with nothing known. The worst of them all counts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import mean

from benchmarks.measure import Bound, Result, parser, report
from stmpo.model.frames import FrameSet
from stmpo.scheduling.cost_shapes import SHAPES, shape
from stmpo.scheduling.registry import make_strategy
from stmpo.scheduling.simulate import SimulatedCosts, Simulation, simulate
from stmpo.testing import FAKE_AERENDER, FrameCosts, Scenario, starts

FRAMES, SLOTS, MEAN = 600, 16, 8.0
REAL_FRAMES, REAL_SLOTS, REAL_MEAN, REAL_START_UP = 160, 8, 0.25, 2.0
RUN_TIMEOUT = 300.0

KINDS = ("static", "steal", "known", "shared")
LEAST = {
    "uniform": (None, 0.98, 0.97, 0.98),
    "noise": (None, 0.92, 0.96, 0.96),
    "ramp": (None, 0.92, 0.96, 0.97),
    "cuts": (None, 0.86, 0.94, 0.97),
    "hero": (None, 0.70, 0.91, 0.97),
}
"""By shape: what is to be reached in simulation at a start-up of 20 s, by kind. Static is what it is."""

BELOW_SIMULATION = 0.05
SLOWER_THAN_STATIC = 1.03
AGAINST_NOTHING_KNOWN = 0.95
START_UPS = (5.0, 20.0, 45.0)


def main() -> int:
    """Measure and print."""
    assert __doc__ is not None
    options = parser(__doc__)
    options.add_argument("--seeds", type=int, default=20, metavar="N", help="default: %(default)s")
    options.add_argument(
        "--real", type=int, default=1, metavar="N", help="seeds with real processes; 0: none"
    )
    options.add_argument(
        "--shape", action="append", choices=list(SHAPES), help="only this one; may be repeated"
    )
    given = options.parse_args()
    names = given.shape or list(SHAPES)
    results = [
        simulated(name, kind, start_up, given.seeds)
        for start_up in START_UPS
        for name in names
        for kind in KINDS
    ]
    results += [stale(name, start_up, given.seeds) for start_up in START_UPS for name in names]
    for name in names if given.real else []:
        results += real(name, given.real)
    return report("scheduling", results, as_json=given.json)


def costs_of(name: str, seed: int, frames: int, average: float) -> dict[int, float]:
    """Return a shape's costs by frame number."""
    return dict(enumerate(shape(name, frames, average, Random(f"{name} {seed}"))))


def run(
    kind: str, costs: dict[int, float], slots: int, start_up: float, record: dict[int, float] | None = None
) -> Simulation:
    """One simulated run; `known` is `steal` after an earlier run of the same version, `record` that of
    another one.
    """
    known = kind == "known"
    strategy = make_strategy(
        "steal" if known else kind,
        FrameSet.of(costs),
        slots,
        record=costs if known else record,
        sure=known,
        start_up=start_up if known or record else None,
    )
    return simulate(strategy, slots, SimulatedCosts(costs, start_up))


def simulated(name: str, kind: str, start_up: float, seeds: int) -> Result:
    """Simulate; return the mean over the seeds."""
    outcomes = [run(kind, costs_of(name, seed, FRAMES, MEAN), SLOTS, start_up) for seed in range(seeds)]
    least = LEAST[name][KINDS.index(kind)] if start_up == 20 else None
    values = [outcome.efficiency for outcome in outcomes]
    return Result(
        f"{name}, {kind}, simulated, start-up {start_up:g} s",
        mean(values),
        "of the bound",
        None if least is None else Bound(least, at_least=True),
        {"worst": min(values), "starts": mean(outcome.starts for outcome in outcomes)},
    )


def records(name: str, seed: int) -> dict[str, dict[int, float]]:
    """Return records that an earlier run may have left and that have little to do with this one."""
    own, half, shift = costs_of(name, seed, FRAMES, MEAN), FRAMES // 2, FRAMES // 6
    others = {f"of {other}": costs_of(other, seed + 1000, FRAMES, MEAN) for other in SHAPES}
    return {
        **others,
        **{
            f"half, {title}": {f: cost for f, cost in costs.items() if f < half}
            for title, costs in others.items()
        },
        "half": {frame: cost for frame, cost in own.items() if frame < half},
        "other half": {frame: cost for frame, cost in own.items() if frame >= half},
        "moved": {frame - shift: cost for frame, cost in own.items() if frame >= shift},
        "reversed": {FRAMES - 1 - frame: cost for frame, cost in own.items()},
    }


def stale(name: str, start_up: float, seeds: int) -> Result:
    """Efficiency with the worst of the records over that with none; means over the seeds."""
    nothing, found = [], {title: [0.0] * seeds for title in records(name, 0)}
    for seed in range(seeds):
        costs = costs_of(name, seed, FRAMES, MEAN)
        nothing.append(run("steal", costs, SLOTS, start_up).efficiency)
        for title, record in records(name, seed).items():
            found[title][seed] = run("steal", costs, SLOTS, start_up, record).efficiency
    ratios = {title: mean(values) / mean(nothing) for title, values in found.items()}
    worst = min(ratios.values())
    bound = Bound(AGAINST_NOTHING_KNOWN, at_least=True)
    what = f"{name}, steal with a stale record, simulated, start-up {start_up:g} s"
    return Result(what, worst, "of the efficiency with nothing known", bound, ratios)


@dataclass(frozen=True, slots=True)
class Measured:
    """One real run. Times are seconds."""

    makespan: float
    """From the first renderer's start until the last frame stood at the destination."""

    start_up: float
    """Mean of what its renderers took to begin."""

    twice: int


def real(name: str, seeds: int) -> list[Result]:
    """Every kind, one after the other on the same costs."""
    rows: dict[str, list[tuple[float, float, float, int]]] = {kind: [] for kind in KINDS}
    for seed in range(seeds):
        costs = costs_of(name, seed, REAL_FRAMES, REAL_MEAN)
        with tempfile.TemporaryDirectory(prefix="stmpo-bench-") as folder:
            place = Path(folder)
            for kind, row in rows.items():
                rendered = render(place, kind, costs)
                bound = rendered.start_up + sum(costs.values()) / REAL_SLOTS
                wanted = run(kind, costs, REAL_SLOTS, rendered.start_up).efficiency
                row.append((bound / rendered.makespan, wanted, rendered.makespan, rendered.twice))
    static = mean(row[2] for row in rows["static"])
    return [result for kind, row in rows.items() for result in _results(name, kind, row, static)]


def _results(name: str, kind: str, row: list[tuple[float, float, float, int]], static: float) -> list[Result]:
    found, wanted, makespan = (mean(each[at] for each in row) for at in range(3))
    bound = None if kind == "static" else Bound(wanted - BELOW_SIMULATION, at_least=True)
    details = {
        "simulated": wanted,
        "makespan s": makespan,
        "frames rendered twice": mean(each[3] for each in row),
    }
    results = [Result(f"{name}, {kind}, real processes", found, "of the bound", bound, details)]
    if kind != "static":
        slower = Bound(SLOWER_THAN_STATIC)
        results.append(
            Result(f"{name}, {kind}, real processes", makespan / static, "of static's time", slower)
        )
    return results


def render(place: Path, kind: str, costs: dict[int, float]) -> Measured:
    """One run of the whole command. `known` finds the journal of the run before it.

    Raises:
        RuntimeError: it did not deliver all frames.
    """
    strategy = "steal" if kind == "known" else kind
    stage, out = place / f"stage-{kind}", place / f"out-{strategy}"
    project = place / "shot.aep"
    project.write_bytes(b"RIFX a project")
    scenario = Scenario(startup=REAL_START_UP, costs=FrameCosts(0.0, costs), tree=False, last=len(costs) - 1)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("STMPO_")}
    command = [
        *(sys.executable, "-m", "stmpo", "render", str(project), "--comp", "Main", "--no-resume", "--json"),
        *("--frames", f"0-{len(costs) - 1}", "--output", str(out / "f_[####].png"), "--spawn-delay", "0"),
        *(
            "--scratch-dir",
            str(place / "scratch"),
            "--aerender-path",
            str(FAKE_AERENDER),
            "--disable-affinity",
        ),
        *("--concurrency", str(REAL_SLOTS), "--strategy", strategy),
    ]
    done = subprocess.run(
        command,
        env={**inherited, **scenario.environment(stage), "PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=RUN_TIMEOUT,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{kind}: the run ended with {done.returncode}")
    summary = json.loads(done.stdout)
    arrived = max(path.stat().st_ctime for path in out.glob("f_*.png"))
    own = (
        summary["start_up"] - REAL_START_UP
    )  # before a fake can write down that it has begun, Python has started
    makespan = arrived - min(start.began for start in starts(stage)) + max(0.0, own)
    return Measured(makespan, summary["start_up"], summary["rendered_twice"])


if __name__ == "__main__":
    sys.exit(main())
