"""Hypotheses → the one that is taken: the best by evidence, put right where a page's structure says more."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import replace

from flows.split.markup.candidates import Group, find_groups, find_wordless, weigh_text
from flows.split.markup.survey import Survey
from flows.split.markup.vocabulary import split_names
from flows.split.markup.weighing import BODY, Hypothesis, Record, find_records, look_of, weigh_group

NEGLIGIBLE = 0.04  # of the best score: groups with less text than that decide nothing
REFINED = 25  # hypotheses that are looked at again
SAME = 0.985  # of the text: a smaller body that holds as much is the better one
AS_LONG = 0.6  # of the text of all comments: answers that hold less than that are labels beside posts
NUMBERED = re.compile(r"\d{2,}|[-_]\d")
MOST_WORDLESS = 40  # characters beside who and when in a record that has no body
PRINTED = re.compile(r"#\s?\d{1,6}")
LEAST_COPY = 40  # characters: shorter posts ("thanks!") may well be the same
COMMENTED = 0.5  # share of the bodies that must stand under another group's bodies to be their comments


def choose_hypotheses(survey: Survey) -> list[Hypothesis]:
    """Return the hypotheses of a page worth trying, the best first."""
    weighed, most = [], 0.0
    for group in find_groups(survey):  # those with most text first: no score is higher than what the text is worth
        if weigh_text(survey, group) < NEGLIGIBLE * most:
            break
        weighed.append(weigh_group(survey, group))
        most = max(most, weighed[-1].score)
    weighed.sort(key=lambda hypothesis: -hypothesis.score)
    return [hypothesis for hypothesis in weighed[:REFINED] if hypothesis.score > 0]


def refine(survey: Survey, best: Hypothesis, others: list[Hypothesis]) -> Hypothesis:
    """Return the hypothesis that a page's structure makes of the best one: answers for comments, the tighter bodies."""
    for other in sorted(others, key=lambda hypothesis: -hypothesis.score):
        if other is not best and _holds_comments(survey, other, best):
            best = other
            break
    return _widen(survey, complete(survey, _tighten(survey, best, others)))


def _holds_comments(survey: Survey, answers: Hypothesis, comments: Hypothesis) -> bool:
    """Whether the bodies of one hypothesis stand in the records of another, after its own bodies: comments on answers."""
    if not 2 <= len(answers.records) < len(comments.records) or answers.evidence < 0.75 or answers.form != BODY:
        return False
    if _content(survey, answers) < AS_LONG * _content(survey, comments):
        return False
    members = set(answers.group.members)
    own = [record.body for record in comments.records if record.body in members]
    rest = [record.body for record in comments.records if record.body not in members]
    if own and (len(own) < len(members) or _looks(survey, own) & _looks(survey, rest)):
        return False
    ends = survey.markup.ends
    inside = 0
    for record in answers.records:
        element, body = record.element, record.body
        if element is None:
            return False
        # Comments follow the body that they are on; what is of the same group but another look may also be a preview above.
        low, high = element if own else ends[body], ends[element]
        if any(body < other < ends[body] or other < body < ends[other] for other in rest):
            return False
        inside += sum(low <= other < high for other in rest)
    return inside >= COMMENTED * len(rest) and inside > 0


def _looks(survey: Survey, members: list[int]) -> set[tuple[str, str | None]]:
    return {(survey.markup.tags[number], survey.markup.attributes[number].get("class")) for number in members}


def _tighten(survey: Survey, best: Hypothesis, others: list[Hypothesis]) -> Hypothesis:
    """Return the tightest bodies inside those of a hypothesis that lose none of its text."""
    whole, size = _content(survey, best), _size(survey, best)
    for other in others:
        if len(other.records) != len(best.records) or other.evidence < best.evidence or _size(survey, other) > size:
            continue
        if _size(survey, other) == size and (_is_named(survey, best) or not _is_named(survey, other)):
            continue  # of two that hold the same, the one with a name of its own finds posts without words as well
        nested = all(
            mine.body <= theirs.body < survey.markup.ends[mine.body]
            for mine, theirs in zip(best.records, other.records, strict=True)
        )
        if nested and _content(survey, other) >= SAME * whole:
            best, size = other, _size(survey, other)
    return best


