"""The rows of an inspected scrape: authors as read, roles that are new."""

from __future__ import annotations

import pytest

from flows.inspection import Inspection
from flows.records import Byline, Claim, Post
from flows.view import View, describe_author, show_inspection


@pytest.mark.parametrize(
    ("byline", "words"),
    [
        (None, "not known"),
        (Byline("x"), "nothing read"),
        (Byline("x", name="Ann Lee", suffix="IV", in_memoriam=True), "name Ann Lee · suffix IV · in memoriam"),
        (Byline("x", review_count=3), "rating none (3 reviews)"),
    ],
)
def test_an_author_is_described_by_what_was_read(byline: Byline | None, words: str) -> None:
    assert describe_author(byline) == words


def test_roles_that_are_not_known_yet_are_shown_plainly() -> None:
    scrape = dict.fromkeys(Inspection.__slots__) | {
        "source": "a", "format": "txt", "bytes": 5, "chars": 5, "replacement_count": 0, "answer_count": 0, "kept_chars": 5,
        "cut_chars": 0, "confidence": 1.0, "verdict": "ok", "declared_answer_count": None, "fetched_at": None,
        **dict.fromkeys(("encoding", "url", "site", "title", "language", "licence", "layout")),
    }  # fmt: skip
    inspection = Inspection(scrape, [], "words", None, [Post()], [("id", None)], [Claim(0, 5, "signature", "new-rule", 0)])
    rows = ["".join(text for text, _ in row) for row in show_inspection(inspection, View())]
    assert " Q signature new-rule  │ words" in rows
