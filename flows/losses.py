"""Which published threads a run would take away, told from the keys of what it has cleaned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from flows.publish.manifest import check_tables
from flows.publish.runs import Run, read_columns
from flows.publish.tables import scan_table
from flows.removals import Losses

# Keys are compared by 64-bit hashes: 8 bytes a row; two of 10 million share one with a chance below 3 in a million.
HASH_SEED = 23
Counts = dict[str | None, int]


def count_losses(snapshot: Path, runs: Sequence[Run]) -> list[Losses]:
    """Return what of each site's published threads is not in the sorted batches `runs`.

    A thread whose scrape is there under whatever name, and read, is not lost, though rules may give it another id. Where its
    scrape is there and refused, so is the thread. All others are removed, but for as many as new threads of the site came into
    the same file: it was scraped again, or has the next night's records. Raises Damaged where the snapshot is not whole.
    """
    check_tables(snapshot, ("questions", "scrapes"))
    threads = scan_table(snapshot, "questions").select("question_id", "site", "scrape_id").collect()
    lost = threads.filter(~_hash("question_id").is_in(_read_threads(runs).implode()))
    published = threads.group_by("site").agg(published=pl.len())
    removed, refused = _judge(lost, snapshot, runs) if lost.height else ({}, {})
    return [
        Losses(site, count, removed.get(site, 0), refused.get(site, 0))
        for site, count in sorted(published.iter_rows(), key=str)
    ]


def _judge(lost: pl.DataFrame, snapshot: Path, runs: Sequence[Run]) -> tuple[Counts, Counts]:
    """Return how many of the lost threads of each site were removed, and how many are refused."""
    published = scan_table(snapshot, "scrapes").select("scrape_id", _file_of("source")).collect()
    scrapes = _read_scrapes(runs)
    read = scrapes.filter("is_read")
    named = lost.join(published, on="scrape_id", how="left")
    is_there = _hash("scrape_id").is_in(scrapes["scrape_id"].implode())
    is_read = _hash("scrape_id").is_in(read["scrape_id"].implode())
    is_new = ~pl.col("scrape_id").is_in(published.select(_hash("scrape_id")).to_series().implode())
    fresh = read.filter(is_new).group_by("site", "file").agg(fresh=pl.len())
    gone = named.filter(~is_there).group_by("site", "file").agg(gone=pl.len())
    left = gone.join(fresh, on=["site", "file"], how="left", nulls_equal=True).with_columns(pl.col("fresh").fill_null(0))
    removed = left.filter(pl.col("gone") > pl.col("fresh")).group_by("site").agg((pl.col("gone") - pl.col("fresh")).sum())
    refused = named.filter(is_there & ~is_read).group_by("site").agg(pl.len())
    return dict(removed.iter_rows()), dict(refused.iter_rows())


def _file_of(source: str) -> pl.Expr:
    """Return a hash of the file that a scrape stood in: its source up to the record."""
    return pl.col(source).str.split("#").list.first().hash(seed=HASH_SEED).alias("file")


def _read_threads(runs: Sequence[Run]) -> pl.Series:
    """Return a hash of the id of each thread that counts."""
    return pl.concat([read_columns(run, "questions", ["question_id"]).select(_hash("question_id")) for run in runs]).to_series()


def _read_scrapes(runs: Sequence[Run]) -> pl.DataFrame:
    """Return of each scrape that counts a hash of its id and of its file, its site, and whether a thread was found in it."""
    columns = ["scrape_id", "source", "site", "verdict"]
    told = _hash("scrape_id"), _file_of("source"), "site", (pl.col("verdict") != "rejected").alias("is_read")
    return pl.concat([read_columns(run, "scrapes", columns).select(told) for run in runs])


def _hash(column: str) -> pl.Expr:
    return pl.col(column).hash(seed=HASH_SEED)
