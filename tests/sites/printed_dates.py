"""The dates of made pages as their source prints them: found, read, and printed in other ways."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905
NAMES = "|".join(f"{month}|{month[:3]}" for month in MONTHS)
DATE = re.compile(
    rf"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?(?:(?P<month>{NAMES}) (?P<day>\d{{1,2}})|(?P<day2>\d{{1,2}}) (?P<month2>{NAMES})),? (?P<year>\d{{4}})"
    r"(?:,? +(?:at )?(?P<hour>\d{1,2}):(?P<minute>\d\d) ?(?P<half>[AaPp][Mm]))?"
)
# What says a date to machines: attributes of elements, and elements that nobody sees.
MACHINE = re.compile(
    r""" (?:datetime|data-time|data-timestamp)=(?:"[^"]*"|'[^']*')|<meta itemprop=['"]date\w+['"] content=[^>]*>"""
)


def read_date(match: re.Match[str]) -> datetime:
    """Return the moment that a match of DATE names, in UTC; midnight where no clock is printed."""
    month = (match["month"] or match["month2"])[:3]
    number = next(at for at, name in enumerate(MONTHS, 1) if name[:3] == month)
    hour = int(match["hour"] or 0) % 12 + (12 if (match["half"] or "").lower() == "pm" else 0)
    return datetime(int(match["year"]), number, int(match["day"] or match["day2"]), hour, int(match["minute"] or 0), tzinfo=UTC)


def reprint_dates(html: str, form: Callable[[datetime, bool], str]) -> str:
    """Return source in which each printed date has another form, and nothing else says it; `form` is told whether a clock was."""
    return DATE.sub(lambda found: form(read_date(found), found["hour"] is not None), MACHINE.sub("", html))
