"""Output folders as few parameters: every output lies where it was, whatever it shares."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.deadline.output_roots import MAX_ROOTS, place_outputs
from stmpo.model.errors import BadInput

PART = st.sampled_from(["a", "b", "A", "c, d", "映像", "x y"])
POSIX = st.lists(PART, min_size=1, max_size=5).map(lambda parts: "/" + "/".join(parts) + "/f_[####].png")
WINDOWS = st.tuples(
    st.sampled_from(["C:\\", "d:\\", "\\\\nas\\share\\"]), st.lists(PART, min_size=1, max_size=4)
).map(lambda made: made[0] + "\\".join(made[1]) + "\\f_[####].png")


@given(st.lists(POSIX, min_size=1, max_size=40) | st.lists(WINDOWS, min_size=1, max_size=40))
def test_root_and_rest_name_the_output_and_no_root_lies_in_another(outputs: list[str]) -> None:
    roots, placed = place_outputs(outputs)
    kind = PureWindowsPath if outputs[0][0] != "/" else PurePosixPath
    for output, place in zip(outputs, placed, strict=True):
        assert kind(roots[place.parameter]) / place.rest == kind(output)
        assert "\\" not in place.rest
    folders = [kind(root) for root in roots.values()]
    assert not [1 for one in folders for other in folders if one is not other and one.is_relative_to(other)]
    assert list(roots) == ["OutputDir", *(f"OutputDir{at}" for at in range(2, len(roots) + 1))]


@pytest.mark.parametrize(
    ("outputs", "roots"),
    [
        (["/mnt/nas/a/x.mov"], ["/mnt/nas/a"]),
        (["/mnt/nas/a/x.mov", "/mnt/nas/b/y.mov"], ["/mnt/nas"]),
        (["/mnt/nas/a/x.mov", "/mnt/other/y.mov"], ["/mnt/nas/a", "/mnt/other"]),
        (["/home/ann/x.mov", "/home/bob/x.mov"], ["/home/ann", "/home/bob"]),
        (["/out/a/x.mov", "/out/x.mov"], ["/out"]),
        (["/x.mov"], ["/"]),
        ([r"D:\a\x.mov", r"d:\A\b\x.mov"], ["D:\\a"]),
        ([r"D:\a\x.mov", r"D:\b\x.mov", r"E:\a\x.mov"], ["D:\\a", "D:\\b", "E:\\a"]),
        ([r"\\nas\s\a\p\x.mov", r"\\nas\s\a\q\x.mov", r"\\nas\t\x.mov"], [r"\\nas\s\a", "\\\\nas\\t\\"]),
    ],
)
def test_items_share_a_folder_where_it_is_a_place_of_its_own(outputs: list[str], roots: list[str]) -> None:
    """Neither a bare drive or share, nor the first folder of a POSIX system."""
    assert list(place_outputs(outputs)[0].values()) == roots


def test_forty_folders_of_one_place_are_one_parameter() -> None:
    roots, placed = place_outputs([f"/mnt/nas/show/shot{at:03}/f_[####].exr" for at in range(40)])
    assert roots == {"OutputDir": "/mnt/nas/show"}
    assert placed[7].rest == "shot007/f_[####].exr"


def test_where_there_are_more_places_than_a_job_takes_the_nearest_are_joined() -> None:
    near = [f"/mnt/n{at}/a/x.mov" for at in range(MAX_ROOTS)]
    roots, placed = place_outputs(["/home/ann/x.mov", *near])
    assert list(roots.values()) == ["/home/ann", "/mnt"]
    assert placed[1].rest == "n0/a/x.mov"
    drive = [f"D:\\p{at}\\x.mov" for at in range(MAX_ROOTS + 1)]
    assert list(place_outputs(drive)[0].values()) == ["D:\\"]


def test_more_drives_than_a_job_takes_are_refused_in_one_line() -> None:
    with pytest.raises(BadInput, match=f"lie on {MAX_ROOTS + 1} drives and shares"):
        place_outputs([rf"{chr(ord('D') + at)}:\a\x.mov" for at in range(MAX_ROOTS + 1)])


@pytest.mark.parametrize("output", ["x.mov", "a/x.mov", "C:x.mov", "/a/../x.mov", "/a/", "/", "C:\\a\\", ""])
def test_what_is_no_absolute_path_of_a_file_is_refused(output: str) -> None:
    with pytest.raises(BadInput, match="is not the absolute path of a file"):
        place_outputs([output])
