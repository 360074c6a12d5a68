"""What a page shows of a post besides who and when: its own id, votes, whether it was accepted, what it replies to."""

from __future__ import annotations

import re
from itertools import pairwise

from flows.split.markup.boxes import Box, Found
from flows.split.markup.elements import MAX_DEPTH
from flows.split.markup.survey import Survey
from flows.split.markup.vocabulary import names_part, split_names
from flows.split.markup.weighing import look_of

MOST_VOTES = 2**31 - 1  # the column is Int32
MAX_VOTES_TEXT = 12
LEAST_NUMBERED = 0.6  # share of posts that an id must number
SMALL = 1000  # ids below this that count 1, 2, 3 are places on the page, not ids of posts
IDS = ("id", "data-id", "data-post-id", "data-comment-id", "data-answerid", "data-content", "name")
NUMBERED = re.compile(r"(\d{1,20})\D*$")
VOTES = re.compile(r"[+\-−]?\d{1,3}(?:[,.]\d{3})*|[+\-−]?\d{1,9}")
VOTED = frozenset(
    {"vote", "votes", "votecount", "score", "upvotes", "upvotecount", "points", "karma", "voting", "upvoted", "likecount"}
)
MAX_COUNT = 40  # characters of a line that declares how many answers there are
RANGE = re.compile(r"\s?(?:[-–—/]|of|to|von|bis|de|à)\s?\d")
MORE = frozenset(
    {"pagination", "paginator", "pager", "pages", "pagenav", "pagenavigation", "next", "loadmore", "showmore", "more"}
)
ACCEPTED = frozenset({"accepted", "acceptedanswer", "bestanswer", "solution", "bestresponse", "markedsolution", "besteantwort"})


def fill_fields(survey: Survey, found: Found) -> None:
    """Give each box its permalink, votes, accepted mark and parent, where the page shows them."""
    boxes = [box for box in found.boxes if box.element is not None]
    _fill_permalinks(survey, boxes)
    _fill_permalinks(survey, [box for _, box in found.remarks if box.element is not None])
    _fill_votes(survey, boxes)
    _fill_accepted(survey, boxes)
    _fill_parents(survey, found.boxes)


def _fill_permalinks(survey: Survey, boxes: list[Box]) -> None:
    """Give the boxes the ids of their elements: those of one look that number all of them, each differently."""
    told = [_ids_of(survey, box) for box in boxes]
    looks = {look for ids in told for look in ids}
    for look in sorted(looks, key=lambda look: (-sum(look in ids for ids in told), look)):
        ids = [mine.get(look) for mine in told]
        known = [value for value in ids if value is not None]
        if len(known) < LEAST_NUMBERED * len(boxes) or len(set(known)) < len(known):
            continue
        numbers = [int(match[1]) for value in known if (match := NUMBERED.search(value))]
        if len(numbers) < len(known) or (max(numbers) < SMALL and _counts_up(numbers)):
            continue
        for box, value in zip(boxes, ids, strict=True):
            box.permalink = value
        break
    taken = {box.permalink for box in boxes}
    for box, mine in zip(boxes, told, strict=True):  # the question's id may be of another make
        other = next((value for value in mine.values() if value not in taken), None)
        if box.permalink is None and len(taken) > 1 and other is not None:
            box.permalink = other


def _counts_up(numbers: list[int]) -> bool:
    return len(numbers) == 1 or all(after - before == 1 for before, after in pairwise(numbers))


def _ids_of(survey: Survey, box: Box) -> dict[str, str]:
    """Return the numbered ids in a record, by what is left of them without the number."""
    markup, found = survey.markup, dict[str, str]()
    if box.element is None:
        return {}
    inside = range(box.element, min(markup.ends[box.element], (box.body if box.body is not None else box.element) + 2))
    for number in [markup.parents[box.element], *inside[:40]]:
        if number < 0 or (
            number < box.element and markup.last[number] - markup.first[number] > 3 * (box.last - box.first) + 10
        ):
            continue
        for name in IDS:
            value = markup.attributes[number].get(name)
            if value and len(value) <= 80 and (match := NUMBERED.search(value)):
                found.setdefault(f"{name}:{value[: match.start(1)]}", value)
    return found


def _fill_votes(survey: Survey, boxes: list[Box]) -> None:
    """Give the boxes the numbers that stand in elements named for votes: those of the look that most boxes have."""
    told = [_votes_of(survey, box) for box in boxes]
    looks = sorted({look for votes in told for look in votes}, key=lambda look: (-sum(look in votes for votes in told), look))
    for look in looks[:1]:
        if sum(look in votes for votes in told) < 0.5 * len(boxes):
            return
        for box, votes in zip(boxes, told, strict=True):
            if look in votes:
                start, end, box.votes_value = votes[look]
                box.votes = (start, end)


