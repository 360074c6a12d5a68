"""threadmill evaluate: what is right of a snapshot, by labels in each form, and what it says of wrong ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flows.__main__ import main
from tests import pages_by_hand as by_hand
from tests.conftest import write_files
from tests.inline import clean_inline
from tests.pages_by_hand import POSTS, TITLE

GOLD = [{"text": text, "author": author, "posted_raw": date} for author, date, text in POSTS]


@pytest.fixture(scope="module")
def processed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluate")
    raw = write_files(folder / "raw", {"starter.html": by_hand.by_divs(), "login.html": by_hand.LOGIN})
    clean_inline(raw, folder / "processed")
    return folder / "processed"


def scores(processed: Path, gold: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["evaluate", str(gold), str(processed), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def write_gold(folder: Path, *pages: dict[str, Any]) -> Path:
    gold = folder / "gold.jsonl"
    gold.write_text("".join(json.dumps(page) + "\n" for page in pages), "utf-8")
    return gold


def test_a_page_that_is_right_scores_one_in_every_field(
    processed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = scores(processed, write_gold(tmp_path, {"name": "starter", "title": TITLE, "posts": GOLD}), capsys)
    assert {name: field["f1"] for name, field in found["fields"].items()} == dict.fromkeys(
        ["posts", "author", "date", "title"], 1
    )
    assert (found["pages"], found["count_exact"], found["missing"], found["worst"]) == (1, 1.0, [], [])


def test_what_is_wrong_costs_its_own_field_alone(processed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gold = [dict(post) for post in GOLD]
    gold[0]["author"], gold[1]["posted_raw"] = "somebody else", "4 May 2021"
    gold[2]["text"] = "Quite another text stands here, of which no word is on the page at all."
    found = scores(processed, write_gold(tmp_path, {"name": "starter", "posts": gold}), capsys)
    right = {name: found["fields"][name]["right"] for name in ("posts", "author", "date")}
    assert right == {"posts": 3, "author": 2, "date": 2}
    assert [page["page"] for page in found["worst"]] == ["starter"]


def test_counts_and_refusals_are_read_from_a_table(processed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        "name\tengine\tverdict\tanswers\turl",
        "starter.html\tx\tthread\t3\t",
        "login.html\tx\treject\t\t",
        "gone.html\tx\tthread\t2\t",
    ]
    table = tmp_path / "pages.tsv"
    table.write_text("\n".join(rows) + "\n", "utf-8")
    found = scores(processed, table, capsys)
    assert (found["pages"], round(found["count_exact"], 3), found["missing"]) == (3, 0.667, ["gone"])


@pytest.mark.parametrize("content", ["not json\n", '{"name": "a"}\n', '["a"]\n'])
def test_labels_that_cannot_be_read_are_wrong_use(
    processed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text(content, "utf-8")
    assert main(["evaluate", str(gold), str(processed)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "gold.jsonl" in error


def test_no_labels_and_no_snapshot_are_wrong_use(processed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(tmp_path / "nowhere"), str(processed)]) == 2
    assert main(["evaluate", str(write_gold(tmp_path)), str(tmp_path)]) == 2
    assert "run threadmill clean first" in capsys.readouterr().err
