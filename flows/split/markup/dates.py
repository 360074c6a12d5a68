"""Dates as forums print them, in any language: where they stand in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator

# A month is any word between numbers ("12 xyz 2019"): names need not be known.
_WORD = r"[^\W\d_]{3,12}\.?"
_DAY = r"\d{1,2}(?:st|nd|rd|th|\.|º|°|er)?"
_CLOCK = (
    r"(?:,?[ \xa0]?(?:@|at|um|à|a las|alle|om|o|às|@|-|–|—|•|·|\||kl\.?|klo)?[ \xa0]?"
    r"\d{1,2}(?:[:.h]\d{2}){1,2}(?:\.\d{1,6})?(?:[ \xa0]?[ap]\.?m\b\.?)?(?:[ \xa0]?uhr\b)?)"
)
_YEAR = r"(?:(?:19|20)\d{2}|['’]\d{2})"
_END = r"(?!\d|[-/.]\d{1,2}[-/.]\d)"  # of a year: the number behind it is not the rest of a date in numbers
_YEAR_FIRST = "|".join(rf"(?:19|20)\d{{2}}{sign}\d{{1,2}}{sign}\d{{1,2}}" for sign in ("-", "/", r"\."))
_YEAR_LAST = "|".join(rf"\d{{1,2}}{sign} ?\d{{1,2}}{sign} ?(?:(?:19|20)\d{{2}}|\d{{2}}(?!\d))" for sign in ("-", "/", r"\."))
_NUMERIC = rf"(?:{_YEAR_FIRST}|{_YEAR_LAST})(?!\d)"
_AFTER_NUMERIC = rf"(?:t\d{{2}}:\d{{2}}(?::\d{{2}}(?:\.\d{{1,6}})?)?(?:z|[+-]\d{{2}}:?\d{{2}})?|{_CLOCK})?"
_UNITS = (
    "seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|wks?|months?|mos?|years?|yrs?|sekunden?|minuten?|stunden?|std|tag(?:e|en)?|"
    "wochen?|monat(?:e|en)?|jahr(?:e|en)?|secondes?|heures?|jours?|semaines?|mois|ans?|années?|segundos?|minutos?|horas?|días?|dias?|"
    "semanas?|mes(?:es)?|años?|anos?|secondi|minut[oi]|or[ae]|giorn[oi]|settiman[ae]|mes[ei]|ann[oi]|seconden|uur|dag(?:en)?|we(?:ek|ken)|"
    "maand(?:en)?|jaar|jaren|godzin[ay]?|dni|dzień|tygodni(?:e|a)?|miesi[ąę]c[ey]?|lat[a]?|rok|min|sec|hr|wk|mo|yr|[smhdwy]|mth"
)
_SPAN = rf"(?:\d{{1,3}}\+?|an?|one|eine[mnr]?|une?|un[ao]?|een)[ \xa0]?(?:{_UNITS})\b\.?"
_SPANS = rf"{_SPAN}(?:(?:,|[ \xa0](?:and|und|et|y|e))?[ \xa0]{_SPAN})?"
_NEAR = "today|yesterday|heute|gestern|vorgestern|aujourd['’]hui|hoy|ayer|oggi|ieri|vandaag|gisteren|hoje|ontem|dzisiaj|wczoraj"
_WEEKDAYS = (
    "monday|tuesday|wednesday|thursday|friday|saturday|sunday|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|"
    "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo"
)
_SHORT_DAYS = (
    "mon|tues?|wed|thur?s?|fri|sat|sun|mo|di|mi|do|fr|sa|so|"
    "lun|mar|mer|jeu|ven|sam|dim|mié|jue|vie|sáb|gio|seg|ter|qua|qui|sex|pon|wt|śr|czw|pt|sob"
)
_WEEKDAY = rf"(?:(?:{_WEEKDAYS}|{_SHORT_DAYS})\.?,?[ \xa0])"
_MONTHS = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|january|february|march|april|june|july|august|september|october|november|"
    "december|januar|februar|märz|mai|juni|juli|oktober|dezember|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|"
    "novembre|décembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|gennaio|febbraio|"
    "aprile|maggio|giugno|luglio|settembre|ottobre|dicembre|januari|februari|maart|mei|augustus|janeiro|fevereiro|março|maio|junho|"
    "julho|setembro|outubro|novembro|dezembro|stycznia|lutego|marca|kwietnia|maja|czerwca|lipca|sierpnia|września|października|"
    "listopada|grudnia|sty|lut|kwi|maj|cze|lip|sie|wrz|paź|lis|gru|mär|okt|dez|févr|juil|déc|ene|abr|ago|dic|fev|set|out"
)
_AGO = "ago|her|fa|geleden|temu|atrás|old"
_OPENED = (  # forms that open with a digit
    rf"{_NUMERIC}{_AFTER_NUMERIC}",
    r"\d{4}年\d{1,2}月\d{1,2}日(?:[ \xa0]?\d{1,2}:\d{2})?",
    rf"{_DAY}[ \xa0-]?(?:de[ \xa0]|d['’])?{_WORD}[, \xa0-]{{0,2}}(?:de[ \xa0]|del[ \xa0])?{_YEAR}{_END}{_CLOCK}?",
    rf"{_DAY}[ \xa0-](?:{_MONTHS})\b\.?(?![\w-]){_CLOCK}?",
    rf"{_SPANS}[ \xa0]?(?:{_AGO})\b",
    r"\d{1,3} [^\W\d_]{1,8}\.? (?:назад|тому|önce|sitten|siden|sedan)\b",
    r"\d{1,3} ?(?:秒钟?|分钟?|小时|時間|天|日|周|週間|个月|か月|ヶ月|年|초|분|시간|일|주|개월|년) ?(?:前|전)",
)
_SPELLED = (  # forms that open with a letter
    rf"{_WORD}[ \xa0]{_DAY},?[ \xa0]{_YEAR}{_END}{_CLOCK}?",
    rf"(?:{_MONTHS})\.?[ \xa0-]{_DAY}(?![\w.:]\d){_CLOCK}?",
    rf"(?:{_MONTHS})\.?[ \xa0]{_YEAR}{_END}",
    rf"(?:about|over|almost|vor|il y a|hace|há|fa|circa|etwa)[ \xa0]{_SPANS}(?:[ \xa0](?:{_AGO}))?",
    rf"(?:an?|one|eine[mnr]?|une?|un[ao]?|een)[ \xa0](?:{_UNITS})[ \xa0](?:{_AGO})\b",
    rf"hier\b{_CLOCK}|(?:{_NEAR})\b{_CLOCK}?",
    rf"(?:{_WEEKDAYS})\b{_CLOCK}",
    r"just now|a moment ago|gerade eben|à l['’]instant",
)
_ANY = rf"(?=\d)(?:{'|'.join(_OPENED)})|(?=[^\W\d])(?:{'|'.join(_SPELLED)})"
DATE = re.compile(rf"(?<![\w/-])(?:{_WEEKDAY}(?:{_ANY})|{_ANY})(?!\w)")
# A day without its year or time, and so perhaps the end of a name, "Orr 5 September" or "Sept 11"; and what parts the two.
_DAY_ALONE = re.compile(rf"{_WEEKDAY}?(?:{_DAY}[ \xa0-](?:{_MONTHS})\b\.?|(?:{_MONTHS})\.?[ \xa0-]{_DAY})")
_MONTH_ALONE = re.compile(rf"(?:{_MONTHS})\.?[ \xa0]{_YEAR}")
_KNOWN = re.compile(rf"\b(?:{_MONTHS})\b|\d[-/.]\d")
_HAS_YEAR = re.compile(rf"{_YEAR}(?!\d)|\d[-/.]\d")
_GAP = re.compile(r"[ \t\xa0,;·•|»–—-]{1,4}(?:(?:on|at|am|le|el|il|op|em)\s)?")
_SIGNS = frozenset(",;·•|»")
_WORDS = re.compile(r"(?<=[\W_])\w")
BARE_SPAN = re.compile(rf"{_SPANS}(?:[ \xa0](?:{_AGO}))?")


_HINT = re.compile(rf"\d|\bhier\b|{_NEAR}|moment|just now|eben|instant|\bago\b|\b(?:vor|il y a|hace|há) ")
MAX_PIECE = 50
MAX_LINE = 160  # characters; a date in a longer line is told in prose


def iter_dates(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of every date in the short lines of a text, in order.

    >>> text = "On Sat, Jun 18 '05, 10:24 AM; 12 xyz 2019 at 3:40 pm; 11 days ago."
    >>> [text[start:end] for start, end in iter_dates(text)]
    ["Sat, Jun 18 '05, 10:24 AM", '12 xyz 2019 at 3:40 pm', '11 days ago']
    """
    at = 0
    low = text.lower()
    if len(low) != len(text):  # a few capitals are two characters when small
        low = "".join(char if len(char.lower()) != 1 else char.lower() for char in text)
    known: dict[str, list[tuple[int, int]]] = {}
    for line in low.split("\n"):
        if 1 < len(line) <= MAX_LINE:
            spans = known.get(line)
            if spans is None:
                hinted = _HINT.search(line) is not None
                spans = known[line] = list(_find_in_line(line)) if hinted else []
            for start, end in spans:
                yield at + start, at + end
        at += len(line) + 1


