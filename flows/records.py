"""The nouns that the rooms hand on to each other.

Offsets count characters from 0 in the text that was read; ends are exclusive. Positions count from 1.
None means not known; an empty string never stands for that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


class Page(NamedTuple):
    """One scraped page as it was read: its text, whole, and what its container says of it."""

    source: str  # path below the raw root, "/"-separated; "path#record" in a container
    format: str  # txt, html, jsonl
    text: str  # the text that was read; later stages point into it and never change it
    bytes: int | None  # size of the scrape as stored, after decompression
    digest: str  # BLAKE2b-128 of those bytes, lower-case hex
    locator: str | None = None  # the record's own id in its container; None for a file of its own
    url: str | None = None
    site: str | None = None
    title: str | None = None  # what the container or the <title> says; a hint
    language: str | None = None
    fetched_at: datetime | None = None  # UTC
    licence: str | None = None
    encoding: str | None = None
    replacement_count: int = 0  # characters that could not be decoded (U+FFFD put in their place)
    blemishes: tuple[Blemish, ...] = ()  # what the container said of the page and could not be used
    markup: Markup | None = None  # the elements of an HTML page; None: no HTML, or more elements than a thread has


@dataclass(frozen=True)
class Markup:
    """The elements of an HTML page in document order, and which stretches of the page's text stand in each.

    An element is a number; its subtree are the elements [number, ends[number]). A piece is a text node that shows
    something, the stretch [starts[piece], stops[piece]) of the page's text; an element holds the pieces
    [first[number], last[number]).
    """

    tags: list[str]
    parents: list[int]  # -1 for the root
    ends: list[int]
    first: list[int]
    last: list[int]
    starts: list[int]
    stops: list[int]
    owners: list[int]  # by piece: the element that the text node is a child of
    depth: int  # how many elements are open at once, at most
    read_attributes: Callable[[int], dict[str, str | None]] = field(repr=False, compare=False)
    read_box: Callable[[int], str | None] = field(repr=False, compare=False)  # the markup of one element
    json_ld: tuple[str, ...] = ()  # the contents of its JSON-LD scripts, as they stand; they are no part of the text
    holds: Callable[[str], bool] = field(default=lambda _: False, repr=False, compare=False)  # whether the source has a literal
    select: Callable[[str], list[int]] = field(default=lambda _: [], repr=False, compare=False)  # what a CSS selector matches

    _known: list[list[dict[str, str | None]]] = field(default_factory=list, repr=False, compare=False)  # made when asked for

    @property
    def attributes(self) -> list[dict[str, str | None]]:
        """The attributes of all elements; made when they are first asked for."""
        if not self._known:
            self._known.append(list(map(self.read_attributes, range(len(self.tags)))))
        return self._known[0]

    def attributes_of(self, number: int) -> dict[str, str | None]:
        """Return the attributes of one element, without those of the others."""
        return self._known[0][number] if self._known else self.read_attributes(number)


@dataclass(frozen=True, slots=True)
class Blemish:
    """One optional value that could not be used: it becomes null, and this is what the ledger of refusals says."""

    column: str
    check: str
    value: str
    reason: str


class Unreadable(NamedTuple):
    """An input that gave no page: which, and why, in one sentence."""

    source: str
    format: str
    check: str  # e.g. "binary", "vanished", "too-large"
    reason: str
    value: str | None = None  # what was found, for the reader of the refusal
    bytes: int | None = None
    digest: str | None = None
    row: str | None = None  # the refused record as it was found


class Cut(NamedTuple):
    """A stretch inside a line that a rule claims; the rest of the line stays."""

    start: int
    end: int
    role: str  # "artifact", or "code" for an author's own template text that stays
    rule: str


class Line(NamedTuple):
    """One line of a page that says something, and what strip knows of it.

    `start` and `end` bound the line in the page's text, without its line terminator. `text` is what is left of it
    for a reader: cuts taken out, mojibake repaired, whitespace folded, zero-width characters removed.
    """

    start: int
    end: int
    text: str
    role: str | None = None  # None: content; else "artifact", "chrome", "votes", "rating", "count"
    rule: str | None = None  # the rule that decided the role of the whole line
    cuts: tuple[Cut, ...] = ()  # in order, within [start, end); only where the line as a whole is content
    values: dict[str, str] | None = None  # named groups of the rule's pattern: {"rating": "4.5", "reviews": "56"}
    gap: int = 0  # blank lines right above it


class Byline(NamedTuple):
    """An attribution read into fields; every field but `printed` may be unknown."""

    printed: str  # as printed, whitespace folded, lines joined by "\n"
    name: str | None = None  # without titles, credentials, generation
    given_name: str | None = None
    family_name: str | None = None
    suffix: str | None = None  # Jr, Sr, II, III, IV
    credentials: tuple[str, ...] = ()  # normalised: MD, DMD, FACS
    role: str | None = None
    location: str | None = None
    rating: float | None = None  # stars out of 5
    review_count: int | None = None
    in_memoriam: bool = False
    profile_url: str | None = None
    alias: str | None = None  # the name as printed, where `printed` holds more than its lines


class Claim(NamedTuple):
    """One stretch of the text and its fate, before records have ids."""

    start: int
    end: int
    role: str
    rule: str
    post: int | None = None  # 0 the question, 1 … the answers in order, then the remarks; None: in no record
    within: str | None = None  # of role "code": the role of the stretch that the author's own code stands in; None: a body


@dataclass(frozen=True, slots=True)
class Cues:
    """What the rooms of authors and strip tell the splitters of a stretch of text; handed in, so that rooms stay apart."""

    is_name_line: Callable[[str], bool]
    is_role_line: Callable[[str], bool]
    is_salutation: Callable[[str], bool]
    read_sign_off: Callable[[str], tuple[int, Byline] | None]
    find_glued_byline: Callable[[str, Byline], int | None]
    read_byline: Callable[..., Byline]
    is_closing_notice: Callable[[str], bool]
    mark_lines: Callable[[str], list[Line]]
    find_residue: Callable[[str], list[Cut]]
    repair_span: Callable[[str], str]


@dataclass(slots=True)
class Post:
    """One post of a thread, read from the page; body and headline are rendered plain text."""

    body: str | None = None
    headline: str | None = None
    byline: Byline | None = None
    posted_at_raw: str | None = None
    votes: int | None = None
    confidence: float = 0.0
    published: str | None = None  # the date in a form for machines, where an attribute or JSON-LD has it
    is_own_time: bool = False  # the element of the post's date says so itself
    is_accepted: bool | None = None
    permalink: str | None = None  # the post's own address or id on the page
    parent: int | None = None  # the post that it replies to: 0 the question, 1 … the answers in order
    rendered: tuple[tuple[int, int], ...] = ()  # stretches of the body that rendering put in: "> ", "- ", code fences


@dataclass(slots=True)
class Remark:
    """A note under a post, in a list of its own."""

    post: Post
    under: int  # 0 the question, 1 … the answers in order


@dataclass(slots=True)
class Thread:
    """A page split: the question, its answers in order, and the fate of every character."""

    title: str | None
    question: Post
    answers: list[Post]
    claims: list[Claim]  # a partition of the page's text, in order
    declared_answer_count: int | None = None
    layout: str = ""  # the splitter or layout that decided
    confidence: float = 0.0
    remarks: list[Remark] = field(default_factory=list)  # their claims' post numbers go on after the last answer's


@dataclass(slots=True)
class NoThread:
    """A page in which no thread was found: why, and the fate of every character all the same."""

    check: str
    reason: str
    claims: list[Claim] = field(default_factory=list)
    layout: str = ""
