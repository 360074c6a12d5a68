"""A reading → the thread: posts rendered to plain text, and the fate of every character."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from flows.records import Byline, Claim, Cues, Line, Page, Post, Thread
from flows.split.flat.blocks import COUNT, FENCES, TEXT, Block
from flows.split.flat.reading import Reading, Segment
from flows.split.flat.scoring import MARKED

MAX_GLUED = 260  # characters of a byline that was glued to a body: name, board, offices
MAX_TAIL = 80  # characters of a name with letters and role behind the last sentence
SENTENCE_END = re.compile(r"[.!?][\"”’')]{0,2} ?(?=[A-Z])")
MAX_VOTES = 2**31 - 1  # the column is Int32


# What became of a stretch: its role, the rule that decided, its post (0 the question, 1 … answers; None no record).
# Plain tuples: there is one for every block of every page.
# An author's own code has a fourth part, the role of what it stands in.
Fate = tuple[str, str, int | None] | tuple[str, str, int | None, str]
Stretch = tuple[int, Fate]  # where it starts; it ends where the next one does
BLANK: Fate = ("blank", "blank", None)
OUTSIDE: Fate = ("chrome", "outside-posts", None)


def compose_thread(page: Page, blocks: list[Block], reading: Reading, cues: Cues) -> Thread:
    """Return the thread that a reading sees; its claims partition the page's text."""
    composer = _Composer(page, blocks, reading, cues)
    answers = [composer.compose_answer(number, segment) for number, segment in enumerate(reading.segments, start=1)]
    return composer.finish(answers)


