"""The journal: what it vouches for, whatever a kill, a full disk or another hand has left of it."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.history.journal import Journal
from stmpo.history.journal_model import (
    DeliveredFrame,
    History,
    PastRun,
    ProjectVersion,
    identity,
    journal_path,
)
from stmpo.history.journal_reader import VERSION
from stmpo.model.errors import BadInput, NoSpace
from stmpo.model.frames import FrameSet
from stmpo.model.output_pattern import OutputPattern
from stmpo.model.render_job import RenderJob

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE = Path(os.path.abspath(os.sep))  # noqa: PTH100 - a drive's root on Windows
JOB = RenderJob(
    project=BASE / "p" / "film.aep",
    comp="Main [v2] é",
    rqindex=None,
    frames=FrameSet.between(1, 9),
    output=OutputPattern.parse("shot_[####].png", BASE / "out"),
)
FIRST = ProjectVersion(10, "first")
SECOND = ProjectVersion(11, "second")
ABOUT = {"stmpo": "2.0.0", "scratch": str(BASE / "scratch-1")}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "frames" / ".shot.stmpo.jsonl"


@contextmanager
def opened(path: Path) -> Iterator[Journal]:
    journal = Journal.open(path)
    try:
        yield journal
    finally:
        journal.close()


def begin(journal: Journal, version: ProjectVersion = FIRST, *, fresh: bool = False, **about: Any) -> None:
    journal.begin(JOB, version, run="r", fresh=fresh, about={**ABOUT, **about})


def deliver(journal: Journal, *frames: int, size: int = 100) -> None:
    for frame in frames:
        journal.write("delivered", frame=frame, name=JOB.output.name(frame), size=size, cost=1.0, attempt=1)


def history(path: Path, job: RenderJob = JOB, version: ProjectVersion = FIRST) -> History:
    with opened(path) as journal:
        return journal.history(job, version)


def a_run(path: Path, *frames: int, version: ProjectVersion = FIRST, fresh: bool = False) -> None:
    with opened(path) as journal:
        begin(journal, version, fresh=fresh)
        deliver(journal, *frames)


# ------------------------------------------------------------------------------------------------ what counts


def test_a_new_journal_vouches_for_nothing_and_makes_its_folder(path: Path) -> None:
    assert history(path) == History()


def test_delivered_frames_of_several_runs_are_vouched_for_with_name_and_size(path: Path) -> None:
    a_run(path, 1, 2)
    a_run(path, 3)
    assert history(path).vouched == {n: DeliveredFrame(f"shot_000{n}.png", 100) for n in (1, 2, 3)}


def test_the_last_delivery_of_a_frame_counts(path: Path) -> None:
    with opened(path) as journal:
        begin(journal)
        deliver(journal, 1)
        deliver(journal, 1, size=200)
    assert history(path).vouched[1].size == 200


def test_revoked_frames_are_no_longer_vouched_for(path: Path) -> None:
    with opened(path) as journal:
        begin(journal)
        deliver(journal, 1, 2, 3, 4)
        journal.write("revoked", frames="2-3,77", attempt=1)
        deliver(journal, 3)
    assert set(history(path).vouched) == {1, 3, 4}


def test_attempts_say_where_whole_frames_may_lie_unless_they_are_not_trusted(path: Path) -> None:
    with opened(path) as journal:
        begin(journal)
        journal.write("started", attempt=1, frames="-2-3", folder=str(BASE / "s" / "1"))
        journal.write("started", attempt=2, frames="4-9", folder=str(BASE / "s" / "2"))
        journal.write("untrusted", attempt=2)
        journal.write("untrusted", attempt=99)
    with opened(path) as journal:
        begin(journal)
        journal.write("untrusted", attempt=1)  # this run's first, not the one above
    attempts = history(path).attempts
    assert [(a.folder.name, str(a.frames), a.trusted) for a in attempts] == [
        ("1", "-2-3", True),
        ("2", "4-9", False),
    ]


def test_every_run_is_known_with_its_scratch_folder_until_that_is_removed(path: Path) -> None:
    """Whatever its job, its version and whether it began afresh: its files are nobody's any more."""
    with opened(path) as journal:
        begin(journal)
        begin(journal, SECOND, fresh=True, scratch=str(BASE / "scratch-2"))
        journal.write("removed", scratch=ABOUT["scratch"])
        journal.begin(replace(JOB, comp="other"), FIRST, run="r2", fresh=False, about={"scratch": 5})
        assert journal.runs() == [PastRun("r", None), PastRun("r", BASE / "scratch-2"), PastRun("r2", None)]


