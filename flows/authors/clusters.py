"""Cores → people: what is alike enough is joined, the surest first, and never through a weak link."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from itertools import chain, product
from typing import NamedTuple

from flows.authors.blocks import find_pairs
from flows.authors.cores import Core
from flows.authors.evidence import Person
from flows.authors.likeness import compare, most_bits
from flows.authors.rarity import Rarity

SAFETY_BITS = 8.0  # by chance alone one author in 256 meets such a double
LEAST_SIZE = 2048  # the names of a small site say little of how common they are
WEAK_BITS = 8.0  # everyone in a group is at most this much less alike than a pair has to be, so that no weak link chains
RIVAL_BITS = 6.0  # who is like two people who cannot be one, and not clearly more like one of them, stays alone
MOST_PARTNERS = 32  # that a core is held against, the most alike
MOST_CORES = 24  # in one group, each held against each


class Weighed(NamedTuple):
    """How far two cores are above what is asked for, in bits, and why; None: they cannot be one."""

    margin: float | None
    why: str


class Cluster(NamedTuple):
    """Cores that are one person, and for each of them (by number) why it is here; alone: no reason."""

    numbers: list[int]
    why: dict[int, str]


class Weigher:
    """Weighs pairs of cores, each once."""

    def __init__(self, cores: Sequence[Core], apart: frozenset[tuple[str, str]]) -> None:
        self._cores = cores
        number_of = {author: number for number, core in enumerate(cores) for author in core.ids}
        self._apart = {_in_order(number_of[a], number_of[b]) for a, b in apart if a in number_of and b in number_of}
        by_site: defaultdict[str, list[Person]] = defaultdict(list)
        for core in cores:
            for person in chain.from_iterable(core.sets):
                by_site[person.site].append(person)
        self._rarity = {site: Rarity(people) for site, people in by_site.items()}
        self._asked = {site: math.log2(max(told.size, LEAST_SIZE)) + SAFETY_BITS for site, told in self._rarity.items()}
        self._known: dict[tuple[int, int], Weighed] = {}

    def may_count(self, one: int, other: int) -> bool:
        """Whether two cores are worth weighing: False where they cannot come near to what is asked for."""
        a, b = self._cores[one].sets, self._cores[other].sets
        if len(a) != 1 or len(b) != 1 or len(a[0]) != 1 or len(b[0]) != 1 or a[0][0].site != b[0][0].site:
            return True
        site = a[0][0].site
        return most_bits(a[0][0], b[0][0], self._rarity[site]) > self._asked[site] - RIVAL_BITS

    def weigh(self, one: int, other: int) -> Weighed:
        """Return how alike two cores are: as their most alike sets, unless others of them speak against it."""
        pair = _in_order(one, other)
        known = self._known.get(pair)
        if known is None:
            known = self._known[pair] = self._weigh(*pair)
        return known

    def _weigh(self, one: int, other: int) -> Weighed:
        if (one, other) in self._apart:
            return Weighed(None, "an override")
        best = Weighed(0.0, "another site")
        for at, (a, b) in enumerate(product(self._cores[one].sets, self._cores[other].sets)):
            found = self._weigh_sets(a, b)
            if found.margin is None or (at and min(found.margin, best.margin or 0.0) < -WEAK_BITS):
                return Weighed(None, found.why)
            best = found if at == 0 or found.margin > (best.margin or 0.0) else best
        return best

    def _weigh_sets(self, one: list[Person], other: list[Person]) -> Weighed:
        """Return how alike two certain people are: as their most alike forms, unless they cannot be one."""
        best: Weighed | None = None
        for a, b in product(one, other):
            if a.site != b.site:
                continue
            like = compare(a, b, self._rarity[a.site])
            if like.hard:
                return Weighed(None, like.conflict or "")
            margin = None if like.conflict else like.bits - self._asked[a.site]
            if best is None or (margin is not None and (best.margin is None or margin > best.margin)):
                best = Weighed(margin, like.conflict or self._tell(like.why, like.bits, a.site))
        return best or Weighed(0.0, "another site")

    def _tell(self, why: Sequence[str], bits: float, site: str) -> str:
        return f"{'; '.join(why)} ({bits:.1f} bits, {self._asked[site]:.1f} asked for)"


def find_clusters(cores: Sequence[Core], apart: frozenset[tuple[str, str]]) -> list[Cluster]:
    """Return every core in exactly one cluster. The order of `cores` is that of their ids, so nothing else decides ties."""
    weigher = Weigher(cores, apart)
    members = [(number, person) for number, core in enumerate(cores) for person in chain.from_iterable(core.sets)]
    edges = {
        pair: weighed.margin
        for pair in find_pairs(members)
        if weigher.may_count(*pair) and (weighed := weigher.weigh(*pair)).margin is not None and weighed.margin > -RIVAL_BITS
    }
    for pair in _rivals(edges, weigher):
        del edges[pair]
    return _join(len(cores), edges, weigher)


def _rivals(edges: dict[tuple[int, int], float], weigher: Weigher) -> set[tuple[int, int]]:
    """Return the edges of a core that is nearly as much like somebody else, who cannot be the same person."""
    partners: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)
    for (one, other), margin in edges.items():
        partners[one].append((-round(margin, 6), other))
        partners[other].append((-round(margin, 6), one))
    doubtful: set[tuple[int, int]] = set()
    for core, found in partners.items():
        nearest = sorted(found)[:MOST_PARTNERS]
        for loss, partner in nearest:
            if any(
                rival != partner and other_loss < loss + RIVAL_BITS and weigher.weigh(partner, rival).margin is None
                for other_loss, rival in nearest
            ):
                doubtful.add(_in_order(core, partner))
    return doubtful


def _join(size: int, edges: dict[tuple[int, int], float], weigher: Weigher) -> list[Cluster]:
    cluster_of = {number: Cluster([number], {}) for number in range(size)}
    for (one, other), margin in sorted(edges.items(), key=lambda edge: (-round(edge[1], 6), edge[0])):
        into, from_ = cluster_of[one], cluster_of[other]
        if margin < 0 or into is from_ or not _fit(into, from_, weigher):
            continue
        why = weigher.weigh(one, other).why
        into.why.setdefault(one, why)
        from_.why.setdefault(other, why)
        into.numbers.extend(from_.numbers)
        into.why.update(from_.why)
        for number in from_.numbers:
            cluster_of[number] = into
    return list({id(cluster): cluster for cluster in cluster_of.values()}.values())


def _fit(into: Cluster, from_: Cluster, weigher: Weigher) -> bool:
    """Whether each core of one cluster may be the person of each core of the other."""
    if len(into.numbers) + len(from_.numbers) > MOST_CORES:
        return False
    margins = (weigher.weigh(one, other).margin for one in into.numbers for other in from_.numbers)
    return all(margin is not None and margin >= -WEAK_BITS for margin in margins)


def _in_order(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)
