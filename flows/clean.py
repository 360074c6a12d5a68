"""The Prefect flow `clean`: raw scrapes → one new snapshot. Wiring only; the path itself runs without Prefect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import httpx
from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State, TaskRun
from prefect.events import emit_event
from prefect.futures import PrefectFuture
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, get_current_settings, temporary_settings
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from prefect.tasks import Task
from pydantic import Field

from flows.errors import Fault
from flows.judge import judge_batch
from flows.output import escape_cells, escape_markdown
from flows.places import read_place
from flows.removals import MAX_REMOVED, UNKNOWN
from flows.report import WATCHER, as_markdown, held_lines, read_refused, summarize
from flows.run import Options, Outcome, run_clean
from flows.server import WITHOUT, open_own_server
from flows.workers import (
    WorkerPool,
    count_cores,
    run_batch,
    run_carry,
    run_compare,
    run_deal,
    run_drop,
    run_join,
    run_losses,
    run_move,
    run_resolve,
    run_share,
)

SITE_HELD = "threadmill.site.held"  # the event that a site's new batch was held back


def is_passing(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether a failed job may go well when tried again: faults of input and output alone."""
    return isinstance(state.result(raise_on_failure=False), OSError)


def _as_task(pool: WorkerPool, job: Callable[..., Any], name: str, run_name: str) -> Task[..., Any]:
    def carry_out(argument: Any, *rest: Any) -> Any:
        return pool.run(job, argument, *rest)

    return task(
        name=name, task_run_name=run_name, retries=2, retry_delay_seconds=1, retry_condition_fn=is_passing,
        cache_policy=NO_CACHE, persist_result=False,
    )(carry_out)  # fmt: skip


class PrefectExecutor:
    """Carries out each job of a run as a Prefect task that waits for a worker process."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool, self.workers = pool, pool.workers
        self._tasks = {
            run_batch: _as_task(pool, run_batch, "clean-batch", "batch-{argument.number}"),
            run_compare: _as_task(pool, run_compare, "compare-snapshots", "compare"),
            judge_batch: _as_task(pool, judge_batch, "judge-batch", "judge-{argument.number}"),
            run_losses: _as_task(pool, run_losses, "count-losses", "losses"),
            run_drop: _as_task(pool, run_drop, "drop-held", "drop"),
            run_carry: _as_task(pool, run_carry, "carry-held", "carry"),
            run_join: _as_task(pool, run_join, "join-runs", "join"),
            run_deal: _as_task(pool, run_deal, "deal-authors", "deal"),
            run_move: _as_task(pool, run_move, "move-authors", "move"),
            run_resolve: _as_task(pool, run_resolve, "resolve-authors", "authors"),
            run_share: _as_task(pool, run_share, "merge-tables", "{argument.group}-{argument.number}"),
        }

    def submit(self, job: Callable[..., Any], *arguments: Any) -> PrefectFuture[Any]:
        """Start a job as a task run."""
        return self._tasks[job].submit(*arguments)

    def renew(self) -> None:
        """Give the jobs to come to new processes."""
        self._pool.renew()

    def stop(self) -> None:
        """End the jobs that are under way; their tasks fail."""
        self._pool.stop()


def clean_raw(  # noqa: PLR0913 -- a flow's parameters, given by name
    raw: Annotated[str, Field(description="Folder of the scrapes, or one file")] = "raw",
    processed: Annotated[str, Field(description="Folder of the snapshots")] = "processed",
    layouts: Annotated[
        str, Field(description='"all", "none" for the general splitters alone, or a folder of reviewed ones')
    ] = "all",
    workers: Annotated[int | None, Field(description="Worker processes; as many as cores when not given", ge=1)] = None,
    *,
    on_reject: Annotated[
        str, Field(description='"quarantine", or "fail": one refused record, and nothing is published')
    ] = "quarantine",
    max_reject_rate: Annotated[
        float, Field(description="Share of refused scrapes over which nothing is published", ge=0, le=1)
    ] = 1.0,
    resume: Annotated[bool, Field(description="End what a rollback holds")] = False,
    retry: Annotated[list[str] | None, Field(description="Inputs to clean again though nothing changed")] = None,
    gate: Annotated[
        bool, Field(description="Judge what is new, and leave out a site whose batch fails: what is published of it stays")
    ] = False,
    accept: Annotated[list[str] | None, Field(description="Sites whose known change the gate lets in")] = None,
    max_removed: Annotated[
        float, Field(description="Share of published threads, of a site and of all, that may go with their inputs", ge=0, le=1)
    ] = MAX_REMOVED,
    accept_removed: Annotated[
        list[str] | None, Field(description='Sites whose threads may go with their inputs, however many; "*" for all')
    ] = None,
    accept_rules: Annotated[bool, Field(description="Let published threads go that the rules as they are now refuse")] = False,
) -> dict[str, Any]:
    """Clean what is new or changed below `raw` into a new snapshot of `processed`, and return what was done as plain data."""
    options = Options(
        layouts, on_reject, max_reject_rate, resume=resume, retry=frozenset(retry or ()), gate=gate,
        accept=frozenset(accept or ()), max_removed=max_removed, accept_removed=frozenset(accept_removed or ()),
        accept_rules=accept_rules,
    )  # fmt: skip
    pool = WorkerPool(workers or count_cores())
    try:
        outcome = run_clean(read_place(raw), read_place(processed), PrefectExecutor(pool), WATCHER.get(), options)
    finally:
        pool.close()
    write_artifacts(outcome)
    tell_held(outcome)
    return summarize(outcome)


def write_artifacts(outcome: Outcome) -> None:
    """Leave the report and the refused records with the flow run."""
    create_markdown_artifact(as_markdown(outcome), key="clean-report", description="What was read, kept, cut and refused")
    if outcome.published and outcome.snapshot is not None:
        refused = read_refused(outcome.snapshot)
        create_table_artifact(escape_cells(refused), key="refused-records", description="Refused records, the first of them")


def tell_held(outcome: Outcome) -> None:
    """Leave what was held back with the flow run, and an event for each such site, for automations."""
    told = summarize(outcome)
    if outcome.gate is None and not outcome.holds_back:
        return
    lines = [f"- {escape_markdown(line.strip())}" for _, line in held_lines(told)] or ["Every site is let in."]
    create_markdown_artifact("\n".join(lines), key="gate", description="What was held back, and why")
    for one in [one for what in ("gate", "guard") if told[what] for one in told[what]["held"]]:
        resource = {"prefect.resource.id": f"threadmill.site.{one['site'] or UNKNOWN}"}
        emit_event(SITE_HELD, resource=resource, payload={**one, "snapshot": str(outcome.snapshot)})


def make_task_runner() -> TaskRunner[PrefectFuture[Any]]:
    """Return what runs the tasks of a flow: two a core, of which one waits for the other's worker."""
    return ThreadPoolTaskRunner(max_workers=2 * count_cores())  # type: ignore[return-value]  # its future is one


