"""Watch whether renderers really share a folder's frames out, each frame to one of them.

"Skip Existing Files" depends on the file system and on After Effects. Where a share shows new files late, or
a version ignores the setting, two renderers render the same frames. The signs are in lines and files: a frame
that two renderers report, a file that two of them write, a renderer that refuses the setting. A single
doubled frame is a race that may happen; `reason` says when sharing is to end. At most every second process
has then rendered a frame in vain, and each loses the one that it has in work.
"""

from __future__ import annotations


class SharingWatch:
    """Counts the signs. `processes` share the folder."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._reported: dict[int, int] = {}
        """Which process reported each frame first."""

        self._doubled: set[int] = set()
        self._refused: set[int] = set()

    def frame(self, process: int, frame: int) -> None:
        """Record that a process reported a finished frame. Repeated reports of one process are harmless."""
        if self._reported.setdefault(frame, process) != process:
            self._doubled.add(frame)

    def collision(self, frame: int) -> None:
        """Record that two processes wrote a frame's file at once."""
        self._doubled.add(frame)

    def refusal(self, process: int) -> None:
        """Record that a process refused to skip existing files, or was refused a file by the system."""
        self._refused.add(process)

    @property
    def doubled(self) -> tuple[int, ...]:
        """Return the frames that more than one process rendered."""
        return tuple(sorted(self._doubled))

    @property
    def reason(self) -> str:
        """Return why sharing is to end, as a clause for people; empty while it works."""
        if self._refused:
            return "a renderer refuses to skip existing files"
        if len(self._doubled) > max(1, self._processes // 4):
            return f"{len(self._doubled)} frames were rendered by two renderers"
        return ""
