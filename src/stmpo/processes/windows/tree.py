"""Process trees on Windows: a Job Object for each, so that the kernel knows what belongs to it and ends it with us.

    create job (kill on close, group affinity) ─► create process, suspended ─► assign ─► resume

Between creation and assignment nothing of the renderer has run, so nothing it starts can be outside the job. When the
orchestrator ends, however it ends, its handle to the job closes, and the kernel ends every process in it.

The worker agent puts its own job around us. Windows 8 and later nest jobs; where the outer one forbids that (error 5),
the process is created again outside of it, if it allows that (breakaway), and else without a job of its own: then the
tree is only what parent links tell, and one warning says so.

Asking a tree to end: CTRL_BREAK to the process group that was made for it. After Effects has no polite stop, but its
launcher ends by the break, and After Effects stops by itself at its next progress line once the launcher is gone, with
its frame whole. The group is its own so that a break sent to ours, which is how a worker agent cancels, is no end for
the renderers before the orchestrator has decided on it. Without a console nobody can be asked, and the tree is killed
without waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Protocol, TypeAlias

import psutil

from stmpo.processes.protocol import DRAIN_SECONDS, Pinning, ProcessTree, TreeProcess, TreeSample
from stmpo.processes.windows import types
from stmpo.processes.windows.api import Win32, Win32Error
from stmpo.processes.windows.pinning import Pinner

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stmpo.processes.protocol import SpawnRequest

CHUNK = 65536
FLAGS = types.CREATE_SUSPENDED | types.CREATE_NEW_PROCESS_GROUP
LIMITS = types.LIMIT_KILL_ON_JOB_CLOSE | types.LIMIT_DIE_ON_UNHANDLED_EXCEPTION
KILLED = 1
"""Exit code of what is killed here, as `taskkill` gives it."""

LOOK_PAUSE = 0.02
"""Seconds between two looks at a job that is waited for. Only while something is being stopped."""

NO_JOB = "no Job Object for this renderer ({reason}): what leaves its tree cannot be contained or stopped"

Created: TypeAlias = tuple[int, int, int]
"""Handles of the process and of its first thread; process id."""


class LaunchCalls(Protocol):
    """What needs Windows' own modules: `windows_start.py`."""

    def create(self, request: SpawnRequest, output: int, flags: int) -> Created:
        """CreateProcess. Raises OSError."""
        ...

    async def output_pipe(self) -> tuple[asyncio.StreamReader, asyncio.ReadTransport, int]:
        """A pipe that the loop reads, and the handle of its other end."""
        ...


class WindowsSystem:
    """`System` by Job Objects."""

    def __init__(self, win32: Win32, starter: LaunchCalls) -> None:
        self._win32 = win32
        self._starter = starter

    @contextlib.contextmanager
    def containment(self) -> Iterator[None]:
        """Nothing to set up: each tree's job has the kernel see to it."""
        yield

    async def spawn(self, request: SpawnRequest) -> ProcessTree:
        """Create suspended, contain, pin, resume."""
        reader, transport, theirs = await self._starter.output_pipe()
        try:
            # Without a console of ours each renderer would open one of its own, in a window where there is a desktop.
            flags = FLAGS if self._win32.has_console() else FLAGS | types.CREATE_NO_WINDOW
            birth = Launch(self._win32, self._starter, request, flags)
            birth.deliver(theirs)
        except OSError as error:
            transport.close()
            if isinstance(error, Win32Error):
                raise
            raise type(error)(error.errno, error.strerror, error.filename or request.argv[0]) from error
        finally:
            self._win32.close(theirs)
        return WindowsTree(self._win32, birth, reader, transport)

    def sample_all(self, trees: Sequence[ProcessTree]) -> list[TreeSample]:
        """The kernel keeps a job's sums: nothing is shared by asking for all at once."""
        return [tree.sample() for tree in trees]