def _widen(survey: Survey, best: Hypothesis) -> Hypothesis:
    """Return whole bodies for single paragraphs: on a page of short posts each has but one, and a list or links below."""
    markup, bodies = survey.markup, survey.words.bodies
    if best.form != BODY or any(markup.tags[record.body] != "p" for record in best.records):
        return best
    wider = [markup.parents[record.body] for record in best.records]
    if len(set(wider)) < len(wider) or any(bodies.isdisjoint(_classes_of(survey, number)) for number in wider):
        return best
    records = find_records(survey, tuple(wider))
    if sum(record.evidence for record in records) < sum(record.evidence for record in best.records):
        return best  # who and when stand inside
    return replace(best, group=Group(best.group.key, tuple(wider)), records=records)


def _classes_of(survey: Survey, number: int) -> frozenset[str]:
    return split_names(survey.markup.attributes_of(number).get("class") or "") if number >= 0 else frozenset()


def _is_named(survey: Survey, hypothesis: Hypothesis) -> bool:
    """Whether the bodies are elements with a class."""
    return all(survey.markup.attributes_of(record.body).get("class") for record in hypothesis.records)


def _content(survey: Survey, hypothesis: Hypothesis) -> int:
    first, last, sums = survey.markup.first, survey.markup.last, survey.content_sum
    return sum(sums[last[record.body]] - sums[first[record.body]] for record in hypothesis.records)


def _size(survey: Survey, hypothesis: Hypothesis) -> int:
    first, last = survey.markup.first, survey.markup.last
    return sum(last[record.body] - first[record.body] for record in hypothesis.records)


def complete(survey: Survey, best: Hypothesis) -> Hypothesis:
    """Return a hypothesis with the posts that have no words (images), and without bodies that nothing speaks for."""
    ends, members = survey.markup.ends, best.group.members
    if best.form == BODY and best.evidence >= 0.9 and (empty := find_wordless(survey, best.group)):
        free = [number for number in empty if not _overlaps(number, members, ends)]
        free = [number for at, number in enumerate(free) if at == 0 or number >= ends[free[at - 1]]]
        wider = find_records(survey, tuple(sorted([*members, *free])))
        fixed, added = {record.body: record for record in wider}, set(free)
        prints = Counter(_told_in(survey, record) for record in wider)
        ids = Counter(_id_of(survey, record) for record in wider)
        kept = [
            record
            for record in wider
            if record.body not in added or (record.dates and record.people and _is_single(survey, record, prints, ids))
        ]
        if all(fixed[member].evidence >= 1 for member in members) and len(kept) > len(members):
            keys = tuple(record.body for record in kept)
            best = replace(best, group=Group(best.group.key, keys), records=tuple(kept))
    best = _add_wordless(survey, best)
    best = replace(best, records=_without_copies(survey, _without_unnumbered(survey, best.records)))
    told = [record for record in best.records if record.dates or record.people]
    full = [record for record in best.records if record.dates and record.people]
    if len(full) >= 0.6 * len(best.records) and len(told) < len(best.records):
        best = replace(best, records=tuple(told))
    return best


def _overlaps(number: int, members: tuple[int, ...], ends: list[int]) -> bool:
    """Whether an element holds one of the members, or stands in one; members are in order, and none is inside another."""
    at = bisect_right(members, number)
    return (at > 0 and number < ends[members[at - 1]]) or (at < len(members) and members[at] < ends[number])


def _add_wordless(survey: Survey, best: Hypothesis) -> Hypothesis:
    """Return a hypothesis with the elements that look and stand like its records and hold no body: removed posts."""
    markup, records = survey.markup, best.records
    if best.form != BODY or len(records) < 3 or best.evidence < 0.9:
        return best
    places = Counter((markup.parents[record.element], look_of(survey, record.element)) for record in records if record.element)
    (parent, look), count = places.most_common(1)[0] if places else ((-1, ""), 0)
    if count < 0.8 * len(records) or look.endswith("."):
        return best
    taken = sorted(record.element for record in records if record.element is not None)
    added = []
    number = parent + 1
    while number < markup.ends[parent]:
        if look_of(survey, number) == look and bisect_left(taken, number) == bisect_left(taken, markup.ends[number]):
            first, last = markup.first[number], markup.last[number]
            dates = survey.date_sum[last] - survey.date_sum[first]
            people = survey.person_sum[last] - survey.person_sum[first]
            if dates and people and survey.content_sum[last] - survey.content_sum[first] < MOST_WORDLESS:
                added.append(Record(number, first, last, dates, people, number, last))
        number = markup.ends[number]
    told = Counter(_told_in(survey, record) for record in added)
    added = [record for record in added if told[_told_in(survey, record)] == 1]
    return replace(best, records=tuple(sorted([*records, *added], key=lambda record: record.first)))


