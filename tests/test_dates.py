"""Printed dates: each form in eight languages, the column that tells day from month, and what stays unread."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import flows.dates.forms
import flows.dates.printed
import flows.dates.words
from flows.dates.printed import read_dates
from flows.dates.words import LANGUAGES, MONTHS, UNITS, WEEKDAYS, read_own_words, read_words
from flows.errors import TooSlow

ROOT = Path(__file__).parent.parent
CORPUS = ROOT.parent / "shared" / "corpus" / "forum52" / "gold.jsonl"
WEDNESDAY = datetime(2020, 6, 10, 12, 0, tzinfo=UTC)


def read_one(text: str, language: str | None = None, fetched_at: datetime | None = WEDNESDAY) -> str | None:
    (found,) = read_dates([text], fetched_at=fetched_at, language=language)
    return found.strftime("%Y-%m-%d %H:%M:%S").removesuffix(" 00:00:00") if found else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("June 5, 2012", "2012-06-05"),
        ("Jun 5th, 2012", "2012-06-05"),
        ("5 Jun 2012, 14:03", "2012-06-05 14:03:00"),
        ("5-Jun-12 2:03:04 pm", "2012-06-05 14:03:04"),
        ("Tue Jun 05, 2012 12:26 am", "2012-06-05 00:26:00"),
        ("Tue, Jun 05 '12, 12:02 PM via phone", "2012-06-05 12:02:00"),
        ("2012 June 5", "2012-06-05"),
        ("2012/6/5", "2012-06-05"),
        ("2012-06-05", "2012-06-05"),
        ("2012-06-05T14:03:00+02:00", "2012-06-05 12:03:00"),
        ("2012-06-05T14:03:00.123Z", "2012-06-05 14:03:00"),
        ("5 June 2012 at 14:03 GMT+2", "2012-06-05 12:03:00"),
        ("June 5, 2012 2:03 PM EDT", "2012-06-05 18:03:00"),
        ("12 posts, Jun 5, 2012", "2012-06-05"),
        ("1338905000", "2012-06-05 14:03:20"),
        ("1338905000000", "2012-06-05 14:03:20"),
        ("20120605140320", "2012-06-05 14:03:20"),
        ("5. Juni 2012 um 14:03 Uhr", "2012-06-05 14:03:00"),
        ("5. Juni 2012, 14.03 Uhr", "2012-06-05 14:03:00"),
        ("05/06/2012, 14h03", None),  # the order is open
        ("5 juin 2012 à 14h03", "2012-06-05 14:03:00"),
        ("5 de junio de 2012 a las 14:03", "2012-06-05 14:03:00"),
        ("5 giugno 2012 alle 14:03", "2012-06-05 14:03:00"),
        ("5 juni 2012 om 14:03", "2012-06-05 14:03:00"),
        ("5 de junho de 2012 às 14:03", "2012-06-05 14:03:00"),
        ("5 czerwca 2012, 14:03", "2012-06-05 14:03:00"),
    ],
)
def test_a_date_that_is_whole_needs_no_fetch_time(text: str, expected: str | None) -> None:
    assert read_one(text, None, fetched_at=None) == expected


RELATIVE = [
    ("en", "11 days ago", "2020-05-30 12:00:00"),
    ("en", "an hour ago", "2020-06-10 11:00:00"),
    ("en", "about 2 years, 1 month ago", "2018-05-10 12:00:00"),
    ("en", "38 secs ago", "2020-06-10 11:59:22"),
    ("en", "5m", "2020-06-10 11:55:00"),
    ("en", "Just now", "2020-06-10 12:00:00"),
    ("en", "Yesterday at 10:14", "2020-06-09 10:14:00"),
    ("en", "Today, 9:22:51 AM", "2020-06-10 09:22:51"),
    ("en", "Monday at 10:14", "2020-06-08 10:14:00"),
    ("en", "Wednesday at 10:14", "2020-06-03 10:14:00"),  # on the day itself it would be today
    ("en", "March 30", "2020-03-30"),
    ("en", "October 5th", "2019-10-05"),
    ("en", "February 29", "2020-02-29"),
    ("de", "vor 3 Stunden", "2020-06-10 09:00:00"),
    ("de", "10 Monate 3 Wochen", "2019-07-20 12:00:00"),
    ("de", "1 Jahr 2 Tage her", "2019-06-08 12:00:00"),
    ("de", "vor einer Woche", "2020-06-03 12:00:00"),
    ("de", "Gestern um 10:14 Uhr", "2020-06-09 10:14:00"),
    ("de", "vorgestern", "2020-06-08"),
    ("fr", "il y a 2 ans", "2018-06-10 12:00:00"),
    ("fr", "il y a un an", "2019-06-10 12:00:00"),
    ("fr", "hier à 10h14", "2020-06-09 10:14:00"),
    ("es", "hace 3 días", "2020-06-07 12:00:00"),
    ("es", "ayer a las 10:14", "2020-06-09 10:14:00"),
    ("it", "un anno fa", "2019-06-10 12:00:00"),
    ("it", "ieri alle 10:14", "2020-06-09 10:14:00"),
    ("nl", "een jaar geleden", "2019-06-10 12:00:00"),
    ("nl", "gisteren om 10:14", "2020-06-09 10:14:00"),
    ("pt", "há um ano", "2019-06-10 12:00:00"),
    ("pt", "ontem às 10:14", "2020-06-09 10:14:00"),
    ("pl", "2 lata temu", "2018-06-10 12:00:00"),
    ("pl", "wczoraj o 10:14", "2020-06-09 10:14:00"),
    ("sv", "för 3 dagar sedan", "2020-06-07 12:00:00"),  # a language without words of its own here: the library's
]


@pytest.mark.parametrize(("language", "text", "expected"), RELATIVE)
def test_a_relative_date_counts_from_the_fetch_and_only_from_it(language: str, text: str, expected: str) -> None:
    assert read_one(text, language) == expected
    assert read_one(text, language, fetched_at=None) is None
    if language in LANGUAGES:
        assert read_one(text, None) == expected  # the page's language is often not known


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "soon", "a nice day", "10:14", "September 2019", "12", "v1.2.03", "192.168.1.1", "30 February 2012",
        "31.06.2012", "June 5, 1812", "June 5, 2999", "0000-00-00", "May", "so", "in 3 days", "Joined June 5, 2012",
        "Edited on June 5, 2012", "99:99", "5/5", "Posts: 12", "5 apples ago", "1" * 40, "99999999 years ago", "9999 years ago",
        "2012-13-45", "June 55, 2012", "1990-01-01", "0", "-1", "nan", "1e10",
    ],
)  # fmt: skip
def test_what_is_no_date_of_a_post_is_none(text: str) -> None:
    assert read_one(text, "en") is None


@pytest.mark.parametrize(
    ("column", "language", "fetched_at", "months"),
    [
        (["04/05/2012", "13/05/2012"], "en", None, [5, 5]),  # a first number over 12
        (["04/05/2012", "04/13/2012"], "de", None, [4, 4]),  # a second number over 12
        (["04/05/2012", "05/03/2012", "05/06/2012"], None, None, [4, 5, 5]),  # in order only month first
        (["05/06/2012", "05/03/2012", "04/05/2012"], None, None, [5, 5, 4]),  # newest first
        (["04/05/2012", "05/04/2012", "06/03/2012"], None, None, [4, 5, 6]),  # in order either way, oldest first is more likely
        (["04-06-2012", "04-07-2012", "04-08-2012"], "de", None, [4, 4, 4]),  # one day of three months is one case in thirty
        (["06-04-2012", "07-04-2012", "08-04-2012"], "en", None, [4, 4, 4]),
        (["11/06/2020"], "en", WEDNESDAY, [6]),  # month first, it would be after the fetch
        (["04.05.2012"], "en", None, [5]),  # full stops
        (["04/05/2012"], "en-GB", None, [5]),
        (["04/05/2012"], "en-US", None, [4]),
        (["04/05/2012"], "fr_CA", None, [5]),
        (["04/05/2012"], "xx", None, [None]),
        (["04/05/2012"], None, None, [None]),
        (["05/05/2012"], None, None, [5]),  # either way
        (["13/05/2012", "05/13/2012", "04/05/2012"], "en", None, [5, 5, None]),  # two minds: only what is sure
        ([None, "04/13/12", "5 minutes ago", "04/05/12"], None, None, [None, 4, None, 4]),
    ],
)
def test_the_column_tells_day_from_month(
    column: list[str | None], language: str | None, fetched_at: datetime | None, months: list[int | None]
) -> None:
    found = read_dates(column, fetched_at=fetched_at, language=language)
    assert [date.month if date else None for date in found] == months


def test_times_without_a_zone_are_utc_and_so_is_a_fetch_time_without_one() -> None:
    (found,) = read_dates(["2 hours ago"], fetched_at=WEDNESDAY.replace(tzinfo=None), language="en")
    assert found == WEDNESDAY - timedelta(hours=2)
    (found,) = read_dates(["2 hours ago"], fetched_at=WEDNESDAY.astimezone(), language="en")
    assert found == WEDNESDAY - timedelta(hours=2)


def test_the_31st_some_months_ago_is_the_last_of_a_short_month() -> None:
    assert read_one("1 month ago", "en", datetime(2021, 3, 31, tzinfo=UTC)) == "2021-02-28"


@pytest.mark.parametrize(("field", "keys"), [("months", MONTHS), ("weekdays", WEEKDAYS), ("units", UNITS)])
def test_no_word_of_more_than_two_letters_means_two_things(field: str, keys: tuple[str, ...]) -> None:
    meanings: dict[str, set[object]] = {}
    for language in LANGUAGES:
        for word, meaning in getattr(read_words((language,)), field).items():
            meanings.setdefault(word, set()).add(meaning)
    assert {word for word, known in meanings.items() if len(known) > 1 and len(word) > 2} == set()


def test_every_entry_of_the_word_lists_has_its_reason() -> None:
    assert all(table.get("why") for name, table in read_own_words().items())


PIECES = st.sampled_from(
    [
        "vor",
        "ago",
        "3",
        "12",
        "2012",
        "/",
        ".",
        "-",
        ":",
        "Mai",
        "June",
        "days",
        "il y a",
        "gestern",
        "am",
        "h",
        "'",
        "GMT+2",
        "\x00",
        "٣",
    ]
)
HOSTILE = st.one_of(
    st.text(max_size=60), st.lists(PIECES, max_size=12).map(" ".join), st.lists(PIECES, max_size=20).map("".join)
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.none() | HOSTILE, max_size=5),
    st.sampled_from([None, "en", "de", "zz", "../../x", "pt-BR", ""]),
    st.sampled_from([None, WEDNESDAY]),
)
def test_hostile_text_never_raises_and_the_result_is_always_the_same(
    printed: list[str | None], language: str | None, base: datetime | None
) -> None:
    found = read_dates(printed, fetched_at=base, language=language)
    assert len(found) == len(printed)
    assert all(date is None or (date.tzinfo is UTC and 1991 <= date.year <= 2200) for date in found)
    for cached in (flows.dates.printed._read_alone, flows.dates.printed._parse):
        cached.cache_clear()
    assert read_dates(printed, fetched_at=base, language=language) == found


def test_long_text_costs_nothing() -> None:
    assert (
        read_dates(["vor " * 100_000, "1" * 1_000_000, "june 5 " * 10_000], fetched_at=WEDNESDAY, language="de") == [None] * 3
    )


FIRST, LAST = datetime(1991, 1, 1), datetime(2060, 1, 1)  # noqa: DTZ001 -- as Hypothesis wants them


@settings(max_examples=100, deadline=None)
@given(
    st.datetimes(FIRST, LAST),
    st.sampled_from(["%B %d, %Y %H:%M", "%d %b %Y %I:%M %p", "%Y-%m-%d %H:%M"]),
)
def test_what_a_board_prints_is_read_back(moment: datetime, form: str) -> None:
    expected = moment.replace(second=0, microsecond=0, tzinfo=UTC)
    assert read_dates([moment.strftime(form)], fetched_at=None, language="en") == [expected]


def test_importing_the_room_and_reading_english_loads_no_library() -> None:
    code = (
        "import sys; from flows.dates.printed import read_dates; read_dates(['June 5, 2012', '2012-06-05', '5/6/12'], "
        "fetched_at=None, language='en'); sys.exit('dateparser' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.skipif(not CORPUS.exists(), reason="../shared/corpus is not there")
def test_dates_of_real_boards_are_read_but_for_those_without_a_day() -> None:
    printed = read = 0
    for line in CORPUS.read_text("utf-8").splitlines():
        column = [post["posted_raw"] for post in json.loads(line)["posts"]]
        found = read_dates(column, fetched_at=datetime(2020, 6, 20, tzinfo=UTC), language=None)
        printed += sum(text is not None for text in column)
        read += sum(date is not None for date in found)
    assert read / printed > 0.97


def test_the_time_limit_of_a_page_ends_it_in_the_library_for_dates_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(*_: object) -> None:
        raise TooSlow("it takes more than 5 seconds")

    monkeypatch.setattr("flows.dates.printed._parser", look)
    with pytest.raises(TooSlow):
        read_dates(["am dritten Tag des Brachmonds 2012"], fetched_at=None, language="de")
