"""Worker processes, and the jobs that they are given; nothing heavy is loaded here, so that a run starts at once."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flows.collector import quiet_collector
from flows.errors import Fault
from flows.output import clean_logs
from flows.read.whereabouts import KEY, NOWHERE, SLOT, WHEREABOUTS, name_place

if TYPE_CHECKING:
    from flows.authors.overrides import Overrides
    from flows.batches import Cleaned
    from flows.merge import Merged, Share
    from flows.publish.manifest import FileEntry
    from flows.publish.parts import Part
    from flows.publish.runs import Run
    from flows.read.batches import Batch
    from flows.removals import Losses

Result = TypeVar("Result")
TRIES = 3  # a worker that dies three times at the same input, or the same job, does so because of it
MOST_BARRED = 8  # inputs of one job that may kill its workers, before the machine is at fault
SLOTS = 8  # places for notes, by worker: jobs that may be under way at once, with room
NOTES: list[Any] = []  # in a worker: the places for notes
log = logging.getLogger("threadmill")


def count_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def submit(pool: ProcessPoolExecutor, job: Callable[..., Result], *arguments: Any) -> Future[Result]:
    """Give a job to a pool; a process that is started for it never hears Ctrl-C.

    What ignores it once it has started (see begin_worker) would break off with a traceback in its first half second. A
    process inherits the signals that are blocked where it is started.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.submit(job, *arguments)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class WorkerPool:
    """Spawned processes; a job whose worker was killed is given to a new one, and an input that kills it each time is left out.

    Forking is no choice: a fork after Polars was loaded hangs. Each worker gets one thread of Polars and of numpy,
    for there are as many workers as cores.
    """

    def __init__(self, workers: int) -> None:
        for library in ("POLARS_MAX_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ.setdefault(library, "1")
        self.workers = workers
        self._renewing, self._by_itself = threading.Lock(), threading.Lock()
        self._stopped = False
        self._context = multiprocessing.get_context("spawn")
        self._free = list(range(SLOTS * workers))
        self._notes = self._context.RawArray("c", SLOT * len(self._free))  # where workers note which input they are at
        self._alone: ProcessPoolExecutor | None = None
        self._pool = self._open(workers)

    def _open(self, workers: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(workers, mp_context=self._context, initializer=begin_worker, initargs=(self._notes,))

    def run(self, job: Callable[..., Result], *arguments: Any) -> Result:
        """Return what a job returns; may be called from many threads. Raises Fault when its worker keeps dying.

        A process that dies ends the others of its pool, too: a job that was under way twice when that happened goes on by
        itself. An input at which three workers died is not tried again.
        """
        slot = self._free.pop()
        deaths: Counter[bytes] = Counter()
        barred: frozenset[bytes] = frozenset()
        try:
            while deaths.total() < TRIES * (MOST_BARRED + 1):
                try:
                    return self._try(deaths.total() >= TRIES - 1, slot, barred, job, *arguments)
                except BrokenProcessPool:
                    place = self._read_note(slot)
                    deaths[place[:KEY]] += 1
                    if deaths[place[:KEY]] < TRIES:
                        continue
                    if place[:KEY] == NOWHERE or len(barred) == MOST_BARRED:
                        break
                    barred |= {place[:KEY]}
                    log.warning("%s: a worker process died %s times at it; it is refused", name_place(place), TRIES)
        finally:
            self._free.append(slot)
        raise Fault(f"a worker process died {TRIES} times at the same work; is the memory used up?")

    def _read_note(self, slot: int) -> bytes:
        return bytes(memoryview(self._notes).cast("B")[slot * SLOT : (slot + 1) * SLOT])

    def _try(self, is_alone: bool, slot: int, barred: frozenset[bytes], job: Callable[..., Result], *arguments: Any) -> Result:  # noqa: FBT001
        memoryview(self._notes).cast("B")[slot * SLOT : (slot + 1) * SLOT] = bytes(SLOT)
        if is_alone:
            with self._by_itself, self._opened_alone() as pool:
                return cast("Result", submit(pool, carry_out, slot, barred, job, *arguments).result())
        pool = self._pool
        try:
            return cast("Result", submit(pool, carry_out, slot, barred, job, *arguments).result())
        except BrokenProcessPool:
            with self._renewing:
                if self._stopped:
                    raise Stopped from None
                if self._pool is pool:
                    pool.shutdown(wait=False)
                    self._pool = self._open(self.workers)
            raise

    @contextmanager
    def _opened_alone(self) -> Iterator[ProcessPoolExecutor]:
        with self._renewing:
            if self._stopped:
                raise Stopped
            self._alone = self._open(1)
        try:
            yield self._alone
        except BrokenProcessPool:
            if self._stopped:
                raise Stopped from None
            raise
        finally:
            self._alone.shutdown(wait=False)

    def renew(self) -> None:
        """Give the jobs to come to new processes, which hold nothing of those before; no job may be under way."""
        with self._renewing:
            if not self._stopped:
                self._pool.shutdown(wait=True)
                self._pool = self._open(self.workers)

    def stop(self) -> None:
        """End the processes in the middle of their work: when this returns, none of them writes any more."""
        with self._renewing:
            self._stopped = True
            for pool in filter(None, (self._pool, self._alone)):
                for process in list((pool._processes or {}).values()):  # noqa: SLF001 -- public from Python 3.14 on
                    process.terminate()
        self.close()

    def close(self) -> None:
        """End the processes when their work is done."""
        for pool in filter(None, (self._pool, self._alone)):
            pool.shutdown(wait=True, cancel_futures=True)


class Stopped(Exception):
    """The run ends, and so did the process of a job."""


def begin_worker(notes: Any = None) -> None:
    """Make a worker leave Ctrl-C to the run, end when the run was killed, use what was compiled, and note what it is at."""
    from flows.compiled import use_build  # noqa: PLC0415 -- before a job comes, whose arguments load modules

    clean_logs()
    use_build()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    NOTES.append(notes)


def carry_out(slot: int, barred: frozenset[bytes], job: Callable[..., Result], *arguments: Any) -> Result:
    """Return what a job returns, in a worker; the inputs that it is at are noted in its slot, but for those that are barred."""
    notes = memoryview(NOTES[-1]).cast("B")
    with WHEREABOUTS.noted(notes[slot * SLOT : (slot + 1) * SLOT], barred):
        return job(*arguments)


def _end_with_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        wait([parent.sentinel])
        os._exit(1)


class PlainExecutor:
    """Runs jobs in worker processes, without any orchestrator."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool, self.workers = pool, pool.workers
        self._threads = ThreadPoolExecutor(2 * pool.workers, thread_name_prefix=f"threadmill-{os.getpid()}")

    def submit(self, job: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Start a job in a worker process; return what it is waited for with."""
        return self._threads.submit(self._pool.run, job, *arguments)

    def renew(self) -> None:
        """Give the jobs to come to new processes."""
        self._pool.renew()

    def stop(self) -> None:
        """End the jobs that are under way."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._pool.stop()

    def close(self) -> None:
        """Wait for the threads, then for the processes."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._pool.close()


def run_batch(batch: Batch, run: Path) -> Cleaned:
    """Clean one batch, in a worker."""
    from flows.batches import clean_batch  # noqa: PLC0415 -- loaded in the worker

    quiet_collector()
    return clean_batch(batch, run)


def run_join(runs: list[Run], target: Path) -> None:
    """Join runs into one, in a worker."""
    from flows.publish.runs import join_runs  # noqa: PLC0415 -- loaded in the worker
    from flows.rows import STAGED  # noqa: PLC0415
    from schemas import traits_of  # noqa: PLC0415

    join_runs(runs, target, {table: str(traits_of(table)["shard"]) for table in STAGED})


def run_drop(run: Run, sites: list[str | None], target: Path) -> int | None:
    """Take the rows of some sites out of a run, in a worker."""
    from flows.carried import drop_sites  # noqa: PLC0415 -- loaded in the worker

    return drop_sites(run, sites, target)


def run_carry(snapshot: Path, sites: list[str | None], like: Path, target: Path, resolved: Path) -> int:
    """Make a run of what is published of some sites, in a worker."""
    from flows.carried import carry_sites  # noqa: PLC0415 -- loaded in the worker

    return carry_sites(snapshot, sites, like, target, resolved)


def run_losses(snapshot: Path, runs: list[Run]) -> list[Losses]:
    """Count what of a snapshot is not in runs, in a worker."""
    from flows.losses import count_losses  # noqa: PLC0415 -- loaded in the worker

    return count_losses(snapshot, runs)


def run_deal(runs: list[Run], ranges: range, of: int, deals: int, tied: dict[str, str], target: Path) -> None:
    """Deal the authors of some ranges out by their sites, in a worker."""
    from flows.joining import deal_authors  # noqa: PLC0415 -- loaded in the worker

    deal_authors(runs, ranges, of, deals, tied, target)


def run_resolve(deal: Path, overrides: Overrides, target: Path) -> list[str]:
    """Resolve the authors of a deal, in a worker; return which authors of an override are not in it."""
    from flows.joining import resolve_deal  # noqa: PLC0415 -- loaded in the worker

    quiet_collector()
    return resolve_deal(deal, overrides, target)


def run_move(runs: list[Run], ranges: range, of: int, resolved: Path, target: Path) -> None:
    """Move the rows of authors for whom another stands, in a worker."""
    from flows.joining import move_rows  # noqa: PLC0415 -- loaded in the worker

    move_rows(runs, ranges, of, resolved, target)


def run_compare(before: Path, old: list[FileEntry], after: Path, new: list[Part]) -> dict[str, dict[str, int]]:
    """Compare two snapshots, in a worker."""
    from flows.changes import compare_snapshots  # noqa: PLC0415 -- loaded in the worker

    return compare_snapshots(before, old, after, new)


def run_share(share: Share) -> Merged:
    """Merge one part of a group of tables, in a worker."""
    from flows.merge import merge_share  # noqa: PLC0415 -- loaded in the worker

    return merge_share(share)
