"""Lines → blocks: the paragraphs, attributions, markers and headings that the layouts of flat text are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from flows.records import Cues, Line

TEXT, BYLINE, MARKER, CHROME, COUNT, RATING = "text", "byline", "marker", "chrome", "count", "rating"
ROLES = {"votes": MARKER, "artifact": MARKER, "chrome": CHROME, "count": COUNT, "rating": RATING}
FENCES = ("```", "~~~")
MAX_HEADLINE = 150  # characters; the longest headline that sites let people type
MAX_BYLINE = 120
LIST_ITEM = re.compile(r"(?:[-*•–]|\(?\d{1,3}[.):]|\(?[a-z][.)])\s")
SMALL_WORDS = frozenset("a an and at by de del der di do du for in la le of on the to und y".split())


@dataclass(slots=True)
class Block:
    """Lines of one kind that stand together; `gap` counts the empty lines before the first."""

    kind: str
    gap: int
    lines: list[Line] = field(default_factory=list)

    @property
    def chars(self) -> int:
        """Characters of its lines as a reader sees them."""
        return sum(len(line.text) for line in self.lines)


def build_blocks(lines: list[Line], cues: Cues) -> list[Block]:
    """Return the blocks of a page in order; every line that is not blank is in exactly one."""
    blocks: list[Block] = []
    gap, fenced = 0, False
    for at, line in enumerate(lines):
        if line.role == "blank":
            gap += 1
            continue
        if line.role is None and line.text.startswith(FENCES):
            fenced = not fenced
            kind = TEXT
        else:
            kind = TEXT if fenced else _kind_of(line, cues)
        last = blocks[-1] if blocks else None
        if kind in (BYLINE, RATING) and last and _is_opening(last, gap):
            last.kind = BYLINE  # a short line right above a role or a rating is the name it belongs to
        if last and not gap and _goes_on(last, kind, line, lines, at, cues):
            last.lines.append(line)
        elif last and kind == RATING and last.kind == BYLINE and gap <= 1:
            last.lines.append(line)
        else:
            blocks.append(Block(kind, gap, [line]))
        gap = 0
    return blocks


def _kind_of(line: Line, cues: Cues) -> str:
    if line.role is not None:
        return ROLES[line.role]
    text = line.text
    if len(text) > MAX_BYLINE or line.cuts:
        return TEXT
    return BYLINE if cues.is_name_line(text) or cues.is_role_line(text) else TEXT


def _goes_on(last: Block, kind: str, line: Line, lines: list[Line], at: int, cues: Cues) -> bool:
    """Whether a line continues the block right above it."""
    if last.kind == BYLINE:
        if kind == RATING:
            return True
        if kind == BYLINE:  # two names are two attributions
            return not cues.is_name_line(line.text)
        if kind == TEXT and len(last.lines) < 4 and is_titled(line.text):
            after = lines[at + 1] if at + 1 < len(lines) else None
            return after is None or after.role in ("blank", "rating") or _kind_of(after, cues) == BYLINE
        return False
    return kind == last.kind == TEXT


def _is_opening(last: Block, gap: int) -> bool:
    """Whether the block above, one short line in title case after an empty line, opens an attribution."""
    return last.kind == TEXT and gap == 0 and len(last.lines) == 1 and last.gap > 0 and is_titled(last.lines[0].text)


def is_titled(text: str) -> bool:
    """Whether a short line is written as names and places are: capitals, no sentence punctuation.

    >>> is_titled("Board Certified, Ohio"), is_titled("Yes, it does.")
    (True, False)
    """
    if len(text) > 60 or text[-1:] in ".!?:;":
        return False
    words = text.replace(",", " ").replace("/", " ").split()
    telling = [word for word in words if word.lower() not in SMALL_WORDS]
    return 0 < len(words) <= 7 and bool(telling) and all(not word[0].islower() for word in telling)


def is_headline(block: Block) -> bool:
    """Whether a block has the shape of an answer's headline: one short line that is no list item and opens nothing."""
    if block.kind != TEXT or len(block.lines) != 1:
        return False
    text = block.lines[0].text
    return len(text) <= MAX_HEADLINE and not text.endswith((":", ",", ";")) and not LIST_ITEM.match(text)


def is_title(block: Block) -> bool:
    """Whether a block has the shape of a thread's title: a headline that asks, or that is no sentence."""
    return is_headline(block) and (block.lines[0].text.endswith("?") or block.lines[0].text[-1] not in ".!")
