"""A snapshot held against labelled threads: precision, recall and F1 a field, from the published Parquet alone.

Three forms of labels are read: every post of a page with its whole text (`posts`), a thread with its answers (whole texts,
or the words that they start with), and a list of pages with how many answers each has, or that it holds no thread. A label
belongs to the scrape whose source has its file name, extensions aside.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.errors import WrongUse
from flows.publish.reading import told_as_damaged
from flows.publish.tables import scan_table
from flows.rules import read_text

MAX_LABELS = 256 << 20  # bytes of a file of labels: some 40,000 threads
MATCH = 0.9  # of word 3-grams from which a published post is the labelled one but for trifles
FIELDS = ("posts", "author", "date", "title")
_EXTENSIONS = re.compile(r"\.(?:html?|txt)$")
_WORDS = re.compile(r"\w+")
_HOLDER = re.compile(r"\.(?:gz|zst)$")
Grams = Counter[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class WantedPost:
    """One labelled post: its text, whole or its beginning; None in a field: the label does not say."""

    texts: tuple[str, ...]  # any of them is right
    whole: bool
    authors: tuple[str, ...] | None = None  # any of them is right; empty: nobody is named
    author_ref: str | None = None
    date: str | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """What a page should give; posts None: only the number of answers is labelled, and None of that: no thread."""

    name: str
    posts: list[WantedPost] | None
    answers: int | None
    title: str | None = None


@dataclass(slots=True)
class FieldScore:
    """Right ones of one field, out of those published and those labelled."""

    right: int = 0
    published: int = 0
    wanted: int = 0

    def add(self, *, right: int, published: int, wanted: int) -> None:
        """Count some more."""
        self.right += right
        self.published += published
        self.wanted += wanted

    @property
    def precision(self) -> float | None:
        """The share of what was published that is right."""
        return round(self.right / self.published, 4) if self.published else None

    @property
    def recall(self) -> float | None:
        """The share of what is labelled that was published right."""
        return round(self.right / self.wanted, 4) if self.wanted else None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of both."""
        total = self.published + self.wanted
        return round(2 * self.right / total, 4) if total and self.wanted else None


@dataclass(frozen=True, slots=True)
class PageScore:
    """One page: its share of posts right (F1), and in words what is wrong."""

    name: str
    f1: float
    wrong: str


@dataclass(slots=True)
class Evaluation:
    """The scores of a snapshot."""

    fields: dict[str, FieldScore] = field(default_factory=lambda: {name: FieldScore() for name in FIELDS})
    pages: int = 0
    exact: int = 0  # pages with the labelled number of posts, or refused as they should be
    missing: list[str] = field(default_factory=list)  # labels without a scrape
    worst: list[PageScore] = field(default_factory=list)  # pages that fall short, worst first

    def as_dict(self) -> dict[str, Any]:
        """Return the scores as one JSON document."""
        scores = {
            name: {
                "precision": score.precision, "recall": score.recall, "f1": score.f1,
                "right": score.right, "published": score.published, "wanted": score.wanted,
            }
            for name, score in self.fields.items()
        }  # fmt: skip
        worst = [{"page": page.name, "f1": page.f1, "wrong": page.wrong} for page in self.worst]
        exact = round(self.exact / self.pages, 4) if self.pages else None
        return {"pages": self.pages, "count_exact": exact, "fields": scores, "missing": self.missing, "worst": worst}


def evaluate_snapshot(snapshot: Path, gold: Path) -> Evaluation:
    """Return the scores of a snapshot against the labels of a file, or of `gold.jsonl` and `pages.tsv` in a folder."""
    with told_as_damaged(snapshot):
        pages = _read_pages(snapshot)
    result = Evaluation()
    for label in read_labels(gold):
        page = pages.get(label.name)
        if page is None:
            result.missing.append(label.name)
        _score_page(result, label, page or {"scrape": None, "question": None, "posts": []})
    result.worst.sort(key=lambda page: (page.f1, page.name))
    return result


