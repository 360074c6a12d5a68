"""Dates in short lines, as forums print them: absolute in many orders and languages, or relative to when the page was saved."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_LINE = 200  # characters; a date that matters to a splitter stands on a short line

# Month names of eight languages by their first letters; the rest of the word is taken whole.
_MONTH = (
    r"(?:jan|f[eé]b|mar|m[äa]r|apr|avr|ma[iy]|m[ea]i|jun|jui|jul|lug|a[uoû][gû]|ago|sep|set|o[ck]t|ott|ou[t]|nov|de[cz]|d[ée]c|dic"
    r"|ene|abr|fev|gen|mag|giu|mrt|mei|maj|kwi|cze|lip|sie|wrz|pa[źz]|lis|gru|sty|lut|maa)[a-zéèûçäöüźńśćłęą]{0,9}\b\.?"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th|er|\.|º|ª|°)?"
_YEAR = r"(?:\d{4}\b|['’]\d\d\b)"
_WEEKDAY = (
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|mi[eé]|jue|vie|s[aá]b|dom|gio"
    r"|maa|din|woe|don|vri|zat|zon|pon|wto|śro|czw|pią|nie|pn|wt|śr|cz|pt|ter|qua|qui|sex|seg)[a-zéíìçśąó]{0,8}\b[.,]{0,2} +)"
)
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
    rf"|{_WEEKDAY.replace(' +)', ')')})"
)
_UNIT = (
    r"(?:s|m|h|d|w|y|mo|yr|sec|min|hr)[s.]?\b|(?:second|minute|hour|day|week|month|year)s?\b|(?:sekunde|minute|stunde|tag|woche|monat"
    r"|jahr)(?:en?|n)?\b|(?:seconde|minute|heure|jour|semaine|moi|an|année)s?\b|(?:segundo|minuto|hora|día|dia|semana|mes|año|ano)(?:e?s)?\b"
    r"|meses\b|mês\b|(?:second|minut|or|giorn|settiman|mes|ann)[oiae]\b|(?:seconden|minuten|uur|dag|dagen|weken|maand|maanden|jaar|jaren)\b"
    r"|(?:sekund|minut|godzin|tygodni|miesi|lat|rok)[a-zęąy]{0,4}\b|dni\b|dzień\b"
)
_COUNT = r"(?:\d{1,3}\+?|an?|one|eine[mnrs]?|einem|une?|uno?|um|uma|een)"
_RELATIVE = (
    rf"(?:(?:vor|il y a|hace|há|ha)(?: (?:about|etwa|über|environ|circa))? {_COUNT} ?(?:{_UNIT})(?:(?:,| und| et| y| e)? \d{{1,2}} (?:{_UNIT}))?"
    rf"|(?:about |over |almost )?{_COUNT} ?(?:{_UNIT})(?:,? (?:and )?\d{{1,2}} (?:{_UNIT}))?(?: (?:ago|her|zuvor|fa|geleden|temu|atrás)\b)?)"
)
_DATE = re.compile(
    rf"(?<![\w/.-])(?:(?:{_CLOCK}(?:,| -| on| le)? +)?{_WEEKDAY}?{_ABSOLUTE}(?:{_JOIN}{_CLOCK})?(?: (?:UTC|GMT|CEST|CET|[ECMP][SD]T)\b)?"
    rf"|{_NEAR}{_JOIN}{_CLOCK}|{_RELATIVE})(?![\w/]|-\d)",
    re.IGNORECASE,
)
_LONE = re.compile(rf"(?:{_NEAR}|{_CLOCK})", re.IGNORECASE)
_AGO = re.compile(r"\b(?:ago|vor|her|il y a|hace|há|fa|geleden|temu|atrás)\b", re.IGNORECASE)
_HAS_CLOCK = re.compile(_CLOCK, re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_WORDED = re.compile(r"\b(?:today|yesterday|an? (?:hour|day|minute|week|month|year) ago|einem (?:tag|monat|jahr)|einer)\b", re.IGNORECASE)


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
    if len(text) > MAX_LINE or not (_DIGIT.search(text) or _WORDED.search(text)):
        return None
    for found in _DATE.finditer(text):
        shown = found.group()
        is_relative = _is_relative(shown)
        if is_relative and not _AGO.search(shown) and len(text) - len(shown) > 4:
            continue
        return Printed(found.start(), found.end(), is_relative, _HAS_CLOCK.search(shown) is not None)
    if len(text) < 12 and _LONE.fullmatch(text):
        return Printed(0, len(text), is_relative=True, has_clock=True)
    return None


_IS_ABSOLUTE = re.compile(rf"(?:{_ABSOLUTE}|{_NEAR}{_JOIN}{_CLOCK})", re.IGNORECASE)


def _is_relative(shown: str) -> bool:
    return _IS_ABSOLUTE.search(shown) is None
