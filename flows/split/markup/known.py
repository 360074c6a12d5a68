"""A page of a known engine → the boxes of its posts, by the selectors of the engine's layout."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from flows.records import Markup
from flows.split.engines import Layout, Parts, Texts
from flows.split.markup.boxes import Box, Found
from flows.split.markup.dates import is_span, iter_dates
from flows.split.markup.fields import MOST_VOTES
from flows.split.markup.headings import find_title
from flows.split.markup.marks import Mark
from flows.split.markup.openings import is_later_page, read_number
from flows.split.markup.survey import Survey

CONFIDENCE = 0.97
MAX_DEPTH = 400  # of elements: a selector of two parts looks up from every match, and no forum nests that deep
MAX_MARK = 100  # characters of a name or a date
LEAST_TEXT = 20  # characters of all bodies; a page with less holds no thread
PROMISED = 0.8  # share of posts that show what the layout promises: some were removed, some are by guests
BODIED = 0.5
VOTES = re.compile(r"\s*([+\-−]?\d{1,3}(?:[,.]\d{3})+|[+\-−]?\d{1,10})(?![\w.,]*\d|k\b)", re.IGNORECASE)
NUMBER = re.compile(r"\d{1,3}(?:[.,]\d{3})+|\d{1,9}")


def find_known(survey: Survey, layouts: Iterable[Layout]) -> Found | None:
    """Return the boxes of a page by the first layout that knows it and whose findings are sound; None: no layout does."""
    for layout in layouts:
        if is_recognised(survey.markup, layout):
            found = find_boxes(survey, layout)
            if found is not None:
                return found
    return None


def is_recognised(markup: Markup, layout: Layout) -> bool:
    """Whether a page is of a layout's engine: its literals first, which cost nothing, then its selector."""
    return markup.depth <= MAX_DEPTH and all(map(markup.holds, layout.literals)) and bool(markup.select(layout.selector))


def find_boxes(survey: Survey, layout: Layout) -> Found | None:
    """Return what a layout finds on a page; None where it is not sound, so that the page is for others to split."""
    columns = _Columns(survey, layout.post, nested=layout.nested)
    boxes = columns.build_boxes()
    found = Found(boxes, f"layout:{layout.id}", CONFIDENCE)
    if not boxes:
        return None
    if layout.comment is not None:
        found.remarks = _find_remarks(survey, layout.comment, columns)
    found.title = _find_stretch(survey, layout.title) or find_title(survey)
    found.declared_at = _find_stretch(survey, layout.declared)
    _part_marks(survey, found)
    if not _is_sound(survey, layout, boxes):
        return None
    found.opening = _find_opening(survey, layout, boxes)
    _link_parents(layout, boxes, columns)
    _read_declared(survey, found)
    dropped = [*columns.select(layout.post.drop), *(columns.select(layout.comment.drop) if layout.comment else [])]
    for number in dropped:
        found.trims.update(dict.fromkeys(_pieces(survey.markup, number), f"layout-{layout.id}"))
    return found


