"""A worker that dies at an input, each time: the input is refused at the third death, and the others are cleaned."""

from __future__ import annotations

import importlib
import json
import os
import signal
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from flows.read import whereabouts
from flows.report import Silent
from flows.run import run_clean
from flows.workers import PlainExecutor, WorkerPool
from tests.conftest import THREAD, table, write_files


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run_on() -> None:
    while True:
        pass


# What a page with the word in it does to the function of that name.
DEADLY: dict[str, tuple[str, Callable[[], None]]] = {
    "killer": ("flows.pipeline.settle_language", die),
    "endless": ("flows.pipeline.find_loss", run_on),
    "burst": ("flows.read.files.decode", die),
    "crash": ("flows.read.jsonl.orjson", die),
}


def work_deadly(job: Callable[..., Any], *arguments: Any) -> Any:
    """Do a job in a process that some pages kill."""
    whereabouts.MOST_SECONDS = 1
    for word, (place, deed) in DEADLY.items():
        module, name = place.rsplit(".", 1)
        arm(importlib.import_module(module), name, word, deed)
    return job(*arguments)


def arm(module: Any, name: str, word: str, deed: Callable[[], None]) -> None:
    before = getattr(module, name)
    real = before.loads if name == "orjson" else before

    def look(*arguments: Any, **options: Any) -> Any:
        if word in repr(arguments):
            deed()
        return real(*arguments, **options)

    setattr(module, name, type("orjson", (), {"loads": staticmethod(look), "JSONDecodeError": before.JSONDecodeError})
            if name == "orjson" else look)  # fmt: skip


class DeadlyExecutor(PlainExecutor):
    """Does all jobs in processes that some pages kill."""

    def submit(self, job: Callable[..., Any], *arguments: Any) -> Future[Any]:
        return super().submit(work_deadly, job, *arguments)


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the workers take no compiled modules, in which nothing can be put in the place of a function."""
    monkeypatch.setenv("THREADMILL_PLAIN", "1")


def told(tmp_path: Path, files: dict[str, bytes | str], workers: int) -> dict[str, str]:
    """Clean files; return what each scrape came to: its verdict, or why it was refused."""
    raw = write_files(tmp_path / "raw", files)
    executor = DeadlyExecutor(WorkerPool(workers))
    try:
        run_clean(raw, tmp_path / "out", executor, Silent())
    finally:
        executor.close()
    refused = table(tmp_path / "out", "rejects").filter(severity="scrape").select("source", "check_name").iter_rows()
    return dict(table(tmp_path / "out", "scrapes").select("source", "verdict").iter_rows()) | dict(refused)


def page(number: int, word: str = "soft") -> str:
    return THREAD.replace("knee", f"{word} knee {number}")


@pytest.mark.slow
@pytest.mark.parametrize("word", DEADLY)
def test_a_record_that_kills_its_worker_is_refused_and_the_others_are_cleaned(word: str, tmp_path: Path) -> None:
    records = [{"id": str(n), "text": page(n, word if n == 3 else "soft")} for n in range(6)]
    if word == "burst":
        records[3] = {"id": "3", "html": f"<p>{word}"}
    files: dict[str, bytes | str] = {"a.jsonl": "".join(json.dumps(record) + "\n" for record in records), "b.txt": page(9)}
    found = told(tmp_path, files, workers=1)
    at = "a.jsonl#@" + str(sum(len(json.dumps(record)) + 1 for record in records[:3])) if word == "crash" else "a.jsonl#3"
    assert found == {f"a.jsonl#{n}": "ok" for n in range(6) if n != 3} | {at: "worker-died", "b.txt": "ok"}


@pytest.mark.slow
def test_the_jobs_beside_one_that_kills_workers_are_not_blamed_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.read.batches.BATCH_FILES", 3)
    files: dict[str, bytes | str] = {f"{n:02}.txt": page(n, "killer" if n in (1, 13) else "soft") for n in range(24)}
    found = told(tmp_path, files, workers=2)
    assert {source for source, check in found.items() if check != "ok"} == {"01.txt", "13.txt"}
    assert found["01.txt"] == found["13.txt"] == "worker-died"
    assert len(found) == 24
