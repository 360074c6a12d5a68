"""A flattened forum page, one column of lines → a thread: bodies by a trained network, decoded over the whole page.

Asked where the readings of the layouts have little to say. Navigation, names, dates, buttons and posts all stand on lines of
their own here; what a line is shows in how its like recur on the page.
"""

from __future__ import annotations

import re

from flows.records import Cues, Line, NoThread, Page, Post, Thread
from flows.split.flat.bare import split_bare
from flows.split.flat.decode import decode_bodies, sureness
from flows.split.flat.fates import LineFates
from flows.split.flat.features import FIRST_KIND, Seen, load_kinds, see_page
from flows.split.flat.network import Guess, guess_lines
from flows.split.flat.reading import MAX_ANSWERS
from flows.split.flat.slots import Slots, drop_unsigned, find_slots, join_undated
from flows.split.flat.traces import is_bare

RULE, LAYOUT = "flat-column", "flat:column"
MAX_LINES = 20_000  # a longer text is no page of a forum
MAX_TITLE = 200  # characters
TITLE_REACH = 40  # lines above the first body
LEAST_TITLE = 0.8  # of a title's score
TITLE_LABEL = re.compile(r"(?:thread|topic|subject|thema|betreff|sujet|tema|oggetto|onderwerp|temat) ?: ?", re.IGNORECASE)
TITLE_NEVER = ("button", "entry", "foot", "paging", "counted", "script", "replies", "joined", "listed")
COUNT_REACH = 15  # lines from a body to the count of answers that belongs to it
FURNITURE, MIN_FURNITURE = ("button", "entry", "foot", "paging", "listed", "script"), 8
MIN_LINES = 16  # of a page that has more labels than sentences
LEAST = 0.3  # of confidence: under it the lines say too little


def split_column(page: Page, lines: list[Line], cues: Cues) -> Thread | NoThread | None:
    """Return the thread that a column of lines shows, or why it has none; None where the lines are no page of a site.

    A page of a site has its furniture: menus, buttons, notices. Without it, text may still be a thread of another layout. Text
    of bare sentences, in which no two posts stand beside a name or a date, is cut at what traces are left.
    """
    bare = is_bare(lines)
    column = _read_column(page, lines, cues) if 3 <= len(lines) <= MAX_LINES else None
    if bare and (column is None or (isinstance(column, Thread) and not column.answers)):
        return split_bare(page, lines, cues)
    return column


def _read_column(page: Page, lines: list[Line], cues: Cues) -> Thread | NoThread | None:
    seen = see_page(page.text, lines)
    guess = guess_lines(seen)
    bodies = decode_bodies(guess)
    slots = find_slots(lines, seen, guess, bodies)
    bodies, slots = drop_unsigned(*join_undated(bodies, slots))
    if _is_thread(bodies, slots):
        thread = _Column(page, lines, seen, guess, cues).compose(bodies, slots)
        if thread.confidence >= LEAST:
            return thread
    return _Column(page, lines, seen, guess, cues).refuse() if _is_furnished(seen) else None


def _is_thread(bodies: list[tuple[int, int]], slots: list[Slots]) -> bool:
    """Whether at least half of the bodies have a name or a date beside them; one that stands alone must have both."""
    if len(bodies) == 1:
        return slots[0].author is not None and slots[0].date is not None
    return 0 < len(bodies) <= 2 * sum(slot.author is not None or slot.date is not None for slot in slots)


def _is_furnished(seen: Seen) -> bool:
    """Whether a good part of the lines are a site's doors, buttons, switches, notices, or hardly one is prose."""
    total = len(seen.prose)
    _, kinds = load_kinds()
    columns = [FIRST_KIND + kinds.index(kind) for kind in FURNITURE]
    found = int((seen.rows[:, columns] > 0).any(axis=1).sum())
    labels = sum([said == 0 for said in seen.prose])
    if found >= MIN_FURNITURE and found >= 0.08 * total:
        return True
    return total >= MIN_LINES and (labels >= 0.8 * total or (labels >= 0.55 * total and 4 * found >= MIN_FURNITURE))


