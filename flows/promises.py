"""The promises over the whole snapshot: every link between its tables holds, checked from the staged files."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from flows.errors import Fault
from flows.publish.parts import Part
from schemas import LINKS

# Keys are compared by 64-bit hashes: 8 bytes a row; two of 10 million keys share one with a chance below 3 in a million.
HASH_SEED = 20


def check_links(target: Path, parts: list[Part]) -> None:
    """Hold every link between the tables of a staged snapshot against its files. Raises Fault for one that is broken."""
    files = {table: [target / part.path for part in parts if part.table == table] for table in {p.table for p in parts}}
    known: dict[tuple[str, str], pl.Series] = {}
    for link in LINKS:
        if (link.target, link.key) not in known:
            known[link.target, link.key] = pl.concat([_hashes(file, link.key) for file in files[link.target]]).sort()
        there = known[link.target, link.key]
        for file in files[link.table]:
            refers = _hashes(file, link.column)
            missing = refers.len() - int(refers.is_in(there.implode()).sum()) if refers.len() else 0
            if missing:
                raise Fault(f"{link.table}.{link.column}: {missing} values are not in {link.target}; nothing was published")


def _hashes(file: Path, column: str) -> pl.Series:
    """Return a 64-bit hash of each distinct value of a column that is not null."""
    frame = pl.scan_parquet(file, glob=False).select(pl.col(column)).collect()
    return frame[column].drop_nulls().hash(seed=HASH_SEED).unique()
