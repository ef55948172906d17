"""What a comp's frames cost, in a file that travels."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.history import cost_cache
from stmpo.history.journal_model import ProjectVersion
from stmpo.model.frames import FrameSet
from stmpo.model.output_pattern import OutputPattern
from stmpo.model.render_job import RenderJob
from stmpo.scheduling.cost_history import CostHistory

V1, V2 = ProjectVersion(10, "a"), ProjectVersion(11, "b")


def job(project: str = "/p/shot.aep", comp: str | None = "Main", rqindex: int | None = None) -> RenderJob:
    output = OutputPattern.parse("out/f_[####].png", Path("/p"))
    frames = FrameSet.between(1, 9)
    return RenderJob(project=Path(project), comp=comp, rqindex=rqindex, frames=frames, output=output)


def test_each_comp_and_item_of_a_project_has_its_own_file_wherever_the_project_lies() -> None:
    folder = Path("/costs")
    names = {cost_cache.cost_file(each, folder) for each in (job(), job(comp="B"), job(comp=None, rqindex=2))}
    assert len(names) == 3
    assert cost_cache.cost_file(job(project="/session/77/shot.aep"), folder) in names


def test_runs_add_to_the_file_and_a_later_word_counts(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "x.json"
    cost_cache.write(path, job(), V1, CostHistory({1: 5.0, 2: 5.0}, set(), [20.0], 700))
    cost_cache.write(path, job(), V1, CostHistory({2: 7.0}, set(), [], 100))
    assert cost_cache.read(path, V1) == CostHistory({1: 5.0, 2: 7.0}, set(), [20.0], 700)
    assert [file.name for file in path.parent.iterdir()] == ["x.json"]


def test_costs_of_another_version_are_known_as_such(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    cost_cache.write(path, job(), V1, CostHistory({1: 5.0, 2: 5.0}))
    assert cost_cache.read(path, V2).other_version == {1, 2}
    cost_cache.write(path, job(), V2, CostHistory({2: 6.0}))
    assert cost_cache.read(path, V2).other_version == {1}


def test_without_a_file_nothing_is_known(tmp_path: Path) -> None:
    assert cost_cache.read(tmp_path / "none.json", V1) == CostHistory()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"7", b'{"form": 2}', b"\xff\xfe", b"[" * 100_000, b"[" + b"[],{}," * 10**6]
)
def test_a_broken_file_is_said_to_be_one_and_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        cost_cache.read(path, V1)
    cost_cache.write(path, job(), V1, CostHistory({1: 5.0}))
    assert cost_cache.read(path, V1).costs == {1: 5.0}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in its file system")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.json")
    with pytest.raises(ValueError, match="not a file"):
        cost_cache.read(tmp_path / "x.json", V1)


@pytest.mark.skipif(os.name == "nt", reason="links take an administrator there")
def test_nothing_is_written_through_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that everybody may write to, where somebody has guessed the temporary name."""
    victim = tmp_path / "victim"
    victim.write_text("kept")
    monkeypatch.setattr(os, "urandom", bytes)
    for name in ("x.json", ".x.json.00000000.part"):
        (tmp_path / name).symlink_to(victim)
    with pytest.raises(FileExistsError):
        cost_cache.write(tmp_path / "x.json", job(), V1, CostHistory({1: 5.0}))
    cost_cache.write(tmp_path / "x.json", job(), V1, CostHistory({1: 5.0}))
    assert victim.read_text() == "kept"
    assert cost_cache.read(tmp_path / "x.json", V1).costs == {1: 5.0}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {"form": st.just(1)},
        optional={
            "costs": JSON | st.dictionaries(st.integers().map(str), JSON, max_size=4),
            "start_ups": JSON,
            "peak_memory": JSON,
            "other_version": JSON,
            "project_version": JSON,
        },
    )
)
def test_what_is_no_cost_in_a_file_teaches_nothing(
    tmp_path_factory: pytest.TempPathFactory, value: dict[str, object]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    learned = cost_cache.read(path, V1)
    assert all(0 <= cost < float("inf") for cost in [*learned.costs.values(), *learned.start_ups])
    assert learned.other_version <= set(learned.costs)
    assert learned.peak_memory >= 0
