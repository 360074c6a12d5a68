"""A whole run, raw folder to published snapshot; how jobs are carried out is the caller's choice (plain, or Prefect)."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from flows.errors import WrongUse
from flows.publish.snapshots import latest_snapshot, open_processed, publish_snapshot, read_manifest, retire_snapshots
from flows.read.batches import Batch, delete_spools, plan_batches
from flows.read.inputs import FOLDER_FILE, SIDECAR_SUFFIX, Input, find_inputs
from flows.split.engines import read_layouts
from flows.workers import WorkerPool, run_batch, run_share
from schemas import CONTRACT_VERSION

if TYPE_CHECKING:
    from flows.batches import Counts
    from flows.merge import Share
    from flows.publish.parts import Part

LAYOUTS = ("all", "none")
# Characters of text from which merging gets new workers: those that cleaned hold some 250 MB of heap and caches, and starting
# anew takes half a second.
RENEW_ABOVE = 256 << 20
Tag = TypeVar("Tag")


class Future(Protocol):
    """What a submitted job is waited for with."""

    def result(self) -> Any:
        """Return the job's result, or raise what it raised."""


class Executor(Protocol):
    """How the jobs of a run are carried out."""

    workers: int

    def submit(self, job: Callable[..., Any], *arguments: Any) -> Future:
        """Start a job."""

    def renew(self) -> None:
        """Give the jobs to come to new processes; none is under way."""

    def stop(self) -> None:
        """End the jobs that are under way; when this returns, none of them writes any more."""


@dataclass(slots=True)
class Outcome:
    """What a run came to; `snapshot` is None when nothing was new and there was none before."""

    snapshot: Path | None
    published: bool
    inputs: int
    counts: Counts | None = None
    tables: dict[str, int] = field(default_factory=dict)
    retired: list[str] = field(default_factory=list)


class Progress(Protocol):
    """Is told how far a run is."""

    def planned(self, size: int) -> None:
        """Take the bytes that the inputs come to."""

    def cleaned(self, size: int, pages: int) -> None:
        """Take the bytes and pages of a batch that was cleaned."""

    def stage(self, name: str) -> None:
        """Take the name of the stage that begins."""


def run_clean(
    raw: Path, processed: Path, executor: Executor, progress: Progress, *, layouts: str = "all", again: bool = False
) -> Outcome:
    """Clean every input below `raw` into one new snapshot of `processed`; publish nothing when nothing is new.

    `layouts` is "all" or "none" (the known engines' layouts off). `again` cleans even when nothing is new. Raises WrongUse
    for a path or option that is not there, Fault when the machine fails; `latest` then stands as it was.
    """
    if layouts not in LAYOUTS:
        raise WrongUse(f"--layouts {layouts}: not known; use {' or '.join(LAYOUTS)}")
    if layouts == "all":
        read_layouts()  # a broken one is told before any work
    started = datetime.now(UTC)
    inputs = find_inputs(raw)
    with open_processed(processed) as staging, stop_on_failure(executor):
        before = latest_snapshot(processed)
        fingerprint = fingerprint_inputs(raw, inputs, layouts)
        if before is not None and not again:
            manifest = read_manifest(before)
            if manifest.get("inputs", {}).get("digest") == fingerprint:
                return Outcome(before, published=False, inputs=len(inputs), tables=manifest["tables"])
        progress.planned(sum(found.size for found in inputs))
        counts = _clean_all(inputs, raw, staging, executor, progress, layouts)
        progress.stage("merge")
        if counts.chars > RENEW_ABOVE:
            executor.renew()
        parts = _merge_all(staging, counts.chars, executor)
        progress.stage("check")
        target = staging / "snapshot"
        _check(target, parts)
        about = {
            "run": {"id": secrets.token_hex(8), "started_at": started.isoformat()},
            "versions": _versions(),
            "inputs": {"count": len(inputs), "bytes": sum(found.size for found in inputs), "digest": fingerprint},
            "options": {"layouts": layouts},
            "counts": counts.as_json(),
        }
        progress.stage("publish")
        snapshot = publish_snapshot(processed, target, parts, about)
        outcome = Outcome(snapshot, published=True, inputs=len(inputs), counts=counts, tables=read_manifest(snapshot)["tables"])
        outcome.retired = retire_snapshots(processed)
        return outcome


@contextmanager
def stop_on_failure(executor: Executor) -> Iterator[None]:
    """End the jobs under way when the run fails or is interrupted, so that nobody writes into what is taken away."""
    try:
        yield
    except BaseException:
        executor.stop()
        raise


