"""`clean` and `validate` say the same of a page: what it holds, who decided, and that it is refused where it is."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.executor import InlineExecutor
from flows.judge import judge_inputs
from flows.judging.verdicts import Judged
from flows.targets import Roots, find_targets
from tests.conftest import THREAD, copy_samples, table, write_files
from tests.inline import snapshot_of
from tests.test_split_dates import DAYS, HEADS, IN_ONE_TEXT, NAMES, thread

ROOT = Path(__file__).parent.parent


class Kept:
    def __init__(self) -> None:
        self.pages: dict[str, Judged] = {}

    def judged(self, page: Judged) -> None:
        self.pages[page.source] = page


def judge(targets: Roots, layouts: str = "all") -> dict[str, Judged]:
    kept = Kept()
    judge_inputs(targets, InlineExecutor(), kept, None, layouts=layouts)
    return kept.pages


def cleaned(raw: Path, out: Path) -> dict[str, dict[str, Any]]:
    """Return what was published of each scrape, with the hash by which its question is known."""
    snapshot_of(raw, out)
    asked = table(out, "questions").select("scrape_id", pl.col("question_id").hash().alias("thread"))
    return {row["source"]: row for row in table(out, "scrapes").join(asked, on="scrape_id", how="left").to_dicts()}


def made_pages(folder: Path) -> Path:
    """Pages of several markups, with names that end in numbers, below a folder that says when they were fetched."""
    pages = {
        f"{names}-{head}.html".replace(" ", "-").replace(",", ""): thread(
            [write(name, f"{at:%B %d, %Y}", at, n) for n, (name, at) in enumerate(zip(NAMES[names], DAYS, strict=True))]
        )
        for head, write in {**HEADS, **IN_ONE_TEXT}.items()
        for names in NAMES
    }
    relative = THREAD.replace("June 3, 2012", "3 days ago").replace("June 5, 2012", "yesterday")
    lines = '{"text": "x"}\n{"text": 7}\nnull\n{"id": 3, "html": "<p>y", "timestamp": 1714521600}\n'
    return write_files(
        folder,
        {
            "2026-09-30/relative.txt": relative,
            "records.jsonl": lines,
            "declared.txt": THREAD.replace("out?\n\nAnna", "out?\n\nDoctor Answers 7\n\nAnna"),
            **{f"m/{k}": v for k, v in pages.items()},
        },
    )


def samples(folder: Path) -> Path:
    return copy_samples(folder)


def engines(folder: Path) -> Path:
    return shutil.copytree(ROOT / "tests/engine_pages", folder, ignore=shutil.ignore_patterns("*.json"))


def flat_pages(folder: Path) -> Path:
    return shutil.copytree(ROOT / "tests/flat_pages", folder, ignore=shutil.ignore_patterns("*.json"))


@pytest.mark.parametrize("make", [made_pages, samples, engines, flat_pages])
def test_what_is_published_of_a_page_is_what_is_judged_of_it(make: Any, tmp_path: Path) -> None:
    raw = make(tmp_path / "raw")
    published = cleaned(raw, tmp_path / "out")
    at_once = judge(find_targets([str(raw)], raw))
    alone: dict[str, Judged] = {}
    for path in sorted(file for file in raw.rglob("*") if file.is_file() and not file.name.endswith((".toml", ".meta.json"))):
        alone |= judge(find_targets([str(path)], raw))
    for judged in (at_once, alone):
        assert judged.keys() == published.keys()
        for source, page in judged.items():
            row = published[source]
            told = (row["site"], row["layout"], row["language"], row["answer_count"])
            assert (page.site, page.layout, page.language, page.answers) == told, source
            assert page.verdict == "fail" or row["verdict"] != "rejected", source
            assert page.verdict != "pass" or row["verdict"] == "ok", source
            if row["thread"] is not None:  # a copy's question is published once, under the other's name
                assert page.thread == row["thread"], source
