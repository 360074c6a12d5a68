"""The sorted batches that count → the parts of a snapshot: which jobs merge them, in which order."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.authors.overrides import Overrides
from flows.errors import Damaged
from flows.executor import Executor, in_order
from flows.store import Store
from flows.workers import run_carry, run_deal, run_drop, run_join, run_move, run_resolve, run_share

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


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Sites whose rows come from a published snapshot, whatever was cleaned of them."""

    snapshot: Path
    sites: list[str | None]


@dataclass(frozen=True, slots=True)
class _Batches:
    """The sorted batches that a snapshot is made of."""

    cleaned: list[Run]
    carried: list[Run]  # what is published of sites that are held back; their authors are resolved already
    weight: int  # of all pages in them


def keep_cleaned(store: Store, staging: Path, executor: Executor, progress: Progress) -> None:
    """Move what was cleaned to where it stays, small batches joined into one."""
    progress.stage("merge")
    if store.weight > RENEW_ABOVE:
        executor.renew()
    store.adopt()
    for small in store.small_runs():
        folder = staging / "runs" / secrets.token_hex(8)
        executor.submit(run_join, small, folder).result()
        store.replace(small, folder)
        store.adopt()


def merge_all(
    store: Store, staging: Path, executor: Executor, progress: Progress, overrides: Overrides, basis: str, held: HeldBack | None
) -> list[Merged]:
    """Merge the batches that count into the parts of a snapshot, keep them for the next run, and check every link."""
    from flows.promises import check_links  # noqa: PLC0415 -- loads the column engine; the workers are at work by now

    with ThreadPoolExecutor(1, thread_name_prefix="threadmill-store") as beside:
        kept = beside.submit(store.keep, basis)  # the disk is at work while the workers compute
        batches = _Batches(store.runs(), [], store.weight)
        if held is not None:
            batches = _hold_back(batches, held, staging, executor)
        merged = _merge_tables(batches, staging, executor, overrides)
        kept.result()
    progress.stage("check")
    check_links(staging / "snapshot", [part for share in merged for part in share.parts])
    return merged


def _hold_back(batches: _Batches, held: HeldBack, staging: Path, executor: Executor) -> _Batches:
    """Return the batches with what is published of some sites in the place of what was cleaned of them."""
    from flows.publish.runs import Run  # noqa: PLC0415 -- loads the column engine; the workers are at work by now

    named = sorted(held.sites, key=lambda site: site or "")
    left, weight = list[Run](), batches.weight
    targets = [(run, staging / "left" / f"{number:06d}") for number, run in enumerate(batches.cleaned)]
    jobs = ((run_drop, (run, named, target), (run, target)) for run, target in targets)
    for dropped, (run, target) in in_order(jobs, executor):
        left.append(run if dropped is None else Run(target))
        weight -= dropped or 0
    target, resolved = staging / "carried", staging / "resolved" / "carried"
    try:
        weight += executor.submit(run_carry, held.snapshot, named, left[0].folder, target, resolved).result()
    except Damaged as damage:
        what = f"{held.snapshot.name}, from which {', '.join(site or 'what has no site' for site in named)} would be kept"
        raise Damaged(f"{what}, is damaged ({damage}); roll back to a whole snapshot, or accept what is held back") from damage
    return _Batches(left, [Run(target)], weight)


def _merge_tables(batches: _Batches, staging: Path, executor: Executor, overrides: Overrides) -> list[Merged]:
    from flows.merge import plan_shares, write_unfilled  # noqa: PLC0415
    from flows.publish.runs import range_count  # noqa: PLC0415

    ranges, runs = range_count(batches.weight), [*batches.cleaned, *batches.carried]

    def run(groups: list[str]) -> list[Merged]:
        shares: list[Share] = [share for group in groups for share in plan_shares(group, runs, staging, ranges)]
        jobs = ((run_share, (share,), None) for share in shares)
        return [merged for merged, _ in in_order(jobs, executor)]

    _resolve_authors(batches.cleaned, ranges, staging, executor, overrides)
    if batches.weight > RENEW_ABOVE:
        executor.renew()
    merged = run(["threads", "texts"]) + run(["spans", "scrapes", "authors"])  # these need what the threads came to
    return [*merged, write_unfilled(staging / "snapshot")]


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
