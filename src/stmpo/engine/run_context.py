"""The objects that all parts of a run share, and the one way to end a run before its last frame is
delivered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.model.errors import ExitCode, StmpoError
from stmpo.model.events import Level

if TYPE_CHECKING:
    from collections.abc import Callable

    from stmpo.delivery.scratch import Scratch
    from stmpo.engine.attempt import Attempt
    from stmpo.engine.ledger import Ledger
    from stmpo.engine.reporter import Reporter
    from stmpo.history.journal import Journal
    from stmpo.history.journal_model import ProjectVersion
    from stmpo.model.options import RunOptions
    from stmpo.model.render_job import RenderJob
    from stmpo.scheduling.protocol import Strategy


class FramesFailed(StmpoError):  # noqa: N818 - it names what has happened, as the user reads it
    """Some frames cannot be rendered or delivered."""

    exit_code = ExitCode.FRAMES_FAILED


class RunEnd:
    """Ends a run early. Every part of a run calls `end`, with the error that the user reads.

    The first reason counts: it gives the exit code. Every call stops all renderers, also those that a later
    one finds.
    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self.stop_reason: StmpoError | None = None
        """The reason for the end; None while the run goes on."""

        self.stop_all: Callable[[], None] = lambda: None
        """Stops all renderers and wakes all slots. The orchestrator sets it."""

    def end(self, reason: StmpoError) -> None:
        """End the run: start nothing more, stop the renderers, still deliver whole frames."""
        if self.stop_reason is None:
            self.stop_reason = reason
            self._reporter.say(Level.ERROR, str(reason))
        self.stop_all()


@dataclass(frozen=True, slots=True)
class RunContext:
    """The job of a run and the objects that know its state."""

    job: RenderJob
    options: RunOptions
    run_id: str
    """Part of temporary file names and of the journal."""

    ledger: Ledger
    journal: Journal
    scratch: Scratch
    strategy: Strategy
    reporter: Reporter
    run_end: RunEnd
    attempts: dict[int, Attempt]
    """The attempts under way, by number. Only the orchestrator changes it."""

    version: ProjectVersion | None = None
    """The version of the project that is rendered."""
