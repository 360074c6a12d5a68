"""Runs: what a batch staged, one sorted Arrow file per table, read back in ranges of the key.

Every table has a shard column, a digest. The ranges cut the space of digests evenly, so that range i of every run
together hold all rows of these keys: they can be joined, deduplicated and written without the rest in memory.
(The external merge of sorted runs: Knuth, TAOCP 3, 5.4; here with hash ranges in place of a heap.)
"""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa

# What the pages of one range may weigh, mostly text: with its copies while it is sorted and written, a worker stays at 250 MB.
RANGE_BYTES = 16 << 20
MAX_RANGES = 1 << 16
# Runs that are mapped at a time: each buffer that a stretch of a file touches brings 64 KB or more of it into memory, three
# megabytes a run; of some hundred runs that would be over a gigabyte.
MOST_MAPPED = 16
PIECE = "_piece"  # which piece of its batch a row comes from, from 0
RUN = "_run"  # which of the runs that are merged a row comes from, from 0; given when it is read
PAGE = "_page"  # which page of its thread a post stood on, from 1


@dataclass(frozen=True, slots=True)
class Run:
    """The files of one batch, and which of its pieces still count; None: all of them."""

    folder: Path
    alive: tuple[int, ...] | None = None


def write_run(folder: Path, table: str, frame: pl.DataFrame, shard: str) -> Path:
    """Write a batch's rows of one table, sorted by the shard column; return the file."""
    target = folder / f"{table}.arrow"
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = target.with_suffix(".tmp")
    # The oldest layout keeps strings in row order, so that a range is one stretch of the file.
    frame.sort(shard, maintain_order=True).write_ipc(staged, compression="uncompressed", compat_level=pl.CompatLevel.oldest())
    staged.replace(target)
    return target


def range_count(weight: int) -> int:
    """Return into how many ranges a snapshot is cut, a power of two; it depends on what its pages weigh alone.

    >>> range_count(1000), range_count(100 << 20)
    (1, 8)
    """
    count = 1
    while count * RANGE_BYTES < weight and count < MAX_RANGES:
        count *= 2
    return count


class RunReader:
    """The runs of one table, in the order given; memory holds what the range at hand touches."""

    def __init__(self, runs: Sequence[Run], table: str, shard: str, ranges: int) -> None:
        self._maps: list[mmap.mmap] = []
        self._tables: list[pa.Table] = []
        self._bounds: list[list[int]] = []
        self._alive = [run.alive for run in runs]
        # The first 8 hex digits of a digest are its place in 2**32; no bound is needed above the last range.
        edges = pl.Series([f"{(at << 32) // ranges:08x}" for at in range(ranges)])
        for run in runs:
            with (run.folder / f"{table}.arrow").open("rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            rows = pa.ipc.open_file(pa.py_buffer(mapped)).read_all()
            keys = pl.Series(rows.column(shard)) if rows.num_rows else pl.Series([], dtype=pl.String)
            self._maps.append(mapped)
            self._tables.append(rows)
            self._bounds.append([*keys.search_sorted(edges, side="left").to_list(), rows.num_rows])
            mapped.madvise(mmap.MADV_DONTNEED)  # of a million threads, the keys of all runs together would be over a gigabyte

    def read(self, at: int) -> pl.DataFrame:
        """Return the rows of range `at` that count, run after run; the schema alone where there are none."""
        found = [(run, bounds[at], bounds[at + 1]) for run, bounds in enumerate(self._bounds) if bounds[at + 1] > bounds[at]]
        stretches = found or [(0, 0, 0)]
        copied = [self._take(stretches[first : first + MOST_MAPPED]) for first in range(0, len(stretches), MOST_MAPPED)]
        rows = _as_frame(pa.concat_tables(copied).combine_chunks())
        told = {"run": [run for run, _, _ in found], "rows": [end - start for _, start, end in found]}
        runs = pl.DataFrame(told, schema=dict.fromkeys(told, pl.UInt32)).select(pl.col("run").repeat_by("rows").explode())
        return self._of_living(rows.with_columns(runs["run"].alias(RUN)))

    def _take(self, stretches: Sequence[tuple[int, int, int]]) -> pa.Table:
        """Return stretches of runs (run, first row, last row) in memory of their own, and let go of the maps."""
        rows = _copy([self._tables[run].slice(start, end - start) for run, start, end in stretches])
        for run, _, _ in stretches:
            self._maps[run].madvise(mmap.MADV_DONTNEED)
        return rows

    def _of_living(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of pieces that still count."""
        if all(alive is None for alive in self._alive):
            return rows
        whole = [run for run, alive in enumerate(self._alive) if alive is None]
        some = [(run, piece, True) for run, alive in enumerate(self._alive) for piece in alive or ()]
        living = pl.DataFrame(some, schema={RUN: pl.UInt32, PIECE: pl.UInt32, "_alive": pl.Boolean}, orient="row")
        told = rows.join(living, on=[RUN, PIECE], how="left", maintain_order="left")
        return told.filter(pl.col("_alive") | pl.col(RUN).is_in(whole)).drop("_alive")


def _copy(stretches: Sequence[pa.Table]) -> pa.Table:
    """Return stretches of mapped files, one after the other, in memory of their own."""
    if len(stretches) > 1:
        return pa.concat_tables(stretches).combine_chunks()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, stretches[0].schema) as stream:
        stream.write_table(stretches[0])
    return pa.ipc.open_stream(sink.getvalue()).read_all()


def read_rows(run: Run, table: str) -> pl.DataFrame:
    """Return all rows of a table of a run, whether or not they count."""
    with (run.folder / f"{table}.arrow").open("rb") as file:  # given a path, Polars would take signs in it for a pattern
        return pl.read_ipc(file)


def count_rows(run: Run, table: str) -> int:
    """Return how many rows of a table a run holds, whether or not they count."""
    with pa.memory_map(str(run.folder / f"{table}.arrow")) as file:
        return int(pa.ipc.open_file(file).read_all().num_rows)


def detach(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows whose strings are their own: those that were filtered out of a range hold on to the strings of all of it."""
    return _as_frame(rows.to_arrow(compat_level=pl.CompatLevel.oldest()))


def _as_frame(rows: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(rows)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 -- for the type checker: a table gives a frame
    return frame


def read_columns(run: Run, table: str, columns: Sequence[str]) -> pl.DataFrame:
    """Return some columns of the rows of a table that count in a run; the others are not read."""
    with pa.memory_map(str(run.folder / f"{table}.arrow")) as file:
        rows = _as_frame(pa.ipc.open_file(file).read_all().select([*columns, PIECE]))
        counted = rows if run.alive is None else rows.filter(pl.col(PIECE).is_in(run.alive))
        return detach(counted.select(columns))


def join_runs(runs: Sequence[Run], target: Path, shards: dict[str, str]) -> None:
    """Write the rows of several runs that count as one run; its pieces are those of the runs, numbered on in their order."""
    for table, shard in shards.items():
        frames, base = [], 0
        for run in runs:
            rows = RunReader([Run(run.folder)], table, shard, 1).read(0)
            alive = run.alive or ()
            numbers = pl.DataFrame(
                {PIECE: alive, "_new": range(base, base + len(alive))}, schema=dict.fromkeys((PIECE, "_new"), pl.UInt32)
            )
            kept = rows.join(numbers, on=PIECE, how="inner", maintain_order="left")
            frames.append(kept.with_columns(pl.col("_new").alias(PIECE)).drop("_new", RUN))
            base += len(alive)
        write_run(target, table, pl.concat(frames), shard)
