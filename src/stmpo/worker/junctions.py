r"""Short paths through junctions on Windows workers: `DEADLINE_JUNCTIONS`.

A queue environment may create a junction for each asset root, because After Effects opens no path of more
than 259 characters, and name a file of rules in the variable:

    {"version": "pathmapping-1.0", "path_mapping_rules": [
        {"source_path": "C:\\...\\assetroot-0123", "destination_path": "C:\\j\\1"}]}

The rules are those of AWS' own script for After Effects. Roots are compared by path segment, without case and
in one Unicode form; the deepest root wins; the rest of the path stays as it is written. A rule whose junction
does not exist is left out with a warning. A file that cannot be read fails the task, because the original
paths are too long.

Footage follows the project: After Effects looks for it at its place relative to the project.
"""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from typing import TYPE_CHECKING, Any

from stmpo.model.errors import BadInput
from stmpo.model.text import one_line
from stmpo.worker.openjd_session import write_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VARIABLE = "DEADLINE_JUNCTIONS"

MAX_FILE_BYTES = 1 << 20
"""Most bytes of a file of rules. A job has at most ten asset roots."""

Rules = list[tuple[str, str]]
"""Pairs of an asset root and its junction."""


def junction_rules(environ: Mapping[str, str], *, windows: bool = sys.platform == "win32") -> Rules:
    """Return the rules for this worker; none if the variable is not set, and on other systems.

    Raises:
        BadInput: the variable names something else than a file of rules.
    """
    path = environ.get(VARIABLE, "")
    if not path or not windows:
        return []
    rules = _read(path)
    if not rules:
        write_line(f"warning: {VARIABLE}: {one_line(path)} has no rules; paths stay as they are")
    valid = []
    for root, junction in rules:
        if os.path.isdir(junction):  # noqa: PTH112 - text, which may not be a path of this system
            valid.append((root, junction))
        else:
            write_line(
                f"warning: {VARIABLE}: the junction {one_line(junction)} does not exist; paths below {one_line(root)} "
                "stay as they are"
            )
    return valid


def through_junctions(path: str, rules: Rules) -> str:
    r"""Return a path through the junction of its asset root; a path outside all of them stays as it is.

    >>> through_junctions(r"C:\long\assetroot\a.aep", [(r"c:\LONG\assetroot", r"C:\j")])
    'C:\\j\\a.aep'
    """
    parts = _parts(path)
    keys = list(map(_key, parts))
    for root, junction in sorted(rules, key=lambda rule: len(_parts(rule[0])), reverse=True):
        wanted = list(map(_key, _parts(root)))
        if keys[: len(wanted)] == wanted:
            return "\\".join([junction.rstrip("\\/"), *parts[len(wanted) :]])
    return path


def _read(path: str) -> Rules:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - text, as the variable gives it
            document: Any = json.loads(file.read(MAX_FILE_BYTES).decode("utf-8"))
        if document == {}:  # the format's way to say that there are no rules
            return []
        rules = [(rule["source_path"], rule["destination_path"]) for rule in document["path_mapping_rules"]]
    except OSError as error:
        reason = error.strerror or str(error)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        reason = f"it is not in the format pathmapping-1.0 ({type(error).__name__}: {error})"
    else:
        if all(isinstance(text, str) and text for rule in rules for text in rule):
            return rules
        reason = "it is not in the format pathmapping-1.0 (a path in it is no text)"
    raise BadInput(
        f"{VARIABLE}: {one_line(path)} cannot be used: {one_line(reason)}; correct the queue environment that sets it"
    )


def _parts(path: str) -> Sequence[str]:
    return path.replace("/", "\\").rstrip("\\").split("\\")


def _key(part: str) -> str:
    return unicodedata.normalize("NFC", part).lower()
