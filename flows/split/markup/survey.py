"""A page's markup → what each stretch of it holds: words, links, dates, people; any stretch is then summed in one step."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple
from urllib.parse import urljoin

from flows.records import Markup, Page
from flows.split.markup.bylines import find_people_by_dates
from flows.split.markup.dating import FOR_MACHINES, find_dates
from flows.split.markup.marks import Mark
from flows.split.markup.vocabulary import CHROME, PERSON, SIGNED, TIME, Vocabulary, is_profile_address, kind_of, load_vocabulary

MAX_NAME = 40  # characters; user names are capped well below
MAX_KEYED = 60  # characters of a piece whose numbers are masked before it is compared
AGAIN = 4  # what a text counts that the page holds before: some print the opening post twice, some preview what was said
MAX_DEPTH = 200  # of looking up at ancestors: no page of a forum nests that deep
DIGITS = re.compile(r"\d+")
LETTER = re.compile(r"[^\W\d_]")
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
ASKING = ("text", "search", "password", "email", None)
DRAWN = ("svg", "text", "g", "tspan")
FORM_PARTS = ("head", "select", "button", "textarea", "svg")
TIMED = frozenset({"datetime", "data-time", "data-timestamp"})


class _Notes(NamedTuple):
    """What the elements of a page say of themselves, by element: linked, chromed; and which show a person, a date."""

    linked: bytearray
    chromed: bytearray
    named: list[int]  # their class or address says so
    timed: list[int]  # their markup says so


class Survey:
    """What the elements and pieces of one page hold. Sums are over pieces [first, last)."""

    def __init__(self, page: Page, markup: Markup) -> None:
        self.page, self.markup, self.text = page, markup, page.text
        self.address = page.url or _told_address(markup)
        self.words: Vocabulary = load_vocabulary()
        self.pieces = len(markup.starts)

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
    def linked(self) -> bytearray:
        """By element: whether it is inside a link."""
        return self.notes.linked

    @cached_property
    def chromed(self) -> bytearray:
        """By element: whether it is inside navigation, a form (1) or a signature (2)."""
        return self.notes.chromed

    @cached_property
    def dates(self) -> list[Mark]:
        """The dates of the page in order."""
        return find_dates(self)

    @cached_property
    def named(self) -> frozenset[int]:
        """The elements that a class or an address says are of a person."""
        return frozenset(self.notes.named)

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

    @cached_property
    def notes(self) -> _Notes:
        """What the elements say of themselves."""
        markup, words = self.markup, self.words
        notes = _Notes(bytearray(len(markup.tags)), bytearray(len(markup.tags)), [], [])
        linked, chromed = notes.linked, notes.chromed
        asking = self._find_asking()
        formal = words.chrome_tags.union(FORM_PARTS)
        for number, (tag, parent, attributes) in enumerate(zip(markup.tags, markup.parents, markup.attributes, strict=True)):
            if parent >= 0:
                linked[number], chromed[number] = linked[parent], chromed[parent]
            if (tag in formal or number in asking) and (tag in FORM_PARTS or self.is_small(number)):
                chromed[number] = 1
            if not attributes:
                continue
            names = attributes.get("class")
            if tag == "a" and (href := attributes.get("href")):
                linked[number] = 1
                if is_profile_address(href):
                    notes.named.append(number)
            if names and (kind := kind_of(names)):
                self._note_kind(number, kind, notes)
            if len(attributes) > (names is not None):
                self._note_attributes(number, tag, attributes, notes)
            elif tag == "time":
                notes.timed.append(number)
        return notes

    def _note_kind(self, number: int, kind: int, notes: _Notes) -> None:
        if kind & PERSON:
            notes.named.append(number)
        if kind & TIME:
            notes.timed.append(number)
        if kind & SIGNED:
            notes.chromed[number] = 2
        elif kind & CHROME and self.is_small(number):
            notes.chromed[number] |= 1

    def _note_attributes(self, number: int, tag: str, attributes: dict[str, str | None], notes: _Notes) -> None:
        """Note what other attributes than the class say."""
        title = attributes.get("title")
        if tag == "time" or not TIMED.isdisjoint(attributes) or (title and FOR_MACHINES.fullmatch(title)):
            notes.timed.append(number)
        if attributes.get("role") in self.words.chrome_roles and self.is_small(number):
            notes.chromed[number] = 1
        prop = attributes.get("itemprop")
        if prop in ("author", "creator") or attributes.get("rel") == "author" or (prop == "name" and self._in_author(number)):
            notes.named.append(number)
        elif prop in ("datePublished", "dateCreated"):
            notes.timed.append(number)

    def _find_asking(self) -> set[int]:
        """Return the forms that ask for words: search, log-in, reply. (Some software wraps each post in a form.)"""
        markup = self.markup
        asking = set()
        for number, tag in enumerate(markup.tags):
            if tag in ("textarea", "select") or (tag == "input" and markup.attributes[number].get("type") in ASKING):
                above = number
                for _ in range(MAX_DEPTH):
                    above = markup.parents[above]
                    if above < 0 or markup.tags[above] == "form":
                        break
                asking.add(above)
        return asking

    def date_index(self, piece: int) -> int:
        """Return how many dates stand before a piece."""
        return bisect_left(self.dates, piece, key=lambda mark: mark.piece)

    def after_person(self, piece: int, last: int) -> int:
        """Return the piece after the person that stands right at a piece, else the piece."""
        at = bisect_left(self.people, piece, key=lambda mark: mark.piece)
        near = at < len(self.people) and self.people[at].piece < min(piece + 2, last)
        return self.people[at].piece + 1 if near else piece

    def is_small(self, number: int) -> bool:
        """Whether an element holds no more than a part of the page's text; what holds most of it is no navigation."""
        first, last = self.markup.first[number], self.markup.last[number]
        return first == last or self.markup.stops[last - 1] - self.markup.starts[first] <= 0.35 * len(self.text)

    def _in_author(self, number: int) -> bool:
        parents, attributes = self.markup.parents, self.markup.attributes
        for _ in range(3):
            number = parents[number]
            if number < 0:
                return False
            if attributes[number].get("itemprop") in ("author", "creator"):
                return True
        return False

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
