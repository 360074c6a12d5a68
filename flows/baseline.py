"""What new scrapes are held against: a published snapshot, read once and as little of it as is needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from flows.errors import Fault, WrongUse
from flows.judge_batch import measuring_aids, opening_hashes
from flows.judging.measuring import NEEDED, measure_pages
from flows.judging.profiles import SAMPLE, Profiles, SiteProfile, profile_pages
from flows.judging.reasons import Reason, give_reason
from flows.judging.verdicts import PUBLISHED, Judged
from flows.publish.manifest import LATEST, MANIFEST, SNAPSHOTS, Manifest, read_manifest
from flows.publish.snapshots import latest_snapshot
from flows.publish.tables import scan_table

NONE = "none"  # what names no baseline
HABIT = 10  # threads of a site from which on it has habits
USUAL_LAYOUT, USUAL_LANGUAGE = 0.9, 0.95  # share of them
AT_ONCE = 3000  # sampled pages whose rows are held at a time: some 100 MB
Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Habit:
    """What nearly all threads of a site have in common; None: nothing."""

    layout: str | None
    layout_share: float
    language: str | None
    language_share: float


@dataclass(slots=True)
class Baseline:
    """A snapshot, and of it in memory: 24 bytes a scrape, and a few counts a site."""

    snapshot: Path
    scrapes: Hashes
    threads: Hashes
    openings: Hashes
    habits: dict[str | None, Habit] = field(default_factory=dict)
    chosen: dict[str | None, list[str]] = field(default_factory=dict)  # of sites whose change was accepted: the scrapes since

    @property
    def name(self) -> str:
        """The snapshot's id."""
        return self.snapshot.name

    def judge(self, page: Judged) -> list[Reason]:
        """Return the reasons against a scrape that what is published shows."""
        reasons = []
        if _holds(self.scrapes, page.scrape):
            reasons.append(give_reason(PUBLISHED))
        elif page.opening is not None and _holds(self.openings, page.opening) and not _holds(self.threads, page.thread):
            reasons.append(give_reason("published-elsewhere"))
        habit = self.habits.get(page.site)
        if habit is None or page.site is None or page.thread is None:
            return reasons
        if habit.language and page.language and _main(page.language) != habit.language:
            told = {"found": page.language, "usual": habit.language, "share": f"{habit.language_share:.0%}"}
            reasons.append(give_reason("language-changed", **told))
        if habit.layout and page.layout and page.layout != habit.layout:
            share = f"{habit.layout_share:.0%}"
            reasons.append(give_reason("layout-lost", found=page.layout, usual=habit.layout, share=share))
        return reasons

    def leave_out(self, profiles: Profiles) -> Profiles:
        """Return profiles of new scrapes without those that are published as they are."""
        kept = {}
        for site, profile in profiles.items():
            ids = pl.Series([page.id for page in profile.sample], dtype=pl.String).hash().to_list()
            kept[site] = profile.without(
                {page.id for page, at in zip(profile.sample, ids, strict=True) if _holds(self.scrapes, at)}
            )
        return kept

    def profile_sites(self, sites: set[str | None]) -> Profiles:
        """Return the profiles of some sites, as far as they are published. Raises Fault for a damaged snapshot."""
        profiles: Profiles = {}
        with told_as_fault(self.snapshot):
            drawn = _draw(self.snapshot, sites, self.chosen)
            for ids in _portions(drawn):
                frames = {table: _read(self.snapshot, table, ids) for table in NEEDED}
                for site, profile in profile_pages(measure_pages(frames, measuring_aids())).items():
                    counts = drawn[site]
                    profiles[site] = SiteProfile(site, counts.pages, counts.rejected, counts.layouts, profile.sample)
        return profiles


def _main(language: str) -> str:
    return language.partition("-")[0]


def _holds(hashes: Hashes, value: int | None) -> bool:
    if value is None or not len(hashes):
        return False
    at = int(np.searchsorted(hashes, np.uint64(value)))
    return at < len(hashes) and int(hashes[at]) == value


def open_baseline(named: str | None, processed: Path) -> Baseline | None:
    """Return the snapshot to hold new scrapes against: `named`, else the latest of `processed`; None where there is none.

    `named` is the id of a snapshot of `processed`, the path of a snapshot or of a folder of snapshots, or "none". Raises
    WrongUse for one that is not there, Fault for a damaged one.
    """
    snapshot = _find_snapshot(named, processed)
    return open_snapshot(snapshot) if snapshot is not None else None


def open_snapshot(snapshot: Path) -> Baseline:
    """Return a snapshot to hold new scrapes against. Raises Fault for a damaged one."""
    manifest = read_manifest(snapshot)
    with told_as_fault(snapshot):
        _check_files(snapshot, manifest)
        scrapes = scan_table(snapshot, "scrapes").select("scrape_id", "site", "layout", "language", "verdict")
        chosen = read_chosen(manifest)
        is_chosen = pl.col("scrape_id").is_in([scrape for ids in chosen.values() for scrape in ids])
        habitual = scrapes.filter(pl.col("verdict") != "rejected", is_chosen | ~_is_of(chosen))
        asked = scan_table(snapshot, "questions").select(opening_hashes()).collect()
        return Baseline(
            snapshot,
            _sorted(scrapes.select(pl.col("scrape_id").hash()).collect().to_series()),
            _sorted(asked["_thread"]),
            _sorted(asked["_opening"]),
            _read_habits(habitual),
            chosen,
        )


