"""The one reader of a published table: its rows come as the present contract has them, whichever contract wrote them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from schemas import polars_schema

# Table → what a column was called by an older contract → what it is called now.
RENAMED: Mapping[str, Mapping[str, str]] = {}
# Tables that snapshots of an older contract lack; every other one has a file in each snapshot, whole.
ADDED = frozenset({"author_aliases", "near_duplicates"})


def table_files(snapshot: Path, table: str) -> list[Path]:
    """Return the Parquet parts of a table, in order of their names.

    Raises FileNotFoundError where the snapshot has none, but for a table that its contract may not have known.
    """
    files = sorted((snapshot / table).glob("*.parquet"))
    if not files and table not in ADDED:
        raise FileNotFoundError(f"the table {table} has no file in {snapshot}")
    return files


def read_part(file: Path, table: str) -> pl.DataFrame:
    """Return the rows of one part, with the columns and types of the present contract; see `scan_part`."""
    return scan_part(file, table).collect()


def scan_part(file: Path, table: str) -> pl.LazyFrame:
    """Return the rows of one part, not read yet, with the columns and types of the present contract, in its order.

    A column that was renamed since has its present name; one that the part lacks is null; one that no contract knows any
    more is left out. The rows stand in the order of the file.
    """
    rows = pl.scan_parquet(file, glob=False, hive_partitioning=False)
    found = rows.collect_schema()
    former = {now: was for was, now in RENAMED.get(table, {}).items()}
    columns = []
    for column, kind in polars_schema(table).items():
        name = column if column in found else former.get(column, column)
        if name not in found:
            columns.append(pl.lit(None, kind).alias(column))
        else:
            columns.append((pl.col(name) if found[name] == kind else pl.col(name).cast(kind)).alias(column))
    return rows.with_columns(columns).select(list(polars_schema(table)))


def scan_table(snapshot: Path, table: str) -> pl.LazyFrame:
    """Return the rows of a table, not read yet, part after part, with the columns and types of the present contract.

    A table that the snapshot's contract did not know has zero rows. Raises FileNotFoundError for another one without a file.
    """
    parts = [scan_part(file, table) for file in table_files(snapshot, table)]
    return pl.concat(parts) if parts else pl.LazyFrame(schema=polars_schema(table))


def read_groups(file: Path, table: str) -> Iterator[pl.DataFrame]:
    """Yield the rows of one part a row group at a time, which is what is in memory; see `scan_part`."""
    with pq.ParquetFile(file) as part:
        sizes = [part.metadata.row_group(group).num_rows for group in range(part.num_row_groups)]
    first = 0
    for size in sizes:
        yield scan_part(file, table).slice(first, size).collect()
        first += size
