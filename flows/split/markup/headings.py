"""A page's title: the heading that its <title> repeats, else the part of the <title> that names the thread."""

from __future__ import annotations

import re

from flows.split.markup.survey import HEADINGS, Survey
from flows.split.titles import clean_title

SEPARATORS = re.compile(r"\s+(?:[-–—|•·»›:]|::|&raquo;)\s+|\s*\|\s*|\s*::\s*")
MAX_TITLE = 300  # characters; forums cap a title below that
CLIPPED = 40  # characters: a <title> may break a long heading off
LEAST, LEAST_LINE = 4, 10


def find_title(survey: Survey) -> tuple[int, int] | None:
    """Return the stretch of the page's text that is the thread's title, None where none shows."""
    head = next((number for number, tag in enumerate(survey.markup.tags) if tag == "title"), None)
    shown = _stretch(survey, head) if head is not None else None
    told = _fold(survey.text[shown[0] : shown[1]]) if shown else _fold(survey.page.title or "")
    return _find_heading(survey, told) or _find_line(survey, told) or (_part_title(survey, shown) if shown else None)


def _find_heading(survey: Survey, told: str) -> tuple[int, int] | None:
    """Return the heading whose words stand in the <title>, the longest one; else the page's only h1."""
    best, size, lone = None, 0, []
    for number, (tag, attributes) in enumerate(zip(survey.markup.tags, survey.markup.attributes, strict=True)):
        prop = attributes.get("itemprop")
        if tag not in HEADINGS and prop not in ("headline", "name"):
            continue
        stretch = _stretch(survey, number)
        if stretch is None or stretch[1] - stretch[0] > MAX_TITLE:
            continue
        words = _fold(survey.text[stretch[0] : stretch[1]])
        if tag == "h1" and not survey.chromed[number]:
            lone.append(stretch)
        worth = 2 * len(words) + (tag == "h1")
        if len(words) >= LEAST and words[:CLIPPED] in told and worth > size:
            best, size = stretch, worth
    if best is not None and size >= 0.5 * len(told):
        return best
    return lone[0] if len(lone) == 1 else best


def _find_line(survey: Survey, told: str) -> tuple[int, int] | None:
    """Return the first text outside the head that is most of the <title>: a title that is a link or a cell, no heading."""
    markup = survey.markup
    for start, stop, owner in zip(markup.starts, markup.stops, markup.owners, strict=True):
        size = stop - start
        if size < LEAST_LINE or size > MAX_TITLE or size < 0.5 * len(told) or markup.tags[owner] == "title":
            continue
        words = _fold(survey.text[start:stop])
        if words in told and len(words) >= 0.5 * len(told) and not survey.chromed[owner]:
            end = start + len(survey.text[start:stop].rstrip())
            return start + (size - len(survey.text[start:stop].lstrip())), end
    return None


def _part_title(survey: Survey, shown: tuple[int, int]) -> tuple[int, int] | None:
    """Return the part of the <title> that names the thread, else the longest between separators."""
    start, end = shown
    named = clean_title(survey.text[start:end], url=survey.address, site=survey.page.site)
    at = survey.text.find(named, start, end) if named else -1
    if named and at >= 0 and len(named) < end - start:
        around = survey.text[start:at] + survey.text[at + len(named) : end]
        parts = [part for part in _parts_of(survey.text, at, at + len(named)) if survey.text[slice(*part)] not in around]
        return (parts[0][0], parts[-1][1]) if parts else (at, at + len(named))  # a name at both ends is the site's
    part = max(_parts_of(survey.text, start, end), key=lambda part: part[1] - part[0])
    return part if part[1] > part[0] else None


def _parts_of(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return the stretches between separators."""
    parts, at = [], start
    for found in SEPARATORS.finditer(text, start, end):
        parts.append((at, found.start()))
        at = found.end()
    return [*parts, (at, end)]


def _stretch(survey: Survey, number: int) -> tuple[int, int] | None:
    first, last = survey.markup.first[number], survey.markup.last[number]
    if first == last:
        return None
    start, end = survey.markup.starts[first], survey.markup.stops[last - 1]
    while start < end and survey.text[start].isspace():
        start += 1
    while end > start and survey.text[end - 1].isspace():
        end -= 1
    return (start, end) if end > start else None


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())
