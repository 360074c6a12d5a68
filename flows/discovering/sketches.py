"""A page as numbers: how its elements look and nest, and which of them are what a splitter took for posts and their fields."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from zlib import crc32

from flows.discovering.looks import FIRST, LAST, Looks, look_of
from flows.records import Markup

FIELDS = ("author", "date", "votes")


@dataclass(slots=True)
class PostSeen:
    """One post as a splitter found it: its body's element, and by field the elements any of which would read the same.

    A body is what is left of it: `body` is the tightest element around that, `whole` the one that was found.
    """

    body: int
    whole: int
    right: dict[str, frozenset[int]] = field(default_factory=dict)
    told: dict[str, frozenset[tuple[int, str]]] = field(default_factory=dict)  # the same for attributes: (element, name)
    parent: int | None = None  # the body of the post that it replies to
    is_accepted: bool = False
    is_opening: bool = False


@dataclass(slots=True)
class PageSeen:
    """What a splitter found on a page: posts in order, remarks under them, and elements that would read title and count."""

    source: str
    posts: list[PostSeen]
    remarks: list[PostSeen] = field(default_factory=list)
    title: frozenset[int] = frozenset()
    declared: frozenset[int] = frozenset()
    trimmed: frozenset[int] = frozenset()  # elements in bodies of which nothing is to be kept
    labels: dict[int, str] = field(default_factory=dict)  # what short elements in bodies say, folded


class Sketch:
    """The elements of one page: looks, parents, ends and pieces, some twenty bytes each; and what was found on it."""

    def __init__(self, markup: Markup, seen: PageSeen, looks: Looks) -> None:
        self.seen, self.looks = seen, looks
        told = zip(markup.tags, markup.attributes, markup.parents, markup.ends, strict=True)
        self.ids = array("L")  # of the ids that elements have, a number each; 0: none
        self.look = array("i")
        for number, (tag, attributes, parent, end) in enumerate(told):
            name, parts = look_of(tag, attributes)
            if parts and parent >= 0:
                places = [FIRST] * (number == parent + 1) + [LAST] * (end == markup.ends[parent])
                parts = parts.union(places) if places else parts
            self.look.append(looks.number((name, parts)))
            self.ids.append(crc32((attributes.get("id") or "").encode("utf-8", "surrogatepass")))
        self.parents, self.ends = array("i", markup.parents), array("i", markup.ends)
        self.first, self.last = array("i", markup.first), array("i", markup.last)
        self.by_look: dict[int, array[int]] = {}
        for number, look in enumerate(self.look):
            self.by_look.setdefault(look, array("i")).append(number)

    def with_looks(self, looks: frozenset[int]) -> list[int]:
        """Return the elements of some looks in document order."""
        found = [number for look in looks if look in self.by_look for number in self.by_look[look]]
        found.sort()
        return found

    def ancestors(self, number: int, most: int) -> list[int]:
        """Return the elements around one, the innermost first; html and body are none of them."""
        found: list[int] = []
        number = self.parents[number]
        while number > 0 and len(found) < most and self.looks.known[self.look[number]][0] not in ("html", "body"):
            found.append(number)
            number = self.parents[number]
        return found


class Records:
    """The records that some selectors find on a page, and which post each of them is."""

    def __init__(self, sketch: Sketch, elements: list[int], posts: list[PostSeen], *, nested: bool) -> None:
        self.sketch, self.nested = sketch, nested
        bodies = sorted(post.whole for post in posts)
        self.elements = _without_inner(elements, [] if nested else elements, sketch)
        self.post_of: list[PostSeen | None] = [None] * len(self.elements)
        self.crowded = 0  # records that hold more posts than one
        self._own = self._innermost() if nested else None
        self._heads: dict[int, int] = {}
        self.lost = 0  # posts in no record
        for post in posts:
            at = self.owner(post.body)
            if at < 0:
                self.lost += 1
            elif self.post_of[at] is not None:
                self.crowded += 1
            else:
                self.post_of[at] = post
        self.idle = sum(post is None for post in self.post_of)
        self._bodies = bodies

    def _innermost(self) -> array[int]:
        """Return by element the innermost record around it; -1: none."""
        own = array("i", [-1]) * len(self.sketch.look)
        for at, number in enumerate(self.elements):
            size = self.sketch.ends[number] - number
            own[number : number + size] = array("i", [at]) * size
        return own

    def add_heads(self, heads: list[int]) -> None:
        """Let elements that end right before a record belong to it."""
        for number in heads:
            at = bisect_left(self.elements, self.sketch.ends[number])
            if at < len(self.elements) and self.elements[at] == self.sketch.ends[number]:
                self._heads.update(dict.fromkeys(range(number, self.sketch.ends[number]), at))

    def place_of(self, number: int) -> int:
        """Return the record that an element belongs to; -1: none, or it stands in the record's body."""
        at = self.owner(number)
        if at < 0 or (post := self.post_of[at]) is None:
            return at
        return -1 if post.body <= number < self.sketch.ends[post.body] else at

    def owner(self, number: int) -> int:
        """Return the record that an element belongs to, in its body or not; -1: none."""
        if self._own is not None:
            return self._heads.get(number, self._own[number])
        at = bisect_right(self.elements, number) - 1
        return at if at >= 0 and number < self.sketch.ends[self.elements[at]] else self._heads.get(number, -1)

    def in_a_body(self, number: int) -> bool:
        """Whether an element stands in the body of any post, below the body itself."""
        at = bisect_right(self._bodies, number - 1) - 1
        return at >= 0 and self._bodies[at] < number < self.sketch.ends[self._bodies[at]]


def _without_inner(elements: list[int], around: list[int], sketch: Sketch) -> list[int]:
    """Return elements in order without those inside one of `around`."""
    kept, end, at = list[int](), 0, 0
    for number in elements:
        while at < len(around) and around[at] < number:
            end = max(end, sketch.ends[around[at]])
            at += 1
        if number >= end:
            kept.append(number)
    return kept
