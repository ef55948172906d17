"""The folders from which After Effects reads panels, on simulated machines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from stmpo import __version__
from stmpo.deadline.panel import places, places_macos, places_windows
from stmpo.deadline.panel.install import PanelKind, inspect_folder
from stmpo.deadline.panel.places_common import PANELS, PanelScope
from tests.cli.command import refusal, stmpo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stmpo.deadline.panel.places_common import PanelFolders

EDITIONS = (
    "After Effects/24.6",
    "After Effects/25.0",
    "After Effects/25.1.2",
    "After Effects/25.10",
    "After Effects/21.2",
)


@pytest.fixture
def windows(tmp_path: Path) -> dict[str, str]:
    """A Windows machine with 2024 to 2026, of which this user has started two."""
    for name in (*EDITIONS, "After Effects (Beta)/26.2", "After Effects/Logs", "Premiere Pro/25.0"):
        (tmp_path / "Roaming" / "Adobe" / name).mkdir(parents=True)
    for product in (
        "Adobe After Effects 2024",
        "Adobe After Effects 2026",
        "Adobe After Effects 2021",
        "Adobe After Effects (Beta)",
    ):
        (tmp_path / "Program Files" / "Adobe" / product / "Support Files").mkdir(parents=True)
    return {"APPDATA": str(tmp_path / "Roaming"), "ProgramFiles": str(tmp_path / "Program Files")}


def names(places: PanelFolders, scope: PanelScope) -> list[tuple[str, bool]]:
    return [(place.product, place.current) for place in places.found if place.scope is scope]


class TestWindows:
    def test_a_users_places_are_those_of_the_newest_version_of_each_edition(
        self, windows: dict[str, str]
    ) -> None:
        assert names(places_windows.places(windows), PanelScope.USER) == [
            ("After Effects 2024 (24.6)", True),
            ("After Effects 2025 (25.0)", False),
            ("After Effects 2025 (25.1.2)", False),
            ("After Effects 2025 (25.10)", True),
            ("After Effects (Beta) 2026 (26.2)", True),
        ]

    def test_what_is_no_folder_of_versions_is_passed_over(
        self, windows: dict[str, str], tmp_path: Path
    ) -> None:
        (tmp_path / "Roaming" / "Adobe" / "After Effects.txt").write_text("notes")
        assert len(names(places_windows.places(windows), PanelScope.USER)) == 5

    def test_everybodys_places_are_in_the_program_folder(
        self, windows: dict[str, str], tmp_path: Path
    ) -> None:
        found = [
            place for place in places_windows.places(windows).found if place.scope is PanelScope.EVERYONE
        ]
        assert [(place.product, place.year) for place in found] == [
            ("After Effects (Beta)", None),
            ("After Effects 2024", 2024),
            ("After Effects 2026", 2026),
        ]
        program = tmp_path / "Program Files" / "Adobe" / "Adobe After Effects 2024"
        assert found[1].folder == program / "Support Files" / "Scripts" / "ScriptUI Panels"

    def test_a_machine_without_any_says_where_was_looked(self, tmp_path: Path) -> None:
        nothing = places_windows.places({"APPDATA": str(tmp_path)})
        assert nothing.found == ()
        assert str(tmp_path) in nothing.searched


class TestMacos:
    def test_both_kinds_of_places(self, tmp_path: Path) -> None:
        preferences = tmp_path / "home" / "Library" / "Preferences" / "Adobe"
        for name in EDITIONS:
            (preferences / name).mkdir(parents=True)
        (tmp_path / "Applications" / "Adobe After Effects 2025").mkdir(parents=True)
        found = places_macos.places({"HOME": str(tmp_path / "home")}, tmp_path / "Applications")
        assert [product for product, current in names(found, PanelScope.USER) if current] == [
            "After Effects 2024 (24.6)",
            "After Effects 2025 (25.10)",
        ]
        (shared,) = (place for place in found.found if place.scope is PanelScope.EVERYONE)
        assert shared.folder == tmp_path / "Applications" / "Adobe After Effects 2025" / PANELS
        assert shared.name == "After Effects 2025, all users"


def test_each_system_has_its_places_and_its_way_to_an_administrator() -> None:
    assert places.find_places({}, "win32").found == ()
    assert "no After Effects" in places.find_places({}, "linux").searched
    assert "administrator" in places.elevation("win32")
    assert "sudo" in places.elevation("darwin")


class TestCommand:
    @pytest.fixture(autouse=True)
    def _on_windows(self, windows: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        def find(environ: Mapping[str, str]) -> PanelFolders:
            return places_windows.places(windows)

        monkeypatch.setattr(places, "find_places", find)

    @staticmethod
    def stmpo(*arguments: str) -> str:
        answer = stmpo("panel", *arguments)
        assert answer.code == 0, answer
        return answer.out

    @pytest.mark.parametrize("command", ["install", "uninstall", "status"])
    def test_an_empty_folder_is_not_this_one(self, command: str) -> None:
        assert "--to is empty" in refusal("panel", command, "--to", " ")

    def test_a_user_gets_it_in_every_edition_and_loses_it_again(self, tmp_path: Path) -> None:
        said = self.stmpo("install", "--offline")
        assert said.count(f"panel {__version__} installed\n") == 3
        assert "Restart After Effects" in said
        roaming = tmp_path / "Roaming" / "Adobe" / "After Effects"
        assert inspect_folder(roaming / "25.10" / PANELS).kind is PanelKind.OURS
        assert inspect_folder(roaming / "25.0" / PANELS).kind is PanelKind.NOTHING
        status = self.stmpo("status")
        assert status.count(f"{__version__} installed\n") == 3
        assert "(25.0)" not in status
        assert "After Effects 2026, all users: not installed" in status
        assert self.stmpo("uninstall").count("panel removed") == 3
        assert not list((tmp_path / "Roaming").rglob("*.jsx"))

    def test_one_edition_for_everybody(self, tmp_path: Path) -> None:
        said = self.stmpo("install", "--offline", "--everyone", "--after-effects", "2026")
        assert "After Effects 2026, all users: panel" in said
        assert len(list((tmp_path / "Program Files").rglob("*.jsx"))) == 1

    def test_a_folder_by_name_and_again(self, tmp_path: Path) -> None:
        to = ("--to", str(tmp_path / "place"))
        self.stmpo("install", "--offline", *to)
        (tmp_path / "place" / "DeadlineCloudSubmitter_STMPO.jsx").write_text("changed")
        assert "installed: 1 file changed" in self.stmpo("status", *to)
        said = self.stmpo("install", "--offline", *to)
        assert ", instead of " in said
        assert "are kept in STMPO-backup-" in said

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("install", "--to", "x", "--everyone"), "--to names one folder"),
            (("install", "--after-effects", "25"), "write the year"),
            (
                ("install", "--after-effects", "2023"),
                "no After Effects 2023 was found|has no folder for this user",
            ),
            (
                ("install", "--after-effects", "2025", "--everyone"),
                "start it once, or choose the other place",
            ),
            (("uninstall",), "is not installed in"),
        ],
    )
    def test_what_cannot_be_is_said(self, arguments: tuple[str, ...], words: str) -> None:
        assert re.search(words, refusal("panel", *arguments))
