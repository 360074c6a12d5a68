"""The dates of a page: where they are printed, and what the elements that hold them say of them for machines."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from itertools import zip_longest

from flows.split.markup.dates import find_date, find_date_at, is_beside, is_day_alone, is_span, iter_dates, iter_dates_in_pieces
from flows.split.markup.elements import FOR_MACHINES, Elements
from flows.split.markup.marks import Mark

DIGITS = re.compile(r"\d+")
MAX_TIME, MOST_PIECES = 60, 6  # characters and pieces of an element that holds a date and nothing else
MAX_VALUE, LEAST_DIGITS = 40, 4  # characters of an attribute that tells a date, and its digits
VALUES = ("datetime", "content", "title", "data-time", "data-timestamp", "data-date")


def find_dates(survey: Elements) -> list[Mark]:
    """Return the marks of a page's dates in order, those of joining and editing left out."""
    markup, text = survey.markup, survey.text
    own = _find_own(survey)
    found: dict[int, Mark] = {}
    for begin, end in [*iter_dates(text), *iter_dates_in_pieces(text, markup.starts, markup.stops)]:
        mark = _mark_printed(survey, begin, end, own)
        if mark is not None:
            found[mark.start] = mark
    starts = sorted(found)
    for number in survey.notes.timed:
        mark = _mark_time(survey, number, found, starts)
        if mark is not None:
            if mark.start not in found:
                insort(starts, mark.start)
            found[mark.start] = mark
    marks = [found[start] for start in starts]
    return [mark for mark, behind in zip_longest(marks, marks[1:]) if not _is_name(survey, mark, behind)]


def _find_own(survey: Elements) -> set[int]:
    """Return the pieces with which elements begin that are of a date alone: what stands before them is no part of it."""
    markup, own, after = survey.markup, set(), 0
    for number in survey.notes.timed:
        sure = markup.tags[number] == "time" or read_value(markup.attributes[number]) is not None
        if sure and number >= after and 0 < markup.last[number] - markup.first[number] <= MOST_PIECES:
            own.add(markup.first[number])
            after = markup.ends[number]
    return own


def _mark_printed(survey: Elements, begin: int, end: int, own: set[int]) -> Mark | None:
    """Return the mark of a date, from the element on that is its own; None for one of joining or editing."""
    piece = max(0, bisect_right(survey.markup.starts, begin) - 1)
    for at in range(piece + 1, bisect_left(survey.markup.starts, end)):
        start = _first_letter(survey, at)
        if survey.markup.owners[at] in survey.named and at not in own:  # nor does it end in one
            inside = find_date(survey.text[begin:start])
            if inside is None:
                return None
            begin, end = begin + inside[0], begin + inside[1]
            break
        before = survey.text[begin:start]
        if at not in own and not before.rstrip()[-1:].isdigit() and before[-1:].isspace():
            continue  # "Sat <b>May 3, 2021</b>"
        stop = find_date_at(survey.text, start, is_own=at in own)
        if stop is not None and stop >= end:
            begin, end, piece = start, stop, at
            break
    if _is_of_another(survey, begin):
        return None
    return Mark(begin, end, piece, survey.markup.owners[piece])


def _first_letter(survey: Elements, piece: int) -> int:
    start, stop = survey.markup.starts[piece], survey.markup.stops[piece]
    return start + len(survey.text[start:stop]) - len(survey.text[start:stop].lstrip())


def _is_of_another(survey: Elements, start: int) -> bool:
    """Whether what stands before a date says that it is one of joining or editing."""
    line = survey.text.rfind("\n", max(0, start - 60), start) + 1
    before = survey.text[max(line, start - 40) : start]
    return survey.words.joined.search(before) is not None or (not before.strip() and _is_told_above(survey, line))


def _is_told_above(survey: Elements, line: int) -> bool:
    """Whether the line above says that the date is one of joining."""
    if line < 2:
        return False
    above = survey.text.rfind("\n", max(0, line - 60), line - 1) + 1
    words = survey.text[above : line - 1].strip()
    return 0 < len(words) <= 30 and DIGITS.search(words) is None and survey.words.joined.match(words) is not None


def _mark_time(survey: Elements, number: int, found: dict[int, Mark], starts: list[int]) -> Mark | None:
    """Return the mark of the date that an element holds whose markup says so: with what it says for machines."""
    markup = survey.markup
    first, last = markup.first[number], markup.last[number]
    value = read_value(markup.attributes[number])
    if first == last:
        mark = None if value is None else _mark_untold(survey, number, value)
        return mark if mark is not None and mark.start not in found else None
    start, end = markup.starts[first], markup.stops[last - 1]
    if last - first > MOST_PIECES or end - start > MAX_TIME:
        return None
    at = bisect_left(starts, start)
    if at < len(starts) and starts[at] < end:
        known = found[starts[at]]
        return known._replace(strong=True, value=value or known.value)
    return _mark_unseen(survey, number, value, start, end)


def _mark_unseen(survey: Elements, number: int, value: str | None, start: int, end: int) -> Mark | None:
    """Return the mark of what is a date only because its element says so: a bare span, words of an unknown language."""
    shown, piece = survey.text[start:end], survey.markup.first[number]
    inside = find_date(shown)
    if inside is not None:
        begin = start + inside[0]
        piece = bisect_right(survey.markup.starts, begin) - 1
        mark = Mark(begin, start + inside[1], piece, number, strong=True, value=value)
        return None if _is_of_another(survey, begin) else mark
    if is_span(shown):
        return Mark(start, end, piece, number, strong=True, value=value)
    is_told = survey.markup.tags[number] == "time" and value is not None and FOR_MACHINES.fullmatch(value) is not None
    if not is_told or not shown.strip() or _is_of_another(survey, start):
        return None
    begin = start + len(shown) - len(shown.lstrip())
    return Mark(begin, begin + len(shown.strip()), piece, number, strong=True, value=value)


def _mark_untold(survey: Elements, number: int, value: str) -> Mark | None:
    """Return the mark of a date that only an attribute tells (scripts print it later), at the piece of text beside it."""
    markup = survey.markup
    piece, above = markup.first[number], markup.parents[number]
    for _ in range(3):
        if above >= 0 and markup.last[above] == piece == markup.first[above]:
            above = markup.parents[above]
    if above < 0 or piece >= markup.last[above]:
        piece -= 1
    if not 0 <= piece < survey.pieces:
        return None
    start = markup.starts[piece]
    return Mark(start, start, piece, number, strong=True, value=value)


def _is_name(survey: Elements, mark: Mark, behind: Mark | None) -> bool:
    """Whether a day alone is all that an element shows, of a person or right before a date: somebody goes by "Sept 11"."""
    text, markup = survey.text, survey.markup
    date = text[mark.start : mark.end]
    if mark.strong or text[markup.starts[mark.piece] : markup.stops[mark.piece]].strip() != date or not is_day_alone(date):
        return False
    return mark.element in survey.named or (behind is not None and is_beside(text, mark.end, behind.start))


def read_value(attributes: dict[str, str | None]) -> str | None:
    """Return the date that the attributes of an element tell; one for machines before one for people."""
    told = [
        value
        for name in VALUES
        if (value := attributes.get(name)) and len(value) <= MAX_VALUE and sum(map(str.isdigit, value)) >= LEAST_DIGITS
    ]
    return next(filter(FOR_MACHINES.fullmatch, told), told[0] if told else None)