class _Columns:
    """The records of one kind of post on a page, and what each selector finds in each of them."""

    def __init__(self, survey: Survey, parts: Parts, *, nested: bool) -> None:
        self.survey, self.markup, self.parts = survey, survey.markup, parts
        self.elements = self._without_inner(self.select(parts.element), nested=nested)
        self.up = _enclosing(self.markup, self.elements)
        self.heads = self._find_heads()
        self.bodies: list[int | None] = [None] * len(self.elements)
        self.bodies = self.find(parts.body, None)

    def select(self, selectors: Iterable[str]) -> list[int]:
        """Return the elements that any of some selectors match, in document order."""
        return sorted({number for selector in selectors for number in self.markup.select(selector)})

    def _without_inner(self, elements: list[int], *, nested: bool) -> list[int]:
        """Return the records without those that stand in a body, or in another record where records do not nest."""
        around = self.select(self.parts.body) if nested else elements
        kept, end, at = list[int](), 0, 0
        for number in elements:
            while at < len(around) and around[at] < number:
                end = max(end, self.markup.ends[around[at]])
                at += 1
            if number >= end:
                kept.append(number)
        return kept

    def _find_heads(self) -> dict[int, int]:
        """Return for the elements right before records, and all inside those, the record that each belongs to."""
        heads: dict[int, int] = {}
        for number in self.select(self.parts.before):
            at = bisect_left(self.elements, self.markup.ends[number])
            if at < len(self.elements) and self.elements[at] == self.markup.ends[number]:
                heads.update(dict.fromkeys(range(number, self.markup.ends[number]), at))
        return heads

    def place_of(self, number: int) -> int | None:
        """Return which record an element stands in, the innermost; None: in none."""
        if number in self.heads:
            return self.heads[number]
        at = bisect_right(self.elements, number) - 1
        while at >= 0 and self.markup.ends[self.elements[at]] <= number:
            at = self.up[at]
        return at if at >= 0 else None

    def find(self, selectors: Iterable[str], attributes: Texts | None = ()) -> list[int | None]:
        """Return by record the element of a field, outside the body; earlier selectors come first.

        The element shows something, or has one of the attributes; with None for these it may also be empty.
        """
        found: list[int | None] = [None] * len(self.elements)
        for selector in selectors:
            if None not in found:
                break
            fresh: dict[int, int] = {}
            for number in self.markup.select(selector):
                at = self.place_of(number)
                if at is None or found[at] is not None or self.is_in_body(number, self.bodies[at]):
                    continue
                if attributes is None or _pieces(self.markup, number) or read_attribute(self.markup, number, attributes):
                    fresh.setdefault(at, number)
            for at, number in fresh.items():
                found[at] = number
        return found

    def is_in_body(self, number: int, body: int | None) -> bool:
        """Whether an element stands in a body."""
        return body is not None and body <= number < self.markup.ends[body]

    def read(self, selectors: Texts, attributes: Texts) -> list[str | None]:
        """Return by record an attribute of the element that some selectors find, of the record itself without any."""
        if not attributes:
            return [None] * len(self.elements)
        numbers = self.find(selectors, attributes) if selectors else self.elements
        return [None if number is None else read_attribute(self.markup, number, attributes) for number in numbers]

    def build_boxes(self) -> list[Box]:
        """Return a box for each record that shows a body, or who and when."""
        parts, markup, survey = self.parts, self.markup, self.survey
        begins = {at: number for number, at in reversed(self.heads.items())}
        firsts = [markup.first[begins.get(at, number)] for at, number in enumerate(self.elements)]
        boxes = [
            Box(first, min(markup.last[number], max(after, first)), body, number)
            for number, body, first, after in zip(self.elements, self.bodies, firsts, [*firsts, survey.pieces][1:], strict=True)
        ]
        accepted = self.find_accepted()
        authors, dates = self.find(parts.author), self.find(parts.date, parts.date_attribute)
        for at, (box, author, date) in enumerate(zip(boxes, authors, dates, strict=True)):
            box.author = None if author is None else mark_name(survey, author)
            box.date = None if date is None else mark_date(survey, date, parts.date_attribute)
            box.is_accepted = at in accepted if accepted else None
        for box, votes in zip(boxes, self.find(parts.votes, parts.votes_attribute), strict=True):
            if votes is not None:
                _read_votes(survey, box, votes, parts.votes_attribute)
        for box, permalink in zip(boxes, self.read(parts.permalink, parts.permalink_attribute), strict=True):
            box.permalink = permalink
        return self.keep(_without_copies(markup, boxes))

    def find_accepted(self) -> set[int]:
        """Return the records that are marked as the accepted answer."""
        return {at for number in self.select(self.parts.accepted) if (at := self.place_of(number)) is not None}

    def keep(self, boxes: list[Box]) -> list[Box]:
        """Return the boxes that are posts, and forget the records of the others."""
        kept = [box for box in boxes if _has_words(self.markup, box) or (box.author and box.date)]
        self.elements = [box.element for box in kept if box.element is not None]
        self.bodies = [box.body for box in kept]
        self.up = _enclosing(self.markup, self.elements)
        return kept


def _enclosing(markup: Markup, elements: list[int]) -> list[int]:
    """Return for each of some elements, in order, the place of the innermost one around it; -1: none."""
    up: list[int] = []
    around: list[int] = []
    for at, number in enumerate(elements):
        while around and markup.ends[elements[around[-1]]] <= number:
            around.pop()
        up.append(around[-1] if around else -1)
        around.append(at)
    return up


