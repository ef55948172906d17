"""Every line seen in the field has its meaning, and names have none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stmpo.renderers.error_catalogue import CATALOGUE, Pattern, look_up
from stmpo.renderers.protocol import Meaning

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
