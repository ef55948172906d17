"""A renderer that does its work as the fake aerender, and then something that no renderer should do to its
files.

`STMPO_TEST_MISCHIEF` names one of the functions below, which are given the frames' files and the folder that
they are in; it is done once in a run, by whoever comes first, while the run looks on.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

FAKE = Path(__file__).resolve().parents[2] / "src" / "stmpo" / "testing" / "fake_aerender.py"
VARIABLE = "STMPO_TEST_MISCHIEF"
LONG = 600.0
"""Seconds that what it leaves behind would live."""


def links(frames: list[Path], folder: Path) -> None:
    """Each frame is a link to its file."""
    for frame in frames:
        frame.symlink_to(frame.rename(folder / f"real-{frame.name}"))


def other_names(frames: list[Path], folder: Path) -> None:
    """Each frame has a second name."""
    for frame in frames:
        (folder / f"second-{frame.name}").hardlink_to(frame)


def pipes(frames: list[Path], _: Path) -> None:
    """A pipe in each frame's place: whoever opens it waits."""
    for frame in frames:
        frame.unlink()
        os.mkfifo(frame)


def folders(frames: list[Path], _: Path) -> None:
    """A folder in each frame's place."""
    for frame in frames:
        frame.unlink()
        (frame / "inside").mkdir(parents=True)


def unreadable(frames: list[Path], _: Path) -> None:
    """Frames that nobody may read."""
    for frame in frames:
        frame.chmod(0)


def odd_names(_: list[Path], folder: Path) -> None:
    """Files beside the frames whose names are no text."""
    for name in (b"frame_\xff\xfe00005.png", b"frame_00005\xff.png", b"\x1b[31m\n.png"):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(b"x")


def taken_away(frames: list[Path], _: Path) -> None:
    """All frames but the last are deleted again."""
    for frame in frames[:-1]:
        frame.unlink()


def cut_late(frames: list[Path], _: Path) -> None:
    """Frames are cut after they have been left alone for as long as trust takes."""
    time.sleep(2.3)
    for frame in frames:
        if frame.exists():
            os.truncate(frame, 20)
    time.sleep(2.0)


def locked(_: list[Path], folder: Path) -> None:
    """Nobody may look into the folder."""
    folder.chmod(0)
    time.sleep(3.0)


def write_protected(_: list[Path], folder: Path) -> None:
    """Nothing may be removed from the folder, or from one inside it."""
    (folder / "inside" / "further").mkdir(parents=True)
    for each in (folder / "inside" / "further", folder / "inside", folder):
        each.chmod(0o555)
    time.sleep(1.5)


def no_folder(_: list[Path], folder: Path) -> None:
    """The folder is gone."""
    shutil.rmtree(folder)
    time.sleep(1.5)


def a_file_for_a_folder(_: list[Path], folder: Path) -> None:
    """A file stands where the folder was."""
    shutil.rmtree(folder)
    folder.write_bytes(b"x")
    time.sleep(1.5)


def a_link_for_a_folder(_: list[Path], folder: Path) -> None:
    """The folder has moved, and a link leads there."""
    moved = folder.rename(folder.with_name("moved"))
    folder.symlink_to(moved)
    time.sleep(1.5)


def no_scratch(_: list[Path], folder: Path) -> None:
    """All that the run keeps in scratch is gone, and scratch with it."""
    shutil.rmtree(folder.parents[1])
    time.sleep(1.5)


def deep(__: list[Path], folder: Path) -> None:
    """Folders in folders, deeper than a path is long."""
    os.chdir(folder)
    for _ in range(40):
        os.mkdir("x" * 250)  # noqa: PTH102 - no path is that long
        os.chdir("x" * 250)


def a_daemon(_: list[Path], __: Path) -> None:
    """Leaves its session, its parent and its signals."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            _stay()
        os._exit(0)


def many(__: list[Path], ___: Path) -> None:
    """A hundred children that ignore signals."""
    for _ in range(100):
        if os.fork() == 0:
            _stay()


def reborn(_: list[Path], __: Path) -> None:
    """Whoever asks it to end is answered by one more of it."""
    signal.signal(signal.SIGTERM, lambda *_: os.fork())
    while True:
        time.sleep(LONG)


def signals_above(_: list[Path], __: Path) -> None:
    """Signals whoever started it."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGKILL):
        os.kill(os.getppid(), number)


def stops_above(_: list[Path], __: Path) -> None:
    """Stops whoever started it, so that nobody takes note of its end."""
    os.kill(os.getppid(), signal.SIGSTOP)


def silent(_: list[Path], __: Path) -> None:
    """Closes its output, and takes its time to end."""
    for descriptor in (1, 2):
        os.close(descriptor)
    time.sleep(1.5)


def endless(_: list[Path], __: Path) -> None:
    """Prints, without an end and without the end of a line."""
    while True:
        os.write(1, b"x" * 4096)
        time.sleep(0.001)


def _stay() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    time.sleep(LONG)
    os._exit(0)


def _first(once: Path) -> bool:
    try:
        once.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def main() -> int:
    """The fake, and what comes after it."""
    arguments = sys.argv[1:]
    if "-output" not in arguments:
        return subprocess.run([sys.executable, FAKE, *arguments], check=False).returncode
    folder = Path(arguments[arguments.index("-output") + 1]).parent
    name, _, once = os.environ.get(VARIABLE, "").partition(":")
    strikes = bool(name) and _first(Path(once))
    code = subprocess.run([sys.executable, FAKE, *arguments], check=False).returncode
    if strikes:
        globals()[name](sorted(folder.glob("frame_*.png")), folder)
    return code


if __name__ == "__main__":
    sys.exit(main())
