"""Proposed layouts against the general splitter they were made by, on real pages and made ones that they were not made from."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from tests.bench.discover import Labelled, Tally, measure, name_engine
from tests.bench.layouts import read_gold
from tests.sites.generator import SITES, make_pages

CORPUS = Path(__file__).parent.parent.parent / "shared/corpus/forum52"
LEAST_PAGES = 4  # two to learn from, two to measure on
FASTER = 0.75  # of the general splitter's time; layouts by hand take half of it and a little more

pytestmark = pytest.mark.slow


@cache
def engines() -> dict[str, list[Labelled]]:
    """Return the labelled pages of each engine that a layout by hand reads."""
    gold, found = read_gold(CORPUS / "gold.jsonl"), defaultdict(list)
    for path in sorted((CORPUS / "html").glob("*.html")):
        texts = gold[path.stem]
        found[name_engine(path.read_bytes())].append(Labelled(path.name, path.read_bytes(), texts, str(len(texts) - 1)))
    found.pop("no layout")
    return {engine: pages for engine, pages in found.items() if len(pages) >= LEAST_PAGES}


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
def test_an_engine_that_was_left_out_is_read_as_well_and_nearly_as_fast_as_by_hand() -> None:
    tallies = {engine: measure(pages, 3, why=False) for engine, pages in sorted(engines().items())}
    assert len(tallies) >= 6
    for engine, tally in tallies.items():
        assert tally.score("proposed") >= tally.score("general"), engine
        assert tally.right["proposed"] >= tally.right["general"], engine
    pages, decided = (sum(getattr(tally, name) for tally in tallies.values()) for name in ("pages", "decided"))
    assert decided >= 0.95 * pages
    assert_fast(list(tallies.values()))


@pytest.mark.parametrize("site", SITES)
def test_a_made_site_is_read_as_well_and_nearly_as_fast_as_by_hand(site: str) -> None:
    pages = []
    for made in make_pages(site, 60, 31):
        texts = [post["text"] for post in made.as_label()["posts"]]
        pages.append(Labelled(f"{made.name}.html", made.html.encode(), texts, str(len(texts) - (made.thread.page == 1))))
    tally = measure(pages, 3, why=False)
    assert tally.score("proposed") >= max(tally.score("general"), 0.99)
    assert tally.decided >= 0.97 * tally.pages
    assert_fast([tally])


def assert_fast(tallies: list[Tally]) -> None:
    seconds = {side: sum(tally.seconds[side] for tally in tallies) for side in ("general", "proposed")}
    assert seconds["proposed"] <= FASTER * seconds["general"]
