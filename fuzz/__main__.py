"""Fuzz the readers of foreign bytes: `python -m fuzz [TARGET…] [--seconds N]`; without a target, all in turn.

The fuzzer is guided by coverage (atheris, on Linux: `pip install atheris`). A crash, a hang of more than ten
seconds or memory above 200 MB ends a target's run, and the input is written to `fuzz/found/`. Once
understood, it belongs in `fuzz/corpus/TARGET/`, which the tests replay. `--keep N` adds at most N inputs per
target to the corpus: a sample of those that reached new code.
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
    """Run the targets; return 1 if one of them found something."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--seconds", type=int, default=60, help="per target (default: 60)")
    parser.add_argument(
        "--keep", type=int, default=0, metavar="N", help="add at most N new inputs per target to the corpus"
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
        print(f"unknown target: {', '.join(unknown)}; targets are {', '.join(_targets())}", file=sys.stderr)
        return 2
    names = options.targets or _targets()
    missed = [name for name in names if not _run(name, options.seconds, options.keep)]
    if missed:
        print(f"found something in: {', '.join(missed)}; see {FOUND}", file=sys.stderr)
    return 1 if missed else 0


def _targets() -> list[str]:
    return sorted(path.name for path in CORPUS.iterdir())


def _run(name: str, seconds: int, keep: int) -> bool:
    """Fuzz one target in its own process; return whether nothing was found."""
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
    """Copy a sample of the new inputs to the corpus, from the smallest to the largest."""
    learned = sorted(fresh.iterdir(), key=lambda path: path.stat().st_size)
    for path in learned[:: max(1, -(-len(learned) // most))]:
        shutil.copy(path, CORPUS / name / path.name[:12])


def _atheris(name: str, rest: list[str]) -> int:
    command = [sys.executable, "-m", "fuzz", "--inside", name, *rest]
    return subprocess.run(command, cwd=HERE.parent, check=False).returncode


def _inside(name: str, rest: list[str]) -> int:
    """Fuzz in this process: instrument all of STMPO, then hand over to libFuzzer, which does not return."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["stmpo"]):
        target = importlib.import_module("fuzz.targets").TARGETS[name]
    atheris.Setup([sys.argv[0], *rest], target)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
