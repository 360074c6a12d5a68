"""threadmill layouts: the forum engines that are known, and how their pages are recognised."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from flows.output import say, say_json
from flows.split.engines import read_layouts


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add what `layouts` takes: nothing of its own."""


def run(arguments: argparse.Namespace) -> int:
    """Print the layouts in the order in which they are tried."""
    layouts = read_layouts()
    if arguments.json:
        say_json({"layouts": [asdict(layout) for layout in layouts]})
        return 0
    width = max(len(layout.id) for layout in layouts) + 2
    for layout in layouts:
        marks = ", ".join(json.dumps(literal) for literal in layout.literals)
        say(f"{layout.id:{width}}{layout.engine}, {layout.versions}")
        say(f"{'':{width}}recognised by {marks}, then {layout.selector}")
    return 0
