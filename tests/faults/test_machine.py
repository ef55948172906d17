"""The matrix, machines: disks that fill, shares that fail, clocks that jump and CPUs that go, a row each.

The disks are real and small, the shares are served by `faulty`, which fails as told. What goes wrong in the
middle of a run is done to it while it runs (`meanwhile`); before the next run the machine is well again, if a
row says so.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from stmpo.model.errors import ExitCode
from stmpo.testing import Fault, FaultKind, FrameCosts, On, Scenario
from tests.engine.studio import wait_for
from tests.faults.faulty import Failure, Faulty, Rules
from tests.faults.judge import Ends, Job, Judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.faults.conftest import Pool
    from tests.faults.ground import Ground

JOB = Job(tuple(range(1, 13)), options=("--frames", "1-12", "--concurrency", "2"))
BIG = Job(JOB.frames, frame_bytes=256 << 10, options=JOB.options)
ONE = {"costs": FrameCosts(0.02, {12: 1.5})}
"""The first renderer ends early, so that frames are delivered while the second one works."""


@dataclass
class Machine:
    """What a row's ground stands on, and how to mend it."""

    ground: Ground
    share: Faulty | None = None
    disk: Path | None = None
    mend: Callable[[], None] = lambda: None
    """Everything is well again."""


WELL = Rules()
NO_JOURNAL = Rules(hangs=("write",), hanging_names="*.jsonl")


@contextlib.contextmanager
def ordinary(ground: Ground) -> Iterator[Machine]:
    """Folders as everywhere."""
    yield Machine(ground)


def share(rules: Rules = WELL) -> Callable[[Ground], contextlib.AbstractContextManager[Machine]]:
    """The destination is a folder of a share that behaves like this."""

    @contextlib.contextmanager
    def place(ground: Ground) -> Iterator[Machine]:
        with Faulty.mounted(ground.folder / "share", rules) as mounted:
            ground.destination = mounted.point / "out"
            yield Machine(ground, mounted, mend=lambda: mounted.rules(WELL))

    return place


def disk(
    size: str, *, scratch: bool = False
) -> Callable[[Ground], contextlib.AbstractContextManager[Machine]]:
    """The destination, or scratch, is a small disk."""

    @contextlib.contextmanager
    def place(ground: Ground) -> Iterator[Machine]:
        path = ground.scratch if scratch else ground.folder / "disk"
        path.mkdir()
        _mount(path, f"size={size}")
        ground.destination = ground.destination if scratch else path / "out"

        def mend() -> None:
            (path / "filler").unlink(missing_ok=True)
            _mount(path, "remount,size=200m")

        try:
            yield Machine(ground, disk=path, mend=mend)
        finally:
            subprocess.run([shutil.which("umount") or "umount", "-l", str(path)], check=False)

    return place


@contextlib.contextmanager
def volume(ground: Ground) -> Iterator[Machine]:
    """The destination is a mount point: once its disk is gone, an empty folder of another disk is there."""
    base, path = ground.folder / "base", ground.folder / "volume"
    for folder in (base, path):
        folder.mkdir()
    _mount(base, "size=100m")
    bind = [shutil.which("mount") or "mount", "--bind", str(base), str(path)]
    subprocess.run(bind, check=True)
    ground.destination = path
    try:
        yield Machine(ground, disk=path, mend=lambda: path.is_mount() or subprocess.run(bind, check=True))  # type: ignore[arg-type]  # nobody looks at its result
    finally:
        for folder in (path, base):
            subprocess.run(
                [shutil.which("umount") or "umount", "-l", str(folder)], check=False, capture_output=True
            )


@contextlib.contextmanager
def read_by_others(ground: Ground) -> Iterator[Machine]:
    """Last week's frames are there, and somebody has them open."""
    ground.out.mkdir()
    with contextlib.ExitStack() as readers:
        for frame in JOB.frames:
            path = ground.out / f"f_{frame:04}.png"
            path.write_bytes(b"last week's")
            readers.enter_context(path.open("rb"))
        yield Machine(ground)


