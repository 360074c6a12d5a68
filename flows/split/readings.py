"""The readings of a flat page: where answers may start, by marker, by signature, by byline, by count."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from flows.records import Cues, Line, Page
from flows.split.blocks import BYLINE, CHROME, COUNT, DIGITS, LIST_ITEM, MARKER, RATING, TEXT, Block, is_headline, is_title, is_titled

MAX_ANSWERS = 10_000  # more declared answers than any thread has are a number, not a count
MARKED = ("marker", "closing-marker")
MIN_REPLY = 80  # characters; a shorter paragraph after a signature, with no signature of its own, is a postscript


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
        title, question = _part_question(blocks, texts, page)
        return cls("no-answer", title, question, [], declared=declared_count(blocks))


def read_layouts(blocks: list[Block], page: Page, cues: Cues) -> list[Reading]:
    """Return every reading of the page under which it has an answer, scored; none where nothing speaks for one."""
    readings: list[Reading] = []
    for name, find in LAYOUTS.items():
        for reading in find(name, blocks, page, cues):
            if any(segment.body for segment in reading.segments):
                reading.score = _score(reading, blocks, page)
                readings.append(reading)
                if _is_flawless(reading, blocks):
                    return [reading]
    return readings


def _is_flawless(reading: Reading, blocks: list[Block]) -> bool:
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


def declared_count(blocks: list[Block]) -> int | None:
    """Return the number of answers that the page declares, or None."""
    at = _count_at(blocks)
    return None if at is None else _count(blocks[at])


def _count(block: Block) -> int | None:
    digits = ((block.lines[0].values or {}).get("count") or "").replace(",", "").replace(".", "")
    return int(digits) if digits.isdecimal() and len(digits) <= 5 and int(digits) <= MAX_ANSWERS else None


def _count_at(blocks: list[Block]) -> int | None:
    return next((at for at, block in enumerate(blocks) if block.kind == COUNT and _count(block) is not None), None)


# -- layouts: each gives the readings of one kind -----------------------------------------------------------------------


def _by_marker(name: str, blocks: list[Block], page: Page, cues: Cues) -> Iterator[Reading]:
    """A marker opens each body: (headline,) marker, body, byline."""
    del cues
    for family in _families(blocks, page):
        starts = _marker_starts(blocks, family)
        if len(starts) < 2 and _count_at(blocks) is None:
            continue
        question_end = starts[0][0]
        segments, footer = [], []
        for number, (start, headline) in enumerate(starts):
            end = starts[number + 1][0] if number + 1 < len(starts) else len(blocks)
            more, rest = _read_marked(blocks, start, end, headline, is_last=end == len(blocks))
            segments += more
            footer += rest
        yield _reading(name, blocks, page, question_end, segments, footer)


def _by_closing_marker(name: str, blocks: list[Block], page: Page, cues: Cues) -> list[Reading]:
    """A marker closes each answer: (headline,) body, byline, marker."""
    del cues
    readings = []
    for family in _families(blocks, page):
        after_count = _count_at(blocks)
        first = _question_blocks(blocks, family[0], page) if after_count is None else after_count + 1
        bounds = [first, *(at + 1 for at in family)]
        segments = [_read_segment(blocks, start, end) for start, end in zip(bounds, bounds[1:], strict=False) if start < end]
        if len(family) >= 2 or after_count is not None:
            rest = [at for at in range(bounds[-1], len(blocks)) if blocks[at].kind in (TEXT, BYLINE)]
            readings.append(_reading(name, blocks, page, first, [s for s in segments if s.body], rest))
    return readings


def _by_signature(name: str, blocks: list[Block], page: Page, cues: Cues) -> list[Reading]:
    """A signature ends each answer, and unsigned ones show by a doubled gap, a sign-off or a fresh greeting."""
    bylines = [at for at, block in enumerate(blocks) if block.kind == BYLINE]
    count_at = _count_at(blocks)
    if not bylines or (count_at is not None and bylines[-1] < count_at):
        return []
    first = count_at + 1 if count_at is not None else _question_blocks(blocks, bylines[0], page)
    usual = _usual_gap(blocks)
    starts = [first]
    for at in range(first + 1, len(blocks)):
        before = _text_before(blocks, at, first)
        if blocks[at].kind != TEXT or before is None:
            continue
        if blocks[before].kind == BYLINE or _is_unsigned_end(blocks, before, at, usual, cues):
            starts.append(at)
    bounds = [*starts, len(blocks)]
    segments = [_read_segment(blocks, start, end) for start, end in zip(bounds, bounds[1:], strict=False)]
    return [_reading(name, blocks, page, first, segments, [])]


def _by_opening_byline(name: str, blocks: list[Block], page: Page, cues: Cues) -> list[Reading]:
    """A byline stands above each answer."""
    del cues
    bylines = [at for at, block in enumerate(blocks) if block.kind == BYLINE]
    count_at = _count_at(blocks)
    if count_at is not None:
        bylines = [at for at in bylines if at > count_at]
    if not bylines or blocks[-1].kind == BYLINE:
        return []
    texts = [at for at in range(bylines[0]) if blocks[at].kind == TEXT and (count_at is None or at > count_at)]
    if count_at is not None and texts:
        return []  # something stands between the count and the first byline: it is a body
    if count_at is None and len(texts) > (2 if texts and is_title(blocks[texts[0]]) else 1):
        return []
    bounds = [*bylines, len(blocks)]
    segments = [_read_segment(blocks, start, end, opened=True) for start, end in zip(bounds, bounds[1:], strict=False)]
    first = bylines[0] if count_at is None else count_at + 1
    return [_reading(name, blocks, page, first, segments, [])]


def _by_count(name: str, blocks: list[Block], page: Page, cues: Cues) -> list[Reading]:
    """Nothing but a declared count: paragraphs, or headline and paragraph, that are as many; else one answer in doubt."""
    del cues
    count_at = _count_at(blocks)
    wanted = declared_count(blocks)
    if count_at is None or not wanted:
        return []
    texts = [at for at in range(count_at + 1, len(blocks)) if blocks[at].kind in (TEXT, BYLINE)]
    if not texts:
        return []
    pairs = list(zip(texts[::2], texts[1::2], strict=False))
    if len(texts) == 2 * wanted and all(is_headline(blocks[head]) for head, _ in pairs):
        segments = [Segment(head, [body]) for head, body in pairs]
    elif len(texts) == wanted:
        segments = [Segment(None, [at]) for at in texts]
    else:
        segments = [Segment(None, texts)]
    return [_reading(name, blocks, page, count_at + 1, segments, [])]


LAYOUTS: dict[str, Callable[[str, list[Block], Page, Cues], Iterable[Reading]]] = {
    "marker": _by_marker,
    "closing-marker": _by_closing_marker,
    "signature": _by_signature,
    "opening-byline": _by_opening_byline,
    "count": _by_count,
}


# -- markers ------------------------------------------------------------------------------------------------------------


def _families(blocks: list[Block], page: Page) -> list[list[int]]:
    """Return the sets of markers that may open answers: all, those of a role, of a rule, of one wording; at most twelve."""
    marks = [at for at, block in enumerate(blocks) if block.kind == MARKER]
    families = [marks]
    for key in (_role, _rule, _wording):
        groups: dict[str | None, list[int]] = {}
        for at in marks:
            groups.setdefault(key(blocks[at].lines[0], page), []).append(at)
        if len(groups) > 1:
            families += sorted(groups.values(), key=len, reverse=True)[:4]
    unique = {tuple(family): family for family in families if family}
    return list(unique.values())[:12]


def _role(line: Line, _page: Page) -> str | None:
    return line.role


def _rule(line: Line, _page: Page) -> str | None:
    return line.rule


def _wording(line: Line, page: Page) -> str:
    return DIGITS.sub("0", page.text[line.start : line.end].strip())


def _marker_starts(blocks: list[Block], family: list[int]) -> list[tuple[int, int | None]]:
    """Return (first block, headline block or None) of each answer that a marker opens."""
    starts: list[tuple[int, int | None]] = []
    last = -1  # the marker before
    floor = _count_at(blocks)
    for at in family:
        texts = [k for k in range(last + 1, at) if blocks[k].kind in (TEXT, BYLINE)]
        if last >= 0 and not texts:
            last = at
            continue  # two markers in a row, such as a condition and its value, are one
        head = texts[-1] if texts else None
        alone = last >= 0 and sum(blocks[k].kind == TEXT for k in texts) == 1 and blocks[texts[0]].kind == TEXT
        if last < 0:
            alone = len([k for k in texts if floor is None or k < floor]) == (1 if floor is None else 0) and len(texts) == 1
            alone = alone and floor is None
        fits = head is not None and not alone and is_headline(blocks[head]) and (floor is None or head > floor or at < floor)
        starts.append((head, head) if fits and head is not None else (at, None))
        last = at
    return starts


def _read_marked(
    blocks: list[Block], start: int, end: int, headline: int | None, *, is_last: bool
) -> tuple[list[Segment], list[int]]:
    """Return the answers between two markers: one, or more where a signature inside is followed by another answer."""
    segments, footer = [], []
    while start < end:
        close = _first_close(blocks, start, end)
        rest = [at for at in range(close, end) if blocks[at].kind in (TEXT, BYLINE)]
        signed = any(blocks[at].kind == BYLINE for at in rest)
        chars = sum(blocks[at].chars for at in rest)
        if all(blocks[at].kind == BYLINE for at in rest):  # an attribution in two stretches, or none
            segments.append(_read_segment(blocks, start, end, headline=headline))
            break
        if not (signed or (chars >= MIN_REPLY and not is_last)):
            segments.append(_read_segment(blocks, start, close if is_last else end, headline=headline))
            footer += rest if is_last else []
            break
        segments.append(_read_segment(blocks, start, rest[0], headline=headline))
        texts = [at for at in rest if blocks[at].kind == TEXT]
        start = rest[0]
        headline = start if len(texts) > 1 and texts[0] == start and is_headline(blocks[start]) else None
    return segments, footer


def _first_close(blocks: list[Block], start: int, end: int) -> int:
    """Return the block after the first attribution that follows a body, or `end`."""
    seen_text = False
    for at in range(start, end):
        if blocks[at].kind == BYLINE and seen_text:
            while at + 1 < end and blocks[at + 1].kind in (RATING, BYLINE) and blocks[at + 1].gap == 0:
                at += 1
            return at + 1
        seen_text = seen_text or blocks[at].kind == TEXT
    return end


# -- segments -----------------------------------------------------------------------------------------------------------


def _read_segment(blocks: list[Block], start: int, end: int, *, headline: int | None = None, opened: bool = False) -> Segment:
    """Return one answer: its last attribution is its byline (its first where a byline opens it), other text its body."""
    segment = Segment(headline)
    texts, bylines = [], []
    for at in range(start, end):
        kind = blocks[at].kind
        if at == headline:
            continue
        if kind == TEXT:
            texts.append(at)
        elif kind == BYLINE:
            bylines.append(at)
        else:
            segment.other.append(at)
    if opened:
        segment.byline = bylines[:1]
    elif bylines:
        segment.byline = bylines if not texts else [at for at in bylines if at > texts[-1]] or bylines[-1:]
    elif headline is not None and len(texts) > 1 and _is_attribution(blocks[texts[-1]]):
        segment.byline = [texts.pop()]
    segment.body = texts if len(bylines) <= len(segment.byline) else sorted({*texts, *bylines} - {*segment.byline})
    return segment


def _is_attribution(block: Block) -> bool:
    """Whether the last paragraph of a headed answer is a name and role that no word list knows: two to four titled lines."""
    return 2 <= len(block.lines) <= 4 and all(is_titled(line.text) for line in block.lines)


def _text_before(blocks: list[Block], at: int, floor: int) -> int | None:
    """Return the block of text or attribution before `at`, widgets skipped; None where there is none from `floor` on."""
    return next((k for k in range(at - 1, floor - 1, -1) if blocks[k].kind in (TEXT, BYLINE, RATING)), None)


def _is_unsigned_end(blocks: list[Block], before: int, at: int, usual: int, cues: Cues) -> bool:
    """Whether an answer ends at `before`, a paragraph, without a signature: the next block opens another."""
    last, text = blocks[before].lines[-1].text, blocks[at].lines[0].text
    if blocks[before].kind == RATING:
        return True
    if last.endswith(":") or LIST_ITEM.match(text):
        return False
    gap = max(block.gap for block in blocks[before + 1 : at + 1])
    return gap > usual or cues.is_salutation(text) or cues.read_sign_off(last) is not None


def _usual_gap(blocks: list[Block]) -> int:
    gaps = Counter(block.gap for block in blocks[1:] if block.gap)
    return max(gaps, key=lambda gap: (gaps[gap], -gap)) if gaps else 1


# -- the question -------------------------------------------------------------------------------------------------------


def _reading(
    name: str, blocks: list[Block], page: Page, question_end: int, segments: list[Segment], footer: list[int]
) -> Reading:
    taken = {at for segment in segments for at in (segment.headline, *segment.body, *segment.byline)}
    texts = [at for at in range(question_end) if blocks[at].kind in (TEXT, BYLINE) and at not in taken]
    title, question = _part_question(blocks, texts, page, titled=_count_at(blocks) is not None)
    return Reading(name, title, question, segments, footer, declared_count(blocks))


def _part_question(
    blocks: list[Block], texts: list[int], page: Page, *, titled: bool = False
) -> tuple[int | None, list[int]]:
    """Return the block of the title, or None, and those of the question's body, out of what stands before the answers."""
    if not texts or blocks[texts[0]].kind != TEXT or not is_title(blocks[texts[0]]):
        return None, texts
    known = (page.title or "").casefold()
    says_title = blocks[texts[0]].lines[0].text.casefold() in known if known else False
    if len(texts) == 1 and not titled and not says_title:
        return None, texts
    return texts[0], texts[1:]


