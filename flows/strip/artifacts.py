"""Lines and their labels: what on a page is content, and by which rule the rest is not."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from itertools import accumulate

from flows.records import Cut, Line
from flows.rules import SHORT_LINE, split_words
from flows.strip.fold import fold
from flows.strip.own_code import HOLE, Surroundings, mask_digits
from flows.strip.repair import repair_span, smooth_text
from flows.strip.residue import find_residue, scan_residue, split_by_line
from flows.strip.widgets import Claimed, claim_line, claim_long_line, holds_any, load_line_rules, open_literals, open_long_gates

RECURRING_LINE = "residue-line-recurring"
WIDGET_LINE = "residue-line-widget"
_MOST_ROUNDS = 4  # of cutting what grows together: enough for all but hostile text
_LONGEST_LABEL = 1000  # characters of a line with its residue
_SHORT_REST = 60  # characters: what a template prints around its numbers is a label, not a sentence
_RESIDUE_MARKS = "{<$#[%*"
_WORD = re.compile(r"\w")
_CLOSING = tuple(",.;:!?)")
_new = tuple.__new__
_UNKNOWN = Claimed("", "", None, "")
_MOST_CLAIMS = 1 << 14  # lines that are remembered, 100 bytes each
_claims: dict[str, Claimed | None] = {}  # by short line: which rule claims it on any page


def mark_lines(text: str) -> list[Line]:
    """Every line of a page that says something, in order, with what strip knows of it.

    Offsets are characters of `text`; between two lines stand only line terminators (\\n, \\r\\n or \\r) and `gap` blank
    lines. A line is content (role None), "artifact" (template residue; text ""), "chrome", "votes", "rating" or "count".
    Residue inside a line of content is a cut; an author's own is a cut of role "code" and is kept in the text. Linear time.

    >>> [(line.text, line.role) for line in mark_lines("Hi {{ user.name }}, you should rest.\\n\\n7 Answers")]
    [('Hi, you should rest.', None), ('7 Answers', 'count')]
    """
    return _Marking(text).mark()


def split_lines(text: str) -> tuple[list[int], list[int]]:
    """Where the lines of a text start and end, terminators left out; as str.splitlines, but for \\n, \\r\\n and \\r only.

    >>> split_lines("a\\r\\nb\\n")
    ([0, 3], [1, 4])
    """
    starts, ends, _ = _part_lines(text)
    return starts, ends


def _part_lines(text: str) -> tuple[list[int], list[int], list[str]]:
    """Where the lines of a text start and end, and what they hold."""
    if "\r" not in text:
        lines = text.split("\n")
        starts = list(accumulate([len(line) + 1 for line in lines], initial=0))
        ends = [start - 1 for start in starts[1:]]
        starts.pop()
    else:
        breaks = [match.span() for match in re.finditer(r"\r\n|[\n\r]", text)]
        starts = [0, *(end for _, end in breaks)]
        ends = [*(start for start, _ in breaks), len(text)]
        lines = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    if starts[-1] == len(text):  # nothing stands after the last terminator
        starts.pop()
        ends.pop()
        lines.pop()
    return starts, ends, lines


class _Marking:
    """The labels of one page while they are being found."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.literals = open_literals(text)
        self.residue: dict[int, list[Cut]] = {}
        self.running_on: set[int] = set()
        self.fates: dict[int, str | None] = {}  # by line: the own rule of a stretch that runs on into the next one
        self._known_templates: dict[str, str] = {}  # lines that are a template's wherever they stand on this page
        self._around: Surroundings | None = None
        self._has_blocks: bool | None = None
        self._long_gates: tuple[str, ...] | None = None  # those of the rules for long lines that stand on the page
        self._rests: Counter[str] | None = None
        smooth = smooth_text(text)
        self.is_smooth = smooth is not None
        self.shown = text if smooth is None else smooth  # of the same length
        self._starts, self._ends, self._raws = _part_lines(self.shown)
        find = scan_residue if self.is_smooth else find_residue
        cuts = find(text) if any(mark in text for mark in _RESIDUE_MARKS) else []
        if cuts:
            self.residue = split_by_line(cuts, self._starts, self._ends)
            self.running_on = _find_running_on(cuts, self._starts, self._ends)

    @property
    def around(self) -> Surroundings:
        """The page around its residue; made only where more than one line has to be looked at."""
        if self._around is None:
            self._around = Surroundings(self.text, self._starts, self._ends, self.residue)
        return self._around

    @property
    def has_blocks(self) -> bool:
        """Whether blocks of code stand on the page."""
        if self._has_blocks is None:
            self._has_blocks = bool(self.around.blocks)
        return self._has_blocks

    def mark(self) -> list[Line]:
        """The lines, in order."""
        is_smooth, residue = self.is_smooth, self.residue
        is_tight = "  " not in self.shown  # asked once a page, for most are
        if len(_claims) > _MOST_CLAIMS:
            _claims.clear()
        recall = _claims.get
        lines: list[Line] = []
        add = lines.append
        gap = 0
        for number, (start, end, raw) in enumerate(zip(self._starts, self._ends, self._raws, strict=True)):
            if start == end:
                gap += 1
                continue
            if residue and number in residue:
                add(self._mark_residue(number, gap))
                gap = 0
                continue
            if not is_smooth:
                folded = repair_span(raw)
            else:
                folded = raw.strip() if is_tight or "  " not in raw else " ".join(raw.split())
            if not folded:
                gap += 1
                continue
            if len(folded) > SHORT_LINE:
                claimed = self._claim_long(folded)
            elif is_smooth:
                known = recall(folded, _UNKNOWN)
                claimed = self._claim_short(folded) if known is _UNKNOWN else known
            else:
                claimed = claim_line(folded)
            if claimed is None or self._is_spared(claimed, start):
                add(_new(Line, (start, end, folded, None, None, (), None, gap)))
            else:
                left = "" if claimed.role == "artifact" else folded
                add(Line(start, end, left, claimed.role, claimed.rule, (), claimed.values, gap))
            gap = 0
        return lines

    def _claim_short(self, line: str) -> Claimed | None:
        """The rule that claims a short line; remembered, for names, widgets and headings come again on a site's pages.

        Of a smooth page: what a line holds then stands on the page, so that its literals are all that have to be asked.
        """
        opens = not load_line_rules().words.isdisjoint(split_words(line.lower())) or holds_any(self.literals, line)
        claimed = _claims[line] = claim_line(line) if opens else None
        return claimed

    def _claim_long(self, line: str) -> Claimed | None:
        if len(line) > load_line_rules().longest:
            return None
        if self._long_gates is None:
            self._long_gates = open_long_gates(self.shown)
        gates = self._long_gates
        return claim_long_line(line) if (gates and holds_any(gates, line.lower())) or line.isupper() else None

    def _is_spared(self, claimed: Claimed, start: int) -> bool:
        """Whether a claimed line stays: inside a block of code, or where code is spoken of and the rule says so."""
        if self.has_blocks and self.around.is_in_block(start):
            return True
        return claimed.unless == "code" and (self.has_blocks or self.around.is_about_code)

    def _mark_residue(self, number: int, gap: int) -> Line:
        """A line with residue: wholly the template's, or content with cuts."""
        start, end = self._starts[number], self._ends[number]
        raw = self.text[start:end] if not self.has_blocks else ""
        whole = self._known_templates.get(raw)
        if whole is None:
            whole, cuts = self._judge_residue(number)
            if whole is None:
                return self._cut_line(start, end, cuts)._replace(gap=gap)
            if raw and (whole in (WIDGET_LINE, RECURRING_LINE) or self.around.recurs(number)):
                self._known_templates[raw] = whole
        return Line(start, end, "", "artifact", whole, gap=gap)

    def _judge_residue(self, number: int) -> tuple[str | None, list[Cut]]:
        """The rule that takes the whole line, or None and its cuts; what began on the line above keeps its fate."""
        cuts = self.residue[number]
        whole, owned = self._judge_cuts(number, cuts)
        if number - 1 in self.fates:
            began = self.fates[number - 1]
            whole = whole if began is None else None
            owned[0] = began
        if number in self.running_on:
            self.fates[number] = owned[-1]
        return whole, [] if whole is not None else _mark_own(cuts, owned)

    def _judge_cuts(self, number: int, cuts: list[Cut]) -> tuple[str | None, list[str | None]]:
        """The rule that takes the whole line, and for each cut the rule by which it is its author's own."""
        owned = [self.around.own_rule(number, cut) for cut in cuts]
        if None not in owned:
            return None, owned
        rest = self.around.rest_of(number)
        lone = _WORD.search(rest.replace(HOLE, "")) is None
        rule = self.around.own_line_rule(number, rest, lone=lone)
        if rule is None and not any(owned):
            whole = cuts[0].rule if lone else self._whole_line_rule(rest)
            if whole is not None:
                return whole, owned
        if rule is None and not lone:
            rule = self.around.own_prose_rule(number, rest)
        return None, [own or rule for own in owned]

    def _whole_line_rule(self, rest: str) -> str | None:
        """The rule by which a line is a template's although it holds words: a widget's, or words that come again."""
        if len(rest) <= SHORT_LINE:
            for filler in ("0", "", "1.0"):
                if claim_line(fold(rest.replace(HOLE, filler))) is not None:
                    return WIDGET_LINE
        key = _mask_rest(rest)
        return RECURRING_LINE if len(key) <= _SHORT_REST and self._count_rest(key) > 1 else None

    def _count_rest(self, key: str) -> int:
        """How often a rest of a line with residue stands on the page, digits aside."""
        if self._rests is None:
            short = [number for number in self.residue if self._ends[number] - self._starts[number] <= _LONGEST_LABEL]
            self._rests = Counter([_mask_rest(self.around.rest_of(number)) for number in short])
        return self._rests[key]

    def _cut_line(self, start: int, end: int, cuts: list[Cut]) -> Line:
        """A line of content with its cuts; where a cut lets the halves of another residue meet, that is cut as well."""
        shown = self._read_remainder(start, end, cuts)
        for _ in range(_MOST_ROUNDS):
            grown = len(find_residue(shown)) - sum(cut.role == "code" for cut in cuts)
            if grown <= 0 or all(cut.role == "code" for cut in cuts):
                break
            cuts = self._cut_grown(start, end, cuts)
            shown = self._read_remainder(start, end, cuts)
        tidied = _take_spaces(self.text, start, end, cuts)
        shown = self._read_remainder(start, end, tidied)
        return Line(start, end, shown, None, None, tuple(tidied)) if shown else Line(start, end, "", "artifact", cuts[0].rule)

    def _cut_grown(self, start: int, end: int, cuts: list[Cut]) -> list[Cut]:
        """The cuts, and those stretches of the remainder that look like residue only without them."""
        kept: list[int] = []
        at = start
        for cut in (*(cut for cut in cuts if cut.role == "artifact"), Cut(end, end, "artifact", "")):
            kept += range(at, cut.start)
            at = cut.end
        own = {cut.start for cut in cuts if cut.role == "code"}
        found = find_residue("".join(self.text[position] for position in kept))
        grown = [Cut(kept[c.start], kept[c.end - 1] + 1, "artifact", c.rule) for c in found if kept[c.start] not in own]
        return _merge_cuts(cuts + grown)

    def _read_remainder(self, start: int, end: int, cuts: list[Cut]) -> str:
        """The line without its artifacts, each kept stretch repaired by itself."""
        edges = [start, *(edge for cut in cuts if cut.role == "artifact" for edge in (cut.start, cut.end)), end]
        pieces = [self.text[low:high] for low, high in zip(edges[::2], edges[1::2], strict=True)]
        return _join_pieces([piece for piece in pieces if piece])


