"""Process trees on Linux and macOS, as the orchestrator sees them.

Starting, reaping and killing are done by the tree's shim (`forkserver`). Asking to end, suspending and
measuring are done from here, on the processes that the system's `ProcessTable` finds below the shim.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import signal
import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypedDict, cast

from stmpo.machine.cpulist import format_list
from stmpo.processes.forkserver.shim import send_signal
from stmpo.processes.launcher_state import CHUNK_BYTES, LauncherState, set_done
from stmpo.processes.posix.fork_server_client import ForkServerClient, encode_request
from stmpo.processes.protocol import Pinning, ProcessTree, SpawnRequest, TreeProcess, TreeSample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from stmpo.machine.model import Cpu
    from stmpo.processes.forkserver.shim import Kernel

ORPHAN_POLL_INTERVAL = 0.02
"""Seconds between two searches for what a killed shim has left."""


@dataclass(frozen=True, slots=True)
class TreeHandle:
    """The process ids and the id by which a tree is found. The shim is not a process of the tree."""

    shim: int
    launcher: int
    tree_id: str


class ObtainedPinning(TypedDict):
    """A shim's report of the pinning."""

    cpus: list[int]
    memory: list[int]
    refused: str


class ProcessTable(Protocol):
    """The system's reports about processes: `linux.py`, `macos.py`."""

    shim_sees_whole_tree: bool
    """Whether a tree is gone once its shim says so. If not, processes with its id are looked for too."""

    def check(self) -> None:
        """Check that the processes of this machine, or of its container, can be seen.

        Raises:
            BadInput: they cannot.
        """

    def processes(self, handle: TreeHandle) -> list[TreeProcess]:
        """Return the living processes of a tree, the oldest first."""

    def find_by_id(self, handle: TreeHandle) -> list[TreeProcess]:
        """Return all living processes with the tree's id. Slow: it reads the environment of every process."""

    def sample(self, handles: Sequence[TreeHandle]) -> list[TreeSample]:
        """Return the use of each tree, by one look for all."""


class PosixSystem:
    """`ProcessSystem` for Linux and macOS, which differ in their `ProcessTable` and `Kernel`."""

    def __init__(self, kernel: Kernel, table: ProcessTable) -> None:
        self._kernel = kernel
        self._table = table
        self._fork_server = ForkServerClient(kernel.name)

    @contextlib.contextmanager
    def containment(self) -> Iterator[None]:
        """Run the fork server. If it and a shim are killed, the orphans become our own children."""
        self._table.check()
        self._kernel.adopt_orphans()
        with contextlib.suppress(
            OSError
        ):  # a limit on processes: the first renderer tries again, and reports it
            self._fork_server.start()
        try:
            yield
        finally:
            self._fork_server.close()
            self._kernel.adopt_orphans(on=False)

    async def spawn(self, request: SpawnRequest) -> ProcessTree:
        """Start a renderer under its own shim. Try once more if the fork server was killed just then."""
        with contextlib.suppress(ShimLostError):
            return await self._spawn(request)
        return await self._spawn(request)

    async def _spawn(self, request: SpawnRequest) -> ProcessTree:
        control, theirs = socket.socketpair()
        output, write_end = os.pipe()
        tree = PosixTree(request, control, output, self._table)
        try:
            with theirs:
                self._fork_server.fork_shim(theirs.fileno(), write_end)
            os.close(write_end)
            await tree.start()
        except BaseException:
            tree.close()
            raise
        return tree

    def sample_all(self, trees: Sequence[ProcessTree]) -> list[TreeSample]:
        """Look at the process table once, for all trees that live."""
        ours = cast("Sequence[PosixTree]", trees)
        living = [tree for tree in ours if tree.final_sample is None]
        sampled = iter(self._table.sample([tree.handle for tree in living]))
        return [tree.final_sample or next(sampled) for tree in ours]


class ShimLostError(OSError):
    """The shim was killed before it started anything."""