def read_chosen(manifest: Manifest) -> dict[str | None, list[str]]:
    """Return, of each site whose change was accepted, the ids of the scrapes that others are held against since."""
    return {site or None: list(ids) for site, ids in manifest.get("gate", {}).get("baselines", {}).items()}


def _is_of(sites: Collection[str | None]) -> pl.Expr:
    """Return whether a row is of some sites; None: of one that is not known."""
    named = pl.col("site").is_in([site for site in sites if site is not None]).fill_null(value=False)
    return named | pl.col("site").is_null() if None in sites else named


def _find_snapshot(named: str | None, processed: Path) -> Path | None:
    if named == NONE:
        return None
    if named is None:
        return _latest(processed)
    for path in (processed / SNAPSHOTS / named, Path(named)):
        if (path / MANIFEST).is_file():
            return path.resolve()
    if Path(named).is_dir() and (found := _latest(Path(named))) is not None:
        return found
    raise WrongUse(f"--baseline {named}: no such snapshot in {processed}, and no folder of one; or --baseline {NONE}")


def _latest(processed: Path) -> Path | None:
    link = processed / LATEST
    if link.is_symlink() and not link.exists():
        raise Fault(f"{link}: names a snapshot that is gone; clean again, or judge without: --baseline {NONE}")
    return latest_snapshot(processed)


@contextmanager
def told_as_fault(snapshot: Path) -> Iterator[None]:
    """Turn what a damaged snapshot raises into one line."""
    try:
        yield
    except (OSError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        what = " ".join(str(error).split())[:160] or type(error).__name__
        remedy = f"clean again, or judge without: --baseline {NONE}"
        raise Fault(f"{snapshot}: the baseline is damaged ({what}); {remedy}") from error


def _check_files(snapshot: Path, manifest: Manifest) -> None:
    for file in manifest["files"]:
        path = snapshot / file["path"]
        if not path.is_file() or path.stat().st_size != file["bytes"]:
            raise OSError(f"{file['path']} is not there, or of another size than its manifest says")


def _sorted(hashes: pl.Series) -> Hashes:
    return hashes.drop_nulls().unique().sort().to_numpy().astype(np.uint64)


def _read_habits(threads: pl.LazyFrame) -> dict[str | None, Habit]:
    language = pl.col("language").str.split("-").list.first()
    counted = threads.group_by("site", "layout", language.alias("language")).len().collect()
    by_site: dict[str | None, tuple[Counter[str], Counter[str]]] = {}
    for site, layout, spoken, threads_of in counted.iter_rows():
        layouts, languages = by_site.setdefault(site, (Counter(), Counter()))
        layouts.update({layout: threads_of} if layout else {})
        languages.update({spoken: threads_of} if spoken else {})
    return {
        site: Habit(*_usual(layouts, USUAL_LAYOUT), *_usual(languages, USUAL_LANGUAGE))
        for site, (layouts, languages) in by_site.items()
    }


def _usual(counted: Counter[str], least: float) -> tuple[str | None, float]:
    total = counted.total()
    name, count = next(iter(counted.most_common(1)), ("", 0))
    return (name, count / total) if total >= HABIT and count >= least * total else (None, 0.0)


# -- profiles -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Drawn:
    """The scrapes of a site that are sampled, and counts over all that stand."""

    ids: list[str]
    pages: int
    rejected: int
    layouts: Counter[str]


def _draw(snapshot: Path, sites: set[str | None], chosen: dict[str | None, list[str]]) -> dict[str | None, _Drawn]:
    """Return the sample of each site: refused scrapes, and those whose posts no newer scrape took over."""
    ids = [scrape for site in chosen.keys() & sites for scrape in chosen[site]]
    standing = pl.concat([scan_table(snapshot, table).select("scrape_id") for table in ("questions", "answers")]).unique()
    counted = pl.col("scrape_id").is_in(ids) | ~_is_of(chosen)
    scrapes = scan_table(snapshot, "scrapes").filter(_is_of(sites) & counted).select("scrape_id", "site", "layout", "verdict")
    kept = pl.concat([scrapes.filter(pl.col("verdict") == "rejected"), scrapes.join(standing, on="scrape_id", how="semi")])
    frame = kept.unique("scrape_id").sort("scrape_id").collect()
    drawn = {}
    for (site,), held in frame.group_by("site", maintain_order=True):
        threads = held.filter(pl.col("verdict") != "rejected")
        layouts = Counter(threads["layout"].drop_nulls().to_list())
        name = str(site) if site is not None else None
        ids = held["scrape_id"].head(SAMPLE).to_list()
        drawn[name] = _Drawn(ids, held.height, held.height - threads.height, layouts)
    return drawn


def _portions(drawn: dict[str | None, _Drawn]) -> Iterator[list[str]]:
    """Yield the ids of whole sites, at most AT_ONCE at a time."""
    ids: list[str] = []
    for site in drawn.values():
        if ids and len(ids) + len(site.ids) > AT_ONCE:
            yield ids
            ids = []
        ids += site.ids
    if ids:
        yield ids


def _read(snapshot: Path, table: str, ids: Iterable[str]) -> pl.DataFrame:
    wanted = pl.LazyFrame({"scrape_id": pl.Series(list(ids), dtype=pl.String)})
    return scan_table(snapshot, table).select(NEEDED[table]).join(wanted, on="scrape_id", how="semi").collect()
