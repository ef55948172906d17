"""Catalogue entries of errors: frames untrusted, start refused, hopeless, failed; general shapes."""

from __future__ import annotations

from stmpo.renderers.error_catalogue.pattern import (
    AERENDER_ERROR,
    DISABLED,
    EFFECT,
    ERROR,
    EXPRESSION,
    FAILS,
    FIRST_ERROR,
    FOOTAGE,
    LOGGED_ERRORS,
    MESSAGE,
    NOT_FOUND,
    OUTPUT_MODULE,
    VIDEO_MEMORY,
    WARNING,
    about,
    failed,
    hopeless,
    later,
    near,
    untrusted,
    warning,
)
from stmpo.renderers.protocol import FindingKind

UNTRUSTED = (
    untrusted(
        "gpu-failure",
        r"\([^()0-9]{0,24}\b19969\s*\)",
        "After Effects has encountered a failure (code: 19969) related to GPU-enabled effects",
        "Frames after this may be black: run fewer processes at once, or set the project to Mercury Software Only.",
        FindingKind.GPU_TOO_MANY,
        launches=2,
    ),
    untrusted(
        "video-memory",
        rf"(?:{MESSAGE}|^\W*(?:CUDA|Metal|OpenCL|GPU|D3D\w*|Direct3D)\b).*"
        rf"(?:{near(r'(?:out of|not enough|insufficient|low on|exhausted|allocate)', VIDEO_MEMORY, 40)}"
        r"|(?:nicht genügend|unzureichend\w*|zu wenig).{0,20}(?:video|grafik)-?(?:speicher|ram)"
        r"|mémoire vidéo insuffisante|memoria de v[íi]deo insuficiente|memoria video insufficiente"
        r"|mem[óo]ria de v[íi]deo insuficiente|ビデオ\s?メモリ.{0,20}不足|비디오 메모리.{0,20}부족"
        r"|(?:显存|视频内存).{0,10}(?:不足|不够)|(?:нехватк|недостаточ)\w*.{0,20}видеопамят\w*"
        r")|^\W*(?:CUDA|OpenCL|Metal|GPU)\b.{0,40}\bout of memory\b",
        "After Effects error: Out of video memory. Some GPU effects could not be rendered.",
        "The GPU's memory ran out: run fewer processes at once, or set the project to Mercury Software Only.",
        FindingKind.GPU_TOO_MANY,
        launches=2,
    ),
    untrusted(
        "unreadable-source",
        r"\(\s*86\s*::\s*2\s*\)|^Could not read from source\b"
        rf"|{MESSAGE}(?:\s*After Effects (?:warning|error):)?\s*Could not read from source\b",
        "aerender Error: After Effects error: Could not read from source. Please check the settings and try again.",
        "Footage could not be decoded and may be black: convert HEVC/H.264 footage to ProRes or an image sequence, "
        "or render on a machine with a GPU that decodes it.",
        FindingKind.UNREADABLE_FOOTAGE,
        launches=2,
    ),
)

LATER = (
    later(
        "another-instance",
        rf"{AERENDER_ERROR}.*(?:can ?not render for aerender|\bAnother instance of aerender\b)",
        "aerender ERROR: After Effects can not render for aerender. Another instance of aerender, or another script, "
        "may be running; or, AE may be waiting for response from a modal dialog, or for a render to complete. Try "
        "running aerender without the -reuse flag to invoke a separate instance of After Effects",
        "Two instances started at the same moment, or a dialog is open: raise --spawn-delay if it keeps happening.",
    ),
)