class PosixTree(LauncherState):
    """A renderer's tree, from the request to the end of its last process.

    `final_sample` is None while something of the tree lives; afterwards it is what the tree used in all.
    """

    def __init__(
        self, request: SpawnRequest, control: socket.socket, output: int, table: ProcessTable
    ) -> None:
        super().__init__(request.label)
        self.handle = TreeHandle(0, 0, os.urandom(8).hex())
        self.final_sample: TreeSample | None = None
        self._request = request
        self._table = table
        self._control = control
        self._writer: asyncio.StreamWriter | None = None
        self._output = output
        self._output_ended = False
        os.set_blocking(output, False)
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._listener: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """See `ProcessTree.pid`."""
        return self.handle.launcher

    async def start(self) -> None:
        """Send the request to the shim and wait for its answer. Raises OSError."""
        program = self._request.argv[0]
        reader, self._writer = await asyncio.open_unix_connection(sock=self._control)
        self._writer.write(encode_request(self._request, self.handle.tree_id))
        try:
            answer = json.loads(await reader.readline() or b"{}")
        except ConnectionError:
            answer = {}
        if "failed" in answer:
            file = os.fsdecode(answer["file"].encode("latin-1")) or program
            raise OSError(answer["failed"], os.strerror(answer["failed"]), file)
        if "started" not in answer:
            raise ShimLostError(errno.ECHILD, "the process that starts renderers was killed", program)
        self.handle = replace(self.handle, shim=answer["shim"], launcher=answer["started"])
        self.pinning = compare_pinning(self._request.cpus, answer["pinning"])
        self._listener = asyncio.create_task(self._listen(reader))

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        """Wait for the end of the launcher and of the tree. A shim that was killed reports neither."""
        used = {"cpu_seconds": 0.0, "io_bytes": 0}
        reported = False
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                message = json.loads(line)
                if "exited" in message:
                    self._set_returncode(message["exited"])
                if "gone" in message:
                    used, reported = message["gone"], True
        if not (reported and self._table.shim_sees_whole_tree):
            await self._kill_by_id()
        self._set_returncode(-int(signal.SIGKILL))
        self.final_sample = TreeSample(0, used["cpu_seconds"], 0, int(used["io_bytes"]))
        set_done(self._gone)
        if self._writer is not None:
            self._writer.close()

    async def _kill_by_id(self) -> None:
        """Kill processes with the tree's id until there are none. The fork server may do so too."""
        while left := [process.pid for process in self._table.find_by_id(self.handle)]:
            send_signal(left, signal.SIGKILL)
            await asyncio.sleep(ORPHAN_POLL_INTERVAL)
            reap(left)

    async def read(self) -> bytes:
        """See `ProcessTree.read`."""
        while not self._output_ended:
            self._output_ended = self._drained.done()  # then the rest of the pipe is read, and no more
            try:
                return os.read(self._output, CHUNK_BYTES)
            except BlockingIOError:
                await self._wait_for_output()
        return b""

    async def _wait_for_output(self) -> None:
        """Wait until there is something to read, or until output is no longer read."""
        ready: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(self._output, set_done, ready)
        try:
            await asyncio.wait({ready, self._drained}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._loop.remove_reader(self._output)

    async def wait_until_gone(self) -> None:
        """See `ProcessTree.wait_until_gone`."""
        await asyncio.shield(self._gone)

    def request_stop(self) -> bool:
        """Send SIGTERM to every process of the tree, and wake those that are suspended."""
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)
        return True

    def suspend(self) -> None:
        """Send SIGSTOP to every process of the tree, until there are no new ones."""
        stopped: set[int] = set()
        while new := {process.pid for process in self.processes()} - stopped:
            send_signal(new, signal.SIGSTOP)
            stopped |= new

    def resume(self) -> None:
        """Send SIGCONT to every process of the tree."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        send_signal([process.pid for process in self.processes()], number)

    def kill(self) -> None:
        """Have the shim kill its children until it has none. Only the shim can reach the whole tree."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(b"K")
        if self.handle.shim and self.final_sample is None:
            send_signal([self.handle.shim], signal.SIGCONT)  # its renderer may have stopped it

    def processes(self) -> list[TreeProcess]:
        """See `ProcessTree.processes`."""
        return [] if self.final_sample else self._table.processes(self.handle)

    def sample(self) -> TreeSample:
        """See `ProcessTree.sample`."""
        return self.final_sample or self._table.sample([self.handle])[0]

    def close(self) -> None:
        """Close the pipe and the control socket. The shim kills the tree once the socket is closed."""
        if self._listener is not None:
            self._listener.cancel()
        if self._writer is not None:
            self._writer.close()
        self._control.close()
        if self._output >= 0:
            os.close(self._output)
            self._output = -1
        self._output_ended = True


def reap(pids: Iterable[int]) -> None:
    """Collect those that ended as our own children: orphans, if the fork server was killed too."""
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def compare_pinning(cpus: Sequence[Cpu], obtained: ObtainedPinning) -> Pinning:
    """Describe the pinning that the shim obtained. A cpuset may silently leave out some of the CPUs."""
    if not cpus:
        return Pinning("", "")
    asked = describe_pinning(sorted(cpu.id for cpu in cpus), sorted({cpu.node for cpu in cpus}))
    granted = describe_pinning(obtained["cpus"], obtained["memory"])
    refused = obtained["refused"] or (None if asked == granted else f"the system granted {granted}")
    return Pinning(asked, granted, refused)


def describe_pinning(cpus: Sequence[int], nodes: Sequence[int]) -> str:
    """Return, for example, "CPUs 0-7,64-71, memory of node 0"."""
    parts = [f"CPUs {format_list(cpus)}"] if cpus else []
    if nodes:
        parts.append(f"memory of node{'s' if len(nodes) > 1 else ''} {format_list(nodes)}")
    return ", ".join(parts)
