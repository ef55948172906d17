"""Every line seen in the field has its meaning, and names have none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.renderers.error_catalogue import CATALOGUE, Pattern, look_up
from stmpo.renderers.protocol import FindingKind, Meaning

HOPELESS, UNTRUSTED, LATER = Meaning.HOPELESS, Meaning.UNTRUSTED, Meaning.LATER
FAILED, WARNING, HARMLESS = Meaning.FAILED, Meaning.WARNING, Meaning.HARMLESS

SEEN = [
    ("aerender ERROR: No comp was found with the given name.", HOPELESS),
    ("aerender Error: No comp was found with the given name.", HOPELESS),
    ("aerender ERROR: No output module template was found with the given name.", HOPELESS),
    ("aerender ERROR: No render settings template was found with the given name.", HOPELESS),
    ("aerender ERROR: No render queue item was found with the given index.", HOPELESS),
    ("aerender ERROR: No project provided and no project open.", HOPELESS),
    ("aerender ERROR: Specified render queue item needs output file but none provided.", HOPELESS),
    ("aerender SYNTAX ERROR: Illegal argument flag: -mp", HOPELESS),
    ("aerender SYNTAX ERROR: no value given for flag: -mfr", HOPELESS),
    ("aerender ERROR: Directory specified for log file does not exist: D:\\logs", HOPELESS),
    (
        "WARNING:After Effects warning: Skip Existing Files is available only with ONE output module of type Sequence.",
        HOPELESS,
    ),
    ("Invalid Serial Number", HOPELESS),
    (
        "aerender Error: After Effects error: Could not read from source. Please check the settings.",
        UNTRUSTED,
    ),
    ("Could not read from source. Please check the settings and try again. ( 86 :: 2 )", UNTRUSTED),
    ("Could not read from source. Please check the settings and try again.", UNTRUSTED),
    ("WARNING:After Effects warning: Could not read from source.", UNTRUSTED),
    ("Die Quelle konnte nicht gelesen werden. (86::2)", UNTRUSTED),
    ("After Effects has encountered a failure (code: 19969) related to GPU-enabled effects", UNTRUSTED),
    ("After Effects でエラーが発生しました（ GPU ） (コード: 19969)", UNTRUSTED),  # noqa: RUF001 - as printed
    (
        (
            "aerender ERROR: After Effects can not render for aerender. Another instance of aerender, or another script, may "
            "be running; or, AE may be waiting for response from a modal dialog, or for a render to complete. Try running "
            "aerender without the -reuse flag to invoke a separate instance of After Effects"
        ),
        LATER,
    ),
    ("aerender ERROR: Runtime error in After Effects.", FAILED),
    ("aerender ERROR -1712: AESend failed to send apple event at line 909", FAILED),
    ("aerender ERROR -1701: AEGetParamPt failed at line 780", FAILED),
    ("aerender Error: something nobody has seen", FAILED),
    ("After Effects error: file is damaged.", FAILED),
    ("AFTER EFFECTS ERROR: anything", FAILED),
    ("aerender Error: After Effects error: anything", FAILED),
    ("Error: After Effects error: The source compression type is not supported.", FAILED),
    ("After Effects-Fehler: Ausgabe fehlgeschlagen.", FAILED),
    ("After Effects Fehler: Ausgabe fehlgeschlagen.", FAILED),
    ("aerender ERROR: After Effects-Fehler: Ausgabe fehlgeschlagen.", FAILED),
    ("Erreur After Effects : fichier endommagé.", FAILED),
    ("Erreur d'After Effects : fichier endommagé.", FAILED),
    ("Erreur d’After Effects : fichier endommagé.", FAILED),  # noqa: RUF001 - as printed
    ("Error de After Effects: archivo dañado.", FAILED),
    ("After Effects エラー: ファイルが壊れています。", FAILED),
    (
        (
            "WARNING:After Effects warning: logged one error  error: Rendering error while writing to file D:\\result.mov. "
            "An output module failed. The file may be damaged or corrupted."
        ),
        FAILED,
    ),
    ("WARNING:After Effects warning: logged one error", FAILED),
    ("WARNING:After Effects warning: logged 12 errors", FAILED),
    (
        "WARNING:After Effects warning: The name of an output module for this render item is already in use.",
        FAILED,
    ),
    ("An unexpected error occurred while exporting a composition … error code: 14", FAILED),
    ('aerender Error: Unable to call "openFast" because of parameter 1. File path is not valid.', FAILED),
    ("Unable to obtain a license", FAILED),
    ("Unable to obtain a licence.", FAILED),
    ("Another machine is using the same serial number.", FAILED),
    ("After Effects: unexpected failure during application startup", FAILED),
    ("After Effects error: internal verification failure, sorry! {x}", FAILED),
    (
        "After Effects error: Unable to allocate enough memory to render the current frame. ( 23 :: 40 )",
        FAILED,
    ),
    ("Unbekannt. ( 25 :: 237 )", FAILED),
    ("INFO: Render aborted.", FAILED),
    ("After Effects error: Output Module template 'H.264' could not be found", HOPELESS),
    ("aerender Error: After Effects error: Output Module template 'H.264' could not be found", HOPELESS),
    ("aerender ERROR: Unable to render: File not found D:\\plates\\sky_0012.tif", HOPELESS),
    ("Unable to render: File not found /plates/sky_0012.tif", HOPELESS),
    ('Can not call "applyTemplate" when RenderQueueItem status is not UNQUEUED but DONE', HOPELESS),
    (
        'aerender Error: Can not call "applyTemplate" when RenderQueueItem status is RENDERING or DONE',
        HOPELESS,
    ),
    ("aerender ERROR: /shots/logo.json: rlottie cannot read the document", HOPELESS),
    ("After Effects error: file D:\\plates\\sky_0012.tif could not be found.", FAILED),
    ("After Effects-Fehler: Datei D:\\plates\\sky_0012.tif konnte nicht gefunden werden.", FAILED),
    ("WARNING:After Effects error: anything", FAILED),
    ("FATAL:After Effects error: anything", FAILED),
    (
        "WARNING:After Effects warning: logged one error  error: Unable to Render: File Not Found C:\\Users\\x\\a b.jpg",
        HOPELESS,
    ),
    ('First error was "error: Unable to Render: File Not Found', HOPELESS),
    (
        (
            'WARNING: After Effects warning: logged 10 errors, please check log. First error was "error: Unable to Render: '
            'File Not Found /p/a.png"'
        ),
        HOPELESS,
    ),
    ("WARNING: After Effects warning: logged 10 errors, please check log.", FAILED),
    ("aerender ERROR: Composition Main not found", HOPELESS),
    ("After Effects error: Unable to open project file.", FAILED),
    ("After Effects error: The name of the selected output module is already in use.", FAILED),
    ("This project contains a reference to a missing effect.", WARNING),
    ("INFO:The following layer dependencies are missing", WARNING),
    ("After Effects error: Out of video memory.", UNTRUSTED),
    ("CUDA error 2: out of memory", UNTRUSTED),
    ("WARNING:After Effects warning: Project has missing fonts.", WARNING),
    ("WARNING:After Effects 警告: プロジェクトにフォントがありません", WARNING),
    (
        (
            "WARNING:After Effects warning: Grouped_Message_{some layers have missing dependencies. Press Ctrl-C to copy this "
            "list.|||a layer has missing dependencies.###@0 dependencies are missing:}Text Layer: Font family: Roboto, Font "
            "style: Black"
        ),
        WARNING,
    ),
    (
        (
            "WARNING:After Effects warning: timeSpanStart of -0,87 seconds will cause render to have frames outside of range "
            "defined by comp displayStartTime (0,87) and end of comp duration (26,63). Render will succeed, but may have "
            "blank frames."
        ),
        WARNING,
    ),
    ("WARNING: -s and/or -e arguments ignored since no -comp or -rqindex provided.", WARNING),
    (
        "INFO: Skipping render queue item with correct comp name but marked to continue from a partly complete render.",
        WARNING,
    ),
    ("INFO:This project contains a reference to a missing effect.", WARNING),
    ("D:\\plates\\sky_0012.tif could not be found", WARNING),
    ("NVAPI error: 5", WARNING),
    ('Using DXGI: Device: "NVIDIA Quadro" has dedicated video RAM (MB): 7592', HARMLESS),
    ("*** GPU Warning: GPU3 failed (previous) sanity test ***", HARMLESS),
    ('LoadLibrary "n" failed!', HARMLESS),
    (
        "Unable to read VR Path Registry from C:\\Users\\x\\AppData\\Local\\openvr\\openvrpaths.vrpath",
        HARMLESS,
    ),
    ("2020-09-21 06:27:18:851 : ERROR *** IVCAutoReleasePool: leaking", HARMLESS),
    ("WARNING:After Effects warning: XMP metadata could not be written to the file.", HARMLESS),
    ("After Effects error: auto-save failed.", HARMLESS),
    ("WARNING:After Effects warning: Auto-Save could not be done.", HARMLESS),
    ("GL_VERS: 32Prog Error: 1280", HARMLESS),
    ("Create Buffer Error: 1280", HARMLESS),
]

NOT_HARMLESS = [
    'After Effects error: file "C:/Adobe After Effects Auto-Save/x.aep" is damaged.',
    "aerender Error: After Effects error: /p/Adobe After Effects Auto-Save/x.aep: file is damaged.",
    "aerender ERROR: Auto-Save/x.aep cannot be read",
]

NAMES = [
    "error_analysis_final.mov",
    "ERROR",
    "Error: take 2.mov",
    "shot 19969.png",
    "my After Effects error: tutorial.mov",
    "the aerender ERROR: explained",
    "logged_errors.txt",
    "missing files.aep",
    "Font family: Roboto, Font style: Black",
    "INFO: all is well",
]


def by_name(pattern: Pattern) -> str:
    """The test's id."""
    return pattern.name


