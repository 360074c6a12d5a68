"""The path for one page, one line per room; plain Python that loads no column engine and runs without Prefect."""

from __future__ import annotations

import logging

from flows.authors.byline import (
    find_glued_byline,
    is_name_line,
    is_role_line,
    is_salutation,
    read_byline,
    read_sign_off,
)
from flows.conservation import find_loss
from flows.records import Claim, Cues, NoThread, Page, Thread
from flows.split.engines import Layout, read_layouts
from flows.split.lines import split_text
from flows.strip.artifacts import mark_lines
from flows.strip.repair import repair_span
from flows.strip.residue import find_residue
from flows.strip.widgets import is_closing_notice

log = logging.getLogger("threadmill")

CUES = Cues(
    is_name_line, is_role_line, is_salutation, read_sign_off, find_glued_byline, read_byline, is_closing_notice, mark_lines,
    find_residue, repair_span,
)  # fmt: skip


def _split(page: Page, layouts: tuple[Layout, ...]) -> Thread | NoThread:
    """Return what the elements of an HTML page show; without elements, or where those show no thread, what its lines show."""
    if page.markup is None:
        return split_text(page, mark_lines(page.text), CUES)
    from flows.split.crosscheck import hear_structured  # noqa: PLC0415 -- these load BeautifulSoup; a run of texts needs none
    from flows.split.microdata import read_items  # noqa: PLC0415
    from flows.split.repeats import is_plain, split_markup  # noqa: PLC0415
    from flows.split.structured import read_json_ld, read_threads  # noqa: PLC0415

    by_markup = split_markup(page, CUES, layouts)
    if isinstance(by_markup, Thread):
        for structured in (read_json_ld(page.markup.json_ld), read_threads(read_items(page.markup, page.text))):
            hear_structured(by_markup, structured, lambda name: read_byline([name]))
        return by_markup
    if by_markup is not None and not is_plain(page):
        return by_markup
    by_lines = split_text(page, mark_lines(page.text), CUES)
    return by_markup if by_markup is not None and isinstance(by_lines, NoThread) else by_lines


def split_page(page: Page, layouts: str = "all") -> Thread | NoThread:
    """Return what is found in one page, held against promise 2; a page that breaks it is refused, whole.

    `layouts` is "all" or "none": whether known engines' layouts are tried. Raises WrongUse for a broken layout file.
    """
    known = read_layouts() if layouts == "all" and page.markup is not None else ()
    try:
        found = _split(page, known)
        loss = find_loss(page, found, repair_span)
    except Exception as error:  # one page must not take the others along; it is refused, logged and counted
        log.exception("%s: the splitter failed", page.source)
        found, loss = NoThread("defect", ""), f"{type(error).__name__}: {error}"[:300]
    if loss is None:
        return found
    reason = f"a defect of threadmill, please report it: {loss}"
    claims = [Claim(0, len(page.text), "chrome", "refused-by-conservation")] if page.text else []
    return NoThread("defect" if found.layout == "" else "conservation", reason, claims, found.layout)
