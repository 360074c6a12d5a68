"""Pages of an unknown site → what a person would otherwise write by hand: proposed layouts, and rules for lines that recur.

Nothing that is proposed here is active: it is written for review, and a person switches it on.
"""

from __future__ import annotations

import heapq
import logging
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from flows.authors.vocabulary import closings, read_table
from flows.discovering.looks import Looks
from flows.discovering.recurring import LineTable, PostLines
from flows.discovering.sketches import PageSeen, Sketch
from flows.errors import Fault
from flows.pipeline import CUES, split_page
from flows.read.batches import delete_spools, plan_batches, read_batch
from flows.records import Claim, NoThread, Page, Thread, Unreadable
from flows.rules import SHORT_LINE
from flows.sightings import tell_page
from flows.split.engines import Layout, read_layouts
from flows.split.markup.dates import iter_dates
from flows.split.markup.known import find_known
from flows.split.markup.survey import Survey
from flows.split.markup.threads import read_thread
from flows.split.markup.trimming import find_trims
from flows.split.repeats import find_posts
from flows.strip.artifacts import split_lines
from flows.strip.widgets import claim_line
from flows.targets import Roots

log = logging.getLogger("threadmill")

MOST_SAMPLED = 120  # pages of which the elements are kept, 100 KB each
MOST_THREADLESS = 30  # pages without a thread that a layout must not take for its own
LEAST_CONFIDENCE = 0.5  # of the general splitter, so that a page is learned from
BODY_ROLES = frozenset({"question", "answer", "comment", "headline"})
CITED = frozenset({"blockquote", "pre", "code"})


@dataclass(slots=True)
class Found:
    """What was seen of a batch: how many pages of which kind, a sample of them as numbers, and the lines of all bodies."""

    lines: LineTable
    looks: Looks = field(default_factory=Looks)
    pages: int = 0
    threads: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)  # by check
    without: int = 0  # pages that were read and hold no thread
    known: Counter[str] = field(default_factory=Counter)  # pages that a known layout read, by its id
    texts: int = 0  # threads of flat text
    unsure: int = 0  # threads of which too little is sure to learn from
    ruled: Counter[str] = field(default_factory=Counter)  # lines in bodies that a rule knows and HTML pages keep all the same
    sites: Counter[str] = field(default_factory=Counter)
    sample: Sample = field(default_factory=lambda: Sample(MOST_SAMPLED))
    threadless: Sample = field(default_factory=lambda: Sample(MOST_THREADLESS))


