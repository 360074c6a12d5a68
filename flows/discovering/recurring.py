"""Lines that recur in the bodies of many pages: a table of shapes that stays small, and which look like a template's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

from flows.discovering.shapes import (
    MOST_CHARS,
    FindDates,
    choose_gate,
    mask_line,
    names_pattern,
    widen_shape,
    words_of,
)

MOST_SHAPES = 50_000  # of each table, about 1 KB each: the lines of 500 pages
MOST_THREADS = 1 << 20  # threads that are remembered, 60 bytes each
MOST_WRITERS, MOST_EXAMPLES, MOST_VARIANTS, MOST_NEIGHBOURS = 8, 3, 8, 6
LEAST_PAGES, LEAST_SHARE = 3, 0.05  # pages that a line stands on, and their share
LEAST_WRITERS = 3  # what one or two people write under their posts is theirs
EVERY_POST = 0.5  # share of the posts of a page, from which a line is printed and not written
MOST_PAGES = 0.4  # share of the pages, likewise
LONG = 5  # words that hardly anybody writes again by chance, least of all …
AT_EDGE = 0.8  # … where nearly all such lines open or close a post that says more, as what an app adds does …
LONG_PAGES = 5  # … on some pages
WIDER = 1.5  # times as many pages, from which a wider shape is taken for the narrower ones
PLACES = ("all of it", "first line", "last line", "inside")


@dataclass(frozen=True, slots=True)
class PostLines:
    """The lines of one post's body as they stand on the page, folded, and who wrote it."""

    writer: str | None
    lines: tuple[str, ...]
    is_opening: bool = False


@dataclass(slots=True)
class Tally:
    """How often lines of one shape were met, and where."""

    lines: int = 0
    pages: int = 0
    posts: int = 0
    of_posts: int = 0  # posts on the pages that have it
    last_page: int = -1
    last_post: tuple[int, int] = (-1, -1)
    openings: int = 0
    writers: set[str] = field(default_factory=set)
    places: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[str, str]] = field(default_factory=list)  # line, source
    variants: set[str] = field(default_factory=set)  # of a wide shape: narrower ones


@dataclass(frozen=True, slots=True)
class Recurring:
    """One shape of lines that recurs, and whether it looks like a template's (else it may be people's own)."""

    shape: str
    tally: Tally
    is_likely: bool
    pages: int  # pages with threads in all

    @property
    def place(self) -> str:
        """Where in bodies it stands mostly."""
        return min(self.tally.places, key=lambda place: (-self.tally.places[place], PLACES.index(place)))


