"""One scrape → the reasons against it, each with its place: what a person sees who looks at the page and at its records."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from flows.judging.lost_selectors import Selectors, find_lost_selectors
from flows.judging.reasons import Reason, give_reason
from flows.judging.texts import (
    RAW_DATA,
    breaks_off,
    edges_of,
    ends_as_sentence,
    find_garbage,
    find_phrases,
    find_wrong_encoding,
    has_markup,
)
from flows.records import Claim, Cut, NoThread, Page, Post, Thread, Unreadable

SUSPECT_BELOW = 0.5  # confidence; as clean has it
FEW = 3  # posts: of fewer, one odd post is a large share
HALF = 0.5
KNOWN_LAYOUT = "html:layout:"
POSTS = ("question", "answer", "comment", "code", "title", "headline")
MAX_POSTS = 20
LONG_BODY = 80  # characters; shorter posts may be alike by chance ("Thanks!")
UNDECODABLE = 0.001  # share of the text; a slip or a name copied from elsewhere stays below it
TEMPLATES = 3
BLOCK = 1024  # bytes; files that were cut are cut at multiples of it
AHEAD = timedelta(days=2)  # a zone, and a clock that is off
SHELL_CHARS = 60  # beside the title: a page with scripts and no more text than that is filled by them
WALL_CHARS = 20_000  # a page that long holds more than a wall
# A gap that was not filled in, of whatever engine: {name}, [[name]], %NAME%, __NAME__, <<name>>, ${name}, :name:
GAP = re.compile(
    r"\{\w{2,40}(?:\.\w{1,40}){0,3}\}|\[\[?\w{2,40}(?:[._]\w{1,40}){1,3}\]\]?|%\w{3,40}%|__[A-Z]\w{1,40}__|<<\w{2,40}>>|\$\{?[a-z]\w{1,40}\.\w{1,40}\}?"
)


class Aids(NamedTuple):
    """What other rooms know; handed in, so that rooms stay apart."""

    find_residue: Callable[[str], Sequence[Cut]]
    layouts: tuple[Selectors, ...] = ()


def judge_page(page: Page | Unreadable, found: Thread | NoThread | None, aids: Aids) -> list[Reason]:
    """Return the reasons against a page by itself, worst first; none for a page that passes.

    `found` is what the splitters made of it, None for an input that gave no page.
    """
    if isinstance(page, Unreadable) or found is None:
        what = page.reason if isinstance(page, Unreadable) else "nothing was read"
        return [give_reason("unreadable", what=what)]
    reasons = [*_judge_text(page), *_judge_templates(page, found, aids.find_residue)]
    if not found.layout.startswith(KNOWN_LAYOUT):
        reasons += find_lost_selectors(page, aids.layouts)
    reasons += _judge_wall(page, found) if isinstance(found, NoThread) else _judge_thread(page, found)
    order = ("fail", "suspect", "note")
    return sorted(reasons, key=lambda reason: order.index(reason.severity))


# -- the page as a whole --------------------------------------------------------------------------------------------------


def _judge_text(page: Page) -> Iterator[Reason]:
    text = page.text
    if page.replacement_count > max(FEW, UNDECODABLE * len(text)):
        share, at = f"{page.replacement_count / len(text):.1%}", max(text.find("\ufffd"), 0)
        yield give_reason("undecodable", text, max(at - 20, 0), at + 20, count=f"{page.replacement_count:,}", share=share)
    elif (wrong := find_wrong_encoding(text)) is not None:
        yield give_reason("wrong-encoding", text, max(wrong.start - 20, 0), wrong.end + 20, count=f"{wrong.number:,}")
    if (garbage := find_garbage(text)) is not None:
        yield give_reason("garbage", text, garbage.start, garbage.end, count=f"{garbage.number:,}")
    if (how := _how_cut_off(page)) is not None:
        yield give_reason("cut-off", text, max(len(text) - 60, 0), what=how)


def _how_cut_off(page: Page) -> str | None:
    """Return how a page shows that it breaks off; None where it ends as pages do."""
    if page.markup is not None:
        closed = any(page.markup.holds(end) for end in ("</html>", "</HTML>", "</body>", "</BODY>"))
        opened = any(page.markup.holds(start) for start in ("<body", "<BODY"))
        return None if closed or not opened else "its last element is never closed"
    is_block = page.format in ("txt", "html") and page.bytes is not None and page.bytes % BLOCK == 0
    if is_block and not ends_as_sentence(page.text.rstrip()):
        return f"it ends in the middle of a sentence, after exactly {page.bytes:,} bytes"
    return None


def _judge_templates(page: Page, found: Thread | NoThread, find_residue: Callable[[str], Sequence[Cut]]) -> Iterator[Reason]:
    """Judge the template expressions of a page that do not stand in posts, where they may be what people write about."""
    posts = [(claim.start, claim.end) for claim in found.claims if claim.post is not None and claim.role in POSTS]
    cut = [residue for residue in find_residue(page.text) if not any(start <= residue.start < end for start, end in posts)]
    if len(cut) >= TEMPLATES:
        kind = "template-residue" if isinstance(found, Thread) and _is_filled(found) else "template-switched-off"
        yield give_reason(kind, page.text, cut[0].start, cut[0].end, count=len(cut))


def _is_filled(thread: Thread) -> bool:
    """Whether most posts have a text: what nobody filled in stands beside them; authors who are gone are told by themselves."""
    posts = [thread.question, *thread.answers]
    return sum(bool(post.body) for post in posts) >= HALF * len(posts)


def _judge_wall(page: Page, found: NoThread) -> Iterator[Reason]:
    if found.check != "no-thread":
        yield give_reason("no-thread", what=found.reason)
        return
    head = page.text[:WALL_CHARS] if len(page.text) <= WALL_CHARS else ""
    title = f"{page.title or ''}\n"
    for rule, stretch in find_phrases(title + head, "wall"):
        start = stretch.start - len(title)
        yield give_reason(rule.id, page.text, max(start, 0), max(stretch.end - len(title), 0))
        return
    if page.markup is not None and page.markup.holds("<script") and len(page.text) - len(page.title or "") < SHELL_CHARS:
        yield give_reason("script-shell")
        return
    yield give_reason("no-thread", page.text, 0, 80, what=found.reason)


# -- a thread -------------------------------------------------------------------------------------------------------------


def _judge_thread(page: Page, thread: Thread) -> Iterator[Reason]:
    yield from _judge_counts(page, thread)
    if thread.confidence < SUSPECT_BELOW:
        yield give_reason("low-confidence", confidence=f"{thread.confidence:.2f}")
    if thread.question.body is None and thread.answers:
        yield give_reason("question-missing")
    places = _Places(page, thread)
    yield from _judge_bodies(places)
    yield from _judge_words(places)
    yield from _judge_authors(places)
    yield from _judge_edges(places)


class _Places:
    """A thread's posts, and where each of them stands in the text."""

    def __init__(self, page: Page, thread: Thread) -> None:
        self.text, self.thread, self.answers = page.text, thread, thread.answers
        self.posts: list[tuple[int, Post]] = list(enumerate([thread.question, *thread.answers]))
        self.bodies = [(number, post.body) for number, post in self.posts if post.body]

    def give(self, kind: str, number: int, *, last: bool = False, **told: object) -> Reason:
        """Return a reason that points at a post: at its first stretch, or at the end of its last."""
        mine = [claim for claim in self.thread.claims if claim.post == number and claim.role != "title"]
        bodies = [claim for claim in mine if claim.role in ("question", "answer", "code")]
        claim: Claim | None = (bodies or mine or [None])[-1 if last else 0]  # type: ignore[list-item]
        if claim is None:
            return give_reason(kind, **told)
        start = max(claim.start, claim.end - 60) if last else claim.start
        return give_reason(kind, self.text, start, claim.end, **told)

    def find(self, kind: str, quote: str, **told: object) -> Reason:
        """Return a reason that points at the first place of some words."""
        return give_reason(kind, *_place(self.text, quote), **told)


