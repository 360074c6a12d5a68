"""What a container says of when its page was fetched → UTC: printed, or counted since 1970 in whatever unit."""

from __future__ import annotations

import re
import reprlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from flows.read.decode import without_surrogates
from flows.records import Blemish

COUNT = re.compile(r"[+-]?\d{9,20}(\.\d*)?|[+-]?\d\.\d{1,18}e\+?\d{1,2}", re.IGNORECASE)  # since 1970, as text
FIRST_PAGE = datetime(1991, 8, 6, tzinfo=UTC)  # the first web page; an older "time" is a year, a counter, or 0 for unknown
LAST_YEAR = 2200  # as for printed dates: beyond it stands a count of something else
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# 1e11 seconds is the year 5138; in milliseconds it is 1973, before any web page; and so on in steps of a thousand, so that a
# count of one unit is never a time of the web in another.
UNITS = ((10**11, 10**6), (10**14, 10**3), (10**17, 1))  # counts below, the microseconds of one
DIGITS_OF_DAY, DIGITS_OF_SECOND = 8, 14  # 20240501 and, as the indexes of crawlers write it, 20240501101112
MAX_SHOWN, MAX_BITS = 200, 500  # characters of what is no time, and the largest number of which that many say anything


def read_time(value: object, where: str) -> tuple[datetime | None, Blemish | None]:
    """Return a container's time in UTC, or None and why; never raises.

    Read are ISO 8601, digits as 20240501 and 20240501101112, and counts since 1970 of seconds, milliseconds, microseconds or
    nanoseconds, as numbers or as text. A time without a zone is taken as UTC. One before the first web page is none.

    >>> read_time("2024-05-01T10:00:00Z", "x")[0]
    datetime.datetime(2024, 5, 1, 10, 0, tzinfo=datetime.timezone.utc)
    >>> read_time(1714557600, "x") == read_time("1714557600000", "x") == read_time(1.7145576e18, "x")
    True
    """
    try:
        moment = _read_moment(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None, _refuse(value, f"the fetch time in {where} is neither ISO 8601 nor a count of seconds")
    if moment < FIRST_PAGE:
        return None, _refuse(value, f"the fetch time in {where} is older than the web")
    if moment.year > LAST_YEAR:
        return None, _refuse(value, f"the fetch time in {where} is centuries ahead")
    return moment, None


def _refuse(value: object, reason: str) -> Blemish:
    return Blemish("fetched_at", "time", without_surrogates(_show(value)[:MAX_SHOWN]).text, reason)


def _show(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        return f"a whole number of {value.bit_length()} bits"  # Python prints none of more than 4300 digits
    return reprlib.repr(value)  # bounded in depth and length


def _read_moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, str):
        return _read_printed(value.strip())
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _read_number(float(value) if isinstance(value, Decimal) else value)
    raise ValueError("neither text nor a number")


def _read_number(value: float) -> datetime:
    """Return the time that a number stands for. Raises ValueError or OverflowError for none."""
    whole = int(value)
    if whole == value and (written := _read_digits(str(whole) if abs(whole) < 10**DIGITS_OF_SECOND else "")) is not None:
        return written
    size = next((size for below, size in UNITS if abs(whole) < below), None)
    if size is None:
        return EPOCH + timedelta(microseconds=whole // 1000)
    return EPOCH + timedelta(microseconds=whole * size if whole == value else round(value * size))


def _read_printed(text: str) -> datetime:
    written = _read_digits(text)
    if written is not None:
        return written
    if COUNT.fullmatch(text):
        return _read_number(int(text) if text.isdecimal() else float(text))
    return datetime.fromisoformat(text)


def _read_digits(text: str) -> datetime | None:
    """Return the day or second that digits write out, None for any other number of digits. Raises ValueError for no day."""
    if not text.isascii() or not text.isdecimal() or len(text) not in (DIGITS_OF_DAY, DIGITS_OF_SECOND):
        return None
    form = "%Y%m%d" if len(text) == DIGITS_OF_DAY else "%Y%m%d%H%M%S"
    return datetime.strptime(text, form).replace(tzinfo=UTC)
