"""Schedules: the nightly `clean`, and `audit` every hour and when a scrape has landed, served on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from flows.errors import Fault, WrongUse
from flows.landing import watch_raw
from flows.places import check_places
from flows.read.inputs import check_raw
from flows.server import WITHOUT, answers

NIGHTLY, HOURLY = "0 3 * * *", "0 * * * *"
LANDED = "scrape.landed"  # the event that there are new files below raw/
MOST_TOLD = 20  # of them are named in the event
STARTUP_SECONDS = 120  # a first start migrates its database; 9 to 13 s on two idle cores
LOCAL = "http://127.0.0.1:4200/api"


@dataclass(frozen=True, slots=True)
class Timetable:
    """When what is run; seconds, where not said otherwise."""

    cron: str = NIGHTLY  # of `clean`
    every: float | None = None  # takes the place of `cron`
    audit: str = HOURLY  # a schedule of `audit`, as cron has it
    watch: float = 30.0  # between two looks for new files below raw/; 0: none


def serve_schedules(raw: Path, processed: Path, when: Timetable, *, gate: bool = False) -> None:
    """Serve the deployments `clean/nightly` and `audit/landed` until interrupted.

    Schedules fire only against a Prefect server: the one that PREFECT_API_URL names, else one on this machine, which is
    started for as long as this runs. Files that land below `raw` are told by the event `scrape.landed`, on which `audit`
    runs. Raises WrongUse for a place or a time that is none, Fault when no server answers.
    """
    check_raw(raw)
    check_places(raw, processed)
    is_set = _name_server()
    _check_crons(when)
    with _server(is_set=is_set), _watched(raw, when.watch):
        from prefect import serve  # noqa: PLC0415 -- reads PREFECT_API_URL when it is loaded
        from prefect.events import DeploymentEventTrigger  # noqa: PLC0415

        from flows.audit import audit  # noqa: PLC0415
        from flows.clean import clean  # noqa: PLC0415

        places = {"raw": str(raw.resolve()), "processed": str(processed.resolve())}
        common: dict[str, Any] = {"tags": ["threadmill"], "concurrency_limit": 1}
        nightly = clean.to_deployment(
            "nightly", parameters={**places, "gate": gate}, **common,
            description="Clean the scrapes below raw/ into a new snapshot of processed/",
            **({"interval": timedelta(seconds=when.every)} if when.every else {"cron": when.cron}),
        )  # fmt: skip
        landed = audit.to_deployment(
            "landed", parameters=places, cron=when.audit, **common,
            description="Judge what lies below raw/ and is not published",
            triggers=[DeploymentEventTrigger(expect={LANDED}, name="scrape-landed")],
        )  # fmt: skip
        assert not isinstance(nightly, Coroutine) and not isinstance(landed, Coroutine)  # noqa: S101, PT018 -- for the type checker
        # Prefect would name the plain function that the flow was made of, which is no flow; see prefect.yaml.
        nightly.entrypoint, landed.entrypoint = "flows.clean.clean", "flows.audit.audit"
        serve(nightly, landed, pause_on_shutdown=False, limit=2)


@contextmanager
def _watched(raw: Path, every: float) -> Iterator[None]:
    """Look for new files below a folder for as long as this is open, and tell them as events."""
    if not every:
        yield
        return
    from prefect.events import emit_event  # noqa: PLC0415 -- reads PREFECT_API_URL when it is loaded

    def tell(sources: list[str]) -> None:
        resource = {"prefect.resource.id": "threadmill.raw", "threadmill.raw": str(raw.resolve())}
        emit_event(LANDED, resource=resource, payload={"count": len(sources), "sources": sources[:MOST_TOLD]})

    ended = threading.Event()
    watcher = threading.Thread(target=watch_raw, args=(raw, every, tell, ended), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join(timeout=10)


def _name_server() -> bool:
    """Set the address of the server before Prefect is loaded, which reads it then; return whether it was set already."""
    is_set = bool(os.environ.get("PREFECT_API_URL"))
    if not is_set:
        os.environ["PREFECT_API_URL"] = LOCAL.replace("4200", _own_port())
    return is_set


def _own_port() -> str:
    return os.environ.get("PREFECT_SERVER_API_PORT", "4200")


def _check_crons(when: Timetable) -> None:
    """Raise WrongUse for a schedule that Prefect does not take, before a server is started for it."""
    try:
        from prefect.client.schemas.schedules import CronSchedule  # noqa: PLC0415 -- Prefect takes over a second to load
    except Exception as error:  # a home that is none, a setting that is none: whatever its loading meets
        what = " ".join(str(error).split())[:200] or type(error).__name__
        raise Fault(f"Prefect cannot be loaded ({what}); for clean, {WITHOUT}") from error
    for option, cron in (("--cron", when.cron), ("--audit", when.audit)):
        try:
            CronSchedule(cron=cron)
        except ValueError as error:
            raise WrongUse(f'{option} {cron!r}: no schedule as cron has it, such as "0 3 * * *"') from error


@contextmanager
def _server(*, is_set: bool) -> Iterator[None]:
    """Give a server that answers: the one that is set, or one started here and stopped at the end."""
    if is_set:
        _wait_for(os.environ["PREFECT_API_URL"], None)
        yield
        return
    port = _own_port()
    if answers(os.environ["PREFECT_API_URL"]):
        yield
        return
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port, "--no-ui"]
    environment = {**os.environ, "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    environment.pop("PREFECT_API_URL")
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        _wait_for(os.environ["PREFECT_API_URL"], server)
        yield
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()


def _wait_for(url: str, server: subprocess.Popen[bytes] | None) -> None:
    until = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < until:
        if answers(url):
            return
        if server is not None and server.poll() is not None:
            raise Fault(f"the Prefect server could not start (exit code {server.returncode}); is its port taken?")
        time.sleep(0.5)
    raise Fault(f"{url}: no Prefect server answers; start one (prefect server start), or unset PREFECT_API_URL")
