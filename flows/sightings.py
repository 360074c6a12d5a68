"""What a splitter found on a page, told by elements: which of them would give the same body, name, date, number or id.

The splitter of unknown pages finds stretches of text. A layout finds elements. Here every element of a post that a layout could
name to read the very same is told, by the same code that reads for a layout.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from flows.discovering.sketches import PageSeen, PostSeen
from flows.split.markup.boxes import Box, Found
from flows.split.markup.fields import IDS
from flows.split.markup.known import NUMBER, VOTES, mark_date, mark_name
from flows.split.markup.marks import Mark
from flows.split.markup.survey import Survey

DATE_ATTRIBUTES = ("datetime", "content", "title", "data-time", "data-timestamp", "data-date")
LEAST_DIGITS = 4  # of an attribute that says a date
MOST_UP, MOST_PIECES = 5, 14  # elements around a mark, and the pieces that one of them holds
MOST_BESIDE = 60  # characters of a heading that stands in a body, beside the words of the post
MOST_IDS = 60  # elements of a record that are asked for the post's id
MOST_LABEL = 80  # characters of an element in a body that may be a label
MOST_SCANNED = 200  # pieces of a record in which its name is looked for once more
WHOLE = frozenset({"header-in-body", "title-in-body", "recurs-in-bodies"})  # what general code cuts and no selector said


def tell_page(survey: Survey, found: Found, trims: dict[int, str]) -> PageSeen:
    """Return what was found on a page by its elements; `trims` are the pieces that are cut from bodies, with the rule."""
    posts = [_tell_post(survey, box, trims, is_opening=box is found.opening) for box in found.boxes]
    remarks = [_tell_post(survey, box, trims, is_opening=False) for _, box in found.remarks]
    for box, post in zip(found.boxes, posts, strict=True):
        above = None if box.parent is None else posts[box.parent]
        if post is not None and above is not None:
            post.parent = above.body
    return PageSeen(
        survey.page.source,
        [post for post in posts if post is not None],
        [remark for remark in remarks if remark is not None],
        _tell_title(survey, found.title),
        _tell_declared(survey, found.declared_at),
        _tell_trimmed(survey, found, trims),
        _tell_labels(survey, found),
    )


def _tell_post(survey: Survey, box: Box, trims: dict[int, str], *, is_opening: bool) -> PostSeen | None:
    if box.body is None:
        return None
    bodies = _tell_bodies(survey, box.body, trims)
    seen = PostSeen(max(bodies), box.body, is_accepted=bool(box.is_accepted), is_opening=is_opening)
    seen.right["body"] = frozenset(bodies)
    near = [*bodies, *_tell_near(survey, max(bodies), trims)]
    seen.right["near"] = frozenset(near)
    seen.right["tight"] = frozenset(number for number in near if not _holds_trimmed(survey, number, trims))
    if box.author is not None:
        seen.right["author"] = _tell_author(survey, box, box.author)
    if box.date is not None:
        seen.right["date"] = _tell_date(survey, box.date)
        seen.told["date"] = _tell_date_attributes(survey, seen.right["date"])
    if box.votes is not None:
        seen.right["votes"] = _tell_votes(survey, box.votes)
    if box.permalink is not None:
        seen.told["permalink"] = _tell_permalink(survey, box, box.permalink)
    return seen


def _tell_bodies(survey: Survey, body: int, trims: dict[int, str]) -> list[int]:
    """Return the elements that hold of a page's text what is left of a body and nothing else that is kept."""
    markup, text = survey.markup, survey.text

    def is_shown(piece: int) -> bool:
        return piece not in trims and not text[markup.starts[piece] : markup.stops[piece]].isspace()

    shown = [piece for piece in range(markup.first[body], markup.last[body]) if is_shown(piece)]
    if not shown:
        return [body]
    found, above = [body], markup.parents[body]
    span = (markup.first[body], markup.last[body])
    while above > 0 and len(found) < MOST_UP and (markup.first[above], markup.last[above]) == span:
        found.append(above)
        above = markup.parents[above]
    inner: int | None = body
    while inner is not None:  # down, as long as one child holds all of it
        inner = next((n for n in _children(survey, inner) if markup.first[n] <= shown[0] and shown[-1] < markup.last[n]), None)
        found += [] if inner is None else [inner]
    return found


def _tell_near(survey: Survey, body: int, trims: dict[int, str]) -> list[int]:
    """Return the elements inside a body that hold all of it but a line: a heading that the general splitter took along."""
    markup = survey.markup

    def size(number: int) -> int:
        pieces = range(markup.first[number], markup.last[number])
        return sum(markup.stops[piece] - markup.starts[piece] for piece in pieces if piece not in trims)

    whole = size(body)
    least, found = max(whole - MOST_BESIDE, 0.5 * whole, 1), list[int]()
    inner: int | None = body
    while inner is not None:
        inner = next((n for n in _children(survey, inner) if size(n) >= least), None)
        found += [] if inner is None else [inner]
    return found


def _holds_trimmed(survey: Survey, number: int, trims: dict[int, str]) -> bool:
    markup, text = survey.markup, survey.text
    pieces = range(markup.first[number], markup.last[number])
    return any(piece in trims and not text[markup.starts[piece] : markup.stops[piece]].isspace() for piece in pieces)


def _children(survey: Survey, number: int) -> Iterator[int]:
    child, end = number + 1, survey.markup.ends[number]
    while child < end:
        yield child
        child = survey.markup.ends[child]


