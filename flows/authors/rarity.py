"""How little is proved when two authors share a name, a town, a credential: bits, by how many others share it too.

The weights of record linkage (Fellegi and Sunter, 1969): agreement on a value that one in 2**b bears counts b bits. What
one in how many bears is counted on the site, and where a site is small the lists of common names speak for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache

from flows.authors.evidence import Person
from flows.authors.nicknames import names_behind
from flows.authors.vocabulary import read_table

PRIOR = 4096  # people that the lists stand for, beside those of the site
MOST_BITS = {"family": 13.0, "given": 10.0, "town": 8.0, "credential": 5.0, "role": 3.0}
# Of a value that no list has: one in 2**bits bears it.
UNLISTED_BITS = {"family": 13.0, "given": 10.0, "town": 7.0, "credential": 5.0, "role": 3.0}
DEGREE_BITS = 1.0  # on a site of doctors every second one is an MD
FIRST_LETTER_BITS = 3.5  # one name in eleven begins with the letters most names begin with


def listed_share(kind: str, value: str) -> float:
    """The part of people who bear a name, as far as the lists say; 0 where it is not listed.

    >>> listed_share("family", "smith") > listed_share("family", "cooper") > listed_share("family", "wojciechowski")
    True
    """
    return _shares(kind).get(value, 0.0)


@cache
def _shares(kind: str) -> dict[str, float]:
    table = read_table("common_names")
    groups = [table[name] for name in (f"{kind}_common", f"{kind}_most") if name in table]
    return {name: float(group["share"]) for group in groups for name in group["names"]}


@cache
def account_words() -> frozenset[str]:
    """What sites print in the place of a name."""
    return frozenset(read_table("common_names")["accounts"]["names"])


class Rarity:
    """The weights of one site."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._counts: dict[str, dict[str, int]] = {kind: {} for kind in UNLISTED_BITS}
        seen: set[str] = set()
        for person in people:
            if person.id not in seen:  # an author of several names is one
                seen.add(person.id)
                for kind, values in _values_of(person):
                    counts = self._counts[kind]
                    for value in values:  # `update` takes three times as long for so few
                        counts[value] = counts.get(value, 0) + 1
        self._size = len(seen)
        self._known: dict[tuple[str, str], float] = {}
        self._most: dict[tuple[str, tuple[str, ...]], float] = {}

    @property
    def size(self) -> int:
        """Authors of the site."""
        return self._size

    def bits(self, kind: str, value: str) -> float:
        """What agreement on a value proves, in bits."""
        known = self._known.get((kind, value))
        if known is None:
            prior = listed_share(kind, value) or 2.0 ** -UNLISTED_BITS[kind]
            share = (self._counts[kind].get(value, 0) + PRIOR * prior) / (self._size + PRIOR)
            known = self._known[kind, value] = min(-math.log2(share), MOST_BITS[kind])
        return known

    def most_bits(self, kind: str, values: tuple[str, ...]) -> float:
        """What agreement on one of several parts of a name, or on a name behind one, proves at most, in bits."""
        known = self._most.get((kind, values))
        if known is None:
            names = {name for value in values for name in (value, *names_behind(value))}
            known = self._most[kind, values] = max(self.bits(kind, name) for name in names)
        return known

    def count(self, kind: str, value: str) -> int:
        """How many authors of the site bear a value."""
        return self._counts[kind].get(value, 0)


def _values_of(person: Person) -> list[tuple[str, Iterable[str]]]:
    town = person.place.town if person.place else None
    return [
        ("family", set(person.family)),
        ("given", {name for part in person.given[:1] for name in names_behind(part)}),
        ("town", [town] if town else []),
        ("credential", person.credentials),
        ("role", [" ".join(sorted(person.role))] if person.role else []),
    ]
