from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.machine.cpulist import MOST_CPUS, format_list, parse_list, parse_mask

cpu_sets = st.frozensets(st.integers(0, 600), max_size=200)


@given(cpu_sets)
def test_a_list_reads_back_as_the_set_it_was_written_from(numbers: frozenset[int]) -> None:
    assert parse_list(format_list(numbers)) == numbers


@given(cpu_sets)
def test_a_mask_reads_back_as_the_set_it_was_written_from(numbers: frozenset[int]) -> None:
    mask = sum(1 << number for number in numbers)
    words = [f"{mask >> 32 * word & 0xFFFFFFFF:08x}" for word in range(19, -1, -1)]
    assert parse_mask(",".join(words)) == numbers


def test_the_short_form_joins_neighbours() -> None:
    assert format_list([128, 0, 1, 2, 129, 7]) == "0-2,7,128-129"
    assert not format_list([])


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("0-3,8", {0, 1, 2, 3, 8}),
        ("", set()),
        ("0-15:2/4", {0, 1, 4, 5, 8, 9, 12, 13}),
        (" 5\n", {5}),
        ("1,1-2", {1, 2}),
    ],
)
def test_kernel_lists(text: str, numbers: set[int]) -> None:
    assert parse_list(text) == numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("ff", set(range(8))),
        ("0x0000000f,,0x1", {0, 64, 65, 66, 67}),
        ("00000000,0000ffff", set(range(16))),
        ("0x0", set()),
    ],
)
def test_masks_of_the_kernel_and_of_hwloc(text: str, numbers: set[int]) -> None:
    assert parse_mask(text) == numbers


@pytest.mark.parametrize("text", ["a", "3-1", "-1", "1-", "0-99999999999", str(MOST_CPUS), "1 2", "²"])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_list(text)


@pytest.mark.parametrize(
    "text", ["xyz", "0xf...f", "-1", "123456789,0", "1," + "," * 5000, "1" + "0" * 20000]
)
def test_what_is_no_mask_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_mask(text)
