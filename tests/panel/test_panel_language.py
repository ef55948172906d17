"""The panel's files are ECMAScript 3 as ExtendScript reads it, known to After Effects' types, and small."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.panel.panel_host import ENTRY, HERE, NO_MODULES, NO_NODE, NODE, PARTS

if TYPE_CHECKING:
    from pathlib import Path

MODULES = HERE / "node_modules"
AFTER_EFFECTS = MODULES / "types-for-adobe" / "AfterEffects" / "26.0" / "index.d.ts"

needs_npm = pytest.mark.skipif(
    NODE is None or not AFTER_EFFECTS.is_file(), reason=f"{NO_NODE} and {NO_MODULES}"
)

FAULTS = {
    "var a = b && c || d;": "&& and ||",
    "var a = b ? c : d ? e : f;": "a conditional in a conditional",
    "a.default = 1;": "reserved word",
    "var a = {class: 1};": "",
    "String.prototype.trim = f;": "prototype",
    "var a = [1, 2,];": "a comma at the end",
    "let b = 1;": "",
    "var a = b.trim();": "came after ES3",
    "var a = JSON.parse(b);": "came after ES3",
    "var a = /(?=b)/;": "lookaround",
    "if (a) { function b() {} }": "a function declared in a block",
    "var a = 'é';": "not ASCII",
    "var a = (b) => b;": "",
}


@needs_npm
@pytest.mark.parametrize(("code", "said"), FAULTS.items())
def test_what_extendscript_misreads_is_found(tmp_path: Path, code: str, said: str) -> None:
    """The checker below really sees what it is there for."""
    path = tmp_path / "bad.js"
    path.write_text(f"function f() {{}}\n{code}\n", encoding="utf-8")
    done = _node(HERE / "language.js", path)
    assert done.returncode == 1
    assert said in done.stdout


@needs_npm
def test_every_file_is_what_extendscript_reads() -> None:
    done = _node(HERE / "language.js", ENTRY, *PARTS)
    assert done.stdout == ""
    assert done.returncode == 0


@needs_npm
def test_every_file_is_known_to_after_effects_types(tmp_path: Path) -> None:
    """TypeScript's checker over all parts at once, with After Effects 26's objects and no others."""
    for path in (*PARTS, ENTRY):
        shutil.copyfile(path, tmp_path / f"{path.stem}.js")
    names = [f"{path.stem}.js" for path in (*_in_order(), ENTRY)]
    options = {
        **dict.fromkeys(("allowJs", "checkJs", "noEmit", "noLib", "noFallthroughCasesInSwitch"), True),
        "target": "ES5",
        "types": [],
        "moduleDetection": "legacy",
    }
    config = {"compilerOptions": options, "files": [str(AFTER_EFFECTS), *names]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(config), encoding="utf-8")
    done = _node(MODULES / "typescript" / "bin" / "tsc", "-p", tmp_path)
    assert done.stdout == ""


def test_the_entry_includes_every_part_once() -> None:
    assert sorted(_in_order()) == PARTS


def test_the_panel_stays_small() -> None:
    """Every file that is the panel: parts, entry, scripts, declarations."""
    files = [ENTRY, *(path for path in PARTS[0].parent.iterdir() if path.is_file())]
    lines = {path.name: len(path.read_text(encoding="ascii").splitlines()) for path in files}
    assert max(lines.values()) <= 300
    assert sum(lines.values()) < 2300, lines


@pytest.mark.parametrize("path", PARTS, ids=lambda path: path.name)
def test_every_part_opens_with_its_model(path: Path) -> None:
    head = path.read_text(encoding="ascii").partition("*/")[0]
    assert head.startswith("/* ")
    assert len(head.split()) > 30


def _in_order() -> list[Path]:
    included = re.findall(r'^//@include "(.+)"$', ENTRY.read_text(encoding="ascii"), re.MULTILINE)
    return [ENTRY.parent / name for name in included]


def _node(*arguments: Path | str) -> subprocess.CompletedProcess[str]:
    assert NODE is not None
    return subprocess.run(
        [NODE, *map(str, arguments)], capture_output=True, encoding="utf-8", timeout=60, check=False
    )
