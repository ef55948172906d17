"""The panel over a render queue of 200 items, in its host: one refresh, and a bundle of all of them.

The panel's own files run in Node as they do in After Effects (tests/panel/host.js), over a project that
py_aep made. What After Effects itself takes to answer is not in it, so how often it was asked is printed
beside the time.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Bound, Result, parser, report, skipped
from tests.panel.panel_host import NO_NODE, NODE, Panel

ITEMS = 200


def main() -> int:
    """Measure and print."""
    assert __doc__ is not None
    given = parser(__doc__).parse_args()
    if NODE is None:
        return skipped("panel", NO_NODE, as_json=given.json)
    try:
        from tests.panel.dump_project import dump  # noqa: PLC0415 - a machine that renders has no py_aep
    except ImportError:
        return skipped("panel", "py_aep is not installed: pip install 'stmpo[submit]'", as_json=given.json)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        panel = Panel(folder / "ae", dump(made(folder)))
        bundle = json.dumps(str(folder / "bundle"))
        refresh = panel.run("STMPO.queue.refresh().length", "STMPO.queue.refresh().length")
        written = panel.run(
            "var records = STMPO.queue.refresh(); 0", f"STMPO.bundle.write(records, {bundle})"
        )
    assert refresh.values == [ITEMS, ITEMS]
    assert written.values[1]
    asked = {"questions to After Effects, an item": refresh.calls["host"] / 2 / ITEMS}
    results = [
        Result(f"panel: refresh of {ITEMS} items", refresh.milliseconds[0] / 1e3, "s", Bound(1.0), asked),
        Result(f"panel: bundle of {ITEMS} items", written.milliseconds[1] / 1e3, "s", Bound(5.0)),
    ]
    return report("panel", results, as_json=given.json)


def made(folder: Path) -> Path:
    """Create a project of 200 comps, all of them queued."""
    import py_aep  # noqa: PLC0415

    app = py_aep.new()
    queue = app.project.render_queue
    assert queue is not None
    for number in range(ITEMS):
        comp = app.project.root_folder.add_comp(f"Shot {number:03}", 1920, 1080, 1.0, 10.0, 29.97)
        output = folder / "renders" / f"shot_{number:03}" / "[compName]_[####].[fileExtension]"
        queue.add(comp).output_modules[0].file = str(output)
    project = folder / "queue.aep"
    app.project.save(project)
    return project


if __name__ == "__main__":
    sys.exit(main())
