"""threadmill clean: the main job."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from flows.commands.options import add_layouts, add_workers
from flows.errors import Fault, WrongUse
from flows.output import escape, say_json
from flows.places import check_places, read_place
from flows.publish.snapshots import check_place
from flows.removals import ALL, MAX_REMOVED
from flows.report import WATCHER, held_lines, report_rows, summarize, work_line
from flows.run import ON_REJECT, Options, check_raw_is_there, run_clean
from flows.server import WITHOUT
from flows.terminal import COLOURS, neutralize, open_console
from flows.workers import PlainExecutor, WorkerPool, count_cores

# Prefect's own words, and its calls home, have no place in a batch job's output. Of an error it would print the traceback:
# an expected one is our one line, and any other is raised with its traceback once the flow is over.
QUIET = {
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "90",  # 9 to 13 s on two idle cores; more on busy ones
}


def add_places(parser: argparse.ArgumentParser) -> None:
    """Add what says where a run reads and writes, and how."""
    parser.add_argument(
        "raw", nargs="?", type=read_place, default=Path("raw"), metavar="RAW", help="folder of the scrapes, or one file"
    )
    parser.add_argument(
        "processed", nargs="?", type=read_place, default=Path("processed"), metavar="PROCESSED", help="folder of the snapshots"
    )
    add_layouts(parser)
    parser.add_argument("--no-prefect", action="store_true", help="run the same path without Prefect")
    add_workers(parser)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `clean` takes."""
    add_places(parser)
    parser.add_argument(
        "--on-reject",
        choices=ON_REJECT,
        default="quarantine",
        help="what a refused scrape or record does: it is set aside, or nothing is published",
    )
    parser.add_argument(
        "--max-reject-rate",
        type=float,
        default=1.0,
        metavar="SHARE",
        help="publish nothing when more than this share of the scrapes is refused (0 to 1)",
    )
    parser.add_argument(
        "--gate",
        action="store_true",
        help="judge what is new first, as validate does; a site whose batch fails keeps what is published of it (exit code 1)",
    )
    parser.add_argument(
        "--accept",
        action="append",
        default=[],
        metavar="SITE",
        help="with --gate: let a known change of this site in, once; later batches are held against it (- : no known site)",
    )
    parser.add_argument(
        "--max-removed",
        type=float,
        default=MAX_REMOVED,
        metavar="SHARE",
        help="a site that would lose more than this share of its published threads because their inputs are gone keeps them; "
        "so do all that lose any where the whole would (0 to 1; default: %(default)s; exit code 1)",
    )
    parser.add_argument(
        "--accept-removed",
        action="append",
        nargs="?",
        const=ALL,
        default=[],
        metavar="SITE",
        help="let the threads of this site go whose inputs are gone, or of all sites (behind RAW PROCESSED; - : no known site)",
    )
    parser.add_argument(
        "--accept-rules", action="store_true", help="let published threads go that the rules as they are now refuse"
    )
    parser.add_argument("--resume", action="store_true", help="publish again after a rollback")


def run(arguments: argparse.Namespace) -> int:
    """Clean, then print what was read, kept, cut and refused, and where it is."""
    options = Options(
        arguments.layouts, arguments.on_reject, arguments.max_reject_rate, resume=arguments.resume, gate=arguments.gate,
        accept=frozenset(arguments.accept), max_removed=arguments.max_removed,
        accept_removed=frozenset(map(_read_site, arguments.accept_removed)), accept_rules=arguments.accept_rules,
    )  # fmt: skip
    done = watched(
        lambda: run_path(arguments.raw, arguments.processed, options, arguments.workers, with_prefect=not arguments.no_prefect)
    )
    if arguments.json:
        say_json(done)
    else:
        _print(done)
    return 1 if any(done[what] and done[what]["held"] for what in ("gate", "guard")) else 0


def _read_site(word: str) -> str:
    """Return the site that `--accept-removed` names. Raises WrongUse for a path, which was meant as RAW."""
    if os.sep in word or Path(word).exists():
        raise WrongUse(f"--accept-removed {word}: a path, not a site; write --accept-removed behind RAW PROCESSED")
    return word


def watched(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do some work under a progress bar; return its result."""
    with ProgressBar(open_console(aside=True)) as progress:
        token = WATCHER.set(progress)
        try:
            return work()
        finally:
            WATCHER.reset(token)


def run_path(raw: Path, processed: Path, options: Options, workers: int | None, *, with_prefect: bool) -> dict[str, Any]:
    """Run the path through Prefect or without; return what it came to as plain data."""
    check_place(processed)
    if with_prefect:
        return _run_flow(raw, processed, options, workers)
    executor = PlainExecutor(WorkerPool(workers or count_cores()))
    try:
        return summarize(run_clean(raw, processed, executor, WATCHER.get(), options))
    finally:
        executor.close()


def _run_flow(raw: Path, processed: Path, options: Options, workers: int | None) -> dict[str, Any]:
    options.check()
    check_places(raw, processed)
    check_raw_is_there(raw, processed)  # Prefect takes ten seconds to start; a slip of the keyboard is told at once
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # of libraries below Prefect; the tests run with every warning an error
    try:
        from flows.clean import run_flow  # noqa: PLC0415 -- Prefect takes over a second to load
    except Exception as error:  # no home, a broken profile or setting: whatever the loading of Prefect meets
        what = " ".join(str(error).split())[:200] or type(error).__name__
        raise Fault(f"Prefect cannot be loaded ({what}); {WITHOUT}") from error
    return run_flow(str(raw), str(processed), options, workers)


class ProgressBar:
    """Shows how far a run is, on standard error; silent where that is no terminal."""

    def __init__(self, console: Console) -> None:
        columns: list[ProgressColumn] = [TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %")]
        columns += [TextColumn("{task.fields[pages]:,} scrapes"), TimeElapsedColumn()]
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task: TaskID = self._bar.add_task("start", total=None, pages=0)
        self._pages = 0

    def __enter__(self) -> ProgressBar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def planned(self, size: int) -> None:
        """Take the bytes of the inputs."""
        self._bar.update(self._task, description="clean", total=max(size, 1))

    def cleaned(self, size: int, pages: int) -> None:
        """Take the bytes and pages of a batch."""
        self._pages += pages
        self._bar.update(self._task, advance=size, pages=self._pages)

    def stage(self, name: str) -> None:
        """Take the stage that begins."""
        self._bar.update(self._task, description=name)


def _print(done: dict[str, Any]) -> None:
    console = open_console()
    for verdict, line in held_lines(done):
        console.print(neutralize(line), style=COLOURS[verdict], highlight=False, soft_wrap=True, markup=False)
    if done["held"]:
        console.print("a rollback holds the snapshot; nothing was published (clean --resume ends that)", highlight=False)
    elif done["snapshot"] is None and not done["inputs"]:
        console.print("there is no input in RAW; nothing was published", highlight=False)
        return
    elif done["counts"] is None:
        let_in = "nothing new is let in" if done["gate"] and done["gate"]["held"] else "nothing new"
        console.print(f"{let_in} among {done['inputs']:,} inputs; the latest snapshot stands", highlight=False)
    else:
        console.print(work_line(done["work"]), highlight=False)
        table = Table("", "", show_header=False, box=None, pad_edge=False)
        table.columns[1].justify = "right"
        for row in report_rows(done["counts"]):
            table.add_row(*row)
        for name, rows in done["tables"].items():
            table.add_row(f"rows of {name}", f"{rows:,}")
        console.print(table)
    console.print(escape(f"snapshot: {done['snapshot']}"), soft_wrap=True, highlight=False, markup=False)
