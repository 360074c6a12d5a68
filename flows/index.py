"""The index of what was cleaned before: which input stands in which sorted batch, read back only as far as it checks out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson

from flows.publish.durable import write_durably
from flows.publish.shapes import anything, by_name, fields, matching, number, read_json, row, text
from flows.read.stamps import Stamp

FORMAT = 2
RUN_NAME = re.compile("[0-9a-f]{16}")
MOST_PIECES = 1 << 32  # of a run
READ_BYTES = 1 << 20
# A page without text weighs as much: its rows in the tables of scrapes and of refusals, in memory a few times over.
PAGE_WEIGHT = 512
Seal = tuple[int, int]  # of a run: the bytes of its files, and their checksum


@dataclass(frozen=True, slots=True)
class Kept:
    """One piece of an input that was cleaned: its run, its number there, pages, characters, and its key if it is a range."""

    run: str
    number: int
    pages: int
    chars: int
    key: str | None


def weigh(chars: int, pages: int) -> int:
    """Return what pages weigh in the merge, by the characters of their texts and how many there are.

    >>> weigh(16 << 20, 0) == weigh(0, 32_768)
    True
    """
    return chars + PAGE_WEIGHT * pages


@dataclass(slots=True)
class Entry:
    """What is known of one input."""

    stamp: Stamp
    pieces: list[Kept] = field(default_factory=list)
    is_settled: bool = True  # False: it could not be read, and is tried again
    held: tuple[str | None, ...] = ()  # sites whose pages the gate left out, to be judged again


@dataclass(slots=True)
class Index:
    """The entries that hold, those that are of another version or have lost a run, the runs, and what they are the basis of."""

    sound: dict[str, Entry] = field(default_factory=dict)
    outdated: dict[str, Entry] = field(default_factory=dict)
    seals: dict[str, Seal] = field(default_factory=dict)
    basis: str = ""

    def names(self) -> set[str]:
        """Return the runs that entries stand in."""
        return names_in((*self.sound.values(), *self.outdated.values()))

    def drop(self, runs: set[str]) -> None:
        """Let what stands in some runs be cleaned again: their files are damaged."""
        lost = [source for source, entry in self.sound.items() if any(kept.run in runs for kept in entry.pieces)]
        self.outdated |= {source: self.sound.pop(source) for source in lost}


def names_in(entries: Iterable[Entry]) -> set[str]:
    """Return the runs that entries stand in."""
    return {kept.run for entry in entries for kept in entry.pieces}


SHAPE = fields(
    {
        "format": number,
        "version": text,
        "runs": by_name(row(number, number), matching(RUN_NAME.pattern)),
        "inputs": by_name(row(anything, anything, anything, anything)),  # of a million inputs: checked as they are taken
    },
    {"basis": text},
)


def read_index(file: Path, version: str) -> Index:
    """Return an index; an empty one where there is none, or a damaged one: everything is then cleaned again."""
    try:
        index = read_json(file, SHAPE)
        if index["format"] != FORMAT:
            return Index()
        seals: dict[str, Seal] = {run: (size, checksum) for run, (size, checksum) in index["runs"].items()}
        there = {run for run, (size, _) in seals.items() if (file.parent / run).is_dir() and size_of(file.parent / run) == size}
        entries = {source: _read_entry(*told) for source, told in index["inputs"].items()}
    except (OSError, ValueError, TypeError):
        return Index()
    is_current = index["version"] == version
    sound = {
        source: entry for source, entry in entries.items() if is_current and all(kept.run in there for kept in entry.pieces)
    }
    outdated = {source: entry for source, entry in entries.items() if source not in sound}
    return Index(sound, outdated, seals, index.get("basis", ""))


def _read_entry(stamp: Any, pieces: Any, is_settled: Any, held: Any) -> Entry:
    if type(pieces) is not list or type(is_settled) is not bool:
        raise TypeError("an entry of another shape")
    sites = _texts(held, (str, type(None)))
    return Entry(_read_stamp(*stamp), [_read_kept(*kept) for kept in pieces], is_settled, sites)


def _read_kept(run: Any, at: Any, pages: Any, chars: Any, key: Any) -> Kept:
    counts = (at, pages, chars)
    if not RUN_NAME.fullmatch(run) or any(type(count) is not int or count < 0 for count in counts) or at >= MOST_PIECES:
        raise ValueError("a piece of another shape")
    if key is not None and type(key) is not str:
        raise TypeError("a piece of another shape")
    return Kept(run, at, pages, chars, key)


def _read_stamp(size: Any, changed: Any, content: Any, beside: Any, ranges: Any) -> Stamp:
    if type(size) is not int or type(changed) is not int or type(content) is not str or type(beside) is not str:
        raise TypeError("a stamp of another shape")
    return Stamp(size, changed, content, beside, _texts(ranges))


def _texts(values: Any, kinds: tuple[type, ...] = (str,)) -> tuple[Any, ...]:
    if type(values) is not list or not all(isinstance(value, kinds) for value in values):
        raise TypeError("a list of another shape")
    return tuple(values)


def write_index(file: Path, version: str, entries: Mapping[str, Entry], seals: Mapping[str, Seal], basis: str) -> None:
    """Write an index, whole and synced."""
    inputs = {
        source: [astuple(entry.stamp), [astuple(kept) for kept in entry.pieces], entry.is_settled, entry.held]
        for source, entry in entries.items()
    }
    told = {"format": FORMAT, "version": version, "basis": basis, "runs": seals, "inputs": inputs}
    write_durably(file, orjson.dumps(told))


def size_of(folder: Path) -> int:
    """Return the bytes of a run's files."""
    return sum(file.stat().st_size for file in folder.iterdir())


def seal_run(folder: Path) -> Seal:
    """Return what tells whether a run's files are as they were written; a sum of 32 bits, for faults, not for forgers."""
    size = checksum = 0
    for file in sorted(folder.iterdir()):
        checksum = crc32(file.name.encode(), checksum)
        with file.open("rb") as opened:
            while piece := opened.read(READ_BYTES):
                size, checksum = size + len(piece), crc32(piece, checksum)
    return size, checksum


def is_sealed(folder: Path, seal: Seal) -> bool:
    """Return whether a run's files are as they were written; one that cannot be read is not."""
    try:
        return seal_run(folder) == seal
    except OSError:
        return False


def is_run(path: Path) -> bool:
    """Return whether a folder is a run of ours, by its name and by what is in it: so that nothing else is taken away."""
    if not RUN_NAME.fullmatch(path.name) or path.is_symlink() or not path.is_dir():
        return False
    return all(file.suffix in (".arrow", ".tmp") and not file.is_dir() for file in path.iterdir())
