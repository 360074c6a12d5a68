"""The path for one batch: pages in, sorted runs of validated rows out; what a worker process does."""

from __future__ import annotations

import gc
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from flows.authors.resolve import author_key
from flows.language import settle_language
from flows.pipeline import split_page
from flows.publish.runs import write_run
from flows.read.batches import Batch, read_batch
from flows.records import Unreadable
from flows.rows import Rows
from flows.strip.residue import find_residue
from flows.validate import validate_batch
from schemas import TABLES, polars_schema, traits_of


@dataclass(slots=True)
class Counts:
    """What one batch, or a whole run, came to; adds up."""

    pages: int = 0
    bytes: int = 0
    chars: int = 0
    kept_chars: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    layouts: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)  # spans that each rule cut
    checks: Counter[str] = field(default_factory=Counter)  # refusals by check

    def plus(self, other: Counts) -> Counts:
        """Return the counts of both."""
        return Counts(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    def as_json(self) -> dict[str, Any]:
        """Return the counts as plain data."""
        return {name: value if isinstance(value := getattr(self, name), int) else dict(value) for name in self.__slots__}


@lru_cache(maxsize=1)
def _columns() -> dict[str, tuple[str, ...]]:
    return {table: tuple(polars_schema(table)) for table in TABLES}


def quiet_collector() -> None:
    """Make Python look for cycles seldom: what is loaded stays, a page makes few, and looking takes a quarter of the time."""
    gc.freeze()
    gc.set_threshold(200_000, 50, 50)


def clean_batch(batch: Batch, staging: Path) -> Counts:
    """Read, strip, split and validate one batch, write its runs below `staging`, return its counts.

    Running it again overwrites what it wrote. Raises OSError for what trying again may mend.
    """
    quiet_collector()
    rows = Rows(_columns(), author_key)
    counts = Counts()
    for page in read_batch(batch):
        counts.pages += 1
        if isinstance(page, Unreadable):
            rows.refuse_input(page)
        else:
            page = settle_language(page)  # noqa: PLW2901 -- the same page, more of it known
            rows.add_page(page, split_page(page, batch.layouts))
    frames = validate_batch(rows.tables, find_residue)
    for table, frame in frames.items():
        write_run(staging, table, batch.number, frame, traits_of(table)["shard"])
    _count(counts, frames)
    return counts


def _count(counts: Counts, frames: dict[str, pl.DataFrame]) -> None:
    scrapes, cut = frames["scrapes"], frames["spans"].filter(pl.col("record_id").is_null())
    counts.rows.update({table: frame.height for table, frame in frames.items()})
    counts.bytes = int(scrapes["bytes"].sum())
    counts.chars, counts.kept_chars = int(scrapes["chars"].sum()), int(scrapes["kept_chars"].sum())
    counts.verdicts.update(scrapes["verdict"].to_list())
    counts.layouts.update(scrapes["layout"].drop_nulls().to_list())
    counts.rules.update(dict(cut["rule"].value_counts().iter_rows()))
    counts.checks.update(frames["rejects"]["check"].to_list())
