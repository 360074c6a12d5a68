"""The path for one batch: pages in, sorted runs of validated rows out; what a worker process does."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import polars as pl
from polars.exceptions import PanicException

from flows.authors.resolve import author_key
from flows.collector import paused_collector
from flows.errors import ThreadmillError
from flows.identity import page_number
from flows.pipeline import take_page
from flows.publish.runs import PAGE, PIECE, write_run
from flows.quarantine import add_slices
from flows.read.batches import Batch, read_piece
from flows.read.pieces import Piece
from flows.records import Page, Thread, Unreadable
from flows.rows import STAGED, Columns, Rows, site_of_page
from flows.strip.residue import find_residue
from flows.validate import validate_batch
from schemas import polars_schema, traits_of

# Why an input could not be read that may be readable the next time, though nothing about it changes.
PASSING = {"vanished", "permission", "memory"}

log = logging.getLogger("threadmill")
Check = Callable[[dict[str, Columns]], object]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class PieceDone:
    """What one piece of a batch came to."""

    pages: int
    chars: int
    is_settled: bool  # False: it could not be read this time


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What one batch came to, piece by piece."""

    pieces: tuple[PieceDone, ...]

    @property
    def pages(self) -> int:
        """Pages read, those that could not be among them."""
        return sum(piece.pages for piece in self.pieces)


@lru_cache(maxsize=1)
def _columns() -> dict[str, tuple[str, ...]]:
    return {table: tuple(polars_schema(table)) for table in STAGED}


def clean_batch(batch: Batch, run: Path) -> Cleaned:
    """Read, strip, split and validate one batch, write its run of rows into the folder `run`, return what it came to.

    Running it again overwrites what it wrote. Raises OSError for what trying again may mend.
    """
    return refuse_what_fails(lambda check: _clean_batch(batch, run, check), batch)


def refuse_what_fails(work: Callable[[Check | None], Result], batch: Batch) -> Result:
    """Return what the work on a batch returns; where the rows of its pages fail together, it is done again page by page.

    The work gets a check then, for `take_page`, by which the page whose rows fail is refused alone.
    """
    try:
        return work(None)
    except (ThreadmillError, OSError, MemoryError):
        raise
    except (Exception, PanicException):  # polars panics as no exception of Python
        log.exception("the rows of batch %s failed together; each page is tried by itself", batch.number)
        return work(partial(_check_rows, batch.version))


def _check_rows(version: str, tables: dict[str, Columns]) -> None:
    """Validate the rows of one page. Raises whatever they make the checks raise."""
    try:
        add_slices(validate_batch(tables, find_residue), version)
    except PanicException as panic:
        raise RuntimeError(f"{panic}") from panic


def _clean_batch(batch: Batch, run: Path, check: Check | None) -> Cleaned:
    rows = Rows(_columns(), author_key)
    done: list[PieceDone] = []
    origins: dict[str, int] = {}
    heights: list[dict[str, int]] = []
    for number, piece in enumerate(batch.pieces):
        done.append(_clean_piece(piece, batch, rows, check, origins, number))
        heights.append(rows.heights)
    with paused_collector():  # columns are made with an object a row, and none is in a cycle
        frames = validate_batch(_with_pieces(rows, heights), find_residue)
        frames["rejects"] = add_slices(frames, batch.version)
        for table, frame in _staged(frames, origins).items():
            write_run(run, table, frame, traits_of(table)["shard"])
    return Cleaned(tuple(done))


def _clean_piece(
    piece: Piece, batch: Batch, rows: Rows, check: Check | None, origins: dict[str, int], number: int
) -> PieceDone:  # fmt: skip
    pages = chars = 0
    is_settled = True
    for read in read_piece(piece, batch.raw):
        if batch.held and (piece.found.source, site_of_page(read)) in batch.held:
            continue
        page, found = take_page(rows, read, batch.layouts, check)
        pages += 1
        origins[page.source] = number
        if isinstance(page, Page):
            chars += len(page.text)
        refused = page if isinstance(page, Unreadable) else found
        is_settled &= isinstance(refused, Thread) or refused is None or refused.check not in PASSING
    return PieceDone(pages, chars, is_settled)


def _with_pieces(rows: Rows, heights: list[dict[str, int]]) -> dict[str, Columns]:
    """Return the rows of every table with the number of the piece that each comes from."""
    tables = rows.tables
    for table, columns in tables.items():
        ends = [height[table] for height in heights]
        columns[PIECE] = tuple(number for number, (start, end) in enumerate(pairwise([0, *ends])) for _ in range(end - start))
    return tables


def _staged(frames: dict[str, pl.DataFrame], origins: dict[str, int]) -> dict[str, pl.DataFrame]:
    """Return the frames with what only the merge of batches needs, beside what the rows brought along.

    A refusal by a schema has no piece yet: it is that of its scrape. Posts are told which page of their thread they stood on.
    """
    rejects = frames["rejects"]
    if rejects[PIECE].null_count():
        of_scrape = pl.col("source").replace_strict(origins, default=0, return_dtype=pl.UInt32)
        frames["rejects"] = rejects.with_columns(pl.col(PIECE).fill_null(of_scrape))
    addresses = frames["scrapes"].select("scrape_id", "url").drop_nulls()
    later = {scrape: number for scrape, url in addresses.iter_rows() if (number := page_number(url)) > 1}
    page = pl.col("scrape_id").replace_strict(later, default=1, return_dtype=pl.Int32) if later else pl.lit(1, pl.Int32)
    return frames | {table: frames[table].with_columns(page.alias(PAGE)) for table in ("questions", "answers", "comments")}
