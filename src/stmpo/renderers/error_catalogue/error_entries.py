"""Known errors and warnings of aerender: the meaning of each for its process, and the next step for the user.

The catalogue is data. `look_up` tries the patterns in order and the first match counts, so the order is part
of the meaning: harmless lines that look like errors, lines that make frames untrusted, particular errors,
then the general shapes of an error and of a warning.

Two rules keep names from matching. After Effects echoes names of comps, layers and files unchanged, so a
pattern is anchored at the line's beginning, or uses text that no file name contains (`( 86 :: 2 )`, "logged
one error"); the bare word "error" never counts. And a `PROGRESS:` line is not looked up at all (see
`aerender.py`).

Case is ignored: strings thrown by the startup script come out as `aerender ERROR:`, error objects as
`aerender Error:`. After Effects' messages follow the language of its user interface; its codes do not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from stmpo.renderers.protocol import Finding, Meaning


@dataclass(frozen=True, slots=True)
class Pattern:
    """One known line."""

    name: str
    """Stable: journals, documentation and machine-readable output use it."""

    meaning: Meaning
    regex: str
    example: str
    """A line that matches this pattern and none before it; verbatim if a log shows all of it."""

    advice: str
    """The next step for the user, one sentence."""


_STRONG = (
    r"^(?:(?:WARNING|INFO):\s*)?(?:aerender\b[^:]{0,24}:\s*)?(?:error\s*:\s*)?"
    r"(?:After Effects[\s-]{0,2}(?:error|fehler|erreur|errore|erro|エラー|오류|错误|錯誤|ошибка)"
    r"|(?:erreur|error|errore|erro|ошибка)\s+(?:d['\u2019]\s?|de\s+|di\s+|do\s+)?After Effects)\s*[:\uff1a]"
)
"""After Effects' own error, in the languages it is sold in, alone or relayed by the launcher."""

_AERENDER = r"^aerender\b\s+(?:syntax\s+)?error\b"
_MESSAGE = rf"(?:{_STRONG}|{_AERENDER}|^(?:WARNING|INFO):)"
"""Any line that After Effects or its script marks as its own message."""

_HARMLESS = (
    Pattern(
        "graphics-device",
        Meaning.HARMLESS,
        r"^Using DXGI\b",
        'Using DXGI: Device: "NVIDIA GeForce RTX 2070" has dedicated video RAM (MB): 7592',
        "Nothing to do: After Effects names its graphics device.",
    ),
    Pattern(
        "gpu-sanity-test",
        Meaning.HARMLESS,
        r"^\W*GPU Warning: GPU\d* failed \(previous\) sanity test",
        "*** GPU Warning: GPU3 failed (previous) sanity test ***",
        "Nothing to do: After Effects renders without this GPU.",
    ),
    Pattern(
        "load-library",
        Meaning.HARMLESS,
        r'^LoadLibrary "[^"]*" failed',
        'LoadLibrary "n" failed!',
        "Nothing to do: an optional library is absent.",
    ),
    Pattern(
        "vr-registry",
        Meaning.HARMLESS,
        r"^Unable to read VR Path Registry",
        r"Unable to read VR Path Registry from C:\Users\farm\AppData\Local\openvr\openvrpaths.vrpath",
        "Nothing to do: there is no VR headset.",
    ),
    Pattern(
        "autorelease-pool",
        Meaning.HARMLESS,
        r"\bERROR \*{3} IVCAutoReleasePool\b",
        "2020-09-21 06:27:18:851 : ERROR *** IVCAutoReleasePool: leaking object",
        "Nothing to do: a library's own trace.",
    ),
    Pattern(
        "xmp",
        Meaning.HARMLESS,
        r"\bXMP\b.{0,80}\bcould not be written\b",
        "WARNING:After Effects warning: XMP metadata could not be written to the file.",
        "Nothing to do: the pictures are whole, only their metadata was not written.",
    ),
    Pattern(
        "auto-save",
        Meaning.HARMLESS,
        # No path between the message's beginning and the word: projects may be in "… Auto-Save" folders.
        rf"{_MESSAGE}[^:/\\\"“]{{0,60}}(?:After Effects[^:/\\]{{0,20}}:\s*)?[^:/\\\"“]{{0,60}}\bauto-?save\b(?!['\"”]?[/\\])",
        "After Effects error: auto-save could not be completed.",
        "Nothing to do: the project is not saved by a render.",
    ),
    Pattern(
        "gl-version",
        Meaning.HARMLESS,
        r"\bGL_VERS: ?32 ?Prog Error: 1280\b",
        "GL_VERS: 32Prog Error: 1280",
        "Nothing to do: an OpenGL query that the driver does not know.",
    ),
    Pattern(
        "gl-buffer",
        Meaning.HARMLESS,
        r"\bCreate Buffer Error: 1280\b",
        "Create Buffer Error: 1280",
        "Nothing to do: an OpenGL query that the driver does not know.",
    ),
)

