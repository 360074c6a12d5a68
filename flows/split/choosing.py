"""Hypotheses → the one that is taken: the best by evidence, put right where a page's structure says more."""

from __future__ import annotations

from dataclasses import replace

from flows.split.candidates import Group, find_groups
from flows.split.survey import Survey
from flows.split.weighing import BODY, Hypothesis, find_records, weigh_group

REFINED = 25  # hypotheses that are looked at again
SAME = 0.985  # of the text: a smaller body that holds as much is the better one
AS_LONG = 0.6  # of the text of all comments: answers that hold less than that are labels beside posts
COMMENTED = 0.5  # share of the bodies that must stand under another group's bodies to be their comments


def choose_hypotheses(survey: Survey) -> list[Hypothesis]:
    """Return the hypotheses of a page worth trying, the best first."""
    weighed = [weigh_group(survey, group) for group in find_groups(survey)]
    weighed.sort(key=lambda hypothesis: -hypothesis.score)
    return [hypothesis for hypothesis in weighed[:REFINED] if hypothesis.score > 0]


def refine(survey: Survey, best: Hypothesis, others: list[Hypothesis]) -> Hypothesis:
    """Return the hypothesis that a page's structure makes of the best one: answers for comments, the tighter bodies."""
    for other in sorted(others, key=lambda hypothesis: -hypothesis.score):
        if other is not best and _holds_comments(survey, other, best):
            best = other
            break
    return complete(survey, _tighten(survey, best, others))


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
        low, high = ends[body], ends[element]
        if any(body < other < low or other < body < ends[other] for other in rest):
            return False
        inside += sum(low <= other < high for other in rest)
    return inside >= COMMENTED * len(rest) and inside > 0


def _looks(survey: Survey, members: list[int]) -> set[tuple[str, str | None]]:
    return {(survey.markup.tags[number], survey.markup.attributes[number].get("class")) for number in members}


def _tighten(survey: Survey, best: Hypothesis, others: list[Hypothesis]) -> Hypothesis:
    """Return the tightest bodies inside those of a hypothesis that lose none of its text."""
    whole, size = _content(survey, best), _size(survey, best)
    for other in others:
        if len(other.records) != len(best.records) or other.evidence < best.evidence or _size(survey, other) >= size:
            continue
        nested = all(
            mine.body <= theirs.body < survey.markup.ends[mine.body]
            for mine, theirs in zip(best.records, other.records, strict=True)
        )
        if nested and _content(survey, other) >= SAME * whole:
            best, size = other, _size(survey, other)
    return best


def _content(survey: Survey, hypothesis: Hypothesis) -> int:
    first, last, sums = survey.markup.first, survey.markup.last, survey.content_sum
    return sum(sums[last[record.body]] - sums[first[record.body]] for record in hypothesis.records)


def _size(survey: Survey, hypothesis: Hypothesis) -> int:
    first, last = survey.markup.first, survey.markup.last
    return sum(last[record.body] - first[record.body] for record in hypothesis.records)


def complete(survey: Survey, best: Hypothesis) -> Hypothesis:
    """Return a hypothesis with the posts that have no words (images), and without bodies that nothing speaks for."""
    ends, members = survey.markup.ends, best.group.members
    if best.form == BODY and best.group.empty and best.evidence >= 0.9:
        free = [
            number
            for number in best.group.empty
            if not any(member <= number < ends[member] or number <= member < ends[number] for member in members)
        ]
        free = [number for at, number in enumerate(free) if at == 0 or number >= ends[free[at - 1]]]
        wider = find_records(survey, tuple(sorted([*members, *free])))
        fixed = {record.body: record for record in wider}
        kept = [record for record in wider if record.body not in free or (record.dates and record.people)]
        if all(fixed[member].evidence >= 1 for member in members) and len(kept) > len(members):
            keys = tuple(record.body for record in kept)
            best = replace(best, group=Group(best.group.key, keys), records=tuple(kept))
    told = [record for record in best.records if record.dates or record.people]
    full = [record for record in best.records if record.dates and record.people]
    if len(full) >= 0.6 * len(best.records) and len(told) < len(best.records):
        best = replace(best, records=tuple(told))
    return best
