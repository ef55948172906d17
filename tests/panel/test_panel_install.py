"""Installing and uninstalling the panel: which files are exchanged, kept or refused."""

from __future__ import annotations

import os
import shutil
import zipfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from stmpo.deadline.panel.install import PanelKind, inspect_folder, install, uninstall
from stmpo.deadline.panel.record import (
    ASSETS,
    ASSETS_BESIDE_OFFICIAL,
    ENTRY,
    RECORD,
    PanelRecord,
    make_record,
    read_record,
)
from stmpo.deadline.panel.source import Panel
from stmpo.model.errors import BadInput

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone.utc)
FILES = {
    ENTRY: f'//@include "{ASSETS}/panel/ui.jsxinc"',
    f"{ASSETS}/panel/ui.jsxinc": "ui",
    f"{ASSETS}/JobTemplate/template.json": "template",
    f"{ASSETS}/JobTemplate/scripts/stmpo_wrapper.py": "wrapper",
}


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def panel_of(folder: Path, version: str = "1.0", files: dict[str, str] | None = None) -> Panel:
    """Return a panel with these files, as `gather` makes it."""
    written(folder, {name: f"{text} {version}" for name, text in (files or FILES).items()})
    record = make_record(folder, version)
    record.write(folder)
    return Panel(folder, record, frozenset())


