"""Names as they are compared: folded, and by how they sound where alphabets, umlauts or customs differ."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from flows.authors.vocabulary import read_table

_PARTS = re.compile(r"[\s\-\u2010\u2011\u2013/]+")
_NUMBER = re.compile(r"(?:^|[.\-_])(\d{1,12})(?=$|[.\-_])")


class Profile(NamedTuple):
    """Whom a profile's address names: what is compared, and whether that is the account's number."""

    key: str
    numbered: bool


@cache
def _letters() -> dict[int, str]:
    return {ord(letter): plain for letter, plain in read_table("spellings")["letters"]["to"].items()}


@cache
def _pairs(table: str) -> tuple[tuple[str, str], ...]:
    return tuple((heard, plain) for heard, plain in read_table("spellings")[table]["pairs"])


@lru_cache(maxsize=1 << 16)
def plain_letters(word: str) -> str:
    """A word in lower-case Latin letters without marks, apostrophes, dots.

    >>> plain_letters("O\u2019Peña"), plain_letters("Łukasz"), plain_letters("Чехов")
    ('opena', 'lukasz', 'chekhov')
    """
    spelt = unicodedata.normalize("NFKD", word.casefold().translate(_letters()))
    if not spelt.isascii():
        spelt = "".join(char for char in spelt if not unicodedata.combining(char)).translate(_letters())
    return "".join(char for char in spelt if char.isalnum())


@lru_cache(maxsize=1 << 16)
def without_umlauts(plain: str) -> str:
    """A plain word with the two letters that stand for an umlaut made one.

    >>> without_umlauts("mueller"), without_umlauts("muller")
    ('muller', 'muller')
    """
    for written, heard in _pairs("umlauts"):
        plain = plain.replace(written, heard)
    return plain


@lru_cache(maxsize=1 << 16)
def sound_of(plain: str) -> str:
    """A plain word by its sound, coarse: what is written in two ways in two countries falls together.

    >>> sound_of("ivanoff") == sound_of("ivanov"), sound_of("macdonald") == sound_of("mcdonald")
    (True, True)
    """
    heard = without_umlauts(plain)
    for written, sound in _pairs("transliterations"):
        heard = heard.replace(written, sound)
    heard = "".join(char for at, char in enumerate(heard) if at == 0 or char != heard[at - 1])
    for written, sound in read_table("spellings")["transliterations"]["final"]:
        heard = heard.removesuffix(written) + sound if heard.endswith(written) else heard
    return heard


def name_parts(text: str) -> list[str]:
    """The words of a name, hyphens parted, in plain letters; dotted initials one by one.

    >>> name_parts("J.R. Müller-Lüdenscheidt")
    ['j', 'r', 'muller', 'ludenscheidt']
    """
    parts: list[str] = []
    for word in _PARTS.split(text):
        pieces = word.split(".") if "." in word.rstrip(".") else [word]
        parts.extend(filter(None, map(plain_letters, pieces)))
    return parts


@lru_cache(maxsize=1 << 16)
def is_one_slip(one: str, other: str) -> bool:
    """True where one letter is wrong, missing, too many, or two neighbours are swapped; the last letter's gender aside.

    >>> is_one_slip("wojciechowski", "wojcieckowski"), is_one_slip("daniel", "daniela"), is_one_slip("mario", "maria")
    (True, False, False)
    """
    if one == other or min(len(one), len(other)) < 5 or abs(len(one) - len(other)) > 1:
        return False
    if one[:-1] == other[:-1] or one == other[:-1] or other == one[:-1]:
        return False
    at = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rests = one[at:], other[at:]
    if len(one) == len(other):
        return rests[0][1:] == rests[1][1:] or (rests[0][2:] == rests[1][2:] and rests[0][:2] == rests[1][1::-1])
    longer, shorter = sorted(rests, key=len, reverse=True)
    return longer[1:] == shorter


@lru_cache(maxsize=1 << 14)
def profile_of(url: str) -> Profile:
    """Whom the address of a profile names, without host, session, tracking and what stands before the account.

    >>> profile_of("https://x.example/threads/t.7/members/ada.93/") == profile_of("http://www.x.example/members/ada-b.93")
    True
    >>> profile_of("https://x.example/experts/jane-roe?utm_source=a")
    Profile(key='experts/jane-roe', numbered=False)
    """
    told = read_table("spellings")["profiles"]
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return Profile(url, numbered=False)
    query = sorted((key, value) for key, value in parse_qsl(parts.query) if key.lower() in told["keys"])
    segments = [segment for segment in parts.path.casefold().split("/") if segment not in {"", "."}]
    at = max((at for at, segment in enumerate(segments) if segment in told["segments"]), default=None)
    if at is not None:
        segments = segments[at:]
    number = next((value for _, value in query if value.isdecimal()), None)
    if number is None and at is not None and len(segments) > 1:
        found = _NUMBER.findall(segments[1])
        behind_dot = segments[0] in {"member", "members"} and "." in segments[1]  # elsewhere a name may end so
        number = found[-1] if found and (segments[1].isdecimal() or behind_dot) else None
    if number is not None and at is not None:
        return Profile(f"{segments[0]}#{number}", numbered=True)
    return Profile("/".join(segments) + "".join(f"?{key}={value}" for key, value in query), numbered=False)
