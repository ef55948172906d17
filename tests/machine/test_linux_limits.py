"""What control groups grant: both generations, nested, and as containers show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stmpo.machine import linux_limits
from stmpo.machine.rootfs import RootFolder

if TYPE_CHECKING:
    from tests.machine.conftest import WriteRoot

GB = 2**30
MEMINFO = {"proc/meminfo": "MemTotal: 67108864 kB\nMemFree: 1 kB\nMemAvailable: 33554432 kB"}
V2_MOUNT = "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw"


def read(write_root: WriteRoot, files: dict[str, str]) -> linux_limits.LinuxLimits:
    return linux_limits.read(RootFolder(write_root(MEMINFO | files)))


def test_without_limits_the_machine_is_granted_whole(write_root: WriteRoot) -> None:
    limits = read(write_root, {})
    assert (limits.memory_total_bytes, limits.memory_available_bytes) == (64 * GB, 32 * GB)
    assert (limits.cpu_quota, limits.memory_nodes, limits.notes) == (None, None, ())


def test_version_2_the_tightest_limit_on_the_way_up_counts(write_root: WriteRoot) -> None:
    """The job's own group is unlimited, its slice has 16 GB of which 6 are used, and 4.5 CPUs."""
    farm = "sys/fs/cgroup/farm.slice"
    files = {
        "proc/self/cgroup": "0::/farm.slice/job.scope",
        "proc/self/mountinfo": V2_MOUNT,
        f"{farm}/job.scope/memory.max": "max",
        f"{farm}/job.scope/cpu.max": "max 100000",
        f"{farm}/memory.max": str(16 * GB),
        f"{farm}/memory.current": str(7 * GB),
        f"{farm}/memory.stat": f"anon 1\ninactive_file {1 * GB}\n",
        f"{farm}/cpu.max": "450000 100000",
        f"{farm}/cpuset.cpus.effective": "0-7",
        f"{farm}/cpuset.mems.effective": "1",
    }
    limits = read(write_root, files)
    assert (limits.memory_total_bytes, limits.memory_available_bytes) == (16 * GB, 10 * GB)
    assert limits.cpu_quota == 4.5
    assert limits.memory_nodes == frozenset({1})
    assert linux_limits.cpuset_cpus(RootFolder(write_root({}))) == frozenset(range(8))
    assert limits.notes == (
        "a control group limits memory to 16.0 GB",
        "a control group limits CPU time to 4.5 CPUs",
    )


def test_version_1_has_a_tree_for_each_controller(write_root: WriteRoot) -> None:
    files = {
        "proc/self/cgroup": "4:memory:/jobs\n3:cpu,cpuacct:/jobs/7\n2:cpuset:/",
        "proc/self/mountinfo": "\n".join(
            f"{n} 1 0:{n} / /sys/fs/cgroup/{name} rw - cgroup cgroup rw,{name}"
            for n, name in enumerate(["memory", "cpu,cpuacct", "cpuset"])
        ),
        "sys/fs/cgroup/memory/jobs/memory.limit_in_bytes": str(8 * GB),
        "sys/fs/cgroup/memory/jobs/memory.usage_in_bytes": str(3 * GB),
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
        "sys/fs/cgroup/cpu,cpuacct/jobs/7/cpu.cfs_quota_us": "200000",
        "sys/fs/cgroup/cpu,cpuacct/jobs/7/cpu.cfs_period_us": "100000",
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1",
        "sys/fs/cgroup/cpuset/cpuset.cpus": "2-3",
    }
    limits = read(write_root, files)
    assert (limits.memory_total_bytes, limits.memory_available_bytes) == (8 * GB, 5 * GB)
    assert limits.cpu_quota == 2.0
    assert linux_limits.cpuset_cpus(RootFolder(write_root({}))) == frozenset({2, 3})


@pytest.mark.parametrize("top", ["/docker/abc", "/"], ids=["named from the host", "outside what is mounted"])
def test_inside_a_container_what_is_mounted_counts(write_root: WriteRoot, top: str) -> None:
    """The group's name is the host's; the folder at the mount point is already the container's own."""
    files = {
        "proc/self/cgroup": "0::/docker/abc" if top != "/" else "0::/../abc",
        "proc/self/mountinfo": V2_MOUNT.replace(" / /sys", f" {top} /sys"),
        "sys/fs/cgroup/memory.max": str(2 * GB),
        "sys/fs/cgroup/cpu.max": "150000 100000",
    }
    limits = read(write_root, files)
    assert (limits.memory_total_bytes, limits.cpu_quota) == (2 * GB, 1.5)


