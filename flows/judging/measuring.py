"""Frames of validated rows → what is measured of each page: the same of a new batch and of a published snapshot."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import nsmallest
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple
from zlib import crc32

import polars as pl

from flows.judging.texts import (
    breaks_off,
    edges_of,
    ends_as_sentence,
    find_phrases,
    find_wrong_encoding,
    form_of_date,
    has_markup,
    lines_of,
    mask_digits,
    vowels_of,
    words_of_date,
)
from flows.records import Cut

NEWLINE = "\n"
MAX_POSTS = 20  # posts of a page whose texts are looked at; what a template does it does to the first ones, too
TEMPLATES = 3  # expressions that nobody filled in, from which on a page counts as one that holds them
MOST_LINES = 200  # of a page that are kept
FEW_POSTS = 3  # on a page with fewer, what stands at the edge of one post counts; on others it must stand at two
MOST_CHARS = 1000  # of a post whose words are looked at
NAME = 60  # characters of an attribution
ENDING = 60  # characters of a page's last line
NEEDED = {
    "scrapes": (
        "scrape_id", "site", "layout", "language", "encoding", "chars", "cut_chars", "declared_answer_count", "answer_count",
        "confidence", "verdict",
    ),
    "texts": ("scrape_id", "text"),
    "spans": ("scrape_id", "start_offset", "end_offset", "rule", "record_id"),
    "questions": ("scrape_id", "question_id", "title", "body", "author_id", "posted_at", "posted_at_raw"),
    "answers": (
        "scrape_id", "question_id", "position", "headline", "body", "author_id", "byline", "posted_at", "posted_at_raw",
        "votes", "is_accepted", "parent_answer_id",
    ),
    "comments": ("scrape_id",),
}  # fmt: skip


class Measured(NamedTuple):
    """One page, as it is compared with others of its site; `id` is the scrape's."""

    id: str
    site: str | None
    layout: str | None
    thread: str | None  # the question's id; pages of one thread are no draws of their own. None: no thread
    when: float | None  # of its first dated post, in seconds since 1970
    amounts: dict[str, float]  # by measure; what the page cannot say is not in it
    marks: frozenset[str]  # what it has: "declares", "layout:repeats", "language:en"
    rules: dict[str, int]  # stretches that each rule cut
    edges: frozenset[str]  # what stands at the edges of its posts, masked
    lines: frozenset[str]  # the lines of its posts, masked

    @property
    def rejected(self) -> bool:
        """Whether no thread was found."""
        return "rejected" in self.marks


class MeasuringAids(NamedTuple):
    """What other rooms know; handed in, so that rooms stay apart."""

    date_words: Mapping[str, frozenset[str]]  # word of a date → the languages in which it is one
    find_residue: Callable[[str], Sequence[Cut]]


def measure_pages(frames: Mapping[str, pl.DataFrame], aids: MeasuringAids) -> list[Measured]:
    """Return what is measured of each page that stands; `frames` has the columns NEEDED, and may have others.

    A page of a snapshot whose posts were taken over by a newer scrape of its thread says nothing any more, and is left out.
    What is said of dates and of template expressions other rooms know (`aids`).
    """
    answers = _group(frames["answers"].sort("position"), NEEDED["answers"])
    questions = _group(frames["questions"], NEEDED["questions"])
    comments = dict(frames["comments"].group_by("scrape_id").len().iter_rows())
    rules = _count_rules(frames["spans"])
    texts = dict(frames["texts"].select("scrape_id", "text").iter_rows())
    pages, seen = [], set()
    for row in frames["scrapes"].select(NEEDED["scrapes"]).iter_rows(named=True):
        at = row["scrape_id"]
        stands = row["verdict"] == "rejected" or at in answers or at in questions
        if not stands or at in seen:
            continue
        seen.add(at)
        asked = next(iter(questions.get(at, ())), None)
        page = _Page(row, texts.get(at) or "", asked, answers.get(at, []), rules.get(at, {}), aids)
        page.add_thread(comments.get(at, 0))
        pages.append(page.finish())
    return pages


