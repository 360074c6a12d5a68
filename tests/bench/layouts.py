"""Layouts of known engines against the general splitter, on the same pages, in the same process.

    python tests/bench/layouts.py FOLDER... [--pages PAGES.tsv] [--gold GOLD.jsonl] [--runs 3] [--each]

Prints for each layout: the pages that it decided, on how many the number of answers is right by PAGES.tsv, F1 of the posts by
GOLD.jsonl (as the score command counts it, over its pages), and pages per second of one core, reading included; each for the
general splitter first, then with layouts. Times are process time, the best of the runs. The last lines are the pages that no
layout knows: what looking for one costs. `--each` prints every page.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from flows.pipeline import split_page
from flows.read.files import page_from
from flows.read.inputs import Provenance
from flows.records import NoThread, Page, Thread

MATCH = 0.9  # as the score command counts a post as found
OPTIONS = ("none", "all")


@dataclass(slots=True)
class Tally:
    """Sums over the pages that one layout decided; by option where two values."""

    pages: int = 0
    counted: int = 0
    right: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    read: float = 0.0
    found: Counter[str] = field(default_factory=Counter)
    published: Counter[str] = field(default_factory=Counter)
    wanted: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--pages", type=Path)
    parser.add_argument("--gold", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--each", action="store_true")
    arguments = parser.parse_args()
    counts, gold = read_counts(arguments.pages), read_gold(arguments.gold)
    tallies: defaultdict[str, Tally] = defaultdict(Tally)
    for path in sorted(path for folder in arguments.folders for path in folder.glob("*.html")):
        measure(path, arguments.runs, counts, gold, tallies, each=arguments.each)
    print(f"{'layout':26}{'pages':>6}  {'counts right':>13}  {'posts F1':>15}  {'pages/s, one core':>18}")
    for name, tally in sorted(tallies.items()):
        print_tally(name, tally)


def read_counts(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    _, *rows = (line.split("\t") for line in path.read_text("utf-8").splitlines())
    return {row[0]: row[3] for row in rows}


def read_gold(path: Path | None) -> dict[str, list[str]]:
    if path is None:
        return {}
    records = map(json.loads, path.read_text("utf-8").splitlines())
    return {record["name"]: [post["text"] for post in record["posts"]] for record in records}


def measure(
    path: Path, runs: int, counts: dict[str, str], gold: dict[str, list[str]], tallies: dict[str, Tally], *, each: bool
):
    began = time.process_time()
    page = page_from(path.read_bytes(), path.name, "html", Provenance())
    reading = time.process_time() - began
    if not isinstance(page, Page):
        return
    found, seconds = {}, {}
    for option in OPTIONS:
        found[option], seconds[option] = best_of(page, option, runs)
    tally = tallies[found["all"].layout]
    tally.pages += 1
    tally.read += reading
    tally.counted += counts.get(path.name, "").isdecimal()
    texts = gold.get(path.stem, [])
    tally.wanted += sum(bool(grams(text)) for text in texts)
    for option in OPTIONS:
        tally.seconds[option] += seconds[option]
        tally.right[option] += str(count_answers(found[option])) == counts.get(path.name)
        if texts:
            hit, published = match_posts(found[option], texts)
            tally.found[option] += hit
            tally.published[option] += published
    if each:
        told = "  ".join(f"{option}: {count_answers(found[option])} in {1e3 * seconds[option]:.0f} ms" for option in OPTIONS)
        print(f"{path.name[:60]:60}  {found['all'].layout:26}  right: {counts.get(path.name, '')}  {told}")


def best_of(page: Page, option: str, runs: int) -> tuple[Thread | NoThread, float]:
    times = []
    for _ in range(runs):
        began = time.process_time()
        found = split_page(page, option)
        times.append(time.process_time() - began)
    return found, min(times)


def count_answers(found: Thread | NoThread) -> int | None:
    return len(found.answers) if isinstance(found, Thread) else None


def grams(text: str | None) -> Counter[tuple[str, ...]]:
    words = re.sub(r"\W+", " ", text or "").lower().split()
    return Counter(tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2))) if words else Counter()


def match_posts(found: Thread | NoThread, texts: list[str]) -> tuple[int, int]:
    """Return how many texts a post has, each post serving one, and how many posts have words."""
    posts = [found.question, *found.answers] if isinstance(found, Thread) else []
    free = dict(enumerate(filter(None, (grams(post.body) for post in posts))))
    published, hit = len(free), 0
    for target in filter(None, map(grams, texts)):
        shares = {at: 2 * (target & mine).total() / (target.total() + mine.total()) for at, mine in free.items()}
        best = max(shares, key=lambda at: shares[at], default=None)
        if best is not None and shares[best] >= MATCH:
            del free[best]
            hit += 1
    return hit, published


def print_tally(name: str, tally: Tally) -> None:
    right = "/".join(str(tally.right[option]) for option in OPTIONS) + f" of {tally.counted}" if tally.counted else "-"
    scores = [2 * tally.found[option] / max(1, tally.published[option] + tally.wanted) for option in OPTIONS]
    score = "  ".join(f"{value:.4f}" for value in scores) if tally.wanted else "-"
    speed = "  ".join(f"{tally.pages / (tally.read + tally.seconds[option]):6.1f}" for option in OPTIONS)
    print(f"{name:26}{tally.pages:>6}  {right:>13}  {score:>15}  {speed:>18}")


if __name__ == "__main__":
    main()
