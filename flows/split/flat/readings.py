"""The readings of a flat page: where answers may start, by marker, by signature, by byline, by count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from flows.records import Cues, Line, Page
from flows.split.flat.blocks import (
    BYLINE,
    LIST_ITEM,
    MARKER,
    RATING,
    TEXT,
    Block,
    is_headline,
    is_named,
    is_title,
    is_titled,
)
from flows.split.flat.reading import Reading, Segment, build_reading, count_at, declared_count, question_end
from flows.split.flat.scoring import MIN_REPLY, is_flawless, score_reading, wording_of


def read_layouts(blocks: list[Block], page: Page, cues: Cues) -> list[Reading]:
    """Return every reading of the page under which it has an answer, scored; none where nothing speaks for one."""
    readings: list[Reading] = []
    for name, find in LAYOUTS.items():
        for reading in find(name, blocks, page, cues):
            if any(segment.body for segment in reading.segments):
                reading.score = score_reading(reading, blocks, page)
                readings.append(reading)
                if is_flawless(reading, blocks):
                    return [reading]
    return readings


# -- layouts: each gives the readings of one kind -----------------------------------------------------------------------


def _by_marker(name: str, blocks: list[Block], page: Page, _cues: Cues) -> Iterator[Reading]:
    """A marker opens each body: (headline,) marker, body, byline."""
    for family in _families(blocks, page):
        starts = _marker_starts(blocks, family)
        if len(starts) < 2 and count_at(blocks) is None:
            continue
        segments, footer = [], []
        for number, (start, headline) in enumerate(starts):
            end = starts[number + 1][0] if number + 1 < len(starts) else len(blocks)
            more, rest = _read_marked(blocks, start, end, headline, is_last=end == len(blocks))
            segments += more
            footer += rest
        yield build_reading(name, blocks, page, starts[0][0], segments, footer)


def _by_closing_marker(name: str, blocks: list[Block], page: Page, _cues: Cues) -> list[Reading]:
    """A marker closes each answer: (headline,) body, byline, marker."""
    readings = []
    after_count = count_at(blocks)
    for marks in _families(blocks, page):
        family = [at for at in marks if after_count is None or at > after_count]
        if not family:
            continue
        first = question_end(blocks, family[0], page) if after_count is None else after_count + 1
        bounds = [first, *(at + 1 for at in family)]
        segments = [_read_segment(blocks, start, end) for start, end in pairwise(bounds) if start < end]
        if len(family) >= 2 or after_count is not None:
            rest = [at for at in range(bounds[-1], len(blocks)) if blocks[at].kind in (TEXT, BYLINE)]
            readings.append(build_reading(name, blocks, page, first, [s for s in segments if s.body], rest))
    return readings


def _by_signature(name: str, blocks: list[Block], page: Page, cues: Cues) -> list[Reading]:
    """A signature ends each answer, and unsigned ones show by a doubled gap, a sign-off or a fresh greeting."""
    bylines = [at for at, block in enumerate(blocks) if block.kind == BYLINE]
    counted = count_at(blocks)
    if not bylines or (counted is not None and bylines[-1] < counted):
        return []
    first = counted + 1 if counted is not None else question_end(blocks, bylines[0], page)
    usual = _usual_gap(blocks)
    starts = [first]
    for at in range(first + 1, len(blocks)):
        before = _text_before(blocks, at, first)
        if blocks[at].kind != TEXT or before is None:
            continue
        if blocks[before].kind == BYLINE or _is_unsigned_end(blocks, before, at, usual, cues):
            starts.append(at)
    bounds = [*starts, len(blocks)]
    segments = [_read_segment(blocks, start, end) for start, end in pairwise(bounds)]
    return [build_reading(name, blocks, page, first, segments, [])]


def _by_opening_byline(name: str, blocks: list[Block], page: Page, _cues: Cues) -> list[Reading]:
    """A byline stands above each answer."""
    bylines = [at for at, block in enumerate(blocks) if block.kind == BYLINE]
    counted = count_at(blocks)
    if counted is not None:
        bylines = [at for at in bylines if at > counted]
    if not bylines or blocks[-1].kind == BYLINE:
        return []
    texts = [at for at in range(bylines[0]) if blocks[at].kind == TEXT and (counted is None or at > counted)]
    if counted is not None and texts:
        return []  # something stands between the count and the first byline: it is a body
    if counted is None and len(texts) > (2 if texts and is_title(blocks[texts[0]]) else 1):
        return []
    bounds = [*bylines, len(blocks)]
    segments = [_read_segment(blocks, start, end, opened=True) for start, end in pairwise(bounds)]
    first = bylines[0] if counted is None else counted + 1
    return [build_reading(name, blocks, page, first, segments, [])]


def _by_count(name: str, blocks: list[Block], page: Page, _cues: Cues) -> list[Reading]:
    """Nothing but a declared count: paragraphs, or headline and paragraph, that are as many; else one answer in doubt."""
    counted = count_at(blocks)
    wanted = declared_count(blocks)
    if counted is None or not wanted:
        return []
    texts = [at for at in range(counted + 1, len(blocks)) if blocks[at].kind in (TEXT, BYLINE)]
    if not texts:
        return []
    pairs = list(zip(texts[::2], texts[1::2], strict=False))
    if len(texts) == 2 * wanted and all(is_headline(blocks[head]) for head, _ in pairs):
        segments = [Segment(head, [body]) for head, body in pairs]
    elif len(texts) == wanted:
        segments = [Segment(None, [at]) for at in texts]
    else:
        segments = [Segment(None, texts)]
    return [build_reading(name, blocks, page, counted + 1, segments, [])]


LAYOUTS: dict[str, Callable[[str, list[Block], Page, Cues], Iterable[Reading]]] = {
    "marker": _by_marker,
    "closing-marker": _by_closing_marker,
    "signature": _by_signature,
    "opening-byline": _by_opening_byline,
    "count": _by_count,
}


# -- markers ------------------------------------------------------------------------------------------------------------


def _families(blocks: list[Block], page: Page) -> Iterator[list[int]]:
    """Yield the sets of markers that may open answers: all, those of a role, of a rule, of one wording; at most thirteen."""
    marks = [at for at, block in enumerate(blocks) if block.kind == MARKER]
    if marks:
        yield marks
    seen = {tuple(marks)}
    for key in (_role, _rule, wording_of):
        groups: dict[str | None, list[int]] = {}
        for at in marks:
            groups.setdefault(key(blocks[at].lines[0], page), []).append(at)
        for family in sorted(groups.values(), key=len, reverse=True)[:4]:
            if tuple(family) not in seen:
                seen.add(tuple(family))
                yield family


def _role(line: Line, _page: Page) -> str | None:
    return line.role


def _rule(line: Line, _page: Page) -> str | None:
    return line.rule


def _marker_starts(blocks: list[Block], family: list[int]) -> list[tuple[int, int | None]]:
    """Return (first block, headline block or None) of each answer that a marker opens."""
    starts: list[tuple[int, int | None]] = []
    last = -1  # the marker before
    floor = count_at(blocks)
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
            after = at + 1
            while after < end and blocks[after].kind in (RATING, BYLINE) and blocks[after].gap == 0:
                after += 1
            return after
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
    elif (headline is not None or segment.other) and len(texts) > 1 and _is_attribution(blocks[texts[-1]]):
        segment.byline = [texts.pop()]
    segment.body = texts if len(bylines) <= len(segment.byline) else sorted({*texts, *bylines} - {*segment.byline})
    return segment


def _is_attribution(block: Block) -> bool:
    """Whether the last paragraph of an answer is a name that no word list knows: up to four titled lines, or a user name."""
    if len(block.lines) == 1:
        return is_named(block.lines[0].text) and not is_titled(block.lines[0].text)
    return len(block.lines) <= 4 and all(is_named(line.text) for line in block.lines)


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
    if at > before + 1 and blocks[at - 1].lines[0].role == "artifact" and blocks[at - 1].gap and not blocks[at].gap:
        return True  # template residue stands where the signature would: below an empty line, right above the next body
    return gap > usual or cues.is_salutation(text) or cues.read_sign_off(last) is not None


def _usual_gap(blocks: list[Block]) -> int:
    gaps = Counter(block.gap for block in blocks[1:] if block.gap)
    return max(gaps, key=lambda gap: (gaps[gap], -gap)) if gaps else 1
