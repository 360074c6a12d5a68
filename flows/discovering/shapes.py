"""Lines and what is alike in them: numbers, dates and names masked; and the pattern that claims all lines of a shape."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from flows.rules import split_words

NUMBER, NAME, DATE = "\ue000", "\ue001", "\ue002"  # of the private use area: no page's own signs
MASKS = frozenset((NUMBER, NAME, DATE))
MASKED = {NUMBER: "‹number›", NAME: "‹name›", DATE: "‹date›"}  # as a person is shown them
PATTERNS = {NUMBER: r"[+−-]?\d[\d.,]{0,14}[kKmM]?", NAME: r"[^\W_][\w .@'’&+/()-]{0,60}", DATE: r"\w[\w .,:/'’-]{2,50}"}
NUMBERS = re.compile(r"\d[\d.,]*(?<=\d)")
# A run of words that open with a capital or hold a digit, behind at least one other word: what is filled into a template.
FILLED = re.compile(r"(?<=\s)(?:[^\W\d_a-zß-öø-ÿ][\w.'’&+-]*|\w*\d[\w.-]*)(?:\s(?:[^\W\d_a-zß-öø-ÿ][\w.'’&+-]*|\w*\d[\w.-]*))*")
WORD = re.compile(r"[^\W\d_]+")
MOST_CHARS = 200  # of a line: as many as a rule looks at, unless it says otherwise
LEAST_NAME = 3  # letters of a name that is masked wherever it stands

FindDates = Callable[[str], Iterable[tuple[int, int]]]


def mask_line(line: str, names: re.Pattern[str] | None, find_dates: FindDates) -> str:
    """Return the shape of a folded line: each date, each name of a writer and each number is one sign.

    >>> show_shape(mask_line("12 people thanked Ada", re.compile("Ada"), lambda _: []))
    '‹number› people thanked ‹name›'
    """
    parts, at = list[str](), 0
    for start, end in find_dates(line) if any(map(str.isdigit, line)) else ():
        if start >= at:
            parts += [line[at:start], DATE]
            at = end
    shape = "".join([*parts, line[at:]])
    if names is not None:
        shape = names.sub(NAME, shape)
    return NUMBERS.sub(NUMBER, shape)


def widen_shape(shape: str) -> str | None:
    """Return a shape with its capitalised words masked as well, the first word aside; None where there are none.

    >>> show_shape(widen_shape("Sent from my Talkphone using Forumapp"))
    'Sent from my ‹name› using ‹name›'
    """
    wide = FILLED.sub(NAME, shape)
    wide = re.sub(rf"{NAME}[ {NUMBER}{NAME}]*[{NUMBER}{NAME}]", NAME, wide)
    return wide if wide != shape and len(words_of(wide)) >= 2 else None


def show_shape(shape: str | None) -> str:
    """Return a shape as a person reads it."""
    return "".join(MASKED.get(sign, sign) for sign in shape or "")


def words_of(shape: str) -> list[str]:
    """Return the words that all lines of a shape have, in lower case."""
    return [word.lower() for word in WORD.findall(shape) if word not in MASKS]


def names_pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    """Return what finds some names in a line; None where there are none that can be told from words."""
    known = sorted({name for name in names if len(name) >= LEAST_NAME}, key=lambda name: (-len(name), name))
    return re.compile(r"(?<!\w)@?(?:" + "|".join(map(re.escape, known)) + r")(?!\w)") if known else None


def write_pattern(shape: str) -> str:
    """Return the pattern that claims the lines of a shape, for a rule file: bounded repeats, none in another."""
    return "".join(PATTERNS.get(sign) or (" " if sign == " " else re.escape(sign)) for sign in shape)


def choose_gate(shape: str) -> str | None:
    """Return the word that a line must hold before the pattern is tried: the longest; None where a shape has no word."""
    told = "".join(" " if sign in MASKS else sign for sign in shape.lower())
    words = [word.decode("utf-8", "replace") for word in split_words(told)]
    return max((word for word in words if word.isalpha()), key=lambda word: (len(word), word), default=None)
