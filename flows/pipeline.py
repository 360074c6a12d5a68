"""The whole path of one page: language, strip, split, ledger, rows; plain Python without a column engine, without Prefect."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import cast

from flows.authors.byline import (
    find_glued_byline,
    is_name_line,
    is_role_line,
    is_salutation,
    read_byline,
    read_sign_off,
)
from flows.conservation import find_loss
from flows.errors import ThreadmillError, name_refusal
from flows.language import settle_language
from flows.read.deadline import time_limit
from flows.read.whereabouts import CHECK, REASON, WHEREABOUTS
from flows.records import Claim, Cues, NoThread, Page, Thread, Unreadable
from flows.rows import Columns, Rows
from flows.split.engines import Layout, choose_layouts
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

    `layouts` is "all", "none", or a file or folder of reviewed layouts that are tried before the known ones. Raises WrongUse
    for a broken layout file.
    """
    known = choose_layouts(layouts) if page.markup is not None else ()
    try:
        found = _split(page, known)
        loss = find_loss(page, found, repair_span)
    except Exception as error:  # one page must not take the others along; it is refused, logged and counted
        log.exception("%s: the splitter failed", page.source)
        return _refuse(page, *name_refusal(error))
    if loss is None:
        return found
    return _refuse(page, "conservation", f"a defect of threadmill, please report it: {loss}", found.layout)


def _refuse(page: Page, check: str, reason: str, layout: str = "") -> NoThread:
    claims = [Claim(0, len(page.text), "chrome", "refused-by-conservation")] if page.text else []
    return NoThread(check, reason, claims, layout)


def take_page(
    rows: Rows, page: Page | Unreadable, layouts: str = "all", check: Callable[[dict[str, Columns]], object] | None = None
) -> tuple[Page | Unreadable, Thread | NoThread | None]:
    """Add the rows of a page, or of its refusal; return the page with its language settled, and what was found in it.

    A page that raises anywhere on its path is refused as a defect, logged and counted, and what it had added is taken back.
    `check` is given the page's own rows, to raise what they would raise in their batch. Raises WrongUse as `split_page` does.
    """
    before = rows.heights
    if isinstance(page, Page) and not WHEREABOUTS.enter(page.source, f"{page.digest} split"):
        page = Unreadable(page.source, page.format, CHECK, REASON, bytes=page.bytes, digest=page.digest)
    try:
        with time_limit():
            settled = settle_language(page) if isinstance(page, Page) else page
            found = split_page(settled, layouts) if isinstance(settled, Page) else None
            _add(rows, settled, found)
        if check is not None:
            check(rows.since(before))
    except ThreadmillError:
        raise
    except Exception as error:
        log.exception("%s: the page failed", page.source)
        rows.take_back(before)
        return _add_refusal(rows, page, error)
    return settled, found


def _add(rows: Rows, page: Page | Unreadable, found: Thread | NoThread | None) -> None:
    if isinstance(page, Unreadable) or found is None:
        rows.refuse_input(cast("Unreadable", page))
    else:
        rows.add_page(page, found)


def _add_refusal(rows: Rows, page: Page | Unreadable, error: Exception) -> tuple[Page | Unreadable, NoThread | None]:
    """Add a page that raised as a refused one: with its text where that can be, else by its name alone."""
    check, reason = name_refusal(error)
    source = page.source.encode("utf-8", "replace").decode()
    if isinstance(page, Page):
        before = rows.heights
        bare = Page(source, page.format, page.text, page.bytes, page.digest, page.locator, blemishes=())
        for left in (page, bare):  # what the container says of it may be what raised
            refused = _refuse(left, check, reason)
            try:
                rows.add_page(left, refused)
            except Exception:
                log.exception("%s: so did its refusal", source)
                rows.take_back(before)
            else:
                return left, refused
    unread = Unreadable(source, page.format, check, reason, bytes=page.bytes)
    rows.refuse_input(unread)
    return unread, None
