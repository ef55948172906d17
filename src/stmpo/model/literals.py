"""Literals inside OpenJD format strings: write them, read them back."""

from __future__ import annotations

import json
import re

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


_NEEDS_JSON = re.compile(r'^"|\{\{|\}\}|' + CONTROL.pattern)


def literal(text: str) -> str:
    """This text as an argument in a template, whatever it holds."""
    if not _NEEDS_JSON.search(text):
        return text
    return json.dumps(text).replace("{", "\\u007b").replace("}", "\\u007d").replace("\x7f", "\\u007f")


def plain(argument: str) -> str:
    """The text that `literal` was given. What only looks like such a literal is left as it is."""
    if argument.startswith('"'):
        try:
            text = json.loads(argument)
        except ValueError:
            return argument
        return text if isinstance(text, str) else argument
    return argument
