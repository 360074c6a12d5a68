"""threadmill schema: the contract of the tables as a file, and what changed since an older one."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from flows.errors import DataRefused, Fault, ThreadmillError, WrongUse
from flows.output import say, say_json
from flows.places import read_place
from flows.rules import read_json
from schemas.changes import BREAKING, Change, demanded_version, find_changes, is_bumped
from schemas.contract import Document, build_contract, read_contract, write_arrow
from schemas.dictionary import build_dictionary
from schemas.json_schema import build_json_schema

FORMS = ("arrow", "json-schema", "markdown")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `schema` takes: an action with arguments of its own."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    export = actions.add_parser("export", help="write the contract: types, null rules, checks, keys, links, descriptions")
    export.add_argument("--form", choices=FORMS, default=FORMS[0], help="Arrow types as JSON, JSON Schema, data dictionary")
    export.add_argument(
        "--out",
        type=read_place,
        metavar="FILE",
        help="where to write it (standard output); of form arrow, .arrow is written as IPC",
    )
    diff = actions.add_parser("diff", help="tell patch, minor and breaking changes since an older contract")
    diff.add_argument("old", type=read_place, metavar="OLD", help="an exported contract, a manifest or a snapshot's folder")
    for action in (export, diff):
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Export the contract or tell its changes; of a breaking change without a new version, return 1."""
    contract = build_contract()
    if arguments.action == "diff":
        return _tell_changes(read_old(arguments.old), contract, as_json=arguments.json)
    text = _render(contract, arguments.form)
    if arguments.out is not None:
        _write(contract, arguments.form, text, arguments.out)
        written = {"written": str(arguments.out), "form": arguments.form, "contract": contract["contract"]}
        if arguments.json:
            say_json(written)
        else:
            say(f"{arguments.out}: contract {contract['contract']}")
    elif arguments.json and arguments.form == "markdown":
        say_json({"form": arguments.form, "contract": contract["contract"], "text": text})
    else:
        sys.stdout.write(text)  # the contract's own words, many lines
    return 0


def read_old(path: Path) -> Document:
    """Return the contract that a path holds. Raises WrongUse where there is none."""
    if path.exists() and not path.is_dir():
        read_json(path)  # a pipe is not waited for, and what nests deep or has no end is refused
    try:
        return read_contract(path)
    except OSError as error:
        raise _tell_error(error, path) from error
    except ValueError as error:
        raise WrongUse(f"{path}: {error}") from error


def _render(contract: Document, form: str) -> str:
    if form == "markdown":
        return build_dictionary(contract)
    document: Any = contract if form == "arrow" else build_json_schema(contract)
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _write(contract: Document, form: str, text: str, out: Path) -> None:
    """Write an export; one that would break the contract that stands there is refused, so that no script sweeps it away."""
    try:
        if form == "arrow" and out.suffix == ".arrow":
            write_arrow(out)
            return
        if form == "arrow" and out.exists():
            old = read_old(out)
            _refuse_unbumped(find_changes(old, contract), old["contract"], contract["contract"])
        out.write_text(text, "utf-8")
    except OSError as error:
        raise _tell_error(error, out) from error


def _tell_error(error: OSError, path: Path) -> ThreadmillError:
    """Return wrong use for a path that is not there, a fault for a machine that refuses."""
    kind = WrongUse if isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError) else Fault
    return kind(f"{path}: {error.strerror or error}")


def _refuse_unbumped(changes: list[Change], old: str, new: str) -> None:
    if any(change.level == BREAKING for change in changes) and not _bumped(changes, old, new):
        first, least = changes[0], demanded_version(changes, old)
        raise DataRefused(f"{first.where}: {first.what}; contract {new} has to become {least} first; nothing was written")


def _bumped(changes: list[Change], old: str, new: str) -> bool:
    try:
        return is_bumped(changes, old, new)
    except ValueError as error:
        raise WrongUse(str(error)) from error


def _tell_changes(old: Document, new: Document, *, as_json: bool) -> int:
    changes = find_changes(old, new)
    versions = old["contract"], new["contract"]
    bumped = _bumped(changes, *versions)
    breaks = any(change.level == BREAKING for change in changes)
    least = demanded_version(changes, versions[0])
    if as_json:
        told = [change._asdict() for change in changes]
        document = {"old": versions[0], "new": versions[1], "least": least, "bumped": bumped, "changes": told}
        say_json(document)
        return int(breaks and not bumped)
    for change in changes:
        say(f"{change.level:9} {change.where}: {change.what}")
    if old["links"] is None:
        say("Parquet files say nothing of keys, checks and links; these were not compared")
    verdict = "as the changes allow" if bumped else f"but the changes ask for {least}"
    say(f"changes: {len(changes)}; the contract went from {versions[0]} to {versions[1]}, {verdict}")
    return int(breaks and not bumped)
