"""What was cleaned before, kept so that a run works on new and changed inputs alone.

Below `.snapshots/.cleaned/` there is one folder of sorted runs a batch, and `index.json`, which says of each input what it
looked like and in which run each of its pieces stands; `index.next.json` says so of a run whose snapshot is not switched to
yet. It is a cache: what is missing, damaged or of another version is
cleaned again, and a folder taken away costs time alone. Only the holder of the lock writes here.
"""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from flows.index import Entry, Index, Kept, is_run, is_sealed, names_in, read_index, seal_run, size_of, weigh, write_index
from flows.publish.digests import at_once
from flows.publish.durable import sync_file, sync_folder
from flows.read.stamps import Stamp, range_key, stamp_input

if TYPE_CHECKING:
    from flows.batches import Cleaned
    from flows.publish.runs import Run
    from flows.read.batches import Batch
    from flows.read.inputs import Input
    from flows.read.pieces import Piece

CLEANED, INDEX, NEXT = ".cleaned", "index.json", "index.next.json"
STAGED_INDEX = re.compile(r"\.index(\.next)?\.json-[0-9a-f]{8}\.tmp")
# Runs smaller than this are joined when there are more than SMALL_RUNS of them, so that a night's few pages do not leave a
# file each for ever; a run of a full batch comes to some 40 MB.
SMALL_BYTES = 16 << 20
SMALL_RUNS = 16
JOINED_BYTES = 64 << 20  # of runs that are joined into one: what a worker holds
log = logging.getLogger("threadmill")


@dataclass(slots=True)
class Work:
    """What a run has to do: the inputs to clean, and how many there are of each kind."""

    todo: list[Input]
    fresh: list[Input] = field(default_factory=list)  # of them, whose content was not let in before
    new: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    outdated: int = 0  # of inputs that did not change: cleaned by other rules or another version, or to be tried again

    held: int = 0  # of those that are new or changed: left as they lie, because the gate holds all their pages

    @property
    def known(self) -> int:
        """How many inputs the run before had."""
        return self.changed + self.removed + self.unchanged + self.outdated

    def hold(self, sources: set[str]) -> None:
        """Leave some inputs as they lie."""
        self.todo = [found for found in self.todo if found.source not in sources]
        self.held = len(sources)

    def as_json(self) -> dict[str, int]:
        """Return the counts as plain data."""
        return {name: getattr(self, name) for name in ("new", "changed", "removed", "unchanged", "outdated", "held")}


