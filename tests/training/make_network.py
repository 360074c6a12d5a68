"""Makes flows/split/flat/lines.npz, and says how good its like is on sites that it has not seen.

    python -m tests.training.make_network [--engine-pages PAGES.jsonl] [--folds 5] [--epochs 6] [--out FILE.npz]

Reads ../shared/corpus/forum52 and, where given, the pages that `tests.training.engine_labels` wrote; varies each page, makes pages
of invented words, trains one network per fold of sites without the pages of that fold, scores each on those pages as they are
and without their blank lines, then trains on everything and writes the weights. Folds are of registered domains, by a digest of
their names. Needs jax, which threadmill itself does not. The same machine and versions give the same weights.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from flows.split.flat import network
from flows.split.flat.decode import decode_bodies
from flows.split.flat.features import see_page
from flows.split.flat.slots import drop_unsigned, find_slots
from flows.strip.artifacts import mark_lines
from tests.training.labelling import Sample, grams, label_page, overlap, squash, words
from tests.training.made_pages import make_page, make_page_without_thread
from tests.training.tensors import Arrays, arrays_of
from tests.training.varying import vary

CORPUS = Path(__file__).parents[3] / "shared/corpus/forum52"
OUT = Path(network.__file__).parent / "lines.npz"
COPIES, MADE, WITHOUT = 12, 2500, 400  # variants of each labelled page, made pages, made pages that hold no thread
LEAST_MATCHED = 0.85  # share of a page's posts that must be found in its lines before it teaches
MADE_WEIGHT = 0.5
GOOD = 0.9  # of word 3-grams: a post is found


class Job(NamedTuple):
    """One page to make arrays of: a labelled one (`copy` 0 as it is), or a made one."""

    kind: str
    number: int
    copy: int = 0
    sample: Sample | None = None


def read_samples(engine_pages: Path | None) -> list[Sample]:
    """Return the labelled pages; the first are those of forum52."""
    samples = []
    for line in (CORPUS / "gold.jsonl").read_text("utf-8").splitlines():
        page = json.loads(line)
        text = (CORPUS / "text" / f"{page['name']}.txt").read_text("utf-8")
        samples.append(label_page(page["name"], page["site"], text, page["posts"]))
    for line in engine_pages.read_text("utf-8").splitlines() if engine_pages is not None else ():
        page = json.loads(line)
        if page["posts"] or page["verdict"] == "reject":
            posts = page["posts"] if page["verdict"] != "reject" else []
            samples.append(label_page(page["name"], page["site"], page["text"], posts))
    return samples


def fold_of(site: str, folds: int) -> int:
    """Return the fold of a site: by its registered domain, so that its pages stay together."""
    parts = site.split(".")
    domain = ".".join(parts[-3:] if parts[-1] == "uk" else parts[-2:])
    return int(hashlib.blake2b(domain.encode(), digest_size=4).hexdigest(), 16) % folds


def _make_arrays(job: Job) -> Arrays | None:
    if job.kind == "made":
        return arrays_of(make_page(job.number))
    if job.kind == "none":
        return arrays_of(make_page_without_thread(job.number))
    assert job.sample is not None
    return arrays_of(vary(job.sample, job.copy * 1000 + job.number) if job.copy else job.sample)


def make_data(samples: Sequence[Sample], folds: int) -> list[tuple[int | None, Arrays]]:
    """Return (fold, arrays) of every page that teaches; made pages are in no fold. Sites with many pages weigh less."""
    jobs = [Job("real", at, copy, sample) for at, sample in enumerate(samples) for copy in range(COPIES + 1)]
    jobs += [Job("made", at) for at in range(MADE)] + [Job("none", at) for at in range(WITHOUT)]
    with ProcessPoolExecutor() as pool:
        made = list(pool.map(_make_arrays, jobs, chunksize=20))
    pages = Counter(sample.site for sample in samples)
    data: list[tuple[int | None, Arrays]] = []
    for job, arrays in zip(jobs, made, strict=True):
        if arrays is None:
            continue
        if job.sample is None:
            data.append((None, arrays._replace(weight=MADE_WEIGHT)))
            continue
        wanted = sum(bool(post["text"]) for post in job.sample.posts)
        if job.sample.matched >= LEAST_MATCHED * wanted:
            weight = (3.0 / (1 + pages[job.sample.site])) ** 0.5
            data.append((fold_of(job.sample.site, folds), arrays._replace(weight=weight)))
    return data


def split_lines_of(text: str, weights: dict[str, Any]) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield (words, author, date) of each post that a network sees in a flattened page."""
    lines = mark_lines(text)
    seen = see_page(text, lines)
    guess = network.guess_lines(seen, weights)
    bodies = decode_bodies(guess)
    bodies, slots = drop_unsigned(bodies, find_slots(lines, seen, guess, bodies))
    for (low, high), slot in zip(bodies, slots, strict=True):
        piece = [lines[at[0]].text[at[1] : at[2]] if at is not None else None for at in (slot.author, slot.date)]
        yield " ".join(lines[at].text for at in range(low, high + 1)), piece[0], piece[1]