class _Composer:
    """The fates of the blocks of one page while its posts are put together."""

    def __init__(self, page: Page, blocks: list[Block], reading: Reading, cues: Cues) -> None:
        self.page, self.blocks, self.reading, self.cues = page, blocks, reading, cues
        self.rule = f"flat-{reading.name}"
        self.fenced = any(fence[0] in page.text and fence in page.text for fence in FENCES)
        self.wholes: list[Fate | None] = [None] * len(blocks)  # by block: the fate of all its lines
        self.parted: dict[int, list[tuple[Line, Fate]]] = {}  # of the blocks whose lines go different ways
        self.confidence = _confidence(reading, blocks)
        told = [at for at, block in enumerate(blocks) if block.lines[-1].role is not None or len(block.lines) > 1]
        self.rated = _with_role(blocks, told, "rating")
        self.voted = _with_role(blocks, told, "votes")

    def put(self, at: int, role: str, post: int | None, rule: str | None = None) -> None:
        """Give a block to a role and a post."""
        self.put_all((at,), (role, rule or self.rule, post))

    def put_all(self, places: Iterable[int], fate: Fate) -> None:
        """Give blocks to a fate; a line that strip claimed keeps its own role and rule."""
        wholes, blocks = self.wholes, self.blocks
        for at in places:
            lines = blocks[at].lines
            if len(lines) == 1:
                wholes[at] = fate if lines[0].role is None else _own_fate(lines[0], fate)
            elif not [line for line in lines if line.role is not None]:
                wholes[at] = fate
            else:
                self.parted[at] = [(line, fate if line.role is None else _own_fate(line, fate)) for line in lines]

    def compose_answer(self, number: int, segment: Segment) -> Post:
        post = Post(confidence=min(self.confidence, 0.99 if segment.byline else 0.9))
        if segment.headline is not None:
            self.put(segment.headline, "headline", number)
            post.headline = self.blocks[segment.headline].lines[0].text
        body = segment.body
        self.put_all(body, ("answer", self.rule, number))
        if segment.byline:
            self.put_all(segment.byline, ("byline", self.rule, number))
        rating = self._take_ratings(number, segment) if self.rated else {}
        post.votes = self._take_votes(number, segment) if self.voted else None
        printed = [line.text for at in segment.byline for line in self.blocks[at].lines if line.role is None]
        if printed:
            post.byline = self.cues.read_byline(printed, **rating)
            self._part_glued(number, body, post, opens=bool(body) and segment.byline[0] < body[-1])
        else:
            self._part_sign_off(number, body, post, rating)
        post.body = self.render(body, "answer")
        return post

    def _lines_of(self, at: int, role: str) -> list[Line]:
        """The lines of a block that went to a role."""
        if at in self.parted:
            return [line for line, fate in self.parted[at] if fate[0] == role]
        whole = self.wholes[at]
        return self.blocks[at].lines if whole is not None and whole[0] == role else []

    def _take_ratings(self, number: int, segment: Segment) -> dict[str, str | None]:
        """Give every rating of a segment to its answer; return the values of the first."""
        found: dict[str, str | None] = {}
        for at in (*segment.byline, *segment.other):
            if at not in self.rated:
                continue
            whole = self.wholes[at]
            if whole is not None and whole[0] == "byline":
                continue  # nothing but its words
            for line in self.blocks[at].lines:
                if line.role == "rating":
                    found = found or {key: (line.values or {}).get(key) for key in ("rating", "reviews")}
                    self.put(at, "byline", number)
        return found

    def _take_votes(self, number: int, segment: Segment) -> int | None:
        """Give the vote widget that shows a number to its answer; one that shows none is debris."""
        votes = None
        for at in segment.other:
            if at not in self.voted:
                continue
            fates: list[tuple[Line, Fate]] = []
            for line in self.blocks[at].lines:
                shown = _votes(line.values.get("votes")) if line.role == "votes" and line.values else None
                if shown is not None and votes is None:
                    votes = shown
                    fates.append((line, ("votes", line.rule or self.rule, number)))
            if fates:
                self.parted[at] = fates
        return votes

    def _part_glued(self, number: int, body: list[int], post: Post, *, opens: bool) -> None:
        """Cut a repetition of the byline off the end of the body; it joins the byline, which stands above where it `opens`."""
        last = self._last_text(body)
        if last is None or post.byline is None:
            return
        at, line = last
        if (post.byline.family_name or post.byline.name or "\n") not in line.text[-MAX_GLUED:]:
            return
        offset = self.cues.find_glued_byline(line.text, post.byline)
        parts = _part_line(self.page.text, line, offset) if offset is not None else None
        if parts is None:
            return
        self._replace_last(at, parts, ("byline", "byline-repeated", number))
        printed = (post.byline.printed, parts[1].text) if opens else (parts[1].text, post.byline.printed)
        post.byline = post.byline._replace(printed="\n".join(printed))

    def _part_sign_off(self, number: int, body: list[int], post: Post, rating: dict[str, str | None]) -> None:
        """Read the sign-off of a post without a byline as its attribution."""
        last = self._last_text(body)
        found = (self.cues.read_sign_off(last[1].text) or self._read_tail_name(last[1].text)) if last else None
        if last is None or found is None:
            if rating:
                post.byline = self.cues.read_byline([], **rating)
            return
        offset, byline = found
        at, line = last
        whole = offset == 0 and sum([len(self.blocks[k].lines) for k in body]) > 1
        parts = None if offset == 0 else _part_line(self.page.text, line, offset)
        if whole:
            self._replace_last(at, (line,), ("byline", "sign-off", number))
            post.byline = byline._replace(printed=line.text, alias=byline.printed)
        elif parts is not None:
            self._replace_last(at, parts, ("byline", "sign-off", number))
            post.byline = byline._replace(printed=parts[1].text, alias=byline.printed)

    def _read_tail_name(self, text: str) -> tuple[int, Byline] | None:
        """Read a signature that stands on the last line of the body, right behind its last sentence."""
        window = text[-MAX_GLUED:]
        for end in reversed([found.end() for found in SENTENCE_END.finditer(window)]):
            tail = window[end:]
            if 4 < len(tail) <= MAX_TAIL and self.cues.is_name_line(tail):
                return len(text) - len(tail), self.cues.read_byline([tail])
        return None

    def _last_text(self, body: list[int]) -> tuple[int, Line] | None:
        """The last line of a body, and its block; None where it is not text."""
        if not body:
            return None
        at = body[-1]
        lines = self._lines_of(at, "answer")
        return (at, lines[-1]) if lines and lines[-1] is self._last_line(at) else None

    def _last_line(self, at: int) -> Line:
        return self.parted[at][-1][0] if at in self.parted else self.blocks[at].lines[-1]

    def _replace_last(self, at: int, parts: Sequence[Line], fate: Fate) -> None:
        """Put parts in the place of the last line of a block; the last of them has a fate of its own."""
        whole = self.wholes[at]
        fates = self.parted[at] if whole is None else [(line, whole) for line in self.blocks[at].lines]
        kept = fates[-1][1]
        fates[-1:] = [*((part, kept) for part in parts[:-1]), (parts[-1], fate)]
        self.parted[at] = fates

    def finish(self, answers: list[Post]) -> Thread:
        reading = self.reading
        title = None
        if reading.title is not None:
            title = self.blocks[reading.title].lines[0].text
            self.put(reading.title, "title", 0)
        self.put_all(reading.question, ("question", self.rule, 0))
        self.put_all(reading.footer, ("chrome", "after-last-post", None))
        return Thread(
            title=title,
            question=Post(body=self.render(reading.question, "question"), confidence=self.confidence),
            answers=answers,
            claims=claim_page(self.page.text, self._stretches()),
            declared_answer_count=reading.declared,
            layout=f"flat:{reading.name}",
            confidence=self.confidence,
        )

    def _stretches(self) -> Iterable[Stretch]:
        """Return what became of each block in order, those that no post took among them."""
        wholes, parted = self.wholes, self.parted
        self.put_all([at for at, whole in enumerate(wholes) if whole is None and at not in parted], OUTSIDE)
        stretches: list[Stretch] = []
        for at, block in enumerate(self.blocks):
            whole = wholes[at]
            if block.kind == COUNT:  # the count that the page declares is the question's
                fates = parted.get(at) or [(line, whole or BLANK) for line in block.lines]
                stretches += part_stretches([(line, (fate[0], fate[1], 0)) for line, fate in fates])
            elif at in parted:
                stretches += part_stretches(parted[at])
            elif whole is not None and [line for line in block.lines if line.cuts]:
                stretches += part_stretches([(line, whole) for line in block.lines])
            elif whole is not None:
                stretches.append((block.lines[0].start, whole))
        return stretches

    def render(self, places: list[int], role: str) -> str | None:
        """Return what of some blocks went to a role as plain text; None where no word is left.

        A line a line, blocks parted by an empty line; lines of fenced code keep their indent.
        """
        blocks = [self._lines_of(at, role) for at in places]
        if not self.fenced:
            paragraphs = [
                lines[0].text if len(lines) == 1 else "\n".join([line.text for line in lines if line.text]) for lines in blocks
            ]
        else:
            paragraphs = self._render_fenced(blocks)
        return "\n\n".join(filter(None, paragraphs)) or None

    def _render_fenced(self, blocks: list[list[Line]]) -> list[str]:
        fenced = False
        paragraphs = []
        for block in blocks:
            rendered = []
            for line in block:
                toggles = line.text.startswith(FENCES)
                as_typed = fenced and not toggles and not any(cut.role == "artifact" for cut in line.cuts)
                rendered.append(self.page.text[line.start : line.end].rstrip() if as_typed else line.text)
                fenced ^= toggles
            paragraphs.append("\n".join(line for line in rendered if line))
        return paragraphs


