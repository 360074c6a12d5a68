"""Which files there are below the raw root, and what stands beside them about them."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from flows.errors import Fault, WrongUse
from flows.read.decode import without_surrogates
from flows.read.forms import form_of
from flows.read.times import read_time
from flows.records import Blemish
from flows.rules import BrokenFile, is_there, read_json, read_toml

SIDECAR_SUFFIX = ".meta.json"
FOLDER_FILE = "source.toml"
OVERRIDES_FILE = "authors.overrides.toml"  # says of whole snapshots who is who; flows/authors/overrides.py reads it
FOLDER_KEYS = {"site", "url", "licence", "fetched_at", "expected", "language", "columns", "max_removed"}
# What a key of JSON lines or a column of Parquet may be named to hold: [columns] text = "post_text".
COLUMN_ROLES = {"text", "html", "url", "timestamp", "site", "title", "language", "id"}
# Faults of what lies there; any other, such as too many open files, is the machine's and refuses nothing.
UNLISTABLE = {errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP}
MAX_FOLDER_FILE_BYTES = 1 << 20
MAX_SIDECAR_BYTES = 1 << 20  # a sidecar holds a few short values; more than this is not one
MAX_NAME_BYTES = 255  # of every file system that is in use
ONE_PAGE_FORMS = ("txt", "html")  # a file of any other form holds records, named path#record


@dataclass(frozen=True, slots=True)
class Input:
    """One file below the raw root. `refusal` is set where it must not be opened."""

    path: Path
    source: str  # path below the raw root, "/"-separated
    size: int
    refusal: str | None = None
    changed: int = 0  # when the file was changed, in nanoseconds since 1970, as the file system says


@dataclass(slots=True)
class Provenance:
    """What stands beside a file about it; every field may be unknown."""

    url: str | None = None
    site: str | None = None
    title: str | None = None
    language: str | None = None
    fetched_at: datetime | None = None
    blemishes: list[Blemish] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)  # what a field of a record is for → the name it has there
    licence: str | None = field(default=None, repr=False)  # see flows/read/stamps.py


def find_inputs(raw: Path) -> list[Input]:
    """Return every input file below `raw`, sorted by source; `raw` may be a single file.

    Hidden files, sidecars, `source.toml` and `authors.overrides.toml` are no inputs. A symlink is followed only to a file
    below `raw`; any other carries the reason why it is refused. Raises WrongUse when `raw` is not there or a `source.toml`
    is broken, Fault when `raw` cannot be listed.
    """
    check_raw(raw)
    _folder_says.cache_clear()  # what was said at an earlier run may have changed
    _resolved.cache_clear()
    try:
        if raw.is_file():
            check_folder_file(raw.parent / FOLDER_FILE, raw.resolve().parent)
            return [_input(raw, Path(raw.name), raw.resolve().parent)]
        root = raw.resolve()
        return sorted(_walk(root, raw), key=lambda found: found.source)
    except OSError as error:
        raise Fault(f"{raw}: cannot be listed ({error.strerror}); nothing was published, the last snapshot stands") from error


def check_raw(raw: Path) -> None:
    """Raise WrongUse when `raw` is not there, or is neither a folder nor a file."""
    try:
        if not raw.is_dir() and not raw.is_file():
            what = "neither a file nor a folder" if raw.exists() else "no such file or folder"
            raise WrongUse(f"{raw}: {what}; name the folder that holds the scrapes")
    except OSError as error:
        raise WrongUse(f"{raw}: no such file or folder ({error.strerror})") from error


def name_source(below: Path) -> str:
    """Return the name that an input is published under; no two inputs, and no record of another, have one name.

    Bytes of a file name that are not UTF-8 are escaped, and so are backslashes, and a "#" behind what is named as a container
    is.

    >>> print(name_source(Path("a/caf" + chr(0xDCE9) + ".txt")), name_source(Path("a/caf\\\\xe9.txt")))
    a/caf\\xe9.txt a/caf\\\\xe9.txt
    >>> print(name_source(Path("a.jsonl#7")), name_source(Path("question #7.txt")))
    a.jsonl\\x237 question #7.txt
    """
    named = os.fsencode(below.as_posix()).replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")
    if "#" not in named:
        return named
    start, *rest = named.split("#")
    for part in rest:
        start += ("#" if form_of(start) in ONE_PAGE_FORMS else "\\x23") + part
    return start


def _walk(root: Path, raw: Path) -> Iterator[Input]:
    """Yield the inputs below the raw root; folders nest as deep as they like (before Python 3.12, os.walk recurses)."""
    folders = [raw]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as listed:
                names = [(entry.name, _is_folder(entry)) for entry in listed]
        except OSError as error:
            if folder == raw or error.errno not in UNLISTABLE:
                raise
            refusal = "name-too-long" if error.errno == errno.ENAMETOOLONG else "folder-closed"
            yield Input(folder, name_source(folder.relative_to(raw)), 0, refusal)
            continue
        if FOLDER_FILE in dict(names):
            check_folder_file(folder / FOLDER_FILE, root)
        folders += [folder / name for name, is_folder in names if is_folder and not name.startswith(".")]
        for name, is_folder in names:
            if is_folder or name.startswith(".") or name in (FOLDER_FILE, OVERRIDES_FILE) or name.endswith(SIDECAR_SUFFIX):
                continue
            path = folder / name
            yield _input(path, path.relative_to(raw), root)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False  # gone since it was listed, or too long a name: what it is taken for says so


def _input(path: Path, below: Path, root: Path) -> Input:
    """Return the input that a name below the raw root stands for; one that must not be opened says why."""
    source = name_source(below)
    try:
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode):
            if refusal := _why_not_followed(path, root):
                return Input(path, source, 0, refusal)
            found = path.stat()
    except OSError as error:
        if error.errno not in UNLISTABLE:
            raise
        # Gone since the folder was listed: the reader says so.
        return Input(path, source, 0, "name-too-long" if error.errno == errno.ENAMETOOLONG else None)
    if not stat.S_ISREG(found.st_mode):
        return Input(path, source, 0, "not-a-file")
    return Input(path, source, found.st_size, changed=found.st_mtime_ns)


def _why_not_followed(link: Path, root: Path) -> str | None:
    try:
        link.stat()
    except OSError as error:
        if error.errno != errno.ENOENT:
            return "symlink-broken"
    target = Path(os.path.realpath(link))  # pathlib's own raises on loops
    if not target.is_relative_to(root):
        return "symlink-outside"
    if target.is_dir():
        return "symlink-to-folder"
    return None if target.exists() else "symlink-broken"


def read_provenance(found: Input, raw: Path) -> Provenance:
    """Return what `<file>.meta.json` and the nearest `source.toml` say of an input; the sidecar wins.

    Neither is read through a symlink that leads out of the raw root. Raises WrongUse for a `source.toml` that is broken or such
    a link: it is written by hand and stands for a whole folder.
    """
    known = Provenance()
    root = raw if raw.is_dir() else raw.parent
    folder = _folder_says(found.path.parent, root)
    _take(known, _sidecar_says(found.path, root, known), found.source + SIDECAR_SUFFIX)
    stem = found.path.name.split(".", 1)[0]
    defaults = {key: value for key, value in folder.items() if getattr(known, key, "") is None}
    if "url" in defaults:
        defaults["url"] = defaults["url"].replace("{stem}", stem).replace("{name}", found.path.name)
    _take(known, defaults, FOLDER_FILE)
    known.columns = folder.get("columns", {})
    return known


def find_removal_limits(inputs: list[Input], raw: Path) -> dict[str, float]:
    """Return site → `max_removed` of the `source.toml` that say so; where two speak of a site, the smaller share."""
    root = raw if raw.is_dir() else raw.parent
    limits: dict[str, float] = {}
    for folder in {found.path.parent for found in inputs}:
        says = _folder_says(folder, root)
        if "max_removed" in says:
            limits[says["site"]] = min(float(says["max_removed"]), limits.get(says["site"], 1.0))
    return limits


def _sidecar_says(path: Path, root: Path, known: Provenance) -> dict[str, Any]:
    """Return what a sidecar says; nothing where there is none, or where it cannot be used, which `known` takes note of."""
    sidecar = path.with_name(path.name + SIDECAR_SUFFIX)
    try:
        if not is_there(sidecar, _resolved(root)):
            return {}
        says = read_json(sidecar, MAX_SIDECAR_BYTES)
    except BrokenFile as error:
        why = error.why
    else:
        if isinstance(says, dict):
            return says
        why = "is not a JSON object"
    if len(os.fsencode(sidecar.name)) > MAX_NAME_BYTES:
        return {}  # no file system holds such a name, so none is there
    name = name_source(Path(sidecar.name))
    known.blemishes.append(Blemish("url", "sidecar", name, f"{name} could not be used: it {why}"))
    return {}


@lru_cache(maxsize=64)
def _resolved(root: Path) -> Path:
    return root.resolve()


@lru_cache(maxsize=4096)
def _folder_says(folder: Path, raw: Path) -> dict[str, Any]:
    """Return the keys of the nearest source.toml at or above `folder`, up to the raw root; the outermost date counts."""
    passed: list[Path] = []
    at = folder
    says = check_folder_file(at / FOLDER_FILE, _resolved(raw))
    while says is None and at not in (raw, at.parent):
        passed.append(at)
        at = at.parent
        says = check_folder_file(at / FOLDER_FILE, _resolved(raw))
    if says is not None or at != raw:
        passed.append(at)
    told = dict(says or {})
    for dated in reversed(passed):
        if not told.get("fetched_at") and (date := _date_in_name(dated.name)):
            told["fetched_at"] = date
    return told


def check_folder_file(file: Path, root: Path) -> dict[str, Any] | None:
    """Return what a `source.toml` says; None where there is none.

    Raises WrongUse for one that is broken, and for a symlink that leads out of `root`.
    """
    if not is_there(file, root):
        return None
    says = read_toml(file, FOLDER_KEYS, MAX_FOLDER_FILE_BYTES)
    for key in ("site", "url", "language", "licence"):
        if not isinstance(says.get(key, ""), str):
            raise WrongUse(f"{file}: {key} is {says[key]!r}; write it as text in quotes")
    columns = says.get("columns", {})
    if not isinstance(columns, dict) or not all(isinstance(name, str) and name for name in columns.values()):
        raise WrongUse(f"{file}: columns is {columns!r}; write it as a table [columns] of names in quotes")
    if unknown := sorted(set(columns) - COLUMN_ROLES):
        raise WrongUse(f"{file}: [columns] has {unknown[0]!r}; known are {', '.join(sorted(COLUMN_ROLES))}")
    left = re.search(r"[{}]", says.get("url", "").replace("{stem}", "").replace("{name}", ""))
    if left:
        raise WrongUse(f"{file}: url {says['url']!r} has a place that is not known; known are {{stem}} and {{name}}")
    share = says.get("max_removed", 0)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise WrongUse(f"{file}: max_removed is {share!r}; write it as a share from 0 to 1")
    if "max_removed" in says and "site" not in says:
        raise WrongUse(f"{file}: max_removed is that of a site; write site beside it")
    if "fetched_at" in says and read_time(says["fetched_at"], FOLDER_FILE)[0] is None:
        raise WrongUse(f"{file}: fetched_at {says['fetched_at']!r} is no time; write it as in 2024-05-01T10:00:00Z")
    return says


def _date_in_name(name: str) -> str | None:
    """Return the date a folder is named after ("2024-05-01", "20240501"), or None."""
    digits = name.replace("-", "").replace("_", "")
    if len(digits) != 8 or not digits.isdigit():
        return None
    try:
        return datetime.strptime(digits, "%Y%m%d").replace(tzinfo=UTC).isoformat()
    except ValueError:
        return None


def _take(known: Provenance, says: dict[str, Any], where: str) -> None:
    for column in ("url", "site", "title", "language", "licence"):
        value = says.get(column)
        if isinstance(value, str) and value.strip():
            setattr(known, column, without_surrogates(value.strip()).text)
    if says.get("fetched_at") is not None:
        known.fetched_at, blemish = read_time(says["fetched_at"], where)
        known.blemishes += [blemish] if blemish else []
