"""A plan as lines for people and as JSON values for programs.

`lines` takes a function `paint(text, role)` that colours text for a terminal. Without it the lines are plain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stmpo.machine.cpulist import format_list
from stmpo.model.text import byte_size, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stmpo.machine.model import Machine
    from stmpo.planning import Plan, Slot


def lines(plan: Plan, paint: Callable[[str, str], str] = lambda text, _role: text) -> list[str]:
    """Return the whole plan. Roles for `paint`: `title`, `head`, `bound`, `dim`, `warning`."""
    return [
        paint(headline(plan), "title"),
        *machine_lines(plan.machine),
        "",
        paint("Limits", "head"),
        *_limit_lines(plan, paint),
        "",
        paint("Slots", "head"),
        *_slot_lines(plan, paint),
        *_remarks(plan, paint),
    ]


def headline(plan: Plan) -> str:
    """Return the result in one line: the number of processes and its reason."""
    count = len(plan.slots)
    return f"{plural(count, 'process', 'processes')}, limited by {plan.bound.name}: {plan.bound.reason}"


def machine_lines(machine: Machine) -> list[str]:
    """Return the machine in two lines: CPUs and memory."""
    cpus = machine.cpus
    parts = [
        plural(len(cpus), "CPU"),
        plural(machine.cores, "core"),
        plural(len({cpu.l3 for cpu in cpus}), "L3 group"),
        plural(len({cpu.node for cpu in cpus}), "NUMA node"),
        plural(len({cpu.package for cpu in cpus}), "package"),
    ]
    if machine.groups > 1:
        parts.append(plural(machine.groups, "processor group"))
    memory = f"{_size(machine.memory_available_bytes)} available of {_size(machine.memory_total_bytes)}"
    return [f"Machine  {machine.source}: {', '.join(parts)}", f"Memory   {memory}"]


def _size(count: int | None) -> str:
    return "unknown" if count is None else byte_size(count)


def _limit_lines(plan: Plan, paint: Callable[[str, str], str]) -> Iterable[str]:
    for limit in plan.limits:
        mark = "<" if limit is plan.bound else " "
        line = f"  {limit.name:<16}{limit.processes:>6} {mark} {limit.reason}"
        yield paint(line, "bound") if limit is plan.bound else line


def _slot_lines(plan: Plan, paint: Callable[[str, str], str]) -> Iterable[str]:
    cpus = [format_list(slot.cpu_ids) for slot in plan.slots]
    width = max(4, *(len(text) for text in cpus))
    grouped = plan.machine.groups > 1
    head = (
        f"  slot  {'CPUs':<{width}}  cores  L3 groups  node  package{'  group' if grouped else ''}  MFR share"
    )
    yield paint(head, "dim")
    for slot, text in zip(plan.slots, cpus, strict=True):
        group = f"{slot.group:>7}" if grouped else ""
        yield (
            f"  {slot.index:>4}  {text:<{width}}  {slot.cores:>5}  {format_list(slot.l3_groups):>9}"
            f"  {format_list(slot.nodes):>4}  {format_list(slot.packages):>7}{group}  {slot.mfr_percent:>7} %"
        )


def _remarks(plan: Plan, paint: Callable[[str, str], str]) -> Iterable[str]:
    for warning in plan.warnings:
        yield paint(f"Warning: {warning}", "warning")
    for note in notes(plan):
        yield f"Note: {note}"


def notes(plan: Plan) -> list[str]:
    """Return remarks on the slots: CPUs that are left out, and what the machine's source could not read."""
    machine = plan.machine
    left_out = (
        (
            "left idle, because a slot would have to leave its cache, node or processor group to use them",
            [cpu.id for cpu in plan.idle],
        ),
        ("offline", machine.offline),
        ("not allowed for this process by affinity or cpuset", machine.barred),
    )
    return [f"CPUs {why}: {format_list(numbers)}" for why, numbers in left_out if numbers] + list(
        machine.notes
    )


def as_json(plan: Plan) -> dict[str, Any]:
    """Return the plan as JSON values. Sizes are bytes; unknown values are null."""
    machine = plan.machine
    return {
        "processes": len(plan.slots),
        "threads_per_process": plan.threads_per_process,
        "bound": plan.bound.name,
        "reason": plan.bound.reason,
        "limits": [
            {"name": limit.name, "processes": limit.processes, "reason": limit.reason}
            for limit in plan.limits
        ],
        "slots": [_slot_json(slot) for slot in plan.slots],
        "machine": {
            "source": machine.source,
            "cpus": len(machine.cpus),
            "cores": machine.cores,
            "l3_groups": len({cpu.l3 for cpu in machine.cpus}),
            "nodes": [{"id": node.id, "memory_bytes": node.memory_bytes} for node in machine.nodes],
            "packages": len({cpu.package for cpu in machine.cpus}),
            "processor_groups": machine.groups,
            "memory_total_bytes": machine.memory_total_bytes,
            "memory_available_bytes": machine.memory_available_bytes,
            "cpu_quota": machine.cpu_quota,
            "offline": list(machine.offline),
            "barred": list(machine.barred),
        },
        "idle_cpus": [cpu.id for cpu in plan.idle],
        "warnings": list(plan.warnings),
        "notes": notes(plan),
    }


def _slot_json(slot: Slot) -> dict[str, Any]:
    return {
        "index": slot.index,
        "cpus": format_list(slot.cpu_ids),
        "cpu_ids": list(slot.cpu_ids),
        "cores": slot.cores,
        "l3_groups": list(slot.l3_groups),
        "nodes": list(slot.nodes),
        "packages": list(slot.packages),
        "group": slot.group,
        "mfr_percent": slot.mfr_percent,
    }