def _with_role(blocks: list[Block], places: list[int], role: str) -> frozenset[int]:
    return frozenset([at for at in places if role in [line.role for line in blocks[at].lines]])


def _own_fate(line: Line, fate: Fate) -> Fate:
    """What becomes of a line that strip claimed where its block has another fate: only a rating goes to the post."""
    return (line.role or fate[0], line.rule or fate[1], fate[2] if line.role == "rating" else None)


def claim_page(text: str, stretches: Iterable[Stretch]) -> list[Claim]:
    """Return the partition of a page's text into maximal runs of one fate, in order.

    Empty lines and line ends go with the stretch before them; those before the first are a run of their own, "blank".
    """
    claims: list[Claim] = []
    begin, now = 0, BLANK  # where the run at hand began, and its fate
    for start, fate in stretches:
        if fate is not now and fate != now:
            if start > begin:
                claims.append(Claim(begin, start, *now))
            begin, now = start, fate
    if len(text) > begin:
        claims.append(Claim(begin, len(text), *now))
    return claims


def part_stretches(fates: Iterable[tuple[Line, Fate]]) -> Iterator[Stretch]:
    """Yield the stretches of lines: in a line of text, cuts and an author's own code stand out."""
    for line, fate in fates:
        if not line.cuts or fate[0] in ("artifact", "chrome"):
            yield line.start, fate
            continue
        at = line.start
        for cut in line.cuts:
            if cut.start > at:
                yield at, fate
            yield cut.start, (cut.role, cut.rule, fate[2], fate[0]) if cut.role == "code" else (cut.role, cut.rule, None)
            at = cut.end
        if at < line.end:
            yield at, fate


def _part_line(text: str, line: Line, offset: int) -> tuple[Line, Line] | None:
    """Return a line in two at an offset of its rendered text; None where cuts or repairs hide the place in the raw text."""
    if line.cuts:
        return None
    tail = line.text[offset:]
    wanted = "".join(tail.split())
    left, at = len(wanted), line.end
    while at > line.start and left:
        at -= 1
        left -= not text[at].isspace()
    if "".join(text[at : line.end].split()) != wanted:
        return None
    head = line.text[:offset].rstrip()
    return line._replace(end=at, text=head), Line(at, line.end, tail.strip())


def _votes(shown: str | None) -> int | None:
    digits = (shown or "").replace(",", "").replace("\u2212", "-").lstrip("+")
    return int(digits) if digits.removeprefix("-").isdecimal() and abs(int(digits[:12])) <= MAX_VOTES else None


def _confidence(reading: Reading, blocks: list[Block]) -> float:
    """How sure the split is, from 0 to 1, by what speaks for it: a checksum, a marker or a signature on every answer."""
    count = len(reading.segments)
    if not count:
        return 0.3 if reading.title is None else 0.4
    if reading.name == "count" and count == 1 and reading.declared != 1:
        return 0.2
    signed = sum(bool(segment.byline) for segment in reading.segments) / count
    empty = sum(not segment.body for segment in reading.segments) / count
    sure = 0.4 + 0.2 * signed + 0.2 * marked_share(reading, blocks) - 0.3 * empty
    if reading.declared is not None:
        sure += 0.2 if reading.declared == count else -0.2
    if any(blocks[at].kind == TEXT for at in reading.footer):
        sure -= 0.1
    return round(max(0.05, min(0.99, sure)), 2)


def marked_share(reading: Reading, blocks: list[Block]) -> float:
    """The share of answers that a known marker opens or closes: a vote widget or template residue, not a guessed one."""
    if reading.name not in MARKED:
        return 0.0
    known = {at for at, block in enumerate(blocks) if block.lines[0].role in ("votes", "artifact")}
    return sum(not known.isdisjoint(segment.other) for segment in reading.segments) / len(reading.segments)
