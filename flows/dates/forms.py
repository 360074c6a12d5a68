"""One printed date → its form: an instant, a calendar day, three numbers whose order is open, or a time before now."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flows.dates.words import ENGLISH_MONTHS, order_languages, read_own_words, read_words

MAX_PRINTED = 80  # characters; the longest real ones (weekday, date, time, zone, "via mobile") take half of it
FIRST_YEAR, LAST_YEAR = 1991, 2200  # the first web page; beyond any page's own year
COARSE = frozenset({"year", "month", "week"})  # units of which the youngest that is printed leaves the day open
MAX_COUNT = 10_000  # of units ago: seven days are the most hours, ten years the most days that boards print


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day; `offset` is in minutes east of UTC, None where no zone is printed."""

    hour: int = 0
    minute: int = 0
    second: int = 0
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Instant:
    """A point in time, UTC."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day; the year may be left out."""

    year: int | None
    month: int
    day: int
    clock: Clock


@dataclass(frozen=True, slots=True)
class Numbers:
    """Two numbers and a year: day and month, in an order that only the column or the language shows."""

    first: int
    second: int
    year: int
    separator: str
    clock: Clock


@dataclass(frozen=True, slots=True)
class Ago:
    """A span before the page was fetched."""

    months: int
    span: timedelta
    is_to_the_day: bool = True  # False: "3 weeks ago" and "2 years ago" name no day


@dataclass(frozen=True, slots=True)
class DayAgo:
    """A day named from the day of the fetch ("yesterday"), or the last one of a weekday (0 is Monday)."""

    days: int | None
    weekday: int | None
    clock: Clock


@dataclass(frozen=True, slots=True)
class Unread:
    """What no form explains and the library is asked for: letters and a digit, short enough."""

    text: str


Form = Instant | Day | Numbers | Ago | DayAgo | Unread

# 10:14, 10:14:22.5, 10h14, 03.32 Uhr, 3 pm, 10 Uhr; then am or pm.
CLOCKS = (
    re.compile(
        r"(?<![0-9:.])([0-2]?[0-9])(?::|\s?h\s?)([0-5][0-9])(?::([0-5][0-9])(?:[.,][0-9]{1,9})?)?(?![0-9:])\s?(?:([ap])\.?\s?m\b\.?)?",
        re.IGNORECASE,
    ),
    re.compile(r"(?<![0-9:.])([0-2]?[0-9])\.([0-5][0-9])()\s?()uhr\b", re.IGNORECASE),
    re.compile(r"(?<![0-9:.])([01]?[0-9])()()\s?([ap])\.?m\b\.?", re.IGNORECASE),
    re.compile(r"(?<![0-9:.])([0-2]?[0-9])()()()\s?(?:uhr\b|o'clock\b)", re.IGNORECASE),
)
ZONE = re.compile(
    r"\s*\(?(?:(?:utc|gmt)?\s?([+-])([01]?[0-9])(?::?([0-5][0-9]))?(?![0-9])|([a-z]{1,4})(?![a-z]))\)?", re.IGNORECASE
)
NUMERIC = re.compile(r"(?<![\w.,/-])([0-9]{1,4})([./-])\s?([0-9]{1,2})\2\s?('?[0-9]{1,2}|[0-9]{4})(?![\w/-])(?!\.[0-9])")
_MONTH, _DAY = r"(?P<month>[^\W\d_]{3,12})", r"(?P<day>[0-9]{1,2})"
_YEAR = r"(?:[.,]?\s?(?:de\s|del\s|of\s)?[\s/-]?(?P<year>'?[0-9]{2}|[0-9]{4})(?![0-9]))?"
NAMED = (
    re.compile(rf"(?<![0-9])(?P<year>[0-9]{{4}})[\s./-]{{1,2}}{_MONTH}[\s./-]{{1,2}}{_DAY}(?![0-9])"),
    re.compile(rf"(?<![0-9.]){_DAY}(?:st|nd|rd|th|er|º|ª)?[.,]?\s?(?:de\s|of\s)?[\s/-]?{_MONTH}(?![^\W\d_]){_YEAR}"),
    re.compile(rf"(?<![^\W\d_]){_MONTH}[.,]?[\s/-]?{_DAY}(?:st|nd|rd|th)?(?![0-9]){_YEAR}"),
)
WORD = re.compile(r"[0-9]+|[^\W\d_]+(?:['’-][^\W\d_]+)*")
LETTERS = re.compile(r"[^\W\d_]{2}|[^\x00-\x7f]")  # one letter is a word only in other scripts
EPOCH = re.compile(r"[0-9]{9,10}(?:\.[0-9]{1,9})?|[0-9]{12,13}")
COMPACT = re.compile(r"(?:19|20|21)[0-9]{12}")


