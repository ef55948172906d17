"""The marks of all files that a run has delivered, for a last look before it reports success.

Marks are kept in columns, 16 bytes per frame, so that nothing grows while frames are rendered.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from stmpo.delivery.file_mark import FileMark, is_marked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stmpo.engine.ledger import Ledger
    from stmpo.model.output_pattern import OutputPattern


class DeliveredFiles:
    """Name and mark of each delivered frame. The event loop calls `note`, threads call `changed`."""

    def __init__(self, ledger: Ledger, output: OutputPattern) -> None:
        self._position, self._output = ledger.position, output
        self._stamps = array("Q", bytes(8 * len(ledger)))
        self._digests = array("Q", bytes(8 * len(ledger)))
        self._names: dict[int, str] = {}
        """Names that are not as `--output` says: the renderer forced another extension."""

    def note(self, frame: int, name: str, mark: FileMark) -> None:
        """Note a frame's file at the destination."""
        at = self._position(frame)
        self._stamps[at], self._digests[at] = int(mark.stamp, 16), int(mark.digest, 16)
        if name != self._output.name(frame):
            self._names[frame] = name
        else:
            self._names.pop(frame, None)

    def changed(self, frames: Iterable[int]) -> list[int]:
        """Return those of these delivered frames whose file is not there as it was delivered."""
        return [frame for frame in frames if not self._is_there(frame)]

    def _is_there(self, frame: int) -> bool:
        at = self._position(frame)
        mark = FileMark(f"{self._stamps[at]:016x}", f"{self._digests[at]:016x}")
        name = self._names.get(frame) or self._output.name(frame)
        return is_marked(self._output.directory / name, mark)
