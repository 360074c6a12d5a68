"""What the command writes: lines that cannot steer a terminal, exact JSON; and what it means when nobody can take them."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO, cast

from flows.errors import Fault

# What steers a terminal or reorders what it shows, whatever the font: control characters (ESC opens every escape
# sequence), the controls of bidirectional text, half surrogate pairs, line and paragraph separators.
STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
# What begins markup or HTML; ":", "@" and the dot of "www." make bare addresses into links.
_MARKDOWN = re.compile(r"[\\`*_{}\[\]()<>#|~&:@!$]|(?i:(?<=www))\.|^[-+=]|(?<=^\d)[.)]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


class ReaderGone(Exception):
    """Who read standard output has seen enough, such as `head`."""


def escape(text: str) -> str:
    """Return a text as one line that is safe to print: what would steer the terminal, or end the line, is an escape.

    Half a surrogate pair stands for a byte of a file's name that is not UTF-8.

    >>> print(escape("\\x1b[2J\\n"), escape("a\\u202eb"), escape("caf" + chr(0xDCE9)))
    \\x1b[2J\\n a\\u202eb caf\\xe9
    """
    return text if text.isascii() and text.isprintable() else STEERING.sub(lambda found: _name(found[0]), text)


def _name(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    return _SHORT.get(char) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def escape_markdown(text: object) -> str:
    """Return a text as Markdown that renders as the text itself: no markup, no HTML, no link, no cell or line of its own.

    >>> print(escape_markdown("a|b [x](javascript:y)"))
    a\\|b \\[x\\]\\(javascript\\:y\\)
    """
    return _MARKDOWN.sub(lambda found: "\\" + found[0], escape(str(text)))


def escape_cells(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of a table with texts that steer nothing; what shows tables shows their cells literally."""
    return [{key: escape(cell) if isinstance(cell, str) else cell for key, cell in row.items()} for row in rows]


def say(text: str) -> None:
    """Print one line on standard output; nothing in it ends the line or steers the terminal."""
    sys.stdout.write(escape(text) + "\n")


def say_aside(text: str) -> None:
    """Print one line on standard error; nothing in it ends the line or steers the terminal."""
    with suppress(OSError):  # there is nobody left to tell
        sys.stderr.write(escape(text) + "\n")


def say_path(path: Path) -> None:
    """Print a path on a line: its very bytes for a program that reads them, and safely on a terminal."""
    if sys.stdout.isatty():
        say(str(path))
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(os.fsencode(path) + b"\n")


def say_json(document: Any) -> None:
    """Print a JSON document on a line; it stays exact JSON whatever the encoding of standard output."""
    text = json.dumps(document, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # a terminal of ASCII, or a path with bytes that are not UTF-8
        text = json.dumps(document)
    sys.stdout.write(text + "\n")


class _LogLines(logging.Formatter):
    """Log lines that cannot steer a terminal: names of files and authors stand in them."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- the library's name
        """Return the message as one line."""
        return escape(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 -- the library's name
        """Return a traceback, line by line."""
        return "\n".join(map(escape, super().formatException(ei).split("\n")))


def clean_logs() -> None:
    """Have the log of a process that sets up none of its own be as safe to look at as what is printed."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_LogLines())


class _Guarded:
    """A stream that says in our words why it takes no more, instead of raising what looks like a fault of the data."""

    def __init__(self, stream: TextIO, *, matters: bool) -> None:
        self._stream, self._matters = stream, matters

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write some text."""
        with self._told():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand on what was written."""
        with self._told():
            self._stream.flush()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError as error:
            if self._matters:
                raise ReaderGone from error
        except OSError as error:
            if self._matters:
                raise Fault(f"standard output cannot be written ({error.strerror}); what was to be printed is lost") from error


@contextmanager
def guarded_output() -> Iterator[None]:
    """Have all that is printed pass through here: raises ReaderGone or Fault where standard output takes no more.

    What standard error does not take is lost: there is nobody left to tell.
    """
    _open_closed()
    clean_logs()
    before = sys.stdout, sys.stderr
    for stream in before:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal of ASCII gets the line all the same
    sys.stdout = cast("TextIO", _Guarded(before[0], matters=True))
    sys.stderr = cast("TextIO", _Guarded(before[1], matters=False))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        for stream in before:
            _let_go(stream)


def _open_closed() -> None:
    """Open what was closed before we were started, lest the next file that is opened takes its place and gets our lines."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it gets the lowest number that is free  # noqa: FBT003
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 -- open until the end
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123


def _let_go(stream: TextIO) -> None:
    """Flush a stream; one that takes no more is turned to nowhere, or the interpreter would fail on it once more at its end."""
    try:
        stream.flush()
    except OSError:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            stream.flush()
