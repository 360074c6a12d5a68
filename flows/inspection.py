"""One scrape, looked into: what is published of it and the fate of every character, as plain data."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from flows.authors.resolve import author_key
from flows.pipeline import take_page
from flows.records import Claim, NoThread, Page, Post, Unreadable
from flows.rows import STAGED, SUSPECT_BELOW, Rows

# The columns that are shown. Rows are made as `clean` makes them, so that ids and verdicts are those of a snapshot.
COLUMNS = {
    **dict.fromkeys(STAGED, ()),
    "scrapes": (
        "scrape_id", "source", "format", "url", "site", "title", "language", "fetched_at", "encoding", "replacement_count",
        "bytes", "chars", "kind", "licence", "layout", "declared_answer_count", "answer_count", "kept_chars", "cut_chars",
        "confidence", "verdict",
    ),
    "spans": ("scrape_id", "start_offset", "end_offset", "role", "rule", "record_id"),
    "questions": ("question_id", "author_id"),
    "answers": ("answer_id", "author_id"),
    "comments": ("comment_id", "author_id"),
    "rejects": ("severity", "column_name", "check_name", "value", "reason", "row"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CutRule:
    """How much of a page one rule cut."""

    rule: str
    role: str
    stretches: int
    chars: int


@dataclass(frozen=True, slots=True)
class Inspection:
    """What there is to say of one scrape before its records meet those of others."""

    scrape: dict[str, Any]  # its row of the table of scrapes
    refusals: list[dict[str, Any]]  # what was refused of it, and why
    text: str = ""
    title: str | None = None
    posts: list[Post] = field(default_factory=list)  # the question, then the answers in order, then the comments
    ids: list[tuple[str, str | None]] = field(default_factory=list)  # of each post: its record's id, its author's
    claims: list[Claim] = field(default_factory=list)  # a partition of the text
    under: list[int] = field(default_factory=list)  # of each comment: the number of the post that it stands under

    def under_of(self, number: int) -> int | None:
        """Return the post that a comment stands under; None for the question and the answers."""
        at = number - (len(self.posts) - len(self.under))
        return self.under[at] if at >= 0 else None

    def doubts(self) -> list[str]:
        """Return why the verdict is not "ok", a sentence each."""
        if self.scrape["verdict"] == "rejected":
            return [
                f"{refusal['check_name']}: {refusal['reason']}" for refusal in self.refusals if refusal["severity"] == "scrape"
            ]
        doubts = []
        declared, found = self.scrape["declared_answer_count"], self.scrape["answer_count"]
        if declared is not None and declared != found:
            doubts.append(f"the page declares {declared:,} answers and {found:,} were found")
        if self.scrape["confidence"] < SUSPECT_BELOW:
            doubts.append(f"confidence is below {SUSPECT_BELOW}")
        return doubts

    def cut_rules(self) -> list[CutRule]:
        """Return what each rule cut, most characters first."""
        stretches: Counter[tuple[str, str]] = Counter()
        chars: Counter[tuple[str, str]] = Counter()
        for claim in self.claims:
            if claim.post is None:
                stretches[claim.rule, claim.role] += 1
                chars[claim.rule, claim.role] += claim.end - claim.start
        return [
            CutRule(*key, stretches[key], count) for key, count in sorted(chars.items(), key=lambda item: (-item[1], item[0]))
        ]

    def as_json(self) -> dict[str, Any]:
        """Return all of it as plain data; the spans partition the text."""
        scrape = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in self.scrape.items()}
        return {
            "scrape": scrape | {"doubts": self.doubts()},
            "refusals": self.refusals,
            "posts": [self._post_as_json(number) for number in range(len(self.posts))],
            "spans": [self._span_as_json(claim) for claim in self.claims],
            "cut": [asdict(cut) for cut in self.cut_rules()],
        }

    def _span_as_json(self, claim: Claim) -> dict[str, Any]:
        record = None if claim.post is None else self.ids[claim.post][0]
        return {**claim._asdict(), "record_id": record, "text": self.text[claim.start : claim.end]}

    def _post_as_json(self, number: int) -> dict[str, Any]:
        record, author = self.ids[number]
        post = asdict(self.posts[number])
        about = {"post": number, "record_id": record, "author_id": author, "under": self.under_of(number)}
        byline = self.posts[number].byline
        post["byline"] = byline._asdict() if byline is not None else None
        return {**about, "title": None if number else self.title, **post}


def inspect_input(read: Page | Unreadable, layouts: str = "all") -> Inspection:
    """Return what `clean` would make of one input, and why; `layouts` as `split_page` takes them."""
    rows = Rows(COLUMNS, author_key)
    read, found = take_page(rows, read, layouts)
    tables = {
        table: [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        for table, columns in rows.tables.items()
    }
    scrape, refusals = tables["scrapes"][0], tables["rejects"]
    if isinstance(read, Unreadable) or found is None:
        return Inspection(scrape, refusals)
    if isinstance(found, NoThread):
        return Inspection(scrape, refusals, read.text, claims=found.claims)
    keys = {"questions": "question_id", "answers": "answer_id", "comments": "comment_id"}
    ids = [(row[key], row["author_id"]) for table, key in keys.items() for row in tables[table]]
    posts = [found.question, *found.answers, *(remark.post for remark in found.remarks)]
    under = [remark.under for remark in found.remarks]
    return Inspection(scrape, refusals, read.text, found.title, posts, ids, found.claims, under)
