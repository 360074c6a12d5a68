"""Batches → a snapshot: one row per key, the same bytes whatever the batches, read back before it counts."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from flows import merge
from flows.errors import Fault
from flows.index import PAGE_WEIGHT, weigh
from flows.promises import check_links
from flows.publish import runs
from flows.publish.manifest import read_manifest
from flows.publish.parts import PartWriter, check_part
from flows.publish.snapshots import latest_snapshot, open_processed
from flows.read import batches
from schemas import LINKS, TABLES, columns_of, polars_schema, traits_of
from tests.conftest import write_files
from tests.inline import clean_inline, snapshot_of

BODY = "The joint of number {} is held by a spring that loses its force after {} years of daily use."
NAMES = ["Ada Brandt, PhD", "Bela Quist, MSc", "Cleo Marsh, MD", "Dora Stein, RN"]


def thread(number: int, answers: int = 3) -> str:
    dice = random.Random(number)  # noqa: S311 -- the same threads every time
    lines = [f"Why does machine {number} click?", ""]
    for at in range(answers):
        lines += [BODY.format(number, at), "", dice.choice(NAMES)]
    return "\n".join(lines)


def write_records(raw: Path, numbers: list[int], name: str = "threads.jsonl", **more: Any) -> None:
    raw.mkdir(exist_ok=True)
    records = [{"id": f"{n}", "url": f"https://s{n % 3}.example/q/{n}", "text": thread(n), **more} for n in numbers]
    (raw / name).write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")


def table(snapshot: Path, name: str) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(file) for file in sorted((snapshot / name).glob("*.parquet"))])


def parts_of(snapshot: Path) -> list[str]:
    return sorted(path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*.parquet"))


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    write_records(tmp_path / "raw", list(range(40)))
    return tmp_path / "raw"


@pytest.fixture
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "RANGE_BYTES", 2000)


def test_every_table_is_there_with_its_schema_and_descriptions(raw: Path, tmp_path: Path) -> None:
    snapshot = snapshot_of(raw, tmp_path / "processed")
    for name in TABLES:
        (file,) = (snapshot / name).glob("*.parquet")
        schema = pq.ParquetFile(file).schema_arrow
        assert schema.names == list(polars_schema(name))
        for column, about in columns_of(name).items():
            assert schema.field(column).metadata[b"description"].decode() == about["description"]


def test_nothing_to_read_gives_empty_tables(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/empty.txt").touch()
    snapshot = snapshot_of(tmp_path / "raw", tmp_path / "processed")
    refused = {"scrapes": 1, "texts": 1, "rejects": 1}
    assert {name: table(snapshot, name).height for name in TABLES} == {name: refused.get(name, 0) for name in TABLES}


@pytest.mark.usefixtures("small_ranges")
def test_many_ranges_give_the_rows_of_one(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = snapshot_of(raw, tmp_path / "many")
    monkeypatch.setattr(runs, "RANGE_BYTES", 1 << 30)
    one = snapshot_of(raw, tmp_path / "one")
    for name in TABLES:
        assert table(many, name).equals(table(one, name)), name
    assert pq.ParquetFile(next((many / "texts").glob("*.parquet"))).num_row_groups > 1


@pytest.mark.usefixtures("small_ranges")
def test_many_ranges_of_which_some_hold_a_thread_twice_give_the_rows_of_one(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in sorted(raw.glob("*.jsonl")):  # the same threads at other addresses of their pages, scraped anew
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()][:3]
        twice = (json.dumps(record | {"id": f"{record['id']}-anew", "text": record["text"] + "\n\n"}) for record in lines)
        path.with_name(f"anew-{path.name}").write_text("\n".join(twice), "utf-8")
    many = snapshot_of(raw, tmp_path / "many")
    monkeypatch.setattr(runs, "RANGE_BYTES", 1 << 30)
    one = snapshot_of(raw, tmp_path / "one")
    for name in TABLES:
        assert table(many, name).equals(table(one, name)), name
    assert table(many, "scrapes").height > table(many, "questions").height == 40


def test_records_without_text_weigh_too_when_a_snapshot_is_cut_into_ranges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = list[int]()
    real = runs.range_count
    monkeypatch.setattr(runs, "range_count", lambda weight: weights.append(weight) or real(weight))
    raw = write_files(tmp_path / "raw", {"a.jsonl": "".join(f'{{"i": {number}}}\n' for number in range(300))})
    assert table(snapshot_of(raw, tmp_path / "out"), "rejects").height == 300
    assert weights == [300 * PAGE_WEIGHT]
    assert [real(weigh(0, pages)) for pages in (1, 30_000, 300_000)] == [1, 1, 16]


@pytest.mark.usefixtures("small_ranges")
def test_several_parts_hold_the_same_rows_in_order(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "PART_BYTES", 8000)
    snapshot = snapshot_of(raw, tmp_path / "processed")
    assert len(list((snapshot / "texts").glob("*.parquet"))) > 1
    texts = table(snapshot, "texts")
    assert texts.height == 40
    assert texts["scrape_id"].is_sorted()


@pytest.mark.parametrize("size", [400, 3000, 1 << 20])
def test_the_bytes_do_not_depend_on_the_batches(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    whole = parts_of(snapshot_of(raw, tmp_path / "whole"))
    monkeypatch.setattr(batches, "BATCH_BYTES", size)
    assert parts_of(snapshot_of(raw, tmp_path / "pieces")) == whole


def test_the_bytes_do_not_depend_on_the_order_of_the_records(tmp_path: Path) -> None:
    numbers = list(range(30))
    write_records(tmp_path / "a", numbers)
    random.Random(5).shuffle(numbers)  # noqa: S311
    write_records(tmp_path / "b", numbers)
    assert parts_of(snapshot_of(tmp_path / "a", tmp_path / "pa")) == parts_of(snapshot_of(tmp_path / "b", tmp_path / "pb"))


def test_rows_are_sorted_and_keys_unique_and_links_hold(raw: Path, tmp_path: Path) -> None:
    snapshot = snapshot_of(raw, tmp_path / "processed")
    for name in TABLES:
        frame, traits = table(snapshot, name), traits_of(name)
        keys = frame.select(traits["sort"])
        assert keys.equals(keys.sort(traits["sort"])), name
        assert not traits["key"] or frame.select(pl.struct(traits["key"]).is_unique().all()).item()
    for link in LINKS:
        there = set(table(snapshot, link.target)[link.key])
        assert set(table(snapshot, link.table)[link.column].drop_nulls()) <= there


def test_the_counts_of_authors_are_those_of_the_published_posts(raw: Path, tmp_path: Path) -> None:
    snapshot = snapshot_of(raw, tmp_path / "processed")
    authors, answers = table(snapshot, "authors"), table(snapshot, "answers")
    assert authors["answer_count"].sum() == answers["author_id"].count()
    assert authors.height == len(NAMES) * 3  # one person a site
    counts = answers.group_by("question_id").len()
    joined = table(snapshot, "questions").join(counts, on="question_id")
    assert (joined["answer_count"] == joined["len"]).all()


def test_a_copy_of_a_scrape_is_refused_and_named(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    for name in ("a.txt", "b.txt"):
        (tmp_path / "raw" / name).write_text(thread(1), "utf-8")
    snapshot = snapshot_of(tmp_path / "raw", tmp_path / "processed")
    assert table(snapshot, "scrapes")["source"].to_list() == ["a.txt"]
    (refused,) = table(snapshot, "rejects").to_dicts()
    assert (refused["source"], refused["check_name"]) == ("b.txt", "duplicate")
    assert "a.txt" in refused["reason"]


def test_of_two_scrapes_of_a_thread_the_newest_wins_and_answers_are_united(tmp_path: Path) -> None:
    url = "https://s.example/q/1"
    old, new = thread(1, answers=2), thread(1, answers=3).replace("clicks", "clicks again")
    (tmp_path / "raw").mkdir()
    records = [
        {"id": "new", "url": url + "?utm_source=x", "timestamp": "2026-02-01T00:00:00Z", "text": new},
        {"id": "old", "url": url, "timestamp": "2026-01-01T00:00:00Z", "text": old + f"\n{BODY.format(9, 9)}\n\nEve Roth, PhD"},
    ]
    (tmp_path / "raw/t.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    snapshot = snapshot_of(tmp_path / "raw", tmp_path / "processed")
    scrapes, answers = table(snapshot, "scrapes"), table(snapshot, "answers")
    (question,) = table(snapshot, "questions").to_dicts()
    newest = scrapes.filter(pl.col("source") == "t.jsonl#new")["scrape_id"].item()
    assert (scrapes.height, question["scrape_id"]) == (2, newest)
    assert answers["position"].to_list() == list(range(1, answers.height + 1))
    assert question["answer_count"] == answers.height == 4
    assert "Eve Roth, PhD" in answers["byline"].to_list()


def test_a_part_that_was_cut_short_is_found(tmp_path: Path) -> None:
    writer = PartWriter(tmp_path, "texts", 0)
    writer.write(pl.DataFrame({"scrape_id": ["0" * 32], "text": ["a"]}))
    part = writer.close()
    assert part.sha256[:16] in part.path
    path = tmp_path / part.path
    with pytest.raises(Fault):
        check_part(path, "texts", 2)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises((Fault, OSError)):
        check_part(path, "texts", 1)


@pytest.mark.parametrize("ids", [["1" * 32, "0" * 32], ["0" * 32, "0" * 32]])
def test_a_part_out_of_order_or_with_a_key_twice_is_refused(tmp_path: Path, ids: list[str]) -> None:
    writer = PartWriter(tmp_path, "texts", 0)
    for scrape in ids:
        writer.write(pl.DataFrame({"scrape_id": [scrape], "text": ["a"]}))
    with pytest.raises(Fault):
        writer.close()


def test_an_orphan_is_found_before_the_switch(raw: Path, tmp_path: Path) -> None:
    outcome = clean_inline(raw, tmp_path / "processed")
    assert outcome.snapshot is not None
    parts = [merge.Part(**entry) for entry in read_manifest(outcome.snapshot)["files"]]
    check_links(outcome.snapshot, parts)
    answers = next(part for part in parts if part.table == "answers")
    table(outcome.snapshot, "answers").with_columns(author_id=pl.lit("f" * 32)).write_parquet(outcome.snapshot / answers.path)
    with pytest.raises(Fault, match="author_id"):
        check_links(outcome.snapshot, parts)


def test_the_manifest_tells_every_file_and_where_it_comes_from(raw: Path, tmp_path: Path) -> None:
    first = snapshot_of(raw, tmp_path / "processed")
    write_records(raw, [99], "more.jsonl")
    second = snapshot_of(raw, tmp_path / "processed")
    manifest = read_manifest(second)
    assert manifest["parent"] == first.name
    assert sorted(entry["path"] for entry in manifest["files"]) == parts_of(second)
    assert manifest["inputs"]["count"] == 2
    assert latest_snapshot(tmp_path / "processed") == second
    comments = next(path for path in parts_of(second) if path.startswith("comments"))
    assert (first / comments).stat().st_ino == (second / comments).stat().st_ino  # an unchanged part is shared


def test_nothing_new_publishes_nothing(raw: Path, tmp_path: Path) -> None:
    first = snapshot_of(raw, tmp_path / "processed")
    again = clean_inline(raw, tmp_path / "processed")
    assert (again.published, again.snapshot) == (False, first)


def test_one_run_at_a_time(tmp_path: Path) -> None:
    with (
        open_processed(tmp_path / "processed"),
        pytest.raises(Fault, match="another run"),
        open_processed(tmp_path / "processed"),
    ):
        pass
