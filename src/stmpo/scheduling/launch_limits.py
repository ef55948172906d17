"""How many renderers may end for the same reason, before any frame is whole, until the run ends.

Some reasons are certain after the first renderer (a comp that does not exist), others after a second one has
confirmed them (an end without a word). Two in a row must be of different slots, since a slot has its own
CPUs and memory; a run with one slot confirms by the same slot. A renderer that ends for another reason
begins a new row.

Reasons of shared resources (a GPU, an encoder, a licence) end the run only if the last renderer ran alone
all the time: with fewer renderers at once the others may succeed. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class EndReason:
    """Why an attempt ended without a whole frame."""

    name: str
    """Stable, such as the name of a finding."""

    launches: int
    """Renderers that may end for it in a row."""

    slot: int
    counts: bool = True
    """Whether it may end the run; False while fewer renderers at once might help."""


@dataclass(slots=True)
class LaunchLimits:
    """Counts ends in a row. `slots` is the planned number of processes."""

    slots: int
    _name: str = ""
    _count: int = 0
    _from: set[int] = field(default_factory=set)
    """Slots of the renderers in the row."""

    @property
    def is_suspicious(self) -> bool:
        """Return whether the next renderer that ends may make the run hopeless."""
        return self._count > 0

    def ended(self, reason: EndReason | None) -> bool:
        """Count an end before any frame is whole; return whether the run is hopeless.

        None stands for an end that proves nothing about the next renderer.
        """
        if reason is None:
            self._name, self._count = "", 0
            self._from.clear()
            return False
        if reason.name != self._name:
            self._name, self._count = reason.name, 0
            self._from.clear()
        self._count += 1
        self._from.add(reason.slot)
        if self._count < reason.launches or not reason.counts:
            return False
        # The same slot again and again is as certain one renderer later: the others may not get any frames.
        return len(self._from) >= min(reason.launches, self.slots) or self._count > reason.launches
