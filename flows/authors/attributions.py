"""Attributions: what the lines of an attribution together say of a person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from flows.authors.credentials import credential, read_letters
from flows.authors.gazetteer import is_city
from flows.authors.name_lines import BARS, has_bar, is_name_line, lead_ins, strip_lead_in
from flows.authors.names import split_name
from flows.authors.people import LONGEST_LINE, Person, proves_person, read_person
from flows.authors.places import is_known_place, is_region, is_town_like, read_place
from flows.authors.plain_names import read_plain
from flows.authors.roles import Role, is_qualifier_line, read_role
from flows.authors.vocabulary import fold, letters, names
from flows.records import Byline

LONGEST_USER_NAME = 40  # characters; engines allow 20 to 32
_COUNTER = re.compile(r"^[+#~]?\d[\d.,]*k?\+?(?:\s\w+){0,4}$|^\w+:\s*\d[\d.,]*$|^\d{1,2}[./-]\d{1,2}[./-]\d{2,4}")
_NUMBER = re.compile(r"^\d{1,3}(?:[.,\u00a0\u202f ]\d{3})*$|^\d{1,9}$")
_LEADING = "-\u2013\u2014~\u2022*@ "
MOST_REVIEWS = 2**31 - 1  # the column is an Int32


@dataclass(slots=True)
class _Draft:
    """What the lines read so far have said."""

    person: Person | None = None
    name: str | None = None  # a name that is no person's by its shape: "gardener_42"
    letters: tuple[str, ...] = ()
    suffix: str | None = None
    qualifier: str | None = None
    role: str | None = None
    location: str | None = None
    in_memoriam: bool = False

    @property
    def named(self) -> bool:
        return self.person is not None or self.name is not None


def read_byline(
    lines: Sequence[str], *, rating: str | None = None, reviews: str | None = None, in_context: bool = True
) -> Byline:
    """The attribution in the lines, read into fields; a field that the lines do not tell is None.

    `lines` are folded, in the order of the page: a name with its letters, roles, a place; badges and counters between
    them are passed over. `rating` and `reviews` are the numbers as printed, None or unreadable: not known. `in_context`:
    the page's layout says that this is an attribution, so a bare name, a user name, an unknown role and an unknown
    town count too. The idea to take letters, role and place off before a name is read comes from the failures of name
    parsers that begin with the name.

    >>> byline = read_byline(["Anna Q. Example, M.D.", "Reno Plastic Surgeon"], rating="4.5", reviews="1,204")
    >>> byline.name, byline.credentials, byline.role, byline.location, byline.review_count
    ('Anna Q. Example', ('MD',), 'Plastic Surgeon', 'Reno', 1204)
    """
    known = tuple(lines)
    byline = _read_plainly(known) if in_context else None
    if byline is None:
        byline = _read(known, in_context=in_context)
    if rating is None and reviews is None:
        return byline
    return byline._replace(rating=read_rating(rating), review_count=read_count(reviews))


@lru_cache(maxsize=1 << 14)
def _read_plainly(lines: tuple[str, ...]) -> Byline | None:
    """The byline of a plain name, alone or above a firm role; None where the long way has to be taken."""
    plain = read_plain(lines[0]) if 0 < len(lines) <= 2 else None
    if plain is None:
        return None
    role = read_role(lines[1]) if len(lines) == 2 else None
    if len(lines) == 2 and (role is None or not role.firm):
        return None
    return Byline(
        printed="\n".join(lines), name=" ".join(plain.words), given_name=plain.given, family_name=plain.family,
        credentials=plain.credentials, role=role and role.role, location=role and role.location,
    )  # fmt: skip


@lru_cache(maxsize=1 << 15)
def _read(lines: tuple[str, ...], *, in_context: bool) -> Byline:
    draft = _Draft()
    for line in lines:
        text = line.strip()
        pieces = BARS.split(text) if has_bar(text) else [text]
        firm = in_context or (len(pieces) > 1 and is_name_line(text))  # the other side of a bar is evidence too
        for piece in pieces:
            if piece and len(piece) <= LONGEST_LINE:
                _read_piece(piece, draft, in_context=firm)
    return _finish(draft, "\n".join(lines))


def _read_piece(piece: str, draft: _Draft, *, in_context: bool) -> None:
    """Adds what one piece of a line says; what it does not say changes nothing."""
    text = piece.strip(_LEADING) if in_context else piece
    if in_context or not draft.named:
        text = strip_lead_in(text, names().lead_ins if in_context else lead_ins())
    text = text.rstrip(":").strip()
    if not text or _is_noise(text, draft):
        return
    if not draft.named and _take_person(text, draft, in_context=in_context):
        return
    if draft.named and _take_letters(text, draft):
        return
    if _take_role(text, draft, in_context=in_context) or _take_place(text, draft, in_context=in_context):
        return
    if in_context:
        _take_unknown(text, draft)


def _is_noise(text: str, draft: _Draft) -> bool:
    lowered = text.casefold()
    if lowered.rstrip("!.") in names().noise:
        return True
    if lowered.startswith(names().noise_starts) and (draft.named or ":" in text or any(map(str.isdigit, text))):
        return True
    return (text[-1].isdigit() or not text[0].isalpha()) and _COUNTER.match(text) is not None


def _take_person(text: str, draft: _Draft, *, in_context: bool) -> bool:
    person = read_person(text)
    if person is None and in_context:
        person = read_person(text, weak=True)
    if person is None:
        return False
    if not proves_person(person):
        role = read_role(text)
        if not in_context or (role is not None and role.firm) or _is_rather_place(text, person):
            return False
        if draft.role is not None and is_city(text):  # a role alone, then its town: nobody is named
            return False
        if not person.credentials and not person.titles and is_qualifier_line(text):
            return False
    draft.person = person
    if person.role is not None:
        draft.role = person.role
    draft.location = person.location or draft.location
    return True


def _is_rather_place(text: str, person: Person) -> bool:
    """Whether a line where a name is expected is a place: "Austin, TX", but not "Maria Lopez, Ohio"."""
    if read_place(text) is None:
        return False
    return len(person.words) < 2 or is_town_like(person.words) or is_known_place(text)


def _take_role(text: str, draft: _Draft, *, in_context: bool) -> bool:
    role = read_role(text) or (read_role(text[:1].upper() + text[1:]) if in_context else None)
    if role is not None and (role.firm or (in_context and draft.named)):
        _add_role(role if role.firm else Role(text, None, firm=False), draft)
        return True
    if draft.role is None and is_qualifier_line(text) and (draft.named or in_context):
        draft.qualifier = text
        return True
    return False


def _add_role(role: Role, draft: _Draft) -> None:
    if draft.role is None:
        # A line of its own that says "Board Certified" vouches for the person; it does not name the work.
        vouches = draft.qualifier is not None and "certified" in draft.qualifier.casefold()
        draft.role = f"{draft.qualifier} {role.role}" if draft.qualifier and not vouches else role.role
        draft.qualifier = None
    draft.location = draft.location or role.location


def _take_place(text: str, draft: _Draft, *, in_context: bool) -> bool:
    known = read_place(text)
    if known is None and in_context and is_city(text):
        known = text
    if known is None and in_context and (draft.role is not None or ("," in text and draft.named)):
        known = read_place(text, loose=True)
    if known is None:
        return False
    if draft.location is None:
        draft.location = known
    return True


def _take_letters(text: str, draft: _Draft) -> bool:
    if credential(text.partition(" ")[0].rstrip(",")) is None and text not in names().generations:
        return False
    if text in letters().weak or (is_region(text) and (draft.letters or (draft.person and draft.person.credentials))):
        return False
    found: list[str] = []
    for part in text.split(","):
        read = read_letters(part.strip())
        if read is None:
            return False
        found.extend(read.credentials)
        draft.suffix = draft.suffix or read.suffix
    draft.letters += tuple(found)
    return True


def _take_unknown(text: str, draft: _Draft) -> None:
    """A user name where no name was read yet, else a role that nobody knows, in title case."""
    if not draft.named:
        if (
            len(text) <= LONGEST_USER_NAME
            and len(text.split()) <= 4
            and text[-1] not in ".!?;,"
            and any(map(str.isalnum, text))
        ):
            draft.name = text
        return
    words = text.split()
    if draft.role is None and len(text) <= 60 and len(words) <= 8 and _is_title_case(words):
        draft.role, place = _part_unknown(words)
        draft.location = draft.location or place


def _is_title_case(words: Sequence[str]) -> bool:
    return all(word[0].isupper() or fold(word) in {"of", "and", "&", "the", "in", "for", "at"} for word in words)


def _part_unknown(words: Sequence[str]) -> tuple[str, str | None]:
    """An unknown role and the town before it, if one is."""
    for size in range(min(3, len(words) - 1), 0, -1):
        if is_city(" ".join(words[:size])):
            return " ".join(words[size:]), " ".join(words[:size])
    return " ".join(words), None


def _finish(draft: _Draft, printed: str) -> Byline:
    person = draft.person or Person()
    parts = split_name(person.words, titled=person.titled)
    if person.swapped and parts.family is None and len(person.words) > 1:
        parts = parts._replace(given=person.words[0], family=person.words[-1])
    return Byline(
        printed=printed,
        name=" ".join(person.words) or draft.name,
        given_name=parts.given,
        family_name=parts.family,
        suffix=person.suffix or draft.suffix,
        credentials=tuple(dict.fromkeys((*person.credentials, *draft.letters))),
        role=draft.role or draft.qualifier,
        location=draft.location,
        in_memoriam=person.in_memoriam,
    )


def read_rating(printed: str | None) -> float | None:
    """The stars out of 5 that a printed number says, None where it is no such number.

    >>> read_rating("4.5"), read_rating("4,5"), read_rating("45"), read_rating("nan")
    (4.5, 4.5, None, None)
    """
    text = (printed or "").strip().replace(",", ".")
    if not re.fullmatch(r"[0-9](?:\.[0-9]{1,4})?", text):
        return None
    value = float(text)
    return value if value <= 5 else None


def read_count(printed: str | None) -> int | None:
    """The count that a printed number says, None where it is none.

    >>> read_count("1,204"), read_count("12.5"), read_count("many")
    (1204, None, None)
    """
    text = (printed or "").strip()
    if not text.isascii() and not text.replace("\u00a0", "").replace("\u202f", "").isascii():
        return None
    if len(text) > 14 or not _NUMBER.match(text):
        return None
    value = int(re.sub(r"\D", "", text))
    return value if value <= MOST_REVIEWS else None
