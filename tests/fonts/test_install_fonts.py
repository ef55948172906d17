"""Fonts are installed, shared by sessions, and removed, and the user's folders are then as before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess
from typing import TYPE_CHECKING

import psutil
import pytest

from stmpo.fonts import places
from stmpo.fonts.install import linux, session_liveness, user_font_folder
from stmpo.fonts.install.clean import clean
from stmpo.fonts.install.lease_store import open_leases, read_leases
from stmpo.fonts.install.leases import LeaseHolder, Stage
from stmpo.fonts.install.macos import MacOS
from stmpo.fonts.places.macos import folders as macos_folders
from stmpo.model.errors import BadInput
from tests.fonts.font_user import FONTCONFIG, FONTCONFIG_MISSING, FontUser
from tests.fonts.foundry import collection, face

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="a user of Linux; tests/windows has its own"),
    pytest.mark.skipif(not FONTCONFIG, reason=FONTCONFIG_MISSING),
]


@pytest.fixture
def user(tmp_path: Path) -> FontUser:
    return FontUser(tmp_path)


@pytest.fixture
def plain(tmp_path: Path) -> FontUser:
    """Without fontconfig's tools, which most things do not need."""
    return FontUser(tmp_path, tools=False)


def files(user: FontUser) -> list[str]:
    return sorted(path.name for path in user.system.folder.iterdir()) if user.system.folder.is_dir() else []


