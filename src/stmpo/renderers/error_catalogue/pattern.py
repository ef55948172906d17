"""The form of a catalogue entry, and the beginnings of messages in the languages After Effects is sold in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial

from stmpo.renderers.protocol import Finding, FindingKind, Meaning


@dataclass(frozen=True, slots=True)
class Pattern:
    """One known line."""

    name: str
    """Stable: journals, documentation and machine-readable output use it."""

    regex: str
    example: str
    """A line that matches this pattern and none before it; verbatim if a log shows all of it."""

    advice: str
    """The next step for the user, one sentence."""

    kind: FindingKind = FindingKind.OTHER
    meaning: Meaning = field(kw_only=True)
    launches: int | None = None
    """As `Finding.launches`; a hopeless entry has 1."""

    general: bool = False
    """As `Finding.general`."""

    without_names: bool = False
    """Matched against the line as `without_names` returns it."""

    even_if_error: bool = False
    """Applies although the line begins as an error and the meaning is less than an error."""

    def finding(self, line: str) -> Finding:
        """Create the finding for a line that matched."""
        launches = 1 if self.meaning is Meaning.HOPELESS else self.launches
        return Finding(self.name, self.meaning, line, self.advice, self.kind, launches, self.general)


hopeless = partial(Pattern, meaning=Meaning.HOPELESS)
untrusted = partial(Pattern, meaning=Meaning.UNTRUSTED)
later = partial(Pattern, meaning=Meaning.LATER)
failed = partial(Pattern, meaning=Meaning.FAILED)
warning = partial(Pattern, meaning=Meaning.WARNING)
harmless = partial(Pattern, meaning=Meaning.HARMLESS)

ERROR = (
    r"^(?:(?:WARNING|INFO|ERROR|PROBLEM|FATAL):\s*)?(?:aerender\b[^:]{0,24}:\s*)?(?:error\s*:\s*)?"
    r"(?:After Effects[\s-]{0,2}(?:error|fehler|erreur|errore|erro|エラー|오류|错误|錯誤|ошибка)"
    r"|(?:fehler|erreur|error|errore|erro|ошибка)\s+"
    r"(?:d['\u2019]\s?|de\s+|di\s+|do\s+|no\s+|in\s+|von\s+|в\s+)?After Effects)\s*[:\uff1a]"
)
"""After Effects' own error, in the languages it is sold in, alone or relayed by the launcher."""

AERENDER_ERROR = r"^aerender\b\s+(?:syntax\s+)?error\b"

WARNING = r"^(?:WARNING|INFO):"
"""Every warning and note of After Effects; the severity is English in all languages."""

MESSAGE = rf"(?:{ERROR}|{AERENDER_ERROR}|{WARNING})"
"""Any line that After Effects or its script marks as its own message."""

_ERROR_NOUN = r"(?:errors?|fehler|erreurs?|errore[s]?|errori|erros?|エラー|오류|에러|错误|錯誤|ошиб\w*)"
_LOGGED = (
    r"(?:\blogged\b|protokolliert|aufgezeichnet|consign[ée]|enregistr[ée]|journalis[ée]|\bregistr|\bregistad"
    r"|\blog(?:gat|ead|uead)|ログ|記録|기록|로그|记录|記錄|зарегистр|записан|внес[её]н)"
)
LOGGED_ERRORS = (
    rf"{MESSAGE}(?!.*(?<![0-9])0\s?{_ERROR_NOUN}).*?"
    rf"(?:{_LOGGED}.{{0,40}}?{_ERROR_NOUN}|{_ERROR_NOUN}.{{0,40}}?{_LOGGED})"
)
""" "logged 3 errors": errors that leave exit code 0. Zero errors are none."""

FIRST_ERROR = (
    rf"(?:^(?:the |der |la |el |il |o )?|{MESSAGE}.*?)"
    r"(?:\bfirst error was\b|\berste fehler\b|\bpremi[èe]re erreur\b|\bprimer error\b|\bprimo errore\b"
    r"|\bprimeiro erro\b|最初のエラー|첫\s?번째 오류|(?:第一个|首个|第一個)错误|\bпервая ошибка\b)"  # noqa: RUF001 - as printed
)
"""The line after "logged N errors": `First error was "…"`."""

NOT_FOUND = (
    r"(?:\bmissing\b|\b(?:could|can) ?not be (?:found|located)|\bcan(?:not|'t) find\b|\bnot found\b|\bunable to find\b"
    r"|\bnot (?:currently )?(?:available|installed)\b|\bunavailable\b"
    r"|\bfehl(?:t|en|ende\w*)\b|nicht gefunden|konnte\w* nicht .{0,20}gefunden"
    r"|\bmanquante?s?\b|introuvables?|pas (?:pu )?(?:[êe]tre |été )?trouvée?s?"
    r"|\bfaltan?\b|\bfaltantes?\b|\bausentes?\b|no se (?:ha |han )?(?:pudo |pudieron |puede |encontr)|no encontrad[oa]s?"
    r"|\bmancan(?:o|te|ti)\b|\bmanca\b|impossibile trovare|non (?:è stato |sono stati )?trovat[oaie]"
    r"|\bfaltando\b|não (?:foi |foram |p[ôo]de ser |puderam ser )?encontrad[oa]s?"
    r"|見つかり|見つから|ありません|不足|欠落|찾을 수 없|누락|없습니다|找不到|未找到|缺失|缺少|丢失|遺失"
    r"|не (?:найден|удалось найти|удается найти)|отсутств)"
)
""" "missing" and "could not be found" in each language."""

