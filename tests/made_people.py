"""An invented site of professionals who sign in several ways, with who is who: names as unevenly spread as real ones."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import polars as pl

from flows.authors.nicknames import names_behind
from flows.authors.resolve import author_key
from flows.authors.vocabulary import read_table
from flows.identity import author_id
from flows.records import Byline
from schemas import polars_schema

SITE = "clinic.example"
COLUMNS = (
    "author_id", "site", "name", "given_name", "family_name", "suffix", "credentials", "role", "location", "profile_url",
    "aliases",
)  # fmt: skip
DEGREES = ["MD", "MD", "MD", "MD", "DO", "DDS", "DMD", "DVM", "RN", "PhD", "JD"]
MORE = {
    "MD": ["FACS", "FAAD", "PhD", "MPH", "FACP", "MBA"],
    "DO": ["FACEP", "MPH"],
    "DDS": ["MS", "FAGD"],
    "DMD": ["MS", "MAGD"],
    "DVM": ["DACVS", "MS"],
    "RN": ["BSN", "MSN"],
    "PhD": ["MS", "LCSW"],
    "JD": ["LLM", "MBA"],
}
ROLES = {"MD": ["Dermatologist", "Plastic Surgeon", "Internist"], "DDS": ["Dentist"], "DMD": ["Dentist", "Orthodontist"]}
HEADS = [
    "ba", "be", "bi", "bo", "bra", "da", "do", "fa", "fe", "fi", "go", "gra", "ha", "he", "ho", "ka", "ke", "kle", "ko",
    "la", "le", "lo", "ma", "me", "mo", "na", "ne", "no", "pa", "pe", "ra", "ro", "sa", "se", "sta", "ta", "te", "to",
    "va", "wa", "we", "za",
]  # fmt: skip
TAILS = [
    "ber", "ck", "den", "der", "dt", "feld", "ger", "ham", "ker", "kins", "land", "ler", "lin", "ling", "mann", "mer",
    "ner", "nik", "rell", "ric", "ron", "sen", "ser", "ski", "son", "ster", "ton", "vic", "well", "witz", "zer",
]  # fmt: skip


def frame_of(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Return rows as evidence for `resolve_authors`, one per id: of each field the first that is known."""
    types = polars_schema("authors")
    frame = pl.DataFrame(rows, schema={name: types[name] for name in COLUMNS})
    fields = [name for name in COLUMNS if name not in ("author_id", "credentials", "aliases")]
    return frame.group_by("author_id", maintain_order=True).agg(
        *(pl.col(name).drop_nulls().first() for name in fields),
        pl.col("credentials").first(),
        pl.col("aliases").explode().unique().sort(),
    ).select(COLUMNS)  # fmt: skip


def row_of(byline: Byline, site: str, profile: str | None = None) -> dict[str, Any]:
    """Return the row of an author as the batches stage it."""
    author = author_id(site, "thread", profile, author_key(byline), None)
    fields = ("name", "given_name", "family_name", "suffix", "role", "location")
    told: dict[str, Any] = {name: getattr(byline, name) for name in fields}
    credentials = list(byline.credentials)
    return told | {
        "author_id": author,
        "site": site,
        "credentials": credentials,
        "profile_url": profile,
        "aliases": [byline.printed],
    }


@cache
def _pools() -> tuple[list[str], list[float], list[str], list[float]]:
    """Return given and family names with how often each is borne: listed ones by their share, made ones as a long tail."""
    dice = random.Random(11)  # noqa: S311 -- the same names every time
    table = read_table("common_names")
    given, family = (
        {name: table[f"{part}_{kind}"]["share"] for kind in ("common", "most") for name in table[f"{part}_{kind}"]["names"]}
        for part in ("given", "family")
    )
    for number in range(12_000):
        made = dice.choice(HEADS) + dice.choice(HEADS) * (number % 3 == 0) + dice.choice(TAILS)
        family.setdefault(made, 0.9 / (number + 60) / 5)
    return list(given), list(given.values()), list(family), list(family.values())


