"""Linux: the part of the machine that control groups grant to this process: memory, CPU time and the cpuset.

Both generations are read. Version 2 has one tree (`cpu.max`, `memory.max`, `memory.high`,
`cpuset.cpus.effective`). Version 1 has one per controller (`cpu.cfs_quota_us`, `memory.limit_in_bytes`,
`cpuset.cpus`); before that, cpusets had a file system of their own (`/dev/cpuset`, with the plain names). A
limit on any ancestor binds, so each is read from the process's own group up to the top of the mount, and the
tightest counts.

`/proc/self/cgroup` names the group from the top of the hierarchy; `/proc/self/mountinfo` says which part of
the hierarchy is mounted where, in `/sys/fs/cgroup` or elsewhere. In a container the two may disagree; then
the mounted part counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from stmpo.machine.model import MemoryRoom

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stmpo.machine.rootfs import RootFolder

_UNLIMITED = 1 << 62
"""Version 1 writes "no limit" as the largest page-aligned number, 2^63 - 4096."""


@dataclass(frozen=True, slots=True)
class LinuxLimits:
    """The grants. Bytes; None where nothing is said."""

    memory_total_bytes: int | None = None
    memory_available_bytes: int | None = None
    cpu_quota: float | None = None
    memory_nodes: frozenset[int] | None = None
    """NUMA nodes whose memory may be used; None for all."""

    notes: tuple[str, ...] = ()


def read(root: RootFolder) -> LinuxLimits:
    """Return the limits of the process that `/proc/self` below `root` describes."""
    nodes = _cpuset(root, "mems")
    total, available = _meminfo(root, nodes)
    notes = []
    capped = [
        (limit, max(limit - used, 0))
        for limit, used in _memory_limits(root)
        if total is None or limit < total
    ]
    if capped:
        total = min(limit for limit, _ in capped)
        left = min(left for _, left in capped)
        available = left if available is None else min(available, left)
        notes.append(f"a control group limits memory to {total / 2**30:.1f} GB")
    quota = min(_quotas(root), default=None)
    if quota is not None:
        notes.append(f"a control group limits CPU time to {quota:g} CPUs")
    return LinuxLimits(total, available, quota, nodes, tuple(notes))


def memory_room(root: RootFolder) -> MemoryRoom | None:
    """Return how much memory there is now: of the machine, of each limited group, and of a strict commit
    limit.
    """
    fields = _fields(root.text("proc/meminfo"))
    total, available = _total_and_available(fields)
    rooms = [] if total is None or available is None else [MemoryRoom(total, available)]
    for limit, used in _memory_limits(root):
        if total is None or limit < total:
            rooms.append(MemoryRoom(limit, max(limit - used, 0), "of the control group's memory"))
    if root.text("proc/sys/vm/overcommit_memory") == "2" and "CommitLimit" in fields:
        left = max(fields["CommitLimit"] - fields.get("Committed_AS", 0), 0)
        rooms.append(MemoryRoom(fields["CommitLimit"], left, "of the commit limit"))
    tightest = min(rooms, key=lambda room: room.available, default=None)
    return None if tightest is None else replace(tightest, kills=_kills(root))


def _kills(root: RootFolder) -> int:
    """Return how many processes the kernel has killed for lack of memory: in the process's own group, else
    anywhere.
    """
    texts = [root.text(f"{folder}/memory.events") for folder in _folders(root, "")]
    texts += [root.text(f"{folder}/memory.oom_control") for folder in _folders(root, "memory")]
    for text in (*texts, root.text("proc/vmstat")):
        for line in (text or "").splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill" and count.isdigit():
                return int(count)
    return 0


def cpuset_cpus(root: RootFolder) -> frozenset[int] | None:
    """Return the CPUs of the process's cpuset; None where there is none."""
    return _cpuset(root, "cpus")


def node_memory(root: RootFolder, node: int) -> int | None:
    """Return the memory attached to a NUMA node, in bytes."""
    return _fields(root.text(f"sys/devices/system/node/node{node}/meminfo")).get("MemTotal")


def _meminfo(root: RootFolder, usable: frozenset[int] | None) -> tuple[int | None, int | None]:
    """Return installed and available memory, in bytes.

    These are the whole machine's, unless only some of its nodes are usable or (in a partial snapshot) only
    nodes give figures.
    """
    whole = _total_and_available(_fields(root.text("proc/meminfo")))
    present = root.numbered("sys/devices/system/node", "node")
    nodes = [node for node in present if usable is None or node in usable]
    if whole[0] is not None and (len(nodes) == len(present) or not nodes):
        return whole
    parts = [_fields(root.text(f"sys/devices/system/node/node{node}/meminfo")) for node in nodes]
    sums = {name: sum(part.get(name, 0) for part in parts) for part in parts for name in part}
    found = _total_and_available(sums)
    return whole if found[0] is None else found


def _total_and_available(fields: dict[str, int]) -> tuple[int | None, int | None]:
    total = fields.get("MemTotal")
    if "MemAvailable" in fields:
        return total, fields["MemAvailable"]
    if "MemFree" not in fields:
        return total, total
    cached = fields.get("Cached", fields.get("FilePages", 0))  # kernels before 3.14 give no better figure
    return total, fields["MemFree"] + fields.get("Buffers", 0) + cached


