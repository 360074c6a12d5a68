"""Authors resolved across threads: which ids are one person, and why.

Evidence is weighed in bits (Fellegi and Sunter, "A Theory for Record Linkage", 1969): two authors of a site are taken for
one where what they share would come about by chance once in 256 times the size of the site. So a common name alone never
joins, and a larger site asks for more. Whoever could be two people stays apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from flows.authors.clusters import Cluster, find_clusters
from flows.authors.cores import PUBLISHED, Core, build_cores, published_groups
from flows.authors.evidence import read_people
from flows.authors.overrides import Overrides, Rulings, apply_overrides

EVIDENCE = (
    "author_id", "site", "name", "family_name", "suffix", "credentials", "role", "location", "profile_url", "aliases",
)  # fmt: skip
ALIASES = {"alias_id": pl.String(), "author_id": pl.String(), "site": pl.String(), "why": pl.String()}
Alias = tuple[str, str, str | None, str]


def resolve_authors(
    authors: pl.DataFrame, overrides: Overrides | Rulings | None = None, published: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return which ids stand for another: alias_id → author_id with the site and the reason, sorted by alias_id.

    `authors`: rows of the table, one per id, in any order; whole sites, for how common a name is is counted per site.
    Who has no alias is not in the result. Of several ids one with a profile stands for all, then the smallest.

    `published`: the aliases of an earlier result. Who was one person then stays one, unless an override says otherwise,
    and an id that is gone leads to who is left of them. Without it the result depends on the authors at hand alone.
    Raises WrongUse for overrides that contradict each other.
    """
    rows = authors.select(EVIDENCE).sort("author_id")
    rulings = overrides if isinstance(overrides, Rulings) else apply_overrides(overrides or Overrides(), rows)
    known = [] if published is None else sorted(published.select("alias_id", "author_id", "why").iter_rows())
    ids: list[str] = rows["author_id"].to_list()
    people = {row["author_id"]: read_people(row) for row in _comparable(rows).iter_rows(named=True)}
    cores = build_cores(people, ids, rulings, [told[:2] for told in known])
    with_profile = set(rows.filter(pl.col("profile_url").is_not_null())["author_id"].to_list())
    sites = dict(rows.select("author_id", "site").iter_rows())
    found = [
        (alias, author, sites[alias], why)
        for cluster in find_clusters(cores, rulings.apart)
        for alias, author, why in _name_aliases(cluster, cores, with_profile)
    ]
    told_before = {alias: why for alias, _, why in known}
    found = [(*told, told_before.get(told[0], why) if why == PUBLISHED else why) for *told, why in found]
    leads_to = {author: author for author in ids} | {alias: author for alias, author, *_ in found}
    found.extend(_find_lost(known, leads_to, sites))
    return pl.DataFrame(found, schema=ALIASES, orient="row").sort("alias_id")


def _comparable(rows: pl.DataFrame) -> pl.DataFrame:
    """Return who can be compared: on a known site, with a name or a profile."""
    return rows.filter(pl.col("site").is_not_null() & (pl.col("name").is_not_null() | pl.col("profile_url").is_not_null()))


def _name_aliases(cluster: Cluster, cores: Sequence[Core], with_profile: set[str]) -> Iterator[tuple[str, str, str]]:
    """Yield each id of a cluster but the one that stands for all, with that one and the reason."""
    ids = [author for number in cluster.numbers for author in cores[number].ids]
    if len(ids) == 1:
        return
    stands = min(ids, key=lambda author: (author not in with_profile, author))
    for number in cluster.numbers:
        core = cores[number]
        for author in core.ids:
            if author != stands:
                yield author, stands, core.why[author] if stands in core.why else cluster.why[number]


def _find_lost(known: Sequence[tuple[str, str]], leads_to: dict[str, str], sites: dict[str, str | None]) -> Iterable[Alias]:
    """Yield the ids that were published and are gone, each with who is left of the same person."""
    for group in published_groups([told[:2] for told in known]):
        left = sorted({leads_to[author] for author in group if author in leads_to})
        for author in group:
            if author not in leads_to and left:
                yield author, left[0], sites[left[0]], PUBLISHED