@pytest.mark.parametrize(("line", "meaning"), SEEN)
def test_every_line_seen_in_the_field_has_its_meaning(line: str, meaning: Meaning) -> None:
    """Verbatim lines, and localised forms of them."""
    finding = look_up(line)
    assert finding is not None
    assert (finding.meaning, finding.words) == (meaning, line)


@pytest.mark.parametrize("line", NOT_HARMLESS)
def test_a_path_in_an_auto_save_folder_makes_no_error_harmless(line: str) -> None:
    """After Effects' own folder for saved copies is called "Adobe After Effects Auto-Save"."""
    finding = look_up(line)
    assert finding is not None
    assert finding.meaning is FAILED


@pytest.mark.parametrize("line", NAMES)
def test_names_and_notes_are_no_findings(line: str) -> None:
    """After Effects echoes names of files, layers and comps as they are."""
    assert look_up(line) is None


@pytest.mark.parametrize("pattern", CATALOGUE, ids=by_name)
def test_an_example_is_found_under_its_own_name(pattern: Pattern) -> None:
    """So no pattern is dead behind another, and the documentation's examples are true."""
    finding = look_up(pattern.example)
    assert finding is not None
    assert (finding.name, finding.meaning, finding.advice) == (pattern.name, pattern.meaning, pattern.advice)


