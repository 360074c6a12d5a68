"""Reasons: why a scrape is not simply let in, as data in reasons.toml; and the verdict that they come to."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from flows.errors import WrongUse
from flows.judging.measures import Severity
from flows.rules import read_toml

FILE = Path(__file__).with_name("reasons.toml")
VERDICTS: dict[Severity, str] = {"note": "pass", "suspect": "suspect", "fail": "fail"}
QUOTE = 120  # characters
KEYS = {"id", "severity", "says", "why"}


class Reason(NamedTuple):
    """One reason, and the place in the scrape where it shows."""

    id: str
    severity: Severity
    sentence: str
    offset: int | None = None  # characters from 0 in the text that was read; None: the page as a whole
    line: int | None = None  # of that text, from 1
    quote: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the reason as plain data."""
        return self._asdict()


class Kind(NamedTuple):
    """A reason as its file states it."""

    id: str
    severity: Severity
    says: str
    why: str


@cache
def read_reasons(file: Path = FILE) -> dict[str, Kind]:
    """Return the reasons by id. Raises WrongUse, one line with reason and fault, for a file that does not hold them."""
    entries = read_toml(file, ("reason",)).get("reason", [])
    kinds: dict[str, Kind] = {}
    for entry in entries:
        name = str(entry.get("id", "without id"))
        if set(entry) != KEYS or not all(isinstance(value, str) and value for value in entry.values()):
            _refuse(file.name, name, f"has other keys than {', '.join(sorted(KEYS))}, or an empty one")
        if entry["severity"] not in VERDICTS:
            _refuse(file.name, name, f"severity is {entry['severity']!r}, and none of {', '.join(VERDICTS)}")
        if name in kinds:
            _refuse(file.name, name, "the id occurs twice")
        kinds[name] = Kind(**entry)
    return kinds


def _refuse(file: str, name: str, fault: str) -> NoReturn:
    raise WrongUse(f"{file}: reason {name!r}: {fault}")


def give_reason(kind: str, text: str = "", at: int | None = None, end: int | None = None, /, **told: Any) -> Reason:
    """Return a reason with its sentence filled in; `at` and `end` bound the stretch of `text` that shows it.

    >>> give_reason("fewer-answers", declared=7, found=3).sentence
    'the page declares 7 answers and shows 3'
    """
    found = read_reasons()[kind]
    sentence = found.says.format(**told)
    if at is None:
        return Reason(kind, found.severity, sentence)
    stop = min(at + QUOTE, len(text) if end is None else end)
    quote = " ".join(text[at:stop].split()) + ("…" if end is not None and end > stop else "")
    return Reason(kind, found.severity, sentence, at, text.count("\n", 0, at) + 1, quote or None)


def decide_verdict(severities: Iterable[Severity]) -> str:
    """Return "pass", "suspect" or "fail": that of the worst reason.

    >>> decide_verdict([]), decide_verdict(["note"]), decide_verdict(["suspect", "fail"])
    ('pass', 'pass', 'fail')
    """
    return VERDICTS[max(severities, key=list(VERDICTS).index, default="note")]
