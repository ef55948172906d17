"""A long night in a quarter of an hour: 20,000 frames, 24 processes, a fault at every fiftieth frame.

    python -m benchmarks soak [--frames N] [--processes N] [--faults SHARE] [--seed N]

The fakes' clock runs fast: a frame of 8.6 s takes 1/50 of that, so that two hours of virtual work pass in
minutes; what a run does by its own clock (samples, heartbeats, samples of memory) it does as often a minute
as ever. Faults are drawn for each frame: crashes, exits with words, missing, empty and cut frames, black ones
after words, files that come late.

No frame may be lost and none delivered twice; the orchestrator's memory and its open files are sampled all
along and must be flat: at most 5 % and 4 files above where they stood after the first tenth of the frames.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil

from benchmarks.measure import Bound, Result, parser, report
from benchmarks.stage import ROOT, Stage, ordinary_environment, stage
from stmpo.testing import Fault, FaultKind, FrameCosts, On, Scenario, frame_stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

VIRTUAL_SECONDS = 2 * 3600.0
SPEED = 50.0
FILES_MORE = 4
"""Open files that come and go: a frame that is being copied has two."""


@dataclass
class Samples:
    """What the orchestrator used, beside how many frames were delivered by then."""

    delivered: list[int] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

    def at(self, values: Sequence[int], delivered: float) -> int:
        """Return the first value at which so many frames were delivered."""
        return next(
            (value for value, there in zip(values, self.delivered, strict=True) if there >= delivered), 0
        )

    def growth(self, values: Sequence[int], total: int) -> tuple[float, float]:
        """Return the typical value after the first tenth of the frames, and in the last tenth."""
        after = [v for v, d in zip(values, self.delivered, strict=True) if 0.1 * total <= d < 0.2 * total]
        last = [v for v, d in zip(values, self.delivered, strict=True) if d >= 0.9 * total]
        return _middle(after or list(values)), _middle(last or list(values))


def _middle(values: list[int]) -> float:
    return float(sorted(values)[len(values) // 2]) if values else 0.0


def faults(share: float) -> tuple[Fault, ...]:
    """Return the faults, each as likely as the others, `share` of the frames in all."""
    kinds: list[tuple[FaultKind, dict[str, object]]] = [
        (FaultKind.CRASH, {"code": 5}),
        (FaultKind.EXIT, {"code": 1, "text": "aerender ERROR: After Effects error: the layer is cursed."}),
        (FaultKind.MISSING, {"quiet": True}),
        (FaultKind.EMPTY, {}),
        (FaultKind.TRUNCATED, {"quiet": True}),
        (FaultKind.BLACK, {}),
        (FaultKind.LATE, {"seconds": 0.2}),
        (FaultKind.SLOW_WRITE, {"seconds": 0.2}),
    ]
    on = On(probability=share / len(kinds))
    return tuple(Fault(kind, on, **more) for kind, more in kinds)  # type: ignore[arg-type]  # fields, by name


def soak(
    here: Stage, *, frames: int, processes: int, share: float, seed: int
) -> tuple[Samples, dict[str, float]]:
    """Run it; return the samples, and the result for the frames.

    Raises:
        RuntimeError: the run did not deliver all frames.
    """
    cost = VIRTUAL_SECONDS * processes / 20_000 / SPEED
    scenario = Scenario(costs=FrameCosts(cost), tree=False, last=frames - 1, faults=faults(share), seed=seed)
    environment = {**ordinary_environment(), **scenario.environment(here.folder / "stage"), "PYTHONUTF8": "1"}
    options = [
        *here.options(frames=frames, renderers=processes),
        "--max-frame-retries",
        "9",
        "--no-kill-on-fail",
    ]
    samples = Samples()
    with (here.folder / "run.log").open("wb") as log:
        run = psutil.Popen(
            [sys.executable, "-m", "stmpo", *options],
            env=environment,
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    while run.poll() is None:
        _sample(here, run, samples)
        time.sleep(0.5)
    if run.returncode:
        raise RuntimeError(f"the run ended with {run.returncode}: {here.last_words()}")
    return samples, accounts(here, frames)


def _sample(here: Stage, run: psutil.Process, samples: Samples) -> None:
    journal = next(here.folder.glob("out/.*.stmpo.jsonl"), None)
    try:
        memory, files = run.memory_info().rss, run.num_fds()
    except psutil.Error:
        return
    samples.delivered.append(journal.read_bytes().count(b'"event":"delivered"') if journal else 0)
    samples.memory.append(memory)
    samples.files.append(files)


def accounts(here: Stage, frames: int) -> dict[str, float]:
    """Return the frames lost, delivered twice without having been revoked, and showing another picture than
    their name says.
    """
    delivered: Counter[int] = Counter()
    (journal,) = here.folder.glob("out/.*.stmpo.jsonl")
    ended = 0
    for text in journal.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        ended += line["event"] == "ended"
        if line["event"] == "delivered":
            delivered[line["frame"]] += 1
        elif line["event"] == "revoked":
            delivered.subtract(_frames(line["frames"]))
    pictures = {int(path.stem[2:]): frame_stamp(path) for path in here.folder.glob("out/f_*.png")}
    return {
        "lost": float(frames - len(pictures)),
        "doubled": float(sum(count > 1 for count in delivered.values())),
        "wrong": float(sum(frame != stamp for frame, stamp in pictures.items())),
        "attempts": float(ended),
    }


def _frames(text: str) -> list[int]:
    from stmpo.model.frames import FrameSet  # noqa: PLC0415 - for this alone

    return list(FrameSet.parse(text))


def main() -> int:
    """Measure and print."""
    assert __doc__ is not None
    options = parser(__doc__)
    options.add_argument("--frames", type=int, default=20_000, help="default: %(default)s")
    options.add_argument("--processes", type=int, default=24, help="default: %(default)s")
    options.add_argument(
        "--faults", type=float, default=0.02, help="share of the frames; default: %(default)s"
    )
    options.add_argument("--seed", type=int, default=20)
    given = options.parse_args()
    with stage() as here:
        began = time.monotonic()
        samples, found = soak(
            here, frames=given.frames, processes=given.processes, share=given.faults, seed=given.seed
        )
        took = time.monotonic() - began
    memory, files = (samples.growth(values, given.frames) for values in (samples.memory, samples.files))
    growth = 100 * (memory[1] / memory[0] - 1) if memory[0] else 0.0
    details = {"after the first tenth, MB": memory[0] / 1e6, "at the end, MB": memory[1] / 1e6}
    for tenth in range(1, 10):
        details[f"at {tenth}0 %, MB"] = samples.at(samples.memory, given.frames * tenth / 10) / 1e6
    results = [
        Result(
            "frames lost",
            found["lost"],
            "frames",
            Bound(0.0),
            {"attempts": found["attempts"], "seconds": took},
        ),
        Result("frames delivered twice", found["doubled"], "frames", Bound(0.0)),
        Result("frames that show another", found["wrong"], "frames", Bound(0.0)),
        Result("growth of memory", growth, "%", Bound(5.0), details),
        Result(
            "growth of open files", files[1] - files[0], "files", Bound(FILES_MORE), {"at the end": files[1]}
        ),
    ]
    return report("soak", results, as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
