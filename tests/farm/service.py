"""A stand-in for Deadline Cloud's API, with the calls that list a job's tasks, and storage profiles.

    python service.py FAKE_DEADLINE.PY OPTIONS…

`DATA/storage-profiles.json` holds the profiles by their ids, each as GetStorageProfileForQueue answers it;
beside its locations `mapped` says where the workers have them.

Runs in the worker's virtual environment, as a program of its own.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

BARE = f"queue-{'5' * 32}"
"""A queue without job attachments, for which the same workers work."""


def load(path: str) -> Any:
    """The stand-in as a module."""
    spec = importlib.util.spec_from_file_location("fake_deadline", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def steps(service: Any, path: tuple[str, ...], *_: object) -> tuple[int, dict[str, Any]]:
    """ListSteps, with how many tasks of each are in which status."""
    views = []
    for step in service.jobs[path[2]].steps:
        counts: dict[str, int] = {}
        for task in step["tasks"]:
            counts[task["status"]] = counts.get(task["status"], 0) + 1
        views.append({"stepId": step["stepId"], "name": step["name"], "taskRunStatusCounts": counts})
    return 200, {"steps": views}


def tasks(service: Any, path: tuple[str, ...], *_: object) -> tuple[int, dict[str, Any]]:
    """ListTasks of a step."""
    job = service.jobs[path[2]]
    step = next(step for step in job.steps if step["stepId"] == path[3])
    views = [
        {
            "taskId": task["taskId"],
            "runStatus": task["status"],
            "parameters": task["parameters"],
            "latestSessionActionId": _latest(job, task["taskId"]),
        }
        for task in step["tasks"]
    ]
    return 200, {"tasks": views}


def action(service: Any, path: tuple[str, ...], *_: object) -> tuple[int, dict[str, Any]]:
    """GetSessionAction: what the worker said of it last."""
    said = [entry for entry in service.jobs[path[2]].history if entry["action"] == path[3]]
    messages = [
        entry.get("progressMessage") or entry.get("progress", {}).get("progressMessage") for entry in said
    ]
    times = {
        key: entry[key]
        for entry in said
        for entry in (entry, entry.get("progress", {}))
        for key in ("startedAt", "endedAt")
        if key in entry
    }
    message = next(filter(None, reversed(messages)), "")
    return 200, {"sessionActionId": path[3], "progressMessage": message, **times}


def sessions(service: Any, path: tuple[str, ...], *_: object) -> tuple[int, dict[str, Any]]:
    """ListSessions of a job."""
    history = service.jobs[path[2]].history
    names = dict.fromkeys(entry["action"].split("-")[1] for entry in history)
    return 200, {"sessions": [{"sessionId": f"session-{name}"} for name in names]}


def actions(service: Any, path: tuple[str, ...], query: Any, *_: object) -> tuple[int, dict[str, Any]]:
    """ListSessionActions of a session: those that have ended."""
    (session,) = query["sessionId"]
    ended = [
        {
            "sessionActionId": entry["action"],
            "status": entry["completedStatus"],
            "definition": entry["definition"],
        }
        for entry in service.jobs[path[2]].history
        if "completedStatus" in entry and entry["action"].split("-")[1] == session.removeprefix("session-")
    ]
    return 200, {"sessionActions": ended}


def profiles(service: Any) -> dict[str, Any]:
    """The storage profiles that a test has made."""
    path = Path(service.args.data) / "storage-profiles.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def profile(service: Any, path: tuple[str, ...], *_: object) -> tuple[int, dict[str, Any]]:
    """GetStorageProfileForQueue."""
    found = profiles(service)[path[2]]
    return 200, {name: value for name, value in found.items() if name != "mapped"}


def with_path_mapping(batch_get: Any) -> Any:
    """BatchGetJobEntity, with the rules that a job's storage profile makes for this fleet."""

    def answer(service: Any, groups: Any, query: Any, body: Any) -> tuple[int, dict[str, Any]]:
        code, told = batch_get(service, groups, query, body)
        for entity in told["entities"]:
            details = entity.get("jobDetails")
            if details and getattr(service.jobs[details["jobId"]], "queue", "") == BARE:
                del details["jobAttachmentSettings"]
            sender = details and service.jobs[details["jobId"]].body.get("storageProfileId")
            if sender:
                details["pathMappingRules"] = [
                    {"sourcePathFormat": "posix", "sourcePath": source, "destinationPath": destination}
                    for source, destination in profiles(service)[sender]["mapped"].items()
                ]
        return code, told

    return answer


