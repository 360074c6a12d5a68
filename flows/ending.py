"""How a command ends that raised something: one line for a person, and an exit code that is never that of refused data."""

from __future__ import annotations

import os
import tempfile
import traceback
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress

from flows.errors import ThreadmillError
from flows.output import ReaderGone, say_aside

DEBUG = "THREADMILL_DEBUG"  # set to anything, tracebacks are shown
FAULT, INTERRUPTED, TERMINATED = 3, 130, 143
MOST_SAID = 2000  # characters of a line; values that people wrote may be long


class Terminated(BaseException):
    """SIGTERM has come."""


def end(error: BaseException) -> int:
    """Say how a command ended that raised; return its exit code.

    What is not expected is a fault of the machine, or a defect of ours: its traceback is kept in a file, and shown where
    THREADMILL_DEBUG is set.
    """
    if isinstance(error, SystemExit) and (
        error.code in (0, None) or (isinstance(error.code, int) and error.code >= INTERRUPTED)
    ):
        return int(error.code or 0)  # asked for help, or ended by a signal
    if isinstance(error, ReaderGone):
        return 0
    if isinstance(error, KeyboardInterrupt):
        _say("interrupted; nothing was published, the last snapshot stands")
        return INTERRUPTED
    if isinstance(error, Terminated):
        _say("terminated; nothing was published, the last snapshot stands")
        return TERMINATED
    if isinstance(error, ThreadmillError):
        _show(error)
        _say(str(error))
        return error.exit_code
    _say(tell_fault(error) or f"{_tell_defect(error)}; {_keep(error)}")
    return FAULT


def tell_fault(error: BaseException) -> str | None:
    """Return what the machine lacks, in a sentence; None where that is not what an error says."""
    if isinstance(error, MemoryError) or "annot allocate memory" in str(error) or "failed to map segment" in str(error):
        return "memory is used up; give more of it (ulimit -v, the container's limit), or --workers a smaller number"
    if isinstance(error, BrokenProcessPool):
        return "the worker processes died; is the memory used up?"
    if "can't start new thread" in str(error):
        return "no thread or process can be started any more (ulimit -u, the container's limit of processes)"
    if isinstance(error, OSError):
        return f"{error.filename or 'the system'}: {error.strerror or error}"
    return None


def _tell_defect(error: BaseException) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" at {os.path.basename(place[0].filename)}:{place[0].lineno}" if place else ""  # noqa: PTH119 -- a name, no path
    return f"a defect of threadmill: {type(error).__name__}: {str(error)[:500]}{where}"


def _keep(error: BaseException) -> str:
    """Show a traceback, or write it to a file of its own; return what to do with it."""
    if _show(error):
        return "its traceback stands above; please report it"
    with suppress(OSError):
        handle, path = tempfile.mkstemp(prefix="threadmill-", suffix=".traceback")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write("".join(traceback.format_exception(error)))
        return f"please report it with its traceback, {path}"
    return f"please report it; {DEBUG}=1 shows its traceback"


def _show(error: BaseException) -> bool:
    if not os.environ.get(DEBUG):
        return False
    for line in "".join(traceback.format_exception(error)).splitlines():
        say_aside(line)
    return True


def _say(text: str) -> None:
    say_aside(
        "threadmill: " + (text if len(text) <= MOST_SAID else f"{text[: MOST_SAID * 3 // 4]} … {text[-MOST_SAID // 4 :]}")
    )
