"""A site that is held back keeps what is published of it: its published rows stand in for whatever its inputs hold now.

They are taken from the latest snapshot as they stand there, so that neither the inputs, nor the store of cleaned inputs, nor
the contract that wrote them has to be what it was. To the merge they are one more sorted batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from flows.errors import Fault
from flows.index import weigh
from flows.joining import RESOLVED
from flows.publish.manifest import check_tables
from flows.publish.runs import PAGE, PIECE, RUN, Run, RunReader, write_run
from flows.publish.tables import read_groups, scan_table, table_files
from flows.rows import STAGED
from schemas import polars_schema, traits_of

# What a published row says in the columns that only batches have; in any other it says nothing. Without a time of fetching
# it gives way to a row of the same key that has one.
STANDS_FOR = {PIECE: 0, PAGE: 1, "_position": 0, "_source": ""}


def is_of(sites: Sequence[str | None]) -> pl.Expr:
    """Return whether a row's `site` is one of `sites`, of which None stands for a site that is not known."""
    named = pl.col("site").is_in([site for site in sites if site is not None]).fill_null(value=False)
    return named | pl.col("site").is_null() if None in sites else named


def drop_sites(run: Run, sites: Sequence[str | None], target: Path) -> int | None:
    """Write the rows of a sorted batch that count, without those of some sites, into the folder `target`.

    Returns what the scrapes that were left out weigh; None, with nothing written, where the batch has none of them.
    """

    def read(table: str) -> pl.DataFrame:
        return RunReader([run], table, _shard_of(table), 1).read(0).drop(RUN)

    dropped = read("scrapes").filter(is_of(sites))
    if dropped.is_empty():
        return None
    for table in STAGED:
        rows, place = read(table), ["scrape_id", PIECE]
        is_scraped = "scrape_id" in rows.columns
        left = rows.join(dropped, on=place, how="anti", maintain_order="left") if is_scraped else rows.filter(~is_of(sites))
        write_run(target, table, left, _shard_of(table))
    return weigh(int(dropped["chars"].sum()), dropped.height)


def carry_sites(snapshot: Path, sites: Sequence[str | None], like: Path, target: Path, resolved: Path) -> int:
    """Write all that is published of some sites as one sorted batch into the folder `target`; return what they weigh.

    The threads of the sites go along whole, with the scrapes and authors that they refer to. `like` is the folder of a batch
    whose columns it gets. The authors are resolved already: which id stands for which goes into the folder `resolved`.
    Raises Damaged where the snapshot is not what was published.
    """
    check_tables(snapshot, (*STAGED, RESOLVED))
    chosen = _choose(snapshot, sites)
    for table in STAGED:
        _write_table(_rows_of(snapshot, table, chosen), table, like, target)
    aliases = scan_table(snapshot, RESOLVED).join(chosen["author_id"].lazy(), on="author_id", how="semi")
    write_run(resolved, RESOLVED, aliases.collect(), "author_id")
    scrapes = scan_table(snapshot, "scrapes").join(chosen["scrape_id"].lazy(), on="scrape_id", how="semi")
    chars, pages = scrapes.select(pl.col("chars").sum(), pages=pl.len()).collect().row(0)
    return weigh(chars, pages)


def _choose(snapshot: Path, sites: Sequence[str | None]) -> dict[str, pl.DataFrame]:
    """Return the questions, scrapes and authors that go along, each a frame of one column named like it."""
    questions = scan_table(snapshot, "questions").filter(is_of(sites))
    chosen = questions.select("question_id").collect()
    replies = [
        scan_table(snapshot, table).join(chosen.lazy(), on="question_id", how="semi") for table in ("answers", "comments")
    ]
    scrapes = [scan_table(snapshot, "scrapes").filter(is_of(sites)), questions, *replies]
    return {
        "question_id": chosen,
        "scrape_id": pl.concat(rows.select("scrape_id") for rows in scrapes).unique().collect(),
        "author_id": pl.concat(rows.select("author_id") for rows in [questions, *replies]).drop_nulls().unique().collect(),
    }


def _rows_of(snapshot: Path, table: str, chosen: dict[str, pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Yield the rows of a table that go along, in order of its shard column."""
    names = polars_schema(table)
    key = next(name for name in ("question_id", "scrape_id", "author_id") if name in names)
    is_in_order = traits_of(table)["sort"][0] == _shard_of(table)
    for file in table_files(snapshot, table):
        found = (rows.join(chosen[key], on=key, how="semi", maintain_order="left") for rows in read_groups(file, table))
        if is_in_order:
            yield from found
        elif groups := list(found):
            yield pl.concat(groups).sort(_shard_of(table), maintain_order=True)


def _write_table(frames: Iterator[pl.DataFrame], table: str, like: Path, target: Path) -> None:
    """Write rows, which come in order of the shard column, with the columns of the batch in the folder `like`."""
    with pa.memory_map(str(like / f"{table}.arrow")) as file:
        schema = pa.ipc.open_file(file).schema
    kinds = pl.DataFrame(schema.empty_table()).schema
    target.mkdir(parents=True, exist_ok=True)
    shard, last = _shard_of(table), ""
    with pa.OSFile(str(target / f"{table}.arrow"), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for rows in frames:
            if rows.is_empty():
                continue
            if rows[shard][0] < last:
                raise Fault(f"{table}: the published parts are not in order; nothing was published, the last snapshot stands")
            last = rows[shard][-1]
            staged = rows.select(_column(name, kind, rows.columns) for name, kind in kinds.items())
            writer.write_table(staged.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema))


def _column(name: str, kind: Any, published: list[str]) -> pl.Expr:
    return pl.col(name) if name in published else pl.lit(STANDS_FOR.get(name), kind).alias(name)


def _shard_of(table: str) -> str:
    return str(traits_of(table)["shard"])
