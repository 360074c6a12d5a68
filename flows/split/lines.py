"""Flat text → a thread: several readings of the page's own regularity are weighed, and the best one is taken.

The readings differ in what ends or opens an answer: a recurring marker (the vote widget or the template residue in its
place), a signature, a byline above the post, or nothing but a declared count. Each is scored by how well it explains
the page; a declared count is the checksum.
"""

from __future__ import annotations

from flows.records import Cues, Line, NoThread, Page, Thread
from flows.split.flat.blocks import TEXT, Block, build_blocks
from flows.split.flat.compose import claim_page, compose_thread, marked_share, part_stretches
from flows.split.flat.reading import Reading
from flows.split.flat.readings import read_layouts
from flows.split.flat.scoring import MARKED

MIN_PROSE = 40  # characters; less than this in one paragraph is navigation, not a question
MAX_QUESTION = 100_000  # characters; forums cap a post well below this


def split_text(page: Page, lines: list[Line], cues: Cues) -> Thread | NoThread:
    """Return the thread of a flat text, or why there is none.

    `lines` are the page's lines as marked by strip. The claims of the result partition the page's text. Text that shows no
    sign of an answer becomes a question without answers, at low confidence; an HTML page then is no thread.
    """
    blocks = build_blocks(lines, cues)
    readings = read_layouts(blocks, page, cues)
    best = max(readings, key=lambda reading: reading.score, default=None)
    if page.format != "html" and (best is None or is_weak(best, blocks)):
        column = _split_column(page, lines, cues)
        if column is not None:
            return column
    if best is not None and (page.format != "html" or _speaks_for_itself(best)):
        return compose_thread(page, blocks, best, cues)
    return _without_answers(page, blocks, cues)


def is_weak(reading: Reading, blocks: list[Block]) -> bool:
    """Whether little speaks for a reading: its markers are not known ones, or few of its answers are signed."""
    count = len(reading.segments)
    signed = sum(bool(segment.byline) for segment in reading.segments)
    marked = reading.name in MARKED
    known = marked and 2 * marked_share(reading, blocks) >= 1
    if reading.declared == count:
        return not (known or 2 * signed >= count)
    return 4 * signed < count if known else marked or 3 * signed < count


def _split_column(page: Page, lines: list[Line], cues: Cues) -> Thread | NoThread | None:
    from flows.split.flat.columns import split_column  # noqa: PLC0415 -- numpy is loaded only where a page asks for it

    return split_column(page, lines, cues)


def _speaks_for_itself(reading: Reading) -> bool:
    """Whether a reading of an HTML page by its lines alone can be believed: its count agrees, or most answers are signed.

    Navigation and sidebars recur as markers do, so without either it is a guess.
    """
    signed = sum(bool(segment.byline) for segment in reading.segments)
    return reading.declared == len(reading.segments) or 2 * signed > len(reading.segments)


def _without_answers(page: Page, blocks: list[Block], cues: Cues) -> Thread | NoThread:
    prose = [block.chars for block in blocks if block.kind == TEXT]
    if page.format == "html":
        reason = "no thread shows in the lines of the page: no count that agrees, no signatures"
    elif max(prose, default=0) < MIN_PROSE:
        reason = f"no paragraph of {MIN_PROSE} characters or more: navigation or debris alone"
    elif sum(prose) > MAX_QUESTION:
        reason = f"no sign of an answer in more than {MAX_QUESTION} characters, which no question has"
    else:
        return compose_thread(page, blocks, Reading.of_question(blocks, page), cues)
    fates = [(line, (line.role or "chrome", line.rule or "no-thread", None)) for block in blocks for line in block.lines]
    return NoThread("no-thread", reason, claim_page(page.text, part_stretches(fates)), layout="flat:none")