def _judge_counts(page: Page, thread: Thread) -> Iterator[Reason]:
    declared, found = thread.declared_answer_count, len(thread.answers)
    if declared is not None and declared != found:
        count = next((claim for claim in thread.claims if claim.role == "count"), None)
        where = (page.text, count.start, count.end) if count else ()
        yield give_reason("fewer-answers" if found < declared else "more-answers", *where, declared=declared, found=found)
    if declared is None or declared > found:
        for _, stretch in find_phrases(page.text, "folded"):
            yield give_reason("answers-folded", page.text, stretch.start, stretch.end)


def _judge_bodies(places: _Places) -> Iterator[Reason]:
    answers = [(number, post.body) for number, post in places.posts[1:]]
    empty = [number for number, body in answers if not body]
    if len(empty) > 1 and len(empty) >= HALF * len(answers):
        yield places.give("answers-empty", empty[0], count=len(empty), of=len(answers))
    bodies = [(number, body) for number, body in answers if body]
    teased = [number for number, body in bodies if breaks_off(body)]
    if len(teased) > 1 and len(teased) >= HALF * len(bodies):
        yield places.give("answers-teased", teased[0], last=True, count=len(teased), of=len(bodies))
    longest = max((len(body) for _, body in bodies), default=0)
    capped = [number for number, body in bodies if len(body) >= longest - 1]
    open_ends = sum(not ends_as_sentence(body) for number, body in bodies if number in capped)
    if len(capped) >= FEW and longest > LONG_BODY and open_ends >= HALF * len(capped):
        yield places.give("answers-cut", capped[0], last=True, count=len(capped), chars=f"{longest:,}")


