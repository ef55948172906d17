"""Short paths through junctions, by the rules of AWS' own script and with its refusals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from stmpo.model.errors import BadInput
from stmpo.worker.junctions import VARIABLE, junction_rules, through_junctions

if TYPE_CHECKING:
    from pathlib import Path

ROOT = r"C:\ProgramData\Amazon\OpenJD\abcdefgh\assetroot-0123456789abcdef0123"


def file_of(folder: Path, document: Any) -> dict[str, str]:
    """An environment whose variable names a file with this content."""
    path = folder / "rules.json"
    text = document if isinstance(document, str) else json.dumps(document)
    path.write_text(text, encoding="utf-8")
    return {VARIABLE: str(path)}


def document(*rules: tuple[str, str]) -> dict[str, Any]:
    """A file of rules as the queue environment writes it."""
    made = [
        {"source_path": root, "destination_path": junction, "source_path_format": "WINDOWS"}
        for root, junction in rules
    ]
    return {"version": "pathmapping-1.0", "path_mapping_rules": made}


@pytest.mark.parametrize(
    ("path", "mapped"),
    [
        (rf"{ROOT}\show\a.aep", r"C:\j\1\show\a.aep"),
        (rf"{ROOT.upper()}\Show\A.aep", r"C:\j\1\Show\A.aep"),
        (rf"{ROOT}\deep\er\a.aep", r"C:\j\2\a.aep"),
        (rf"{ROOT}\deeper\a.aep", r"C:\j\1\deeper\a.aep"),
        (f"{ROOT}/show/u\u0308.aep", "C:\\j\\1\\show\\u\u0308.aep"),
        (ROOT, r"C:\j\1"),
        (rf"{ROOT}x\a.aep", rf"{ROOT}x\a.aep"),
        (r"\\nas\show\a.aep", r"\\nas\show\a.aep"),
    ],
)
def test_the_deepest_root_wins_by_segment_and_the_rest_stays_as_written(path: str, mapped: str) -> None:
    rules = [(ROOT, "C:\\j\\1\\"), (rf"{ROOT}\Deep\er", r"C:\j\2")]
    assert through_junctions(path, rules) == mapped


def test_roots_are_compared_in_one_unicode_form() -> None:
    assert through_junctions("C:\\gro\u0308\u00dfe\\a", [("C:\\GR\u00d6\u00dfE", "C:\\j")]) == "C:\\j\\a"


def test_a_rule_without_its_junction_is_left_out_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = file_of(tmp_path, document((ROOT, str(tmp_path)), ("C:\\b", str(tmp_path / "gone"))))
    assert junction_rules(environ, windows=True) == [(ROOT, str(tmp_path))]
    assert f"the junction {tmp_path / 'gone'} does not exist" in capsys.readouterr().out


def test_other_systems_and_an_unset_variable_have_no_rules(tmp_path: Path) -> None:
    assert junction_rules({}, windows=True) == []
    assert junction_rules(file_of(tmp_path, "{"), windows=False) == []


def test_a_file_without_rules_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert junction_rules(file_of(tmp_path, {}), windows=True) == []
    assert "has no rules" in capsys.readouterr().out


@pytest.mark.parametrize(
    "broken",
    ["", "{", "[]", "[" * 100_000, '{"path_mapping_rules": 3}', '{"path_mapping_rules": [{"source_path": "C:\\\\a"}]}',
     '{"path_mapping_rules": [{"source_path": 3, "destination_path": "C:\\\\j"}]}', "\ud800"[:0] + "nul\x00"],
)  # fmt: skip
def test_a_file_of_another_form_fails_the_task_in_one_line(tmp_path: Path, broken: str) -> None:
    with pytest.raises(BadInput, match=f"{VARIABLE}: .* cannot be used") as refusal:
        junction_rules(file_of(tmp_path, broken), windows=True)
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_not_there_fails_the_task(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        junction_rules({VARIABLE: str(tmp_path / "gone.json")}, windows=True)
