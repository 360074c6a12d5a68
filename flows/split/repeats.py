"""HTML of any site → a thread: what repeats on the page as posts do is found, weighed and read."""

from __future__ import annotations

from collections.abc import Iterator

from flows.records import Claim, Cues, NoThread, Page, Thread
from flows.split.engines import Layout
from flows.split.markup.boxes import Box, Found
from flows.split.markup.choosing import choose_hypotheses, refine
from flows.split.markup.columns import fill_authors, fill_dates
from flows.split.markup.fields import fill_fields, find_declared
from flows.split.markup.headings import find_title
from flows.split.markup.known import find_known
from flows.split.markup.openings import find_opening
from flows.split.markup.remarks import find_remarks
from flows.split.markup.survey import Survey
from flows.split.markup.threads import read_thread
from flows.split.markup.trimming import find_trims
from flows.split.markup.trust import is_listing, judge
from flows.split.markup.weighing import Hypothesis

MOST_TRIED = 12  # hypotheses of a page, before it is refused
RIVAL = 0.3  # of the best score: what scores less is no other reading of the posts, whatever it counts
AROUND = 0.5  # of the score of a listing: what scores less is what stands around it
MISCOUNTED = 0.8  # of the confidence, where no reading counts as the page does
MAX_PLAIN_LINKS, MAX_PLAIN_ELEMENTS = 10, 400


def split_markup(page: Page, cues: Cues, layouts: tuple[Layout, ...] = ()) -> Thread | NoThread:
    """Return the thread of an HTML page by its elements, or why there is none; the claims partition the page's text.

    The first of `layouts` that knows the page and finds a sound thread decides; else what repeats on it does.
    """
    markup = page.markup
    if markup is None:
        return _refuse(page, "the page has more elements than a thread has")
    survey = Survey(page, markup)
    found = find_known(survey, layouts) or find_posts(survey)
    if found is None:
        return _refuse(page, "nothing on the page repeats as posts do, each with who wrote it and when")
    return read_thread(survey, cues, found, find_trims(survey, found))


def is_plain(page: Page) -> bool:
    """Whether a page is text with hardly a link or an element around it: its lines may say what its elements do not."""
    markup = page.markup
    return markup is not None and markup.tags.count("a") <= MAX_PLAIN_LINKS and len(markup.tags) <= MAX_PLAIN_ELEMENTS


def find_posts(survey: Survey) -> Found | None:
    """Return the boxes of a page's posts, None where it holds no thread."""
    hypotheses = choose_hypotheses(survey)
    tried = _try_each(survey, hypotheses)
    score, best = next(tried, (0.0, None))
    if best is None or _counts_as_declared(best) is not False:
        return best
    for rival, found in tried:  # the page counts its answers, and differently: does another reading count as it does?
        if rival < RIVAL * score:
            break
        if _counts_as_declared(found):
            return found
    best.confidence = round(best.confidence * MISCOUNTED, 3)
    return best


def _try_each(survey: Survey, hypotheses: list[Hypothesis]) -> Iterator[tuple[float, Found]]:
    """Yield what each hypothesis finds that holds a thread, with its score, the best first.

    Where a listing scores best, what scores much less are the boxes around it.
    """
    refused: set[int] = set()
    listed = 0.0
    for best in hypotheses[:MOST_TRIED]:
        if best.score < AROUND * listed:
            break
        if refused.intersection(best.group.members):
            continue
        taken = refine(survey, best, hypotheses)
        is_list = is_listing(survey, taken.records)
        listed = max(listed, best.score) if is_list else listed
        trust = None if is_list else judge(survey, taken)
        if trust is not None:
            yield best.score, _box(survey, taken, trust, find_remarks(survey, taken, hypotheses))
        else:
            refused.update(best.group.members)


def _counts_as_declared(found: Found) -> bool | None:
    """Whether as many answers were found as the page declares; None: it declares none."""
    return None if found.declared is None else found.declared == len(found.boxes) - 1


def _box(survey: Survey, taken: Hypothesis, confidence: float, remarks: list[tuple[int, Box]]) -> Found:
    boxes = [Box(record.first, record.last, record.body, record.element, record.head) for record in taken.records]
    found = Found(boxes, "repeats", confidence, title=find_title(survey))
    for under, remark in remarks:
        boxes[under].last = min(boxes[under].last, remark.first)
    fill_authors(survey, boxes)
    fill_dates(survey, boxes)
    fill_authors(survey, [remark for _, remark in remarks])
    fill_dates(survey, [remark for _, remark in remarks])
    found = find_opening(survey, found)
    shift = len(found.boxes) - len(taken.records)
    found.remarks = [(under + shift, remark) for under, remark in remarks]
    fill_authors(survey, boxes[:1])
    fill_dates(survey, boxes[:1])
    fill_fields(survey, found)
    find_declared(survey, found)
    return found


def _refuse(page: Page, reason: str) -> NoThread:
    claims = [Claim(0, len(page.text), "chrome", "no-thread")] if page.text else []
    return NoThread("no-thread", reason, claims, layout="html:none")
