"""A whole run, raw folder to published snapshot; how jobs are carried out is the caller's choice (plain, or Prefect)."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from flows.authors.overrides import Overrides, find_overrides
from flows.errors import Damaged, DataRefused, WrongUse
from flows.executor import Executor, in_order
from flows.holding import Gate, carry_on, judge_new
from flows.merging import HeldBack, add_up, keep_cleaned, merge_all
from flows.places import check_places
from flows.progress import Progress
from flows.publish.history import begin_history, check_snapshot, note_switch, read_hold, release_hold, retire_snapshots
from flows.publish.manifest import read_manifest
from flows.publish.snapshots import basis_of, latest_snapshot, open_latest, open_processed, publish_snapshot
from flows.read.batches import Batch, delete_spools, plan_batches
from flows.read.inputs import Input, check_raw, find_inputs, find_removal_limits
from flows.read.stamps import Stamp
from flows.removals import MAX_REMOVED, Guard, Limits, decide_removals, read_guard
from flows.split.engines import choose_layouts, digest_layouts
from flows.store import Store, Work
from flows.versions import versions
from flows.workers import run_batch, run_compare, run_losses

if TYPE_CHECKING:
    from flows.counts import Counts
    from flows.publish.parts import Part

ON_REJECT = ("quarantine", "fail")
log = logging.getLogger("threadmill")


@dataclass(frozen=True, slots=True)
class Options:
    """What a run may be told: see `threadmill clean --help`."""

    layouts: str = "all"  # or "none": the known engines' layouts off; or a file or folder of reviewed ones, tried before them
    on_reject: str = "quarantine"  # or "fail": one refused scrape or record, and nothing is published
    max_reject_rate: float = 1.0  # share of the scrapes, from 0, over which nothing is published
    resume: bool = False  # end what `rollback` holds
    again: bool = False  # clean every input again
    retry: frozenset[str] = frozenset()  # sources of inputs that are cleaned again
    gate: bool = False  # judge what is new, and leave out what fails, site by site
    accept: frozenset[str] = frozenset()  # sites whose change the gate lets in; "-": scrapes of no known site
    max_removed: float = MAX_REMOVED  # share of the published threads, from 0, that may go because their inputs are gone
    accept_removed: frozenset[str] = frozenset()  # sites whose removed threads may go all the same; "*": all
    accept_rules: bool = False  # published threads that the rules as they are now refuse may go, however many

    def check(self) -> None:
        """Raise WrongUse for an option that is not known."""
        choose_layouts(self.layouts)  # a broken one is told before any work
        if self.on_reject not in ON_REJECT:
            raise WrongUse(f"--on-reject {self.on_reject}: not known; use {' or '.join(ON_REJECT)}")
        if not 0 <= self.max_reject_rate <= 1:
            raise WrongUse(f"--max-reject-rate {self.max_reject_rate}: not a share from 0 to 1")
        if not 0 <= self.max_removed <= 1:
            raise WrongUse(f"--max-removed {self.max_removed}: not a share from 0 to 1")
        if self.accept and not self.gate:
            raise WrongUse(f"--accept {min(self.accept)}: tells the gate what to let in; it goes with --gate")

    def limits_of(self, of_sites: Mapping[str, float]) -> Limits:
        """Return how much of what is published may go; `of_sites` has what was said for single sites."""
        return Limits(self.max_removed, of_sites, self.accept_removed, self.accept_rules)


@dataclass(slots=True)
class Outcome:
    """What a run came to; `snapshot` is None when nothing was new and there was none before."""

    snapshot: Path | None
    published: bool
    inputs: int
    counts: Counts | None = None
    tables: dict[str, int] = field(default_factory=dict)
    retired: list[str] = field(default_factory=list)
    work: Work | None = None
    changes: dict[str, Any] | None = None  # since the snapshot before: rows by table, counts by kind
    held: bool = False  # `rollback` holds the snapshot that is there
    gate: Gate | None = None  # what the gate decided; None: nothing was judged
    guard: Guard | None = None  # what was held back so that published threads do not vanish; None: nothing was counted

    @property
    def holds_back(self) -> bool:
        """Whether a site keeps what is published of it, whatever its inputs hold now."""
        return any(one is not None and one.held for one in (self.gate, self.guard))


def run_clean(raw: Path, processed: Path, executor: Executor, progress: Progress, options: Options | None = None) -> Outcome:
    """Clean what is new or changed below `raw` into a new snapshot of `processed`; publish nothing when nothing is new.

    Raises WrongUse for a path or option that is not there, DataRefused when the data is not let in or `raw` is gone or empty
    while something is published, Fault when the machine fails; `latest` then stands as it was.
    """
    options = options or Options()
    options.check()
    check_places(raw, processed)
    check_raw_is_there(raw, processed)
    started = datetime.now(UTC)
    inputs, overrides = find_inputs(raw), find_overrides(raw)
    with open_processed(processed) as staging, stop_on_failure(executor):
        begin_history(processed)
        before = latest_snapshot(processed)
        if before is not None and not options.resume and read_hold(processed) is not None:
            return _stand(before, inputs, held=True)
        if not inputs:
            return _stand_empty(raw, before)
        course = _Course(raw, processed, staging, inputs, overrides, before, executor, progress, options, started)
        return course.stand() or course.judge() or course.publish()


class _Course:
    """One run under way: what it found, what it decided, and its steps in their order."""

    def __init__(  # noqa: PLR0913, PLR0917 -- what a run consists of, named where it is used
        self, raw: Path, processed: Path, staging: Path, inputs: list[Input], overrides: Overrides, before: Path | None,
        executor: Executor, progress: Progress, options: Options, started: datetime,
    ) -> None:  # fmt: skip
        self._raw, self._processed, self._staging, self._inputs, self._before = raw, processed, staging, inputs, before
        self._executor, self._progress, self._options, self._started = executor, progress, options, started
        self._overrides = overrides
        layouts = digest_layouts(options.layouts)
        basis = basis_of(open_latest(processed)) if options.gate else None
        self._store = Store(staging.parent, f"{versions()['cleaning']}-{layouts}", basis)
        self._stamps, self._settings = self._store.stamp(inputs, raw), f"{layouts}\x1f{overrides}"
        self._is_forced = bool(options.again or options.retry)
        self._limits = options.limits_of(find_removal_limits(inputs, raw))
        # What was held back when the latest snapshot was published, as far as it would be so now.
        self._guard = read_guard(read_manifest(before), self._limits) if before is not None else Guard(self._limits)
        self._gate: Gate | None = None

    def stand(self) -> Outcome | None:
        """Return the outcome of a run for which nothing is new; else None, with the work planned."""
        if self._before is not None and not self._is_forced and self._is_current(self._stamps):
            release_hold(self._processed)
            return _stand(self._before, self._inputs, guard=self._guard)
        again, retry = self._options.again, self._options.retry
        self._work = self._store.plan(self._inputs, self._stamps, lambda source: again or source in retry)
        return None

    def judge(self) -> Outcome | None:
        """Have the gate judge what is new, if there is one; return the outcome where it lets nothing in."""
        if not self._options.gate:
            return None
        self._progress.stage("judge")
        self._gate = gate = judge_new(
            self._store, self._work, self._raw, self._executor, self._before, self._options.layouts, self._options.accept
        )
        if not gate.held or self._is_forced:
            return None
        is_nothing_new = self._is_current(self._store.stamps) if self._before is not None else self._store.is_bare
        return _stand(self._before, self._inputs, gate=gate, guard=self._guard) if is_nothing_new else None

    def _is_current(self, stamps: dict[str, Stamp]) -> bool:
        return self._before is not None and _is_current(self._before, self._fingerprint(stamps))

    def _fingerprint(self, stamps: dict[str, Stamp]) -> str:
        held = (self._gate.told if self._gate is not None else "") + self._guard.told
        return _fingerprint(stamps, self._settings, held)

    def publish(self) -> Outcome:
        """Clean what is to be done, decide what is held back, merge and publish."""
        self._clean()
        self._guard = _count_removals(self._store, self._work, self._before, self._limits, self._gate, self._executor)
        fingerprint = self._fingerprint(self._store.stamps)
        held = _hold_back(self._before, self._gate, self._guard)
        merged = merge_all(self._store, self._staging, self._executor, self._progress, self._overrides, fingerprint, held)
        counts, staged = add_up(merged), self._staging / "snapshot"
        parts = [part for share in merged for part in share.parts]
        _refuse_data(counts, self._options)
        if self._options.retry and self._before is not None and not _brings_back(self._before, staged):
            return _stand(self._before, self._inputs, guard=self._guard)
        about = {
            "run": {"id": secrets.token_hex(8), "started_at": self._started.isoformat()},
            **_describe(self._inputs, fingerprint, self._store, self._work),
            "options": {"layouts": self._options.layouts},
            "counts": counts.as_json(),
            "guard": self._guard.as_json(),
        }
        if told := self._gate.as_manifest() if self._gate is not None else carry_on(self._before):
            about["gate"] = told
        about["changes"] = _compare(self._before, staged, parts, counts, self._executor)
        self._progress.stage("publish")
        snapshot = publish_snapshot(self._processed, staged, parts, about)
        return Outcome(
            snapshot, published=True, inputs=len(self._inputs), counts=counts, work=self._work, changes=about["changes"],
            tables=read_manifest(snapshot)["tables"], gate=self._gate, guard=self._guard,
            retired=_round_off(self._processed, self._store),
        )  # fmt: skip

    def _clean(self) -> None:
        self._progress.planned(sum(found.size for found in self._work.todo))
        told = _Told(self._options.layouts, self._gate.left_out if self._gate is not None else frozenset())
        _clean_all(self._work, self._store, self._raw, self._staging, self._executor, self._progress, told)
        keep_cleaned(self._store, self._staging, self._executor, self._progress)


def _round_off(processed: Path, store: Store) -> list[str]:
    """Bring up to date what goes with a snapshot that is published; return the ids of those that were taken away.

    What fails here is no failure of the run, and the next one makes up for it.
    """
    try:
        note_switch(processed, "publish")
        store.settle()
        release_hold(processed)
        return retire_snapshots(processed)
    except OSError as error:
        what = f"{error.filename or processed}: {error.strerror or error}"
        log.warning("%s; the snapshot is published, and the next run makes up for what is missing", what)
        return []


def check_raw_is_there(raw: Path, processed: Path) -> None:
    """Raise where `raw` is not there: DataRefused while something is published, which it would empty, else WrongUse."""
    try:
        check_raw(raw)
    except WrongUse as error:
        before = latest_snapshot(processed)
        if before is None:
            raise
        raise DataRefused(f"{error}; {_tell_published(before)} (is a disk not mounted?)") from error


def _stand_empty(raw: Path, before: Path | None) -> Outcome:
    """Return the outcome of a first run that finds no input. Raises DataRefused where it would empty what is published."""
    if before is not None:
        raise DataRefused(f"{raw}: there is no input in it; {_tell_published(before)} (is a disk not mounted?)")
    return Outcome(None, published=False, inputs=0)


def _tell_published(before: Path) -> str:
    threads = read_manifest(before)["tables"].get("questions", 0)
    return f"{threads:,} threads are published and stay so, nothing new was published"


def _stand(
    before: Path | None, inputs: list[Input], *, held: bool = False, gate: Gate | None = None, guard: Guard | None = None
) -> Outcome:
    """Return the outcome of a run that leaves `latest` as it is."""
    tables = read_manifest(before)["tables"] if before is not None else {}
    return Outcome(before, published=False, inputs=len(inputs), tables=tables, held=held, gate=gate, guard=guard)


def _brings_back(before: Path, after: Path) -> bool:
    from flows.replay import brings_back  # noqa: PLC0415 -- loads the column engine

    return brings_back(before, after)


def _count_removals(
    store: Store, work: Work, before: Path | None, limits: Limits, gate: Gate | None, executor: Executor
) -> Guard:  # fmt: skip
    """Return which sites are held back because too many of their published threads would go; the gate's lose none.

    The threads of a damaged snapshot cannot be counted, and the inputs are in their place. Raises DataRefused where too many of
    these are gone: what would have to stay cannot be read.
    """
    if before is None:
        return Guard(limits)
    try:
        losses = executor.submit(run_losses, before, store.runs()).result()
    except Damaged as damage:
        log.warning("%s: is damaged (%s); what would be withdrawn of it is not counted", before, damage)
        if work.removed > limits.max_removed * work.known and not limits.accept_removed:
            refused = f"{work.removed:,} of {work.known:,} inputs are gone, and {before.name}, which is published, is damaged"
            raise DataRefused(f"{refused} ({damage}); nothing was published (--accept-removed lets it be)") from damage
        return Guard(limits)
    held = set(gate.held) if gate is not None else set()
    return decide_removals([one for one in losses if one.site not in held], limits)


def _hold_back(before: Path | None, gate: Gate | None, guard: Guard) -> HeldBack | None:
    """Return the sites whose published rows stay; None where there are none."""
    sites = {*(gate.held if gate is not None else ()), *guard.held}
    return HeldBack(before, sorted(sites, key=str)) if before is not None and sites else None


def _describe(inputs: list[Input], fingerprint: str, store: Store, work: Work) -> dict[str, Any]:
    """Return what a manifest says of the program and of its inputs."""
    size = sum(found.size for found in inputs)
    about = {"count": len(inputs), "bytes": size, "digest": fingerprint, "settled": store.is_settled, **work.as_json()}
    return {"versions": versions(), "inputs": about}


def _compare(before: Path | None, after: Path, parts: list[Part], counts: Counts, executor: Executor) -> dict[str, Any] | None:
    """Return what changes with a staged snapshot: rows by table, and counts by rule, check, splitter and site; None: the first.

    A snapshot whose files cannot be read any more is no ground for keeping the new one back: then "damaged" says what is wrong
    with it, and there are no rows.
    """
    from flows.changes import moved  # noqa: PLC0415 -- loads the column engine

    if before is None:
        return None
    manifest = read_manifest(before)
    kinds = ("verdicts", "layouts", "sites", "rules", "checks")
    told = {kind: moved(manifest.get("counts", {}), counts.as_json(), kind) for kind in kinds}
    try:
        if faults := check_snapshot(before, whole=False):
            raise Damaged(faults[0])
        rows = executor.submit(run_compare, before, manifest["files"], after, parts).result()
    except Damaged as damage:
        log.warning("%s: is damaged (%s); which rows changed since is not told", before, damage)
        return {"since": before.name, "damaged": str(damage), "rows": {}, **told}
    return {"since": before.name, "rows": rows, **told}


def _is_current(before: Path, fingerprint: str) -> bool:
    inputs = read_manifest(before).get("inputs", {})
    return bool(inputs.get("digest") == fingerprint and inputs.get("settled", True))


def _fingerprint(stamps: dict[str, Stamp], options: str, held: str = "") -> str:
    """Return a digest of everything that the rows depend on: the inputs, what stands beside them, options, the program.

    `held`: what the gate held back.
    """
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{versions()}\x1f{options}\x1e{held}".encode("utf-8", "surrogatepass"))
    for source, stamp in sorted(stamps.items()):
        digest.update(f"{source}\x1f{stamp.content}\x1f{stamp.beside}\x1e".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


@contextmanager
def stop_on_failure(executor: Executor) -> Iterator[None]:
    """End the jobs under way when the run fails or is interrupted, so that nobody writes into what is taken away."""
    try:
        yield
    except BaseException:
        executor.stop()
        raise


def _refuse_data(counts: Counts, options: Options) -> None:
    """Raise DataRefused when the options say that what was refused is too much."""
    if options.on_reject == "fail" and (refused := counts.refusals):
        check, number = max(refused.items(), key=lambda entry: (entry[1], entry[0]))
        total = sum(refused.values())
        raise DataRefused(
            f"{total:,} scrapes or records were refused (first of all {number:,} by {check}) and --on-reject is fail; "
            "nothing was published"
        )
    rate = counts.verdicts["rejected"] / max(1, sum(counts.verdicts.values()))
    if rate > options.max_reject_rate:
        raise DataRefused(
            f"{counts.verdicts['rejected']:,} scrapes of {sum(counts.verdicts.values()):,} were refused, {rate:.1%}, over "
            f"--max-reject-rate {options.max_reject_rate:g}; nothing was published"
        )


# -- cleaning -------------------------------------------------------------------------------------------------------------


class _Told(NamedTuple):
    """What a batch is told besides its pieces."""

    layouts: str
    held: frozenset[tuple[str, str | None]]  # see Batch


def _clean_all(
    work: Work, store: Store, raw: Path, staging: Path, executor: Executor, progress: Progress, told_to: _Told
) -> None:
    """Clean the batches, a few ahead of the workers at a time; the store takes note of them."""

    def clean(batches: Iterable[Batch]) -> None:
        told = (replace(batch, layouts=told_to.layouts, version=versions()["cleaning"], held=told_to.held) for batch in batches)
        named = ((batch, staging / "runs" / secrets.token_hex(8)) for batch in told)
        jobs = ((run_batch, (batch, folder), (batch, folder)) for batch, folder in named)
        for cleaned, (batch, folder) in in_order(jobs, executor):
            store.take(batch, folder, cleaned)
            delete_spools(batch)
            progress.cleaned(_weigh(batch), cleaned.pages)

    clean(plan_batches(work.todo, raw, staging / "spool", store.is_known))
    if store.is_empty:
        clean([Batch(0, raw, ())])  # so that every table gets its file
    store.recheck(work.todo)


def _weigh(batch: Batch) -> int:
    return sum((piece.end - piece.start) if piece.end is not None else piece.found.size for piece in batch.pieces)