def score_page(sample: Sample, text: str, weights: dict[str, Any]) -> Counter[str]:
    """Return what of a page was found, published, wanted, and how many authors and dates of found posts are right."""
    found = list(split_lines_of(text, weights))
    shown = [grams(words(post[0])) for post in found]
    free = {at for at, said in enumerate(shown) if said}
    count: Counter[str] = Counter(published=len(free), pages=1, exact=len(found) == len(sample.posts))
    for post in sample.posts:
        said = grams(words(post["text"]))
        if not said:
            continue
        count["wanted"] += 1
        best, at = max(((overlap(said, shown[at]), at) for at in sorted(free)), default=(0.0, -1))
        if best < GOOD:
            continue
        free.discard(at)
        count["found"] += 1
        for field, place in (("author", 1), ("posted_raw", 2)):
            if post.get(field):
                told = squash(found[at][place]).casefold().lstrip("+@")
                count[field] += 1
                count[field + " right"] += squash(post[field]).casefold().lstrip("+@") == told
    return count


def say(name: str, count: Counter[str]) -> None:
    """Print the figures of some pages in one line."""
    found = count["found"]
    print(
        f"{name}: pages {count['pages']}  posts F1 {2 * found / max(1, count['published'] + count['wanted']):.3f}"
        f"  count exact {count['exact'] / max(1, count['pages']):.3f}"
        f"  author {count['author right'] / max(1, count['author']):.3f}"
        f"  date {count['posted_raw right'] / max(1, count['posted_raw']):.3f}",
        flush=True,
    )


def without_blanks(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if line.strip())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine-pages", type=Path)
    parser.add_argument("--folds", type=int, default=5, help="0: train on everything only")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    from tests.training.learn import train  # jax is for training alone

    samples = read_samples(arguments.engine_pages)
    data = make_data(samples, arguments.folds or 1)
    print(f"{len(samples)} labelled pages, {len(data)} pages to learn from", flush=True)
    forum52 = len((CORPUS / "gold.jsonl").read_text("utf-8").splitlines())
    left_out: dict[str, Counter[str]] = {}
    for fold in range(arguments.folds):
        weights = train([arrays for own, arrays in data if own != fold], arguments.epochs, seed=fold)
        for at, sample in enumerate(samples):
            if fold_of(sample.site, arguments.folds) == fold and sample.posts:
                group = "forum52" if at < forum52 else "engines"
                for name, text in ((group, sample.text), (f"{group}, no blank lines", without_blanks(sample.text))):
                    left_out.setdefault(name, Counter()).update(score_page(sample, text, weights))
        print(f"fold {fold} done", flush=True)
    for name, count in sorted(left_out.items()):
        say(f"left-out sites, {name}", count)
    weights = train([arrays for _, arrays in data], arguments.epochs, seed=0)
    np.savez_compressed(arguments.out, **{name: value.astype(np.float16) for name, value in weights.items()})
    print(f"wrote {arguments.out}: {arguments.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