HOPELESS = (
    hopeless(
        "no-comp",
        rf"{AERENDER_ERROR}.*\bNo comps? (?:was found\b|to render\b)"
        rf"|(?:{ERROR}|{AERENDER_ERROR}).*\bcomp(?:osition)?\b.{{0,80}}?\b(?:(?:could )?not (?:be )?found|does not exist)\b",
        "aerender ERROR: No comp was found with the given name.",
        "Give --comp exactly as the comp is called in the project, capitals and blanks included.",
        FindingKind.WRONG_COMP,
        without_names=True,
    ),
    hopeless(
        "no-output-template",
        rf"{AERENDER_ERROR}.*\bNo output module template was found\b"
        rf"|(?:{ERROR}|{AERENDER_ERROR}).*\boutput module template\b.{{0,120}}?\bnot (?:be )?found\b",
        "aerender ERROR: No output module template was found with the given name.",
        "This machine's user has no output module template of that name: install it, or leave out --om-template.",
        FindingKind.MISSING_TEMPLATE,
    ),
    hopeless(
        "no-settings-template",
        rf"{AERENDER_ERROR}.*\bNo render settings template was found\b"
        rf"|(?:{ERROR}|{AERENDER_ERROR}).*\brender settings template\b.{{0,120}}?\bnot (?:be )?found\b",
        "aerender ERROR: No render settings template was found with the given name.",
        "This machine's user has no render settings template of that name: install it, or leave out --rs-template.",
        FindingKind.MISSING_TEMPLATE,
    ),
    hopeless(
        "no-queue-item",
        rf"{AERENDER_ERROR}.*\b(?:No render queue item was found|render queue item\b.{{0,40}}?\b(?:not found|does not exist))\b",
        "aerender ERROR: No render queue item was found with the given index.",
        "Give --rqindex as the number in the project's render queue; the item must be saved there and not be done.",
        FindingKind.WRONG_COMP,
    ),
    hopeless(
        "item-done",
        r"(?:^|^[^\"“]{0,80}[:\s])can ?not call [\"“']?applyTemplate\b.{0,10}\bwhen RenderQueueItem status\b",
        'aerender Error: After Effects error: Can not call "applyTemplate" when RenderQueueItem status is RENDERING, '
        "STOPPED, or DONE.",
        "The queue item is already rendered: set it to Queued in the project and save, or give --comp instead.",
        FindingKind.WRONG_COMP,
    ),
    hopeless(
        "footage-not-found",
        rf"(?:^(?:error:\s*)?|{MESSAGE}.{{0,120}}?|^.{{0,20}}\bfirst error was\b.{{0,12}}?)\bUnable to render: File not found\b",
        r"aerender ERROR: Unable to render: File not found D:\plates\sky_0012.tif",
        "Footage is missing: bring the file to the path that the project names.",
        FindingKind.MISSING_FOOTAGE,
    ),
    hopeless(
        "no-output",
        r"\bSpecified render queue item needs output file but none provided\b",
        "aerender ERROR: Specified render queue item needs output file but none provided.",
        "Give the queue item an output module in the project, and save it.",
        FindingKind.PROJECT,
    ),
    hopeless(
        "no-project",
        rf"{AERENDER_ERROR}.*\bNo project provided and no project open\b",
        "aerender ERROR: No project provided and no project open.",
        "The project was not opened: check that this After Effects can read the file.",
        FindingKind.PROJECT,
    ),
    hopeless(
        "unreadable-document",
        rf"{AERENDER_ERROR}.*(?:\brlottie cannot read the document\b|\bnot a Lottie file that can be rendered\b"
        r"|\bpixels are too large\b|\bstmpo-lottie cannot write\b|\brendering Lottie files needs\b)",
        "aerender ERROR: /shots/logo.json: rlottie cannot read the document",
        "The embedded renderer cannot render this file: export it again, or render the project with After Effects.",
        FindingKind.PROJECT,
    ),
    hopeless(
        "no-log-folder",
        rf"{AERENDER_ERROR}.*\bDirectory specified for log file does not exist\b",
        r"aerender ERROR: Directory specified for log file does not exist: D:\logs",
        "The log file given to aerender lies in a folder that does not exist: create the folder.",
    ),
    hopeless(
        "syntax",
        r"^aerender\b\s+syntax\s+error\b|\bIllegal argument flag\b",
        "aerender SYNTAX ERROR: Illegal argument flag: -mp",
        "This aerender does not know a flag: After Effects 2022 or later is needed for -mfr.",
    ),
    hopeless(
        "skip-existing",
        r"\bSkip Existing Files is available only with ONE output module\b",
        "WARNING:After Effects warning: Skip Existing Files is available only with ONE output module of type Sequence.",
        "Nothing is rendered: leave the queue item one output module that writes a sequence, "
        "or turn Skip Existing Files off in its render settings.",
        FindingKind.PROJECT,
    ),
    hopeless(
        "newer-project",
        rf"{MESSAGE}.*\b(?:created|saved|made) (?:by|with|in) a (?:newer|later|more recent) version\b",
        "aerender ERROR: After Effects error: the project was saved with a newer version of After Effects.",
        "Render with the After Effects version that saved the project, or save it down to this one.",
        FindingKind.PROJECT,
    ),
    hopeless(
        "serial-number",
        r"^(?:aerender\b.{0,24}:\s*)?(?:error:\s*)?Invalid Serial Number\b",
        "Invalid Serial Number",
        "After Effects is not licensed here: sign in, or place ae_render_only_node.txt for a render-only node.",
        FindingKind.LICENCE,
    ),
)

