r"""Places for frames on Windows: drives, network paths, deep folders, files that a program has open.

Wine opens deep paths without the `\\?\` prefix as well. These tests show that the prefix works, not that
Windows needs it.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stmpo.testing import frame_stamp
from tests.engine.studio import wait_for

if TYPE_CHECKING:
    from tests.windows.conftest import WindowsStudio


def only_on_windows() -> None:
    """Skip this file elsewhere."""
    if sys.platform != "win32":
        pytest.skip("needs Windows; elsewhere test_windows_under_wine.py runs this", allow_module_level=True)


only_on_windows()
assert sys.platform == "win32"

TWO = ("--frames", "1-2", "--concurrency", "1")
GENERIC_READ, SHARE_READ, OPEN_EXISTING = 0x80000000, 0x1, 3


def delivered(folder: Path | str) -> list[int]:
    """The frames in a folder, by what their pictures show."""
    return sorted(frame_stamp(path) for path in Path(folder).glob("f_*.png"))


class TestPaths:
    """Folders of every form."""

    @pytest.mark.parametrize("prefix", ["", "\\\\?\\"], ids=["plain", "extended"])
    def test_a_network_path(self, studio: WindowsStudio, share: str, prefix: str) -> None:
        folder = f"\\\\?\\UNC\\{share[2:]}" if prefix else share
        outcome = studio.render(*TWO, "--output", f"{folder}\\new\\f_[####].png")
        assert outcome.code == 0, outcome.output
        assert delivered(share + "\\new") == [1, 2]

    def test_the_current_folder_of_a_drive(self, studio: WindowsStudio) -> None:
        drive = studio.folder.drive
        outcome = studio.render(*TWO, "--output", f"{drive}f_[####].png")
        assert outcome.code == 0, outcome.output
        assert delivered(studio.folder) == [1, 2]

    def test_a_folder_from_the_root_with_slashes(self, studio: WindowsStudio) -> None:
        rest = studio.folder.as_posix()[len(studio.folder.drive) :]
        outcome = studio.render(*TWO, "--output", f"{rest}/b/./f_[####].png")
        assert outcome.code == 0, outcome.output
        assert delivered(studio.folder / "b") == [1, 2]

    def test_a_folder_deeper_than_260_characters_and_resuming_there(self, studio: WindowsStudio) -> None:
        folder = studio.folder.joinpath(*[f"{n}{'d' * 45}" for n in range(6)])
        assert len(str(folder)) > 300
        outcome = studio.render(*TWO, "--output", str(folder / "f_[####].png"))
        assert outcome.code == 0, outcome.output
        assert f"to \\\\?\\{folder}\\f_[####].png" in outcome.output
        deep = Path(f"\\\\?\\{folder}")
        assert delivered(deep) == [1, 2]
        assert len(list(deep.iterdir())) == 3, "the frames and the journal"
        (deep / "f_0002.png").unlink()
        again = studio.render(*TWO, "--output", str(folder / "f_[####].png"))
        assert again.code == 0, again.output
        assert "(1 were there already)" in again.output or "(1 was there already)" in again.output
        assert delivered(deep) == [1, 2]

    def test_scratch_too_deep_for_after_effects_is_refused(self, studio: WindowsStudio) -> None:
        deep = studio.folder.joinpath(*["d" * 45] * 5)
        outcome = studio.render(*TWO, "--scratch-dir", str(deep))
        assert outcome.code == 2
        assert "too long for After Effects" in outcome.output
        assert not deep.parents[3].exists()

    @pytest.mark.parametrize(
        "name",
        ["nul\\f_[####].png", "aux.png", "f.png ", "f.png:stream", "COM[#].png"],
    )
    def test_names_that_windows_would_change_are_refused_in_one_line(
        self, studio: WindowsStudio, name: str
    ) -> None:
        outcome = studio.render(*TWO, output=name)
        assert outcome.code == 2
        (line,) = outcome.output.splitlines()
        assert line.startswith("stmpo: --output")
        assert "Windows" in line
        assert not studio.out.exists()
        assert studio.starts() == []


class TestReaders:
    """A program has a frame open that is to be replaced."""

    def test_a_frame_is_delivered_once_its_reader_lets_go(self, studio: WindowsStudio) -> None:
        stale = studio.out / "f_0002.png"
        studio.out.mkdir()
        stale.write_bytes(b"last week's frame")
        kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel32.CreateFileW.restype = ctypes.c_void_p
        reader = ctypes.c_void_p(
            kernel32.CreateFileW(str(stale), GENERIC_READ, SHARE_READ, None, OPEN_EXISTING, 0, None)
        )
        try:
            run = studio.start("--frames", "1-3", "--concurrency", "1")
            wait_for(lambda: len(list(studio.out.glob("f_*.png"))) == 3, "the frames beside it")
            wait_for(lambda: "3 of 3" not in studio.log and _was_tried(studio), "a try at the frame")
            assert run.poll() is None
        finally:
            kernel32.CloseHandle(reader)
        assert run.wait(timeout=60) == 0, studio.log
        assert studio.frames() == [1, 2, 3]
        assert studio.strangers() == []
        assert len(studio.starts()) == 1, "nothing was rendered twice"


def _was_tried(studio: WindowsStudio) -> bool:
    """Frame 2 was tried: frame 3, which is delivered after it, is there, and scratch holds only frame 2."""
    return [path.name for path in studio.scratch_files()] == ["frame_00002.png"] and os.path.lexists(
        studio.out / "f_0003.png"
    )
