"""An author's own template text: which residue-shaped stretches stay, and by which rule.

Evidence is asked in order of its strength: code blocks and backticks, then the shape of the stretch, then the line it
stands in; then whether the page prints it again and again, which only a template does; then the neighbours, and last
what the sentence and the page speak of. Vocabulary and shapes are data: `rules/own-code.toml`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache, cached_property, lru_cache

from flows.records import Cut
from flows.rules import Rule, compile_pattern, count_cues, read_rules
from flows.strip.residue import RULES

HOLE = "\ufffc"  # stands for a residue in the rest of its line (OBJECT REPLACEMENT CHARACTER)
_RECURS = 3  # times: a person quotes a stretch on a line of its own once or twice, a template prints it at every post
_NEAR_LINES = 2
_LOOK = 1000  # characters of a line that are read for evidence; longer lines are dumps of data
_SPOKEN_PAGE = 2  # different strong words that make a page one about code
_BLOCK_MARKS = {"`": ("```",), "~": ("~~~",), "[": ("[code", "[php", "[html", "[highlight", "[CODE"), "<": ("<pre", "<code")}
_WORD = re.compile(r"[^\W_]")
_DIGITS = re.compile(r"\d+")


@cache
def load_own_rules() -> dict[str, tuple[Rule, ...]]:
    """The rules of `rules/own-code.toml`, by scope."""
    by_scope: dict[str, tuple[Rule, ...]] = {}
    for rule in read_rules(RULES / "own-code.toml"):
        by_scope[rule.scope] = (*by_scope.get(rule.scope, ()), rule)
    return by_scope


def mask_digits(text: str) -> str:
    """The text with every number as 0, so that counts of one widget look alike."""
    return _DIGITS.sub("0", text)


class Surroundings:
    """A page around its residue: what its lines hold, what they speak of, and what comes again."""

    def __init__(self, text: str, starts: Sequence[int], ends: Sequence[int], residue: dict[int, list[Cut]]) -> None:
        self.text, self.starts, self.ends, self.residue = text, starts, ends, residue

    def own_rule(self, line: int, cut: Cut) -> str | None:
        """The rule by which one stretch is its author's whatever the rest of its line; None when there is none."""
        if self.is_in_block(cut.start):
            return "own-code-fence"
        start = self.starts[line]
        before = self.text[max(start, cut.start - 40) : cut.start]
        if self._is_in_backticks(line, cut):
            return "own-code-inline"
        stretch = f"{before}{HOLE}{self.text[cut.start : min(cut.end, cut.start + _LOOK)]}"
        return _first_match("own-stretch", stretch)

    def own_line_rule(self, line: int, rest: str, *, lone: bool) -> str | None:
        """The rule by which all residue of a line is its author's; `rest` is the line with each residue as HOLE."""
        if not lone:
            return self._line_rule(line, rest)
        if self.recurs(line):
            return None
        if self._is_introduced(line):
            return "own-code-introduced"
        if self._stands_in_code(line):
            return "own-code-block"
        return "own-code-indent" if self._is_indented(line) else None

    def own_prose_rule(self, line: int, rest: str) -> str | None:
        """The rule by which a sentence about code keeps its residue; to be asked last."""
        if self._is_indented(line):
            return "own-code-indent"
        (prose,) = load_own_rules()["own-prose"]
        shown = rest[:_LOOK]
        if prose.never and compile_pattern(prose.never).search(shown.strip()):
            return None
        first, last = shown.find(HOLE), shown.rfind(HOLE)
        before = _WORD.search(shown, 0, max(first, 0)) is not None
        after = _WORD.search(shown, last + 1) is not None or shown[last + 1 :].strip()[:1] in tuple(".!?:)\"'”»")
        strong = compile_pattern(prose.pattern).search(shown) is not None
        spoken = strong or ((before or after) and (speaks_of_code(self._paragraph(line)) or self.is_about_code))
        if not spoken:
            return None
        (quote,) = load_own_rules()["own-quote"]
        if compile_pattern(quote.pattern).search(shown):
            return quote.id
        return prose.id if (before and after) or (strong and (before or after)) else None

    @cached_property
    def is_about_code(self) -> bool:
        """Whether the lines without residue speak of code, in at least _SPOKEN_PAGE different strong words."""
        (prose,) = load_own_rules()["own-prose"]
        spoken: set[str] = set()
        for line in range(len(self.starts)):
            if line not in self.residue:
                words = compile_pattern(prose.pattern).findall(self.text[self.starts[line] : self.ends[line]][:_LOOK])
                spoken.update(word.lower() for word in words)
            if len(spoken) >= _SPOKEN_PAGE:
                return True
        return False

    @cached_property
    def blocks(self) -> list[tuple[int, int]]:
        """Where the page's blocks of code begin and end."""
        return find_blocks(self.text)

    def is_in_block(self, at: int) -> bool:
        """Whether a position stands inside a fenced or tagged block of code."""
        here = bisect_right(self.blocks, (at, len(self.text))) - 1
        return here >= 0 and at < self.blocks[here][1]

    @cached_property
    def _counts(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for line in self.residue:
            key = self._key(line)
            counts[key] = counts.get(key, 0) + 1
        return counts

    def _key(self, line: int) -> str:
        return mask_digits(self.text[self.starts[line] : min(self.ends[line], self.starts[line] + _LOOK)].strip())

    def recurs(self, line: int) -> bool:
        """Whether the line, digits aside, stands on the page at least _RECURS times."""
        return self._counts[self._key(line)] >= _RECURS

    def rest_of(self, line: int) -> str:
        """The line with each residue as HOLE."""
        pieces, at = [], self.starts[line]
        for cut in self.residue.get(line, ()):
            pieces += [self.text[at : cut.start], HOLE]
            at = cut.end
        pieces.append(self.text[at : self.ends[line]])
        return "".join(pieces)

    def _line_rule(self, line: int, rest: str) -> str | None:
        if len(rest) > _LOOK:
            return None
        rule = _first_match("own-line", rest)
        return None if rule == "own-code-yaml" and not self._stands_in_code(line) else rule

    def _is_in_backticks(self, line: int, cut: Cut) -> bool:
        start, end = max(self.starts[line], cut.start - _LOOK), min(self.ends[line], cut.end + _LOOK)
        return self.text.find("`", cut.end, end) >= 0 and self.text.count("`", start, cut.start) % 2 == 1

    def _is_indented(self, line: int) -> bool:
        (rule,) = load_own_rules()["own-indent"]
        indented = compile_pattern(rule.pattern).match(self.text[self.starts[line] : self.starts[line] + 8]) is not None
        return indented and (self.is_about_code or speaks_of_code(self._paragraph(line)))

    def _is_introduced(self, line: int) -> bool:
        (rule,) = load_own_rules()["own-lead"]
        for above in range(line - 1, max(line - 8, -1), -1):
            lead = self.rest_of(above)[-_LOOK:].strip()
            if lead and lead != HOLE:
                return compile_pattern(rule.pattern).search(lead[-1]) is not None and speaks_of_code(lead)
        return False

    def _stands_in_code(self, line: int) -> bool:
        """Whether a line near by, with no blank line between, is source code."""
        for step in (-1, 1):
            for distance in range(1, _NEAR_LINES + 1):
                near = line + step * distance
                if not 0 <= near < len(self.starts) or self.ends[near] == self.starts[near]:
                    break
                if self._is_code(near):
                    return True
        return False

    def _is_code(self, line: int) -> bool:
        if self.ends[line] - self.starts[line] > _LOOK:
            return False
        rest = self.rest_of(line)
        if HOLE in rest and _WORD.search(rest) is None:
            return False
        return _first_match("own-near", rest) is not None or (HOLE in rest and _first_match("own-line", rest) is not None)

    def _paragraph(self, line: int) -> str:
        """What is said just above and below the line, down to a blank one; residue aside."""
        lines: list[str] = []
        for step in (-1, 1):
            for distance in range(0 if step < 0 else 1, 4):
                near = line + step * distance
                if not 0 <= near < len(self.starts) or self.ends[near] == self.starts[near]:
                    break
                lines.append(self.rest_of(near)[:_LOOK] if self.ends[near] - self.starts[near] < 100 * _LOOK else "")
        return "\n".join(lines)


def speaks_of_code(text: str) -> bool:
    """Whether a text speaks of templates, code, a framework or a syntax: one strong word, or enough weak ones.

    >>> speaks_of_code("Which Jinja filter is that?"), speaks_of_code("Which dress code is that?")
    (True, False)
    """
    (prose,) = load_own_rules()["own-prose"]
    return compile_pattern(prose.pattern).search(text) is not None or count_cues(prose, text) >= prose.at_least


def find_blocks(text: str) -> list[tuple[int, int]]:
    """The blocks of code of a page, from each opening mark to the next one; an unclosed one ends at the next empty line."""
    if not any(sign in text and any(mark in text for mark in marks) for sign, marks in _BLOCK_MARKS.items()):
        return []
    (rule,) = load_own_rules()["own-block"]
    blocks, begun = [], -1
    for match in compile_pattern(rule.pattern).finditer(text):
        closes = match.group()[1:2] == "/"
        if begun < 0 and not closes:
            begun = match.end()
        elif begun >= 0:
            blocks.append((begun, match.start()))
            begun = -1
    if begun >= 0:
        empty = text.find("\n\n", begun)
        blocks.append((begun, empty if empty >= 0 else len(text)))
    return blocks


@lru_cache(maxsize=4096)  # a page repeats its templates
def _first_match(scope: str, text: str) -> str | None:
    for rule in load_own_rules()[scope]:
        if compile_pattern(rule.pattern, case=rule.case).search(text):
            return rule.id
    return None
