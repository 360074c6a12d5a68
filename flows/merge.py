"""Batches → the tables of a snapshot: one row per key, the newest scrape first, range by range.

Each function works on one part of a group of tables that share a shard column, and may run in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.counts import Counts
from flows.errors import Fault
from flows.joining import RESOLVED, read_aliases, replace_aliases, runs_below
from flows.publish.parts import Part, PartWriter
from flows.publish.runs import PAGE, PIECE, RUN, Run, RunReader, detach, write_run
from flows.rescrapes import RESTATED, match_rescraped, restate
from flows.validate import refuse_rows
from schemas import polars_schema, traits_of

# Bytes of staged rows that one part takes: zstd leaves about two fifths, so parts come to 128 to 256 MB.
PART_BYTES = 480 << 20
COUNTS = "author_counts"
UNFILLED = ("near_duplicates",)


@dataclass(frozen=True, slots=True)
class Share:
    """A part's share of the work: the ranges [first, last) of a group of tables, merged from `runs` into `target`."""

    group: str
    number: int
    first: int
    last: int
    ranges: int
    runs: tuple[Run, ...]
    target: Path
    counted: Path  # the folder of what the merged posts say of their authors
    resolved: Path  # the folder of which author ids stand for others
    moved: Path  # the folder of the rows of those others, under the id that stands
    restated: Path  # the folder of which posts of older scrapes are others, see flows.rescrapes


@dataclass(frozen=True, slots=True)
class Merged:
    """What one share came to: its parts, and what there is to count in them."""

    parts: list[Part]
    counts: Counts


def plan_shares(group: str, runs: Sequence[Run], staging: Path, ranges: int) -> list[Share]:
    """Return the shares of a group: as many parts as its largest table needs, a power of two."""
    largest = max(
        sum((run.folder / f"{table}.arrow").stat().st_size for run in runs) for table in GROUPS[group][0] if table != RESOLVED
    )
    parts = 1
    while parts < ranges and largest > parts * PART_BYTES:
        parts *= 2
    step = ranges // parts
    folders = [staging / name for name in ("snapshot", "counts", "resolved", "moved", RESTATED)]
    return [Share(group, at, at * step, (at + 1) * step, ranges, tuple(runs), *folders) for at in range(parts)]


def merge_share(share: Share) -> Merged:
    """Write one part of each table of a group; return the parts and their counts."""
    tables, merge, helpers = GROUPS[share.group]
    readers = {table: RunReader(_runs_of(table, share), table, shard_of(table), share.ranges) for table in (*tables, *helpers)}
    writers = {table: PartWriter(share.target, table, share.number) for table in tables}
    buffers: dict[str, list[pl.DataFrame]] = {table: [] for table in tables}
    counts = Counts()
    try:
        for at in range(share.first, share.last):
            rows = merge({table: reader.read(at) for table, reader in readers.items()}, share, at)
            for table, frame in rows.items():
                counts.count(table, frame)
                ordered = frame.sort(_order_of(table), nulls_last=False, maintain_order=True)
                if _sort_of(table)[0] == shard_of(table):
                    writers[table].write(ordered)
                else:
                    buffers[table].append(detach(ordered))
        for table, frames in buffers.items():
            if frames:
                writers[table].write(pl.concat(frames).sort(_sort_of(table), maintain_order=True))
    except BaseException:
        for writer in writers.values():
            writer.abandon()
        raise
    return Merged([writer.close() for writer in writers.values()], counts)


def write_unfilled(target: Path) -> Merged:
    """Write the tables that nothing fills yet, each with its full schema and no rows."""
    return Merged([PartWriter(target, table, 0).close() for table in UNFILLED], Counts())


def _runs_of(table: str, share: Share) -> Sequence[Run]:
    """Return where a table's rows are staged: with the batches, or with what was made of them since."""
    if table == COUNTS:
        return runs_below(share.counted)
    if table == RESTATED:
        return runs_below(share.restated)
    if table == RESOLVED:
        return runs_below(share.resolved)
    return [*share.runs, *runs_below(share.moved)] if table == "authors" else share.runs


def shard_of(table: str) -> str:
    """Return the column by which a table's rows are cut into ranges."""
    return {COUNTS: "author_id", RESTATED: "scrape_id"}.get(table) or str(traits_of(table)["shard"])


def _sort_of(table: str) -> list[str]:
    return list(traits_of(table)["sort"])