def _clean_all(inputs: list[Input], raw: Path, staging: Path, executor: Executor, progress: Progress, layouts: str) -> Counts:
    """Clean the batches, a few ahead of the workers at a time; return their counts."""
    planned = plan_batches(inputs, raw, staging / "spool")
    batches = (replace(batch, layouts=layouts) for batch in planned)
    jobs = ((run_batch, (batch, staging / "runs"), batch) for batch in _at_least_one(batches, raw))
    totals: Counts | None = None
    for counts, batch in _in_order(jobs, executor):
        totals = counts if totals is None else totals.plus(counts)
        delete_spools(batch)
        progress.cleaned(_weigh(batch), counts.pages)
    assert totals is not None  # noqa: S101 -- there is at least one batch
    return totals


def _at_least_one(batches: Iterator[Batch], raw: Path) -> Iterator[Batch]:
    """Yield the batches; of no inputs, an empty one, so that every table gets its file."""
    first = next(batches, None)
    yield first if first is not None else Batch(0, raw, ())
    yield from batches


def _weigh(batch: Batch) -> int:
    return sum((piece.end - piece.start) if piece.end is not None else piece.found.size for piece in batch.pieces)


def _in_order(jobs: Iterator[tuple[Callable[..., Any], tuple[Any, ...], Tag]], executor: Executor) -> Iterator[tuple[Any, Tag]]:
    """Yield each job's result with its tag, in order, with two jobs per worker under way."""
    waiting: deque[tuple[Future, Tag]] = deque()
    for job, arguments, tag in jobs:
        waiting.append((executor.submit(job, *arguments), tag))
        if len(waiting) >= 2 * executor.workers:
            future, done = waiting.popleft()
            yield future.result(), done
    while waiting:
        future, done = waiting.popleft()
        yield future.result(), done


def _merge_all(staging: Path, chars: int, executor: Executor) -> list[Part]:
    from flows.merge import plan_shares  # noqa: PLC0415 -- loads the column engine; the workers are at work by now
    from flows.publish.runs import range_count  # noqa: PLC0415

    ranges = range_count(chars)
    target = staging / "snapshot"

    def run(groups: list[str]) -> list[Part]:
        shares: list[Share] = [s for group in groups for s in plan_shares(group, staging / "runs", target, ranges)]
        jobs = ((run_share, (share,), None) for share in shares)
        return [part for parts, _ in _in_order(jobs, executor) for part in parts]

    return run(["threads", "spans", "texts", "scrapes"]) + run(["authors"])


def _check(target: Path, parts: list[Part]) -> None:
    from flows.promises import check_links  # noqa: PLC0415 -- loads the column engine

    check_links(target, parts)


# -- what a snapshot was made from ----------------------------------------------------------------------------------------


def fingerprint_inputs(raw: Path, inputs: list[Input], layouts: str) -> str:
    """Return a digest of everything that the rows depend on: the inputs, what stands beside them, options, the program."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{_versions()}\x1f{layouts}\x1e".encode())
    for found in inputs:
        digest.update(f"{found.source}\x1f{found.refusal}\x1f".encode())
        for path in (found.path, found.path.with_name(found.path.name + SIDECAR_SUFFIX)):
            digest.update(b"" if found.refusal else _digest_file(path))
    folder = raw if raw.is_dir() else raw.parent
    for path in sorted(raw.rglob(FOLDER_FILE)) if raw.is_dir() else [folder / FOLDER_FILE]:
        digest.update(os.fsencode(path.relative_to(folder)) + _digest_file(path))
    return digest.hexdigest()


def _digest_file(path: Path) -> bytes:
    if not path.is_file():
        return b"-"  # opening a pipe would wait for its writer
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest()
    except OSError:
        return b"-"  # not there or not readable: the reader says so; it differs from any digest


@lru_cache(maxsize=1)
def _versions() -> dict[str, str]:
    """Return the version of the program and a digest of its code and rules."""
    root = Path(__file__).resolve().parent
    digest = hashlib.blake2b(digest_size=8)
    for folder in (root, root.parent / "schemas"):
        for path in sorted(path for kind in ("*.py", "*.toml", "*.txt", "*.npz") for path in folder.rglob(kind)):
            digest.update(str(path.relative_to(root.parent)).encode() + path.read_bytes())
    return {"threadmill": version("threadmill"), "contract": CONTRACT_VERSION, "rules": digest.hexdigest()}


# -- the plain executor ---------------------------------------------------------------------------------------------------


class PlainExecutor:
    """Runs jobs in worker processes, without any orchestrator."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool, self.workers = pool, pool.workers
        self._threads = ThreadPoolExecutor(2 * pool.workers, thread_name_prefix=f"threadmill-{os.getpid()}")

    def submit(self, job: Callable[..., Any], *arguments: Any) -> Future:
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
