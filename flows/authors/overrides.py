"""What people say of who is who: `authors.overrides.toml`, which wins over any evidence.

    [[same]]
    authors = [{site = "skin.example", name = "Jane Roe"}, {site = "skin.example", name = "Jane Smith"}]
    why = "married in 2019, says her practice's page"

    [[not_same]]
    authors = ["0f…", {site = "skin.example", profile = "https://skin.example/experts/jane-roe-2"}]
    why = "mother and daughter"

An author is an id, or a site with a name or a profile, which may stand for several ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from flows.authors.resolve import normal_name
from flows.authors.spellings import profile_of
from flows.errors import WrongUse
from flows.rules import is_there, read_toml

if TYPE_CHECKING:
    import polars as pl

FILE = "authors.overrides.toml"
_ID = re.compile(r"[0-9a-f]{32}")
_KINDS = ("same", "not_same")


@dataclass(frozen=True, slots=True)
class Reference:
    """Whom an entry means: an id, or a site with a name or a profile."""

    id: str | None = None
    site: str | None = None
    name: str | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One statement: these are one person, or no two of them are."""

    kind: str  # "same" or "not_same"
    authors: tuple[Reference, ...]
    why: str
    number: int  # of its kind, from 1


@dataclass(frozen=True, slots=True)
class Overrides:
    """All statements of a file, in its order."""

    entries: tuple[Entry, ...] = ()
    file: str = FILE


def find_overrides(raw: Path) -> Overrides:
    """Return the overrides that lie in the raw root; none where there is no such file.

    Raises WrongUse for a broken one, and for a symlink out of the raw root.
    """
    root = raw if raw.is_dir() else raw.parent
    path = root / FILE
    return read_overrides(path) if is_there(path, root.resolve()) else Overrides()


def read_overrides(path: Path) -> Overrides:
    """Return the overrides of a file, read strictly. Raises WrongUse, one line, for one that is not there or broken."""
    told = read_toml(path, _KINDS)
    return Overrides(tuple(entry for kind in _KINDS for entry in _read_entries(path, kind, told.get(kind, []))), str(path))


def _read_entries(path: Path, kind: str, entries: Any) -> Iterator[Entry]:
    if not isinstance(entries, list):
        raise WrongUse(f"{path}: entries are written as [[{kind}]]")
    for number, entry in enumerate(entries, 1):

        def refuse(fault: str, number: int = number) -> NoReturn:
            raise WrongUse(f"{path}: [[{kind}]] number {number}: {fault}")

        if not isinstance(entry, dict):
            refuse("is no table of authors and why")
        if unknown := sorted(set(entry) - {"authors", "why"}):
            refuse(f"unknown key {unknown[0]!r}; it takes authors and why, and nothing else")
        if not isinstance(entry.get("why"), str) or not entry["why"].strip():
            refuse("does not say why")
        authors = entry.get("authors")
        if not isinstance(authors, list) or len(authors) < 2:
            refuse("names fewer than two authors")
        yield Entry(kind, tuple(_read_reference(author, refuse) for author in authors), entry["why"].strip(), number)


def _read_reference(author: Any, refuse: Any) -> Reference:
    if isinstance(author, str) and _ID.fullmatch(author):
        return Reference(id=author)
    if not isinstance(author, dict) or not all(isinstance(value, str) and value for value in author.values()):
        refuse(f"{author!r} is no author: write an id of 32 hex digits, or {{site, name}}, or {{site, profile}}")
    if set(author) - {"site", "name", "profile"} or "site" not in author or len(author) < 2:
        refuse(f"{author!r} is no author: a site and a name or a profile are asked for")
    site = author["site"].casefold().removeprefix("www.")
    return Reference(site=site, name=author.get("name"), profile=author.get("profile"))


# -- the ids that are meant -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rulings:
    """The overrides as ids: groups that are one person with the reason, and pairs that are not."""

    same: tuple[tuple[tuple[str, ...], str], ...] = ()
    apart: frozenset[tuple[str, str]] = frozenset()  # each pair in order


def apply_overrides(overrides: Overrides, authors: pl.DataFrame) -> Rulings:
    """Return the overrides with the ids of the authors at hand; who is not there is left out.

    Raises WrongUse where one entry says that two are the same and another that they are not.
    """
    if not overrides.entries:
        return Rulings()
    finder = _Finder(authors)
    same: list[tuple[tuple[str, ...], str]] = []
    apart: set[tuple[str, str]] = set()
    for entry in overrides.entries:
        found = [finder.find(reference) for reference in entry.authors]
        if entry.kind == "same":
            same.append((tuple(sorted({author for ids in found for author in ids})), entry.why))
            continue
        for at, ids in enumerate(found):
            apart |= {tuple(sorted((a, b))) for a in ids for others in found[at + 1 :] for b in others if a != b}  # type: ignore[misc]
    _refuse_contradictions(overrides, same, apart)
    return Rulings(tuple(group for group in same if len(group[0]) > 1), frozenset(apart))


def tie_sites(overrides: Overrides, sites: dict[str, str]) -> dict[str, str]:
    """Return each site that an entry names beside another, with the site that stands for all that hang together so.

    `sites` has the site of each id that an entry names. Authors of sites that are tied have to be resolved at one place.
    """
    stands: dict[str, str] = {}

    def root(site: str) -> str:
        while stands.get(site, site) != site:
            site = stands[site]
        return site

    for entry in overrides.entries:
        named = {told.site or sites.get(told.id or "") for told in entry.authors}
        first, *others = sorted({root(site) for site in named if site is not None}) or [""]
        stands |= dict.fromkeys(others, first)
    return {site: root(site) for site in stands}


def find_unmatched(overrides: Overrides, authors: pl.DataFrame) -> list[str]:
    """Return a sentence for each author of an entry that is not at hand: a typing error, or an input that went."""
    finder = _Finder(authors)
    return [
        f"{overrides.file}: [[{entry.kind}]] number {entry.number}: nobody is {told.id or told.name or told.profile}"
        for entry in overrides.entries
        for told in entry.authors
        if not finder.find(told)
    ]


class _Finder:
    """Finds the ids of references, in time linear in the authors."""

    def __init__(self, authors: pl.DataFrame) -> None:
        self._ids = set(authors["author_id"].to_list())
        self._found: dict[tuple[str, str, str], set[str]] = {}
        for author, site, name, url in authors.select("author_id", "site", "name", "profile_url").iter_rows():
            if site is None:
                continue
            if name is not None:
                self._found.setdefault((site, "name", normal_name(name)), set()).add(author)
            if url is not None:
                self._found.setdefault((site, "profile", profile_of(url).key), set()).add(author)

    def find(self, reference: Reference) -> set[str]:
        """Return the ids that a reference stands for."""
        if reference.id is not None:
            return {reference.id} & self._ids
        found = []
        if reference.name is not None:
            found.append(self._found.get((reference.site or "", "name", normal_name(reference.name)), set()))
        if reference.profile is not None:
            found.append(self._found.get((reference.site or "", "profile", profile_of(reference.profile).key), set()))
        return set.intersection(*found) if found else set()


def _refuse_contradictions(overrides: Overrides, same: list[tuple[tuple[str, ...], str]], apart: set[tuple[str, str]]) -> None:
    group: dict[str, str] = {}

    def root(author: str) -> str:
        while group.get(author, author) != author:
            author = group[author]
        return author

    for ids, _ in same:
        for author in ids[1:]:
            group[root(author)] = root(ids[0])
    for a, b in sorted(apart):
        if root(a) == root(b):
            raise WrongUse(f"{overrides.file}: {a} and {b} are said to be the same and not the same; take one entry out")
