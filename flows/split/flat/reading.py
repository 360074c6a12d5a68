"""What a reading of a page is: its question, its segments, what it leaves over; and the count that a page declares."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from flows.records import Page
from flows.split.flat.blocks import BYLINE, COUNT, TEXT, Block, is_title

MAX_ANSWERS = 10_000  # more declared answers than any thread has are a number, not a count


@dataclass(slots=True)
class Segment:
    """One answer as a reading sees it: block numbers, each in at most one of the lists."""

    headline: int | None = None
    body: list[int] = field(default_factory=list)
    byline: list[int] = field(default_factory=list)
    other: list[int] = field(default_factory=list)  # markers, ratings, widgets inside it


@dataclass(slots=True)
class Reading:
    """One way to see a page as a thread, and how well it explains it."""

    name: str
    title: int | None
    question: list[int]
    segments: list[Segment]
    footer: list[int] = field(default_factory=list)  # text after the last post that belongs to none
    declared: int | None = None
    score: float = 0.0

    @classmethod
    def of_question(cls, blocks: list[Block], page: Page) -> Reading:
        """Return the reading of a page that shows no answer: a title where there is one, and the question."""
        texts = [at for at, block in enumerate(blocks) if block.kind in (TEXT, BYLINE)]
        title, question = part_question(blocks, texts, page)
        return cls("no-answer", title, question, [], declared=declared_count(blocks))


def declared_count(blocks: list[Block]) -> int | None:
    """Return the number of answers that the page declares, or None."""
    at = count_at(blocks)
    return None if at is None else _count(blocks[at])


def _count(block: Block) -> int | None:
    digits = ((block.lines[0].values or {}).get("count") or "").replace(",", "").replace(".", "")
    return int(digits) if digits.isdecimal() and len(digits) <= 5 and int(digits) <= MAX_ANSWERS else None


def count_at(blocks: list[Block]) -> int | None:
    """Return the block that declares the number of answers, or None."""
    return next((at for at, block in enumerate(blocks) if block.kind == COUNT and _count(block) is not None), None)


def build_reading(
    name: str, blocks: list[Block], page: Page, question_end: int, segments: list[Segment], footer: list[int]
) -> Reading:
    """Return a reading whose question is what stands before block `question_end` and belongs to no answer."""
    taken = {at for segment in segments for at in (segment.headline, *segment.body, *segment.byline)}
    texts = [at for at in range(question_end) if blocks[at].kind in (TEXT, BYLINE) and at not in taken]
    title, question = part_question(blocks, texts, page, titled=count_at(blocks) is not None)
    return Reading(name, title, question, segments, footer, declared_count(blocks))


def part_question(blocks: list[Block], texts: list[int], page: Page, *, titled: bool = False) -> tuple[int | None, list[int]]:
    """Return the block of the title, or None, and those of the question's body, out of what stands before the answers."""
    if not texts or blocks[texts[0]].kind != TEXT or not is_title(blocks[texts[0]]):
        return None, texts
    known = (page.title or "").casefold()
    if len(texts) > 1 and _repeats_title(blocks, texts, known):
        return texts[1], texts[2:]  # the head's title, and below it the page's own, without the site's name
    says_title = blocks[texts[0]].lines[0].text.casefold() in known if known else False
    if len(texts) == 1 and not titled and not says_title:
        return None, texts
    return texts[0], texts[1:]


def _repeats_title(blocks: list[Block], texts: list[int], known: str) -> bool:
    """Whether a page begins with the title of its head, and then says it again, or a part of it."""
    first, second = (blocks[at].lines[0].text.casefold() for at in texts[:2])
    return bool(known) and " ".join(known.split()) == first and second in first and is_title(blocks[texts[1]])


def question_end(blocks: list[Block], limit: int, page: Page) -> int:
    """Return where the first answer starts when no count says so: after the title and the asker's paragraphs.

    At least one paragraph before `limit` is left for the answer.
    """
    texts = [at for at in range(limit) if blocks[at].kind == TEXT]
    if len(texts) < 2:
        return texts[0] + 1 if texts else 0
    titled = is_title(blocks[texts[0]]) and (len(texts) > 2 and (_asks(blocks[texts[1]]) or not _asks(blocks[texts[0]])))
    titled = titled or bool(page.title and blocks[texts[0]].lines[0].text in page.title and len(texts) > 2)
    last = 1 if titled else 0
    while last + 2 < len(texts) and _asks(blocks[texts[last + 1]]) and blocks[texts[last + 1]].gap == 1:
        last += 1
    return texts[last] + 1


@lru_cache(maxsize=1)
def _voices() -> tuple[frozenset[str], frozenset[str]]:
    voices = tomllib.loads((Path(__file__).parent / "cues.toml").read_text("utf-8"))["voice"]
    return frozenset(w for v in voices for w in v["first"]), frozenset(w for v in voices for w in v["second"])


def _asks(block: Block) -> bool:
    """Whether a paragraph is the asker's: it ends in a question or thanks, and speaks more of "me" than of "you"."""
    text = " ".join(line.text for line in block.lines)
    if "?" not in text:
        return False
    first, second = _voices()
    words = [word.strip('.,;:!?()"“”') for word in text.replace("’", "'").lower().split()]
    mine, yours = sum(word in first for word in words), sum(word in second for word in words)
    return mine > yours
