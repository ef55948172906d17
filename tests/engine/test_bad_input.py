"""Bad input: one clear line, the documented exit code, nothing started, nothing left behind.

Each kind of case runs the real command; variations of it call its entry point in this process. `_refused`
holds what is common to all of them; what was made before the last check could refuse (folders, a journal, a
scratch folder) has to be gone again.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from stmpo.cli.main import run
from stmpo.history.journal import Journal
from stmpo.model.errors import BadInput, ExitCode
from stmpo.testing import FAKE_AERENDER, FrameCosts, Scenario
from tests.engine.studio import TEST_TIMEOUT, Outcome, Studio, wait_for

if TYPE_CHECKING:
    from pathlib import Path

FRAMES = ("--frames", "1-4")


def _refused(studio: Studio, outcome: Outcome, *words: str, code: ExitCode = ExitCode.BAD_INPUT) -> str:
    """The last line says what is wrong; nothing was started; no folder was made. Returns that line."""
    *before, last = outcome.output.splitlines()
    assert outcome.code == code, outcome.output
    assert before == [], "one line and no more"
    assert last.startswith("stmpo: ")
    for word in words:
        assert word in last
    assert studio.starts() == []
    assert not studio.out.exists()
    assert not studio.scratch.exists()
    return last


def _bare(studio: Studio, project: object, *options: str, **environment: str) -> Outcome:
    """`stmpo render` with nothing but what is given here."""
    done = subprocess.run(
        [sys.executable, "-m", "stmpo", "render", str(project), *options],
        env=studio.environment(Scenario(), **environment),
        cwd=studio.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=TEST_TIMEOUT,
        check=False,
    )
    return Outcome(done.returncode, done.stdout)


def _quick(studio: Studio, *options: str, **environment: str) -> Outcome:
    """`Studio.render` inside this process, for what is refused before anything is looked at."""
    said = io.StringIO()
    with (
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.chdir(studio.folder)
        for name, value in environment.items():
            patch.setenv(name, value)
        code = run(studio.command(*options)[3:])
    return Outcome(code, said.getvalue())


def _output(studio: Studio) -> tuple[str, ...]:
    return (
        *("--output", str(studio.out / "f_[####].png"), "--scratch-dir", str(studio.scratch)),
        *("--aerender-path", str(FAKE_AERENDER)),
    )


# ------------------------------------------------------------------------------------------------ the project


def test_a_project_that_does_not_exist(studio: Studio) -> None:
    gone = studio.folder / "gone.aep"
    _refused(
        studio, _bare(studio, gone, "--comp", "Main", *FRAMES, *_output(studio)), f"{gone} does not exist"
    )


def test_a_folder_as_the_project(studio: Studio) -> None:
    folder = studio.folder / "folder.aep"
    folder.mkdir()
    _refused(studio, _bare(studio, folder, "--comp", "Main", *FRAMES, *_output(studio)), "is not a file")


def test_a_project_that_the_system_refuses_to_look_at(studio: Studio) -> None:
    """A name that is too long, as a folder above it that may not be entered."""
    long = studio.folder / f"{'x' * 300}.aep"
    line = _refused(studio, _bare(studio, long, "--comp", "Main", *FRAMES, *_output(studio)), str(long))
    assert "cannot be read: " in line


def test_an_output_that_the_system_refuses_to_look_at(studio: Studio) -> None:
    _refused(studio, _quick(studio, *FRAMES, "--output", f"{'x' * 300}/f_####.png"), "--output")


def test_a_renderer_that_the_system_refuses_to_look_at(studio: Studio) -> None:
    outcome = _quick(studio, *FRAMES, "--aerender-path", f"/{'x' * 300}/aerender")
    _refused(studio, outcome, "--aerender-path", "cannot be read", code=ExitCode.NO_RENDERER)


def test_a_file_that_no_renderer_reads(studio: Studio) -> None:
    text = studio.folder / "shot.txt"
    text.touch()
    _refused(studio, _bare(studio, text, "--comp", "Main", *FRAMES, *_output(studio)), "shot.txt is neither")


def test_a_project_without_comp_or_queue_item(studio: Studio) -> None:
    _refused(studio, _bare(studio, studio.project, *FRAMES, *_output(studio)), "--comp NAME", "--rqindex N")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--rqindex", "1"), ("--comp and --rqindex are both given",)),
        (("--comp", " "), ("--comp is empty",)),
        (("--comp", "Main", "--rqindex", "0"), ("--rqindex 0", "at least 1")),
    ],
    ids=["both", "empty comp", "queue item 0"],
)
def test_what_to_render_is_said_once_and_exactly(
    studio: Studio, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    _refused(studio, _quick(studio, *FRAMES, *options), *words)


@pytest.mark.parametrize(
    "name", ["text.json", "list.json", "other.json", "cut.lottie", "text.lottie", "empty.json"]
)
def test_a_lottie_file_that_is_not_one(studio: Studio, name: str) -> None:
    path = studio.folder / name
    content = {"text": b"RIFX", "list": b"[1, 2]", "other": b'{"name": "no animation"}', "empty": b""}
    path.write_bytes(_cut_archive(studio.folder) if path.stem == "cut" else content[path.stem])
    options = ("--output", str(studio.out / "f_[####].png"), "--scratch-dir", str(studio.scratch))
    _refused(studio, _bare(studio, path, *options), name)


@pytest.mark.parametrize("name", ["f_[####].exr", "film.mov", "f_[####]"])
def test_what_the_embedded_renderer_does_not_write(studio: Studio, name: str) -> None:
    pytest.importorskip("rlottie_python", reason="the embedded renderer needs rlottie-python: stmpo[lottie]")
    path = studio.folder / "shot.json"
    path.write_text(
        '{"v": "5.5.7", "fr": 30, "ip": 0, "op": 3, "w": 8, "h": 8, "layers": []}', encoding="utf-8"
    )
    options = ("--output", str(studio.out / name), "--scratch-dir", str(studio.scratch))
    _refused(studio, _bare(studio, path, *options), "--output: the embedded renderer writes", ".png")


def _cut_archive(folder: Path) -> bytes:
    with zipfile.ZipFile(folder / "whole.zip", "w") as archive:
        archive.writestr("manifest.json", json.dumps({"animations": [{"id": "a"}]}))
    data = (folder / "whole.zip").read_bytes()
    return data[: len(data) // 2]


# ------------------------------------------------------------------------------------------------- the frames


@pytest.mark.parametrize(
    "frames", ["", " ", "x", "1-", "1--", "5-1", "1-9:0", "1-5,3-8", "1,,2", "1-99999999", "1.5"]
)
def test_frames_that_are_no_range_expression(studio: Studio, frames: str) -> None:
    _refused(studio, _quick(studio, "--frames", frames), "--frames")


def test_a_sequence_without_frames(studio: Studio) -> None:
    _refused(studio, studio.render(), "--frames is missing", "--frames 1-240")


def test_a_single_file_with_a_gap_in_its_frames(studio: Studio) -> None:
    outcome = studio.render("--frames", "1-4,8-9", output="movie.mov")
    _refused(studio, outcome, "--frames 1-4,8-9", "movie.mov", "without a gap")


# ------------------------------------------------------------------------------------------------- the output


def test_no_output_at_all(studio: Studio) -> None:
    outcome = _bare(studio, studio.project, "--comp", "Main", *FRAMES, "--aerender-path", str(FAKE_AERENDER))
    _refused(studio, outcome, "--output is missing")


@pytest.mark.parametrize(
    ("output", "word"),
    [
        ("out/", "is a folder"),
        ("", "is empty"),
        ("out/../../f_[####].png", "'..'"),
        ("../f_[####].png", "'..'"),
        ("out/f_[##]_[####].png", "two frame number groups, [##] and [####]"),
        ("out/f_####_####.png", "frame number groups"),
        ("out/f_[####]\n.png", "line break"),
        (f"out/{'n' * 260}_[####].png", "File name too long"),
        (f"out/{'d' * 260}/f_[####].png", "File name too long"),
        ("shot.aep/f_[####].png", "a file is in the way"),
        ("/proc/nowhere/f_[####].png", "cannot be written"),
        ("/proc/self/f_[####].png", "cannot be written"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="folders that root cannot write are Linux's")
def test_an_output_that_cannot_be(studio: Studio, output: str, word: str) -> None:
    _refused(studio, _quick(studio, *FRAMES, "--output", output), word)


def test_a_folder_that_is_there_as_the_output(studio: Studio) -> None:
    (studio.folder / "renders").mkdir()
    _refused(studio, _quick(studio, *FRAMES, "--output", "renders"), "'renders' is a folder")


def test_an_output_folder_that_is_there_is_left_as_it_was(studio: Studio) -> None:
    studio.out.mkdir()
    (studio.out / "f_[####].png").mkdir()
    before = sorted(studio.out.iterdir())
    outcome = studio.render("--frames", "x")
    assert outcome.code == ExitCode.BAD_INPUT
    assert sorted(studio.out.iterdir()) == before


@pytest.mark.parametrize("option", ["--scratch-dir", "--journal-dir", "--log-file"])
def test_a_folder_or_file_of_ours_that_cannot_be_written(studio: Studio, option: str) -> None:
    inside_a_file = str(studio.project / "x")
    _refused(studio, studio.render(*FRAMES, option, inside_a_file), inside_a_file)


def test_a_refusal_stands_in_the_log_file_as_well(studio: Studio) -> None:
    """On a farm the log is what people see first; it is appended to and never emptied."""
    log = studio.folder / "log.txt"
    log.write_text("before\n")
    line = _refused(studio, _quick(studio, "--frames", "x", "--log-file", str(log)))
    first, last = log.read_text(encoding="utf-8").splitlines()
    assert first == "before"
    assert last.endswith(f"ERROR: {line.removeprefix('stmpo: ')}")


# ------------------------------------------------------------------------------------------------ the numbers


@pytest.mark.parametrize(
    "option",
    [
        ("--concurrency", "-1"),
        ("--max-concurrency", "0"),
        ("--ram-per-process-gb", "nan"),
        ("--ram-per-process-gb", "0"),
        ("--spawn-delay", "inf"),
        ("--spawn-delay", "-0.1"),
        ("--child-grace-sec", "nan"),
        ("--stall-timeout", "-inf"),
        ("--max-frame-retries", "-1"),
        ("--mfr-threads", "0"),
    ],
    ids=" ".join,
)
def test_numbers_out_of_bounds(studio: Studio, option: tuple[str, str]) -> None:
    _refused(studio, _quick(studio, *FRAMES, *option), option[0])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STMPO_CONCURRENCY", "abc"),
        ("STMPO_CONCURRENCY", "-1"),
        ("STMPO_STALL_TIMEOUT", "nan"),
        ("STMPO_MFR", "perhaps"),
        ("STMPO_FRAMES", "x"),
    ],
)
def test_variables_of_the_environment_are_checked_alike(studio: Studio, name: str, value: str) -> None:
    options = FRAMES if name != "STMPO_FRAMES" else ()
    _refused(studio, _quick(studio, *options, **{name: value}), value)


@pytest.mark.parametrize(
    "option", [("--no-such-option",), ("--concurrency", "many"), ("--mfr-threads", "1.5")]
)
def test_what_the_command_line_cannot_read_is_refused_in_one_line(
    studio: Studio, option: tuple[str, ...]
) -> None:
    outcome = _quick(studio, *FRAMES, *option)
    assert outcome.code == ExitCode.BAD_INPUT
    assert outcome.output.startswith("stmpo: ")
    (line,) = outcome.output.splitlines()
    assert option[0] in line
    assert studio.starts() == []
    assert not studio.out.exists()


@pytest.mark.parametrize("content", [None, "{", "[]", '{"domains": 7}'])
def test_a_numa_map_that_cannot_be_read(studio: Studio, content: str | None) -> None:
    path = studio.folder / "numa_map.json"
    if content is not None:
        path.write_text(content)
    _refused(studio, _quick(studio, *FRAMES, "--numa-map", str(path)), f"numa map {path}")


# ----------------------------------------------------------------------------------------------- the renderer


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere After Effects may be installed")
def test_no_renderer_anywhere_names_the_places_that_were_looked_at(studio: Studio) -> None:
    outcome = _bare(
        *(studio, studio.project, "--comp", "Main", *FRAMES),
        *("--output", str(studio.out / "f_[####].png"), "--scratch-dir", str(studio.scratch)),
        PATH=str(studio.folder),
    )
    places = ("--aerender-path", "AERENDER_PATH", "there is none on PATH")
    _refused(studio, outcome, "no aerender found", *places, code=ExitCode.NO_RENDERER)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("plain", "not executable"),
        ("empty folder", "holds no aerender"),
        ("aerender.bat", "batch file"),
        ("gone", "does not exist"),
    ],
)
def test_a_renderer_that_cannot_be_run(studio: Studio, name: str, word: str) -> None:
    path = studio.folder / name
    if name == "empty folder":
        path.mkdir()
    elif name != "gone":
        path.touch()
    if os.name == "nt" and name == "plain":
        pytest.skip("Windows knows no executable bit")
    outcome = _quick(studio, *FRAMES, "--aerender-path", str(path))
    _refused(studio, outcome, "--aerender-path", name, word, code=ExitCode.NO_RENDERER)


@pytest.mark.skipif(os.name == "nt", reason="a file's first bytes decide on POSIX")
def test_a_renderer_that_the_system_will_not_start_ends_the_run_in_words(studio: Studio) -> None:
    """It can be known only by trying: scratch and journal are there then, and nothing of value in them."""
    path = studio.folder / "aerender"
    path.write_text("#!/no/such/interpreter\n")
    path.chmod(0o755)
    outcome = studio.render(*FRAMES, "--aerender-path", str(path))
    assert outcome.code == ExitCode.NO_RENDERER
    assert f"cannot start {path}" in outcome.output.splitlines()[-1]
    assert "Traceback" not in outcome.output
    assert studio.scratch_files() == []


# ----------------------------------------------------------------------------------------------- the env file


@pytest.mark.parametrize(
    "content",
    [
        None,
        "NAME=s3cr3t",
        '["s3cr3t"]',
        '"s3cr3t"',
        '{"NAME": 53.7}',
        '{"NAME": {"s3cr3t": 1}}',
        '{"NAME": "s3cr3t',
    ],
    ids=["missing", "text", "list", "string", "number", "object", "cut"],
)
def test_an_env_file_that_is_no_object_of_strings(studio: Studio, content: str | None) -> None:
    path = studio.folder / "env.json"
    if content is not None:
        path.write_text(content)
    line = _refused(studio, _quick(studio, *FRAMES, "--env-file", str(path)), f"env file {path}")
    assert "s3cr3t" not in line
    assert "53.7" not in line


# ------------------------------------------------------------------------------------------------ the journal


def test_a_journal_of_another_job_is_refused_with_the_reason(studio: Studio) -> None:
    assert studio.render(*FRAMES, "--concurrency", "1").code == 0
    before = studio.named()
    (journal,) = studio.out.glob(".*.stmpo.jsonl")
    kept = journal.read_bytes()
    outcome = studio.render(*FRAMES, "--comp", "Other")
    assert outcome.code == ExitCode.BAD_INPUT
    last = outcome.output.splitlines()[-1]
    assert "belongs to another job" in last
    assert "'Main', now 'Other'" in last
    assert "--no-resume" in last
    assert studio.named() == before
    assert journal.read_bytes() == kept
    assert len(studio.starts()) == 1
    assert list(studio.scratch.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="SIGTERM ends the first run gently on POSIX only")
def test_an_output_that_another_run_is_writing_to_is_refused_by_name(studio: Studio) -> None:
    slow = Scenario(costs=FrameCosts(30.0))
    with studio.start(*FRAMES, "--concurrency", "1", scenario=slow) as first:
        try:
            wait_for(lambda: first.poll() is not None or studio.starts(), "the first run's renderer")
            outcome = studio.render(*FRAMES, scenario=slow)
            assert outcome.code == ExitCode.BAD_INPUT
            (line,) = outcome.output.splitlines()
            assert "another run is writing to this output" in line
            assert f"process {first.pid} " in line
            assert len(studio.starts()) == 1
            assert len(list(studio.scratch.iterdir())) == 1, "the first run's and no other"
            first.send_signal(signal.SIGTERM)
            assert first.wait(30) == ExitCode.CANCELLED
        finally:
            first.kill()


def test_a_log_file_that_is_the_project_is_refused(studio: Studio) -> None:
    before = studio.project.read_bytes()
    outcome = studio.render("--frames", "1-4", "--log-file", str(studio.project))
    assert outcome.code == ExitCode.BAD_INPUT
    assert "is the project itself" in outcome.output
    assert studio.project.read_bytes() == before


def test_a_job_that_delivered_nothing_stands_in_nobodys_way(studio: Studio) -> None:
    """A comp's name was mistyped; the right one is rendered to the same place."""
    scenario = Scenario(tree=False, comp="Main")
    assert studio.render(*FRAMES, "--comp", "Mian", scenario=scenario).code == ExitCode.FRAMES_FAILED
    assert studio.render(*FRAMES, scenario=scenario).code == 0
    assert studio.frames()


