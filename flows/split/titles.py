"""The title of a thread, out of the title of its page: without the site's name, "Page 2" and the chain of categories.

No site is known by name. What speaks for a part of a page's title is a heading with the same words, or the words of the
address; what speaks against it is the host's name, a page number, a word of engines. Where nothing speaks, it stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from flows.rules import read_toml

MAX_TITLE = 1000  # characters; a longer one is no title
# A separator stands apart from the words on both sides; a colon only before the rest of a chain ("Forum: Title" is a title).
SEPARATOR = re.compile(r"\s+(?:\|{1,2}|-{1,2}|[–—•·«~/]|»{1,2}|›|>{1,2}|:{1,2})\s+")
WORD = re.compile(r"[^\W_]+")
TAIL = re.compile(r"\s*\(([^()]{1,80})\)$")
CUT_OFF = re.compile(r"\s*(?:…|\.\.\.)$")
MIN_SLUG_WORDS, MIN_SLUG_SHARE = 3, 0.6  # of a part's words, found in the address; an address drops short words and cuts
MIN_LABEL = 4  # letters of a host's name; shorter ones stand in words by chance
MIN_SITE_SHARE = 0.75  # of a part's letters that are the host's name
MAX_SITE_WORDS = 6


class Marks(NamedTuple):
    """What parts of a title are known by."""

    page: re.Pattern[str]
    page_tail: re.Pattern[str]
    openers: frozenset[str]
    generic: frozenset[str]
    kinds: frozenset[str]


@lru_cache(maxsize=1)
def read_marks() -> Marks:
    """Return the marks of titles.toml."""
    data = read_toml(Path(__file__).parent / "titles.toml")
    words, of = ("|".join(map(re.escape, data["page"][key])) for key in ("words", "of"))
    number = rf"(?:{words})\.?\s?\d{{1,5}}(?:\s?(?:{of})\s?\d{{1,5}})?"
    return Marks(
        re.compile(rf"\W*{number}\W*", re.IGNORECASE),
        re.compile(rf"(?:\s*[(\[]\s*{number}\s*[)\]]|\s*[,;]\s*{number})\s*$", re.IGNORECASE),
        frozenset(data["openers"]["phrases"]),
        frozenset(data["generic"]["words"]),
        frozenset(data["kinds"]["words"]),
    )


def clean_title(
    title: str | None, headings: Sequence[str] = (), *, url: str | None = None, site: str | None = None
) -> str | None:
    """Return the thread's title in a page's title, as it is printed there; the whole title where nothing shows which part.

    `title` is what the page's head or its container says, `headings` are the page's headings, the highest first, `url` and
    `site` its address and host. Without a title it is the only heading, else None. A heading completes a title that was cut.

    >>> clean_title("Why does it creak? - Page 2 - Hinge Forum", url="https://www.hinge-forum.example/t/12")
    'Why does it creak?'
    >>> clean_title("Gates » Garden » Creaking hinge", ["Gates", "Creaking hinge"], site="gates.example")
    'Creaking hinge'
    >>> clean_title("Oil - which one?", ["Welcome"])
    'Oil - which one?'
    """
    headings = [folded for heading in headings[:40] if (folded := _fold(heading)) and len(folded) <= MAX_TITLE]
    whole = _fold(title)
    if not whole or len(whole) > MAX_TITLE:
        return headings[0] if not whole and len(headings) == 1 else None
    labels = _labels_of(url, site)
    parts = _part(whole)
    named = _find_heading(parts, headings, labels)
    if named is not None:
        return named
    parts = _strip(parts, labels)
    if not parts:
        return whole
    addressed = _find_addressed(parts, url)
    found = addressed if addressed is not None else _join(parts)
    return read_marks().page_tail.sub("", _drop_tail(found, labels)).strip() or whole


def _drop_tail(title: str, labels: Sequence[str]) -> str:
    """Return a title without brackets at its end that name the site and say that it is one."""
    tail = TAIL.search(title)
    words = set(_words(tail[1])) if tail else set()
    is_site = bool(words & set(labels)) and bool(words & read_marks().kinds)
    return title[: tail.start()] if tail is not None and is_site and tail.start() else title


def _fold(text: str | None) -> str:
    return " ".join(text.split()) if text else ""


class Part(NamedTuple):
    """One part of a title and the separator before it."""

    before: str
    text: str


def _part(title: str) -> list[Part]:
    parts: list[Part] = []
    at, before = 0, ""
    for found in SEPARATOR.finditer(title):
        parts.append(Part(before, title[at : found.start()]))
        at, before = found.end(), found[0]
    parts.append(Part(before, title[at:]))
    return [part for part in parts if part.text]


def _join(parts: Sequence[Part]) -> str:
    return "".join(part.before + part.text if number else part.text for number, part in enumerate(parts))


def _words(text: str) -> list[str]:
    return WORD.findall(text.casefold())


def _labels_of(url: str | None, site: str | None) -> list[str]:
    """Return the names in the host that may be the site's, as letters alone, generic ones and the top level left out."""
    try:
        host = site or (urlsplit(url).hostname if url else None) or ""
    except ValueError:
        host = site or ""
    labels = host.casefold().split(".")
    names = ["".join(WORD.findall(label)) for label in [*(labels[:-1] if len(labels) > 1 else labels), host.casefold()]]
    return [name for name in names if len(name) >= MIN_LABEL and name not in read_marks().generic]


