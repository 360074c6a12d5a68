"""What a row of `authors` says of a person, in the forms in which people are compared."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, NamedTuple

from flows.authors.attributions import read_byline
from flows.authors.resolve import normal_name
from flows.authors.spellings import Profile, name_parts, plain_letters, profile_of
from flows.authors.vocabulary import fold, names, places, read_table

MOST_FORMS = 8  # of a person's name as printed; who has more is rather a shared account
US_STATES = 50  # the codes of places.toml that stand in the order of the names
JOINING = frozenset(("y", "e", "i"))  # between the two family names of a Spanish or Portuguese name


class Place(NamedTuple):
    """A town, and the states and countries named behind it; plain letters."""

    town: str | None
    states: frozenset[str]
    countries: frozenset[str]


class Person(NamedTuple):
    """One form of one author: what is known, folded; None and empty mean not known."""

    id: str
    site: str
    profile: Profile | None
    account: str | None  # the name where it is no given and family name: a user name, or an order that is unsure
    given: tuple[str, ...]  # first and middle names and initials
    family: tuple[str, ...]  # its parts: two of a double name
    suffix: str | None
    credentials: frozenset[str]
    degrees: frozenset[int]  # groups of degrees of which a person has one
    place: Place | None
    role: frozenset[str]


@cache
def _degree_groups() -> dict[str, int]:
    return {name: at for at, group in enumerate(read_table("degrees")["group"]) for name in group["names"]}


@cache
def _states() -> dict[str, str]:
    us, told = read_table("places")["us_states"], read_table("spellings")["regions"]
    both = list(zip(us["codes"], us["names"], strict=False))[:US_STATES]
    return {**{code: fold(name) for code, name in both}, **told["states"]}


@cache
def _countries() -> dict[str, str]:
    named = {fold(name): fold(name) for name in read_table("places")["countries"]["names"]}
    return {**named, **read_table("spellings")["regions"]["countries"]}


@lru_cache(maxsize=1 << 14)
def read_town(text: str) -> Place | None:
    """The town of a location with its states and countries; None where nothing is left.

    >>> read_town("Boston, MA") == read_town("Boston, Massachusetts"), read_town("Texas").town
    (True, None)
    """
    parts = [" ".join(word for word in part.split() if not word.isdecimal()) for part in text.replace("(", ",").split(",")]
    parts = [part.strip(" )") for part in parts if part.strip(" )")]
    if not parts:
        return None
    words = parts[0].split()
    if len(words) > 1 and words[-1] in _states():  # "Austin TX"
        parts[0:1] = [" ".join(words[:-1]), words[-1]]
    lone = len(parts) == 1 and _region(parts[0]) is not None
    regions = list(filter(None, map(_region, parts if lone else parts[1:])))
    states, countries = (frozenset(name for kind, name in regions if kind == of) for of in ("state", "country"))
    town = None if lone else " ".join(name_parts(parts[0])).replace("saint ", "st ")
    return Place(town or None, states, countries) if town or regions else None


def _region(text: str) -> tuple[str, str] | None:
    """Whether a text is a state or a country, and its name; None where it is neither."""
    folded = fold(text)
    if text in _countries() or folded in _countries():
        return "country", _countries().get(text) or _countries()[folded]
    if text in _states() or folded in places().regions:
        return "state", _states().get(text, folded)
    return None


def read_people(row: dict[str, Any]) -> list[Person]:
    """Return the forms of one author: of the name itself first, then of each other name that was printed for it."""
    first = _read_person(row)
    if row["name"] is None or not first.family or len(row["aliases"] or ()) < 2:
        return [first]
    forms = [first]
    for alias in sorted(row["aliases"])[:MOST_FORMS]:
        form = _read_alias(alias, first)
        if form is not None and all((form.given, form.family) != (known.given, known.family) for known in forms):
            forms.append(form)
    return forms


@lru_cache(maxsize=1 << 12)
def _read_alias(alias: str, first: Person) -> Person | None:
    """The same author under a name as printed; None where the line holds no given and family name."""
    byline = read_byline([alias])
    given, family = _split(byline.name, byline.family_name)
    if not family or not given:
        return None
    return first._replace(given=given, family=family, account=None, suffix=byline.suffix or first.suffix)


def _read_person(row: dict[str, Any]) -> Person:
    given, family = _split(row["name"], row["family_name"])
    credentials, degrees = _read_credentials(tuple(row["credentials"] or ()))
    return Person(
        id=row["author_id"],
        site=row["site"],
        profile=profile_of(row["profile_url"]) if row["profile_url"] else None,
        account=normal_name(row["name"]) or None if row["name"] and not family else None,
        given=given,
        family=family,
        suffix=row["suffix"],
        credentials=credentials,
        degrees=degrees,
        place=read_town(row["location"]) if row["location"] else None,
        role=_read_role(row["role"] or ""),
    )


# Names, letters behind them and roles come again on a site and over sites.
@lru_cache(maxsize=1 << 12)
def _read_credentials(printed: tuple[str, ...]) -> tuple[frozenset[str], frozenset[int]]:
    """The credentials of a person, and the groups of degrees that they belong to."""
    groups = _degree_groups()
    return frozenset(printed), frozenset([groups[name] for name in printed if name in groups])


@lru_cache(maxsize=1 << 12)
def _read_role(role: str) -> frozenset[str]:
    return frozenset(filter(None, map(plain_letters, role.split())))


@lru_cache(maxsize=1 << 14)
def _split(name: str | None, family: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The given names and the parts of the family name in a name; both empty where the name does not tell them apart."""
    if name is None or family is None or not name.startswith(family) | name.endswith(family):
        return (), ()
    given = name.removesuffix(family) if name.endswith(family) else name.removeprefix(family)
    return tuple(name_parts(given)), _family_parts(family)


def _family_parts(family: str) -> tuple[str, ...]:
    """The parts of a family name, each with its particles: "de la Cruz" is one, "Roe-Smith" two."""
    parts: list[str] = []
    before = ""
    words = family.replace("\u2010", "-").replace("-", " ").split()
    for at, word in enumerate(words):
        plain = plain_letters(word)
        if not plain or (plain in JOINING and not before):
            continue
        if fold(word) in names().particles and at < len(words) - 1:
            before += plain
        else:
            parts.append(before + plain)
            before = ""
    return tuple(parts)
