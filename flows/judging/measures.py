"""The measures of measures.toml: what is compared, from which change on it counts, and how bad that is."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, Literal, NoReturn

from flows.errors import WrongUse
from flows.rules import read_toml

FILE = Path(__file__).with_name("measures.toml")
CHOICES = {"unit": ("share", "times"), "way": ("less", "more", "both"), "severity": ("suspect", "fail")}

Severity = Literal["note", "suspect", "fail"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that is compared; see measures.toml for what the keys mean."""

    id: str
    of: str
    threshold: float
    way: str
    severity: Severity
    why: str
    unit: str = "share"
    apart: float = 0.0
    fail_at: float | None = None
    times: float | None = None
    common: float = 0.0
    is_mark: bool = False

    def title(self, name: str = "") -> str:
        """Return what is measured, in words."""
        told = self.of.replace("{name}", name)
        return told if told != self.of or not name else f"{told}, {name}"


@cache
def read_measures(file: Path = FILE) -> dict[str, Measure]:
    """Return the measures by id, in the order of the file; read once per process.

    Raises WrongUse, one line with measure and fault, for a file that is no TOML, a key that lacks or is not known, and a
    value that is none of its choices.
    """
    data = read_toml(file)
    measures: dict[str, Measure] = {}
    for kind in ("amount", "mark"):
        for entry in data.get(kind, ()):
            measure = _build(file.name, entry, is_mark=kind == "mark")
            if measure.id in measures:
                _refuse(file.name, measure.id, "the id occurs twice")
            measures[measure.id] = measure
    return measures


def _build(file: str, entry: dict[str, Any], *, is_mark: bool) -> Measure:
    name = str(entry.get("id", "without id"))
    known = {field.name: field for field in fields(Measure) if field.name != "is_mark"}
    for key, field in known.items():
        if field.default is MISSING and entry.get(key) in (None, ""):
            _refuse(file, name, f"has no {key}")
    for key, value in entry.items():
        if key not in known:
            _refuse(file, name, f"unknown key {key!r}")
        if key in CHOICES and value not in CHOICES[key]:
            _refuse(file, name, f"{key} is {value!r}, and none of {', '.join(CHOICES[key])}")
        if key in ("threshold", "apart", "fail_at", "times", "common") and not isinstance(value, int | float):
            _refuse(file, name, f"{key} is no number")
    return Measure(**entry, is_mark=is_mark)


def _refuse(file: str, name: str, fault: str) -> NoReturn:
    raise WrongUse(f"{file}: measure {name!r}: {fault}")
