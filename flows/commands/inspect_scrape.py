"""threadmill inspect: one scrape, every stretch coloured by where it went and why."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from rich.console import Console

from flows.commands.options import add_layouts
from flows.errors import Fault, WrongUse
from flows.inspection import inspect_input
from flows.output import say_json
from flows.places import read_name, read_place
from flows.read.batches import CONTAINERS, delete_spools, is_document, plan_batches, read_batch
from flows.read.files import BROKEN_STREAM, open_stream, read_file
from flows.read.forms import form_of
from flows.read.inputs import Input, Provenance, name_source, read_provenance
from flows.read.jsonl import iter_lines, read_record
from flows.read.pieces import REFUSALS
from flows.records import Page, Unreadable
from flows.split.engines import choose_layouts
from flows.terminal import neutralize, open_console
from flows.view import View, print_inspection

OFFSET = re.compile("@([0-9]{1,18})")
# Ids that JSON writes as they are, so that a line without them need not be parsed; others it may write with escapes.
PLAIN_ID = re.compile(r"[A-Za-z0-9_.:@-]+")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `inspect` takes."""
    parser.add_argument(
        "source",
        type=read_name,
        metavar="SOURCE",
        help="file, or source name below --raw; FILE#RECORD or FILE#@OFFSET in JSON lines",
    )
    parser.add_argument(
        "--raw", type=read_place, default=Path("raw"), metavar="DIR", help="folder of the scrapes (default: raw)"
    )
    add_layouts(parser)
    parser.add_argument("--brief", action="store_true", help="of each stretch only the first and the last line")
    parser.add_argument("--show-invisible", action="store_true", help="mark tabs, no-break spaces and zero-width characters")
    parser.add_argument("--offsets", action="store_true", help="say at which character each stretch starts")
    parser.add_argument(
        "--width", type=_width, metavar="N", help="columns to wrap at (default: the terminal's; no wrapping in a pipe)"
    )
    parser.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="default: auto, on a terminal only"
    )
    parser.add_argument("--no-color", dest="color", action="store_const", const="never", help="the same as --color never")


def _width(text: str) -> int:
    if not text.isdecimal() or len(text) > 6 or int(text) < 20:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 20 up")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Show one scrape; a refused one too, with the reason."""
    choose_layouts(arguments.layouts)  # a broken one is told before any work
    found, raw, record = find_scrape(arguments.source, arguments.raw)
    try:
        read = read_scrape(found, raw, record)
    except OSError as error:
        raise Fault(f"{_shown(found.path)}: cannot be read: {error.strerror or error}") from error
    inspection = inspect_input(read, arguments.layouts)
    if arguments.json:
        say_json(inspection.as_json())
        return 0
    console = _open_console(arguments.color)
    width = arguments.width or (console.width if sys.stdout.isatty() else None)
    print_inspection(inspection, console, View(width, arguments.brief, arguments.show_invisible, arguments.offsets))
    return 0


def _open_console(color: str) -> Console:
    if color == "always":
        return open_console(force_terminal=True, color_system="standard", no_color=False)
    return open_console(color_system=None if color == "never" else "auto")


def find_scrape(named: str, raw: Path) -> tuple[Input, Path, str | None]:
    """Return the file that a source name means, the raw root it stands below, and the record, if one is named.

    A path counts from here, else from `raw`. A file whose name holds "#" comes before a record of a shorter name.
    Outside of `raw`, a file stands for itself, as in `threadmill clean FILE`. Raises WrongUse where there is no such file.
    """
    for file, record in _readings(named):
        for path in (Path(file), raw / file):
            if _is(path, "is_file"):
                return *_place(path, raw), record
    for path in (Path(named), raw / named):
        if _is(path, "is_dir"):
            raise WrongUse(f"{_shown(path)}: this is a folder; name one of the scrapes in it")
        if _is(path, "exists"):
            raise WrongUse(f"{_shown(path)}: this is a pipe, socket or device, not a file")
    raise WrongUse(
        f"{_shown(named)}: no such file, neither here nor below {_shown(raw)}; name a scrape, or its root with --raw"
    )


def _readings(named: str) -> Iterator[tuple[str, str | None]]:
    yield named, None
    for mark in re.finditer("#", named):
        if mark.start() and mark.end() < len(named):
            yield named[: mark.start()], named[mark.end() :]


