"""Whether what was found on a page is a thread, and how sure that is."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from urllib.parse import SplitResult, urlsplit

from flows.split.markup.choosing import prints_number
from flows.split.markup.survey import Survey
from flows.split.markup.vocabulary import split_names
from flows.split.markup.weighing import Hypothesis, Record, look_of

LEAST_TEXT = 20  # characters of news in all bodies
THREAD_TYPES = frozenset({"DiscussionForumPosting", "QAPage", "Question", "Answer"})
OTHER_TYPES = frozenset({"Article", "NewsArticle", "BlogPosting", "Product", "Review", "Recipe", "JobPosting", "FAQPage"})
TYPE = re.compile(r'"@type"\s*:\s*\[?\s*"(\w{1,40})"')
MANY_LINKS = 4  # links to threads and boards: what a forum has in its navigation
SUBJECT = re.compile(r"\w{1,5}\s?:")  # "re:", "aw:", "odp:"
LONG_LINK = 15  # characters of a link that may be the title of another thread
LISTED, TEASED = 0.6, 0.75  # shares of records from which a group is a listing, or a row of teasers
MANY_PEOPLE = 8  # a record; a post names its author, and a few more
CHARS_A_NAME = 5  # of all bodies, for each person named beside them
LISTING_HEADS, MAX_HEAD = 2, 40  # columns; characters
LETTERS = re.compile(r"[^\W\d_]")
MAX_ABOVE = 30  # pieces above a body in which the title of its own page would stand
LONG_ARTICLE = 600  # characters before the first comment


def judge(survey: Survey, taken: Hypothesis) -> float | None:
    """Return how sure it is that a hypothesis is a thread, from 0 to 1; None: it is none."""
    records = taken.records
    if _text_of(survey, records) < LEAST_TEXT or not any(_has_letter(survey, record) for record in records):
        return None
    kinds = page_types(survey)
    hints = forum_hints(survey, taken)
    told = bool(kinds & THREAD_TYPES)
    if not told and kinds & OTHER_TYPES and not _has_forum_path(survey) and hints < 2:
        return None
    if not told and _is_home(survey):
        return None
    evidence = taken.evidence
    if len(records) == 1:
        hints += evidence >= 1 and _says_unanswered(survey)
        return round(0.4 + 0.1 * min(hints, 4), 2) if evidence >= 1 and (told or hints >= 2) else None
    if evidence < (0.45 if told or hints >= 2 else 0.6 if hints else 0.9):
        return None
    if _listed_share(survey, records) >= LISTED or _teased_share(survey, records) >= TEASED:
        return None
    if not told and not hints and _are_comments(survey, records) and _text_before(survey, records) > LONG_ARTICLE:
        return None
    return round(min(0.99, 0.35 + 0.4 * evidence + 0.1 * told + 0.06 * min(3, hints)), 2)


def _text_of(survey: Survey, records: tuple[Record, ...]) -> int:
    first, last, sums = survey.markup.first, survey.markup.last, survey.content_sum
    return sum(sums[last[record.body]] - sums[first[record.body]] for record in records)


def page_types(survey: Survey) -> frozenset[str]:
    """Return the schema.org types that a page names, in microdata or JSON-LD."""
    found = {
        (attributes.get("itemtype") or "").rsplit("/", 1)[-1]
        for attributes in survey.markup.attributes
        if "itemtype" in attributes
    }
    for block in survey.markup.json_ld:
        found.update(TYPE.findall(block))
    return frozenset(found)


def forum_hints(survey: Survey, taken: Hypothesis) -> int:
    """Count what names the page as a forum's: its address, its body, the records' elements, its links, post numbers."""
    markup, words = survey.markup, survey.words.forum
    hints = int(_has_forum_path(survey))
    body = next((number for number, tag in enumerate(markup.tags) if tag == "body"), None)
    if body is not None:
        hints += not words.isdisjoint(_names_of(survey, body))
    names: set[str] = set()
    for record in taken.records[:3]:
        number = record.body
        for _ in range(6):
            if number < 0 or markup.tags[number] == "body":
                break
            names |= _names_of(survey, number)
            number = markup.parents[number]
    hints += not words.isdisjoint(names)
    hints += _count_forum_links(survey) >= MANY_LINKS
    return hints + any(prints_number(survey, record) for record in taken.records[:2])


def _says_unanswered(survey: Survey) -> bool:
    """Whether a page says, once, that nobody has answered; a list of threads says it of many."""
    return sum(1 for _ in islice(survey.words.unanswered.finditer(survey.text), 2)) == 1


def _has_forum_path(survey: Survey) -> bool:
    parts = _parts_of(survey.address)
    path = parts.path if parts is not None else ""
    return not survey.words.forum.isdisjoint(split_names(path.replace("/", " ").replace(".", " ")[:120]))


def _is_home(survey: Survey) -> bool:
    """Whether the address is a host's own: what repeats on a home page leads to threads, and is none."""
    parts = _parts_of(survey.address)
    return parts is not None and parts.path in ("", "/") and not parts.query


def _parts_of(address: str | None) -> SplitResult | None:
    """Return the parts of an address; None where there is none, or it is broken ("https://exa[mple")."""
    try:
        return urlsplit(address) if address else None
    except ValueError:
        return None


