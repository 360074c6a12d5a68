"""The words that the authors room knows, read once from the TOML files beside it.

A table without a `why`, or a form that stands for two normal forms, is refused: a wrong word here renames people.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from flows.errors import WrongUse
from flows.rules import read_toml

HERE = Path(__file__).parent
_NO_MARKS = {ord("."): None, ord(" "): None, ord("\u00ae"): None, ord("\u2122"): None, 0x2019: "'"}
FILES = (
    "common_names", "credentials", "degrees", "names", "nicknames", "places", "roles", "salutations", "signoffs", "spellings",
)  # fmt: skip


@cache
def read_table(name: str) -> dict[str, Any]:
    """The tables of `<name>.toml`, every one of them with a reason; WrongUse where the file is broken.

    >>> sorted(read_table("signoffs"))
    ['glue', 'group']
    """
    path = HERE / f"{name}.toml"
    table = read_toml(path)
    for key, value in table.items():
        for group in value if isinstance(value, list) else [value]:
            if not group.get("why"):
                raise WrongUse(f"{path.name}: a table [{key}] does not say why; add `why`")
    return table


@lru_cache(maxsize=1 << 14)
def squeeze(text: str) -> str:
    """The letters of a credential without dots and spaces, the form in which credentials are compared.

    >>> squeeze("Ph. D.")
    'PhD'
    """
    return text.translate(_NO_MARKS)


@lru_cache(maxsize=1 << 16)
def fold(text: str) -> str:
    """The form in which words are compared: no case, typewriter apostrophes, no dot at the end.

    >>> fold("Dr.")
    'dr'
    """
    return text.casefold().replace("\u2019", "'").rstrip(".")


@dataclass(frozen=True, slots=True)
class Letters:
    """Credentials: each form and what it stands for, and which of them prove nothing alone."""

    exact: dict[str, str]
    folded: dict[str, str]  # only forms that are no word in any case
    names: frozenset[str]
    ambiguous: frozenset[str]
    weak: frozenset[str]
    in_capitals: frozenset[str]
    corporate: frozenset[str]


@cache
def letters() -> Letters:
    """Every credential that is known; WrongUse if a form stands for two."""
    table = read_table("credentials")
    exact: dict[str, str] = {}
    names: set[str] = set()
    for group in table["group"]:
        for name in group["names"]:
            if name in names:
                raise WrongUse(f"credentials.toml: {name} stands in two groups")
            names.add(name)
            for form in (name, name.upper(), *group.get("forms", {}).get(name, ())):
                if exact.setdefault(squeeze(form), name) != name:
                    raise WrongUse(f"credentials.toml: {form} stands for {exact[squeeze(form)]} and for {name}")
    ambiguous = frozenset(table["ambiguous"]["names"])
    folded = {form.casefold(): name for form, name in exact.items() if name not in ambiguous and len(name) > 2}
    for name in ("MD", "RN"):  # "Md" and "Rn" are no words, though states and mistakes
        folded[name.casefold()] = name
    corporate = frozenset(squeeze(form).casefold() for form in table["corporate"]["names"])
    weak, in_capitals = frozenset(table["weak"]["names"]), frozenset(table["in_capitals"]["names"])
    return Letters(exact, folded, frozenset(names), ambiguous, weak, in_capitals, corporate)


@dataclass(frozen=True, slots=True)
class Names:
    """What stands around a name and inside it; every form folded."""

    titles: frozenset[str]
    dotted_titles: frozenset[str]
    loose_titles: frozenset[str]  # a title only before a full name
    title_words: frozenset[str]
    titles_behind: tuple[str, ...]
    generations: dict[str, str]
    generations_after_comma: frozenset[str]
    particles: frozenset[str]
    never_first: frozenset[str]
    east_asian: frozenset[str]
    memorial: frozenset[str]
    remarks: frozenset[str]
    lead_ins: tuple[str, ...]
    not_names: frozenset[str]
    noise: frozenset[str]
    noise_starts: tuple[str, ...]


def _folded(words: Iterable[str]) -> frozenset[str]:
    return frozenset(fold(word) for word in words)


@cache
def names() -> Names:
    """Every word that is known to stand around or inside a name; WrongUse if a generation mark stands for two."""
    table = read_table("names")
    generations: dict[str, str] = {}
    for normal, forms in table["generations"]["forms"].items():
        for form in forms:
            if generations.setdefault(form, normal) != normal:
                raise WrongUse(f"names.toml: {form} stands for two generations")
    titles = table["titles"]
    return Names(
        titles=_folded(titles["forms"]),
        dotted_titles=_folded(titles["dotted_only"]),
        loose_titles=_folded(titles["with_full_name"]),
        title_words=_folded(table["title_words"]["forms"]),
        titles_behind=tuple(table["titles_behind"]["forms"]),
        generations=generations,
        generations_after_comma=frozenset(table["generations_after_comma"]["forms"]),
        particles=_folded(table["particles"]["forms"]),
        never_first=_folded(table["particles"]["never_first"]),
        east_asian=_folded(table["east_asian_families"]["forms"]),
        memorial=_folded(table["remarks"]["memorial"]),
        remarks=_folded(table["remarks"]["other"]),
        lead_ins=tuple(sorted(table["lead_ins"]["forms"], key=len, reverse=True)),
        not_names=_folded(table["not_names"]["forms"]),
        noise=_folded(table["noise"]["lines"]),
        noise_starts=tuple(table["noise"]["starts"]),
    )


@dataclass(frozen=True, slots=True)
class Places:
    """What tells a place: codes as printed, names folded."""

    codes: frozenset[str]
    regions: frozenset[str]
    cities: frozenset[str]
    lettered: frozenset[str]
    words: frozenset[str]
    endings: tuple[str, ...]


@cache
def places() -> Places:
    """Every place, region and place word that is known."""
    table = read_table("places")
    us, other = table["us_states"], table["other_regions"]
    return Places(
        codes=frozenset([*us["codes"], *other["codes"]]),
        regions=_folded([*us["names"], *other["names"], *table["countries"]["names"]]),
        cities=_folded(table["cities"]["names"]),
        lettered=_folded(table["lettered_states"]["names"]),
        words=_folded(table["place_words"]["words"]),
        endings=tuple(table["place_words"]["endings"]),
    )


@dataclass(frozen=True, slots=True)
class Roles:
    """What a role is made of; phrases as tuples of folded words."""

    heads: frozenset[str]
    general: frozenset[str]
    board: frozenset[str]
    surnames: frozenset[str]
    endings: tuple[str, ...]
    never: frozenset[str]
    qualifiers: frozenset[str]
    longest: int  # words of the longest qualifier
    qualifier_endings: tuple[str, ...]
    complements: frozenset[str]
    connectors: frozenset[str]
    not_before: frozenset[str]
    not_places: frozenset[str]


@cache
def roles() -> Roles:
    """Every role noun and qualifier that is known."""
    table = read_table("roles")
    heads = {
        kind: _folded(w for g in table["heads"] if _kind(g) == kind for w in g["words"]) for kind in ("", "general", "board")
    }
    qualifiers = _folded(word for group in table["qualifiers"] for word in group["words"])
    return Roles(
        heads=heads[""] | heads["general"] | heads["board"],
        general=heads["general"] - heads["board"],
        board=heads["board"],
        surnames=_folded(table["surnames"]["words"]),
        endings=tuple(word for group in table["endings"] for word in group["words"]),
        never=_folded(word for group in table["endings"] for word in group["never"]),
        qualifiers=qualifiers,
        longest=max(len(phrase.split()) for phrase in qualifiers),
        qualifier_endings=tuple(table["qualifier_endings"]["words"]),
        complements=_folded(table["complements"]["words"]),
        connectors=_folded(table["connectors"]["words"]),
        not_before=_folded(table["not_before"]["words"]),
        not_places=_folded(table["not_places"]["words"]),
    )


def _kind(group: dict[str, Any]) -> str:
    if group.get("general"):
        return "general"
    return "board" if group["kind"] == "board" else ""


@cache
def closings() -> frozenset[str]:
    """Every closing phrase of a letter, folded."""
    return _folded(form for group in read_table("signoffs")["group"] for form in group["forms"])
