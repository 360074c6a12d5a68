"""Groups of elements → how well each explains the page as the bodies of its posts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from flows.split.markup.candidates import Group
from flows.split.markup.elements import MAX_DEPTH
from flows.split.markup.survey import Survey
from flows.split.markup.vocabulary import mask_names

ROOT = 0.75  # the power of a body's length: many posts of some words weigh more than one long text
NO_DATE, NO_PERSON = 0.5, 0.5
LEAST = 0.04  # evidence of a body with neither a date nor a person beside it
GAP_DISCOUNT = 0.8  # a record by its own element is surer than one by what lies between bodies
TWO_BLOCKS = 0.6  # members of one look, then members of another: two lists that share a word
MAX_LABEL = 12  # characters of the label above a column of posts
LONE = 0.3  # nothing repeats: the weaker claim
BODY, BEFORE, AFTER, INSIDE = "element", "before", "after", "inside"
MAX_HEADER = 200  # characters of who and when at the head of a body


@dataclass(frozen=True, slots=True)
class Record:
    """One body and the stretch of pieces that tells of it."""

    body: int  # the element
    first: int  # pieces of the record
    last: int
    dates: int  # in the record, outside the body
    people: int
    element: int | None = None  # the element that is the record; None: a gap between bodies
    head: int | None = None  # the piece that follows the header inside the body; None: there is no such header

    @property
    def evidence(self) -> float:
        """What speaks for a post here, from LEAST to 1."""
        return LEAST + (1 - LEAST) * (NO_DATE * (self.dates > 0) + NO_PERSON * (self.people > 0))


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A group taken for the bodies of a page's posts, its records, and what that is worth."""

    group: Group
    records: tuple[Record, ...]
    form: str  # how the records were found
    score: float

    @property
    def evidence(self) -> float:
        """The mean evidence of its records."""
        return sum(record.evidence for record in self.records) / len(self.records)


def weigh_group(survey: Survey, group: Group) -> Hypothesis:
    """Return the best hypothesis of a group: by elements, or by the gaps before or after where those say little."""
    best = _weigh(survey, group, find_records(survey, group.members), BODY, 1.0)
    if best.evidence < 0.75 and len(group.members) > 1:
        for form in (BEFORE, AFTER):
            other = _weigh(survey, group, find_gaps(survey, group.members, form), form, GAP_DISCOUNT)
            best = max(best, other, key=lambda hypothesis: hypothesis.score)
    if best.evidence < 0.75:
        heads = find_heads(survey, group.members)
        if heads is not None:
            best = max(best, _weigh(survey, group, heads, INSIDE, GAP_DISCOUNT), key=lambda hypothesis: hypothesis.score)
    return best


def find_records(survey: Survey, members: tuple[int, ...]) -> tuple[Record, ...]:
    """Return each member's record: the highest element around it that holds no other member."""
    parents, ends = survey.markup.parents, survey.markup.ends
    records = []
    for at, body in enumerate(members):
        before = members[at - 1] if at else -1
        after = members[at + 1] if at + 1 < len(members) else len(ends)
        if len(members) == 1:
            before, after = -1, len(ends)
        element = body
        for _ in range(MAX_DEPTH):
            above = parents[element]
            if above <= 0 or above <= before or ends[above] > after or survey.markup.tags[above] == "body":
                break
            if len(members) == 1 and _is_told(survey, body, element):
                break  # nothing else bounds the record of a lone body
            element = above
        records.append(_record(survey, body, survey.markup.first[element], survey.markup.last[element], element))
    return tuple(records)


