"""An output folder of contract 1.1: every command reads it, and the next `clean` turns it into the present one.

`processed_1_1.tar.gz` holds what `clean` of the last version of contract 1.1 made of the invented samples in it (`raw`): two
snapshots, and what it kept of the inputs.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.__main__ import main
from flows.against import hold_against
from flows.baseline import open_snapshot
from flows.first_query import main as query_first
from flows.publish.snapshots import latest_snapshot, list_snapshots, read_manifest
from flows.publish.tables import scan_table
from flows.replay import read_refused
from flows.report import read_refused as report_refused
from schemas import TABLES, polars_schema
from schemas.changes import BREAKING, find_changes, is_bumped
from schemas.contract import build_contract, read_contract
from tests.conftest import Clean, table
from tests.inline import clean_inline

SITES = {"tools.example", "house.example", "licensed.example", None}


def unpack(folder: Path) -> tuple[Path, Path]:
    """Return the raw folder and the output folder of contract 1.1, unpacked below a folder."""
    with tarfile.open(Path(__file__).parent / "processed_1_1.tar.gz") as packed:
        packed.extractall(folder, filter="tar")
    return folder / "raw", folder / "processed"


@pytest.fixture
def old(tmp_path: Path) -> tuple[Path, Path]:
    return unpack(tmp_path)


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """The output folder after the next `clean`, the last snapshot of 1.1 in it, and the new one."""
    raw, processed = unpack(tmp_path_factory.mktemp("upgraded"))
    before = latest_snapshot(processed)
    outcome = clean_inline(raw, processed)
    assert before is not None
    assert outcome.snapshot is not None
    return processed, before, outcome.snapshot


def told(capfd: pytest.CaptureFixture[str], *words: str | Path) -> Any:
    """Return what a command prints as JSON."""
    assert main([*map(str, words), "--json"]) == 0
    return json.loads(capfd.readouterr().out)


def test_the_history_of_an_older_contract_is_told_checked_and_rolled_back(
    old: tuple[Path, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    _, processed = old
    first, last = list_snapshots(processed)
    assert main(["snapshots", str(processed), "--verify"]) == 0
    assert main(["path", str(processed)]) == 0
    assert last.name in capfd.readouterr().out
    assert main(["rollback", first.name, str(processed)]) == 0
    assert latest_snapshot(processed) == first.resolve()


def test_the_tables_of_an_older_contract_are_read_as_those_of_the_present_one(old: tuple[Path, Path]) -> None:
    snapshot = latest_snapshot(old[1])
    assert snapshot is not None
    rows = {name: scan_table(snapshot, name).collect() for name in TABLES}
    assert {name: dict(frame.schema) for name, frame in rows.items()} == {name: polars_schema(name) for name in TABLES}
    assert rows["near_duplicates"].height == 0
    assert set(rows["answers"]["site"]) == set(rows["questions"]["site"]) == SITES | {"oil.stackexchange.example"}
    assert rows["spans"].select("start_offset", "end_offset").null_count().row(0) == (0, 0)
    assert {check for *_, check in read_refused(snapshot)} == {"json", "no-text", "no-thread"}
    assert {row["check_name"] for row in report_refused(snapshot)} == {"json", "no-text", "no-thread"}


def test_queries_rules_and_labels_are_held_against_an_older_contract(
    old: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    raw, processed = old
    snapshot = latest_snapshot(processed)
    assert snapshot is not None
    query_first(str(processed))
    assert "Ada Brandt" in capfd.readouterr().out
    assert hold_against([], snapshot) == {}
    (tmp_path / "gold.tsv").write_text("name\tanswers\tverdict\nno-address.txt\t3\tkeep\nnone.txt\t\treject\n")
    scores = told(capfd, "evaluate", tmp_path / "gold.tsv", processed)
    assert (scores["pages"], scores["count_exact"]) == (2, 1.0)
    judged = told(capfd, "validate", raw / "tools.jsonl", "--processed", processed)
    assert "published" in json.dumps(judged)


def test_the_next_clean_turns_an_older_contract_into_the_present_one(upgraded: tuple[Path, Path, Path]) -> None:
    _, before, after = upgraded
    assert read_contract(after)["contract"] == build_contract()["contract"]
    assert find_changes(read_contract(after), build_contract() | {"links": None}) == []
    inputs = read_manifest(after)["inputs"]
    assert (inputs["unchanged"], inputs["removed"], inputs["held"]) == (0, 0, 0)
    assert inputs["new"] + inputs["changed"] + inputs["outdated"] == inputs["count"]
    for name in ("questions", "answers", "comments"):
        was, now = (scan_table(snapshot, name).select("question_id").collect() for snapshot in (before, after))
        assert (was.height, set(was["question_id"])) == (now.height, set(now["question_id"])), name


def test_a_new_name_or_a_new_column_alone_changes_no_row(upgraded: tuple[Path, Path, Path]) -> None:
    _, before, after = upgraded
    changes = read_manifest(after)["changes"]
    assert changes["since"] == before.name
    assert changes["rows"]["questions"] == {"added": 0, "changed": 0, "gone": 0}
    assert changes["rows"]["comments"] == {"added": 0, "changed": 0, "gone": 0}
    assert changes["rows"]["authors"] == {"added": 0, "changed": 0, "gone": 0}
    assert changes["rows"]["scrapes"] == {"added": 0, "changed": 0, "gone": 0}
    assert (changes["layouts"], changes["sites"], changes["rules"]) == ({}, {}, {})


def test_what_a_batch_is_held_against_is_the_same_of_an_older_contract(upgraded: tuple[Path, Path, Path]) -> None:
    _, before, after = upgraded
    was, now = open_snapshot(before), open_snapshot(after)
    assert (was.habits, list(was.scrapes), list(was.threads)) == (now.habits, list(now.scrapes), list(now.threads))
    assert was.profile_sites(set(SITES)) == now.profile_sites(set(SITES))


def test_the_gate_raises_no_alarm_because_the_contract_is_another(old: tuple[Path, Path], clean: Clean) -> None:
    raw, processed = old
    more = (
        (raw / "tools.jsonl").read_text("utf-8").replace("winter", "summer").replace("/t/", "/t/2").replace("tools", "tools1")
    )
    (raw / "more.jsonl").write_text(more.replace("tools1.example", "tools.example"), "utf-8")
    ended = clean(raw, processed, "--gate", "--json")
    assert ended.code == 0, ended.err
    gate = json.loads(ended.out)["gate"]
    assert (gate["held"], gate["suspect"]) == ([], [])
    assert gate["passed"] >= 1
    asked = table(processed, "questions").filter(site="tools.example")
    assert asked.height == 24


def test_what_a_held_site_keeps_of_an_older_contract_is_published_as_the_present_one_has_it(
    old: tuple[Path, Path], clean: Clean
) -> None:
    raw, processed = old
    before = latest_snapshot(processed)
    assert before is not None
    was = scan_table(before, "answers").filter(site="tools.example").collect()
    (raw / "tools.jsonl").unlink()
    assert clean(raw, processed).code == 1
    assert latest_snapshot(processed) != before
    now = table(processed, "answers").filter(site="tools.example")
    assert now.equals(was, null_equal=True)


def test_a_snapshot_of_an_older_contract_can_be_gone_back_to_and_left_again(
    upgraded: tuple[Path, Path, Path], tmp_path: Path, clean: Clean
) -> None:
    raw, processed = unpack(tmp_path)
    before = latest_snapshot(processed)
    assert before is not None
    assert clean(raw, processed).code == 0
    assert main(["rollback", before.name, str(processed)]) == 0
    assert clean(raw, processed).code == 0
    assert latest_snapshot(processed) == before
    assert clean(raw, processed, "--resume").code == 0
    latest = latest_snapshot(processed)
    assert latest is not None
    assert read_contract(latest)["contract"] == build_contract()["contract"]
    _, _, other = upgraded
    for name in TABLES:
        rows = [scan_table(snapshot, name).collect() for snapshot in (latest, other)]
        assert rows[0].equals(rows[1], null_equal=True), name


def test_refused_records_of_an_older_contract_are_tried_again(
    old: tuple[Path, Path], capfd: pytest.CaptureFixture[str], clean: Clean
) -> None:
    raw, processed = old
    done = told(capfd, "replay", raw, processed, "--no-prefect", "--workers", "1")
    assert (done["tried"], done["came_back"], done["newly_refused"], done["published"]) == (3, {}, {}, False)
    assert done["still_refused"] == {"json": 1, "no-text": 1, "no-thread": 1}


def test_the_difference_to_an_older_contract_is_told_as_breaking_and_allowed_by_its_version(
    old: tuple[Path, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    changes = find_changes(read_contract(old[1]), build_contract())
    assert {change.level for change in changes} >= {BREAKING}
    assert is_bumped(changes, "1.1", build_contract()["contract"])
    said = told(capfd, "schema", "diff", old[1])
    assert (said["old"], said["least"], said["bumped"]) == ("1.1", "2.0", True)
    gone = [change["where"] for change in said["changes"] if change["what"].startswith("the column is gone")]
    assert sorted(gone) == [
        "rejects.check", "rejects.column", "rejects.end", "rejects.start", "rejects.table", "spans.end", "spans.start",
    ]  # fmt: skip


def test_an_older_snapshot_keeps_the_columns_that_it_was_published_with(old: tuple[Path, Path]) -> None:
    snapshot = latest_snapshot(old[1])
    assert snapshot is not None
    (file,) = (snapshot / "spans").glob("*.parquet")
    assert pl.read_parquet_schema(file).names() == ["scrape_id", "start", "end", "role", "rule", "record_id"]