_UNTRUSTED = (
    Pattern(
        "gpu-failure",
        Meaning.UNTRUSTED,
        r"\([^()0-9]{0,24}\b19969\s*\)",
        "After Effects has encountered a failure (code: 19969) related to GPU-enabled effects",
        "Frames after this may be black: set the project to Mercury Software Only, or run fewer processes at once.",
    ),
    Pattern(
        "unreadable-source",
        Meaning.UNTRUSTED,
        r"\(\s*86\s*::\s*2\s*\)|^Could not read from source\b"
        rf"|{_MESSAGE}(?:\s*After Effects warning:)?\s*Could not read from source\b",
        "aerender Error: After Effects error: Could not read from source. Please check the settings and try again.",
        "Footage could not be decoded and may be black: convert HEVC/H.264 footage to ProRes or an image sequence, "
        "or render on a machine with a GPU that decodes it.",
    ),
)

_LATER = (
    Pattern(
        "another-instance",
        Meaning.LATER,
        rf"{_AERENDER}.*(?:can ?not render for aerender|\bAnother instance of aerender\b)",
        "aerender ERROR: After Effects can not render for aerender. Another instance of aerender, or another script, "
        "may be running; or, AE may be waiting for response from a modal dialog, or for a render to complete. Try "
        "running aerender without the -reuse flag to invoke a separate instance of After Effects",
        "Two instances started at the same moment, or a dialog is open: raise --spawn-delay if it keeps happening.",
    ),
)