def _order_of(table: str) -> list[str]:
    """Return by what a table's rows are ordered in full, so that their order does not hang on that of the runs."""
    return list(dict.fromkeys([*_sort_of(table), *polars_schema(table)])) if table == "rejects" else _sort_of(table)


# -- one row per key ------------------------------------------------------------------------------------------------------


def _rank_scrapes(scrapes: pl.DataFrame) -> pl.DataFrame:
    """Return the scrapes, of each its copies in order: the newest first, which stands for all."""
    return scrapes.sort(["scrape_id", "fetched_at", "source"], descending=[False, True, False], nulls_last=True)


def _merge_scrapes(rows: dict[str, pl.DataFrame], share: Share, at: int) -> dict[str, pl.DataFrame]:
    """One row per scrape; a copy of a scrape is refused and named."""
    del share, at
    ranked = _rank_scrapes(rows["scrapes"])
    kept = ranked.unique("scrape_id", keep="first", maintain_order=True)
    copies = ranked.filter(~pl.col("scrape_id").is_first_distinct()).join(
        kept.select("scrape_id", pl.col("source").alias("first")), on="scrape_id"
    )
    refused = copies.select(
        "scrape_id",
        "source",
        table_name=pl.lit("scrapes"),
        record_id=pl.col("scrape_id"),
        check_name=pl.lit("duplicate"),
        reason=pl.format("the same content as {}, which stands for both", "first"),
        severity=pl.lit("scrape"),
    )
    told = restate(rows["rejects"].select(polars_schema("rejects").keys()), "record_id", rows[RESTATED])
    rejects = pl.concat([told, refused], how="diagonal")
    return {"scrapes": kept, "rejects": rejects.unique(maintain_order=True)}