def test_a_fresh_run_vouches_only_for_what_came_after_it(path: Path) -> None:
    a_run(path, 1, 2)
    a_run(path, 3, fresh=True)
    a_run(path, 4)
    assert set(history(path).vouched) == {3, 4}


def test_frames_of_another_version_of_the_project_do_not_count(path: Path) -> None:
    a_run(path, 1, 2)
    second = history(path, version=SECOND)
    assert second.other_version
    assert not second.vouched


def test_a_frame_that_another_version_has_overwritten_is_not_vouched_for_when_the_first_comes_back(
    path: Path,
) -> None:
    a_run(path, 1, 2)
    a_run(path, 2, 3, version=SECOND)
    back = history(path)
    assert set(back.vouched) == {1}
    assert back.other_version


def test_a_longer_range_goes_on_with_the_same_journal(path: Path) -> None:
    a_run(path, 1)
    assert history(path, replace(JOB, frames=FrameSet.between(1, 500))).vouched


def test_the_same_project_file_may_lie_in_another_folder(path: Path) -> None:
    a_run(path, 1)
    moved = replace(JOB, project=BASE / "session-2" / "film.aep")
    assert history(path, moved).vouched
    with pytest.raises(BadInput, match="project was"):
        history(path, moved, SECOND)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows' names are text")
def test_names_that_are_no_text_come_back_as_they_were(path: Path) -> None:
    odd = os.fsdecode(b"caf\xe9")
    job = replace(JOB, comp=odd, output=OutputPattern.parse(f"{odd}_[##].png", BASE / odd))
    with opened(path) as journal:
        journal.begin(job, FIRST, run="r", fresh=False, about={})
        journal.write("delivered", frame=1, name=job.output.name(1), size=5)
    assert history(path, job).vouched[1].name == job.output.name(1)


# -------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"comp": "Other"}, "comp was 'Main [v2] é', now 'Other'"),
        ({"rqindex": 2}, "rqindex"),
        ({"rs_template": "Draft"}, "rs_template"),
        ({"om_template": "PNG"}, "om_template"),
        ({"continue_on_missing_footage": True}, "continue_on_missing_footage"),
        ({"output": OutputPattern.parse("other_[##].png", BASE)}, "output"),
    ],
)
def test_a_journal_of_another_job_is_refused_with_the_reason_and_the_way_out(
    path: Path, change: dict[str, Any], named: str
) -> None:
    a_run(path, 1)
    other = replace(JOB, **change)
    with pytest.raises(BadInput) as refused:
        history(path, other)
    assert named in str(refused.value)
    assert "--no-resume" in str(refused.value)
    assert "\n" not in str(refused.value)
    with opened(path) as journal:
        journal.begin(other, FIRST, run="r", fresh=True, about={})
    assert not history(path, other).vouched


def test_a_journal_of_a_newer_version_is_refused(path: Path) -> None:
    a_run(path, 1)
    newer = {"event": "run", "version": VERSION + 1, "stmpo": "9.1", "fresh": True}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(newer) + "\n")
    with pytest.raises(BadInput, match=r"newer version of stmpo \(9\.1\)"):
        history(path)


