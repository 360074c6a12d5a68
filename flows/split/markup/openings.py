"""The opening post: the first box, a block of another shape above it, a title alone, or on an earlier page."""

from __future__ import annotations

import re
from bisect import bisect_left

from flows.split.markup.boxes import Box, Found
from flows.split.markup.candidates import NEVER
from flows.split.markup.columns import marks_beside
from flows.split.markup.survey import Survey
from flows.split.markup.vocabulary import split_names

LEAST_WORDS = 20  # characters of news in a block that is to be an opening post
MOST = 0.8  # of the largest block's news: the tightest element that holds so much is the opening post's body
LESS = 0.6  # the same where who and when stand under the body, in a line with other words, and would be taken for a part of it
ALONE = 200  # characters of an opening post that neither a name nor a date stands beside
LATER_ADDRESS = re.compile(
    r"(?:[?&/_-](?:page|p|pg|seite|pagina|pag|s)[=/_-]?)([2-9]|\d{2,4})(?:/|\.html?|$|[&#?])", re.IGNORECASE
)
LATER_TITLE = re.compile(r"\b(?:page|seite|página|pagina|strona|pág)\.? ([2-9]|\d{2,4})\b", re.IGNORECASE)
NUMBER = re.compile(r"#\s?(\d{1,6})")
REPLIES = frozenset({
    "answer", "answers", "comment", "comments", "reply", "replies", "response", "responses", "antwort", "antworten",
    "kommentar",
    "kommentare", "reponse", "réponse", "commentaire", "respuesta", "comentario", "risposta", "commento", "resposta",
    "odpowiedz",
})  # fmt: skip


def find_opening(survey: Survey, found: Found) -> Found:
    """Settle which box opens the thread; the opening post stands first among the boxes, if it is on this page."""
    boxes = found.boxes
    if is_later_page(survey, boxes):
        found.opening = None
        return found
    other = _find_other(survey, found)
    if other is not None:
        found.opening = other
        boxes.insert(0, other)
    else:
        found.opening = boxes[0]
    return found


def is_later_page(survey: Survey, boxes: list[Box]) -> bool:
    """Whether the thread began on an earlier page: its links, address, title or post numbers say so."""
    markup = survey.markup
    for number, tag in enumerate(markup.tags):
        if tag == "link":
            attributes = markup.attributes_of(number)
            if attributes.get("rel") == "prev" and attributes.get("href") != survey.address:
                return True
        if tag == "body":
            break
    numbers = [read_number(survey, box) for box in boxes]
    if all(number is not None for number in numbers) and len(numbers) > 1:
        first, second = numbers[0] or 0, numbers[1] or 0
        if second == first + 1:
            return first > 1
    address = survey.address or ""
    return LATER_ADDRESS.search(address) is not None or LATER_TITLE.search(survey.page.title or "") is not None


def read_number(survey: Survey, box: Box) -> int | None:
    """Return the number that a record prints of its post ("#31")."""
    markup = survey.markup
    low, high = (markup.first[box.body], markup.last[box.body]) if box.body is not None else (-1, -1)
    for piece in range(box.first, min(box.last, box.first + 200)):
        start, stop = markup.starts[piece], markup.stops[piece]
        if stop - start <= 12 and not low <= piece < high:
            found = NUMBER.fullmatch(survey.text[start:stop].strip())
            if found:
                return int(found[1])
    return None


def _find_other(survey: Survey, found: Found) -> Box | None:
    """Return the opening post where it has another shape than the boxes, or is a title alone; None: the first box is it."""
    boxes, markup = found.boxes, survey.markup
    high = boxes[0].first
    low = _title_piece(survey, found)
    if low is None or low >= high:
        return None
    content = survey.content_sum[high] - survey.content_sum[low]
    replies = _are_replies(survey, boxes)
    beside = Box(low, high)
    if _is_told_of_first(survey, beside, boxes[0]):
        return None  # the header of the thread names who wrote the first box: that is the opening post
    people, dates = marks_beside(survey, survey.people, beside), marks_beside(survey, survey.dates, beside)
    for share in (MOST, LESS) if content >= LEAST_WORDS else ():
        body = _tightest(survey, low, high, share)
        if body is not None:
            links = survey.link_sum[markup.last[body]] - survey.link_sum[markup.first[body]]
            news = survey.content_sum[markup.last[body]] - survey.content_sum[markup.first[body]]
            box = Box(low, high, body)
            told = bool(marks_beside(survey, survey.people, box)) + bool(marks_beside(survey, survey.dates, box))
            if news >= max(links, LEAST_WORDS) and (told == 2 or (replies and (told == 1 or news > ALONE))):
                return box
    if replies and people and dates and boxes[0].author is not None:
        return beside
    return None


def _is_told_of_first(survey: Survey, beside: Box, first: Box) -> bool:
    """Whether the region above the first box names the same person as its author."""
    if first.author is None:
        return False
    mine = survey.text[first.author.start : first.author.end].strip().casefold()
    above = [survey.text[mark.start : mark.end].strip().casefold() for mark in marks_beside(survey, survey.people, beside)]
    return mine in above


def _title_piece(survey: Survey, found: Found) -> int | None:
    """Return the piece after the title, None where the title is only in the head."""
    if found.title is None:
        return None
    piece = bisect_left(survey.markup.starts, found.title[1])
    return piece if survey.markup.tags[survey.markup.owners[max(0, piece - 1)]] != "title" else None


def _tightest(survey: Survey, low: int, high: int, share: float) -> int | None:
    """Return the tightest element with a share of the news of the block with the most news between two pieces."""
    markup, sums = survey.markup, survey.content_sum
    best, most = None, 0
    for number in range(len(markup.tags)):
        first, last = markup.first[number], markup.last[number]
        if first >= high:
            break
        news = sums[last] - sums[first]
        if first < low or last > high or markup.tags[number] in NEVER or is_hidden(survey, number):
            continue
        if news > most:
            best, most = number, news
        elif best is not None and best < number < markup.ends[best] and news >= share * most:
            best = number
    return best


def is_hidden(survey: Survey, number: int) -> bool:
    """Whether an element's own attributes hide it."""
    attributes = survey.markup.attributes[number]
    return "hidden" in attributes or "display:none" in (attributes.get("style") or "").replace(" ", "").lower()


def _are_replies(survey: Survey, boxes: list[Box]) -> bool:
    """Whether the boxes, the first one too, are named as answers or comments."""
    named = 0
    for box in (boxes[0], boxes[-1]):
        names: set[str] = set()
        number = box.body
        while number is not None and number >= 0 and survey.markup.first[number] >= box.first:
            attributes = survey.markup.attributes[number]
            for name in ("class", "id", "itemprop"):
                names |= split_names(attributes.get(name) or "")
            number = survey.markup.parents[number]
        named += not REPLIES.isdisjoint(names)
    return named == 2
