"""What a run came to: in words, as plain data, as Prefect artifacts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.batches import Counts
    from flows.run import Outcome

MAX_REFUSED = 200  # rows of the artifact; the table `rejects` has them all
MAX_RULES = 20


class Silent:
    """A progress that nobody watches."""

    def planned(self, size: int) -> None:
        """Take the bytes of the inputs."""

    def cleaned(self, size: int, pages: int) -> None:
        """Take the bytes and pages of a batch."""

    def stage(self, name: str) -> None:
        """Take the stage that begins."""


def summarize(outcome: Outcome) -> dict[str, Any]:
    """Return what a run came to as plain data, the form of `--json`."""
    return {
        "published": outcome.published,
        "snapshot": str(outcome.snapshot) if outcome.snapshot else None,
        "inputs": outcome.inputs,
        "tables": outcome.tables,
        "counts": outcome.counts.as_json() if outcome.counts else None,
        "retired": outcome.retired,
    }


def report_rows(counts: Counts) -> list[tuple[str, str]]:
    """Return the closing table of a run: what was read, kept, cut and refused."""
    verdicts = counts.verdicts
    share = counts.kept_chars / counts.chars if counts.chars else 0.0
    rows = [
        ("scrapes read", f"{counts.pages:,}"),
        ("  ok", f"{verdicts['ok']:,}"),
        ("  suspect", f"{verdicts['suspect']:,}"),
        ("  rejected", f"{verdicts['rejected']:,}"),
        ("characters kept", f"{counts.kept_chars:,} ({share:.1%})"),
        ("characters cut", f"{counts.chars - counts.kept_chars:,}"),
    ]
    rows += [(f"  by {rule}", f"{number:,} stretches") for rule, number in counts.rules.most_common(6)]
    rows += [(f"refused: {check}", f"{number:,}") for check, number in counts.checks.most_common(6)]
    return rows


def as_markdown(outcome: Outcome) -> str:
    """Return the report of a run in Markdown."""
    if outcome.counts is None:
        return f"Nothing new among {outcome.inputs:,} inputs; `{outcome.snapshot}` stands."
    lines = [f"Snapshot `{outcome.snapshot}`", "", "| what | how much |", "|---|---:|"]
    lines += [f"| {name.strip()} | {value} |" for name, value in report_rows(outcome.counts)]
    lines += ["", "| table | rows |", "|---|---:|", *(f"| {table} | {rows:,} |" for table, rows in outcome.tables.items())]
    lines += ["", "| splitter | scrapes |", "|---|---:|"]
    lines += [f"| {layout} | {number:,} |" for layout, number in outcome.counts.layouts.most_common()]
    lines += ["", "| rule that cut | stretches |", "|---|---:|"]
    lines += [f"| {rule} | {number:,} |" for rule, number in outcome.counts.rules.most_common(MAX_RULES)]
    return "\n".join(lines)


def read_refused(snapshot: Path) -> list[dict[str, Any]]:
    """Return the first refused records of a snapshot, without their rows."""
    import polars as pl  # noqa: PLC0415 -- loaded by now in a run; not by who only prints

    frames = [pl.scan_parquet(file, glob=False) for file in sorted((snapshot / "rejects").glob("*.parquet"))]
    return pl.concat(frames).select("source", "table", "column", "check", "value", "reason").head(MAX_REFUSED).collect().to_dicts()
