"""A whole run, raw folder to published snapshot; how jobs are carried out is the caller's choice (plain, or Prefect)."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from flows.authors.overrides import find_overrides
from flows.errors import Damaged, DataRefused, WrongUse
from flows.executor import Executor, in_order
from flows.holding import Gate, carry_on, check_held, judge_new, retain_held
from flows.merging import add_up, merge_all
from flows.places import check_places
from flows.progress import Progress
from flows.publish.history import begin_history, check_snapshot, note_switch, read_hold, release_hold, retire_snapshots
from flows.publish.manifest import read_manifest
from flows.publish.snapshots import basis_of, latest_snapshot, open_latest, open_processed, publish_snapshot
from flows.read.batches import Batch, delete_spools, plan_batches
from flows.read.inputs import Input, find_inputs
from flows.read.stamps import Stamp
from flows.split.engines import choose_layouts, digest_layouts
from flows.store import Store, Work
from flows.versions import versions
from flows.workers import run_batch, run_compare

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

    def check(self) -> None:
        """Raise WrongUse for an option that is not known."""
        choose_layouts(self.layouts)  # a broken one is told before any work
        if self.on_reject not in ON_REJECT:
            raise WrongUse(f"--on-reject {self.on_reject}: not known; use {' or '.join(ON_REJECT)}")
        if not 0 <= self.max_reject_rate <= 1:
            raise WrongUse(f"--max-reject-rate {self.max_reject_rate}: not a share from 0 to 1")
        if self.accept and not self.gate:
            raise WrongUse(f"--accept {min(self.accept)}: tells the gate what to let in; it goes with --gate")


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


def run_clean(raw: Path, processed: Path, executor: Executor, progress: Progress, options: Options | None = None) -> Outcome:
    """Clean what is new or changed below `raw` into a new snapshot of `processed`; publish nothing when nothing is new.

    Raises WrongUse for a path or option that is not there, DataRefused when the data is not let in, Fault when the machine
    fails; `latest` then stands as it was.
    """
    options = options or Options()
    options.check()
    check_places(raw, processed)
    layouts = digest_layouts(options.layouts)
    started = datetime.now(UTC)
    inputs, overrides = find_inputs(raw), find_overrides(raw)
    with open_processed(processed) as staging, stop_on_failure(executor):
        begin_history(processed)
        before = latest_snapshot(processed)
        if before is not None and not options.resume and read_hold(processed) is not None:
            return _stand(before, inputs, held=True)
        basis = basis_of(open_latest(processed)) if options.gate else None
        store = Store(staging.parent, f"{versions()['cleaning']}-{layouts}", basis)
        stamps, settings = store.stamp(inputs, raw), f"{layouts}\x1f{overrides}"
        is_forced = bool(options.again or options.retry)
        if before is not None and not is_forced and _is_current(before, _fingerprint(stamps, settings)):
            release_hold(processed)
            return _stand(before, inputs)
        work = store.plan(inputs, stamps, lambda source: options.again or source in options.retry)
        gate = _judge(store, work, raw, executor, progress, before, options)
        fingerprint = _fingerprint(store.stamps, settings, gate.told if gate else "")
        if gate is not None and gate.held and not is_forced and (_is_current(before, fingerprint) if before else store.is_bare):
            return _stand(before, inputs, gate=gate)
        progress.planned(sum(found.size for found in work.todo))
        held = gate.left_out if gate else frozenset()
        _clean_all(work, store, raw, staging, executor, progress, _Told(options.layouts, held))
        if gate is not None and gate.held:
            retain_held(store, gate.held, executor, staging)
        merged = merge_all(store, staging, executor, progress, overrides, fingerprint)
        counts = add_up(merged)
        parts = [part for share in merged for part in share.parts]
        if gate is not None and gate.held and before is not None:
            check_held(before, staging / "snapshot", parts, gate.held)
        _refuse_data(counts, options)
        about = {
            "run": {"id": secrets.token_hex(8), "started_at": started.isoformat()},
            **_describe(inputs, fingerprint, store, work),
            "options": {"layouts": options.layouts},
            "counts": counts.as_json(),
        }
        if told := gate.as_manifest() if gate else carry_on(before):
            about["gate"] = told
        about["changes"] = _compare(before, staging / "snapshot", parts, counts, executor)
        progress.stage("publish")
        snapshot = publish_snapshot(processed, staging / "snapshot", parts, about)
        outcome = Outcome(snapshot, published=True, inputs=len(inputs), counts=counts, work=work, changes=about["changes"])
        outcome.tables, outcome.gate = read_manifest(snapshot)["tables"], gate
        outcome.retired = _round_off(processed, store)
        return outcome


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


def _stand(before: Path | None, inputs: list[Input], *, held: bool = False, gate: Gate | None = None) -> Outcome:
    """Return the outcome of a run that leaves `latest` as it is."""
    tables = read_manifest(before)["tables"] if before is not None else {}
    return Outcome(before, published=False, inputs=len(inputs), tables=tables, held=held, gate=gate)


def _judge(
    store: Store, work: Work, raw: Path, executor: Executor, progress: Progress, before: Path | None, options: Options
) -> Gate | None:
    if not options.gate:
        return None
    progress.stage("judge")
    return judge_new(store, work, raw, executor, before, options.layouts, options.accept)


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
