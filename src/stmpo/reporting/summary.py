"""The result of a run in numbers: its last lines, and the output of `--json`.

The speed-up is an estimate: one process would have needed one start-up plus the sum of the frame costs
measured in this run. If the processes slow each other down, those costs are too high and so is the speed-up.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from stmpo.model.frames import FrameSet
from stmpo.model.text import duration, plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stmpo.model.errors import ExitCode


@dataclass(frozen=True, slots=True)
class Summary:
    """The end of a run. Times are seconds."""

    exit_code: ExitCode
    reason: str
    """The reason of a failure; empty after a success."""

    title: str
    output: str
    total: int
    delivered: int
    """Whole frames at the destination at the end of this run."""

    resumed: int
    """Delivered frames that an earlier run had rendered (delivered, or whole in its scratch)."""

    failed: tuple[int, ...]
    missing: tuple[int, ...]
    """Frames that are neither delivered nor failed: the run ended before they were rendered."""

    elapsed: float
    processes: int
    starts: int
    retries: int
    strategy: str
    steals: int
    """Number of ranges whose end was given to another process."""

    rendered_twice: int
    """Frames rendered by two processes, because the first could not be stopped at once."""

    start_up: float | None
    """Mean seconds from a renderer's start to the beginning of its rendering."""

    frame_cost: float | None
    """Mean seconds per frame in one process."""

    too_many: str
    """The advice to use fewer processes, if fewer were faster together; otherwise empty."""

    peak_memory: int
    """Largest memory of one renderer's process tree, in bytes."""

    journal: str
    kept: str
    """Scratch folder that was kept because it holds undelivered frames; empty if it was removed."""

    warnings: Mapping[str, int] = field(default_factory=dict)
    """Different warnings of the renderers, by their kind ("missing_footage")."""

    warned: str = ""
    """The same for people: "2 missing footage files, 1 expression error"."""

    findings: tuple[Mapping[str, Any], ...] = ()
    """What renderers printed that is known: name, kind, meaning, words, and how many renderers."""

    extra: str = ""
    """Scratch folder with files that renderers wrote besides the ones asked for; empty if there are none."""

    blank: tuple[int, ...] = ()
    """Rendered frames that lie outside the comp and are blank."""

    @property
    def rendered(self) -> int:
        """Frames that this run rendered and delivered."""
        return max(0, self.delivered - self.resumed)

    @property
    def rate(self) -> float:
        """Frames rendered and delivered per second."""
        return self.rendered / self.elapsed if self.elapsed > 0 else 0.0

    @property
    def one_process(self) -> float | None:
        """Estimated seconds that one process would have needed for what this run rendered."""
        if self.frame_cost is None or not self.rendered:
            return None
        return (self.start_up or 0.0) + self.frame_cost * self.rendered

    @property
    def speed_up(self) -> float | None:
        """`one_process` over `elapsed`."""
        one = self.one_process
        return one / self.elapsed if one is not None and self.elapsed > 0 else None

    def as_json(self) -> dict[str, Any]:
        """Return every number, and frames as range expressions."""
        values = asdict(self)
        values["exit_code"] = int(self.exit_code)
        values["result"] = self.exit_code.name.lower()
        values["failed"] = str(FrameSet.of(self.failed))
        values["missing"] = str(FrameSet.of(self.missing))
        values["blank"] = str(FrameSet.of(self.blank))
        del values["warned"]
        for name in ("rendered", "rate", "one_process", "speed_up"):
            values[name] = getattr(self, name)
        return {
            name: round(value, 3) if isinstance(value, float) else value for name, value in values.items()
        }

    def lines(self) -> list[str]:
        """Return the lines for people."""
        first = f"{self.delivered} of {plural(self.total, 'frame')} delivered in {duration(self.elapsed)}"
        if self.resumed:
            first += f" ({self.resumed} were there already)"
        if self.warned:
            first += f"; warnings: {self.warned}"
        return [first, *self._speed(), *self._problems()]

    def _speed(self) -> list[str]:
        lines = []
        if self.rendered:
            lines.append(
                f"{self.rate:.2f} frames/s, {plural(self.processes, 'process', 'processes')},"
                f" {plural(self.starts, 'start')}, {plural(self.retries, 'retry', 'retries')}"
                + (f", start-up {self.start_up:.1f} s" if self.start_up is not None else "")
            )
        if self.steals:
            lines.append(
                f"{self.strategy}: {plural(self.steals, 'range')} split for an idle process,"
                f" {plural(self.rendered_twice, 'frame')} rendered twice"
            )
        if self.too_many:
            lines.append(self.too_many)
        if self.speed_up is not None and self.one_process is not None and self.processes > 1:
            lines.append(
                f"{self.speed_up:.2f} times as fast as one process,"
                f" which would have needed about {duration(self.one_process)} (estimated from the frame costs)"
            )
        return lines

    def _problems(self) -> list[str]:
        lines = []
        if self.blank:
            frames = FrameSet.of(self.blank)
            lines.append(f"blank, because they lie outside the comp: frames {frames}; check --frames")
        if self.failed:
            lines.append(f"failed: frames {FrameSet.of(self.failed)}")
        if self.missing:
            lines.append(f"not rendered: frames {FrameSet.of(self.missing)}")
        if self.reason:
            lines.append(self.reason)
        if self.kept:
            lines.append(f"scratch kept, because it holds undelivered frames: {self.kept}")
        if self.extra:
            lines.append(f"files that were not asked for are kept in {self.extra}")
        return lines
