"""Places, as far as an attribution names them: a town, a town with its state or country, a state or country alone."""

from __future__ import annotations

from collections.abc import Sequence

from flows.authors.vocabulary import fold, places, roles

INNER = frozenset(
    ("of", "de", "del", "la", "le", "les", "du", "da", "do", "upon", "on", "the", "am", "sur", "under", "an", "der", "i", "y")
)
ABBREVIATED = frozenset(("st", "ste", "ft", "mt", "d.c", "n", "s", "e", "w", "pt"))
LONGEST = 5  # words in the name of a town; "Stratford upon Avon" has three


def is_region(text: str) -> bool:
    """True for the code or the name of a state, province or country.

    >>> is_region("TX"), is_region("Ohio"), is_region("Tx")
    (True, True, False)
    """
    known = places()
    return text in known.codes or fold(text) in known.regions


def is_known_place(text: str) -> bool:
    """True for a large city, a region or a country; "Austin, TX" is not looked apart here.

    >>> is_known_place("New Delhi"), is_known_place("Widget")
    (True, False)
    """
    known = places()
    folded = fold(text)
    return folded in known.cities or folded in known.regions or folded in known.lettered or text in known.codes


def has_town_shape(words: Sequence[str]) -> bool:
    """True where the words may name a town: capitals, no digits, nothing that a heading would say.

    >>> has_town_shape(["Stratford", "upon", "Avon"]), has_town_shape(["Best"]), has_town_shape(["Hiring"])
    (True, False, False)
    """
    if not 1 <= len(words) <= LONGEST:
        return False
    if is_known_place(" ".join(words)):
        return True
    return all(_may_be_town(word, inner=0 < at < len(words) - 1) for at, word in enumerate(words))


def _may_be_town(word: str, *, inner: bool) -> bool:
    folded = fold(word)
    if inner and folded in INNER:
        return True
    if not word[0].isupper() or not word.replace("-", "").replace(".", "").replace("'", "").replace("\u2019", "").isalpha():
        return False
    if word.endswith(".") and folded not in ABBREVIATED:
        return False
    if folded in roles().not_before or folded in roles().not_places or folded.endswith(("'s", "'ll", "'re", "'ve", "'m", "'d")):
        return False
    return not folded.endswith(("ing", "ed", "tion"))


def read_place(text: str, *, loose: bool = False) -> str | None:
    """The place that the text names, or None; `loose` lets a lone unknown town through.

    >>> read_place("Austin, TX"), read_place("Widget Falls"), read_place("Widget Falls", loose=True)
    ('Austin, TX', None, 'Widget Falls')
    """
    text = text.strip(" ,()")
    if not 2 <= len(text) <= 60:
        return None
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 1:
        words = text.split()
        if is_known_place(text) or (len(words) > 1 and words[-1] in places().codes and has_town_shape(words[:-1])):
            return text
        return text if loose and has_town_shape(words) else None
    if not has_town_shape(parts[0].split()) or len(parts) > 4:
        return None
    if any(is_region(part) for part in parts[1:]) and all(
        is_region(part) or has_town_shape(part.split()) for part in parts[1:]
    ):
        return text
    return text if loose and all(has_town_shape(part.split()) for part in parts[1:]) else None


def is_town_like(words: Sequence[str]) -> bool:
    """True where the words before a state's code are rather a town than a person.

    "Silver Spring, MD" and "Ocean City, MD" lie in Maryland; a list of towns and the words that towns are made of decide.

    >>> is_town_like(["Ocean", "City"]), is_town_like(["Ada", "Example"])
    (True, False)
    """
    known = places()
    folded = [fold(word) for word in words]
    joined = " ".join(folded)
    if joined in known.lettered or joined in known.cities or joined in known.regions:
        return True
    return folded[0] in known.words or folded[-1] in known.words or (len(words) == 1 and folded[0].endswith(known.endings))
