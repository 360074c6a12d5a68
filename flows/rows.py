"""Pages and their threads → rows of the tables, as plain columns; ids are given here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any

from flows import identity
from flows.dates.forms import is_exact
from flows.dates.printed import names_day, read_dates
from flows.records import Blemish, Byline, NoThread, Page, Post, Thread, Unreadable

# Columns that only the merge of batches needs (which scrape is newer); they are not published.
STAGED = {
    "scrapes": (),
    "texts": (),
    "spans": (),
    "questions": ("_fetched_at", "_source"),
    "answers": ("_fetched_at", "_source", "_keyed_by"),
    "comments": ("_fetched_at", "_source", "_keyed_by"),
    "authors": ("_fetched_at", "_source", "_position"),
    "rejects": (),
}
SAME_DATE = timedelta(days=2)  # a day printed without a time, in another zone
SUSPECT_BELOW = 0.5  # confidence under which a split is more likely wrong than right
MAX_VALUE, MAX_ROW = 500, 8000

ANSWER_PLACES = (
    "answer_id", "question_id", "scrape_id", "position", "headline", "body", "author_id", "byline", "posted_at",
    "posted_at_raw", "votes", "is_accepted", "parent_answer_id", "url", "site", "last_seen_at", "confidence", "_fetched_at",
    "_source", "_keyed_by",
)  # fmt: skip
AUTHOR_PLACES = (
    "author_id", "site", "name", "given_name", "family_name", "suffix", "credentials", "role", "location", "rating",
    "review_count", "in_memoriam", "profile_url", "aliases", "question_count", "answer_count", "first_posted_at",
    "last_posted_at", "_fetched_at", "_source", "_position",
)  # fmt: skip

Columns = dict[str, tuple[Any, ...]]


class Rows:
    """Rows of every table of one batch, column by column."""

    def __init__(self, columns: dict[str, tuple[str, ...]], author_key: Callable[[Byline], str | None]) -> None:
        self._names = {table: (*names, *STAGED[table]) for table, names in columns.items()}
        self._rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in columns}
        # Names come again, on a site's pages and over those of a batch.
        self._known_as = lru_cache(maxsize=1 << 14)(partial(_read_key, author_key))
        # These two tables have most of the rows and are filled by place, not by name: three times as fast.
        self._names |= {"answers": ANSWER_PLACES, "authors": AUTHOR_PLACES}

    @property
    def tables(self) -> dict[str, Columns]:
        """The rows of every table so far, column by column."""
        return {
            table: dict(
                zip(names, zip(*self._rows[table], strict=True) if self._rows[table] else ((),) * len(names), strict=True)
            )
            for table, names in self._names.items()
        }

    @property
    def heights(self) -> dict[str, int]:
        """How many rows each table has so far."""
        return {table: len(rows) for table, rows in self._rows.items()}

    def since(self, heights: dict[str, int]) -> dict[str, Columns]:
        """The rows that were added since the tables had some heights, column by column."""
        return {
            table: {name: tuple(row[at] for row in self._rows[table][heights[table] :]) for at, name in enumerate(names)}
            for table, names in self._names.items()
        }

    def take_back(self, heights: dict[str, int]) -> None:
        """Take back the rows that were added since the tables had some heights."""
        for table, rows in self._rows.items():
            del rows[heights[table] :]

    def add(self, to: str, /, **values: Any) -> None:
        """Append one row to a table; a column that is not named is null."""
        self._rows[to].append(tuple(map(values.get, self._names[to])))

    def refuse_input(self, refused: Unreadable) -> None:
        """Add an input that gave no page: a rejected scrape without a text, and the reason."""
        content = refused.digest or identity.digest("unread", refused.source)
        scrape = identity.scrape_id(content, refused.source if refused.digest is None else None, None)
        self.add(
            "scrapes", scrape_id=scrape, source=refused.source, format=refused.format, replacement_count=0, bytes=refused.bytes,
            chars=0, answer_count=0, kept_chars=0, cut_chars=0, confidence=0.0, verdict="rejected",
        )  # fmt: skip
        self.add("texts", scrape_id=scrape)
        reason, value, row = refused.reason, refused.value, refused.row
        self.reject(scrape, refused.source, "scrapes", scrape, refused.check, reason, "scrape", value=value, row=row)

    def reject(  # noqa: PLR0913 -- one argument a column
        self, scrape: str, source: str, table: str, record: str | None, check: str, reason: str, severity: str, *,
        column: str | None = None, value: str | None = None, row: str | None = None,
    ) -> None:  # fmt: skip
        """Add one refusal to the ledger of refusals."""
        self.add(
            "rejects", scrape_id=scrape, source=source, table_name=table, record_id=record, column_name=column,
            check_name=check, value=value[:MAX_VALUE] if value else None, reason=reason, severity=severity,
            row=row[:MAX_ROW] if row else None,
        )  # fmt: skip

    def add_page(self, page: Page, found: Thread | NoThread) -> None:
        """Add a page and what was found in it."""
        url = identity.canonical_url(page.url) if page.url else None
        site = site_of_page(page)
        scrape = identity.scrape_id(page.digest, page.locator, page.url)
        ids: list[str | None] = []
        if isinstance(found, Thread):
            ids = self._add_thread(page, found, scrape, url, site)
        else:
            self.reject(scrape, page.source, "scrapes", scrape, found.check, found.reason, "scrape")
        for blemish in [*page.blemishes, *_blemishes(page, url)]:
            self.reject(
                scrape, page.source, "scrapes", scrape, blemish.check, blemish.reason, "cell", column=blemish.column,
                value=blemish.value,
            )  # fmt: skip
        self._add_ledger(page, found, scrape, url, site, ids)

    def _add_ledger(
        self, page: Page, found: Thread | NoThread, scrape: str, url: str | None, site: str | None, ids: list[str | None]
    ) -> None:
        spans = self._rows["spans"]
        kept = 0
        for claim in found.claims:
            if claim.post is not None:
                kept += claim.end - claim.start
            record = None if claim.post is None else ids[claim.post]
            spans.append((scrape, claim.start, claim.end, claim.role, claim.rule, record))
        self.add("texts", scrape_id=scrape, text=page.text or None)
        thread = found if isinstance(found, Thread) else None
        self.add(
            "scrapes", scrape_id=scrape, source=page.source, format=page.format, url=page.url if url else None, site=site,
            title=page.title or (thread.title if thread else None), language=page.language, fetched_at=page.fetched_at,
            encoding=page.encoding, replacement_count=page.replacement_count, bytes=page.bytes, chars=len(page.text),
            licence=page.licence, layout=found.layout or None,
            declared_answer_count=thread.declared_answer_count if thread else None,
            answer_count=len(thread.answers) if thread else 0, kept_chars=kept, cut_chars=len(page.text) - kept,
            confidence=thread.confidence if thread else 0.0, verdict=_verdict(thread),
        )  # fmt: skip

    def _add_thread(self, page: Page, thread: Thread, scrape: str, url: str | None, site: str | None) -> list[str | None]:
        """Add the records of a thread; return the id of each post, the question's first."""
        question = thread.question
        first = next((answer.body for answer in thread.answers if answer.body is not None), None)
        qid = identity.question_id(url, thread.title, question.body, site, first)
        staged = {"_fetched_at": page.fetched_at, "_source": page.source}
        posts = [question, *thread.answers, *(remark.post for remark in thread.remarks)]
        dates, days = _date_posts(posts, page)
        number = identity.page_number(page.url) if page.url else 1
        self.add(
            "questions", question_id=qid, scrape_id=scrape, url=url, site=site, title=thread.title, body=question.body,
            author_id=self._add_author(question, qid, site, 0, page),
            byline=(question.byline and question.byline.printed) or None, posted_at=dates[0],
            posted_at_raw=question.posted_at_raw, votes=question.votes, declared_answer_count=thread.declared_answer_count,
            answer_count=len(thread.answers), language=page.language, confidence=thread.confidence, **staged,
        )  # fmt: skip
        ids: list[str | None] = [qid]
        equals: Counter[identity.PostKey] = Counter()
        for position, answer in enumerate(thread.answers, start=1):
            author = self._add_author(answer, qid, site, position, page)
            printed = (answer.byline and answer.byline.printed) or None
            equal = identity.post_key(author or printed, days[position], answer.body or answer.headline)
            equals[equal] += 1
            ids.append(identity.post_id("answer", qid, answer.permalink, equal, equals[equal], number))
            self._rows["answers"].append((
                ids[-1], qid, scrape, position, answer.headline, answer.body, author, printed, dates[position],
                answer.posted_at_raw, answer.votes, answer.is_accepted, _parent_of(answer, ids),
                identity.permalink_url(answer.permalink, page.url), site, page.fetched_at, answer.confidence, page.fetched_at,
                page.source, "name" if answer.permalink is not None else equal[1],
            ))  # fmt: skip
        self._add_remarks(page, thread, scrape, site, ids, dates[len(ids) :], days[len(ids) :])
        return ids

    def _add_remarks(
        self, page: Page, thread: Thread, scrape: str, site: str | None, ids: list[str | None], dates: list[datetime | None],
        days: list[str | None],
    ) -> None:  # fmt: skip
        """Add the notes under posts; their ids follow those of the posts."""
        qid = ids[0] or ""
        number = identity.page_number(page.url) if page.url else 1
        equals: Counter[identity.PostKey] = Counter()
        for position, remark in enumerate(thread.remarks, start=1):
            post = remark.post
            author = self._add_author(post, qid, site, len(thread.answers) + position, page)
            printed = (post.byline and post.byline.printed) or None
            equal = identity.post_key(author or printed, days[position - 1], post.body)
            equals[equal] += 1
            ids.append(identity.post_id("comment", qid, post.permalink, equal, equals[equal], number))
            self.add(
                "comments", comment_id=ids[-1], question_id=qid, answer_id=ids[remark.under] if remark.under else None,
                scrape_id=scrape, position=position, body=post.body, author_id=author, posted_at=dates[position - 1],
                posted_at_raw=post.posted_at_raw, votes=post.votes, last_seen_at=page.fetched_at, confidence=post.confidence,
                _fetched_at=page.fetched_at, _source=page.source, _keyed_by="name" if post.permalink is not None else equal[1],
            )  # fmt: skip

    def _add_author(self, post: Post, thread: str, site: str | None, position: int, page: Page) -> str | None:
        """Add who wrote a post; return the id, None where nothing says."""
        who = post.byline
        if who is None or (who.name is None and who.role is None and who.profile_url is None):
            return None
        key, alias = self._known_as(who.name, who.family_name, who.suffix, who.credentials, who.printed, who.alias)
        traits = None if key is not None else f"{who.role}\x1e{who.location}".casefold()
        author = identity.author_id(site, thread, who.profile_url, key, traits)
        self._rows["authors"].append((
            author, site, who.name, who.given_name, who.family_name, who.suffix, who.credentials, who.role, who.location,
            who.rating, who.review_count, who.in_memoriam, who.profile_url, (alias,) if alias else (), 0, 0, None, None,
            page.fetched_at, page.source, position,
        ))  # fmt: skip
        return author


