"""How `clean` ends by a signal or by a fault of Prefect: one line, its exit code, and nothing left of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import THREAD, Ended, command, end_of, table, write_files
from tests.test_faults import assert_nothing_left, assert_one_line, wait_for

pytestmark = pytest.mark.slow

ENDS = [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")]


def processes_of(group: int) -> list[int]:
    """Return the processes of a group that are there."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            found += [int(folder.name)] if int(fields[2]) == group and fields[0] != "Z" else []
    return found


def write_threads(raw: Path) -> Path:
    """Write enough threads that a run has several batches."""
    texts = [THREAD.replace("knee", f"knee {number}") for number in range(3000)]
    lines = [json.dumps({"id": str(number), "text": text}) for number, text in enumerate(texts)]
    return write_files(raw, {f"{part}.jsonl": "\n".join(lines[part::4]) for part in range(4)})


@pytest.fixture(scope="module")
def threads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_threads(tmp_path_factory.mktemp("threads") / "raw")


def is_at(processed: Path, stage: str) -> bool:
    staged = {"reading": "", "cleaning": "runs/*/*", "merging": "snapshot/*/*"}[stage]
    return bool(list(processed.glob(f".snapshots/.staging-*{staged and '/' + staged}"))) or (processed / "latest").is_symlink()


def end_by(number: int, *, group: bool, process: subprocess.Popen[str]) -> Ended:
    (os.killpg if group else os.kill)(process.pid, number)
    return end_of(process, timeout=60)


@pytest.mark.parametrize(("number", "code", "word"), ENDS)
@pytest.mark.parametrize("group", [True, False], ids=["to the group", "to the process"])
@pytest.mark.parametrize("stage", ["reading", "cleaning", "merging"])
@pytest.mark.timeout(300)
def test_a_signal_ends_a_run_at_once_and_leaves_nothing(
    threads: Path,
    tmp_path: Path,
    stage: str,
    group: bool,  # noqa: FBT001 -- of pytest
    number: int,
    code: int,
    word: str,
) -> None:
    out = tmp_path / "out"
    process = command("clean", "--no-prefect", "--workers", "2", threads, out, start_new_session=True)
    wait_for(stage, lambda: is_at(out, stage), 120)
    assert_one_line(end_by(number, group=group, process=process), code, word, "the last snapshot stands")
    assert not (out / "latest").exists()
    assert_nothing_left(out)
    wait_for("the processes to end", lambda: not processes_of(process.pid), 10)


@pytest.mark.prefect
@pytest.mark.parametrize(("number", "code", "word"), ENDS)
@pytest.mark.parametrize("group", [True, False], ids=["to the group", "to the process"])
@pytest.mark.timeout(600)
def test_a_signal_ends_a_flow_too_and_its_server(
    threads: Path,
    tmp_path: Path,
    group: bool,  # noqa: FBT001 -- of pytest
    number: int,
    code: int,
    word: str,
) -> None:
    out, home = tmp_path / "out", {**os.environ, "PREFECT_HOME": str(tmp_path / "home")}
    process = command("clean", "--workers", "2", threads, out, start_new_session=True, env=home)
    wait_for("the first batch", lambda: is_at(out, "cleaning"), 240)
    assert_one_line(end_by(number, group=group, process=process), code, word)
    assert not (out / "latest").exists()
    assert_nothing_left(out)
    wait_for("the processes to end", lambda: not processes_of(process.pid), 15)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.timeout(300)
def test_a_signal_while_the_server_starts_ends_both(tmp_path: Path, number: int) -> None:
    raw, home = write_files(tmp_path / "raw", {"a.txt": THREAD}), {**os.environ, "PREFECT_HOME": str(tmp_path / "home")}
    process = command("clean", raw, tmp_path / "out", start_new_session=True, env=home)
    wait_for("the server", lambda: len(processes_of(process.pid)) > 1, 60)
    time.sleep(1)
    assert_one_line(end_by(number, group=True, process=process), 128 + number, "the last snapshot stands")
    assert not (tmp_path / "out").exists()
    wait_for("the processes to end", lambda: not processes_of(process.pid), 15)


def without(tmp_path: Path, name: str) -> dict[str, str]:
    """Return an environment in which Prefect cannot work."""
    (tmp_path / "file").write_text("mine")
    return {
        "no server answers": {"PREFECT_API_URL": "http://127.0.0.1:9/api", "PREFECT_HOME": str(tmp_path / "home")},
        "the home is a file": {"PREFECT_HOME": str(tmp_path / "file")},
        "the home cannot be made": {"PREFECT_HOME": "/proc/home"},
        "the start takes too long": {
            "PREFECT_HOME": str(tmp_path / "home"), "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "1",
        },
        "the database cannot be opened": {
            "PREFECT_HOME": str(tmp_path / "home"),
            "PREFECT_API_DATABASE_CONNECTION_URL": "sqlite+aiosqlite:////proc/none/x.db",
        },
    }[name]  # fmt: skip


@pytest.mark.prefect
@pytest.mark.parametrize(
    "name",
    [
        "no server answers", "the home is a file", "the home cannot be made", "the start takes too long",
        "the database cannot be opened",
    ],
)  # fmt: skip
@pytest.mark.timeout(300)
def test_a_fault_of_prefect_is_one_line_that_names_the_way_without(tmp_path: Path, name: str) -> None:
    raw = write_files(tmp_path / "raw", {"a.txt": THREAD})
    ended = end_of(command("clean", raw, tmp_path / "out", env={**os.environ, **without(tmp_path, name)}), timeout=240)
    assert_one_line(ended, 3, "--no-prefect")
    assert not (tmp_path / "out").exists()


@pytest.mark.prefect
def test_without_a_loopback_there_is_no_server_and_that_is_said(tmp_path: Path) -> None:
    raw = write_files(tmp_path / "raw", {"a.txt": THREAD})
    if subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this user may not make a network of its own")
    process = subprocess.Popen(
        ["unshare", "-n", sys.executable, "-m", "flows", "clean", raw, tmp_path / "out"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert_one_line(end_of(process), 3, "127.0.0.1", "--no-prefect")
    assert not (tmp_path / "out").exists()


@pytest.mark.prefect
@pytest.mark.timeout(300)
def test_a_run_starts_and_ends_a_server_of_its_own(tmp_path: Path) -> None:
    raw, home = write_files(tmp_path / "raw", {"a.txt": THREAD}), {**os.environ, "PREFECT_HOME": str(tmp_path / "home")}
    process = command("clean", raw, tmp_path / "out", start_new_session=True, env=home)
    ended = end_of(process, timeout=240)
    assert (ended.code, ended.err) == (0, "")
    assert table(tmp_path / "out", "scrapes").height == 1
    assert processes_of(process.pid) == []
