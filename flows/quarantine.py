"""Refused records with what it takes to try them again: the stretch of text, the rule that made them, the version."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

MAX_RAW = 2000  # characters; the whole text stands in `texts`
SLICE = ("start_offset", "end_offset", "raw", "rule", "rules_version")


def add_slices(frames: Mapping[str, pl.DataFrame], version: str) -> pl.DataFrame:
    """Return a batch's rejects with the stretch of text that each is about, as it was read, and what made it.

    A refused scrape's stretch is its whole text and its rule the splitter that decided; a record's stretch is from the first
    to the last character that went to it, and its rule that of its longest span. What was never read has neither.
    """
    rejects = frames["rejects"].drop(SLICE)
    if rejects.is_empty():
        return frames["rejects"]
    size = pl.col("end_offset") - pl.col("start_offset")
    records = (
        frames["spans"]
        .join(rejects.select("scrape_id", "record_id").unique(), on=["scrape_id", "record_id"], how="semi")
        .group_by("scrape_id", "record_id")
        .agg(pl.min("start_offset"), pl.max("end_offset"), pl.col("rule").sort_by(size, "start_offset").last())
    )
    scrapes = frames["scrapes"].unique("scrape_id", keep="first").select("scrape_id", "chars", "layout")
    texts = frames["texts"].unique("scrape_id", keep="first").select("scrape_id", "text")
    found = (
        rejects.join(records, on=["scrape_id", "record_id"], how="left", maintain_order="left")
        .join(scrapes, on="scrape_id", how="left", maintain_order="left")
        .join(texts, on="scrape_id", how="left", maintain_order="left")
    )
    is_whole = (pl.col("severity") == "scrape") & (pl.col("chars") > 0)
    sliced = found.with_columns(
        start_offset=pl.when(is_whole).then(0).otherwise("start_offset"),
        end_offset=pl.when(is_whole).then("chars").otherwise("end_offset"),
        rule=pl.when(is_whole).then("layout").otherwise("rule"),
        rules_version=pl.lit(version),
    )
    raw = pl.col("text").str.slice(pl.col("start_offset"), pl.min_horizontal(size, MAX_RAW))
    return (
        sliced.with_columns(raw=pl.when(raw != "").then(raw)).select(frames["rejects"].columns).cast(frames["rejects"].schema)
    )