def site_of_page(page: Page | Unreadable) -> str | None:
    """Return the site that a page is of, as far as it says, or its container."""
    if isinstance(page, Unreadable):
        return None
    return page.site or (identity.site_of(page.url) if page.url else None)


def _parent_of(answer: Post, ids: list[str | None]) -> str | None:
    """Return the id of the answer that one replies to; None: the question, or not said."""
    return ids[answer.parent] if answer.parent is not None and 0 < answer.parent < len(ids) else None


def _date_posts(posts: list[Post], page: Page) -> tuple[list[datetime | None], list[str | None]]:
    """Return when each post was written, in UTC: as the element of its date says for machines, else as the page prints it.

    What another part of the page says for machines, or says in words, gives way to what is printed of another day. Beside the
    date stands the day, None where what was read names none, as "2 years ago" does.
    """
    if not any(post.posted_at_raw or post.published for post in posts):
        return [None] * len(posts), [None] * len(posts)
    said = [post.posted_at_raw for post in posts]
    dates = read_dates(said, fetched_at=page.fetched_at, language=page.language)
    if any(post.published for post in posts):
        exact = read_dates([post.published for post in posts], fetched_at=page.fetched_at, language=page.language)
        for at, (post, shown, told) in enumerate(zip(posts, dates, exact, strict=True)):
            if told is not None and _wins(post, told, shown):
                dates[at], said[at] = told, post.published
    return dates, [_day_of(text, date, page.language) for text, date in zip(said, dates, strict=True)]


