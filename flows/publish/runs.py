"""Runs: what a batch staged, one sorted Arrow file per table, read back in ranges of the key.

Every table has a shard column, a digest. The ranges cut the space of digests evenly, so that range i of every run
together hold all rows of these keys: they can be joined, deduplicated and written without the rest in memory.
(The external merge of sorted runs: Knuth, TAOCP 3, 5.4; here with hash ranges in place of a heap.)
"""

from __future__ import annotations

import mmap
from pathlib import Path

import polars as pl
import pyarrow as pa

# Text that one range may hold: with its copies while it is sorted and written, a worker stays near 250 MB.
RANGE_BYTES = 24 << 20
MAX_RANGES = 1 << 16


def write_run(folder: Path, table: str, number: int, frame: pl.DataFrame, shard: str) -> Path:
    """Write a batch's rows of one table, sorted by the shard column; return the file."""
    target = folder / table / f"{number:06d}.arrow"
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = target.with_suffix(".tmp")
    # The oldest layout keeps strings in row order, so that a range is one stretch of the file.
    frame.sort(shard, maintain_order=True).write_ipc(staged, compression="uncompressed", compat_level=pl.CompatLevel.oldest())
    staged.replace(target)
    return target


def range_count(text_bytes: int) -> int:
    """Return into how many ranges a snapshot is cut, a power of two that depends on its text alone.

    >>> range_count(1000), range_count(100 << 20)
    (1, 8)
    """
    count = 1
    while count * RANGE_BYTES < text_bytes and count < MAX_RANGES:
        count *= 2
    return count


class RunReader:
    """The runs of one table, in batch order; memory holds what the range at hand touches."""

    def __init__(self, folder: Path, table: str, shard: str, ranges: int) -> None:
        self._maps: list[mmap.mmap] = []
        self._tables: list[pa.Table] = []
        self._bounds: list[list[int]] = []
        # The first 8 hex digits of a digest are its place in 2**32; no bound is needed above the last range.
        edges = pl.Series([f"{(at << 32) // ranges:08x}" for at in range(ranges)])
        for path in sorted((folder / table).glob("*.arrow")):
            with path.open("rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            rows = pa.ipc.open_file(pa.py_buffer(mapped)).read_all()
            keys = pl.Series(rows.column(shard)) if rows.num_rows else pl.Series([], dtype=pl.String)
            self._maps.append(mapped)
            self._tables.append(rows)
            self._bounds.append([*keys.search_sorted(edges, side="left").to_list(), rows.num_rows])
        self.release()

    def read(self, at: int) -> pl.DataFrame:
        """Return the rows of range `at` of all runs, in batch order; the schema alone where there are none."""
        slices = [
            rows.slice(bounds[at], bounds[at + 1] - bounds[at])
            for rows, bounds in zip(self._tables, self._bounds, strict=True)
            if bounds[at + 1] > bounds[at]
        ]
        found = pl.from_arrow(pa.concat_tables(slices or [self._tables[0].slice(0, 0)]))
        assert isinstance(found, pl.DataFrame)  # noqa: S101 -- for the type checker: a table gives a frame
        return found

    def release(self) -> None:
        """Let go of the pages of the file that were touched."""
        for mapped in self._maps:
            mapped.madvise(mmap.MADV_DONTNEED)
