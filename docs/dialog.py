"""Draw a job's parameters as the Deadline Cloud client's submission dialog shows them.

    python docs/dialog.py [PICTURE.png]

It is the dialog's own tab, "Job-specific settings", drawn without a screen, for a job of two items. It needs
a Python with stmpo and `deadline[gui]` (`.ci/deadline-venvs DIR` makes one: `DIR/client/bin/python`). The
controls are printed as JSON, for the test that checks where each of them is.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from stmpo.deadline.template import ItemSpec, TemplateOptions, compose, output_parameters

HERE = Path(__file__).resolve().parent
WIDTH = 640
"""Pixels, about what the dialog opens with."""

ITEMS = (
    ItemSpec("Shot 010", 1, "1-240", "/shows/film/renders/shot_010/shot_010_[####].exr"),
    ItemSpec("Trailer", 2, "", "/mnt/review/trailers/trailer.mov", "video"),
)


def main(picture: Path) -> None:
    """Draw it and say what was drawn."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from deadline.client.job_bundle.parameters import read_job_bundle_parameters  # noqa: PLC0415
    from deadline.client.ui.dataclasses import JobBundleSettings  # noqa: PLC0415
    from deadline.client.ui.widgets.job_bundle_settings_tab import JobBundleSettingsWidget  # noqa: PLC0415
    from qtpy.QtWidgets import QApplication  # noqa: PLC0415

    application = QApplication(["stmpo"])
    application.setStyle("Fusion")  # the same on every system
    with tempfile.TemporaryDirectory() as name:
        _write_bundle(Path(name))
        settings = JobBundleSettings(input_job_bundle_dir=name, name="film")
        settings.parameters = read_job_bundle_parameters(name)
    tab = JobBundleSettingsWidget(settings)
    tab.resize(WIDTH, tab.minimumSizeHint().height())
    tab.show()
    tab.setFocus()  # else a cursor stands in the first field
    application.processEvents()
    if not tab.grab().save(str(picture)):
        sys.exit(f"{picture} cannot be written")
    json.dump([_drawn(tab, control) for control in tab.parameters_widget.controls.values()], sys.stdout)


def _write_bundle(folder: Path) -> None:
    (folder / "scripts").mkdir()
    values = {"ProjectFile": "/shows/film/film.aep", **output_parameters(ITEMS)}
    documents = {
        "template": compose(ITEMS, TemplateOptions(name="film")),
        "parameter_values": {
            "parameterValues": [{"name": name, "value": value} for name, value in values.items()]
        },
    }
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")


def _drawn(tab: Any, control: Any) -> dict[str, Any]:
    """One parameter's control as it lies in the picture."""
    from qtpy.QtWidgets import QGroupBox, QLabel  # noqa: PLC0415

    group = control.parent()
    while group is not None and not isinstance(group, QGroupBox):
        group = group.parent()
    place = control.rect().translated(control.mapTo(tab, control.rect().topLeft()))
    labels = control.findChildren(QLabel)
    return {
        "name": control.name(),
        "group": "" if group is None else group.title(),
        "label": labels[0].text() if labels else "",
        "help": next((widget.toolTip() for widget in (control, *labels) if widget.toolTip()), ""),
        "top": place.top(),
        "height": place.height(),
        "inside": tab.rect().contains(place),
        "whole": all(label.width() >= label.sizeHint().width() for label in labels),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "dialog.png")