class LineTable:
    """The shapes of the lines in bodies, page by page; what stands on one page alone is forgotten when there is too much."""

    def __init__(self, find_dates: FindDates, is_own: Callable[[str], bool]) -> None:
        self._find_dates, self._is_own = find_dates, is_own
        self._narrow: dict[str, Tally] = {}
        self._wide: dict[str, Tally] = {}
        self._threads: set[bytes] = set()
        self.pages = 0
        self.again = 0  # pages of a thread that was seen before

    def add_page(self, source: str, posts: list[PostLines]) -> None:
        """Take the bodies of a page; those of a thread that was there before say nothing new."""
        if not posts:
            return
        if self._is_again(posts):
            self.again += 1
            return
        names = names_pattern(post.writer for post in posts if post.writer)
        number, self.pages = self.pages, self.pages + 1
        for at, post in enumerate(posts):
            last = len(post.lines) - 1
            for place, line in enumerate(post.lines):
                if not line or len(line) > MOST_CHARS or self._is_own(line):
                    continue
                where = PLACES[0 if last == 0 else 1 if place == 0 else 2 if place == last else 3]
                shape = mask_line(line, names, self._find_dates)
                if shape:
                    self._count(self._narrow, shape, (number, at), post, line, source, where, len(posts))
                wide = widen_shape(shape)
                if wide is not None:
                    tally = self._count(self._wide, wide, (number, at), post, line, source, where, len(posts))
                    if len(tally.variants) < MOST_VARIANTS:
                        tally.variants.add(shape)
        for table in (self._narrow, self._wide):
            if len(table) > MOST_SHAPES:
                _forget(table)

    def _is_again(self, posts: list[PostLines]) -> bool:
        """Whether a thread was seen before: pages scraped twice would make every line of theirs recur."""
        opening = "\n".join(next((post.lines for post in posts if post.lines), ()))
        key = blake2b(opening.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if key in self._threads:
            return True
        if len(self._threads) < MOST_THREADS:
            self._threads.add(key)
        return False

    @staticmethod
    def _count(  # noqa: PLR0917 -- one call for each line of a batch
        table: dict[str, Tally], shape: str, post: tuple[int, int], told: PostLines, line: str, source: str, where: str, of: int
    ) -> Tally:
        tally = table.setdefault(shape, Tally())
        tally.lines += 1
        if tally.last_page != post[0]:
            tally.pages, tally.last_page, tally.of_posts = tally.pages + 1, post[0], tally.of_posts + of
            if len(tally.examples) < MOST_EXAMPLES and all(line != known for known, _ in tally.examples):
                tally.examples.append((line, source))
        if tally.last_post != post:
            tally.posts, tally.last_post = tally.posts + 1, post
            tally.openings += told.is_opening
            tally.places[where] += 1
            if told.writer and len(tally.writers) < MOST_WRITERS:
                tally.writers.add(told.writer)
        return tally

    def find(self, least: int = LEAST_PAGES) -> list[Recurring]:
        """Return the shapes that recur, the likely ones first, those of most pages first."""
        floor = max(least, LEAST_SHARE * self.pages)
        narrow = {shape: tally for shape, tally in self._narrow.items() if tally.pages >= floor}
        for shape, tally in self._wide.items():
            if tally.pages >= floor and len(tally.variants) >= 3:
                covered = [one for one in tally.variants if one in narrow]
                if tally.pages >= WIDER * max((narrow[one].pages for one in covered), default=1):
                    narrow = {one: held for one, held in narrow.items() if one not in covered}
                    narrow[shape] = tally
        found = [
            Recurring(shape, tally, self._is_likely(shape, tally), self.pages)
            for shape, tally in narrow.items()
            if choose_gate(shape) is not None and self._is_many(tally)
        ]
        return sorted(found, key=lambda one: (not one.is_likely, -one.tally.pages, -one.tally.lines, one.shape))

    def neighbours(self, found: Iterable[Recurring]) -> dict[str, list[str]]:
        """Return by word up to six lines of one page each that hold it: what a rule of that word may have to leave."""
        wanted = {gate: list[str]() for one in found if (gate := choose_gate(one.shape)) is not None}
        for shape in sorted(self._narrow):
            tally = self._narrow[shape]
            for word in {*words_of(shape)} & wanted.keys() if tally.pages == 1 else ():
                if len(wanted[word]) < MOST_NEIGHBOURS and tally.examples:
                    wanted[word].append(tally.examples[0][0])
        return wanted

    def _is_many(self, tally: Tally) -> bool:
        return not tally.writers or len(tally.writers) >= LEAST_WRITERS

    def _is_likely(self, shape: str, tally: Tally) -> bool:
        """Whether a shape looks printed: in every other post of its pages, on many of the pages, or too long for chance."""
        every = tally.of_posts >= 2 * tally.pages and tally.posts >= EVERY_POST * tally.of_posts
        edge = max(tally.places["first line"], tally.places["last line"]) >= AT_EDGE * tally.posts
        added = edge and tally.pages >= LONG_PAGES and len(words_of(shape)) >= LONG
        return every or tally.pages >= MOST_PAGES * self.pages or added


def _forget(table: dict[str, Tally]) -> None:
    """Forget the shapes of one page, those of two if that does not help, and so on (lossy counting)."""
    least = 1
    while len(table) > MOST_SHAPES // 2:
        for shape in [shape for shape, tally in table.items() if tally.pages <= least]:
            del table[shape]
        least += 1
