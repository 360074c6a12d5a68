"""How much of the labelled threads is published right; the floors only rise."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.evaluation import evaluate_snapshot
from tests.inline import clean_inline, snapshot_of
from tests.labels import read_labels, read_threads, score_threads

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
FLOORS: dict[str, dict[str, Any]] = tomllib.loads((ROOT / "tests/floors.toml").read_text("utf-8"))


CORPUS: dict[str, dict[str, Any]] = FLOORS.pop("corpus")
FLOORS.pop("harm")  # tests/test_harmed.py


@pytest.mark.parametrize("name", FLOORS)
def test_the_floor_holds(name: str, tmp_path: Path) -> None:
    floor = FLOORS[name]
    labels = ROOT / floor["labels"]
    digest = hashlib.blake2b(labels.read_bytes(), digest_size=8).hexdigest()
    assert digest == floor["digest"], "the labels changed: measure anew, and never lower the floor"
    score = score_threads(snapshot_of(labels.parent, tmp_path), read_labels(labels))
    assert score.share >= floor["share"], "\n".join(score.wrong)


def test_the_samples_come_out_as_they_were_looked_over(samples: Path, tmp_path: Path) -> None:
    golden = json.loads((ROOT / "tests/golden/raw.json").read_text("utf-8"))
    threads = read_threads(snapshot_of(samples, tmp_path / "out"))
    assert set(threads) == set(golden)
    for source, want in golden.items():
        assert describe(threads[source]) == want, source


def describe(thread: dict[str, Any]) -> dict[str, Any]:
    scrape, question = thread["scrape"], thread["question"]
    fetched = scrape["fetched_at"]
    facts = {name: scrape[name] for name in ("verdict", "layout", "url", "site", "encoding")}
    facts |= {"fetched_at": fetched.isoformat() if fetched else None, "declared": scrape["declared_answer_count"]}
    if question is None:
        return facts
    answers = [
        {name: answer[name] for name in ("headline", "body", "byline", "votes")} | {"author": describe_author(answer["author"])}
        for answer in thread["answers"]
    ]
    asked = {"title": question["title"], "question": question["body"], "question_url": question["url"]}
    return facts | asked | {"answers": answers}


def describe_author(author: dict[str, Any] | None) -> dict[str, Any] | None:
    names = ("name", "suffix", "credentials", "role", "location", "rating", "review_count", "in_memoriam")
    return author and {name: author[name] for name in names}


@pytest.fixture
def scores(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The tool that scores a snapshot against labels.

    It takes the marks of list items out of a body, where they stand at the heads of lines. A label has its whole body on one
    line, so that they stay in it: here they are words on both sides.
    """
    spec = importlib.util.spec_from_file_location("scores", SHARED / "score/score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "MARKS", re.compile("(?!)()"))
    return module


@pytest.mark.skipif(not SHARED.is_dir(), reason="the seeds are not here")
def test_every_check_of_the_seeds_holds(tmp_path: Path, scores: Any) -> None:
    snapshot_of(SHARED / "seeds", tmp_path)
    share, counted, misses = scores.score_seeds(tmp_path, SHARED / "gold/seeds.jsonl")
    assert (share, counted["checks"], misses) == (1.0, 172, [])


@pytest.mark.skipif(not SHARED.is_dir(), reason="the seeds are not here")
def test_no_rule_or_code_knows_the_seeds() -> None:
    """Not four words in a row of their questions and answers, and no name."""
    known: set[tuple[str, ...]] = set()
    names: set[str] = set()
    for text, authors in seed_texts():
        known |= four_words(text)
        names |= {name.casefold() for name in authors}
    program = [*(ROOT / "flows").rglob("*.py"), *(ROOT / "flows").rglob("*.toml"), *(ROOT / "schemas").rglob("*.py")]
    for path in program:
        text = path.read_text("utf-8")
        assert four_words(text) & known == set(), path
        assert {name for name in names if name in text.casefold()} == set(), path


def seed_texts() -> list[tuple[str, list[str]]]:
    found = []
    for seed in map(json.loads, (SHARED / "gold/seeds.jsonl").read_text("utf-8").splitlines()):
        found.append((seed["question"]["text"], []))
        for answer in seed["answers"]:
            authors = answer["author"] if isinstance(answer["author"], list) else [answer["author"]]
            found.append((answer["text"], [name for name in authors if name and " " in name and not name.startswith("Dr")]))
    return found


def four_words(text: str) -> set[tuple[str, ...]]:
    words = [word for word in "".join(c.lower() if c.isalnum() else " " for c in text).split() if word]
    return {tuple(words[at : at + 4]) for at in range(len(words) - 3)}


@pytest.mark.skipif(not (SHARED / "corpus").is_dir(), reason="the corpus is not here")
@pytest.mark.parametrize("name", CORPUS)
def test_the_floor_of_a_corpus_holds(name: str, tmp_path: Path) -> None:
    floor = CORPUS[name]
    raw, labels = SHARED / "corpus" / floor["raw"], SHARED / "corpus" / floor["labels"]
    digest = hashlib.blake2b(digest_size=8)
    for file in [labels, *sorted(raw.iterdir())]:
        digest.update(file.name.encode() + file.read_bytes())
    assert digest.hexdigest() == floor["digest"], "the pages changed: measure anew, and never lower the floor"
    snapshot = clean_inline(raw, tmp_path, layouts=floor["layouts"]).snapshot
    assert snapshot is not None
    reached = evaluate_snapshot(snapshot, labels).as_dict()
    scores = {field: reached["fields"][field]["f1"] for field in ("posts", "author", "date") if field in floor}
    scores["count_exact"] = reached["count_exact"]
    assert {field: score for field, score in scores.items() if score < floor[field]} == {}, reached["worst"]


@pytest.mark.skipif(not (SHARED / "corpus").is_dir(), reason="the corpus is not here")
@pytest.mark.parametrize("folder", ["negatives", "templates"])
def test_pages_without_a_thread_publish_no_question_and_lose_nothing(folder: str, tmp_path: Path) -> None:
    snapshot = snapshot_of(SHARED / "corpus" / folder, tmp_path)
    tables = {name: pl.read_parquet(snapshot / name / "*.parquet") for name in ("scrapes", "questions", "rejects")}
    assert tables["questions"].height == 0
    assert set(tables["rejects"]["check_name"]) == {"no-thread"}
    assert tables["scrapes"].height == len(list((SHARED / "corpus" / folder).iterdir()))


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="the generator is not here")
def test_generated_threads_are_split_right(tmp_path: Path) -> None:
    """Right answer count in the headed layout; author and last paragraph of the signed answers in the other."""
    threads = tmp_path / "threads.jsonl"
    count = os.environ.get("THREADMILL_GENERATED", "4000")
    subprocess.run([sys.executable, SHARED / "bench/generate_threads.py", count, threads], check=True)
    found = read_threads(snapshot_of(threads, tmp_path / "processed"))
    texts = {record["id"]: record["text"] for record in map(json.loads, threads.read_text("utf-8").splitlines())}
    counted = [0, 0]
    signed = [0, 0]
    for truth in map(json.loads, threads.with_suffix(".truth.jsonl").read_text("utf-8").splitlines()):
        answers = found[f"threads.jsonl#{truth['id']}"]["answers"]
        if truth["layout"] == "headed":
            counted = [counted[0] + (len(answers) == truth["answers"]), counted[1] + 1]
        else:
            right, of = count_signed(answers, truth["names"], texts[truth["id"]])
            signed = [signed[0] + right, signed[1] + of]
    print(f"headed: {counted[0]} of {counted[1]} counts right; signed: {signed[0]} of {signed[1]} answers right")
    assert counted[0] / counted[1] >= 0.99
    assert signed[0] / signed[1] >= 0.99


def count_signed(answers: list[dict[str, Any]], names: list[str | None], text: str) -> tuple[int, int]:
    published = {
        (answer["author"]["name"], " ".join(answer["body"].split("\n\n")[-1].split()))
        for answer in answers
        if answer["author"] and answer["body"]
    }
    lines, at, right = text.split("\n"), 0, 0
    for name in filter(None, names):
        at = lines.index(name, at) + 1
        last = next(line for line in reversed(lines[: at - 1]) if line.strip())
        right += (name.split(",")[0], " ".join(last.split())) in published
    return right, sum(name is not None for name in names)
