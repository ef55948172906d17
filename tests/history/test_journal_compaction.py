"""A journal that has grown is rewritten: it vouches for the same frames, and no kill leaves less."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stmpo.history import journal as journals
from stmpo.history.journal import Journal
from stmpo.history.journal_compaction import compact, recover, rewrite
from stmpo.history.journal_model import ProjectVersion, identity
from stmpo.history.journal_reader import read_history, read_runs
from stmpo.history.journal_schema import format_line, parse_line
from stmpo.model.frames import FrameSet
from stmpo.model.output_pattern import OutputPattern
from stmpo.model.render_job import RenderJob
from stmpo.system.files import APPEND_FLAGS

if TYPE_CHECKING:
    from collections.abc import Mapping

BASE = Path(os.path.abspath(os.sep))  # noqa: PTH100 - a drive's root on Windows
JOB = RenderJob(
    project=BASE / "p" / "film.aep",
    comp="Main",
    rqindex=None,
    frames=FrameSet.between(1, 9),
    output=OutputPattern.parse("shot_[####].png", BASE / "out"),
)
VERSIONS = ProjectVersion(10, "first"), ProjectVersion(11, "second")


def run_line(number: int, version: int = 0, *, fresh: bool = False, **more: Any) -> bytes:
    values = {"version": 1, "run": f"r{number}", "job": identity(JOB), "fresh": fresh, **more}
    size, digest = VERSIONS[version].size, VERSIONS[version].digest
    return format_line("run", {**values, "project_version": {"size": size, "digest": digest}})


def delivered(frame: int, size: int = 1) -> bytes:
    values = {"frame": frame, "name": JOB.output.name(frame), "size": size, "cost": 1.5, "attempt": 1}
    return format_line("delivered", values)


def kept(lines: list[bytes]) -> list[bytes]:
    found = compact(lines, lambda _: False)
    assert found is not None
    return found


def history(lines: list[bytes], version: int = 0) -> Any:
    return read_history(map(parse_line, lines), JOB, VERSIONS[version], Path("journal"))


def test_of_many_runs_the_last_word_on_each_frame_stays() -> None:
    lines = []
    for number in range(100):
        lines += [run_line(number), delivered(1, number), delivered(2, number)]
        lines.append(format_line("failed", {"frame": 3, "words": "x"}))
    found = kept(lines)
    assert len(found) == 3
    assert history(found).vouched == history(lines).vouched


FRAMES = st.integers(1, 5)
EVENTS = st.one_of(
    st.builds(delivered, FRAMES, st.integers(0, 3)),
    st.builds(lambda frame: format_line("revoked", {"frames": str(frame)}), FRAMES),
    st.builds(
        lambda attempt: format_line(
            "started", {"attempt": attempt, "frames": "1-5", "folder": f"/s/{attempt}"}
        ),
        st.integers(1, 3),
    ),
    st.builds(lambda attempt: format_line("untrusted", {"attempt": attempt}), st.integers(1, 3)),
    st.just(b"half a line\n"),
    st.just(format_line("later", {"frame": 1})),
    st.builds(lambda number: format_line("removed", {"scratch": f"/s{number}"}), st.integers(0, 2)),
    st.builds(
        lambda seconds, memory: format_line(
            "ended", {"attempt": 1, "start_up": seconds, "peak_memory": memory}
        ),
        st.integers(0, 9),
        st.integers(0, 9),
    ),
)
RUNS = st.builds(
    lambda version, fresh, scratch: run_line(0, version, fresh=fresh, scratch=f"/s{scratch}"),
    st.integers(0, 1),
    st.sampled_from([False, False, True]),
    st.integers(0, 2),
)


@given(st.lists(EVENTS | RUNS, max_size=40))
def test_a_compacted_journal_vouches_for_the_same_and_never_for_more(events: list[bytes]) -> None:
    lines = [run_line(0), *events]
    found = kept(lines)
    assert len(found) <= len(lines)
    for version in (0, 1):
        before, after = history(lines, version), history(found, version)
        assert after.vouched.items() <= before.vouched.items()
        assert {str(a.folder) for a in after.attempts if a.trusted} <= {
            str(a.folder) for a in before.attempts if a.trusted
        }
    scratch = [run.scratch for run in read_runs(map(parse_line, lines)) if run.scratch is not None]
    assert {run.scratch for run in read_runs(map(parse_line, found))} - {None} == set(scratch)
    assert kept(found) == found


@given(st.lists(EVENTS, max_size=30))
def test_of_one_version_nothing_is_lost(events: list[bytes]) -> None:
    lines = [run_line(0, scratch="/kept"), *events]
    before, after = history(lines), history(kept(lines))
    assert after.vouched == before.vouched
    assert [str(a.folder) for a in after.attempts] == [str(a.folder) for a in before.attempts]
    assert [a.trusted for a in after.attempts] == [a.trusted for a in before.attempts]


def test_attempts_stay_while_their_scratch_may_be_there() -> None:
    started = format_line("started", {"attempt": 1, "frames": "1-5", "folder": "/s1/a1"})
    lines = [run_line(1, scratch="/s1", host="node"), started]

    def gone(run: Mapping[str, Any]) -> bool:
        return bool(run["host"] == "node")

    assert kept(lines) == lines
    assert compact(lines, gone) == []
    assert kept([*lines, format_line("removed", {"scratch": "/s1"})]) == []


def test_a_journal_of_a_newer_version_is_left_alone() -> None:
    newer = json.dumps({"event": "run", "version": 2}).encode() + b"\n"
    assert compact([run_line(1), delivered(1), newer], lambda _: False) is None


def test_a_last_line_without_its_end_is_closed() -> None:
    found = kept([run_line(1), delivered(1), delivered(2).rstrip(b"\n")])
    assert found[-1] == delivered(2)


@pytest.fixture
def grown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A journal of 200 runs that each delivered the same frame."""
    monkeypatch.setattr(journals, "COMPACT_AT", 10_000)
    path = tmp_path / ".shot.stmpo.jsonl"
    path.write_bytes(b"".join(run_line(n) + delivered(1) + delivered(2) for n in range(200)))
    return path