def _pieces(markup: Markup, number: int) -> range:
    return range(markup.first[number], markup.last[number])


def _has_words(markup: Markup, box: Box) -> bool:
    return box.body is not None and markup.last[box.body] > markup.first[box.body]


def _without_copies(markup: Markup, boxes: list[Box]) -> list[Box]:
    """Return one box of each id, the last with words: answers are printed twice, advertisements have the id of a post."""
    best: dict[str | None, int] = {}
    for at, box in enumerate(boxes):
        if box.permalink not in best or _has_words(markup, box):
            best[box.permalink] = at
    return [box for at, box in enumerate(boxes) if box.permalink is None or best[box.permalink] == at]


# -- marks ------------------------------------------------------------------------------------------------------------------


def read_attribute(markup: Markup, number: int, names: Iterable[str]) -> str | None:
    """Return the first of some attributes that an element has."""
    attributes = markup.attributes_of(number)
    return next((value for name in names if (value := (attributes.get(name) or "").strip())), None)


def mark_name(survey: Survey, number: int) -> Mark | None:
    """Return the mark of the name that an element shows, without signs around it; None where it shows no word."""
    markup, text = survey.markup, survey.text
    for piece in _pieces(markup, number):
        words = text[markup.starts[piece] : markup.stops[piece]]
        if any(map(str.isalnum, words)):
            last = markup.last[number] if markup.tags[markup.owners[piece]] in ("b", "i", "em") else piece + 1
            start = markup.starts[piece] + len(words) - len(words.lstrip())
            end = markup.starts[last - 1] + len(text[markup.starts[last - 1] : markup.stops[last - 1]].rstrip())
            return Mark(start, end, piece, number, strong=True) if 0 < end - start <= MAX_MARK else None
    return None


def mark_date(survey: Survey, number: int, attributes: Texts) -> Mark | None:
    """Return the mark of the date that an element prints; one of no length where only an attribute says it."""
    markup, text = survey.markup, survey.text
    value = read_attribute(markup, number, attributes)
    pieces = _pieces(markup, number)
    if not pieces:
        return None if value is None else _mark_untold(survey, number, value)
    start, end = markup.starts[pieces[0]], markup.stops[pieces[-1]]
    shown = text[start:end]
    for low, high in iter_dates(shown[: 4 * MAX_MARK]):
        at = bisect_right(markup.starts, start + low) - 1
        return Mark(start + low, start + high, at, number, strong=True, value=value)
    if value is not None and not is_span(shown):
        return _mark_untold(survey, number, value)
    bare = shown.strip()
    if not bare or len(bare) > MAX_MARK or not any(map(str.isalnum, bare)):
        return None
    begin = start + shown.index(bare)
    return Mark(begin, begin + len(bare), bisect_right(markup.starts, begin) - 1, number, strong=True, value=value)


def _mark_untold(survey: Survey, number: int, value: str) -> Mark:
    piece = min(survey.markup.first[number], survey.pieces - 1)
    start = survey.markup.starts[piece]
    return Mark(start, start, piece, number, strong=True, value=value)


def _read_votes(survey: Survey, box: Box, number: int, attributes: Texts) -> None:
    """Give a box the number that an element shows, or that its attribute says."""
    markup = survey.markup
    pieces = _pieces(markup, number)
    told = read_attribute(markup, number, attributes)
    start = markup.starts[pieces[0]] if pieces else 0
    shown = VOTES.match(survey.text, start, markup.stops[pieces[0]]) if pieces else None
    match = shown or (VOTES.match(told) if told is not None else None)
    if match is None:
        return
    value = int(re.sub(r"[,.]", "", match[1]).replace("−", "-"))
    if abs(value) <= MOST_VOTES:
        box.votes_value = value
        box.votes = match.span(1) if shown is not None else None


# -- the thread -------------------------------------------------------------------------------------------------------------


def _is_sound(survey: Survey, layout: Layout, boxes: list[Box]) -> bool:
    """Whether boxes are the posts of a thread: bodies with words, what the layout promises, no number twice."""
    markup = survey.markup
    bodied = [box for box in boxes if _has_words(markup, box)]
    if not bodied or len(bodied) < BODIED * len(boxes):
        return False
    sizes = (markup.stops[markup.last[box.body] - 1] - markup.starts[markup.first[box.body]] for box in bodied if box.body)
    if sum(sizes) < LEAST_TEXT:
        return False
    for name in layout.promises:
        if sum(getattr(box, name) is not None for box in boxes) < PROMISED * len(boxes):
            return False
    numbers = [number for box in boxes if (number := read_number(survey, box)) is not None]
    return len(numbers) == len(set(numbers))  # a highlighted reply may stand out of its order


