"""Openings: whether a paragraph begins as a fresh reply does."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from flows.authors.vocabulary import read_table

_FIRST = re.compile(r"\W")
LOOKED_AT = 90  # characters; the longest opening known has 60
_STOP = r"(?:\s*(?:[,!;\u2026\uff0c]|[.:](?=\s|$)|[-\u2013\u2014](?=\s)|$)|\s+[-\u2013\u2014]\s)"


def _any(words: Iterable[str]) -> str:
    return "(?:" + "|".join(sorted((re.escape(word.casefold()) for word in words), key=len, reverse=True)) + ")"


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], frozenset[str]]:
    """The openings that need no case, the forms of address before a name in capitals, and the first words of both."""
    table = read_table("salutations")
    thanks, greetings, praise = table["thanks"], table["greetings"], table["praise"]
    gratitude = (
        rf"{_any(thanks['openings'])}\s+{_any(thanks['links'])}\s+(?:"
        rf"{_any(thanks['determiners'])}\s+(?:{_any(thanks['adjectives'])},?\s+(?:and\s+)?){{0,3}}{_any(thanks['objects'])}\b"
        rf"|{_any(thanks['gerunds'])}\b)"
    )
    greeting = rf"{_any(greetings['words'])}(?:\s+{_any(greetings['mates'])})?(?:{_STOP}|(?<=there)\s)"
    lauding = rf"{_any(praise['adjectives'])}\s+{_any(praise['objects'])}(?:{_STOP}|\s+{_any(praise['follows'])}\b)"
    phrase = rf"{_any(table['phrases']['forms'])}\b"
    named = rf"(?i:{_any([*greetings['words'], *greetings['addressed']])})(?:\s+(?i:dr|mr|mrs|ms|frau|herr|prof)\.?)?"
    name = rf"(?:\s+[^\W\d_a-z][\w'\u2019.-]{{0,25}}){{1,3}}(?:{_STOP}|\n)"
    dear = (
        rf"(?i:{_any(greetings['addressed'])})\s+(?:(?i:{_any(greetings['mates'])}|(?!me\b)\w{{1,20}})\s*[,!:]|\u2026|\.\.\.)"
    )
    plain = re.compile(rf"(?:{gratitude}|{greeting}|{lauding}|{phrase})")
    firsts = [
        *thanks["openings"],
        *greetings["words"],
        *greetings["addressed"],
        *praise["adjectives"],
        *table["phrases"]["forms"],
    ]
    return plain, re.compile(rf"(?:{named}{name}|{dear})"), frozenset(re.split(r"\W", first.casefold())[0] for first in firsts)


def is_salutation(paragraph: str) -> bool:
    """True where the paragraph opens as a fresh reply does: a greeting, thanks for the question, praise of it.

    `paragraph` is rendered text; only its beginning is looked at. An asker's thanks in advance and a writer's thanks for
    reading are no salutation.

    >>> is_salutation("Thanks for the great question. Yes."), is_salutation("Hi-tech lasers"), is_salutation("Dear Ada,")
    (True, False, True)
    """
    plain, named, firsts = _patterns()
    first = paragraph[:12].partition(" ")[0].casefold()
    if first not in firsts and (first.isalpha() or _FIRST.split(first, maxsplit=1)[0] not in firsts):
        return False
    begin = " ".join(paragraph[:LOOKED_AT].replace("\u2019", "'").split(" "))
    return plain.match(begin.casefold()) is not None or named.match(begin) is not None
