"""Process trees on Linux and macOS, seen from the orchestrator: the warden's client and the tree that it answers for.

Starting, reaping and killing are the keeper's business (`warden`); asking, suspending and measuring are done from here,
on the processes that the system's `Table` finds below the keeper.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from stmpo.processes.protocol import (
    DRAIN_SECONDS,
    Member,
    Pinning,
    ProcessTree,
    SpawnRequest,
    TreeSample,
)
from stmpo.processes.warden import kernel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stmpo.machine.model import Cpu

CHUNK = 65536
"""Bytes read at once: what a pipe holds by default."""

FAREWELL_SECONDS = 3.0
"""How long the warden may take to end after it was let go."""


class Table(Protocol):
    """What the system tells of processes; `keeper` is the root, and no member, of each tree."""

    def members(self, keepers: Sequence[int]) -> list[list[Member]]:
        """The living processes below each of these, the oldest first."""
        ...

    def sample(self, keepers: Sequence[int]) -> list[TreeSample]:
        """What the processes below each of these use."""
        ...


class Warden:
    """The small process that forks keepers, as its client sees it. Started when first needed, or by `containment`."""

    def __init__(self) -> None:
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
        code = (
            "import sys; sys.path.append(sys.argv[1]); from warden.loop import main; main(int(sys.argv[2]))"
        )
        with theirs:
            fd = theirs.fileno()
            argv = [sys.executable, "-SEs", "-c", code, str(Path(__file__).parent), str(fd)]
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                pass_fds=(fd,),
                start_new_session=True,  # what is sent to our group or terminal is not meant for it
            )
        self._orders = ours

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
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(FAREWELL_SECONDS)
            self._process = None


class PosixSystem:
    """`System` for Linux and macOS; they differ in the table and in what can be pinned."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._warden = Warden()

    @contextlib.contextmanager
    def containment(self) -> Iterator[None]:
        """Run the warden; keep orphans of a killed warden and keeper as our own children meanwhile."""
        kernel.become_subreaper()
        self._warden.start()
        try:
            yield
        finally:
            self._warden.let_go()
            kernel.become_subreaper(on=False)

    async def spawn(self, request: SpawnRequest) -> ProcessTree:
        """Start a renderer under a keeper of its own."""
        ours, theirs = socket.socketpair()
        output, write_end = os.pipe()
        try:
            with theirs:
                self._warden.adopt(theirs.fileno(), write_end)
        except BaseException:
            ours.close()
            os.close(output)
            raise
        finally:
            os.close(write_end)
        tree = PosixTree(request, output, self._table)
        try:
            await tree.start(ours)
        except BaseException:
            tree.close()
            raise
        return tree

    def sample_all(self, trees: Sequence[ProcessTree]) -> list[TreeSample]:
        """One look at the process table for all."""
        return self._table.sample([cast("PosixTree", tree).keeper for tree in trees])


