"""Rule files: known phrases and shapes as data, each with its reason and its examples.

A rule file is TOML, an array of tables `[[rule]]`. A rule says what it claims (`pattern`, `cuts`), what it must leave
(`keeps`) and why it holds on sites that nobody here has seen (`why`). Reading is fast and checks the form; `check_rules`
proves every rule on every example and is run by the tests.
"""

from __future__ import annotations

import importlib
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from flows.errors import WrongUse

SHORT_LINE = 200  # characters; a widget's line is short, and so are most lines that a rule has to look at
_REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}
_LETTERS_ONLY = bytes(c if chr(c).isalpha() or c > 127 else 32 for c in range(256))  # anything else parts words


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as its file states it.

    `scope` says what the pattern is held against: "line" (default) the whole folded line; other scopes are read by the
    room that owns the file. A gate of letters is a whole word, a gate without letters a substring; at least one of them
    must be in the lower-cased line before the pattern is tried. With `cues`, at least `at_least` of them must be found
    besides. `never` vetoes. Patterns ignore case unless `case` is true; named groups become the line's values.
    """

    id: str
    pattern: str
    why: str
    cuts: tuple[str, ...]
    keeps: tuple[str, ...]
    file: str
    role: str = "artifact"
    scope: str = "line"
    gate: tuple[str, ...] = ()
    max_chars: int = SHORT_LINE
    case: bool = False
    cues: tuple[str, ...] = ()
    at_least: int = 0
    never: str = ""
    unless: str = ""  # "code": the rule rests on pages that talk about code
    open: tuple[str, ...] = ()  # scope "residue": the literals that open it …
    close: str = ""  # … and the one that closes it
    nested: bool = False  # braces inside are counted
    quoted: bool = False  # quotes inside hide a closer
    unclosed: bool = False  # an opener without a closer is residue too


_TYPES: dict[str, type] = {
    f.name: {"bool": bool, "int": int, "tuple[str, ...]": list}.get(str(f.type), str) for f in fields(Rule) if f.name != "file"
}


@cache
def compile_pattern(pattern: str, *, case: bool = False) -> re.Pattern[str]:
    """The compiled pattern, compiled on first use; raises WrongUse when it does not compile."""
    try:
        return re.compile(pattern, 0 if case else re.IGNORECASE)
    except re.error as error:
        raise WrongUse(f"pattern {pattern!r} does not compile: {error}") from error


@cache
def read_rules(path: Path) -> tuple[Rule, ...]:
    """The rules of a file, or of every `*.toml` in a folder in the order of their names; read once per process.

    Raises WrongUse, one line with file, rule and fault, for a rule without id, pattern, why, cuts or keeps, for an
    unknown key, a value of the wrong type and an id that occurs twice.
    """
    files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    rules = tuple(rule for file in files for rule in _read_file(file))
    seen: dict[str, str] = {}
    for rule in rules:
        if rule.id in seen:
            raise WrongUse(f"{rule.file}: rule {rule.id!r}: the id occurs twice (also in {seen[rule.id]})")
        seen[rule.id] = rule.file
    return rules


def check_rules(rules: Iterable[Rule], claims: Callable[[Rule, str], object] | None = None) -> None:
    """Prove rules on their own examples; raises WrongUse at the first fault.

    Every pattern compiles and has no nested quantifiers, every `cuts` is claimed by its rule, no `keeps` is claimed by
    any of the rules. `claims(rule, example)` tells truly or falsely; the default is `match_line`, for line rules.
    """
    claims = match_line if claims is None else claims
    rules = tuple(rules)
    for rule in rules:
        for pattern in (rule.pattern, *rule.cues, rule.never):
            _check_pattern(rule, pattern)
        for text in rule.cuts:
            if not claims(rule, text):
                _refuse(rule.file, rule.id, f"does not claim its own example {text!r}")
    for rule in rules:
        for text in rule.keeps:
            for other in rules:
                if claims(other, text):
                    _refuse(rule.file, rule.id, f"must leave {text!r}, but {other.id!r} claims it")


def match_line(rule: Rule, line: str) -> re.Match[str] | None:
    """The match of a line rule on a whole folded line, gates and cues considered; None when it does not claim it.

    >>> rule = Rule("r", r"(?P<n>\\d+) answers?", "why", (), (), "f", gate=("answers", "answer"))
    >>> match_line(rule, "7 Answers")["n"], match_line(rule, "7 answers came")
    ('7', None)
    """
    if len(line) > rule.max_chars or not passes_gate(rule, line.lower()):
        return None
    return match_pattern(rule, line)


def match_pattern(rule: Rule, line: str) -> re.Match[str] | None:
    """As `match_line`, for a line whose length and gate have been tested."""
    match = compile_pattern(rule.pattern, case=rule.case).fullmatch(line)
    if match is None or (rule.never and compile_pattern(rule.never).search(line)):
        return None
    return match if count_cues(rule, line) >= rule.at_least else None


def count_cues(rule: Rule, text: str) -> int:
    """How many of the rule's cues the text holds, each counted once."""
    return sum(compile_pattern(cue).search(text) is not None for cue in rule.cues)


