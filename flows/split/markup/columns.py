"""The fields of posts as columns over all records: which of the marks beside each body is its author, which its date."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise

from flows.split.markup.boxes import Box
from flows.split.markup.marks import Mark
from flows.split.markup.survey import Survey

ORDERED = 0.5  # what a column of dates loses that jump back and forth: the days on which people joined
LEAST_ORDER = 4
NUMBERS, WORDS = re.compile(r"\d+"), re.compile(r"[^\W\d_]{3,}")
MONTHS = {
    name: number
    for number, names in enumerate((
        "jan ene gen sty", "feb fév fev lut", "mar mär maa", "apr avr abr kwi", "may mai mag mei maj", "jun jui giu cze",
        "jul lug lip", "aug aoû ago sie", "sep set wrz", "oct okt ott out paź", "nov lis", "dec dez déc dic gru",
    ), start=1)
    for name in names.split()
}  # fmt: skip
UNTOLD = 0.3  # what a column of dates loses that attributes alone tell
Worth = Callable[[Survey, list[tuple[int, Mark]], list[Box]], float]
SAME_NAME = 0.6  # what a column loses whose every mark reads the same: a rank, not a name


def fill_authors(survey: Survey, boxes: list[Box]) -> None:
    """Give each box the mark of its author."""
    _fill(survey, boxes, survey.people, "author", _worth_of_people)


def fill_dates(survey: Survey, boxes: list[Box]) -> None:
    """Give each box the mark of its date."""
    _fill(survey, boxes, survey.dates, "date", _worth_of_dates)


def marks_beside(survey: Survey, marks: list[Mark], box: Box) -> list[Mark]:
    """Return the marks of a box's record, those inside its body left out."""
    low, high = (survey.markup.first[box.body], survey.markup.last[box.body]) if box.body is not None else (-1, -1)
    if box.head is not None:
        low = box.head
    inside = marks[bisect_left(marks, box.first, key=_piece) : bisect_left(marks, box.last, key=_piece)]
    return [mark for mark in inside if not low <= mark.piece < high]


def _piece(mark: Mark) -> int:
    return mark.piece


def _fill(survey: Survey, boxes: list[Box], marks: list[Mark], field: str, worth: Worth) -> None:
    beside = [marks_beside(survey, marks, box) for box in boxes]
    columns: dict[str, list[tuple[int, Mark]]] = defaultdict(list)
    for at, found in enumerate(beside):
        for mark in found:
            columns[key_of(survey, mark)].append((at, mark))
    ranked = sorted(columns, key=lambda key: -worth(survey, columns[key], boxes))
    empty = [at for at, box in enumerate(boxes) if getattr(box, field) is None]
    for key in ranked:
        first = dict(reversed(columns[key]))  # by box
        for at in empty:
            if at in first:
                setattr(boxes[at], field, first[at])
        empty = [at for at in empty if at not in first]
        if not empty:
            break


def key_of(survey: Survey, mark: Mark) -> str:
    """Return what the element of a mark looks like, with the one around it."""
    markup = survey.markup
    element = mark.element
    parent = markup.parents[element]
    above = (markup.tags[parent], markup.attributes[parent].get("class")) if parent >= 0 else None
    own = markup.attributes[element].get("class") or markup.tags[element]  # one class may stand on two kinds of element
    return f"{above}/{own}"


def _coverage(column: list[tuple[int, Mark]], boxes: list[Box]) -> tuple[float, float]:
    """Return the share of boxes with a mark of the column, and how many more than one each of those has."""
    per_box = Counter(at for at, _ in column)
    return len(per_box) / len(boxes), len(column) / len(per_box) - 1


def _worth_of_people(survey: Survey, column: list[tuple[int, Mark]], boxes: list[Box]) -> float:
    covered, more = _coverage(column, boxes)
    names = Counter(survey.text[mark.start : mark.end] for _, mark in column)
    strong = sum(mark.strong for _, mark in column) / len(column)
    same = SAME_NAME if len(names) == 1 and len({at for at, _ in column}) > 3 else 0.0
    return covered + 0.15 * strong - 0.1 * min(2.0, more) - same - 0.001 * _mean_place(column, boxes)


def _worth_of_dates(survey: Survey, column: list[tuple[int, Mark]], boxes: list[Box]) -> float:
    covered, more = _coverage(column, boxes)
    strong = sum(mark.strong for _, mark in column) / len(column)
    size = sum(mark.end - mark.start for _, mark in column) / len(column)
    ordered = ORDERED * (_share_in_order(survey, column) - 1)
    untold = UNTOLD * sum(mark.start == mark.end for _, mark in column) / len(column)
    return (
        covered
        + ordered
        - untold
        + 0.1 * strong
        - 0.1 * min(2.0, more)
        + 0.004 * min(size, 20)
        - 0.001 * _mean_place(column, boxes)
    )


def _mean_place(column: list[tuple[int, Mark]], boxes: list[Box]) -> float:
    """Return how many pieces into its record a column stands: the author of a post comes before those of its remarks."""
    return sum(mark.piece - boxes[at].first for at, mark in column) / len(column)


def _share_in_order(survey: Survey, column: list[tuple[int, Mark]]) -> float:
    """Return the share of steps between the dates of a column that go one way; 1 where the dates cannot be compared."""
    keys = [key for _, mark in column if (key := read_day(survey.text[mark.start : mark.end])) is not None]
    if len(keys) < LEAST_ORDER or len(keys) < 0.8 * len(column):
        return 1.0
    shares = []
    for order in ((0, 1, 2), (0, 2, 1)):  # day and month may stand either way
        sorted_keys = [tuple(key[place] for place in order) for key in keys]
        steps = [(after > before) - (after < before) for before, after in pairwise(sorted_keys)]
        shares.append(max(sum(step >= 0 for step in steps), sum(step <= 0 for step in steps)) / len(steps))
    return max(shares)


def read_day(date: str) -> tuple[int, int, int] | None:
    """Return year and the two numbers or name beside it as something to compare; None where a date is relative.

    >>> read_day("3 May 2019"), read_day("12.03.19"), read_day("2 days ago")
    ((2019, 5, 3), (2019, 3, 12), None)
    """
    numbers = NUMBERS.findall(date)
    words = [word[:3].lower() for word in WORDS.findall(date)]
    month = next((MONTHS[word] for word in words if word in MONTHS), None)
    if month is not None and len(numbers) >= 2:
        year = next((number for number in numbers if len(number) == 4), None)
        day = next((number for number in numbers if len(number) <= 2), None)
        return (int(year), month, int(day)) if year and day else None
    if len(numbers) >= 3 and not words[:1]:
        first, second, third = (int(number) for number in numbers[:3])
        if len(numbers[0]) == 4:
            return first, second, third
        return (third + (2000 if third < 70 else 1900) if third < 100 else third), second, first
    return None
