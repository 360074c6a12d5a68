"""What forum software calls its parts: the words of vocabulary.toml, and the questions that they answer."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from flows.rules import read_toml

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_PARTS = re.compile(r"[/?&=;#.]+")
DIGITS = re.compile(r"\d+")
PERSON, TIME, SIGNED, CHROME = 1, 2, 4, 8
AUTHORS = ("author", "username", "poster", "nickname", "autor", "auteur")
TIMES = frozenset(
    ["date", "time", "datetime", "timestamp", "posted", "postdate", "timeago", "ago", "age", "datum", "fecha", "fecha", "data"]
)
AROUND = frozenset({"message", "text", "content"})  # what a post is called, in the name of its author's element
QUOTES = frozenset({"quote", "quoted", "quotebox", "blockquote", "zitat", "cita", "citation"})
MAX_ATTRIBUTE = 300  # characters of a class or an address that are looked at


class Vocabulary(NamedTuple):
    """The words of vocabulary.toml, by what they are asked for."""

    addresses: frozenset[str]
    short_addresses: frozenset[str]
    people: frozenset[str]
    buttons: frozenset[str]
    actions: frozenset[str]
    ranks: frozenset[str]
    by: re.Pattern[str]
    by_start: re.Pattern[str]
    made: tuple[str, ...]
    guests: frozenset[str]
    joined: re.Pattern[str]
    chrome_tags: frozenset[str]
    chrome_roles: frozenset[str]
    chrome: frozenset[str]
    bodies: frozenset[str]
    signature: frozenset[str]
    notes: frozenset[str]
    edits: tuple[str, ...]
    ends: tuple[str, ...]
    counts: re.Pattern[str]
    unanswered: re.Pattern[str]
    forum: frozenset[str]
    forum_addresses: frozenset[str]
    listing_heads: frozenset[str]


@lru_cache(maxsize=1)
def load_vocabulary() -> Vocabulary:
    """Return the words of vocabulary.toml."""
    data = read_toml(Path(__file__).parent / "vocabulary.toml")
    people, notes = data["people"], data["notes"]
    counted = "|".join(sorted(map(re.escape, data["counts"]["answers"]), key=len, reverse=True))
    unanswered, none = ("|".join(map(re.escape, data["unanswered"][name])) for name in ("counted", "none"))
    return Vocabulary(
        frozenset(people["addresses"]),
        frozenset(people["short"]),
        frozenset(people["classes"]),
        frozenset([*people["buttons"], *data["said"]["unproved"]]),
        frozenset(people["actions"]),
        frozenset(people["ranks"]),
        re.compile(rf"(?:^|\W)(?:{'|'.join(map(re.escape, data['said']['by']))}):?\s*$", re.IGNORECASE),
        re.compile(rf"\s*(?:{'|'.join(map(re.escape, data['said']['by']))}):?\s+", re.IGNORECASE),
        tuple(data["said"]["made"]),
        frozenset(data["said"]["guests"]),
        re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, data['joined']['before']))})(?!\w)", re.IGNORECASE),
        frozenset(data["chrome"]["tags"]),
        frozenset(data["chrome"]["roles"]),
        frozenset(data["chrome"]["classes"]),
        frozenset(data["bodies"]["classes"]),
        frozenset(data["signature"]["classes"]),
        frozenset(notes["classes"]),
        tuple(notes["edits"]),
        tuple(notes["ends"]),
        re.compile(
            rf"(?:^|\s)(\d{{1,3}}(?:[.,]\d{{3}})*|\d{{1,5}})\s+(?:{counted})\b|\b(?:{counted})\s*[:(]?\s*(\d{{1,5}})\)?",
            re.IGNORECASE,
        ),
        re.compile(
            rf"(?<![\d.,:/-])0\s+(?:{unanswered})\b|\b(?:{unanswered})\s*[:(]\s*0(?![\d.,])|(?<!\w)(?:{none})(?!\w)",
            re.IGNORECASE,
        ),
        frozenset(data["forum"]["words"]),
        frozenset(data["forum"]["addresses"]),
        frozenset(data["listings"]["heads"]),
    )


@lru_cache(maxsize=4096)
def split_names(name: str) -> frozenset[str]:
    """Return the words of class names or ids, lower-case: parted at signs, digits and capitals; each name whole as well.

    >>> sorted(split_names("postAuthor user-name12"))
    ['author', 'name', 'post', 'postauthor', 'user', 'username']
    """
    name = name[:MAX_ATTRIBUTE]
    words = {word.lower() for word in _WORDS.findall(name)}
    return frozenset(words | {"".join(_WORDS.findall(part)).lower() for part in name.split()})


@lru_cache(maxsize=8192)
def kind_of(names: str) -> int:
    """Return what the classes of an element say that it shows: PERSON, TIME, SIGNED, CHROME added up."""
    known, found = load_vocabulary(), split_names(names)
    person = any(_names_person(name, known) for name in names[:MAX_ATTRIBUTE].split())
    kind = PERSON * person + TIME * (not TIMES.isdisjoint(found))
    return kind + SIGNED * (not known.signature.isdisjoint(found)) + CHROME * names_part(names, known.chrome)


def _names_person(name: str, known: Vocabulary) -> bool:
    """Whether one class names a person: by a word for one, and none for a rank, a picture or a text beside it."""
    words = split_names(name)
    if known.people.isdisjoint(words) and not any(word.endswith(AUTHORS) for word in words):
        return False
    return known.ranks.isdisjoint(words) or (name.lower().endswith((*AUTHORS, "user")) and words & known.ranks <= AROUND)


@lru_cache(maxsize=8192)
def mask_names(names: str) -> tuple[str, tuple[str, ...]]:
    """Return the classes of an element with their numbers masked: as one, and each."""
    masked = DIGITS.sub("#", names[:200])
    return masked, tuple(masked.split()[:12])


@lru_cache(maxsize=8192)
def names_part(names: str, words: frozenset[str]) -> bool:
    """Whether one class of a list names a part of a page: one or two words, one of them known."""
    return any(
        len(split_names(name)) <= 3 and not words.isdisjoint(split_names(name)) for name in names[:MAX_ATTRIBUTE].split()
    )


@lru_cache(maxsize=4096)
def is_profile_address(address: str) -> bool:
    """Whether an address is a person's by the words in it: a part that says so, and something after it.

    >>> is_profile_address("/members/ada.12/"), is_profile_address("/members/"), is_profile_address("/t/user-profile-broken/7")
    (True, False, False)
    """
    known = load_vocabulary()
    address = address[:MAX_ATTRIBUTE].split("#", maxsplit=1)[0].lower()
    if "://" in address:
        address = address.split("://", 1)[1].partition("/")[2]
    parts = [part for part in _PARTS.split(address) if part and part not in ("php", "html", "htm", "aspx", "pl", "cgi")]
    if not known.actions.isdisjoint(parts):
        return False
    if parts and parts[-1][0] in "@~" and len(parts[-1]) > 2:
        return True
    for at, part in enumerate(parts[:-1]):
        words = re.split(r"[-_]", part)
        if part in known.short_addresses or (len(words) <= 2 and not known.addresses.isdisjoint(words)):
            return True
        if at > 5:
            break
    return False


@lru_cache(maxsize=4096)
def names_quote(names: str) -> bool:
    """Whether one class of a list names a quotation: it begins or ends with the word, in one or two words.

    >>> names_quote("bbCodeQuote"), names_quote("SelectQuoteContainer"), names_quote("js-selectToQuote")
    (True, False, False)
    """
    for name in names[:MAX_ATTRIBUTE].split():
        words = [word.lower() for word in _WORDS.findall(name)]
        if len(words) <= 3 and words and (words[0] in QUOTES or words[-1] in QUOTES) and words[0] != "js":
            return True
    return False