_HOPELESS = (
    Pattern(
        "no-comp",
        Meaning.HOPELESS,
        rf"{_AERENDER}.*\bNo comp was found with the given name\b",
        "aerender ERROR: No comp was found with the given name.",
        "Give --comp exactly as the comp is called in the project, capitals and blanks included.",
    ),
    Pattern(
        "no-output-template",
        Meaning.HOPELESS,
        rf"{_AERENDER}.*\bNo output module template was found\b",
        "aerender ERROR: No output module template was found with the given name.",
        "This machine's user has no output module template of that name: install it, or leave out --om-template.",
    ),
    Pattern(
        "no-settings-template",
        Meaning.HOPELESS,
        rf"{_AERENDER}.*\bNo render settings template was found\b",
        "aerender ERROR: No render settings template was found with the given name.",
        "This machine's user has no render settings template of that name: install it, or leave out --rs-template.",
    ),
    Pattern(
        "no-queue-item",
        Meaning.HOPELESS,
        rf"{_AERENDER}.*\bNo render queue item was found\b",
        "aerender ERROR: No render queue item was found with the given index.",
        "Give --rqindex as the number in the project's render queue; the item must be saved there and not be done.",
    ),
    Pattern(
        "no-output",
        Meaning.HOPELESS,
        r"\bSpecified render queue item needs output file but none provided\b",
        "aerender ERROR: Specified render queue item needs output file but none provided.",
        "Give the queue item an output module in the project, and save it.",
    ),
    Pattern(
        "no-project",
        Meaning.HOPELESS,
        rf"{_AERENDER}.*\bNo project provided and no project open\b",
        "aerender ERROR: No project provided and no project open.",
        "The project was not opened: check that this After Effects can read the file.",
    ),
    Pattern(
        "no-log-folder",
        Meaning.HOPELESS,
        rf"{_AERENDER}.*\bDirectory specified for log file does not exist\b",
        r"aerender ERROR: Directory specified for log file does not exist: D:\logs",
        "The log file given to aerender lies in a folder that does not exist: create the folder.",
    ),
    Pattern(
        "syntax",
        Meaning.HOPELESS,
        r"^aerender\b\s+syntax\s+error\b|\bIllegal argument flag\b",
        "aerender SYNTAX ERROR: Illegal argument flag: -mp",
        "This aerender does not know a flag: After Effects 2022 or later is needed for -mfr.",
    ),
    Pattern(
        "skip-existing",
        Meaning.HOPELESS,
        r"\bSkip Existing Files is available only with ONE output module\b",
        "WARNING:After Effects warning: Skip Existing Files is available only with ONE output module of type Sequence.",
        "Nothing is rendered: leave the queue item one output module that writes a sequence, "
        "or turn Skip Existing Files off in its render settings.",
    ),
    Pattern(
        "newer-project",
        Meaning.HOPELESS,
        rf"{_MESSAGE}.*\b(?:created|saved|made) (?:by|with|in) a (?:newer|later|more recent) version\b",
        "aerender ERROR: After Effects error: the project was saved with a newer version of After Effects.",
        "Render with the After Effects version that saved the project, or save it down to this one.",
    ),
    Pattern(
        "serial-number",
        Meaning.HOPELESS,
        r"^(?:aerender\b.{0,24}:\s*)?(?:error:\s*)?Invalid Serial Number\b",
        "Invalid Serial Number",
        "After Effects is not licensed here: sign in, or place ae_render_only_node.txt for a render-only node.",
    ),
)