def _count_forum_links(survey: Survey) -> int:
    words, found = survey.words.forum_addresses, 0
    for tag, attributes in zip(survey.markup.tags, survey.markup.attributes, strict=True):
        if tag == "a" and (href := attributes.get("href")) and not words.isdisjoint(re.split(r"[/?.=&]", href[:200].lower())):
            found += 1
            if found >= MANY_LINKS:
                break
    return found


def _names_of(survey: Survey, number: int) -> frozenset[str]:
    attributes = survey.markup.attributes[number]
    return split_names(f"{attributes.get('class') or ''} {attributes.get('id') or ''}")


def _listed_share(survey: Survey, records: tuple[Record, ...]) -> float:
    """Return the share of records that show a long link of their own beside the body: the titles of other pages."""
    markup, titles, looks = survey.markup, set[str](), Counter[str]()
    people = {mark.piece for mark in survey.people}
    for record in records:
        low = markup.first[record.body]
        for piece in range(max(record.first, low - MAX_ABOVE), low):
            size = markup.stops[piece] - markup.starts[piece]
            if size < LONG_LINK or not survey.linked[markup.owners[piece]] or piece in people:
                continue
            title = survey.text[markup.starts[piece] : markup.stops[piece]].strip().casefold()
            if _opens(survey, title, low):
                continue
            if title not in titles and " " in title and not _is_subject(survey, title) and not _is_dated(survey, piece):
                titles.add(title)
                looks[look_of(survey, markup.owners[piece])] += 1
                break
    return max(looks.values(), default=0) / len(records)


def _is_subject(survey: Survey, title: str) -> bool:
    """Whether a link prints the subject of a post in this thread: "Re: …", or the page's own title."""
    own = (survey.page.title or "").casefold()
    return SUBJECT.match(title) is not None or title in own or (len(own) > LONG_LINK and own.startswith(title[:LONG_LINK]))


def _opens(survey: Survey, title: str, first: int) -> bool:
    """Whether a title is the first words of the body under it, whose first piece is named: software makes one of them."""
    start = survey.markup.starts[first] if first < survey.pieces else len(survey.text)
    words = survey.text[start : start + len(title) + 20].casefold().split()
    own = title.rstrip(" .…").split()
    return words[: len(own)] == own or (len(own) > 3 and words[: len(own) - 1] == own[:-1])  # the last word may be cut off


def _is_dated(survey: Survey, piece: int) -> bool:
    return survey.date_sum[piece + 1] > survey.date_sum[piece]


def is_listing(survey: Survey, records: tuple[Record, ...]) -> bool:
    """Whether the records list boards, topics or members: more names than words, or the rows of a table headed so."""
    people = sum(record.people for record in records)
    if people and people >= MANY_PEOPLE * len(records) and _text_of(survey, records) < CHARS_A_NAME * people:
        return True
    table = _table_of(survey, records[0].body) if records else -1
    while table >= 0 and records[-1].body >= survey.markup.ends[table]:
        table = _table_of(survey, survey.markup.parents[table])
    return table >= 0 and _is_headed(survey, table)


def _has_letter(survey: Survey, record: Record) -> bool:
    starts, stops = survey.markup.starts, survey.markup.stops
    pieces = range(survey.markup.first[record.body], survey.markup.last[record.body])
    return any(LETTERS.search(survey.text, starts[piece], stops[piece]) for piece in pieces)


def _is_headed(survey: Survey, table: int) -> bool:
    """Whether the columns of a table are headed as those of a listing are: replies, views.

    Heads of tables inside it are not its own: somebody's table in a post, similar topics below a thread.
    """
    markup = survey.markup
    heads = set[str]()
    for number in range(table, markup.ends[table]):
        if markup.tags[number] == "th" and markup.first[number] < markup.last[number] and _table_of(survey, number) == table:
            start, stop = markup.starts[markup.first[number]], markup.stops[markup.last[number] - 1]
            heads.add(" ".join(survey.text[start : min(stop, start + MAX_HEAD)].split()).casefold())
    return len(heads & survey.words.listing_heads) >= LISTING_HEADS


def _table_of(survey: Survey, number: int) -> int:
    """Return the table that an element stands in, the innermost; -1 without one."""
    markup = survey.markup
    while number >= 0 and markup.tags[number] != "table":
        number = markup.parents[number]
    return number


def _teased_share(survey: Survey, records: tuple[Record, ...]) -> float:
    """Return the share of bodies that break off: they end in "…" or with words like "read more"."""
    markup, teased = survey.markup, 0
    for record in records:
        first, last = markup.first[record.body], markup.last[record.body]
        if first < last:
            end = survey.text[max(markup.starts[first], markup.stops[last - 1] - 40) : markup.stops[last - 1]].rstrip().lower()
            teased += end.endswith(survey.words.ends)
    return teased / len(records)


def _are_comments(survey: Survey, records: tuple[Record, ...]) -> bool:
    """Whether the records are named as comments and nothing else."""
    names: set[str] = set()
    for record in records[:2]:
        number = record.body
        while number >= 0 and survey.markup.first[number] >= record.first and survey.markup.last[number] <= record.last:
            names |= _names_of(survey, number)
            number = survey.markup.parents[number]
    return any(name.startswith(("comment", "kommentar", "comentario", "commentaire")) for name in names)


def _text_before(survey: Survey, records: tuple[Record, ...]) -> int:
    return survey.content_sum[records[0].first]
