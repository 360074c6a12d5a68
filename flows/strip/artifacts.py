"""Lines and their labels: what on a page is content, and by which rule the rest is not."""

from __future__ import annotations

import re
from bisect import bisect_right

from flows.records import Cut, Line
from flows.rules import SHORT_LINE
from flows.strip.fold import fold, is_evenly_spaced
from flows.strip.own_code import HOLE, Surroundings, find_blocks, mask_digits
from flows.strip.repair import repair, repair_span
from flows.strip.residue import find_residue, split_by_line
from flows.strip.widgets import Claimed, claim_line, claim_long_line, load_line_rules, open_literals

RECURRING_LINE = "residue-line-recurring"
WIDGET_LINE = "residue-line-widget"
_SHORT_REST = 60  # characters: what a template prints around its numbers is a label, not a sentence
_RESIDUE_MARKS = "{<$#[%*"
_BLOCK_MARKS = "`~[<"
_WORD = re.compile(r"\w")
_CLOSING = tuple(",.;:!?)")
_ROLE_OF_LABEL = {"votes", "rating", "count", "chrome", "artifact"}
_new = tuple.__new__


def mark_lines(text: str) -> list[Line]:
    """Every line of a page in order, blank ones too, with what strip knows of it.

    Offsets are characters of `text`; between two lines stands only a line terminator (\\n, \\r\\n or \\r). A line is
    content (role None), "blank", "artifact" (template residue; text ""), "chrome", "votes", "rating" or "count".
    Residue inside a line of content is a cut; an author's own is a cut of role "code" and stays in the text. Linear time.

    >>> [(line.text, line.role) for line in mark_lines("Hi {{ user.name }}, you should rest.\\n7 Answers")]
    [('Hi, you should rest.', None), ('7 Answers', 'count')]
    """
    starts, ends = split_lines(text)
    page = _Marking(text, starts, ends)
    return page.mark()


def split_lines(text: str) -> tuple[list[int], list[int]]:
    """Where the lines of a text start and end, terminators left out; as str.splitlines, but for \\n, \\r\\n and \\r only.

    >>> split_lines("a\\r\\nb\\n")
    ([0, 3], [1, 4])
    """
    starts, ends, at = [], [], 0
    if "\r" not in text:
        for line in text.split("\n"):
            starts.append(at)
            at += len(line)
            ends.append(at)
            at += 1
    else:
        for match in re.finditer(r"\r\n|[\n\r]", text):
            starts.append(at)
            ends.append(match.start())
            at = match.end()
        starts.append(at)
        ends.append(len(text))
    if starts[-1] == len(text):  # nothing stands after the last terminator
        starts.pop()
        ends.pop()
    return starts, ends