def _mount(path: Path, options: str) -> None:
    mount = shutil.which("mount") or "mount"
    subprocess.run([mount, "-t", "tmpfs", "-o", options, "tmpfs", str(path)], check=True, capture_output=True)


# ------------------------------------------------------------------------------------------------ meanwhile


def nothing(_: Machine, __: int) -> None:
    """What is wrong is wrong from the start."""


def after_first(act: Callable[[Machine, int], None]) -> Callable[[Machine, int], None]:
    """Do it once frames begin to arrive."""

    def do(machine: Machine, pid: int) -> None:
        wait_for(lambda: machine.ground.delivered() or not running(pid), "the first frame")
        act(machine, pid)

    return do


def after_first_rendered(act: Callable[[Machine, int], None]) -> Callable[[Machine, int], None]:
    """Do it once a frame is in scratch."""

    def do(machine: Machine, pid: int) -> None:
        wait_for(lambda: machine.ground.rendered() or not running(pid), "the first frame")
        act(machine, pid)

    return do


def misbehave(rules: Rules) -> Callable[[Machine, int], None]:
    """The share is like this from now on."""

    def act(machine: Machine, _: int) -> None:
        assert machine.share is not None
        machine.share.rules(rules)

    return act


def vanish_for_a_while(machine: Machine, _: int) -> None:
    """The disk goes, and comes back."""
    assert machine.disk is not None
    subprocess.run([shutil.which("umount") or "umount", "-l", str(machine.disk)], check=True)
    time.sleep(2.5)
    machine.mend()


def vanish(machine: Machine, _: int) -> None:
    """The share goes; its folder is not there any more."""
    assert machine.share is not None
    machine.share.vanish()


def fill(machine: Machine, pid: int) -> None:
    """Somebody else takes all the room there is, and what becomes free."""
    assert machine.disk is not None
    with (machine.disk / "filler").open("wb", buffering=0) as filler:
        while running(pid):
            time.sleep(0.01)
            with contextlib.suppress(OSError):
                while True:
                    filler.write(bytes(1 << 18))