class TestInstalling:
    """`fc-list` is the judge."""

    def test_a_font_and_every_face_of_a_collection_are_seen_and_leave_nothing(self, user: FontUser) -> None:
        wanted = user.job(
            "job",
            {"New-Bold": "a.ttf", "CollOne": "b.ttc", "CollTwo": "b.ttc"},
            a_ttf=face("New-Bold"),
            b_ttc=collection("CollOne", "CollTwo"),
        )
        report = user.install(wanted)
        assert report.missing == []
        assert {Path(path).name for path in report.installed.values()} == {"a.ttf", "b.ttc"}
        assert {"New-Bold", "CollOne", "CollTwo"} <= user.listed()
        user.remove()
        assert user.everything() == {}
        assert user.listed() == set()

    @pytest.mark.parametrize(
        ("path", "name", "other"),
        [
            ("truetype/dejavu/DejaVuSans.ttf", "DejaVuSans", "TejaVuSans"),
            ("truetype/wqy/wqy-microhei.ttc", "WenQuanYiMicroHei", "WenQuanYiTestyHei"),
        ],
    )
    def test_real_fonts(self, user: FontUser, path: str, name: str, other: str) -> None:
        """Under another name: this machine has them already."""
        source = Path("/usr/share/fonts") / path
        if not source.is_file():
            pytest.skip("not there: apt-get install fonts-dejavu-core fonts-wqy-microhei")
        data = source.read_bytes()
        for encoding in ("ascii", "utf-16-be"):
            data = data.replace(name.encode(encoding), other.encode(encoding))
        wanted = user.job("job", {other: "a.ttf"}, a_ttf=data)
        assert user.install(wanted).missing == []
        assert other in user.listed()
        user.remove()
        assert user.everything() == {}

    def test_what_neither_the_job_nor_the_machine_has_is_missing(self, user: FontUser) -> None:
        report = user.install(user.job("job", {"Here": "a.ttf", "Gone": None}, a_ttf=face("Here")))
        assert report.missing == ["Gone"]
        assert list(report.installed) == ["Here"]

    def test_a_file_that_is_no_font_is_not_installed_and_its_font_is_missing(self, user: FontUser) -> None:
        report = user.install(user.job("job", {"Bad": "a.ttf", "Worse": "b.ttf"}, a_ttf=b"MZ" * 500))
        assert report.missing == ["Bad", "Worse"]
        assert report.refused["Bad"] == "it does not begin as a TrueType or OpenType font does"
        assert report.refused["Worse"] == "No such file or directory"
        assert files(user) == []

    def test_a_file_that_holds_another_font_is_not_installed(self, plain: FontUser) -> None:
        report = plain.install(plain.job("job", {"Wanted": "a.ttf"}, a_ttf=face("Another")))
        assert report.missing == ["Wanted"]
        assert report.refused == {"Wanted": "it holds Another instead"}
        assert files(plain) == []

    def test_a_font_of_the_machines_is_used_and_left_alone(self, user: FontUser) -> None:
        theirs = user.shared / "theirs.ttf"
        theirs.write_bytes(face("Shared-One", salt=1))
        report = user.install(user.job("job", {"Shared-One": "a.ttf"}, a_ttf=face("Shared-One")))
        assert (report.present, report.installed, report.missing) == (["Shared-One"], {}, [])
        assert files(user) == []
        user.remove()
        assert theirs.read_bytes() == face("Shared-One", salt=1)
        assert user.everything() == {}

    def test_a_file_of_the_same_name_stays_as_it_is(self, user: FontUser) -> None:
        user.system.folder.mkdir(parents=True)
        mine = user.system.folder / "a.ttf"
        mine.write_bytes(face("Users-Own"))
        before = user.everything()
        report = user.install(user.job("job", {"New": "a.ttf"}, a_ttf=face("New")))
        assert Path(report.installed["New"]).name == "a-2.ttf"
        assert mine.read_bytes() == face("Users-Own")
        user.remove()
        assert user.everything() == before

    @pytest.mark.parametrize(
        "name", ["With A Blank", "Größe-Fett", "小塚-B", "Emoji😀", "(a)/b%", "a,b:c=d", "L" * 300]
    )
    def test_names_that_no_postscript_interpreter_takes_are_seen_by_their_file(
        self, user: FontUser, name: str
    ) -> None:
        """Fontconfig makes up other names for them."""
        wanted = user.job("job", {name: "a.ttf"}, a_ttf=face(name, family="Odd One"))
        assert user.install(wanted).missing == []
        user.remove()
        assert user.everything() == {}

    def test_the_machines_font_of_another_version_is_used_and_said(self, plain: FontUser) -> None:
        (plain.shared / "theirs.ttf").write_bytes(face("Both", version="Version 2.35"))
        (plain.shared / "same.ttf").write_bytes(face("Same", salt=1))
        report = plain.install(
            plain.job("job", {"Both": "a.ttf", "Same": "b.ttf"}, a_ttf=face("Both"), b_ttf=face("Same"))
        )
        assert report.present == ["Both", "Same"]
        assert report.differing == {"Both": ("Version 2.35", "Version 1.0")}

    def test_so_is_another_sessions(self, plain: FontUser) -> None:
        old, new = face("New", version="1"), face("New", version="2")
        plain.install(plain.job("one", {"New": "a.ttf"}, a_ttf=old), "session-1")
        assert not plain.install(plain.job("one", {"New": "a.ttf"}, a_ttf=old), "session-1").differing
        report = plain.install(plain.job("two", {"New": "a.ttf"}, a_ttf=new), "session-2")
        assert report.differing == {"New": ("1", "2")}

    def test_again_in_one_session_installs_nothing_twice(self, plain: FontUser) -> None:
        wanted = plain.job("job", {"New": "a.ttf"}, a_ttf=face("New"))
        plain.install(wanted)
        assert list(plain.install(wanted).installed) == ["New"]
        assert files(plain) == ["a.ttf"]

    def test_without_fontconfigs_tools_the_folders_are_read(self, plain: FontUser) -> None:
        (plain.shared / "b.ttf").write_bytes(face("Theirs"))
        wanted = plain.job("job", {"New": "a.ttf", "Theirs": None, "Gone": None}, a_ttf=face("New"))
        report = plain.install(wanted)
        assert (list(report.installed), report.present, report.missing) == (["New"], ["Theirs"], ["Gone"])

    def test_a_folder_that_cannot_be_written_makes_the_font_missing(self, plain: FontUser) -> None:
        (plain.home / ".local").write_text("a file where a folder should be")
        report = plain.install(plain.job("job", {"New": "a.ttf"}, a_ttf=face("New")))
        assert report.refused == {"New": "Not a directory"}
        assert report.missing == ["New"]
        plain.remove()
        assert list(plain.everything()) == [str(plain.home / ".local")]

    def test_what_others_have_put_into_a_folder_of_ours_stays(self, plain: FontUser) -> None:
        plain.install(plain.job("job", {"New": "a.ttf"}, a_ttf=face("New")))
        theirs = plain.system.folder / "theirs.ttf"
        theirs.write_bytes(face("Theirs"))
        plain.remove()
        assert [path for path, data in plain.everything().items() if data is not None] == [str(theirs)]

    @pytest.mark.parametrize("how", ["other bytes", "same bytes"])
    def test_a_file_that_somebody_wrote_again_is_theirs(self, plain: FontUser, how: str) -> None:
        report = plain.install(plain.job("job", {"New": "a.ttf"}, a_ttf=face("New")))
        path = Path(report.installed["New"])
        path.unlink()
        path.write_bytes(face("New", salt=how == "other bytes"))
        os.utime(path, ns=(1, 1))
        plain.remove()
        assert files(plain) == ["a.ttf"]
        assert not plain.system.state.exists()


