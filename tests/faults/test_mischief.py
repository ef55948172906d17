"""The matrix, mischief: what a renderer may do to its own files, folder and processes beyond rendering badly.

Each row is a run in which one renderer finishes its frames, and then does what `mischief` has it do.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stmpo.testing import Scenario
from tests.faults import mischief
from tests.faults.judge import Ends, Job, Judge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.faults.conftest import Pool
    from tests.faults.ground import Ground

JOB = Job(tuple(range(1, 9)), options=("--frames", "1-8", "--concurrency", "2"))
HERE = Path(__file__).parent
NO_RIGHTS: Mapping[str, str] = {
    "PYTHONPATH": os.pathsep.join([str(HERE / "no_rights"), os.environ.get("PYTHONPATH", "")])
}
"""Root's word counts against no mode, else."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the matrix."""

    does: Callable[[list[Path], Path], None]
    ends: Ends = field(default_factory=Ends)
    environment: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.does.__name__.replace("_", " ")


def again(words: str) -> Ends:
    """Its frames are rendered again, for this reason."""
    return Ends(says=(words,), starts=8)


ROWS = [
    Row(mischief.links, again("is a symbolic link, not a file")),
    Row(mischief.other_names, Ends(starts=2)),
    Row(mischief.pipes, again("is not a regular file")),
    Row(mischief.folders, again("is a folder, not a file")),
    Row(mischief.unreadable, again("cannot be read: Permission denied"), NO_RIGHTS),
    Row(mischief.odd_names, Ends(starts=2)),
    Row(mischief.taken_away, again("missing: ")),
    Row(mischief.cut_late),
    Row(mischief.locked, Ends(starts=2), NO_RIGHTS),
    Row(mischief.write_protected, Ends(starts=2), NO_RIGHTS),
    Row(mischief.no_folder, again("missing: ")),
    Row(mischief.a_file_for_a_folder, again("missing: ")),
    Row(mischief.a_link_for_a_folder),
    Row(mischief.no_scratch),
    Row(mischief.deep, Ends(starts=2)),
    Row(mischief.a_daemon, Ends(starts=2)),
    Row(mischief.many, Ends(starts=2)),
    Row(mischief.reborn, Ends(starts=2)),
    Row(mischief.signals_above),
    Row(mischief.stops_above, Ends(starts=2)),
    Row(mischief.silent, Ends(starts=2)),
    Row(mischief.endless, Ends(starts=2)),
]


def play(row: Row, ground: Ground) -> None:
    """Run a row and judge it."""
    try:
        outcome = ground.render(
            *JOB.options,
            *("--aerender-path", str(HERE / "mischief.py"), "--child-grace-sec", "0.3"),
            *("--strategy", "static"),  # starts are counted
            scenario=Scenario(tree=False),
            **{mischief.VARIABLE: f"{row.does.__name__}:{ground.folder / 'once'}", **row.environment},
        )
        Judge(ground, JOB).after(outcome, row.ends)
    finally:
        ground.clear()


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_mischief(row: Row, rows: Pool) -> None:
    """The four questions."""
    rows.outcome(str(row))
