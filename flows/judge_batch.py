"""One job of judging: pages in, verdicts and profiles out; what a worker process does."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from importlib import import_module
from typing import Any

import polars as pl

from flows.authors.resolve import author_key
from flows.batches import Check, refuse_what_fails
from flows.collector import quiet_collector
from flows.dates.printed import read_dates
from flows.dates.words import LANGUAGES, MONTHS, UNITS, WEEKDAYS
from flows.errors import ThreadmillError, name_refusal
from flows.identity import site_of
from flows.judging.lost_selectors import Selectors
from flows.judging.measuring import MeasuringAids, measure_pages
from flows.judging.pages import Aids, judge_dates, judge_page
from flows.judging.profiles import profile_pages
from flows.judging.reasons import Reason, give_reason
from flows.judging.texts import A_JOB
from flows.judging.verdicts import Judged, JudgedBatch
from flows.pipeline import take_page
from flows.read.batches import Batch, read_batch
from flows.records import Cut, NoThread, Page, Thread, Unreadable
from flows.rows import STAGED, Rows
from flows.split.engines import Layout, choose_layouts
from flows.strip.residue import find_residue
from flows.validate import validate_batch
from schemas import polars_schema

log = logging.getLogger("threadmill")
LONG_OPENING = 80  # characters; shorter questions are asked twice by chance


def judge_pieces(batch: Batch) -> JudgedBatch:
    """Judge the scrapes of one job: split and validated as `clean` does, and nothing is written."""
    quiet_collector()
    return refuse_what_fails(lambda check: _judge_pieces(batch, check), batch)


def _judge_pieces(batch: Batch, check: Check | None) -> JudgedBatch:
    rows = Rows({table: tuple(polars_schema(table)) for table in STAGED}, author_key)
    pages: list[Page | Unreadable] = []
    reasons: list[list[Reason]] = []
    for read in read_batch(batch):
        page, found = take_page(rows, read, batch.layouts, check)
        pages.append(page)
        reasons.append(_judge_one(page, found, batch.layouts))
    ids = rows.tables["scrapes"]["scrape_id"]  # in the order of the pages
    frames = validate_batch(rows.tables, find_residue)
    _add_reasons(dict(zip(ids, zip(pages, reasons, strict=True), strict=True)), frames)
    return JudgedBatch(_collect(pages, reasons, ids, frames), profile_pages(measure_pages(frames, measuring_aids())))


def _judge_one(page: Page | Unreadable, found: Thread | NoThread | None, layouts: str) -> list[Reason]:
    """Return the reasons against a page; that it makes the judging fail is one."""
    try:
        return [*(_judge_address(page) if isinstance(page, Page) else ()), *judge_page(page, found, _aids(layouts))]
    except ThreadmillError:
        raise
    except Exception as error:
        log.exception("%s: the page could not be judged", page.source)
        return [give_reason("unreadable", what=name_refusal(error)[1])]


def _judge_address(page: Page) -> list[Reason]:
    """Return the reason against a page whose own address is not of the site that its container names."""
    found = site_of(page.url) if page.url else None
    is_other = found is not None and page.site is not None and not _is_part_of(found, page.site)
    return [give_reason("other-site", found=found, site=page.site)] if is_other else []


def _is_part_of(host: str, site: str) -> bool:
    one, other = host.lower(), site.lower()
    return one == other or one.endswith("." + other) or other.endswith("." + one)


def _collect(
    pages: list[Page | Unreadable], reasons: list[list[Reason]], ids: Any, frames: Mapping[str, pl.DataFrame]
) -> list[Judged]:
    scrapes = {row["scrape_id"]: row for row in frames["scrapes"].with_columns(_hash=pl.col("scrape_id").hash()).to_dicts()}
    asked = frames["questions"].select("scrape_id", *opening_hashes())
    threads = {scrape: (thread, opening) for scrape, thread, opening in asked.iter_rows()}
    judged = []
    for page, found, scrape in zip(pages, reasons, ids, strict=True):
        row = scrapes[scrape]
        thread, opening = threads.get(scrape, (None, None))
        judged.append(
            Judged(
                page.source, row["site"], row["layout"], row["language"], row["answer_count"], tuple(found),
                int(page.digest[:16], 16) if page.digest else None, row["_hash"], thread, opening,
            )
        )  # fmt: skip
    return judged


def opening_hashes() -> list[pl.Expr]:
    """Return the columns by which a question is looked up: its id, and its text where that is long enough, as 64 bits."""
    is_long = pl.col("body").str.len_chars() >= LONG_OPENING
    return [pl.col("question_id").hash().alias("_thread"), pl.when(is_long).then(pl.col("body").hash()).alias("_opening")]


def _add_reasons(known: dict[str, tuple[Page | Unreadable, list[Reason]]], frames: Mapping[str, pl.DataFrame]) -> None:
    """Add to the reasons of each scrape what only its validated rows show: refusals, and dates."""
    for row in frames["rejects"].iter_rows(named=True):
        page, reasons = known.get(row["scrape_id"], (None, []))
        if isinstance(page, Page) and (reason := _read_refusal(row, page)) is not None:
            reasons.append(reason)
    now = datetime.now(UTC)
    for scrape, printed in _dates(frames).items():
        page, reasons = known[scrape]
        if isinstance(page, Page):
            is_relative = page.fetched_at is None and _counts_back([raw for raw, read in printed if read is None], page, now)
            reasons += judge_dates(printed, page.text, page.fetched_at, now, is_relative=is_relative)


def _counts_back(unread: list[str], page: Page, now: datetime) -> bool:
    """Whether dates that were not read can be as soon as there is a time to count back from."""
    read = read_dates(list(unread), fetched_at=now, language=page.language) if unread else []
    return 2 * sum(date is not None for date in read) > len(unread)


def _read_refusal(row: dict[str, Any], page: Page) -> Reason | None:
    """Return what one refusal says against its scrape; None for a scrape's own, which its reasons tell better."""
    if row["severity"] == "scrape" and row["check_name"] != "ledger":
        return None
    value = row["value"] or ""
    at = page.text.find(value) if value else -1
    where = (page.text, at, at + len(value)) if at >= 0 else ("", None, None)
    what = row["table_name"].removesuffix("s")
    if row["check_name"] == "template-residue":
        return give_reason("residue", *where, what=what)
    if row["severity"] == "cell":
        return give_reason("value-refused", *where, detail=row["reason"])
    return give_reason("record-refused", *where, what=row["table_name"], detail=row["reason"])


