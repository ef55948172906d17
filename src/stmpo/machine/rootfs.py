"""The files of a Linux system under any folder: `/` for the live machine, otherwise a snapshot of another
one.

A file that is missing, unreadable or malformed reads as None: kernels differ in their files, containers hide
parts of `/sys`, and a snapshot holds what somebody copied. The caller decides how to go on without it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from stmpo.machine.cpulist import parse_list, parse_mask

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_T = TypeVar("_T")

LONGEST_READ = 1 << 22
"""Bytes. `/proc/cpuinfo` of a large machine has 400 kB; no file read here has more than a few megabytes."""


@dataclass(frozen=True, slots=True)
class RootFolder:
    """Reads system files below `path`; names are those on the machine itself, with or without a leading
    `/`.
    """

    path: Path

    def at(self, name: str) -> Path:
        """Return the path of the machine's file of that name."""
        return self.path / name.lstrip("/")

    def text(self, name: str) -> str | None:
        """Return the file's text up to the first NUL, without surrounding blanks.

        Some kernels (a 5.15 was seen) end the lists of `/sys` in a NUL.
        """
        try:
            # Plain os.path and unbuffered: a large machine has thousands of these files, and they are tiny.
            with open(os.path.join(self.path, name.lstrip("/")), "rb", buffering=0) as file:  # noqa: PTH118, PTH123
                return (file.read(LONGEST_READ) or b"").decode("utf-8", "replace").partition("\0")[0].strip()
        except (OSError, ValueError):
            return None

    def number(self, name: str) -> int | None:
        """Return the file's text as one whole number."""
        return self._parsed(name, int)

    def cpu_list(self, name: str) -> frozenset[int] | None:
        """Return the file's text as a kernel list, `0-3,8`. An empty file is an empty set."""
        return self._parsed(name, parse_list)

    def cpu_set(self, *names: str) -> frozenset[int] | None:
        """Return the set in the first readable one of these files: a list if its name ends in `list`,
        otherwise a mask.
        """
        for name in names:
            found = self._parsed(name, parse_list if name.endswith("list") else parse_mask)
            if found is not None:
                return found
        return None

    def numbered(self, folder: str, prefix: str) -> list[int]:
        """Return the numbers of the folder's entries that are called `prefix` and a number, sorted."""
        try:
            names = os.listdir(self.at(folder))  # noqa: PTH208 - as above
        except OSError:
            return []
        tails = (name.removeprefix(prefix) for name in names if name.startswith(prefix))
        return sorted(int(tail) for tail in tails if tail.isascii() and tail.isdigit() and len(tail) < 9)

    def _parsed(self, name: str, parse: Callable[[str], _T]) -> _T | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            return parse(text)
        except ValueError:
            return None