def is_site_name(text: str, labels: Sequence[str]) -> bool:
    """Whether a part of a title is the name of the site, by the names in its host.

    >>> is_site_name("Hinge Forum", ["hingeforum"]), is_site_name("How do I oil a hinge?", ["hinge"])
    (True, False)
    """
    words = _words(text)
    if not 0 < len(words) <= MAX_SITE_WORDS:
        return False
    named = "".join(word for word in words if word not in read_marks().generic)
    whole = "".join(words)
    return any(
        (len(named) >= MIN_LABEL and named in label)
        or whole in label
        or (label in whole and len(label) >= MIN_SITE_SHARE * max(len(named), 1))
        for label in labels
    )


def _is_idle(text: str, labels: Sequence[str]) -> bool:
    """Whether a part is no thread's title: a page number, the site's name, or nothing but words for a kind of site."""
    marks = read_marks()
    words = _words(text)
    return (
        not words
        or marks.page.fullmatch(text) is not None
        or all(word in marks.generic for word in words)
        or is_site_name(text, labels)
    )


def _strip(parts: list[Part], labels: Sequence[str]) -> list[Part]:
    """Take idle parts off both ends, what follows a page number, and an engine's opener; one part is always left."""
    marks = read_marks()
    paged = next((number for number, part in enumerate(parts) if number and marks.page.fullmatch(part.text)), len(parts))
    parts = parts[:paged]
    while len(parts) > 1 and (_is_idle(parts[-1].text, labels) or _is_kind(parts[-1].text)):
        parts = parts[:-1]
    while len(parts) > 1 and (_is_idle(parts[0].text, labels) or " ".join(_words(parts[0].text)) in marks.openers):
        parts = parts[1:]
    # Between a site that is not known and the title there may be an opener: "Some Board • View topic - Title".
    opened = next((number for number, part in enumerate(parts[:-1]) if " ".join(_words(part.text)) in marks.openers), None)
    return parts if opened is None else parts[opened + 1 :]


def _is_kind(text: str) -> bool:
    """Whether a last part says what it is: "Garden Gate Forums"."""
    words = _words(text)
    return 0 < len(words) <= MAX_SITE_WORDS and words[-1] in read_marks().kinds


def _find_heading(parts: list[Part], headings: Sequence[str], labels: Sequence[str]) -> str | None:
    """Return the run of parts that a heading repeats, idle ones aside; of several, the longest; None without one."""
    by_words = {tuple(_words(heading)): heading for heading in reversed(headings) if not _is_idle(heading, labels)}
    if len(parts) == 1 and not CUT_OFF.search(parts[0].text):
        return None
    runs = sorted(
        ((first, last) for first in range(len(parts[:24])) for last in range(first + 1, len(parts[:24]) + 1)),
        key=lambda run: run[0] - run[1],
    )
    for first, last in runs:
        text = _join(parts[first:last])
        if tuple(_words(text)) in by_words:
            return text
        cut = CUT_OFF.sub("", text)
        if cut != text and len(words := _words(cut)) >= MIN_SLUG_WORDS:
            begun = next((heading for known, heading in by_words.items() if list(known[: len(words)]) == words), None)
            if begun is not None:
                return begun
    return None


def _find_addressed(parts: list[Part], url: str | None) -> str | None:
    """Return the one run of parts whose words are those of the address's last step; None where none is, or several are."""
    slug = _slug_of(url)
    if len(parts) < 2 or len(slug) < MIN_SLUG_WORDS:
        return None
    runs: list[list[Part]] = [[]]
    for part in parts:
        words = set(_words(part.text))
        if len(words & slug) >= max(1, MIN_SLUG_SHARE * len(words)):
            runs[-1].append(part)
        elif runs[-1]:
            runs.append([])
    texts = [_join(run) for run in runs if run]
    likely = [text for text in texts if len(set(_words(text)) & slug) >= MIN_SLUG_WORDS]
    return likely[0] if len(likely) == 1 else None


def _slug_of(url: str | None) -> set[str]:
    try:
        steps = unquote(urlsplit(url or "").path).split("/")
    except ValueError:
        return set()
    return set(_words(max(steps, key=lambda step: (len(_words(step)) >= MIN_SLUG_WORDS, steps.index(step)))))