def test_names_are_distinct_and_every_advice_is_one_sentence() -> None:
    """A name identifies a pattern in journals and documents."""
    assert len({pattern.name for pattern in CATALOGUE}) == len(CATALOGUE)
    for pattern in CATALOGUE:
        assert re.fullmatch(r"[A-Z][^\n]{20,}\.", pattern.advice), pattern.name
        assert len(pattern.advice) < 160, pattern.name


def test_every_meaning_has_a_pattern() -> None:
    """The catalogue speaks all of the contract's words."""
    assert {pattern.meaning for pattern in CATALOGUE} == set(Meaning)


@given(st.text(max_size=200))
def test_no_line_raises(line: str) -> None:
    """Text from a child is data."""
    look_up(line)


KINDS = [
    (
        "WARNING:After Effects warning: file D:\\plates\\sky.tif could not be found.",
        FindingKind.MISSING_FOOTAGE,
    ),
    (
        "WARNING:After Effects warning: file D:\\effects\\sky.tif could not be found.",
        FindingKind.MISSING_FOOTAGE,
    ),
    ("WARNING:After Effects-Warnung: Datei D:\\sky.tif wurde nicht gefunden.", FindingKind.MISSING_FOOTAGE),
    ("WARNING:Avertissement After Effects : fichier introuvable : /p/sky.tif", FindingKind.MISSING_FOOTAGE),
    (
        "WARNING:Advertencia de After Effects: no se encontró el archivo /p/sky.tif",
        FindingKind.MISSING_FOOTAGE,
    ),
    ("WARNING:Avviso di After Effects: impossibile trovare il file /p/sky.tif", FindingKind.MISSING_FOOTAGE),
    ("WARNING:Aviso do After Effects: o arquivo /p/sky.tif não foi encontrado", FindingKind.MISSING_FOOTAGE),
    ("WARNING:After Effects 警告: ファイル「D:\\sky.tif」が見つかりません。", FindingKind.MISSING_FOOTAGE),
    ("WARNING:After Effects 경고: 파일 D:\\sky.tif을(를) 찾을 수 없습니다.", FindingKind.MISSING_FOOTAGE),
    ("WARNING:After Effects 警告: 找不到文件 D:\\sky.tif", FindingKind.MISSING_FOOTAGE),
    ("WARNING:Предупреждение After Effects: файл D:\\sky.tif не найден", FindingKind.MISSING_FOOTAGE),
    ("After Effects error: file /p/sky.tif could not be found.", FindingKind.MISSING_FOOTAGE),
    (
        "WARNING:After Effects-Warnung: Ein Fehler protokolliert  Fehler: Rendern nicht möglich: Datei nicht gefunden C:\\a.jpg",
        FindingKind.MISSING_FOOTAGE,
    ),
    (
        'Der erste Fehler war "Fehler: Rendern nicht möglich: Datei nicht gefunden',
        FindingKind.MISSING_FOOTAGE,
    ),
    ('La première erreur était "erreur : fichier introuvable /p/a.jpg"', FindingKind.MISSING_FOOTAGE),
    (
        "WARNING:After Effects 警告: 1 のエラーがログされました エラー: ファイルが見つかりません D:\\a.jpg",
        FindingKind.MISSING_FOOTAGE,
    ),
    ("aerender ERROR: Unable to render: File not found /p/sky.tif", FindingKind.MISSING_FOOTAGE),
    ("INFO:This project contains a reference to a missing effect.", FindingKind.MISSING_EFFECT),
    (
        "WARNING:After Effects warning: A rendering plug-in was not found. “Ray-Traced 3D”",
        FindingKind.MISSING_EFFECT,
    ),
    (
        "WARNING:After Effects warning: 2 files are missing since you last saved this project.",
        FindingKind.MISSING_FOOTAGE,
    ),
    (
        "WARNING:After Effects warning: This project uses fonts that are not currently available on this computer.",
        FindingKind.MISSING_FONT,
    ),
    ('WARNING:After Effects warning: Missing effect "Particular".', FindingKind.MISSING_EFFECT),
    (
        "WARNING:After Effects warning: plug-in C:\\p\\Particular.aex could not be found.",
        FindingKind.MISSING_EFFECT,
    ),
    (
        'WARNING:After Effects warning: file "missing effect.tif" could not be found.',
        FindingKind.MISSING_FOOTAGE,
    ),
    ('WARNING:After Effects-Warnung: Effekt "Particular" fehlt.', FindingKind.MISSING_EFFECT),
    ("WARNING:Avertissement After Effects : effet manquant : Particular", FindingKind.MISSING_EFFECT),
    ("WARNING:After Effects 警告: エフェクト「Particular」が見つかりません。", FindingKind.MISSING_EFFECT),
    (
        'WARNING:After Effects warning: Layer reference missing in effect "Set Matte".',
        FindingKind.MISSING_LAYER,
    ),
    ("WARNING:After Effects-Warnung: Ebene 3 fehlt.", FindingKind.MISSING_LAYER),
    ("WARNING:After Effects warning: An error occurred in an expression.", FindingKind.EXPRESSION_DISABLED),
    ("WARNING:After Effects-Warnung: Expression deaktiviert.", FindingKind.EXPRESSION_DISABLED),
    ("WARNING:After Effects 警告: エクスプレッションが無効になりました。", FindingKind.EXPRESSION_DISABLED),
    ("WARNING:After Effects warning: Project has missing fonts.", FindingKind.MISSING_FONT),
    ("WARNING:After Effects 警告: フォントが見つかりません。", FindingKind.MISSING_FONT),
    ("After Effects has encountered a failure (code: 19969) related to GPU", FindingKind.GPU_TOO_MANY),
    ("WARNING:After Effects warning: Insufficient video memory.", FindingKind.GPU_TOO_MANY),
    ("After Effects error: Mémoire vidéo insuffisante.", FindingKind.GPU_TOO_MANY),
    ("WARNING:After Effects warning: logged one error  error: An output module failed.", FindingKind.ENCODER),
    ("WARNING:After Effects-Warnung: Ein Ausgabemodul ist fehlgeschlagen.", FindingKind.ENCODER),
    ("Unable to obtain a license", FindingKind.LICENCE),
    ("No license available for Particular", FindingKind.LICENCE),
    ("aerender ERROR: No comp was found with the given name.", FindingKind.WRONG_COMP),
    ("aerender ERROR: No render queue item was found with the given index.", FindingKind.WRONG_COMP),
    ("After Effects error: Output Module template 'H.264' could not be found", FindingKind.MISSING_TEMPLATE),
    (
        "WARNING:After Effects warning: Output Module template 'PNG' could not be found.",
        FindingKind.MISSING_TEMPLATE,
    ),
    ("After Effects error: Unable to allocate enough memory to render the frame.", FindingKind.MEMORY),
]

