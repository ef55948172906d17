"""Which strategy a job can be rendered with, and why not the one that was asked for.

- A single file is written by one process: `static`.
- `shared` needs After Effects 2022 or later, where "Skip Existing Files" can be set for a render from outside, and one
  output module that writes a sequence. What cannot be known here is refused by After Effects itself, in words that the
  catalogue of errors explains. Where it cannot be used, `steal` is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stmpo.job import RenderJob


def choose_strategy(asked: str, job: RenderJob) -> tuple[str, str]:
    """The strategy's name, and in words why it is another one than was asked for (else empty)."""
    if job.single_file:
        return "static", ""
    if asked == "shared":
        return "steal", "--strategy shared is not available in this version; steal is used"
    return asked, ""
