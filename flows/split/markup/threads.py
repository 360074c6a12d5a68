"""Boxes → the thread: posts read into fields, and the fate of every character."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cached_property

from flows.records import Byline, Claim, Cues, Cut, Post, Remark, Thread
from flows.split.markup.bodies import Context, read_contexts, render
from flows.split.markup.boxes import Box, Found
from flows.split.markup.marks import Mark
from flows.split.markup.survey import Survey, join_address

Stretch = tuple[int, int, str, str, int | None]  # start, end, role, rule, post
LOOK_UP = 4  # elements around a name in which its link is looked for


def read_thread(survey: Survey, cues: Cues, found: Found, trims: dict[int, str]) -> Thread:
    """Return the thread of the boxes that were found; its claims partition the page's text.

    `trims` are the pieces that are cut from the bodies, with the rule that cuts each.
    """
    reader = _Reader(survey, cues, found, trims)
    return reader.read()


class _Reader:
    """The fate of every piece of one page while its posts are read."""

    def __init__(self, survey: Survey, cues: Cues, found: Found, trims: dict[int, str]) -> None:
        self.survey, self.cues, self.found, self.trims = survey, cues, found, trims
        self.text, self.markup = survey.text, survey.markup
        self.rule = f"html-{found.how}"
        self.fates: list[tuple[str, str, int | None]] = [("chrome", "outside-posts", None)] * survey.pieces
        self.bodies: set[int] = set()  # pieces that stand in the body of some post
        self.taken: set[int] = set()  # where marks start that a post has
        self.stretches: list[Stretch] = []  # parts of pieces with a fate of their own

    def read(self) -> Thread:
        found = self.found
        for box in found.boxes:
            for piece in range(box.first, box.last):
                self.fates[piece] = ("chrome", "beside-body", None)
        shift = 0 if found.opening is not None else 1
        for box in [*found.boxes, *(box for _, box in found.remarks)]:
            if box.body is not None:
                self.bodies.update(
                    range(self.markup.first[box.body] if box.head is None else box.head, self.markup.last[box.body])
                )
        posts = [self._read_box(box, at + shift) for at, box in enumerate(found.boxes)]
        for at, box in enumerate(found.boxes):
            posts[at].parent = None if box.parent is None else box.parent + shift
        remarks = [
            Remark(self._read_box(box, len(posts) + shift + at, "comment"), under + shift)
            for at, (under, box) in enumerate(found.remarks)
        ]
        question, answers = (posts[0], posts[1:]) if found.opening is not None else (Post(confidence=found.confidence), posts)
        title = None
        if found.title is not None:
            title = self._read_title(found.title)
        if found.declared_at is not None and bisect_right(self.markup.starts, found.declared_at[0]) - 1 not in self.bodies:
            self.stretches.append((*found.declared_at, "count", "html-count", 0))
        return Thread(
            title=title, question=question, answers=answers, claims=self._claim(), declared_answer_count=found.declared,
            layout=f"html:{found.how}", confidence=found.confidence, remarks=remarks,
        )  # fmt: skip

    def _read_title(self, stretch: tuple[int, int]) -> str | None:
        """Return the title without template residue; None where nothing else is left of it."""
        kept, at = [], stretch[0]
        for cut in [*self.cues.find_residue(self.text[at : stretch[1]]), None]:
            low = stretch[1] if cut is None else stretch[0] + cut.start
            if self.text[at:low].strip():
                kept.append(self.text[at:low])
                self.stretches.append((at, low, "title", "html-title", 0))
            if cut is not None:
                at = stretch[0] + cut.end
                self.stretches.append((low, at, "artifact", cut.rule, None))
        return self.cues.repair_span(" ".join(kept)) or None

    def _read_box(self, box: Box, number: int, role: str = "answer") -> Post:
        post = Post(
            confidence=self.found.confidence, votes=box.votes_value, is_accepted=box.is_accepted, permalink=box.permalink
        )
        if box.body is not None:
            self._read_body(box.body, post, number, "question" if number == 0 else role)
        if box.author is not None and self._may_take(box.author):
            post.byline = self._read_byline(box.author)
            if post.byline is not None:
                self.stretches.append((box.author.start, box.author.end, "byline", "html-author", number))
        if box.date is not None and (box.date.start == box.date.end or self._may_take(box.date)):
            post.posted_at_raw = " ".join(self.text[box.date.start : box.date.end].split()) or box.date.value
            post.published, post.is_own_time = box.date.value, box.date.value is not None
            if box.date.end > box.date.start:
                self.stretches.append((box.date.start, box.date.end, "date", "html-date", number))
        if box.votes is not None:
            self.stretches.append((*box.votes, "votes", "html-votes", number))
        return post

    def _may_take(self, mark: Mark) -> bool:
        """Whether a mark is no other post's, and stands in no body."""
        title = self.found.title
        if mark.start in self.taken or (title and title[0] < mark.end and mark.start < title[1]):
            return False
        last = max(mark.piece, bisect_left(self.markup.starts, mark.end) - 1)  # a date may begin before a body and end in it
        if any(piece in self.bodies for piece in range(mark.piece, last + 1)):
            return False
        self.taken.add(mark.start)
        return True

    def _read_body(self, body: int, post: Post, number: int, role: str) -> None:
        first, last = self.markup.first[body], self.markup.last[body]
        contexts = read_contexts(self.markup, self.text, body)
        kept: list[tuple[int, int, Context]] = []
        told = len(self.stretches)
        for piece, context in zip(range(first, last), contexts, strict=True):
            if piece in self.trims:
                self.fates[piece] = ("chrome", self.trims[piece], None)
                continue
            self.fates[piece] = (role, self.rule, number)
            kept += self._part_piece(piece, context, number)
        filled = [context for start, end, context in kept if self.text[start:end].strip()]
        whole = min((context.quotes for context in filled), default=0)
        rendered = render(self.text, kept, self.cues.repair_span, whole)
        post.body, post.rendered = rendered.text, rendered.marks
        if post.body is None:
            for piece in range(first, last):
                if self.fates[piece][2] == number:
                    self.fates[piece] = ("blank", "without-words", None)
            self.stretches[told:] = [stretch for stretch in self.stretches[told:] if stretch[2] != "code"]

    def _part_piece(self, piece: int, context: Context, number: int) -> list[tuple[int, int, Context]]:
        """Return what is kept of a piece: all, or what template residue leaves of it."""
        start, stop = self.markup.starts[piece], self.markup.stops[piece]
        cuts = self._cuts_in(start, stop)
        if not cuts:
            return [(start, stop, context)]
        if context.typed or self._is_code(piece):
            for cut in self.cues.find_residue(self.text[start:stop]):
                self.stretches.append((start + cut.start, start + cut.end, "code", "html-code", number))
            return [(start, stop, context)]
        kept, at = [], start
        for cut in cuts:
            low, high = max(cut.start, start), min(cut.end, stop)
            if cut.role == "code":
                self.stretches.append((low, high, "code", f"html-{cut.rule}", number))
                continue
            if low > at:
                kept.append((at, low, context))
            self.stretches.append((low, high, "artifact", cut.rule, None))
            at = high
        if at < stop:
            kept.append((at, stop, context))
        return kept

    def _is_code(self, piece: int) -> bool:
        number = self.markup.owners[piece]
        for _ in range(6):
            if number < 0:
                return False
            if self.markup.tags[number] in ("code", "pre", "kbd", "tt", "samp"):
                return True
            number = self.markup.parents[number]
        return False

    def _cuts_in(self, start: int, stop: int) -> list[Cut]:
        cuts = self._cuts
        at = bisect_left(cuts, start, key=lambda cut: cut.end - 1)
        found = []
        while at < len(cuts) and cuts[at].start < stop:
            found.append(cuts[at])
            at += 1
        return found

    @cached_property
    def _cuts(self) -> list[Cut]:
        """The template residue of the page, and what of it is its author's own."""
        if not self.cues.find_residue(self.text):
            return []
        cuts: list[Cut] = []
        for line in self.cues.mark_lines(self.text):
            if line.role == "artifact":
                cuts.append(Cut(line.start, line.end, "artifact", line.rule or "residue"))
            else:
                cuts += line.cuts
        return [cut for cut in cuts if cut.end > cut.start]

    def _read_byline(self, mark: Mark) -> Byline | None:
        printed = self.cues.repair_span(self.text[mark.start : mark.end])
        name = printed.strip(" :,·•|-–—")
        if not name:
            return None
        read = self.cues.read_byline([printed]) if "," in printed or "." in printed else None
        link = self._link_of(mark.element)
        if read is not None and read.credentials and read.printed == printed:
            return read._replace(profile_url=link)
        return Byline(printed=printed, name=name, profile_url=link)

    def _link_of(self, element: int) -> str | None:
        """Return the address that a name links to: of the element, one around it, or one inside."""
        markup = self.markup
        around, number = [], element
        for _ in range(LOOK_UP):
            if number < 0:
                break
            around.append(number)
            number = markup.parents[number]
        for number in [*around, *range(element + 1, min(markup.ends[element], element + 8))]:
            href = (markup.attributes_of(number).get("href") or "").strip() if markup.tags[number] == "a" else ""
            if href and not href.lower().startswith(("javascript:", "mailto:", "#")):
                return join_address(self.survey.base, href)
        return None

    def _claim(self) -> list[Claim]:
        """Return the partition of the page's text into maximal runs of one fate; what lies between goes with what precedes."""
        claims: list[Claim] = []
        begin = 0
        now: tuple[str, str, int | None] = ("blank", "blank", None)
        parts = sorted(set(self.stretches))
        at = 0
        for piece, fate in enumerate(self.fates):
            start, stop = self.markup.starts[piece], self.markup.stops[piece]
            while at < len(parts) and parts[at][1] <= start:
                at += 1
            edges = []
            position, look = start, at
            while look < len(parts) and parts[look][0] < stop:
                low, high = max(parts[look][0], position), min(parts[look][1], stop)
                if low < high:
                    if low > position:
                        edges.append((position, fate))
                    edges.append((low, parts[look][2:]))
                    position = high
                look += 1
            if position < stop:
                edges.append((position, fate))
            for where, new in edges:
                if new != now:
                    if where > begin:
                        claims.append(Claim(begin, where, *now))
                    begin, now = where, new
        if len(self.text) > begin:
            claims.append(Claim(begin, len(self.text), *now))
        return claims
