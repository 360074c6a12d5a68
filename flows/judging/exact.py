"""Tests that hold for small batches: exact where there are few pages, with their asymptotic forms where there are many.

No formula here assumes a distribution of what is measured: Fisher's exact test for shares, the permutation distribution of
Kolmogorov and Smirnov's distance for amounts, and Holm's correction, after Tarone, for many looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import comb, lgamma
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Cells n·m up to which the permutation distribution is walked through: 0.1 s at most. Beyond it both samples are large
# enough for the limiting distribution (its error is below .002 from n·m/(n+m) = 20 on; Stephens 1970).
MOST_CELLS = 400_000
SAME = 1 + 1e-9  # probabilities closer than this are equal, and differ by rounding


class Comparison(NamedTuple):
    """What a test says: how likely a difference at least as large is by chance, and how small that could have got."""

    p: float
    least_p: float  # with the same margins, at the most extreme outcome: what no data of this size can go below
    effect: float  # the difference itself: of two shares, or the largest between two distributions


def compare_shares(hits: int, of: int, base_hits: int, base_of: int) -> Comparison:
    """Return the two-sided test of two shares, hits / of against base_hits / base_of.

    Fisher's exact test: of all tables with these margins, those that are no likelier than the one seen (R. A. Fisher,
    The Design of Experiments, 1935; two-sided as in R's fisher.test).

    >>> round(compare_shares(3, 4, 1, 4).p, 4)  # the lady tasting tea: 34 of 70
    0.4857
    """
    effect = hits / of - base_hits / base_of if of and base_of else 0.0
    total = hits + base_hits
    if not of or not base_of or total in (0, of + base_of):
        return Comparison(1.0, 1.0, effect)
    low, high = max(0, total - base_of), min(of, total)
    chances = _hypergeometric(of, base_of, total)
    seen = chances[hits - low]
    least = min(chances[0], chances[high - low])
    return Comparison(
        min(1.0, float(chances[chances <= seen * SAME].sum())), min(1.0, float(chances[chances <= least * SAME].sum())), effect
    )


@lru_cache(maxsize=4096)
def _hypergeometric(of: int, base_of: int, total: int) -> Floats:
    """Return the probability of each number of hits among `of`, from the least that is possible to the most."""
    ways = _log_comb(of + base_of, total)
    low, high = max(0, total - base_of), min(of, total)
    logs = [_log_comb(of, hits) + _log_comb(base_of, total - hits) - ways for hits in range(low, high + 1)]
    return np.exp(np.array(logs, np.float64)).astype(np.float64)


def _log_comb(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def compare_amounts(sample: Sequence[float], base: Sequence[float]) -> Comparison:
    """Return the two-sided test of whether two samples are of one distribution, by the largest distance between theirs.

    The permutation distribution of Kolmogorov and Smirnov's D, exact with ties: the walk through the pooled sample is
    followed step by step and its bound held only where the pooled value changes (Hodges 1957; Schröer and Trenkler 1995,
    Computational Statistics & Data Analysis 20). For many pages, Kolmogorov's limit with Stephens' correction (1970).

    >>> round(compare_amounts([1, 2, 3, 4, 6], [5, 7, 8, 9, 10]).p, 4)  # D = .8 at n = m = 5: 20 of 252 walks
    0.0794
    """
    n, m = len(sample), len(base)
    if not n or not m:
        return Comparison(1.0, 1.0, 0.0)
    pooled = np.concatenate([np.asarray(sample, np.float64), np.asarray(base, np.float64)])
    order = np.argsort(pooled, kind="stable")
    ends = np.append(np.diff(pooled[order]) > 0, True)  # the last of its value
    mine = np.cumsum(order < n)
    theirs = np.arange(1, n + m + 1) - mine
    distance = float(np.abs(mine / n - theirs / m)[ends].max())
    least = 2 / comb(n + m, n) if n + m < 1000 else 0.0
    if distance == 0 or ends.sum() == 1:
        return Comparison(1.0, 1.0 if ends.sum() == 1 else least, distance)
    p = _walk(n, m, distance, ends) if n * m <= MOST_CELLS else _limit(n, m, distance)
    return Comparison(min(1.0, p), min(least, p), distance)


def _walk(n: int, m: int, distance: float, ends: NDArray[np.bool_]) -> float:
    """Return the probability that a random order of the pooled sample gets as far apart as `distance`.

    What leaves the bound is added up as it leaves, so that small probabilities are exact, too.
    """
    mine = np.arange(n + 1)
    inside = np.zeros(n + 1)
    inside[0] = 1.0
    left = 0.0
    for step in range(1, n + m + 1):
        gone = step - 1  # drawn before this step
        remaining = n + m - gone
        theirs = gone - mine
        possible = (theirs >= 0) & (theirs <= m)
        drawn = np.where(possible, inside * (n - mine) / remaining, 0.0)
        kept = np.where(possible, inside * (m - theirs) / remaining, 0.0)
        inside = kept
        inside[1:] += drawn[:-1]
        if ends[step - 1]:
            beyond = np.abs(mine / n - (step - mine) / m) >= distance - 1e-12
            left += float(inside[beyond].sum())
            inside[beyond] = 0.0
    return left


def _limit(n: int, m: int, distance: float) -> float:
    size = (n * m / (n + m)) ** 0.5
    return kolmogorov((size + 0.12 + 0.11 / size) * distance)


def kolmogorov(scaled: float) -> float:
    """Return the probability that Kolmogorov's statistic is at least `scaled` (Smirnov 1948).

    >>> round(kolmogorov(1.3581), 3), round(kolmogorov(1.6276), 3)
    (0.05, 0.01)
    """
    if scaled < 0.2:
        return 1.0  # the series converges slowly there, and is 1 to twelve digits
    terms = [(-1) ** (k - 1) * np.exp(-2.0 * k * k * scaled * scaled) for k in range(1, 101)]
    return float(min(1.0, max(0.0, 2 * sum(terms))))


def stability_index(counts: Sequence[int], base_counts: Sequence[int]) -> float:
    """Return the population stability index of two rows of counts by the same classes; 0 where they are alike.

    Σ (p - q) ln(p / q); half a page is added to each class, so that an empty one gives no infinity. Below .1 little has
    changed, above .25 much (N. Siddiqi, Credit Risk Scorecards, 2006). Of few pages it is large by chance alone: with B
    classes some (B - 1)(1/n + 1/m) (B. Yurdakul, 2018), so a threshold on it holds for many pages only.

    >>> round(stability_index([10, 20, 70], [10, 20, 70]), 3), round(stability_index([300, 700], [700, 300]), 2)
    (0.0, 0.68)
    """
    p, q = (np.asarray(row, np.float64) + 0.5 for row in (counts, base_counts))
    p, q = p / p.sum(), q / q.sum()
    return float(((p - q) * np.log(p / q)).sum())


def correct(tests: Sequence[Comparison], alpha: float) -> list[float]:
    """Return, for each test, its p-value corrected for how many there are: below `alpha` it stands against chance.

    Holm's step-down procedure (1979): the chance that any of them is a false alarm is at most alpha, whatever their
    dependence; a batch is stopped by one finding, so that the share of false ones among the findings (Benjamini and
    Hochberg) would not do. Tests that could not reach alpha with any outcome are no looks (Tarone 1990), and give 1.

    >>> [round(p, 3) for p in correct([Comparison(p, 0, 0) for p in (0.01, 0.04, 0.03, 0.005)], 0.05)]
    [0.03, 0.06, 0.06, 0.02]
    """
    looks = count_looks([test.least_p for test in tests], alpha)
    able = [at for at, test in enumerate(tests) if test.least_p * looks <= alpha]
    corrected = [1.0] * len(tests)
    highest = 0.0
    for rank, at in enumerate(sorted(able, key=lambda at: tests[at].p)):
        highest = max(highest, min(1.0, (max(looks, len(able)) - rank) * tests[at].p))
        corrected[at] = highest
    return corrected


def count_looks(least: Sequence[float], alpha: float) -> int:
    """Return Tarone's K: the smallest number of looks K such that at most K tests can reach alpha / K."""
    for looks in range(1, len(least) + 1):
        if sum(p * looks <= alpha for p in least) <= looks:
            return looks
    return max(1, len(least))
