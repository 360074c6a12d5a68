"""A thread scraped again: which post of an older scrape is which of a newer one, though its id is another.

An id without an address of the post's own hangs on the day or the words, and both may change from scrape to scrape: "23 hours
ago" falls on another day than "1 day ago" does, "2 weeks ago" on none, and authors edit. So the posts of one author on one page
of a thread are paired, scrape by scrape from the newest to the oldest: by id, by their words, by nearly the same words. What is
left and has the very words of another's post that no scrape shows beside it is that post, under a name that was changed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import NamedTuple

import polars as pl

from flows.identity import digest, fold_words, split_words
from flows.publish.runs import PAGE

RESTATED = "restated"  # the table of the records that stand under another id than their scrape gave them
RESTATED_SCHEMA = {"scrape_id": pl.String(), "record_id": pl.String(), "stands_id": pl.String()}
NEARLY = 0.9  # share of a post's runs of three words that another has to hold
FEW_WORDS = 12  # below, a word that is edited leaves fewer: such posts have the same words, or are two
LONG = 60  # characters of such a post: nobody writes twelve words twice, on one page, and takes them back once
DAYS_APART = timedelta(days=2)  # how far a day that was told in hours, or in another zone, may be off
MOST_ALIKE = 64  # posts of one author on one page that are looked at for a phrase: canned replies must not cost their square
MOST_COMPARED = 8  # of them, those that are held against a post word by word

Grams = dict[tuple[str, str, str], None]  # in order, so that nothing hangs on the order of a set


class Shown(NamedTuple):
    """One post as one scrape shows it."""

    scrape: str
    id: str
    keyed_by: str  # what its id was made of: "name" (its own address), "day" or "words"
    posted_at: datetime | None
    body: str | None


class _Read(NamedTuple):
    shown: Shown
    words: str | None
    grams: Grams  # none where there are few words

    @property
    def day(self) -> datetime | None:
        return self.shown.posted_at if self.shown.keyed_by == "day" else None


@dataclass(slots=True)
class _Post:
    """A post as the newest scrape has it, and what older ones show of it."""

    id: str
    name: str | None = None  # its id by its own address
    day: datetime | None = None  # None: not known to the day
    grams: Grams = field(default_factory=dict)


def match_posts(shown: Sequence[Shown]) -> list[tuple[str, str, str]]:
    """Return (scrape, id, standing id) of each post that stands under another id than its own scrape gave it.

    `shown` are the posts of one author on one page of a thread, the newest scrape's first, each scrape's in order. Two posts of
    one scrape are never one, so that "Thanks!" twice stays twice; neither are two with addresses of their own.
    """
    known = _Known()
    restated: list[tuple[str, str, str]] = []
    for scrape, posts in groupby(shown, attrgetter("scrape")):
        read = [_read(post) for post in posts]
        for one, number in zip(read, known.pair(read), strict=True):
            post = known.note(known.add(one) if number is None else number, one)
            if post.id != one.shown.id:
                restated.append((scrape, one.shown.id, post.id))
    return restated


def _read(shown: Shown) -> _Read:
    words = split_words(shown.body or "")
    grams = dict.fromkeys(zip(words, words[1:], words[2:], strict=False)) if len(words) >= FEW_WORDS else {}
    return _Read(shown, fold_words(shown.body), grams)


class _Known:
    """The posts of one author on one page of a thread that newer scrapes show."""

    def __init__(self) -> None:
        self._posts: list[_Post] = []
        self._standing: set[str] = set()
        self._by_id: defaultdict[str, list[int]] = defaultdict(list)
        self._by_words: defaultdict[str | None, list[int]] = defaultdict(list)
        self._by_gram: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)

    def add(self, one: _Read) -> int:
        """Take a post that none of the known ones is; return its number."""
        stands, turn = one.shown.id, 0
        while stands in self._standing:  # by now, the post of that author and day is another
            stands, turn = digest("displaced", one.shown.id, one.words, str(turn)), turn + 1
        self._standing.add(stands)
        self._posts.append(_Post(stands))
        return len(self._posts) - 1

    def note(self, number: int, one: _Read) -> _Post:
        """Take note of how a scrape shows a known post; return it."""
        post = self._posts[number]
        post.name = one.shown.id if one.shown.keyed_by == "name" else post.name
        post.day = one.day or post.day
        for places in (self._by_id[one.shown.id], self._by_words[one.words]):
            if len(places) < MOST_ALIKE and number not in places:
                places.append(number)
        for gram in one.grams:
            if gram not in post.grams:  # a difference of the two would go through all that older scrapes have shown
                self._by_gram[gram].append(number)
        post.grams |= one.grams
        return post

    def pair(self, posts: Sequence[_Read]) -> list[int | None]:
        """Return which of the known posts each of one scrape's is, None: none; the surest pairs are made first."""
        found = [self._find(one) for one in posts] if self._posts else []
        paired: list[int | None] = [None] * len(posts)
        taken: set[int] = set()
        for ways in zip(*found, strict=True):
            for at, numbers in enumerate(ways):
                free = next((number for number in numbers if number not in taken), None) if paired[at] is None else None
                if free is not None:
                    paired[at] = free
                    taken.add(free)
        return paired

    def _find(self, one: _Read) -> tuple[list[int], ...]:
        """Return the known posts that one may be, the surest kind of evidence first."""
        of_id = self._by_id.get(one.shown.id, [])
        of_words, nearly = self._find_alike(one)
        if one.shown.keyed_by == "name":
            return of_id, [], of_words, nearly, []
        both = [number for number in of_id if number in of_words or number in nearly]
        return [number for number in both if self._posts[number].id == one.shown.id], both, of_words, nearly, of_id

    def _find_alike(self, one: _Read) -> tuple[list[int], list[int]]:
        """Return the known posts with the same words, and those with nearly the same."""
        of_words = [number for number in self._by_words.get(one.words, ()) if self._may_be(one, number)]
        shared: Counter[int] = Counter()
        for gram in one.grams:
            places = self._by_gram.get(gram, ())
            shared.update(places if len(places) <= MOST_ALIKE else ())
        likeliest = sorted(shared, key=lambda number: (-shared[number], number))[:MOST_COMPARED]
        return of_words, [number for number in likeliest if self._is_nearly(one, number) and self._may_be(one, number)]

    def _is_nearly(self, one: _Read, number: int) -> bool:
        return len(one.grams.keys() & self._posts[number].grams.keys()) >= NEARLY * len(one.grams)

    def _may_be(self, one: _Read, number: int) -> bool:
        """Whether nothing but the words could tell two posts apart: no addresses of their own, nor, of few words, the days."""
        post = self._posts[number]
        if one.shown.keyed_by == "name" and post.name not in (None, one.shown.id):
            return False
        return bool(one.grams) or one.day is None or post.day is None or abs(one.day - post.day) <= DAYS_APART


