"""One person, one key: what two attributions must share to be taken for the same person."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from flows.records import Byline

_PUNCTUATION = str.maketrans(
    {"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u2010": "-", "\u2011": "-", "\u2013": "-", ".": " ", ",": " "}
)


@lru_cache(maxsize=1 << 13)
def normal_name(name: str) -> str:
    """The name in the form in which names are compared: NFKC, no case, no dots, one kind of apostrophe and hyphen.

    Accents stay: "Ana Peña" and "Ana Pena" may be two people, and a wrong join costs more than a missed one.

    >>> normal_name("J.R.  O\u2019Example")
    "j r o'example"
    """
    folded = unicodedata.normalize("NFKC", name).casefold().translate(_PUNCTUATION)
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def author_key(byline: Byline) -> str | None:
    """The stable key of a person: name, generation and sorted credentials; None where there is no name.

    `byline` as read; its role, place and rating are no part of the key, because they change. The generation is: a father
    and a son who share a practice share all but that.

    >>> author_key(Byline("Ada Example, MD, FACS", name="Ada Example", credentials=("MD", "FACS")))
    'ada example||FACS,MD'
    >>> author_key(Byline("Reno Dermatologist", role="Dermatologist")) is None
    True
    """
    if byline.name is None:
        return None
    name = normal_name(byline.name)
    return f"{name}|{byline.suffix or ''}|{','.join(sorted(set(byline.credentials)))}" if name else None