def _group(frame: pl.DataFrame, columns: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    grouped: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in frame.select(columns).iter_rows(named=True):
        grouped[row["scrape_id"]].append(row)
    return dict(grouped)


def _count_rules(spans: pl.DataFrame) -> dict[str, dict[str, int]]:
    cut = spans.filter(pl.col("record_id").is_null()).group_by("scrape_id", "rule").len()
    counted: dict[str, dict[str, int]] = defaultdict(dict)
    for scrape, rule, stretches in cut.iter_rows():
        counted[scrape][rule] = stretches
    return dict(counted)


class _Page:
    """Gathers what is measured of one page."""

    def __init__(
        self, row: dict[str, Any], text: str, asked: dict[str, Any] | None, answers: list[dict[str, Any]],
        rules: dict[str, int], aids: MeasuringAids,
    ) -> None:  # fmt: skip
        self.row, self.asked, self.answers, self.rules, self.aids = row, asked, answers, rules, aids
        self.amounts: dict[str, float] = {"text-length": row["chars"]}
        self.marks: set[str] = set()
        self.edges: frozenset[str] = frozenset()
        self.lines: frozenset[str] = frozenset()
        self._look_at(text)

    def _look_at(self, text: str) -> None:
        row, mark = self.row, self.marks.add
        if row["verdict"] == "rejected":
            mark("rejected")
        if find_wrong_encoding(text) is not None:
            mark("wrong-encoding")
        if any(find_phrases(text, scope) for scope in ("folded", "folded-part")):
            mark("folded")
        if len(self.aids.find_residue(text)) >= TEMPLATES:
            mark("template")
        if text:
            mark(f"ending:{mask_digits(text[-400:].rstrip().rsplit(NEWLINE, 1)[-1])[-ENDING:]}")
            if not text.isascii():
                mark("beyond-ascii-at-all")
            self.amounts["beyond-ascii"] = 1 - len(text) / len(text.encode("utf-8", "replace"))
        for name in ("language", "encoding"):
            if row[name] is not None:
                mark(f"{name}:{row[name]}")

    def add_thread(self, comments: int) -> None:
        """Measure the thread, where there is one."""
        row, mark = self.row, self.marks.add
        if "rejected" in self.marks:
            return
        mark(f"layout:{row['layout']}")
        if row["verdict"] == "suspect":
            mark("suspect")
        if (declared := row["declared_answer_count"]) is not None:
            mark("declares")
            if declared != row["answer_count"]:
                mark("disagrees")
        self.amounts |= {
            "answers-per-thread": row["answer_count"], "cut-share": row["cut_chars"] / row["chars"] if row["chars"] else 0.0,
            "confidence": row["confidence"], "comments": comments,
        }  # fmt: skip
        self._add_question()
        if self.answers:
            self._add_answers()
        self._add_texts()
        self._add_dates()

    def _add_question(self) -> None:
        asked, mark = self.asked, self.marks.add
        if asked is None or asked["body"] is None:
            return  # a later page of its thread
        mark("has-question")
        if asked["title"]:
            mark("has-title")
            mark(f"title:{asked['title'][:100]}")
            self.amounts["title-length"] = len(asked["title"])
        if asked["author_id"] is not None:
            mark("question-author")
        if asked["posted_at_raw"] is not None:
            mark("question-date")
        self.amounts["question-length"] = len(asked["body"])

    def _add_answers(self) -> None:
        answers, share = self.answers, self._share
        share("author-coverage", (row["author_id"] is not None for row in answers))
        share("date-coverage", (row["posted_at_raw"] is not None for row in answers))
        share("body-coverage", (row["body"] is not None for row in answers))
        share("votes-coverage", (row["votes"] is not None for row in answers))
        share("headline-coverage", (row["headline"] is not None for row in answers))
        share("reply-coverage", (row["parent_answer_id"] is not None for row in answers))
        self._distinct("distinct-authors", [row["author_id"] for row in answers if row["author_id"] is not None])
        self._distinct("distinct-dates", [row["posted_at_raw"] for row in answers if row["posted_at_raw"] is not None])
        if any(row["is_accepted"] for row in answers):
            self.marks.add("accepted")
        if bylines := [row["byline"] for row in answers if row["byline"]]:
            self.amounts["byline-length"] = median(map(len, bylines))
            self.marks.update(f"name:{mask_digits(byline)[:NAME]}" for byline in bylines[:MAX_POSTS])

    def _add_texts(self) -> None:
        bodies = [row["body"] for row in self.answers if row["body"] is not None]
        if bodies:
            lengths = [len(body) for body in bodies]
            self.amounts |= {"answer-length": median(lengths), "longest-answer": max(lengths)}
            self._distinct("distinct-bodies", bodies)
            self._share("paragraphs", ("\n" in body for body in bodies))
            self._share("broken-off", (breaks_off(body) for body in bodies[:MAX_POSTS]))
            self._share("sentence-ends", (ends_as_sentence(body) for body in bodies[:MAX_POSTS]))
        posts = ([self.asked["body"]] if self.asked and self.asked["body"] else []) + bodies
        if posts:
            self._share("markup-in-text", (has_markup(body) for body in posts[:MAX_POSTS]))
            counted = Counter(edge for body in posts[:MAX_POSTS] for edge in edges_of(body))
            least = 1 if len(posts) < FEW_POSTS else 2
            self.edges = frozenset(edge for edge, count in counted.items() if count >= least)
            lines = {line for body in posts[:MAX_POSTS] for line in lines_of(body)}
            if len(lines) > MOST_LINES:  # the same of them on every page
                lines = set(nsmallest(MOST_LINES, lines, key=lambda line: crc32(line.encode("utf-8", "replace"))))
            self.lines = frozenset(lines)
            words = "\n".join(post[:MOST_CHARS] for post in posts[:MAX_POSTS])
            if words.split():
                self.amounts["word-length"] = len("".join(words.split())) / len(words.split())
            if (vowels := vowels_of(words)) is not None:
                self.amounts["vowels"] = vowels

    def _add_dates(self) -> None:
        posts = ([self.asked] if self.asked else []) + self.answers
        printed = [row["posted_at_raw"] for row in posts if row["posted_at_raw"] is not None]
        if not printed:
            return
        whens = [row["posted_at"] for row in self.answers if row["posted_at"] is not None]
        if len(set(whens)) > 1:
            self._share("dates-in-order", (one <= other for one, other in pairwise(whens)))
        self._share("dates-read", (row["posted_at"] is not None for row in posts if row["posted_at_raw"] is not None))
        self.marks.add(f"date-form:{Counter(map(form_of_date, printed)).most_common(1)[0][0]}")
        words = {word for text in printed for word in words_of_date(text) if word in self.aids.date_words}
        if words:
            possible = frozenset.intersection(*(self.aids.date_words[word] for word in words))
            self.marks.update(f"date-language:{language}" for language in possible)
            if not possible:
                self.marks.add("date-language:several")

    def _share(self, name: str, flags: Iterable[bool]) -> None:
        told = list(flags)
        self.amounts[name] = sum(told) / len(told)

    def _distinct(self, name: str, values: list[str]) -> None:
        if len(values) > 1:  # one value is different from no other
            self.amounts[name] = len(set(values)) / len(values)

    def finish(self) -> Measured:
        """Return what was gathered."""
        posts = ([self.asked] if self.asked else []) + self.answers
        whens = [row["posted_at"].timestamp() for row in posts if row["posted_at"] is not None]
        thread = posts[0]["question_id"] if posts else None
        layout = None if "rejected" in self.marks else self.row["layout"]
        return Measured(
            self.row["scrape_id"], self.row["site"], layout, thread, min(whens, default=None), self.amounts,
            frozenset(self.marks), self.rules, self.edges, self.lines,
        )  # fmt: skip
