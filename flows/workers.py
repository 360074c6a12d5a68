"""Worker processes, and the jobs that they are given; nothing heavy is loaded here, so that a run starts at once."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from flows.errors import Fault

if TYPE_CHECKING:
    from flows.authors.overrides import Overrides
    from flows.batches import Cleaned
    from flows.merge import Merged, Share
    from flows.publish.manifest import FileEntry
    from flows.publish.parts import Part
    from flows.publish.runs import Run
    from flows.read.batches import Batch

Result = TypeVar("Result")
TRIES = 3  # a worker that dies three times on the same job does so because of the job


def count_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


class WorkerPool:
    """Spawned processes; a job whose worker was killed is given to a new one.

    Forking is no choice: a fork after Polars was loaded hangs. Each worker gets one thread of Polars and of numpy,
    for there are as many workers as cores.
    """

    def __init__(self, workers: int) -> None:
        for library in ("POLARS_MAX_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ.setdefault(library, "1")
        self.workers = workers
        self._renewing = threading.Lock()
        self._stopped = False
        self._pool = self._open()

    def _open(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self.workers, mp_context=multiprocessing.get_context("spawn"), initializer=begin_worker)

    def run(self, job: Callable[..., Result], *arguments: Any) -> Result:
        """Return what a job returns; may be called from many threads. Raises Fault when its worker keeps dying."""
        for _ in range(TRIES):
            pool = self._pool
            try:
                return pool.submit(job, *arguments).result()
            except BrokenProcessPool:
                with self._renewing:
                    if self._stopped:
                        raise
                    if self._pool is pool:
                        pool.shutdown(wait=False)
                        self._pool = self._open()
        raise Fault(f"a worker process died {TRIES} times at the same work; is the memory used up?")

    def renew(self) -> None:
        """Give the jobs to come to new processes, which hold nothing of those before; no job may be under way."""
        with self._renewing:
            if not self._stopped:
                self._pool.shutdown(wait=True)
                self._pool = self._open()

    def stop(self) -> None:
        """End the processes in the middle of their work: when this returns, none of them writes any more."""
        with self._renewing:
            self._stopped = True
            for process in list((self._pool._processes or {}).values()):  # noqa: SLF001 -- public from Python 3.14 on
                process.terminate()
        self.close()

    def close(self) -> None:
        """End the processes when their work is done."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def begin_worker() -> None:
    """Make a worker leave Ctrl-C to the run, end when the run was killed, and use what was compiled."""
    from flows.compiled import use_build  # noqa: PLC0415 -- before a job comes, whose arguments load modules

    use_build()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


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


def quiet_collector() -> None:
    """Make Python look for cycles seldom: what is loaded stays, a page makes few, and looking takes a quarter of the time."""
    gc.freeze()
    gc.set_threshold(200_000, 50, 50)


@contextmanager
def paused_collector() -> Iterator[None]:
    """Keep Python from looking for cycles for a while."""
    was_at_work = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_at_work:
            gc.enable()


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


def run_keep(run: Run, sites: list[str | None], target: Path) -> list[tuple[int, int, int]]:
    """Take the rows of some sites out of a run, in a worker."""
    from flows.publish.runs import keep_sites  # noqa: PLC0415 -- loaded in the worker
    from flows.rows import STAGED  # noqa: PLC0415
    from schemas import traits_of  # noqa: PLC0415

    return keep_sites(run, sites, target, {table: str(traits_of(table)["shard"]) for table in STAGED})


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