class Launch:
    """The steps from a request to a running process, and what came of them.

    Whatever fails between creation and resumption ends the suspended process: nobody else would ever.
    """

    def __init__(self, win32: Win32, starter: LaunchCalls, request: SpawnRequest, flags: int = FLAGS) -> None:
        self._win32 = win32
        self._starter = starter
        self._flags = flags
        self.request = request
        self.pinner = Pinner(win32, tuple(request.cpus))
        self.job: int | None = None
        self.process = 0
        self._thread = 0
        self.pid = 0
        self.warnings: list[str] = []

    def deliver(self, output: int) -> None:
        """Start the renderer with `output` as its standard output and error. Raises OSError."""
        self.job = self._make_job()
        if self.job is not None:
            self.pinner.pin_job(self.job)
        try:
            self._create(output, self._flags)
            self._contain(output)
            self.pinner.pin_process(self.process, self.pid)
            self._win32.resume(self._thread)
        except BaseException:
            self._drop_process()
            self._drop_job()
            raise
        self._win32.close(self._thread)

    def _make_job(self) -> int | None:
        """A job that kills on close; None, with a warning, where there can be none."""
        job = None
        try:
            job = self._win32.create_job()
            self._win32.set_job_limits(job, LIMITS)
        except Win32Error as error:
            if job is not None:
                self._win32.close(job)
            self.warnings.append(NO_JOB.format(reason=error.reason))
            return None
        return job

    def _create(self, output: int, flags: int) -> None:
        self.process, self._thread, self.pid = self._starter.create(self.request, output, flags)

    def _contain(self, output: int) -> None:
        """Put the process into the job.

        The answers to a refusal, in this order: a job without CPUs of its own; a process outside the job that we are in; no job, and a warning.
        """
        refusal = self._assign()
        if refusal is not None and self.pinner.on_job:
            self._replace_job(refusal)
            refusal = self._assign()
        if refusal is not None and refusal.code == types.ERROR_ACCESS_DENIED and self._break_away(output):
            refusal = self._assign()
        if refusal is not None:
            self._drop_job()
            self.warnings.append(NO_JOB.format(reason=refusal.reason))

    def _assign(self) -> Win32Error | None:
        """Put the process into the job; the refusal, if it is one."""
        if self.job is None:
            return None
        try:
            self._win32.assign(self.job, self.process)
        except Win32Error as error:
            return error
        return None

    def _replace_job(self, why: Win32Error) -> None:
        """The CPUs may be what the process cannot be moved to: the same once more without them."""
        self._drop_job()
        self.pinner.unpin_job(why)
        self.job = self._make_job()

    def _break_away(self, output: int) -> bool:
        """Create the process again, outside the job that we are in; False, and the first one stays, if forbidden."""
        first = self.process, self._thread
        try:
            self._create(output, self._flags | types.CREATE_BREAKAWAY_FROM_JOB)
        except OSError:
            return False
        self._win32.terminate(first[0], KILLED)
        for handle in first:
            self._win32.close(handle)
        return True

    def _drop_process(self) -> None:
        """End what was created and never ran."""
        if self.process:
            self._win32.terminate(self.process, KILLED)
            self._win32.close(self._thread)
            self._win32.close(self.process)

    def _drop_job(self) -> None:
        if self.job is not None:
            self._win32.close(self.job)
            self.job = None


