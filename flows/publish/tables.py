"""The one reader of a published table: its rows come as the present contract has them, whichever contract wrote them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from schemas import polars_schema

# Table → what a column was called by an older contract → what it is called now.
RENAMED: Mapping[str, Mapping[str, str]] = {
    "spans": {"start": "start_offset", "end": "end_offset"},
    "rejects": {
        "table": "table_name", "column": "column_name", "check": "check_name", "start": "start_offset", "end": "end_offset",
    },
}  # fmt: skip
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
    named = _names_in(found, table)
    columns = [
        pl.lit(None, kind).alias(column) if name is None else _as_type(name, found[name], kind).alias(column)
        for (column, kind), name in zip(polars_schema(table).items(), named.values(), strict=True)
    ]
    return rows.with_columns(columns).select(list(named))


def columns_in(file: Path, table: str) -> list[str]:
    """Return the columns of the present contract that a part has, under their present names."""
    found = pl.scan_parquet(file, glob=False, hive_partitioning=False).collect_schema()
    return [column for column, name in _names_in(found, table).items() if name is not None]


def _names_in(found: Mapping[str, pl.DataType], table: str) -> dict[str, str | None]:
    """Return column → what it is called in a part, None where the part lacks it; in the present contract's order."""
    former = {now: was for was, now in RENAMED.get(table, {}).items()}
    called = {column: column if column in found else former.get(column) for column in polars_schema(table)}
    return {column: name if name in found else None for column, name in called.items()}


def _as_type(name: str, found: pl.DataType, kind: pl.DataType) -> pl.Expr:
    return pl.col(name) if found == kind else pl.col(name).cast(kind)


def scan_table(snapshot: Path, table: str) -> pl.LazyFrame:
    """Return the rows of a table, not read yet, part after part, with the columns and types of the present contract.

    A table that the snapshot's contract did not know has zero rows; the site of an answer is that of its question where the
    answers do not say it. Raises FileNotFoundError for another table without a file.
    """
    files = table_files(snapshot, table)
    if not files:
        return pl.LazyFrame(schema=polars_schema(table))
    rows = pl.concat([scan_part(file, table) for file in files])
    is_whole = table != "answers" or all("site" in columns_in(file, table) for file in files)
    return rows if is_whole else _fill_sites(rows, snapshot)


def _fill_sites(answers: pl.LazyFrame, snapshot: Path) -> pl.LazyFrame:
    asked = scan_table(snapshot, "questions").select("question_id", pl.col("site").alias("_site"))
    filled = answers.join(asked, on="question_id", how="left", maintain_order="left")
    return filled.with_columns(site=pl.coalesce("site", "_site")).drop("_site")


def read_groups(file: Path, table: str, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
    """Yield the rows of one part a row group at a time, which is what is in memory; of all columns, or of some."""
    with pq.ParquetFile(file) as part:
        sizes = [part.metadata.row_group(group).num_rows for group in range(part.num_row_groups)]
    rows = scan_part(file, table).select(list(columns or polars_schema(table)))
    first = 0
    for size in sizes:
        yield rows.slice(first, size).collect()
        first += size
