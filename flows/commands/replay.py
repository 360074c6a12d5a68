"""threadmill replay: refused records tried again after a fix."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from flows.commands.clean import add_places, run_path, watched
from flows.errors import WrongUse
from flows.output import escape, say_json
from flows.publish.history import read_hold
from flows.publish.snapshots import published_snapshot
from flows.read.inputs import find_inputs
from flows.run import Options
from flows.terminal import open_console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `replay` takes."""
    add_places(parser)
    parser.add_argument("--check", metavar="CHECK", help="only what was refused by this check (default: all but copies)")


def run(arguments: argparse.Namespace) -> int:
    """Clean again what refused records came from, publish, and say what came back."""
    from flows.publish.reading import told_as_damaged  # noqa: PLC0415 -- loads the column engine
    from flows.replay import compare, inputs_of, name_checks, read_refused  # noqa: PLC0415

    before = published_snapshot(arguments.processed)
    if read_hold(arguments.processed) is not None:
        raise WrongUse(f"{arguments.processed}: a rollback holds {before.name}; run threadmill clean --resume first")
    with told_as_damaged(before):
        known, refused = name_checks(before), read_refused(before, arguments.check)
    if arguments.check is not None and arguments.check not in known:
        named = f"there are {', '.join(known)}" if known else "nothing was refused at all"
        raise WrongUse(f"--check {arguments.check}: nothing was refused by such a check; {named}")
    retry = inputs_of(refused, {found.source for found in find_inputs(arguments.raw)})
    done: dict[str, Any] = {"snapshot": str(before), "published": False}
    if retry:
        options = Options(arguments.layouts, retry=retry)
        done = watched(
            lambda: run_path(
                arguments.raw, arguments.processed, options, arguments.workers, with_prefect=not arguments.no_prefect
            )
        )
    told = {
        "snapshot": done["snapshot"],
        "published": done["published"],
        "inputs": len(retry),
        **compare(refused, read_refused(Path(done["snapshot"]), arguments.check)),
    }
    if arguments.json:
        say_json(told)
    else:
        _print(told)
    return 0


def _print(told: dict[str, Any]) -> None:
    console = open_console(soft_wrap=True)
    console.print(f"{told['tried']:,} refused records tried again, of {told['inputs']:,} inputs", markup=False)
    for name, title in (("came_back", "came back"), ("still_refused", "refused still"), ("newly_refused", "refused anew")):
        counts = told[name]
        console.print(f"{title}: {sum(counts.values()):,}", markup=False)
        for check, number in counts.items():
            console.print(f"  {check}: {number:,}", markup=False)
    for record in told["records"]:
        line = f"  back: {record['source']} {record['table_name']} ({record['check_name']})"
        console.print(escape(line), markup=False)
    if not told["published"]:
        console.print("nothing came back; nothing was published, and the latest snapshot stands")
    console.print(f"snapshot: {told['snapshot']}", markup=False)
