"""Every output folder stands before anything is rendered, and none outside the job's roots."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stmpo.deadline.folders import folder_under, main
from stmpo.deadline.naming import literal
from stmpo.errors import BadInput


def test_every_folder_of_every_item_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = tmp_path / "one, two", tmp_path / "other"
    names = [
        "f_[####].png",
        "a, b/c/f_[####].png",
        "größe/映像/x.mov",
        literal("{{x}}/f.png"),
    ]
    wanted = [text for name in names for text in ("--output", str(one), name)]
    assert main([*wanted, "--output", str(other), "_"]) == 0
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")} == {
        *("one, two", "one, two/a, b", "one, two/a, b/c", "one, two/größe", "one, two/größe/映像"),
        *("one, two/{{x}}", "other"),
    }
    assert all(line.startswith("output folder: ") for line in capsys.readouterr().out.splitlines())


@pytest.mark.skipif(os.name == "nt", reason="no folder has such a name there")
def test_a_folders_name_does_not_speak_to_the_session(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--output", str(tmp_path), "openjd_fail: x\nopenjd_fail: y/f.png"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("output folder: ")


def test_they_may_be_there_already(tmp_path: Path) -> None:
    for _ in range(2):
        assert main(["--output", str(tmp_path), "a/f.png"]) == 0


@pytest.mark.parametrize(
    "name", ["../f.png", "a/../../f.png", "/etc/f.png", "C:\\x\\f.png", "..\\f.png", "", "\\f"]
)
def test_a_file_outside_its_root_is_refused_and_nothing_is_made(tmp_path: Path, name: str) -> None:
    root = tmp_path / "root"
    with pytest.raises(BadInput, match="does not lie inside the job's output folder"):
        main(["--output", str(root), "fine/f.png", "--output", str(root), name])
    assert not root.exists()


def test_a_link_that_leads_away_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(BadInput, match="leads out of the job's output folder"):
        main(["--output", str(root), "link/away/f.png"])
    assert not (tmp_path / "away").exists()


def test_a_root_may_be_a_link_itself(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "root").symlink_to(tmp_path / "real")
    assert folder_under(tmp_path / "root", "a/f.png") == tmp_path / "root" / "a"


def test_a_root_that_is_not_absolute_is_refused() -> None:
    with pytest.raises(BadInput, match="choose a folder for the job"):
        folder_under(Path(), "f.png")


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(BadInput, match="cannot be made"):
        main(["--output", str(tmp_path), "a/f.png"])


@pytest.mark.parametrize("arguments", [[], ["--output", "/a"], ["--root", "/a", "b"], ["/a", "b", "c"]])
def test_other_arguments_are_refused(arguments: list[str]) -> None:
    with pytest.raises(BadInput, match="wrong arguments"):
        main(arguments)