@pytest.mark.parametrize(
    "mounts",
    [
        {"proc/self/mountinfo": "31 24 0:27 / /cgroup/unified rw - cgroup2 none rw,nsdelegate"},
        {"proc/mounts": "cgroup2 /cgroup/unified cgroup2 rw 0 0"},
        {
            "proc/self/mountinfo": "30 24 0:27 /other /sys/fs/cgroup rw - cgroup2 none rw\n"
            "31 24 0:27 / /cgroup/unified rw - cgroup2 none rw"
        },
    ],
    ids=["mountinfo", "mounts", "beside a mount of another group"],
)
def test_version_2_is_found_wherever_it_is_mounted(write_root: WriteRoot, mounts: dict[str, str]) -> None:
    """Version 1 holds no controller there, as systemd's hybrid layout has it."""
    files = mounts | {
        "proc/self/cgroup": "4:memory:/\n0::/jobs/7",
        "cgroup/unified/jobs/7/memory.max": str(4 * GB),
        "cgroup/unified/jobs/cpu.max": "200000 100000",
        "sys/fs/cgroup/memory.max": str(1 * GB),
    }
    limits = read(write_root, files)
    assert (limits.memory_total_bytes, limits.cpu_quota) == (4 * GB, 2.0)


def test_a_mount_point_with_a_blank_is_read(write_root: WriteRoot) -> None:
    files = {
        "proc/self/cgroup": "0::/",
        "proc/self/mountinfo": r"31 24 0:27 / /cgroup\040two rw - cgroup2 none rw",
        "cgroup two/memory.max": str(4 * GB),
    }
    assert read(write_root, files).memory_total_bytes == 4 * GB


def test_a_limit_above_what_is_built_in_is_none(write_root: WriteRoot) -> None:
    files = {
        "proc/self/cgroup": "0::/",
        "proc/self/mountinfo": V2_MOUNT,
        "sys/fs/cgroup/memory.max": str(100 * GB),
    }
    assert read(write_root, files).memory_total_bytes == 64 * GB


def test_use_beyond_the_limit_leaves_nothing(write_root: WriteRoot) -> None:
    files = {
        "proc/self/cgroup": "0::/",
        "proc/self/mountinfo": V2_MOUNT,
        "sys/fs/cgroup/memory.max": str(1 * GB),
        "sys/fs/cgroup/memory.current": str(2 * GB),
    }
    assert read(write_root, files).memory_available_bytes == 0


def test_an_old_kernel_gives_no_available_figure(write_root: WriteRoot) -> None:
    limits = read(
        write_root, {"proc/meminfo": "MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 20 kB\nCached: 300 kB"}
    )
    assert (limits.memory_total_bytes, limits.memory_available_bytes) == (1000 * 1024, 420 * 1024)


def _room(write_root: WriteRoot, files: dict[str, str]) -> tuple[int, int, str]:
    room = linux_limits.memory_room(RootFolder(write_root(MEMINFO | files)))
    assert room is not None
    return room.total, room.available, room.what


def test_the_room_now_is_that_of_the_tightest_limit(write_root: WriteRoot) -> None:
    assert _room(write_root, {}) == (64 * GB, 32 * GB, "of memory")
    group = {
        "proc/self/cgroup": "0::/job",
        "proc/self/mountinfo": V2_MOUNT,
        "sys/fs/cgroup/job/memory.max": str(48 * GB),
        "sys/fs/cgroup/job/memory.current": str(8 * GB),
    }
    assert _room(write_root, group) == (64 * GB, 32 * GB, "of memory")
    group["sys/fs/cgroup/job/memory.current"] = str(40 * GB)
    assert _room(write_root, group) == (48 * GB, 8 * GB, "of the control group's memory")
    group["sys/fs/cgroup/job/memory.high"] = str(44 * GB)
    assert _room(write_root, group) == (44 * GB, 4 * GB, "of the control group's memory")
    group["sys/fs/cgroup/job/memory.stat"] = f"inactive_file {GB}\nactive_file {2 * GB}\nanon 1"
    assert _room(write_root, group) == (44 * GB, 7 * GB, "of the control group's memory")


def test_what_the_kernel_has_ended_for_want_of_memory_is_counted(write_root: WriteRoot) -> None:
    def kills(files: dict[str, str]) -> int:
        room = linux_limits.memory_room(RootFolder(write_root(MEMINFO | files)))
        assert room is not None
        return room.kills

    assert kills({}) == 0
    assert kills({"proc/vmstat": "nr_free_pages 1\noom_kill 3"}) == 3
    group = {"proc/self/cgroup": "0::/job", "proc/self/mountinfo": V2_MOUNT, "proc/vmstat": "oom_kill 3"}
    assert kills(group | {"sys/fs/cgroup/job/memory.events": "oom 9\noom_kill 7"}) == 7


def test_a_strict_commit_limit_counts(write_root: WriteRoot) -> None:
    lines = MEMINFO["proc/meminfo"] + "\nCommitLimit: 4194304 kB\nCommitted_AS: 3145728 kB"
    lax = {"proc/meminfo": lines, "proc/sys/vm/overcommit_memory": "0"}
    assert _room(write_root, lax) == (64 * GB, 32 * GB, "of memory")
    strict = lax | {"proc/sys/vm/overcommit_memory": "2"}
    assert _room(write_root, strict) == (4 * GB, GB, "of the commit limit")