FILE = (
    r"(?:\bfiles?\b|\bfootage\b|\bdatei(?:en)?\b|\bfichiers?\b|\bm[ée]trages?\b|\barchivos?\b|\bmaterial de archivo\b"
    r"|\bmetraggi[oi]?\b|\barquivos?\b|\bgravaç(?:ão|ões)\b|ファイル|フッテージ|파일|푸티지|文件|素材|файл|материал)"
)
FOOTAGE = rf"(?:{FILE}|/)"
"""A path counts as footage: `without_names` leaves its slash."""
EFFECT = r"(?:(?<!After\s)\beffects?\b|\bplug-?ins?\b|\beffekte?n?s?\b|\beffets?\b|\befectos?\b|\beffett[oi]\b|\befeitos?\b|エフェクト|プラグイン|효과|이펙트|플러그인|效果|增效工具|эффект)"
FONT = r"(?:\bfonts?\b|\bschrift\w*|\bpolices?\b|\bfuentes?\b|\bcaratter[ei]\b|\bfontes?\b|フォント|글꼴|폰트|字体|字型|шрифт)"
LAYER = r"(?:\blayers?\b|\bebenen?\b|\bcalques?\b|\bcapas?\b|\blivell[oi]\b|\bcamadas?\b|レイヤー|레이어|图层|圖層|сло[йяеию])"
EXPRESSION = r"(?:\bexpress(?:ions?|ionen)\b|\bausdr[uü]ck\w*|\bexpresi(?:ón|ones)\b|\bespression[ei]\b|\bexpress(?:ão|ões)\b|エクスプレッション|표현식|익스프레션|表达式|运算式|выражени)"
DISABLED = r"(?:disabled|\berror|deaktiviert|fehler|désactivée?s?|erreur|desactivad|deshabilitad|disattivat|disabilitat|errore|desativad|desabilitad|\berro|無効|エラー|비활성|사용 안|오류|禁用|停用|错误|отключ|ошиб)"
OUTPUT_MODULE = r"(?:output module|ausgabemodul\w*|module de sortie|m[óo]dulo de salida|modulo di output|m[óo]dulo de sa[íi]da|出力モジュール|출력 모듈|输出模块|輸出模組|модул\w* вывода)"
FAILS = r"(?:failed|fehlgeschlagen|échou|échec|fall[óo]|error|non riuscit|errore|falhou|erro|失敗|エラー|실패|오류|失败|错误|сбой|ошибк|не удал)"
VIDEO_MEMORY = (
    r"(?:video (?:memory|ram)|\bvram\b|gpu memory|graphics memory|videospeicher|grafikspeicher|video-?ram|mémoire vidéo"
    r"|memoria de v[íi]deo|memoria video|mem[óo]ria de v[íi]deo|ビデオメモリ|ビデオ メモリ|비디오 메모리|显存|视频内存|видеопамят)"
)


_NAME = re.compile(
    r'"[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|「[^」]*」|『[^』]*』|(?<!\w)\'[^\']*\'(?!\w)'
    r"|(?:[A-Za-z]:[\\/]|\\\\|(?<![\w/.])/)(?:[^\"”:*?<>|]*?\.\w{1,5}\b(?![\\/\w.])|[^\s\"”」]*)"
)
"""Quoted text, or a path up to its extension or a blank."""

_QUOTED_ERROR = re.compile(rf"^\W{_ERROR_NOUN}\s?[:\uff1a]", re.IGNORECASE)


def without_names(line: str) -> str:
    """Replace quoted names by `""` and paths by `/`: a name may contain any word. A quoted error stays."""
    return _NAME.sub(_placeholder, line)


def _placeholder(name: re.Match[str]) -> str:
    if _QUOTED_ERROR.search(name[0]):
        return name[0]
    return "/" if re.search(r"[\\/]", name[0]) else '""'


def near(first: str, second: str, distance: int = 80) -> str:
    """Return a pattern for two words in either order, at most `distance` characters apart."""
    return rf"(?:{first}.{{0,{distance}}}?{second}|{second}.{{0,{distance}}}?{first})"


def about(beginning: str, noun: str, predicate: str, distance: int = 80) -> str:
    """Return a pattern for a message with two words `near` each other; it fails fast without the second."""
    return rf"{beginning}(?=.*{predicate}).*{near(noun, predicate, distance)}"
