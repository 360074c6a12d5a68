"""A page's markup → what each stretch of it holds: words, links, dates, people; any stretch is then summed in one step."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cached_property
from itertools import accumulate
from urllib.parse import urljoin

from flows.records import Markup, Page
from flows.split.markup.bylines import find_people_by_dates
from flows.split.markup.dating import find_dates
from flows.split.markup.elements import Elements
from flows.split.markup.marks import Mark

MAX_NAME = 40  # characters; user names are capped well below
MAX_KEYED = 60  # characters of a piece whose numbers are masked before it is compared
AGAIN = 4  # what a text counts that the page holds before: some print the opening post twice, some preview what was said
DIGITS = re.compile(r"\d+")
LETTER = re.compile(r"[^\W\d_]")
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
DRAWN = ("svg", "text", "g", "tspan")


class Survey(Elements):
    """What the elements and pieces of one page hold. Sums are over pieces [first, last)."""

    def __init__(self, page: Page, markup: Markup) -> None:
        super().__init__(markup, page.text)
        self.page = page
        self.address = page.url or _told_address(markup)

    # What follows is found when it is first asked for: a known engine's layout asks for little of it.

    @cached_property
    def base(self) -> str | None:
        """The address that the page's links are relative to: its own, unless a <base> in its head says another."""
        markup = self.markup
        for number, tag in enumerate(markup.tags):
            if tag == "base" and (href := markup.attributes_of(number).get("href")):
                return join_address(self.address, href)
            if tag == "body":
                break
        return self.address

    @cached_property
    def dates(self) -> list[Mark]:
        """The dates of the page in order."""
        return find_dates(self)

    @cached_property
    def people(self) -> list[Mark]:
        """The people of the page in order."""
        return find_people_by_dates(self, self.dates, self._find_people())

    @cached_property
    def fresh(self) -> list[int]:
        """By piece: the characters that are news."""
        return self._weigh_pieces()

    @cached_property
    def content_sum(self) -> list[int]:
        """Characters of news before each piece."""
        return _sums(self.fresh)

    @cached_property
    def link_sum(self) -> list[int]:
        """Characters of links before each piece."""
        markup = self.markup
        return _sums(
            [
                stop - start if self.linked[owner] else 0
                for start, stop, owner in zip(markup.starts, markup.stops, markup.owners, strict=True)
            ]
        )

    @cached_property
    def date_sum(self) -> list[int]:
        """Dates before each piece."""
        return _sums(self._counted(self.dates))

    @cached_property
    def person_sum(self) -> list[int]:
        """People before each piece."""
        return _sums(self._counted(self.people))

    def date_index(self, piece: int) -> int:
        """Return how many dates stand before a piece."""
        return bisect_left(self.dates, piece, key=lambda mark: mark.piece)

    def after_person(self, piece: int, last: int) -> int:
        """Return the piece after the person that stands right at a piece, else the piece."""
        at = bisect_left(self.people, piece, key=lambda mark: mark.piece)
        near = at < len(self.people) and self.people[at].piece < min(piece + 2, last)
        return self.people[at].piece + 1 if near else piece

    def _find_people(self) -> list[Mark]:
        """Return the marks of people in order: short texts in elements that say so, and names after "by"."""
        markup, text = self.markup, self.text
        found: dict[int, Mark] = {}
        for number in [*self.notes.named, *self._find_said()]:
            first, last = self._name_pieces(number)
            if first == last or last - first > 4:
                continue
            start, end = markup.starts[first], markup.stops[last - 1]
            if self.svg_inside(number) or end - start > MAX_NAME + 10 or not self._may_name(text[start:end]):
                continue
            link = markup.tags[number] == "a" or self.linked[number]
            mark = Mark(start, end, first, number, bool(link))
            known = found.get(first)
            if known is None or (mark.strong, -mark.end) >= (known.strong, -known.end):
                found[first] = mark
        return [found[first] for first in sorted(found)]

    def _name_pieces(self, number: int) -> tuple[int, int]:
        """Return the pieces of an element that show a name: without blank ones, and counts or badges around it."""
        markup, text = self.markup, self.text
        first, last = markup.first[number], markup.last[number]
        if last - first > 8:
            return first, first
        while first < last and LETTER.search(text, markup.starts[first], markup.stops[first]) is None:
            first += 1
        while last > first and (
            LETTER.search(text, markup.starts[last - 1], markup.stops[last - 1]) is None
            or markup.tags[markup.owners[last - 1]] in DRAWN
        ):
            last -= 1
        return first, last

    def svg_inside(self, number: int) -> bool:
        """Whether an element is part of a drawing."""
        above = self.markup.parents[number]
        return self.markup.tags[number] in DRAWN or (above >= 0 and self.markup.tags[above] in DRAWN)

    def _find_said(self) -> list[int]:
        """Return the links right after "by": what follows is a person, whatever its address."""
        markup, text = self.markup, self.text
        found = []
        for piece in range(1, self.pieces):
            owner = markup.owners[piece]
            if markup.tags[owner] != "a" or markup.stops[piece] - markup.starts[piece] > MAX_NAME:
                continue
            start, stop = markup.starts[piece - 1], markup.stops[piece - 1]
            before = text[start:stop]
            is_made = before.rstrip(" :\n").lower().endswith(self.words.made)
            if 2 <= stop - start <= MAX_NAME and self.words.by.search(before) and not is_made:
                found.append(owner)
        return found

    def _may_name(self, text: str) -> bool:
        text = text.strip(" \t\n\xa0:@•·,-–|")
        return (
            1 < len(text) <= MAX_NAME
            and LETTER.search(text) is not None
            and text.lower() not in self.words.buttons
            and "\n" not in text
            and text.count(" ") <= 4
        )

    def _weigh_pieces(self) -> list[int]:
        """Return the characters of each piece that are news: not a link, navigation, a date, a name, nor on the page before."""
        markup, text = self.markup, self.text
        named, dated = {mark.piece for mark in self.people}, {mark.piece: mark for mark in self.dates}
        title = (self.page.title or "").strip()
        seen: set[str] = set()
        fresh: list[int] = []
        for piece, (start, stop, owner) in enumerate(zip(markup.starts, markup.stops, markup.owners, strict=True)):
            size = stop - start
            if size < 2 or self.linked[owner] or self.chromed[owner] or piece in named:
                fresh.append(0)
                continue
            key = text[start:stop].strip()
            if piece in dated:
                size -= dated[piece].end - dated[piece].start
                size = 0 if size < 12 else size
            short = len(key) <= MAX_KEYED
            if short:
                key = DIGITS.sub("0", key)
            if not key or (short and key in seen) or (title and len(key) > 5 and title.startswith(key)):
                size = 0
            elif key in seen:
                size //= AGAIN
            seen.add(key)
            fresh.append(max(0, size))
        return fresh

    def _counted(self, marks: list[Mark]) -> list[int]:
        counts = [0] * self.pieces
        for mark in marks:
            counts[mark.piece] += 1
        return counts


def join_address(page: str | None, href: str) -> str:
    """Return an address in full, where the page's own is known and the two fit together."""
    try:
        return str(urljoin(page, href)) if page else href
    except ValueError:
        return href


def _told_address(markup: Markup) -> str | None:
    """Return the address that a page tells of itself to those who share it."""
    for number, tag in enumerate(markup.tags):
        if tag == "meta" and markup.attributes_of(number).get("property") == "og:url":
            return markup.attributes_of(number).get("content")
        if tag == "body":
            break
    return None


def _sums(values: list[int]) -> list[int]:
    return [0, *accumulate(values)]
