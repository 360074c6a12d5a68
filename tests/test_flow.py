"""The Prefect side: the flow gives what the plain path gives, leaves its report, and schedules fire."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import THREAD, write_files
from tests.inline import snapshot_of
from tests.judging_sites import LOGIN

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

    raw = write_files(tmp_path / "raw", {"knee.txt": THREAD, "members-only.html": LOGIN})
    done = clean(str(raw), str(tmp_path / "flow"), workers=1)
    assert done["published"]
    assert parts_of(Path(done["snapshot"])) == parts_of(snapshot_of(raw, tmp_path / "plain"))
    assert clean(str(raw), str(tmp_path / "flow"), workers=1)["published"] is False
    assert "Nothing new" in read_artifact("clean-report")  # of the second run, the newest
    assert "members-only.html" in read_artifact("refused-records")


def read_artifact(key: str) -> str:
    """Return the newest artifact of a key."""
    from prefect.settings import get_current_settings

    url = f"{get_current_settings().api.url}/artifacts/{key}/latest"
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 -- the test server of this test
        return str(json.load(answer)["data"])


def test_the_flow_documents_its_parameters() -> None:
    from flows.clean import clean

    properties: dict[str, Any] = clean.parameters.properties
    assert {"raw", "processed", "layouts", "workers", "on_reject", "max_reject_rate", "resume"} <= set(properties)


@pytest.mark.parametrize(("at", "name"), [(0, "clean"), (1, "audit")])
def test_a_deployment_names_an_entry_point_that_is_there(at: int, name: str) -> None:
    from prefect.flows import load_flow_from_entrypoint

    deployment = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"][at]
    flow = load_flow_from_entrypoint(deployment["entrypoint"])
    assert flow.name == name
    assert set(deployment["parameters"]) <= set(flow.parameters.properties)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def serve(home: Path, *arguments: str) -> Iterator[tuple[Callable[[Callable[[], bool]], bool], str]]:
    """Serve for as long as this is open; give what waits until something is so, and the address of the server's API."""
    port = free_port()
    environment = {
        **os.environ, "PREFECT_HOME": str(home), "PREFECT_SERVER_API_PORT": str(port), "PREFECT_RUNNER_POLL_FREQUENCY": "2",
    }  # fmt: skip
    environment.pop("PREFECT_API_URL", None)
    with subprocess.Popen([*COMMAND, "serve", *arguments], cwd=ROOT, env=environment, start_new_session=True) as serving:

        def wait_until(is_so: Callable[[], bool]) -> bool:
            until = time.monotonic() + 200
            while time.monotonic() < until:
                assert serving.poll() is None, "serving ended by itself"
                if is_so():
                    return True
                time.sleep(1)
            return False

        try:
            yield wait_until, f"http://127.0.0.1:{port}/api"
        finally:
            os.killpg(serving.pid, signal.SIGINT)
            try:
                serving.wait(timeout=60)
            except subprocess.TimeoutExpired:
                os.killpg(serving.pid, signal.SIGKILL)


@pytest.mark.slow
def test_a_served_schedule_fires_and_publishes(tmp_path: Path) -> None:
    raw, processed = write_files(tmp_path / "raw", {"knee.txt": THREAD}), tmp_path / "processed"
    places = ("--raw", str(raw), "--processed", str(processed))
    with serve(tmp_path / "home", *places, "--every", "15", "--watch", "0") as (wait_until, _):
        assert wait_until((processed / "latest/manifest.json").is_file)


@pytest.mark.slow
def test_a_file_that_lands_is_judged_at_once(tmp_path: Path) -> None:
    raw = write_files(tmp_path / "raw", {"a.txt": THREAD})
    never = ("--cron", "0 0 1 1 *", "--audit", "0 0 1 1 *")
    with serve(tmp_path / "home", "--raw", str(raw), "--processed", str(tmp_path / "out"), *never, "--watch", "2") as served:
        wait_until, url = served
        assert wait_until(lambda: any(named == "landed" for named in deployments_of(url)))
        write_files(raw, {"b.html": "<html><body><h1>403 Forbidden</h1></body></html>"})
        assert wait_until(lambda: "1 fail" in audit_of(url))
    assert not (tmp_path / "out/latest").exists()


def deployments_of(url: str) -> list[str]:
    try:
        return [found["name"] for found in post(f"{url}/deployments/filter")]
    except OSError:  # the server is not up yet
        return []


def post(url: str) -> Any:
    request = urllib.request.Request(url, b"{}", {"Content-Type": "application/json"})  # noqa: S310 -- the test's own server
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)


def audit_of(url: str) -> str:
    """Return what the newest audit left; nothing where none has ended yet."""
    try:
        with urllib.request.urlopen(f"{url}/artifacts/audit/latest", timeout=30) as answer:  # noqa: S310 -- as above
            return str(json.load(answer)["data"])
    except urllib.error.HTTPError:
        return ""


@pytest.mark.usefixtures("prefect")
def test_an_audit_says_what_waits_and_the_gate_what_it_holds(tmp_path: Path) -> None:
    from flows.audit import audit
    from flows.clean import clean

    raw, processed = tmp_path / "raw", str(tmp_path / "out")
    write_files(raw / "one", {f"{at}.txt": THREAD.replace("knee", f"knee {at}") for at in range(3)})
    write_files(raw / "two", {f"{at}.html": LOGIN + " " * at for at in range(9)} | {"source.toml": 'site = "two.example"'})
    waiting = audit(str(raw), processed, workers=1)
    assert (waiting["inputs"], waiting["verdicts"]) == (12, {"pass": 3, "suspect": 0, "fail": 9})
    assert "two.example" in read_artifact("audit")
    assert "two/0.html" in read_artifact("failed-scrapes")
    done = clean(str(raw), processed, workers=1, gate=True)
    assert done["published"]
    assert [one["site"] for one in done["gate"]["held"]] == ["two.example"]
    assert r"held back\: 9 new scrapes of two.example" in read_artifact("gate")
    assert audit(str(raw), processed, workers=1)["inputs"] == 9
