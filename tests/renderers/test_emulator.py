"""aerender's command line, naming of files, and lines, as facts about the real one have them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.renderers.emulator.arguments import (
    AerenderError,
    AerenderExitCode,
    OutputFile,
    claim,
    parse,
    resolve,
)
from stmpo.renderers.emulator.log_lines import (
    Item,
    Language,
    LineWriter,
    LogLines,
    Quotes,
    Style,
    TimeDisplay,
    timecode,
)

if TYPE_CHECKING:
    from pathlib import Path

ITEM = Item("main", 0, 99, 25.0, 1920, 1080, "out/x_[###].png", "PNG Sequence")


def refusal(*argv: str) -> AerenderError:
    with pytest.raises(AerenderError) as error:
        parse(argv)
    return error.value


def outcome(argv: list[str]) -> str:
    try:
        parse(argv)
    except AerenderError as error:
        return str(error)
    return "read"


class TestParse:
    def test_reads_a_whole_command_line(self) -> None:
        argv = ["-project", "a.aep", "-comp", "Main 1", "-s", "-5", "-e", "10", "-i", "2", "-mfr", "ON", "50"]
        argv += ["-renderSettings", "Skip Existing Files: true; Time Span: a:b", "-v", "ERRORS", "-reuse"]
        arguments = parse(argv)
        assert (arguments.project, arguments.comp) == ("a.aep", "Main 1")
        assert (arguments.start, arguments.end, arguments.increment, arguments.mfr) == (-5, 10, 2, (True, 50))
        assert arguments.render_settings == {"Skip Existing Files": "true", "Time Span": "a:b"}
        assert arguments.skip_existing
        assert arguments.errors_only
        assert arguments.reuse

    def test_names_are_compared_case_by_case(self) -> None:
        error = refusal("-S", "1")
        assert str(error) == "aerender SYNTAX ERROR: Illegal argument flag: -S"
        assert error.code is AerenderExitCode.SYNTAX

    def test_mp_is_refused_as_after_effects_2022_does(self) -> None:
        assert "Illegal argument flag: -mp" in str(refusal("-mp"))

    def test_a_flag_takes_the_next_argument_whatever_it_is(self) -> None:
        assert parse(["-comp", "-s"]).comp == "-s"
        assert "-mfr" in str(refusal("-mfr", "ON", "-s", "5"))

    @pytest.mark.parametrize("flag", ["-project", "-s", "-mfr", "-mem_usage", "-v"])
    def test_a_flag_without_its_value_is_refused(self, flag: str) -> None:
        assert str(refusal(flag)) == f"aerender SYNTAX ERROR: no value given for flag: {flag}"

    @pytest.mark.parametrize(
        "argv",
        [
            ("-i", "0"),
            ("-i", "101"),
            ("-mfr", "ON", "0"),
            ("-mfr", "On", "50"),
            ("-mfr", "OFF", "x"),
            ("-s", "1.5"),
            ("-v", "LOUD"),
            ("-mem_usage", "a", "b"),
            ("-sound", "loud"),
            ("-renderSettings", "no colon"),
        ],
    )
    def test_a_value_out_of_range_is_a_syntax_error(self, argv: tuple[str, ...]) -> None:
        assert refusal(*argv).code is AerenderExitCode.SYNTAX

    def test_off_needs_its_percentage_too(self) -> None:
        assert parse(["-mfr", "OFF", "100"]).mfr == (False, 100)
        assert refusal("-mfr", "OFF").code is AerenderExitCode.SYNTAX

    def test_one_pair_of_quotes_is_stripped(self) -> None:
        assert parse(["-output", '"C:\\a b.png"']).output == "C:\\a b.png"

    def test_no_argument_asks_for_the_usage(self) -> None:
        assert parse([]).help

    @given(st.lists(st.text(max_size=8) | st.sampled_from(["-s", "-mfr", "-comp", "ON", "5"]), max_size=6))
    def test_any_arguments_are_read_or_refused_in_one_line(self, argv: list[str]) -> None:
        assert outcome(argv).startswith(("read", "aerender SYNTAX ERROR: "))


class TestResolve:
    def test_comp_wins_over_rqindex(self) -> None:
        arguments, warnings = resolve(parse(["-comp", "a", "-rqindex", "3"]))
        assert (arguments.comp, arguments.rqindex, warnings) == ("a", None, [])

    def test_without_both_the_rest_is_ignored_with_a_warning(self) -> None:
        arguments, warnings = resolve(parse(["-s", "1", "-e", "2", "-output", "x.png", "-i", "2"]))
        assert (arguments.start, arguments.end, arguments.output, arguments.increment) == (None,) * 4
        assert "WARNING: -s and/or -e arguments ignored since no -comp or -rqindex provided." in warnings
        assert len(warnings) == 3

    def test_without_both_settings_are_an_error(self) -> None:
        with pytest.raises(AerenderError) as error:
            resolve(parse(["-renderSettings", "a: b"]))
        assert error.value.code is AerenderExitCode.RUNTIME


def test_log_shifts_the_codes_of_errors_only() -> None:
    assert AerenderExitCode.RUNTIME.logged(to_file=True) == 8
    assert AerenderExitCode.RUNTIME.logged(to_file=False) == 7
    assert AerenderExitCode.OK.logged(to_file=True) == 0


class TestOutputFile:
    @pytest.mark.parametrize(
        ("output", "frame", "name"),
        [
            ("x_[###].png", 7, "x_007.png"),
            ("x_[###].png", -7, "x_-07.png"),
            ("x_[##]_y.png", 12345, "x_12345_y.png"),
            ("x.jpg", 0, "x_00000.jpg"),
            ("x", 1, "x_00001"),
            ("shot.[####]", 3, "shot.0003"),
            ("m_[##].mov", 3, "m_[##].mov"),
        ],
    )
    def test_names_as_after_effects_does(self, output: str, frame: int, name: str) -> None:
        assert OutputFile.of(output).path(frame) == name

    def test_the_format_forces_its_extension(self) -> None:
        assert OutputFile.of("x_[##].mov", ".mp4").path(1) == "x_[##].mp4"
        assert OutputFile.of("x_[##].png", ".tif").path(1) == "x_01.tif"

    def test_a_claim_succeeds_once(self, tmp_path: Path) -> None:
        path = str(tmp_path / "a.png")
        assert claim(path)
        assert not claim(path)
        assert (tmp_path / "a.png").stat().st_size == 0


class TestTimecode:
    @pytest.mark.parametrize(
        ("frame", "fps", "drop", "text"),
        [
            (170239, 29.97, True, "1;34;40;09"),  # from a real log
            (1799, 29.97, True, "0;00;59;29"),
            (1800, 29.97, True, "0;01;00;02"),
            (17982, 29.97, True, "0;10;00;00"),
            (90, 24.0, False, "0:00:03:18"),
            (-5, 25.0, False, "-0:00:00:05"),
            (100, 23.976, False, "0:00:04:04"),
        ],
    )
    def test_counts_as_after_effects_does(self, frame: int, fps: float, *, drop: bool, text: str) -> None:
        assert timecode(frame, fps, drop=drop) == text

    @given(st.integers(0, 500_000), st.sampled_from([29.97, 59.94]))
    def test_no_two_frames_share_a_drop_frame_number(self, frame: int, fps: float) -> None:
        assert timecode(frame, fps, drop=True) < timecode(frame + 1, fps, drop=True)


class TestLines:
    def test_a_frame_line_has_absolute_time_and_a_count_from_one(self) -> None:
        assert LogLines(Style(), ITEM).frame(93, 1, 2.7) == ["PROGRESS:  0:00:03:18 (1): 2 Seconds"]

    @pytest.mark.parametrize(
        ("style", "line"),
        [
            (Style(display=TimeDisplay.FRAMES), "PROGRESS:  104 (105): 0 Seconds"),
            (Style(display=TimeDisplay.FEET), "PROGRESS:  0006+08 (105): 0 Seconds"),
            (Style(display=TimeDisplay.DROP_FRAME), "PROGRESS:  0;00;04;04 (105): 0 Seconds"),
            (Style(language=Language.DE), "PROGRESS:  0:00:04:04 (105): 0 Sekunden"),
        ],
    )
    def test_the_style_shapes_a_frame_line(self, style: Style, line: str) -> None:
        assert LogLines(style, ITEM).frame(104, 105, 0) == [line]

    def test_the_date_may_be_fixed(self) -> None:
        lines = LogLines(Style(clock="11-Feb-21 17:50:57"), ITEM)
        assert 'PROGRESS:  11-Feb-21 17:50:57: Starting composition "main".' in lines.starting()
        assert 'PROGRESS:  11-Feb-21 17:50:57: Finished composition "main".' in lines.finished(1)

    def test_lines_may_repeat(self) -> None:
        assert len(LogLines(Style(repeat_frames=True), ITEM).frame(0, 1, 0)) == 2

    @pytest.mark.parametrize(
        ("style", "words"),
        [
            (Style(), 'Finished composition "main".'),
            (Style(quotes=Quotes.CURLY), "Finished composition “main”."),
            (Style(quotes=Quotes.NONE), "Finished composition main."),
            (Style(language=Language.DE), 'Komposition "main" beendet'),
            (Style(language=Language.FR), "fin de la composition"),
        ],
    )
    def test_the_end_is_said_in_the_words_that_parsers_know(self, style: Style, words: str) -> None:
        assert words in "\n".join(LogLines(style, ITEM).finished(88))

    def test_a_comma_may_stand_for_the_point(self) -> None:
        style = Style(decimal_comma=True)
        assert "PROGRESS:  Frame Rate: 25,00 (comp)" in LogLines(style, ITEM).starting()
        assert "of -0,20 seconds" in LogLines(style, ITEM).outside(-5, 0, 99)

    @pytest.mark.parametrize(
        ("seconds", "words"), [(4, "4 Seconds"), (88, "1 Min, 28 Sec"), (94_500, "26 Hr, 15 Min")]
    )
    def test_the_time_elapsed_has_three_shapes(self, seconds: float, words: str) -> None:
        assert LogLines(Style(), ITEM).finished(seconds)[-1] == f"PROGRESS:  Total Time Elapsed: {words}"


class TestVoice:
    def test_errors_only_leaves_out_progress_warnings_and_infos(self) -> None:
        out = io.BytesIO()
        LineWriter(out, errors_only=True).write(
            ["PROGRESS: a", "", "WARNING:b", "INFO:c", "aerender ERROR: d"]
        )
        assert out.getvalue() == b"aerender ERROR: d\n"

    def test_writes_in_the_console_s_code_page(self) -> None:
        out = io.BytesIO()
        LineWriter(out, encoding="cp932").write("秒 é")
        assert out.getvalue() == "秒 ?\n".encode("cp932")
