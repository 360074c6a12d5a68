"""How much speaks for two authors being one person, and what speaks against it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from flows.authors.evidence import Person, Place
from flows.authors.nicknames import names_behind
from flows.authors.rarity import DEGREE_BITS, FIRST_LETTER_BITS, MOST_BITS, Rarity, account_words, listed_share
from flows.authors.spellings import is_one_slip, sound_of, without_umlauts

SURE = 99.0  # the same account of the site
ACCOUNT_LETTER_BITS, ACCOUNT_DIGIT_BITS, MOST_ACCOUNT_BITS = 3.0, 4.0, 32.0
REGION_BITS = 2.0
MOST_CREDENTIAL_BITS = 6.0
FIRST_DEGREES = frozenset(("MD", "DO", "DDS", "DMD", "PhD", "JD", "Esq", "RN"))
MIDDLE_BITS, MIDDLE_INITIAL_BITS = 4.0, 2.5
# What a difference takes away: how much rarer it is that one person writes it so than that two people do.
UMLAUT, SOUND, NICKNAME, DOUBLE, SLIP, OTHER_DEGREE, OTHER_ROLE, SKIPPED = 1.0, 5.0, 2.0, 3.0, 8.0, 8.0, 2.0, 1.0


class ConflictError(Exception):
    """Two authors cannot be one; `hard` where no other form of a name can mend it."""

    def __init__(self, what: str, *, hard: bool = False) -> None:
        super().__init__(what)
        self.hard = hard


@dataclass(slots=True)
class Likeness:
    """What speaks for one person: bits, and in words; or what speaks against it."""

    bits: float = 0.0
    why: list[str] = field(default_factory=list)
    conflict: str | None = None
    hard: bool = False
    slip: str | None = None  # where a typing error is assumed: "family" or "given"
    whole: bool = False  # first names stand in full on both sides, and are the same
    town: bool = False
    credentials: bool = False
    role: bool = False

    def add(self, bits: float, why: str) -> None:
        """Count a piece of evidence."""
        self.bits += bits
        self.why.append(why)


def compare(one: Person, other: Person, rarity: Rarity) -> Likeness:
    """Return how alike two authors of one site are."""
    like = Likeness()
    try:
        if _compare_profiles(one, other, like):
            return like
        if one.suffix != other.suffix:
            raise ConflictError("another generation", hard=None not in (one.suffix, other.suffix))
        _compare_names(one, other, rarity, like)
        _compare_places(one.place, other.place, rarity, like)
        _compare_credentials(one, other, rarity, like)
        _compare_roles(one, other, rarity, like)
        _ask_for_more(one, other, like)
    except ConflictError as conflict:
        return Likeness(conflict=str(conflict), hard=conflict.hard)
    return like


def most_bits(one: Person, other: Person, rarity: Rarity) -> float:
    """Return a bound that the bits of `compare` do not pass, at a tenth of its cost; minus infinity for a plain conflict."""
    if (one.profile is not None and other.profile is not None) or not (one.family and other.family):
        return math.inf
    if one.suffix != other.suffix:
        return -math.inf
    same_town, bits = False, 0.0
    if one.place is not None and other.place is not None:
        town, other_town = one.place.town, other.place.town
        if town is None or other_town is None:
            bits = REGION_BITS
        elif town == other_town:
            same_town, bits = True, rarity.bits("town", town)
        else:
            return -math.inf
    if one.degrees and other.degrees and one.degrees.isdisjoint(other.degrees) and not same_town:
        return -math.inf
    bits += max(rarity.most_bits("family", one.family), rarity.most_bits("family", other.family))
    if one.given and other.given:
        bits += max(rarity.most_bits("given", one.given), rarity.most_bits("given", other.given), FIRST_LETTER_BITS)
        bits += MIDDLE_BITS * (min(len(one.given), len(other.given)) - 1)
    if not one.credentials.isdisjoint(other.credentials):
        bits += _credential_bits(one.credentials & other.credentials, rarity)
    return bits + MOST_BITS["role"] if one.role == other.role else bits


def _compare_profiles(one: Person, other: Person, like: Likeness) -> bool:
    """Whether the profiles alone decide: one account, whatever else differs but the generation."""
    if one.profile is None or other.profile is None:
        return False
    if one.profile != other.profile:
        raise ConflictError("another profile", hard=True)
    if None not in (one.suffix, other.suffix) and one.suffix != other.suffix:
        raise ConflictError("another generation", hard=True)
    if not one.profile.numbered and {one.account, other.account} == {None}:
        _compare_names(one, other, None, Likeness())
    like.add(SURE, "the same profile")
    return True


# -- names ----------------------------------------------------------------------------------------------------------------


def _compare_names(one: Person, other: Person, rarity: Rarity | None, like: Likeness) -> None:
    if not one.family or not other.family:
        if one.account is None or one.account != other.account:
            raise ConflictError("another name")
        _count_account(one.account, rarity, like)
        return
    bits, how = _compare_families(one, other, rarity, like)
    like.add(bits, how)
    if one.given and other.given:
        _compare_given(*_without_family(one, other), rarity, like)


def _count_account(account: str, rarity: Rarity | None, like: Likeness) -> None:
    """Count a user name: a site gives each to one account; a lone first name or a word for nobody proves little."""
    if rarity is None:
        return
    words = account.split()
    if any(word in account_words() for word in words):
        raise ConflictError("a name that stands for anybody")
    if any(listed_share("given", word) or listed_share("family", word) for word in words):
        like.add(sum(min(rarity.bits("given", word), rarity.bits("family", word)) for word in words), "the same name")
        return
    letters = sum(map(len, words))
    digits = ACCOUNT_DIGIT_BITS if any(char.isdigit() for char in account) else 0.0
    like.add(min(ACCOUNT_LETTER_BITS * letters + digits, MOST_ACCOUNT_BITS), "the same user name")


def _compare_families(one: Person, other: Person, rarity: Rarity | None, like: Likeness) -> tuple[float, str]:
    a, b = one.family, other.family
    if "".join(a) == "".join(b):
        return _rare(rarity, "family", a), "the same family name"
    for key, loss, how in ((without_umlauts, UMLAUT, "umlauts"), (sound_of, SOUND, "sound")):
        if key("".join(a)) == key("".join(b)):
            return _rare(rarity, "family", a, b) - loss, f"the same family name but for {how}"
    shared = _shared_part(one, other)
    if shared:
        return _rare(rarity, "family", (shared,)) - DOUBLE, "a part of a double family name"
    if len(a) == len(b) == 1 and is_one_slip(a[0], b[0]) and not _both_are_names("family", a[0], b[0], rarity):
        like.slip = "family"
        return _rare(rarity, "family", a, b) - SLIP, "the same family name but for one letter"
    raise ConflictError("another family name")


def _shared_part(one: Person, other: Person) -> str | None:
    """The family name that one bears alone and the other as part of a double one, perhaps among the middle names."""
    for single, double in ((one, other), (other, one)):
        if len(single.family) != 1:
            continue
        if len(double.family) > 1 and single.family[0] in double.family:
            return single.family[0]
        if len(double.family) == 1 and len(single.family[0]) > 2 and single.family[0] in double.given[1:]:
            return single.family[0]
    return None


def _without_family(one: Person, other: Person) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The first names of both, without a middle word that is the other's family name ("Maria Garcia Lopez")."""

    def strip(own: Person, against: Person) -> tuple[str, ...]:
        rest = tuple(name for name in own.given[1:] if name not in against.family or len(name) < 3)
        return own.given[:1] + rest

    return strip(one, other), strip(other, one)