# -- labels -------------------------------------------------------------------------------------------------------------


def read_labels(gold: Path) -> list[Label]:
    """Return the labels of a file or a folder; a page with labelled posts is not counted twice."""
    files = [gold / name for name in ("gold.jsonl", "pages.tsv")] if gold.is_dir() else [gold]
    files = [file for file in files if file.exists()]
    if not files:
        raise WrongUse(f"{gold}: no labels there; name a gold file (.jsonl, .tsv) or a folder with gold.jsonl or pages.tsv")
    labels: dict[str, Label] = {}
    for file in files:
        try:
            for label in _read_table(file) if file.suffix == ".tsv" else _read_lines(file):
                labels.setdefault(label.name, label)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, csv.Error) as error:
            raise WrongUse(f"{file}: not labels that can be read: {error!r}") from error
    return list(labels.values())


def _read_table(file: Path) -> Iterator[Label]:
    for row in csv.DictReader(io.StringIO(read_text(file, MAX_LABELS), newline=""), delimiter="\t"):
        rejected = row["verdict"] == "reject"
        yield Label(_stem(row["name"]), None, None if rejected else int(row["answers"]))


def _read_lines(file: Path) -> Iterator[Label]:
    for line in read_text(file, MAX_LABELS).split("\n"):  # JSON may hold the other line breaks that Unicode knows
        if not line or line.isspace():
            continue
        record = json.loads(line)
        if "posts" in record:
            yield Label(record["name"], [_post(post) for post in record["posts"]], None, record.get("title"))
            continue
        opening = {"starts_with": record.get("question_starts_with"), "author": record.get("question_author")}
        asked = record.get("question") or opening
        posts = [_post(post) for post in [asked, *record["answers"]] if post.get("text") or post.get("starts_with")]
        yield Label(_stem(record["source"]), posts, None, record.get("title"))


def _post(post: dict[str, Any]) -> WantedPost:
    author = post.get("author")
    names = None if author is None else tuple(filter(None, author)) if isinstance(author, list) else (author,)
    whole = "text" in post
    texts = tuple(post[key] for key in ("text", "text_alt") if key in post) if whole else (post["starts_with"],)
    return WantedPost(texts, whole, names, post.get("author_ref"), post.get("posted_raw"))


def _stem(source: str) -> str:
    return _EXTENSIONS.sub("", _HOLDER.sub("", source.replace("\\", "/").rsplit("/", 1)[-1]))


# -- what was published -------------------------------------------------------------------------------------------------


def _read_pages(snapshot: Path) -> dict[str, dict[str, Any]]:
    """Return the scrapes of a snapshot by file name: the scrape, its question, its posts in order with their authors."""
    tables = {name: scan_table(snapshot, name).collect() for name in ("scrapes", "questions", "answers", "authors")}
    people = {row["author_id"]: row for row in tables["authors"].iter_rows(named=True)}
    pages: dict[str, dict[str, Any]] = {
        row["scrape_id"]: {"scrape": row, "question": None, "posts": []} for row in tables["scrapes"].iter_rows(named=True)
    }
    for row in tables["questions"].iter_rows(named=True):
        page = pages[row["scrape_id"]]
        page["question"] = row
        if row["body"] is not None:
            page["posts"].append({**row, "author": people.get(row["author_id"])})
    for row in tables["answers"].sort("question_id", "position").iter_rows(named=True):
        pages[row["scrape_id"]]["posts"].append({**row, "author": people.get(row["author_id"])})
    return {_stem(page["scrape"]["source"]): page for page in pages.values()}


# -- scores -------------------------------------------------------------------------------------------------------------