def _is(path: Path, kind: str) -> bool:
    try:
        return bool(getattr(path, kind)())
    except OSError:  # such as a name that is too long to be one
        return False


def _place(path: Path, raw: Path) -> tuple[Input, Path]:
    place, root = path.parent.resolve() / path.name, raw.resolve()
    size = path.stat().st_size
    if not place.is_relative_to(root):
        return Input(path, name_source(path), size), path
    source = place.relative_to(root).as_posix()
    return Input(raw / source, name_source(Path(source)), size), raw


def read_scrape(found: Input, raw: Path, record: str | None) -> Page | Unreadable:
    """Return the page of a file or of one record in it, or why there is none.

    Raises WrongUse where the record is not there or has to be named, OSError for what trying again may mend.
    """
    source, known = found.source, read_provenance(found, raw)
    if form_of(found.path.name) in CONTAINERS or is_document(found.path):
        return _read_contained(found, raw, record)
    if form_of(source) != "jsonl":
        if record is not None:
            raise WrongUse(f"{_shown(source)}: holds one scrape and no records; leave out {_shown('#' + record)}")
        return read_file(found.path, source, known)
    try:
        with open_stream(found.path) as stream:
            return _read_only(stream, source, known) if record is None else _read_record(stream, source, known, record)
    except BROKEN_STREAM:
        return Unreadable(source, "jsonl", "compression", REFUSALS["compression"])
    except PermissionError:
        return Unreadable(source, "jsonl", "permission", "the file may not be read; give this user the right to")


def _read_contained(found: Input, raw: Path, record: str | None) -> Page | Unreadable:
    """Return a record of a container by reading it as `clean` does, from its start; or the only one that it holds."""
    count, example, only = 0, "", None
    with TemporaryDirectory() as spool:
        for batch in plan_batches([found], raw, Path(spool)):
            for page in read_batch(batch):
                if page.source == (found.source if record is None else f"{found.source}#{record}"):
                    return page
                count, example, only = count + 1, example or shlex.quote(_shown(page.source)), page
            delete_spools(batch)
    if record is None and count == 1 and only is not None:
        return only
    what = "name one" if record is None else f"no record has the id {_shown(record)}; name one"
    raise WrongUse(f"{_shown(found.source)}: holds {count:,} records; {what}, such as {example}")


def _read_only(stream: BinaryIO, source: str, known: Provenance) -> Page | Unreadable:
    """Return the record of a file that holds one."""
    records = _records(stream)
    first = next(records, None)
    if first is None:
        return Unreadable(source, "jsonl", "empty", "the file holds no text", bytes=0)
    offset, line = first
    page = read_record(line, source, offset, known)
    if count := sum(1 for _ in records):
        raise WrongUse(f"{_shown(source)}: holds {count + 1:,} records; name one, such as {_example(page, source, offset)}")
    return page


def _read_record(stream: BinaryIO, source: str, known: Provenance, record: str) -> Page | Unreadable:
    """Return the first record of that id, or the one that begins at an offset ("@120") of the decompressed file."""
    begin = int(at[1]) if (at := OFFSET.fullmatch(record)) else None
    literal = record.encode() if PLAIN_ID.fullmatch(record) else b""
    count, example = 0, ""
    for offset, line in _records(stream):
        if offset == begin:
            return read_record(line, source, offset, known)
        count += 1
        if count == 1 or line is None or literal in line or b"\\u" in line:
            page = read_record(line, source, offset, known)
            if page.source == f"{source}#{record}":
                return page
            example = example or _example(page, source, offset)
    held = f"holds {count:,} records, such as {example}" if count else "holds no record"
    what = f"no record begins at byte {begin:,}" if begin is not None else f"no record has the id {_shown(record)}"
    raise WrongUse(f"{_shown(source)}: {what}; the file {held}")


def _records(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    return ((offset, line) for offset, line in iter_lines(stream, 0, None) if line is None or not line.isspace())


def _example(page: Page | Unreadable, source: str, offset: int) -> str:
    name = page.source if page.source.isprintable() and len(page.source) <= 200 else f"{source}#@{offset}"
    return shlex.quote(_shown(name))


def _shown(name: str | Path) -> str:
    return neutralize(str(name))
