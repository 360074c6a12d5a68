"""Names: which words may be one, and which of them are given and family name."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from flows.authors.vocabulary import fold, names

LONGEST_WORD = 28  # characters; hyphenated family names of two long words fit
SHORTENED = frozenset(("geo", "jas", "chas", "thos", "wm", "jos", "alex", "fred", "ste"))
CONTRACTIONS = ("'s", "n't", "'ll", "'re", "'ve", "'m")
NONE, WORD, INITIAL, PARTICLE = range(4)
_MARKS = str.maketrans("", "", ".'-\u2019\u2010\u2011\u02bc\u2018")


class NameParts(NamedTuple):
    """Given and family name; None where the words do not tell."""

    given: str | None
    family: str | None


@lru_cache(maxsize=1 << 15)
def word_kind(word: str) -> int:
    """What a word is in a name: WORD, INITIAL, PARTICLE ("van", "O'"), or NONE.

    >>> word_kind("Q."), word_kind("O'Example"), word_kind("de"), word_kind("Thanks"), word_kind("4th")
    (2, 1, 3, 0, 0)
    """
    folded = fold(word)
    if len(folded) == 1 and word[0].isupper():
        return INITIAL
    if folded in names().particles:
        return PARTICLE
    letters = unicodedata.normalize("NFC", word).translate(_MARKS)
    if folded in names().not_names or not _is_spelt(word, folded, letters):
        return NONE
    first = letters[0] if word[0].isalpha() else word[:1]
    if first.islower() and not _is_elided(word):
        return NONE
    return INITIAL if (len(letters) == 1 and letters.isupper()) or word.count(".") > 1 else WORD


def _is_spelt(word: str, folded: str, letters: str) -> bool:
    """True where the word has the characters of a name: letters with their marks, no contraction, dots of an initial."""
    if not letters or len(word) > LONGEST_WORD or folded.endswith(CONTRACTIONS) or ("." in word and not _is_dotted(word)):
        return False
    return letters.isalpha() or all(char.isalpha() or unicodedata.category(char) in {"Mn", "Mc"} for char in letters)


def _is_dotted(word: str) -> bool:
    """True for "Q.", "J.R.", "Wm.", "St."; not for "end.Next" and not for a sentence's last word."""
    if word.endswith(".") and word.count(".") == 1:
        return len(word) <= 3 or fold(word) in SHORTENED or (word.count("-") == 1 and len(word) <= 6)
    return all(len(part) <= 2 for part in word.rstrip(".").split("."))


def _is_elided(word: str) -> bool:
    """True for "d'Example", "al-Example", "bin-Example": a particle written to the name, in lower case."""
    for mark in ("'", "\u2019", "-"):
        head, found, tail = word.partition(mark)
        if found:
            return fold(head) in names().particles and tail[:1].isupper()
    return (word[:3] in {"van", "von"} and word[3:4].isupper()) or (word[:2] in {"de", "di", "la"} and word[2:3].isupper())


def kinds_of(words: Sequence[str]) -> tuple[int, ...] | None:
    """The kind of each word where together they have the shape of a name, else None.

    At most six words, no particle at the end, at least one word that is no initial.
    """
    if not 1 <= len(words) <= 7:
        return None
    kinds = tuple(word_kind(word) for word in words)
    if NONE in kinds or (WORD not in kinds and not (PARTICLE in kinds and _is_given_particle(words))):
        return None
    if kinds[-1] == WORD and words[-1].endswith("."):  # a sentence ends here
        return None
    if kinds[-1] == PARTICLE and not _is_given_particle(words[-1:]):
        return None
    if kinds[0] == PARTICLE and (fold(words[0]) in names().never_first and words[0][0].islower()):
        return None
    return kinds


def _is_given_particle(words: Sequence[str]) -> bool:
    """Particles in capitals are names as well: "Do", "Le", "San", "Al"."""
    return any(word[:1].isupper() for word in words)


def count_full_words(words: Sequence[str]) -> int:
    """How many words of a name are whole words, neither initials nor particles in lower case."""
    full = sum(1 for word in words if word_kind(word) == WORD or (word_kind(word) == PARTICLE and word[0].isupper()))
    return 2 if full == 1 and len(words[0]) > 1 and not is_cased(words[0]) else full  # family and given name in one word


def is_cased(text: str) -> bool:
    """False for a name in a script without capitals (Han, Kana, Hangul, Arabic, Hebrew …)."""
    return text.casefold() != text or text.upper() != text


def split_name(words: Sequence[str], *, titled: bool = False) -> NameParts:
    """The given and the family name in the words of a name.

    `titled`: a title stood before it, so that one word is the family's. The last word is the family name, with the
    particles before it; in a script without capitals, and where a family common in East Asia stands first, the order is
    unsure and both are None. Initials count as given name only where no given name is whole.

    >>> split_name(["Maria", "de", "la", "Cruz"]), split_name(["Zhang", "Wei"])
    (NameParts(given='Maria', family='de la Cruz'), NameParts(given=None, family=None))
    """
    text = " ".join(words)
    if not words or not (text.isascii() or all(is_cased(word) for word in words)):
        return NameParts(None, None)
    if len(words) == 1:
        return NameParts(None, words[0] if titled else None)
    if words[0].isupper() and _is_alone_in_capitals(words):  # "EXAMPLE Ada": the family is the one in capitals
        return NameParts(" ".join(words[1:]), words[0])
    if fold(words[0]) in names().east_asian:
        return NameParts(None, None)
    first = len(words) - 1
    while first > 1 and word_kind(words[first - 1]) == PARTICLE:
        first -= 1
    if first == 1 and len(words) > 2 and word_kind(words[0]) == PARTICLE and words[0][0].islower():
        first = 0
    if first == len(words) - 1 and word_kind(words[0]) == PARTICLE and words[0][0].islower():
        first = 0
    family = " ".join(words[first:])
    return NameParts(_given(words[:first]), family)


def _is_alone_in_capitals(words: Sequence[str]) -> bool:
    return word_kind(words[0]) == WORD and len(words[0]) > 1 and not any(len(word) > 1 and word.isupper() for word in words[1:])


def _given(words: Sequence[str]) -> str | None:
    """The first whole given name with the initials before it, or the initials alone."""
    taken: list[str] = []
    for word in words:
        if word_kind(word) == INITIAL:
            taken.append(word)
        elif not taken or all(word_kind(t) == INITIAL for t in taken):
            return " ".join([*taken, word])
    return " ".join(taken) or None
