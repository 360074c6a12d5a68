"""Batches → the tables of a snapshot: one row per key, the newest scrape first, range by range.

Each function works on one part of a group of tables that share a shard column, and may run in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.errors import Fault
from flows.publish.parts import Part, PartWriter
from flows.publish.runs import RunReader, write_run
from flows.validate import refuse_rows
from schemas import polars_schema, traits_of

# Bytes of staged rows that one part takes: zstd leaves about two fifths, so parts come to 128 to 256 MB.
PART_BYTES = 480 << 20
COUNTS = "author_counts"


@dataclass(frozen=True, slots=True)
class Share:
    """A part's share of the work: the ranges [first, last) of a group of tables."""

    group: str
    number: int
    first: int
    last: int
    ranges: int
    staging: Path
    target: Path


def plan_shares(group: str, staging: Path, target: Path, ranges: int) -> list[Share]:
    """Return the shares of a group: as many parts as its largest table needs, a power of two."""
    largest = max(sum(file.stat().st_size for file in (staging / table).glob("*.arrow")) for table in GROUPS[group][0])
    parts = 1
    while parts < ranges and largest > parts * PART_BYTES:
        parts *= 2
    step = ranges // parts
    return [Share(group, at, at * step, (at + 1) * step, ranges, staging, target) for at in range(parts)]


def merge_share(share: Share) -> list[Part]:
    """Write one part of each table of a group; return the parts."""
    tables, merge = GROUPS[share.group]
    readers = {table: RunReader(share.staging, table, shard_of(table), share.ranges) for table in tables}
    if share.group == "authors":
        readers[COUNTS] = RunReader(share.staging, COUNTS, "author_id", share.ranges)
    writers = {table: PartWriter(share.target, table, share.number) for table in tables}
    buffers: dict[str, list[pl.DataFrame]] = {table: [] for table in tables}
    try:
        for at in range(share.first, share.last):
            rows = merge({table: reader.read(at) for table, reader in readers.items()}, share, at)
            for table, frame in rows.items():
                ordered = frame.sort(_sort_of(table), nulls_last=False, maintain_order=True)
                if _sort_of(table)[0] == shard_of(table):
                    writers[table].write(ordered)
                else:
                    buffers[table].append(ordered)
            for reader in readers.values():
                reader.release()
        for table, frames in buffers.items():
            if frames:
                writers[table].write(pl.concat(frames).sort(_sort_of(table), maintain_order=True))
    except BaseException:
        for writer in writers.values():
            writer.abandon()
        raise
    return [writer.close() for writer in writers.values()]


def shard_of(table: str) -> str:
    """Return the column by which a table's rows are cut into ranges."""
    return "author_id" if table == COUNTS else str(traits_of(table)["shard"])


def _sort_of(table: str) -> list[str]:
    return list(traits_of(table)["sort"])


# -- one row per key ------------------------------------------------------------------------------------------------------


def _merge_scrapes(rows: dict[str, pl.DataFrame], share: Share, at: int) -> dict[str, pl.DataFrame]:
    """One row per scrape; a copy of a scrape is refused and named."""
    del share, at
    ranked = rows["scrapes"].sort(["scrape_id", "fetched_at", "source"], descending=[False, True, False], nulls_last=True)
    kept = ranked.unique("scrape_id", keep="first", maintain_order=True)
    copies = ranked.filter(~pl.col("scrape_id").is_first_distinct()).join(
        kept.select("scrape_id", pl.col("source").alias("first")), on="scrape_id"
    )
    refused = copies.select(
        "scrape_id",
        "source",
        table=pl.lit("scrapes"),
        record_id=pl.col("scrape_id"),
        column=pl.lit(None, pl.String),
        check=pl.lit("duplicate"),
        value=pl.lit(None, pl.String),
        reason=pl.format("the same content as {}, which stands for both", "first"),
        severity=pl.lit("scrape"),
        row=pl.lit(None, pl.String),
    )
    return {"scrapes": kept, "rejects": pl.concat([rows["rejects"], refused]).unique(maintain_order=True)}


def _merge_texts(rows: dict[str, pl.DataFrame], share: Share, at: int) -> dict[str, pl.DataFrame]:
    del share, at
    return {"texts": rows["texts"].unique("scrape_id", keep="first", maintain_order=True)}


def _merge_spans(rows: dict[str, pl.DataFrame], share: Share, at: int) -> dict[str, pl.DataFrame]:
    del share, at
    return {"spans": rows["spans"].unique(["scrape_id", "start"], keep="first", maintain_order=True)}