LOGGED = [
    "WARNING:After Effects warning: logged 3 errors",
    "WARNING:After Effects-Warnung: 3 Fehler wurden protokolliert.",
    "WARNING:After Effects-Warnung: Ein Fehler protokolliert.",
    "WARNING:Avertissement After Effects : 3 erreurs consignées",
    "WARNING:Avertissement After Effects : une erreur a été enregistrée",
    "WARNING:Advertencia de After Effects: se registraron 3 errores",
    "WARNING:Avviso di After Effects: 3 errori registrati",
    "WARNING:Aviso do After Effects: 3 erros registrados",
    "WARNING:After Effects 警告: 3 のエラーがログされました",
    "WARNING:After Effects 경고: 3개의 오류가 기록되었습니다",
    "WARNING:After Effects 警告: 已记录 3 个错误",
    "WARNING:Предупреждение After Effects: зарегистрировано 3 ошибки",
]

ERROR_BEGINNINGS = [
    "After Effects error: ",
    "aerender Error: After Effects error: ",
    "aerender ERROR: ",
    "aerender Error: ",
    "aerender SYNTAX ERROR: ",
    "Error: After Effects error: ",
    "WARNING:After Effects error: ",
    "After Effects-Fehler: ",
    "After Effects Fehler: ",
    "Erreur After Effects : ",
    "Erreur d'After Effects : ",
    "Error de After Effects: ",
    "Errore di After Effects: ",
    "Erro do After Effects: ",
    "After Effects エラー: ",
    "After Effects エラー：",  # noqa: RUF001 - as printed
    "After Effects 오류: ",
    "After Effects 错误: ",
    "After Effects 錯誤: ",
    "Ошибка After Effects: ",
]


