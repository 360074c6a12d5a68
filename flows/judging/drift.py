"""Drift: what of a site is no longer as it was, each with a figure, a threshold and a sentence.

The unit is the thread, not the post and not the page: posts of a thread share their topic and their people, pages of a thread
its posts. A finding must stand against chance over all looks (exact.py), be large (measures.toml), and be larger than what
windows of the site's own past show against the rest of it: threads of one week are no draw from all years.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from flows.judging.exact import Comparison, compare_amounts, compare_shares, correct, stability_index
from flows.judging.measures import Measure, Severity, read_measures
from flows.judging.measuring import Measured
from flows.judging.profiles import SiteProfile

# The chance of one false alarm in a batch, all looks of all its sites together: half of what is asked for (1 in 100).
ALPHA = 0.005
FEWEST, FEWEST_BEFORE = 5, 10  # threads: of fewer, one odd topic is a change of the site
TOP, TOP_NAME = 0.9, "largest tenth"  # of amounts without an upper end
SEEN = 3  # pages on which a rule or an edge was seen, of both sides together, from which on it is looked at
MANY = 200  # threads on both sides, from which on the stability index says something (see exact.stability_index)
ALL_PAGES = (
    "rejected",
    "wrong-encoding",
    "folded",
    "template",
    "beyond-ascii-at-all",
)  # marks that pages without a thread have, too
COMPARED = ("layout", "language", "encoding", "date-language", "date-form", "ending")
SLICES = 8  # at most, of what is published: how often lines are new there
WINDOWS = 24  # at most, of a site's past
EDGES = ("line", "title", "name")  # of which there are many, so that they share a chance of their own

State = Literal["changed", "too few to tell", "as ever", "as usual"]


@dataclass(frozen=True, slots=True)
class Look:
    """One comparison of a batch with its baseline."""

    measure: Measure
    name: str  # which rule, layout, language; "" where the measure says it all
    layout: str | None  # the threads of that layout alone; None: of the whole site
    now: float
    before: float
    threads: int
    threads_before: int
    tested: Comparison
    large: bool
    p: float = 1.0  # corrected for all looks of the batch
    state: State = "as ever"
    index: float | None = None  # the stability index, of many threads

    @property
    def id(self) -> str:
        """The measure, with the name of the rule, layout or language."""
        return f"{self.measure.id}:{self.name}" if self.name else self.measure.id

    @property
    def severity(self) -> Severity:
        """How bad the change is."""
        least = self.measure.fail_at
        return "fail" if least is not None and self._change() >= least else self.measure.severity

    def _change(self) -> float:
        """Return the factor, or the points of 1, between now and before."""
        if self.measure.unit == "times":
            return max(_ratio(self.now, self.before), _ratio(self.before, self.now))
        return abs(self.now - self.before)

    @property
    def sentence(self) -> str:
        """What changed, the figures, and from which change on it counts."""
        where = f" (layout {self.layout})" if self.layout else ""
        counted = f"{_threads(self.threads)} here, {self.threads_before:,} before"
        now, before = (self._shown(value) for value in (self.now, self.before))
        return f"{self.measure.title(self.name)}{where}: {now}, was {before} ({counted}); {self._bound()}{self._chance()}"

    def _shown(self, value: float) -> str:
        return f"{value:,.0f}" if self.measure.unit == "times" else f"{value:.0%}" if value in (0, 1) else f"{value:.1%}"

    def _bound(self) -> str:
        measure = self.measure
        if measure.unit == "times":
            return f"a factor of {measure.threshold:g} counts"
        if measure.times is not None and measure.threshold >= 1:
            return f"a factor of {measure.times:g} counts"
        points = f"{measure.threshold * 100:.0f} points count"
        return f"{points}, or a factor of {measure.times:g}" if measure.times is not None else points

    def _chance(self) -> str:
        if self.state == "too few to tell":
            return "; too few to tell from chance"
        return f"; by chance once in {1 / self.p:,.0f} batches at most" if self.p > 1e-9 else "; not by chance"

    def as_json(self) -> dict[str, Any]:
        """Return the look as plain data."""
        return {
            "id": self.id, "severity": self.severity, "sentence": self.sentence, "layout": self.layout, "now": self.now,
            "before": self.before, "unit": self.measure.unit, "threshold": self.measure.threshold, "effect": self.tested.effect,
            "p": self.p, "threads": self.threads, "threads_before": self.threads_before, "state": self.state,
            "stability_index": self.index,
        }  # fmt: skip


def _threads(count: int) -> str:
    return f"{count:,} thread{'' if count == 1 else 's'}"


def find_drift(batch: SiteProfile, before: SiteProfile, *, sites: int = 1) -> list[Look]:
    """Return the looks at a site that changed, and those at which it seems to have changed but are too few to tell.

    `sites`: how many sites are looked at in one batch; the chance of a false alarm is shared among them. Worst first.
    """
    looks = [*_looks(batch, before, None)]
    for layout, threads in batch.layouts.items():
        if threads < batch.pages - batch.rejected and before.layouts[layout] >= FEWEST_BEFORE and threads >= FEWEST:
            looks += _looks(batch.of_layout(layout), before.of_layout(layout), layout)
    alpha = ALPHA / max(sites, 1) / 2
    found: list[Look] = []
    for family in (False, True):  # edges are many, and should not take the power from the others
        mine = [(look, past) for look, past in looks if (look.measure.id in EDGES) is family]
        corrected = correct([look.tested for look, _ in mine], alpha)
        for (look, past), p in zip(mine, corrected, strict=True):
            if look.large:
                state: State = "too few to tell" if p > alpha else "as usual" if past() else "changed"
                found.append(replace(look, p=p * max(sites, 1) * 2, state=state))
    kept = [look for look in found if look.state != "as usual"]
    return sorted(kept, key=lambda look: (look.state != "changed", look.severity != "fail", look.p, look.id))


Past = Callable[[], bool]  # whether a window of the site's own past differs as much
Looks = Iterator[tuple[Look, Past]]


def _looks(batch: SiteProfile, before: SiteProfile, layout: str | None) -> Looks:
    pages, pages_before = _draw_threads(batch, before)
    threads, threads_before = ([page for page in side if not page.rejected] for side in (pages, pages_before))
    measures = read_measures()
    if len(pages) < FEWEST or len(pages_before) < FEWEST_BEFORE:
        return
    for measure in measures.values():
        if not measure.is_mark:
            yield from _compare_amounts(measure, threads, threads_before, layout, partial(_amount, measure.id))
        elif measure.id in ALL_PAGES:
            yield from _compare_marks(measure, "", pages, pages_before, layout, partial(_has, measure.id))
        elif measure.id == "own-thread":
            yield from _compare_threads(measure, batch, before, layout)
        elif measure.id == "rule":
            yield from _compare_rules(measure, threads, threads_before, layout)
        elif measure.id in (*COMPARED, "title", "name"):
            if layout is None or measure.id not in ("layout", "language", "title", "name"):
                yield from _compare_names(measure, threads, threads_before, layout)
        elif measure.id == "line":
            yield from _compare_edges(measure, threads, threads_before, layout)
        elif measure.id == "new-lines":
            if layout is None:
                yield from _compare_new_lines(measure, threads, threads_before)
        else:
            yield from _compare_marks(measure, "", threads, threads_before, layout, partial(_has, measure.id))


def _draw_threads(batch: SiteProfile, before: SiteProfile) -> tuple[list[Measured], list[Measured]]:
    """Return one page a thread of both samples; of a batch whose threads have run together, every page."""
    firsts, firsts_before = _first_pages(batch.sample), _first_pages(before.sample)
    run_together = len(firsts) * len(before.sample) < 0.5 * len(firsts_before) * len(batch.sample)
    return (batch.sample if run_together else firsts), firsts_before


def _first_pages(sample: Sequence[Measured]) -> list[Measured]:
    first: dict[str, Measured] = {}
    for page in sample:
        first.setdefault(page.thread or page.id, page)
    return list(first.values())


def _amount(name: str, page: Measured) -> float | None:
    return page.amounts.get(name)


def _has(name: str, page: Measured) -> bool:
    return name in page.marks


# -- amounts --------------------------------------------------------------------------------------------------------------


def _compare_amounts(
    measure: Measure, threads: list[Measured], before: list[Measured], layout: str | None,
    read: Callable[[Measured], float | None], name: str = "",
) -> Looks:  # fmt: skip
    held = [page for page in before if read(page) is not None]
    values, values_before = ([value for page in side if (value := read(page)) is not None] for side in (threads, held))
    if len(values) < FEWEST or len(values_before) < FEWEST_BEFORE:
        return
    tested = compare_amounts(values, values_before)
    now, was, is_top = _figures(measure, values, values_before)
    name = name or (TOP_NAME if is_top else "")
    large = tested.effect >= measure.apart and _is_large(measure, now, was)
    index = _index(values, values_before) if large else None
    look = Look(measure, name, layout, now, was, len(values), len(values_before), tested, large, index=index)

    def past() -> bool:
        for window, rest in _windows(held, len(values)):
            mine, others = ([float(read(page) or 0) for page in side] for side in (window, rest))
            if _is_large(measure, *_figures(measure, mine, others)[:2]) and _distance(mine, others) >= tested.effect:
                return True
        return False

    yield look, past


def _figures(measure: Measure, values: Sequence[float], before: Sequence[float]) -> tuple[float, float, bool]:
    """Return what of two samples is compared, and whether that is the largest tenth: where the medians are no other."""
    now, was = _middle(measure, values), _middle(measure, before)
    if measure.unit == "times" and not _is_large(measure, now, was):
        top, top_before = (float(np.quantile(side, TOP)) for side in (values, before))
        if _is_large(measure, top, top_before):
            return top, top_before, True
    return now, was, False


def _middle(measure: Measure, values: Sequence[float]) -> float:
    """Return the mean of shares, and the median of what has no upper end."""
    return float(np.median(values) if measure.unit == "times" else np.mean(values))


def _is_large(measure: Measure, now: float, before: float) -> bool:
    if (measure.way == "less" and now >= before) or (measure.way == "more" and now <= before):
        return False
    if measure.unit == "times":
        return max(_ratio(now, before), _ratio(before, now)) >= measure.threshold
    return abs(now - before) >= measure.threshold


def _ratio(one: float, other: float) -> float:
    return (one + 0.5) / (other + 0.5)  # half a thing more on both sides: none against one is a factor of three


def _distance(one: Sequence[float], other: Sequence[float]) -> float:
    at = np.unique(np.concatenate([one, other]))
    ranks = (np.searchsorted(np.sort(side), at, "right") / len(side) for side in (one, other))
    return float(np.abs(np.subtract(*ranks)).max())


def _index(values: Sequence[float], before: Sequence[float]) -> float | None:
    """Return the stability index over the tenths of the baseline, None where there are too few threads for one."""
    if min(len(values), len(before)) < MANY:
        return None
    edges = np.unique(np.quantile(before, np.linspace(0.1, 0.9, 9)))
    counts, counts_before = (np.bincount(np.searchsorted(edges, side), minlength=len(edges) + 1) for side in (values, before))
    return stability_index(counts.tolist(), counts_before.tolist())


def _windows(before: list[Measured], size: int) -> Iterator[tuple[list[Measured], list[Measured]]]:
    """Yield windows of a site's past, each with the rest of it: its threads in the order of their first posts."""
    dated = sorted((page for page in before if page.when is not None), key=lambda page: (page.when, page.id))
    size = min(size, len(dated) // 3)
    if size < FEWEST or len(dated) < 0.8 * len(before):
        return
    step = max(size // 2, (len(dated) - size) // WINDOWS, 1)
    for at in range(0, len(dated) - size + 1, step):
        yield dated[at : at + size], dated[:at] + dated[at + size :]


# -- marks ----------------------------------------------------------------------------------------------------------------


def _compare_marks(
    measure: Measure, name: str, pages: list[Measured], before: list[Measured], layout: str | None,
    has: Callable[[Measured], bool],
) -> Looks:  # fmt: skip
    if len(pages) < FEWEST or len(before) < FEWEST_BEFORE:
        return
    hits, hits_before = sum(map(has, pages)), sum(map(has, before))
    tested = compare_shares(hits, len(pages), hits_before, len(before))
    large = _is_other(measure, hits, len(pages), hits_before, len(before))
    now, was = hits / len(pages), hits_before / len(before)
    look = Look(measure, name, layout, now, was, len(pages), len(before), tested, large)

    def past() -> bool:
        for window, rest in _windows(before, len(pages)):
            mine, others = sum(map(has, window)), sum(map(has, rest))
            other = _is_other(measure, mine, len(window), others, len(rest))
            if other and abs(mine / len(window) - others / len(rest)) >= abs(tested.effect):
                return True
        return False

    yield look, past


def _is_other(measure: Measure, hits: int, of: int, hits_before: int, of_before: int) -> bool:
    """Whether a share changed by the points or the factor that count, in the way that does."""
    now, before = hits / of, hits_before / of_before
    if (measure.way == "less" and now >= before) or (measure.way == "more" and now <= before):
        return False
    if abs(now - before) >= measure.threshold:
        return True
    if measure.times is None or max(now, before) < measure.common:
        return False
    # The factor at the cautious end: half a page more on the rare side, so that "never" of few threads is no factor.
    rare, often = ((hits + 0.5) / (of + 1), before) if now < before else ((hits_before + 0.5) / (of_before + 1), now)
    return often >= measure.times * rare


def _compare_names(measure: Measure, threads: list[Measured], before: list[Measured], layout: str | None) -> Looks:
    """Compare the shares of each layout, language, encoding … among the threads of which one is known."""
    prefix = f"{measure.id}:"
    known, known_before = (
        [page for page in side if any(mark.startswith(prefix) for mark in page.marks)] for side in (threads, before)
    )
    counted = Counter(mark for page in (*known, *known_before) for mark in page.marks if mark.startswith(prefix))
    for mark, count in counted.items():
        if count >= SEEN:
            yield from _compare_marks(measure, mark.removeprefix(prefix), known, known_before, layout, partial(_has, mark))


def _compare_threads(measure: Measure, batch: SiteProfile, before: SiteProfile, layout: str | None) -> Looks:
    """Compare the share of pages that are the first of their thread."""
    now, was = ([page for page in profile.sample if page.thread is not None] for profile in (batch, before))
    ids = {page.id for side in (now, was) for page in _first_pages(side)}
    for look, _ in _compare_marks(measure, "", now, was, layout, lambda page: page.id in ids):
        yield look, lambda: False


def _compare_rules(measure: Measure, threads: list[Measured], before: list[Measured], layout: str | None) -> Looks:
    """Compare on how many pages each rule cuts; and of those that cut on both sides, how often on a page."""
    counted = Counter(rule for page in (*threads, *before) for rule in page.rules)
    for rule, count in counted.items():
        if count < SEEN:
            continue
        yield from _compare_marks(measure, rule, threads, before, layout, lambda page, rule=rule: rule in page.rules)  # type: ignore[misc]
        often = replace(measure, of="stretches that the rule {name} cuts on a page", unit="times", threshold=10.0, apart=0.5)
        now, was = ([page for page in side if rule in page.rules] for side in (threads, before))
        yield from _compare_amounts(often, now, was, layout, lambda page, rule=rule: page.rules[rule], rule)  # type: ignore[misc]


def _compare_edges(measure: Measure, threads: list[Measured], before: list[Measured], layout: str | None) -> Looks:
    counted = Counter(edge for page in threads for edge in page.edges)
    for edge, count in counted.items():
        if count >= SEEN:
            yield from _compare_marks(measure, edge, threads, before, layout, lambda page, edge=edge: edge in page.edges)  # type: ignore[misc]


def _compare_new_lines(measure: Measure, threads: list[Measured], before: list[Measured]) -> Looks:
    """Compare the pages with lines that come again in the batch, and were never there, with slices of what is published.

    The sample is in the order of digests: a slice of it is a draw at random.
    """
    size = min(len(threads), len(before) // 3)
    if size < FEWEST or len(before) < FEWEST_BEFORE:
        return
    now, example = _count_new(threads[:size], before)
    slices = [slice(at, at + size) for at in range(0, len(before) - size + 1, size)][:SLICES]
    was = sum(_count_new(before[at], before[: at.start] + before[at.stop :])[0] for at in slices)
    tested = compare_shares(now, size, was, size * len(slices))
    shares = now / size, was / (size * len(slices))
    large = _is_other(measure, now, size, was, size * len(slices))
    yield Look(measure, example, None, *shares, size, len(before), tested, large), lambda: False


def _count_new(pages: list[Measured], before: list[Measured]) -> tuple[int, str]:
    """Return on how many pages there is a line that SEEN of them have, and none of those before; and the most frequent one."""
    counted = Counter(line for page in pages for line in page.lines)
    new = {line for line, count in counted.items() if count >= SEEN}
    new.difference_update(*(page.lines for page in before))
    return sum(not new.isdisjoint(page.lines) for page in pages), max(new, key=lambda line: (counted[line], line), default="")
