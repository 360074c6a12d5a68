"""The words of printed dates: months, weekdays, units and day names of the languages that a page may be in.

The vocabulary is dateparser's own, read from its data modules: one table look-up a word is a hundred times faster than
its parser. English months are written here, so that pages in English load no library.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from flows.rules import read_toml

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt", "pl")
MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
UNITS = ("year", "month", "week", "day", "hour", "minute", "second")
ENGLISH_MONTHS = {name: number for number, full in enumerate(MONTHS, 1) for name in (full, full[:3])} | {"sept": 9}
DAYS_AGO = re.compile(r"([0-9]) day ago")
LANGUAGE_CODE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True, slots=True)
class Words:
    """What words mean in a printed date; all lower-case, without a closing full stop."""

    months: dict[str, int]
    weekdays: dict[str, int]  # 0 is Monday
    units: dict[str, str]
    days_ago: dict[str, int]  # "yesterday" → 1
    numbers: dict[str, int]  # "einer" → 1
    noise: frozenset[str]


@lru_cache(maxsize=1)
def read_own_words() -> dict[str, Any]:
    """Return the tables of words.toml."""
    return read_toml(Path(__file__).parent / "words.toml")


def order_languages(language: str | None) -> tuple[str, ...]:
    """Return the languages to read a date in, most likely first: the page's own, English, the others.

    >>> order_languages("pt-BR")[:3], order_languages(None)[:2], order_languages("../x")[0]
    (('pt', 'en', 'de'), ('en', 'de'), 'en')
    """
    own = language.replace("_", "-").split("-")[0].lower() if language else ""
    first = (own,) if LANGUAGE_CODE.fullmatch(own) else ()
    return tuple(dict.fromkeys((*first, *LANGUAGES)))


@lru_cache(maxsize=64)
def read_words(languages: tuple[str, ...]) -> Words:
    """Return the vocabulary of some languages; where two of them disagree about a word, the first decides."""
    own = read_own_words()
    words = Words({}, {}, {}, {}, dict.fromkeys(own["numbers"]["one"], 1), frozenset(own["noise"]["words"]))
    words.units.update((short, unit) for unit in UNITS for short in own["units"][unit])
    for data in _library_data(languages):
        _add(words.months, ((word, number) for number, month in enumerate(MONTHS, 1) for word in data.get(month, ())))
        _add(words.weekdays, ((word, number) for number, day in enumerate(WEEKDAYS) for word in data.get(day, ())))
        _add(words.units, ((word, unit) for unit in UNITS for word in data.get(unit, ())))
        _add(words.days_ago, _days_ago(data))
        _add(words.numbers, _numbers(data))
    _add(words.months, ENGLISH_MONTHS.items())
    return words


def _library_data(languages: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for language in languages:
        try:
            yield import_module(f"dateparser.data.date_translation_data.{language}").info
        except ModuleNotFoundError:
            continue  # a language that the library does not know


def _add(table: dict[str, Any], entries: Any) -> None:
    for word, meaning in entries:
        folded = word.lower().rstrip(".")
        if len(folded) > 1:
            table.setdefault(folded, meaning)


def _days_ago(data: dict[str, Any]) -> Iterator[tuple[str, int]]:
    for meaning, phrases in data.get("relative-type", {}).items():
        if found := DAYS_AGO.fullmatch(meaning):
            yield from ((phrase, int(found[1])) for phrase in phrases if " " not in phrase)


def _numbers(data: dict[str, Any]) -> Iterator[tuple[str, int]]:
    for entry in data.get("simplifications", ()):
        for word, meaning in entry.items():
            if word.isalpha() and str(meaning).isdecimal():
                yield word, int(meaning)
