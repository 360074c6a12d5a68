"""Rebuild the data, measure over folds of sites, make the shipped weights. Each step prints what it did.

    python -m tests.training data WORK            labels and variants of ../shared/corpus and made pages → WORK/arrays.pkl
    python -m tests.training train WORK FOLD SEED one network with the sites of a fold left out (0-4), or with all (-1)
    python -m tests.training folds WORK           what the networks of the folds reach on the sites they never saw
    python -m tests.training traces WORK          weights of traces.toml from the same pages cut down to sentences, and how right they are
    python -m tests.training ship WORK            the networks trained on all sites → flows/split/flat/lines.npz

`data` needs WORK/pages.jsonl of tests.training.engine_labels; any other WORK/*.jsonl may add pages that another splitter
labelled ({"name", "site", "text", "posts"}). Needs jax besides what threadmill needs. About half an hour on 2 cores.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from flows.split.flat.decode import decode_bodies, sureness
from flows.split.flat.features import see_page
from flows.split.flat.network import FILE, guess_lines
from flows.split.flat.slots import drop_unsigned, find_slots, join_undated
from flows.strip.artifacts import mark_lines
from tests.training.labelling import Sample, grams, label_page, overlap, squash, words
from tests.training.made_pages import make_page, make_page_without_thread
from tests.training.tensors import Arrays, arrays_of
from tests.training.traces import weigh_traces
from tests.training.varying import vary

FORUM = Path(__file__).parents[3] / "shared/corpus/forum52"
FOLDS, SEEDS, EPOCHS = 5, (0, 500_000), 6
VARIANTS, MADE, WITHOUT = 12, 2500, 400


def domain(site: str) -> str:
    parts = site.split(".")
    return ".".join(parts[-3:] if parts[-1] == "uk" else parts[-2:])


def fold_of(site: str) -> int:
    return int(hashlib.blake2b(domain(site).encode(), digest_size=4).hexdigest(), 16) % FOLDS


def read_samples(work: Path) -> list[Sample]:
    """The labelled pages: those of forum52 first, then those of the engines."""
    records = [json.loads(line) for line in (FORUM / "gold.jsonl").read_text("utf-8").splitlines()]
    for record in records:
        record["text"] = (FORUM / "text" / f"{record['name']}.txt").read_text("utf-8")
    for file in sorted(work.glob("*.jsonl")):
        records += [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    kept = [record for record in records if record["posts"] or record.get("verdict") == "reject"]
    return [label_page(r["name"], r["site"], r["text"], r["posts"] or []) for r in kept]


def make_data(work: Path) -> None:
    samples = read_samples(work)
    counts = Counter(domain(sample.site) for sample in samples)
    data: list[tuple[int, int, Arrays]] = []  # seed, fold (-1: made), arrays
    for seed in SEEDS:
        for number, sample in enumerate(samples):
            wanted = sum(bool(words(post["text"])) for post in sample.posts)
            if sample.matched < 0.85 * wanted:
                continue
            weight = (3.0 / (1 + counts[domain(sample.site)])) ** 0.5
            for variant in range(VARIANTS + 1):
                page = vary(sample, seed + 1000 * variant + number) if variant else sample
                arrays = arrays_of(page, weight)
                data += [(seed, fold_of(sample.site), arrays)] if arrays else []
        made = [*(make_page(seed + n) for n in range(MADE)), *(make_page_without_thread(seed + n) for n in range(WITHOUT))]
        data += [(seed, -1, arrays) for page in made if (arrays := arrays_of(page, 0.5))]
    with (work / "arrays.pkl").open("wb") as out:
        pickle.dump((samples, data), out)
    print(f"{len(samples)} labelled pages of {len(counts)} sites; {len(data)} pages to learn from")


def load(work: Path) -> tuple[list[Sample], list[tuple[int, int, Arrays]]]:
    with (work / "arrays.pkl").open("rb") as stored:
        found: tuple[list[Sample], list[tuple[int, int, Arrays]]] = pickle.load(stored)  # noqa: S301 -- written by make_data
    return found


def train_one(work: Path, fold: int, seed: int) -> None:
    from tests.training.learn import train

    _, data = load(work)
    pages = [arrays for of, where, arrays in data if of == SEEDS[seed] and (where != fold or fold < 0)]
    np.savez(work / f"{seed}.{fold}.npz", **train(pages, EPOCHS, seed=max(fold, 0), verbose=True))


def networks_of(work: Path, fold: int) -> tuple[dict[str, Any], ...]:
    return tuple(dict(np.load(work / f"{seed}.{fold}.npz")) for seed in range(len(SEEDS)))


def measure(work: Path) -> None:
    samples, _ = load(work)
    networks = [networks_of(work, fold) for fold in range(FOLDS)]
    forum = {record["name"] for record in map(json.loads, (FORUM / "gold.jsonl").read_text("utf-8").splitlines())}
    for blank in (True, False):
        for name, chosen in (
            ("forum52", [s for s in samples if s.name in forum]),
            ("engines", [s for s in samples if s.name not in forum]),
        ):
            total: Counter[str] = Counter()
            curve: list[tuple[float, bool]] = []
            for sample in chosen:
                if sample.posts:
                    score_sample(sample, networks[fold_of(sample.site)], total, curve, blank)
            print_figures(f"{name}, {'blank lines' if blank else 'no blank lines'}", total, curve)


def score_sample(sample: Sample, networks: Any, total: Counter[str], curve: list[tuple[float, bool]], blank: bool) -> None:
    text = sample.text if blank else "\n".join(line for line in sample.text.split("\n") if line.strip())
    lines = mark_lines(text)
    seen = see_page(text, lines)
    guess = guess_lines(seen, networks)
    bodies = decode_bodies(guess)
    bodies, slots = drop_unsigned(*join_undated(bodies, find_slots(lines, seen, guess, bodies)))
    found = [grams(words(" ".join(line.text for line in lines[low : high + 1]))) for low, high in bodies]
    free = {at for at, gram in enumerate(found) if gram}
    judged = [post for post in sample.posts if words(post["text"])]
    total.update(pages=1, wanted=len(judged), published=len(free), exact=len(bodies) == len(sample.posts))
    right = set()
    for post in judged:
        target = grams(words(post["text"]))
        score, best = max(((overlap(target, found[at]), at) for at in sorted(free)), default=(0.0, -1))
        if score < 0.9:
            continue
        free.discard(best)
        right.add(best)
        author, date = (lines[s[0]].text[s[1] : s[2]] if s else "" for s in (slots[best].author, slots[best].date))
        if post.get("author"):
            total.update(
                authors=1, authors_right=squash(post["author"]).casefold().lstrip("+@") == author.casefold().lstrip("+@")
            )
        if post.get("posted_raw"):
            total.update(dates=1, dates_right=squash(post["posted_raw"]) == date)
    total["found"] += len(right)
    curve += [(sure, at in right) for at, sure in enumerate(sureness(guess, bodies))]


def print_figures(name: str, n: Counter[str], curve: list[tuple[float, bool]]) -> None:
    f1 = 2 * n["found"] / max(1, n["published"] + n["wanted"])
    figures = f"posts F1 {f1:.3f}  count exact {n['exact'] / n['pages']:.3f}"
    figures += f"  author {n['authors_right'] / max(1, n['authors']):.3f}  date {n['dates_right'] / max(1, n['dates']):.3f}"
    print(f"{name}: {n['pages']} pages  {figures}")
    for least in (0.5, 0.7, 0.8, 0.9):
        sure = [right for value, right in curve if value >= least]
        print(
            f"  confidence >= {least}: {sum(sure) / max(1, len(sure)):.3f} right, {sum(sure) / max(1, n['found']):.3f} of the right ones"
        )


def measure_traces(work: Path) -> None:
    weigh_traces(read_samples(work), fold_of, FOLDS)


def ship(work: Path) -> None:
    stored = {
        f"{number}_{name}": value.astype(np.float16)
        for number, network in enumerate(networks_of(work, -1))
        for name, value in network.items()
    }
    np.savez_compressed(FILE, **stored)
    print(f"{FILE}: {FILE.stat().st_size:,} bytes")


def main() -> None:
    step, work, *rest = sys.argv[1:]
    steps = {"data": make_data, "folds": measure, "traces": measure_traces, "ship": ship}
    if step == "train":
        train_one(Path(work), int(rest[0]), int(rest[1]))
    else:
        steps[step](Path(work))


if __name__ == "__main__":
    main()
