"""Output patterns: the folder and the file names of a job's frames.

A sequence's file name holds one frame number group: `[#####]` (After Effects' own form, any width, anywhere
in the name), a bare run of `#`, or a printf group such as `%04d`. A bracket group wins; `#` and `%` beside
it are ordinary characters. A sequence without a group gets `_[#####]` before its extension, as After Effects
does. The group becomes the frame number padded with zeros as printf pads it (`-5` in `[####]` is `-005`); a
frame wider than the group keeps all its digits.

A movie or a sound file is a single file, written by one process.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from stmpo.model.errors import BadInput
from stmpo.model.text import shown

SINGLE_FILE_EXTENSIONS = frozenset(
    {
        ".aif",
        ".aiff",
        ".avi",
        ".m2ts",
        ".m4v",
        ".mov",
        ".mp3",
        ".mp4",
        ".mpg",
        ".mxf",
        ".wav",
        ".webm",
        ".wmv",
    }
)
"""Extensions that After Effects' output modules write as one file (AVI, QuickTime, H.264, AIFF, WAV, MP3)."""

_BRACKET = re.compile(r"\[(#+)\]")
_LOOSE = re.compile(r"(#+)|%0?(\d*)d", re.ASCII)
_MAX_WIDTH = 20


class OutputKind(Enum):
    """The kind of output that the output module writes."""

    SEQUENCE = "sequence"
    """One file per frame."""

    SINGLE_FILE = "single file"
    """One file for all frames: a movie or a sound."""


@dataclass(frozen=True, slots=True)
class OutputPattern:
    """A destination folder and the file names in it. `parse` reads one from the user's text."""

    directory: Path
    """Absolute path of the folder that the files are delivered to."""

    before: str
    """The file name up to the frame number group; the whole stem of a single file."""

    width: int
    """Digits the group pads to; 0 for a single file."""

    after: str
    """The file name between the group and the extension."""

    extension: str
    """The extension with its dot, as written; empty if the name has none."""

    kind: OutputKind

    @classmethod
    def parse(cls, text: str, base: Path, *, bare: bool = True) -> OutputPattern:
        """Read `--output`. A relative path starts at `base` (absolute).

        With `bare`, a run of `#` or a `%04d` is a group too. In a name that After Effects made, only
        brackets are.

        Raises:
            BadInput: no file name, two frame number groups, or a path that leaves its folder.
        """
        if not text.strip():
            raise BadInput("--output is empty; write for example renders/shot_[#####].png")
        if "\0" in text or "\n" in text or "\r" in text:
            raise BadInput(
                f"--output {shown(text)} contains a line break or a NUL, which no file name may contain"
            )
        # `Path` would drop "/" and "/."
        last = text.replace(os.altsep or os.sep, os.sep).rpartition(os.sep)[2]
        if last in {"", ".", ".."} or not Path(text).name:
            raise BadInput(f"--output {shown(text)} is a folder; add a file name such as shot_[#####].png")
        if ".." in Path(text).parts:
            raise BadInput(f"--output {shown(text)} leaves its folder by '..'; write the intended folder")
        path = base / text
        stem, extension = path.stem, path.suffix
        if extension.lower() in SINGLE_FILE_EXTENSIONS:  # brackets in it are part of the name
            return cls(path.parent, stem, 0, "", extension, OutputKind.SINGLE_FILE)
        group = _find_group(path.name, text, bare=bare)
        if group is None:
            return cls(path.parent, f"{stem}_", 5, "", extension, OutputKind.SEQUENCE)
        start, end, width = group
        if width > _MAX_WIDTH:
            raise BadInput(
                f"--output {shown(text)}: a frame number of {width} digits; at most {_MAX_WIDTH} can be padded"
            )
        if len(path.name) - len(extension) < end:  # "shot.####": the group looks like an extension
            extension = ""
        after = path.name[end : len(path.name) - len(extension)]
        return cls(path.parent, path.name[:start], width, after, extension, OutputKind.SEQUENCE)

    @property
    def text(self) -> str:
        """The file name with its group in After Effects' form."""
        group = f"[{'#' * self.width}]" if self.width else ""
        return f"{self.before}{group}{self.after}{self.extension}"

    def name(self, frame: int, extension: str | None = None) -> str:
        """Return the file name of a frame. `extension` replaces the pattern's, if the renderer forced one."""
        number = f"{frame:0{self.width}d}" if self.width else ""
        return f"{self.before}{number}{self.after}{self.extension if extension is None else extension}"

    def path(self, frame: int, extension: str | None = None) -> Path:
        """Return the path that a frame is delivered to."""
        return self.directory / self.name(frame, extension)

    def __str__(self) -> str:
        return str(self.directory / self.text)


def _find_group(name: str, text: str, *, bare: bool) -> tuple[int, int, int] | None:
    """Return start, end and width of the frame number group in a file name, or None."""
    brackets = list(_BRACKET.finditer(name))
    if len(brackets) > 1:
        found = " and ".join(match[0] for match in brackets)
        raise BadInput(f"--output {shown(text)} has two frame number groups, {found}; keep one")
    if brackets:
        return brackets[0].start(), brackets[0].end(), len(brackets[0][1])
    if not bare:
        return None
    loose = [
        (m.start(), m.end(), len(m[1]) if m[1] else int(m[2].lstrip("0")[:9] or 1))
        for m in _LOOSE.finditer(name)
    ]
    if len(loose) > 1:  # "take#2_####.png": the one that pads is the frame number
        loose = [group for group in loose if group[2] > 1] or loose
    if len(loose) > 1:
        raise BadInput(
            f"--output {shown(text)} has several frame number groups; write the right one as [####]"
        )
    return loose[0] if loose else None