def _compare_given(a: tuple[str, ...], b: tuple[str, ...], rarity: Rarity | None, like: Likeness) -> None:
    if "".join(a) == "".join(b) and len("".join(a)) > 2:
        like.whole = True
        like.add(_rare(rarity, "given", a[:1]), "the same first name")
        _count_middle_names(a[1:], b[1:], like)
        return
    a, b = _skip_initial(a, b, like)
    _compare_first(a[0], b[0], rarity, like)
    _count_middle_names(a[1:], b[1:], like)


def _skip_initial(a: tuple[str, ...], b: tuple[str, ...], like: Likeness) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Leave out the initial of a first name that the other leaves out: "J. Andrew" goes by Andrew."""
    for long, short in ((a, b), (b, a)):
        if len(long) > 1 and len(long[0]) == 1 and len(long[1]) > 1 and long[1] == short[0]:
            like.bits -= SKIPPED
            return (long[1:], short) if long is a else (short, long[1:])
    return a, b


def _compare_first(a: str, b: str, rarity: Rarity | None, like: Likeness) -> None:
    if a == b:
        like.whole = len(a) > 1
        like.add(_rare(rarity, "given", (a,)) if len(a) > 1 else FIRST_LETTER_BITS, "the same first name or initial")
    elif 1 in (len(a), len(b)):
        if a[0] != b[0]:
            raise ConflictError("another first name")
        like.add(FIRST_LETTER_BITS, "the first name's initial")
    elif names_behind(a) & names_behind(b):
        shared = sorted(names_behind(a) & names_behind(b))
        like.add(min(_rare(rarity, "given", (name,)) for name in shared) - NICKNAME, "a form of the same first name")
    elif without_umlauts(a) == without_umlauts(b):
        like.whole = True
        like.add(_rare(rarity, "given", (a,), (b,)) - UMLAUT, "the same first name but for umlauts")
    elif is_one_slip(a, b) and not _both_are_names("given", a, b, rarity) and not like.slip:
        like.slip = "given"
        like.add(_rare(rarity, "given", (a,), (b,)) - SLIP, "the same first name but for one letter")
    else:
        raise ConflictError("another first name")


def _count_middle_names(a: tuple[str, ...], b: tuple[str, ...], like: Likeness) -> None:
    """Count middle names that agree; those of one side alone say nothing, those of both must not differ."""
    left = list(b)
    unmatched = 0
    for name in a:
        found = next((other for other in left if name == other or (1 in (len(name), len(other)) and name[0] == other[0])), None)
        if found is None:
            unmatched += 1
            continue
        left.remove(found)
        like.add(MIDDLE_BITS if name == found and len(name) > 1 else MIDDLE_INITIAL_BITS, "a middle name")
    if unmatched and left:
        raise ConflictError("another middle name")


def _both_are_names(kind: str, a: str, b: str, rarity: Rarity | None) -> bool:
    """Whether two spellings are names of their own, so that neither is a slip of the other."""
    if listed_share(kind, a) and listed_share(kind, b):
        return True
    return rarity is not None and min(rarity.count(kind, a), rarity.count(kind, b)) > 1


def _rare(rarity: Rarity | None, kind: str, *spellings: tuple[str, ...]) -> float:
    """The bits of a name, of its rarest part; of several spellings, those of the commonest."""
    if rarity is None:
        return 0.0
    return min(max(rarity.bits(kind, part) for part in parts) for parts in spellings if parts)


# -- place, credentials, role ---------------------------------------------------------------------------------------------


def _compare_places(one: Place | None, other: Place | None, rarity: Rarity, like: Likeness) -> None:
    if one is None or other is None:
        return
    for a, b in ((one.states, other.states), (one.countries, other.countries)):
        if a and b and not a & b:
            raise ConflictError("another place")
    if one.town and other.town:
        if one.town != other.town:
            raise ConflictError("another place")
        like.town = True
        like.add(rarity.bits("town", one.town), "the same town")
    elif one.states & other.states or one.countries & other.countries:
        like.add(REGION_BITS, "the same state or country")


def _compare_credentials(one: Person, other: Person, rarity: Rarity, like: Likeness) -> None:
    a, b = one.credentials, other.credentials
    if one.degrees and other.degrees and not one.degrees & other.degrees:
        if not like.town:
            raise ConflictError("another first degree")
        like.bits -= OTHER_DEGREE
    shared = sorted(a & b)
    if shared:
        like.credentials = True
        like.add(_credential_bits(shared, rarity), "the same " + ", ".join(shared))


def _credential_bits(shared: Iterable[str], rarity: Rarity) -> float:
    bits = sum(DEGREE_BITS if name in FIRST_DEGREES else rarity.bits("credential", name) for name in shared)
    return min(bits, MOST_CREDENTIAL_BITS)


def _compare_roles(one: Person, other: Person, rarity: Rarity, like: Likeness) -> None:
    if not one.role or not other.role:
        return
    if one.role == other.role:
        like.role = True
        like.add(rarity.bits("role", " ".join(sorted(one.role))), "the same role")
    elif not one.role & other.role:
        like.bits -= OTHER_ROLE


def _ask_for_more(one: Person, other: Person, like: Likeness) -> None:
    """Hold a slip of the pen, and a family name alone, to strong other evidence."""
    if like.slip and not (like.town and like.credentials and (like.slip == "given" or like.whole)):
        raise ConflictError("another spelling, and too little beside it")
    if one.family and not (one.given and other.given) and not (like.town and (like.credentials or like.role)):
        raise ConflictError("a family name alone")
