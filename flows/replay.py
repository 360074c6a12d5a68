"""Refused records tried again: which inputs they came from, and what came back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import polars as pl

from flows.publish.tables import scan_table

KEY = ("source", "table_name", "record_id", "column_name", "check_name")
COPIES = "duplicate"  # a copy of a scrape that stands has nothing to come back
MAX_SHOWN = 50

Refused = set[tuple[str | None, ...]]


def read_refused(snapshot: Path, check: str | None = None) -> Refused:
    """Return what a snapshot refused, (source, table, record, column, check) each; of one check, or of all but copies."""
    wanted = pl.col("check_name") == check if check else pl.col("check_name") != COPIES
    return set(scan_table(snapshot, "rejects").filter(wanted).select(KEY).collect().iter_rows())


def name_checks(snapshot: Path) -> list[str]:
    """Return the checks by which a snapshot refused anything, sorted."""
    checks = scan_table(snapshot, "rejects").select("check_name").unique().collect()
    return sorted(checks["check_name"].drop_nulls())


def brings_back(before: Path, after: Path) -> bool:
    """Whether a snapshot refused anything, copies aside, that another one does not refuse."""
    return bool(read_refused(before) - read_refused(after))


def inputs_of(refused: Refused, sources: Collection[str]) -> frozenset[str]:
    """Return the inputs among `sources` that refused records came from: the file itself, or one of its records (file#record).

    >>> sorted(inputs_of({("a.jsonl#7", "answers", None, None, "x")}, ["a.jsonl", "a.jsonl.txt"]))
    ['a.jsonl']
    """
    found = set()
    for source, *_ in refused:
        named = source or ""
        at = len(named)
        while at > 0 and named[:at] not in sources:
            at = named.rfind("#", 0, at)
        if at > 0:
            found.add(named[:at])
    return frozenset(found)


def compare(before: Refused, after: Refused) -> dict[str, Any]:
    """Return what came back, what is refused still and what is refused anew: numbers by check, and the first that came back."""
    back = sorted(before - after, key=repr)
    return {
        "tried": len(before),
        "came_back": _by_check(back),
        "still_refused": _by_check(before & after),
        "newly_refused": _by_check(after - before),
        "records": [dict(zip(KEY, record, strict=True)) for record in back[:MAX_SHOWN]],
    }


def _by_check(records: Iterable[tuple[str | None, ...]]) -> dict[str, int]:
    return dict(Counter(str(record[-1]) for record in records).most_common())
