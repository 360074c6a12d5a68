"""threadmill layouts: the forum engines that are known, and how their pages are recognised."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from flows.split.engines import read_layouts


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add what `layouts` takes: nothing of its own."""


def run(arguments: argparse.Namespace) -> int:
    """Print the layouts in the order in which they are tried."""
    layouts = read_layouts()
    if arguments.json:
        print(json.dumps({"layouts": [asdict(layout) for layout in layouts]}, ensure_ascii=False))
        return 0
    table = Table("id", "engine", "versions", "recognised by", box=None, pad_edge=False)
    table.columns[0].no_wrap = True
    for layout in layouts:
        marks = ", ".join(json.dumps(literal) for literal in layout.literals)
        table.add_row(layout.id, layout.engine, layout.versions, f"{marks}, then {layout.selector}")
    Console(markup=False, highlight=False).print(table)
    return 0
