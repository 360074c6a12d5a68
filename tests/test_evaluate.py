"""threadmill evaluate: labels of three forms against what was published."""

from __future__ import annotations

import json
from pathlib import Path

from flows.evaluation import evaluate_snapshot
from tests.conftest import THREAD, Clean, write_files
from tests.inline import snapshot_of

ANNA = "Stitches over a joint stay in for ten to fourteen days. Keep the cut covered until then."


def test_posts_authors_and_counts_are_scored(tmp_path: Path) -> None:
    snapshot = snapshot_of(write_files(tmp_path / "raw", {"knee.txt": THREAD, "none.txt": "Log in\n\nHome"}), tmp_path / "out")
    whole = {"source": "knee.txt", "title": None, "question": {"text": "no such question", "author": None}}
    whole["answers"] = [{"text": ANNA, "author": "Anna Berg"}]
    gold = tmp_path / "gold.jsonl"
    gold.write_text(json.dumps(whole) + "\n", "utf-8")
    scores = evaluate_snapshot(snapshot, gold)
    assert (scores.pages, scores.missing) == (1, [])
    assert scores.fields["posts"].wanted == 2
    assert scores.fields["posts"].right <= 1
    pages = tmp_path / "pages.tsv"
    pages.write_text("name\tverdict\tanswers\nnone.txt\treject\t\nlost.txt\tthread\t3\n", "utf-8")
    counted = evaluate_snapshot(snapshot, pages)
    assert (counted.exact, counted.missing, [page.name for page in counted.worst]) == (1, ["lost"], ["lost"])


def test_the_command_prints_one_json_document(tmp_path: Path, clean: Clean) -> None:
    from flows.__main__ import main

    clean(write_files(tmp_path / "raw", {"knee.txt": THREAD}), tmp_path / "out")
    gold = tmp_path / "gold.jsonl"
    gold.write_text('{"name": "knee", "posts": [{"text": "nothing alike", "author": "x"}]}\n', "utf-8")
    assert main(["evaluate", str(gold), str(tmp_path / "out"), "--json"]) == 0
    assert main(["evaluate", str(tmp_path / "absent.jsonl"), str(tmp_path / "out")]) == 2