def _score_page(result: Evaluation, label: Label, page: dict[str, Any]) -> None:
    result.pages += 1
    posts = page["posts"]
    if label.posts is None:
        _score_count(result, label, page)
        return
    exact = len(posts) == len(label.posts)
    result.exact += exact
    wanted = [post for post in label.posts if _words(post.texts[0])]
    judged = [post for post in posts if _words(post["body"])]
    pairs = _pair(wanted, judged)
    result.fields["posts"].add(right=len(pairs), published=len(judged), wanted=len(wanted))
    authors, dates = result.fields["author"], result.fields["date"]
    labelled = {"author": any(post.authors is not None for post in wanted), "date": any(post.date for post in wanted)}
    named = sum(post["author"] is not None and post["author"]["name"] is not None for post in judged)
    dated = sum(post["posted_at_raw"] is not None for post in judged)
    authors.add(
        right=sum(bool(want.authors) and _is_author(want, got["author"]) for want, got in pairs),
        published=named if labelled["author"] else 0,
        wanted=sum(bool(post.authors) for post in wanted),
    )
    dates.add(
        right=sum(want.date is not None and _squash(want.date) == _squash(got["posted_at_raw"]) for want, got in pairs),
        published=dated if labelled["date"] else 0,
        wanted=sum(post.date is not None for post in wanted),
    )
    title = page["question"]["title"] if page["question"] else None
    if label.title is not None:
        right = title is not None and _words(title) == _words(label.title)
        result.fields["title"].add(right=int(right), published=int(title is not None), wanted=1)
    if len(pairs) < max(len(wanted), len(judged)) or not exact:
        f1 = round(2 * len(pairs) / max(1, len(wanted) + len(judged)), 4)
        said = f"{len(pairs)} of {len(label.posts)} posts right, {len(posts)} published"
        result.worst.append(PageScore(label.name, f1, said))


def _score_count(result: Evaluation, label: Label, page: dict[str, Any]) -> None:
    """Judge a page of which only the number of answers is labelled, or that it holds no thread."""
    published = page["question"] is not None
    count = (page["scrape"] or {}).get("answer_count")
    got = str(count) + " answers" if published else "refused" if page["scrape"] else "never read"
    want = "refused" if label.answers is None else f"{label.answers} answers"
    result.exact += got == want
    if got != want:
        result.worst.append(PageScore(label.name, 0.0, f"{got}, not {want}"))


def _pair(wanted: list[WantedPost], published: list[dict[str, Any]]) -> list[tuple[WantedPost, dict[str, Any]]]:
    """Return labelled posts with the published post that is theirs; each published post serves once."""
    free = {at: (_words(post["body"]), _grams(_words(post["body"]))) for at, post in enumerate(published)}
    pairs = []
    for want in wanted:
        if want.whole:
            targets = [_grams(_words(text)) for text in want.texts]
            scores = ((_overlap(target, grams), -at) for at, (_, grams) in free.items() for target in targets)
            best = max(scores, default=(0.0, 0))
            found = -best[1] if best[0] >= MATCH else None
        else:  # the last word of a beginning may be cut
            words = _words(want.texts[0])
            cut = words[:-1] if len(words) > 3 else words
            found = next((at for at, (said, _) in free.items() if said[: len(cut)] == cut), None)
        if found is not None and found in free:
            del free[found]
            pairs.append((want, published[found]))
    return pairs


def _is_author(want: WantedPost, author: dict[str, Any] | None) -> bool:
    if author is None:
        return False
    printed = {_name(name) for name in (author["name"], *(author["aliases"] or ())) if name}
    if printed & {_name(name) for name in want.authors or ()}:
        return True
    url = author["profile_url"]
    return bool(want.author_ref and url and url.rstrip("/").endswith(want.author_ref.lstrip("./").rstrip("/")))


def _name(name: str) -> str:
    return _squash(name).casefold().lstrip("+@")


def _squash(text: str | None) -> str:
    return " ".join((text or "").split())


def _words(text: str | None) -> list[str]:
    return _WORDS.findall((text or "").replace("_", " ").lower()) if text else []


def _grams(words: list[str]) -> Grams:
    return Counter(tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2))) if words else Counter()


def _overlap(one: Grams, other: Grams) -> float:
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 0.0
