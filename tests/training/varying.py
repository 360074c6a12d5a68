"""Real pages, varied: separators dropped, joined or reworded, dates printed otherwise, blank lines gone, heads and feet cut."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from dataclasses import replace

from flows.split.flat.dates import find_date
from tests.training.labelling import FIRST, LAST, MIDDLE, OUT, SINGLE, Row, Sample
from tests.training.made_pages import Maker

DIGITS = re.compile(r"\d+")
LEAD = re.compile(r"^[\s•◦▪·*–-]+")


def mask_of(row: Row) -> str:
    text = " ".join(row.raw.split())
    date = find_date(text)
    text = text[: date.start] + "D" + text[date.end :] if date else text
    return DIGITS.sub("0", text)


def vary(sample: Sample, seed: int) -> Sample:
    """Return the page with some things about it changed, the same way all over the page."""
    dice = random.Random(seed)
    rows = [replace(row) for row in sample.rows]
    for share, change in CHANGES:
        if dice.random() < share:
            rows = change(rows, dice)
    return replace(sample, name=f"{sample.name}~{seed}", rows=rows)


def drop_blanks(rows: list[Row], dice: random.Random) -> list[Row]:
    for row in rows:
        row.gap = 0
    return rows


def jitter_blanks(rows: list[Row], dice: random.Random) -> list[Row]:
    kinds: dict[str, int] = defaultdict(lambda: dice.choice([-1, 0, 0, 1, 1]))
    for row in rows:
        if row.label in (OUT, SINGLE, 1):
            row.gap = max(0, row.gap + kinds[mask_of(row)])
    return rows


def drop_indents(rows: list[Row], dice: random.Random) -> list[Row]:
    bullets = dice.random() < 0.5
    for row in rows:
        row.raw = LEAD.sub("", row.raw) if bullets and row.label == OUT and LEAD.sub("", row.raw) else row.raw.strip()
    return [row for row in rows if row.raw]


def _separators(rows: list[Row]) -> dict[str, list[int]]:
    """The lines outside posts, by mask, that come again."""
    found: dict[str, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        if row.label == OUT and len(row.raw) < 100:
            found["author" if row.is_author else mask_of(row)].append(at)
    return {mask: places for mask, places in found.items() if len(places) > 1}


def drop_separators(rows: list[Row], dice: random.Random) -> list[Row]:
    gone: set[int] = set()
    for places in _separators(rows).values():
        held = any(rows[at].is_author or rows[at].is_date for at in places)
        if dice.random() < (0.05 if held else 0.25):
            gone.update(places)
    return [row for at, row in enumerate(rows) if at not in gone]


def drop_dates(rows: list[Row], dice: random.Random) -> list[Row]:
    return [row for row in rows if not (row.is_date and not row.is_author and row.label == OUT)]


def join_separators(rows: list[Row], dice: random.Random) -> list[Row]:
    """Join the lines of one mask, all over the page, to the separator line above."""
    masks = [mask for mask, places in _separators(rows).items() if len(places) > 2]
    if not masks:
        return rows
    chosen, glue = set(dice.sample(masks, min(len(masks), dice.randint(1, 3)))), dice.choice([" ", " ", " | ", " - ", ", "])
    joined: list[Row] = []
    for row in rows:
        mask = "author" if row.is_author else mask_of(row)
        if joined and row.label == OUT == joined[-1].label and mask in chosen and len(joined[-1].raw) < 80:
            last = joined[-1]
            last.raw = last.raw.rstrip() + glue + row.raw.strip()
            last.is_author, last.is_date, last.name = (
                last.is_author or row.is_author,
                last.is_date or row.is_date,
                last.name or row.name,
            )
        else:
            joined.append(row)
    return joined


def reword_separators(rows: list[Row], dice: random.Random) -> list[Row]:
    maker = Maker(dice.randrange(1 << 30))
    words: dict[str, str] = defaultdict(lambda: maker.word())
    for mask, places in _separators(rows).items():
        if mask == "author" or dice.random() < 0.4:
            continue
        for at in places:
            row, kept = rows[at], rows[at].name or "\n"
            date = find_date(row.raw)
            spare = row.raw[date.start : date.end] if date else "\n"
            row.raw = " ".join(
                piece if piece in kept or piece in spare or not piece.isalpha() else words[piece.lower()].title() if piece[0].isupper() else words[piece.lower()]
                for piece in row.raw.split()
            )  # fmt: skip
    return rows


def reprint_dates(rows: list[Row], dice: random.Random) -> list[Row]:
    maker = Maker(dice.randrange(1 << 30))
    when = maker.now
    for row in rows:
        date = find_date(row.raw) if row.label == OUT else None
        if date is not None:
            when = when.replace(
                hour=dice.randint(0, 23), minute=dice.randint(0, 59), day=dice.randint(1, 28), month=dice.randint(1, 12)
            )
            row.raw = row.raw[: date.start] + maker.date(when) + row.raw[date.end :]
    return rows


def cut_ends(rows: list[Row], dice: random.Random) -> list[Row]:
    inside = [at for at, row in enumerate(rows) if row.label != OUT or row.is_author or row.is_date]
    if not inside:
        return rows
    low = dice.randint(0, inside[0]) if dice.random() < 0.6 else 0
    high = dice.randint(inside[-1] + 1, len(rows)) if dice.random() < 0.6 else len(rows)
    return rows[low:high]


def drop_posts(rows: list[Row], dice: random.Random) -> list[Row]:
    """Drop some posts with the lines that belong to them, from the end of one body to the end of another."""
    ends = [at for at, row in enumerate(rows) if row.label in (LAST, SINGLE)]
    if len(ends) < 3:
        return rows
    first = dice.randrange(len(ends) - 1)
    last = dice.randint(first + 1, len(ends) - 1)
    if last - first >= len(ends) - 1:
        return rows
    return rows[: ends[first] + 1] + rows[ends[last] + 1 :]


def add_list(rows: list[Row], dice: random.Random) -> list[Row]:
    maker = Maker(dice.randrange(1 << 30))
    maker.listed()
    outs = [at for at, row in enumerate(rows) if row.label == OUT]
    inside = [at for at, row in enumerate(rows) if row.label != OUT]
    if not inside:
        return maker.rows + rows
    if dice.random() < 0.75:
        at = dice.choice([k for k in (*outs, len(rows)) if k > inside[-1] or k <= max(0, inside[0] - 6)] or [len(rows)])
    else:
        at = inside[-1] + 1
    return rows[:at] + maker.rows + rows[at:]


def add_signatures(rows: list[Row], dice: random.Random) -> list[Row]:
    maker = Maker(dice.randrange(1 << 30))
    signatures: dict[str, list[str]] = {}
    mark = dice.choice(["", "", "____________", "--"])
    made: list[Row] = []
    name = ""
    for row in rows:
        name = row.name or name
        made.append(row)
        if row.label in (LAST, SINGLE) and name:
            known = signatures.setdefault(name, [maker.sentence(2, 9)] if maker.chance(0.5) else [])
            made += [Row(text, 0 if place else 1) for place, text in enumerate([mark, *known] if known else []) if text]
    return made


def shorten_posts(rows: list[Row], dice: random.Random) -> list[Row]:
    """Make some posts one short line."""
    maker = Maker(dice.randrange(1 << 30))
    short = {row.post for row in rows if row.post >= 0 and dice.random() < 0.25}
    made: list[Row] = []
    for row in rows:
        if row.post not in short:
            made.append(row)
        elif row.label in (1, SINGLE):
            made.append(Row(maker.sentence(1, 8), row.gap, SINGLE, row.post))
    return made


def split_paragraphs(rows: list[Row], dice: random.Random) -> list[Row]:
    """Break long lines of bodies, as hard-wrapped text is."""
    made: list[Row] = []
    for row in rows:
        if row.label == MIDDLE and len(row.raw) > 150:
            words = row.raw.split()
            size = 12
            made += [
                replace(row, raw=" ".join(words[k : k + size]), gap=row.gap if k == 0 else 0)
                for k in range(0, len(words), size)
            ]
        else:
            made.append(row)
    return made


def add_markup(rows: list[Row], dice: random.Random) -> list[Row]:
    """Show the tags of bodies as text, on lines of their own, as sites do that escape too much."""
    made: list[Row] = []
    tag = dice.choice(["p", "p", "div"])
    for row in rows:
        if row.label == OUT:
            made.append(row)
            continue
        made += [
            Row(f"<{tag}>", row.gap, MIDDLE, row.post),
            replace(row, gap=0, label=MIDDLE),
            Row(f"</{tag}>", 0, MIDDLE, row.post),
        ]
    return relabel(made)


def relabel(rows: list[Row]) -> list[Row]:
    """Give the first and last line of each body their labels anew."""
    for at, row in enumerate(rows):
        if row.label != OUT:
            begins = at == 0 or rows[at - 1].label == OUT or rows[at - 1].post != row.post
            ends = at + 1 == len(rows) or rows[at + 1].label == OUT or rows[at + 1].post != row.post
            row.label = SINGLE if begins and ends else FIRST if begins else LAST if ends else MIDDLE
    return rows


CHANGES = (
    (0.05, add_markup),
    (0.3, drop_posts), (0.12, shorten_posts), (0.06, split_paragraphs), (0.3, reprint_dates), (0.06, drop_dates), (0.3, drop_separators),
    (0.25, reword_separators), (0.2, join_separators), (0.08, add_signatures), (0.3, add_list), (0.25, cut_ends), (0.3, drop_indents), (0.1, jitter_blanks), (0.3, drop_blanks),
)  # fmt: skip
