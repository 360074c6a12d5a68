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
MAX_BYLINE_LINES = 5  # name, board, role, place, rating
MAX_SIGNATURE, MIN_SIGNATURES = 60, 2  # characters of a name with a trade or town; places in which it must show
LEAD_IN = re.compile(r"(?:[—–~-]{1,2} ?|(?:answered|posted|written|reply|answer|by)(?: by)?:? )", re.IGNORECASE)
USER_NAME = re.compile(r"[A-Za-z][\w.-]{2,24}")
MAX_RECURRING, MIN_RECURRING = 60, 3  # characters of a widget's line; times that it must come
SIGNS = re.compile(r"[\d\[\]<>|▲▼★☆•()]")
DIGITS, NUMBER = re.compile(r"\d+"), re.compile(r"[+\-−]?\d{1,5}")
LIST_ITEM = re.compile(r"(?:[-*•–]|\(?\d{1,3}[.):]|\(?[a-z][.)])\s")
SMALL_WORDS = frozenset("a an and at by de del der di do du for in la le of on the to und y".split())  # noqa: SIM905 -- words read as words


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
    """Return the blocks of a page in order; every line is in exactly one."""
    blocks: list[Block] = []
    short = [at for at, line in enumerate(lines) if line.role is None and len(line.text) <= MAX_BYLINE]
    recurring, signatures = _find_recurring(lines, short), _find_signatures(lines, short)
    fenced = False
    for at, line in enumerate(lines):
        if line.role is None and len(line.text) > MAX_BYLINE and not line.text.startswith(FENCES):
            kind = TEXT
        elif line.role is None and line.text.startswith(FENCES):
            fenced = not fenced
            kind = TEXT
        elif fenced and line.role is None:  # strip knows where a fence that is never closed ends
            kind = TEXT
        elif at in recurring:
            line, kind = line._replace(role="chrome", rule="recurring-line"), MARKER  # noqa: PLW2901
        else:
            kind = BYLINE if at in signatures else _kind_of(line, cues)
        if kind == TEXT and line.gap:  # most lines of most pages
            blocks.append(Block(kind, line.gap, [line]))
        else:
            _append(blocks, Block(kind, line.gap, [line]), lines, at, cues)
    _claim_listed(blocks)
    _claim_notice(blocks, cues)
    return blocks


def _append(blocks: list[Block], new: Block, lines: list[Line], at: int, cues: Cues) -> None:
    """Add a line's block, or the line to the block that it continues."""
    last = blocks[-1] if blocks else None
    if last is None:
        blocks.append(new)
        return
    if new.kind in (BYLINE, RATING) and not new.gap and _is_opening(last):
        last.kind = BYLINE  # short lines right above a role or a rating are the name and role that it belongs to
    near_rating = new.kind == RATING and last.kind == BYLINE and new.gap <= 1
    if near_rating or (not new.gap and _goes_on(last, new.kind, new.lines[0], lines, at, cues)):
        last.lines += new.lines
    else:
        blocks.append(new)


def _claim_listed(blocks: list[Block]) -> None:
    """Give the headlines that a widget ("related questions") lists to the widget, unless one opens an answer."""
    for at, block in enumerate(blocks[:-1]):
        if block.kind != CHROME:
            continue
        listed, after = blocks[at + 1], blocks[at + 2] if at + 2 < len(blocks) else None
        if listed.kind != TEXT or listed.gap > 1 or not _is_listed(listed):
            continue
        follows = after is None or (after.kind in (BYLINE, CHROME) or (after.kind == TEXT and _is_listed(after)))
        if (listed.gap == 0 and (after is None or after.kind != MARKER)) or (follows and listed.lines[0].text.endswith("?")):
            listed.kind = CHROME
            listed.lines = [line._replace(role="chrome", rule="listed-under-widget") for line in listed.lines]


def _claim_notice(blocks: list[Block], cues: Cues) -> None:
    """Give the page's last paragraphs to the site where they speak as its notice; the first paragraph is never one."""
    for block in reversed(blocks[2:]):
        if block.kind == CHROME:
            continue
        if block.kind != TEXT or not block.gap or not cues.is_closing_notice(" ".join(line.text for line in block.lines)):
            return
        block.kind = CHROME
        block.lines = [line._replace(role="chrome", rule="chrome-closing-notice") for line in block.lines]


def _is_listed(block: Block) -> bool:
    """Whether a block is a list of headlines: short lines, none of which ends as a statement does."""
    return all(len(line.text) <= MAX_HEADLINE and line.text[-1:] not in ".!:," and not line.cuts for line in block.lines)


def _find_recurring(lines: list[Line], short: list[int]) -> frozenset[int]:
    """Return the lines that stand alone, short, with a digit or a sign in them, and come again but for their numbers.

    That is what a site's own widget looks like after its markup is gone, whatever its words: the page is the teacher.
    """
    places: dict[str, list[int]] = {}
    numbers: list[int] = []
    for at in short:
        text = lines[at].text
        if len(text) > MAX_RECURRING or not SIGNS.search(text):
            continue
        if NUMBER.fullmatch(text):
            numbers += [at] * _is_alone(lines, at)
        elif text[-1] not in ".!?:":
            places.setdefault(DIGITS.sub("0", text), []).append(at)
    found = {at for same in places.values() if len(same) >= MIN_RECURRING for at in same}
    if numbers:
        widgets = sum([line.role == "votes" for line in lines])
        found |= set(numbers if widgets >= MIN_RECURRING or len(numbers) >= MIN_RECURRING else ())
    return frozenset(found)