def read_form(printed: str, language: str | None) -> Form | None:
    """Return the form of one printed date, or None where it is none; never raises.

    >>> read_form("Jun 5th, 2012", None)
    Day(year=2012, month=6, day=5, clock=Clock(hour=0, minute=0, second=0, offset=None))
    >>> read_form("vor 2 Monaten", "de"), read_form("a nice day", "en")
    (Ago(months=2, span=datetime.timedelta(0), is_to_the_day=False), None)
    """
    if len(printed) > 4 * MAX_PRINTED:
        return None
    text = " ".join(printed.split())
    if not 2 <= len(text) <= MAX_PRINTED:
        return None
    if exact := _read_exact(text):
        return exact
    lower = text.lower().replace("’", "'").replace("‘", "'")
    clock, rest = _take_clock(lower)
    if _is_of_another(rest):
        return None
    for read in READERS:
        if (form := read(rest, clock, language)) is not None:
            return form
    is_likely = LETTERS.search(text) and any("0" <= c <= "9" for c in text) and not NUMERIC.search(rest)
    return Unread(text) if is_likely else None


def _read_exact(text: str) -> Instant | None:
    """Read ISO 8601 and counts of seconds or milliseconds since 1970."""
    try:
        if text[4:5] == "-" and text[:4].isdecimal() and text.isascii():
            moment = datetime.fromisoformat(text)
        elif EPOCH.fullmatch(text):
            count = float(text)
            moment = datetime.fromtimestamp(count / 1000 if count >= 1e11 else count, UTC)
        elif COMPACT.fullmatch(text):
            moment = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        else:
            return None
        return Instant(moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC))
    except (ValueError, OverflowError, OSError):
        return None


def is_exact(text: str) -> bool:
    """Whether a date is in a form for machines: ISO 8601, or a count since 1970.

    >>> is_exact("2026-09-17"), is_exact("1789653780"), is_exact("17 Sep 2026")
    (True, True, False)
    """
    return _read_exact(" ".join(text.split())) is not None


def _take_clock(text: str) -> tuple[Clock | None, str]:
    """Return the time of day, None without one, and the text with a bar in its place."""
    for pattern in CLOCKS:
        for found in pattern.finditer(text):
            hour, half = int(found[1]), found[4]
            if half and not 1 <= hour <= 12 and int(found[2] or 0) == 0:
                continue
            if half and hour <= 12:
                hour = hour % 12 + 12 * (half == "p")
            if hour > 23:
                continue
            offset, end = _read_zone(text, found.end())
            clock = Clock(hour, int(found[2] or 0), int(found[3] or 0), offset)
            return clock, f"{text[: found.start()]}|{text[end:]}"
    return None, text


def _read_zone(text: str, at: int) -> tuple[int | None, int]:
    found = ZONE.match(text, at)
    if found is None:
        return None, at
    if found[4]:
        offset = read_own_words()["zones"].get(found[4])
        return (offset, found.end()) if isinstance(offset, int) else (None, at)
    minutes = int(found[2]) * 60 + int(found[3] or 0)
    return (-minutes if found[1] == "-" else minutes), found.end()


def _is_of_another(text: str) -> bool:
    """Whether the date is the member's or an edit's: such a word stands before it."""
    words = WORD.findall(text)[:3]
    return any(word in read_own_words()["other"]["words"] for word in words)


# -- the forms, in the order in which they are tried ----------------------------------------------------------------------


def _read_numbers(text: str, clock: Clock | None, _: str | None) -> Form | None:
    found = NUMERIC.search(text)
    if found is None:
        return None
    first, second, last = int(found[1]), int(found[3]), found[4]
    if len(found[1]) >= 3 or first > 31:
        year = full_year(found[1])
        return None if year is None or len(last) > 2 else _day(year, second, int(last), clock)
    year = full_year(last)
    return None if year is None else Numbers(first, second, year, found[2], clock or Clock())


