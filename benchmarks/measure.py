"""The shared parts of all measurements: results with their bounds, paired repeats, and printing.

A ratio compares two things measured in the same run, one right after the other, with the order swapped at
each repeat: a disturbance of the machine affects both. The median of the pairs' ratios is the result. The
spread of the pairs is printed beside it, so that a reader sees how far to trust it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Bound:
    """The limit of a value."""

    limit: float
    at_least: bool = False
    """Whether more is better."""

    def kept(self, value: float) -> bool:
        """Return whether the value keeps the bound."""
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        return f"at {'least' if self.at_least else 'most'} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Result:
    """One measured value."""

    what: str
    value: float
    unit: str
    bound: Bound | None = None
    """None for a value that is only reported."""

    details: Mapping[str, float] = field(default_factory=dict)
    """The parts of the value, by names that carry their units."""

    @property
    def kept(self) -> bool:
        """Return whether the value is within its bound, if it has one."""
        return self.bound is None or self.bound.kept(self.value)

    def __str__(self) -> str:
        verdict = "" if self.bound is None else f" (bound: {self.bound}{'' if self.kept else ': MISSED'})"
        details = "".join(f"\n    {name}: {value:,.4g}" for name, value in self.details.items())
        return f"{self.what}: {self.value:,.3g} {self.unit}{verdict}{details}"

    def as_json(self) -> dict[str, Any]:
        """Return the same for programs."""
        return {
            "what": self.what,
            "value": round(self.value, 4),
            "unit": self.unit,
            "bound": None if self.bound is None else self.bound.limit,
            "at_least": None if self.bound is None else self.bound.at_least,
            "kept": self.kept,
            "details": {name: round(value, 4) for name, value in self.details.items()},
        }


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sides of one repeat, in seconds."""

    ours: float
    theirs: float


def seconds(action: Callable[[], object]) -> float:
    """Return how long the action takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def paired(ours: Callable[[], float], theirs: Callable[[], float], repeats: int) -> list[Pair]:
    """Measure both sides in turn; each function returns its seconds. The side that goes first alternates."""
    pairs = []
    for number in range(repeats):
        if number % 2:
            second = theirs()
            pairs.append(Pair(ours(), second))
        else:
            first = ours()
            pairs.append(Pair(first, theirs()))
    return pairs


def ratios(pairs: list[Pair], *, speed_up: bool = False) -> tuple[float, dict[str, float]]:
    """Return the median of ours over theirs (with `speed_up`: theirs over ours), and spread and medians as
    details.
    """
    values = [pair.theirs / pair.ours if speed_up else pair.ours / pair.theirs for pair in pairs]
    details = {
        "lowest ratio": min(values),
        "highest ratio": max(values),
        "ours, median s": median(pair.ours for pair in pairs),
        "theirs, median s": median(pair.theirs for pair in pairs),
        "repeats": float(len(pairs)),
    }
    return median(values), details


def machine() -> dict[str, Any]:
    """Return the machine of the measurement."""
    return {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "processor": platform.machine(),
    }


def parser(about: str, *, repeats: int | None = None) -> argparse.ArgumentParser:
    """Return the options of every measurement; `repeats` is the default of one that repeats itself."""
    options = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--json", action="store_true", help="print one line of JSON")
    if repeats is not None:
        options.add_argument("--repeats", type=int, default=repeats, metavar="N", help="default: %(default)s")
    return options


def report(name: str, results: list[Result], *, as_json: bool) -> int:
    """Print the results; return the exit code of the measurement."""
    if as_json:
        line = {"name": name, "machine": machine(), "results": [result.as_json() for result in results]}
        print(json.dumps(line))
    else:
        where = machine()
        print(f"{name} ({where['cpus']} CPUs, Python {where['python']}, {where['system']})")
        for result in results:
            print(f"  {result}")
    sys.stdout.flush()
    return 0 if all(result.kept for result in results) else 1


def skipped(name: str, why: str, *, as_json: bool) -> int:
    """Report that this system cannot measure it; that is no miss."""
    print(
        json.dumps({"name": name, "machine": machine(), "skipped": why})
        if as_json
        else f"{name}: skipped, {why}"
    )
    return 0
