"""What a journal's bytes may say: a table with limits, and nothing else comes through."""

from __future__ import annotations

import json
import os
import time
import tracemalloc
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.history.journal import Journal
from stmpo.history.journal_model import ProjectVersion, identity
from stmpo.history.journal_schema import BROKEN, MAX_LINE, MAX_TEXT, SCHEMA, format_line, parse_line
from stmpo.model.errors import BadInput
from stmpo.model.frames import FrameSet
from stmpo.model.output_pattern import OutputPattern
from stmpo.model.render_job import RenderJob

JOB = RenderJob(
    project=Path("/p/film.aep"),
    comp="Main",
    rqindex=None,
    frames=FrameSet.between(1, 9),
    output=OutputPattern.parse("shot_[####].png", Path("/out")),
)
VERSION = ProjectVersion(10, "first")
RUN = {
    "event": "run",
    "version": 1,
    "run": "r",
    "job": identity(JOB),
    "project_version": {"size": 10, "digest": "first"},
}


def write(path: Path, *lines: object, raw: bytes = b"") -> None:
    data = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    path.write_bytes(data + raw)


def read_all(path: Path) -> None:
    """Ask for everything that a run asks for."""
    journal = Journal.open(path)
    try:
        journal.history(JOB, VERSION)
        journal.cost_history(JOB, VERSION)
        journal.runs()
        journal.begin(JOB, VERSION, run="next", fresh=False, about={})
    finally:
        journal.close()


HUGE = int("9" * 400)


@pytest.mark.parametrize(
    "line",
    [
        {"event": "delivered", "frame": 1, "name": "a", "size": 1, "cost": 1, "attempt": []},
        {"event": "delivered", "frame": 1, "name": "a", "size": 1, "cost": HUGE, "attempt": {}},
        {"event": "delivered", "frame": HUGE, "name": "a", "size": HUGE, "cost": 1e308},
        {"event": "delivered", "frame": 1, "name": "\ud800", "size": 1},
        {"event": "started", "attempt": 1, "frames": "1-9", "folder": "/s/\ud800"},
        {"event": "started", "attempt": 1, "frames": "1-9", "folder": "x" * 100_000},
        {"event": "started", "attempt": HUGE, "frames": "9" * 5000, "folder": "/s"},
        {"event": "ended", "start_up": HUGE, "peak_memory": HUGE, "stopped": []},
        {"event": "ended", "start_up": 1e308, "peak_memory": -1},
        {"event": "finished", "processes": HUGE},
        {"event": "removed", "scratch": "\ud800"},
        {"event": {"event": []}},
        {"event": "revoked", "frames": ["1"]},
        {**RUN, "run": [], "scratch": "\ud800", "host": HUGE, "pid": "x"},
        {**RUN, "project_version": [[]], "stmpo": "\ud800\n"},
        {**RUN, "run": "other", "job": {"project": [[[]]]}},
    ],
    ids=lambda line: json.dumps(line)[:60],
)
def test_a_hostile_line_ends_no_run(tmp_path: Path, line: dict[str, Any]) -> None:
    path = tmp_path / "journal"
    second = {"event": "delivered", "frame": 2, "name": "b", "size": 2, "cost": 1e308, "attempt": 1}
    write(path, RUN, line, line, second, {**second, "frame": 3}, RUN)
    with suppress(BadInput):  # a run of another job
        read_all(path)


