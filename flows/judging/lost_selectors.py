"""Why a known engine's layout does not decide a page: which of its selectors still find something, and which no longer do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flows.judging.reasons import Reason, give_reason
from flows.records import Markup, Page

FEW = 2  # matches from which on a part is there: one may be a coincidence
MAX_DEPTH, MAX_ELEMENTS = 200, 30_000  # a selector of two parts looks up from every match


class Selectors(NamedTuple):
    """A layout, as far as it is asked here: literals of its pages, and by part of a post the selectors in order."""

    layout: str
    engine: str
    literals: tuple[str, ...]
    parts: tuple[tuple[str, tuple[str, ...]], ...]  # ("posts", …), ("bodies", …), ("authors", …), ("dates", …)


def find_lost_selectors(page: Page, known: Sequence[Selectors]) -> list[Reason]:
    """Return what a page lacks that is of a known engine by half of its selectors or more; nothing for any other page."""
    markup = page.markup
    if markup is None or len(markup.tags) > MAX_ELEMENTS or _depth(markup) > MAX_DEPTH:
        return []
    best: tuple[int, Selectors, list[str]] | None = None
    for layout in known:
        if not any(map(markup.holds, layout.literals)):
            continue
        lost = [name for name, selectors in layout.parts if not _is_there(markup, selectors)]
        found = len(layout.parts) - len(lost)
        if lost and 2 * found >= len(layout.parts) and (best is None or found > best[0]):
            best = (found, layout, lost)
    if best is None:
        return []
    _, layout, lost = best
    selectors = dict(layout.parts)
    return [
        give_reason("selector-lost", engine=layout.engine, layout=layout.layout, part=part, selector=selectors[part][0])
        for part in lost
    ]


def _is_there(markup: Markup, selectors: Sequence[str]) -> bool:
    """Whether a selector finds enough elements, and text in them."""
    for selector in selectors:
        found = markup.select(selector)
        if len(found) >= FEW and any(_shows(markup, number) for number in found):
            return True
    return not selectors


def _shows(markup: Markup, number: int) -> bool:
    return markup.last[number] > markup.first[number] or markup.tags[number] == "time"


def _depth(markup: Markup) -> int:
    depths: list[int] = []
    for parent in markup.parents:
        depths.append(depths[parent] + 1 if parent >= 0 else 0)
    return max(depths, default=0)
