"""Lines that prove themselves: which line is a person's attribution whatever the page around it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import NamedTuple

from flows.authors.credentials import credential, read_letters
from flows.authors.names import count_full_words
from flows.authors.people import LONGEST_LINE, proves_person, read_person
from flows.authors.places import is_region, read_place
from flows.authors.plain_names import read_plain
from flows.authors.roles import read_role
from flows.authors.vocabulary import names, read_table

BARS = re.compile(r"\s+[|\u00b7\u2022\u2013\u2014-]\s+|\s*[|\u2022\u00b7]\s*")
_STOPS = frozenset("!?;,\u2026")
_NO_START = frozenset("\"'(*-\u2013\u2014\u2022#@0123456789")


class _Gates(NamedTuple):
    """Literal tests on the first word, made once; nearly every line of a page fails here."""

    starts: frozenset[str]  # a title as printed
    lead_words: frozenset[str]  # "By", "Answered"
    particles: frozenset[str]  # may stand second in lower case


@cache
def _gates() -> _Gates:
    titles = [form for title in names().titles for form in (title, title.capitalize(), title.upper())]
    leads = frozenset(lead_in.split()[0].capitalize() for lead_in in lead_ins())
    return _Gates(frozenset([*titles, *(f"{title}." for title in titles)]), leads, names().particles)


def is_name_line(line: str) -> bool:
    """True where the folded line is by its own shape a person's attribution, with evidence.

    `line` is one line without the space around it. Evidence is a title, letters behind the name, a known role behind a
    comma, or a remark in brackets. A lone word before a state's code is a town ("Springfield, MD" lies in Maryland), and
    so are two words that a town is made of. Sentences, headings, questions and list items are False.

    >>> is_name_line("Anna Q. Example, MD, FACS"), is_name_line("Ask Dr. Example, MD, about it.")
    (True, False)
    >>> is_name_line("Springfield, MD")
    False
    """
    if not 4 < len(line) <= LONGEST_LINE or line[-1] in _STOPS or line[0].islower() or line[0] in _NO_START:
        return False
    if ", " in line and read_plain(line) is not None:
        return True
    gates = _gates()
    cut = line.find(" ")
    first = line[:cut]
    if first not in gates.starts:
        if first in gates.lead_words:
            return _is_name_behind_lead_in(line)
        if line[cut + 1 : cut + 2].islower() and "." not in first and not _may_stand_second(line[cut + 1 :].partition(" ")[0]):
            return False
        if "," not in line and not _may_end_in_letters(line) and not has_bar(line) and "." not in first:
            return False
    return _proves(line.rstrip(":"))


def _may_stand_second(word: str) -> bool:
    """Whether a word in lower case may follow a given name: "van", "al-Example", "d'Example"."""
    return word in _gates().particles or "-" in word or "'" in word or "\u2019" in word or not word.isascii()


def _is_name_behind_lead_in(line: str) -> bool:
    stripped = strip_lead_in(line, lead_ins())
    return stripped != line and is_name_line(stripped)


def _may_end_in_letters(line: str) -> bool:
    """Whether a line without a comma may end in letters, a remark, or a name in a script without capitals."""
    last = line[line.rfind(" ") + 1 :]
    if last.endswith(")"):
        return True
    if last.isascii() and last[1:].islower():
        return False
    return credential(last) is not None or "/" in last or not last.isascii()


def has_bar(line: str) -> bool:
    """Whether a bar, dot or dash with space around it parts the line."""
    if "|" in line or " - " in line:
        return True
    return not line.isascii() and any(mark in line for mark in ("\u2022", "\u00b7", " \u2013 ", " \u2014 "))


@cache
def lead_ins() -> tuple[str, ...]:
    """What a template prints before a name and no sentence does, the longest first."""
    return tuple(sorted(read_table("names")["lead_ins"]["out_of_context"], key=len, reverse=True))


@lru_cache(maxsize=8)
def _first_words(known: Iterable[str]) -> frozenset[str]:
    return frozenset(lead_in.split()[0].rstrip(":") for lead_in in known)


def strip_lead_in(text: str, known: tuple[str, ...]) -> str:
    """The text without what a template prints before a name.

    >>> strip_lead_in("Answered by Ada Example", ("answered by",))
    'Ada Example'
    """
    if text.partition(" ")[0].rstrip(":").casefold() not in _first_words(known):
        return text
    lowered = text.casefold()
    for lead_in in known:
        if lowered.startswith(lead_in) and (lead_in[-1] == ":" or text[len(lead_in) : len(lead_in) + 1] in {" ", ":"}):
            return text[len(lead_in) :].lstrip(" :")
    return text


@lru_cache(maxsize=1 << 15)
def _proves(line: str) -> bool:
    parts = BARS.split(line) if has_bar(line) else [line]
    person = read_person(parts[0])
    if person is None:
        return False
    if not all(_is_company(part) for part in parts[1:]):
        return False
    if proves_person(person):
        return True
    return len(parts) > 1 and count_full_words(person.words) >= 2 and any(_is_proof(part) for part in parts[1:])


def _is_company(part: str) -> bool:
    """True for what may stand behind a bar beside a name: a role, a place, letters."""
    return bool(part) and (_is_proof(part) or read_place(part) is not None)


def _is_proof(part: str) -> bool:
    role = read_role(part)
    return (role is not None and role.firm) or _is_letters(part)


def _is_letters(part: str) -> bool:
    found = read_letters(part)
    return found is not None and bool(found.credentials) and not is_region(part)
