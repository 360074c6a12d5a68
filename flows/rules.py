"""Files that people write: the one strict reader of their TOML and JSON, and the rule files.

Rules are known phrases and shapes as data, each with its reason and its examples. A rule file is TOML, an array of tables
`[[rule]]`. A rule says what it claims (`pattern`, `cuts`), what it must leave (`keeps`) and why it holds on sites that nobody
here has seen (`why`). Reading is fast and checks the form; `check_rules` proves every rule on every example and is run by the
tests.
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import re
import stat
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from flows.errors import Fault, WrongUse

SHORT_LINE = 200  # characters; a widget's line is short, and so are most lines that a rule has to look at
MAX_BYTES = 16 << 20  # of a file that a person writes: 100,000 overrides; it is read within seconds
MAX_NESTED = 60  # objects in objects: no file needs ten, and what prints or compares values recurses
_REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}
_INT64 = range(-(1 << 63), 1 << 63)  # what a TOML integer may be
# A dotted key: its reader takes time that grows with the square of the parts.
_DEEP_KEY = re.compile(r"""(?<![\w"'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){60}""")
# Faults of the machine, which say nothing of the file.
_MACHINE = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ESTALE}
_LETTERS_ONLY = bytes(c if chr(c).isalpha() or c > 127 else 32 for c in range(256))  # anything else parts words


# -- files that people write ----------------------------------------------------------------------------------------------


class BrokenFile(WrongUse):
    """A file that people write and that cannot be used; `why` is the reason without the file's name."""

    def __init__(self, file: Path, why: str) -> None:
        self.why = why
        super().__init__(f"{file}: {why}; mend it or take it away")


def read_toml(file: Path, known: Collection[str] | None = None, limit: int = MAX_BYTES) -> dict[str, Any]:
    """The tables of a TOML file. Raises BrokenFile, one line, for what is none, or has a key that is not `known`.

    A file is none that is a pipe, a device or larger than `limit` bytes, is not UTF-8, nests deeper than anybody writes or
    holds a number of more than 64 bits.
    """
    text = read_text(file, limit)
    try:
        if any(line.count(".") >= MAX_NESTED and _DEEP_KEY.search(line) for line in text.split("\n")):
            raise ValueError(f"a key of more than {MAX_NESTED} parts")
        found = tomllib.loads(text)
        _check_values(found, strict=True)
    except (ValueError, RecursionError) as error:
        raise BrokenFile(file, f"cannot be read as TOML ({_one_line(error)})") from error
    if known is not None and (unknown := sorted(set(found) - set(known))):
        raise BrokenFile(file, f"unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}")
    return found


def read_json(file: Path, limit: int = MAX_BYTES) -> Any:
    """The value of a JSON file. Raises BrokenFile, one line, for a file that is none; see `read_toml`."""
    text = read_text(file, limit)
    try:
        found = json.loads(text)
        _check_values(found, strict=False)
    except (ValueError, RecursionError) as error:
        raise BrokenFile(file, f"cannot be read as JSON ({_one_line(error)})") from error
    return found


def is_there(file: Path, root: Path) -> bool:
    """Whether there is something of that name. Raises BrokenFile for a symlink that leads out of `root`, or nowhere.

    Folders of scrapes are written by strangers: what they link to must not be read in the name of who runs this.
    """
    try:
        is_link = stat.S_ISLNK(file.lstat().st_mode)
        if is_link and not Path(os.path.realpath(file, strict=True)).is_relative_to(root):
            raise BrokenFile(file, "is a symlink that leads out of the raw folder; put the file itself there")
    except (FileNotFoundError, NotADirectoryError):
        if file.is_symlink():
            raise BrokenFile(file, "is a symlink that leads nowhere") from None
        return False
    except (OSError, RecursionError) as error:
        if isinstance(error, OSError) and error.errno in _MACHINE:
            raise Fault(f"{file}: cannot be read ({error.strerror})") from error
        raise BrokenFile(file, f"cannot be read ({getattr(error, 'strerror', 'too many symlinks')})") from error
    return True


def read_text(file: Path, limit: int = MAX_BYTES) -> str:
    """The text of a plain file, without a byte order mark; it is never waited for. Raises BrokenFile, Fault for the machine."""
    data = _read_bytes(file, limit)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BrokenFile(file, f"is not UTF-8 (byte {error.start:,})") from error


def _read_bytes(file: Path, limit: int) -> bytes:
    """The bytes of a plain file: a pipe would be waited for, a device may have no end."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise BrokenFile(file, "is a folder, pipe, socket or device, not a file")
        handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # it may have been replaced by a pipe by now
        with os.fdopen(handle, "rb") as opened:
            data = opened.read(limit + 1) if stat.S_ISREG(os.fstat(handle).st_mode) else b""
    except OSError as error:
        if error.errno in _MACHINE:
            raise Fault(f"{file}: cannot be read ({error.strerror})") from error
        raise BrokenFile(file, f"cannot be read ({error.strerror})") from error
    if len(data) > limit:
        raise BrokenFile(file, f"is larger than {limit >> 20} MiB")
    return data


def _check_values(value: Any, *, strict: bool) -> None:
    """Raise ValueError for values that nest too deep, or (`strict`) a whole number of more than 64 bits; without recursion."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_NESTED):
        held = [item for one in level for item in (one.values() if isinstance(one, dict) else one)]
        if strict and any(type(item) is int and item not in _INT64 for item in held):
            raise ValueError("a whole number of more than 64 bits")
        if not (level := [item for item in held if isinstance(item, dict | list)]):
            return
    raise ValueError(f"it nests more than {MAX_NESTED} deep")


def _one_line(error: Exception) -> str:
    return "it nests too deep" if isinstance(error, RecursionError) else " ".join(str(error).split())


# -- rules ------------------------------------------------------------------------------------------------------------------


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
def read_rules(path: Path, besides: tuple[str, ...] = ()) -> tuple[Rule, ...]:
    """The rules of a file, or of every `*.toml` in a folder in the order of their names; read once per process.

    `besides`: the keys that the file may hold for others.

    Raises WrongUse, one line with file, rule and fault, for a rule without id, pattern, why, cuts or keeps, for an
    unknown key, a value of the wrong type and an id that occurs twice.
    """
    files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    rules = tuple(rule for file in files for rule in _read_file(file, besides))
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


def _read_file(file: Path, besides: tuple[str, ...]) -> Iterator[Rule]:
    entries = read_toml(file, ("rule", *besides)).get("rule", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
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