def _of_kept_copies(table: str, rows: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the rows of the copies that stand for their scrapes, each once."""
    frame, ranked = rows[table], _rank_scrapes(rows["scrapes"])
    copied = ranked.filter(pl.col("scrape_id").is_duplicated())
    if copied.height:
        place = ["scrape_id", RUN, PIECE]
        dropped = copied.filter(~pl.col("scrape_id").is_first_distinct())
        kept = copied.filter(pl.col("scrape_id").is_first_distinct())
        dropped = dropped.select(place).join(kept.select(place), on=place, how="anti")
        frame = frame.join(dropped, on=place, how="anti", maintain_order="left")
    return frame.unique(traits_of(table)["key"], keep="first", maintain_order=True)


def _merge_texts(rows: dict[str, pl.DataFrame], share: Share, at: int) -> dict[str, pl.DataFrame]:
    del share, at
    return {"texts": _of_kept_copies("texts", rows)}


def _merge_spans(rows: dict[str, pl.DataFrame], share: Share, at: int) -> dict[str, pl.DataFrame]:
    del share, at
    return {"spans": restate(_of_kept_copies("spans", rows), "record_id", rows[RESTATED])}


BEHIND_ALL = (1 << 31) - 1  # a place after every other
NEWEST = ("_fetched_at", "_source", "scrape_id")  # unknown times count as oldest, then the source decides


def _newest_first(posts: pl.DataFrame, *then: str) -> pl.DataFrame:
    return posts.sort([*NEWEST, *then], descending=[True, *(False for _ in (*NEWEST[1:], *then))], nulls_last=True)


def _merge_threads(rows: dict[str, pl.DataFrame], share: Share, at: int) -> dict[str, pl.DataFrame]:
    """One row per question; its answers and comments each once, from the newest scrape that shows them, page after page."""
    first_pages = rows["questions"].sort(
        [PAGE, pl.col("body").is_null(), *NEWEST], descending=[False, False, True, False, False], nulls_last=True
    )
    scrapes = first_pages.select("question_id", "scrape_id", PAGE, rank=pl.int_range(pl.len(), dtype=pl.UInt32))
    aliases = read_aliases(share.resolved)
    questions = replace_aliases(_merge_questions(first_pages), aliases)
    answers, comments = _restate_posts(rows, aliases, share, at)
    answers, comments = merge_posts(answers, "answer_id", scrapes), merge_posts(comments, "comment_id", scrapes)
    answers = _with_sites(answers, questions)
    counts = answers.group_by("question_id").agg(pl.len().cast(pl.Int32).alias("_answers"))
    questions = questions.join(counts, on="question_id", how="left").with_columns(
        answer_count=pl.col("_answers").fill_null(0).cast(pl.Int32)
    )
    for table, frame in (("answers", answers), ("comments", comments)):
        if frame.join(questions, on="question_id", how="anti").height:
            raise Fault(f"{table}: a row refers to a question that is not there; nothing was published")  # promise 1
    write_run(share.counted / f"{at:06d}", COUNTS, _count_authors(questions, answers, comments), "author_id")
    return {"questions": questions, "answers": answers, "comments": comments}


def _with_sites(answers: pl.DataFrame, questions: pl.DataFrame) -> pl.DataFrame:
    """Return answers with the sites of their questions: the scrapes of a thread may have said different ones."""
    sites = questions.select("question_id", "site")
    placed = answers.drop("site").join(sites, on="question_id", how="left", maintain_order="left")
    return placed.select(answers.columns)


def _restate_posts(
    rows: dict[str, pl.DataFrame], aliases: pl.DataFrame, share: Share, at: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the answers and comments under the ids that stand, and write which do, for the tables that refer to them."""
    scraped_again = rows["questions"].filter(pl.col("question_id").is_duplicated())
    order = _newest_first(scraped_again).select("question_id", "scrape_id", PAGE)
    answers, comments = (replace_aliases(rows[table], aliases) for table in ("answers", "comments"))
    of_answers = match_rescraped(answers, "answer_id", order)
    answers = restate(restate(answers, "answer_id", of_answers), "parent_answer_id", of_answers)
    comments = restate(comments, "answer_id", of_answers)
    of_comments = match_rescraped(comments, "comment_id", order)
    restated = pl.concat([of_answers, of_comments])
    if restated.height or at == share.first:  # a file at least, of no rows
        write_run(share.restated / f"{at:06d}", RESTATED, restated, "scrape_id")
    return answers, restate(comments, "comment_id", of_comments)


def _merge_questions(first_pages: pl.DataFrame) -> pl.DataFrame:
    """Return one row a question: that of its first page, the newest scrape's; a declared count is the newest that is said."""
    declared = (
        _newest_first(first_pages.filter(pl.col("declared_answer_count").is_not_null()))
        .unique("question_id", keep="first")
        .select("question_id", pl.col("declared_answer_count").alias("_declared"))
    )
    questions = first_pages.unique("question_id", keep="first", maintain_order=True)
    if questions.height == first_pages.height:
        return questions
    return (
        questions.join(declared, on="question_id", how="left", maintain_order="left")
        .with_columns(declared_answer_count=pl.coalesce("_declared", "declared_answer_count"))
        .drop("_declared")
    )


def merge_posts(posts: pl.DataFrame, key: str, scrapes: pl.DataFrame) -> pl.DataFrame:
    """Return each post once, as its newest scrape has it, in the order of the thread; `position` counts from 1.

    `scrapes` has (question_id, scrape_id, page, rank): the pages of each thread in order, of one page the newest first. A
    post that its page's newest scrape does not show any more stays behind the post that it followed. `last_seen_at` is that
    of the newest scrape that shows it.
    """
    seen = _newest_first(posts, "position")
    kept = seen.unique(key, keep="first", maintain_order=True)
    of_several = scrapes.filter(pl.col("question_id").is_duplicated())
    several = of_several.unique(["question_id", "scrape_id"], keep="first", maintain_order=True)  # a copy shows nothing new
    if several.is_empty():
        return _number(kept.sort("question_id", "position"))
    placed = _place(seen, key, several)
    ordered = kept.join(placed, on=key, how="left", maintain_order="left").sort(
        "question_id", "_at_page", "_anchor", "_rank", "position", nulls_last=False
    )
    last_seen = seen.group_by(key).agg(pl.max("last_seen_at"))
    return _number(ordered.drop("last_seen_at").join(last_seen, on=key, how="left", maintain_order="left")).select(kept.columns)


def _number(posts: pl.DataFrame) -> pl.DataFrame:
    return posts.with_columns(position=pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("question_id"))


def _place(seen: pl.DataFrame, key: str, scrapes: pl.DataFrame) -> pl.DataFrame:
    """Return (key, page, anchor, rank): where each post of a thread with several scrapes stands.

    The newest scrape of each page gives its posts their places; a post of an older one takes the place of the last post
    before it that has one, and comes after it.
    """
    newest = scrapes.with_columns(_newest=pl.col("rank") == pl.col("rank").min().over("question_id", PAGE))
    ranks = newest.select("question_id", "scrape_id", "rank", "_newest")
    shown = seen.join(ranks, on=["question_id", "scrape_id"], how="inner", maintain_order="left")
    places = (
        shown.filter("_newest")
        .sort(PAGE, "position")
        .unique(key, keep="first", maintain_order=True)
        .select(key, _place_page=PAGE, _place=pl.col("position"))
    )
    shown = shown.join(places, on=key, how="left").sort("scrape_id", "position")
    # Of an older scrape: the page and place of the post before that has them, else the head of its own page; of one that
    # has no post in common with the newest, which is another page then, the end.
    head = pl.when(pl.col("_place").max().over("scrape_id").is_null()).then(BEHIND_ALL).otherwise(0)
    carried = shown.with_columns(
        pl.col("_place_page").forward_fill().over("scrape_id").fill_null(pl.col(PAGE)).alias("_at_page"),
        pl.col("_place").forward_fill().over("scrape_id").fill_null(head).alias("_anchor"),
        pl.when(pl.col("_place").is_null()).then(pl.col("rank") + 1).otherwise(0).alias("_rank"),
    )
    return carried.sort("_rank", "position").unique(key, keep="first").select(key, "_at_page", "_anchor", "_rank")


def _count_authors(questions: pl.DataFrame, answers: pl.DataFrame, comments: pl.DataFrame) -> pl.DataFrame:
    """Return what the published posts say of their authors: how many, first and last."""
    posts = pl.concat(
        [
            frame.filter(pl.col("author_id").is_not_null()).select(
                "author_id", "posted_at", question_count=pl.lit(table == "questions"), answer_count=pl.lit(table == "answers")
            )
            for table, frame in (("questions", questions), ("answers", answers), ("comments", comments))
        ]
    )
    return posts.group_by("author_id").agg(
        pl.col("question_count", "answer_count").sum().cast(pl.Int32),
        pl.col("posted_at").min().alias("first_posted_at"),
        pl.col("posted_at").max().alias("last_posted_at"),
    )


def _merge_authors(rows: dict[str, pl.DataFrame], share: Share, at: int) -> dict[str, pl.DataFrame]:
    """One row per author of a published post; of each field the newest that is known. And the ids that they also had."""
    del at
    counts = (
        rows[COUNTS]
        .group_by("author_id")
        .agg(pl.col("question_count", "answer_count").sum(), pl.col("first_posted_at").min(), pl.col("last_posted_at").max())
    )
    gone = read_aliases(share.resolved)
    standing = rows["authors"].join(gone, left_on="author_id", right_on="alias_id", how="anti")
    ranked = standing.sort(["_fetched_at", "_source", "_position"], descending=[True, False, False], nulls_last=True)
    told = set(counts.columns) | {"author_id", "in_memoriam", "aliases", "credentials"}
    fields = [column for column in polars_schema("authors") if column not in told]
    known = ranked.group_by("author_id").agg(
        *(pl.col(field).drop_nulls().first() for field in fields),
        pl.col("credentials").first(),
        pl.col("in_memoriam").any(),
        pl.col("aliases").explode().drop_nulls().unique().sort(),
    )
    authors = counts.join(known, on="author_id", how="left")
    if authors["aliases"].null_count():
        raise Fault("authors: a post refers to an author that is not there; nothing was published")  # promise 1
    authors = authors.select(polars_schema("authors").keys())
    _, refused = refuse_rows("authors", authors)
    if refused:
        raise Fault(f"authors: {refused[0].reason} ({refused[0].value}); nothing was published")
    aliases = rows[RESOLVED].join(authors, on="author_id", how="semi", maintain_order="left")
    aliases = aliases.unique("alias_id", keep="first", maintain_order=True)  # of a held site's, one may be resolved anew
    return {"authors": authors, RESOLVED: aliases.select(polars_schema(RESOLVED).keys())}


Merge = Callable[[dict[str, pl.DataFrame], Share, int], dict[str, pl.DataFrame]]
# Name of a group → the tables it writes, how, and the tables that it needs beside them.
GROUPS: dict[str, tuple[tuple[str, ...], Merge, tuple[str, ...]]] = {
    "scrapes": (("scrapes", "rejects"), _merge_scrapes, (RESTATED,)),
    "texts": (("texts",), _merge_texts, ("scrapes",)),
    "spans": (("spans",), _merge_spans, ("scrapes", RESTATED)),
    "threads": (("questions", "answers", "comments"), _merge_threads, ()),
    "authors": (("authors", RESOLVED), _merge_authors, (COUNTS,)),
}
