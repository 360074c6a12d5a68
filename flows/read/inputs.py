"""Which files there are below the raw root, and what stands beside them about them."""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from flows.errors import Fault, WrongUse
from flows.read.decode import without_surrogates
from flows.read.times import read_time
from flows.records import Blemish

SIDECAR_SUFFIX = ".meta.json"
FOLDER_FILE = "source.toml"
OVERRIDES_FILE = "authors.overrides.toml"  # says of whole snapshots who is who; flows/authors/overrides.py reads it
FOLDER_KEYS = {"site", "url", "licence", "fetched_at", "expected", "language", "columns"}
# What a key of JSON lines or a column of Parquet may be named to hold: [columns] text = "post_text".
COLUMN_ROLES = {"text", "html", "url", "timestamp", "site", "title", "language", "id"}
MAX_SIDECAR_BYTES = 1 << 20  # a sidecar holds a few short values; more than this is not one


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


def find_inputs(raw: Path) -> list[Input]:
    """Return every input file below `raw`, sorted by source; `raw` may be a single file.

    Hidden files, sidecars, `source.toml` and `authors.overrides.toml` are no inputs. A symlink is followed only to a file
    below `raw`; any other carries the reason why it is refused. Raises WrongUse when `raw` is not there or a `source.toml`
    is broken, Fault when `raw` cannot be listed.
    """
    check_raw(raw)
    _folder_says.cache_clear()  # what was said at an earlier run may have changed
    try:
        if raw.is_file():
            check_folder_file(raw.parent / FOLDER_FILE)
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
    """Return the name that an input is published under; bytes of a file name that are not UTF-8 are escaped.

    >>> name_source(Path("a/caf" + chr(0xDCE9) + ".txt"))
    'a/caf\\\\xe9.txt'
    """
    return os.fsencode(below.as_posix()).decode("utf-8", "backslashreplace")


def _walk(root: Path, raw: Path) -> Iterator[Input]:
    closed: list[OSError] = []
    for folder, subfolders, names in os.walk(raw, onerror=closed.append):
        if FOLDER_FILE in names:
            check_folder_file(Path(folder) / FOLDER_FILE)
        linked = [name for name in subfolders if (Path(folder) / name).is_symlink()]
        subfolders[:] = sorted(name for name in subfolders if not name.startswith(".") and name not in linked)
        for name in [*names, *linked]:
            if name.startswith(".") or name in (FOLDER_FILE, OVERRIDES_FILE) or name.endswith(SIDECAR_SUFFIX):
                continue
            path = Path(folder) / name
            yield _input(path, path.relative_to(raw), root)
    for error in closed:
        path = Path(error.filename)
        if path == raw:
            raise error
        yield Input(path, name_source(path.relative_to(raw)), 0, "folder-closed")


def _input(path: Path, below: Path, root: Path) -> Input:
    """Return the input that a name below the raw root stands for; one that must not be opened says why."""
    source = name_source(below)
    try:
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode):
            if refusal := _why_not_followed(path, root):
                return Input(path, source, 0, refusal)
            found = path.stat()
    except OSError:
        return Input(path, source, 0)  # gone since the folder was listed: the reader says so
    if not stat.S_ISREG(found.st_mode):
        return Input(path, source, 0, "not-a-file")
    return Input(path, source, found.st_size, changed=found.st_mtime_ns)


def _why_not_followed(link: Path, root: Path) -> str | None:
    target = Path(os.path.realpath(link))  # pathlib's own raises on loops
    if not target.is_relative_to(root):
        return "symlink-outside"
    if target.is_dir():
        return "symlink-to-folder"
    return "symlink-broken" if not target.exists() or target.is_symlink() else None


def read_provenance(found: Input, raw: Path) -> Provenance:
    """Return what `<file>.meta.json` and the nearest `source.toml` say of an input; the sidecar wins.

    Raises WrongUse for a `source.toml` that is broken: it is written by hand and stands for a whole folder.
    """
    known = Provenance()
    folder = _folder_says(found.path.parent, raw if raw.is_dir() else raw.parent)
    _take(known, _sidecar_says(found.path, known), found.source + SIDECAR_SUFFIX)
    stem = found.path.name.split(".", 1)[0]
    defaults = {key: value for key, value in folder.items() if getattr(known, key, "") is None}
    if "url" in defaults:
        defaults["url"] = defaults["url"].replace("{stem}", stem).replace("{name}", found.path.name)
    _take(known, defaults, FOLDER_FILE)
    known.columns = folder.get("columns", {})
    return known


def _sidecar_says(path: Path, known: Provenance) -> dict[str, Any]:
    sidecar = path.with_name(path.name + SIDECAR_SUFFIX)
    try:
        found = sidecar.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_SIDECAR_BYTES:
            raise ValueError(f"not a file of at most {MAX_SIDECAR_BYTES} bytes")
        says = json.loads(sidecar.read_bytes())
        if not isinstance(says, dict):
            raise ValueError("not a JSON object")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        name = name_source(Path(sidecar.name))
        why = error.strerror if isinstance(error, OSError) else str(error)
        known.blemishes.append(Blemish("url", "sidecar", name, f"{name} could not be used: {why}"))
        return {}
    return says


@lru_cache(maxsize=4096)
def _folder_says(folder: Path, raw: Path) -> dict[str, Any]:
    """Return the keys of the nearest source.toml at or above `folder`, up to the raw root."""
    file = folder / FOLDER_FILE
    if file.is_file():
        says = check_folder_file(file)
        says.setdefault("fetched_at", _date_in_name(folder.name))
        return says
    if folder in (raw, folder.parent):
        dated = _date_in_name(folder.name) if folder != raw else None
        return {"fetched_at": dated} if dated else {}
    says = _folder_says(folder.parent, raw)
    dated = _date_in_name(folder.name)
    return {**says, "fetched_at": dated} if dated and not says.get("fetched_at") else says


def check_folder_file(file: Path) -> dict[str, Any]:
    """Return what a `source.toml` says; nothing where there is none. Raises WrongUse for one that is broken."""
    if not file.is_file():
        return {}
    try:
        says = tomllib.loads(file.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise WrongUse(f"{file}: cannot be read as TOML ({_one_line(error)}); mend it or take it away") from error
    unknown = sorted(set(says) - FOLDER_KEYS)
    if unknown:
        raise WrongUse(f"{file}: unknown key {unknown[0]!r}; known are {', '.join(sorted(FOLDER_KEYS))}")
    for key in ("site", "url", "language"):
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
    if "fetched_at" in says and read_time(says["fetched_at"], FOLDER_FILE)[0] is None:
        raise WrongUse(f"{file}: fetched_at {says['fetched_at']!r} is no time; write it as in 2024-05-01T10:00:00Z")
    return says


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


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
    for column in ("url", "site", "title", "language"):
        value = says.get(column)
        if isinstance(value, str) and value.strip():
            setattr(known, column, without_surrogates(value.strip()).text)
    if says.get("fetched_at") is not None:
        known.fetched_at, blemish = read_time(says["fetched_at"], where)
        known.blemishes += [blemish] if blemish else []
