"""Machines whose `/proc` does not show this program's own processes (Linux)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("/proc is Linux's", allow_module_level=True)

from stmpo.model.errors import BadInput
from stmpo.processes.posix.linux import ProcTable

RENDER = """
import sys
sys.path.insert(0, {source!r})
from stmpo.cli.main import main
main()
"""
SOURCE = Path(__file__).resolve().parents[2] / "src"


def test_an_empty_proc_and_one_of_other_processes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not mounted"):
        ProcTable(tmp_path).check()
    (tmp_path / "self").symlink_to(str(os.getpid() + 1))
    with pytest.raises(BadInput, match="another PID namespace"):
        ProcTable(tmp_path).check()
    ProcTable().check()


@pytest.mark.parametrize(
    ("unshare", "before", "words"),
    [
        (("--mount",), "mount -t tmpfs none /proc", "/proc is not mounted"),
        (("--pid", "--fork"), "true", "/proc belongs to another PID namespace"),
    ],
    ids=["an empty /proc", "the outer /proc"],
)
def test_a_run_refuses_in_one_line_and_leaves_nothing(
    tmp_path: Path, unshare: tuple[str, ...], before: str, words: str
) -> None:
    """Five processes stayed, or the run killed its own renderers."""
    project = tmp_path / "a.aep"
    project.write_bytes(b"x")
    renderer = tmp_path / "aerender.py"
    renderer.write_text("raise SystemExit(0)")
    render = [sys.executable, "-c", RENDER.format(source=str(SOURCE)), "render", str(project), "--comp", "M"]
    render += ["--frames", "1-4", "--output", str(tmp_path / "out" / "f_[###].png")]
    render += ["--aerender-path", str(renderer)]
    script = f'{before} || exit 99; exec "$@"'
    try:
        done = subprocess.run(
            ["/usr/bin/unshare", *unshare, "sh", "-c", script, "sh", *render],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    except FileNotFoundError:
        pytest.skip("needs unshare")
    if done.returncode == 99 or "unshare failed" in done.stderr:
        pytest.skip("needs the right to make namespaces")
    assert done.returncode == 2, done.stdout + done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