def _find_in_line(line: str) -> Iterator[tuple[int, int]]:
    """Yield the dates of a line in small letters; a day alone gives way to a whole date that begins in it or right behind it.

    >>> line = "hal orr 5 september 17, 2026"
    >>> [line[start:end] for start, end in _find_in_line(line)]
    ['september 17, 2026']
    """
    at = 0
    while (found := DATE.search(line, at)) is not None:
        start, end = _find_fuller(line, *found.span()) or found.span()
        yield start, end
        at = end


def _find_fuller(line: str, start: int, end: int) -> tuple[int, int] | None:
    """Return the whole date that a day alone was the beginning of, or that stands right behind it; None without one."""
    if _DAY_ALONE.fullmatch(line, start, end) is None:
        return None
    for word in _WORDS.finditer(line, start + 1, end):
        fuller = DATE.match(line, word.start())
        is_known = fuller is not None and _KNOWN.search(fuller[0]) is not None  # not "September 17 Maria 1984"
        if fuller is not None and is_known and fuller.end() > end and _DAY_ALONE.fullmatch(fuller[0]) is None:
            return fuller.span()
    gap = _GAP.match(line, end)
    behind = DATE.match(line, gap.end()) if gap is not None else None
    if gap is None or behind is None or (_HAS_YEAR.search(behind[0]) is None and not _SIGNS.isdisjoint(gap[0])):
        return None  # "May 12 · 3 days ago" says one date twice
    return behind.span()


