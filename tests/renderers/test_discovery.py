"""Which program renders, and what is said when there is none."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from stmpo.model.errors import BadInput, ExitCode, NoRenderer
from stmpo.renderers import discovery
from stmpo.renderers.aerender import Aerender
from stmpo.renderers.discovery import (
    choose_renderer,
    embedded_lottie,
    find_aerender,
    macos,
    system_search,
    windows,
)
from stmpo.renderers.discovery.common import Installation, newest_first


def program(path: Path) -> Path:
    """An executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o755)
    return path


def nothing(environ: object) -> Installation:
    """A system without After Effects."""
    return Installation((), "this machine")


class TestOrder:
    """--aerender-path, the two variables, PATH, newest installed: each step is taken away in turn."""

    def test_each_source_wins_over_those_after_it(self, tmp_path: Path) -> None:
        explicit, variable, aws, on_path, installed = (
            program(tmp_path / name / "aerender")
            for name in ("explicit", "variable", "aws", "path", "installed")
        )
        environ = {
            "AERENDER_PATH": str(variable),
            "AERENDER_EXECUTABLE": str(aws),
            "PATH": str(on_path.parent),
        }

        def search(environ: object) -> Installation:
            return Installation((installed,), "")

        found = find_aerender(str(explicit), environ, search=search)
        assert (found.prefix, found.name, found.found_by) == ((str(explicit),), "aerender", "--aerender-path")
        found = find_aerender(None, environ, search=search)
        assert (found.prefix, found.found_by) == ((str(variable),), "AERENDER_PATH")
        del environ["AERENDER_PATH"]
        found = find_aerender(None, environ, search=search)
        assert (found.prefix, found.found_by) == ((str(aws),), "AERENDER_EXECUTABLE")
        del environ["AERENDER_EXECUTABLE"]
        found = find_aerender(None, environ, search=search)
        assert (found.prefix, found.found_by) == ((str(on_path),), "PATH")
        del environ["PATH"]
        found = find_aerender(None, environ, search=search)
        assert (found.prefix, found.found_by) == ((str(installed),), "newest installed After Effects")

    @pytest.mark.parametrize("source", ["--aerender-path", "AERENDER_PATH"])
    def test_a_named_one_that_does_not_exist_ends_there(self, tmp_path: Path, source: str) -> None:
        """Trap: a silent fall through renders with another version than was asked for."""
        on_path = program(tmp_path / "bin" / "aerender")
        missing = str(tmp_path / "gone" / "aerender.exe")
        environ = {"PATH": str(on_path.parent)}
        if source == "AERENDER_PATH":
            environ["AERENDER_PATH"] = missing
        with pytest.raises(NoRenderer, match="does not exist") as caught:
            find_aerender(missing if source == "--aerender-path" else None, environ, search=nothing)
        assert missing in str(caught.value)
        assert source in str(caught.value)
        assert caught.value.exit_code is ExitCode.NO_RENDERER

    @pytest.mark.parametrize("empty", [None, "", "  ", '""'])
    def test_an_empty_word_is_none(self, tmp_path: Path, empty: str | None) -> None:
        on_path = program(tmp_path / "aerender")
        environ = {"PATH": str(tmp_path), "AERENDER_PATH": empty or ""}
        assert find_aerender(empty, environ, search=nothing).prefix == (str(on_path),)

    def test_nothing_found_names_every_place_in_one_line(self) -> None:
        with pytest.raises(NoRenderer) as caught:
            find_aerender(None, {}, search=nothing)
        text = str(caught.value)
        for place in ("--aerender-path", "AERENDER_PATH", "PATH", "this machine", "install After Effects"):
            assert place in text
        assert "\n" not in text