def _votes_of(survey: Survey, box: Box) -> dict[str, tuple[int, int, int]]:
    markup, found = survey.markup, dict[str, tuple[int, int, int]]()
    assert box.element is not None  # noqa: S101 -- boxes without are not asked
    low, high = (box.body, markup.ends[box.body]) if box.body is not None else (-1, -1)
    for number in range(box.element, min(markup.ends[box.element], box.element + 400)):
        if low <= number < high or markup.last[number] - markup.first[number] != 1:
            continue
        piece = markup.first[number]
        if piece >= box.last:
            break
        attributes = markup.attributes[number]
        if markup.stops[piece] - markup.starts[piece] > MAX_VOTES_TEXT or not (
            attributes.get("itemprop") == "upvoteCount" or not VOTED.isdisjoint(split_names(attributes.get("class") or ""))
        ):
            continue
        match = VOTES.fullmatch(survey.text[markup.starts[piece] : markup.stops[piece]].strip())
        if match:
            value = int(match[0].replace(",", "").replace(".", "").replace("−", "-"))
            start = survey.text.index(match[0], markup.starts[piece])
            if abs(value) <= MOST_VOTES:
                found.setdefault(look_of(survey, number), (start, start + len(match[0]), value))
    return found


def _fill_accepted(survey: Survey, boxes: list[Box]) -> None:
    """Mark the box whose own elements are named as the accepted answer, where that is one and not all."""
    accepted = [at for at, box in enumerate(boxes) if _is_accepted(survey, box)]
    if len(accepted) == 1 and len(boxes) > 1:
        for at, box in enumerate(boxes):
            box.is_accepted = at == accepted[0]


def _is_accepted(survey: Survey, box: Box) -> bool:
    markup, number = survey.markup, box.body if box.body is not None else box.element
    while (
        number is not None and number >= 0 and markup.first[number] >= box.first and markup.ends[number] - number < MOST_INSIDE
    ):
        attributes = markup.attributes[number]
        if attributes.get("itemprop") == "acceptedAnswer":
            return True
        if any(not ACCEPTED.isdisjoint(split_names(name)) for name in (attributes.get("class") or "").split()):
            return True
        if number == box.element:
            break
        number = markup.parents[number]
    return False


MOST_INSIDE = 3000  # elements of one post


def _fill_parents(survey: Survey, boxes: list[Box]) -> None:
    """Give nested replies the box that they are nested under: the one whose own wrapper holds them."""
    parents = survey.markup.parents
    wrappers: dict[int, list[int]] = {}
    for at, box in enumerate(boxes):
        if box.element is not None:
            wrappers.setdefault(parents[box.element], []).append(at)
    deep = {at: _depth_of(survey, box) for at, box in enumerate(boxes)}
    own = {wrapper: held[0] for wrapper, held in wrappers.items() if all(deep[at] > deep[held[0]] for at in held[1:])}
    for at, box in enumerate(boxes):
        if box.element is None or parents[box.element] < 0:
            continue
        above = parents[box.element]
        for _ in range(12):
            if above < 0:
                break
            if above in own and own[above] < at:
                box.parent = own[above]
                break
            above = parents[above]


def _depth_of(survey: Survey, box: Box) -> int:
    """Return how many elements stand around a body: a nested reply's is deeper than what it replies to."""
    number, depth = box.body if box.body is not None else box.element or 0, 0
    while number >= 0 and depth < MAX_DEPTH:
        number, depth = survey.markup.parents[number], depth + 1
    return depth


def find_declared(survey: Survey, found: Found) -> None:
    """Note the number of answers that the page declares right above the first of them.

    A larger one than were found is noted where no sign says that more of them stand elsewhere, on a next page or folded away.
    """
    answers = found.boxes[1:] if found.opening is not None else []
    opening = found.opening
    if not answers or opening is None:
        return
    low = survey.markup.last[opening.body] if opening.body is not None else opening.first
    for piece in range(max(low, answers[0].first - 40), min(answers[0].first, survey.pieces)):
        start = survey.text.rfind("\n", 0, survey.markup.starts[piece]) + 1
        end = survey.text.find("\n", start)
        line = survey.text[start : end if end >= 0 else len(survey.text)]
        if len(line) > MAX_COUNT or (match := survey.words.counts.search(line)) is None:
            continue
        group = 1 if match[1] else 2
        # "Replies 1 - 8 of 8" is a range; what stands behind a name counts the replies to one post.
        named = group == 1 and any(map(str.isalpha, line[: match.start(1)]))
        if named or RANGE.match(line, match.end()):
            continue
        value = int(re.sub(r"\D", "", match[group]))
        if value <= len(answers) or not has_more(survey):
            found.declared = value
            found.declared_at = (start + match.start(group), start + match.end(group))
        return


def has_more(survey: Survey) -> bool:
    """Whether a page says that its thread goes on elsewhere: a next page, a list of pages, replies folded away."""
    markup = survey.markup
    for number, (tag, attributes) in enumerate(zip(markup.tags, markup.attributes, strict=True)):
        if tag in ("a", "link") and "next" in (attributes.get("rel") or "").split():
            return True
        names = attributes.get("class")
        if names and names_part(names, MORE) and (tag in ("a", "button") or markup.last[number] > markup.first[number]):
            return True
    return False