def _fields(text: str | None) -> dict[str, int]:
    """Return the values of `MemTotal:  8386704 kB` and `Node 0 MemTotal: 8386704 kB`, in bytes."""
    found = {}
    for line in (text or "").splitlines():
        name, _, value = line.partition(":")
        number = value.split()[:1]
        if name and number and number[0].isdigit():
            found[name.split()[-1]] = int(number[0]) * 1024
    return found


def _memory_limits(root: RootFolder) -> Iterator[tuple[int, int]]:
    """Yield limit and use, in bytes, of each group that has a limit."""
    for folder in _folders(root, ""):
        # Above memory.high the kernel throttles a group until it stands still: it binds as memory.max does.
        for name in ("memory.max", "memory.high"):
            yield from _limit_and_use(
                root, f"{folder}/{name}", f"{folder}/memory.current", f"{folder}/memory.stat"
            )
    for folder in _folders(root, "memory"):
        limit, used = f"{folder}/memory.limit_in_bytes", f"{folder}/memory.usage_in_bytes"
        yield from _limit_and_use(root, limit, used, f"{folder}/memory.stat")


def _limit_and_use(root: RootFolder, limit: str, used: str, stat: str) -> Iterator[tuple[int, int]]:
    most = root.number(limit)
    if most is not None and 0 <= most < _UNLIMITED:
        # File cache is charged to the group and reclaimed under pressure. As in MemAvailable, it does not
        # count.
        words = (line.split() for line in (root.text(stat) or "").splitlines())
        stats = {
            name: int(value) for name, value in (pair for pair in words if len(pair) == 2) if value.isdigit()
        }
        names = ("inactive_file", "active_file", "slab_reclaimable")
        reclaimable = sum(stats.get(f"total_{name}", stats.get(name, 0)) for name in names)
        yield most, max((root.number(used) or 0) - reclaimable, 0)


def _quotas(root: RootFolder) -> Iterator[float]:
    """Yield CPUs' worth of time of each group that has a quota."""
    for folder in _folders(root, ""):
        words = (root.text(f"{folder}/cpu.max") or "").split()
        if len(words) == 2 and words[0].isdigit() and words[1].isdigit() and int(words[1]):
            yield int(words[0]) / int(words[1])
    for folder in _folders(root, "cpu"):
        quota, period = root.number(f"{folder}/cpu.cfs_quota_us"), root.number(f"{folder}/cpu.cfs_period_us")
        if quota is not None and quota > 0 and period:
            yield quota / period


def _cpuset(root: RootFolder, kind: str) -> frozenset[int] | None:
    """Return the set of the innermost group that has one: it lies within its ancestors. `kind` is `cpus` or
    `mems`.
    """
    for controller in ("", "cpuset"):
        for folder in _folders(root, controller):
            for name in (f"cpuset.{kind}.effective", f"cpuset.effective_{kind}", f"cpuset.{kind}", kind):
                found = root.cpu_list(f"{folder}/{name}")
                if found:
                    return found
    return None


def _folders(root: RootFolder, controller: str) -> Iterator[str]:
    """Yield the folders of the process's group in one hierarchy, from its own up to the top of the mount.

    `controller` is "" for version 2.
    """
    path = _group_path(root, controller)
    if path is None:
        return
    best: tuple[str, tuple[str, ...]] | None = None
    for point, top in _mounts(root, controller):
        inside = _inside(path, top)
        if inside is not None:
            best = (point, inside)
            break
        # The group lies outside this mount: a container's view of itself. Another mount may hold it.
        best = best or (point, ())
    if best is not None:
        point, parts = best
        for depth in range(len(parts), -1, -1):
            yield str(PurePosixPath(point, *parts[:depth]))


def _inside(path: str, top: str) -> tuple[str, ...] | None:
    """Return the folders from a mount's top to a group; None where the group is not below that top."""
    try:
        parts = PurePosixPath(path).relative_to(top).parts
    except ValueError:
        return None
    return tuple(part for part in parts if part != "..")


def _group_path(root: RootFolder, controller: str) -> str | None:
    """Return the group from `/proc/self/cgroup`: lines `number:controllers:path`; version 2 has no
    controllers there.
    """
    for line in (root.text("proc/self/cgroup") or "").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controller in controllers.split(","):
            return path
    return root.text("proc/self/cpuset") if controller == "cpuset" else None


def _mounts(root: RootFolder, controller: str) -> Iterator[tuple[str, str]]:
    """Yield each mount point of a hierarchy, and the group at its top: first `/proc/self/mountinfo`, then
    `/proc/mounts`.
    """
    for line in (root.text("proc/self/mountinfo") or "").splitlines():
        before, _, after = line.partition(" - ")
        fields, tail = before.split(), after.split()
        if len(fields) >= 5 and len(tail) >= 3 and _is_hierarchy(tail[0], tail[-1], controller):
            yield _unescaped(fields[4]), _unescaped(fields[3])
    for line in (root.text("proc/mounts") or "").splitlines():
        fields = line.split()
        if len(fields) >= 4 and _is_hierarchy(fields[2], fields[3], controller):
            yield _unescaped(fields[1]), "/"


def _unescaped(field: str) -> str:
    r"""Return a path of a mount table, in which blanks and backslashes are octal: `\040`."""
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), field)


def _is_hierarchy(kind: str, options: str, controller: str) -> bool:
    if not controller:
        return kind == "cgroup2"
    if kind == "cpuset":
        return controller == "cpuset"
    return kind == "cgroup" and controller in options.split(",")
