"""The Prefect flow `audit`: what lies below raw/ and is not published, judged; wiring only."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.events import emit_event
from pydantic import Field

from flows.clean import PrefectExecutor, make_task_runner
from flows.holding import Waiting, judge_waiting
from flows.output import escape_cells
from flows.places import read_place
from flows.removals import UNKNOWN
from flows.workers import WorkerPool, count_cores

SITE_FAILED = "threadmill.site.failed"  # the event that a site's new batch would be held back


def audit_raw(
    raw: Annotated[str, Field(description="Folder of the scrapes, or one file")] = "raw",
    processed: Annotated[str, Field(description="Folder of the snapshots")] = "processed",
    layouts: Annotated[str, Field(description='"all", or "none" for the general splitters alone')] = "all",
    workers: Annotated[int | None, Field(description="Worker processes; as many as cores when not given", ge=1)] = None,
) -> dict[str, Any]:
    """Judge what lies below `raw` and is not published, against what is; publish nothing, and return the verdicts."""
    pool = WorkerPool(workers or count_cores())
    try:
        waiting = judge_waiting(read_place(raw), read_place(processed), PrefectExecutor(pool), layouts)
    finally:
        pool.close()
    tell_verdicts(waiting)
    return waiting.as_json()


def tell_verdicts(waiting: Waiting) -> None:
    """Leave the verdicts with the flow run, and an event for each site that fails, for automations."""
    create_markdown_artifact(waiting.as_markdown(), key="audit", description="What would be held back, and why")
    create_table_artifact(
        escape_cells(waiting.failed), key="failed-scrapes", description="Scrapes that fail, the first of them"
    )
    for site in waiting.summary.sites:
        if site.hold:
            resource = {"prefect.resource.id": f"threadmill.site.{site.site or UNKNOWN}"}
            emit_event(SITE_FAILED, resource=resource, payload={"scrapes": site.pages, "reasons": site.reasons})


audit = flow(
    name="audit", description=audit_raw.__doc__, flow_run_name="audit-{raw}", task_runner=make_task_runner(),
    validate_parameters=True, persist_result=False,
)(audit_raw)  # fmt: skip
