"""The Prefect side: the flow gives what the plain path gives, leaves its report, and schedules fire."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.inline import snapshot_of

ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "flows"]

pytestmark = [
    pytest.mark.prefect,
    pytest.mark.filterwarnings("default"),  # what lies below Prefect warns as it likes
]


@pytest.fixture(scope="session")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One Prefect server for the tests that need one, with a home of its own."""
    os.environ["PREFECT_HOME"] = str(tmp_path_factory.mktemp("prefect"))
    os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
    os.environ["DO_NOT_TRACK"] = "1"
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        yield


def parts_of(snapshot: Path) -> list[str]:
    return sorted(path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*.parquet"))


@pytest.mark.usefixtures("prefect")
def test_the_flow_gives_the_same_bytes_as_the_plain_path_and_leaves_its_report(tmp_path: Path) -> None:
    from flows.clean import clean

    done = clean(str(ROOT / "raw"), str(tmp_path / "flow"), workers=1)
    assert done["published"]
    assert parts_of(Path(done["snapshot"])) == parts_of(snapshot_of(ROOT / "raw", tmp_path / "plain"))
    assert clean(str(ROOT / "raw"), str(tmp_path / "flow"), workers=1)["published"] is False
    assert "Nothing new" in read_artifact("clean-report")  # of the second run, the newest
    assert "members-only.html" in read_artifact("refused-records")


def read_artifact(key: str) -> str:
    """Return the newest artifact of a key; by plain HTTP, for the client's own call sends nulls that the server refuses."""
    from prefect.settings import get_current_settings

    url = f"{get_current_settings().api.url}/artifacts/{key}/latest"
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 -- the test server of this test
        return str(json.load(answer)["data"])


def test_the_flow_documents_its_parameters() -> None:
    from flows.clean import clean

    properties: dict[str, Any] = clean.parameters.properties
    assert {"raw", "processed", "layouts", "workers", "on_reject", "max_reject_rate", "resume"} <= set(properties)


def test_the_deployment_names_an_entry_point_that_is_there() -> None:
    from prefect.flows import load_flow_from_entrypoint

    (deployment,) = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
    flow = load_flow_from_entrypoint(deployment["entrypoint"])
    assert flow.name == "clean"
    assert set(deployment["parameters"]) <= set(flow.parameters.properties)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.mark.slow
def test_a_served_schedule_fires_and_publishes(tmp_path: Path) -> None:
    environment = {
        **os.environ, "PREFECT_HOME": str(tmp_path / "home"), "PREFECT_SERVER_API_PORT": str(free_port()),
        "PREFECT_RUNNER_POLL_FREQUENCY": "2",
    }  # fmt: skip
    environment.pop("PREFECT_API_URL", None)
    processed = tmp_path / "processed"
    arguments = ["serve", "--raw", str(ROOT / "raw"), "--processed", str(processed), "--every", "15"]
    with subprocess.Popen([*COMMAND, *arguments], cwd=ROOT, env=environment, start_new_session=True) as serving:
        try:
            until = time.monotonic() + 150
            while not (processed / "latest").exists() and time.monotonic() < until:
                assert serving.poll() is None, "serving ended by itself"
                time.sleep(1)
            assert (processed / "latest/manifest.json").is_file()
        finally:
            os.killpg(serving.pid, signal.SIGINT)
            try:
                serving.wait(timeout=60)
            except subprocess.TimeoutExpired:
                os.killpg(serving.pid, signal.SIGKILL)