FAILED = (
    failed(
        "licence",
        r"^[^\"“]{0,80}\b(?:unable to (?:obtain|acquire|get|check ?out) (?:a |the )?licen[sc]e"
        r"|no (?:free |valid |floating )?licen[sc]es? (?:is |are |was )?(?:available|found|left)"
        r"|licen[sc]e (?:server )?(?:is |was )?(?:not available|unavailable|denied)"
        r"|(?:all )?licen[sc]es? (?:are )?(?:all )?in use)\b",
        "Unable to obtain a license",
        "No licence was granted: sign in, place ae_render_only_node.txt, or lower --max-concurrency to the seats.",
        FindingKind.LICENCE,
        launches=2,
    ),
    failed(
        "serial-in-use",
        r"\bis using the same serial number\b",
        "Another machine on the network is using the same serial number.",
        "The licence is in use elsewhere: end the other After Effects, or use a render-only node.",
        FindingKind.LICENCE,
        launches=2,
    ),
    failed(
        "start-up",
        r"\bunexpected failure during application startup\b",
        "After Effects: unexpected failure during application startup",
        "After Effects did not start: start it once by hand as the same user, and look for a dialog.",
        launches=2,
    ),
    failed(
        "verification",
        r"\binternal verification failure, sorry\b",
        "After Effects error: internal verification failure, sorry! {unexpected match name searched for in group}",
        "After Effects met a defect of its own: delete its preferences, or re-save the project in this version.",
        launches=2,
    ),
    failed(
        "apple-event",
        rf"{AERENDER_ERROR}.*\b(?:AESend|AEGetParamPt) failed\b",
        "aerender ERROR -1712: AESend failed to send apple event at line 909",
        "The Mac did not let aerender reach After Effects: run signed in, not as root, with a longer --spawn-delay.",
    ),
    failed(
        "open-project",
        r"\bUnable to call [\"“']?openFast\b|^aerender\b.{0,200}\bpath is not valid\b"
        rf"|(?:{ERROR}|{AERENDER_ERROR}).*\b(?:unable to|could not|cannot) open (?:the )?project\b",
        'aerender Error: Unable to call "openFast" because of parameter 1. Path is not valid.',
        "After Effects could not open the project: check that this machine's user can read its path.",
        FindingKind.PROJECT,
        launches=2,
    ),
    failed(
        "export-14",
        r"\bunexpected error occurred while exporting\b|^[^\"“]{0,200}\berror code: 14\b",
        "An unexpected error occurred while exporting a composition. error code: 14",
        "The encoder failed; if it fails again, render an image sequence instead of a movie.",
        FindingKind.ENCODER,
        launches=2,
    ),
    failed(
        "output-in-use",
        r"\bThe name of (?:an|the|the selected) output module\b.{0,30}? is already in use\b",
        "WARNING:After Effects warning: The name of an output module for this render item is already in use.",
        "Two output modules write the same file: give each its own name in the project.",
        FindingKind.PROJECT,
        launches=2,
    ),
    failed(
        "disk-space",
        rf"{MESSAGE}.*\b(?:not enough|insufficient)\b.{{0,20}}\bspace\b",
        "After Effects error: Rendering error while writing to file. Not enough disk space.",
        "The scratch disk is full: free space, or give --scratch-dir on a larger disk.",
        FindingKind.DISK_FULL,
    ),
    failed(
        "memory",
        rf"{MESSAGE}.*\b(?:unable to allocate|out of memory)\b",
        "After Effects error: Unable to allocate enough memory to render the current frame. ( 23 :: 40 )",
        "Memory ran out: raise --ram-per-process-gb or lower --concurrency, so that fewer processes share it.",
        FindingKind.MEMORY,
    ),
    failed(
        "write-error",
        rf"^.{{0,400}}?\bRendering error while writing to file\b|{MESSAGE}.*{OUTPUT_MODULE}.{{0,40}}?{FAILS}"
        rf"|{MESSAGE}.*{FAILS}.{{0,30}}?{OUTPUT_MODULE}",
        r"WARNING:After Effects warning: logged one error  error: Rendering error while writing to file "
        r"D:\out\result.mov. An output module failed. The file may be damaged or corrupted.",
        "The output module could not write: run fewer encoders at once, and check space and rights in scratch.",
        FindingKind.ENCODER,
        launches=2,
    ),
    failed(
        "damaged-file",
        rf"{ERROR}.*\bfile is damaged\b",
        "After Effects error: file is damaged.",
        "A project or footage file cannot be read: copy it again, or open it by hand on this machine.",
        FindingKind.PROJECT,
        launches=2,
    ),
    failed(
        "source-compression",
        r"\bThe source compression type is not supported\b",
        "Error: After Effects error: The source compression type is not supported.",
        "Footage uses a codec that this machine lacks: install it, or convert the footage.",
        FindingKind.UNREADABLE_FOOTAGE,
        launches=2,
    ),
    failed(
        "footage-error",
        rf"{about(f'(?:{ERROR}|{AERENDER_ERROR}|{LOGGED_ERRORS}|{FIRST_ERROR})', FOOTAGE, NOT_FOUND)}",
        r"After Effects error: file D:\plates\sky_0012.tif could not be found.",
        "A file is missing: bring it to the path that the line names.",
        FindingKind.MISSING_FOOTAGE,
        launches=2,
        without_names=True,
    ),
    failed(
        "expression-error",
        rf"{about(ERROR, EXPRESSION, DISABLED)}",
        "After Effects error: An expression error occurred in layer 3 ('Title'). Expression disabled.",
        "An expression failed: correct it in the project.",
        FindingKind.EXPRESSION_DISABLED,
        launches=2,
        without_names=True,
    ),
    failed(
        "effect-error",
        rf"{about(ERROR, EFFECT, NOT_FOUND)}",
        'After Effects error: Missing effect "Particular".',
        "A plug-in is not installed here: install it on this machine.",
        FindingKind.MISSING_EFFECT,
        launches=2,
        without_names=True,
    ),
    failed(
        "openmp",
        r"^OMP: Error #15\b",
        "OMP: Error #15: Initializing libiomp5md.dll, but found libiomp5md.dll already initialized.",
        "Two plug-ins bring an OpenMP of their own: leave KMP_DUPLICATE_LIB_OK at TRUE in the env file.",
        launches=2,
    ),
    failed(
        "library-crash",
        r"^File \"[^\"]+\", line [0-9]+ in frame -?[0-9]+$",
        'File "/shots/logo.json", line 1 in frame 12',
        "The drawing library of the embedded renderer crashed at this frame: simplify it, or use After Effects.",
    ),
    failed(
        "first-error",
        FIRST_ERROR,
        'First error was "The effect could not allocate its buffer."',
        "After Effects went on after this error, exit code 0 included: frames may be missing or wrong.",
    ),
    failed(
        "logged-errors",
        LOGGED_ERRORS,
        "WARNING:After Effects warning: logged 3 errors",
        "After Effects went on after errors, exit code 0 included: look at the lines around this one.",
        general=True,
    ),
    failed(
        "runtime-error",
        rf"{AERENDER_ERROR}.*\bRuntime error in After Effects\b",
        "aerender ERROR: Runtime error in After Effects.",
        "After Effects failed inside: render the named frames by hand to see its own dialog.",
        launches=2,
        general=True,
    ),
    failed(
        "aborted",
        r"^INFO:\s*Render aborted\b",
        "INFO: Render aborted.",
        "After Effects stopped the render: look at the lines before this one.",
        launches=2,
        general=True,
    ),
)

GENERAL = (
    failed(
        "after-effects-error",
        ERROR,
        "After Effects-Fehler: Die Ausgabe ist fehlgeschlagen.",
        "After Effects' own error: render the named frames by hand to see it in full.",
    ),
    failed(
        "aerender-error",
        AERENDER_ERROR,
        "aerender ERROR: An existing connection was forcibly closed.",
        "An error of aerender's own: look at the lines before this one.",
        general=True,
    ),
    failed(
        "error-code",
        r"^(?!WARNING:|INFO:).*\(\s*[0-9]{1,6}\s*::\s*[0-9]{1,6}\s*\)",
        "Die Datei konnte nicht importiert werden. ( 83 :: 2 )",
        "After Effects' own error: its code in brackets can be searched for in Adobe's help.",
    ),
    failed(
        "fatal-python-error",
        r"^Fatal Python error:",
        "Fatal Python error: Segmentation fault",
        "The embedded renderer crashed: look for the frame in the lines after this one.",
        general=True,
    ),
    warning(
        "warning",
        WARNING.replace("|INFO", ""),
        "WARNING:After Effects 警告: 色空間が変換されました。",
        "After Effects' own warning.",
    ),
)
