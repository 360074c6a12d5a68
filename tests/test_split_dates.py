"""Dates beside names that end in a number or are days: none begins inside a name, and what machines are told wins."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from flows.dates.forms import is_exact
from flows.pipeline import split_page, take_page
from flows.read.files import page_from
from flows.read.inputs import Provenance
from flows.records import Page, Thread
from flows.rows import STAGED, Rows
from flows.split.flat.dates import find_date
from flows.split.markup.dates import iter_dates
from schemas import polars_schema

FETCHED = datetime(2026, 9, 30, tzinfo=UTC)
DAYS = [datetime(2026, 9, day, 14, 3, tzinfo=UTC) for day in (17, 18, 19, 21, 22, 28)]
WORDS = (
    "Is the dough too wet when it sticks to the bowl after an hour of rest in the kitchen?",
    "Mine did the same thing until I weighed the flour instead of using cups, which made it firm.",
    "Flour takes up water slowly, so let it stand for a while and fold it again before shaping.",
    "A cold kitchen makes the dough slack; put the bowl beside the oven and wait a little longer.",
    "You could also leave out two spoons of water and see whether the loaf holds its form then.",
    "I bake on stone and never had that trouble, maybe because the crust forms very quickly there.",
)
NAMES = {
    "plain": ("Hal Orr", "Ann Lee", "Jon Berg", "Eva Holm", "Tom Nash", "Ida Falk"),
    "numbered": ("Hal Orr 5", "Hal Orr 6", "Hal Orr 7", "Hal Orr 8", "Hal Orr 9", "Hal Orr 10"),
    "agents": ("agent 007", "agent 008", "agent 11", "agent 12", "agent 3", "agent 21"),
    "years": ("Maria 1984", "Anna 1990", "Jon 2001", "Eva 1977", "Tom 2010", "Ida 1969"),
    "days": ("Sept 11", "May 12", "June 3", "Mar 4", "April 9", "Jan 31"),
    "guests": ("Guest 2021", "Guest 2022", "Guest 2019", "Guest 2020", "Guest 2018", "Guest 2017"),
}
FORMS: dict[str, Callable[[datetime], str]] = {
    "iso": lambda day: f"{day:%Y-%m-%d}",
    "iso with a time": lambda day: f"{day:%Y-%m-%d %H:%M}",
    "month first": lambda day: f"{day:%B %d, %Y}",
    "day first": lambda day: f"{day:%d %b %Y, %H:%M}",
    "numbers": lambda day: f"{day:%m/%d/%Y}",
    "weekday": lambda day: f"{day:%a %b %d, %Y 10:12 am}",
    "relative": lambda day: f"{(FETCHED - day).days + 1} days ago",
}
WITHOUT_YEAR: dict[str, Callable[[datetime], str]] = {"without a year": lambda day: f"{day:%B %d}"}
# A name, a printed date, the moment and the number of the post → what stands above its body.
HEADS: dict[str, Callable[[str, str, datetime, int], str]] = {
    "time": lambda name, date, at, _: f'<span class="author">{name}</span> <time datetime="{at:%Y-%m-%dT%H:%M}Z">{date}</time>',
    "time, linked": lambda name, date, at, n: f'<a href="/users/{n}">{name}</a> <time datetime="{at:%Y-%m-%d}">{date}</time>',
    "time, glued": lambda name, date, at, n: f'<a href="/users/{n}">{name}</a><time datetime="{at:%Y-%m-%d}">{date}</time>',
    "time before": lambda name, date, at, n: f'<time datetime="{at:%Y-%m-%d}">{date}</time> <a href="/users/{n}">{name}</a>',
    "abbr": lambda name, date, at, _: f'<b>{name}</b> <abbr title="{at:%Y-%m-%dT%H:%M}Z">{date}</abbr>',
    "seconds": lambda name, date, at, n: (
        f'<a href="/users/{n}">{name}</a> <span data-time="{at.timestamp():.0f}">{date}</span>'
    ),
    "milliseconds": lambda name, date, at, n: (
        f'<a class="username" href="/u/{n}">{name}</a> <i data-timestamp="{at.timestamp():.0f}000">{date}</i>'
    ),
    "content": lambda name, date, at, _: (
        f'<span itemprop="author">{name}</span> <span itemprop="datePublished" content="{at:%Y-%m-%d}">{date}</span>'
    ),
    "linked": lambda name, date, at, n: f'<a href="/users/{n}">{name}</a> {date}',
    "bold": lambda name, date, at, n: f"<b>{name}</b> <span>{date}</span>",
}
IN_ONE_TEXT: dict[str, Callable[[str, str, datetime, int], str]] = {
    "cells": lambda name, date, at, _: f'<table><tr><td class="author">{name}</td><td class="date">{date}</td></tr></table>',
    "beside": lambda name, date, at, _: f"{name} {date}",
    "by": lambda name, date, at, _: f"by {name} on {date}",
    "dash": lambda name, date, at, _: f"{name} - {date}",
}


def read(html: str, form: str = "html") -> Page:
    page = page_from(html.encode(), f"x.{form}", form, Provenance(fetched_at=FETCHED))
    assert isinstance(page, Page)
    return page


def posts_of(page: Page) -> list[tuple[str | None, datetime | None]]:
    """Return who wrote each post and when, as rows say."""
    rows = Rows({table: tuple(polars_schema(table)) for table in STAGED}, lambda who: who.name)
    _, found = take_page(rows, page)
    assert isinstance(found, Thread)
    times = [*rows.tables["questions"]["posted_at"], *rows.tables["answers"]["posted_at"]]
    posts = [found.question, *found.answers]
    return [(post.byline.name if post.byline else None, time) for post, time in zip(posts, times, strict=True)]


def thread(heads: list[str]) -> str:
    posts = "".join(
        f'<div class="post" id="p{1000 + 7 * number}"><div>{head}</div><div class="body"><p>{words}</p></div></div>'
        for number, (head, words) in enumerate(zip(heads, WORDS, strict=True))
    )
    return f"<html><head><title>Dough too wet</title></head><body><h1>Dough too wet</h1>{posts}</body></html>"


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("head", [*HEADS, *IN_ONE_TEXT])
def test_a_date_begins_behind_the_name_whatever_the_name_ends_in(head: str, names: str) -> None:
    forms = FORMS | (WITHOUT_YEAR if head in HEADS else {})
    write = {**HEADS, **IN_ONE_TEXT}[head]
    for form, printed in forms.items():
        heads = [write(name, printed(at), at, n) for n, (name, at) in enumerate(zip(NAMES[names], DAYS, strict=True))]
        found = posts_of(read(thread(heads)))
        wanted = [(name, at.date()) for name, at in zip(NAMES[names], DAYS, strict=True)]
        assert [(name, at.date() if at else None) for name, at in found] == wanted, form


@pytest.mark.parametrize(
    ("element", "words"),
    [
        ('<time datetime="2026-09-{:02}T14:03:00Z">', "a while ago"),
        ('<time datetime="2026-09-{:02}T14:03:00Z">', "January 1, 2011"),
        ('<time datetime="2026-09-{:02}T14:03:00Z">', "০৩ সেপ্টেম্বর"),
        ('<span class="date" title="2026-09-{:02} 14:03:00">', "3 months ago"),
        ('<time title="Shown in your own zone of 1999" datetime="2026-09-{:02}T14:03:00Z">', "May 3"),
    ],
)
def test_what_the_element_of_a_date_says_for_machines_wins_over_what_it_prints(element: str, words: str) -> None:
    heads = [f'<a href="/users/{at.day}">Hal Orr {at.day}</a> {element.format(at.day)}{words}</time></span>' for at in DAYS]
    assert [time for _, time in posts_of(read(thread(heads)))] == DAYS


def test_what_an_element_says_in_words_gives_way_to_the_day_that_it_prints() -> None:
    heads = [
        f'<b>Ann</b> <span class="date" title="Last visit 2011-01-0{n}">{at:%B %d, %Y}</span>' for n, at in enumerate(DAYS, 1)
    ]
    found = [time for _, time in posts_of(read(thread(heads)))]
    assert [time.date() if time else None for time in found] == [at.date() for at in DAYS]
    assert not is_exact("Last visit 2011-01-01")


def test_a_date_that_stands_in_several_elements_stays_whole() -> None:
    heads = [
        f'<b>Ann Lee</b> <span class="when"><i>{at:%a}</i> <b>{at.day}</b> <i>{at:%b}</i> <span>{at.year}</span></span>'
        for at in DAYS
    ]
    found = [time for _, time in posts_of(read(thread(heads)))]
    assert [time.date() if time else None for time in found] == [at.date() for at in DAYS]


@pytest.mark.parametrize("names", NAMES)
def test_in_flat_text_a_date_begins_behind_the_name(names: str) -> None:
    for printed in FORMS.values():
        heads = [f"Posted by {name} on {printed(at)}" for name, at in zip(NAMES[names], DAYS, strict=True)]
        text = "Dough too wet\n\n" + "\n\n".join(f"{head}\n{words}" for head, words in zip(heads, WORDS, strict=True))
        wanted = dict(zip(WORDS, zip(NAMES[names], (at.date() for at in DAYS), strict=True), strict=True))
        page = read(text + "\n", "txt")
        found = split_page(page)
        assert isinstance(found, Thread)
        bodies = [post.body for post in (found.question, *found.answers)]
        told = [(name, at.date() if at else None) for name, at in posts_of(page)]
        right = sum(wanted.get(body or "") == pair for body, pair in zip(bodies, told, strict=True))
        assert right >= len(WORDS) - 2, told  # the splitter may take the first post apart


@pytest.mark.parametrize(
    ("line", "date"),
    [
        ("Hal Orr 5 2026-09-17", "2026-09-17"),
        ("Hal Orr 5 September 17, 2026", "September 17, 2026"),
        ("Sept 11 2026-09-17 14:03", "2026-09-17 14:03"),
        ("Sept 11 - 17 Sep 2026", "17 Sep 2026"),
        ("by May 12 on June 3, 2019", "June 3, 2019"),
        ("Mar 4 September 21, 2026", "September 21, 2026"),
        ("agent 11 13 days ago", "13 days ago"),
        ("12 May 2019", "12 May 2019"),
        ("May 12 · 3 days ago", "May 12"),
        ("May 12, 2019", "May 12, 2019"),
        ("posted May 12", "May 12"),
    ],
)
def test_a_day_alone_gives_way_to_the_whole_date_in_or_behind_it(line: str, date: str) -> None:
    assert [line[start:end] for start, end in iter_dates(line)][:1] == [date]
    found = find_date(line)
    assert found is not None
    assert line[found.start : found.end] == date


def test_dates_in_a_line_of_days_take_time_in_proportion() -> None:
    begun = datetime.now(UTC)
    for line in ("May 12 " * 22, "5 May 12 " * 17, "Sept 11 - " * 15):
        for _ in range(200):
            list(iter_dates(line))
            find_date(line)
    assert datetime.now(UTC) - begun < timedelta(seconds=20)
