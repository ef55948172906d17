"""The texts of After Effects' log in the languages it is sold in.

English, and the German and French ends, are from logs and public parsers; the other texts are stand-ins of
the same shape. `PROGRESS:`, `WARNING:` and `aerender ERROR:` stay English in all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Language(Enum):
    """The language of After Effects' user interface."""

    EN = "en"
    DE = "de"
    FR = "fr"
    ES = "es"
    IT = "it"
    PT = "pt"
    JA = "ja"
    KO = "ko"
    ZH = "zh"
    RU = "ru"


@dataclass(frozen=True, slots=True)
class Phrases:
    """The texts of one language; `{}` is a name, a path or a number."""

    starting: str
    finished: str
    seconds: str
    elapsed: str
    span_start: str
    span_end: str
    duration: str
    warning: str
    missing_footage: str
    missing_effect: str
    missing_layer: str
    expression_disabled: str
    logged_errors: str
    date: str
    """`strftime` format; English has one of its own."""


PHRASES: Mapping[Language, Phrases] = {
    Language.EN: Phrases(
        "Starting composition {}.",
        "Finished composition {}.",
        "Seconds",
        "Total Time Elapsed",
        "Start",
        "End",
        "Duration",
        "After Effects warning",
        "file {} could not be found.",
        "This project contains a reference to a missing effect ({}).",
        "A layer reference is missing in effect {}.",
        "An expression error occurred in layer {}. Expression disabled.",
        "logged {} errors",
        "",
    ),
    Language.DE: Phrases(
        "Komposition {} wird gestartet.",
        "Komposition {} beendet.",
        "Sekunden",
        "Verstrichene Gesamtzeit",
        "Anfang",
        "Ende",
        "Dauer",
        "After Effects-Warnung",
        "Die Datei {} wurde nicht gefunden.",
        "Der Effekt {} fehlt.",
        "Eine Ebene fehlt: {}.",
        "Fehler in der Expression von Ebene {}. Expression deaktiviert.",
        "{} Fehler wurden protokolliert.",
        "%d.%m.%Y %H:%M:%S",
    ),
    Language.FR: Phrases(
        "début de la composition {}.",
        "fin de la composition {}.",
        "secondes",
        "Temps total écoulé",
        "Début",
        "Fin",
        "Durée",
        "Avertissement After Effects",
        "fichier introuvable : {}",
        "effet manquant : {}",
        "calque manquant : {}",
        "L'expression du calque {} a été désactivée.",
        "{} erreurs consignées.",
        "%d/%m/%Y %H:%M:%S",
    ),
    Language.ES: Phrases(
        "Iniciando composición {}.",
        "Composición {} finalizada.",
        "segundos",
        "Tiempo total transcurrido",
        "Inicio",
        "Fin",
        "Duración",
        "Advertencia de After Effects",
        "no se encontró el archivo {}.",
        "falta el efecto {}.",
        "falta la capa {}.",
        "La expresión de la capa {} se ha desactivado.",
        "se registraron {} errores.",
        "%d/%m/%Y %H:%M:%S",
    ),
    Language.IT: Phrases(
        "Avvio composizione {}.",
        "Composizione {} completata.",
        "secondi",
        "Tempo totale trascorso",
        "Inizio",
        "Fine",
        "Durata",
        "Avviso di After Effects",
        "impossibile trovare il file {}.",
        "effetto mancante: {}.",
        "livello mancante: {}.",
        "L'espressione del livello {} è stata disattivata.",
        "{} errori registrati.",
        "%d/%m/%Y %H:%M:%S",
    ),
    Language.PT: Phrases(
        "Iniciando composição {}.",
        "Composição {} concluída.",
        "segundos",
        "Tempo total decorrido",
        "Início",
        "Fim",
        "Duração",
        "Aviso do After Effects",
        "o arquivo {} não foi encontrado.",
        "efeito ausente: {}.",
        "camada ausente: {}.",
        "A expressão da camada {} foi desativada.",
        "{} erros registrados.",
        "%d/%m/%Y %H:%M:%S",
    ),
    Language.JA: Phrases(
        "コンポジション {} を開始しました。",
        "コンポジション {} を終了しました。",
        "秒",
        "合計経過時間",
        "開始",
        "終了",
        "デュレーション",
        "After Effects 警告",
        "ファイル {} が見つかりません。",
        "エフェクト {} が見つかりません。",
        "レイヤー {} が見つかりません。",
        "レイヤー {} のエクスプレッションが無効になりました。",
        "{} のエラーがログされました",
        "%Y/%m/%d %H:%M:%S",
    ),
    Language.KO: Phrases(
        "컴포지션 {} 시작.",
        "컴포지션 {} 완료.",
        "초",
        "총 경과 시간",
        "시작",
        "종료",
        "지속 시간",
        "After Effects 경고",
        "파일 {}을(를) 찾을 수 없습니다.",
        "효과 {}이(가) 누락되었습니다.",
        "레이어 {}이(가) 누락되었습니다.",
        "레이어 {}의 표현식이 비활성화되었습니다.",
        "{}개의 오류가 기록되었습니다.",
        "%Y-%m-%d %H:%M:%S",
    ),
    Language.ZH: Phrases(
        "正在启动合成 {}。",
        "合成 {} 已完成。",
        "秒",
        "总用时",
        "开始",
        "结束",
        "持续时间",
        "After Effects 警告",
        "找不到文件 {}。",
        "缺少效果 {}。",
        "缺少图层 {}。",
        "图层 {} 的表达式已禁用。",
        "已记录 {} 个错误。",
        "%Y/%m/%d %H:%M:%S",
    ),
    Language.RU: Phrases(
        "Запуск композиции {}.",
        "Композиция {} завершена.",
        "Секунды",
        "Общее время",
        "Начало",
        "Конец",
        "Длительность",
        "Предупреждение After Effects",
        "файл {} не найден.",
        "отсутствует эффект {}.",
        "отсутствует слой {}.",
        "Выражение слоя {} отключено.",
        "зарегистрировано ошибок: {}.",
        "%d.%m.%Y %H:%M:%S",
    ),
}
