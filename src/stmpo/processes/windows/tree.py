"""Process trees on Windows. A Job Object per tree: the kernel knows its processes, and ends them with us.

    create job (kill on close, group affinity) ─► create process, suspended ─► assign ─► resume

Between creation and assignment nothing of the renderer has run, so nothing that it starts can be outside the
job. When the orchestrator ends in any way, its handle to the job closes, and the kernel ends all its
processes.

The worker agent puts its own job around us. Windows 8 and later nest jobs. If the outer job forbids that
(error 5), the process is created again outside of it, if it allows that (breakaway). Otherwise the tree has
no job: it is then what parent process ids tell, and one warning says so.

A tree is asked to end by CTRL_BREAK to its own process group. After Effects cannot be asked, but its launcher
ends by the break, and After Effects stops at its next progress line once the launcher is gone, with its frame
whole. The group is the tree's own because a worker agent cancels by a break to *our* group: the renderers
must not end before the orchestrator has decided that. Without a console no tree can be asked, and it is
killed without waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

import psutil

from stmpo.processes.launcher_state import CHUNK_BYTES, LauncherState
from stmpo.processes.protocol import ProcessTree, TreeProcess, TreeSample
from stmpo.processes.windows import types
from stmpo.processes.windows.api import Win32, Win32Error
from stmpo.processes.windows.pinning import Pinner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from stmpo.processes.protocol import SpawnRequest

_T = TypeVar("_T")

CREATION_FLAGS = types.CREATE_SUSPENDED | types.CREATE_NEW_PROCESS_GROUP
JOB_LIMITS = types.LIMIT_KILL_ON_JOB_CLOSE | types.LIMIT_DIE_ON_UNHANDLED_EXCEPTION
KILLED = 1
"""Exit code of processes that are killed here, the same as `taskkill` sets."""

POLL_INTERVAL = 0.02
"""Seconds between two looks at a job that is waited for. Only while something is being stopped."""

NO_JOB = (
    "no Job Object for this renderer ({reason}): processes that leave its tree cannot be contained or stopped"
)

CreatedProcess: TypeAlias = tuple[int, int, int]
"""Handles of the process and of its first thread; process id."""


class LaunchCalls(Protocol):
    """The calls that need Windows' own modules of the standard library: `launch.py`."""

    def create(self, request: SpawnRequest, output: int, flags: int) -> CreatedProcess:
        """Call CreateProcess. Raises OSError."""

    async def output_pipe(self) -> tuple[asyncio.StreamReader, asyncio.ReadTransport, int]:
        """Return a pipe that the event loop reads, and the handle of its write end."""


class WindowsSystem:
    """`ProcessSystem` by Job Objects."""

    def __init__(self, win32: Win32, calls: LaunchCalls) -> None:
        self._win32 = win32
        self._calls = calls

    @contextlib.contextmanager
    def containment(self) -> Iterator[None]:
        """Do nothing: the kernel contains each tree by its job."""
        yield

    async def spawn(self, request: SpawnRequest) -> ProcessTree:
        """Create the process suspended, contain it, pin it and resume it."""
        reader, transport, write_end = await self._calls.output_pipe()
        try:
            # If we have no console, each renderer would open its own, in a window if there is a desktop.
            console = 0 if self._win32.has_console() else types.CREATE_NO_WINDOW
            launch = Launch(self._win32, self._calls, request, CREATION_FLAGS | console)
            launch.run(write_end)
        except OSError as error:
            transport.close()
            if isinstance(error, Win32Error):
                raise
            raise type(error)(error.errno, error.strerror, error.filename or request.argv[0]) from error
        finally:
            self._win32.close(write_end)
        return WindowsTree(self._win32, launch, reader, transport)

    def sample_all(self, trees: Sequence[ProcessTree]) -> list[TreeSample]:
        """Sample each tree: the kernel keeps a job's sums, so one call for all would save nothing."""
        return [tree.sample() for tree in trees]


class Launch:
    """One start of a renderer. An exception in it ends the suspended process, which nothing else would do."""

    def __init__(
        self, win32: Win32, calls: LaunchCalls, request: SpawnRequest, flags: int = CREATION_FLAGS
    ) -> None:
        self._win32 = win32
        self._calls = calls
        self._flags = flags
        self.request = request
        self.pinner = Pinner(win32, tuple(request.cpus))
        self.job: int | None = None
        self.process = 0
        self._thread = 0
        self.pid = 0
        self.warnings: list[str] = []

    def run(self, output: int) -> None:
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
        """Create a job that kills on close. Returns None, with a warning, if it is refused."""
        job = None
        try:
            job = self._win32.create_job()
            self._win32.set_job_limits(job, JOB_LIMITS)
        except Win32Error as error:
            if job is not None:
                self._win32.close(job)
            self.warnings.append(NO_JOB.format(reason=error.reason))
            return None
        return job

    def _create(self, output: int, flags: int) -> None:
        self.process, self._thread, self.pid = self._calls.create(self.request, output, flags)

    def _contain(self, output: int) -> None:
        """Put the process into the job.

        If that is refused, try in this order: a job without CPUs; a process outside the job around us; no
        job, and a warning.
        """
        refusal = self._assign()
        if refusal is not None and self.pinner.on_job:  # the process cannot be moved to the job's CPUs
            self._drop_job()
            self.pinner.unpin_job(refusal)
            self.job = self._make_job()
            refusal = self._assign()
        if refusal is not None and refusal.code == types.ERROR_ACCESS_DENIED and self._break_away(output):
            refusal = self._assign()
        if refusal is not None:
            self._drop_job()
            self.warnings.append(NO_JOB.format(reason=refusal.reason))

    def _assign(self) -> Win32Error | None:
        """Put the process into the job; return the refusal, if any."""
        if self.job is None:
            return None
        try:
            self._win32.assign(self.job, self.process)
        except Win32Error as error:
            return error
        return None

    def _break_away(self, output: int) -> bool:
        """Create the process again, outside the job around us. Returns False if that is forbidden."""
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
        """End the process, which has never run."""
        if self.process:
            self._win32.terminate(self.process, KILLED)
            self._win32.close(self._thread)
            self._win32.close(self.process)

    def _drop_job(self) -> None:
        if self.job is not None:
            self._win32.close(self.job)
            self.job = None


