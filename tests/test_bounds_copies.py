"""What comes again costs once more each time, and no more than that."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from flows.merge import merge_posts
from flows.publish.runs import PAGE
from flows.strip.residue import find_residue
from flows.validate import validate_batch
from schemas import polars_schema
from tests.growth import growth_of

LINEAR = 1.5  # the power that a test lets pass: well below the square, and above the noise of a machine


Posts = tuple[pl.DataFrame, str, pl.DataFrame]


def copied_posts(copies: int) -> Posts:
    """Return the answers of two scrapes of a thread, one of them read a number of times, their key, and the scrapes by rank."""
    read = [*["newer"] * copies, "older"]
    rows = [
        (f"a{place}", "q", scrape, place, datetime(2024, 1, 1 + (scrape == "newer"), tzinfo=UTC))
        for scrape in read
        for place in range(1, 9)
    ]
    columns = {"answer_id": pl.String, "question_id": pl.String, "scrape_id": pl.String, "position": pl.Int32,
               "last_seen_at": pl.Datetime("us", "UTC")}  # fmt: skip
    posts = pl.DataFrame(rows, schema=columns, orient="row").with_columns(
        pl.lit(1, pl.Int32).alias(PAGE), _fetched_at=pl.col("last_seen_at"), _source=pl.col("scrape_id")
    )
    pages = pl.DataFrame({"question_id": "q", "scrape_id": read, PAGE: 1}).with_row_index("rank")
    return posts, "answer_id", pages


def test_scrapes_that_are_copies_of_one_show_a_thread_once() -> None:
    merged = merge_posts(*copied_posts(3))
    assert merged["position"].to_list() == list(range(1, 9))


def written_by_copies(copies: int) -> dict[str, dict[str, tuple[object, ...]]]:
    """Return the rows of an answer that holds code of its author's own, as often as its page was read."""
    code = "{{ name }}"
    tables: dict[str, dict[str, tuple[object, ...]]] = {
        table: dict.fromkeys(polars_schema(table), ())
        for table in ("scrapes", "texts", "spans", "questions", "answers", "comments", "authors", "rejects")
    }
    scrape = "ab" * 16
    values = {
        "scrapes": {
            "scrape_id": scrape, "source": "a.txt", "format": "txt", "replacement_count": 0, "chars": len(code),
            "answer_count": 0, "kept_chars": len(code), "cut_chars": 0, "confidence": 1.0, "verdict": "ok",
        },
        "texts": {"scrape_id": scrape, "text": code},
        "spans": {
            "scrape_id": scrape, "start_offset": 0, "end_offset": len(code), "role": "code", "rule": "own", "record_id": scrape,
        },
        "questions": {"question_id": scrape, "scrape_id": scrape, "body": code, "answer_count": 0, "confidence": 1.0},
    }  # fmt: skip
    for table, row in values.items():
        tables[table] = {name: (row.get(name),) * copies for name in polars_schema(table)}
    return tables


def test_the_code_of_a_page_is_held_against_its_posts_once_however_often_the_page_was_read() -> None:
    assert validate_batch(written_by_copies(50), find_residue)["questions"].height == 50
    assert growth_of(written_by_copies, lambda made: validate_batch(made, find_residue), 100, 8) < LINEAR


def test_copies_of_a_scrape_are_merged_in_time_that_grows_as_they_do() -> None:
    assert growth_of(copied_posts, lambda made: merge_posts(*made), 250, 8) < LINEAR