def running(pid: int) -> bool:
    """Whether a run has not ended."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def hang_then_cancel(machine: Machine, pid: int) -> None:
    """Nothing that is written for frames comes back any more; then the farm cancels."""
    assert machine.share is not None
    machine.share.rules(Rules(hangs=("write",), hanging_names="*.part"))
    time.sleep(1.0)
    psutil.Process(pid).terminate()


def cancel_without_a_journal(machine: Machine, pid: int) -> None:
    """No write to the journal returns any more; then the farm cancels in the middle of such a write."""
    assert machine.share is not None
    machine.share.rules(NO_JOURNAL)
    time.sleep(1.0)
    psutil.Process(pid).terminate()


def fewer_cpus(_: Machine, pid: int) -> None:
    """All that runs, and all that will, may use one CPU only, as when a container is made smaller."""
    cgroup = Path("/sys/fs/cgroup/cpuset") / f"stmpo-{pid}"
    processes = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    try:
        cgroup.mkdir()
        (cgroup / "cpuset.mems").write_text("0")
        (cgroup / "cpuset.cpus").write_text(str(min(os.sched_getaffinity(0))))
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                (cgroup / "cgroup.procs").write_text(str(process))
        wait_for(lambda: not running(pid), "its end")
    except OSError:  # no such control group here: the affinity is the next best
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(process).cpu_affinity([min(os.sched_getaffinity(0))])
    finally:
        with contextlib.suppress(OSError):
            cgroup.rmdir()


@contextlib.contextmanager
def in_the_system(machine: Machine, pid: int) -> Iterator[None]:
    """The first renderer hangs where no signal reaches it, as in a call to a device that does not answer."""
    cgroup = Path("/sys/fs/cgroup/freezer") / f"stmpo-{pid}"
    try:
        cgroup.mkdir()
    except OSError:
        pytest.skip("needs control groups that freeze processes, and the right to make one")
    try:
        for process in machine.ground.starts()[0].pids:
            (cgroup / "cgroup.procs").write_text(str(process))
        (cgroup / "freezer.state").write_text("FROZEN")
        yield
    finally:
        (cgroup / "freezer.state").write_text("THAWED")
        machine.ground.survivors(5.0)
        with contextlib.suppress(OSError):
            cgroup.rmdir()


def hang_in_the_system(machine: Machine, pid: int) -> None:
    """One renderer does, for good."""
    with in_the_system(machine, pid):
        wait_for(lambda: not running(pid), "its end")


def hang_in_the_system_and_cancel(machine: Machine, pid: int) -> None:
    """One renderer does, and the farm cancels."""
    with in_the_system(machine, pid):
        psutil.Process(pid).terminate()
        wait_for(lambda: not running(pid), "its end")


def no_more_processes(machine: Machine, pid: int) -> None:
    """Neither the run nor anything below it gets a process or a thread, until it has said so."""
    cgroup = Path("/sys/fs/cgroup/pids") / f"stmpo-{pid}"
    try:
        cgroup.mkdir()
    except OSError:
        pytest.skip("needs control groups that limit processes, and the right to make one")
    try:
        (cgroup / "pids.max").write_text("1")
        (cgroup / "cgroup.procs").write_text(str(pid))
        refused = "no renderer could be started just now"
        wait_for(lambda: refused in machine.ground.log or not running(pid), "a refused start")
        (cgroup / "pids.max").write_text("max")
        wait_for(lambda: not running(pid), "its end")
    finally:
        with contextlib.suppress(OSError):
            cgroup.rmdir()


# ----------------------------------------------------------------------------------------------------- rows


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the matrix."""

    name: str
    place: Callable[[Ground], contextlib.AbstractContextManager[Machine]] = ordinary
    meanwhile: Callable[[Machine, int], None] = nothing
    ends: Ends = field(default_factory=Ends)
    options: tuple[str, ...] = ()
    play: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    job: Job = JOB
    comes_back: bool = True
    """Whether the place is there again for the next run; without it there is nothing more to ask."""

    def __str__(self) -> str:
        return self.name


def ends(code: ExitCode, *words: str) -> Ends:
    """It fails in these words; what arrived until then is right."""
    return Ends(code, None, words)


HUGE = Job(JOB.frames, frame_bytes=4 << 20, options=JOB.options)
NO_WAIT = ("--space-timeout", "1")


def first_on_the_path(folder: str) -> Mapping[str, str]:
    """Have the orchestrator's Python load this folder's `sitecustomize` before all else."""
    return {
        "PYTHONPATH": os.pathsep.join(
            [str(Path(__file__).with_name(folder)), os.environ.get("PYTHONPATH", "")]
        )
    }


