"""A chain of queue items: each step has the fresh output of the one before, and old frames stay at home."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from stmpo.testing import FrameCosts, Scenario, frame_stamp
from tests.farm.grounds import install_renderer, options, task_runs, why_not

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deadline.lot import Lot
    from tests.farm.grounds import Grounds

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

SEE = """
project = sys.argv[sys.argv.index("-project") + 1]
item = sys.argv[sys.argv.index("-rqindex") + 1]
out = os.path.join(os.path.dirname(project), "out")
files = sorted(name for name in os.listdir(out) if name[0] != ".") if os.path.isdir(out) else []
with open({!r}, "a") as file:
    file.write(repr((item, [(name, os.path.getsize(os.path.join(out, name))) for name in files])) + "\\n")
"""


def test_two_levels_and_old_frames_on_the_disk(whole_farm: Grounds, lot: Lot, tmp_path: Path) -> None:
    whole_farm.staff(1)
    comps = [lot.comp(name, seconds=0.5) for name in ("Sim", "Comp", "Master")]
    lot.sequence("out/Sim_{:04d}.tif", range(6), into=comps[1])
    lot.sequence("out/Comp_{:04d}.tif", range(6), into=comps[2])
    for comp in comps:
        lot.queue(comp, f"out/{comp.name}_[####].[fileExtension]")
    for path in (lot.folder / "out").iterdir():
        path.write_bytes(b"old")
    stage = lot.folder / "stage"
    seen = tmp_path / "seen.txt"
    renderer = install_renderer(stage, Scenario(costs=FrameCosts(0.02)), SEE.format(str(seen)))
    project, home = lot.save(), tmp_path / "home"
    sent = whole_farm.submit(project, *options(renderer, processes=1), "--wait", "--download", home)
    assert sent.returncode == 0, sent.stderr
    assert "item 3 (Master) is rendered after item 2 (Comp)" in sent.stderr
    identity = sent.stdout.strip()
    template = json.loads(whole_farm.request(identity)["template"])
    assert [step.get("dependencies") for step in template["steps"]] == [
        None, [{"dependsOn": "Sim"}], [{"dependsOn": "Comp"}],
    ]  # fmt: skip
    assert len(list(task_runs(whole_farm.job(identity)))) == 3
    starts = [line for line in seen.read_text(encoding="utf-8").splitlines() if line]
    assert [line[2] for line in starts] == ["1", "2", "3"]
    assert starts[0] == "('1', [])", "old frames do not travel"
    assert "Sim_0005.tif" in starts[1]
    assert "Comp_0005.tif" in starts[2]
    assert ", 3)" not in "".join(starts), "no file is the old one"
    for name in ("Sim", "Comp", "Master"):
        assert sorted(frame_stamp(path) for path in home.rglob(f"{name}_*.tif")) == list(range(6))
