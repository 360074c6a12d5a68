"""Text that kept only its sentences → a thread, cut where a trace of a post is left; else one record of low confidence."""

from __future__ import annotations

from flows.records import Cues, Line, Page, Post, Thread
from flows.split.flat.fates import DROPPED, LineFates
from flows.split.flat.traces import Named, Traces, find_traces

RULE, LAYOUT = "flat-traces", "flat:traces"
LEAST, LEAST_DECLARED = 0.7, 0.4  # of a chance: below it no post begins, where the page declares no count and where it does
LEAST_BEST = 0.72  # of the likeliest beginning, without which a page is left whole
MOST_SURE = 0.4  # posts that nothing parts from their neighbours are the rule here, so the rest may hold several
UNSPLIT = 0.3  # confidence in a text that is left whole
DOUBTED = 0.2  # the same where the page says that it holds replies
MIN_OPENING = 25  # characters of a question; less is a heading
MIN_PROSE = 40  # characters of the longest line; a text of shorter ones is debris
MAX_QUESTION = 100_000  # characters of a text that is left whole; no post has more
MAX_LINES = 5_000


def split_bare(page: Page, lines: list[Line], cues: Cues) -> Thread | None:
    """Return the thread of a text of bare sentences; None where it is debris alone, or too long to be left whole.

    Posts are parted where evidence is strong. Where it is not, the whole text is one question at low confidence: an answer that
    is not there is worse than one that is not found.
    """
    if len(lines) > MAX_LINES:
        return None
    found = find_traces(lines, cues)
    content = [
        at for at, line in enumerate(lines) if line.role not in DROPPED and at not in found.taken and line.role != "count"
    ]
    body = [at for at in content if at != found.title]
    chars = [len(lines[at].text) for at in body]
    if not body or max(chars) < MIN_PROSE:
        return None
    starts = _choose_starts(found, body, lines)
    if not starts and sum(chars) > MAX_QUESTION:
        return None
    return _Bare(page, lines, cues, found).compose([body[0], *starts], body)


def _choose_starts(found: Traces, body: list[int], lines: list[Line]) -> list[int]:
    """Return the lines at which answers begin."""
    chances = found.chances
    after = [at for at in body[1:] if chances[at] > 0]
    if found.declared is not None:
        wanted = found.declared[1]
        if not wanted:
            return []
        likeliest = sorted(after, key=lambda at: (-chances[at], at))[:wanted]
        starts = sorted(at for at in likeliest if chances[at] >= LEAST_DECLARED)
        return starts if len(starts) == wanted or max((chances[at] for at in starts), default=0.0) >= LEAST_BEST else []
    starts = [at for at in after if chances[at] >= LEAST]
    if starts and _is_heading(found, body, starts, lines):
        found.title = found.title if found.title is not None else body[0]
        starts = starts[1:]
    return starts if max((chances[at] for at in starts), default=0.0) >= LEAST_BEST else []


def _is_heading(found: Traces, body: list[int], starts: list[int], lines: list[Line]) -> bool:
    """Whether the one line above the first beginning is a heading: short, and more posts follow or it asks nothing."""
    first = body[0]
    if starts[0] != body[1] or first in found.bylines:
        return False
    text = lines[first].text
    return len(text) < MIN_OPENING or (len(text) <= 100 and text.count(". ") == 0 and (len(starts) > 1 or text[-1] != "?"))


class _Bare:
    """The posts of one page while they are put together."""

    def __init__(self, page: Page, lines: list[Line], cues: Cues, found: Traces) -> None:
        self.lines, self.found = lines, found
        self.held = LineFates(page, lines, cues, RULE)
        for at, rule in found.taken.items():
            self.held.fates[at] = ("chrome", rule, None)

    def compose(self, starts: list[int], body: list[int]) -> Thread:
        title = None
        if self.found.title is not None:
            title = self.lines[self.found.title].text
            self.held.fates[self.found.title] = ("title", RULE, 0)
            starts = [at for at in starts if at != self.found.title] or starts
            if starts[0] > self.found.title and body[0] == self.found.title:
                starts = sorted({body[1], *starts}) if len(body) > 1 else starts
        ends = [*(at - 1 for at in starts[1:]), body[-1]]
        posts = [self._post(number, low, high, starts) for number, (low, high) in enumerate(zip(starts, ends, strict=True))]
        if self.found.starter is not None:
            self._sign(posts[0], 0, self.found.starter)
        declared = self._declare()
        whole = len(posts) == 1
        confidence = min(post.confidence for post in posts) if whole else sum(post.confidence for post in posts) / len(posts)
        return Thread(
            title=title, question=posts[0], answers=posts[1:], claims=self.held.claims(), declared_answer_count=declared,
            layout=LAYOUT, confidence=round(confidence, 2),
        )  # fmt: skip

    def _post(self, number: int, low: int, high: int, starts: list[int]) -> Post:
        post = Post(confidence=self._sureness(number, starts))
        named = self.found.bylines.get(low)
        if named is None:
            post.body = self.held.take_body(number, low, high)
        elif named.until is None:
            post.body = self.held.take_body(number, low + 1, high)
            self._sign(post, number, named)
        else:
            post.body = self._take_rest(number, low, high, named.until)
            self._sign(post, number, named)
        return post

    def _take_rest(self, number: int, low: int, high: int, until: int) -> str | None:
        """Give the words behind a name to a post, and the lines below."""
        text = self.lines[low].text
        begin = until + len(text[until:]) - len(text[until:].lstrip())
        if not self.held.claim_piece(low, begin, len(text), ("answer" if number else "question", RULE, number)):
            return self.held.take_body(number, low, high)
        below = self.held.take_body(number, low + 1, high) if high > low else None
        return text[begin:] + ("\n" + below if below else "")

    def _sign(self, post: Post, number: int, named: Named) -> None:
        if named.author is not None and post.byline is None:
            post.byline = self.held.take_byline(number, *named.author)
        if named.date is not None and post.posted_at_raw is None:
            post.posted_at_raw = self.held.take_date(number, *named.date)

    def _declare(self) -> int | None:
        if self.found.declared is None:
            return None
        at, count = self.found.declared
        if at not in self.held.parts:
            self.held.fates[at] = ("count", self.lines[at].rule or self.found.taken.get(at, RULE), 0)
        return count

    def _sureness(self, number: int, starts: list[int]) -> float:
        """How sure a post is: by what parts it from its neighbours; a text that is left whole says nothing."""
        chances = self.found.chances
        if len(starts) == 1:
            wanted = self.found.declared[1] if self.found.declared else None
            return DOUBTED if wanted or (wanted is None and self.found.is_thread) else UNSPLIT
        opens = chances[starts[number]] if number else 1.0
        closes = chances[starts[number + 1]] if number + 1 < len(starts) else 1.0
        agrees = self.found.declared is not None and self.found.declared[1] == len(starts) - 1
        return round(max(0.05, min(0.9, opens * closes * (1.0 if agrees else MOST_SURE))), 2)