# -- columns --------------------------------------------------------------------------------------------------------------


def match_rescraped(posts: pl.DataFrame, key: str, order: pl.DataFrame) -> pl.DataFrame:
    """Return (scrape_id, record_id, stands_id) of the posts that stand under another id than their scrape gave them.

    `posts` are answers or comments, whose id is `key`; `order` has (question_id, scrape_id, page) of threads, of one page the
    newest scrape first. Only pages with several scrapes are looked at, and of them the authors who are not shown with the
    same posts by all. People without an author id are told by their bylines.
    """
    scrapes = order.unique("scrape_id", keep="first", maintain_order=True)
    several = scrapes.filter(pl.struct("question_id", PAGE).is_duplicated())
    if several.is_empty():
        return pl.DataFrame(schema=RESTATED_SCHEMA)
    age = several.select("scrape_id", _age=pl.int_range(pl.len(), dtype=pl.UInt32))
    shown = posts.join(age, on="scrape_id", how="inner").unique(["scrape_id", key], keep="first", maintain_order=True)
    who = pl.coalesce(*(name for name in ("author_id", "byline") if name in shown.columns))
    page = ["question_id", PAGE, *(["answer_id"] if key == "comment_id" else [])]
    shown = shown.select(
        *page, "_age", "position", "posted_at", "body", scrape="scrape_id", id=key, keyed_by="_keyed_by", _who=who
    )
    of_author = _match(shown.filter(_differs([*page, "_who"])), [*page, "_who"])
    standing = restate(shown, "id", of_author, "scrape")
    return _join(of_author, _match_renamed(standing, [*page, "body"]))


