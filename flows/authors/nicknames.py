"""Short forms of first names, and the names that they stand for."""

from __future__ import annotations

from functools import cache, lru_cache

from flows.authors.vocabulary import read_table


@cache
def _full_names() -> dict[str, frozenset[str]]:
    behind: dict[str, set[str]] = {}
    for full, short_forms in read_table("nicknames")["names"]["forms"].items():
        for form in (full, *short_forms):
            behind.setdefault(form, {form}).add(full)
    return {form: frozenset(full) for form, full in behind.items()}


@lru_cache(maxsize=1 << 14)
def names_behind(given: str) -> frozenset[str]:
    """A first name in plain letters and the full names that it may be short for.

    >>> sorted(names_behind("bob")), sorted(names_behind("zelda"))
    (['bob', 'robert'], ['zelda'])
    """
    return _full_names().get(given, frozenset((given,)))
