"""threadmill validate: scrapes judged before they are let in; nothing is published."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from flows.baseline import open_baseline
from flows.commands.options import add_layouts, add_workers
from flows.errors import Fault, WrongUse
from flows.executor import Executor, InlineExecutor
from flows.judge import Summary, is_few, judge_inputs
from flows.judging.reports import scrape_lines, site_lines, write_document, write_junit
from flows.judging.verdicts import Judged
from flows.places import read_name, read_place
from flows.split.engines import choose_layouts
from flows.targets import Roots, find_targets
from flows.terminal import COLOURS, neutralize, open_console
from flows.workers import PlainExecutor, WorkerPool, count_cores


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `validate` takes."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="file, folder, container or pattern of scrapes")
    parser.add_argument(
        "--baseline",
        type=read_name,
        metavar="SNAPSHOT",
        help="id or path of the snapshot to hold them against; none (default: the latest)",
    )
    parser.add_argument(
        "--processed",
        type=read_place,
        default=Path("processed"),
        metavar="DIR",
        help="folder of the snapshots (default: processed)",
    )
    parser.add_argument(
        "--raw", type=read_place, default=Path("raw"), metavar="DIR", help="folder of the scrapes (default: raw)"
    )
    parser.add_argument("--lines", action="store_true", help="print each verdict as a line of JSON as soon as it is there")
    parser.add_argument("--junit", type=read_place, metavar="FILE", help="write the verdicts as JUnit XML, too")
    parser.add_argument("--quiet", action="store_true", help="leave out scrapes that pass")
    add_layouts(parser)
    add_workers(parser)


def run(arguments: argparse.Namespace) -> int:
    """Judge the scrapes; return 1 where one of them, or the batch of a site, fails."""
    if arguments.json and arguments.lines:
        raise WrongUse("--json prints one document at the end and --lines a line a scrape; choose one of them")
    choose_layouts(arguments.layouts)  # a broken one is told before any work
    targets = find_targets(arguments.paths, arguments.raw)
    with _open_junit(arguments.junit) as junit, TemporaryFile("w+", encoding="utf-8", newline="\n") as kept:
        baseline = open_baseline(arguments.baseline, arguments.processed)
        with Listener(arguments, targets, kept) as listener, _open_executor(arguments.workers, targets) as executor:
            summary = judge_inputs(targets, executor, listener, baseline, layouts=arguments.layouts)
        done = summary.as_json()
        if arguments.json:
            write_document(sys.stdout, done, _read(kept), is_ascii=not _speaks_unicode())
        else:
            listener.close(summary, done)
        if junit is not None:
            write_junit(junit, done, _read(kept))
    return 1 if summary.verdict == "fail" else 0


@contextmanager
def _open_junit(path: Path | None) -> Iterator[IO[str] | None]:
    if path is None:
        yield None
        return
    if not path.parent.is_dir():
        raise WrongUse(f"--junit {path}: there is no folder {path.parent}")
    try:
        file = path.open("w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise Fault(f"--junit {path}: cannot be written ({error.strerror})") from error
    with file:
        yield file


@contextmanager
def _open_executor(workers: int | None, targets: Roots) -> Iterator[Executor]:
    """Give what carries out the jobs; where something fails, those under way are ended."""
    if workers is None and is_few(targets):
        yield InlineExecutor()
        return
    executor = PlainExecutor(WorkerPool(workers or count_cores()))
    try:
        yield executor
    except BaseException:
        executor.stop()
        raise
    finally:
        executor.close()


def _read(kept: IO[str]) -> Iterator[dict[str, Any]]:
    kept.seek(0)
    return map(json.loads, kept)


def _speaks_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


class Listener:
    """Prints each verdict as it comes, and keeps it on disk for what is written at the end."""

    def __init__(self, arguments: argparse.Namespace, targets: Roots, kept: IO[str]) -> None:
        self._is_json, self._is_lines, self._is_quiet = arguments.json, arguments.lines, arguments.quiet
        self._kept = kept if arguments.json or arguments.junit else None
        self._console = open_console(soft_wrap=True)
        errors = open_console(aside=True)
        columns = (TextColumn("judge"), BarColumn(), TextColumn("{task.completed:,.0f} scrapes"), TimeElapsedColumn())
        # A bar on the terminal that the verdicts go to would be torn by them.
        shown = errors.is_terminal and not (self._console.is_terminal and not arguments.json)
        self._bar = Progress(*columns, console=errors, transient=True, disable=not shown)
        self._task = self._bar.add_task("judge", total=None if len(targets) != 1 else len(targets[0][1]))

    def __enter__(self) -> Listener:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def judged(self, page: Judged) -> None:
        """Print the verdict of one scrape."""
        self._bar.advance(self._task)
        scrape = page.as_json()
        if self._kept is not None:
            self._kept.write(json.dumps(scrape) + "\n")
        if self._is_lines:
            self._line({"scrape": scrape})
        elif not self._is_json and not (self._is_quiet and scrape["verdict"] == "pass"):
            self._print(scrape_lines(scrape, neutralize))

    def close(self, summary: Summary, done: dict[str, Any]) -> None:
        """Print the verdicts of the sites, and what all came to."""
        if self._is_lines:
            for site in done["sites"]:
                self._line({"site": site})
            self._line({"summary": {key: value for key, value in done.items() if key != "sites"}})
            return
        told = [site for site in done["sites"] if summary.baseline or site["verdict"] != "pass"]
        if told:
            self._console.print("\nby site")
        for site in told:
            self._print(site_lines(site, neutralize))
        counted = ", ".join(f"{count:,} {verdict}" for verdict, count in done["verdicts"].items())
        against = f"against snapshot {summary.baseline}" if summary.baseline else "there is no baseline; judged without"
        self._console.print(f"\n{counted or 'no scrape'}; {against}")

    def _line(self, data: dict[str, Any]) -> None:
        print(json.dumps(data, ensure_ascii=not _speaks_unicode()), flush=True)

    def _print(self, lines: Iterator[tuple[str, str]]) -> None:
        for verdict, line in lines:
            self._console.print(line, style=COLOURS[verdict])
