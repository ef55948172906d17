"""Every output folder stands before anything is rendered, and none outside the job's roots."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.deadline.output_roots import PlacedOutput
from stmpo.deadline.template import _folder_list
from stmpo.model.errors import BadInput
from stmpo.model.literals import literal
from stmpo.worker.output_folders import checked_folder, main, read_folder_list


def make(folder: Path, text: str) -> int:
    """Run the script with this list."""
    path = folder / "folders.txt"
    path.write_text(text, encoding="utf-8")
    try:
        return main([str(path)])
    finally:
        path.unlink()


def test_every_folder_of_every_item_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = tmp_path / "one, two", tmp_path / "other"
    names = [
        "f_[####].png",
        "a, b/c/f_[####].png",
        "größe/映像/x.mov",
        literal("{{x}}/f.png"),
    ]
    lines = "".join(f" {name}\n" for name in names)
    assert make(tmp_path, f"{one}\n{lines}{other}\n _\n") == 0
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")} == {
        *("one, two", "one, two/a, b", "one, two/a, b/c", "one, two/größe", "one, two/größe/映像"),
        *("one, two/{{x}}", "other"),
    }
    assert all(line.startswith("output folder: ") for line in capsys.readouterr().out.splitlines())


ODD = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\\\0:"), min_size=1, max_size=12
).filter(lambda name: name not in {".", ".."})


@given(st.lists(st.tuples(st.integers(0, 3), st.lists(ODD, max_size=3)), min_size=1, max_size=20))
def test_the_list_that_a_template_carries_says_what_was_meant(folders: list[tuple[int, list[str]]]) -> None:
    """Names may hold quotes, commas, line ends, leading blanks and any script."""
    places = [PlacedOutput(f"OutputDir{root}", "/".join([*parts, "f.png"])) for root, parts in folders]
    text = _folder_list(places)
    for root in range(4):
        text = text.replace(f"{{{{Param.OutputDir{root}}}}}", f"/out/{root}")
    said = {(root, name.rpartition("/")[0]) for root, name in read_folder_list(text)}
    assert said == {(f"/out/{root}", "/".join(parts)) for root, parts in folders}


@pytest.mark.skipif(os.name == "nt", reason="no folder has such a name there")
def test_a_folders_name_does_not_speak_to_the_session(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        make(tmp_path, f"{tmp_path}\n {literal('openjd_fail: x' + chr(10) + 'openjd_fail: y/f.png')}\n") == 0
    )
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("output folder: ")


def test_they_may_be_there_already(tmp_path: Path) -> None:
    for _ in range(2):
        assert make(tmp_path, f"{tmp_path}\n a/f.png") == 0


@pytest.mark.parametrize(
    "name", ["../f.png", "a/../../f.png", "/etc/f.png", "C:\\x\\f.png", "..\\f.png", "", "\\f"]
)
def test_a_file_outside_its_root_is_refused_and_nothing_is_made(tmp_path: Path, name: str) -> None:
    root = tmp_path / "root"
    with pytest.raises(BadInput, match="does not lie inside the job's output folder"):
        make(tmp_path, f"{root}\n fine/f.png\n {name}\n")
    assert not root.exists()


def test_a_link_that_leads_away_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(BadInput, match="leads out of the job's output folder"):
        make(tmp_path, f"{root}\n link/away/f.png\n")
    assert not (tmp_path / "away").exists()


def test_links_in_a_circle_are_named(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "loop").symlink_to("loop")
    with pytest.raises(BadInput, match=r"cannot be created: .*symbolic links"):
        make(tmp_path, f"{root}\n loop/further/f.png\n")


def test_a_root_may_be_a_link_itself(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "root").symlink_to(tmp_path / "real")
    assert checked_folder(tmp_path / "root", "a/f.png") == tmp_path / "root" / "a"


def test_a_root_that_is_not_absolute_is_refused() -> None:
    with pytest.raises(BadInput, match="choose a folder for the job"):
        checked_folder(Path(), "f.png")


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(BadInput, match="cannot be created"):
        make(tmp_path, f"{tmp_path}\n a/f.png\n")


@pytest.mark.parametrize("arguments", [[], ["a", "b"]])
def test_other_arguments_are_refused(arguments: list[str]) -> None:
    with pytest.raises(BadInput, match="wrong arguments"):
        main(arguments)


@pytest.mark.parametrize("text", ["", "\n", "/out\n", " a/f.png\n", " a/f.png\n/out\n"])
def test_a_list_without_a_folder_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput, match="names none"):
        make(tmp_path, text)


def test_a_list_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        main([str(tmp_path / "gone.txt")])