def queue(service: Any, path: tuple[str, ...], *_: object) -> tuple[int, dict[str, Any]]:
    """GetQueue. The queue `BARE` has no job attachments."""
    found = {**service.queue(), "queueId": path[1]}
    if path[1] == BARE:
        del found["jobAttachmentSettings"]
    return 200, found


def bare_jobs(create_job: Any) -> Any:
    """CreateJob, which remembers the queue of each job."""

    def answer(service: Any, path: tuple[str, ...], query: Any, body: Any) -> tuple[int, dict[str, Any]]:
        code, made = create_job(service, path, query, body)
        if code == 200:
            service.jobs[made["jobId"]].queue = path[1]
        return code, made

    return answer


def with_session_logs(handle: Any) -> Any:
    """Every call, and GetLogEvents of CloudWatch Logs."""

    def answer(self: Any) -> None:
        if not self.headers.get("X-Amz-Target", "").endswith("GetLogEvents"):
            handle(self)
            return
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = f"{asked['logStreamName']}.log"
        lines = [
            line.split(" ", 1)
            for path in (Path(self.svc.args.data) / "logs").rglob(name)
            for line in path.read_text(encoding="utf-8").splitlines()
            if line[:1].isdigit()
        ]
        events = [
            {"timestamp": int(when), "message": text}
            for when, text in (line for line in lines if len(line) == 2)
        ]
        first, last = asked.get("startTime", 0), asked.get("endTime", 1 << 62)
        events = [event for event in events if first <= event["timestamp"] < last]
        latest = {"events": events[-asked["limit"] :], "nextForwardToken": "f", "nextBackwardToken": "b"}
        self.reply(200, latest, "application/x-amz-json-1.1")

    return answer


def _latest(job: Any, task: str) -> str:
    mine = [
        e["action"] for e in job.history if e.get("definition", {}).get("taskRun", {}).get("taskId") == task
    ]
    return str(mine[-1]) if mine else ""


def main() -> None:
    """Add the calls and serve."""
    fake = load(sys.argv.pop(1))
    routes = fake.Service.routes
    job = r"/farms/([^/]+)/queues/([^/]+)/jobs/([^/]+)"

    def more(self: Any) -> list[Any]:
        return [
            ("GET", r"/farms/([^/]+)/queues/([^/]+)", lambda *call: queue(self, *call)),
            ("GET", f"{job}/steps", lambda *call: steps(self, *call)),
            ("GET", f"{job}/steps/([^/]+)/tasks", lambda *call: tasks(self, *call)),
            (
                "GET",
                r"/farms/([^/]+)/queues/([^/]+)/storage-profiles/([^/]+)",
                lambda *call: profile(self, *call),
            ),
            ("GET", f"{job}/session-actions/([^/]+)", lambda *call: action(self, *call)),
            ("GET", f"{job}/session-actions", lambda *call: actions(self, *call)),
            ("GET", f"{job}/sessions", lambda *call: sessions(self, *call)),
            *routes(self),
        ]

    fake.Service.routes = more
    fake.Service.create_job = bare_jobs(fake.Service.create_job)
    fake.Handler.do_POST = with_session_logs(fake.Handler.handle_any)
    fake.Service.batch_get = with_path_mapping(fake.Service.batch_get)
    fake.main()


if __name__ == "__main__":
    main()