def test_a_second_run_is_refused_and_told_who_has_it(path: Path) -> None:
    holding = (
        "import sys; from pathlib import Path; from stmpo.history.journal import Journal\n"
        "journal = Journal.open(Path(sys.argv[1]))\n"
        "journal.write('run', pid=4711, host='node-7'); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holding, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        before = path.read_bytes()
        with pytest.raises(BadInput, match=r"another run is writing .* \(process 4711 on node-7\)"):
            Journal.open(path)
        assert path.read_bytes() == before
        process.kill()
    with opened(path):
        pass


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="this system opens links as files")
def test_a_symbolic_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    path.parent.mkdir()
    path.symlink_to(victim)
    with pytest.raises(BadInput, match="cannot open the journal"):
        Journal.open(path)
    assert victim.read_text() == "precious"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_no_plain_file_is_refused(path: Path) -> None:
    path.parent.mkdir()
    mkfifo = getattr(os, "mkfifo")  # noqa: B009 - Windows' types do not have it
    mkfifo(path)
    with pytest.raises(BadInput, match="is not a file"):
        Journal.open(path)


def test_a_folder_in_its_place_and_a_file_in_its_folders_place_are_refused(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(BadInput, match="cannot open the journal"):
        Journal.open(path)
    (path / "file").touch()
    with pytest.raises(BadInput, match="--journal-dir"):
        Journal.open(path / "file" / "journal")


# ----------------------------------------------------------------------------------------- what a kill leaves


def whole_story(path: Path) -> None:
    """Three runs with every kind of event: one of another version, one after a change of mind."""
    with opened(path) as journal:
        begin(journal)
        journal.write("started", attempt=1, frames="1-4", folder=str(BASE / "s" / "1"))
        deliver(journal, 1, 2)
        journal.write("untrusted", attempt=1)
        journal.write("revoked", frames="2", attempt=1)
        journal.write("ended", attempt=1, code=-9, words="\u00e9\u65e5 \ud800")
    a_run(path, 2, 3, version=SECOND)
    a_run(path, 2, 5)


def test_a_file_cut_at_any_byte_is_read_and_vouches_for_no_more_than_its_whole_lines(path: Path) -> None:
    whole_story(path)
    data = path.read_bytes()
    lines = data.splitlines(keepends=True)
    by_lines = {}
    for count in range(len(lines) + 1):
        path.write_bytes(b"".join(lines[:count]))
        by_lines[count] = history(path).vouched
    assert set(by_lines[len(lines)]) == {1, 2, 5}
    for end in range(len(data)):
        path.write_bytes(data[:end])
        complete = data[:end].count(b"\n") + (data[end : end + 1] == b"\n")  # a line without its end is one
        assert history(path).vouched == by_lines[complete]


@pytest.mark.parametrize("fresh", [True, False])
def test_the_first_line_after_a_cut_one_does_not_join_it(path: Path, fresh: bool) -> None:
    """Also where the history was not asked for, as with `--no-resume`."""
    a_run(path, 1, 2, 3)
    path.write_bytes(path.read_bytes()[:-7])
    a_run(path, 4, version=SECOND, fresh=fresh)
    assert set(history(path, version=SECOND).vouched) == {4}


def test_what_follows_a_broken_line_counts_for_nothing_until_the_next_run(path: Path) -> None:
    """The broken line may have been the beginning of a run of another version."""
    a_run(path, 1, 2)
    with path.open("ab") as file:
        file.write(b"\0\0\0\0\n")
    with opened(path) as journal:
        deliver(journal, 2, 3)
    a_run(path, 4)
    assert set(history(path).vouched) == {1, 4}


def test_a_line_with_a_name_that_no_file_can_have_is_skipped(path: Path) -> None:
    """The system would answer with an error that nobody expects."""
    a_run(path, 1)
    with opened(path) as journal:
        journal.write("delivered", frame=2, name="a\0b", size=1)
        journal.write("run", run="x", scratch="\0")
    assert set(history(path).vouched) == {1}
    with opened(path) as journal:
        assert [run.id for run in journal.runs()] == ["r"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["event", "frame", "name", "size", "frames", "attempt", "folder", "scratch", "version", "job", "fresh"]
)
EVENTS = st.sampled_from(["run", "delivered", "revoked", "started", "untrusted", "removed", "ended", "later"])
LINES = st.builds(lambda event, rest: {**rest, "event": event}, EVENTS | JSON, st.dictionaries(NAMES, JSON))


@given(st.lists(LINES | JSON, max_size=8), st.sampled_from([FIRST, SECOND]))
def test_unknown_events_and_wrong_types_are_skipped(
    tmp_path_factory: pytest.TempPathFactory, lines: list[Any], version: ProjectVersion
) -> None:
    """Reading never ends in anything but a history or a refusal."""
    path = tmp_path_factory.getbasetemp() / "journal-of-any-json"
    path.unlink(missing_ok=True)
    a_run(path, 1)
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    with suppress(BadInput):
        result = history(path, version=version)
        assert all(type(frame) is int and type(v.size) is int for frame, v in result.vouched.items())
    with opened(path) as journal:
        assert journal.runs()


@given(st.binary(max_size=200))
def test_any_bytes_can_be_read(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "journal-of-any-bytes"
    path.write_bytes(data)
    assert not history(path).vouched


def test_a_line_nested_deeper_than_python_reads_is_skipped(path: Path) -> None:
    a_run(path, 1)
    with path.open("ab") as file:
        file.write(b"[" * 200_000 + b"\n" + b'{"event":"delivered","frame":' + b"9" * 5000 + b"}\n")
    assert set(history(path).vouched) == {1}


# ---------------------------------------------------------------------------------------------------- writing


def test_a_full_disk_says_so_and_what_it_took_of_a_line_does_not_spoil_the_next(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write

    def nearly_full(descriptor: int, data: bytes) -> int:
        if len(data) < 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data[: len(data) // 2])

    with opened(path) as journal:
        begin(journal)
        deliver(journal, 1)
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", nearly_full)
            with pytest.raises(NoSpace, match="no space for the journal"):
                deliver(journal, 2)
        begin(journal)
        deliver(journal, 3)
    assert set(history(path).vouched) == {1, 3}


def test_what_a_failing_share_refuses_is_written_later_in_its_order(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a line is taken back, so that those after it count, and the run goes on."""
    real = os.write

    def failing(descriptor: int, data: bytes) -> int:
        if len(data) < 20:
            raise OSError(errno.EIO, "Input/output error")
        return real(descriptor, data[: len(data) // 2])

    with opened(path) as journal:
        begin(journal)
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", failing)
            deliver(journal, 1)
            deliver(journal, 2)
            assert journal.unwritten == 2
        assert b"delivered" not in path.read_bytes()
        deliver(journal, 3)
        assert journal.unwritten == 0
    assert list(history(path).vouched) == [1, 2, 3]


def test_a_write_that_was_taken_in_pieces_is_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:3]))
    a_run(path, 1)
    assert set(history(path).vouched) == {1}


# ----------------------------------------------------------------------------------------- names and versions


def test_the_journal_lies_hidden_beside_the_frames_or_in_the_folder_given(tmp_path: Path) -> None:
    beside = journal_path(JOB, None)
    assert beside.parent == JOB.output.directory
    assert beside.name.startswith(".shot-")
    assert journal_path(JOB, tmp_path) == tmp_path / beside.name


@given(st.text(st.characters(exclude_characters="[]#%/\\\0\r\n.", codec="utf-8"), min_size=1, max_size=60))
def test_jobs_that_share_a_folder_have_journals_of_their_own(name: str) -> None:
    one = replace(JOB, output=OutputPattern.parse(f"{name}[##].png", BASE))
    other = replace(JOB, output=OutputPattern.parse(f"{name}[###].png", BASE))
    first, second = journal_path(one, BASE).name, journal_path(other, BASE).name
    assert first != second
    assert len(first.encode()) < 255
    assert not set(first) & set('/\\:*?"<>| ')


def test_the_same_bytes_are_the_same_version(tmp_path: Path) -> None:
    project = tmp_path / "p.aep"
    project.write_bytes(b"x" * 3_000_000)
    first = ProjectVersion.of(project)
    assert first.size == 3_000_000
    os.utime(project, (1, 1))
    assert ProjectVersion.of(project) == first
    project.write_bytes(b"x" * 2_999_999 + b"y")
    assert ProjectVersion.of(project) != first


def test_the_identity_of_a_job_is_json() -> None:
    assert json.loads(json.dumps(identity(JOB))) == identity(JOB)
