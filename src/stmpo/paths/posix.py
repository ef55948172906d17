"""Linux and macOS: every name is a file's, and the file system says by itself what is too long for it."""

from __future__ import annotations


def refusal(path: str) -> str | None:  # noqa: ARG001 - every system's has the same parameters
    """Why no file can be called so, as the end of a sentence; None where one can."""
    return None


def fits(folder: str, longest_name: int) -> bool:  # noqa: ARG001
    """Whether programs can open a file with a name of that many characters in this folder (absolute)."""
    return True


def reachable(folder: str, longest_name: int) -> str:  # noqa: ARG001
    """The folder (absolute) in a form in which this program can open files with names of that many characters."""
    return folder
