"""Line rules: which widget a whole line is. A set of words is asked first, patterns only where a word is known."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import NamedTuple

from flows.rules import SHORT_LINE, Rule, match_pattern, read_rules, split_words
from flows.strip.residue import RULES

_LONG_GATES = 3
_ARROWS = "▾▸▿»›"
_NO_ARROWS = str.maketrans(dict.fromkeys(_ARROWS, " "))
_LONG_GATES_ABROAD = 8


class Claimed(NamedTuple):
    """What a rule says of a whole line."""

    role: str
    rule: str
    values: dict[str, str] | None
    unless: str


class LineRules(NamedTuple):
    """The line rules, indexed by what opens their gates."""

    rules: tuple[Rule, ...]
    by_word: dict[bytes, tuple[int, ...]]
    by_literal: dict[str, tuple[int, ...]]
    words: frozenset[bytes]
    long_rules: tuple[Rule, ...]
    long_gates: tuple[str, ...]  # the first few of each long rule, for pages in ASCII
    all_long_gates: tuple[str, ...]  # a few more, for other pages
    tail_rules: tuple[Rule, ...]  # those for the last paragraph of a page
    longest: int  # characters of a line that any rule looks at


@cache
def load_line_rules() -> LineRules:
    """All rules of scope "line" under `rules/`, in the order of files and of rules in a file."""
    rules = tuple(rule for rule in read_rules(RULES) if rule.scope == "line")
    by_word: dict[bytes, tuple[int, ...]] = {}
    by_literal: dict[str, tuple[int, ...]] = {}
    for number, rule in enumerate(rules):
        for gate in rule.gate:
            if gate.isalpha():
                by_word[gate.encode()] = (*by_word.get(gate.encode(), ()), number)
            else:
                by_literal[gate] = (*by_literal.get(gate, ()), number)
    long_rules = tuple(rule for rule in rules if rule.max_chars > SHORT_LINE)
    long_gates = _fewest(gate for rule in long_rules for gate in rule.gate[:_LONG_GATES])
    all_long_gates = _fewest(gate for rule in long_rules for gate in rule.gate[:_LONG_GATES_ABROAD])
    tail = tuple(rule for rule in read_rules(RULES) if rule.scope == "tail")
    longest = max(rule.max_chars for rule in rules)
    return LineRules(rules, by_word, by_literal, frozenset(by_word), long_rules, long_gates, all_long_gates, tail, longest)


def _fewest(gates: Iterable[str]) -> tuple[str, ...]:
    """The gates without those that hold another one: where "cookies" stands, "cookie" does."""
    known = dict.fromkeys(gates)
    return tuple(gate for gate in known if not any(other != gate and other in gate for other in known))


def open_literals(text: str) -> tuple[str, ...]:
    """The literal gates that stand anywhere in a page: one test a page instead of one a line."""
    return tuple(literal for literal in load_line_rules().by_literal if literal in text)


def open_long_gates(text: str) -> tuple[str, ...]:
    """The gates of the rules for long lines that stand in a page; half a microsecond per gate and KB."""
    known = load_line_rules()
    return tuple(gate for gate in (known.long_gates if text.isascii() else known.all_long_gates) if gate in text)


def holds_any(literals: tuple[str, ...], text: str) -> bool:
    """Whether one of the literals stands in the text."""
    for literal in literals:  # noqa: SIM110 (`any` on a generator takes twice as long, and this runs for every line)
        if literal in text:
            return True
    return False


@lru_cache(maxsize=8192)
def claim_long_line(line: str) -> Claimed | None:
    """The first rule for long lines that claims a folded line."""
    lower = line.lower()
    for rule in load_line_rules().long_rules:
        if len(line) <= rule.max_chars and holds_any(rule.gate, lower):
            match = match_pattern(rule, line)
            if match is not None:
                return _describe(rule, match.groupdict())
    return None


@lru_cache(maxsize=16384)
def claim_line(line: str) -> Claimed | None:
    """The first rule that claims a folded line of at most SHORT_LINE characters; None for content.

    Behind words, the arrows of menus are no part of them.
    """
    known = load_line_rules()
    if not line.isascii() and any(arrow in line for arrow in _ARROWS):
        line = " ".join(line.translate(_NO_ARROWS).split()) or line
    words = set(split_words(line.lower())) & known.words
    numbers = {number for word in words for number in known.by_word[word]}
    numbers.update(number for literal, open_to in known.by_literal.items() if literal in line for number in open_to)
    for number in sorted(numbers):
        rule = known.rules[number]
        match = match_pattern(rule, line) if len(line) <= rule.max_chars else None
        if match is not None:
            return _describe(rule, match.groupdict())
    return None


def is_closing_notice(text: str) -> bool:
    """Whether the last paragraph of a page is a notice of its site; elsewhere on a page it takes more to say so.

    >>> is_closing_notice("The replies on this page are not legal advice."), is_closing_notice("My page tore.")
    (True, False)
    """
    return any(len(text) <= rule.max_chars and match_pattern(rule, text) is not None for rule in load_line_rules().tail_rules)


def _describe(rule: Rule, groups: dict[str, str | None]) -> Claimed:
    values = {name: value.strip() for name, value in groups.items() if value is not None}
    return Claimed(rule.role, rule.id, values or None, rule.unless)
