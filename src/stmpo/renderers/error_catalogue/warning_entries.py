"""Catalogue entries after which rendering goes on: harmless lines, and warnings about missing parts."""

from __future__ import annotations

from stmpo.renderers.error_catalogue.pattern import (
    DISABLED,
    EFFECT,
    ERROR,
    EXPRESSION,
    FILE,
    FONT,
    FOOTAGE,
    LAYER,
    NOT_FOUND,
    WARNING,
    about,
    harmless,
    near,
    warning,
)
from stmpo.renderers.protocol import FindingKind

HARMLESS = (
    harmless(
        "graphics-device",
        r"^Using DXGI\b",
        'Using DXGI: Device: "NVIDIA GeForce RTX 2070" has dedicated video RAM (MB): 7592',
        "Nothing to do: After Effects names its graphics device.",
    ),
    harmless(
        "gpu-sanity-test",
        r"^\W*GPU Warning: GPU\d* failed \(previous\) sanity test",
        "*** GPU Warning: GPU3 failed (previous) sanity test ***",
        "Nothing to do: After Effects renders without this GPU.",
    ),
    harmless(
        "load-library",
        r'^LoadLibrary "[^"]*" failed',
        'LoadLibrary "n" failed!',
        "Nothing to do: an optional library is absent.",
    ),
    harmless(
        "vr-registry",
        r"^Unable to read VR Path Registry",
        r"Unable to read VR Path Registry from C:\Users\farm\AppData\Local\openvr\openvrpaths.vrpath",
        "Nothing to do: there is no VR headset.",
    ),
    harmless(
        "autorelease-pool",
        r"\bERROR \*{3} IVCAutoReleasePool\b",
        "2020-09-21 06:27:18:851 : ERROR *** IVCAutoReleasePool: leaking object",
        "Nothing to do: a library's own trace.",
    ),
    harmless(
        "xmp",
        r"\bXMP\b.{0,80}\bcould not be written\b",
        "WARNING:After Effects warning: XMP metadata could not be written to the file.",
        "Nothing to do: the pictures are whole, only their metadata was not written.",
    ),
    harmless(
        "auto-save",
        # The word is the message's first: a path to a project may contain an "… Auto-Save" folder.
        rf"(?:{ERROR}|{WARNING}(?:\s*After Effects[^:/\\]{{0,20}}:)?)\s*(?:the )?auto-?save\b(?!['\"”]?(?:[/\\]|\.\w))",
        "After Effects error: auto-save could not be completed.",
        "Nothing to do: the project is not saved by a render.",
        even_if_error=True,
    ),
    harmless(
        "gl-version",
        r"\bGL_VERS: ?32 ?Prog Error: 1280\b",
        "GL_VERS: 32Prog Error: 1280",
        "Nothing to do: an OpenGL query that the driver does not know.",
    ),
    harmless(
        "gl-buffer",
        r"\bCreate Buffer Error: 1280\b",
        "Create Buffer Error: 1280",
        "Nothing to do: an OpenGL query that the driver does not know.",
    ),
    harmless(
        "no-errors",
        r"^(?:(?:INFO|WARNING):\s*)?(?:the )?(?:render(?:ing)?|export|job) (?:is |was |has )?(?:finished|completed?|done|ended)\b"
        r".{0,40}\b(?:0|no|without(?: any)?) (?:errors?|problems?|warnings?)\b",
        "Render finished with 0 errors.",
        "Nothing to do: nothing failed.",
    ),
)

