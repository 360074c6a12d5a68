"""A person's line: name, titles, generation, credentials, remarks, and a role or place printed behind them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from flows.authors.credentials import Letters, credential, is_unknown_degree, is_unknown_letters, read_letters
from flows.authors.names import INITIAL, count_full_words, kinds_of, word_kind
from flows.authors.places import has_town_shape, is_region, is_town_like, read_place
from flows.authors.roles import head_kind, is_qualifier_line, read_role
from flows.authors.vocabulary import closings, fold, letters, names, squeeze

LONGEST_LINE = 120  # characters; a name with ten credentials has about 100
MOST_PARTS = 14  # commas in such a line
_REMARK = re.compile(r"\s*[(\[]([^()\[\]]{1,40})[)\]]\s*$")
_NICKNAME = re.compile(r"\s+[(\"\u201c\u2018'][^()\"\u201c\u201d]{1,20}[)\"\u201d\u2019'](?=\s)")
_GLUED_TITLE = re.compile(r"^((?:Prof|Dr|Dra|Mr|Mrs|Ms)\.)(?=[^\W\d_])")
_YEARS = re.compile(r"^\d{4}\s?[-\u2013]\s?\d{4}$")


@dataclass(slots=True)
class Person:
    """One attribution line taken apart; `words` are the name's, in the order in which they are read."""

    words: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    suffix: str | None = None
    credentials: tuple[str, ...] = ()
    dotted: bool = False
    role: str | None = None
    firm_role: bool = False
    location: str | None = None
    in_memoriam: bool = False
    remarked: bool = False
    swapped: bool = False  # "Family, Given"

    @property
    def titled(self) -> bool:
        """Whether a title that goes with a family name alone stood before it."""
        return any(fold(title) not in names().loose_titles for title in self.titles)


def _peel_remarks(text: str, person: Person) -> str | None:
    """The text without the bracketed remarks at its end; None where a bracket says what nobody knows."""
    while text.endswith((")", "]", "\u2020")):
        if text.endswith("\u2020"):
            person.in_memoriam, text = True, text[:-1].rstrip()
            continue
        found = _REMARK.search(text)
        if found is None:
            return None
        inner = found.group(1).strip()
        if not _read_remark(inner, person):
            if credential(text[text.rfind(" ", 0, found.start()) + 1 :], folded=True) or text[found.start() - 1].isupper():
                return text  # "FRCS(C)", "FRCS (Plast)": part of the letters
            return None
        text = text[: found.start()].rstrip(" ,")
    return text


def _read_remark(inner: str, person: Person) -> bool:
    folded = fold(inner)
    if folded in names().memorial or _YEARS.match(inner):
        person.in_memoriam = person.remarked = True
        return True
    if folded in names().remarks:
        return True
    found = read_letters(inner)
    if found is not None and found.credentials:
        person.credentials += found.credentials
        return True
    role = read_role(inner[:1].upper() + inner[1:])
    if role is not None:
        person.role, person.location, person.firm_role, person.remarked = inner, role.location, True, True
        return True
    return False


def _peel_titles(tokens: list[str], person: Person) -> list[str]:
    at = 0
    while at < len(tokens) - 1 and _is_title(tokens[at]):
        at += 1
        while at < len(tokens) - 1 and tokens[at].casefold() in _title_words():
            at += 1
    person.titles = tuple(tokens[:at])
    return tokens[at:]


def _is_title(token: str) -> bool:
    folded = fold(token)
    if folded not in names().titles:
        return False
    return token[0].isupper() and (token.endswith(".") or folded not in names().dotted_titles or folded == "ms")


@lru_cache(maxsize=1)
def _title_words() -> frozenset[str]:
    return frozenset(word + "." for word in names().title_words) | frozenset(("medic",))


def _peel_bare_letters(tokens: list[str], person: Person, *, alone: bool) -> list[str]:
    """The name's words without the generation and the credentials that follow it without a comma."""
    found: list[str] = []
    while len(tokens) > 1:
        last = tokens[-1]
        generation = names().generations.get(last.rstrip("."))
        if generation is not None and person.suffix is None and last not in names().generations_after_comma:
            person.suffix = generation
            tokens = tokens[:-1]
            continue
        taken = _bare_credential(tokens)
        if not taken:
            break
        found[:0] = taken[0]
        person.dotted |= "." in last
        tokens = tokens[: -taken[1]]
        if alone is False and len(tokens) == 1:
            break
    person.credentials = (*found, *person.credentials)
    return tokens