def held(folder: Path) -> dict[str, str]:
    """Return every file below a folder with its content, without backups."""
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".zip"
    }


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder of After Effects with another panel."""
    return written(tmp_path / "ScriptUI Panels", {"Other.jsx": "other"})


@pytest.fixture
def panel(tmp_path: Path) -> Panel:
    return panel_of(tmp_path / "new")


class TestInstall:
    def test_what_is_installed_is_whole_and_known(self, place: Path, panel: Panel) -> None:
        done = install(panel, place, NOW)
        assert (done.before.kind, done.files, done.backup) == (PanelKind.NOTHING, len(FILES), None)
        assert inspect_folder(place) == inspect_folder(panel.folder)
        assert (inspect_folder(place).kind, inspect_folder(place).version) == (PanelKind.OURS, "1.0")
        assert held(place) == {**held(panel.folder), "Other.jsx": "other"}
        assert not list(place.glob(".*"))

    def test_a_folder_that_is_not_there_is_made(self, tmp_path: Path, panel: Panel) -> None:
        install(panel, tmp_path / "25.1" / "Scripts" / "ScriptUI Panels", NOW)
        assert inspect_folder(tmp_path / "25.1" / "Scripts" / "ScriptUI Panels").kind is PanelKind.OURS

    def test_another_version_takes_its_place_file_by_file(self, place: Path, tmp_path: Path) -> None:
        old = {**FILES, f"{ASSETS}/panel/gone/old.jsxinc": "old", f"{ASSETS}/wheels/a-1.whl": "wheel"}
        install(panel_of(tmp_path / "old", "0.9", old), place, NOW)
        written(place, {f"{ASSETS}/panel/mine.txt": "mine"})
        new = panel_of(tmp_path / "new", "1.0")
        done = install(new, place, NOW)
        assert (done.before.version, done.backup) == ("0.9", None)
        assert held(place) == {**held(new.folder), "Other.jsx": "other", f"{ASSETS}/panel/mine.txt": "mine"}
        assert not (place / ASSETS / "panel" / "gone").exists()
        assert not (place / ASSETS / "wheels").exists()

    def test_a_file_that_somebody_changed_is_kept_in_a_zip(self, place: Path, panel: Panel) -> None:
        install(panel, place, NOW)
        template = f"{ASSETS}/JobTemplate/template.json"
        written(place, {template: "tuned"})
        assert inspect_folder(place).changed == (template,)
        done = install(panel, place, NOW)
        assert done.backup == place / "STMPO-backup-20260304-050607.zip"
        with zipfile.ZipFile(done.backup) as backup:
            assert {name: backup.read(name) for name in backup.namelist()} == {template: b"tuned"}
        assert inspect_folder(place).changed == ()

    def test_the_first_version_is_replaced_and_kept_in_a_zip(self, place: Path, panel: Panel) -> None:
        first = {name: "first" for name in FILES if "panel" not in name}
        written(place, {**first, f"{ASSETS}/JobTemplate/notes.txt": "mine"})
        assert inspect_folder(place).kind is PanelKind.FIRST
        done = install(panel, place, NOW)
        assert done.before.kind is PanelKind.FIRST
        assert done.backup is not None
        with zipfile.ZipFile(done.backup) as backup:
            assert sorted(backup.namelist()) == sorted(first)
        assert held(place)[f"{ASSETS}/JobTemplate/notes.txt"] == "mine"
        assert inspect_folder(place) == inspect_folder(panel.folder)

    def test_who_was_killed_in_between_is_repaired(self, place: Path, tmp_path: Path) -> None:
        install(panel_of(tmp_path / "old", "0.9"), place, NOW)
        new = panel_of(tmp_path / "new", "1.0")
        new.record.write(place)
        assert len(inspect_folder(place).changed) == len(FILES)
        (place / ENTRY).unlink()
        assert inspect_folder(place).missing == (ENTRY,)
        install(new, place, NOW)
        assert inspect_folder(place) == inspect_folder(new.folder)


class TestBesideTheOfficialSubmitter:
    """AWS's entry reads the folder of the same name, and its installer replaces all of it."""

    @pytest.fixture(params=["DeadlineCloudSubmitter.jsx", "DeadlineCloudSubmitter(User).jsx"])
    def aws(self, request: pytest.FixtureRequest) -> dict[str, str]:
        return {request.param: "aws", f"{ASSETS}/JobTemplate/template.json": "aws"}

    def test_both_are_whole(self, place: Path, panel: Panel, aws: dict[str, str]) -> None:
        before = held(written(place, aws))
        assert inspect_folder(place).kind is PanelKind.NOTHING
        done = install(panel, place, NOW)
        assert done.backup is None
        standing = inspect_folder(place)
        assert (standing.kind, standing.missing, standing.changed) == (PanelKind.OURS, (), ())
        assert held(place).items() >= before.items()
        assert f"{ASSETS_BESIDE_OFFICIAL}/panel/ui.jsxinc" in held(place)
        assert held(place)[ENTRY] == f'//@include "{ASSETS_BESIDE_OFFICIAL}/panel/ui.jsxinc" 1.0'
        uninstall(place)
        assert held(place) == before

    def test_what_it_has_overwritten_stays_its_own(
        self, place: Path, panel: Panel, aws: dict[str, str]
    ) -> None:
        install(panel, place, NOW)
        written(place, aws)
        assert inspect_folder(place).changed == (f"{ASSETS}/JobTemplate/template.json",)
        install(panel, place, NOW)
        assert (inspect_folder(place).missing, inspect_folder(place).changed) == ((), ())
        assert {name for name in held(place) if name.startswith(ASSETS)} == {
            f"{ASSETS}/JobTemplate/template.json"
        }

    def test_when_it_has_gone_the_usual_name_is_taken_again(
        self, place: Path, panel: Panel, aws: dict[str, str]
    ) -> None:
        install(panel, written(place, aws), NOW)
        for name in aws:
            (place / name).unlink()
        shutil.rmtree(place / ASSETS)
        install(panel, place, NOW)
        assert held(place) == {**held(panel.folder), "Other.jsx": "other"}


