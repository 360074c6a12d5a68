"""Notes under posts, in lists of their own: found after the posts, inside their records."""

from __future__ import annotations

from bisect import bisect_right

from flows.split.markup.boxes import Box
from flows.split.markup.survey import Survey
from flows.split.markup.weighing import BODY, Hypothesis, find_records

INSIDE = 0.8  # share of the bodies that must stand in the posts' records, after the posts' own bodies
LEAST_EVIDENCE = 0.75


def find_remarks(survey: Survey, taken: Hypothesis, others: list[Hypothesis]) -> list[tuple[int, Box]]:
    """Return the boxes of remarks under posts, each with the record that it stands under; none where there are none."""
    if taken.form != BODY or any(record.element is None for record in taken.records):
        return []
    elements = [record.element or 0 for record in taken.records]
    for other in sorted(others, key=lambda hypothesis: -hypothesis.score):
        under = [_place_of(survey, taken, elements, record.body) for record in other.records]
        placed = [(at, record.body) for at, record in zip(under, other.records, strict=True) if at is not None]
        if len(placed) < INSIDE * len(under) or not placed:
            continue
        bodies = tuple(sorted([*(record.body for record in taken.records), *(body for _, body in placed)]))
        records = {record.body: record for record in find_records(survey, bodies)}
        told = [(at, records[body]) for at, body in placed if records[body].people]
        if len(told) >= LEAST_EVIDENCE * len(placed) and sum(record.dates > 0 for _, record in told) >= 0.5 * len(told):
            return [(at, Box(record.first, record.last, record.body, record.element)) for at, record in told]
    return []


def _place_of(survey: Survey, taken: Hypothesis, elements: list[int], body: int) -> int | None:
    """Return the record that a body stands in, below the record's own body; None: in none. `elements` are the records'."""
    at = bisect_right(elements, body) - 1
    if at < 0:
        return None
    record, ends = taken.records[at], survey.markup.ends
    element = record.element or 0
    return at if ends[record.body] <= body < ends[element] else None
