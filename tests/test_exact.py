"""The tests for small batches, held against published values and against counting every outcome."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.judging.exact import (
    Comparison,
    compare_amounts,
    compare_shares,
    correct,
    count_looks,
    kolmogorov,
    stability_index,
)


@pytest.mark.parametrize(
    ("table", "p"),
    [
        ((3, 4, 1, 4), 0.4857),  # Fisher's lady tasting tea, two-sided
        ((2, 12, 15, 18), 0.0005367),  # Fisher's convictions of twins, as R's documentation of fisher.test gives it
        ((0, 5, 5, 5), 0.007937),  # 2 of 252
    ],
)
def test_fishers_exact_test_gives_the_published_values(table: tuple[int, int, int, int], p: float) -> None:
    assert compare_shares(*table).p == pytest.approx(p, rel=1e-3)


@pytest.mark.parametrize(("size", "steps", "p"), [(5, 4, 20 / 252), (5, 5, 2 / 252), (4, 4, 2 / 70), (4, 3, 16 / 70)])
def test_the_distance_of_two_samples_is_as_likely_as_gnedenko_and_korolyuk_say(size: int, steps: int, p: float) -> None:
    sample, base = list(range(size)), [steps - 0.5 + at for at in range(size)]
    assert compare_amounts(sample, base).effect == pytest.approx(steps / size)
    assert compare_amounts(sample, base).p == pytest.approx(p)


@given(st.lists(st.integers(0, 3), min_size=2, max_size=4), st.lists(st.integers(0, 3), min_size=2, max_size=5))
def test_with_ties_it_is_as_likely_as_counting_every_order_says(sample: list[int], base: list[int]) -> None:
    def distance(one: list[int], other: list[int]) -> float:
        at = sorted({*one, *other})
        return max(abs(sum(v <= x for v in one) / len(one) - sum(v <= x for v in other) / len(other)) for x in at)

    pooled, seen = sample + base, distance(sample, base)
    draws = list(combinations(range(len(pooled)), len(sample)))
    drawn = [([pooled[i] for i in draw], [pooled[i] for i in range(len(pooled)) if i not in draw]) for draw in draws]
    as_far = sum(distance(one, other) >= seen - 1e-12 for one, other in drawn)
    assert compare_amounts(sample, base).p == pytest.approx(as_far / len(draws))


def test_for_many_the_limit_agrees_with_the_walk() -> None:
    dice = np.random.default_rng(7)
    sample, base = dice.normal(0, 1, 500), dice.normal(0.12, 1, 790)
    walked = compare_amounts(sample.tolist(), base.tolist())
    limited = compare_amounts(sample.tolist() + [99.0] * 10, base.tolist() + [99.0] * 10)  # just over the bound
    assert walked.p == pytest.approx(limited.p, abs=0.02)
    assert kolmogorov(1.3581) == pytest.approx(0.05, abs=1e-4)
    assert kolmogorov(1.9495) == pytest.approx(0.001, abs=1e-5)


def test_small_chances_are_not_lost_to_rounding() -> None:
    assert compare_amounts([0.0] * 20, [1.0] * 20).p == pytest.approx(2 / 137846528820)


def test_holms_correction_gives_the_textbooks_values_and_never_falls() -> None:
    tests = [Comparison(p, 0.0, 0.0) for p in (0.01, 0.04, 0.03, 0.005)]
    assert correct(tests, 0.05) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_what_can_reach_nothing_is_no_look() -> None:
    assert count_looks([0.0001, 0.3, 0.4, 0.5], 0.05) == 1
    assert correct([Comparison(0.004, 0.0001, 0.5), *[Comparison(1.0, 0.4, 0.0)] * 50], 0.005)[0] == pytest.approx(0.004)


def test_the_stability_index_knows_the_rule_of_thumb() -> None:
    assert stability_index([250, 250, 250, 250], [250, 250, 250, 250]) == pytest.approx(0)
    assert stability_index([400, 300, 200, 100], [250, 250, 250, 250]) == pytest.approx(0.228, abs=0.01)  # Σ(p-q)ln(p/q)


@given(st.integers(0, 12), st.integers(0, 12))
def test_chances_are_chances(hits: int, base_hits: int) -> None:
    tested = compare_shares(hits, 12, base_hits, 12)
    assert 0 < tested.least_p <= tested.p * (1 + 1e-9) <= 1 + 1e-9
