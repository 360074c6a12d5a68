"""The fields of posts as columns over all records: which of the marks beside each body is its author, which its date."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict

from flows.split.boxes import Box
from flows.split.marks import Mark
from flows.split.survey import Survey

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
    found = []
    for mark in marks[bisect_left(marks, box.first, key=_piece) : bisect_left(marks, box.last, key=_piece)]:
        if not low <= mark.piece < high:
            found.append(mark)
    return found


def _piece(mark: Mark) -> int:
    return mark.piece


def _fill(survey: Survey, boxes: list[Box], marks: list[Mark], field: str, worth) -> None:  # type: ignore[no-untyped-def]
    beside = [marks_beside(survey, marks, box) for box in boxes]
    columns: dict[str, list[tuple[int, Mark]]] = defaultdict(list)
    for at, found in enumerate(beside):
        for mark in found:
            columns[key_of(survey, mark)].append((at, mark))
    ranked = sorted(columns, key=lambda key: -worth(survey, columns[key], boxes))
    for at, box in enumerate(boxes):
        if getattr(box, field) is not None:
            continue
        for key in ranked:
            mine = next((mark for where, mark in columns[key] if where == at), None)
            if mine is not None:
                setattr(box, field, mine)
                break


def key_of(survey: Survey, mark: Mark) -> str:
    """Return what the element of a mark looks like, with the one around it."""
    markup = survey.markup
    element = mark.element
    parent = markup.parents[element]
    above = markup.attributes[parent].get("class") if parent >= 0 else None
    return f"{markup.tags[parent] if parent >= 0 else ''}.{above}/{markup.tags[element]}.{markup.attributes[element].get('class')}"


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
    return covered + 0.1 * strong - 0.1 * min(2.0, more) + 0.004 * min(size, 20) - 0.001 * _mean_place(column, boxes)


def _mean_place(column: list[tuple[int, Mark]], boxes: list[Box]) -> float:
    """Return how many pieces into its record a column stands: the author of a post comes before those of its remarks."""
    return sum(mark.piece - boxes[at].first for at, mark in column) / len(column)