def _merge_cuts(cuts: list[Cut]) -> list[Cut]:
    """The cuts in order, overlapping ones made one; the one that begins first says why."""
    merged: list[Cut] = []
    for cut in sorted(cuts):
        if merged and cut.start < merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(cut.end, merged[-1].end), role="artifact")
        else:
            merged.append(cut)
    return merged


def _find_running_on(cuts: list[Cut], starts: list[int], ends: list[int]) -> set[int]:
    """The lines whose last stretch runs on into the next line."""
    running_on: set[int] = set()
    for cut in cuts:
        line = bisect_right(starts, cut.start) - 1
        while ends[line] < cut.end:
            running_on.add(line)
            line += 1
    return running_on


def _join_pieces(pieces: list[str]) -> str:
    """The pieces in a row; a space keeps two words, or two halves of something else, from growing together."""
    joined = []
    for before, after in zip(["", *pieces], pieces, strict=False):
        edge = before[-1:] + after[0]
        apart = edge.isspace() or edge.isalnum() or edge[0] in _RESIDUE_MARKS or not (edge[0].isascii() or edge[-1].isascii())
        joined += [" " if apart or edge[0].isspace() or edge[-1].isspace() else "", repair_span(after)]
    return fold("".join(joined))


def _mark_own(cuts: list[Cut], owned: list[str | None]) -> list[Cut]:
    return [cut if own is None else Cut(cut.start, cut.end, "code", own) for cut, own in zip(cuts, owned, strict=True)]


def _mask_rest(rest: str) -> str:
    return mask_digits(fold(rest.replace(HOLE, " ")))


def _take_spaces(text: str, start: int, end: int, cuts: list[Cut]) -> list[Cut]:
    """The cuts, those before a closing sign together with the spaces before them: "Hi {{ x }}, you" reads "Hi, you"."""
    taken: list[Cut] = []
    for cut in cuts:
        first = cut.start
        if cut.role == "artifact" and cut.end < end and text[cut.end] in _CLOSING:
            low = taken[-1].end if taken else start
            while first > low and text[first - 1].isspace():
                first -= 1
        taken.append(cut._replace(start=first))
    return taken
