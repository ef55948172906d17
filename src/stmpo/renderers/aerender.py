"""aerender's command line, and how its output lines are read.

The launcher (`aerender`) starts After Effects and relays what its own startup script,
`commandLineRenderer.jsx`, prints. Lines therefore have three authors: the launcher and the script, always in
English; and After Effects' render log, in the language of its user interface, behind a severity that is
always English (`PROGRESS:`, `WARNING:`, `INFO:`).

A `PROGRESS:` line is a header, a frame, or the start or end of a comp, and holds names of comps and files
exactly as the artist wrote them. It is therefore never looked up in the catalogue: a comp may be called
"aerender ERROR: x".

The start and the end of a comp are recognised by their words. The date before them follows the system's
settings and takes any form: a month in letters, a weekday, other digits, a time zone in words.

`read` keeps no state, so one `Aerender` serves all slots. If the language is unknown, a line with a numeric
date counts as the start of a comp: that claims least, and the ledger notices the end by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stmpo.renderers.error_catalogue import look_up
from stmpo.renderers.protocol import LineKind, ReadLine, Work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stmpo.model.render_job import RenderJob

_READ_CHARACTERS = 4_000
"""How much of a line is read. Longer lines are lists of names; patterns would take too long on them."""

_LOOKED_UP_CHARACTERS = 1_000
"""How much of a line is looked up in the catalogue, for the same reason."""

_SEVERITY = r"(?:PROGRESS:\s*)?"
_TIMECODE = r"-?[0-9]{1,3}[:;.][0-9]{2}[:;.][0-9]{2}[:;.][0-9]{2,3}"
_FEET_OR_FRAMES = r"-?[0-9]{1,9}(?:\+[0-9]{1,3})?"

_FRAME = re.compile(
    rf"{_SEVERITY}(?:{_TIMECODE}|{_FEET_OR_FRAMES})\s+\(([0-9]{{1,9}})[UL]?\)\s*[:\uff1a]\s*[0-9].*",
    re.DOTALL,
)
"""A time in the project's display style, the count in this process (U, L: fields), seconds."""

_VERSION = re.compile(r"aerender version\s+\S+")
_LAUNCHING = re.compile(
    r"PROGRESS:\s*(?:\.\.\.\s*)?(?:Launching After Effects|After Effects successfully launched)"
)

_NUMERIC_DATE = re.compile(
    rf"{_SEVERITY}[0-9]{{1,4}}(?P<sep>[./-])\s?[0-9]{{1,2}}(?P=sep)\s?[0-9]{{1,4}}"  # 4/30/2019, 19.05.2022, 2019-04-30
    r"[^0-9]{1,12}[0-9]{1,2}[:.h][0-9]{2}(?:[:.][0-9]{2})?"  # 1:59:13
    r"(?:[^:\uff1a]{0,16}GMT[+-][0-9]{1,2}:[0-9]{2}|[^:\uff1a]{0,20})[:\uff1a]\s*"  # AM, PM, EDT, GMT+2, GMT+5:30
)
_ANY_DATE = re.compile(
    rf"{_SEVERITY}(?P<date>(?:(?![:\uff1a]\s|\uff1a).){{6,120}}?)\s?(?::\s+|\uff1a\s*)(?=\S)"
)
"""Everything before the first colon with a blank after it: a clock's colons have none. See `_is_date`."""

_ENGLISH = re.compile(
    rf"{_SEVERITY}(?P<date>(?:(?![:\uff1a]\s).){{0,120}}?)(?:[:\uff1a]\s*)?(?P<word>Starting|Finished) composition\b"
)
_QUOTED = re.compile('["“”„«「『\u2018].*["“”‟»」』\u2019]')
"""A comp's name with its quotation marks. Greedy: a name may hold quotation marks of its own."""

_STARTED = re.compile(
    r"^Komposition\b.*\b(?:gestartet|begonnen)\W*$|^(?:Starten?|Beginn) (?:der |von )?Komposition\b"
    r"|^(?:Début|Démarrage|Lancement|Commencement) (?:de la |de )?composition\b|^Composition\b.*\b(?:démarr|commenc|lanc)ée\W*$"
    r"|^(?:Iniciando|Comenzando|Empezando|Inicio|Comienzo)\b.{0,12}\bcomposici[oó]n\b|^Composici[oó]n\b.*\biniciada\W*$"
    r"|^(?:Avvio|Inizio)\b.{0,8}\bcomposizione\b|^Composizione\b.*\b(?:avviata|iniziata)\W*$"
    r"|^(?:Iniciando|Começando|Início)\b.{0,8}\bcomposi[cç][aã]o\b|^Composi[cç][aã]o\b.*\biniciada\W*$"
    r"|コンポジション.*開始|開始.*コンポジション|컴포지션.*시작|시작.*컴포지션"
    r"|合成.*(?:开始|開始|启动)|(?:开始|開始|启动).*合成"
    r"|^(?:Начало|Запуск|Начата|Запущена)\b.{0,12}\bкомпозици|^Композици\w*\b.*(?:начат|запущен)",  # noqa: RUF001 - as printed
    re.IGNORECASE,
)
_FINISHED = re.compile(
    r"^Komposition\b.*\b(?:beendet|abgeschlossen|fertiggestellt|fertig)\b|^(?:Ende|Abschluss) (?:der |von )?Komposition\b"
    r"|\bfin de la composition\b|\bcomposition\b.*\b(?:termin|achev)[ée]e"
    r"|\bcomposici[oó]n\b.*\b(?:finaliza|termina|completa|acabad)|\b(?:finaliz|termin)\w*\b.*\bcomposici[oó]n\b"
    r"|^fin\b.{0,8}\bcomposici[oó]n\b|^(?:fine|fim)\b.{0,8}\bcomposi"
    r"|\bcomposizione\b.*\b(?:complet|termin|finit)|^(?:complet|termin|finit)\w*\b.*\bcomposizione\b"
    r"|\bcomposi[cç][aã]o\b.*\b(?:conclu|finaliz|termin)|^(?:conclu|finaliz|termin)\w*\b.*\bcomposi[cç][aã]o\b"
    r"|コンポジション.*(?:終了|完了)|(?:終了|完了).*コンポジション|컴포지션.*(?:완료|종료)|(?:완료|종료).*컴포지션"
    r"|合成.*(?:完成|结束|結束)|(?:完成|结束|結束).*合成"
    r"|композици\w*.*(?:заверш|законч)|(?:заверш|законч)\w*.*композици",
    re.IGNORECASE,
)
"""English, German and French are from logs and public parsers; the rest is inferred."""


