"""One person under several ids: the authors of a snapshot resolved across its threads before its tables are merged.

Three steps, each a job a worker: the authors are dealt out by their sites, each deal is resolved by itself, and the rows of
those for whom another id stands are moved to that id. So memory is bounded by the largest site, and that by MAX_OF_SITE.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import polars as pl

from flows.authors.overrides import Overrides, Rulings, apply_overrides, find_unmatched, tie_sites
from flows.authors.resolution import ALIASES, EVIDENCE, resolve_authors
from flows.publish.runs import RUN, Run, RunReader, count_rows, detach, read_rows, write_run

RESOLVED = "author_aliases"
DEAL_ROWS = 20_000  # attributions that a deal is meant to have: as plain objects their people take some 150 MB
# A larger site is left as it is: so many accounts are a forum's, which have profiles, and a profile is an id already.
MAX_OF_SITE = 60_000
FLUSH_BYTES = 32 << 20
SITE_SEED = 22  # of the hash by which the sites are dealt out


def count_deals(runs: Sequence[Run]) -> int:
    """Return into how many deals the sites go."""
    rows = sum(count_rows(run, "authors") for run in runs)
    return max(1, -(-rows // DEAL_ROWS))


def tie_overrides(runs: Sequence[Run], of: int, overrides: Overrides) -> dict[str, str]:
    """Return the sites that overrides tie to others, each with the one by which it is dealt out; of `of` ranges of ids."""
    named = sorted({told.id for entry in overrides.entries for told in entry.authors if told.id is not None})
    sites: dict[str, str] = {}
    if named:
        reader = RunReader(runs, "authors", "author_id", of)
        for at in sorted({int(author[:8], 16) * of >> 32 for author in named}):
            found = reader.read(at).filter(pl.col("author_id").is_in(named) & pl.col("site").is_not_null())
            sites |= dict(found.select("author_id", "site").iter_rows())
    return tie_sites(overrides, sites)


def deal_authors(runs: Sequence[Run], ranges: range, of: int, deals: int, tied: dict[str, str], target: Path) -> None:
    """Write one row an author, with all that is said of them, into the folder of their site's deal below `target`.

    Of `of` ranges of ids those in `ranges` are read. A site that is tied to another goes where that one goes.
    """
    reader = RunReader(runs, "authors", "author_id", of)
    for number, known in enumerate(_gather(reader, ranges)):
        place = pl.col("site").replace(tied) if tied else pl.col("site")
        dealt = known.with_columns(_deal=place.hash(seed=SITE_SEED) % deals).filter(pl.col("site").is_not_null())
        for (deal,), rows in dealt.partition_by("_deal", as_dict=True, include_key=False).items():
            write_run(target / f"{deal:05d}" / f"{ranges.start:06d}-{number}", "authors", rows, "author_id")


def _gather(reader: RunReader, ranges: range) -> Iterator[pl.DataFrame]:
    found: list[pl.DataFrame] = []
    for at in ranges:
        found.append(detach(_evidence_of(reader.read(at))))
        if sum(frame.estimated_size() for frame in found) > FLUSH_BYTES:
            yield pl.concat(found)
            found = []
    if found:
        yield pl.concat(found)


def _evidence_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Return one row an author, with all that is said of them: of each field the newest that is known."""
    ranked = rows.sort(["_fetched_at", "_source", "_position"], descending=[True, False, False], nulls_last=True)
    single = [name for name in EVIDENCE if name not in ("author_id", "aliases", "credentials")]
    return (
        ranked.group_by("author_id")
        .agg(
            *(pl.col(name).drop_nulls().first() for name in single),
            pl.col("credentials").first(),
            pl.col("aliases").explode().drop_nulls().unique().sort(),
        )
        .select(EVIDENCE)
    )


def resolve_deal(deal: Path, overrides: Overrides, target: Path) -> list[str]:
    """Write into `target` which of a deal's author ids stand for others; of a deal that is not there, that none does.

    The result hangs on the rows of the authors alone: an id that was published before and is another's now is in the table
    as long as what it came from is an input. Returns a sentence for each author of an override who is not in the deal. Raises
    WrongUse for overrides that contradict each other.
    """
    found = [read_rows(run, "authors") for run in runs_below(deal)]
    authors = pl.concat(found) if found else pl.DataFrame(schema=dict.fromkeys(EVIDENCE, pl.String))
    rulings = apply_overrides(overrides, authors)
    aliases = resolve_authors(_comparable(authors, rulings), rulings) if found else pl.DataFrame(schema=ALIASES)
    write_run(target, RESOLVED, aliases, "author_id")
    return find_unmatched(overrides, authors) if overrides.entries else []


def _comparable(authors: pl.DataFrame, rulings: Rulings) -> pl.DataFrame:
    """Return the authors of sites that are not too large, and of the others those who are ruled on, with nothing to compare."""
    large = pl.len().over("site") > MAX_OF_SITE
    ruled = sorted({*chain.from_iterable(ids for ids, _ in rulings.same), *chain.from_iterable(rulings.apart)})
    nameless = [pl.lit(None, authors.schema[name]).alias(name) for name in ("name", "family_name", "aliases")]
    named = authors.filter(large & pl.col("author_id").is_in(ruled)).with_columns(nameless)
    return pl.concat([authors.filter(~large), named])


def move_rows(runs: Sequence[Run], ranges: range, of: int, resolved: Path, target: Path) -> None:
    """Write the rows of authors for whom another stands, under the id that stands, into folders below `target`."""
    reader = RunReader(runs, "authors", "author_id", of)
    aliases = read_aliases(resolved)
    moved: list[pl.DataFrame] = []
    number = 0
    for at in ranges:
        rows = reader.read(at)
        found = rows.join(aliases, left_on="author_id", right_on="alias_id", how="semi")
        moved.append(detach(replace_aliases(found.drop(RUN), aliases)))
        if sum(frame.estimated_size() for frame in moved) > FLUSH_BYTES or at == ranges[-1]:
            write_run(target / f"{ranges.start:06d}-{number}", "authors", pl.concat(moved), "author_id")
            number, moved = number + 1, []


def runs_below(folder: Path) -> list[Run]:
    """Return the runs in a folder of runs."""
    return [Run(path) for path in sorted(folder.iterdir())] if folder.is_dir() else []


def read_aliases(resolved: Path) -> pl.DataFrame:
    """Return alias_id and author_id of all deals: which id stands for which; what is resolved now wins over what was before."""
    schema = {"alias_id": pl.String, "author_id": pl.String}
    found = [read_rows(run, RESOLVED).select(list(schema)) for run in runs_below(resolved)]
    return pl.concat([pl.DataFrame(schema=schema), *found]).unique("alias_id", keep="first", maintain_order=True)


def replace_aliases(rows: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    """Return rows whose authors are those that stand."""
    if aliases.is_empty():
        return rows
    stands = aliases.join(rows.select("author_id"), left_on="alias_id", right_on="author_id", how="semi")
    told = rows.join(
        stands.rename({"author_id": "_stands"}), left_on="author_id", right_on="alias_id", how="left", maintain_order="left"
    )
    return told.with_columns(author_id=pl.coalesce("_stands", "author_id")).drop("_stands")