def _bare_credential(tokens: Sequence[str]) -> tuple[tuple[str, ...], int] | None:
    """The credentials that the last token or the last two are, and how many tokens that takes."""
    last = tokens[-1]
    if len(tokens) > 2 and last.endswith(".") and tokens[-2].endswith("."):
        name = credential(f"{tokens[-2]} {last}")
        if name is not None and credential(last) is None:
            return (name,), 2
    if "/" in last:
        parts = read_letters(last)
        return (parts.credentials, 1) if parts and parts.credentials else None
    name = credential(last)
    if name is None or (len(squeeze(last)) < 2):
        return None
    if name not in letters().in_capitals and "." not in last and all(word.isupper() for word in tokens):
        return None
    if "." not in last and not any(char.isupper() for char in last[1:]):
        return None
    return (name,), 1


def _sort_parts(parts: Sequence[str], person: Person) -> list[str] | None:
    """What of the parts behind the first comma is neither credential nor generation; None where a part is empty."""
    reads = [read_letters(part) for part in parts]
    if None not in reads and not any(read.credentials[:1] and read.credentials[0] in letters().weak for read in reads if read):
        _add_letters([read for read in reads if read is not None], person)
        return []
    return _sort_mixed_parts(parts, person)


def _add_letters(reads: Sequence[Letters], person: Person) -> None:
    for read in reads:
        person.credentials += read.credentials
        person.suffix = person.suffix or read.suffix
        person.dotted |= read.dotted
    if len(person.credentials) > 1:
        person.credentials = tuple(dict.fromkeys(person.credentials))


def _sort_mixed_parts(parts: Sequence[str], person: Person) -> list[str] | None:
    """As `_sort_parts`, where roles, places or unknown letters stand among them."""
    rest: list[str] = []
    last = ""
    unknown: list[tuple[int, str]] = []
    found: list[tuple[int, str]] = []
    for at, part in enumerate(_part_letters_from_roles(parts)):
        if not part:
            return None
        if rest and last == rest[-1] and is_region(part) and has_town_shape(rest[-1].split()):
            rest.append(part)
            last = part
            continue
        last = part
        read = read_letters(part)
        if read is not None and not _is_state_behind(part, read.credentials, found):
            found.extend((at, name) for name in read.credentials)
            person.suffix = person.suffix or read.suffix
            person.dotted |= read.dotted
        elif (is_unknown_letters(part) and not is_region(part)) or is_unknown_degree(part):
            unknown.append((at, squeeze(part)))
        else:
            rest.append(part)
    if found or person.credentials:
        found.extend(unknown)
    else:
        rest.extend(token for _, token in unknown)
    person.credentials = tuple(dict.fromkeys([*person.credentials, *(name for _, name in sorted(found, key=lambda f: f[0]))]))
    return rest


def _part_letters_from_roles(parts: Sequence[str]) -> Iterator[str]:
    """The parts, "MD Dermatologist" as two."""
    for part in parts:
        first, _, role = part.partition(" ")
        if role and credential(first) is not None and read_letters(part) is None and read_role(role) is not None:
            yield first
            yield role
        else:
            yield part


def _is_state_behind(part: str, read: tuple[str, ...], found: Sequence[tuple[int, str]]) -> bool:
    """True for "CA" behind other letters: the state, not the chartered accountant."""
    return bool(found) and len(read) == 1 and part in letters().weak and is_region(part)


def _read_rest(rest: list[str], person: Person, *, weak: bool, full: bool = False) -> bool:
    """Reads role and place behind the name; False where something remains that is neither.

    `full`: at least two words stand before the comma, so that an unknown phrase in title case behind it is a role.
    """
    for split in range(len(rest), 0, -1):
        role = read_role(", ".join(rest[:split]))
        if role is not None and (weak or role.firm):
            place = read_place(", ".join(rest[split:]), loose=True) if split < len(rest) else None
            if split < len(rest) and place is None:
                continue
            person.role = person.role or role.role
            person.location = person.location or role.location or place
            person.firm_role = True
            return True
    if person.credentials and len(rest) == 1 and is_qualifier_line(rest[0]):
        person.role = person.role or rest[0]
        return True
    place = read_place(", ".join(rest))
    if place is not None:
        person.location = person.location or place
        return True
    joined = ", ".join(rest)
    titled = (
        full and len(rest) == 1 and " " in joined and all(w[0].isupper() or w in ("and", "&", "of") for w in joined.split())
    )
    if weak and person.role is None and (person.credentials or person.titles or titled) and len(joined) <= 60:
        person.role = joined
        return True
    return False


