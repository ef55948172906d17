"""Process trees on Linux and macOS, seen from the orchestrator: the warden's client and the tree that it answers for.

Starting, reaping and killing are the keeper's business (`fork_server`); asking, suspending and measuring are done from here,
on the processes that the system's `Table` finds below the keeper.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypedDict, cast

from stmpo.processes.forkserver.shim import kill_quietly
from stmpo.processes.protocol import (
    DRAIN_SECONDS,
    Pinning,
    ProcessTree,
    SpawnRequest,
    TreeProcess,
    TreeSample,
)
from stmpo.processes.ranges import ranges

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from stmpo.machine.model import Cpu
    from stmpo.processes.forkserver.shim import Kernel

CHUNK = 65536
"""Bytes read at once: what a pipe holds by default."""

FAREWELL_SECONDS = 3.0
"""How long the warden may take to end after it was let go."""

ORPHAN_PAUSE = 0.02
"""Seconds between two looks for what a killed keeper left."""

MARK = "STMPO_TREE"
"""Environment variable that every process of a tree inherits: how what a killed keeper left is known."""


@dataclass(frozen=True, slots=True)
class TreeHandle:
    """What holds a tree together, and what it can be found by. The keeper is no member of it."""

    shim: int
    launcher: int
    mark: str


class Answer(TypedDict):
    """A keeper's answer to what it was asked to pin."""

    cpus: list[int]
    memory: list[int]
    refused: str


class Table(Protocol):
    """What the system tells of processes: `linux.py`, `macos.py`."""

    keeper_knows_all: bool
    """Whether a tree is gone when its keeper says so; else what carries its mark is looked for as well."""

    def members(self, hold: TreeHandle) -> list[TreeProcess]:
        """The living processes of a tree, the oldest first."""
        ...

    def marked(self, hold: TreeHandle) -> list[TreeProcess]:
        """The living processes that carry the tree's mark, wherever they hang. Slow: looks at every process."""
        ...

    def sample(self, holds: Sequence[TreeHandle]) -> list[TreeSample]:
        """What each tree uses, by one look for all."""
        ...


class ForkServerClient:
    """The small process that forks keepers, as its client sees it. Started when first needed, or by `containment`."""

    def __init__(self, kernel: str) -> None:
        self._kernel = kernel
        self._process: subprocess.Popen[bytes] | None = None
        self._orders: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        """Process id, while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start it unless it runs; does not wait until it is ready."""
        if self.pid is not None:
            return
        self.let_go()
        ours, theirs = socket.socketpair()
        try:
            self._process = self._start(theirs)
        except OSError:
            ours.close()
            raise
        self._orders = ours

    def _start(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        code = "import sys; sys.path.append(sys.argv[1]); from forkserver.server import main; main(int(sys.argv[2]), sys.argv[3])"
        with theirs:
            fd = theirs.fileno()
            argv = [sys.executable, "-SEs", "-c", code, str(Path(__file__).parents[1]), str(fd), self._kernel]
            return subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                pass_fds=(fd,),
                start_new_session=True,  # what is sent to our group or terminal is not meant for it
            )

    def adopt(self, control: int, output: int) -> None:
        """Have it fork a keeper that serves `control` and gives its renderer `output`."""
        self.start()
        try:
            self._send(control, output)
        except ConnectionError:  # killed since we looked; a second one that dies at once is a defect
            self.let_go()
            self.start()
            self._send(control, output)

    def _send(self, control: int, output: int) -> None:
        if self._orders is None:
            raise ConnectionError
        socket.send_fds(self._orders, [b"+"], [control, output])

    def let_go(self) -> None:
        """Close the socket, at which the warden ends whatever is left, and wait for its own end."""
        if self._orders is not None:
            self._orders.close()
            self._orders = None
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)  # whoever suspended all of us may wake only us
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(FAREWELL_SECONDS)
            self._process = None


