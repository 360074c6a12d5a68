"""The tables by name, and the columns that refer from one to another."""

from __future__ import annotations

from typing import NamedTuple

from schemas.tables import (
    Answers,
    AuthorAliases,
    Authors,
    Comments,
    NearDuplicates,
    Questions,
    Rejects,
    Scrapes,
    Spans,
    Table,
    Texts,
)

TABLES: dict[str, type[Table]] = {
    "scrapes": Scrapes,
    "texts": Texts,
    "spans": Spans,
    "questions": Questions,
    "answers": Answers,
    "comments": Comments,
    "authors": Authors,
    "author_aliases": AuthorAliases,
    "near_duplicates": NearDuplicates,
    "rejects": Rejects,
}


class Link(NamedTuple):
    """Every non-null value of `column` in `table` is a value of `key` in `target`."""

    table: str
    column: str
    target: str
    key: str


LINKS = (
    Link("author_aliases", "author_id", "authors", "author_id"),
    Link("texts", "scrape_id", "scrapes", "scrape_id"),
    Link("spans", "scrape_id", "scrapes", "scrape_id"),
    Link("questions", "scrape_id", "scrapes", "scrape_id"),
    Link("questions", "author_id", "authors", "author_id"),
    Link("answers", "question_id", "questions", "question_id"),
    Link("answers", "scrape_id", "scrapes", "scrape_id"),
    Link("answers", "author_id", "authors", "author_id"),
    Link("answers", "parent_answer_id", "answers", "answer_id"),
    Link("comments", "question_id", "questions", "question_id"),
    Link("comments", "answer_id", "answers", "answer_id"),
    Link("comments", "scrape_id", "scrapes", "scrape_id"),
    Link("comments", "author_id", "authors", "author_id"),
    Link("rejects", "scrape_id", "scrapes", "scrape_id"),
)
