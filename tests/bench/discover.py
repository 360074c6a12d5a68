"""Layouts that `discover` proposes against the general splitter and the layouts by hand, engine by engine, each left out.

    python tests/bench/discover.py [--folder FOLDER]... [--gold GOLD.jsonl] [--pages PAGES.tsv] [--made PAGES] [--runs 3]

Pages of an engine are those that its layout by hand reads (FOLDER), and the made sites of the tests (PAGES of each). One half
of them, every other page, is what layouts are proposed from, by the general splitter alone; the other half is what they are
measured on; then the halves change places. Printed for each engine: pages, those that a proposed layout decided, F1 of the
posts by GOLD as the score command counts it, for the general splitter, the proposed layouts (the general splitter where they
are not sound) and the layout by hand, and process milliseconds a page of each, reading included: the best of the runs, which
take turns; with PAGES.tsv also on how many pages the number of answers is right. `--whole` takes all pages of FOLDER at once,
as of one batch of many sites; `--why` says why a group of pages gave no layout.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent.parent))
from flows.collector import quiet_collector
from flows.discover import Found, iter_pages, survey_pages
from flows.pipeline import _split
from flows.proposing import LayoutProposed, load_layout, propose
from flows.read.files import page_from
from flows.read.inputs import Provenance
from flows.records import NoThread, Page, Thread
from flows.split.engines import Layout, read_layouts
from flows.targets import find_targets
from tests.bench.layouts import count_answers, match_posts, read_counts, read_gold
from tests.sites.generator import SITES, make_pages

SIDES = ("general", "proposed", "by hand")


class Labelled(NamedTuple):
    """A page, and what of it is labelled: the texts of its posts, the number of its answers."""

    name: str
    data: bytes
    texts: list[str]
    count: str


@dataclass(slots=True)
class Tally:
    """Sums over the pages of one engine, by side."""

    pages: int = 0
    decided: int = 0
    layouts: int = 0
    wanted: int = 0
    counted: int = 0
    right: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    published: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)

    def score(self, side: str) -> float:
        return 2 * self.found[side] / max(1, self.published[side] + self.wanted)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, action="append", default=[])
    parser.add_argument("--gold", type=Path)
    parser.add_argument("--pages", type=Path)
    parser.add_argument("--made", type=int, default=0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--why", action="store_true")
    arguments = parser.parse_args()
    quiet_collector()  # as in a worker
    batches: dict[str, list[Labelled]] = defaultdict(list)
    gold, counts = read_gold(arguments.gold), read_counts(arguments.pages)
    for path in sorted(path for folder in arguments.folder for path in folder.glob("*.htm*")):
        data, texts = path.read_bytes(), gold.get(path.stem, [])
        count = counts.get(path.name, str(len(texts) - 1) if texts else "")
        batches["all" if arguments.whole else name_engine(data)].append(Labelled(path.name, data, texts, count))
    for site in SITES if arguments.made else ():
        for made in make_pages(site, arguments.made, 29):
            texts = [post["text"] for post in made.as_label()["posts"]]
            data, count = made.html.encode(), str(len(texts) - (made.thread.page == 1))
            batches[f"made: {site}"].append(Labelled(f"{made.name}.html", data, texts, count))
    print(f"{'engine':24}{'pages':>6}{'decided':>8}{'layouts':>8}   {'posts F1':^26}   {'ms a page':^27}   counts right")
    print(f"{'':46}   " + "".join(f"{side:>9}" for side in SIDES) + "   " + "".join(f"{side:>9}" for side in SIDES))
    total = Tally()
    for engine, pages in sorted(batches.items()):
        tally = measure(pages, arguments.runs, why=arguments.why)
        show(engine, tally)
        add(total, tally)
    show("together", total)


def name_engine(data: bytes) -> str:
    page = page_from(data, "a.html", "html", Provenance())
    found = _split(page, read_layouts()) if isinstance(page, Page) else None
    return found.layout.removeprefix("html:layout:") if found is not None and "layout:" in found.layout else "no layout"


def measure(pages: list[Labelled], runs: int, *, why: bool) -> Tally:
    tally = Tally()
    for half in (0, 1):
        layouts = learn(pages[half::2], why=why)
        tally.layouts += len(layouts)
        for page in pages[1 - half :: 2]:
            measure_page(page, layouts, runs, tally)
    return tally


def learn(pages: Iterable[Labelled], *, why: bool) -> tuple[Layout, ...]:
    """Return what is proposed for some pages, by the general splitter alone; one page is enough here."""
    with TemporaryDirectory() as folder:
        for page in pages:
            (Path(folder) / page.name).write_bytes(page.data)
        targets = find_targets([folder], Path("raw"))
        found: Found = survey_pages(iter_pages(targets), "none")
        proposed: list[LayoutProposed] = propose(found, targets, None, "proposed", 1).layouts
    for one in proposed:
        if why and one.name is None:
            print(f"    no layout of {one.pages} pages: {one.reason}")
    return tuple(load_layout(one.name, one.toml) for one in proposed if one.name is not None)


def measure_page(labelled: Labelled, layouts: tuple[Layout, ...], runs: int, tally: Tally) -> None:
    tried = {"general": (), "proposed": layouts, "by hand": read_layouts()}
    best = dict.fromkeys(SIDES, float("inf"))
    found: dict[str, Thread | NoThread] = {}
    for _ in range(runs):
        for side in SIDES:
            began = time.process_time()
            page = page_from(labelled.data, "a.html", "html", Provenance())
            if isinstance(page, Page):
                found[side] = _split(page, tried[side])
            best[side] = min(best[side], time.process_time() - began)
    tally.pages += 1
    tally.decided += "layout:" in found["proposed"].layout
    tally.wanted += sum(bool(text.strip()) for text in labelled.texts)
    tally.counted += labelled.count.isdecimal()
    for side in SIDES:
        hit, published = match_posts(found[side], labelled.texts) if labelled.texts else (0, 0)
        tally.found[side] += hit
        tally.right[side] += str(count_answers(found[side])) == labelled.count
        tally.published[side] += published
        tally.seconds[side] += best[side]


def show(engine: str, tally: Tally) -> None:
    scores = "".join(f"{tally.score(side):9.4f}" for side in SIDES)
    right = "/".join(str(tally.right[side]) for side in SIDES) + f" of {tally.counted}"
    times = "".join(f"{1e3 * tally.seconds[side] / max(1, tally.pages):9.1f}" for side in SIDES)
    print(f"{engine:24}{tally.pages:>6}{tally.decided:>8}{tally.layouts:>8}   {scores}   {times}   {right}", flush=True)


def add(total: Tally, tally: Tally) -> None:
    for name in ("pages", "decided", "layouts", "wanted", "counted"):
        setattr(total, name, getattr(total, name) + getattr(tally, name))
    for name in ("found", "published", "seconds", "right"):
        getattr(total, name).update(getattr(tally, name))


if __name__ == "__main__":
    main()