def find_heads(survey: Survey, members: tuple[int, ...]) -> tuple[Record, ...] | None:
    """Return the records of bodies that open with who and when; None where most do not."""
    markup, records = survey.markup, []
    told = 0
    for body in members:
        first, last = markup.first[body], markup.last[body]
        head = first
        low, high = survey.date_index(first), survey.date_index(last)
        if low < high:
            mark = survey.dates[low]
            if mark.piece < last and mark.start - markup.starts[first] <= MAX_HEADER:
                head = max(mark.piece + 1, survey.after_person(mark.piece + 1, last))
                told += 1
        dates, people = _between(survey.date_sum, first, head), _between(survey.person_sum, first, head)
        records.append(Record(body, first, last, dates, people, body, head))
    return tuple(records) if told >= 0.7 * len(members) else None


def _is_told(survey: Survey, body: int, element: int) -> bool:
    record = _record(survey, body, survey.markup.first[element], survey.markup.last[element], element)
    return record.dates > 0 and record.people > 0


def find_gaps(survey: Survey, members: tuple[int, ...], form: str) -> tuple[Record, ...]:
    """Return the records between bodies: from the body before to this one's end, or from this one to the next."""
    first, last = survey.markup.first, survey.markup.last
    records = []
    gaps = [first[after] - last[before] for before, after in pairwise(members)]
    usual = int(median(gaps)) + 2 if gaps else 0
    for at, body in enumerate(members):
        if form == BEFORE:
            if not at and len(members) > 3 and survey.content_sum[last[body]] - survey.content_sum[first[body]] < MAX_LABEL:
                continue  # the head of a table of posts
            low = last[members[at - 1]] if at else max(0, first[body] - usual)
            records.append(_record(survey, body, low, last[body], None))
        else:
            high = first[members[at + 1]] if at + 1 < len(members) else min(survey.pieces, last[body] + usual)
            records.append(_record(survey, body, first[body], high, None))
    return tuple(records)


def _record(survey: Survey, body: int, low: int, high: int, element: int | None) -> Record:
    first, last = survey.markup.first[body], survey.markup.last[body]
    dates = _between(survey.date_sum, low, high) - _between(survey.date_sum, first, last)
    people = _between(survey.person_sum, low, high) - _between(survey.person_sum, first, last)
    return Record(body, low, high, dates, people, element)


def _between(sums: list[int], low: int, high: int) -> int:
    return sums[high] - sums[low]


def _weigh(survey: Survey, group: Group, records: tuple[Record, ...], form: str, factor: float) -> Hypothesis:
    first, last = survey.markup.first, survey.markup.last
    total = evidence = 0.0
    for record in records:
        low, high = first[record.body] if record.head is None else record.head, last[record.body]
        content = _between(survey.content_sum, low, high)
        links = _between(survey.link_sum, low, high)
        pairs = min(_between(survey.date_sum, low, high), _between(survey.person_sum, low, high))
        evidence += record.evidence
        around: float = max(1, min(record.dates, record.people))  # many pairs beside one body: a record of many posts
        if len(records) == 1:  # the record of a lone body was bounded by what tells of it: it should hold little else
            around += (_between(survey.content_sum, record.first, record.last) - content) / (content + 1)
        total += record.evidence * (content / (1 + pairs)) ** ROOT * content / (content + links + 1) * around**-0.3
    if len(records) == 1:
        factor *= LONE
    if _is_two_blocks(survey, records):
        factor *= TWO_BLOCKS
    return Hypothesis(group, records, form, factor * total * (0.2 + 0.8 * (evidence / len(records)) ** 2))


def _is_two_blocks(survey: Survey, records: tuple[Record, ...]) -> bool:
    """Whether the bodies are two blocks of different looks, one after the other; a first one of its own is an opening post."""
    if len(records) < 5:
        return False
    looks = [look_of(survey, record.body) for record in records]
    changes = [at for at in range(1, len(looks)) if looks[at] != looks[at - 1]]
    return len(changes) == 1 and 2 <= changes[0] <= len(looks) - 2


def look_of(survey: Survey, number: int) -> str:
    """Return an element's tag and classes, numbers masked."""
    return f"{survey.markup.tags[number]}.{mask_names(survey.markup.attributes[number].get('class') or '')[0]}"
