"""A page that makes the program fail, wherever on its path: it is refused by itself, and the others are published."""

from __future__ import annotations

import importlib
import json
import logging
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.judge_batch import judge_pieces
from flows.read.batches import plan_batches
from flows.read.inputs import find_inputs
from tests.conftest import THREAD, write_files
from tests.inline import clean_inline, snapshot_of

POISONED = (
    THREAD.replace("Anna Berg", "Anna Poison").replace("cut look dry", "cut {poison look dry").replace("stitches", "seams")
)
SOUND = {"a.txt": THREAD.replace("knee", "shin"), "c.txt": THREAD.replace("knee", "elbow")}
# Where it fails: a name that a module uses. Each is looked up as the program runs, in what is compiled as in plain Python.
PLACES = [
    "flows.read.files.decode",
    "flows.read.fields.read_time",
    "flows.read.jsonl.orjson",
    "flows.pipeline.settle_language",
    "flows.pipeline.mark_lines",
    "flows.pipeline.find_loss",
    "flows.batches.author_key",
    "flows.batches.find_residue",
]
ERRORS = [TypeError("union[str, None] expected"), RecursionError("too deep"), AssertionError(), KeyError("half \ud800")]


def poison(monkeypatch: pytest.MonkeyPatch, place: str, error: Exception) -> None:
    """Make a function raise whenever the poisoned page is in what it is called with."""
    module, name = place.rsplit(".", 1)
    before = getattr(importlib.import_module(module), name)
    real = before.loads if name == "orjson" else before

    def fail(*arguments: Any, **options: Any) -> Any:
        if "poison" in repr(arguments).lower():
            raise error
        return real(*arguments, **options)

    if name == "orjson":
        monkeypatch.setattr(before, "loads", fail)
    else:
        monkeypatch.setattr(f"{module}.{name}", fail)


def tables_of(snapshot: Path) -> dict[str, pl.DataFrame]:
    return {
        table: pl.read_parquet(snapshot / table / "*.parquet")
        for table in ("scrapes", "texts", "questions", "answers", "authors", "rejects")
    }


def inputs_with_poison(folder: Path, place: str) -> Path:
    if "jsonl" in place or "fields" in place:
        records = [{"id": name, "text": text, "timestamp": 1714521600} for name, text in SOUND.items()]
        bad = {"id": "b", "text": POISONED, "timestamp": "poison"}
        lines = [json.dumps(record) for record in (records[0], bad, records[1])]
        return write_files(folder, {"x.jsonl": "\n".join(lines) + "\n"})
    return write_files(folder, SOUND | {"b.txt": POISONED})


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("place", PLACES)
def test_a_page_that_raises_anywhere_on_its_path_is_refused_alone(
    place: str, error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    poison(monkeypatch, place, error)
    found = tables_of(snapshot_of(inputs_with_poison(tmp_path / "raw", place), tmp_path / "out"))
    assert sorted(found["scrapes"]["verdict"]) == ["ok", "ok", "rejected"]
    (refused,) = found["rejects"].to_dicts()
    assert (refused["check_name"], refused["table_name"], refused["severity"]) == ("defect", "scrapes", "scrape")
    assert "please report it" in refused["reason"]
    assert type(error).__name__ in refused["reason"]
    assert any(record.exc_info and record.levelno == logging.ERROR for record in caplog.records)
    monkeypatch.undo()
    others = inputs_with_poison(tmp_path / "others", place)
    if (others / "b.txt").exists():
        (others / "b.txt").unlink()
        alone = tables_of(snapshot_of(others, tmp_path / "alone"))
        for table in ("questions", "answers", "authors"):
            assert_frame_equal(found[table], alone[table])


def test_a_page_that_fails_on_its_way_keeps_its_text_and_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    poison(monkeypatch, "flows.batches.author_key", TypeError())
    raw = write_files(tmp_path / "raw", {"b.txt": POISONED, "b.txt.meta.json": '{"url": "https://a.example/t/1"}'})
    found = tables_of(snapshot_of(raw, tmp_path / "out"))
    assert found["texts"]["text"].to_list() == [POISONED]
    assert found["scrapes"]["url"].to_list() == ["https://a.example/t/1"]
    assert found["scrapes"]["cut_chars"].to_list() == [len(POISONED)]


def test_a_page_over_which_the_memory_runs_out_is_refused_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    raw = write_files(tmp_path / "raw", SOUND | {"b.txt": POISONED})
    poison(monkeypatch, "flows.pipeline.mark_lines", MemoryError())
    assert tables_of(snapshot_of(raw, tmp_path / "out"))["rejects"]["check_name"].to_list() == ["memory"]
    monkeypatch.undo()
    again = clean_inline(raw, tmp_path / "out")
    assert again.snapshot is not None
    assert tables_of(again.snapshot)["rejects"].is_empty()


@pytest.mark.parametrize("place", PLACES[3:6])
def test_a_page_that_raises_fails_and_the_others_of_its_batch_are_judged(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = inputs_with_poison(tmp_path / "raw", place)
    (batch,) = plan_batches(find_inputs(raw), raw, tmp_path / "spool")
    sound = {judged.source: judged.reasons for judged in judge_pieces(batch).pages if judged.source != "b.txt"}
    poison(monkeypatch, place, TypeError("odd"))
    judged = {found.source: found for found in judge_pieces(batch).pages}
    assert {source: judged[source].reasons for source in sound} == sound
    assert judged["b.txt"].reasons[0].severity == "fail"


@pytest.mark.parametrize(
    "places", [["flows.judge_batch.judge_page"], ["flows.judge_batch.find_residue", "flows.batches.find_residue"]]
)
def test_a_page_that_makes_the_judging_itself_fail_fails(
    places: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    raw = inputs_with_poison(tmp_path / "raw", "")
    (batch,) = plan_batches(find_inputs(raw), raw, tmp_path / "spool")
    for place in places:
        poison(monkeypatch, place, TypeError("odd"))
    judged = {found.source: found for found in judge_pieces(batch).pages}
    assert len(judged) == 3
    assert [reason.severity for reason in judged["b.txt"].reasons][:1] == ["fail"]
