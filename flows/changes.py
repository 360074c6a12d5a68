"""What a snapshot changed: rows added, changed and gone since the one before, and counts that moved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from flows.publish.manifest import FileEntry, check_file
from flows.publish.parts import Part
from flows.publish.tables import columns_in, read_groups
from schemas import polars_schema, traits_of

TABLES = ("questions", "answers", "comments", "authors", "scrapes", "rejects")
# Rows are compared by 64-bit hashes, 16 bytes each: of ten million, two share one with a chance below 3 in a million.
HASH_SEED = 21


def compare_snapshots(before: Path, old: Sequence[FileEntry], after: Path, new: Iterable[Part]) -> dict[str, dict[str, int]]:
    """Return table → {"added", "changed", "gone"}: rows by their key; files that both share are not read.

    `old` are the entries of the older manifest. Where a table has no key (rejects), a row is its own. Of a snapshot of an older
    contract the columns count that it has, under their present names: a new column alone changes no row. Raises Damaged where
    a file of the older snapshot has other bytes than were published: it is not parsed.
    """
    was = {entry["path"] for entry in old}
    now = {part.path for part in new}
    for entry in old:
        if entry["path"] not in now:
            check_file(before, entry)
    told = {}
    for table in TABLES:
        older = [before / path for path in sorted(was - now) if path.startswith(f"{table}/")]
        newer = [after / path for path in sorted(now - was) if path.startswith(f"{table}/")]
        columns = _columns_in_all(table, older)
        gone, come = _hashes(table, older, columns), _hashes(table, newer, columns)
        both = come.join(gone, on="key", how="inner", suffix="_old")
        told[table] = {
            "added": come.height - both.height,
            "changed": both.filter(pl.col("row") != pl.col("row_old")).height,
            "gone": gone.height - both.height,
        }
    return told


def _columns_in_all(table: str, files: list[Path]) -> list[str]:
    """Return the columns of a table that each of some files has."""
    had = [columns_in(file, table) for file in files]
    return [column for column in polars_schema(table) if all(column in columns for columns in had)]


def _hashes(table: str, files: list[Path], columns: list[str]) -> pl.DataFrame:
    """Return a hash of the key and one of some columns for each row, read a row group at a time."""
    none = pl.DataFrame(schema={"key": pl.UInt64, "row": pl.UInt64})
    key = pl.struct(traits_of(table)["key"] or columns).hash(seed=HASH_SEED)
    row = pl.struct(columns).hash(seed=HASH_SEED)
    hashed = [rows.select(key=key, row=row) for file in files for rows in read_groups(file, table, columns)]
    return pl.concat([none, *hashed]).unique("key", keep="first", maintain_order=True)


def moved(before: dict[str, Any], after: dict[str, Any], what: str) -> dict[str, list[int]]:
    """Return name → [before, after] of the counts of one kind ("rules", "checks", "layouts" …) that differ most.

    >>> moved({"rules": {"a": 3, "b": 1}}, {"rules": {"a": 3, "c": 9}}, "rules")
    {'c': [0, 9], 'b': [1, 0]}
    """
    old, new = before.get(what) or {}, after.get(what) or {}
    names = sorted(old.keys() | new.keys(), key=lambda name: (-abs(new.get(name, 0) - old.get(name, 0)), name))
    return {name: [old.get(name, 0), new.get(name, 0)] for name in names if old.get(name, 0) != new.get(name, 0)}