def _is_alone(lines: list[Line], at: int) -> bool:
    return (at == 0 or lines[at].gap > 0) and (at + 1 == len(lines) or lines[at + 1].gap > 0)


def _find_signatures(lines: list[Line], short: list[int]) -> frozenset[int]:
    """Return the lines that stand where signatures do, whatever they say: below an empty line, right above a long one.

    Twice or more on a page, and after at least every third paragraph, that is how the page parts its answers. A last such
    line, with nothing but debris below it, belongs to them. Only names count: titled words, a user name, "by" somebody.
    """
    found, last = [], None
    for at in short:
        line = lines[at]
        text = line.text
        if len(text) > MAX_SIGNATURE or not line.gap or text[-1] in ".!?:;,":
            continue
        below = at + 1
        while below < len(lines) and below < at + 4 and lines[below].role is not None and not lines[below].gap:
            below += 1  # its rating, its buttons
        in_place = below < len(lines) and not lines[below].gap and len(lines[below].text) > MAX_SIGNATURE
        if in_place or LEAD_IN.match(text):
            found += [at] * _may_sign(text)
        elif at == short[-1] and all(after.role is not None for after in lines[at + 1 : at + 20]) and _may_sign(text):
            last = at  # no text stands below it
    paragraphs = sum([line.role is None for line in lines]) - len(short) if len(found) >= MIN_SIGNATURES else 0
    if len(found) < MIN_SIGNATURES or 3 * len(found) < paragraphs:
        return frozenset()
    return frozenset([*found, last] if last is not None else found)


def _may_sign(text: str) -> bool:
    """Whether a short line may be somebody's name: titled words without a sentence's marks, or one word as user names are."""
    lead = LEAD_IN.match(text)
    text = text[lead.end() :] if lead else text
    if USER_NAME.fullmatch(text):
        return True
    return is_titled(text) and any(map(str.isalpha, text)) and not any(map(str.isdigit, text))


def _kind_of(line: Line, cues: Cues) -> str:
    if line.role is not None:
        return ROLES[line.role]
    text = line.text
    if len(text) > MAX_BYLINE or line.cuts:
        return TEXT
    text = text.lstrip("—– ") if text[0] in "—–" else text  # a dash before a name is part of the signature
    return BYLINE if text and (cues.is_name_line(text) or cues.is_role_line(text)) else TEXT


def _goes_on(last: Block, kind: str, line: Line, lines: list[Line], at: int, cues: Cues) -> bool:
    """Whether a line continues the block right above it."""
    if last.kind != BYLINE:
        signed = len(last.lines[-1].text) > MAX_SIGNATURE and cues.read_sign_off(last.lines[-1].text) is not None
        return kind == last.kind == TEXT and not signed  # the line below a sign-off is somebody else's
    if kind == BYLINE:  # two names are two attributions
        return not cues.is_name_line(line.text)
    if line.cuts or line.text.startswith(FENCES):  # nobody is called by code
        return False
    if kind != TEXT or len(last.lines) >= MAX_BYLINE_LINES:
        return kind == RATING
    below = lines[at + 1].text if at + 1 < len(lines) and not lines[at + 1].gap else ""
    if len(last.lines) == 1 and len(below) > MAX_BYLINE and " " in line.text and is_titled(line.text):
        return True  # name, role, and the next body right below
    for after in lines[at : at + MAX_BYLINE_LINES]:
        if after.role == "rating" or (after is not line and (after.gap or _kind_of(after, cues) == BYLINE)):
            return True
        if after.role is not None or not is_titled(after.text):
            return False
    return at + MAX_BYLINE_LINES > len(lines)


def _is_opening(last: Block) -> bool:
    """Whether the block above, short lines in title case after an empty line, opens an attribution."""
    return last.kind == TEXT and last.gap > 0 and len(last.lines) <= 2 and all(is_named(line.text) for line in last.lines)


def is_named(text: str) -> bool:
    """Whether a short line may be a name, a role or a place: titled, or one word with a digit or an underscore in it.

    >>> is_named("Ada Example"), is_named("gardener_42"), is_named("yes")
    (True, True, False)
    """
    return is_titled(text) or (bool(USER_NAME.fullmatch(text)) and any(char.isdigit() or char == "_" for char in text))


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
    line = block.lines[0]
    text = line.text
    if text.startswith(FENCES) or (line.cuts and line.cuts[0].start == line.start):
        return False  # code, or what is left behind debris
    return len(text) <= MAX_HEADLINE and not text.endswith((":", ",", ";")) and not LIST_ITEM.match(text)


def is_title(block: Block) -> bool:
    """Whether a block has the shape of a thread's title: a headline that asks, or that is no sentence."""
    return is_headline(block) and (block.lines[0].text.endswith("?") or block.lines[0].text[-1] not in ".!")