@dataclass(frozen=True, slots=True)
class Aerender:
    """aerender, or a program with its command line and lines (the embedded renderer, the fake aerender)."""

    prefix: tuple[str, ...]
    """Starts the program: the executable, or an interpreter and its script."""

    name: str = "aerender"
    found_by: str = ""
    """The option, variable or place that it was found by, for the log."""

    def command(self, job: RenderJob, work: Work, *, mfr: bool) -> Sequence[str]:
        """Return the argument list that renders this.

        Each value is one item: no shell reads it, and aerender takes the item after a flag as the flag's
        value, whatever it looks like. A job without comp and queue item (a Lottie file) asks for the first
        item, since aerender otherwise ignores `-output`, `-s` and `-e`. Four flags are never passed: `-reuse`
        attaches to a running After Effects, `-log` silences the output and disables the check for a dead
        launcher, `-mp` is refused since 2022, and `-i` skips frames.
        """
        line = [*self.prefix, "-project", _value(str(job.project))]
        if job.comp is not None:
            line += ["-comp", _value(job.comp)]
        else:
            line += ["-rqindex", str(job.rqindex or 1)]
        if job.rs_template is not None:
            line += ["-RStemplate", _value(job.rs_template)]
        if job.om_template is not None:
            line += ["-OMtemplate", _value(job.om_template)]
        if work.skip_existing:
            line += ["-renderSettings", "Skip Existing Files: true"]
        line += ["-output", _value(work.output)]
        if work.span is not None:
            line += ["-s", str(work.span.first), "-e", str(work.span.last)]
        # Always both values: without the flag the user's preference decides; OFF needs its percentage too.
        line += ["-mfr", "ON" if mfr else "OFF", str(work.mfr_percent)]
        line += ["-v", "ERRORS_AND_PROGRESS", "-close", "DO_NOT_SAVE_CHANGES", "-sound", "OFF"]
        if job.continue_on_missing_footage:
            line.append("-continueOnMissingFootage")
        return line

    def read(self, line: str) -> ReadLine:
        """Classify one output line (decoded, without its line end)."""
        text = line[:_READ_CHARACTERS].strip()
        if not text:
            return ReadLine(LineKind.OTHER, line)
        frame = _FRAME.fullmatch(text)
        if frame is not None:
            return ReadLine(LineKind.FRAME, line, count=int(frame[1]))
        kind = _milestone(text)
        if kind is not None:
            return ReadLine(kind, line)
        if text.startswith("PROGRESS:"):
            return ReadLine(LineKind.OTHER, line)
        finding = look_up(text[:_LOOKED_UP_CHARACTERS].rstrip())
        return ReadLine(LineKind.FINDING if finding else LineKind.OTHER, line, finding=finding)


def _value(text: str) -> str:
    """Quote a text with quotation marks at both ends: aerender's script strips one such pair from a value."""
    return f'"{text}"' if len(text) > 1 and text[0] == text[-1] == '"' else text


def _milestone(text: str) -> LineKind | None:
    """Return the step of a process's life that the line reports, or None."""
    if _VERSION.match(text):
        return LineKind.VERSION
    if _LAUNCHING.match(text):
        return LineKind.LAUNCHING
    english = _ENGLISH.match(text)
    if english is not None and _precedes_words(english["date"], text):
        return LineKind.OPENED if english["word"] == "Starting" else LineKind.FINISHED
    return _translated_milestone(text) if text.startswith("PROGRESS:") else None


def _translated_milestone(text: str) -> LineKind | None:
    """Return whether a comp starts or ends, in a language other than English, or None."""
    numeric = _NUMERIC_DATE.match(text)
    head = numeric or _ANY_DATE.match(text)
    if head is None or not (numeric or _is_date(head["date"])):
        return None
    words = _QUOTED.sub("", text[head.end() :])
    if _FINISHED.search(words) and not _STARTED.search(words):
        return LineKind.FINISHED
    return LineKind.OPENED if numeric or _STARTED.search(words) else None


def _precedes_words(before: str, text: str) -> bool:
    """Return whether a text before "Starting composition" is a date, or nothing on a `PROGRESS:` line."""
    return _is_date(before) if before.strip() else text.startswith("PROGRESS:")


def _is_date(text: str) -> bool:
    """Return whether a text may be a date and a time: three numbers, in any digits, and no folder."""
    return len(re.findall(r"\d+", text)) >= 3 and "\\" not in text
