"""Cores: authors that are one person before any weighing, by their account, by a ruling, or because it was published so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flows.authors.evidence import Person
from flows.authors.overrides import Rulings

PUBLISHED = "published as one before"
MOST_FORMS = 12  # of one certain set that are compared; the rest repeats them
MOST_SETS = 24  # of one core that are compared


@dataclass(slots=True)
class Core:
    """Authors that are one: their ids in order, and the reason for each id.

    `sets`: those of them that are certain to be one (an account, an override), each with its forms, of which any may be
    what another author is like. What evidence brought together and was published stays in sets of its own: another
    author has to be like each of them, as when they were weighed.
    """

    ids: list[str]
    sets: list[list[Person]]
    why: dict[str, str]


class Groups:
    """Disjoint groups of ids that grow, and never bring two ids together that a ruling keeps apart."""

    def __init__(self, ids: Iterable[str], apart: frozenset[tuple[str, str]]) -> None:
        self._root = {author: author for author in ids}
        self._members = {author: [author] for author in self._root}
        self._apart: defaultdict[str, set[str]] = defaultdict(set)
        for one, other in apart:
            self._apart[one].add(other)
            self._apart[other].add(one)
        self.why: dict[str, str] = {}

    def root_of(self, author: str) -> str:
        """Return the id that stands for a group."""
        root = author
        while self._root[root] != root:
            root = self._root[root]
        while self._root[author] != root:
            self._root[author], author = root, self._root[author]
        return root

    def join(self, ids: Sequence[str], why: str) -> None:
        """Make ids one group where no ruling is against it; all of them or none."""
        present = [author for author in ids if author in self._root]
        roots = sorted({self.root_of(author) for author in present})
        if len(roots) < 2 or self._are_apart(roots):
            return
        for author in present:
            self.why.setdefault(author, why)
        for root in roots[1:]:
            self._root[root] = roots[0]
            self._members[roots[0]] += self._members.pop(root)

    def _are_apart(self, roots: list[str]) -> bool:
        if not self._apart:
            return False
        members = {author for root in roots for author in self._members[root]}
        return any(self._apart[author] & members for author in members if author in self._apart)

    def all(self) -> list[list[str]]:
        """Return the groups, each in order, in the order of their first ids."""
        return sorted(sorted(members) for members in self._members.values())


def build_cores(
    people: dict[str, list[Person]], everyone: Iterable[str], rulings: Rulings, published: Sequence[tuple[str, str]]
) -> list[Core]:
    """Return every author in exactly one core, in the order of their first ids.

    `people`: id → its forms, of the authors that can be compared; `published`: pairs of ids that were one before.
    """
    ids = list(everyone)
    certain, groups = Groups(ids, rulings.apart), Groups(ids, rulings.apart)
    for same, why in rulings.same:
        certain.join(same, f"override: {why}")
    for account in sorted(_accounts(people)):
        certain.join(account, "the same profile")
    known_as_one = certain.all()
    for known in (*known_as_one, *published_groups(published)):
        if len(known) > 1:
            groups.join(known, "")
    sets = {known[0]: known for known in known_as_one}
    return [_build_core(group, sets, people, certain.why) for group in groups.all()]


def _build_core(ids: list[str], sets: dict[str, list[str]], people: dict[str, list[Person]], why: dict[str, str]) -> Core:
    forms = [
        _distinct([person for author in sets[first] for person in people.get(author, ())]) for first in ids if first in sets
    ]
    return Core(ids, [told for told in forms if told][:MOST_SETS], {author: why.get(author, PUBLISHED) for author in ids})


def published_groups(published: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Return who was published as one, whether or not all of them are still there."""
    groups = Groups({author for pair in published for author in pair}, frozenset())
    for alias, author in published:
        groups.join((alias, author), "")
    return groups.all()


def _accounts(people: dict[str, list[Person]]) -> list[list[str]]:
    """Return the ids that share an account of a site: by its number, else by its address and the name."""
    accounts: defaultdict[tuple[object, ...], list[str]] = defaultdict(list)
    for author, forms in people.items():
        first = forms[0]
        if first.profile is not None:
            name = None if first.profile.numbered else (first.account, first.given, first.family)
            accounts[first.site, first.profile, first.suffix, name].append(author)
    return [sorted(ids) for ids in accounts.values() if len(ids) > 1]


def _distinct(people: list[Person]) -> list[Person]:
    """Return the forms that differ in more than the id, the first of each."""
    if len(people) < 2:
        return people
    seen: dict[Person, Person] = {}
    for person in people:
        seen.setdefault(person._replace(id=""), person)
    return list(seen.values())[:MOST_FORMS]
