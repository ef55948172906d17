"""A destination that misbehaves: a file system over an ordinary folder, served from a process of its own
(Linux).

    with Faulty.mounted(point, Rules(bytes_per_second=1 << 20)) as share:
        …
        share.rules(Rules(hangs=("write",)))     # from now on

What programs see is real: system calls that take their time, fail with the errno of a network share, or never
return.
"""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.faults import fuse_wire as wire
from tests.faults.fuse_wire import Op, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

READY = ".ready"
TOTAL = 1 << 40


@dataclass(frozen=True, slots=True)
class Failure:
    """Requests that fail."""

    op: str
    """Name of the request, in small letters."""

    errno: str = "EIO"
    probability: float = 1.0
    times: int | None = None
    name: str = "*"
    """Only for files of such names."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How the file system misbehaves. The default does not."""

    bytes_per_second: float = 0.0
    """0 is as fast as can be."""

    failures: tuple[Failure, ...] = ()
    hangs: tuple[str, ...] = ()
    """Requests that are never answered, whoever waits for them; `kill -9` ends the waiting."""

    hanging_names: str = "*"
    quota: int | None = None
    """Bytes, in all, after which writing fails as a quota does."""

    folds_case: bool = False
    seed: int = 0


@dataclass
class Faulty:
    """A mounted one, as a test sees it."""

    point: Path
    backing: Path
    _rules: Path
    _server: subprocess.Popen[bytes] = field(repr=False)

    @classmethod
    @contextlib.contextmanager
    def mounted(cls, point: Path, rules: Rules = Rules()) -> Iterator[Faulty]:
        """Mount it at `point`, which is made; unmounted at the end, whatever hangs.

        Raises:
            OSError: there can be none here.
        """
        backing, file = point.with_name(f"{point.name}.backing"), point.with_name(f"{point.name}.rules")
        for folder in (point, backing):
            folder.mkdir(parents=True)
        argv = [sys.executable, "-m", "tests.faults.faulty", str(point), str(backing), str(file)]
        root = Path(__file__).resolve().parents[2]
        _write(file, rules)
        with subprocess.Popen(argv, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as server:
            assert server.stdout is not None
            assert server.stderr is not None
            if not server.stdout.readline():
                raise OSError(f"no file system in user space here: {server.stderr.read().decode()[-300:]}")
            share = cls(point, backing, file, server)
            try:
                yield share
            finally:
                share.vanish()
                server.kill()

    def rules(self, rules: Rules) -> None:
        """Behave like this from the next request on."""
        _write(self._rules, rules)

    def vanish(self) -> None:
        """Unmount it, as a share that goes away: open files stay with who has them."""
        umount = shutil.which("umount") or "umount"
        subprocess.run([umount, "--lazy", str(self.point)], capture_output=True, check=False)


def _write(path: Path, rules: Rules) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(asdict(rules)), encoding="utf-8")
    part.replace(path)


def _read(path: Path) -> Rules:
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    failures = tuple(Failure(**each) for each in values.pop("failures"))
    return replace(Rules(**values), failures=failures, hangs=tuple(values["hangs"]))


