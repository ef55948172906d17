"""A check that the output module writes what was asked for: a sequence, or a single file.

After Effects forces the extension of the module's format, whatever `-output` asks for. It ships no PNG or
EXR template, so a new user's first render often writes a movie instead of a sequence. The header tells
before the first frame: "Output To" shows the real path, and the line after it the format. Both are found in
every language of After Effects, since the path begins with the folder that was asked for.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from stmpo.model.output_pattern import SINGLE_FILE_EXTENSIONS
from stmpo.renderers.protocol import Finding, FindingKind, Meaning

NAME = "wrong-output-kind"
"""The name of the finding, as in the catalogue of lines."""

_HEADER = re.compile(r"PROGRESS:\s+(?P<key>[^:\uff1a]{1,60}?)\s?[:\uff1a]\s*(?P<value>.*\S)\s*")
_GROUP = re.compile(r"\[#+\]")

SEQUENCE_ADVICE = (
    'The output module writes one file: choose a template that writes a sequence with --om-template ("TIFF Sequence with '
    'Alpha", "Photoshop", or one of your own), or an --output of that kind.'
)
SINGLE_ADVICE = (
    'The output module writes a sequence: choose a template that writes a movie with --om-template ("High Quality", '
    '"H.264 - Match Render Settings - 15 Mbps"), or an --output with [####] in its name.'
)


class OutputKindCheck:
    """Reads the header of one renderer. Create one per start, with the path that its `-output` names."""

    def __init__(self, asked: str) -> None:
        path = _normal(asked)
        self._folder = path.rpartition("/")[0] + "/"
        self._asked_single = _is_single(path)
        self._template = ""
        self._written: str | None = None
        self._done = False

    def read(self, line: str) -> Finding | None:
        """Return a finding once the header shows the wrong kind; None for every other line."""
        header = None if self._done else _HEADER.fullmatch(line.strip())
        if header is None:
            return None
        value = header["value"]
        if self._written is not None:  # the line after the path is the format
            self._done = True
            return self._finding(value)
        path = _normal(value)
        if header["key"].casefold() != "output to" and not path.startswith(self._folder):
            self._template = value  # the line before the path is the template
            return None
        single = _is_single(path)
        self._done = None in {single, self._asked_single} or single == self._asked_single
        self._written = value
        return None

    def _finding(self, image_format: str) -> Finding:
        name = re.split(r"[\\/]", self._written or "")[-1]
        kinds = ("a sequence", "one file") if self._asked_single else ("one file", "a sequence")
        module = f'output module "{self._template}"' if self._template else "the output module"
        words = f"{module} writes {image_format}: {kinds[0]} ({name}), and {kinds[1]} is asked for"
        advice = SINGLE_ADVICE if self._asked_single else SEQUENCE_ADVICE
        return Finding(NAME, Meaning.HOPELESS, words, advice, FindingKind.WRONG_OUTPUT_KIND, launches=1)


def _normal(path: str) -> str:
    return path.strip().strip('"').replace("\\", "/").removeprefix("//?/").casefold()


def _is_single(path: str) -> bool | None:
    """Return whether a path is a single file's, or None if neither its extension nor its name tells."""
    suffix = PurePosixPath(path).suffix
    if suffix in SINGLE_FILE_EXTENSIONS:
        return True
    return False if _GROUP.search(path) else None
