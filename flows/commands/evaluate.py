"""threadmill evaluate: a snapshot against labelled threads, precision, recall and F1 a field."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.table import Table

from flows.errors import WrongUse
from flows.evaluation import Evaluation, evaluate_snapshot
from flows.output import escape, say_json
from flows.places import read_place
from flows.publish.snapshots import published_snapshot
from flows.terminal import open_console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `evaluate` takes."""
    parser.add_argument("gold", type=read_place, metavar="GOLD", help="labels: a .jsonl or .tsv file, or a folder with both")
    parser.add_argument(
        "processed", nargs="?", type=read_place, default=Path("processed"), metavar="PROCESSED", help="folder of the snapshots"
    )
    parser.add_argument("--worst", type=int, default=10, metavar="N", help="how many of the pages that fall short to list")


def run(arguments: argparse.Namespace) -> int:
    """Print the scores of the latest snapshot."""
    if not arguments.gold.exists():
        raise WrongUse(f"{arguments.gold}: no such file or folder")
    snapshot = published_snapshot(arguments.processed)
    scores = evaluate_snapshot(snapshot, arguments.gold)
    if arguments.json:
        say_json(scores.as_dict())
    else:
        _print(scores, arguments.worst)
    return 0


def _print(scores: Evaluation, worst: int) -> None:
    console = open_console()
    table = Table("field", "precision", "recall", "F1", "right", "published", "labelled", box=None, pad_edge=False)
    for name, score in scores.fields.items():
        if score.wanted:
            figures = [_share(score.precision), _share(score.recall), _share(score.f1)]
            table.add_row(name, *figures, *(f"{count:,}" for count in (score.right, score.published, score.wanted)))
    if table.row_count:
        console.print(table)
    exact = f"{scores.exact / scores.pages:.3f}" if scores.pages else "–"
    console.print(f"pages: {scores.pages:,}; the number of posts is right on {exact}", highlight=False)
    if scores.missing:
        console.print(f"labels without a scrape: {len(scores.missing):,}", highlight=False)
    for page in scores.worst[:worst]:
        console.print(escape(f"  {page.f1:.2f}  {page.name}: {page.wrong}"), highlight=False, markup=False, soft_wrap=True)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
