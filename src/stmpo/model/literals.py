"""Literals in OpenJD format strings: write them and read them back.

A job template replaces `{{...}}` in its strings and cannot hold control characters. A text with one of these
is written as JSON with escapes.
"""

from __future__ import annotations

import json
import re

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


_NEEDS_JSON = re.compile(r'^"|\{\{|\}\}|' + CONTROL.pattern)


def literal(text: str) -> str:
    """Return any text as an argument that a template passes on unchanged."""
    if not _NEEDS_JSON.search(text):
        return text
    return json.dumps(text).replace("{", "\\u007b").replace("}", "\\u007d").replace("\x7f", "\\u007f")


def plain(argument: str) -> str:
    """Return the text behind a literal; text that only looks like a literal stays as it is."""
    if argument.startswith('"'):
        try:
            text = json.loads(argument)
        except ValueError:
            return argument
        return text if isinstance(text, str) else argument
    return argument
