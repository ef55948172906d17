"""Which strategy a job can be rendered with, and why not the one that was asked for.

- A single file is written by one process: `static`.
- `shared` needs After Effects 2022 or later, where "Skip Existing Files" can be set from outside. That the queue item
  has one output module cannot be seen from here: After Effects then says so and renders nothing, and what is missing is
  shared out as by `steal` after all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stmpo.renderers.version import major_version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stmpo.job import RenderJob
    from stmpo.renderers.aerender import Aerender

FIRST_VERSION = 22
"""Of After Effects, that can leave out existing files when told so on the command line."""


def choose_strategy(
    asked: str, job: RenderJob, renderer: Aerender, environment: Mapping[str, str]
) -> tuple[str, str]:
    """The strategy's name, and in words why it is another one than was asked for (else empty)."""
    if job.single_file:
        return "static", ""
    if asked != "shared" or renderer.name == "stmpo-lottie":
        return asked, ""
    version = major_version(renderer.prefix, environment)
    if version is None:
        return "steal", "--strategy shared: the version of aerender is not to be found out; steal is used"
    if version < FIRST_VERSION:
        return (
            "steal",
            f"--strategy shared needs After Effects 2022, this is version {version}; steal is used",
        )
    return asked, ""
