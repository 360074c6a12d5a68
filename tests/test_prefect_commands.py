"""Prefect's own commands, against a server as an operator starts it: what the pinned versions have to carry."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.test_flow import free_port

ROOT = Path(__file__).parent.parent
PREFECT = [sys.executable, "-m", "prefect"]

pytestmark = [pytest.mark.prefect, pytest.mark.slow]


@contextmanager
def served(home: Path) -> Iterator[dict[str, str]]:
    """Start `prefect server` with a home of its own; give the environment in which its clients run."""
    port = free_port()
    environment = {
        **os.environ, "PREFECT_HOME": str(home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1",
        "COLUMNS": "200", "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
    }  # fmt: skip
    words = [*PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"]
    own = {name: value for name, value in environment.items() if name != "PREFECT_API_URL"}
    quiet = subprocess.DEVNULL
    with subprocess.Popen(words, env=own, stdout=quiet, stderr=quiet) as server:
        try:
            wait_for(environment["PREFECT_API_URL"], server)
            yield environment
        finally:
            server.terminate()


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5):  # noqa: S310 -- the server of this test
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise AssertionError("the server does not answer")


def run_prefect(environment: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [*PREFECT, *words], env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(600)
def test_what_is_deployed_is_listed_with_its_automation(tmp_path: Path) -> None:
    with served(tmp_path / "home") as environment:
        run_prefect(environment, "work-pool", "create", "local", "--type", "process")
        run_prefect(environment, "--no-prompt", "deploy", "--all")  # as the README has it
        listed = run_prefect(environment, "deployment", "ls")
        assert "clean/nightly" in listed
        assert "audit/landed" in listed
        assert "scrape.landed" in run_prefect(environment, "automation", "ls")