@pytest.mark.skipif(os.name == "nt", reason="flock is what other systems lock by")
def test_a_journal_that_cannot_be_locked_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int, __: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("fcntl.flock", fail)
    with pytest.raises(BadInput, match=r"cannot lock the journal .*: Input/output error; choose another"):
        Journal.open(tmp_path / "journal")


@pytest.mark.skipif(sys.platform != "linux", reason="chattr")
def test_scratch_that_cannot_be_removed_is_named(studio: Studio) -> None:
    """An immutable file, as nobody but root can make."""
    renderer = studio.folder / "aerender.py"
    renderer.write_text(
        "import os, runpy, subprocess, sys\n"
        "stays = os.path.join(os.getcwd(), 'stays')\n"
        "open(stays, 'w').close()\n"
        "if subprocess.run(['chattr', '+i', stays]).returncode: os._exit(99)\n"
        f"sys.argv[0] = {str(FAKE_AERENDER)!r}\n"
        f"runpy.run_path({str(FAKE_AERENDER)!r}, run_name='__main__')\n",
        encoding="utf-8",
    )
    outcome = studio.render("--frames", "1-2", "--aerender-path", str(renderer))
    left = list(studio.scratch.rglob("stays"))
    for path in left:
        subprocess.run(["chattr", "-i", str(path)], check=True)  # noqa: S607 - the system's
    if not left or "exit code 99" in outcome.output:
        pytest.skip("nobody may make a file immutable here")
    assert "scratch could not be removed: " in outcome.output
    assert str(left[0].parents[1]) in outcome.output
    assert outcome.code == 0, outcome.output


@pytest.mark.skipif(os.name == "nt", reason="flock is what other systems lock by")
def test_a_run_on_a_file_system_whose_locks_fail_is_refused_in_one_line_and_leaves_no_lock_files(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: int, __: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("fcntl.flock", fail)
    monkeypatch.setenv("TMPDIR", str(studio.folder))
    assert run(studio.command("--frames", "1-2")[3:]) == 2
    assert "cannot be locked: Input/output error" in capsys.readouterr().err
    assert not studio.out.exists() or not list(studio.out.glob(".stmpo-*.lock"))
