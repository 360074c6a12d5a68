"""New scrapes → verdicts, scrape by scrape as they come, and of each site at the end; publishes nothing, knows no Prefect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

from flows.executor import Executor, in_order
from flows.judging.reasons import Reason, give_reason
from flows.judging.verdicts import Judged, JudgedBatch
from flows.read.batches import Batch, delete_spools, plan_batches
from flows.read.forms import form_of
from flows.read.inputs import Input
from flows.read.pieces import Piece

if TYPE_CHECKING:
    from flows.baseline import Baseline
    from flows.judging.gate import Decision
    from flows.judging.profiles import Profiles

# Bytes and files of a job: small at first, so that verdicts come at once, then as large as pays for validating columns.
FIRST_BYTES, MOST_BYTES = 128 << 10, 2 << 20
FIRST_FILES, MOST_FILES = 4, 200
GROWTH = 2
INLINE_BYTES, INLINE_FILES = 4 << 20, 60  # of less, worker processes take longer to start than to work


@dataclass(slots=True)
class Summary:
    """What judging a batch came to."""

    verdicts: Counter[str] = field(default_factory=Counter)
    sites: list[Decision] = field(default_factory=list)
    baseline: str | None = None  # the snapshot's id; None: judged without
    profiles: Profiles = field(default_factory=dict)  # of the batch

    @property
    def verdict(self) -> str:
        """The worst verdict of a scrape or of a site."""
        every = {*self.verdicts, *(site.verdict for site in self.sites)}
        return next((verdict for verdict in ("fail", "suspect") if verdict in every), "pass")

    def as_json(self) -> dict[str, Any]:
        """Return all but the single scrapes as plain data."""
        sites = [site.as_json() for site in self.sites]
        verdicts = {verdict: self.verdicts[verdict] for verdict in ("pass", "suspect", "fail")}
        return {"verdict": self.verdict, "verdicts": verdicts, "baseline": self.baseline, "sites": sites}


class Listener(Protocol):
    """Is told each verdict as soon as it is there."""

    def judged(self, page: Judged) -> None:
        """Take the verdict of one scrape."""


def judge_inputs(
    inputs: Sequence[tuple[Path, list[Input]]], executor: Executor, listener: Listener, baseline: Baseline | None,
    *, layouts: str = "all", accepted: Collection[str | None] = (), is_known: Callable[[Piece], bool] = lambda _: False,
) -> Summary:  # fmt: skip
    """Judge every scrape of some inputs; tell each verdict at once and return those of the sites.

    `inputs`: the root that sources are named below, and the files; a piece that `is_known` is passed over. Scrapes that are
    published as they are say nothing new of their site, and are no part of its batch. Raises Fault when the machine fails.
    """
    from flows.judging.gate import COPIES, decide_sites  # noqa: PLC0415 -- loads numpy; the workers are at work by then
    from flows.judging.profiles import add_profiles  # noqa: PLC0415

    summary = Summary(baseline=baseline.name if baseline else None)
    profiles: Profiles = {}
    found: dict[str | None, Counter[str]] = {}
    seen = Seen()
    with TemporaryDirectory(prefix="threadmill-") as spool:
        jobs = ((judge_batch, (batch,), done) for batch, done in _plan(inputs, Path(spool), layouts, is_known))
        for judged, done in in_order(jobs, executor):
            if done is not None:
                delete_spools(done)
            for page in judged.pages:
                told = _compare(page, seen, baseline)
                summary.verdicts[told.verdict] += 1
                if not told.is_published:
                    found.setdefault(told.site, Counter()).update({reason.id for reason in told.reasons}, **{told.verdict: 1})
                listener.judged(told)
            profiles = add_profiles(profiles, baseline.leave_out(judged.profiles) if baseline else judged.profiles)
    for site, copies in seen.copies.items():
        found.setdefault(site, Counter())[COPIES] = max(copies.values())
    for site in seen.walls.keys() & profiles.keys():
        profiles[site] = profiles[site].with_copies(seen.walls[site])
    new = {site for site, profile in profiles.items() if profile.pages}
    before = baseline.profile_sites(new) if baseline else None
    summary.sites = decide_sites(profiles, before, found, accepted)
    summary.profiles = profiles
    return summary


@dataclass(slots=True)
class Seen:
    """Which scrapes and questions were in the batch so far, by their hashes: some 200 bytes a scrape."""

    contents: dict[int, str] = field(default_factory=dict)
    openings: dict[int, tuple[int | None, str]] = field(default_factory=dict)
    copies: dict[str | None, Counter[int]] = field(default_factory=dict)  # by site, of each content or question
    walls: Counter[str | None] = field(default_factory=Counter)  # by site, copies that hold no thread

    def judge(self, page: Judged) -> list[Reason]:
        """Return the reason against a scrape that is in the batch before."""
        if page.content is not None and (other := self.contents.setdefault(page.content, page.source)) != page.source:
            self.copies.setdefault(page.site, Counter())[page.content] += 1
            self.walls[page.site] += page.thread is None
            return [give_reason("same-scrape", other=other)]
        if page.opening is not None:
            thread, other = self.openings.setdefault(page.opening, (page.thread, page.source))
            if thread != page.thread:
                self.copies.setdefault(page.site, Counter())[page.opening] += 1
                return [give_reason("same-question", other=other)]
        return []


def _compare(page: Judged, seen: Seen, baseline: Baseline | None) -> Judged:
    """Return a verdict with the reasons that one page alone does not show: what else is in the batch, and published."""
    reasons = seen.judge(page)
    if baseline is not None:
        reasons += baseline.judge(page)
    return page._replace(reasons=(*page.reasons, *reasons)) if reasons else page


# -- the jobs -------------------------------------------------------------------------------------------------------------


def _plan(
    inputs: Sequence[tuple[Path, list[Input]]], spool: Path, layouts: str, is_known: Callable[[Piece], bool]
) -> Iterator[tuple[Batch, Batch | None]]:
    """Yield the jobs, and with the last of a batch the batch, whose spools can be deleted then."""
    size, files = FIRST_BYTES, FIRST_FILES
    for number, (root, found) in enumerate(inputs):
        for batch in plan_batches(found, root, spool / str(number), is_known):
            pieces: list[Piece] = []
            weight = 0
            for piece in _cut_pieces(batch.pieces):
                if pieces and (weight + _weigh(piece) > size or len(pieces) >= files):
                    yield replace(batch, pieces=tuple(pieces), layouts=layouts), None
                    pieces, weight = [], 0
                    size, files = min(size * GROWTH, MOST_BYTES), min(files * GROWTH, MOST_FILES)
                pieces.append(piece)
                weight += _weigh(piece)
            yield replace(batch, pieces=tuple(pieces), layouts=layouts), batch


def _cut_pieces(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Yield pieces of at most MOST_BYTES, where lines of JSON can be cut: those that begin in [start, end)."""
    for piece in pieces:
        is_lines = form_of(piece.found.path.name) == "jsonl" and piece.spool is None and piece.found.refusal is None
        if not is_lines or piece.end is None or piece.end - piece.start <= MOST_BYTES:
            yield piece
            continue
        for start in range(piece.start, piece.end, MOST_BYTES):
            yield replace(piece, start=start, end=min(start + MOST_BYTES, piece.end))


def _weigh(piece: Piece) -> int:
    return piece.found.size if piece.end is None else piece.end - piece.start


def is_few(inputs: Sequence[tuple[Path, list[Input]]]) -> bool:
    """Whether some inputs are judged sooner in this process than by workers."""
    files = [found for _, listed in inputs for found in listed]
    return len(files) <= INLINE_FILES and sum(found.size for found in files) <= INLINE_BYTES


def judge_batch(batch: Batch) -> JudgedBatch:
    """Judge one job's scrapes, in a worker."""
    from flows.judge_batch import judge_pieces  # noqa: PLC0415 -- loads the column engine, in the worker

    return judge_pieces(batch)
