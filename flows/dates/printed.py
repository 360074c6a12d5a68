"""The dates of one page, as printed → UTC.

A printed date says less than it seems to: "04/05/12" may be April or May, "11 days ago" depends on when the page was
fetched. What one date leaves open, the column of all dates of the page often shows; what stays open is None, and the
text as printed stands beside it. Times without a zone are taken as UTC. Nothing here looks at the clock.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, cast

from flows.dates.forms import (
    FIRST_YEAR,
    LAST_YEAR,
    Ago,
    Clock,
    Day,
    DayAgo,
    Form,
    Instant,
    Numbers,
    Unread,
    read_form,
)
from flows.dates.words import order_languages, read_own_words
from flows.errors import TooSlow

if TYPE_CHECKING:
    from dateparser import DateDataParser

MAX_TEXT = 320  # characters; as it stands in the page, white space and all
MAX_UNREAD = 48  # characters that the library is asked about: it takes a millisecond for them
ZONES_APART = timedelta(hours=14)  # how far ahead of UTC a printed time may be


def read_dates(printed: Sequence[str | None], *, fetched_at: datetime | None, language: str | None) -> list[datetime | None]:
    """Return the dates of one page in UTC, in the order of `printed`; None where one is not known.

    `printed` are the dates of the page's posts in the order of the page, None for a post without one. Day and month are
    told apart by the whole column: a value over 12, the order of the posts, what varies and what does not; then by
    `language` (a BCP 47 tag). Relative dates, and dates without a year, are read only with `fetched_at`. Never raises.

    >>> [str(date) for date in read_dates(["04/05/2012, 10:14", "04/25/2012"], fetched_at=None, language=None)]
    ['2012-04-05 10:14:00+00:00', '2012-04-25 00:00:00+00:00']
    >>> read_dates(["yesterday", "soon", None], fetched_at=None, language="en")
    [None, None, None]
    """
    found = [_read_alone(text, language) if text and len(text) <= MAX_TEXT else None for text in printed]
    if all(date is None or isinstance(date, datetime) for date in found):
        return cast("list[datetime | None]", found)  # nearly always: nothing is left open
    base = fetched_at.replace(tzinfo=fetched_at.tzinfo or UTC).astimezone(UTC) if fetched_at is not None else None
    numbers = [form for form in found if isinstance(form, Numbers)]
    is_day_first = infer_day_first(numbers, base, language) if numbers else None
    return [
        date if date is None or isinstance(date, datetime) else _resolve(date, base, language, is_day_first=is_day_first)
        for date in found
    ]


@lru_cache(maxsize=1 << 14)
def names_day(printed: str, language: str | None) -> bool:
    """Whether a date that could be read names one day: "3 weeks ago" names another in each scrape, "2 days ago" does not.

    >>> [names_day(text, "en") for text in ("May 3, 2012", "yesterday", "5 hours ago", "2 weeks ago", "last month")]
    [True, True, True, False, False]
    """
    form = _read_alone(printed, language) if len(printed) <= MAX_TEXT else None
    match form:
        case Ago():
            return form.is_to_the_day
        case Unread(text):
            return _ask_library(text, language, None) is not None  # what it reads only from the day of the fetch is relative
        case _:
            return form is not None


@lru_cache(maxsize=1 << 14)
def _read_alone(text: str, language: str | None) -> datetime | Form | None:
    """Return a date that says all of itself, or the form that leaves something open."""
    form = read_form(text, language)
    is_open = not isinstance(form, Instant) and not (isinstance(form, Day) and form.year is not None)
    return form if is_open else _resolve(form, None, language, is_day_first=None)


def infer_day_first(column: Sequence[Numbers], fetched_at: datetime | None, language: str | None) -> bool | None:
    """Whether the first number of a column of dates is the day; None where nothing shows it.

    >>> infer_day_first([Numbers(5, 4, 2012, "/", Clock()), Numbers(13, 4, 2012, "/", Clock())], None, None)
    True
    """
    first_is_day, second_is_day = any(n.first > 12 for n in column), any(n.second > 12 for n in column)
    if first_is_day or second_is_day:
        return first_is_day if first_is_day != second_is_day else None
    if all(n.separator == "." for n in column):
        return True  # month.day.year is written nowhere
    for weigh in (_weigh_future, _weigh_disorder, _weigh_variety, _weigh_direction):
        day_first, month_first = weigh(column, fetched_at)
        if day_first != month_first:
            return day_first < month_first
    return _order_of(language)


def _weigh_future(column: Sequence[Numbers], fetched_at: datetime | None) -> tuple[int, int]:
    """Count the posts that would be younger than the page."""
    if fetched_at is None:
        return 0, 0
    latest = fetched_at + ZONES_APART
    return sum(_at(n, day_first=True) > latest for n in column), sum(_at(n, day_first=False) > latest for n in column)


def _weigh_disorder(column: Sequence[Numbers], _: datetime | None) -> tuple[int, int]:
    """Count the steps against the order of the posts, oldest or newest first."""
    return _disorder([_at(n, day_first=True) for n in column]), _disorder([_at(n, day_first=False) for n in column])


def _disorder(moments: list[datetime]) -> int:
    steps = list(pairwise(moments))
    return min(sum(a > b for a, b in steps), sum(a < b for a, b in steps))


def _weigh_variety(column: Sequence[Numbers], _: datetime | None) -> tuple[int, int]:
    """Count 1 for the order in which all posts fall on one day of several months: one case in thirty."""
    firsts, seconds = {n.first for n in column}, {(n.year, n.second) for n in column}
    if len(firsts) == 1 and len({n.second for n in column}) > 1:
        return 1, 0
    return 0, int(len(seconds) == 1 and len(firsts) > 1)


def _weigh_direction(column: Sequence[Numbers], _: datetime | None) -> tuple[int, int]:
    """Count the steps back: where both orders are in line, most threads have the oldest post first."""
    day_first, month_first = (pairwise([_at(n, day_first=order) for n in column]) for order in (True, False))
    return sum(a > b for a, b in day_first), sum(a > b for a, b in month_first)


def _at(numbers: Numbers, *, day_first: bool) -> datetime:
    day, month = (numbers.first, numbers.second) if day_first else (numbers.second, numbers.first)
    clock = numbers.clock
    return datetime(numbers.year, max(month, 1), max(day, 1), clock.hour, clock.minute, clock.second, tzinfo=UTC)


def _order_of(language: str | None) -> bool | None:
    order = read_own_words()["order"]
    tag = (language or "").replace("_", "-").lower()
    for known in (tag, tag.split("-")[0]):
        if known in order["month_first"]:
            return False
        if known in order["day_first"]:
            return True
    return None


# -- forms → instants -----------------------------------------------------------------------------------------------------


def _resolve(form: Form | None, base: datetime | None, language: str | None, *, is_day_first: bool | None) -> datetime | None:
    try:
        match form:
            case Instant(at):
                found: datetime | None = at
            case Day(year, month, day, clock):
                found = _on_day(year, month, day, clock, base)
            case Numbers(first, second, year, _, clock):
                day_first = True if first > 12 or first == second else False if second > 12 else is_day_first
                day, month = (first, second) if day_first else (second, first)
                found = None if day_first is None else _on_day(year, month, day, clock, base)
            case Ago(months, span, _):
                found = None if base is None else _months_before(base, months) - span
            case DayAgo():
                found = None if base is None else _on_named_day(form, base)
            case Unread(text):
                found = _ask_library(text, language, base)
            case _:
                found = None
    except (ValueError, OverflowError):
        return None
    return found if found is not None and FIRST_YEAR <= found.year <= LAST_YEAR else None


def _on_day(year: int | None, month: int, day: int, clock: Clock, base: datetime | None) -> datetime | None:
    """Return a time on a day; without a year, the last such day before the page was fetched."""
    if year is not None:
        return _with_clock(datetime(year, month, day, tzinfo=UTC), clock)
    if base is None:
        return None
    for back in range(5):  # the 29th of February may be four years back
        try:
            found = _with_clock(datetime(base.year - back, month, day, tzinfo=UTC), clock)
        except ValueError:
            continue
        if found <= base + ZONES_APART:
            return found
    return None


def _with_clock(day: datetime, clock: Clock) -> datetime:
    local = day.replace(hour=clock.hour, minute=clock.minute, second=min(clock.second, 59), microsecond=0)
    return local - timedelta(minutes=clock.offset or 0)


def _on_named_day(form: DayAgo, base: datetime) -> datetime:
    # A weekday names a day of the week before; on the day itself it would be "today".
    days = form.days if form.days is not None else (base.weekday() - (form.weekday or 0) - 1) % 7 + 1
    return _with_clock(base - timedelta(days=days), form.clock)


def _months_before(base: datetime, months: int) -> datetime:
    """Return the same day some months before, or the last day of a month that is too short for it."""
    years, month = divmod(base.year * 12 + base.month - 1 - months, 12)
    for day in range(base.day, 0, -1):
        try:
            return base.replace(year=years, month=month + 1, day=day)
        except ValueError:
            if day <= 28:  # not the day is at fault, but the year
                raise
    return base  # not reached: every month has a 28th


# -- the library ----------------------------------------------------------------------------------------------------------


def _ask_library(text: str, language: str | None, base: datetime | None) -> datetime | None:
    return _parse(text, order_languages(language), base) if len(text) <= MAX_UNREAD else None


@lru_cache(maxsize=1 << 12)
def _parse(text: str, languages: tuple[str, ...], base: datetime | None) -> datetime | None:
    parts = ["day", "month", "year"] if base is None else ["day", "month"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: datetime | None = _parser(languages, base, tuple(parts)).get_date_data(text).date_obj
    except (TooSlow, MemoryError):
        raise  # of the page, not of the date
    except Exception:  # noqa: BLE001 -- hostile text must not harm its page, whatever the library raises for it
        return None
    if found is None or (base is not None and found > base + ZONES_APART):
        return None
    return found.astimezone(UTC)


@lru_cache(maxsize=64)
def _parser(languages: tuple[str, ...], base: datetime | None, parts: tuple[str, ...]) -> DateDataParser:
    from dateparser import DateDataParser  # noqa: PLC0415 -- takes 80 ms, and few pages need it
    from dateparser.data.languages_info import language_order  # noqa: PLC0415

    return DateDataParser(
        languages=[language for language in languages if language in language_order],
        use_given_order=True,
        try_previous_locales=False,
        settings={
            # Never the clock's own day: without a fetch time, a date that leaves something out is refused (REQUIRE_PARTS).
            "RELATIVE_BASE": (base or datetime(2000, 1, 1, tzinfo=UTC)).replace(tzinfo=None),
            "REQUIRE_PARTS": list(parts),
            "PARSERS": ["absolute-time"] if base is None else ["relative-time", "absolute-time"],
            "PREFER_DATES_FROM": "past",
            "DATE_ORDER": "DMY",
            "TIMEZONE": "UTC",
            "RETURN_AS_TIMEZONE_AWARE": True,
            "NORMALIZE": True,
            "STRICT_PARSING": False,
        },
    )