def _find_stretch(survey: Survey, selectors: Iterable[str]) -> tuple[int, int] | None:
    """Return the text of the first element with text that a selector matches."""
    markup = survey.markup
    for selector in selectors:
        for number in markup.select(selector):
            if pieces := _pieces(markup, number):
                start, end = markup.starts[pieces[0]], markup.stops[pieces[-1]]
                words = survey.text[start:end]
                if bare := words.strip():
                    begin = start + words.index(bare)
                    return begin, begin + len(bare)
    return None


def _part_marks(survey: Survey, found: Found) -> None:
    """Take from the boxes what overlaps with a body or another mark: on a broken page one element may hold several."""
    markup, taken = survey.markup, bytearray(len(survey.text))
    boxes = [*found.boxes, *(box for _, box in found.remarks)]

    def take(start: int, end: int) -> bool:
        if taken.find(1, start, end) >= 0:
            return False
        taken[start:end] = b"\1" * (end - start)
        return True

    for box in boxes:
        if box.body is not None and (pieces := _pieces(markup, box.body)):
            start, end = markup.starts[pieces[0]], markup.stops[pieces[-1]]
            taken[start:end] = b"\1" * (end - start)
    if found.title is not None:
        take(*found.title)
    for box in boxes:
        if box.author is not None and not take(box.author.start, box.author.end):
            box.author = None
        if box.date is not None and not take(box.date.start, box.date.end):
            box.date = None
        if box.votes is not None and not take(*box.votes):
            box.votes = box.votes_value = None
    if found.declared_at is not None and not take(*found.declared_at):
        found.declared_at = None


def _read_declared(survey: Survey, found: Found) -> None:
    """Read the number of answers that the page declares; a larger one than there are is that of all its pages."""
    number = NUMBER.search(survey.text, *found.declared_at) if found.declared_at is not None else None
    found.declared_at = None
    if number is None or found.opening is None:
        return
    value = int(re.sub(r"\D", "", number[0]))
    if value <= len(found.boxes) - 1:
        found.declared, found.declared_at = value, number.span()


def _find_opening(survey: Survey, layout: Layout, boxes: list[Box]) -> Box | None:
    """Return the first box if it is the question: what the layout says, else unless the thread began on an earlier page."""
    if layout.opening:
        openings = {number for selector in layout.opening for number in survey.markup.select(selector)}
        return boxes[0] if boxes[0].element in openings else None
    return None if is_later_page(survey, boxes) else boxes[0]


def _find_remarks(survey: Survey, parts: Parts, posts: _Columns) -> list[tuple[int, Box]]:
    """Return the boxes of remarks, each with the place of the post that it stands under."""
    columns = _Columns(survey, parts, nested=False)
    remarks = []
    for box in columns.build_boxes():
        element = box.element or 0
        under, following = posts.place_of(element), bisect_right(posts.elements, element)
        holds_post = following < len(posts.elements) and posts.elements[following] < survey.markup.ends[element]
        if under is not None and not holds_post and not posts.is_in_body(element, posts.bodies[under]):
            remarks.append((under, box))
    return remarks


def _link_parents(layout: Layout, boxes: list[Box], columns: _Columns) -> None:
    """Give each reply the box that it answers: the one around it, or the last before it that is less deep."""
    if layout.nested:
        for box, up in zip(boxes, columns.up, strict=True):
            box.parent = up if up >= 0 else None
    told = columns.read(layout.post.depth, layout.post.depth_attribute)
    depths = [int(text) if text is not None and text.isdecimal() and len(text) < 9 else None for text in told]
    above: list[tuple[int, int]] = []
    for at, (box, depth) in enumerate(zip(boxes, depths, strict=True)):
        if depth is None:
            continue
        while above and above[-1][0] >= depth:
            above.pop()
        box.parent = above[-1][1] if above else box.parent
        above.append((depth, at))
