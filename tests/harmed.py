"""How well harm is found: made nights, left as they are or harmed, against the nights before; and real pages of one engine.

`python -m tests.harmed [--unseen]` prints the figures; test_harmed.py holds them to their floors.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from flows.baseline import Baseline, open_baseline
from flows.executor import InlineExecutor
from flows.judge import judge_batch, judge_inputs
from flows.judging.gate import Decision, decide_site
from flows.judging.measuring import Measured
from flows.judging.profiles import profile_pages
from flows.judging.verdicts import Judged
from flows.read.batches import plan_batches
from flows.targets import find_targets
from tests.inline import snapshot_of
from tests.sites.damages import DAMAGES, Damage
from tests.sites.generator import SITES, make_pages, write_batch

NIGHTS, A_NIGHT = 5, 50  # what is published of a site, and the pages of a batch
NEW, QUIET = 100, 1000  # the nights that are harmed, and those that are left as they are, begin at these seeds
TOLD = 4  # a reason that one scrape in so many has is one that a person sees

# What a finding about a batch, or a reason given for many of its scrapes, says in the words of tests/sites/damages.py.
SAYS = {
    "no-thread": ("no-thread", "rejected", "script-shell", "error-page"),
    "rejects": ("rejected",),
    "bot-wall": ("bot-wall", "log-in", "consent", "access-denied"),
    "fewer-answers": ("fewer-answers", "answers-folded", "folded", "answers-per-thread", "disagrees"),
    "empty-bodies": ("body-coverage", "answers-empty", "has-question", "template-switched-off"),
    "truncated": ("cut-off", "ending", "answers-cut"),
    "residue": ("template", "template-switched-off", "residue", "unknown-residue"),
    "authors-gone": ("name", "author-coverage", "question-author", "distinct-authors", "authors-missing", "one-author"),
    "dates-gone": ("date-coverage", "question-date", "dates-read", "date-language", "dates-unparsable"),
    "encoding": ("wrong-encoding", "undecodable", "encoding", "beyond-ascii", "garbage"),
    "duplicates": ("distinct-bodies", "posts-repeated", "same-scrape", "same-question", "own-thread"),
    "language": ("language", "language-changed"),
    "layout": ("layout", "layout-lost", "selector-lost", "other-site"),
    "lengths": ("answer-length", "longest-answer", "question-length"),
    "votes-gone": ("votes-coverage",),
    "titles-gone": ("has-title", "title", "title-length"),
    "chrome-in-bodies": ("line", "new-lines", "unknown-residue"),
    "confidence": ("confidence", "low-confidence"),
}  # fmt: skip


class Kept:
    """A listener that keeps what it is told."""

    def __init__(self) -> None:
        self.pages: list[Judged] = []

    def judged(self, page: Judged) -> None:
        self.pages.append(page)


@dataclass(slots=True)
class Caught:
    """What became of one batch."""

    site: str
    damage: str
    verdict: str
    told: list[str]  # what the batch was told for, worst first, then the reasons of many of its scrapes
    at: int | None  # which of them is the first that is right, from 1; None: it passed, or none is
    sentences: list[str] = field(default_factory=list)


HOSTS = {
    "discourse": "relay-room.example", "phpbb": "grouphead.example", "xenforo": "bilgetalk.example",
    "bbpress": "allotment-board.example", "doctors": "clearsight-answers.example",
}  # fmt: skip


def write_night(folder: Path, engine: str, pages: Sequence[str], seed: int) -> Path:
    write_batch(folder, [f"{engine}-{seed}-{at:04}" for at in range(len(pages))], list(pages))
    (folder / "source.toml").write_text(f'site = "{HOSTS[engine]}"\n', "utf-8")
    return folder


def publish(folder: Path, engines: Iterable[str] = SITES, nights: int = NIGHTS) -> Baseline:
    """Publish some nights of each site, and return them as a baseline."""
    for engine in engines:
        for seed in range(nights):
            write_night(
                folder / "raw" / engine / str(seed), engine, [page.html for page in make_pages(engine, A_NIGHT, seed)], seed
            )
    snapshot_of(folder / "raw", folder / "processed")
    baseline = open_baseline(None, folder / "processed")
    assert baseline is not None
    return baseline


def judge(folder: Path, baseline: Baseline) -> tuple[Decision, list[Judged]]:
    kept = Kept()
    summary = judge_inputs(find_targets([str(folder)], folder / "raw"), InlineExecutor(), kept, baseline)
    (decision,) = summary.sites
    return decision, kept.pages


def harm(folder: Path, engine: str, damage: Damage, seed: int, baseline: Baseline, pages: int = A_NIGHT) -> Caught:
    """Judge one harmed night."""
    night = damage([page.html for page in make_pages(engine, pages, seed)], seed)
    decision, judged = judge(write_night(folder / damage.id / engine / str(seed), engine, night, seed), baseline)
    counted = Counter(reason.id for page in judged for reason in page.reasons if reason.severity != "note")
    found = [look.measure.id for look in decision.findings if look.state == "changed"]
    found += [reason for reason, count in counted.most_common() if TOLD * count >= len(judged)]
    told = list(dict.fromkeys(found))
    names = {name for kind in damage.kinds for name in SAYS.get(kind, ())}
    at = next((at for at, name in enumerate(told, start=1) if name in names), None)
    return Caught(engine, damage.id, decision.verdict, told, at if decision.verdict != "pass" else None, decision.reasons)


def quiet(folder: Path, engine: str, seeds: Iterable[int], baseline: Baseline) -> Iterator[Caught]:
    """Judge nights that are left as they are."""
    for seed in seeds:
        night = [page.html for page in make_pages(engine, A_NIGHT, seed)]
        decision, _ = judge(write_night(folder / engine / str(seed), engine, night, seed), baseline)
        found = [look.id for look in decision.findings if look.state == "changed"]
        yield Caught(engine, "none", decision.verdict, found, None, decision.reasons)


def measure_files(folder: Path, files: Sequence[Path]) -> list[Measured]:
    """Return what is measured of some pages, as if they were of one site."""
    folder.mkdir(parents=True)
    for file in files:
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "source.toml").write_text('site = "one.example"\n', "utf-8")
    pages: list[Measured] = []
    for root, found in find_targets([str(folder)], folder / "raw"):
        for batch in plan_batches(found, root, folder / "spool"):
            for profile in judge_batch(batch).profiles.values():
                pages += profile.sample
    return pages


def split_at_random(pages: list[Measured], batches: int, seed: int = 5) -> Iterator[Decision]:
    """Yield the decision on each of some random halves, held against the other."""
    dice = random.Random(seed)  # noqa: S311 -- for variety
    for _ in range(batches):
        drawn = dice.sample(pages, len(pages))
        at = len(drawn) // 3
        (new,), (before,) = (
            profile_pages(page._replace(site="one.example") for page in side).values() for side in (drawn[:at], drawn[at:])
        )
        yield decide_site(new, before)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--unseen", action="store_true")
    parser.add_argument("--quiet", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--damages", nargs="*")
    parser.add_argument("--sites", nargs="*", default=SITES)
    parser.add_argument("--why", action="store_true")
    given = parser.parse_args()
    with TemporaryDirectory() as place:
        folder = Path(place)
        baseline = publish(folder, given.sites)
        for damage in DAMAGES:
            if damage.open is given.unseen or (given.damages and damage.id not in given.damages) or given.damages == []:
                continue
            told = [
                harm(folder / "new", site, damage, NEW + seed, baseline)
                for site in given.sites
                if site in damage.sites
                for seed in range(given.seeds)
            ]
            marks = " ".join(f"{one.site}:{one.verdict}:{one.at or 'WRONG'}" for one in told)
            print(f"{damage.id:18} {sum(one.at is not None for one in told)}/{len(told)}  {marks}", flush=True)
            for one in told:
                if given.why or one.at is None:
                    print("     ", one.site, one.verdict, ", ".join(one.told))
                    for sentence in one.sentences if given.why else one.sentences[:4]:
                        print("         ", sentence)
        alarms = total = 0
        for site in given.sites:
            for one in quiet(folder / "quiet", site, range(QUIET, QUIET + given.quiet), baseline):
                total += 1
                if one.verdict != "pass":
                    alarms += 1
                    print("ALARM", one.site, one.verdict, one.told, *one.sentences, sep="\n    ")
        print(f"false alarms: {alarms} of {total}")


if __name__ == "__main__":
    sys.exit(main())
