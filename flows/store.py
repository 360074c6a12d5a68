"""What was cleaned before, kept so that a run works on new and changed inputs alone.

Below `.snapshots/.cleaned/` there is one folder of sorted runs a batch, and `index.json`, which says of each input what it
looked like and in which run each of its pieces stands. It is a cache: what is missing or of another version is cleaned
again, and a folder taken away costs time alone. Only the holder of the lock writes here.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from flows.publish.durable import sync_file, sync_folder, write_durably
from flows.read.stamps import Stamp, range_key, stamp_input

if TYPE_CHECKING:
    from flows.batches import Cleaned
    from flows.publish.runs import Run
    from flows.read.batches import Batch
    from flows.read.inputs import Input
    from flows.read.pieces import Piece

CLEANED, INDEX = ".cleaned", "index.json"
FORMAT = 1
# Runs smaller than this are joined when there are more than SMALL_RUNS of them, so that a night's few pages do not leave a
# file each for ever; a run of a full batch comes to some 40 MB.
SMALL_BYTES = 16 << 20
SMALL_RUNS = 16


@dataclass(frozen=True, slots=True)
class Kept:
    """One piece of an input that was cleaned: its run, its number there, pages, characters, and its key if it is a range."""

    run: str
    number: int
    pages: int
    chars: int
    key: str | None


@dataclass(slots=True)
class Entry:
    """What is known of one input."""

    stamp: Stamp
    pieces: list[Kept] = field(default_factory=list)
    is_settled: bool = True  # False: it could not be read, and is tried again


@dataclass(slots=True)
class Work:
    """What a run has to do: the inputs to clean, and how many there are of each kind."""

    todo: list[Input]
    new: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    outdated: int = 0  # of inputs that did not change: cleaned by other rules or another version, or to be tried again

    def as_json(self) -> dict[str, int]:
        """Return the counts as plain data."""
        return {name: getattr(self, name) for name in ("new", "changed", "removed", "unchanged", "outdated")}


class Store:
    """The cleaned inputs below one output folder."""

    def __init__(self, snapshots: Path, version: str) -> None:
        self._folder = snapshots / CLEANED
        self._version = version
        self._before, self._outdated = _read_index(self._folder, version)
        self._sweep()
        self._now: dict[str, Entry] = {}
        self._places: dict[str, str] = {}  # path → source
        self._folders: dict[str, Path] = {}

    def _sweep(self) -> None:
        """Take away what no index names: a run was killed, or the disk was full, before it could be kept."""
        named = {kept.run for entry in self._before.values() for kept in entry.pieces}
        for left in self._folder.iterdir() if self._folder.is_dir() else ():
            if left.name not in named and left.name != INDEX:
                shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)

    @property
    def is_empty(self) -> bool:
        """Whether no input has given anything to read."""
        return not self._alive()

    # -- before cleaning --------------------------------------------------------------------------------------------------

    def stamp(self, inputs: Iterable[Input], raw: Path) -> dict[str, Stamp]:
        """Return the stamp of each input by source; only what changed in size or time is read."""
        known = {**self._outdated, **{source: entry.stamp for source, entry in self._before.items()}}
        return {found.source: stamp_input(found, raw, known.get(found.source)) for found in inputs}

    def plan(self, inputs: Iterable[Input], stamps: dict[str, Stamp], again: Callable[[str], bool]) -> Work:
        """Return what is to be done; `again` says of a source that it is cleaned again though nothing changed."""
        work = Work([])
        for found in inputs:
            stamp, before = stamps[found.source], self._before.get(found.source)
            outdated = self._outdated.get(found.source)
            is_same = before is not None and (before.stamp.content, before.stamp.beside) == (stamp.content, stamp.beside)
            if before is not None and is_same and before.is_settled and not again(found.source):
                self._now[found.source] = Entry(stamp, before.pieces)
                work.unchanged += 1
                continue
            work.todo.append(found)
            self._now[found.source] = Entry(stamp)
            self._places[str(found.path)] = found.source
            if before is None and outdated is None:
                work.new += 1
            elif is_same or (outdated is not None and (outdated.content, outdated.beside) == (stamp.content, stamp.beside)):
                work.outdated += 1
            else:
                work.changed += 1
        work.removed = len((self._before.keys() | self._outdated.keys()) - self._now.keys())
        self._again = again
        return work

    def is_known(self, piece: Piece) -> bool:
        """Whether a piece of a changed input is one that was cleaned before; it is then taken over."""
        source = self._places[str(piece.found.path)]
        before, key = self._before.get(source), self._key(piece, source)
        if before is None or key is None or not before.is_settled or self._again(source):
            return False
        kept = next((kept for kept in before.pieces if kept.key == key), None)
        if kept is not None:
            self._now[source].pieces.append(kept)
        return kept is not None

    def _key(self, piece: Piece, source: str) -> str | None:
        is_range = piece.spool is None and piece.end is not None and piece.found.refusal is None
        return range_key(self._now[source].stamp, piece.start) if is_range else None

    # -- after cleaning ---------------------------------------------------------------------------------------------------

    def take(self, batch: Batch, folder: Path, cleaned: Cleaned) -> None:
        """Take note of a batch that was cleaned into `folder`; one of no pieces stands for no inputs at all."""
        self._folders[folder.name] = folder
        for number, (piece, done) in enumerate(zip(batch.pieces, cleaned.pieces, strict=True)):
            entry = self._now[self._places[str(piece.found.path)]]
            key = self._key(piece, self._places[str(piece.found.path)])
            entry.pieces.append(Kept(folder.name, number, done.pages, done.chars, key))
            entry.is_settled &= done.is_settled

    def recheck(self, inputs: Iterable[Input]) -> None:
        """Hold inputs that were read against their files: one that was changed meanwhile is to be cleaned again."""
        for found in inputs:
            try:
                now = found.path.stat() if found.refusal is None else None
            except OSError:
                self._now[found.source].is_settled = False
                continue
            if now is not None and (now.st_size, now.st_mtime_ns) != (found.size, found.changed):
                self._now[found.source].is_settled = False

    @property
    def is_settled(self) -> bool:
        """Whether each input was read as it was found; if not, the next run tries again."""
        return all(entry.is_settled for entry in self._now.values())

    @property
    def chars(self) -> int:
        """Characters of all texts that were read."""
        return sum(kept.chars for entry in self._now.values() for kept in entry.pieces)

    def runs(self) -> list[Run]:
        """Return the runs that count, each with the pieces that do; where there is nothing to read, one without rows."""
        from flows.publish.runs import Run  # noqa: PLC0415 -- loads the column engine; the workers are at work by now

        alive = self._alive()
        if not alive:
            return [Run(folder) for folder in self._folders.values()]
        return [Run(self._folders.get(run, self._folder / run), tuple(sorted(alive[run]))) for run in sorted(alive)]

    def _alive(self) -> dict[str, list[int]]:
        alive: dict[str, list[int]] = {}
        for entry in self._now.values():
            for kept in entry.pieces:
                alive.setdefault(kept.run, []).append(kept.number)
        return alive

    # -- keeping ----------------------------------------------------------------------------------------------------------

    def small_runs(self) -> list[Run]:
        """Return the runs to join into one: the small ones, where they are many."""
        small = [run for run in self.runs() if _size_of(run.folder) < SMALL_BYTES]
        return small if len(small) > SMALL_RUNS else []

    def replace(self, joined: list[Run], folder: Path) -> None:
        """Take the run in `folder` for those that were joined into it, in their order."""
        places = {(run.folder.name, number) for run in joined for number in run.alive or ()}
        numbers = {place: at for at, place in enumerate(sorted(places, key=_order_of(joined)))}
        self._folders[folder.name] = folder
        for entry in self._now.values():
            entry.pieces = [
                Kept(folder.name, numbers[kept.run, kept.number], kept.pages, kept.chars, kept.key)
                if (kept.run, kept.number) in numbers
                else kept
                for kept in entry.pieces
            ]

    def adopt(self) -> None:
        """Move the new runs to where they stay; until `keep`, no index names them, and a later run would sweep them away."""
        self._folder.mkdir(exist_ok=True)
        for name in self._alive().keys() & self._folders.keys():
            self._folders[name] = self._folders[name].rename(self._folder / name)

    def keep(self) -> None:
        """Make the new runs and the index last, and take away what no input stands in any more.

        Files are synced before the index names them; the index is switched in one step.
        """
        alive = self._alive()
        for name in sorted(alive.keys() & self._folders.keys()):
            for file in (self._folder / name).iterdir():
                sync_file(file)
            sync_folder(self._folder / name)
        sync_folder(self._folder)
        write_durably(self._folder / INDEX, orjson.dumps(self._as_json()))
        self._before = self._now
        self._sweep()

    def _as_json(self) -> dict[str, Any]:
        inputs = {
            source: [astuple(entry.stamp), [astuple(kept) for kept in entry.pieces], entry.is_settled]
            for source, entry in self._now.items()
        }
        sizes = {run: _size_of(self._folder / run) for run in self._alive()}
        return {"format": FORMAT, "version": self._version, "runs": sizes, "inputs": inputs}


def _order_of(joined: list[Run]) -> Callable[[tuple[str, int]], tuple[int, int]]:
    at = {run.folder.name: number for number, run in enumerate(joined)}
    return lambda place: (at[place[0]], place[1])


def _read_index(folder: Path, version: str) -> tuple[dict[str, Entry], dict[str, Stamp]]:
    """Return the entries that hold, and the stamps of those that are of another version or have lost a run."""
    try:
        index = orjson.loads((folder / INDEX).read_bytes())
        if index["format"] != FORMAT:
            return {}, {}
        there = {run for run, size in index["runs"].items() if (folder / run).is_dir() and _size_of(folder / run) == size}
        entries = {
            source: Entry(_as_stamp(*stamp), [Kept(*kept) for kept in pieces], is_settled)
            for source, (stamp, pieces, is_settled) in index["inputs"].items()
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}, {}  # none yet, or a damaged one: everything is cleaned again
    sound = {
        source: entry
        for source, entry in entries.items()
        if index["version"] == version and all(kept.run in there for kept in entry.pieces)
    }
    return sound, {source: entry.stamp for source, entry in entries.items() if source not in sound}


def _size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _as_stamp(size: int, changed: int, content: str, beside: str, ranges: list[str]) -> Stamp:
    return Stamp(size, changed, content, beside, tuple(ranges))