class _Marking:
    """The labels of one page while they are being found."""

    def __init__(self, text: str, starts: list[int], ends: list[int]) -> None:
        self.text, self.starts, self.ends = text, starts, ends
        self.literals = open_literals(text)
        cuts = find_residue(text) if any(mark in text for mark in _RESIDUE_MARKS) else []
        self.residue = split_by_line(cuts, starts, ends) if cuts else {}
        self.around = Surroundings(text, starts, ends, self.residue)
        self.blocks = find_blocks(text) if any(mark in text for mark in _BLOCK_MARKS) else []
        self._long_gate_open: bool | None = None

    def mark(self) -> list[Line]:
        """The lines, in order."""
        text, residue, lines = self.text, self.residue, []
        even = is_evenly_spaced(text)
        for number, (start, end) in enumerate(zip(self.starts, self.ends, strict=True)):
            if start == end:
                lines.append(_new(Line, (start, end, "", "blank", None, (), None)))
                continue
            if number in residue:
                lines.append(self._mark_residue(number))
                continue
            raw = text[start:end]
            folded = (raw.strip() if even else fold(raw)) if raw.isascii() else repair_span(raw)
            if not folded:
                lines.append(_new(Line, (start, end, "", "blank", None, (), None)))
                continue
            claimed = self._claim(folded, start)
            if claimed is None:
                lines.append(_new(Line, (start, end, folded, None, None, (), None)))
            else:
                shown = "" if claimed.role == "artifact" else folded
                lines.append(Line(start, end, shown, claimed.role, claimed.rule, (), claimed.values))
        return lines

    def _claim(self, folded: str, start: int) -> Claimed | None:
        """The rule that claims a whole line; none inside a block of code."""
        if len(folded) <= SHORT_LINE:
            claimed = claim_line(folded, self.literals)
        else:
            claimed = claim_long_line(folded) if self._is_long_gate_open(folded) else None
        if claimed is None or (self.blocks and self._is_in_block(start)):
            return None
        return None if claimed.unless == "code" and self._is_about_code() else claimed

    def _is_long_gate_open(self, line: str) -> bool:
        if self._long_gate_open is None:
            self._long_gate_open = any(gate in self.text for gate in load_line_rules().long_gates)
        return self._long_gate_open or line.isupper()

    def _is_in_block(self, at: int) -> bool:
        here = bisect_right(self.blocks, (at, len(self.text))) - 1
        return here >= 0 and at < self.blocks[here][1]

    def _is_about_code(self) -> bool:
        return bool(self.blocks) or self.around.is_about_code

    def _mark_residue(self, number: int) -> Line:
        """A line with residue: wholly the template's, or content with cuts."""
        start, end = self.starts[number], self.ends[number]
        cuts = self.residue[number]
        owned = [self.around.own_rule(number, cut) for cut in cuts]
        if None in owned:
            rest = self.around.rest_of(number)
            lone = not _WORD.search(rest.replace(HOLE, ""))
            rule = self.around.own_line_rule(number, rest, lone=lone)
            if rule is None and not any(owned):
                whole = cuts[0].rule if lone else self._whole_line_rule(rest)
                if whole is not None:
                    return Line(start, end, "", "artifact", whole)
            if rule is None and not lone:
                rule = self.around.own_prose_rule(number, rest)
            owned = [own or rule for own in owned]
        final = [
            cut if own is None else cut._replace(role="code", rule=own) for cut, own in zip(cuts, owned, strict=True)
        ]
        tidied = _take_spaces(self.text, start, end, final)
        return Line(start, end, self._read_remainder(start, end, tidied), None, None, tuple(tidied))

    def _whole_line_rule(self, rest: str) -> str | None:
        """The rule by which a line is a template's although it holds words: a widget's, or words that come again."""
        if len(rest) <= SHORT_LINE:
            for filler in ("0", "", "1.0"):
                claimed = claim_line(fold(rest.replace(HOLE, filler)), open_literals(rest))
                if claimed is not None and claimed.role in _ROLE_OF_LABEL:
                    return WIDGET_LINE
        key = _mask_rest(rest)
        return RECURRING_LINE if len(key) <= _SHORT_REST and self._rests().get(key, 0) > 1 else None

    def _rests(self) -> dict[str, int]:
        if not hasattr(self, "_counted"):
            self._counted: dict[str, int] = {}
            for number in self.residue:
                if self.ends[number] - self.starts[number] <= 1000:
                    key = _mask_rest(self.around.rest_of(number))
                    self._counted[key] = self._counted.get(key, 0) + 1
        return self._counted

    def _read_remainder(self, start: int, end: int, cuts: list[Cut]) -> str:
        """The line without its artifacts, each kept stretch repaired by itself; no two words grow together."""
        kept, at = "", start
        pieces = []
        for cut in cuts:
            if cut.role == "artifact":
                pieces.append(self.text[at : cut.start])
                at = cut.end
        pieces.append(self.text[at:end])
        joined = [repair(piece) for piece in pieces]
        for piece in joined:
            kept = piece if not kept else (kept + piece if piece.startswith(_CLOSING) else f"{kept} {piece}")
        return fold(kept)


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
