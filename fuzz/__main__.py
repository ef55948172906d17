"""Fuzz the readers of foreign bytes: `python -m fuzz [TARGET…] [--seconds N]`; without a target, each in turn.

Guided by coverage (atheris, on Linux: `pip install atheris`). A crash, a hang of more than ten seconds or memory over
200 MB ends a target's run; the input that did it is written to `fuzz/found/`, and belongs, once it is understood, in
`fuzz/corpus/TARGET/`, which the tests replay. `--keep N` adds at most N inputs for each target to the corpus: a sample of
those that reached something new.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CORPUS = HERE / "corpus"
FOUND = HERE / "found"

MEMORY_MB = 200
HANG_SECONDS = 10
LARGEST_BYTES = 4096


def main(arguments: list[str]) -> int:
    """Run the targets; 1 when one of them found something."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default: 60)")
    parser.add_argument(
        "--keep", type=int, default=0, metavar="N", help="merge what was learned into the corpus"
    )
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options, rest = parser.parse_known_args(arguments)
    if options.inside:
        return _inside(options.targets[0], rest)
    if importlib.util.find_spec("atheris") is None:
        print("fuzzing needs atheris: pip install atheris (Linux)", file=sys.stderr)
        return 2
    unknown = [name for name in options.targets if not (CORPUS / name).is_dir()]
    if unknown:
        print(f"there is no target {', '.join(unknown)}; there are {', '.join(_targets())}", file=sys.stderr)
        return 2
    names = options.targets or _targets()
    missed = [name for name in names if not _run(name, options.seconds, options.keep)]
    if missed:
        print(f"found something in: {', '.join(missed)}; see {FOUND}", file=sys.stderr)
    return 1 if missed else 0


def _targets() -> list[str]:
    return sorted(path.name for path in CORPUS.iterdir())


def _run(name: str, seconds: int, keep: int) -> bool:
    """Fuzz one target in a process of its own; whether nothing was found."""
    FOUND.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="stmpo-fuzz-") as fresh:
        limits = [
            f"-max_total_time={seconds}",
            f"-rss_limit_mb={MEMORY_MB}",
            f"-timeout={HANG_SECONDS}",
            f"-max_len={LARGEST_BYTES}",
            f"-artifact_prefix={FOUND}/{name}-",
            "-print_final_stats=1",
        ]
        done = _atheris(name, [*limits, fresh, str(CORPUS / name)])
        if done == 0 and keep:
            _keep(name, Path(fresh), keep)
    return done == 0


def _keep(name: str, fresh: Path, most: int) -> None:
    """A sample of what was learned, from the smallest input to the largest: each reached something new."""
    learned = sorted(fresh.iterdir(), key=lambda path: path.stat().st_size)
    for path in learned[:: max(1, -(-len(learned) // most))]:
        shutil.copy(path, CORPUS / name / path.name[:12])


def _atheris(name: str, rest: list[str]) -> int:
    command = [sys.executable, "-m", "fuzz", "--inside", name, *rest]
    return subprocess.run(command, cwd=HERE.parent, check=False).returncode


def _inside(name: str, rest: list[str]) -> int:
    """In the process of its own: everything of ours is instrumented, then handed to libFuzzer, which does not return."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["stmpo"]):
        target = importlib.import_module("fuzz.targets").TARGETS[name]
    atheris.Setup([sys.argv[0], *rest], target)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