@pytest.mark.parametrize(("line", "kind"), KINDS)
def test_the_kind_tells_what_a_finding_is_about_in_each_language(line: str, kind: FindingKind) -> None:
    """Policies and counters go by it."""
    finding = look_up(line)
    assert finding is not None
    assert finding.kind is kind


@pytest.mark.parametrize("line", LOGGED)
def test_logged_errors_are_errors_in_each_language(line: str) -> None:
    """They leave exit code 0, so nothing else tells."""
    finding = look_up(line)
    assert finding is not None
    assert (finding.name, finding.meaning, finding.general) == ("logged-errors", FAILED, True)


@pytest.mark.parametrize(
    "line", ["WARNING:After Effects warning: logged 0 errors", "Render finished with 0 errors."]
)
def test_no_errors_are_none(line: str) -> None:
    finding = look_up(line)
    assert finding is not None
    assert finding.meaning in {WARNING, HARMLESS}


@pytest.mark.parametrize(
    "line",
    ['First error was "x"', 'WARNING:After Effects warning: First error was "x"', "最初のエラー: 「x」"],
)
def test_the_first_error_is_a_specific_finding(line: str) -> None:
    finding = look_up(line)
    assert finding is not None
    assert (finding.meaning, finding.general) == (FAILED, False)


WARNING_ENDINGS = st.sampled_from(
    [
        *(
            pattern.example.removeprefix("WARNING:").removeprefix("INFO:")
            for pattern in CATALOGUE
            if pattern.meaning in {WARNING, HARMLESS} and not pattern.even_if_error
        ),
        "D:\\sky.tif could not be found",
        "0 errors",
    ]
)


@given(st.sampled_from(ERROR_BEGINNINGS), st.lists(WARNING_ENDINGS | st.text(max_size=30), max_size=3))
def test_no_line_that_begins_as_an_error_is_less_than_an_error(beginning: str, rest: list[str]) -> None:
    """Whatever follows: words of a missing file, of fonts, of harmless lines."""
    finding = look_up((beginning + " ".join(rest)).strip())
    assert finding is not None
    assert finding.meaning not in {WARNING, HARMLESS}


def test_hopeless_means_one_launch_and_others_may_have_two() -> None:
    for pattern in CATALOGUE:
        finding = pattern.finding(pattern.example)
        assert (finding.launches == 1) is (pattern.meaning is HOPELESS)
        assert finding.launches in {None, 1, 2}
