"""The commonest attribution, read at once: "Anna Q. Example, MD, FACS" in plain words and letters that prove a person.

Nine of ten signatures have this shape. Whatever has a word that means more elsewhere (a title, a town, a role, a
generation) goes the long way; a test holds both ways against each other.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from flows.authors.roles import head_kind, is_qualifier
from flows.authors.vocabulary import closings, letters, names, places, roles

PLAIN = re.compile(
    r"([A-Z][a-z]{1,20})(?: ([A-Z])\.)? ((?:O'[A-Z]|[A-Z][a-z])[a-z]{1,20}(?:-[A-Z][a-z]{2,20})?)"
    r"((?:, [A-Z][A-Za-z]{1,6}(?:-[A-Z])?){1,4})"
)


class PlainName(NamedTuple):
    """A name of two words and perhaps an initial between, with its credentials, normalised."""

    words: tuple[str, ...]
    given: str
    family: str
    credentials: tuple[str, ...]


@cache
def _telling() -> frozenset[str]:
    """Return every word, folded, that is more than a name somewhere."""
    n, p, r = names(), places(), roles()
    single = [n.titles, n.dotted_titles, n.loose_titles, n.title_words, n.particles, n.never_first, n.east_asian, n.memorial]
    single += [n.remarks, n.not_names, n.noise, p.regions, p.cities, p.lettered, p.words, r.heads, r.general, r.board]
    single += [r.surnames, r.qualifiers, r.connectors, r.not_before, r.not_places, closings(), frozenset(n.generations)]
    return frozenset(word for known in single for phrase in known for word in phrase.split())


@lru_cache(maxsize=1 << 15)
def read_plain(line: str) -> PlainName | None:
    """Return the name of a line of the commonest shape; None for any other, which may be a name all the same.

    >>> read_plain("Anna Q. Example, MD, FACS")
    PlainName(words=('Anna', 'Q.', 'Example'), given='Anna', family='Example', credentials=('MD', 'FACS'))
    >>> read_plain("Silver Spring, MD") is None
    True
    """
    found = PLAIN.fullmatch(line)
    if found is None:
        return None
    given, initial, family, listed = found.groups()
    known = letters().exact
    credentials = [known.get(token) for token in listed[2:].split(", ")]
    if None in credentials or any(name in letters().weak for name in credentials) or len({*credentials}) < len(credentials):
        return None
    for word in (given, *family.split("-")):
        folded = word.casefold()
        if folded in _telling() or folded.endswith(places().endings) or head_kind(folded) or is_qualifier(folded):
            return None
    words = (given, f"{initial}.", family) if initial else (given, family)
    return PlainName(words, given, family, tuple(filter(None, credentials)))