def _dates(frames: Mapping[str, pl.DataFrame]) -> dict[str, list[tuple[str, datetime | None]]]:
    printed: dict[str, list[tuple[str, datetime | None]]] = defaultdict(list)
    for table in ("questions", "answers"):
        dated = frames[table].filter(pl.col("posted_at_raw").is_not_null())
        for scrape, raw, read in dated.select("scrape_id", "posted_at_raw", "posted_at").iter_rows():
            printed[scrape].append((raw, read))
    return dict(printed)


@lru_cache(maxsize=A_JOB)
def _find_residue(text: str) -> tuple[Cut, ...]:
    return tuple(find_residue(text))


@lru_cache(maxsize=2)
def _aids(layouts: str) -> Aids:
    known = choose_layouts(layouts)
    return Aids(_find_residue, tuple(map(_selectors_of, known)))


def _selectors_of(layout: Layout) -> Selectors:
    post = layout.post
    parts = (("posts", post.element), ("bodies", post.body), ("authors", post.author), ("dates", post.date))
    return Selectors(layout.id, layout.engine, layout.literals, parts)


def measuring_aids() -> MeasuringAids:
    """Return what measuring takes from other rooms."""
    return MeasuringAids(read_date_words(LANGUAGES), _find_residue)


@lru_cache(maxsize=1)
def read_date_words(languages: tuple[str, ...]) -> dict[str, frozenset[str]]:
    """Return, for each word of printed dates, the languages in which it is one: months, weekdays, units (dateparser's data)."""
    known: dict[str, set[str]] = defaultdict(set)
    for language in languages:
        data = import_module(f"dateparser.data.date_translation_data.{language}").info
        for name in (*MONTHS, *WEEKDAYS, *UNITS):
            for word in data.get(name, ()):
                folded = word.lower().rstrip(".")
                if len(folded) > 1 and folded.isalpha():
                    known[folded].add(language)
    return {word: frozenset(found) for word, found in known.items()}
