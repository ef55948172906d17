"""`auto`: the rule that suits the job, chosen before the start.

- Costs are known from an earlier run of this version: weighted ranges and stealing (`steal`). Their ends are
  planned, so no long frame is left for last.
- Nothing is known: the frames go one by one to the slot that is free (`shared`), because no range that is cut
  in advance fits costs that nobody knows.
- The job does not allow to share a folder: `steal`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stmpo.model.frames import FrameSet

KNOWN_SHARE = 0.9
"""Share of the frames whose cost must be known for ranges that follow costs."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The strategy that a run uses, and why."""

    name: str
    """`steal` or `shared`."""

    reason: str
    """A clause for people, such as "the costs of 240 of 240 frames are known"."""


def choose_rule(
    frames: FrameSet, record: Mapping[int, float] | None, *, sure: bool, no_sharing: str = ""
) -> Rule:
    """Return the rule for these frames.

    `record` has costs in seconds by frame number; `sure` says that they are of the version rendered now.
    `no_sharing` is the reason why the renderers cannot share a folder; empty if they can.
    """
    known = sum(frame in record for frame in frames) if record and sure else 0
    if known and known >= KNOWN_SHARE * len(frames):
        return Rule("steal", f"the costs of {known} of {len(frames)} frames are known from an earlier run")
    unknown = "the frames' costs are not known"
    if record and not sure:
        unknown = "the known costs are of another version of the project"
    elif known:
        unknown = f"the costs of only {known} of {len(frames)} frames are known"
    if no_sharing:
        return Rule("steal", f"{unknown}, and the renderers cannot share a folder: {no_sharing}")
    return Rule("shared", f"{unknown}, so each renderer takes the next frame that has no file")
