"""The command: arguments → commands/; an expected error → one line and its exit code."""

from __future__ import annotations

import argparse
import resource
import signal
import sys
import threading
from importlib import import_module
from importlib.metadata import version
from typing import NoReturn

from flows.ending import Terminated, end
from flows.errors import Fault, WrongUse
from flows.output import guarded_output

# Command → the module below flows/commands that has add_arguments(parser) and run(arguments) → exit code.
COMMANDS = {
    "clean": ("clean", "clean the scrapes in RAW into a new snapshot of PROCESSED"),
    "discover": ("discover", "propose layouts and rules for the pages of an unknown site, for review"),
    "evaluate": ("evaluate", "hold the latest snapshot of PROCESSED against labelled threads"),
    "inspect": ("inspect_scrape", "show one scrape with every stretch coloured by where it went and why"),
    "layouts": ("layouts", "list the forum engines whose layouts are known, and how each is recognised"),
    "path": ("path", "print the folder of the latest snapshot, resolved"),
    "replay": ("replay", "try refused records again after a fix, and say what came back"),
    "rollback": ("rollback", "point latest to an older snapshot, and hold it there"),
    "schema": ("schema", "export the contract of the tables, or tell what changed since an older one"),
    "serve": ("serve", "run the scheduled deployments on this machine"),
    "snapshots": ("snapshots", "list the snapshots of PROCESSED, and check that they are whole"),
    "validate": ("validate", "judge scrapes before they are let in, one by one and against what is published"),
}

LIGHT = ("layouts", "path", "rollback", "schema", "snapshots")  # they load no column engine
# A process of the column engine with its libraries: with less, they die in the middle of their work, some by a signal.
LEAST_ADDRESS_SPACE = 1900 << 20


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Refuse wrong use."""
        raise WrongUse(f"{message} (see {self.prog} --help)")


def build_parser(chosen: str | None = None) -> OneLineParser:
    """Return the parser of the command; of its subcommands only `chosen` is loaded, so that each starts at once."""
    parser = OneLineParser(prog="threadmill", description="Turns scraped question-and-answer pages into validated records.")
    shown = f"threadmill {version('threadmill')}" if chosen is None else ""  # looking it up takes 40 ms
    parser.add_argument("--version", action="version", version=shown)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=OneLineParser)
    for name, (module, purpose) in COMMANDS.items():
        command = commands.add_parser(name, help=purpose, description=purpose[0].upper() + purpose[1:] + ".")
        command.add_argument("--json", action="store_true", help="print one JSON document on standard output")
        if name == chosen:
            import_module(f"flows.commands.{module}").add_arguments(command)
    return parser


def check_address_space() -> None:
    """Raise Fault where `ulimit -v` leaves less than the libraries take."""
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < LEAST_ADDRESS_SPACE:
        least = f"at least {LEAST_ADDRESS_SPACE >> 10} are needed"
        raise Fault(f"the address space of a process is limited to {limit >> 10} KiB (ulimit -v), and {least}; raise the limit")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    with guarded_output():
        try:
            code = _run(sys.argv[1:] if arguments is None else arguments)
            sys.stdout.flush()
        except BaseException as error:  # noqa: BLE001 -- the last net: what nobody expected is no refusal of the data
            return end(error)
    return code


def _run(given: list[str]) -> int:
    _heed_termination()
    parser = build_parser(next((word for word in given if not word.startswith("-")), None))
    try:
        parsed = parser.parse_args(given)
    except SystemExit as asked:  # for help or the version, which is printed
        return int(asked.code or 0)
    if parsed.command not in LIGHT:
        check_address_space()
    run = import_module(f"flows.commands.{COMMANDS[parsed.command][0]}").run
    return int(run(parsed))


def _heed_termination() -> None:
    """Make SIGTERM end the run as Ctrl-C does: what is under way is ended, what is half is taken away."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminate)


def _terminate(*_: object) -> None:
    # A second one would end the tidying up. Not SIG_IGN: the workers that are being started would inherit that.
    signal.signal(signal.SIGTERM, lambda *_: None)
    raise Terminated


if __name__ == "__main__":
    sys.exit(main())
