"""Looking up a project's fonts among 3,000 font files: the first time, and with the index that it leaves.

Each file is DejaVu Sans with its Latin letters, under a name of its own, in folders of 100. Each look-up is a
process of its own, so imports are in it, and the interpreter's own start is taken off. The first look-up
reads from memory what has just been written; a disk adds its own time. The share of the bare walk through the
folders is printed beside the second.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.measure import Bound, Result, parser, report, seconds, skipped
from benchmarks.stage import ROOT, ordinary_environment

FILES = 3000
WANTED = ("Probe00001", "Probe01500", "Probe02999", "Not-Here")

LOOK = """
import os, sys
from stmpo.fonts.find import find
assert [font.path is None for font in find(sys.argv[1:], os.environ)] == [True, False, False, False]
"""
WALK = """
import os, sys
from stmpo.fonts.places import font_files, font_folders
assert len(list(font_files(font_folders(os.environ)))) >= 3000
"""


def main() -> int:
    """Measure and print."""
    assert __doc__ is not None
    given = parser(__doc__, repeats=9).parse_args()
    source = next((path for path in Path("/usr/share/fonts").rglob("DejaVuSans.ttf")), None)
    if source is None:
        return skipped("fonts", "DejaVuSans.ttf is not installed (fonts-dejavu-core)", as_json=given.json)
    with tempfile.TemporaryDirectory(prefix="stmpo-bench-") as place:
        folder = Path(place)
        fill(folder / "data" / "fonts", source)
        environment = surroundings(folder)
        nothing = median(seconds(partial(run, "pass", environment)) for _ in range(given.repeats))
        first = [first_look(folder, environment) - nothing for _ in range(3)]
        second = [seconds(partial(run, LOOK, environment, *WANTED)) - nothing for _ in range(given.repeats)]
        walk = [seconds(partial(run, WALK, environment)) - nothing for _ in range(given.repeats)]
        size = (folder / "cache" / "stmpo" / "fonts.json").stat().st_size
    details = {"lowest, s": min(second), "highest, s": max(second), "a walk alone, median s": median(walk)}
    details |= {"index, MB": size / 1e6, "repeats": float(given.repeats)}
    spread = {"lowest, s": min(first), "highest, s": max(first), "repeats": float(len(first))}
    results = [
        Result(f"first look-up among {FILES:,} fonts", median(first), "s", Bound(15.0), spread),
        Result("second look-up, by the index", median(second), "s", Bound(0.3), details),
    ]
    return report("fonts", results, as_json=given.json)


def fill(folder: Path, source: Path) -> None:
    """Write the fonts: names of one length are put in each other's place."""
    small = folder.with_name("small.ttf")
    folder.mkdir(parents=True)
    command = [
        sys.executable,
        "-m",
        "fontTools.subset",
        str(source),
        "--unicodes=0020-024F",
        "--name-IDs=*",
        "--drop-tables+=FFTM",
    ]
    subprocess.run([*command, f"--output-file={small}"], check=True)
    data = small.read_bytes()
    for number in range(FILES):
        path = folder / f"{number // 100:02}" / f"{number}.ttf"
        path.parent.mkdir(exist_ok=True)
        name = f"Probe{number:05}"
        new = data.replace(b"DejaVuSans", name.encode())
        path.write_bytes(new.replace("DejaVuSans".encode("utf-16-be"), name.encode("utf-16-be")))


def surroundings(folder: Path) -> dict[str, str]:
    """Return an environment with these fonts as the user's, and without the system's."""
    (folder / "fonts.conf").write_text(
        '<fontconfig><dir prefix="xdg">fonts</dir></fontconfig>', encoding="utf-8"
    )
    own = {"HOME": folder, "XDG_DATA_HOME": folder / "data", "XDG_CACHE_HOME": folder / "cache"}
    return {
        **ordinary_environment(),
        **{name: str(value) for name, value in own.items()},
        "FONTCONFIG_FILE": str(folder / "fonts.conf"),
    }


def first_look(folder: Path, environment: dict[str, str]) -> float:
    """Seconds of a look-up without an index."""
    shutil.rmtree(folder / "cache", ignore_errors=True)
    return seconds(partial(run, LOOK, environment, *WANTED))


def run(script: str, environment: dict[str, str], *arguments: str) -> None:
    """Run a Python process."""
    subprocess.run([sys.executable, "-c", script, *arguments], env=environment, cwd=ROOT, check=True)


if __name__ == "__main__":
    sys.exit(main())
