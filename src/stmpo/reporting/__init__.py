"""Who is told what happens: a sink takes events and shows them to somebody.

A sink never fails a run. What cannot be written (a closed pipe, a full disk) silences that sink, and the render goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stmpo.model.events import Event


class Sink(Protocol):
    """One listener."""

    def handle(self, event: Event) -> None:
        """Take one event. Called in the orchestrator's loop: quick, and without raising."""
        ...

    def close(self) -> None:
        """The run is over; flush."""
        ...


class Sinks:
    """Several sinks as one."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = tuple(sinks)

    def handle(self, event: Event) -> None:
        """Tell every sink, in their order."""
        for sink in self._sinks:
            sink.handle(event)

    def close(self) -> None:
        """Close every sink."""
        for sink in self._sinks:
            sink.close()
