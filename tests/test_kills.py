"""A run may be killed at any instant: no reader sees a half, and the next run ends where an undisturbed one does."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import polars as pl
import pytest

from flows.publish import history, snapshots
from flows.publish.history import check_snapshot
from flows.publish.snapshots import latest_snapshot, list_snapshots
from schemas import TABLES
from tests.conftest import THREAD, command, end_of, table, write_files
from tests.inline import clean_inline, snapshot_of
from tests.test_publish import parts_of

ROOT = Path(__file__).parent.parent


class Reader(threading.Thread):
    """Resolves `latest` once, reads every table of what it found, and starts again; keeps what was not whole."""

    def __init__(self, processed: Path) -> None:
        super().__init__(daemon=True)
        self.faults: list[str] = []
        self.seen: set[str] = set()
        self.reads = 0
        self._processed, self._ended = processed, threading.Event()

    def run(self) -> None:
        while not self._ended.is_set():
            if (snapshot := latest_snapshot(self._processed)) is not None:
                self._read(snapshot)

    def _read(self, snapshot: Path) -> None:
        try:
            entries = json.loads((snapshot / "manifest.json").read_bytes())["files"]
            frames = {entry["table"]: pl.read_parquet(snapshot / entry["path"]) for entry in entries}
            rows = {entry["table"]: entry["rows"] for entry in entries}
            self.faults += [f"{snapshot.name}: {name}" for name in TABLES if frames[name].height != rows[name]]
            if not set(frames["answers"]["question_id"]) <= set(frames["questions"]["question_id"]):
                self.faults.append(f"{snapshot.name}: an answer of another snapshot")
        except Exception as error:  # noqa: BLE001 -- whatever a reader meets is a fault of ours
            self.faults.append(f"{snapshot.name}: {error!r}")
        self.seen.add(snapshot.name)
        self.reads += 1

    def end(self) -> None:
        self._ended.set()
        self.join()


def kill_at_random(raw: Path, processed: Path, kills: int, dice: random.Random) -> None:
    """Start the program that publishes, kill it after a random time, again and again: half the time in its first round."""
    for number in range(kills):
        words = [sys.executable, "-m", "tests.killed", str(raw), str(processed), str(number)]
        process = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        wait_until(lambda: _is_at_work(processed, process.pid), process)  # noqa: B023 -- called at once
        if dice.random() < 0.5:
            before, more = set(list_snapshots(processed)), dice.randint(1, 3)
            wait_until(lambda: len(set(list_snapshots(processed)) - before) >= more, process, 20)  # noqa: B023
        time.sleep(dice.uniform(0, 0.6))
        process.kill()
        said = process.communicate()[1]
        assert process.returncode == -signal.SIGKILL, said


def wait_until(done: Callable[[], bool], process: subprocess.Popen[str], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None and not done():
        time.sleep(0.01)


def _is_at_work(processed: Path, pid: int) -> bool:
    return f"process {pid} " in (processed / snapshots.SNAPSHOTS / ".lock-holder").read_text()


@pytest.mark.parametrize(
    ("kills", "every"), [pytest.param(4, 2, id="short"), pytest.param(200, 20, id="full", marks=pytest.mark.slow)]
)
@pytest.mark.timeout(3000)
def test_killed_at_any_instant_no_reader_sees_a_half(tmp_path: Path, kills: int, every: int) -> None:
    raw, processed = write_files(tmp_path / "raw", {"0.txt": THREAD}), tmp_path / "processed"
    snapshot_of(raw, processed)
    readers = [Reader(processed) for _ in range(2)]
    for reader in readers:
        reader.start()
    dice = random.Random(1)  # noqa: S311 -- the instants differ anyway
    try:
        for done in range(0, kills, every):
            kill_at_random(raw, processed, every, dice)
            after = clean_inline(raw, processed, resume=True).snapshot
            assert after is not None
            assert parts_of(after) == parts_of(snapshot_of(raw, tmp_path / f"anew{done}"))
            assert check_snapshot(after) == []
            assert not list((processed / snapshots.SNAPSHOTS).glob(".staging-*"))
    finally:
        for reader in readers:
            reader.end()
    assert [fault for reader in readers for fault in reader.faults] == []
    assert min(reader.reads for reader in readers) >= kills
    assert len(set.union(*(reader.seen for reader in readers))) > kills // 4


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_run_with_workers_killed_at_any_instant_is_made_good_by_the_next(tmp_path: Path) -> None:
    raw = write_files(tmp_path / "raw", {f"{n}.txt": THREAD.replace("knee", f"knee {n}") for n in range(40)})
    expected = parts_of(snapshot_of(raw, tmp_path / "anew"))
    dice = random.Random(2)  # noqa: S311
    for number in range(12):
        processed = tmp_path / f"p{number}"
        process = command("clean", "--no-prefect", "--workers", "2", raw, processed)
        time.sleep(dice.uniform(0.2, 4))
        process.kill()
        end_of(process)
        assert end_of(command("clean", "--no-prefect", "--workers", "2", raw, processed)).code == 0
        assert parts_of((processed / "latest").resolve()) == expected


@pytest.mark.slow
@pytest.mark.prefect
@pytest.mark.timeout(1200)
def test_a_flow_killed_at_any_instant_is_made_good_by_the_next(tmp_path: Path) -> None:
    raw = write_files(tmp_path / "raw", {f"{n}.txt": THREAD.replace("knee", f"knee {n}") for n in range(40)})
    expected = parts_of(snapshot_of(raw, tmp_path / "anew"))
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path / "prefect")}
    dice = random.Random(3)  # noqa: S311
    processed = tmp_path / "processed"
    for _ in range(5):
        process = command("clean", raw, processed, env=environment, start_new_session=True)
        time.sleep(dice.uniform(8, 22))
        os.killpg(process.pid, signal.SIGKILL)  # its server too
        end_of(process)
        if latest_snapshot(processed) is not None:
            assert check_snapshot((processed / "latest").resolve()) == []
    assert end_of(command("clean", raw, processed, env=environment), timeout=240).code == 0
    assert parts_of((processed / "latest").resolve()) == expected


def test_of_several_runs_at_once_one_works_and_the_others_say_who(tmp_path: Path) -> None:
    text = "".join(json.dumps({"id": str(n), "text": THREAD.replace("knee", f"knee {n}")}) + "\n" for n in range(2500))
    raw = write_files(tmp_path / "raw", {"many.jsonl": text})
    runs = [command("clean", "--no-prefect", "--workers", "1", raw, tmp_path / "out") for _ in range(4)]
    ended = [end_of(run) for run in runs]
    refused = [run for run in ended if run.code == 3]
    assert len(refused) >= 2
    assert len(refused) + sum(run.code == 0 for run in ended) == 4
    for run in refused:
        assert "another run is at work (process " in run.err
        assert run.err.count("\n") == 1
    assert table(tmp_path / "out", "scrapes").height == 2500


def test_no_file_handles_left_is_a_fault(tmp_path: Path) -> None:
    raw = write_files(tmp_path / "raw", {"knee.txt": THREAD})
    snapshot_of(raw, tmp_path / "out")
    before = latest_snapshot(tmp_path / "out")
    write_files(raw, {"elbow.txt": THREAD.replace("knee", "elbow")})

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))

    ended = end_of(command("clean", "--no-prefect", "--workers", "1", raw, tmp_path / "out", preexec_fn=limit))
    assert (ended.code, ended.err.count("\n")) == (3, 1), ended.err
    assert latest_snapshot(tmp_path / "out") == before
    assert end_of(command("clean", "--no-prefect", "--workers", "1", raw, tmp_path / "out")).code == 0
    assert table(tmp_path / "out", "scrapes").height == 2


class Yesterday(datetime):
    """A clock that was set back by a day."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) - timedelta(days=1)


def test_a_clock_that_goes_backwards_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw, processed = write_files(tmp_path / "raw", {"knee.txt": THREAD}), tmp_path / "processed"
    first = snapshot_of(raw, processed)
    for module in (snapshots, history):
        monkeypatch.setattr(module, "datetime", Yesterday)
    write_files(raw, {"elbow.txt": THREAD.replace("knee", "elbow")})
    second = snapshot_of(raw, processed)
    assert latest_snapshot(processed) == second
    assert table(processed, "scrapes").height == 2
    assert [entry.snapshot for entry in history.read_history(processed)] == [first.name, second.name]
    monkeypatch.undo()
    write_files(raw, {"hip.txt": THREAD.replace("knee", "hip")})
    third = snapshot_of(raw, processed)
    assert list_snapshots(processed)[0] == second  # its id begins with an older time
    assert history.retire_snapshots(processed, keep=2, now=datetime.now(UTC) + timedelta(hours=2)) == [first.name]
    assert parts_of(third) == parts_of(snapshot_of(raw, tmp_path / "anew"))
