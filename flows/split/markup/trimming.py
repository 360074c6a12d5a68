"""What stands inside the bodies that were found and is no part of them: signatures, edit notes, buttons."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter

from flows.split.markup.boxes import Found
from flows.split.markup.survey import DIGITS, Survey
from flows.split.markup.vocabulary import SIGNED, kind_of, names_part

SIGNATURE = re.compile(r"_{4,}|-{8,}|--")
MAX_SIGNATURE = 800  # characters
MAX_NOTE = 120  # characters of an edit note
MAX_BUTTON = 60
SENTENCE = re.compile(r"\w\W+\w+\W+\w.*[.!?…]$")  # three words and a full stop: no button says so much
BLOCKS = frozenset({"div", "ul", "ol", "table", "section", "aside"})  # a lone link may be classed as a "popup"
BUTTONS = frozenset({"button", "select", "textarea", "nav"})


def find_trims(survey: Survey, found: Found) -> dict[int, str]:
    """Return the pieces that are cut from the bodies, with the rule that cuts each."""
    trims = dict(found.trims)
    markup = survey.markup
    if found.title is not None:
        for piece in range(bisect_right(markup.starts, found.title[0]) - 1, bisect_left(markup.starts, found.title[1])):
            trims[piece] = "title-in-body"
    boxes = [box for box in [*found.boxes, *(box for _, box in found.remarks)] if box.body is not None]
    for box in boxes:
        assert box.body is not None  # noqa: S101 -- told above
        if box.head is not None:
            trims.update(dict.fromkeys(range(markup.first[box.body], box.head), "header-in-body"))
        _trim_parts(survey, box.body, trims)
        _trim_signature(survey, markup.first[box.body], markup.last[box.body], trims)
        _trim_ends(survey, markup.first[box.body], markup.last[box.body], trims)
    _trim_recurring(survey, [(markup.first[box.body], markup.last[box.body]) for box in boxes if box.body is not None], trims)
    return trims


def _quoted_pieces(survey: Survey) -> bytearray:
    """Return for each piece of the page whether it stands in a quotation."""
    markup = survey.markup
    quoted, end = bytearray(len(markup.starts)), 0
    for at, tag in enumerate(markup.tags):
        if tag == "blockquote" and markup.first[at] >= end:
            end = markup.last[at]
            quoted[markup.first[at] : end] = bytes([1]) * (end - markup.first[at])
    return quoted


def _is_alone(survey: Survey, first: int, last: int, edge: int | None, trims: dict[int, str]) -> bool:
    """Whether a piece is all that is left of a body."""
    markup, text = survey.markup, survey.text
    return all(
        piece == edge or piece in trims or not text[markup.starts[piece] : markup.stops[piece]].strip()
        for piece in range(first, last)
    )


def _trim_parts(survey: Survey, body: int, trims: dict[int, str]) -> None:
    """Cut the elements of a body that say what they are: signatures, notes, buttons."""
    markup, notes = survey.markup, survey.words.notes
    number = body + 1
    while number < markup.ends[body]:
        if markup.tags[number] != "br":
            names = markup.attributes_of(number).get("class")
            if names and kind_of(names) & SIGNED:
                trims.update(dict.fromkeys(range(markup.first[number], markup.last[number]), "signature"))
                number = markup.ends[number]
                continue
            if names and markup.tags[number] in BLOCKS and _ends_as(names, survey.words.chrome) and _is_linked(survey, number):
                trims.update(dict.fromkeys(range(markup.first[number], markup.last[number]), "chrome-in-body"))
            elif names and names_part(names, notes):
                trims.update(dict.fromkeys(range(markup.first[number], markup.last[number]), "post-note"))
            elif markup.tags[number] in BUTTONS:
                trims.update(dict.fromkeys(range(markup.first[number], markup.last[number]), "button"))
        number += 1


def _ends_as(names: str, words: frozenset[str]) -> bool:
    """Whether the last word of one class is among the words: "forum-topic-navigation"."""
    return any(re.split(r"[-_]", name)[-1].lower() in words for name in names.split())


def _is_linked(survey: Survey, number: int) -> bool:
    """Whether all that an element shows are links: to the topics before and after, to related ones."""
    markup, text = survey.markup, survey.text
    shown = [
        piece
        for piece in range(markup.first[number], markup.last[number])
        if text[markup.starts[piece] : markup.stops[piece]].strip()
    ]
    return bool(shown) and all(survey.linked[markup.owners[piece]] for piece in shown)


def _trim_signature(survey: Survey, first: int, last: int, trims: dict[int, str]) -> None:
    """Cut what follows a rule of underscores or dashes at the end of a body: by old custom, a signature."""
    markup, text = survey.markup, survey.text
    begin = None
    for piece in range(last - 1, first, -1):
        if markup.stops[last - 1] - markup.starts[piece] > MAX_SIGNATURE:
            break
        shown = text[markup.starts[piece] : markup.stops[piece]].strip()
        if SIGNATURE.fullmatch(shown):  # the member may have drawn a second one
            begin = piece
        elif begin is not None and shown:
            break
    if begin is not None:
        trims.update(dict.fromkeys(range(begin, last), "signature-rule"))


def _trim_ends(survey: Survey, first: int, last: int, trims: dict[int, str]) -> None:
    """Cut an edit note at the end of a body: a short line that opens as those do, and what follows it."""
    markup, text = survey.markup, survey.text
    for piece in range(max(first, last - 12), last):
        start, stop = markup.starts[piece], markup.stops[piece]
        line = text[start : start + MAX_NOTE].strip().lower()
        if line.startswith(survey.words.edits) and markup.stops[last - 1] - start <= 2 * MAX_NOTE and stop - start <= MAX_NOTE:
            trims.update(dict.fromkeys(range(piece, last), "edit-note"))
            return


def _trim_recurring(survey: Survey, ranges: list[tuple[int, int]], trims: dict[int, str]) -> None:
    """Cut short lines that open or close most bodies alike: buttons, labels, counts.

    What stands in a quotation is somebody's words, and so is a sentence that is all of a body: a short post may be quoted
    by most of the others.
    """
    if len(ranges) < 3:
        return
    markup, text = survey.markup, survey.text
    quoted = _quoted_pieces(survey)
    for step in (1, -1):
        for _ in range(8):
            edges = []
            for first, last in ranges:
                pieces = range(first, last) if step > 0 else range(last - 1, first - 1, -1)
                edge = next((p for p in pieces if p not in trims and text[markup.starts[p] : markup.stops[p]].strip()), None)
                edges.append(edge)
            keys = [
                None
                if edge is None
                else DIGITS.sub("0", text[markup.starts[edge] : markup.stops[edge]].strip()[: MAX_BUTTON + 1])
                for edge in edges
            ]
            told = Counter(
                key
                for key, edge in zip(keys, edges, strict=True)
                if key and edge is not None and len(key) <= MAX_BUTTON and not quoted[edge]
            )
            key, count = told.most_common(1)[0] if told else ("", 0)
            if count < 3 or count < 0.5 * len(ranges):
                break
            if SENTENCE.search(key) and any(
                mine == key and _is_alone(survey, first, last, edge, trims)
                for mine, edge, (first, last) in zip(keys, edges, ranges, strict=True)
            ):
                break
            for edge, mine in zip(edges, keys, strict=True):
                if mine == key and edge is not None:
                    trims[edge] = "recurs-in-bodies"