@contextmanager
def open_server() -> Iterator[None]:
    """Give a Prefect server that answers: the one that Prefect's settings name, or one of this run's own.

    Raises Fault where there is none.
    """
    url = get_current_settings().api.url
    if url is None:
        seconds = get_current_settings().server.ephemeral.startup_timeout_seconds
        with open_own_server(seconds) as own, temporary_settings({PREFECT_API_URL: own}):
            yield
        return
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 1}), get_client(sync_client=True) as client:
        error = client.api_healthcheck()
    if error is not None:
        raise Fault(f"{url}: no Prefect server answers ({in_a_line(error)}); start it, unset PREFECT_API_URL, or {WITHOUT}")
    yield


def run_flow(raw: str, processed: str, options: Options, workers: int | None) -> dict[str, Any]:
    """Run the flow with a server that answers; return what it came to. Raises Fault where the server fails."""
    try:
        with open_server():
            return clean(
                raw, processed, options.layouts, workers, on_reject=options.on_reject, resume=options.resume,
                max_reject_rate=options.max_reject_rate, retry=sorted(options.retry), gate=options.gate,
                accept=sorted(options.accept), max_removed=options.max_removed, accept_removed=sorted(options.accept_removed),
                accept_rules=options.accept_rules,
            )  # fmt: skip
    except httpx.HTTPError as error:
        raise Fault(f"the Prefect server failed ({in_a_line(error)}); what was published stands; {WITHOUT}") from error


def in_a_line(error: Exception) -> str:
    """Return what an error says as part of a line."""
    return " ".join(str(error).split())[:200] or type(error).__name__


clean = flow(
    name="clean", description=clean_raw.__doc__, flow_run_name="clean-{raw}", task_runner=make_task_runner(),
    validate_parameters=True, persist_result=False,
)(clean_raw)  # fmt: skip
