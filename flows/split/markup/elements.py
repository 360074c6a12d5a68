"""A page's markup → what its elements say of themselves: which are links, navigation, a person, a date."""

from __future__ import annotations

import re
from functools import cached_property
from typing import NamedTuple

from flows.records import Markup
from flows.split.markup.vocabulary import CHROME, PERSON, SIGNED, TIME, Vocabulary, is_profile_address, kind_of, load_vocabulary

MAX_DEPTH = 200  # of looking up at ancestors: no page of a forum nests that deep
ASKING = ("text", "search", "password", "email", None)
FORM_PARTS = ("head", "select", "button", "textarea", "svg")
TIMED = frozenset({"datetime", "data-time", "data-timestamp"})
# ISO 8601 to the day or closer, or a count of seconds or milliseconds since 1970.
FOR_MACHINES = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d.{0,20})?|\d{9,10}(?:\.\d{1,9})?|\d{12,13}")


class _Notes(NamedTuple):
    """What the elements of a page say of themselves, by element: linked, chromed; and which show a person, a date."""

    linked: bytearray
    chromed: bytearray
    named: list[int]  # their class or address says so
    timed: list[int]  # their markup says so


class Elements:
    """The elements of one page, and what each says of itself."""

    def __init__(self, markup: Markup, text: str) -> None:
        self.markup, self.text = markup, text
        self.words: Vocabulary = load_vocabulary()
        self.pieces = len(markup.starts)

    @cached_property
    def linked(self) -> bytearray:
        """By element: whether it is inside a link."""
        return self.notes.linked

    @cached_property
    def chromed(self) -> bytearray:
        """By element: whether it is inside navigation, a form (1) or a signature (2)."""
        return self.notes.chromed

    @cached_property
    def named(self) -> frozenset[int]:
        """The elements that a class or an address says are of a person."""
        return frozenset(self.notes.named)

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
