"""Delivery of 500 frames of 1 MB, against `cp` of the same files followed by `sync`.

Ours is what the collector does with each frame, in the same threads: read it to the end of its structure,
copy it under a temporary name, flush it to the disk, rename it. Theirs copies and flushes, and verifies
nothing. Both read files that the system has in memory, as it has frames that were just rendered, and write
into a fresh folder of the same disk; before each side everything older is flushed, so that neither pays for
the other.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.measure import Bound, Result, paired, parser, ratios, report, seconds, skipped
from stmpo.delivery.publish import publish
from stmpo.delivery.verify import Broken, Whole, verify_frame
from stmpo.engine.collector import VERIFY_THREADS
from stmpo.engine.delivery_queue import DELIVERY_THREADS
from stmpo.testing.images import Picture, encode

FRAMES = 500
FRAME_BYTES = 1_000_000
CP, SYNC = shutil.which("cp"), shutil.which("sync")


def main() -> int:
    """Measure and print."""
    assert __doc__ is not None
    options = parser(__doc__, repeats=5)
    options.add_argument("--folder", metavar="FOLDER", help="disk to measure on (default: temporary folder)")
    given = options.parse_args()
    if CP is None or SYNC is None:
        return skipped("delivery", "there is no cp and sync to measure against", as_json=given.json)
    with tempfile.TemporaryDirectory(prefix="stmpo-bench-", dir=given.folder) as name:
        folder = Path(name)
        frames = written(folder / "scratch")
        pairs = paired(
            partial(timed, folder / "out", partial(deliver, frames)),
            partial(timed, folder / "out", partial(copy, frames)),
            given.repeats,
        )
    value, details = ratios(pairs)
    what = f"delivery of {FRAMES} frames of 1 MB against cp and sync"
    return report("delivery", [Result(what, value, "times as long", Bound(1.5), details)], as_json=given.json)


def written(folder: Path) -> list[Path]:
    """Whole PNG files."""
    folder.mkdir()
    paths = [folder / f"frame_{number:05}.png" for number in range(FRAMES)]
    for number, path in enumerate(paths):
        path.write_bytes(encode(".png", Picture(number, 512, 512), FRAME_BYTES))
    return paths


def timed(destination: Path, action: partial[None]) -> float:
    """Seconds that it takes to fill an empty destination."""
    destination.mkdir()
    flush()
    try:
        return seconds(partial(action, destination))
    finally:
        shutil.rmtree(destination)


def deliver(frames: list[Path], destination: Path) -> None:
    """As the collector does it: readers verify, copiers publish what the readers have passed."""
    with ThreadPoolExecutor(VERIFY_THREADS) as readers, ThreadPoolExecutor(DELIVERY_THREADS) as copiers:
        verified = zip(frames, readers.map(verify_frame, frames), strict=True)
        for done in [copiers.submit(deliver_one, frame, whole, destination) for frame, whole in verified]:
            done.result()


def deliver_one(frame: Path, whole: Whole | Broken, destination: Path) -> None:
    """Publish one frame."""
    assert isinstance(whole, Whole)
    publish(frame, destination / frame.name, expected=whole, temporary_tag="bench")


def copy(frames: list[Path], destination: Path) -> None:
    """As a shell does it."""
    subprocess.run([str(CP), "--", *map(str, frames), str(destination)], check=True)
    flush()


def flush() -> None:
    """Bring all that any program has written to the disks."""
    subprocess.run([str(SYNC)], check=True)


if __name__ == "__main__":
    sys.exit(main())