_FAILED = (
    Pattern(
        "licence",
        Meaning.FAILED,
        r"^[^\"“]{0,60}\bUnable to obtain a licen[sc]e\b",
        "Unable to obtain a license",
        "No licence was granted: sign in, place ae_render_only_node.txt, or lower --max-concurrency to the seats.",
    ),
    Pattern(
        "serial-in-use",
        Meaning.FAILED,
        r"\bis using the same serial number\b",
        "Another machine on the network is using the same serial number.",
        "The licence is in use elsewhere: end the other After Effects, or use a render-only node.",
    ),
    Pattern(
        "start-up",
        Meaning.FAILED,
        r"\bunexpected failure during application startup\b",
        "After Effects: unexpected failure during application startup",
        "After Effects did not start: start it once by hand as the same user, and look for a dialog.",
    ),
    Pattern(
        "verification",
        Meaning.FAILED,
        r"\binternal verification failure, sorry\b",
        "After Effects error: internal verification failure, sorry! {unexpected match name searched for in group}",
        "After Effects met a defect of its own: delete its preferences, or re-save the project in this version.",
    ),
    Pattern(
        "apple-event",
        Meaning.FAILED,
        rf"{_AERENDER}.*\b(?:AESend|AEGetParamPt) failed\b",
        "aerender ERROR -1712: AESend failed to send apple event at line 909",
        "The Mac did not let aerender speak to After Effects: run signed in, not as root, with a longer --spawn-delay.",
    ),
    Pattern(
        "open-project",
        Meaning.FAILED,
        r"\bUnable to call [\"“']?openFast\b|^aerender\b.{0,200}\bpath is not valid\b",
        'aerender Error: Unable to call "openFast" because of parameter 1. Path is not valid.',
        "After Effects could not open the project: check that this machine's user can read its path.",
    ),
    Pattern(
        "export-14",
        Meaning.FAILED,
        r"\bunexpected error occurred while exporting\b|^[^\"“]{0,200}\berror code: 14\b",
        "An unexpected error occurred while exporting a composition. error code: 14",
        "The encoder failed; if it fails again, render an image sequence instead of a movie.",
    ),
    Pattern(
        "output-in-use",
        Meaning.FAILED,
        r"\bThe name of an output module for this render item is already in use\b",
        "WARNING:After Effects warning: The name of an output module for this render item is already in use.",
        "Two output modules write the same file: give each its own name in the project.",
    ),
    Pattern(
        "disk-space",
        Meaning.FAILED,
        rf"{_MESSAGE}.*\b(?:not enough|insufficient)\b.{{0,20}}\bspace\b",
        "After Effects error: Rendering error while writing to file. Not enough disk space.",
        "The scratch disk is full: free space, or give --scratch-dir on a larger disk.",
    ),
    Pattern(
        "memory",
        Meaning.FAILED,
        rf"{_MESSAGE}.*\b(?:unable to allocate|out of memory)\b",
        "After Effects error: Unable to allocate enough memory to render the current frame. ( 23 :: 40 )",
        "Memory ran out: raise --ram-per-process-gb or lower --concurrency, so that fewer processes share it.",
    ),
    Pattern(
        "write-error",
        Meaning.FAILED,
        rf"^.{{0,400}}?\bRendering error while writing to file\b|{_MESSAGE}.*\ban output module failed\b",
        r"WARNING:After Effects warning: logged one error  error: Rendering error while writing to file "
        r"D:\out\result.mov. An output module failed. The file may be damaged or corrupted.",
        "The output module could not write: check space and rights in the scratch folder, and the module's format.",
    ),
    Pattern(
        "logged-errors",
        Meaning.FAILED,
        rf"{_MESSAGE}.*\blogged (?:one|[0-9]+) errors?\b",
        "WARNING:After Effects warning: logged 3 errors",
        "After Effects went on after errors, exit code 0 included: look at the lines before this one.",
    ),
    Pattern(
        "damaged-file",
        Meaning.FAILED,
        rf"{_STRONG}.*\bfile is damaged\b",
        "After Effects error: file is damaged.",
        "A project or footage file cannot be read: copy it again, or open it by hand on this machine.",
    ),
    Pattern(
        "source-compression",
        Meaning.FAILED,
        r"\bThe source compression type is not supported\b",
        "Error: After Effects error: The source compression type is not supported.",
        "Footage uses a codec that this machine lacks: install it, or convert the footage.",
    ),
    Pattern(
        "openmp",
        Meaning.FAILED,
        r"^OMP: Error #15\b",
        "OMP: Error #15: Initializing libiomp5md.dll, but found libiomp5md.dll already initialized.",
        "Two plug-ins bring an OpenMP of their own: leave KMP_DUPLICATE_LIB_OK at TRUE in the env file.",
    ),
    Pattern(
        "runtime-error",
        Meaning.FAILED,
        rf"{_AERENDER}.*\bRuntime error in After Effects\b",
        "aerender ERROR: Runtime error in After Effects.",
        "After Effects failed inside: render the named frames by hand to see its own dialog.",
    ),
    Pattern(
        "aborted",
        Meaning.FAILED,
        r"^INFO:\s*Render aborted\b",
        "INFO: Render aborted.",
        "After Effects stopped the render: look at the lines before this one.",
    ),
)