def _wins(post: Post, told: datetime, shown: datetime | None) -> bool:
    """Whether what a page says of a post's date beside what it prints is what counts."""
    is_sure = post.is_own_time and post.published is not None and is_exact(post.published)
    return is_sure or shown is None or abs(shown - told) <= SAME_DATE


def _day_of(text: str | None, date: datetime | None, language: str | None) -> str | None:
    return str(date.date()) if text is not None and date is not None and names_day(text, language) else None


def _read_key(
    author_key: Callable[[Byline], str | None],
    name: str | None,
    family: str | None,
    suffix: str | None,
    credentials: tuple[str, ...],
    printed: str,
    alias: str | None,
) -> tuple[str | None, str | None]:
    """Return the key by which a person is known, and the form of the name as printed: of the lines with it, the shortest."""
    key = author_key(Byline(printed, name=name, family_name=family, suffix=suffix, credentials=credentials))
    known = family or name
    lines = [line.strip() for line in printed.split("\n") if known is None or known in line]
    return key, alias or min(filter(None, lines), key=len, default=None)


def _verdict(thread: Thread | None) -> str:
    if thread is None:
        return "rejected"
    declared = thread.declared_answer_count
    agrees = declared is None or declared == len(thread.answers)
    return "ok" if agrees and thread.confidence >= SUSPECT_BELOW else "suspect"


def _blemishes(page: Page, url: str | None) -> list[Blemish]:
    if page.url and url is None:
        return [Blemish("url", "url", page.url, "the address is not a web address; the thread is known by its text instead")]
    return []