class WindowsTree(LauncherState):
    """A renderer's tree: its job; without one, the launcher and its descendants."""

    def __init__(
        self, win32: Win32, launch: Launch, reader: asyncio.StreamReader, transport: asyncio.ReadTransport
    ) -> None:
        super().__init__(launch.request.label)
        self.pid = launch.pid
        self.pinning = launch.pinner.result()
        self.warnings = tuple(launch.warnings)
        self._win32 = win32
        self._pinner = launch.pinner
        self._job = launch.job
        self._process = launch.process
        self._reader = reader
        self._transport = transport
        self._known: dict[int, psutil.Process] = {}
        self._suspended: list[psutil.Process] = []
        # No pool of threads: each tree needs its own thread for as long as its launcher runs.
        threading.Thread(target=self._watch, name=f"wait-{self.pid}", daemon=True).start()

    def _watch(self) -> None:
        """Wait for the launcher's end, in a thread. The last of the two to learn of it closes the handle."""
        self._win32.wait(self._process)
        code = self._win32.exit_code(self._process)
        try:
            self._loop.call_soon_threadsafe(self._launcher_ended, code)
        except RuntimeError:  # the event loop was closed first
            self._win32.close(self._process)

    def _launcher_ended(self, code: int) -> None:
        self._win32.close(self._process)
        self._set_returncode(code)

    async def read(self) -> bytes:
        """See `ProcessTree.read`."""
        if self._drained.done():
            return b""
        reading: asyncio.Future[bytes] = asyncio.ensure_future(self._reader.read(CHUNK_BYTES))
        try:
            either: set[asyncio.Future[bytes] | asyncio.Future[None]] = {reading, self._drained}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not reading.done():
                reading.cancel()
        return b"" if reading.cancelled() or not reading.done() else reading.result()

    async def wait_until_gone(self) -> None:
        """See `ProcessTree.wait_until_gone`."""
        await asyncio.shield(self._exited)
        while self._lives():  # noqa: ASYNC110 - a job reports it only to a completion port, and not reliably
            await asyncio.sleep(POLL_INTERVAL)

    def _lives(self) -> bool:
        if self._job is None:
            return bool(self._processes())
        return bool(self._ask_job(self._win32.job_accounting, types.Accounting()).active_processes)

    def request_stop(self) -> bool:
        """Send CTRL_BREAK to the tree's process group. Returns False if there is no console for it."""
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
        """Resume the processes that `suspend` has suspended, and no others: Windows counts."""
        while self._suspended:
            with contextlib.suppress(psutil.Error):
                self._suspended.pop().resume()

    def kill(self) -> None:
        """End the job; without one, end the launcher and its descendants from the top down."""
        if self._job is not None:
            with contextlib.suppress(Win32Error):
                self._win32.terminate_job(self._job, KILLED)
            return
        for process in self._processes():
            with contextlib.suppress(psutil.Error):
                process.kill()

    def processes(self) -> list[TreeProcess]:
        """See `ProcessTree.processes`."""
        found = []
        for process in self._processes():
            with contextlib.suppress(psutil.Error):
                found.append(TreeProcess(process.pid, process.name()))
        return found

    def sample(self) -> TreeSample:
        """See `ProcessTree.sample`. Memory is the commit charge: the private memory of the processes."""
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
        job = self._ask_job(self._win32.job_accounting, types.Accounting())  # ended processes included
        job_seconds = (job.total_user_time + job.total_kernel_time) / types.FILETIME_TICKS
        io = self._ask_job(self._win32.job_io, types.IoCounters())
        return TreeSample(alive, max(seconds, job_seconds), memory, io.read_bytes + io.write_bytes)

    def close(self) -> None:
        """Close pipe and job. Closing the job kills what still lives; without a job, kill first."""
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
        """Return the living processes of the tree, the launcher first."""
        in_job = self._ask_job(self._win32.job_process_ids, list[int]())
        pids = set(in_job) if self._job is not None else self._descendants()
        for pid in pids:
            with contextlib.suppress(psutil.NoSuchProcess):
                self._known.setdefault(pid, psutil.Process(pid))
        self._known = {pid: known for pid, known in self._known.items() if pid in pids and known.is_running()}
        return sorted(self._known.values(), key=lambda process: process.pid != self.pid)

    def _descendants(self) -> set[int]:
        """Return the tree without a job: all below the launcher and below processes known earlier."""
        roots = [process for process in self._known.values() if process.is_running()]
        with contextlib.suppress(psutil.NoSuchProcess):
            if self.returncode is None:
                roots.append(psutil.Process(self.pid))
        below = {process.pid for process in roots}
        for process in roots:
            with contextlib.suppress(psutil.Error):
                below |= {child.pid for child in process.children(recursive=True)}
        return below

    def _ask_job(self, question: Callable[[int], _T], default: _T) -> _T:
        """Return the answer of a method of `Win32` for the job; the default without a job or if refused."""
        with contextlib.suppress(Win32Error):
            if self._job is not None:
                return question(self._job)
        return default
