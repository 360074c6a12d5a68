"""Profiles: what a batch or a snapshot says of one site, small enough to keep, and to add up over workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from heapq import nsmallest

from flows.judging.measuring import Measured

# Pages of a site that are kept to compare. A change of a share by .1 stands against chance over 300 looks from some 400 on;
# more make a profile larger, and no finding surer that is worth stopping a batch for.
SAMPLE = 600


@dataclass(slots=True)
class SiteProfile:
    """One site: counts over all pages, and a sample of them.

    The sample are the pages whose ids come first. Ids are digests of what a page holds, so that it is a draw at random, the
    same in whatever order the pages came (a bottom-k sample: Cohen and Kaplan 2007).
    """

    site: str | None
    pages: int = 0
    rejected: int = 0
    layouts: Counter[str] = field(default_factory=Counter)  # of its threads
    sample: list[Measured] = field(default_factory=list)

    def plus(self, other: SiteProfile) -> SiteProfile:
        """Return the profile of both."""
        mine = {page.id for page in self.sample}
        both = [page for page in other.sample if page.id in mine]  # counted by either
        layouts = self.layouts + other.layouts
        layouts.subtract(page.layout for page in both if page.layout)
        pages, rejected = self.pages + other.pages - len(both), self.rejected + other.rejected
        sample = _draw([*self.sample, *other.sample])
        return SiteProfile(self.site, pages, rejected - sum(page.rejected for page in both), +layouts, sample)

    def of_layout(self, layout: str) -> SiteProfile:
        """Return the profile of the threads that one layout decided."""
        threads = self.layouts[layout]
        return SiteProfile(
            self.site, threads, 0, Counter({layout: threads}), [page for page in self.sample if page.layout == layout]
        )

    def without(self, ids: Collection[str]) -> SiteProfile:
        """Return the profile without some pages of the sample, and without their share of the pages that are in none."""
        kept = [page for page in self.sample if page.id not in ids]
        if len(kept) == len(self.sample):
            return self
        if self.pages == len(self.sample):
            layouts = Counter(page.layout for page in kept if page.layout)
            return SiteProfile(self.site, len(kept), sum(page.rejected for page in kept), layouts, kept)
        share = len(kept) / len(self.sample)
        layouts = Counter({layout: round(count * share) for layout, count in self.layouts.items()})
        return SiteProfile(self.site, round(self.pages * share), round(self.rejected * share), layouts, kept)

    def with_copies(self, count: int) -> SiteProfile:
        """Return the profile with that many more pages without a thread: copies, which the sample holds once.

        A log-in page may be the same each time, and a night of it is no single page.
        """
        wall = next((page for page in self.sample if page.rejected), None)
        if wall is None:
            return self
        drawn = round(count * len(self.sample) / self.pages)
        copies = [wall._replace(id=f"{wall.id}~{number}") for number in range(drawn)]
        return replace(self, pages=self.pages + count, rejected=self.rejected + count, sample=[*self.sample, *copies])

    @property
    def name(self) -> str:
        """The site, in words."""
        return self.site or "(site not known)"


Profiles = dict[str | None, SiteProfile]


def profile_pages(pages: Iterable[Measured]) -> Profiles:
    """Return the profile of each site that some pages are of."""
    by_site: dict[str | None, list[Measured]] = {}
    for page in pages:
        by_site.setdefault(page.site, []).append(page)
    return {
        site: SiteProfile(
            site,
            len(held),
            sum(page.rejected for page in held),
            Counter(page.layout for page in held if page.layout),
            _draw(held),
        )
        for site, held in by_site.items()
    }


def add_profiles(one: Profiles, other: Profiles) -> Profiles:
    """Return the profiles of both, site by site."""
    added = dict(one)
    for site, profile in other.items():
        added[site] = added[site].plus(profile) if site in added else profile
    return added


def _draw(pages: list[Measured]) -> list[Measured]:
    """Return the pages whose ids come first; the same scrape twice is one page."""
    return nsmallest(SAMPLE, {page.id: page for page in pages}.values(), key=lambda page: page.id)
