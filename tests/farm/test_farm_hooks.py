"""A bundle's hooks run on the artist's machine only after they were shown and agreed to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from stmpo.testing import Scenario
from tests.farm.grounds import CLIENT, Grounds, why_not
from tests.farm.test_farm import Job

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.deadline.lot import Lot

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


@pytest.fixture
def configured(whole_farm: Grounds) -> Iterator[Path]:
    """The client's configuration, with hooks allowed; removed after the test."""
    path = whole_farm.folder / "deadline_config"
    for name in ("allow_bundle_hooks", "allow_environment_hooks"):
        setting = whole_farm.deadline_bare("config", "set", f"settings.{name}", "true")
        assert setting.returncode == 0, setting.stdout + setting.stderr
    yield path
    path.unlink()


@pytest.fixture
def hooked(whole_farm: Grounds, lot: Lot) -> Path:
    """A bundle that writes a file when it is sent, and prints before and after."""
    job, folder = Job(lot), lot.folder / "bundle"
    bundled = whole_farm.stmpo(
        "bundle", *job.arguments(Scenario(), "--initial-state", "SUSPENDED"), "-o", folder
    )
    assert bundled.returncode == 0, bundled.stderr
    script = "import sys; open({!r}, 'a').write('ran'); print({!r}, file=sys.{})"
    hooks = {
        "version": "1.0",
        "preSubmission": [_hook(script.format(str(lot.folder / "ran"), "said before", "stderr"))],
        "postSubmission": [_hook(script.format(str(lot.folder / "ran"), "said after", "stdout"))],
    }
    (folder / "hooks.json").write_text(json.dumps(hooks), encoding="utf-8")
    return folder


def _hook(code: str) -> dict[str, object]:
    return {"command": f"{CLIENT}/bin/python", "args": ["-c", code]}


def test_without_a_terminal_nothing_runs_and_every_command_is_named(
    whole_farm: Grounds, configured: Path, hooked: Path
) -> None:
    refused = whole_farm.submit(hooked, "--yes")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.count("hook of the bundle, before the submission: ") == 1
    assert refused.stderr.count("hook of the bundle, after the submission: ") == 1
    assert "add --allow-hooks" in refused.stderr.splitlines()[-1]
    assert not (hooked.parent / "ran").exists()


def test_a_terminal_is_asked_and_an_option_agrees(
    whole_farm: Grounds, configured: Path, hooked: Path
) -> None:
    ran = hooked.parent / "ran"
    declined = whole_farm.submit(hooked, "--yes", typed="n")
    assert declined.returncode == 2
    assert "its hooks were declined; nothing has run" in declined.stderr
    assert not ran.exists()
    for options, typed in (((), "y"), (("--allow-hooks",), None)):
        sent = whole_farm.submit(hooked, "--yes", *options, typed=typed)
        assert sent.returncode == 0, sent.stderr
        assert ran.read_text() == "ranran"
        assert "said before" in sent.stderr, "what a hook prints is shown"
        assert "said after" in sent.stderr
        ran.unlink()


def test_the_users_own_consent_in_the_clients_settings_is_respected(
    whole_farm: Grounds, configured: Path, hooked: Path
) -> None:
    assert whole_farm.deadline_bare("config", "set", "settings.auto_accept", "true").returncode == 0
    sent = whole_farm.submit(hooked, "--yes")
    assert sent.returncode == 0, sent.stderr
    assert "hook of the bundle, before the submission: " in sent.stderr


def test_hooks_that_the_client_does_not_allow_are_not_run_and_that_is_said(
    whole_farm: Grounds, hooked: Path
) -> None:
    sent = whole_farm.submit(hooked, "--yes", "--allow-hooks")
    assert sent.returncode == 0, sent.stderr
    assert "bundle hooks are disabled" in sent.stderr
    assert not (hooked.parent / "ran").exists()