class _Column:
    """The fates of the lines of one page while its posts are put together."""

    def __init__(self, page: Page, lines: list[Line], seen: Seen, guess: Guess, cues: Cues) -> None:
        self.held = LineFates(page, lines, cues, RULE)
        self.page, self.lines, self.seen, self.guess = page, lines, seen, guess
        self.rank = FIRST_KIND + load_kinds()[1].index("role")

    def compose(self, bodies: list[tuple[int, int]], slots: list[Slots]) -> Thread:
        sure = sureness(self.guess, bodies)
        posts = [
            self._post(number, body, slot, confidence)
            for number, (body, slot, confidence) in enumerate(zip(bodies, slots, sure, strict=True))
        ]
        title = self._title(bodies)
        declared = self._declared(bodies)
        confidence = round(sum(post.confidence for post in posts) / len(posts), 2)
        return Thread(
            title=title, question=posts[0], answers=posts[1:], claims=self.held.claims(),
            declared_answer_count=declared, layout=LAYOUT, confidence=confidence,
        )  # fmt: skip

    def refuse(self) -> NoThread:
        """Return that the page holds no thread, with the fate of every line."""
        claims = self.held.claims()
        return NoThread("no-thread", "a page of a site on which no post with its name or date shows", claims, layout=LAYOUT)

    def _post(self, number: int, body: tuple[int, int], slot: Slots, sure: float) -> Post:
        post = Post(confidence=round(max(0.05, min(0.99, sure)), 2))
        post.body = self.held.take_body(number, *body)
        if slot.author is not None:
            post.byline = self.held.take_byline(number, *slot.author)
        if slot.date is not None:
            post.posted_at_raw = self.held.take_date(number, *slot.date)
        return post

    def _title(self, bodies: list[tuple[int, int]]) -> str | None:
        """Return the thread's title: the line above the first body that the page says most often, or its head says."""
        first = bodies[0][0]
        said = frozenset(
            word for low, high in bodies[:3] for line in self.lines[low : high + 1] for word in _long_words(line.text)
        )
        chosen = [at for at in range(max(0, first - TITLE_REACH), first) if self._may_head(at)]
        best = max(chosen, key=lambda at: self._title_score(at, first, said), default=None)
        if best is None or self._title_score(best, first, said) < LEAST_TITLE:
            return None
        text = self.lines[best].text
        label = TITLE_LABEL.match(text)
        if label is not None and self.held.claim_piece(best, label.end(), len(text), ("title", RULE, 0)):
            return text[label.end() :]
        self.held.fates[best] = ("title", RULE, 0)
        return text

    def _may_head(self, at: int) -> bool:
        """Whether a line may be a title: words that are the page's own, more than a date."""
        line, date = self.lines[at], self.seen.dates[at]
        if line.role is not None or at in self.held.parts or line.cuts or not 1 < len(line.text) <= MAX_TITLE:
            return False
        if date is not None and 2 * (date.end - date.start) > len(line.text):
            return False
        return sum([len(word) > 1 and word[0].isalpha() for word in line.text.split()]) >= 2

    def _title_score(self, at: int, first: int, said: frozenset[str]) -> float:
        """How well a line would head the posts below: said again, in their words, near them, no button and no trail."""
        text = self.lines[at].text
        known = " ".join((self.page.title or "").casefold().split())
        words = text.split()
        same = sum([text == other.text for other in self.lines])
        again = sum([text in other.text for other in self.lines[:60]]) - 1  # the line itself is among them
        trail = any(mark in text for mark in (" > ", "›", "»", "‹", " / ", "←", "→", " · "))
        ranked = (len(words) <= 3 and self.seen.rows[at, self.rank] > 0) or text[0] in "•◦-·"
        long = _long_words(text)
        score = min(again, 3) if same <= 3 else -1.0
        score += 2.0 * (bool(known) and text.casefold() in known) - 2.0 * trail - 2.0 * ranked + min(len(words), 8) / 8
        score += 2.0 * sum([word in said for word in long]) / max(2, len(long)) - 3.0 * self._furnished(words)
        return (
            score
            + 0.5 * (self.seen.dates[at] is None)
            - 0.04 * (first - at)
            + 0.3 * (text[-1] not in ":.,»>")
            - 1.5 * (text[-1] == ".")
        )

    def _furnished(self, words: list[str]) -> bool:
        """Whether every second word of a line is a site's own: a door, a button, a page switch, a count."""
        bits, kinds = load_kinds()
        own = sum(1 << kinds.index(kind) for kind in TITLE_NEVER)
        small = 1 << kinds.index("small")
        plain = [word.strip(".,:;!?()•·«»").casefold() for word in words]
        weighty = [word for word in plain if word and not bits.get(word, 0) & small]
        return 2 * sum([bool(bits.get(word, 0) & own) or not word[0].isalpha() for word in weighty]) >= len(weighty)

    def _declared(self, bodies: list[tuple[int, int]]) -> int | None:
        """Return the count of answers that stands right above the first body or right below it."""
        low = max(0, bodies[0][0] - COUNT_REACH)
        high = bodies[1][0] if len(bodies) > 1 else min(len(self.lines), bodies[0][1] + COUNT_REACH)
        for at in range(low, high):
            line = self.lines[at]
            digits = ((line.values or {}).get("count") or "").replace(",", "").replace(".", "")
            if line.role == "count" and digits.isdecimal() and len(digits) <= 5 and int(digits) <= MAX_ANSWERS:
                if int(digits) != len(bodies) - 1:
                    continue  # of all pages of the thread, or of another one
                self.held.fates[at] = ("count", line.rule or RULE, 0)
                return int(digits)
        return None


def _long_words(text: str) -> list[str]:
    """The words of a line that say what it is about: those of four letters or more."""
    return [word for word in (part.strip(".,:;!?()[]\"'“”„«»*").casefold() for part in text.split()) if len(word) >= 4]
