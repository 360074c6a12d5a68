"""Dates in short lines, as forums print them: absolute in many orders and languages, or relative to when the page was saved."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_LINE = 200  # characters; a date that matters to a splitter stands on a short line

_MONTHS = """
jan january januar janvier janv enero ene gennaio gen januari janeiro stycznia sty styczeń jänner
feb february februar février févr fév febrero febbraio februari fevereiro fev lutego lut luty
mar march märz mär mrz mars marzo maart mrt março marca marzec
apr april avril avr abril abr aprile kwietnia kwi kwiecień
may mai mayo maggio mag mei maio maja maj
jun june juni juin junio giugno giu junho czerwca cze czerwiec
jul july juli juillet juil julio luglio lug julho lipca lip lipiec
aug august août aout agosto ago augustus sierpnia sie sierpień
sep sept september septembre septiembre settembre set setembro września wrz wrzesień
oct october oktober okt octobre octubre ottobre ott outubro out października paź październik
nov november novembre noviembre novembro listopada lis listopad
dec december dezember dez décembre déc diciembre dic dicembre dezembro grudnia gru grudzień
"""
_WEEKDAYS = """
mon monday montag mo lundi lun lunes lunedì maandag ma poniedziałek pon segunda segunda-feira seg
tue tues tuesday dienstag di mardi mar martes martedì dinsdag wtorek wt terça terça-feira ter
wed wednesday mittwoch mi mercredi mer miércoles mié mercoledì woensdag wo środa śr quarta quarta-feira qua
thu thur thurs thursday donnerstag do jeudi jeu jueves jue giovedì gio donderdag czwartek czw quinta quinta-feira qui
fri friday freitag fr vendredi ven viernes vie venerdì vrijdag vr piątek pt sexta sexta-feira sex
sat saturday samstag sonnabend sa samedi sam sábado sáb sabato sab zaterdag za sobota sob
sun sunday sonntag so dimanche dim domingo dom domenica zondag zo niedziela nie
"""

_UNITS = """
s m h d w y mo yr sec secs min mins hr hrs second seconds minute minutes hour hours day days week weeks month months
year years sekunde sekunden minuten stunde stunden tag tage tagen woche wochen monat monate monaten jahr jahre jahren
seconde secondes heure heures jour jours semaine semaines mois an ans année années segundo segundos minuto minutos
hora horas día días dia dias semana semanas mes meses mês año años ano anos secondo secondi minuti ora ore giorno
giorni settimana settimane mese mesi anno anni uur dag dagen weken maand maanden jaar jaren sekund sekundy minut
minuty godzin godzinę godziny dni dzień tydzień tygodni tygodnie miesiąc miesiące miesięcy rok lat lata
"""
_NEAR_WORDS = (
    "today yesterday heute gestern aujourd hui hier hoy ayer oggi ieri vandaag gisteren dzisiaj dziś wczoraj hoje ontem"
)


def _any_of(words: str) -> str:
    return "|".join(sorted(set(words.split()), key=lambda word: (-len(word), word)))


_MONTH = rf"(?:(?:{_any_of(_MONTHS)})\b\.?)"
_DAY = r"\d{1,2}(?:st|nd|rd|th|er|\.|º|ª|°)?"
_YEAR = r"(?:\d{4}\b|['’]\d\d\b)"
_WEEKDAY = rf"(?:(?:{_any_of(_WEEKDAYS)})\b[.,]{{0,2}} +)"
_CLOCK = r"\d{1,2}(?:[:.]\d\d(?:[:.]\d\d)?|h\d\d)(?: ?[ap]\.?m\b\.?)?(?: uhr\b)?"
_JOIN = r"(?:,? ?(?:at|um|à|às|a las|a la|alle|alle ore|om|o|@|kl\.|kl|[-–—|·•»]|,|gegen) ?| )"
_OF = r"(?: |\. |/|-| de | di | of |, )"
_ABSOLUTE = (
    rf"(?:{_DAY}{_OF}?{_MONTH}(?:(?:,? |-|/| de | del |\. ){_YEAR})?"
    rf"|{_MONTH}[ -]{_DAY}(?:,? |-|, ?){_YEAR}|{_MONTH} {_DAY}(?![\d:])|{_MONTH},? (?:de )?{_YEAR}"
    r"|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})\b)"
)
_NEAR = (
    r"(?:today|yesterday|heute|gestern|aujourd['’]hui|hier|hoy|ayer|oggi|ieri|vandaag|gisteren|dzisiaj|dziś|wczoraj|hoje|ontem"
    rf"|(?:{_any_of(_WEEKDAYS)}))"
)
_UNIT = rf"(?:{_any_of(_UNITS)})\b\.?"
_COUNT = r"(?:\d{1,3}\+?|an?|one|eine[mnrs]?|einem|une?|uno?|um|uma|een)"
_RELATIVE = (
    rf"(?:(?:vor|il y a|hace|há|ha)(?: (?:about|etwa|über|environ|circa))? {_COUNT} ?(?:{_UNIT})"
    rf"(?:(?:,| und| et| y| e)? \d{{1,2}} (?:{_UNIT}))?"
    rf"|(?:about |over |almost )?{_COUNT} ?(?:{_UNIT})(?:,? (?:and )?\d{{1,2}} (?:{_UNIT}))?"
    r"(?: (?:ago|her|zuvor|fa|geleden|temu|atrás)\b)?)"
)
_DATE = re.compile(
    rf"(?<![\w/.-])(?:(?:{_CLOCK}(?:,| -| on| le)? +)?{_WEEKDAY}?{_ABSOLUTE}(?:{_JOIN}{_CLOCK})?"
    r"(?: (?:UTC|GMT|CEST|CET|[ECMP][SD]T)\b)?"
    rf"|{_NEAR}{_JOIN}{_CLOCK}|{_RELATIVE})(?![\w/]|-\d)",
    re.IGNORECASE,
)
_LONE = re.compile(rf"(?:{_NEAR}|{_CLOCK})", re.IGNORECASE)
_AGO = re.compile(r"\b(?:ago|vor|her|il y a|hace|há|fa|geleden|temu|atrás)\b", re.IGNORECASE)
_HAS_CLOCK = re.compile(_CLOCK, re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_WORDED = re.compile(
    r"\b(?:today|yesterday|an? (?:hour|day|minute|week|month|year) ago|einem (?:tag|monat|jahr)|einer)\b", re.IGNORECASE
)


# A line without one of these holds no date: words of months, days and units, or numbers joined as dates and times are.
_LETTERS = re.compile(r"[^\W\d_]+")
_NUMERIC = re.compile(r"\d[-/.]\d{1,2}[-/.]\d|\d[:h]\d\d")
_TELLING = frozenset((_MONTHS + _UNITS + _NEAR_WORDS).split()) | frozenset(
    part for word in _WEEKDAYS.split() for part in word.split("-")
)


class Printed(NamedTuple):
    """A date as printed: where it stands in its line, and what speaks for it."""

    start: int
    end: int
    is_relative: bool
    has_clock: bool


def find_date(text: str) -> Printed | None:
    """Return the first date of a short line, or None; a bare number with a unit counts only where it stands alone.

    >>> find_date("Posted by ada on 3. März 2019 um 20:38")
    Printed(start=17, end=38, is_relative=False, has_clock=True)
    >>> find_date("take 2 tablets for 3 days") is None, find_date("3 days ago") is not None
    (True, True)
    """
    if len(text) > MAX_LINE or (_DIGIT.search(text) is None and (" " not in text or _WORDED.search(text) is None)):
        return None
    if _NUMERIC.search(text) is None and _TELLING.isdisjoint(_LETTERS.findall(text.lower())):
        return None
    for found in _DATE.finditer(text):
        shown = found.group()
        is_relative = _is_relative(shown)
        if is_relative and not _AGO.search(shown) and len(text) - len(shown) > 4:
            continue
        start, end = _find_fuller(text, *found.span()) or found.span()
        shown = text[start:end]
        return Printed(start, end, _is_relative(shown), _HAS_CLOCK.search(shown) is not None)
    if len(text) < 12 and _LONE.fullmatch(text):
        return Printed(0, len(text), is_relative=True, has_clock=True)
    return None


# A day without its year or time, and so perhaps the end of a name, "Orr 5 September" or "Sept 11"; and what parts the two.
_DAY_ALONE = re.compile(rf"{_WEEKDAY}?(?:{_DAY}{_OF}?{_MONTH}|{_MONTH}[ -]{_DAY})", re.IGNORECASE)
_GAP = re.compile(r"[ \t,;·•|»–—-]{1,4}(?:(?:on|at|am|le|el|il|op|em) )?", re.IGNORECASE)
_HAS_YEAR = re.compile(rf"{_YEAR}|\d[-/.]\d")
_SIGNS = frozenset(",;·•|»")
_WORDS = re.compile(r"(?<=[\W_])\w")


def _find_fuller(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Return the whole date that a day alone was the beginning of, or that stands right behind it; None without one."""
    if _DAY_ALONE.fullmatch(text, start, end) is None:
        return None
    for word in _WORDS.finditer(text, start + 1, end):
        fuller = _DATE.match(text, word.start())
        if fuller is not None and fuller.end() > end and _DAY_ALONE.fullmatch(fuller[0]) is None:
            return fuller.span()
    gap = _GAP.match(text, end)
    behind = _DATE.match(text, gap.end()) if gap is not None else None
    if gap is None or behind is None or (_HAS_YEAR.search(behind[0]) is None and not _SIGNS.isdisjoint(gap[0])):
        return None  # "May 12 · 3 days ago" says one date twice
    return behind.span()


_IS_ABSOLUTE = re.compile(rf"(?:{_ABSOLUTE}|{_NEAR}{_JOIN}{_CLOCK})", re.IGNORECASE)


def _is_relative(shown: str) -> bool:
    return _IS_ABSOLUTE.search(shown) is None