class Store:
    """The cleaned inputs below one output folder."""

    def __init__(self, snapshots: Path, version: str, basis: str | None = None) -> None:
        """Read the newest index; with `basis`, only one that was kept for the snapshot that was made of that basis.

        So what a run let in that was killed, refused or rolled back does not count as published.
        """
        self._folder = snapshots / CLEANED
        self._version = version
        found = [read_index(self._folder / name, version) for name in (NEXT, INDEX) if (self._folder / name).exists()]
        self._index = next((one for one in found if basis in (None, one.basis)), Index())
        self._before, self._outdated = self._index.sound, self._index.outdated
        self._sweep({name for one in found for name in one.names()})
        self._now: dict[str, Entry] = {}
        self._places: dict[str, str] = {}  # path → source
        self._folders: dict[str, Path] = {}

    def _sweep(self, named: set[str]) -> None:
        """Take away what no index names: a run was killed, or the disk was full, before it could be kept.

        The folder may be a link to one that holds other things too: what is not of our making stays.
        """
        for left in self._folder.iterdir() if self._folder.is_dir() else ():
            if left.name not in named and is_run(left):
                shutil.rmtree(left, ignore_errors=True)
            elif STAGED_INDEX.fullmatch(left.name) and left.is_file():
                left.unlink(missing_ok=True)

    @property
    def is_bare(self) -> bool:
        """Whether there is no input at all."""
        return not self._now

    @property
    def is_empty(self) -> bool:
        """Whether no input has given anything to read."""
        return not self._alive()

    # -- before cleaning --------------------------------------------------------------------------------------------------

    def stamp(self, inputs: Iterable[Input], raw: Path) -> dict[str, Stamp]:
        """Return the stamp of each input by source; only what changed in size or time is read."""
        known = {source: entry.stamp for source, entry in (*self._outdated.items(), *self._before.items())}
        return {found.source: stamp_input(found, raw, known.get(found.source)) for found in inputs}

    def plan(self, inputs: Iterable[Input], stamps: dict[str, Stamp], again: Callable[[str], bool]) -> Work:
        """Return what is to be done; `again` says of a source that it is cleaned again though nothing changed."""
        self._forget_damaged()
        work = Work([])
        for found in inputs:
            stamp, before = stamps[found.source], self._before.get(found.source)
            known = before or self._outdated.get(found.source)
            is_same = known is not None and known.stamp.is_like(stamp)
            if before is not None and is_same and before.is_settled and not before.held and not again(found.source):
                self._now[found.source] = Entry(stamp, before.pieces)
                work.unchanged += 1
                continue
            work.todo.append(found)
            self._now[found.source] = Entry(stamp)
            self._places[str(found.path)] = found.source
            if known is None or not is_same or known.held:
                work.fresh.append(found)
            if known is None:
                work.new += 1
            elif is_same:
                work.outdated += 1
            else:
                work.changed += 1
        work.removed = len((self._before.keys() | self._outdated.keys()) - self._now.keys())
        self._again = again
        return work

    def _forget_damaged(self) -> None:
        """Let what stands in runs whose files are not as they were written be cleaned again."""
        runs = sorted(names_in(self._before.values()))
        is_sound = at_once(lambda run: is_sealed(self._folder / run, self._index.seals[run]), runs)
        damaged = {run for run, sound in zip(runs, is_sound, strict=True) if not sound}
        if damaged:
            self._index.drop(damaged)
            log.warning("%s: is damaged; the inputs that it was made of are cleaned again", self._folder / min(damaged))

    def is_known(self, piece: Piece) -> bool:
        """Whether a piece of a changed input is one that was cleaned before; it is then taken over."""
        kept = self._find(piece)
        if kept is not None:
            self._now[self._places[str(piece.found.path)]].pieces.append(kept)
        return kept is not None

    def knows(self, piece: Piece) -> bool:
        """Whether a piece would be taken over."""
        return self._find(piece) is not None

    def _find(self, piece: Piece) -> Kept | None:
        source = self._places[str(piece.found.path)]
        before, key = self._before.get(source), self._key(piece, source)
        if before is None or key is None or not before.is_settled or self._again(source):
            return None
        return next((kept for kept in before.pieces if kept.key == key), None)

    def _key(self, piece: Piece, source: str) -> str | None:
        is_range = piece.spool is None and piece.end is not None and piece.found.refusal is None
        return range_key(self._now[source].stamp, piece.start) if is_range else None

    # -- what the gate holds ----------------------------------------------------------------------------------------------

    def put_back(self, source: str) -> None:
        """Let an input be what it was before, or not be there, as none of its new content is let in."""
        before = self._before.get(source)
        if before is None:
            self._now.pop(source, None)
        else:
            self._now[source] = before

    def leave_out(self, source: str, sites: Iterable[str | None]) -> None:
        """Take note that the pages of some sites are left out of an input, so that it is judged again."""
        self._now[source].held = tuple(sorted(sites, key=lambda site: site or ""))

    @property
    def stamps(self) -> dict[str, Stamp]:
        """The stamps of what counts now, by source."""
        return {source: entry.stamp for source, entry in self._now.items()}

    # -- after cleaning ---------------------------------------------------------------------------------------------------

    def take(self, batch: Batch, folder: Path, cleaned: Cleaned) -> None:
        """Take note of a batch that was cleaned into `folder`; one of no pieces stands for no inputs at all."""
        self._folders[folder.name] = folder
        for number, (piece, done) in enumerate(zip(batch.pieces, cleaned.pieces, strict=True)):
            entry = self._now[self._places[str(piece.found.path)]]
            key = self._key(piece, self._places[str(piece.found.path)]) if not entry.held else None
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
    def weight(self) -> int:
        """What all pages that were read weigh in the merge."""
        return sum(weigh(kept.chars, kept.pages) for entry in self._now.values() for kept in entry.pieces)

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

    def small_runs(self) -> list[list[Run]]:
        """Return the runs to join, each list into one: the small ones, where they are many."""
        small = [run for run in self.runs() if size_of(run.folder) < SMALL_BYTES]
        if len(small) <= SMALL_RUNS:
            return []
        joined: list[list[Run]] = [[]]
        size = 0
        for run in small:
            size += size_of(run.folder)
            if joined[-1] and size > JOINED_BYTES:
                joined.append([])
                size = size_of(run.folder)
            joined[-1].append(run)
        return [runs for runs in joined if len(runs) > 1]

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
            if self._folders[name] != self._folder / name:
                self._folders[name] = Path(shutil.move(self._folders[name], self._folder / name))  # may be on another disk

    def keep(self, basis: str = "") -> None:
        """Make the new runs last, and an index of them beside the one of the snapshot that is published; see `settle`.

        `basis`: a digest of what they are made of. Files are synced before the index names them; the index is switched in one
        step.
        """
        alive = self._alive()
        for name in sorted(alive.keys() & self._folders.keys()):
            for file in (self._folder / name).iterdir():
                sync_file(file)
            sync_folder(self._folder / name)
        sync_folder(self._folder)
        seals = {run: seal_run(self._folder / run) if run in self._folders else self._index.seals[run] for run in alive}
        write_index(self._folder / NEXT, self._version, self._now, seals, basis)

    def settle(self) -> None:
        """Make the index that was kept that of the published snapshot, and take away what no input stands in any more."""
        (self._folder / NEXT).replace(self._folder / INDEX)
        sync_folder(self._folder)
        self._sweep(names_in(self._now.values()))


def find_waiting(snapshots: Path, inputs: Iterable[Input], raw: Path, basis: str) -> list[Input]:
    """Return the inputs that no run has let in as they are now, or of which the gate left pages out; nothing is written.

    `basis`: what the published snapshot was made of. A run that was killed once its snapshot was switched to has left its
    index beside the older one.
    """
    folder = snapshots / CLEANED
    after = read_index(folder / NEXT, "")
    index = after if basis and after.basis == basis else read_index(folder / INDEX, "")
    known = {**index.outdated, **index.sound}
    waiting = []
    for found in inputs:
        entry = known.get(found.source)
        if entry is None or entry.held or not entry.stamp.is_like(stamp_input(found, raw, entry.stamp)):
            waiting.append(found)
    return waiting


def _order_of(joined: list[Run]) -> Callable[[tuple[str, int]], tuple[int, int]]:
    at = {run.folder.name: number for number, run in enumerate(joined)}
    return lambda place: (at[place[0]], place[1])
