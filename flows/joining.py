"""One person under several ids: the authors of a snapshot resolved across its threads before its tables are merged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from flows.authors.overrides import Overrides
from flows.authors.resolution import EVIDENCE, resolve_authors
from flows.publish.runs import Run, RunReader, write_run

RESOLVED = "author_aliases"
SITE_SEED = 22  # of the hash that deals the sites out


def join_authors(runs: Sequence[Run], ranges: int, overrides: Overrides, target: Path, part: int = 0, parts: int = 1) -> None:
    """Write into `target` which author ids stand for others, and the rows of those others under the id that stands.

    Of `parts` parts of the sites only number `part` is looked at: people are compared within a site. The result hangs on the
    rows of the authors alone: an id that was published before and is another's now is in the table as long as what it came
    from is an input. Raises WrongUse for overrides that contradict each other.
    """
    reader = RunReader(runs, "authors", "author_id", ranges)
    known = []
    for at in range(ranges):
        rows = reader.read(at)
        mine = pl.col("site").hash(seed=SITE_SEED) % parts == part
        known.append(_evidence_of(rows.filter(mine.fill_null(part == 0)) if parts > 1 else rows))
        reader.release()
    aliases = resolve_authors(pl.concat(known), overrides)
    write_run(target, RESOLVED, aliases, "author_id")
    moved = []
    for at in range(ranges):
        rows = reader.read(at)
        found = rows.join(aliases.select("alias_id", stands="author_id"), left_on="author_id", right_on="alias_id", how="inner")
        moved.append(found.with_columns(author_id=pl.col("stands")).select(rows.columns))
        reader.release()
    write_run(target, "authors", pl.concat(moved), "author_id")


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


def resolved_runs(resolved: Path) -> list[Run]:
    """Return the folders that `join_authors` wrote below `resolved`, one a part."""
    return [Run(folder) for folder in sorted(resolved.iterdir())]


def read_aliases(resolved: Path) -> pl.DataFrame:
    """Return alias_id → author_id with the site and the reason, of all parts."""
    return pl.concat([pl.read_ipc(run.folder / f"{RESOLVED}.arrow") for run in resolved_runs(resolved)])


def replace_aliases(posts: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    """Return posts whose authors are those that stand."""
    if aliases.is_empty():
        return posts
    places = dict(aliases.select("alias_id", "author_id").iter_rows())
    return posts.with_columns(pl.col("author_id").replace(places))
