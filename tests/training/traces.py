"""Weights of the traces of bare text, measured on real pages that were brought into the form of C4.

C4 keeps of a page the lines that end as sentences do and have five words or more (Raffel et al. 2020, "Exploring the limits of
transfer learning", section 2.2). The labelled pages are cut down in the same way; what then stands between two kept lines is the
end of a post or it is not. Weights are those of a logistic regression, drawn to the first guesses of `GUESSES` where a trace is rare.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from flows.pipeline import CUES
from flows.records import NoThread, Page, Thread
from flows.split.flat.bare import split_bare
from flows.split.flat.traces import Traces, name_evidence
from flows.strip.artifacts import mark_lines
from tests.training.labelling import Sample, grams, overlap, words

SENTENCE_ENDS, MIN_WORDS, ELLIPSIS = (".", "?", "!", '"'), 5, "..."
PULL = 6.0  # how many lines a first guess is worth
GUESSES = {
    "byline": 4.0, "counted": 4.0, "salutation": 2.4, "sign-off": 2.0, "quoted": 4.0, "lead-in": 1.5, "repeated": 0.3, "question": 0.4,
    "question-advice": 1.0, "colon": -2.0, "lower-case": 0.8, "turn": 0.4, "trace-thanks": 0.8, "thanks-after-answer": 0.8, "trace-reaction": 0.9,
    "trace-advice": 0.7, "trace-mention": 1.0, "trace-best-answer": 3.5, "trace-answer-label": 2.0, "trace-item": -2.0,
    "trace-goes-on": -0.7, "trace-asks-for-help": 1.8, "trace-thanks-ahead": 2.2, "trace-thanks-last": 2.2, "trace-good-wishes": 1.2,
    "trace-edit-note": 3.0, "trace-likes": 3.0,
}  # fmt: skip

Bare = tuple[str, list[tuple[str, int]]]  # the site; each kept line and its post, -1 for none


def keep_sentences(sample: Sample) -> Bare:
    """Return the lines of a page that C4 would keep."""
    kept = []
    for row in sample.rows:
        text = " ".join(row.raw.split())
        if text.endswith(SENTENCE_ENDS) and not text.endswith(ELLIPSIS) and len(text.split()) >= MIN_WORDS and "{" not in text:
            kept.append((text, row.post))
    return sample.site, kept


def bare_pages(samples: list[Sample]) -> list[Bare]:
    """Return the bare pages on which the labels are sound and two posts or more are left."""
    pages = []
    for sample in samples:
        wanted = sum(bool(words(post["text"])) for post in sample.posts)
        page = keep_sentences(sample)
        if sample.posts and sample.matched >= 0.85 * wanted and len({post for _, post in page[1] if post >= 0}) >= 2:
            pages.append(page)
    return pages


def observe(pages: list[Bare]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return a row of evidence a pair of lines, whether a post begins between them, and the site of each."""
    names = list(GUESSES)
    rows, begins, sites = [], [], []
    for site, kept in pages:
        told = [(text, post) for text, post in kept if post >= 0]
        lines = mark_lines("\n".join(text for text, _ in told))
        if len(lines) != len(told):
            continue
        for (above, (_, before)), (at, (_, after)) in pairwise(enumerate(told)):
            seen = set(name_evidence(Traces(), lines, above, at, CUES))
            rows.append([1.0, *(float(name in seen) for name in names)])
            begins.append(before != after)
            sites.append(site)
    return np.array(rows), np.array(begins, dtype=float), sites


def fit(rows: np.ndarray, begins: np.ndarray) -> np.ndarray:
    """Return the prior and the weights, by Newton's steps."""
    guess = np.array([-1.0, *GUESSES.values()])
    pull = np.array([0.01, *([PULL / 4] * len(GUESSES))])  # the curvature of one line at even odds is a quarter
    found = guess.copy()
    for _ in range(30):
        chance = 1 / (1 + np.exp(-rows @ found))
        slope = rows.T @ (begins - chance) - pull * (found - guess)
        found += np.linalg.solve((rows.T * (chance * (1 - chance))) @ rows + np.diag(pull), slope)
    return found


def weigh_traces(samples: list[Sample], fold_of: Callable[[str], int], folds: int) -> None:
    """Print the weights as traces.toml holds them, how right they are on left-out sites, and what becomes of whole pages."""
    pages = bare_pages(samples)
    rows, begins, sites = observe(pages)
    found = fit(rows, begins)
    print(f"{len(pages)} pages, {len(rows)} pairs of lines, a post begins between {begins.mean():.2f} of them\n\n[weights]")
    for place, (name, value) in enumerate(zip(["prior", *GUESSES], found, strict=True)):
        count = int(rows[:, place].sum())
        right = f"{(rows[:, place] * begins).sum() / count:.2f}" if count else "-"
        print(f"{name} = {value:.1f}  # {count} times, right {right}")
    where = np.array([fold_of(site) for site in sites])
    chances = np.zeros(len(rows))
    for fold in range(folds):
        if (where == fold).any():
            chances[where == fold] = 1 / (1 + np.exp(-rows[where == fold] @ fit(rows[where != fold], begins[where != fold])))
    for least in (0.5, 0.6, 0.7, 0.8, 0.9):
        sure = chances >= least
        print(
            f"left-out sites, chance >= {least}: {begins[sure].mean():.2f} right, {begins[sure].sum() / begins.sum():.2f} of all"
        )
    measure_pages(pages)


def measure_pages(pages: list[Bare]) -> None:
    """Print how many answers of bare pages begin where a post does, and how sure the right posts are, with the shipped weights."""
    total: Counter[str] = Counter()
    curve: list[tuple[float, bool]] = []
    for _, kept in pages:
        text = "\n".join(line for line, _ in kept)
        thread = split_bare(Page(source="bare", format="txt", text=text, bytes=0, digest="0"), mark_lines(text), CUES)
        if thread is None or isinstance(thread, NoThread):
            continue
        posts: dict[int, list[str]] = {}
        for line, post in kept:
            posts.setdefault(post, []).append(line)
        posts.pop(-1, None)
        score_thread(thread, list(posts.values()), total, curve)
    print(
        f"{total['pages']} pages: {total['cut']} cut, {total['answers']} answers of {total['wanted']}, "
        f"{total['begins'] / max(1, total['answers']):.2f} begin where a post does"
    )
    for least in (0.2, 0.4, 0.5, 0.7):
        sure = [right for chance, right in curve if chance >= least]
        print(f"  confidence >= {least}: {len(sure)} posts, {sum(sure) / max(1, len(sure)):.2f} right")


def score_thread(thread: Thread, posts: list[list[str]], total: Counter[str], curve: list[tuple[float, bool]]) -> None:
    firsts = {line[:40] for post in posts for line in post[:1]}
    begins = [(answer.body or "")[:40].split("\n")[0] in {first[: len(first)] for first in firsts} for answer in thread.answers]
    total.update(
        pages=1, cut=bool(thread.answers), answers=len(begins), begins=sum(begins), wanted=len(posts) - 1,
    )  # fmt: skip
    targets = [grams(words(" ".join(post))) for post in posts]
    for post in [thread.question, *thread.answers]:
        mine = grams(words(post.body or ""))
        curve.append((post.confidence, max(overlap(mine, target) for target in targets) >= 0.9))
