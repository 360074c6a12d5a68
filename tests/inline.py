"""A run in the test's own process: no workers, no orchestrator, the same path."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from flows.report import Silent
from flows.run import Options, Outcome, run_clean


class InlineExecutor:
    """Carries out each job at once."""

    workers = 1

    def submit(self, job: Callable[..., Any], *arguments: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(job(*arguments))
        except Exception as error:  # noqa: BLE001 -- the waiting side raises it again
            done.set_exception(error)
        return done

    def renew(self) -> None:
        """There are no processes."""

    def stop(self) -> None:
        """Nothing is under way."""


def clean_inline(raw: Path, processed: Path, **options: Any) -> Outcome:
    return run_clean(raw, processed, InlineExecutor(), Silent(), Options(**options))


def snapshot_of(raw: Path, processed: Path) -> Path:
    """Clean in this process; return the snapshot."""
    snapshot = clean_inline(raw, processed).snapshot
    assert snapshot is not None
    return snapshot
