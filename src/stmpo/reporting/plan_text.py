"""A plan for people, line by line, and for programs, as JSON values.

`lines` takes a `paint` for terminals: it is given a text and the name of what it is, and returns the text coloured or
as it was. Without one the lines are plain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stmpo.machine.cpulist import format_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stmpo.machine.model import Machine
    from stmpo.planning import Plan, Slot

GB = 2**30


def lines(plan: Plan, paint: Callable[[str, str], str] = lambda text, _role: text) -> list[str]:
    """The whole plan. Roles for `paint`: `title`, `head`, `bound`, `dim`, `warning`."""
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
    """The result in one line: how many processes, and why that many."""
    count = len(plan.slots)
    return f"{count} process{'' if count == 1 else 'es'}, limited by {plan.bound.name}: {plan.bound.reason}"


def machine_lines(machine: Machine) -> list[str]:
    """What the machine has, in two lines."""
    cpus = machine.cpus
    parts = [
        _count(len(cpus), "CPU"),
        _count(machine.cores, "core"),
        _count(len({cpu.l3 for cpu in cpus}), "L3 group"),
        _count(len({cpu.node for cpu in cpus}), "NUMA node"),
        _count(len({cpu.package for cpu in cpus}), "package"),
    ]
    if machine.groups > 1:
        parts.append(_count(machine.groups, "processor group"))
    memory = (
        f"{gigabytes(machine.memory_available_bytes)} available of {gigabytes(machine.memory_total_bytes)}"
    )
    return [f"Machine  {machine.source}: {', '.join(parts)}", f"Memory   {memory}"]


def gigabytes(size: int | None) -> str:
    """A size in GB (2^30 bytes), short."""
    if size is None:
        return "unknown"
    return f"{size / GB:.0f} GB" if size >= 100 * GB else f"{size / GB:.3g} GB"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


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
    """What a reader of the slots should know: CPUs that are left out, and what the machine's source could not read."""
    machine = plan.machine
    left_out = (
        (
            "left idle, since a slot would have to leave its cache, node or processor group for them",
            [cpu.id for cpu in plan.idle],
        ),
        ("offline", machine.offline),
        ("barred for this process by affinity or cpuset", machine.barred),
    )
    return [f"CPUs {why}: {format_list(numbers)}" for why, numbers in left_out if numbers] + list(
        machine.notes
    )


def as_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON values. Bytes are whole numbers; unknown figures are null."""
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