NEWEST = ("_fetched_at", "_source", "scrape_id")  # unknown times count as oldest, then the source decides


def _newest_first(posts: pl.DataFrame, *then: str) -> pl.DataFrame:
    return posts.sort([*NEWEST, *then], descending=[True, *(False for _ in (*NEWEST[1:], *then))], nulls_last=True)


def _merge_threads(rows: dict[str, pl.DataFrame], share: Share, at: int) -> dict[str, pl.DataFrame]:
    """One row per question, the newest scrape's; of its answers and comments each once, those of the newest scrape first."""
    questions = _newest_first(rows["questions"]).unique("question_id", keep="first", maintain_order=True)
    answers = _merge_posts(rows["answers"], "answer_id")
    comments = _merge_posts(rows["comments"], "comment_id")
    counts = answers.group_by("question_id").agg(pl.len().cast(pl.Int32).alias("_answers"))
    questions = questions.join(counts, on="question_id", how="left").with_columns(
        answer_count=pl.col("_answers").fill_null(0).cast(pl.Int32)
    )
    for table, frame in (("answers", answers), ("comments", comments)):
        if frame.join(questions, on="question_id", how="anti").height:
            raise Fault(f"{table}: a row refers to a question that is not there; nothing was published")  # promise 1
    write_run(share.staging, COUNTS, at, _count_authors(questions, answers, comments), "author_id")
    return {"questions": questions, "answers": answers, "comments": comments}


def _merge_posts(posts: pl.DataFrame, key: str) -> pl.DataFrame:
    ranked = _newest_first(posts, "position")
    kept = ranked.unique(key, keep="first", maintain_order=True)
    return kept.with_columns(position=pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("question_id"))


def _count_authors(questions: pl.DataFrame, answers: pl.DataFrame, comments: pl.DataFrame) -> pl.DataFrame:
    """Return what the published posts say of their authors: how many, first and last."""
    posts = pl.concat(
        [
            frame.filter(pl.col("author_id").is_not_null()).select(
                "author_id", "posted_at", question_count=pl.lit(table == "questions"), answer_count=pl.lit(table == "answers")
            )
            for table, frame in (("questions", questions), ("answers", answers), ("comments", comments))
        ]
    )
    return posts.group_by("author_id").agg(
        pl.col("question_count", "answer_count").sum().cast(pl.Int32),
        pl.col("posted_at").min().alias("first_posted_at"),
        pl.col("posted_at").max().alias("last_posted_at"),
    )


def _merge_authors(rows: dict[str, pl.DataFrame], share: Share, at: int) -> dict[str, pl.DataFrame]:
    """One row per author of a published post; of each field the newest that is known."""
    del share, at
    counts = (
        rows[COUNTS]
        .group_by("author_id")
        .agg(pl.col("question_count", "answer_count").sum(), pl.col("first_posted_at").min(), pl.col("last_posted_at").max())
    )
    ranked = rows["authors"].sort(["_fetched_at", "_source", "_position"], descending=[True, False, False], nulls_last=True)
    told = set(counts.columns) | {"author_id", "in_memoriam", "aliases", "credentials"}
    fields = [column for column in polars_schema("authors") if column not in told]
    known = ranked.group_by("author_id").agg(
        *(pl.col(field).drop_nulls().first() for field in fields),
        pl.col("credentials").first(),
        pl.col("in_memoriam").any(),
        pl.col("aliases").explode().drop_nulls().unique().sort(),
    )
    authors = counts.join(known, on="author_id", how="left")
    if authors["aliases"].null_count():
        raise Fault("authors: a post refers to an author that is not there; nothing was published")  # promise 1
    authors = authors.select(polars_schema("authors").keys())
    _, refused = refuse_rows("authors", authors)
    if refused:
        raise Fault(f"authors: {refused[0].reason} ({refused[0].value}); nothing was published")
    return {"authors": authors}


Merge = Callable[[dict[str, pl.DataFrame], Share, int], dict[str, pl.DataFrame]]
GROUPS: dict[str, tuple[tuple[str, ...], Merge]] = {
    "scrapes": (("scrapes", "rejects"), _merge_scrapes),
    "texts": (("texts",), _merge_texts),
    "spans": (("spans",), _merge_spans),
    "threads": (("questions", "answers", "comments"), _merge_threads),
    "authors": (("authors",), _merge_authors),
}
