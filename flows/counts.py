"""What a snapshot holds, counted while its tables are written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import polars as pl


@dataclass(slots=True)
class Counts:
    """Scrapes, characters, verdicts, splitters, rules and refusals of a snapshot, or of a part of it; adds up."""

    pages: int = 0  # scrapes that were read or refused, copies of others among them
    bytes: int = 0
    chars: int = 0
    kept_chars: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    layouts: Counter[str] = field(default_factory=Counter)
    sites: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)  # spans that each rule cut
    checks: Counter[str] = field(default_factory=Counter)  # refusals by check
    refusals: Counter[str] = field(default_factory=Counter)  # those of whole scrapes and records, by check, without copies

    def plus(self, other: Counts) -> Counts:
        """Return the counts of both."""
        return Counts(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    def as_json(self) -> dict[str, Any]:
        """Return the counts as plain data."""
        return {name: value if isinstance(value := getattr(self, name), int) else dict(value) for name in self.__slots__}

    def count(self, table: str, rows: pl.DataFrame) -> None:
        """Add rows of a table."""
        if table == "scrapes":
            self.pages += rows.height
            self.bytes += int(rows["bytes"].sum())
            self.chars += int(rows["chars"].sum())
            self.kept_chars += int(rows["kept_chars"].sum())
            for counter, column in ((self.verdicts, "verdict"), (self.layouts, "layout"), (self.sites, "site")):
                counter.update(_tally(rows[column]))
        elif table == "spans":
            self.rules.update(_tally(rows.filter(pl.col("record_id").is_null())["rule"]))
        elif table == "rejects":
            checks = _tally(rows["check_name"])
            self.checks.update(checks)
            self.pages += checks.get("duplicate", 0)
            whole = rows.filter(pl.col("severity") != "cell", pl.col("check_name") != "duplicate")
            self.refusals.update(_tally(whole["check_name"]))


def _tally(column: pl.Series) -> dict[str, int]:
    return dict(column.drop_nulls().value_counts().iter_rows())