def test_a_run_that_begins_makes_a_grown_journal_small_and_writes_on(grown: Path) -> None:
    before = grown.stat()
    journal = Journal.open(grown)
    journal.begin(JOB, VERSIONS[0], run="new", fresh=False, about={})
    journal.write("delivered", frame=3, name="c", size=3)
    assert set(journal.history(JOB, VERSIONS[0]).vouched) == {1, 2, 3}
    journal.close()
    after = grown.stat()
    assert after.st_size < 3_000 < before.st_size
    assert after.st_ino == before.st_ino, "its lock belongs to the file"
    assert [file.name for file in grown.parent.iterdir()] == [grown.name]


def test_a_journal_that_is_of_use_is_not_rewritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "COMPACT_AT", 1_000)
    path = tmp_path / "journal"
    data = run_line(1) + b"".join(delivered(n) for n in range(100))
    path.write_bytes(data)
    journal = Journal.open(path)
    journal.begin(JOB, VERSIONS[0], run="new", fresh=False, about={})
    journal.close()
    assert path.read_bytes().startswith(data)


def test_a_copy_that_cannot_be_written_leaves_the_journal_as_it_is(
    grown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = grown.read_bytes()

    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    descriptor = os.open(grown, APPEND_FLAGS)
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        assert not rewrite(grown, descriptor, [b"{}\n"])
    os.close(descriptor)
    assert grown.read_bytes() == data
    assert [file.name for file in grown.parent.iterdir()] == [grown.name]


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_kill_at_any_byte_of_a_rewrite_loses_nothing(data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / "journal"
    copy = path.with_name("journal.new")
    old = b"".join(run_line(n) + delivered(1) for n in range(20)) + delivered(2)
    new = b"".join(kept(old.splitlines(keepends=True))) + b'{"event":"compacted"}\n'
    in_copy = data.draw(st.integers(0, len(new)))
    copy.write_bytes(new[:in_copy])
    complete = in_copy == len(new)
    path.write_bytes(
        new[: data.draw(st.integers(0, len(new)))] if complete and data.draw(st.booleans()) else old
    )
    journal = Journal.open(path)
    assert set(journal.history(JOB, VERSIONS[0]).vouched) == {1, 2}
    journal.close()
    assert not copy.exists()


def test_a_copy_that_was_left_over_never_replaces_what_was_written_since(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    new = run_line(1) + delivered(1) + b'{"event":"compacted"}\n'
    path.with_name("journal.new").write_bytes(new)
    path.write_bytes(new + delivered(2))
    descriptor = os.open(path, APPEND_FLAGS)
    recover(path, descriptor)
    os.close(descriptor)
    assert path.read_bytes() == new + delivered(2)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in its file system")
@pytest.mark.parametrize("planted", ["pipe", "folder", "link"])
def test_something_else_in_the_copys_place_is_let_alone(planted: str, tmp_path: Path) -> None:
    path, copy = tmp_path / "journal", tmp_path / "journal.new"
    path.write_bytes(run_line(1) + delivered(1))
    (tmp_path / "victim").write_bytes(run_line(1) + b'{"event":"compacted"}\n')
    if planted == "pipe":
        getattr(os, "mkfifo")(copy)  # noqa: B009 - Windows' types do not have it
    elif planted == "folder":
        copy.mkdir()
    else:
        copy.symlink_to(tmp_path / "victim")
    journal = Journal.open(path)
    assert set(journal.history(JOB, VERSIONS[0]).vouched) == {1}
    journal.close()


def test_reading_takes_time_in_proportion_to_the_number_of_runs(tmp_path: Path) -> None:
    """12,500 runs were not read within 200 s once."""
    path = tmp_path / "journal"
    lines = []
    for number in range(12_500):
        folder = f"/scratch/{number}"
        lines += [run_line(number, number % 2, scratch=folder), delivered(number % 500)]
        lines.append(format_line("ended", {"attempt": 1, "start_up": 1.5, "peak_memory": 5}))
        lines.append(format_line("removed", {"scratch": folder}))
    path.write_bytes(b"".join(lines))
    began = time.process_time()
    journal = Journal.open(path)
    journal.history(JOB, VERSIONS[0])
    journal.cost_history(JOB, VERSIONS[0])
    assert len(journal.runs()) == 12_500
    journal.begin(JOB, VERSIONS[0], run="new", fresh=False, about={})
    journal.close()
    assert time.process_time() - began < 10
    assert path.stat().st_size < 500_000
