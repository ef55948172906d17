"""Sending is refused in one line, whatever stands in its way; the farm itself is in tests/farm."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest

from stmpo.cli.main import run
from stmpo.deadline.bundle_reader import read_bundle
from stmpo.model.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.deadline.lot import Lot

pytest.importorskip("deadline", reason="the Deadline client is not installed: pip install 'stmpo[submit]'")

WHERE = ("--farm-id", f"farm-{'1' * 32}", "--queue-id", f"queue-{'2' * 32}")
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-west-2"}


class Refusing(BaseHTTPRequestHandler):
    """A service that knows who asks, and will not have it."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Say no."""
        self.asked.append(self.path)
        body = json.dumps({"message": "User is not authorized to use\nthis queue"}).encode()
        self.send_response(403)
        self.send_header("x-amzn-errortype", "AccessDeniedException")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the name that the server calls

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def refusing() -> Iterator[str]:
    """The address of a service that refuses everything."""
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def submit(lot: Lot, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """`stmpo submit` as a process of its own, with no configuration but what is given."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "DEADLINE_", "STMPO_"))
    }
    apart = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "DEADLINE_CONFIG_FILE_PATH": str(lot.folder / "config"),
        "DEADLINE_CLOUD_TELEMETRY_OPT_OUT": "true",
        "PYTHONUTF8": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "stmpo", "submit", *map(str, arguments)],
        env=kept | apart | variables,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@pytest.fixture
def project(lot: Lot) -> Path:
    """A project that could be sent."""
    comp = lot.comp()
    lot.still("a.png", into=comp)
    lot.queue(comp)
    return lot.save()


def test_a_dry_run_does_everything_but_send(lot: Lot, project: Path, refusing: str) -> None:
    Refusing.asked.clear()
    done = submit(lot, project, "--dry-run", "--offline", *WHERE, **KEYS, AWS_ENDPOINT_URL_DEADLINE=refusing)
    assert done.returncode == 0, done.stderr
    assert "shot: 1 item, 1 task, 2 files" in done.stderr
    assert done.stdout == ""
    assert Refusing.asked == []


@pytest.mark.parametrize(
    ("arguments", "variables", "words"),
    [
        ((), {}, "no farm is given: add --farm-id"),
        (WHERE, {"AWS_DEFAULT_REGION": "us-west-2"}, "no AWS credentials"),
        (
            (*WHERE, "--profile", "nobody"),
            {},
            "no AWS credentials (The config profile (nobody) could not be found)",
        ),
        (WHERE, {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}, "no AWS region is known"),
        (WHERE, {**KEYS, "AWS_DEFAULT_REGION": ""}, "Invalid endpoint"),
        (WHERE, {**KEYS, "AWS_ENDPOINT_URL_DEADLINE": "CLOSED"}, "the service cannot be reached"),
        (
            WHERE,
            {**KEYS, "AWS_ENDPOINT_URL_DEADLINE": "REFUSING"},
            "AccessDeniedException: User is not authorized",
        ),
    ],
)
def test_what_stands_in_the_way_is_one_line(  # noqa: PLR0917 - fixtures and a row of the table
    lot: Lot, project: Path, refusing: str, arguments: tuple[str, ...], variables: dict[str, str], words: str
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and never listening: nobody answers there
        places = {"CLOSED": f"http://127.0.0.1:{unused.getsockname()[1]}", "REFUSING": refusing}
        known = {name: places.get(value, value) for name, value in variables.items()}
        done = submit(lot, project, "--offline", *arguments, **known)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("stmpo: ")]
    assert words in line
    assert done.stderr.splitlines()[-1] == line


@pytest.mark.parametrize(
    "written",
    [b"garbage [\n", b"\xff\xfe\0", b"[defaults]\naws_profile_name = %(x\n", b"[defaults]\n[defaults]\n"],
)
@pytest.mark.parametrize("whose", ["DEADLINE_CONFIG_FILE_PATH", "AWS_CONFIG_FILE"])
def test_a_damaged_configuration_is_one_line(lot: Lot, project: Path, whose: str, written: bytes) -> None:
    damaged = lot.folder / "damaged"
    damaged.write_bytes(written)
    done = submit(
        lot, project, "--offline", *WHERE, **KEYS, **{whose: str(damaged)}, AWS_ENDPOINT_URL="http://["
    )
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("stmpo: ")]
    assert done.stderr.splitlines()[-1] == line
    assert "Traceback" not in done.stderr


def test_a_bundle_edited_into_something_invalid_is_not_sent(
    lot: Lot, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = lot.folder / "bundle"
    assert run(["bundle", str(project), "-o", str(folder)]) == 0
    whole = json.loads((folder / "template.json").read_text(encoding="utf-8"))
    assert read_bundle(folder, {}).tasks == 1

    whole["steps"][0]["name"] = ""
    (folder / "template.json").write_text(json.dumps(whole), encoding="utf-8")
    assert run(["submit", str(folder), "--dry-run"]) == 2
    (folder / "template.json").write_text("{", encoding="utf-8")
    assert run(["submit", str(folder), "--dry-run"]) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("stmpo: ")]
    assert "OpenJD refuses the job" in said[0]
    assert "template.json is damaged" in said[1]


def test_a_folder_that_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no job bundle"):
        read_bundle(tmp_path, {})
    (tmp_path / "template.yaml").write_text("[]", encoding="utf-8")
    with pytest.raises(BadInput, match="damaged"):
        read_bundle(tmp_path, {})


def test_options_of_a_project_are_refused_for_a_bundle(
    lot: Lot, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = lot.folder / "bundle"
    assert run(["bundle", str(project), "-o", str(folder)]) == 0
    assert run(["submit", str(folder), "--dry-run", "--item", "1"]) == 2
    assert "--item is for a project" in capsys.readouterr().err