def make_site(people: int, seed: int) -> tuple[pl.DataFrame, dict[str, set[int]]]:
    """Return the authors of an invented site, and of each id the people behind it (several: nothing tells them apart)."""
    dice = random.Random(seed)  # noqa: S311 -- the same people every time
    towns = [
        f"{dice.choice(HEADS)}{dice.choice(HEADS)}{dice.choice(['ville', 'ton', 'burg', 'field'])}".title() for _ in range(400)
    ]
    weights = [1 / (at + 5) for at in range(len(towns))]
    rows: list[dict[str, Any]] = []
    truth: dict[str, set[int]] = {}
    for number in range(people):
        person = _make_person(dice, number, dice.choices(towns, weights)[0])
        for _ in range(dice.choice((1, 1, 2, 2, 3, 4))):
            row = row_of(*_sign(dice, person))
            rows.append(row)
            truth.setdefault(row["author_id"], set()).add(number)
    return frame_of(rows), truth


def _make_person(dice: random.Random, number: int, town: str) -> dict[str, Any]:
    given, given_weights, family, family_weights = _pools()
    degree = dice.choice(DEGREES)
    name = dice.choices(family, family_weights)[0].title()
    return {
        "given": dice.choices(given, given_weights)[0].title(),
        "middle": dice.choice("ABCDEGHJKLMNPRSTW") if dice.random() < 0.5 else None,
        "family": name if dice.random() > 0.04 else f"{name}-{dice.choices(family, family_weights)[0].title()}",
        "suffix": "Jr" if dice.random() < 0.01 else None,
        "credentials": [degree, *dice.sample(MORE[degree], k=dice.choice((0, 0, 1, 2)))],
        "role": dice.choice(ROLES.get(degree, ["Specialist"])),
        "town": f"{town}, {dice.choice(['TX', 'OH', 'CA'])}" if dice.random() < 0.8 else None,
        "profile": f"https://{SITE}/experts/{number}" if dice.random() < 0.4 else None,
    }


def _sign(dice: random.Random, person: dict[str, Any]) -> tuple[Byline, str, str | None]:
    """Return one of the ways in which a person signs."""
    given, family = person["given"], person["family"]
    chance = dice.random()
    if chance < 0.12:
        given = given[0] + "."
    elif chance < 0.2:
        short = sorted(full for full in names_behind(given.lower()) if full != given.lower())
        given = dice.choice(short).title() if short else given
    elif chance < 0.23:
        at = dice.randrange(1, len(family))
        family = family[:at] + family[at + 1 :]
    if "-" in family and dice.random() < 0.3:
        family = family.split("-")[0]
    middle = person["middle"] if person["middle"] and dice.random() < 0.5 else None
    name = " ".join(filter(None, (given, middle and f"{middle}.", family)))
    credentials = tuple(person["credentials"][: dice.randint(0 if dice.random() < 0.2 else 1, 3)])
    byline = Byline(
        printed=", ".join((name, *credentials)),
        name=name,
        given_name=given,
        family_name=family,
        suffix=person["suffix"],
        credentials=credentials,
        role=person["role"] if dice.random() < 0.6 else None,
        location=person["town"] if dice.random() < 0.75 else None,
    )
    return byline, SITE, person["profile"] if dice.random() < 0.6 else None


def score_site(truth: dict[str, set[int]], aliases: pl.DataFrame) -> tuple[float, float, int]:
    """Return precision and recall over pairs of ids, and how many pairs were joined; ids that stand for two people left out."""
    canonical = dict(aliases.select("alias_id", "author_id").iter_rows())
    wanted, found = (dict[Any, list[str]](), dict[Any, list[str]]())
    for author, people in truth.items():
        if len(people) == 1:
            wanted.setdefault(next(iter(people)), []).append(author)
            found.setdefault(canonical.get(author, author), []).append(author)
    pairs = [{(a, b) for ids in groups.values() for a in ids for b in ids if a < b} for groups in (wanted, found)]
    right = len(pairs[0] & pairs[1])
    return right / max(len(pairs[1]), 1), right / max(len(pairs[0]), 1), len(pairs[1])
