"""How well a reading explains its page."""

from __future__ import annotations

from collections import Counter

from flows.records import Line, Page
from flows.split.flat.blocks import BYLINE, DIGITS, MARKER, TEXT, Block
from flows.split.flat.reading import Reading, Segment

MARKED = ("marker", "closing-marker")
MIN_REPLY = 80  # characters; a shorter paragraph after a signature, with no signature of its own, is a postscript


def score_reading(reading: Reading, blocks: list[Block], page: Page) -> float:
    """How well a reading explains the page: the declared count is the checksum, then signatures, then no oddity."""
    count = len(reading.segments)
    if not count:
        return -10.0
    score = 0.0
    if reading.declared is not None:
        score += 2.0 if reading.declared == count else -1.0 * min(3, abs(reading.declared - count))
    score += sum(bool(segment.byline) for segment in reading.segments) / count
    score -= 2.0 * sum(not segment.body for segment in reading.segments) / count
    score -= 1.0 * sum(_stray_bylines(segment, blocks) for segment in reading.segments) / count
    headed = sum(segment.headline is not None for segment in reading.segments) / count
    score += 0.5 * max(headed, 1 - headed)
    score += 1.0 if reading.question or reading.title is not None else -2.0
    return score + (_score_marked if reading.name in MARKED else _score_unmarked)(reading, blocks, page)


def _stray_bylines(segment: Segment, blocks: list[Block]) -> int:
    """Return how many attributions a segment has inside its body, where another answer should have begun or ended."""
    inner = sum(blocks[at].kind == BYLINE for at in segment.body)
    edges = (segment.body[0], segment.body[-1]) if segment.body else (0, 0)
    return inner + sum(edges[0] < at < edges[1] for at in segment.byline)


def _score_marked(reading: Reading, blocks: list[Block], page: Page) -> float:
    """One marker an answer, all of one wording, speaks for a reading by markers."""
    count = len(reading.segments)
    marks = [[at for at in segment.other if blocks[at].kind == MARKER] for segment in reading.segments]
    wordings = Counter(wording_of(blocks[found[0]].lines[0], page) for found in marks if found)
    score = 0.5 * sum(len(found) == 1 for found in marks) / count
    score -= 1.0 * (len(wordings) - 1) / count
    score -= 0.25 * (reading.name == "closing-marker")
    if reading.name == "marker" and reading.declared is None and not any(s.headline is not None for s in reading.segments):
        score -= 0.5  # without a headline before it and a count, a marker may as well close what stands above it
    return score - 0.5 * sum(blocks[at].chars >= MIN_REPLY for at in reading.footer)


def _score_unmarked(reading: Reading, blocks: list[Block], page: Page) -> float:
    """Regular markers that a reading leaves unexplained speak against it."""
    wordings = Counter(
        wording_of(blocks[at].lines[0], page)
        for segment in reading.segments
        for at in segment.other
        if blocks[at].kind == MARKER
    )
    regular = max(wordings.values(), default=0)
    score = -min(3.0, 1.0 * regular) if regular >= 3 else 0.0
    return score - 0.75 * (reading.name != "signature")  # a signature after the body is the commoner form


def is_flawless(reading: Reading, blocks: list[Block]) -> bool:
    """Whether nothing is left to explain: as many answers as declared, each with one marker and a body, no stray byline."""
    return (
        reading.name == "marker"
        and reading.declared == len(reading.segments)
        and not any(blocks[at].kind == TEXT for at in reading.footer)
        and all(
            segment.body and not _stray_bylines(segment, blocks) and sum(blocks[at].kind == MARKER for at in segment.other) == 1
            for segment in reading.segments
        )
    )


def wording_of(line: Line, page: Page) -> str:
    """Return what a marker says, its numbers aside."""
    return DIGITS.sub("0", page.text[line.start : line.end].strip())