def _swap(tokens: list[str], rest: list[str], person: Person, *, weak: bool) -> list[str] | None:
    """The name's words in order for "Family, Given Q.", where an initial or letters prove it; else None."""
    given = rest[0].split()
    if len(given) > 1 and _is_title(given[0]):
        given = _peel_titles(given, person)
    titled = bool(person.titles) and fold(" ".join(tokens)) not in closings()
    proof = any(word_kind(word) == INITIAL for word in given) or person.dotted or len(person.credentials) > 1 or titled
    if not proof and not (weak and person.credentials):
        return None
    if (
        len(given) > 3
        or kinds_of(given) is None
        or is_region(rest[0])
        or count_full_words(tokens) != 1
        or kinds_of(tokens) is None
    ):
        return None
    person.swapped = True
    return [*given, *tokens]


@lru_cache(maxsize=1 << 15)
def read_person(text: str, *, weak: bool = False) -> Person | None:
    """The line taken apart, None where its shape is no person's.

    `weak`: the page's layout says that the line is an attribution, so unknown words behind a comma are a role.
    Callers must not change what they get: it is cached.
    """
    person = Person()
    if not 2 <= len(text) <= LONGEST_LINE:
        return None
    peeled = _peel_remarks(text, person)
    if not peeled:
        return None
    text = _GLUED_TITLE.sub(r"\1 ", peeled) if "." in peeled[:5] else peeled
    if '"' in text or "\u201c" in text or "(" in text or "'" in text:
        text = _NICKNAME.sub("", text)
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > MOST_PARTS:
        return None
    tokens = _peel_titles(parts[0].split(), person)
    tokens = _peel_bare_letters(tokens, person, alone=len(parts) == 1)
    rest = _sort_parts(parts[1:], person)
    if rest is None or not tokens:
        return None
    if rest and not _read_rest(rest, person, weak=weak, full=len(tokens) > 1):
        swapped = _swap(tokens, rest, person, weak=weak)
        if swapped is None or (len(rest) > 1 and not _read_rest(rest[1:], person, weak=weak)):
            return None
        tokens = swapped
    person.words = tuple(_peel_title_behind(tokens, person))
    return person if kinds_of(person.words) is not None and not _is_role_word(person.words[-1]) else None


def _peel_title_behind(tokens: list[str], person: Person) -> list[str]:
    """The words without the form of address that East Asian names carry behind them."""
    last = tokens[-1]
    for title in () if last.isascii() else names().titles_behind:
        if last.endswith(title) and " ".join(tokens) != title:
            person.titles = (*person.titles, title)
            return [*tokens[:-1], last[: -len(title)]] if last != title else tokens[:-1]
    return tokens


def _is_role_word(word: str) -> bool:
    """True for a head that is nobody's family: "Dermatologist, MD" has lost its name."""
    role = read_role(word) if head_kind(fold(word)) else None
    return role is not None and role.firm


def proves_person(person: Person) -> bool:
    """Whether the line by its own shape, without the page, is an attribution: a name and evidence beside it.

    A title proves one to five words; letters prove two words, or one word where they are no state's code and no word
    ("Springfield, MD" is a town); a role or a remark proves two words that are no town.
    """
    full = count_full_words(person.words)
    if person.titles:
        if full > 4 or not (person.titled or full >= 2):
            return False
        return not (person.words and len(person.words) == 1 and person.words[0].endswith("."))
    whole = full >= 2 or (full == 1 and len(person.words) >= 2)
    strong = [name for name in person.credentials if name not in letters().weak]
    if strong:
        return _letters_prove(person, strong, whole=whole)
    return full >= 2 and (person.firm_role or person.remarked) and not is_town_like(person.words)


def _letters_prove(person: Person, strong: list[str], *, whole: bool) -> bool:
    if full_sentence_case(person.words):
        return False
    sure = person.dotted or len(person.credentials) > 1 or strong[0] not in letters().ambiguous
    if not whole:
        return sure and not (len(person.credentials) == 1 and not person.dotted and len(person.words[0]) < 3)
    if sure and not all(is_region(name) for name in person.credentials):
        return True
    has_initial = any(word_kind(word) == INITIAL for word in person.words)
    return has_initial or person.suffix is not None or not is_town_like(person.words)


def full_sentence_case(words: Sequence[str]) -> bool:
    """True where no word but the first begins with a capital: a sentence's beginning, not a name."""
    return len(words) > 2 and not any(word[0].isupper() for word in words[1:])
