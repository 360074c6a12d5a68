"""Whether what was found on a page is a thread, and how sure that is."""

from __future__ import annotations

from urllib.parse import urlsplit

from flows.split.survey import Survey
from flows.split.vocabulary import split_names
from flows.split.weighing import Hypothesis

LEAST_TEXT = 20  # characters of news in all bodies
THREAD_TYPES = ("DiscussionForumPosting", "QAPage", "Question", "Answer", "Comment")


def judge(survey: Survey, taken: Hypothesis) -> float | None:
    """Return how sure it is that a hypothesis is a thread, from 0 to 1; None: it is none."""
    records = taken.records
    if not records:
        return None
    first, last, sums = survey.markup.first, survey.markup.last, survey.content_sum
    text = sum(sums[last[record.body]] - sums[first[record.body]] for record in records)
    evidence = taken.evidence
    hint = forum_hint(survey, taken)
    if text < LEAST_TEXT:
        return None
    if len(records) == 1:
        return 0.4 + 0.1 * min(hint, 3) if evidence >= 1 and hint >= 2 else None
    if evidence < (0.45 if hint >= 2 else 0.75):
        return None
    return round(min(0.99, 0.35 + 0.4 * evidence + 0.08 * min(3, hint)), 2)


def forum_hint(survey: Survey, taken: Hypothesis) -> int:
    """Count what names the page as a forum's: its address, its body's classes, the records' classes, microdata."""
    markup, words = survey.markup, survey.words.forum
    hints = 0
    path = urlsplit(survey.page.url).path if survey.page.url else ""
    hints += not words.isdisjoint(split_names(path.replace("/", " ").replace(".", " ")))
    body = next((number for number, tag in enumerate(markup.tags) if tag == "body"), None)
    if body is not None:
        attributes = markup.attributes[body]
        hints += not words.isdisjoint(split_names(f"{attributes.get('class') or ''} {attributes.get('id') or ''}"))
    names: set[str] = set()
    for record in taken.records[:3]:
        number = record.body
        for _ in range(6):
            if number < 0:
                break
            attributes = markup.attributes[number]
            names |= split_names(f"{attributes.get('class') or ''} {attributes.get('id') or ''}")
            number = markup.parents[number]
    hints += not words.isdisjoint(names)
    hints += 2 * any(
        (attributes.get("itemtype") or "").endswith(THREAD_TYPES) for attributes in markup.attributes if "itemtype" in attributes
    )
    return hints
