"""How the jobs of a run are carried out: what every executor offers, and jobs in order with a few under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, Protocol, TypeVar

Tag = TypeVar("Tag")
Job = Callable[..., Any]


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


class InlineExecutor:
    """Carries out jobs in the process that hands them in, each when its result is asked for."""

    workers = 1

    def submit(self, job: Job, *arguments: Any) -> Future:
        """Return what carries out a job."""
        return _Deferred(partial(job, *arguments))

    def renew(self) -> None:
        """There are no processes."""

    def stop(self) -> None:
        """Nothing is under way."""


class _Deferred:
    """A job that is carried out when its result is first asked for."""

    def __init__(self, job: Callable[[], Any]) -> None:
        self.result = cache(job)


def in_order(jobs: Iterator[tuple[Job, tuple[Any, ...], Tag]], executor: Executor) -> Iterator[tuple[Any, Tag]]:
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