class TestSharing:
    """A font stays until the last session that uses it has left."""

    def test_another_session_shares_it_whatever_its_file_is_called(self, plain: FontUser) -> None:
        both = {"New": "a.ttc", "NewToo": "a.ttc"}
        plain.install(plain.job("one", both, a_ttc=collection("New", "NewToo")), "session-1")
        report = plain.install(
            plain.job("two", {"New": "z.ttf", "NewToo": None}, z_ttf=face("New", salt=1)), "session-2"
        )
        assert {name: Path(path).name for name, path in report.shared.items()} == both
        assert report.installed == {}
        assert plain.remove("session-1").removed == []
        assert files(plain) == ["a.ttc"]
        assert len(plain.remove("session-2").removed) == 1
        assert plain.everything() == {}

    def test_a_session_that_is_over_without_a_word_holds_nothing(self, plain: FontUser) -> None:
        plain.install(
            plain.job("one", {"New": "a.ttf", "Old": "b.ttf"}, a_ttf=face("New"), b_ttf=face("Old"))
        )
        plain.over()
        report = plain.install(plain.job("two", {"New": "a.ttf"}, a_ttf=face("New")), "session-2")
        assert {Path(path).name for path in report.removed} == {"a.ttf", "b.ttf"}
        assert list(report.installed) == ["New"]
        assert files(plain) == ["a.ttf"]

    def test_so_does_one_of_an_earlier_start_of_the_machine(
        self, plain: FontUser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plain.install(plain.job("one", {"New": "a.ttf"}, a_ttf=face("New")))
        monkeypatch.setattr(plain.system, "boot_id", lambda: "another")
        plain.install((), "session-2")
        assert plain.everything() == {}

    def test_so_does_one_whose_agent_was_killed_though_its_folder_stays(
        self, plain: FontUser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as agent:
            started = psutil.Process(agent.pid).create_time()
            monkeypatch.setattr(session_liveness, "_holder", lambda _: LeaseHolder(agent.pid, started))
            plain.install(plain.job("one", {"New": "a.ttf"}, a_ttf=face("New")))
            plain.install((), "session-2")
            assert files(plain) == ["a.ttf"], "it lives"
            agent.kill()
        plain.install((), "session-2")
        assert plain.everything() == {}

    def test_one_of_another_machine_lives_for_two_weeks(
        self, plain: FontUser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plain.install(plain.job("one", {"New": "a.ttf"}, a_ttf=face("New")))
        plain.over()
        monkeypatch.setattr("platform.node", lambda: "elsewhere")
        plain.install((), "session-2")
        assert files(plain) == ["a.ttf"]
        monkeypatch.setattr(session_liveness, "UNVERIFIABLE_LIFETIME", 0.0)
        plain.install((), "session-2")
        assert plain.everything() == {}

    def test_four_sessions_at_once_each_see_their_fonts_and_leave_nothing(self, user: FontUser) -> None:
        """Real processes: all install, wait for each other, look, and remove."""
        wait = user.folder / "wait"
        wait.mkdir()
        jobs = {
            f"session-{at}": {f"Own-{at}": face(f"Own-{at}"), "Common": face("Common", salt=at)} for at in range(4)
        }  # fmt: skip
        for session, fonts in jobs.items():
            user.session(session)
            named: dict[str, str | None] = {name: f"{name}.ttf" for name in fonts}
            user.job(f"job-{session}", named)
            for name, data in fonts.items():
                (user.folder / f"job-{session}" / f"{name}.ttf").write_bytes(data)
        command = [sys.executable, "-m", "tests.fonts.concurrent_session", str(user.folder)]
        root = Path(__file__).resolve().parents[2]
        running = [subprocess.Popen([*command, session], cwd=root, env=user.environ) for session in jobs]
        assert [process.wait(60) for process in running] == [0] * 4
        assert user.everything() == {}


class TestLocked:
    """What some program has open is removed as soon as nobody has."""

    @pytest.fixture
    def locked(self, plain: FontUser, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
        """As on Windows: the file cannot be removed."""
        unlink = Path.unlink

        def refuse(path: Path, *, missing_ok: bool = False) -> None:
            if path.suffix == ".ttf":
                raise PermissionError(13, "The process cannot access the file", str(path))
            unlink(path, missing_ok=missing_ok)

        plain.install(plain.job("one", {"New": "a.ttf"}, a_ttf=face("New")))
        monkeypatch.setattr(user_font_folder, "DELETE_TIMEOUT", 0.0)
        with monkeypatch.context() as patched:
            patched.setattr(Path, "unlink", refuse)
            yield patched

    def test_it_is_named_and_the_next_session_removes_it(
        self, plain: FontUser, locked: pytest.MonkeyPatch
    ) -> None:
        assert [Path(path).name for path in plain.remove().locked] == ["a.ttf"]
        assert (
            read_leases(plain.system.state).fonts[str(plain.system.folder / "a.ttf")].stage is Stage.LEAVING
        )
        assert plain.install((), "session-2").locked, "still"
        locked.undo()
        assert [Path(path).name for path in plain.install((), "session-3").removed] == ["a.ttf"]
        assert plain.everything() == {}

    def test_a_session_that_wants_it_meanwhile_takes_it_over(
        self, plain: FontUser, locked: pytest.MonkeyPatch
    ) -> None:
        plain.remove()
        report = plain.install(plain.job("two", {"New": "a.ttf"}, a_ttf=face("New")), "session-2")
        assert files(plain) == ["a.ttf"]
        assert report.missing == []
        locked.undo()
        plain.remove("session-2")
        assert plain.everything() == {}


class TestByHand:
    """`clean` shows and sweeps."""

    def test_what_a_living_session_uses_is_kept_and_the_rest_goes(self, plain: FontUser) -> None:
        plain.install(plain.job("one", {"New": "a.ttf"}, a_ttf=face("New")), "session-1")
        plain.install(plain.job("two", {"Old": "b.ttf"}, b_ttf=face("Old")), "session-2")
        plain.over("session-2")
        before = plain.everything()
        shown = clean(plain.environ, dry_run=True)
        assert plain.everything() == before
        done = clean(plain.environ)
        assert shown == done
        assert [(Path(font.path).name, font.names) for font in done.removed] == [("b.ttf", ("Old",))]
        assert [(Path(font.path).name, font.sessions) for font in done.kept] == [
            ("a.ttf", (str(plain.folder / "session-1"),))
        ]
        assert files(plain) == ["a.ttf"]

    def test_where_somebody_knows_that_nothing_renders_everything_goes(self, plain: FontUser) -> None:
        """As after a session that was run by hand and killed: its folder stays, and so does the shell."""
        plain.install(plain.job("one", {"New": "a.ttf"}, a_ttf=face("New")), "session-1")
        assert clean(plain.environ).removed == ()
        shown = clean(plain.environ, dry_run=True, everything=True)
        assert files(plain) == ["a.ttf"]
        assert clean(plain.environ, everything=True) == shown
        assert plain.everything() == {}

    def test_where_nothing_was_ever_installed_there_is_nothing(self, plain: FontUser) -> None:
        assert clean(plain.environ) == clean(plain.environ, dry_run=True)
        assert plain.everything() == {}


class TestBook:
    """Damage and strangers."""

    def test_a_damaged_book_is_set_aside_and_begun_again(self, plain: FontUser) -> None:
        plain.system.state.mkdir()
        (plain.system.state / "leases.json").write_text("{ cut")
        report = plain.install(plain.job("one", {"New": "a.ttf"}, a_ttf=face("New")))
        assert report.missing == []
        plain.remove()
        assert [Path(path).name for path in plain.everything()] == [".stmpo-fonts", "leases.json.damaged"]

    def test_a_later_versions_book_is_left_alone(self, plain: FontUser) -> None:
        plain.system.state.mkdir()
        path = plain.system.state / "leases.json"
        path.write_text('{"version": 2}')
        with pytest.raises(BadInput, match="later version"):
            plain.install((), "session-1")
        assert path.read_text() == '{"version": 2}'

    def test_another_process_that_does_not_come_to_an_end_is_named(self, plain: FontUser) -> None:
        with open_leases(plain.system.state, 1.0):
            second = open_leases(plain.system.state, 0.0)
            with pytest.raises(BadInput, match="working on this user's fonts"):
                second.__enter__()


class TestVariable:
    """A variable font's instances are fonts of their own, and so is every place between them."""

    NAMES = ("ProbeVF-Thin", "ProbeVF-Heavy", "ProbeVF-Black", "ProbeVF_650wght")

    @pytest.fixture
    def data(self) -> bytes:
        pytest.importorskip("fontTools", reason="fontTools is not installed: pip install 'stmpo[submit]'")
        from tests.fonts.specimens import variable  # noqa: PLC0415

        return variable("ProbeVF-Thin", [("Thin", None), ("Bold", "ProbeVF-Heavy"), ("Black", None)])

    def test_all_are_there_with_their_file(self, user: FontUser, data: bytes) -> None:
        wanted = user.job("job", dict.fromkeys([*self.NAMES, "ProbeVF-Nope"], "v.ttf"), v_ttf=data)
        report = user.install(wanted)
        assert report.missing == ["ProbeVF-Nope"]
        assert files(user) == ["v.ttf"]
        user.remove()
        assert user.everything() == {}

    def test_those_of_a_machines_font_are_the_machines(self, user: FontUser, data: bytes) -> None:
        (user.shared / "theirs.ttf").write_bytes(data)
        report = user.install(user.job("job", dict.fromkeys(self.NAMES)))
        assert (report.missing, report.present) == ([], sorted(self.NAMES))

    def test_one_that_another_session_has_not_asked_for_is_leased_all_the_same(
        self, user: FontUser, data: bytes
    ) -> None:
        user.install(user.job("one", {self.NAMES[0]: "v.ttf"}, v_ttf=data), "session-1")
        report = user.install(user.job("two", {self.NAMES[3]: None}), "session-2")
        assert (list(report.shared), report.missing) == ([self.NAMES[3]], [])
        user.remove("session-1")
        assert files(user) == ["v.ttf"]
        user.remove("session-2")
        assert user.everything() == {}


class TestIdentities:
    """What is another after each start of the machine; nothing where it cannot be asked."""

    def test_linux_has_the_kernels(
        self, plain: FontUser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        assert len(plain.system.boot_id()) == 36
        assert plain.system.boot_id() == FontUser(tmp_path / "other").system.boot_id()
        monkeypatch.setattr(linux, "_BOOT", tmp_path / "no-such-file")
        assert plain.system.boot_id() == ""

    @pytest.mark.parametrize(
        ("answer", "identity"),
        [
            (CompletedProcess([], 0, b"2F1D2A34-5B\n", b""), "2F1D2A34-5B"),
            (CompletedProcess([], 1, b"", b"sysctl: unknown oid"), ""),
            (CompletedProcess([], 1, b"unknown oid\n", b""), ""),
            (FileNotFoundError(), ""),
            (subprocess.TimeoutExpired([], 10), ""),
        ],
    )
    def test_macos_asks_its_kernel(
        self, monkeypatch: pytest.MonkeyPatch, answer: CompletedProcess[bytes] | Exception, identity: str
    ) -> None:
        asked = []

        def run(command: list[str], **_: object) -> CompletedProcess[bytes]:
            asked.append(command)
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(subprocess, "run", run)
        assert MacOS({"HOME": "/h"}).boot_id() == identity
        assert asked == [["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"]]


class TestMacOS:
    """Its folders, seen from here: what Core Text does with them is not."""

    def test_fonts_come_and_go_in_the_users_library(
        self, plain: FontUser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        system = MacOS({"HOME": str(plain.home)})
        monkeypatch.setattr(
            places,
            "font_folders",
            lambda environ: [
                folder for folder in macos_folders(environ) if folder.path.is_relative_to(plain.home)
            ],
        )
        (plain.home / "Library").mkdir()
        before = plain.everything()
        plain.system = system
        report = plain.install(plain.job("job", {"New": "a.ttf", "Gone": None}, a_ttf=face("New")))
        assert report.installed == {"New": str(plain.home / "Library" / "Fonts" / "a.ttf")}
        assert report.missing == ["Gone"]
        plain.remove()
        assert plain.everything() == before