class PosixTree:
    """A renderer's tree. `keeper` is the process above the launcher that holds it together."""

    def __init__(self, request: SpawnRequest, output: int, table: Table) -> None:
        self.label = request.label
        self.pid = 0
        self.keeper = 0
        self.pinning = Pinning("", "")
        self.warnings: Sequence[str] = ()
        self.returncode: int | None = None
        self._request = request
        self._table = table
        self._output = output
        self._output_over = False
        os.set_blocking(output, False)
        loop = asyncio.get_running_loop()
        self._exited: asyncio.Future[int] = loop.create_future()
        self._drained: asyncio.Future[None] = loop.create_future()
        self._gone: asyncio.Future[None] = loop.create_future()
        self._listener: asyncio.Task[None] | None = None
        self._control: asyncio.StreamWriter | None = None

    async def start(self, control: socket.socket) -> None:
        """Give the keeper its request and hear what came of it."""
        reader, self._control = await asyncio.open_unix_connection(sock=control)
        self._control.write(encode(self._request))
        answer = json.loads(await reader.readline() or b"{}")
        if "failed" in answer:
            self.returncode = -1
            what = answer["what"].encode("latin-1") or os.fsencode(self._request.argv[0])
            raise OSError(answer["failed"], os.strerror(answer["failed"]), os.fsdecode(what))
        if "started" not in answer:
            raise OSError(0, "the process that starts renderers was killed", self._request.argv[0])
        self.pid, self.keeper = answer["started"], answer["keeper"]
        self.pinning = pinning_of(self._request.cpus, answer["pinning"])
        self._listener = asyncio.create_task(self._listen(reader))

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        """Hear the launcher's end and the tree's; a keeper that was killed says neither."""
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                message = json.loads(line)
                if "exited" in message:
                    self._launcher_ended(message["exited"])
        self._launcher_ended(-int(signal.SIGKILL))
        settle(self._gone)
        if self._control is not None:
            self._control.close()

    def _launcher_ended(self, code: int) -> None:
        if self.returncode is None:
            self.returncode = code
            self._exited.set_result(code)
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
        return await asyncio.shield(self._exited)

    async def gone(self) -> None:
        """See `ProcessTree.gone`."""
        await asyncio.shield(self._gone)

    def ask(self) -> None:
        """SIGTERM to every process of the tree, awake or suspended."""
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)

    def suspend(self) -> None:
        """SIGSTOP to every process of the tree."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT to every process of the tree."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        kernel.kill_quietly([member.pid for member in self.members()], number)

    def kill(self) -> None:
        """Have the keeper kill until it has no children any more, which is what makes it complete."""
        if self._control is not None and not self._control.is_closing():
            self._control.write(b"K")

    def members(self) -> list[Member]:
        """See `ProcessTree.members`."""
        return [] if self._gone.done() else self._table.members([self.keeper])[0]

    def sample(self) -> TreeSample:
        """See `ProcessTree.sample`."""
        return self._table.sample([self.keeper])[0]

    def close(self) -> None:
        """Close the pipe and the control socket; the keeper takes the latter as an order to kill."""
        if self._listener is not None:
            self._listener.cancel()
        if self._control is not None:
            self._control.close()
        if self._output >= 0:
            os.close(self._output)
            self._output = -1
        self._output_over = True


def settle(future: asyncio.Future[None]) -> None:
    """Let those who wait for it go on; more than once does no harm."""
    if not future.done():
        future.set_result(None)


def encode(request: SpawnRequest) -> bytes:
    """The request as the keeper reads it."""

    def text(value: str) -> str:
        return os.fsencode(value).decode("latin-1")

    message = {
        "argv": [text(argument) for argument in request.argv],
        "env": {text(name): text(value) for name, value in request.env.items()},
        "cwd": text(str(request.cwd)),
        "cpus": [cpu.id for cpu in request.cpus],
        "nodes": sorted({cpu.node for cpu in request.cpus}),
    }
    data = json.dumps(message).encode()
    return len(data).to_bytes(4, "big") + data


def pinning_of(cpus: Sequence[Cpu], answer: dict[str, object]) -> Pinning:
    """What the keeper obtained, in words."""
    if not cpus:
        return Pinning("", "")
    nodes = sorted({cpu.node for cpu in cpus})
    asked = describe([cpu.id for cpu in cpus], nodes)
    obtained = describe(cast("list[int]", answer["cpus"]), cast("list[int]", answer["memory"]))
    return Pinning(asked, obtained, cast("str", answer["refused"]) or None)


def describe(cpus: Sequence[int], nodes: Sequence[int]) -> str:
    """For people: "CPUs 0-7,64-71, memory of node 0"."""
    parts = [f"CPUs {ranges(cpus)}"] if cpus else []
    if nodes:
        parts.append(f"memory of node{'s' if len(nodes) > 1 else ''} {ranges(nodes)}")
    return ", ".join(parts)


def ranges(numbers: Sequence[int]) -> str:
    """As `taskset` writes them: "0-3,8"."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(f"{low}" if low == high else f"{low}-{high}" for low, high in parts)
