"""What changed between two contracts, and what that means for who reads the data.

The reader's side decides. A promise withdrawn or widened (a column gone, nulls where there were none, a value that was
ruled out) can break a reader that relied on it: breaking. A promise added (a table, a column, a narrower range) breaks
nobody who takes columns by name: minor. Words alone: patch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from schemas.contract import Document

PATCH, MINOR, BREAKING = "patch", "minor", "breaking"
LEVELS = (PATCH, MINOR, BREAKING)
LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength")
UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength")


class Change(NamedTuple):
    """One difference: how much it matters, where, and what it is in one sentence."""

    level: str
    where: str
    what: str


def find_changes(old: Document, new: Document) -> list[Change]:
    """Return the changes from one contract to another, the gravest first. What either does not say is not compared."""
    found = [*_compare_tables(old["tables"], new["tables"]), *_compare_links(old["links"], new["links"])]
    return sorted(found, key=lambda change: (-LEVELS.index(change.level), change.where, change.what))


def demanded_version(changes: list[Change], old: str) -> str:
    """Return the least version that a contract may carry after changes to one of version `old` ("major.minor").

    >>> demanded_version([Change("minor", "t.c", "new")], "1.4"), demanded_version([Change("breaking", "t", "gone")], "1.4")
    ('1.5', '2.0')
    """
    major, minor = _parse(old)
    levels = {change.level for change in changes}
    return f"{major + 1}.0" if BREAKING in levels else f"{major}.{minor + 1}" if MINOR in levels else old


def is_bumped(changes: list[Change], old: str, new: str) -> bool:
    """Whether version `new` is high enough for the changes since `old`.

    >>> is_bumped([Change("breaking", "t", "gone")], "1.9", "1.10"), is_bumped([Change("breaking", "t", "gone")], "1.9", "2.0")
    (False, True)
    """
    return _parse(new) >= _parse(demanded_version(changes, old))


def _parse(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    if not (major.isdecimal() and minor.isdecimal()):
        raise ValueError(f"contract version {version!r} is not major.minor")
    return int(major), int(minor)


def _compare_tables(old: dict[str, Document], new: dict[str, Document]) -> Iterator[Change]:
    for table in old.keys() - new.keys():
        yield Change(BREAKING, table, "the table is gone; whoever reads it finds no files")
    for table in new.keys() - old.keys():
        yield Change(MINOR, table, "a new table; nobody reads it yet")
    for table in old.keys() & new.keys():
        yield from _compare_table(table, old[table], new[table])


def _compare_table(table: str, old: Document, new: Document) -> Iterator[Change]:
    before, after = ({column["name"]: column for column in told["columns"]} for told in (old, new))
    for name in before.keys() - after.keys():
        yield Change(BREAKING, f"{table}.{name}", "the column is gone; queries that name it fail")
    for name in after.keys() - before.keys():
        yield Change(MINOR, f"{table}.{name}", "a new column; queries that name their columns do not notice")
    stayed = [[name for name in names if name in before and name in after] for names in (before, after)]
    if stayed[0] != stayed[1]:
        yield Change(MINOR, table, "the columns stand in another order; who takes them by name does not notice")
    for trait, means in (("key", "rows are told apart by other columns"), ("sort", "files are sorted by other columns")):
        if _differ(old[trait], new[trait]):
            yield Change(BREAKING, table, f"{means}: {_list(new[trait])}, not {_list(old[trait])}")
    if _differ(old["description"], new["description"]):
        yield Change(PATCH, table, "the description says it in other words")
    for name in stayed[1]:
        yield from _compare_column(f"{table}.{name}", before[name], after[name])


def _compare_column(where: str, old: Document, new: Document) -> Iterator[Change]:
    if old["type"] != new["type"]:
        yield Change(BREAKING, where, f"the type is {new['type']}, not {old['type']}; a reader's own column may not take it")
    if new["nullable"] and not old["nullable"]:
        yield Change(BREAKING, where, "the column may be null; readers that were promised a value meet none")
    if old["nullable"] and not new["nullable"]:
        yield Change(MINOR, where, "the column is never null any more")
    units = old.get("unit"), new.get("unit")
    if units[0] != units[1]:
        both = None not in units
        say = f"the unit is {units[1]}, not {units[0]}; the same number means something else" if both else "the unit is named"
        yield Change(BREAKING if both else PATCH, where, say if units[1] else f"the unit is not named any more: {units[0]}")
    if _differ(old.get("description"), new.get("description")):
        yield Change(PATCH, where, "the description says it in other words")
    if old["checks"] is not None and new["checks"] is not None:
        for word in sorted(old["checks"].keys() | new["checks"].keys()):
            yield from _compare_check(where, word, old["checks"].get(word), new["checks"].get(word))


def _compare_check(where: str, word: str, old: Any, new: Any) -> Iterator[Change]:
    """Yield what became of one check: no check is the widest of all."""
    if old == new or (word == "enum" and None not in (old, new) and set(old) == set(new)):
        return
    if old is None:
        yield Change(MINOR, where, f"a check more: {word} {new}")
    elif new is None:
        yield Change(BREAKING, where, f"a check less: {word} {old} holds no more, so values may come that were ruled out")
    elif _is_narrower(word, old, new):
        yield Change(MINOR, where, f"{word} is narrower: {new}, not {old}")
    else:
        yield Change(BREAKING, where, f"{word} is wider or another: {new}, not {old}, so values may come that were ruled out")


def _is_narrower(word: str, old: Any, new: Any) -> bool:
    """Whether each value that passes the new check passes the old one; unknown counts as no."""
    if word in LOWER_BOUNDS:
        return bool(new > old)
    if word in UPPER_BOUNDS:
        return bool(new < old)
    return word == "enum" and set(new) < set(old)


def _compare_links(old: list[Document] | None, new: list[Document] | None) -> Iterator[Change]:
    if old is None or new is None:
        return
    before, after = ({(link["table"], link["column"]): link for link in links} for links in (old, new))
    for table, column in sorted(before.keys() | after.keys()):
        was, now = before.get((table, column)), after.get((table, column))
        if was == now:
            continue
        where = f"{table}.{column}"
        if was is None and now is not None:
            yield Change(MINOR, where, f"a promise more: each value is in {now['target']}.{now['key']}")
        elif was is not None:
            yield Change(BREAKING, where, f"values need not be in {was['target']}.{was['key']} any more; joins may lose rows")


def _differ(old: Any, new: Any) -> bool:
    return old is not None and new is not None and old != new


def _list(columns: list[str]) -> str:
    return ", ".join(columns) or "none"
