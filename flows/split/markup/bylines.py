"""People whom no class or address tells: short names in bold, or beside a date on its line."""

from __future__ import annotations

import re

from flows.split.markup.elements import Elements
from flows.split.markup.marks import Mark

FEW = 0.5  # people a date; of fewer, not all are told by a class or an address
NEAR = 6  # pieces before a date in which a name may stand
BOLD = frozenset(
    {"b", "strong", "h3", "h4", "h5", "h6", "dt", "th", "cite", "a", "i", "em", "font", "span", "td", "div", "p", "li"}
)
SURELY = frozenset({"b", "strong", "cite", "h3", "h4", "h5", "h6"})
MAX_NAME, MAX_SPACES = 30, 3
OWN_SIGNS = re.compile(r"[^\s.!?]+[.!?][^\s;]*[.!?]")  # a user name that is written so, "falcon!!!", "s.a.l.", and no sentence
PARTS = re.compile(
    r"\s+[-–—|•·»›@/]+\s+|[|•·»›:,()\[\]]+|\s(?:on|am|le|el|il|op|em|at|wrote|says?|said|schrieb|escribió|ha scritto|a écrit)\b"
)


def find_people_by_dates(survey: Elements, dates: list[Mark], known: list[Mark]) -> list[Mark]:
    """Return the people of a page with those that only stand as names do: beside a date.

    Where most dates have somebody whom a class or an address tells, only guests are missing: whom "by" tells.
    """
    taken = {mark.piece for mark in known} | {mark.piece for mark in dates}
    near = {mark.piece + step for mark in known for step in (-1, 0, 1)}
    said_only = len(known) >= FEW * len(dates)
    found = {mark.start: mark for mark in known}
    for date in dates:
        mark = _beside_on_line(survey, date, said_only=said_only)
        if mark is None and not said_only:
            mark = _bold_before(survey, date, taken)
        if mark is not None and mark.piece not in near:
            found.setdefault(mark.start, mark)
    return [found[start] for start in sorted(found)]


def _beside_on_line(survey: Elements, date: Mark, *, said_only: bool) -> Mark | None:
    """Return the name that stands in the same text as a date: "#12 - name - date", "name, date", "by name on date"."""
    start = survey.markup.starts[date.piece]
    before = survey.text[start : date.start]
    if not before.strip() or len(before) > 2 * MAX_NAME + 10:
        return None
    at = 0
    parts = []
    for parting in PARTS.finditer(before):
        parts.append((at, parting.start()))
        at = parting.end()
    parts.append((at, len(before)))
    if before.rstrip().endswith(":"):
        parts = parts[:-2]  # what stands right before the colon is a label ("Posted: 3 May 2021")
    for low, high in reversed(parts):
        by = survey.words.by_start.match(before[low:high])
        begin = low + (by.end() if by else 0)
        name = before[begin:high].strip()
        if (by is not None and name.lower() in survey.words.guests) or (
            (by is not None or not said_only) and may_be_name(survey, name)
        ):
            first = start + before.index(name, begin)
            return Mark(first, first + len(name), date.piece, date.element)
    return None


def _bold_before(survey: Elements, date: Mark, taken: set[int]) -> Mark | None:
    """Return the nearest bold or lone short text before a date."""
    markup, text = survey.markup, survey.text
    for piece in range(date.piece - 1, max(-1, date.piece - NEAR), -1):
        words = text[markup.starts[piece] : markup.stops[piece]]
        if piece in taken or not words.strip():
            continue
        tag = markup.tags[markup.owners[piece]]
        name = words.strip()
        if tag in SURELY and may_be_name(survey, name.rstrip(":")):
            start = markup.starts[piece] + words.index(name)
            return Mark(start, start + len(name.rstrip(":")), piece, markup.owners[piece])
        if len(words) > 2 * MAX_NAME:
            return None
    return None


def may_be_name(survey: Elements, name: str) -> bool:
    """Whether a short text may be a name."""
    return (
        2 <= len(name) <= MAX_NAME
        and name.count(" ") <= MAX_SPACES
        and any(map(str.isalpha, name))
        and name.lower() not in survey.words.buttons
        and (name[-1] not in ".!?;" or OWN_SIGNS.fullmatch(name) is not None)
        and not survey.words.joined.search(name)
    )
