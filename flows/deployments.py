"""Schedules: the nightly `clean`, served on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from flows.errors import Fault

NIGHTLY = "0 3 * * *"
STARTUP_SECONDS = 120  # a first start migrates its database; 9 to 13 s on two idle cores
LOCAL = "http://127.0.0.1:4200/api"


def serve_schedules(raw: str, processed: str, cron: str = NIGHTLY, every: float | None = None) -> None:
    """Serve the deployment `clean/nightly` until interrupted.

    Schedules fire only against a Prefect server: the one that PREFECT_API_URL names, else one on this machine, which is
    started for as long as this runs. `every` is an interval in seconds that takes the place of `cron`. Raises Fault when
    no server answers.
    """
    with _server():
        from flows.clean import clean  # noqa: PLC0415 -- reads PREFECT_API_URL when it is loaded

        schedule = {"interval": timedelta(seconds=every)} if every else {"cron": cron}
        parameters = {"raw": str(Path(raw).resolve()), "processed": str(Path(processed).resolve())}
        clean.serve(
            name="nightly", parameters=parameters, tags=["threadmill"], limit=1, pause_on_shutdown=False,
            description="Clean the scrapes below raw/ into a new snapshot of processed/", **schedule,
        )  # fmt: skip


@contextmanager
def _server() -> Iterator[None]:
    """Give a server that answers: the one that is set, or one started here and stopped at the end."""
    if os.environ.get("PREFECT_API_URL"):
        _wait_for(os.environ["PREFECT_API_URL"], None)
        yield
        return
    port = os.environ.get("PREFECT_SERVER_API_PORT", "4200")
    os.environ["PREFECT_API_URL"] = LOCAL.replace("4200", port)
    if _answers(os.environ["PREFECT_API_URL"]):
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
        if _answers(url):
            return
        if server is not None and server.poll() is not None:
            raise Fault(f"the Prefect server could not start (exit code {server.returncode}); is its port taken?")
        time.sleep(0.5)
    raise Fault(f"{url}: no Prefect server answers; start one (prefect server start), or unset PREFECT_API_URL")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:  # noqa: S310 -- the operator's own setting
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False
