"""The templates pass openjd-model of the client and of the worker, which are of different versions."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from stmpo.deadline.fragments import COMPLETE_TEMPLATES, load_fragments
from stmpo.deadline.template import ItemSpec, TemplateOptions, compose
from tests.farm.grounds import CLIENT, WORKER, why_not

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

JUDGE = """
import json, sys
from openjd.model import StepParameterSpaceIterator, create_job, decode_job_template, preprocess_job_parameters
from pathlib import Path
template, values = json.load(open(sys.argv[1])), json.loads(sys.argv[2])
model = decode_job_template(template=template, supported_extensions=["TASK_CHUNKING"])
here = Path(sys.argv[1]).parent
given = preprocess_job_parameters(job_template=model, job_parameter_values=values, job_template_dir=here,
    current_working_dir=here)
job = create_job(job_template=model, job_parameter_values=given)
adaptive = values.get("TargetRuntime", "0") != "0"
print(0 if adaptive else sum(len(StepParameterSpaceIterator(space=step.parameterSpace)) for step in job.steps))
"""


def tasks(python: str | None, folder: Path, template: Any, **values: str) -> int:
    """The number of tasks by this environment's openjd-model; 0 if the service would change it."""
    path = folder / "template.json"
    path.write_text(json.dumps(template), encoding="utf-8")
    (folder / "scripts").mkdir(exist_ok=True)
    given = {"ProjectFile": "/p/a.aep", "OutputDir": "/out", **values}
    argv = [f"{python}/bin/python", "-c", JUDGE, str(path), json.dumps(given)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.parametrize("python", [CLIENT, WORKER])
@pytest.mark.parametrize("name", COMPLETE_TEMPLATES)
def test_complete_templates(tmp_path: Path, python: str | None, name: str) -> None:
    template = json.loads((load_fragments().folder / name).read_text(encoding="utf-8"))
    values = {"OutputFileName": "a_[#].png", "Frames": "1-300"}
    expected = 1 if name.startswith("video") else 3
    assert tasks(python, tmp_path, template, **values) == expected
    if expected > 1:
        assert tasks(python, tmp_path, template, **values, FramesPerTask="150") == 2
        assert tasks(python, tmp_path, template, **values, TargetRuntime="300") == 0


@pytest.mark.parametrize("python", [CLIENT, WORKER])
@pytest.mark.parametrize(
    ("frames", "size", "count"), [("1-3000", 1000, 3), ("1-1024", 1, 1024), ("1-3000", 1, 3000)]
)
def test_composed_templates(tmp_path: Path, python: str | None, frames: str, size: int, count: int) -> None:
    items = [ItemSpec("a", 1, frames, "/out/a_[#].png"), ItemSpec("b", 2, "1", "/out/b_[#].png", after=(1,))]
    options = TemplateOptions(frames_per_task=size, min_gpus=1, amounts={"licence.glow": 12})
    assert tasks(python, tmp_path, compose(items, options)) == count + 1
