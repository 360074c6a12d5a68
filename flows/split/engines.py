"""Layout files: known forum engines as data, each with its reason, how it is recognised, and the selectors of its posts.

A layout is one TOML file in `layouts/`: `id`, `engine`, `versions`, `why`, `literals`, `selector`, and a table `[post]`;
`title`, `opening`, `nested`, `promises` and a table `[comment]` where the engine has them. Selectors are CSS; a list of them
is in order of preference. To add one: write the file, and a page in `tests/engine_pages`.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, NoReturn

from flows.errors import WrongUse
from flows.rules import read_toml

FOLDER = Path(__file__).parent / "layouts"
FIELDS = ("author", "date")  # what a layout may promise of every post
ATTRIBUTES = frozenset({"date_attribute", "votes_attribute", "permalink_attribute", "depth_attribute"})
Texts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """The selectors of one kind of post. Those of attributes are names: the first that an element has is read."""

    element: Texts  # the whole record, everything that belongs to one post
    body: Texts
    before: Texts = ()  # what stands right before a record and belongs to it
    author: Texts = ()
    date: Texts = ()
    date_attribute: Texts = ()  # what says the date, where the printed text does not
    votes: Texts = ()
    votes_attribute: Texts = ()
    accepted: Texts = ()  # what only the accepted answer holds, or is
    permalink: Texts = ()  # what holds the id; without: the record itself
    permalink_attribute: Texts = ()
    depth: Texts = ()  # what says how deep a reply is nested, where the elements are not
    depth_attribute: Texts = ()
    drop: Texts = ()  # what stands in bodies and is no part of them


@dataclass(frozen=True, slots=True)
class Layout:
    """One engine's layout as its file states it."""

    id: str
    engine: str
    versions: str
    why: str
    literals: Texts  # all of them stand in the source of its pages: tested before anything else
    selector: str  # matches on its pages alone
    post: Parts
    file: str
    comment: Parts | None = None  # remarks under posts, inside their records
    title: Texts = ()
    declared: Texts = ()  # what shows the number of answers
    opening: Texts = ()  # what only the question is; without: the first post, unless this is a later page
    nested: bool = False  # the records of replies stand inside those of what they reply to
    promises: Texts = FIELDS  # what nearly every post shows; a page where it does not is another engine's


@cache
def read_layouts(folder: Path = FOLDER) -> tuple[Layout, ...]:
    """Return the layouts of a folder in the order of their files' names; read once per process.

    Raises WrongUse, one line with file and fault, for a file that is no TOML, lacks a part, holds an unknown key, a value
    of the wrong type or a selector that cannot be read, and for an id that is not the file's name.
    """
    return tuple(_read_file(file) for file in sorted(folder.glob("*.toml"), key=lambda file: file.stem))


def choose_layouts(which: str) -> tuple[Layout, ...]:
    """Return the layouts that a run tries, in order: "all" the known ones, "none", else a reviewed file or folder before them.

    Raises WrongUse for a path that is not there or holds no layout, and for an id that a known layout has.
    """
    if which in ("all", "none"):
        return read_layouts() if which == "all" else ()
    return (*_read_reviewed(which), *read_layouts())


@cache
def _read_reviewed(which: str) -> tuple[Layout, ...]:
    path = Path(which)
    if not path.exists():
        raise WrongUse(f"--layouts {which}: neither all nor none, and no such file or folder")
    reviewed = read_layouts(path) if path.is_dir() else (_read_file(path),)
    if not reviewed:
        raise WrongUse(f"--layouts {which}: the folder holds no layout (NAME.toml)")
    known = {layout.id for layout in read_layouts()}
    for layout in reviewed:
        if layout.id in known:
            _refuse(layout.file, f"the id {layout.id!r} is that of a known layout; give it another")
    return reviewed


def digest_layouts(which: str) -> str:
    """Return what tells runs apart by their layouts: the word, or a digest of what the reviewed files say."""
    if which in ("all", "none"):
        return which
    return blake2b(repr(choose_layouts(which)).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _read_file(file: Path) -> Layout:
    data = read_toml(file)
    _check_keys(file.name, data, Layout, "")
    if data["id"] != file.stem:
        _refuse(file.name, f"id is {data['id']!r}, and not the name of the file")
    values: dict[str, Any] = {name: _listed(value) if name in _LISTS else value for name, value in data.items()}
    values |= {name: _build_parts(file.name, name, data[name]) for name in ("post", "comment") if name in data}
    values["literals"] = tuple(sorted(values["literals"], key=len, reverse=True))  # the longer, the sooner it is found missing
    layout = Layout(file=file.name, **values)
    _check_selectors(layout)
    if unknown := set(layout.promises) - set(FIELDS):
        _refuse(file.name, f"promises {min(unknown)!r}, which is none of {', '.join(FIELDS)}")
    return layout


def _build_parts(file: str, name: str, table: Any) -> Parts:
    if not isinstance(table, dict):
        _refuse(file, f"{name} is not a table")
    _check_keys(file, table, Parts, f"{name}.")
    return Parts(**{key: _listed(value) for key, value in table.items()})


_LISTS = {f.name for f in fields(Layout) if f.type == "Texts"}


def _listed(value: str | list[str]) -> Texts:
    return (value,) if isinstance(value, str) else tuple(value)


def _check_keys(file: str, table: dict[str, Any], kind: type[Layout] | type[Parts], where: str) -> None:
    """Refuse a table that lacks a part, or holds a key that is not known or a value of another type."""
    known = {field.name: field for field in fields(kind) if field.name != "file"}
    for name, field in known.items():
        if field.default is MISSING and not table.get(name):
            _refuse(file, f"has no {where}{name}")
    for name, value in table.items():
        if name not in known:
            _refuse(file, f"unknown key {where + name!r}")
        listed = isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)
        sound = {
            "str": isinstance(value, str),
            "bool": isinstance(value, bool),
            "Texts": isinstance(value, str) or listed,
        }
        if not sound.get(str(known[name].type), True):
            _refuse(file, f"{where}{name} has the wrong type")


def _check_selectors(layout: Layout) -> None:
    """Refuse a selector that the parser of pages cannot read."""
    from selectolax.lexbor import LexborHTMLParser, SelectolaxError  # noqa: PLC0415 -- where there is no layout it is not needed

    empty = LexborHTMLParser("")
    for where, selector in iter_selectors(layout):
        try:
            empty.css(selector)
        except SelectolaxError:
            _refuse(layout.file, f"{where}: {selector!r} is no CSS selector")


def iter_selectors(layout: Layout) -> list[tuple[str, str]]:
    """Return every selector of a layout with the key that it stands under."""
    found = [("selector", layout.selector), *(("title", text) for text in layout.title)]
    found += [(name, text) for name in ("declared", "opening") for text in getattr(layout, name)]
    for name, parts in (("post", layout.post), ("comment", layout.comment)):
        for field in fields(Parts):
            if parts is not None and field.name not in ATTRIBUTES:
                found += [(f"{name}.{field.name}", text) for text in getattr(parts, field.name)]
    return found


def _refuse(file: str, fault: str) -> NoReturn:
    raise WrongUse(f"{file}: {fault}")
