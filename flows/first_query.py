"""A first query on the latest snapshot: who answered most, and how they are rated."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from flows.output import say
from flows.publish.snapshots import latest_snapshot
from flows.publish.tables import scan_table

QUERY = """
answers.join(authors, on="author_id").group_by("name", "role", "site")
       .agg(answers=pl.len(), rating=pl.col("rating").first()).sort("answers", "name", descending=[True, False])
"""


def main(processed: str) -> None:
    """Print where the tables are, the query and its result."""
    snapshot = latest_snapshot(Path(processed))
    if snapshot is None:
        sys.exit(f"{processed}: no snapshot was published there yet; run threadmill clean first")
    answers, authors = (scan_table(snapshot, table).collect() for table in ("answers", "authors"))
    found = (
        answers.join(authors, on="author_id")
        .group_by("name", "role", "site")
        .agg(answers=pl.len(), rating=pl.col("rating").first())
        .sort("answers", "name", descending=[True, False])
    )
    print("\nThe tables:")
    for folder in sorted(path for path in snapshot.iterdir() if path.is_dir()):
        say(f"  {folder}/*.parquet")
    print(f"\nA first query (Polars):\n{QUERY}")
    with pl.Config(tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True, tbl_rows=12):
        for line in str(found).split("\n"):
            say(line)


if __name__ == "__main__":
    main(sys.argv[1])