def passes_gate(rule: Rule, lower: str) -> bool:
    """Whether the lower-cased line holds one of the rule's gates; a rule without gates passes."""
    if not rule.gate:
        return True
    words = split_words(lower)
    return any(gate.encode() in words if gate.isalpha() else gate in lower for gate in rule.gate)


def split_words(lower: str) -> list[bytes]:
    """The words of a text as UTF-8, parted by whatever is not a letter: bytes are several times faster than a pattern.

    >>> split_words("4.5 out of 5 stars")
    [b'out', b'of', b'stars']
    """
    return lower.encode("utf-8", "replace").translate(_LETTERS_ONLY).split()


def _read_file(file: Path) -> Iterator[Rule]:
    try:
        entries = tomllib.loads(file.read_text(encoding="utf-8")).get("rule", [])
    except OSError as error:
        raise WrongUse(f"{file.name}: cannot be read: {error.strerror}") from error
    except ValueError as error:  # not TOML, or not UTF-8
        raise WrongUse(f"{file.name}: is not a TOML rule file: {error}") from error
    if not isinstance(entries, list):
        raise WrongUse(f"{file.name}: rules are written as [[rule]]")
    for number, entry in enumerate(entries, 1):
        yield _build_rule(file.name, number, entry)


def _build_rule(file: str, number: int, entry: dict[str, Any]) -> Rule:
    name = str(entry.get("id") or f"number {number}")
    for key in ("id", "pattern", "why", "cuts", "keeps"):
        if not entry.get(key):
            _refuse(file, name, f"has no {key}")
    for key, value in entry.items():
        kind = _TYPES.get(key)
        if kind is None:
            _refuse(file, name, f"unknown key {key!r}")
        elif type(value) is not kind or (isinstance(value, list) and not all(isinstance(item, str) for item in value)):
            _refuse(file, name, f"{key} has the wrong type")
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    for gate in entry.get("gate", []):
        if gate != gate.lower() or not (gate.isalpha() or not any(c.isalpha() for c in gate)):
            _refuse(file, name, f"gate {gate!r} is neither a lower-case word nor a literal without letters")
    return Rule(file=file, **values)


def _check_pattern(rule: Rule, pattern: str) -> None:
    try:
        tree = importlib.import_module("re._parser").parse(pattern)
        compile_pattern(pattern, case=rule.case)
    except (re.error, WrongUse) as error:
        _refuse(rule.file, rule.id, f"pattern {pattern!r} does not compile: {error}")
    if _has_nested_repeat(tree, inside=False):
        _refuse(rule.file, rule.id, f"pattern {pattern!r} has nested quantifiers, which can take exponential time")


def _has_nested_repeat(tree: Any, *, inside: bool) -> bool:
    """Whether a repeat of open length stands inside a repeat; `?` and `{3}` leave nothing to try again."""
    for operator, operand in tree:
        if str(operator) in _REPEATS:
            low, high, body = operand
            open_length = high > 1 and low != high
            if (open_length and inside) or _has_nested_repeat(body, inside=inside or high > 1):
                return True
        elif any(_has_nested_repeat(part, inside=inside) for part in _subpatterns(operand)):
            return True
    return False


def _subpatterns(operand: Any) -> Iterator[Any]:
    if hasattr(operand, "data"):
        yield operand
    elif isinstance(operand, list | tuple):
        for part in operand:
            yield from _subpatterns(part)


def _refuse(file: str, rule: str, fault: str) -> None:
    raise WrongUse(f"{file}: rule {rule!r}: {fault}")
