"""Reading what is published: a snapshot whose files are damaged is told in one line, whichever reader meets it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pyarrow as pa

from flows.errors import Damaged

# A panic is what Polars raises over bytes that it never thought of.
FAULTS = (OSError, KeyError, TypeError, UnicodeDecodeError)
UNREADABLE = (*FAULTS, pl.exceptions.PolarsError, pl.exceptions.PanicException, pa.ArrowException)
MOST_WORDS = 160


@contextmanager
def told_as_damaged(snapshot: Path) -> Iterator[None]:
    """Raise Damaged for what the reader of a snapshot's tables raises over files that are not what was published."""
    try:
        yield
    except UNREADABLE as error:
        what = " ".join(str(error).split())[:MOST_WORDS] or type(error).__name__
        remedy = "roll back to a whole one (threadmill snapshots --verify tells), or clean again"
        raise Damaged(f"{snapshot}: the snapshot is damaged ({what}); {remedy}") from error
