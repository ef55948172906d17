"""Noticing from single frames that renderers hinder each other, while they start one by one."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import pytest

from stmpo.scheduling.contention import Contention
from stmpo.scheduling.cost_shapes import SHAPES, shape

STEP = 0.1


@dataclass
class Renderer:
    """One that renders its costs in order, slower beside others. Times are seconds."""

    begins: float
    costs: list[float]
    done: int = 0
    left: float = 0.0

    def work(self, seconds: float) -> None:
        self.left -= seconds
        while self.left <= 0 and self.done < len(self.costs):
            self.done += 1
            self.left += self.costs[self.done] if self.done < len(self.costs) else 0


def watched(ranges: list[list[float]], delay: float, slowdown: float) -> Contention:
    """Renderers that start one after the other; each further one makes all slower by its share."""
    renderers = [Renderer(delay * at, costs, left=costs[0]) for at, costs in enumerate(ranges)]
    contention, now = Contention(), 0.0
    while any(each.done < len(each.costs) for each in renderers):
        working = [
            at for at, each in enumerate(renderers) if each.begins <= now and each.done < len(each.costs)
        ]
        contention.observe(now, len(working), {at: renderers[at].done for at in working})
        for at in working:
            renderers[at].work(STEP / (1 + slowdown * (len(working) - 1)))
        now += STEP
    return contention


def even(slots: int, cost: float = 2.0) -> list[list[float]]:
    return [[cost] * 12 for _ in range(slots)]


def test_renderers_that_make_the_total_slower_are_noticed_in_one_run() -> None:
    found = watched(even(6), 3.0, 2.0).fewer()
    assert found is not None
    count, faster = found
    assert count <= 2
    assert 1.2 < faster < 2.0


@pytest.mark.parametrize("contention", [0.0, 0.3, 0.8])
def test_each_slower_but_all_together_faster_is_no_finding(contention: float) -> None:
    assert watched(even(6), 3.0, contention).fewer() is None


@pytest.mark.parametrize("contention", [0.0, 0.5])
@pytest.mark.parametrize("delay", [1.0, 4.0, 15.0])
@pytest.mark.parametrize("name", list(SHAPES))
def test_whatever_the_frames_cost_nobody_is_blamed_for_it(name: str, delay: float, contention: float) -> None:
    for seed in range(4):
        costs = shape(name, 120, 2.0, Random(f"{name} {seed}"))
        ranges = [costs[at : at + 15] for at in range(0, 120, 15)]
        assert watched(ranges, delay, contention).fewer() is None, seed


def test_one_passage_that_becomes_heavy_as_others_begin_is_no_finding() -> None:
    """A film that fades in from black: the first renderer's frames are cheap until the others have begun."""
    ranges = [[0.2] * 10 + [5.0] * 5, *even(5)]
    assert watched(ranges, 2.0, 0.0).fewer() is None


def test_two_renderers_prove_nothing_by_themselves() -> None:
    assert watched(even(2), 3.0, 3.0).fewer() is None


def test_a_renderer_that_was_held_says_nothing_by_the_frame_in_which_it_was() -> None:
    contention = Contention()
    for now in range(200):
        held = 20 <= now < 100
        done = min(now, 20) // 4 + max(0, now - 100) // 4
        lanes = {} if held else dict.fromkeys(range(4), done)
        contention.observe(float(now), len(lanes), lanes)
    assert contention.fewer() is None
