"""Roles: "Certified Arborist in Leeds" is a role and a place. The head noun is found first, then what belongs to it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from flows.authors.gazetteer import LONGEST, is_city
from flows.authors.places import has_town_shape, is_known_place, is_region, is_town_like, read_place
from flows.authors.vocabulary import fold, letters, places, roles

LONGEST_LINE = 90  # characters; the longest role lines seen name two boards and a place in about 80
MOST_WORDS = 12
ONLY_FIRST = frozenset(("head", "lead", "gold", "silver", "super", "bath"))  # "Hilton Head Dentist": the town keeps its word
BEFORE_PLACE = frozenset(("in", "from", "near", "at", "-", "\u2013", "\u2014", "|", "\u00b7", "\u2022"))


class Role(NamedTuple):
    """A role and its place as printed; `firm` is False where only the page's layout makes it believable."""

    role: str
    location: str | None
    firm: bool


class _Phrase(NamedTuple):
    words: list[str]
    first: int  # of the role
    head: int
    end: int  # behind the role's last word


@lru_cache(maxsize=1 << 14)
def head_kind(word: str) -> str:
    """What the folded word is as the head of a role: "profession", "general", "board", or "".

    >>> head_kind("nephrologist"), head_kind("nephrologists"), head_kind("manager")
    ('profession', '', 'general')
    """
    known = roles()
    if "/" in word:
        parts = word.split("/")
        return head_kind(parts[-1]) if word not in known.heads else "profession"
    if word in known.board:
        return "board"
    if word in known.general:
        return "general"
    if word in known.heads or (len(word) > 6 and word.endswith(known.endings) and word not in known.never):
        return "profession"
    if "-" in word:
        last = word.rpartition("-")[2]
        return "" if last in known.surnames else head_kind(last)  # "Roe-Smith" is a family
    return ""


@lru_cache(maxsize=1 << 14)
def is_qualifier(phrase: str) -> bool:
    """True where the folded words may stand before the head and belong to the role.

    >>> is_qualifier("board certified"), is_qualifier("urological"), is_qualifier("friendly")
    (True, True, False)
    """
    known = roles()
    if phrase in known.qualifiers or phrase in known.connectors:
        return True
    if " " in phrase:
        return False
    if len(phrase) > 7 and phrase.endswith(known.qualifier_endings) and not is_known_place(phrase):
        return True
    if "/" in phrase or "-" in phrase:
        parts = phrase.replace("/", "-").split("-")
        return all(part in known.qualifiers or head_kind(part) for part in parts)
    return head_kind(phrase) in {"profession", "board"} and phrase not in known.surnames


def _complement(folded: Sequence[str], at: int) -> int:
    """How many words from `at` on complete the role, such as "at Law"."""
    known = roles().complements
    for size in (3, 2, 1):
        if " ".join(folded[at : at + size]) in known and at + size <= len(folded):
            return size
    return 0


def _find_head(words: Sequence[str], folded: Sequence[str]) -> tuple[int, int] | None:
    """The rightmost head that stands at the end of its phrase, and where the phrase ends."""
    for at in range(len(words) - 1, -1, -1):
        if not head_kind(folded[at]):
            continue
        end = at + 1 + (0 if words[at].endswith(",") else _complement(folded, at + 1))
        if end == len(words) or words[end - 1].endswith(",") or folded[end] in BEFORE_PLACE:
            return at, end
    return None


def _walk_left(words: Sequence[str], folded: Sequence[str], head: int) -> int:
    """Where the role begins: the words before the head as long as they are qualifiers."""
    first = head
    while first > 0:
        size = next(
            (n for n in range(min(roles().longest, first), 0, -1) if is_qualifier(" ".join(folded[first - n : first]))), 0
        )
        if size == 0 or (words[first - 1].endswith(",") and is_region(words[first - 1].rstrip(","))):
            break
        first -= size
    for known in range(min(LONGEST, head), 0, -1):  # a town keeps the words that are qualifiers elsewhere, and no others
        town = " ".join(words[:known])
        between = words[known - 1 : head]
        alone = all(word.replace("-", "").isalpha() for word in between)  # a comma or a bar ends a name, not a town
        whole = known > 1 or folded[0] not in places().words  # "San" is a town in Mali, and the start of hundreds
        if (is_known_place(town) or (alone and whole and is_city(town))) and not is_qualifier(" ".join(folded[:known])):
            first = known
            while first < head - 1 and folded[first] in places().words:  # "North Haven Bay": the town goes on
                first += 1
            break
    while first < head and folded[first] in roles().connectors:
        first += 1
    if 0 < first < head and folded[first] in ONLY_FIRST:
        first += 1
    return first


