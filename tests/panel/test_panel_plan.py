"""The plan line says what `stmpo plan` would for a worker of that size."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stmpo.machine import load
from stmpo.model.options import RunOptions, Source, declared
from stmpo.planning import PlanRequest, make_plan
from stmpo.planning.limits import GB
from stmpo.planning.profiles import PROFILES, apply_profile

if TYPE_CHECKING:
    from tests.panel.panel_host import Panel

SIZES = st.tuples(
    st.one_of(st.just(1), st.integers(1, 96).map(lambda cores: 2 * cores)),
    st.integers(1, 4096),
    st.fixed_dictionaries(
        {
            "mfr": st.booleans(),
            "memory": st.floats(0.1, 128).map(lambda size: round(size, 1)),
            "most": st.integers(1, 64),
            "concurrency": st.just(0) | st.integers(1, 400),
            "frames": st.none() | st.integers(0, 500),
            "singleFile": st.booleans(),
        }
    ),
)


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(SIZES, min_size=30, max_size=40))
def test_processes_limit_and_threads_are_the_plans(
    panel: Panel, sizes: list[tuple[int, int, dict[str, Any]]]
) -> None:
    code = "STMPO.map({}, function (size) {{ return STMPO.plan.plan({{ threads: size[0], memory: size[1] }}, size[2]); }})"
    for (threads, memory, wanted), found in zip(
        sizes, panel.value(code.format(json.dumps(sizes))), strict=True
    ):
        plan = make_plan(_machine(threads, memory), _request(wanted))
        sizes_of = [len(slot.cpus) for slot in plan.slots]
        assert found == {
            "processes": len(plan.slots),
            "bound": plan.bound.name,
            "threads": {"least": min(sizes_of), "most": max(sizes_of)},
        }


def _machine(threads: int, memory: int) -> Any:
    shape = f"core:{threads // 2} pu:2" if threads > 1 else "core:1 pu:1"
    return replace(load(shape), memory_total_bytes=memory * GB, memory_available_bytes=memory * GB)


def _request(wanted: dict[str, Any]) -> PlanRequest:
    return PlanRequest(
        frames=wanted["frames"],
        single_file=wanted["singleFile"],
        concurrency=wanted["concurrency"],
        max_concurrency=wanted["most"],
        ram_per_process_bytes=int(wanted["memory"] * GB),
        mfr=wanted["mfr"],
    )


def test_the_line_says_it_in_words(panel: Panel) -> None:
    lines = panel.run(
        "STMPO.plan.line(STMPO.plan.workers[6], [])",
        "STMPO.settings.applyProfile('hero'); STMPO.plan.line(STMPO.plan.workers[6], [])",
        "STMPO.settings.applyProfile('farm'); STMPO.plan.line(STMPO.plan.workers[6], [])",
        "STMPO.plan.line({ threads: 28, memory: 1024 }, [])",
        "STMPO.plan.line(STMPO.plan.workers[0], [{ count: 500, kind: 'video' }])",
        "STMPO.plan.line(STMPO.plan.workers[6], [{ count: 3, kind: 'image' }, { count: 2, kind: 'video' }])",
    ).values
    assert lines == [
        "16 processes, 16 threads each, limit: threads",
        "16 processes, 16 threads each, limit: threads",
        "32 processes, 8 threads each, limit: threads",
        "3 processes, 8 to 10 threads each, limit: threads",
        "1 process, 16 threads each, limit: single file",
        "3 processes, 84 to 86 threads each, limit: frames",
    ]


def test_profiles_are_the_commands_own(panel: Panel) -> None:
    """Hero and farm set what `stmpo plan --profile` sets."""
    options = {option.name: option for option in declared(RunOptions)}
    for name in PROFILES:
        values = panel.value(
            f"STMPO.settings.applyProfile('{name}'); [STMPO.settings.get('DisableMFR'), STMPO.settings.get('RamPerProcessGB'), "
            "STMPO.settings.get('MaxConcurrency'), STMPO.settings.profile()]"
        )
        chosen = apply_profile(RunOptions(), dict.fromkeys(options, Source.DEFAULT), name)
        assert values == [not chosen.mfr, chosen.ram_per_process_gb, chosen.max_concurrency, name]
        assert set(PROFILES[name]) == {"mfr", "ram_per_process_gb", "max_concurrency"}