def _judge_words(places: _Places) -> Iterator[Reason]:
    """Judge what stands in the bodies of the first posts: markup, data, the same text twice."""
    bodies = places.bodies[:MAX_POSTS]
    kinds: tuple[tuple[str, Callable[[str], bool]], ...] = (
        ("markup-in-text", has_markup),
        ("raw-data", lambda body: RAW_DATA.match(body) is not None),
    )
    for kind, shows in kinds:
        found = [number for number, body in bodies if shows(body)]
        if len(found) > 1 and len(found) >= HALF * len(bodies):
            yield places.give(kind, found[0], count=len(found), of=len(bodies))
    counted = Counter(body for _, body in places.bodies if len(body) >= LONG_BODY)
    twice = [number for number, body in places.bodies if counted[body] > 1]
    again = sum(count - 1 for count in counted.values())
    if again > 1 or (again == 1 and len(places.bodies) <= FEW):
        yield places.give("posts-repeated", twice[-1], count=again, of=len(places.bodies))


def _judge_authors(places: _Places) -> Iterator[Reason]:
    answers = places.answers
    names = [post.byline.name or post.byline.profile_url or post.byline.role if post.byline else None for post in answers]
    if len(answers) >= FEW and not any(names):
        yield places.give("authors-missing", 1, of=len(answers))
    asker = places.thread.question.byline
    if len(answers) > FEW and names[0] and len(set(names)) == 1 and asker and asker.name == names[0]:
        yield places.find("one-author", names[0], of=len(answers))


def _judge_edges(places: _Places) -> Iterator[Reason]:
    bodies = places.bodies[:MAX_POSTS]
    if len(bodies) < FEW:
        return
    counted = Counter(edge for _, body in bodies for edge in edges_of(body))
    counted.update(gap for _, body in bodies for gap in set(GAP.findall(body)))
    edge, count = max(counted.items(), key=lambda item: (item[1], len(item[0])), default=("", 0))
    if count >= FEW and count > 0.6 * len(bodies):
        words = edge.strip("… ").split("0")[0].strip() or edge
        found = places.find("unknown-residue", words, count=count, of=len(bodies))
        yield found._replace(quote=edge)


# -- dates: they are read once all rows of a page are made ----------------------------------------------------------------


def judge_dates(
    printed: list[tuple[str, datetime | None]], text: str, fetched_at: datetime | None, now: datetime, *, is_relative: bool
) -> list[Reason]:
    """Return the reasons against a page's dates: pairs of what is printed and what was read in UTC, None for unread.

    `is_relative`: what is unread could be read if the time of the fetch were known.
    """
    reasons = []
    unread = [raw for raw, read in printed if read is None]
    if unread and (is_relative or len(unread) >= HALF * len(printed)):
        told = {"count": len(unread), "of": len(printed), "example": repr(unread[0][:40])}
        reasons.append(give_reason("dates-relative" if is_relative else "dates-unparsable", *_place(text, unread[0]), **told))
    latest = (fetched_at or now) + AHEAD
    ahead = next((raw for raw, read in printed if read is not None and read > latest), None)
    if ahead is not None:
        reasons.append(give_reason("dates-ahead", *_place(text, ahead), example=repr(ahead[:40])))
    return reasons


def _place(text: str, words: str) -> tuple[str, int | None, int | None]:
    at = text.find(words)
    return ("", None, None) if at < 0 else (text, at, at + len(words))