def _match(shown: pl.DataFrame, of_one: Sequence[str]) -> pl.DataFrame:
    """Match the posts of each group, the newest scrape's first."""
    ordered = shown.sort(*of_one, "_age", "position").select(*of_one, *Shown._fields)
    restated: list[tuple[str, str, str]] = []
    for _, rows in groupby(ordered.iter_rows(), itemgetter(slice(len(of_one)))):
        restated += match_posts([Shown(*row[len(of_one) :]) for row in rows])
    return pl.DataFrame(restated, schema=RESTATED_SCHEMA, orient="row")


def _differs(of_one: Sequence[str]) -> pl.Expr:
    """Whether the scrapes of a page that show an author do not all show the same posts of theirs, word by word."""
    scrapes = pl.col("scrape").n_unique().over(of_one)
    times = pl.len().over(*of_one, "id")
    is_edited = pl.col("body").ne_missing(pl.col("body").first().over(*of_one, "id"))
    return ((times != scrapes) | is_edited).any().over(of_one) & (scrapes > 1)


def _match_renamed(shown: pl.DataFrame, of_one: Sequence[str]) -> pl.DataFrame:
    """Match posts of the same words under several ids, which no scrape shows beside each other.

    An account was renamed or deleted in between, or its byline read otherwise. Nobody writes so many words twice.
    """
    is_again = (pl.col("body").str.len_chars() >= LONG) & (pl.col("id").n_unique().over(of_one) > 1)
    again = shown.filter(is_again).sort(*of_one, "_age", "position").select(*of_one, "id")
    posts = shown.join(again.select("id").unique(), on="id", how="semi")
    seen: defaultdict[str, set[str]] = defaultdict(set)
    names: defaultdict[str, set[str]] = defaultdict(set)
    for scrape, id_, keyed_by in posts.select("scrape", "id", "keyed_by").iter_rows():
        seen[id_].add(scrape)
        names[id_] |= {id_} if keyed_by == "name" else set()
    stands: dict[str, str] = {}
    for _, group in groupby(again.iter_rows(), itemgetter(slice(len(of_one)))):
        first, *others = dict.fromkeys(_follow(stands, row[-1]) for row in group)
        for other in others:
            if seen[first].isdisjoint(seen[other]) and not (names[first] and names[other]):
                seen[first] |= seen[other]
                names[first] |= names[other]
                stands[other] = first
    told = [(scrape, id_, _follow(stands, id_)) for scrape, id_ in posts.select("scrape", "id").iter_rows() if id_ in stands]
    return pl.DataFrame(told, schema=RESTATED_SCHEMA, orient="row")


def _follow(stands: dict[str, str], id_: str) -> str:
    while id_ in stands:
        id_ = stands[id_]
    return id_


def _join(first: pl.DataFrame, then: pl.DataFrame) -> pl.DataFrame:
    """Return what two restatements, one after the other, come to."""
    told = first.join(
        then.rename({"record_id": "stands_id", "stands_id": "_last"}), on=["scrape_id", "stands_id"], how="left"
    ).select("scrape_id", "record_id", pl.coalesce("_last", "stands_id").alias("stands_id"))
    others = then.join(first, left_on=["scrape_id", "record_id"], right_on=["scrape_id", "stands_id"], how="anti")
    return pl.concat([told, others]).filter(pl.col("record_id") != pl.col("stands_id"))


def restate(rows: pl.DataFrame, column: str, restated: pl.DataFrame, scrape: str = "scrape_id") -> pl.DataFrame:
    """Return rows whose `column` names the posts as they stand; the column `scrape` says which scrape named them."""
    if restated.is_empty():
        return rows
    told = rows.join(
        restated.select(pl.col("scrape_id").alias(scrape), pl.col("record_id").alias(column), "stands_id"),
        on=[scrape, column], how="left", maintain_order="left",
    )  # fmt: skip
    return told.with_columns(pl.coalesce("stands_id", column).alias(column)).drop("stands_id")