def _question_blocks(blocks: list[Block], limit: int, page: Page) -> int:
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
    words = [word.strip(".,;:!?()\"“”") for word in text.replace("’", "'").lower().split()]
    mine, yours = sum(word in first for word in words), sum(word in second for word in words)
    return mine > yours


# -- the score ----------------------------------------------------------------------------------------------------------


def _score(reading: Reading, blocks: list[Block], page: Page) -> float:
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
    wordings = Counter(_wording(blocks[found[0]].lines[0], page) for found in marks if found)
    score = 0.5 * sum(len(found) == 1 for found in marks) / count
    score -= 1.0 * (len(wordings) - 1) / count
    score -= 0.25 * (reading.name == "closing-marker")
    return score - 0.5 * sum(blocks[at].chars >= MIN_REPLY for at in reading.footer)


def _score_unmarked(reading: Reading, blocks: list[Block], page: Page) -> float:
    """Regular markers that a reading leaves unexplained speak against it."""
    wordings = Counter(
        _wording(blocks[at].lines[0], page) for segment in reading.segments for at in segment.other if blocks[at].kind == MARKER
    )
    regular = max(wordings.values(), default=0)
    score = -min(3.0, 1.0 * regular) if regular >= 3 else 0.0
    return score - 0.75 * (reading.name != "signature")  # a signature after the body is the commoner form


__all__ = ["CHROME", "Reading", "Segment", "declared_count", "read_layouts"]
