"""Promise 2: nothing is lost. The check that every page is held to, written against what the splitters say, not with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from flows.records import NoThread, Page, Post, Thread


def find_loss(page: Page, found: Thread | NoThread, repair: Callable[[str], str]) -> str | None:
    """Return what a page's ledger gets wrong, in words, or None where every character is accounted for.

    The claims must partition the text; and for each post, the words of its stretches must be those of its title, headline,
    body and byline. `repair` repeats on a line of raw text what strip did to it.
    """
    at = 0
    for start, end, role, rule, post, _ in found.claims:
        if start != at or end <= start:
            return f"the ledger has a gap or an overlap at character {at}"
        if post is None and not rule and role != "blank":
            return f"no rule is named for the stretch at character {at}"
        at = end
    if at != len(page.text):
        return f"the ledger ends at character {at} of {len(page.text)}"
    if not isinstance(found, Thread) or _is_plainly_whole(page.text, found):
        return None
    return _find_lost_words(page, found, repair)


MARKS = re.compile(r"(?:\n|> |>|- |\d{1,5}\. |```| \| |  )+")  # the alphabet of rendering
LINE_END = re.compile(r"\r\n|[\r\n]")  # as strip parts lines; other separators may be half of a broken character
SPACES = b" \t\n\r\x0b\x0c"
FIELD_END = "\x1e"  # the record separator; in no page that anybody wrote
# The field that the words of a stretch are published in, by role; votes, dates and ratings are values, not words.
FIELDS = {"title": "title", "question": "body", "headline": "headline", "answer": "body", "comment": "body", "byline": "byline"}


def _is_plainly_whole(text: str, thread: Thread) -> bool:
    """Whether the words of all stretches are those of all fields, by quick looks; False where it takes a closer one.

    A field that stands in its stretch as it is published is whole; the others of a page are compared in one go, a separator
    between them. A field in several places, marks of rendering, a repair: each field is then looked at by itself.
    """
    if thread.remarks or FIELD_END in text:
        return False
    posts = [thread.question, *thread.answers]
    raw: list[str] = []
    shown: list[str] = []
    seen: set[tuple[int, str]] = set()
    last = (-1, "")
    rest = 0  # where the field at hand ends in the text, if it stands there as published; else -1
    for start, end, role, _, post, within in thread.claims:
        if post is None:
            continue
        field = FIELDS.get((within or "answer") if role == "code" else role)
        if field is None:
            continue
        if (post, field) != last:
            last = (post, field)
            published = _read_field(posts[post], field) if field != "title" else thread.title
            if last in seen or not published:
                return False
            seen.add(last)
            rest = start + len(published) if text.startswith(published, start, end) else -1
            if rest < 0:
                raw.append(FIELD_END)
                shown += (FIELD_END, published)
        if rest < 0:
            raw.append(text[start:end])
        elif text[max(start, rest) : end].strip():
            return False
    fields = sum([(post.headline is not None) + (post.body is not None) + (post.byline is not None) for post in posts])
    return fields + (thread.title is not None) == len(seen) and _squeeze("".join(raw)) == _squeeze("".join(shown))


def _read_field(post: Post, field: str) -> str | None:
    if field == "body":
        return None if post.rendered else post.body
    if field == "headline":
        return post.headline
    return post.byline.printed if post.byline is not None else None


def _find_lost_words(page: Page, thread: Thread, repair: Callable[[str], str]) -> str | None:
    stretches: dict[tuple[int, str], list[str]] = {}
    text = page.text
    for claim in thread.claims:
        if claim.post is None:
            continue
        field = FIELDS.get(claim.within or "answer" if claim.role == "code" else claim.role)
        if field is not None:
            stretches.setdefault((claim.post, field), []).append(text[claim.start : claim.end])
    remarks = [remark.post for remark in thread.remarks]
    for number, post in enumerate([thread.question, *thread.answers, *remarks]):
        for field, published in _fields(post, thread.title if number == 0 else None):
            raw = stretches.pop((number, field), [])
            joined, shown = "".join(raw), published or ""
            if field == "body" and post.rendered:
                unmarked = _without_marks(shown, post.rendered)
                if unmarked is None:
                    return f"rendering put other than marks into the body of post {number}"
                shown = unmarked
            if _squeeze(joined) != _squeeze(shown) and not _says_the_same(raw, shown, repair):
                return f"the words of post {number}, field {field}, are not those of its stretches"
    if stretches:
        number, field = next(iter(stretches))
        return f"a stretch of post {number} belongs to field {field}, which was not published"
    return None


def _says_the_same(raw: list[str], shown: str, repair: Callable[[str], str]) -> bool:
    """Whether stretches of the page say what was published, once repaired.

    Repairing looks at a line at a time. Whether two stretches are of one line, parted by a cut, or of two lines, parted by
    one that went elsewhere, is not known here: either reading may be the one that was repaired.
    """
    wanted = _letters(shown, repair)
    return wanted in (_letters("".join(raw), repair), _letters("\n".join(raw), repair))


def _squeeze(text: str) -> bytes:
    """Return a text without its common white space; bytes are taken out ten times as fast as words are parted."""
    return text.replace("\u00a0", "").encode("utf-8", "surrogatepass").translate(None, SPACES)


def _without_marks(body: str, rendered: tuple[tuple[int, int], ...]) -> str | None:
    """Return a body without what rendering put into it; None where that is anything but quote, list, cell and code marks."""
    kept, at = [], 0
    for start, end in rendered:
        if start < at or MARKS.fullmatch(body, start, end) is None:
            return None
        kept.append(body[at:start])
        at = end
    return "".join([*kept, body[at:]])


def _letters(text: str, repair: Callable[[str], str]) -> str:
    """Return a text without white space, each of its lines repaired; repairing what is sound changes nothing."""
    return "".join("".join(repair(line).split()) for line in LINE_END.split(text))


def _fields(post: Post, title: str | None) -> Iterable[tuple[str, str | None]]:
    yield "title", title
    yield "headline", post.headline
    yield "body", post.body
    yield "byline", post.byline.printed if post.byline else None
