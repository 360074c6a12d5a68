"""Labelled posts → labels of the lines of a flattened page, by their words alone."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from flows.split.flat.dates import find_date
from flows.strip.artifacts import mark_lines

OUT, FIRST, MIDDLE, LAST, SINGLE = range(5)
GOOD = 0.9  # of word 3-grams, as score.py matches posts


@dataclass(slots=True)
class Row:
    """One line that says something, with its labels."""

    raw: str
    gap: int
    label: int = OUT
    post: int = -1
    is_author: bool = False
    is_date: bool = False
    name: str | None = None  # the author's name as it stands on the line


@dataclass(slots=True)
class Sample:
    """A page in labelled lines; `posts` as labelled, for scoring; `matched` how many of them were found in the lines."""

    name: str
    site: str
    rows: list[Row]
    posts: list[dict[str, Any]]
    matched: int = 0
    text: str = ""
    weight: float = 1.0
    kinds: set[str] = field(default_factory=set)


def words(text: str) -> list[str]:
    return re.sub(r"\W+", " ", text or "").lower().split()


def grams(tokens: list[str]) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[i : i + 3]) for i in range(max(1, len(tokens) - 2))) if tokens else Counter()


def overlap(a: Counter[Any], b: Counter[Any]) -> float:
    total = sum(a.values()) + sum(b.values())
    return 2 * sum((a & b).values()) / total if total else 0.0


def squash(text: str | None) -> str:
    return " ".join((text or "").replace("\xa0", " ").split())


def label_page(name: str, site: str, text: str, posts: list[dict[str, Any]]) -> Sample:
    lines = mark_lines(text)
    rows = [Row(text[line.start : line.end], line.gap) for line in lines]
    sample = Sample(name, site, rows, posts, text=text)
    tokens = [words(line.text) for line in lines]
    cursor = 0
    spans: list[tuple[int, int]] = []
    for number, post in enumerate(posts):
        found = find_span(tokens, words(post["text"]), cursor)
        if found is None:
            continue
        low, high = found
        sample.matched += 1
        mark_span(rows, low, high, number)
        spans.append((low, high))
        cursor = high + 1
    for place, (low, high) in enumerate(spans):
        before = spans[place - 1][1] + 1 if place else max(0, low - 25)
        after = spans[place + 1][0] if place + 1 < len(spans) else min(len(rows), high + 12)
        post = posts[rows[low].post]
        mark_slots(rows, [line.text for line in lines], (before, low, high, after), post)
    return sample


def mark_span(rows: list[Row], low: int, high: int, number: int) -> None:
    for at in range(low, high + 1):
        rows[at].label, rows[at].post = MIDDLE, number
    rows[low].label, rows[high].label = FIRST, LAST
    if low == high:
        rows[low].label = SINGLE


def find_span(tokens: list[list[str]], wanted: list[str], cursor: int) -> tuple[int, int] | None:
    """The lines from `cursor` on that hold a post best; of equals the first."""
    if not wanted:
        return None
    target, best, found = grams(wanted), 0.0, None
    known, most = set(wanted), len(wanted)
    for low in range(cursor, len(tokens)):
        if not tokens[low] or sum(word in known for word in tokens[low]) * 2 < len(tokens[low]):
            continue
        if found and best > 0.97 and low > found[1]:
            break
        so_far: list[str] = []
        for high in range(low, len(tokens)):
            so_far += tokens[high]
            if len(so_far) > 1.25 * most + 4:
                break
            if len(so_far) < 0.7 * most or not tokens[high]:
                continue
            score = overlap(grams(so_far), target)
            if score > best + 1e-9:
                best, found = score, (low, high)
    return found if best >= GOOD else None


def mark_slots(rows: list[Row], shown: list[str], bounds: tuple[int, int, int, int], post: dict[str, Any]) -> None:
    before, low, high, after = bounds
    author, printed = squash(post.get("author")), squash(post.get("posted_raw"))
    for is_author, value in ((True, author), (False, printed)):
        if not value:
            continue
        if not is_author:
            date = find_date(value)
            value = value[date.start : date.end] if date else value
        pattern = re.compile(rf"(?<!\w){re.escape(value)}(?!\w)", re.IGNORECASE)
        for region in (range(low - 1, before - 1, -1), range(high + 1, after), range(high, low - 1, -1)):
            at = [k for k in region if len(shown[k]) <= 120 + len(value) and pattern.search(shown[k])]
            if is_author:  # a line that is the name alone says it better than one that holds it
                at = [k for k in at if squash(shown[k]).casefold() == value.casefold()] or at
            if at:
                row = rows[at[0]]
                if is_author:
                    row.is_author, row.name = True, value
                else:
                    row.is_date = True
                break