class WindowsTree:
    """A renderer's tree: its job, or without one the launcher and what descends from it."""

    def __init__(
        self, win32: Win32, birth: Launch, reader: asyncio.StreamReader, transport: asyncio.ReadTransport
    ) -> None:
        self.label = birth.request.label
        self.pid = birth.pid
        self.pinning: Pinning = birth.pinner.result()
        self.warnings: Sequence[str] = tuple(birth.warnings)
        self.returncode: int | None = None
        self._win32 = win32
        self._pinner = birth.pinner
        self._job = birth.job
        self._process = birth.process
        self._reader = reader
        self._transport = transport
        self._known: dict[int, psutil.Process] = {}
        self._suspended: list[psutil.Process] = []
        self._loop = asyncio.get_running_loop()
        self._exited: asyncio.Future[None] = self._loop.create_future()
        self._drained: asyncio.Future[None] = self._loop.create_future()
        threading.Thread(target=self._watch, name=f"wait-{self.pid}", daemon=True).start()

    def _watch(self) -> None:
        """In a thread of its own: wait for the launcher's end. Whoever hears of it last closes its handle."""
        self._win32.wait(self._process)
        code = self._win32.exit_code(self._process)
        try:
            self._loop.call_soon_threadsafe(self._launcher_ended, code)
        except RuntimeError:  # the loop was closed first
            self._win32.close(self._process)

    def _launcher_ended(self, code: int) -> None:
        self._win32.close(self._process)
        self.returncode = code
        settle(self._exited)
        self._loop.call_later(DRAIN_SECONDS, settle, self._drained)

    async def read(self) -> bytes:
        """See `ProcessTree.read`."""
        if self._drained.done():
            return b""
        reading: asyncio.Future[bytes] = asyncio.ensure_future(self._reader.read(CHUNK))
        try:
            either: set[asyncio.Future[bytes] | asyncio.Future[None]] = {reading, self._drained}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not reading.done():
                reading.cancel()
        return b"" if reading.cancelled() or not reading.done() else reading.result()

    async def wait(self) -> int:
        """See `ProcessTree.wait`."""
        await asyncio.shield(self._exited)
        assert self.returncode is not None
        return self.returncode

    async def gone(self) -> None:
        """See `ProcessTree.gone`. The job knows; it tells only who asks."""
        await asyncio.shield(self._exited)
        while self._count():  # noqa: ASYNC110 - a job announces it only to a completion port, and not reliably
            await asyncio.sleep(LOOK_PAUSE)

    def ask(self) -> bool:
        """CTRL_BREAK to the tree's process group; False where there is no console to send it through."""
        self.resume()
        try:
            self._win32.send_break(self.pid)
        except Win32Error:
            return self.returncode is not None
        return True

    def suspend(self) -> None:
        """Suspend every process of the tree."""
        for process in self._processes():
            with contextlib.suppress(psutil.Error):
                process.suspend()
                self._suspended.append(process)

    def resume(self) -> None:
        """Resume what was suspended: Windows counts, so nothing else."""
        while self._suspended:
            with contextlib.suppress(psutil.Error):
                self._suspended.pop().resume()

    def kill(self) -> None:
        """End the job; without one, what descends from the launcher, from the top down so that nothing is born."""
        if self._job is not None:
            with contextlib.suppress(Win32Error):
                self._win32.terminate_job(self._job, KILLED)
            return
        for process in self._processes():
            with contextlib.suppress(psutil.Error):
                process.kill()

    def members(self) -> list[TreeProcess]:
        """See `ProcessTree.members`."""
        found = []
        for process in self._processes():
            with contextlib.suppress(psutil.Error):
                found.append(TreeProcess(process.pid, process.name()))
        return found

    def sample(self) -> TreeSample:
        """See `ProcessTree.sample`. Memory is what only the processes themselves have (its commit charge)."""
        processes = self._processes()
        self._pinner.pin_descendants(process.pid for process in processes)
        memory, alive, seconds = 0, 0, 0.0
        for process in processes:
            with contextlib.suppress(psutil.Error), process.oneshot():
                info = process.memory_info()
                times = process.cpu_times()
                memory += getattr(info, "pagefile", 0) or info.rss
                seconds += times.user + times.system
                alive += 1
        return TreeSample(alive, max(seconds, self._job_seconds()), memory, self._job_io())

    def close(self) -> None:
        """Close pipe and job; the job takes along what still lives. Without one, kill that first."""
        if self._transport.is_closing():
            return
        self._transport.close()
        if self._job is None:
            self.kill()
        else:
            self._win32.close(self._job)
            self._job = None
        self._known.clear()

    def _processes(self) -> list[psutil.Process]:
        """What lives of the tree, the launcher first."""
        pids = self._job_pids() if self._job is not None else self._descendants()
        for pid in pids:
            with contextlib.suppress(psutil.NoSuchProcess):
                self._known.setdefault(pid, psutil.Process(pid))
        self._known = {pid: known for pid, known in self._known.items() if pid in pids and known.is_running()}
        return sorted(self._known.values(), key=lambda process: process.pid != self.pid)

    def _descendants(self) -> set[int]:
        """Without a job: the launcher, all below it, and all below whatever was known of it."""
        roots = [process for process in self._known.values() if process.is_running()]
        with contextlib.suppress(psutil.NoSuchProcess):
            if self.returncode is None:
                roots.append(psutil.Process(self.pid))
        below = {process.pid for process in roots}
        for process in roots:
            with contextlib.suppress(psutil.Error):
                below |= {child.pid for child in process.children(recursive=True)}
        return below

    def _job_pids(self) -> list[int]:
        try:
            return self._win32.job_process_ids(self._job) if self._job is not None else []
        except Win32Error:
            return []

    def _count(self) -> int:
        if self._job is None:
            return len(self._processes())
        try:
            return int(self._win32.job_accounting(self._job).active_processes)
        except Win32Error:
            return 0

    def _job_seconds(self) -> float:
        """CPU time of the whole job, ended processes included; 0 where there is no job."""
        with contextlib.suppress(Win32Error):
            if self._job is not None:
                accounting = self._win32.job_accounting(self._job)
                return float(accounting.total_user_time + accounting.total_kernel_time) / types.FILETIME_TICKS
        return 0.0

    def _job_io(self) -> int:
        with contextlib.suppress(Win32Error):
            if self._job is not None:
                io = self._win32.job_io(self._job)
                return int(io.read_bytes + io.write_bytes)
        return 0


def settle(future: asyncio.Future[None]) -> None:
    """Let those who wait for it go on; more than once does no harm."""
    if not future.done():
        future.set_result(None)