def _find_phrase(text: str) -> _Phrase | None:
    words = text.split()
    if not 1 <= len(words) <= MOST_WORDS:
        return None
    folded = [fold(word.rstrip(",")) for word in words]
    found = _find_head(words, folded)
    if found is None:
        return None
    head, end = found
    return _Phrase(words, _walk_left(words, folded, head), head, end)


def _place_before(words: Sequence[str]) -> str | None:
    """The place that stands before a role, None where the words are none."""
    place = " ".join(words).rstrip(",")
    if "," in place:
        town, _, region = place.rpartition(",")
        if "," in town or not is_region(region.strip()) or not _is_no_person(town.split(), region.strip()):
            return None
        return read_place(place)
    return place if has_town_shape(words) or read_place(place) else None


def _is_no_person(town: Sequence[str], region: str) -> bool:
    """False for "Ada Example, MD": behind two words that are no town's, such a code is rather a credential."""
    return len(town) == 1 or region not in letters().ambiguous or is_town_like(town)


def _place_behind(words: Sequence[str]) -> str | None:
    behind = list(words)
    if fold(behind[0]) in BEFORE_PLACE:
        del behind[0]
    return read_place(" ".join(behind), loose=True) if behind else None


@lru_cache(maxsize=1 << 13)
def read_role(text: str) -> Role | None:
    """The role in the text, with its place; None where the text is no role.

    `text` is one folded line or a part of one. A place is what stands before the role or, set off by a comma or "in",
    behind it. A general noun ("Manager") needs a qualifier, a noun that is a family too ("Baker") a qualifier or a city.

    >>> read_role("Certified Arborist in Leeds")
    Role(role='Certified Arborist', location='Leeds', firm=True)
    >>> read_role("Ask a Dermatologist") is None
    True
    """
    if not text or len(text) > LONGEST_LINE or (text[-1] in ".!?:;," and not text.endswith(("D.C.", "U.S.", "U.K."))):
        return None
    phrase = _find_phrase(text)
    if phrase is None:
        return None
    words, first, head, end = phrase
    before = _place_before(words[:first]) if first else None
    behind = _place_behind(words[end:]) if end < len(words) else None
    if (first and before is None) or (end < len(words) and behind is None):
        return None
    role = " ".join(words[first:end]).rstrip(",")
    if not words[0][0].isupper():
        return None
    return Role(role, before or behind, _is_firm(fold(words[head].rstrip(",")), head - first + end - head - 1, before, behind))


def _is_firm(head: str, company: int, before: str | None, behind: str | None) -> bool:
    """Whether the head is a role by its own words; `company` counts the words that qualify or complete it."""
    kind = head_kind(head)
    if kind == "general":
        return company > 0 and (before is None or _is_place(before))
    if head in roles().surnames:
        return company > 0 or any(place and read_place(place) for place in (before, behind))
    return kind == "profession" or before is None


def _is_place(text: str) -> bool:
    return read_place(text) is not None or is_city(text)


def is_qualifier_line(text: str) -> bool:
    """True for a line of nothing but qualifiers, whose head stands on the next: "Board Certified".

    >>> is_qualifier_line("Board Certified"), is_qualifier_line("Board of Health")
    (True, False)
    """
    words = text.split()
    return 0 < len(words) <= 4 and len(text) < 40 and (is_qualifier(fold(text)) or all(is_qualifier(fold(w)) for w in words))


def is_role_line(line: str) -> bool:
    """True where the folded line is a role, with or without a place, by its words and its shape.

    `line` is one line without the space around it. A plural ("Seattle Dentists") is a heading; so is a role behind an
    article, a pronoun, a verb or praise ("Find a Plumber", "My Dentist", "Best Dentist").

    >>> is_role_line("Family Law Attorney, Ohio"), is_role_line("The Dermatologist"), is_role_line("My dentist said no")
    (True, False, False)
    """
    if not 2 < len(line) <= LONGEST_LINE or not line[0].isupper() or line[-1] in ".!?:;,)":
        return line.endswith(("D.C.", "U.S.", "U.K.")) and _is_firm_role(line)
    last = line[line.rfind(" ") + 1 :].casefold()
    if not head_kind(last) and "," not in line and not _has_right_cue(line):
        return False
    return _is_firm_role(line)


def _has_right_cue(line: str) -> bool:
    """Whether something may stand behind the head: "at Law", "in Leeds", "- Leeds"."""
    if " in " in line or " at " in line or " of " in line or " - " in line:
        return True
    return " from " in line or " near " in line or line.endswith(("eneral", "PA-C")) or not line.isascii()


def _is_firm_role(line: str) -> bool:
    role = read_role(line)
    return role is not None and role.firm
