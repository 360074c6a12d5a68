"""Samples → arrays: features, groups and labels of every line, as the shipped code sees them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from flows.split.flat.features import see_page
from flows.strip.artifacts import mark_lines
from tests.training.labelling import Row, Sample


class Arrays(NamedTuple):
    """One page: features (lines x features), groups (kinds x lines), label, author and date of each line; weights.

    `slots` weighs the labels of authors and dates: 0 where the page's labels do not say who wrote or when.
    """

    x: np.ndarray
    groups: np.ndarray
    label: np.ndarray
    author: np.ndarray
    date: np.ndarray
    weight: float
    slots: tuple[float, float] = (1.0, 1.0)


def text_of(rows: list[Row]) -> str:
    return "".join("\n" * (row.gap + bool(place)) + row.raw for place, row in enumerate(rows))


def arrays_of(sample: Sample, weight: float = 1.0) -> Arrays | None:
    text = text_of(sample.rows)
    starts: dict[int, Row] = {}
    at = 0
    for place, row in enumerate(sample.rows):
        at += row.gap + bool(place)
        starts[at] = row
        at += len(row.raw)
    lines = mark_lines(text)
    if not lines or len(lines) > 2500:
        return None
    rows = [starts.get(line.start) for line in lines]
    empty = not any(row.label for row in sample.rows)
    slots = (float(empty or any(row.is_author for row in sample.rows)), float(empty or any(row.is_date for row in sample.rows)))
    slots = (1.0, 1.0) if sample.site == "made" else slots
    seen = see_page(text, lines)
    return Arrays(
        np.array(seen.rows, dtype=np.float32),
        np.array(seen.groups, dtype=np.int32),
        np.array([row.label if row else 0 for row in rows], dtype=np.int32),
        np.array([bool(row and row.is_author) for row in rows], dtype=np.float32),
        np.array([bool(row and row.is_date) for row in rows], dtype=np.float32),
        weight,
        slots,
    )
