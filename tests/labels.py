"""Labelled threads against what was published of them: how many answers have the right words and the right author."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

SAME = 0.98  # overlap of word 3-grams from which two texts are the same but for punctuation


class Score(NamedTuple):
    """Answers right, out of as many as are labelled or published, whichever is more; and what is wrong, in words."""

    right: int
    of: int
    wrong: list[str]

    @property
    def share(self) -> float:
        return self.right / self.of


def grams(text: str | None) -> Counter[tuple[str, ...]]:
    words = re.sub(r"\W+", " ", text or "").lower().split()
    return Counter(tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2))) if words else Counter()


def is_same(text: str | None, label: str | None) -> bool:
    ours, theirs = grams(text), grams(label)
    total = sum(ours.values()) + sum(theirs.values())
    return not total or 2 * sum((ours & theirs).values()) / total >= SAME


def read_threads(snapshot: Path) -> dict[str, dict[str, Any]]:
    """Return source → {"question", "answers" in order, each with "author"}."""
    tables = {name: pl.read_parquet(snapshot / name / "*.parquet") for name in ("scrapes", "questions", "answers", "authors")}
    people = {row["author_id"]: row for row in tables["authors"].to_dicts()}
    threads = {row["scrape_id"]: {"scrape": row, "question": None, "answers": []} for row in tables["scrapes"].to_dicts()}
    for row in tables["questions"].to_dicts():
        threads[row["scrape_id"]]["question"] = row
    for row in tables["answers"].sort("question_id", "position").to_dicts():
        threads[row["scrape_id"]]["answers"].append({**row, "author": people.get(row["author_id"])})
    return {thread["scrape"]["source"]: thread for thread in threads.values()}


def read_labels(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def is_right(answer: dict[str, Any], label: dict[str, Any]) -> bool:
    accepted = label["author"] if isinstance(label["author"], list) else [label["author"]]
    name = (answer["author"] or {}).get("name")
    return name in accepted and any(is_same(answer["body"], label.get(key)) for key in ("text", "text_alt") if key in label)


def score_thread(thread: dict[str, Any], label: dict[str, Any]) -> Score:
    """Return how many labelled answers are published with their words and author; each published answer serves once."""
    wanted = list(label["answers"])
    if len(thread["answers"]) == len(wanted) - 1:  # two answers that a careful reader may take for one
        for at, want in enumerate(wanted[:-1]):
            if want.get("optional_boundary"):
                wanted[at : at + 2] = [{**wanted[at + 1], "text": want["text"] + " " + wanted[at + 1]["text"]}]
                break
    free = list(thread["answers"])
    wrong = []
    for number, want in enumerate(wanted, start=1):
        found = next((answer for answer in free if is_right(answer, want)), None)
        if found is None:
            wrong.append(f"{label['source']} answer {number} ({want['author']})")
        else:
            free.remove(found)
    of = max(len(wanted), len(thread["answers"]))
    return Score(len(wanted) - len(wrong), of, wrong)


def score_threads(snapshot: Path, labels: list[dict[str, Any]]) -> Score:
    threads = read_threads(snapshot)
    scores = [score_thread(threads[label["source"]], label) for label in labels]
    return Score(sum(s.right for s in scores), sum(s.of for s in scores), [line for s in scores for line in s.wrong])