READ_ONLY = Rules(failures=tuple(Failure(op, "EROFS") for op in ("create", "rename", "unlink")))
STALE = Rules(failures=(Failure("create", "ESTALE", times=6),))
PASSING = Rules(failures=tuple(Failure(op, "EIO", 0.1) for op in ("create", "write", "rename", "fsync")))
ROWS = [
    Row("scratch holds less than is rendered", disk("40m", scratch=True), job=HUGE),
    Row("scratch is filled by somebody else", disk("100m", scratch=True), after_first_rendered(fill), ends(ExitCode.NO_SPACE, "scratch"), NO_WAIT, {"costs": FrameCosts(0.4)}, job=HUGE),
    Row("the destination is full", disk("36m"), ends=ends(ExitCode.NO_SPACE, "no space left in"), job=HUGE, options=NO_WAIT),
    Row("the destination's quota is used up", share(Rules(quota=1 << 20)), ends=ends(ExitCode.NO_SPACE, "no space left in"), job=BIG, options=NO_WAIT),
    Row("the destination turns read-only", share(), after_first(misbehave(READ_ONLY)), ends(ExitCode.FRAMES_FAILED, "cannot deliver", "Read-only"), play=ONE),
    Row("the destination disappears", share(), after_first(vanish), ends(ExitCode.FRAMES_FAILED, "cannot deliver", "the folder is gone"), play=ONE, comes_back=False),
    Row("the destination disappears for a while", volume, after_first(vanish_for_a_while), play=ONE),
    Row("the destination is slow", share(Rules(bytes_per_second=1 << 20)), job=BIG),
    Row("the destination errs now and then", share(PASSING)),
    Row("the destination errs for a while", share(), after_first(misbehave(STALE)), play=ONE),
    Row("the destination cannot flush", share(Rules(failures=(Failure("fsync", "EINVAL"),)))),
    Row("the destination refuses renames for a while", share(Rules(failures=(Failure("rename", "EPERM", times=6),)))),
    Row("the destination denies some files", share(Rules(failures=(Failure("create", "EACCES", name="*f_0007*"),))), ends=ends(ExitCode.FRAMES_FAILED, "cannot deliver f_0007.png")),
    Row("the destination knows no case", share(Rules(folds_case=True))),
    Row("the destination's files are held open by readers", read_by_others),
    Row("the destination hangs, and the run is cancelled", share(), after_first(hang_then_cancel), ends(ExitCode.CANCELLED, "cancelled by SIGTERM", "does not answer"), play={"costs": FrameCosts(0.02, {12: 3.0})}),
    Row("the journal's share hangs, and the run goes on", share(), after_first(misbehave(NO_JOURNAL)), Ends(says=("could not be written to the journal",), keeps=False), play=ONE),
    Row("the journal's share hangs, and the run is cancelled", share(), after_first(cancel_without_a_journal), Ends(ExitCode.CANCELLED, None, ("cancelled by SIGTERM",), keeps=False), play={"costs": FrameCosts(0.02, {12: 60.0})}),
    Row("CPUs go away", meanwhile=after_first(fewer_cpus), play=ONE),
    Row("a renderer hangs in the system", meanwhile=after_first_rendered(hang_in_the_system), options=("--stall-timeout", "2"), ends=Ends(says=("no sign of life", "could not be ended")), play={"costs": FrameCosts(0.02, {4: 2.0})}),
    Row("a renderer hangs in the system, and the run is cancelled", meanwhile=after_first_rendered(hang_in_the_system_and_cancel), ends=ends(ExitCode.CANCELLED, "cancelled by SIGTERM", "could not be ended"), play={"costs": FrameCosts(0.02, {4: 60.0})}),
    Row("no more processes are to be had for a while", meanwhile=no_more_processes, ends=Ends(says=("no renderer could be started just now: Resource",))),
    Row("the clock jumps", environment=first_on_the_path("jumping"), play={"costs": FrameCosts(0.1)}),
    Row("memory is short", options=("--concurrency", "3"), environment=first_on_the_path("small_memory"), ends=Ends(says=("memory is short",)), play={"costs": FrameCosts(1.5), "faults": (Fault(FaultKind.BALLAST, megabytes=120),)}),
    Row("a frame takes memory without end", options=("--no-kill-on-fail", "--max-frame-retries", "1"), environment=first_on_the_path("small_memory"), ends=Ends(ExitCode.FRAMES_FAILED, frozenset({5}), ("f_0005.png failed 2 times: it has taken",)), play={"costs": FrameCosts(0.0, {5: 30.0}), "faults": (Fault(FaultKind.BALLAST, On(frame=5), megabytes=300),)}),
]  # fmt: skip


def play(row: Row, ground: Ground) -> None:
    """Run a row and judge it."""
    try:
        with row.place(ground) as machine:
            scenario = Scenario(frame_bytes=row.job.frame_bytes, **{**row.play, "tree": False})
            outcome = ground.attended(
                lambda _, pid: row.meanwhile(machine, pid),
                *row.job.options,
                *row.options,
                scenario=scenario,
                **row.environment,
            )
            judge = Judge(ground, row.job)
            if row.comes_back:
                machine.mend()
                judge.after(outcome, row.ends)
            else:
                judge.words(outcome, row.ends)
                judge.nothing_left(outcome)
    finally:
        ground.clear()


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_machine(row: Row, rows: Pool) -> None:
    """The four questions."""
    rows.outcome(row.name)