def _around(survey: Survey, piece: int) -> list[int]:
    """Return the small elements around a piece, the innermost first."""
    markup, found = survey.markup, list[int]()
    number = markup.owners[piece]
    while number > 0 and len(found) < MOST_UP and markup.last[number] - markup.first[number] <= MOST_PIECES:
        found.append(number)
        number = markup.parents[number]
    return found


def _tell_author(survey: Survey, box: Box, mark: Mark) -> frozenset[int]:
    """Return the elements of a post that show its author's name, wherever in it that is printed."""
    markup, text = survey.markup, survey.text
    name = text[mark.start : mark.end].strip()
    pieces = {mark.piece}
    for piece in range(box.first, min(box.last, box.first + MOST_SCANNED)):
        if text[markup.starts[piece] : markup.stops[piece]].strip() == name:
            pieces.add(piece)
    found = set[int]()
    for piece in sorted(pieces):
        for number in _around(survey, piece):
            shown = mark_name(survey, number)
            if shown is not None and text[shown.start : shown.end].strip() == name:
                found.add(number)
    return frozenset(found)


def _tell_date(survey: Survey, mark: Mark) -> frozenset[int]:
    if mark.start == mark.end:  # only an attribute says it
        return frozenset({mark.element})
    found = set[int]()
    for number in _around(survey, mark.piece):
        shown = mark_date(survey, number, ())
        if shown is not None and (shown.start, shown.end) == (mark.start, mark.end):
            found.add(number)
    return frozenset(found)


def _tell_date_attributes(survey: Survey, elements: frozenset[int]) -> frozenset[tuple[int, str]]:
    told = set[tuple[int, str]]()
    for number in elements:
        attributes = survey.markup.attributes_of(number)
        for name in DATE_ATTRIBUTES:
            value = attributes.get(name) or ""
            if len(value) <= 40 and sum(map(str.isdigit, value)) >= LEAST_DIGITS:
                told.add((number, name))
    return frozenset(told)


def _tell_votes(survey: Survey, votes: tuple[int, int]) -> frozenset[int]:
    markup, found = survey.markup, set[int]()
    for number in _around(survey, bisect_right(markup.starts, votes[0]) - 1):
        piece = markup.first[number]
        match = VOTES.match(survey.text, markup.starts[piece], markup.stops[piece])
        if match is not None and match.span(1) == votes:
            found.add(number)
    return frozenset(found)


def _tell_permalink(survey: Survey, box: Box, permalink: str) -> frozenset[tuple[int, str]]:
    markup, told = survey.markup, set[tuple[int, str]]()
    body = box.body or 0
    around, number = list[int](), body
    while number > 0 and len(around) < MOST_UP + 7:
        around.append(number)
        number = markup.parents[number]
    start = box.element if box.element is not None else around[-1]
    for number in {*around, *range(start, min(markup.ends[start], start + MOST_IDS))}:
        attributes = markup.attributes_of(number)
        told.update((number, name) for name in IDS if attributes.get(name) == permalink)
    return frozenset(told)


def _tell_title(survey: Survey, title: tuple[int, int] | None) -> frozenset[int]:
    """Return the elements that show the title and nothing else."""
    if title is None:
        return frozenset()
    markup, found = survey.markup, set[int]()
    for number in _around(survey, bisect_right(markup.starts, title[0]) - 1):
        start, end = markup.starts[markup.first[number]], markup.stops[markup.last[number] - 1]
        shown = survey.text[start:end]
        if shown.strip() == survey.text[title[0] : title[1]].strip():
            found.add(number)
    return frozenset(found)


def _tell_declared(survey: Survey, declared: tuple[int, int] | None) -> frozenset[int]:
    """Return the elements whose first number is the one of answers that the page declares."""
    if declared is None:
        return frozenset()
    markup, found = survey.markup, set[int]()
    for number in _around(survey, bisect_right(markup.starts, declared[0]) - 1):
        start, end = markup.starts[markup.first[number]], markup.stops[markup.last[number] - 1]
        shown = NUMBER.search(survey.text, start, end)
        if shown is not None and shown.span() == declared:
            found.add(number)
    return frozenset(found)


def _tell_trimmed(survey: Survey, found: Found, trims: dict[int, str]) -> frozenset[int]:
    """Return the elements in bodies of which general code keeps nothing; what they say of themselves needs no selector."""
    markup, told = survey.markup, set[int]()
    for box in [*found.boxes, *(box for _, box in found.remarks)]:
        if box.body is None:
            continue
        number, end = box.body + 1, markup.ends[box.body]
        while number < end:
            pieces = range(markup.first[number], markup.last[number])
            if pieces and all(trims.get(piece) in WHOLE for piece in pieces):
                told.add(number)
            number += 1
    return frozenset(told)


def _tell_labels(survey: Survey, found: Found) -> dict[int, str]:
    """Return what the short elements in bodies say: some of them are no author's words."""
    markup, told = survey.markup, dict[int, str]()
    for box in found.boxes:
        for number in range(box.body + 1, markup.ends[box.body]) if box.body is not None else ():
            first, last = markup.first[number], markup.last[number]
            if first < last and markup.stops[last - 1] - markup.starts[first] <= MOST_LABEL:
                told[number] = " ".join(survey.text[markup.starts[first] : markup.stops[last - 1]].split())
    return told