def test_the_sum_of_costs_stays_finite(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    lines = [
        {"event": "delivered", "frame": n, "name": "a", "size": 1, "cost": cost, "attempt": 1}
        for n, cost in enumerate([1e308, 1e308, float("inf"), float("nan"), -1, 2.5, True, "3"])
    ]
    write(path, RUN, *lines)
    journal = Journal.open(path)
    assert journal.cost_history(JOB, VERSION).costs == {5: 2.5}
    journal.close()


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(SCHEMA)).flatmap(
    lambda event: st.fixed_dictionaries({"event": st.just(event)}, optional=dict.fromkeys(SCHEMA[event], ANY))
))  # fmt: skip
def test_only_fields_that_pass_their_check_come_through(line: dict[str, Any]) -> None:
    found = parse_line(json.dumps(line).encode())
    checks = SCHEMA[found.pop("event")] if found else {}
    assert set(found) <= set(checks)
    assert all(checks[name](value) for name, value in found.items())


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"7", b"null", b"{}", b"\xff", b"[" * 100_000, b'{"a":"\\u0000"}']
)
def test_what_is_no_event_is_broken(raw: bytes) -> None:
    assert parse_line(raw) is BROKEN


def test_frames_of_a_short_line_take_little_memory(tmp_path: Path) -> None:
    """34 kB of them were 11.8 GB once."""
    path = tmp_path / "journal"
    started = {"event": "started", "attempt": 1, "frames": "1-1000000", "folder": "/s"}
    write(path, RUN, *[{**started, "attempt": n} for n in range(3000)])
    tracemalloc.start()
    read_all(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000


def test_revoking_again_and_again_takes_bounded_time(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    delivered = [{"event": "delivered", "frame": n, "name": "a", "size": 1} for n in range(0, 20_000, 2)]
    revoked = {"event": "revoked", "frames": "1-999999:2"}
    write(path, RUN, *delivered, *[revoked] * 20_000)
    began = time.process_time()
    read_all(path)
    assert time.process_time() - began < 20


def test_long_run_lines_of_an_early_version_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    frames = ",".join(map(str, range(1, 400_000, 2)))
    assert len(frames) > MAX_LINE
    write(path, {**RUN, "frames": frames}, {"event": "delivered", "frame": 1, "name": "a", "size": 1})
    journal = Journal.open(path)
    assert set(journal.history(JOB, VERSION).vouched) == {1}
    journal.close()


def test_no_line_is_written_that_is_not_read_back(tmp_path: Path) -> None:
    """Frames are written as ranges; texts are cut; frames that are revoked are all named."""
    path = tmp_path / "journal"
    scattered = FrameSet.of(n * n for n in range(1, 60_000))
    assert len(str(scattered)) > 2 * MAX_TEXT
    journal = Journal.open(path)
    about = {"frames": FrameSet.of(range(1, 400_000, 2)), "note": "x" * 3_000_000}
    journal.begin(JOB, VERSION, run="r", fresh=False, about=about)
    for frame in (1, 4, 5, 3_599_880_001 - 0):
        journal.write("delivered", frame=frame, name="a", size=1)
    journal.write("revoked", frames=str(scattered))
    journal.write("revoked", frames=FrameSet.of([5]))
    journal.write("delivered", frame=7, name="a", size=1)
    assert set(journal.history(JOB, VERSION).vouched) == {7}
    journal.close()
    lines = path.read_bytes().splitlines()
    assert max(map(len, lines)) <= 2 * MAX_TEXT
    assert json.loads(lines[0])["frames"] == "1-399999:2"


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_names_that_are_not_utf_8_come_through() -> None:
    odd = os.fsdecode(b"caf\xe9")
    assert parse_line(format_line("removed", {"scratch": odd})) == {"event": "removed", "scratch": odd}


def test_a_value_in_a_refusal_is_shortened(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    other = {**RUN, "job": {**identity(JOB), "comp": "x" * 30_000}}
    write(path, other, {"event": "delivered", "frame": 1, "name": "a", "size": 1})
    journal = Journal.open(path)
    with pytest.raises(BadInput) as refused:
        journal.history(replace(JOB, comp="y" * 30_000), VERSION)
    assert len(str(refused.value)) < 1000
    journal.close()


@given(st.binary(max_size=300))
def test_any_line_is_parsed(raw: bytes) -> None:
    with suppress(BadInput):
        assert isinstance(parse_line(raw), dict)
