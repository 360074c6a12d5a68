"""What becomes of the lines of a page while its posts are put together: whole lines, or pieces of them."""

from __future__ import annotations

from flows.records import Byline, Claim, Cues, Line, Page
from flows.split.flat.compose import Fate, Stretch, claim_page, part_stretches

DROPPED = ("artifact", "chrome")  # roles of lines that are no part of a body


class LineFates:
    """The fate of each line of one page; `rule` is the name under which lines go to posts."""

    def __init__(self, page: Page, lines: list[Line], cues: Cues, rule: str) -> None:
        self.page, self.lines, self.cues, self.rule = page, lines, cues, rule
        self.parts: dict[int, list[Stretch]] = {}  # of the lines whose pieces go different ways
        self.fates: list[Fate] = [
            (line.role or "chrome", line.rule or "outside-posts", None)
            if line.role != "count"
            else ("count", line.rule or rule, None)
            for line in lines
        ]

    def take_body(self, number: int, low: int, high: int) -> str | None:
        """Give the lines from `low` to `high` to a post; return their text, None where no line of it is content."""
        shown: list[Line] = []
        for at in range(low, high + 1):
            line = self.lines[at]
            if line.role in DROPPED or self.fates[at][1] not in ("outside-posts", line.rule):
                continue
            self.fates[at] = ("answer" if number else "question", self.rule, number)
            shown.append(line)
        text = "".join(("\n\n" if line.gap else "\n") + line.text if place else line.text for place, line in enumerate(shown))
        return text or None

    def take_byline(self, number: int, at: int, low: int, high: int) -> Byline | None:
        """Give the characters [low, high) of a line's text to a post as its author; None where that cannot be."""
        line = self.lines[at]
        if line.role is not None or self.fates[at][2] is not None:
            return None
        name = line.text[low:high]
        if not self.claim_piece(at, low, high, ("byline", self.rule, number)):
            return None
        byline = self.cues.read_byline([name])
        if byline.name is None and byline.role is None:
            byline = Byline(printed=name, name=name)
        return byline._replace(printed=name, alias=name)

    def take_date(self, number: int, at: int, low: int, high: int) -> str | None:
        """Give the characters [low, high) of a line's text to a post as its date; None where that cannot be."""
        line = self.lines[at]
        if self.fates[at][2] is not None and at not in self.parts:
            return None
        return line.text[low:high] if self.claim_piece(at, low, high, ("date", self.rule, number)) else None

    def claim_piece(self, at: int, low: int, high: int, fate: Fate) -> bool:
        """Give a piece of a line to a post; False where cuts or repairs hide it in the raw text.

        Of the whole of a line, what a rule cut out of it stays with that rule.
        """
        line = self.lines[at]
        if line.cuts and (low, high) == (0, len(line.text)):
            if at in self.parts:
                return False
            self.parts[at] = list(part_stretches([(line, fate)]))
            return True
        span = locate_piece(self.page.text[line.start : line.end], line.text, low, high)
        if span is None:
            return False
        pieces = self.parts.get(at, [(line.start, self.fates[at])])
        self.parts[at] = _cut_in(pieces, (line.start + span[0], line.start + span[1]), fate, line.end)
        return True

    def claims(self) -> list[Claim]:
        """Return the partition of the page's text."""
        found: list[Stretch] = []
        for at, line in enumerate(self.lines):
            if at in self.parts:
                found += self.parts[at]
            else:
                found += part_stretches([(line, self.fates[at])])
        return claim_page(self.page.text, found)


def locate_piece(raw: str, text: str, low: int, high: int) -> tuple[int, int] | None:
    """Return where a piece of a line's text stands in the raw line; None where more than white space is other there.

    >>> locate_piece("by \\u00a0Ada  Berg ", "by Ada Berg", 3, 11)
    (4, 13)
    """
    if (low, high) == (0, len(text)):
        return 0, len(raw)
    letters = [at for at, char in enumerate(raw) if not char.isspace()]
    if [raw[at] for at in letters] != list("".join(text.split())):
        return None
    before, inside = len("".join(text[:low].split())), len("".join(text[low:high].split()))
    return (letters[before], letters[before + inside - 1] + 1) if inside else None


def _cut_in(pieces: list[Stretch], span: tuple[int, int], fate: Fate, end: int) -> list[Stretch]:
    """Return the stretches of a line with one more cut into them."""
    found: list[Stretch] = []
    for place, (start, own) in enumerate(pieces):
        stop = pieces[place + 1][0] if place + 1 < len(pieces) else end
        if own[2] is not None or stop <= span[0] or start >= span[1]:
            found.append((start, own))
            continue
        if start < span[0]:
            found.append((start, own))
        found.append((max(start, span[0]), fate))
        if stop > span[1]:
            found.append((span[1], own))
    return found
