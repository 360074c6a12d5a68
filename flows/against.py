"""Proposed rules held against what is published: which rows each would cut a line from, and whether that looks wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flows.publish.tables import read_groups, table_files
from flows.rules import SHORT_LINE, Rule, match_line, split_words

BODIES = {"questions": ("body",), "answers": ("headline", "body"), "comments": ("body",)}
MOST_LINES = 20_000  # different lines that are remembered of one rule


@dataclass(slots=True)
class Hits:
    """What one rule would cut in a snapshot."""

    lines: int = 0
    rows: int = 0
    scrapes: dict[str, set[str]] = field(default_factory=dict)  # by line: up to two scrapes that have it

    @property
    def alone(self) -> list[str]:
        """The lines that stand in one scrape alone: what somebody wrote, more likely than not."""
        return sorted(line for line, scrapes in self.scrapes.items() if len(scrapes) == 1)


def hold_against(rules: Sequence[Rule], snapshot: Path) -> dict[str, Hits]:
    """Return by id what each rule would cut in the published bodies of a snapshot, a few thousand rows in memory at a time."""
    hits = {rule.id: Hits() for rule in rules}
    by_word: dict[bytes, list[Rule]] = {}
    for rule in rules:
        for gate in rule.gate:
            by_word.setdefault(gate.encode(), []).append(rule)
    for scrape, body in _bodies(snapshot) if rules else ():
        cut: set[str] = set()
        for line in body.split("\n"):
            folded = " ".join(line.split())
            if not folded or len(folded) > SHORT_LINE:
                continue
            for word in by_word.keys() & set(split_words(folded.lower())):
                for rule in by_word[word]:
                    if match_line(rule, folded) is not None:
                        _note(hits[rule.id], folded, scrape)
                        cut.add(rule.id)
        for name in cut:
            hits[name].rows += 1
    return hits


def _note(hits: Hits, line: str, scrape: str) -> None:
    hits.lines += 1
    if line in hits.scrapes or len(hits.scrapes) < MOST_LINES:
        known = hits.scrapes.setdefault(line, set())
        if len(known) < 2:
            known.add(scrape)


def _bodies(snapshot: Path) -> Iterator[tuple[str, str]]:
    """Yield every published body and headline with its scrape."""
    for table, columns in BODIES.items():
        for file in table_files(snapshot, table):
            for rows in read_groups(file, table, ("scrape_id", *columns)):
                for scrape, *said in rows.iter_rows():
                    yield from ((scrape, text) for text in said if text)
