"""A whole farm on this machine: S3 by moto, a stand-in for the service's API, real agents and client.

Everything has a free port and a folder of its own, and is stopped by its process id. Workers see a Python
with nothing installed, so that what a job needs is what it brings.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from stmpo.testing import FAKE_AERENDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stmpo.testing import Scenario

CLIENT = os.environ.get("STMPO_DEADLINE_CLIENT")
WORKER = os.environ.get("STMPO_DEADLINE_WORKER")
FAKE_SERVICE = Path(__file__).resolve().parents[3] / "shared" / "tools" / "deadline" / "fake_deadline.py"

FARM, QUEUE, FLEET = f"farm-{'1' * 32}", f"queue-{'2' * 32}", f"fleet-{'3' * 32}"
BARE_QUEUE = f"queue-{'5' * 32}"
"""A queue without job attachments (`service.BARE`)."""

PATIENCE = 90.0
"""Seconds after which a test gives up."""


def why_not() -> str:
    """Why there can be no farm here; empty where there can."""
    if sys.platform != "linux":
        return "the farm on one machine runs on Linux"
    if not FAKE_SERVICE.is_file():
        return "needs ../shared/tools/deadline"
    if not CLIENT or not WORKER:
        return "STMPO_DEADLINE_CLIENT and STMPO_DEADLINE_WORKER name no virtual environments (.ci/deadline-venvs DIR)"
    return ""


@dataclass
class Agent:
    """One worker agent."""

    name: str
    process: subprocess.Popen[bytes]
    folder: Path
    home: Path

    def stop(self) -> None:
        """As a host that is shut down stops it."""
        self.process.terminate()
        self.process.wait(PATIENCE)


@dataclass
class Grounds:
    """The farm. `open` starts it, `close` stops it."""

    folder: Path
    api_port: int = 0
    s3_port: int = 0
    servers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    agents: list[Agent] = field(default_factory=list)

    def open(self) -> None:
        """Start S3 and the service."""
        assert WORKER is not None
        self.api_port, self.s3_port = _free_port(), _free_port()
        data = self.folder / "service"
        data.mkdir(parents=True)
        python = f"{WORKER}/bin/python"
        service = [python, str(Path(__file__).with_name("service.py")), str(FAKE_SERVICE)]
        self._serve("moto", [f"{WORKER}/bin/moto_server", "-H", "127.0.0.1", "-p", str(self.s3_port)])
        self._serve("service", [*service, "--port", str(self.api_port), "--data", str(data)])
        for port in (self.api_port, self.s3_port):
            wait_for(lambda port=port: _listens(port), "a server")  # type: ignore[misc]
        bucket = "import boto3; boto3.client('s3').create_bucket(Bucket='jobs-bucket', CreateBucketConfiguration={'LocationConstraint': 'us-west-2'})"
        subprocess.run([python, "-c", bucket], env=self.environment(), check=True, timeout=PATIENCE)
        bare = self.folder / "bare"
        subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True, timeout=PATIENCE
        )

    def close(self) -> None:
        """Stop the workers, then the rest."""
        for agent in self.agents:
            if agent.process.poll() is None:
                agent.process.terminate()
        for agent in self.agents:
            agent.process.wait(PATIENCE)
        for server in self.servers:
            server.terminate()
            server.wait(PATIENCE)

    def environment(self) -> dict[str, str]:
        """What the client and the workers need to find this farm and no other."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        api, s3 = (f"http://127.0.0.1:{port}" for port in (self.api_port, self.s3_port))
        return kept | {
            "AWS_ENDPOINT_URL_DEADLINE": api,
            "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": api,
            "AWS_ENDPOINT_URL_STS": api,
            "AWS_ENDPOINT_URL_S3": s3,
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_SESSION_TOKEN": "test",
            "AWS_DEFAULT_REGION": "us-west-2",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "DEADLINE_CLOUD_TELEMETRY_OPT_OUT": "true",
            "DEADLINE_CONFIG_FILE_PATH": str(self.folder / "deadline_config"),
            "HOME": str(self.folder / "home"),
            "PYTHONUTF8": "1",
        }

    def hire(self, name: str, home: Path | None = None) -> Agent:
        """Start a worker, with a home folder of its own or the one of another worker that has gone."""
        folder = self.folder / f"worker-{name}"
        home = home or folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        for part in ("logs", "persist", "sessions"):
            (folder / part).mkdir(parents=True)
        command = [
            f"{WORKER}/bin/deadline-worker-agent",
            "--farm-id",
            FARM,
            "--fleet-id",
            FLEET,
            "--no-shutdown",
        ]
        command += ["--run-jobs-as-agent-user", "--logs-dir", str(folder / "logs")]
        command += [
            "--persistence-dir",
            str(folder / "persist"),
            "--session-root-dir",
            str(folder / "sessions"),
        ]
        command += [
            "--no-host-metrics-logging",
            "--session-runtime",
            os.environ.get("STMPO_SESSION_RUNTIME", "python"),
        ]
        environment = self.environment() | {
            "HOME": str(home),
            "PATH": f"{self.folder / 'bare' / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        }
        with (folder / "output.txt").open("wb") as output:
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, cwd=folder)
        agent = Agent(name, process, folder, home)
        self.agents.append(agent)
        return agent

    def staff(self, count: int) -> None:
        """See to it that so many workers are there."""
        for _ in range(count - sum(agent.process.poll() is None for agent in self.agents)):
            self.hire(str(len(self.agents) + 1))

    def busy(self) -> list[Agent]:
        """The workers that have a session."""
        workers = self._ask("/_test/state")["workers"].values()
        sessions = [session for worker in workers for session in worker["sessions"]]
        return [
            agent
            for agent in self.agents
            if agent.process.poll() is None
            and any(any(agent.folder.glob(f"logs/*/{s}.log")) for s in sessions)
        ]

    def left_behind(self) -> list[Path]:
        """What sessions have left on the workers."""
        return [path for agent in self.agents for path in (agent.folder / "sessions").glob("*/*")]

    def submit(
        self, *arguments: str | Path, typed: str | None = None, queue: str = QUEUE
    ) -> subprocess.CompletedProcess[str]:
        """`stmpo submit` with the real client, to this farm; at a terminal where something is `typed`."""
        return self.stmpo("submit", *arguments, "--farm-id", FARM, "--queue-id", queue, typed=typed)

    def stmpo(self, *arguments: str | Path, typed: str | None = None) -> subprocess.CompletedProcess[str]:
        """A command of ours, run beside the real client."""
        keyboard, terminal = os.openpty() if typed is not None else (-1, subprocess.DEVNULL)
        try:
            if typed is not None:
                os.write(keyboard, f"{typed}\n".encode())
            return subprocess.run(
                [f"{CLIENT}/bin/python", "-m", "stmpo", *map(str, arguments)],
                env=self.environment(),
                stdin=terminal,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
        finally:
            for end in (keyboard, terminal) if typed is not None else ():
                os.close(end)

    def deadline(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """The client's own command line, for this farm's queue."""
        return self.deadline_bare(*arguments, "--farm-id", FARM, "--queue-id", QUEUE)

    def deadline_bare(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """The client's own command line, for commands that take no queue."""
        return subprocess.run(
            [f"{CLIENT}/bin/deadline", *map(str, arguments)],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def job(self, identity: str) -> dict[str, Any]:
        """What the service knows of a job."""
        found: dict[str, Any] = self._ask("/_test/state")["jobs"][identity]
        return found

    def request(self, identity: str) -> dict[str, Any]:
        """The body of the CreateJob call that made a job."""
        path = self.folder / "service" / f"CreateJob-{identity}.json"
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def share(self, folder: Path, mapped: Path) -> str:
        """A storage profile by which everybody has this folder, the workers as `mapped`; its id."""
        identity = f"sp-{uuid.uuid4().hex}"
        location = {"name": "shows", "path": str(folder), "type": "SHARED"}
        profile = {
            "storageProfileId": identity,
            "displayName": "the studio",
            "osFamily": "LINUX",
            "fileSystemLocations": [location],
            "mapped": {str(folder): str(mapped)},
        }
        path = self.folder / "service" / "storage-profiles.json"
        known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        path.write_text(json.dumps({**known, identity: profile}), encoding="utf-8")
        return identity

    def cancel(self, identity: str) -> None:
        """Cancel a job."""
        self._ask(f"/_test/cancel/{identity}", method="POST")

    def ended(self, identity: str, *, status: str = "SUCCEEDED") -> dict[str, Any]:
        """Wait for a job's end, which has to be this one."""
        ends = {"SUCCEEDED", "FAILED", "CANCELED"}
        wait_for(lambda: self.job(identity)["status"] in ends, f"the end of {identity}")
        job = self.job(identity)
        assert job["status"] == status, self.words(identity)
        return job

    def words(self, identity: str) -> str:
        """The logs of every session of a job."""
        sessions = {entry["action"].split("-")[1] for entry in self.job(identity)["history"]}
        logs = (self.folder / "service" / "logs").rglob("*.log")
        texts = [
            path.read_text(encoding="utf-8")
            for path in logs
            if path.stem.removeprefix("session-") in sessions
        ]
        return "\n".join(texts)

    def _serve(self, name: str, command: list[str]) -> None:
        with (self.folder / f"{name}.txt").open("wb") as output:
            self.servers.append(
                subprocess.Popen(
                    command, env=self.environment(), stdout=output, stderr=output, cwd=self.folder
                )
            )

    def _ask(self, path: str, method: str = "GET") -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{self.api_port}{path}", method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - our own server
            return json.load(answer)


def wait_for(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Wait until something holds."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f"waited {patience:.0f} s for {what}"
        time.sleep(0.1)


def task_runs(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The ended task runs of a job, in order."""
    return (entry for entry in job["history"] if "taskRun" in entry.get("definition", {}))


def renderers(stage: Path) -> list[int]:
    """Ids of the processes that play the scenario in this folder."""
    return [process.pid for process in psutil.process_iter() if _plays(process, stage)]


def install_renderer(stage: Path, scenario: Scenario, before: str = "") -> Path:
    """Return an aerender for every worker that plays this scenario; the Python code `before` runs first."""
    variables = scenario.environment(stage)
    command = [sys.executable, str(FAKE_AERENDER)]
    path = stage / "aerender"
    path.write_text(
        f"#!{sys.executable}\nimport os, sys\n{before}\nos.environ.update({variables!r})\n"
        f"os.execv({sys.executable!r}, {command!r} + sys.argv[1:])\n",
        encoding="utf-8",
    )
    path.chmod(0o755)
    return path


def options(renderer: Path, *, processes: int) -> list[str]:
    """Options of `stmpo submit` for a job on these workers, by the renderer that is installed there."""
    fixed = {"AerenderPath": renderer, "SpawnDelay": 0, "ChildGraceSec": 1, "Concurrency": processes}
    parameters = [part for name, value in fixed.items() for part in ("-p", f"{name}={value}")]
    return [*parameters, "--os", "linux", "--python", "python3", "--offline", "--max-retries-per-task", "0"]


def _plays(process: psutil.Process, stage: Path) -> bool:
    try:
        return str(stage) in process.environ().get("STMPO_FAKE_SCENARIO", "") and process.status() != "zombie"
    except psutil.Error:  # it has gone, or is somebody else's
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