def _read_named_month(text: str, clock: Clock | None, language: str | None) -> Form | None:
    """Read a day with its month in letters; one with a year before one without ("12 posts, Mar 5, 2012")."""
    days = list(_named_months(text, clock, language))
    return next((day for day in days if day.year is not None), days[0] if days else None)


def _named_months(text: str, clock: Clock | None, language: str | None) -> Iterator[Day]:
    for pattern in NAMED:
        for found in pattern.finditer(text):
            month = _month_of(found["month"], language)
            year = full_year(found["year"]) if found["year"] else None
            is_apart = found["year"] is not None and year is None  # a year before the web, or a count
            if month is not None and not is_apart and (day := _day(year, month, int(found["day"]), clock)):
                yield day


def _month_of(word: str, language: str | None) -> int | None:
    return ENGLISH_MONTHS.get(word) or read_words(order_languages(language)).months.get(word)


def _day(year: int | None, month: int, day: int, clock: Clock | None) -> Day | None:
    try:
        datetime(year or 2000, month, day)  # noqa: DTZ001 -- only whether there is such a day; 2000 was a leap year
    except ValueError:
        return None
    return Day(year, month, day, clock or Clock())


def full_year(digits: str) -> int | None:
    """Return the year that two or four digits mean, None outside the years of the web.

    >>> full_year("'05"), full_year("98"), full_year("1812")
    (2005, 1998, None)
    """
    number = int(digits.strip("'"))
    if len(digits.strip("'")) == 2:
        number += 1900 if number >= FIRST_YEAR - 1900 else 2000
    return number if FIRST_YEAR <= number <= LAST_YEAR else None


def _read_now(text: str, _clock: Clock | None, _language: str | None) -> Form | None:
    return Ago(0, timedelta(0)) if text.strip(" .!") in read_own_words()["now"]["phrases"] else None


def _read_ago(text: str, clock: Clock | None, language: str | None) -> Form | None:
    """Read spans in any number of units, each at most once: "1 year, 2 months ago", "10 Monate 3 Wochen", "a day ago"."""
    if clock is not None:
        return None
    says_ago, text = _take_ago(text)
    words = read_words(order_languages(language))
    counts: dict[str, int] = {}
    pending: int | None = None
    for word in WORD.findall(text):
        unit = words.units.get(word)
        if word.isdecimal() or (word in words.numbers and (unit is None or pending is None)):  # "an" is French for a year
            if pending is not None or len(word) > 5:
                return None
            pending = int(word) if word.isdecimal() else words.numbers[word]
        elif unit is not None and unit not in counts and (pending is not None or (says_ago and not counts)):
            counts[unit] = 1 if pending is None else pending
            pending = None
        elif word not in words.noise or pending is not None:
            return None
    if not counts or pending is not None or max(counts.values()) > MAX_COUNT:
        return None
    is_to_the_day = not COARSE.issuperset(counts)
    months = counts.pop("year", 0) * 12 + counts.pop("month", 0)
    return Ago(months, timedelta(**{f"{unit}s": count for unit, count in counts.items()}), is_to_the_day)


def _take_ago(text: str) -> tuple[bool, str]:
    for phrase in read_own_words()["ago"]["phrases"]:
        padded = f" {text} "
        if f" {phrase} " in padded:
            return True, padded.replace(f" {phrase} ", " ", 1)
    return False, text


def _read_day_word(text: str, clock: Clock | None, language: str | None) -> Form | None:
    """Read "yesterday", "gestern um 10:14", "Tuesday at 10:14"; a weekday alone needs its whole name or a time."""
    words = read_words(order_languages(language))
    days: int | None = None
    weekday: int | None = None
    for word in WORD.findall(text):
        if days is None and weekday is None and word in words.days_ago:
            days = words.days_ago[word]
        elif days is None and weekday is None and word in words.weekdays and len(word) > (4 if clock is None else 2):
            weekday = words.weekdays[word]
        elif word not in words.noise:
            return None
    return None if days is None and weekday is None else DayAgo(days, weekday, clock or Clock())


READERS: tuple[Callable[[str, Clock | None, str | None], Form | None], ...] = (
    _read_numbers,
    _read_named_month,
    _read_now,
    _read_ago,
    _read_day_word,
)
