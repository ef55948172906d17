"""aerender's command line is built from a job, and its lines are understood."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.model.frames import FrameSet, Span
from stmpo.model.output_pattern import OutputPattern
from stmpo.model.render_job import RenderJob
from stmpo.renderers.aerender import Aerender
from stmpo.renderers.emulator import arguments as emulator
from stmpo.renderers.emulator.log_lines import Item, Language, LogLines, Quotes, Style, TimeDisplay
from stmpo.renderers.protocol import FindingKind, LineKind, Meaning, Renderer, Work

AERENDER: Renderer = Aerender(("aerender",))
OUTPUT = "/scratch/shot_[#####].png"


def job(**changes: Any) -> RenderJob:
    """A plain job, with changes."""
    settings: dict[str, Any] = {
        "project": Path("/p/shot.aep"),
        "comp": "Main",
        "rqindex": None,
        "frames": FrameSet.between(0, 9),
        "output": OutputPattern.parse("shot_[#####].png", Path("/out")),
    }
    return RenderJob(**{**settings, **changes})


def work(span: Span | None = Span(3, 7), percent: int = 25) -> Work:  # noqa: B008 - a frozen value
    """What one process of it is asked to do."""
    return Work(span, OUTPUT, percent)


class TestCommand:
    def test_the_whole_line_of_a_plain_job(self) -> None:
        assert AERENDER.command(job(), work(), mfr=True) == [
            *("aerender", "-project", str(Path("/p/shot.aep")), "-comp", "Main", "-output", OUTPUT),
            *("-s", "3", "-e", "7", "-mfr", "ON", "25", "-v", "ERRORS_AND_PROGRESS"),
            *("-close", "DO_NOT_SAVE_CHANGES", "-sound", "OFF"),
        ]

    def test_every_option_of_a_job_travels(self) -> None:
        asked = job(
            comp=None,
            rqindex=4,
            rs_template="Best",
            om_template="PNG  RGBA",
            continue_on_missing_footage=True,
        )
        read = emulator.parse(AERENDER.command(asked, work(Span(-12, -3)), mfr=False)[1:])
        assert (read.rqindex, read.comp, read.rs_template, read.om_template) == (4, None, "Best", "PNG  RGBA")
        assert (read.start, read.end, read.mfr) == (-12, -3, (False, 25))
        assert read.continue_on_missing_footage

    def test_both_values_of_mfr_are_always_passed(self) -> None:
        line = list(AERENDER.command(job(), work(percent=100), mfr=False))
        at = line.index("-mfr")
        assert line[at : at + 3] == ["-mfr", "OFF", "100"]

    def test_an_interpreter_and_its_script_come_first(self) -> None:
        fake = Aerender(("python3", "fake.py"), "fake")
        assert list(fake.command(job(), work(), mfr=True))[:3] == ["python3", "fake.py", "-project"]

    def test_a_single_file_over_its_own_time_span_gets_no_frames(self) -> None:
        line = AERENDER.command(job(frames=None), work(None), mfr=True)
        assert "-s" not in line
        assert "-e" not in line

    def test_a_job_without_comp_and_item_asks_for_the_first_item(self) -> None:
        """Trap: with neither, aerender renders the whole queue and ignores -output, -s and -e."""
        arguments, warnings = emulator.resolve(
            emulator.parse(AERENDER.command(job(comp=None), work(), mfr=True)[1:])
        )
        assert (arguments.rqindex, arguments.output, arguments.start, warnings) == (1, OUTPUT, 3, [])

    @given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
    def test_any_name_of_a_comp_arrives_as_it_is(self, name: str) -> None:
        assert emulator.parse(AERENDER.command(job(comp=name), work(), mfr=True)[1:]).comp == name

    @pytest.mark.parametrize(
        "name", ["-output", "-reuse", '"quoted"', '"', "100 % & more", "東京 ü", "a' \"b"]
    )
    def test_names_that_look_like_flags_or_shell_syntax_are_plain_values(self, name: str) -> None:
        read = emulator.parse(AERENDER.command(job(comp=name, rs_template=name), work(), mfr=True)[1:])
        assert (read.comp, read.rs_template, read.output) == (name, name, OUTPUT)

    def test_flags_that_break_parallel_rendering_are_never_passed(self) -> None:
        for asked in (job(), job(comp=None, rqindex=1, rs_template="a", continue_on_missing_footage=True)):
            for mfr in (True, False):
                assert not {"-reuse", "-log", "-mp", "-i"} & set(AERENDER.command(asked, work(), mfr=mfr))


HEADER = """\
PROGRESS: Adding specified comp to Render Queue
rqindex 3num 5
PROGRESS:  Render Settings: Best Settings
PROGRESS:  Quality: Best
PROGRESS:  Resolution: Full
PROGRESS:  Size: 1920 x 1080
PROGRESS:  Time Span: Work Area
PROGRESS:  Start: 0:00:00:00
PROGRESS:  End: 0:00:04:24
PROGRESS:  Duration: 0:00:05:00
PROGRESS:  Dauer: 0:00:05:00
PROGRESS:  Frame Rate: 25.00 (comp)
PROGRESS:  Frame Rate: 25,00 (comp)
PROGRESS:  Start: 00123
PROGRESS:  Output Module: High Quality
PROGRESS:  Output To: C:\\out\\error: 0:00:00:01 (3): 2.mov
PROGRESS:  Start Frame: 0
PROGRESS:  Output Audio: 48.000 kHz / 16 bit / Stereo (if comp has audio)
PROGRESS:  Output Info: -
PROGRESS:  Depth: Millions of Colors+
PROGRESS:  Canales: RGB + Alfa
PROGRESS:  Post-Render Action: None
PROGRESS:  Total Time Elapsed: 1 Min, 28 Sec
PROGRESS:  Output To: D:\\aerender ERROR\\After Effects error: ( 86 :: 2 ).mov
PROGRESS:  Comp (7): aerender ERROR: x""".splitlines()


class TestFrames:
    @pytest.mark.parametrize(
        ("line", "count"),
        [
            ("PROGRESS:  0:00:00:00 (1): 1 Seconds", 1),
            ("PROGRESS:  0:00:03:18 (199): 0 Seconds", 199),
            ("PROGRESS:  1;34;40;09 (21280): 0 Seconds", 21280),
            ("PROGRESS:  -0:00:00:05 (2): 0 Seconds", 2),
            ("PROGRESS:  12:00:00:119 (3): 0 Seconds", 3),
            ("PROGRESS:  123 (124): 0 Seconds", 124),
            ("PROGRESS:  00123 (124): 0 Seconds", 124),
            ("PROGRESS:  -5 (1): 0 Seconds", 1),
            ("PROGRESS:  0006+08 (105): 0 Seconds", 105),
            ("PROGRESS:  0:00:00:01 (2U): 0 Seconds", 2),
            ("PROGRESS:  0:00:00:01 (2L): 0 Seconds", 2),
            ("PROGRESS:  0:00:00:01 (2): 0 Sekunden", 2),
            ("PROGRESS:  0:00:00:01 (2): 0 segundos", 2),
            ("PROGRESS:  0:00:00:01 (2) : 0 secondes", 2),
            ("PROGRESS:  0:00:00:01 (2): 0 秒", 2),
            ("PROGRESS:  0:00:00:01 (2)：0 秒", 2),  # noqa: RUF001 - the full-width colon is the case
            ("PROGRESS:  0:00:00:01 (2): 0,5 Sekunden", 2),
            ("PROGRESS:  0:00:00:01 (2): 1 Min, 28 Sec", 2),
            ("  0:00:00:01 (2): 0 Seconds", 2),
        ],
    )
    def test_every_display_style_and_language_is_a_frame(self, line: str, count: int) -> None:
        read = AERENDER.read(line)
        assert (read.kind, read.count, read.text, read.finding) == (LineKind.FRAME, count, line, None)

    @pytest.mark.parametrize("line", HEADER)
    def test_header_lines_are_neither_frames_nor_findings(self, line: str) -> None:
        assert AERENDER.read(line).kind is LineKind.OTHER

    @pytest.mark.parametrize(
        "line",
        ["PROGRESS:  0:00:00:01 (2): Seconds", "0:00:00:01 (2)", "PROGRESS:  (2): 0 Seconds", "12 (x): 3"],
    )
    def test_half_a_frame_line_is_none(self, line: str) -> None:
        assert AERENDER.read(line).kind is LineKind.OTHER


class TestMilestones:
    @pytest.mark.parametrize(
        ("line", "kind"),
        [
            ("aerender version 26.0x67", LineKind.VERSION),
            ("aerender version 26.2x49", LineKind.VERSION),
            ("PROGRESS: Launching After Effects...", LineKind.LAUNCHING),
            ("PROGRESS: ...After Effects successfully launched", LineKind.LAUNCHING),
            ("PROGRESS:  4/30/2019 1:59:13 AM: Starting composition main.", LineKind.OPENED),
            ("PROGRESS:  8/23/2021 1:50:07 AM: Starting composition “LOWER THIRD logo”.", LineKind.OPENED),
            ('PROGRESS:  8/23/2021 1:50:07 AM: Starting composition "LOWER THIRD logo".', LineKind.OPENED),
            ("PROGRESS:  19.05.2022 15:23:11: Starting composition “render”.", LineKind.OPENED),
            ("19.05.2022 15:23:11: Starting composition “render”.", LineKind.OPENED),
            ("PROGRESS: Starting composition main.", LineKind.OPENED),
            ("PROGRESS:  19.05.2022 15:23:11: Komposition „render“ wird gestartet.", LineKind.OPENED),
            ("PROGRESS:  19/05/2022 15:23:11: Début de la composition « render ».", LineKind.OPENED),
            ("PROGRESS:  19/05/2022 15:23:11: Iniciando composición “render”.", LineKind.OPENED),
            ("PROGRESS:  2022/05/19 15:23:11: コンポジション「render」を開始", LineKind.OPENED),
            ("PROGRESS:  2022-05-19 오후 3:23:11: something nobody has seen", LineKind.OPENED),
            ('PROGRESS:  5/7/2018 6:22:38 PM: Finished composition "Composition"', LineKind.FINISHED),
            ("PROGRESS:  4/7/19 3:01:44 AM EDT: Finished composition 00003 (30p).", LineKind.FINISHED),
            ("15/03/2022 19:28:47 GMT+2: Finished composition “_Example 1”.", LineKind.FINISHED),
            ("PROGRESS:  15/03/2022 19:28:47 GMT+05:30: Finished composition “x”.", LineKind.FINISHED),
            ("PROGRESS: Finished composition main.", LineKind.FINISHED),
            ("PROGRESS:  19.05.2022 15:23:11: Komposition „render“ beendet.", LineKind.FINISHED),
            ("PROGRESS:  19/05/2022 15:23:11: fin de la composition « render ».", LineKind.FINISHED),
            ("PROGRESS:  19/05/2022 15:23:11: Composición “render” finalizada.", LineKind.FINISHED),
            ("PROGRESS:  2022/05/19 15:23:11: コンポジション「render」が終了しました", LineKind.FINISHED),
            ("PROGRESS:  11-Feb-21 17:50:57: Starting composition Main.", LineKind.OPENED),
            ("PROGRESS:  11-Feb-21 17:50:57: Finished composition Main.", LineKind.FINISHED),
            ("11-Feb-21 17:50:57: Finished composition Main.", LineKind.FINISHED),
            ("PROGRESS:  Thu Feb 11 17:50:57 2021: Finished composition Main.", LineKind.FINISHED),
            ("PROGRESS:  11. Februar 2021 17:50:57: Komposition „Main“ wird gestartet.", LineKind.OPENED),
            ("PROGRESS:  Do 11. Feb. 2021 17:50:57 MEZ: Komposition „Main“ beendet.", LineKind.FINISHED),
            ("PROGRESS:  jeudi 11 février 2021 17:50:57 : Début de la composition « x ».", LineKind.OPENED),
            ("PROGRESS:  11 févr. 2021 à 17 h 50 : fin de la composition « x ».", LineKind.FINISHED),
            ("PROGRESS:  11 feb 2021 17:50:57: Composición “x” finalizada.", LineKind.FINISHED),
            ("PROGRESS:  11 feb 2021 17:50:57: Composizione “x” completata.", LineKind.FINISHED),
            ("PROGRESS:  11 de fev de 2021 17:50:57: Composição “x” concluída.", LineKind.FINISHED),
            ("PROGRESS:  2021年2月11日 17時50分57秒: コンポジション「x」を開始しました。", LineKind.OPENED),
            ("PROGRESS:  2021年2月11日 17:50:57：コンポジション「x」が終了しました。", LineKind.FINISHED),  # noqa: RUF001
            ("PROGRESS:  2021년 2월 11일 오후 5:50:57: 컴포지션 “x” 완료.", LineKind.FINISHED),
            ("PROGRESS:  2021年2月11日 下午5:50:57: 合成“x”已完成。", LineKind.FINISHED),
            ("PROGRESS:  11 фев. 2021 г. 17:50:57: Композиция «x» завершена.", LineKind.FINISHED),  # noqa: RUF001 - as printed
        ],
    )
    def test_the_steps_of_a_process_are_known_in_each_language(self, line: str, kind: LineKind) -> None:
        assert AERENDER.read(line).kind is kind

    @pytest.mark.parametrize(
        "name",
        [
            "ERROR",
            "aerender ERROR: x",
            "After Effects error: y",
            "Finished composition",
            "( 86 :: 2 )",
            "19969",
        ],
    )
    @pytest.mark.parametrize("marks", ["{}", '"{}"', "“{}”", "„{}“"])
    def test_a_comp_may_be_called_anything(self, name: str, marks: str) -> None:
        line = f"PROGRESS:  4/30/2019 1:59:13 AM: Starting composition {marks.format(name)}."
        assert AERENDER.read(line).kind is LineKind.OPENED

    @pytest.mark.parametrize(
        "date",
        [
            "11-Feb-21 17:50:57",
            "Feb 11, 2021 5:50:57 PM",
            "Thursday, February 11, 2021 at 5:50:57 PM Central European Standard Time",
            "jeudi 11 février 2021 à 17 h 50 min 57 s heure normale d’Europe centrale",  # noqa: RUF001 - as printed
            "2021年2月11日 17:50:57",
            "2021년 2월 11일 오후 5:50:57",
            "11.02.21, 17.50.57",
            "11/Feb/2021:17:50:57 +0100",
            "١١/٠٢/٢٠٢١ ١٧:٥٠:٥٧",  # noqa: RUF001 - as printed
            "๑๑/๐๒/๒๕๖๔ ๑๗:๕๐:๕๗",
            "2564-02-11T17:50:57Z",
        ],
    )
    @pytest.mark.parametrize("colon", [": ", " : ", "："])  # noqa: RUF001 - as printed in Chinese
    def test_the_date_may_look_like_anything(self, date: str, colon: str) -> None:
        for words, kind in (("Starting", LineKind.OPENED), ("Finished", LineKind.FINISHED)):
            assert AERENDER.read(f"PROGRESS:  {date}{colon}{words} composition “Main”.").kind is kind

    @pytest.mark.parametrize(
        "header",
        [
            "Output To: C:\\out 1 2 3: Finished composition.mov",
            "Output To: /out/1/2/3: Finished composition x.mov",
            "Output Module: 1 2 3: Finished composition",
            "Output Module: Finished composition 1 2 3",
        ],
    )
    def test_a_header_that_holds_the_words_is_a_header(self, header: str) -> None:
        assert AERENDER.read(f"PROGRESS:  {header}").kind is LineKind.OTHER

    def test_the_first_words_count_whatever_the_comp_is_called(self) -> None:
        line = "PROGRESS:  4/30/2019 1:59:13 AM: Starting composition a: Finished composition b."
        assert AERENDER.read(line).kind is LineKind.OPENED

    def test_a_german_comp_called_ended_is_not_ended_when_it_starts(self) -> None:
        line = "PROGRESS:  19.05.2022 15:23:11: Komposition „beendet“ wird gestartet."
        assert AERENDER.read(line).kind is LineKind.OPENED

    def test_a_date_alone_makes_no_milestone(self) -> None:
        read = AERENDER.read("2020-09-21 06:27:18:851 : ERROR *** IVCAutoReleasePool: x")
        assert read.finding is not None
        assert read.finding.meaning is Meaning.HARMLESS


class TestWholeRun:
    """What the embedded renderer and the fake print, in every shape of theirs, is understood line by line."""

    @pytest.mark.parametrize("language", Language)
    @pytest.mark.parametrize("display", TimeDisplay)
    @pytest.mark.parametrize("quotes", Quotes)
    @pytest.mark.parametrize("comp", ["main", "aerender ERROR: x ( 86 :: 2 )", "0:00:00:01 (2): 3 Seconds"])
    def test_one_start_one_end_every_frame_and_no_false_alarm(
        self, language: Language, display: TimeDisplay, quotes: Quotes, comp: str
    ) -> None:
        style = Style(display, language, quotes, decimal_comma=language is not Language.EN)
        item = Item(comp, -3, 3, 29.97, 1920, 1080, "/out/error: (7).mov", "QuickTime", single=True)
        lines = LogLines(style, item)
        reads = [AERENDER.read(line) for line in lines.starting()]
        assert [read.kind for read in reads if read.kind is not LineKind.OTHER] == [LineKind.OPENED]
        for count, frame in enumerate(range(-3, 4), start=1):
            (read,) = map(AERENDER.read, lines.frame(frame, count, 0.4))
            assert (read.kind, read.count) == (LineKind.FRAME, count)
        reads = [AERENDER.read(line) for line in lines.finished(88)]
        assert [read.kind for read in reads if read.kind is not LineKind.OTHER] == [LineKind.FINISHED]
        finding = AERENDER.read(lines.outside(-3, 0, 9)).finding
        assert finding is not None
        assert finding.name == "outside-comp"

    @pytest.mark.parametrize("language", Language)
    def test_warnings_of_the_stand_ins_have_their_kind_in_each_language(self, language: Language) -> None:
        lines = LogLines(
            Style(language=language), Item("main", 0, 9, 25.0, 16, 16, "/out/x.mov", "QuickTime")
        )
        for line, kind in (
            (lines.missing_footage("D:\\plates\\sky_0012.tif"), FindingKind.MISSING_FOOTAGE),
            (lines.missing_footage("/plates/effect/font layer.tif"), FindingKind.MISSING_FOOTAGE),
            (lines.missing_effect('"Particular"'), FindingKind.MISSING_EFFECT),
            (lines.missing_layer('"Title"'), FindingKind.MISSING_LAYER),
            (lines.expression_disabled('"Title"'), FindingKind.EXPRESSION_DISABLED),
        ):
            finding = AERENDER.read(line).finding
            assert finding is not None
            assert (finding.kind, finding.meaning) == (kind, Meaning.WARNING), line
        logged = AERENDER.read(lines.logged_errors(3)).finding
        assert logged is not None
        assert (logged.name, logged.meaning) == ("logged-errors", Meaning.FAILED)


class TestAnyLine:
    @given(st.text())
    def test_no_text_raises_and_the_text_is_kept(self, line: str) -> None:
        assert AERENDER.read(line).text == line

    @pytest.mark.parametrize(
        "line", ["", "   ", "error_analysis_final.mov", "ERROR", "Footage error.mov, ERROR: take 2"]
    )
    def test_blank_lines_and_echoed_names_say_nothing(self, line: str) -> None:
        assert AERENDER.read(line).kind is LineKind.OTHER

    @pytest.mark.parametrize(
        "unit", ["composition ", "Komposition ", "Font family: ", "(", "1:", "( 86 ::", "“"]
    )
    def test_a_line_of_60000_characters_is_read(self, unit: str) -> None:
        for start in ("WARNING:", "PROGRESS:  4/30/2019 1:59:13 AM: ", "aerender ERROR: ", ""):
            AERENDER.read((start + unit * 60_000)[:60_000])

    def test_a_finding_carries_the_words_and_an_advice(self) -> None:
        finding = AERENDER.read("aerender ERROR: No comp was found with the given name.  ").finding
        assert finding is not None
        assert finding.words == "aerender ERROR: No comp was found with the given name."
        assert finding.advice