class TestNamed:
    def test_a_relative_path_is_made_absolute(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A renderer may be started in another folder."""
        file = program(tmp_path / "bin" / "aerender")
        monkeypatch.chdir(tmp_path)
        assert find_aerender(os.path.join("bin", "aerender"), {}).prefix == (str(file),)  # noqa: PTH118

    @pytest.mark.parametrize("inside", ["aerender", "aerender.exe", "Support Files/aerender.exe"])
    def test_a_folder_stands_for_the_aerender_in_it(self, tmp_path: Path, inside: str) -> None:
        file = program(tmp_path / "Adobe After Effects 2025" / inside)
        found = find_aerender(str(tmp_path / "Adobe After Effects 2025"), {})
        assert (found.prefix, found.name) == ((str(file),), "aerender")

    def test_an_application_stands_for_the_aerender_beside_it(self, tmp_path: Path) -> None:
        file = program(tmp_path / "aerender")
        (tmp_path / "Adobe After Effects 2025.app").mkdir()
        assert find_aerender(str(tmp_path / "Adobe After Effects 2025.app"), {}).prefix == (str(file),)

    def test_a_folder_without_one_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(NoRenderer, match="holds no aerender"):
            find_aerender(str(tmp_path), {})

    def test_a_python_file_is_run_by_this_python(self, tmp_path: Path) -> None:
        script = tmp_path / "fake.py"
        script.touch(mode=0o644)
        found = find_aerender(str(script), {})
        assert (found.prefix, found.name) == ((sys.executable, str(script)), "fake")

    @pytest.mark.parametrize("name", ["aerender.bat", "AERENDER.CMD"])
    def test_a_batch_file_is_refused_with_the_reason(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(NoRenderer, match=r"cmd\.exe"):
            find_aerender(str(program(tmp_path / name)), {})

    @pytest.mark.parametrize("name", ["AfterFX.exe", "AfterFX.com"])
    def test_after_effects_itself_is_refused(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(NoRenderer, match="After Effects itself"):
            find_aerender(str(program(tmp_path / name)), {})

    def test_a_file_that_may_not_be_executed_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "aerender").touch(mode=0o644)
        monkeypatch.setattr("os.access", lambda path, mode: False)  # on Windows and for root all may be
        with pytest.raises(NoRenderer, match="not executable"):
            find_aerender(str(tmp_path / "aerender"), {})

    @pytest.mark.parametrize("file", ["stmpo-lottie", "stmpo-lottie.exe"])
    def test_a_bare_command_is_looked_up_on_path(self, tmp_path: Path, file: str) -> None:
        path = program(tmp_path / file)
        found = find_aerender("stmpo-lottie", {"Path": str(tmp_path)})
        assert (found.prefix, found.name) == ((str(path),), "stmpo-lottie")

    def test_a_bare_command_may_be_a_file_of_the_current_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "fake.py").touch()
        monkeypatch.chdir(tmp_path)
        assert find_aerender("fake.py", {}).prefix == (sys.executable, str(tmp_path / "fake.py"))

    def test_a_bare_command_that_is_nowhere_is_named(self) -> None:
        with pytest.raises(NoRenderer, match="no aerender-9000 on PATH"):
            find_aerender("aerender-9000", {})

    def test_quotation_marks_of_a_copied_path_are_taken_off(self, tmp_path: Path) -> None:
        file = program(tmp_path / "with blanks" / "aerender")
        assert find_aerender(f'"{file}" ', {}).prefix == (str(file),)

    def test_a_line_break_in_a_path_makes_no_second_line(self) -> None:
        with pytest.raises(NoRenderer) as caught:
            find_aerender("/x\nopenjd_fail: y", {})
        assert len(str(caught.value).splitlines()) == 1


class TestPath:
    def test_neither_the_current_folder_nor_batch_files_nor_unexecutable_ones_count(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Trap: a job's own folder is the current one, and must not bring its own renderer."""
        program(tmp_path / "aerender")
        program(tmp_path / "batch" / "aerender.bat")
        (tmp_path / "folder" / "aerender").mkdir(parents=True)
        real = program(tmp_path / "real" / "aerender")
        monkeypatch.chdir(tmp_path)
        entries = ["", ".", str(tmp_path / "batch"), str(tmp_path / "folder"), f'"{real.parent}"']
        assert find_aerender(None, {"PATH": os.pathsep.join(entries)}, search=nothing).prefix == (str(real),)


class TestInstalled:
    def test_newest_by_version_beta_last(self) -> None:
        products = [
            "Adobe After Effects CS6",
            "Adobe After Effects CC",
            "Adobe After Effects CC 2015",
            "Adobe After Effects CC 2015.3",
            "Adobe After Effects CC 2019",
            "Adobe After Effects 2024",
            "Adobe After Effects 2026",
            "Adobe After Effects 2027 (Beta)",
            "Adobe After Effects (Beta)",
        ]
        ranked = [path.name for path in newest_first((name, Path(name)) for name in reversed(products))]
        assert ranked == [*reversed(products[:7]), *products[7:]]

    def test_windows_looks_below_every_program_folder_that_is_named(self, tmp_path: Path) -> None:
        old = program(
            tmp_path / "C" / "Adobe" / "Adobe After Effects 2024" / "Support Files" / "aerender.exe"
        )
        new = program(
            tmp_path / "E" / "Adobe" / "Adobe After Effects 2025" / "Support Files" / "aerender.exe"
        )
        program(tmp_path / "E" / "Adobe" / "Adobe Premiere Pro 2026" / "Support Files" / "aerender.exe")
        environ = {
            "PROGRAMFILES": str(tmp_path / "C"),
            "ProgramFiles(x86)": str(tmp_path / "missing"),
            "ProgramW6432": str(tmp_path / "E"),
            "CommonProgramFiles": str(tmp_path / "common"),
        }
        there = windows.installed(environ)
        assert there.aerenders == (new, old)
        assert str(tmp_path / "E") in there.searched
        assert "common" not in there.searched

    def test_windows_names_each_folder_once(self) -> None:
        same = {"ProgramFiles": "C:\\Program Files", "ProgramW6432": "c:\\program files"}
        assert len(windows.program_folders(same)) == 1

    def test_windows_without_its_variables_assumes_no_drive(self) -> None:
        there = windows.installed({})
        assert there.aerenders == ()
        assert "ProgramFiles" in there.searched

    def test_macos_looks_into_both_applications_folders(self, tmp_path: Path) -> None:
        shared = program(tmp_path / "Applications" / "Adobe After Effects 2024" / "aerender")
        own = program(tmp_path / "home" / "Applications" / "Adobe After Effects 2025" / "aerender")
        there = macos.installed({"HOME": str(tmp_path / "home")}, tmp_path / "Applications")
        assert there.aerenders == (own, shared)

    @pytest.mark.parametrize(
        ("platform", "search"),
        [("win32", windows.installed), ("darwin", macos.installed)],
    )
    def test_each_system_has_its_file(self, platform: str, search: object) -> None:
        assert system_search(platform) is search

    def test_other_systems_have_no_after_effects(self) -> None:
        assert system_search("linux")({}).aerenders == ()


class TestChoice:
    @pytest.mark.parametrize("name", ["demo.json", "demo.LOTTIE"])
    def test_a_lottie_file_is_rendered_by_the_embedded_renderer(
        self, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An AERENDER_PATH set for the whole machine does not take it away."""
        monkeypatch.setattr(discovery, "find_spec", lambda module: object())
        environ = {"AERENDER_PATH": str(program(tmp_path / "aerender"))}
        chosen = choose_renderer(Path(name), None, environ)
        assert isinstance(chosen, Aerender)
        assert chosen.prefix == (sys.executable, "-m", "stmpo.renderers.lottie.renderer")
        assert (chosen.name, chosen.found_by) == ("stmpo-lottie", "embedded renderer")

    def test_an_explicit_renderer_gets_lottie_files_as_well(self, tmp_path: Path) -> None:
        path = str(program(tmp_path / "aerender"))
        assert choose_renderer(Path("demo.json"), path, {}).prefix == (path,)

    @pytest.mark.parametrize("name", ["a.aep", "a.AEPX", "a.aet"])
    def test_a_project_is_rendered_by_aerender(self, tmp_path: Path, name: str) -> None:
        path = str(program(tmp_path / "aerender"))
        chosen = choose_renderer(Path(name), None, {"AERENDER_PATH": path})
        assert (chosen.prefix, chosen.name, chosen.found_by) == ((path,), "aerender", "AERENDER_PATH")

    @pytest.mark.parametrize("name", ["a.prproj", "a", "a\nb.mov"])
    def test_any_other_file_is_bad_input(self, name: str) -> None:
        with pytest.raises(BadInput, match=r"\.aep.*\.lottie") as caught:
            choose_renderer(Path(name), None, {})
        assert len(str(caught.value).splitlines()) == 1

    def test_missing_packages_of_the_embedded_renderer_are_named(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(discovery, "find_spec", lambda module: None)
        with pytest.raises(NoRenderer, match=r"rlottie-python and Pillow.*stmpo\[lottie\]"):
            embedded_lottie()