def _without_unnumbered(survey: Survey, records: tuple[Record, ...]) -> tuple[Record, ...]:
    """Return the records without those that lack the number that the others carry in an id: what stands between posts."""
    numbered = [_is_numbered(survey, record) or prints_number(survey, record) for record in records]
    if not prints_number(survey, records[-1]):
        return records  # an id alone may stand elsewhere in a nested reply
    if len(records) < 4 or sum(numbered) < 0.75 * len(records) or not numbered[-1]:
        return records
    return tuple(record for at, record in enumerate(records) if at == 0 or numbered[at])


def prints_number(survey: Survey, record: Record) -> bool:
    """Whether a record prints the number of its post ("#1") beside the body."""
    markup = survey.markup
    low, high = markup.first[record.body], markup.last[record.body]
    for piece in range(max(record.first, low - 60), min(record.last, high + 60)):
        if low <= piece < high or markup.stops[piece] - markup.starts[piece] > 8:
            continue
        if PRINTED.fullmatch(survey.text[markup.starts[piece] : markup.stops[piece]].strip()):
            return True
    return False


def _is_numbered(survey: Survey, record: Record) -> bool:
    """Whether an element of the record around the body, or right inside it, has an id with a number."""
    markup = survey.markup
    number = record.body
    while number >= 0 and markup.first[number] >= record.first and markup.last[number] <= record.last:
        attributes = markup.attributes[number]
        if any(
            NUMBERED.search(attributes.get(name) or "") for name in ("id", "data-id", "data-post-id", "data-content", "name")
        ):
            return True
        number = markup.parents[number]
    if record.element is None:
        return True
    return any(
        NUMBERED.search(markup.attributes[inside].get("id") or markup.attributes[inside].get("name") or "")
        for inside in range(record.element, min(record.body, record.element + 12))
    )


def _without_copies(survey: Survey, records: tuple[Record, ...]) -> tuple[Record, ...]:
    """Return the records without those whose body another one repeats: the one that more speaks for stays."""
    best: dict[str, Record] = {}
    for record in records:
        words = _words_of(survey, record)
        if len(words) < LEAST_COPY:
            continue
        known = best.get(words)
        if known is None or record.evidence > known.evidence:
            best[words] = record
    kept = [record for record in records if best.get(_words_of(survey, record), record) is record]
    longest: dict[str | None, Record] = {}
    for record in kept:  # an id names one post: what else has it is printed beside that post
        identity = _id_of(survey, record)
        known = longest.get(identity)
        if known is None or len(_words_of(survey, record)) > len(_words_of(survey, known)):
            longest[identity] = record
    return tuple(record for record in kept if _id_of(survey, record) is None or longest[_id_of(survey, record)] is record)


def _is_single(survey: Survey, record: Record, prints: Counter[str], ids: Counter[str | None]) -> bool:
    """Whether a record without words is no other's copy: by what it prints, and by its element's id."""
    identity = _id_of(survey, record)
    return prints[_told_in(survey, record)] == 1 and (identity is None or ids[identity] == 1)


def _id_of(survey: Survey, record: Record) -> str | None:
    identity = survey.markup.attributes[record.element].get("id") if record.element is not None else None
    return identity if identity and NUMBERED.search(identity) else None


def _told_in(survey: Survey, record: Record) -> str:
    """Return all that a record prints: what stands between posts (an advertisement) prints the same each time."""
    first, last = record.first, record.last
    return survey.text[survey.markup.starts[first] : survey.markup.stops[last - 1]] if last > first else ""


def _words_of(survey: Survey, record: Record) -> str:
    first, last = survey.markup.first[record.body], survey.markup.last[record.body]
    return " ".join(survey.text[survey.markup.starts[first] : survey.markup.stops[last - 1]].split()) if last > first else ""
