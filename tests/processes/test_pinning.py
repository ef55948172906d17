"""The requests and the messages about CPUs."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from stmpo.machine.model import Cpu
from stmpo.processes.posix.fork_server_client import encode_request
from stmpo.processes.posix.tree import describe_pinning
from stmpo.processes.protocol import SpawnRequest
from stmpo.processes.windows.api import group_array
from stmpo.processes.windows.pinning import masks_of


@given(st.sets(st.tuples(st.integers(0, 31), st.integers(0, 63)), min_size=1))
def test_masks_hold_the_bit_of_every_cpu_in_its_own_group(places: set[tuple[int, int]]) -> None:
    masks = masks_of(Cpu(64 * group + index, 0, 0, 0, 0, group, index) for group, index in places)
    assert {(group, bit) for group, mask in masks.items() for bit in range(64) if mask >> bit & 1} == places
    assert [(entry.group, entry.mask) for entry in group_array(masks)] == sorted(masks.items())


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
def test_a_request_says_its_own_length(arguments: list[str]) -> None:
    data = encode_request(SpawnRequest(["x", *arguments], {"A": "b"}, Path("/"), "00"), "mark")
    assert int.from_bytes(data[:4], "big") == len(data) - 4


def test_words_for_the_log() -> None:
    assert describe_pinning([3, 0, 1, 2, 8], [0]) == "CPUs 0-3,8, memory of node 0"
    assert describe_pinning([0], [0, 1]) == "CPUs 0, memory of nodes 0-1"
    assert describe_pinning([], []) == ""