def is_beside(text: str, end: int, start: int) -> bool:
    """Whether nothing but what parts a name and its date stands between two places of a text."""
    return _GAP.fullmatch(text, end, start) is not None


def find_date_at(text: str, start: int, *, is_own: bool) -> int | None:
    """Return where the date ends that begins at a place in a text, None where none does.

    A month and a year are one only where the place `is_own`, the beginning of an element of the date alone: else the day may
    stand right before it.
    """
    line = text[start : start + MAX_LINE].lower().partition("\n")[0]
    found = DATE.match(line)
    if found is None or (not is_own and _MONTH_ALONE.fullmatch(found[0]) is not None):
        return None
    return start + found.end()


def iter_dates_in_pieces(text: str, starts: list[int], stops: list[int]) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of the dates that are a short piece of a long line: markup sets them off from the prose."""
    line_end = -1
    is_long = False
    for start, stop in zip(starts, stops, strict=True):
        if start >= line_end:
            line_end = text.find("\n", start)
            line_end = len(text) if line_end < 0 else line_end
            is_long = line_end - text.rfind("\n", 0, start) - 1 > MAX_LINE
        if is_long and 5 <= stop - start <= MAX_PIECE:
            low = text[start:stop].lower()
            found = next(_find_in_line(low), None) if _HINT.search(low) is not None and len(low) == stop - start else None
            if found is not None:
                yield start + found[0], start + found[1]


def find_date(text: str) -> tuple[int, int] | None:
    """Return where the first date of a short text stands, None where there is none."""
    low = text.lower()
    return next(_find_in_line(low), None) if len(low) == len(text) and _HINT.search(low) is not None else None


def is_day_alone(text: str) -> bool:
    """Whether a text is a day without its year, and nothing else."""
    return _DAY_ALONE.fullmatch(text.lower()) is not None


def is_span(text: str) -> bool:
    """Whether a text is a bare stretch of time ("3d", "10 Monate 3 Wochen"), a date only where markup says so."""
    return len(text) <= 40 and BARE_SPAN.fullmatch(text.strip().lower()) is not None
