"""Reports of a run and of a plan.

A sink takes the events of a run (`stmpo.model.events`) and shows them: `board` on a terminal, `lines` in
plain text and in the log file, `openjd` to an OpenJD session. A sink never fails a run. If its output cannot
be written (a closed pipe, a full disk), the sink falls silent and the render goes on (`safe_stream`,
`pipe`).

`summary` is the end of a run in numbers. `plan_text` and `plan_svg` show a plan, `schedule_svg` a simulated
schedule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stmpo.model.events import Event


class Sink(Protocol):
    """A receiver of events."""

    def handle(self, event: Event) -> None:
        """Take one event. The engine's event loop calls this: it must be quick and must not raise."""
        ...

    def close(self) -> None:
        """Flush; the run is over."""
        ...


class Sinks:
    """Several sinks as one."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = tuple(sinks)

    def handle(self, event: Event) -> None:
        """Pass the event to every sink, in order."""
        for sink in self._sinks:
            sink.handle(event)

    def close(self) -> None:
        """Close every sink."""
        for sink in self._sinks:
            sink.close()