WARNINGS = (
    warning(
        "missing-fonts",
        rf"{WARNING}.*\bFont family:|{about(WARNING, FONT, NOT_FOUND)}",
        "WARNING:After Effects warning: Project has missing fonts.",
        "Text is rendered in another font: install the fonts that the project uses.",
        FindingKind.MISSING_FONT,
        without_names=True,
    ),
    warning(
        "missing-dependencies",
        rf"{WARNING}.*\bmissing dependencies\b|^a layer has missing dependencies\b"
        r"|^(?:INFO:\s*)?The following layer dependencies are missing\b",
        "WARNING:After Effects warning: Grouped_Message_{some layers have missing dependencies. Press Ctrl-C to copy "
        "this list.|||a layer has missing dependencies.###@0 dependencies are missing:}Text Layer: unknown",
        "Layers lack something that they depend on, and may look different: install what is named.",
        FindingKind.MISSING_LAYER,
    ),
    warning(
        "not-drawn",
        rf"{WARNING}.*\bnot drawn by the embedded renderer\b",
        "WARNING:After Effects warning: not drawn by the embedded renderer: text (2 layers), effects (1 layer)",
        "These parts are missing in the pictures: convert them to shapes, or render the project with After Effects.",
        FindingKind.NOT_DRAWN,
    ),
    warning(
        "expression-disabled",
        rf"{about(WARNING, EXPRESSION, DISABLED)}|^Error at line [0-9]+ in property\b|^Expression disabled\b",
        "WARNING:After Effects warning: An expression error occurred in layer 3 ('Title'). Expression disabled.",
        "An expression failed and its property keeps another value: correct it in the project.",
        FindingKind.EXPRESSION_DISABLED,
        without_names=True,
    ),
    warning(
        "missing-layer",
        rf"{WARNING}.*{near(r'(?:layer reference|reference to (?:a |the )?(?:missing )?layer)', NOT_FOUND)}"
        rf"|{about(WARNING + f'(?!.*(?:{EFFECT}|{FOOTAGE}))', LAYER, NOT_FOUND)}"
        rf"|{WARNING}.*\blayer\b.{{0,120}}?\b(?:does not|no longer) exists?\b",
        'WARNING:After Effects warning: A layer reference is missing in effect "Set Matte".',
        "A layer that another one refers to is missing, and the picture may differ: restore it in the project.",
        FindingKind.MISSING_LAYER,
        without_names=True,
    ),
    warning(
        "missing-effect",
        rf"{about(WARNING + f'(?!.*{FILE})', EFFECT, NOT_FOUND)}"
        rf"|(?:{WARNING}\s*(?:After Effects warning:\s*)?|^)This project contains\b(?!.*\b(?:footage|files?)\b)",
        "INFO:This project contains a reference to a missing effect.",
        "A plug-in is not installed here and its effect is left out: install it on this machine.",
        FindingKind.MISSING_EFFECT,
        without_names=True,
    ),
    warning(
        "outside-comp",
        rf"{WARNING}.*\btimeSpan(?:Start|End|Duration) of\b",
        "WARNING:After Effects warning: timeSpanStart of -0,87 seconds will cause render to have frames outside of "
        "range defined by comp displayStartTime (0,87) and end of comp duration (26,63). Render will succeed, but may "
        "have blank frames.",
        "Frames outside the comp are rendered blank: check --frames against the comp's first and last frame.",
        FindingKind.BLANK_FRAMES,
    ),
    warning(
        "missing-template",
        rf"{WARNING}.*\b(?:output module|render settings) template\b.{{0,120}}?\bnot (?:be )?found\b",
        "WARNING:After Effects warning: Output Module template 'PNG' could not be found.",
        "The template is not installed for this machine's user, and the item keeps its own: install the template.",
        FindingKind.MISSING_TEMPLATE,
        without_names=True,
    ),
    warning(
        "missing-footage",
        rf"{about(WARNING, FOOTAGE, NOT_FOUND)}|^(?:(?:the )?(?:footage )?(?:file )?)?/ could not be found\b"
        r"|^[^:]{0,300}\.\w{2,5} could not be found\b",
        r"WARNING:After Effects warning: file D:\plates\sky_0012.tif could not be found.",
        "Footage is missing and may be rendered as colour bars: bring the files to the paths that the project names.",
        FindingKind.MISSING_FOOTAGE,
        without_names=True,
    ),
    warning(
        "arguments-ignored",
        r"^WARNING:.*\barguments? ignored\b",
        "WARNING: -s and/or -e arguments ignored since no -comp or -rqindex provided.",
        "The whole render queue is rendered as it is saved: give --comp or --rqindex.",
    ),
    warning(
        "item-skipped",
        r"^INFO:\s*Skipping render queue item\b",
        "INFO: Skipping render queue item with correct comp name but marked to continue from a partly complete render.",
        "Another queue item of this comp is rendered: give --rqindex if that is the wrong one.",
    ),
    warning(
        "nvapi",
        r"^[^\"“/\\]{0,40}\bNVAPI error\b",
        "NVAPI error: NVAPI_ERROR",
        "The graphics driver reported an error: update it, or set the project to Mercury Software Only.",
    ),
)