class PosixSystem:
    """`System` for Linux and macOS; they differ in the table, and in the kernel that the warden finds."""

    def __init__(self, kernel: Kernel, table: Table) -> None:
        self._kernel = kernel
        self._table = table
        self._fork_server = ForkServerClient(kernel.name)

    @contextlib.contextmanager
    def containment(self) -> Iterator[None]:
        """Run the warden. Orphans of a killed warden's killed keepers become our own children meanwhile."""
        self._kernel.adopt_orphans()
        with contextlib.suppress(OSError):  # a limit on processes: the first renderer asks again, and says so
            self._fork_server.start()
        try:
            yield
        finally:
            self._fork_server.let_go()
            self._kernel.adopt_orphans(on=False)

    async def spawn(self, request: SpawnRequest) -> ProcessTree:
        """Start a renderer under a keeper of its own; once more if the warden was killed just then."""
        with contextlib.suppress(ShimLostError):
            return await self._spawn(request)
        return await self._spawn(request)

    async def _spawn(self, request: SpawnRequest) -> ProcessTree:
        control, theirs = socket.socketpair()
        output, write_end = os.pipe()
        tree = PosixTree(request, control, output, self._table)
        try:
            with theirs:
                self._fork_server.adopt(theirs.fileno(), write_end)
            os.close(write_end)
            await tree.start()
        except BaseException:
            tree.close()
            raise
        return tree

    def sample_all(self, trees: Sequence[ProcessTree]) -> list[TreeSample]:
        """One look at the process table for all that live."""
        ours = cast("Sequence[PosixTree]", trees)
        living = [tree for tree in ours if tree.total is None]
        sampled = iter(self._table.sample([tree.hold for tree in living]))
        return [tree.total or next(sampled) for tree in ours]


class ShimLostError(OSError):
    """The keeper was killed before it started anything."""


class PosixTree:
    """A renderer's tree, from the request to the last of its processes.

    `total` is None while something of the tree lives; afterwards it is what the tree used in all.
    """

    def __init__(self, request: SpawnRequest, control: socket.socket, output: int, table: Table) -> None:
        self.label = request.label
        self.hold = TreeHandle(0, 0, os.urandom(8).hex())
        self.pinning = Pinning("", "")
        self.warnings: Sequence[str] = ()
        self.returncode: int | None = None
        self.total: TreeSample | None = None
        self._request = request
        self._table = table
        self._control = control
        self._writer: asyncio.StreamWriter | None = None
        self._output = output
        self._output_over = False
        os.set_blocking(output, False)
        loop = asyncio.get_running_loop()
        self._exited: asyncio.Future[None] = loop.create_future()
        self._drained: asyncio.Future[None] = loop.create_future()
        self._gone: asyncio.Future[None] = loop.create_future()
        self._listener: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """See `ProcessTree.pid`."""
        return self.hold.launcher

    async def start(self) -> None:
        """Give the keeper its request and hear what came of it. Raises OSError."""
        program = self._request.argv[0]
        reader, self._writer = await asyncio.open_unix_connection(sock=self._control)
        self._writer.write(encode(self._request, self.hold.mark))
        try:
            answer = json.loads(await reader.readline() or b"{}")
        except ConnectionError:
            answer = {}
        if "failed" in answer:
            what = os.fsdecode(answer["what"].encode("latin-1")) or program
            raise OSError(answer["failed"], os.strerror(answer["failed"]), what)
        if "started" not in answer:
            raise ShimLostError(errno.ECHILD, "the process that starts renderers was killed", program)
        self.hold = replace(self.hold, shim=answer["keeper"], launcher=answer["started"])
        self.pinning = pinning_of(self._request.cpus, answer["pinning"])
        self._listener = asyncio.create_task(self._listen(reader))

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        """Hear the launcher's end and the tree's; a keeper that was killed says neither."""
        used = {"cpu_seconds": 0.0, "io_bytes": 0}
        farewell = False
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                message = json.loads(line)
                if "exited" in message:
                    self._launcher_ended(message["exited"])
                if "gone" in message:
                    used, farewell = message["gone"], True
        if not (farewell and self._table.keeper_knows_all):
            await self._end_what_is_marked()
        self._launcher_ended(-int(signal.SIGKILL))
        self.total = TreeSample(0, used["cpu_seconds"], 0, int(used["io_bytes"]))
        settle(self._gone)
        if self._writer is not None:
            self._writer.close()

    async def _end_what_is_marked(self) -> None:
        """Kill whatever carries the tree's mark until nothing does. (After a killed keeper, the warden is at it too.)."""
        while left := [member.pid for member in self._table.marked(self.hold)]:
            kill_quietly(left, signal.SIGKILL)
            await asyncio.sleep(ORPHAN_PAUSE)
            reap(left)

    def _launcher_ended(self, code: int) -> None:
        if self.returncode is None:
            self.returncode = code
            settle(self._exited)
            asyncio.get_running_loop().call_later(DRAIN_SECONDS, settle, self._drained)

    async def read(self) -> bytes:
        """See `ProcessTree.read`."""
        while not self._output_over:
            self._output_over = self._drained.done()  # then one last pipeful, and no more
            try:
                return os.read(self._output, CHUNK)
            except BlockingIOError:
                await self._readable()
        return b""

    async def _readable(self) -> None:
        """Wait until there is something to read, or no longer any point in waiting."""
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._output, settle, ready)
        try:
            await asyncio.wait({ready, self._drained}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            loop.remove_reader(self._output)

    async def wait(self) -> int:
        """See `ProcessTree.wait`."""
        await asyncio.shield(self._exited)
        assert self.returncode is not None
        return self.returncode

    async def gone(self) -> None:
        """See `ProcessTree.gone`."""
        await asyncio.shield(self._gone)

    def ask(self) -> bool:
        """SIGTERM to every process of the tree, awake or suspended."""
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)
        return True

    def suspend(self) -> None:
        """SIGSTOP to every process of the tree, those born meanwhile included: a stopped parent bears no more."""
        stopped: set[int] = set()
        while new := {member.pid for member in self.members()} - stopped:
            kill_quietly(new, signal.SIGSTOP)
            stopped |= new

    def resume(self) -> None:
        """SIGCONT to every process of the tree."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        kill_quietly([member.pid for member in self.members()], number)

    def kill(self) -> None:
        """Have the keeper kill until it has no children any more, which is what makes it complete."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(b"K")
        if self.hold.shim and self.total is None:
            kill_quietly([self.hold.shim], signal.SIGCONT)  # should its renderer have stopped it

    def members(self) -> list[TreeProcess]:
        """See `ProcessTree.members`."""
        return [] if self.total else self._table.members(self.hold)

    def sample(self) -> TreeSample:
        """See `ProcessTree.sample`."""
        return self.total or self._table.sample([self.hold])[0]

    def close(self) -> None:
        """Close the pipe and the control socket; the keeper takes the latter as an order to kill."""
        if self._listener is not None:
            self._listener.cancel()
        if self._writer is not None:
            self._writer.close()
        self._control.close()
        if self._output >= 0:
            os.close(self._output)
            self._output = -1
        self._output_over = True


