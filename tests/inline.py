"""A run in the test's own process: no workers, no orchestrator, the same path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flows.executor import InlineExecutor
from flows.report import Silent
from flows.run import Options, Outcome, run_clean


def clean_inline(raw: Path, processed: Path, **options: Any) -> Outcome:
    return run_clean(raw, processed, InlineExecutor(), Silent(), Options(**options))


def snapshot_of(raw: Path, processed: Path) -> Path:
    """Clean in this process; return the snapshot."""
    snapshot = clean_inline(raw, processed).snapshot
    assert snapshot is not None
    return snapshot
