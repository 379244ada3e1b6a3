"""The names of months and weekdays in the languages of NLS_DATE_LANGUAGE."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.localdb.translate.build import unsupported


@dataclass(frozen=True)
class Names:
    """The names in one language; weekdays start with Monday."""

    months: tuple[str, ...]
    short_months: tuple[str, ...]
    days: tuple[str, ...]
    short_days: tuple[str, ...]


def _names(months: str, short_months: str, days: str, short_days: str) -> Names:
    return Names(*(tuple(text.split()) for text in (months, short_months, days, short_days)))


_CHINESE_MONTHS = " ".join(f"{month}月" for month in range(1, 13))
_ENGLISH = _names(
    "January February March April May June July August September October November December",
    "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "Mon Tue Wed Thu Fri Sat Sun",
)
_CHINESE = _names(
    _CHINESE_MONTHS,
    _CHINESE_MONTHS,
    "星期一 星期二 星期三 星期四 星期五 星期六 星期日",
    "星期一 星期二 星期三 星期四 星期五 星期六 星期日",
)
_LANGUAGES = {
    "AMERICAN": _ENGLISH,
    "ENGLISH": _ENGLISH,
    "GERMAN": _names(
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "Jan Feb Mrz Apr Mai Jun Jul Aug Sep Okt Nov Dez",
        "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
        "Mo Di Mi Do Fr Sa So",
    ),
    "FRENCH": _names(
        "Janvier Février Mars Avril Mai Juin Juillet Août Septembre Octobre Novembre Décembre",
        "Janv. Févr. Mars Avr. Mai Juin Juil. Août Sept. Oct. Nov. Déc.",
        "Lundi Mardi Mercredi Jeudi Vendredi Samedi Dimanche",
        "Lun. Mar. Mer. Jeu. Ven. Sam. Dim.",
    ),
    "SPANISH": _names(
        "Enero Febrero Marzo Abril Mayo Junio Julio Agosto Septiembre Octubre Noviembre Diciembre",
        "Ene Feb Mar Abr May Jun Jul Ago Sep Oct Nov Dic",
        "Lunes Martes Miércoles Jueves Viernes Sábado Domingo",
        "Lun Mar Mié Jue Vie Sáb Dom",
    ),
    "ITALIAN": _names(
        "Gennaio Febbraio Marzo Aprile Maggio Giugno Luglio Agosto Settembre Ottobre Novembre"
        " Dicembre",
        "Gen Feb Mar Apr Mag Giu Lug Ago Set Ott Nov Dic",
        "Lunedì Martedì Mercoledì Giovedì Venerdì Sabato Domenica",
        "Lun Mar Mer Gio Ven Sab Dom",
    ),
    "TRADITIONAL CHINESE": _CHINESE,
    "SIMPLIFIED CHINESE": _CHINESE,
    "JAPANESE": _names(
        _CHINESE_MONTHS,
        _CHINESE_MONTHS,
        "月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日",
        "月 火 水 木 金 土 日",
    ),
}


def names_of(language: str) -> Names:
    """The names in a language.

    Raises:
        OraError: ORA-03001 if the language is not supported.
    """
    found = _LANGUAGES.get(language.upper())
    if found is None:
        raise unsupported(f"NLS_DATE_LANGUAGE {language}")
    return found