def settle(future: asyncio.Future[None]) -> None:
    """Let those who wait for it go on; more than once does no harm."""
    if not future.done():
        future.set_result(None)


def reap(pids: Iterable[int]) -> None:
    """Let go of those that ended as our own children, as orphans do when the warden was killed too."""
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def encode(request: SpawnRequest, mark: str) -> bytes:
    """The request as the keeper reads it."""

    def text(value: str) -> str:
        return os.fsencode(value).decode("latin-1")

    message = {
        "argv": [text(argument) for argument in request.argv],
        "env": {text(name): text(value) for name, value in {**request.env, MARK: mark}.items()},
        "cwd": text(str(request.cwd)),
        "cpus": [cpu.id for cpu in request.cpus],
        "nodes": sorted({cpu.node for cpu in request.cpus}),
    }
    data = json.dumps(message).encode()
    return len(data).to_bytes(4, "big") + data


def pinning_of(cpus: Sequence[Cpu], answer: Answer) -> Pinning:
    """What the keeper obtained, in words. A cpuset may silently have left some of the CPUs out."""
    if not cpus:
        return Pinning("", "")
    wanted, nodes = sorted(cpu.id for cpu in cpus), sorted({cpu.node for cpu in cpus})
    asked, obtained = describe(wanted, nodes), describe(answer["cpus"], answer["memory"])
    refused = answer["refused"] or (None if asked == obtained else f"the system granted {obtained}")
    return Pinning(asked, obtained, refused)


def describe(cpus: Sequence[int], nodes: Sequence[int]) -> str:
    """For people: "CPUs 0-7,64-71, memory of node 0"."""
    parts = [f"CPUs {ranges(cpus)}"] if cpus else []
    if nodes:
        parts.append(f"memory of node{'s' if len(nodes) > 1 else ''} {ranges(nodes)}")
    return ", ".join(parts)
