"""Which authors are worth comparing: those that share a key, never all with all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations

from flows.authors.evidence import Person
from flows.authors.nicknames import names_behind
from flows.authors.spellings import sound_of

# Authors that are compared all with all. Where more share a family name and an initial, only those of one town or one
# first name are compared; where still more share these, the name is so common that nothing would be proved.
MOST_IN_BLOCK = 48
Key = tuple[str, ...]
Member = tuple[int, Person]


def find_pairs(members: Sequence[Member]) -> set[tuple[int, int]]:
    """Return the pairs of numbers whose people share a key; of one site each. Cost is linear in the members."""
    blocks: defaultdict[Key, list[Member]] = defaultdict(list)
    for member in members:
        for key in set(_keys_of(member[1])):
            blocks[key].append(member)
    pairs: set[tuple[int, int]] = set()
    for key, block in blocks.items():
        if len(block) > 1:
            pairs.update(_pairs_without_given(block) if key[0] == "family" else _pairs_of(block))
    return pairs


def _keys_of(person: Person) -> Iterator[Key]:
    site = person.site
    if person.profile is not None:
        yield "profile", site, person.profile.key
    if person.account is not None:
        yield "account", site, person.account
    if not person.family:
        return
    sounds = {sound_of("".join(person.family)), *map(sound_of, person.family)}
    town = person.place.town if person.place else None
    if town is not None:
        for sound in sounds:
            yield "family", site, sound, town
        if person.given and len(person.given[0]) > 1 and person.credentials:
            yield "slip", site, town, person.given[0], person.family[0][:1]
    sounds |= {sound_of(name) for name in person.given[1:] if len(name) > 2}  # the first half of a double name
    for letter in _initials(person.given):
        for sound in sounds:
            yield "name", site, sound, letter


def _initials(given: tuple[str, ...]) -> set[str]:
    """The letters that a first name may begin with on another page: Bob is Robert, J. Andrew is Andrew."""
    first = given[:2] if given and len(given[0]) == 1 else given[:1]
    return {name[0] for part in first for name in names_behind(part)}


def _pairs_of(block: list[Member]) -> Iterator[tuple[int, int]]:
    if len(block) <= MOST_IN_BLOCK:
        yield from _all_pairs(number for number, _ in block)
        return
    for refine in (_by_town, _by_given):
        for part in _split(block, refine):
            if len(part) <= MOST_IN_BLOCK:
                yield from _all_pairs(number for number, _ in part)
            else:
                for finest in _split(part, lambda person: _by_town(person) + _by_given(person)):
                    if len(finest) <= MOST_IN_BLOCK:
                        yield from _all_pairs(number for number, _ in finest)


def _pairs_without_given(block: list[Member]) -> Iterator[tuple[int, int]]:
    """Of one family name and town: who has no first name, with the others."""
    nameless = [number for number, person in block if not person.given]
    if nameless and len(block) <= MOST_IN_BLOCK:
        for one in nameless:
            yield from (_in_order(one, other) for other, _ in block if other != one)


def _split(block: list[Member], by: Callable[[Person], Key]) -> list[list[Member]]:
    parts: defaultdict[Key, list[Member]] = defaultdict(list)
    for member in block:
        if key := by(member[1]):
            parts[key].append(member)
    return list(parts.values())


def _by_town(person: Person) -> Key:
    return (person.place.town,) if person.place and person.place.town else ()


def _by_given(person: Person) -> Key:
    return person.given[:1] if person.given and len(person.given[0]) > 1 else ()


def _all_pairs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    return combinations(sorted(set(numbers)), 2)


def _in_order(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)