class Sample:
    """As many pages of a batch as are kept, the same ones whatever their order: those with the smallest digests."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[int, str]] = []
        self._held: dict[str, Sketch] = {}

    def admits(self, page: Page) -> bool:
        """Whether a page is to be kept, as far as is known by now."""
        return page.digest not in self._held and (len(self._heap) < self._most or -int(page.digest, 16) > self._heap[0][0])

    def add(self, page: Page, sketch: Sketch) -> None:
        """Keep a page; another goes where there are too many."""
        heapq.heappush(self._heap, (-int(page.digest, 16), page.digest))
        self._held[page.digest] = sketch
        if len(self._heap) > self._most:
            del self._held[heapq.heappop(self._heap)[1]]

    def sketches(self) -> list[Sketch]:
        """Return what is kept, in the order of digests."""
        return [self._held[digest] for digest in sorted(self._held)]

    def digests(self) -> dict[str, Sketch]:
        """Return what is kept by the digest of its page."""
        return self._held


def iter_pages(targets: Roots, only: frozenset[str] | None = None) -> Iterator[Page | Unreadable]:
    """Yield the pages of some inputs in their order, or why there is none; `only`: of these digests.

    Raises Fault where one cannot be read.
    """
    for root, inputs in targets:
        with TemporaryDirectory() as spool:
            try:
                for batch in plan_batches(inputs, root, Path(spool)):
                    for page in read_batch(batch):
                        if only is None or (isinstance(page, Page) and page.digest in only):
                            yield page
                    delete_spools(batch)
            except OSError as error:
                raise Fault(f"{error.filename or root}: {error.strerror or error}; nothing was written") from error


def survey_pages(pages: Iterator[Page | Unreadable], layouts: str = "all") -> Found:
    """Split every page as `clean` does and return what was seen of all; `layouts` is "all" or "none"."""
    known = read_layouts() if layouts == "all" else ()
    found = Found(LineTable(iter_dates, is_own))
    for page in pages:
        found.pages += 1
        if isinstance(page, Unreadable):
            found.unreadable[page.check] += 1
            continue
        try:
            thread = _survey_page(page, known, found)
        except Exception:
            log.exception("%s: the page failed", page.source)
            found.unreadable["defect"] += 1
            continue
        if thread is None:
            found.without += 1
        else:
            found.threads += 1
            found.sites.update([page.site] if page.site else [])
            found.lines.add_page(page.source, _tell_lines(page, thread, found))
    return found


def _survey_page(page: Page, known: tuple[Layout, ...], found: Found) -> Thread | None:
    """Return the thread of a page, and keep how its elements stand where no layout knows it; None: it holds none."""
    if page.markup is not None:
        survey = Survey(page, page.markup)
        by_layout = find_known(survey, known)
        posts = by_layout or find_posts(survey)
        if posts is not None:
            trims = find_trims(survey, posts)
            if by_layout is not None:
                found.known[by_layout.how.removeprefix("layout:")] += 1
            elif posts.confidence < LEAST_CONFIDENCE:
                found.unsure += 1
            elif found.sample.admits(page):
                found.sample.add(page, Sketch(page.markup, tell_page(survey, posts, trims), found.looks))
            return read_thread(survey, CUES, posts, trims)
        if found.threadless.admits(page):
            found.threadless.add(page, Sketch(page.markup, PageSeen(page.source, []), found.looks))
    thread = split_page(page, "none")
    if isinstance(thread, NoThread):
        return None
    found.texts += 1
    return thread


# -- lines ------------------------------------------------------------------------------------------------------------------


def _tell_lines(page: Page, thread: Thread, found: Found) -> list[PostLines]:
    """Return the lines that went into each post's body, folded, as they stand on the page."""
    held: dict[int, list[str]] = {}
    cited = _cited(page)
    claims = [claim for claim in thread.claims if claim.end > claim.start]
    begins = [claim.start for claim in claims]
    for start, end in zip(*split_lines(page.text), strict=True):
        line = " ".join(page.text[start:end].split())
        post = _post_at(claims, begins, start, end) if line else None
        if post is None or cited[start:end].count(1):
            continue
        rule = claim_line(line) if len(line) <= SHORT_LINE else None
        if rule is not None and rule.role != "artifact":
            found.ruled[rule.rule] += 1
        held.setdefault(post, []).append(line)
    posts = [thread.question, *thread.answers, *(remark.post for remark in thread.remarks)]
    return [
        PostLines(byline.name if (byline := posts[at].byline) is not None else None, tuple(lines), at == 0)
        for at, lines in sorted(held.items())
    ]


def _cited(page: Page) -> bytearray:
    """Return by character whether it stands in a quotation or in code: words that were brought along."""
    cited, markup = bytearray(len(page.text)), page.markup
    for number, tag in enumerate(markup.tags) if markup is not None else ():
        if tag in CITED and markup is not None and markup.first[number] < markup.last[number]:
            start, end = markup.starts[markup.first[number]], markup.stops[markup.last[number] - 1]
            cited[start:end] = b"\1" * (end - start)
    return cited


def _post_at(claims: Sequence[Claim], begins: list[int], start: int, end: int) -> int | None:
    """Return the post that a line stands in the body of, whole; None: in none."""
    at = bisect_right(begins, start) - 1
    if at < 0:
        return None
    claim = claims[at]
    return claim.post if claim.role in BODY_ROLES and claim.end >= end else None


def is_own(line: str) -> bool:
    """Whether a line is what people write of their own accord in post after post: a greeting, thanks, a closing, a name.

    Lines that a rule knows already are none that a new one is needed for.

    >>> is_own("Thanks in advance!"), is_own("Kind regards,"), is_own("Sent from my Talkphone")
    (True, True, False)
    """
    folded = " ".join(line.casefold().replace("’", "'").split())
    bare = folded.strip(" .,;:!?-–—")
    if not any(map(str.isalpha, bare)) or bare in closings():
        return True
    opening = next((word for word in _openings() if folded.startswith(word)), None)
    if opening is not None and not folded[len(opening) : len(opening) + 1].isalnum():
        return True
    return claim_line(line) is not None or CUES.is_salutation(line) or CUES.is_name_line(line)


@cache
def _openings() -> tuple[str, ...]:
    table = read_table("salutations")
    return tuple(sorted({*table["thanks"]["openings"], *table["greetings"]["words"], *table["greetings"]["addressed"]}))