class _Refused(Exception):  # noqa: N818 - an answer, not an error of ours
    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Server:
    """Serves one mount until it is unmounted. Nodes are paths below `root`; node 1 is the root itself."""

    def __init__(self, descriptor: int, root: Path, rules: Path) -> None:
        self._descriptor = descriptor
        self._root = root
        self._rules_path = rules
        self._rules_state: tuple[int, int] = (0, 0)
        self._rules = Rules()
        self._chance = random.Random(0)
        self._paths = {1: ""}
        self._nodes = {"": 1}
        self._failed: Counter[Failure] = Counter()
        self._written = 0
        self._hanging: set[int] = set()
        self._answers: dict[int, Callable[[Request], bytes]] = {
            Op.INIT: lambda _: wire.hello(),
            Op.LOOKUP: self._lookup,
            Op.GETATTR: lambda request: wire.status(request.node, os.lstat(self._path(request.node))),
            Op.SETATTR: self._setattr,
            Op.MKDIR: self._mkdir,
            Op.UNLINK: lambda request: self._gone(os.unlink, self._child(request.node, request.names(0)[0])),
            Op.RMDIR: lambda request: self._gone(os.rmdir, self._child(request.node, request.names(0)[0])),
            Op.RENAME: lambda request: self._rename(request, 8),
            Op.RENAME2: lambda request: self._rename(request, 16),
            Op.OPEN: self._open,
            Op.CREATE: self._create,
            Op.READ: self._read,
            Op.WRITE: self._write,
            Op.STATFS: lambda _: wire.space(TOTAL, TOTAL // 2),
            Op.RELEASE: self._release,
            Op.FSYNC: lambda _: b"",
            Op.FSYNCDIR: lambda _: b"",
            Op.FLUSH: lambda _: b"",
            Op.OPENDIR: lambda _: wire.opened(0),
            Op.READDIR: self._readdir,
            Op.RELEASEDIR: lambda _: b"",
        }

    def serve(self) -> None:
        """Answer requests, in their order: a slow one makes the others wait, as a full line does."""
        while True:
            try:
                data = os.read(self._descriptor, wire.BUFFER)
            except OSError as error:
                if error.errno == errno.ENODEV:  # unmounted
                    return
                continue
            self._answer(wire.parse(data))

    def _answer(self, request: Request) -> None:
        if request.op == Op.INTERRUPT:
            self._let_go(request.fields("<Q")[0])
        if request.op in wire.UNANSWERED:
            return
        try:
            self._misbehave(request)
            body = self._answers.get(request.op, _not_offered)(request)
        except TimeoutError:
            self._hanging.add(request.unique)
        except _Refused as refusal:
            wire.reply(self._descriptor, request, error=refusal.number)
        except OSError as error:
            wire.reply(self._descriptor, request, error=error.errno or errno.EIO)
        else:
            wire.reply(self._descriptor, request, body)

    def _let_go(self, unique: int) -> None:
        """A signal reached who waits for this answer: as on a network share, one that kills gets through."""
        if unique in self._hanging:
            self._hanging.remove(unique)
            wire.reply(self._descriptor, Request(0, unique, 0, b""), error=errno.EINTR)

    def _misbehave(self, request: Request) -> None:
        """Be slow, fail or hang as the rules say. Raises `_Refused`; TimeoutError: do not answer."""
        self._refresh()
        if request.op not in {*Op}:
            return
        op, name = Op(request.op).name.lower(), self._name(request)
        if op in self._rules.hangs and fnmatch.fnmatch(name, self._rules.hanging_names):
            raise TimeoutError
        for failure in self._rules.failures:
            meant = failure.op == op and fnmatch.fnmatch(name, failure.name)
            spent = failure.times is not None and self._failed[failure] >= failure.times
            if meant and not spent and self._chance.random() < failure.probability:
                self._failed[failure] += 1
                raise _Refused(getattr(errno, failure.errno))
        if request.op == Op.WRITE:
            self._take_time(len(request.body) - 40)

    def _take_time(self, size: int) -> None:
        self._written += size
        if self._rules.quota is not None and self._written > self._rules.quota:
            raise _Refused(errno.EDQUOT)
        if self._rules.bytes_per_second:
            time.sleep(size / self._rules.bytes_per_second)

    def _refresh(self) -> None:
        status = self._rules_path.stat()
        state = (status.st_mtime_ns, status.st_ino)
        if state != self._rules_state:
            self._rules_state, self._rules = state, _read(self._rules_path)
            self._chance = random.Random(self._rules.seed)
            self._written = 0

    def _name(self, request: Request) -> str:
        """The name that a request is about."""
        if request.op in {Op.CREATE, Op.MKDIR, Op.LOOKUP, Op.UNLINK, Op.RMDIR, Op.RENAME, Op.RENAME2}:
            skip = {Op.CREATE: 16, Op.MKDIR: 8, Op.RENAME: 8, Op.RENAME2: 16}.get(Op(request.op), 0)
            return request.names(skip)[-1]
        return Path(self._paths.get(request.node, "")).name

    # ------------------------------------------------------------------------------------------- the folder

    def _path(self, node: int) -> Path:
        return self._root / self._paths[node]

    def _child(self, parent: int, name: str) -> Path:
        """Where a name is; in another spelling, where case does not count."""
        folder = self._path(parent)
        if self._rules.folds_case and not os.path.lexists(folder / name):
            same = [each for each in os.listdir(folder) if each.casefold() == name.casefold()]  # noqa: PTH208
            name = same[0] if same else name
        return folder / name

    def _node(self, path: Path) -> int:
        relative = str(path.relative_to(self._root))
        if relative not in self._nodes:
            self._nodes[relative] = len(self._paths) + 1
            self._paths[self._nodes[relative]] = relative
        return self._nodes[relative]

    def _entry(self, path: Path) -> bytes:
        found = os.lstat(path)
        return wire.entry(self._node(path), found)

    def _lookup(self, request: Request) -> bytes:
        return self._entry(self._child(request.node, request.names(0)[0]))

    def _setattr(self, request: Request) -> bytes:
        path = self._path(request.node)
        valid, _, _, size = request.fields("<IIQQ")
        if valid & 1:
            path.chmod(request.fields("<68xI")[0] & 0o7777)
        if valid & 8:
            os.truncate(path, size)
        return wire.status(request.node, os.lstat(path))

    def _mkdir(self, request: Request) -> bytes:
        path = self._child(request.node, request.names(8)[0])
        path.mkdir(mode=request.fields("<I")[0])
        return self._entry(path)

    def _gone(self, remove: Callable[[Path], None], path: Path) -> bytes:
        remove(path)
        self._nodes.pop(str(path.relative_to(self._root)), None)
        return b""

    def _rename(self, request: Request, after: int) -> bytes:
        old, new = request.names(after)
        source, target = self._child(request.node, old), self._child(request.fields("<Q")[0], new)
        source.replace(target)
        was, now = (str(path.relative_to(self._root)) for path in (source, target))
        node = self._nodes.pop(was, None)
        if node is not None:
            self._nodes[now], self._paths[node] = node, now
        return b""

    def _open(self, request: Request) -> bytes:
        flags = request.fields("<I")[0] & ~(os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW)
        return wire.opened(os.open(self._path(request.node), flags))

    def _create(self, request: Request) -> bytes:
        flags, mode = request.fields("<II")
        path = self._child(request.node, request.names(16)[0])
        handle = os.open(path, flags & ~os.O_APPEND | os.O_CREAT, mode)
        return self._entry(path) + wire.opened(handle)

    def _read(self, request: Request) -> bytes:
        handle, offset, size = request.fields("<QQI")
        return os.pread(handle, size, offset)

    def _write(self, request: Request) -> bytes:
        handle, offset = request.fields("<QQ")
        written = os.pwrite(handle, request.body[40:], offset)
        return written.to_bytes(4, "little") + bytes(4)

    def _release(self, request: Request) -> bytes:
        os.close(request.fields("<Q")[0])
        return b""

    def _readdir(self, request: Request) -> bytes:
        _, offset, size = request.fields("<QQI")
        names = [".", "..", *sorted(os.listdir(self._path(request.node)))]  # noqa: PTH208
        return wire.listing(names, offset, size)


def _not_offered(_: Request) -> bytes:
    raise _Refused(errno.ENOSYS)


def main() -> None:
    """Serve: mount point, folder behind it, file with the rules."""
    point, backing, rules = map(Path, sys.argv[1:])
    descriptor = wire.mount(point)
    print(READY, flush=True)
    Server(descriptor, backing, rules).serve()


if __name__ == "__main__":
    main()