class TestRefusals:
    @pytest.mark.parametrize(
        "names", [[ENTRY], [f"{ASSETS}/JobTemplate/template.json"], [ENTRY, f"{ASSETS}/x"]]
    )
    def test_half_of_something_is_refused_and_left_alone(
        self, place: Path, panel: Panel, names: list[str]
    ) -> None:
        before = held(written(place, dict.fromkeys(names, "theirs")))
        assert inspect_folder(place).kind is PanelKind.HALF
        with pytest.raises(BadInput, match=r"move (it|them) away"):
            install(panel, place, NOW)
        assert held(place) == before

    @pytest.mark.parametrize("after", range(1, 2 * len(FILES) + 2))
    def test_an_exchange_that_fails_leaves_everything_as_it_was(
        self, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
    ) -> None:
        install(panel_of(tmp_path / "old", "0.9"), place, NOW)
        before = held(place)
        replace, count = os.replace, 0

        def failing(source: Any, target: Any) -> None:
            nonlocal count
            count += 1
            if count == after:
                raise OSError(28, "No space left on device")
            replace(source, target)

        monkeypatch.setattr(os, "replace", failing)
        with pytest.raises(BadInput, match="No space left"):
            install(panel_of(tmp_path / "new", "1.0"), place, NOW)
        monkeypatch.undo()
        assert held(place) == before
        assert not list(place.glob(".*"))

    def test_a_folder_of_an_administrators_says_what_to_do(
        self, tmp_path: Path, panel: Panel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refused(*arguments: Any, **options: Any) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "mkdir", refused)
        with pytest.raises(BadInput, match="only be written by an administrator; run this again"):
            install(panel, tmp_path / "place", NOW)

    def test_a_file_that_after_effects_reads_is_said(
        self, place: Path, panel: Panel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def in_use(source: Any, target: Any) -> None:
            error = PermissionError(13, "in use", str(source))
            error.winerror = 32  # type: ignore[attr-defined,unused-ignore]
            raise error

        monkeypatch.setattr(os, "replace", in_use)
        with pytest.raises(BadInput, match="is in use; close After Effects"):
            install(panel, place, NOW)


class TestUninstall:
    def test_exactly_what_was_installed_goes(self, place: Path, panel: Panel) -> None:
        before = held(place)
        install(panel, place, NOW)
        assert uninstall(place).files == len(FILES)
        assert held(place) == before
        assert inspect_folder(place).kind is PanelKind.NOTHING
        assert not (place / ASSETS).exists()

    def test_what_was_changed_or_added_since_stays(self, place: Path, panel: Panel) -> None:
        install(panel, place, NOW)
        template = f"{ASSETS}/JobTemplate/template.json"
        written(place, {template: "tuned", f"{ASSETS}/mine.txt": "mine"})
        done = uninstall(place)
        assert (done.files, done.kept) == (len(FILES) - 1, (template,))
        assert held(place) == {"Other.jsx": "other", template: "tuned", f"{ASSETS}/mine.txt": "mine"}

    @pytest.mark.parametrize("text", ["", "[]", "[" * 100_000, '{"version": 1, "files": {}}'])
    def test_a_damaged_record_is_none(self, place: Path, panel: Panel, text: str) -> None:
        install(panel, place, NOW)
        (place / panel.record.path).write_text(text)
        assert read_record(place) is None
        assert inspect_folder(place).kind is PanelKind.HALF

    def test_without_a_record_nothing_is_touched(self, place: Path) -> None:
        before = held(written(place, dict.fromkeys(FILES, "first")))
        with pytest.raises(BadInput, match="nothing was removed"):
            uninstall(place)
        assert held(place) == before

    @pytest.mark.parametrize(
        "name",
        ["../outside", "Other.jsx", f"{ASSETS}/../Other.jsx", "/etc/passwd", f"{ASSETS}\\..\\Other.jsx"],
    )
    def test_a_record_leads_nowhere_else(self, place: Path, panel: Panel, name: str) -> None:
        install(panel, place, NOW)
        written(place, {"../outside": "outside"})
        digests = {**panel.record.files, name: "0" * 64}
        PanelRecord("1.0", digests).write(place)
        record = read_record(place)
        assert record is not None
        assert set(record.files) == set(FILES)
        uninstall(place)
        assert (place / "Other.jsx").exists()
        assert (place.parent / "outside").exists()

    @pytest.mark.parametrize(
        "text", ["", "[]", '{"version": 1, "files": {}}', '{"version": "1"}', '{"version": "1", "files": []}']
    )
    def test_a_record_that_is_none_is_none(self, place: Path, text: str) -> None:
        written(place, {f"{ASSETS}/{RECORD}": text})
        assert read_record(place) is None
