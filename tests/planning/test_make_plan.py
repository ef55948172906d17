"""The number of processes, its reasons, and each one's share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.machine import load
from stmpo.model.errors import BadInput
from stmpo.model.options import RunOptions, Source, resolve
from stmpo.planning import Plan, PlanRequest, make_plan
from stmpo.planning.profiles import PROFILES, apply_profile
from stmpo.reporting.plan_text import lines, notes
from tests.planning.conftest import machines

if TYPE_CHECKING:
    from stmpo.machine.model import Machine

GB = 2**30
LARGE = "pack:2 numa:4 l3:4 core:4 pu:2"


def machine(description: str, gigabytes: float | None, *, quota: float | None = None) -> Machine:
    size = None if gigabytes is None else int(gigabytes * GB)
    found = load(description)
    return replace(found, memory_total_bytes=size, memory_available_bytes=size, cpu_quota=quota)


def plan(
    description: str, gigabytes: float | None, *, quota: float | None = None, **request: int | bool
) -> Plan:
    wanted = {"frames": 1000, "single_file": False, **request}
    return make_plan(machine(description, gigabytes, quota=quota), PlanRequest(**wanted))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("request_", "count", "bound"),
    [
        ({"mfr": True}, 16, "threads"),
        ({"mfr": False}, 24, "max-concurrency"),
        ({"mfr": False, "max_concurrency": 32, "ram_per_process_bytes": 24 * GB}, 32, "threads"),
        ({"mfr": False, "max_concurrency": 32}, 25, "memory"),
        ({"mfr_threads": 32}, 8, "threads"),
        (
            {"mfr": False, "mfr_threads": 4, "max_concurrency": 99, "ram_per_process_bytes": 4 * GB},
            64,
            "threads",
        ),
        ({"frames": 5}, 5, "frames"),
        ({"single_file": True}, 1, "single file"),
        ({"concurrency": 3}, 3, "concurrency"),
        ({"concurrency": 40}, 40, "concurrency"),
        ({"concurrency": 40, "frames": 12}, 12, "frames"),
        ({"concurrency": 40, "single_file": True}, 1, "single file"),
        ({"gpu_processes": 2}, 2, "gpu"),
        ({"seats": 3}, 3, "seats"),
        ({"seats": 3, "gpu_processes": 99}, 3, "seats"),
        ({"concurrency": 40, "gpu_processes": 2}, 2, "gpu"),
        ({"concurrency": 40, "seats": 3}, 3, "seats"),
        ({"learned_most": 4}, 4, "earlier run"),
        ({"concurrency": 6, "learned_most": 4}, 6, "concurrency"),
    ],
)
def test_256_threads_and_1_tb(request_: dict[str, int | bool], count: int, bound: str) -> None:
    found = plan(LARGE, 1024, **request_)
    assert (len(found.slots), found.bound.name) == (count, bound)


def test_8_threads_and_16_gb_run_one_process_limited_by_memory() -> None:
    found = plan("core:4 pu:2", 16)
    assert (len(found.slots), found.bound.name, found.bound.processes) == (1, "memory", 0)
    assert found.bound.reason == "80% of 16 GB available / 32 GB per process"
    assert found.warnings == ("one process starts although memory allows none: " + found.bound.reason,)
    assert found.slots[0].cpu_ids == tuple(range(8))


def test_a_peak_that_an_earlier_run_had_is_planned_for_with_a_margin_where_it_is_more() -> None:
    found = plan(LARGE, 1024, learned_peak_bytes=50 * GB)
    assert (len(found.slots), found.bound.name) == (13, "memory")
    assert found.bound.reason.endswith("/ 60 GB per process (an earlier run's peak of 50 GB plus 20%)")


def test_a_peak_below_what_is_planned_anyway_changes_nothing() -> None:
    assert plan(LARGE, 1024, learned_peak_bytes=20 * GB).limits == plan(LARGE, 1024).limits


def test_fewer_threads_than_a_process_wants_still_allow_one() -> None:
    found = plan("core:2", 1024)
    assert (len(found.slots), found.bound.name, found.bound.processes) == (1, "threads", 1)


def test_every_limit_is_listed_with_its_reason() -> None:
    found = plan(LARGE, 1024, concurrency=4, single_file=True)
    assert [limit.name for limit in found.limits] == [
        "threads",
        "memory",
        "frames",
        "single file",
        "max-concurrency",
        "concurrency",
    ]
    assert all(limit.reason for limit in found.limits)


def test_concurrency_is_obeyed_and_what_it_exceeds_is_said() -> None:
    found = plan("core:8 pu:2", 64, concurrency=6)
    assert len(found.slots) == 6
    assert [warning.split(";")[1].split(":")[0].strip() for warning in found.warnings] == [
        "threads would allow 1",
        "memory would allow 1",
    ]


def test_available_memory_counts_rather_than_what_is_built_in() -> None:
    whole = replace(machine(LARGE, 1024), memory_available_bytes=200 * GB)
    assert len(make_plan(whole, PlanRequest(frames=100)).slots) == 5


def test_cpu_time_that_a_control_group_grants_counts_as_threads() -> None:
    found = plan(LARGE, 1024, quota=40.0)
    assert (len(found.slots), found.bound.name) == (2, "threads")
    assert found.bound.reason == "CPU time of 40 threads granted / 16 per process (MFR on)"
    assert sum(slot.mfr_percent for slot in found.slots) <= 100 * 40 / 256 + 1


def test_without_known_memory_it_is_no_limit_and_that_is_said() -> None:
    found = plan(LARGE, None)
    assert len(found.slots) == 16
    assert "memory" not in [limit.name for limit in found.limits]
    assert "available memory is unknown" in found.warnings[0]


def test_shares_are_of_the_whole_machine() -> None:
    """Sixteen processes of 6 % each, rather than sixteen that each believe they own it."""
    assert [slot.mfr_percent for slot in plan(LARGE, 1024).slots] == [6] * 16
    assert plan("core:4", 1024).slots[0].mfr_percent == 100


def test_processor_groups_without_a_slot_are_said_to_be_idle() -> None:
    """Three frames on four groups of Windows: a slot is never in two, so the fourth has none."""
    whole = machine("pack:2 [numa] l3:16 core:4 pu:2", 1024)
    cpus = tuple(replace(cpu, group=cpu.id // 64, group_index=cpu.id % 64) for cpu in whole.cpus)
    found = make_plan(replace(whole, cpus=cpus), PlanRequest(frames=3))
    assert [slot.group for slot in found.slots] == [0, 1, 2]
    assert notes(found)[0].endswith(": 192-255")
    text = "\n".join(lines(found))
    assert "4 processor groups" in text
    assert "     2  128-191     32      16-23     1        1      2       25 %" in text


def test_a_shared_cpu_is_shared_out() -> None:
    assert [slot.mfr_percent for slot in plan("core:1", 1024, concurrency=4).slots] == [25] * 4


def test_a_slot_says_where_it_lies() -> None:
    slot = plan(LARGE, 1024).slots[3]
    assert (slot.index, slot.nodes, slot.packages, slot.l3_groups, slot.group, slot.cores) == (
        3,
        (1,),
        (0,),
        (6, 7),
        0,
        8,
    )


REQUESTS = st.builds(
    PlanRequest,
    frames=st.integers(0, 200),
    concurrency=st.integers(0, 60),
    max_concurrency=st.integers(1, 40),
    ram_per_process_bytes=st.integers(1, 2**43),
    mfr=st.booleans(),
)


@given(machines(), REQUESTS)
def test_any_plan_has_slots_and_keeps_to_its_limits(found: Machine, wanted: PlanRequest) -> None:
    made = make_plan(found, wanted)
    assert len(made.slots) == max(made.bound.processes, 1)
    assert made.bound in made.limits
    assert [slot.index for slot in made.slots] == list(range(len(made.slots)))
    assert all(1 <= slot.mfr_percent <= 100 for slot in made.slots)
    if len(made.slots) <= len(found.cpus) <= 100:
        assert sum(slot.mfr_percent for slot in made.slots) <= 100
    if wanted.concurrency == 0:
        assert len(made.slots) <= max(1, min(limit.processes for limit in made.limits))
    assert made == make_plan(found, wanted)


@pytest.mark.parametrize(("name", "count"), [("hero", 16), ("farm", 32)])
def test_profiles_on_the_machine_that_they_were_made_for(name: str, count: int) -> None:
    options, sources = resolve(RunOptions, {}, {})
    request = PlanRequest.of(apply_profile(options, sources, name), frames=1000, single_file=False)
    assert len(make_plan(machine(LARGE, 1024), request).slots) == count


def test_profiles_stay_within_what_is_documented_for_them() -> None:
    assert 32 <= PROFILES["hero"]["ram_per_process_gb"] <= 64
    assert 12 <= PROFILES["hero"]["max_concurrency"] <= 24
    assert 24 <= PROFILES["farm"]["ram_per_process_gb"] <= 32
    assert 24 <= PROFILES["farm"]["max_concurrency"] <= 32


def test_a_profile_never_replaces_what_was_given() -> None:
    options, sources = resolve(RunOptions, {"mfr": True}, {"STMPO_MAX_CONCURRENCY": "5"})
    assert sources["max_concurrency"] is Source.ENVIRONMENT
    found = apply_profile(options, sources, "farm")
    assert (found.mfr, found.max_concurrency, found.ram_per_process_gb) == (True, 5, 24.0)


def test_a_profile_that_does_not_exist_is_refused() -> None:
    options, sources = resolve(RunOptions, {}, {})
    with pytest.raises(BadInput, match="hero and farm"):
        apply_profile(options, sources, "villain")
