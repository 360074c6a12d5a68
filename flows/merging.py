"""The sorted batches that count → the parts of a snapshot: which jobs merge them, in which order."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.authors.overrides import Overrides
from flows.executor import Executor, in_order
from flows.store import Store
from flows.workers import run_deal, run_join, run_move, run_resolve, run_share

if TYPE_CHECKING:
    from flows.counts import Counts
    from flows.merge import Merged, Share
    from flows.progress import Progress
    from flows.publish.runs import Run

# Characters of text from which merging gets new workers: those that cleaned hold some 250 MB of heap and caches, those that
# resolved a million threads' authors as much, and starting anew takes half a second.
RENEW_ABOVE = 256 << 20
MOST_WARNINGS = 20
log = logging.getLogger("threadmill")


def merge_all(
    store: Store, staging: Path, executor: Executor, progress: Progress, overrides: Overrides, basis: str
) -> list[Merged]:
    """Merge the runs that count into the parts of a snapshot, keep them for the next run, and check every link."""
    from flows.promises import check_links  # noqa: PLC0415 -- loads the column engine; the workers are at work by now

    progress.stage("merge")
    if store.chars > RENEW_ABOVE:
        executor.renew()
    store.adopt()
    if small := store.small_runs():
        folder = staging / "runs" / secrets.token_hex(8)
        executor.submit(run_join, small, folder).result()
        store.replace(small, folder)
        store.adopt()
    with ThreadPoolExecutor(1, thread_name_prefix="threadmill-store") as beside:
        kept = beside.submit(store.keep, basis)  # the disk is at work while the workers compute
        runs = store.runs()
        merged = _merge_tables(runs, store.chars, staging, executor, overrides)
        kept.result()
    progress.stage("check")
    check_links(staging / "snapshot", [part for share in merged for part in share.parts])
    return merged


def _merge_tables(runs: list[Run], chars: int, staging: Path, executor: Executor, overrides: Overrides) -> list[Merged]:
    from flows.merge import plan_shares  # noqa: PLC0415
    from flows.publish.runs import range_count  # noqa: PLC0415

    ranges = range_count(chars)

    def run(groups: list[str]) -> list[Merged]:
        shares: list[Share] = [share for group in groups for share in plan_shares(group, runs, staging, ranges)]
        jobs = ((run_share, (share,), None) for share in shares)
        return [merged for merged, _ in in_order(jobs, executor)]

    _resolve_authors(runs, ranges, staging, executor, overrides)
    if chars > RENEW_ABOVE:
        executor.renew()
    return run(["threads", "texts"]) + run(["spans", "scrapes", "authors"])  # these need what the threads came to


def _resolve_authors(runs: list[Run], ranges: int, staging: Path, executor: Executor, overrides: Overrides) -> None:
    """Find out which author ids stand for others: the authors dealt out by site, each deal resolved, their rows moved.

    Warns of authors in the overrides whom no input has.
    """
    from flows.joining import count_deals, tie_overrides  # noqa: PLC0415

    def run(job: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> list[Any]:
        return [result for result, _ in in_order(((job, told, None) for told in arguments), executor)]

    step = -(-ranges // executor.workers)
    shares = [range(at, min(at + step, ranges)) for at in range(0, ranges, step)]
    dealt, resolved = staging / "dealt", staging / "resolved"
    deals, tied = count_deals(runs), tie_overrides(runs, ranges, overrides)
    run(run_deal, ((runs, share, ranges, deals, tied, dealt) for share in shares))
    found = sorted(dealt.iterdir()) if dealt.is_dir() else [dealt / "none"]
    unmatched = run(run_resolve, ((deal, overrides, resolved / deal.name) for deal in found))
    for sentence in sorted(set.intersection(*map(set, unmatched)))[:MOST_WARNINGS]:
        log.warning(sentence)
    run(run_move, ((runs, share, ranges, resolved, staging / "moved") for share in shares))


def add_up(merged: list[Merged]) -> Counts:
    """Return the counts of all shares."""
    total = merged[0].counts
    for share in merged[1:]:
        total = total.plus(share.counts)
    return total