_WARNINGS = (
    Pattern(
        "missing-fonts",
        Meaning.WARNING,
        r"^(?:WARNING|INFO):.*\bmissing fonts?\b|^(?:WARNING|INFO):.*\bFont family:",
        "WARNING:After Effects warning: Project has missing fonts.",
        "Text is rendered in another font: install the fonts that the project uses.",
    ),
    Pattern(
        "missing-dependencies",
        Meaning.WARNING,
        r"^(?:WARNING|INFO):.*\bmissing dependencies\b",
        "WARNING:After Effects warning: Grouped_Message_{some layers have missing dependencies. Press Ctrl-C to copy "
        "this list.|||a layer has missing dependencies.###@0 dependencies are missing:}Text Layer: unknown",
        "Layers lack something that they depend on, and may look different: install what is named.",
    ),
    Pattern(
        "missing-effect",
        Meaning.WARNING,
        r"^(?:WARNING|INFO):\s*(?:After Effects warning:\s*)?This project contains\b",
        "INFO:This project contains a reference to a missing effect.",
        "A plug-in is not installed here and its effect is left out: install it on this machine.",
    ),
    Pattern(
        "outside-comp",
        Meaning.WARNING,
        r"\btimeSpan(?:Start|End|Duration) of\b",
        "WARNING:After Effects warning: timeSpanStart of -0,87 seconds will cause render to have frames outside of "
        "range defined by comp displayStartTime (0,87) and end of comp duration (26,63). Render will succeed, but may "
        "have blank frames.",
        "Frames outside the comp are rendered blank: check --frames against the comp's first and last frame.",
    ),
    Pattern(
        "missing-footage",
        Meaning.WARNING,
        r"^(?:WARNING|INFO):.*\b(?:footage|files?)\b.{0,60}\bmissing\b"
        r"|^(?:WARNING|INFO):.*\bmissing\b.{0,60}\b(?:footage|files?)\b"
        r"|\.\w{2,5}['\"”]? could not be found\b",
        r"WARNING:After Effects warning: file D:\plates\sky_0012.tif could not be found.",
        "Footage is missing and may be rendered as colour bars: bring the files to the paths that the project names.",
    ),
    Pattern(
        "arguments-ignored",
        Meaning.WARNING,
        r"^WARNING:.*\barguments? ignored\b",
        "WARNING: -s and/or -e arguments ignored since no -comp or -rqindex provided.",
        "The whole render queue is rendered as it is saved: give --comp or --rqindex.",
    ),
    Pattern(
        "item-skipped",
        Meaning.WARNING,
        r"^INFO:\s*Skipping render queue item\b",
        "INFO: Skipping render queue item with correct comp name but marked to continue from a partly complete render.",
        "Another queue item of this comp is rendered: give --rqindex if that is the wrong one.",
    ),
    Pattern(
        "nvapi",
        Meaning.WARNING,
        r"\bNVAPI error\b",
        "NVAPI error: NVAPI_ERROR",
        "The graphics driver reported an error: update it, or set the project to Mercury Software Only.",
    ),
)

_GENERAL = (
    Pattern(
        "after-effects-error",
        Meaning.FAILED,
        _STRONG,
        "After Effects-Fehler: Die Ausgabe ist fehlgeschlagen.",
        "After Effects' own error: render the named frames by hand to see it in full.",
    ),
    Pattern(
        "aerender-error",
        Meaning.FAILED,
        _AERENDER,
        "aerender ERROR: An existing connection was forcibly closed.",
        "An error of aerender's own: look at the lines before this one.",
    ),
    Pattern(
        "error-code",
        Meaning.FAILED,
        r"^(?!WARNING:|INFO:).*\(\s*[0-9]{1,6}\s*::\s*[0-9]{1,6}\s*\)",
        "Die Datei konnte nicht importiert werden. ( 83 :: 2 )",
        "After Effects' own error: its code in brackets can be searched for in Adobe's help.",
    ),
    Pattern(
        "warning",
        Meaning.WARNING,
        r"^WARNING:",
        "WARNING:After Effects 警告: フォントが見つかりません。",
        "After Effects' own warning.",
    ),
)

CATALOGUE = (*_HARMLESS, *_UNTRUSTED, *_LATER, *_HOPELESS, *_FAILED, *_WARNINGS, *_GENERAL)
"""All patterns, in the order in which they are tried."""


@lru_cache(maxsize=1)
def _compiled() -> tuple[tuple[Pattern, re.Pattern[str]], ...]:
    return tuple((pattern, re.compile(pattern.regex, re.IGNORECASE)) for pattern in CATALOGUE)


@lru_cache(maxsize=512)  # a renderer that repeats itself does so a million times
def look_up(line: str) -> Finding | None:
    """Return the finding for a line (decoded, stripped, of bounded length, no `PROGRESS:`), or None."""
    for pattern, regex in _compiled():
        if regex.search(line):
            return Finding(pattern.name, pattern.meaning, line, pattern.advice)
    return None
