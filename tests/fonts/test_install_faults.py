"""What goes wrong on a worker: full disks, odd homes, planted links, books that somebody else has written."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stmpo.fonts.install.platform import this_system
from stmpo.fonts.install.protocol import NoHome
from tests.fonts.font_user import FontUser
from tests.fonts.foundry import face

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a user of Linux; tests/windows has its own")


@pytest.fixture
def user(tmp_path: Path) -> FontUser:
    return FontUser(tmp_path, tools=False)


class TestFullDisk:
    """No room for anything, from one instant on."""

    @pytest.fixture
    def fill(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
        """From the n-th file that is written through on, there is no room."""
        written = 0
        sync = os.fsync

        def fill(after: int) -> None:
            def fsync(descriptor: int) -> None:
                nonlocal written
                written += 1
                if written > after:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                sync(descriptor)

            monkeypatch.setattr(os, "fsync", fsync)

        return fill

    def test_what_is_installed_goes_all_the_same(self, user: FontUser, fill: Callable[[int], None]) -> None:
        user.install(user.job("job", {"New": "a.ttf", "Too": "b.ttf"}, a_ttf=face("New"), b_ttf=face("Too")))
        fill(0)
        assert len(user.remove().removed) == 2
        assert user.everything() == {}

    def test_a_font_for_which_there_is_no_room_is_named_and_leaves_nothing(
        self, user: FontUser, fill: Callable[[int], None]
    ) -> None:
        fill(2)  # the session and what it is about to do are written down, and then the font
        with pytest.raises(OSError, match="No space left"):
            user.install(user.job("job", {"New": "a.ttf"}, a_ttf=face("New")))
        assert not [path for path in user.everything() if path.endswith((".ttf", ".part", ".new"))]
        assert user.remove().locked == []
        assert user.everything() == {}

    @pytest.mark.parametrize("after", range(8))
    def test_whenever_it_comes_nothing_stays(
        self, user: FontUser, fill: Callable[[int], None], after: int
    ) -> None:
        fill(after)
        wanted = user.job("job", {"New": "a.ttf", "Too": "b.ttf"}, a_ttf=face("New"), b_ttf=face("Too"))
        try:
            user.install(wanted)
        except OSError as error:
            assert error.errno == errno.ENOSPC  # noqa: PT017 - from some instant on there is none
        user.remove()
        assert user.everything() == {}


class TestFailedPlacing:
    """What could not be put there is not said to have been removed."""

    def test_a_fonts_folder_that_leads_nowhere(self, user: FontUser) -> None:
        user.system.folder.parent.mkdir(parents=True)
        user.system.folder.symlink_to("/nowhere/at/all")
        report = user.install(user.job("job", {"New": "a.ttf"}, a_ttf=face("New")))
        assert report.refused == {"New": "File exists"}
        assert user.remove().removed == []
        assert not user.system.state.exists()

    def test_a_link_where_the_file_is_written_first_is_not_followed(self, user: FontUser) -> None:
        data = face("New")
        user.system.folder.mkdir(parents=True)
        victim = user.folder / "victim"
        victim.write_text("theirs")
        part = user.system.folder / f".stmpo-{hashlib.sha256(data).hexdigest()[:32]}.part"
        part.symlink_to(victim)
        (user.system.folder / "a.ttf").symlink_to(victim)
        report = user.install(user.job("job", {"New": "a.ttf"}, a_ttf=data))
        assert Path(report.installed["New"]).name == "a-2.ttf"
        user.remove()
        assert victim.read_text() == "theirs"
        assert (user.system.folder / "a.ttf").is_symlink()


class TestHomes:
    """Paths that are no text, and paths that lead from wherever one is."""

    def test_bytes_that_are_no_text(self, user: FontUser) -> None:
        user.home = user.folder / os.fsdecode(b"h\xe9")
        try:
            user.home.mkdir()
        except OSError:
            pytest.skip("this file system takes text alone")
        del user.environ["FONTCONFIG_FILE"]
        user.environ |= {"HOME": str(user.home), "FONTCONFIG_PATH": str(user.folder / "none")}
        user.system = this_system(user.environ)
        assert user.install(user.job("job", {"New": "a.ttf"}, a_ttf=face("New"))).missing == []
        assert len(user.remove().removed) == 1
        assert user.everything() == {}

    def test_a_relative_home_is_none(self) -> None:
        with pytest.raises(NoHome, match="HOME is not an absolute path"):
            this_system({"HOME": "home"})

    def test_a_relative_place_for_data_is_passed_over(self, user: FontUser) -> None:
        system = this_system({**user.environ, "XDG_DATA_HOME": "data", "XDG_CACHE_HOME": "cache"})
        assert system.folder == user.system.folder


class TestForeignBooks:
    """Damaged leases are set aside, and nothing is removed because of them."""

    ODD: tuple[Any, ...] = (
        None, -1, 1e999, 1e300, 10**30, "", "\0", "\ud800", "/\ud800", "/\udcff", {}, [[]], "/etc/passwd",
    )  # fmt: skip

    @pytest.mark.parametrize("odd", range(len(ODD)))
    def test_any_value_anywhere_in_it(self, user: FontUser, odd: int) -> None:
        wanted = user.job("job", {"New": "a.ttf"}, a_ttf=face("New"))
        user.install(wanted)
        path = user.system.state / "leases.json"
        whole = json.loads(path.read_text())
        for place in places(whole):
            leases = json.loads(json.dumps(whole))
            put(leases, place, self.ODD[odd])
            user.system.state.mkdir(exist_ok=True)
            path.write_text(json.dumps(leases))
            user.install((), "session-2")
            user.install(wanted, "session-3")
            assert user.remove("session-3").refused == {}
            assert Path("/etc/passwd").is_file()

    def test_half_a_character_in_a_name(self, user: FontUser) -> None:
        wanted = user.job("job", {"New": "a.ttf"}, a_ttf=face("New"))
        user.install(wanted)
        path = user.system.state / "leases.json"
        leases = json.loads(path.read_text())
        leases["sessions"] = {f"{name}\ud800": token for name, token in leases["sessions"].items()}
        path.write_text(json.dumps(leases))
        user.install((), "session-2")
        assert Path(f"{path}.damaged").is_file()

    @pytest.mark.parametrize("kind", ["a pipe", "a folder", "a link to a device", "a huge file"])
    def test_something_else_in_their_place(self, user: FontUser, kind: str) -> None:
        """Nothing waits for it, and it is set aside or refused."""
        wanted = user.job("job", {"New": "a.ttf"}, a_ttf=face("New"))
        user.install(wanted)
        path = user.system.state / "leases.json"
        path.unlink()
        if kind == "a pipe":
            os.mkfifo(path)
        elif kind == "a folder":
            path.mkdir()
        elif kind == "a link to a device":
            path.symlink_to("/dev/zero")
        else:
            with path.open("wb") as file:
                file.truncate(1 << 40)
        if kind == "a link to a device":
            with pytest.raises(OSError, match="symbolic links"):  # the worker's script says so in one line
                user.install((), "session-2")
        else:
            user.install((), "session-2")
            assert os.path.lexists(f"{path}.damaged")

    def test_a_lock_that_the_file_system_cannot_give(
        self, user: FontUser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_: int, __: int) -> None:
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr("fcntl.flock", fail)
        with pytest.raises(OSError, match="Input/output error"):
            user.install(user.job("job", {"New": "a.ttf"}, a_ttf=face("New")))


def places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in a document there is a value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    here = [above] if above and above != ("version",) else []
    return here + [place for key, below in inside for place in places(below, (*above, key))]


def put(value: Any, place: tuple[Any, ...], new: Any) -> None:
    for key in place[:-1]:
        value = value[key]
    value[place[-1]] = new
