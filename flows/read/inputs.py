"""Which files there are below the raw root, and what stands beside them about them."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from flows.errors import WrongUse
from flows.records import Blemish

SIDECAR_SUFFIX = ".meta.json"
FOLDER_FILE = "source.toml"
FOLDER_KEYS = {"site", "url", "licence", "fetched_at", "expected", "language"}
MAX_SIDECAR_BYTES = 1 << 20  # a sidecar holds a few short values; more than this is not one


@dataclass(frozen=True, slots=True)
class Input:
    """One file below the raw root. `refusal` is set where it must not be opened."""

    path: Path
    source: str  # path below the raw root, "/"-separated
    size: int
    refusal: str | None = None


@dataclass(slots=True)
class Provenance:
    """What stands beside a file about it; every field may be unknown."""

    url: str | None = None
    site: str | None = None
    title: str | None = None
    language: str | None = None
    fetched_at: datetime | None = None
    blemishes: list[Blemish] = field(default_factory=list)


def find_inputs(raw: Path) -> list[Input]:
    """Return every input file below `raw`, sorted by source; `raw` may be a single file.

    Hidden files, sidecars and `source.toml` are no inputs. A symlink is followed only to a file below `raw`;
    any other carries the reason why it is refused. Raises WrongUse when `raw` is not there.
    """
    if not raw.exists():
        raise WrongUse(f"{raw}: no such file or folder; name the folder that holds the scrapes")
    if raw.is_file():
        return [Input(raw, raw.name, raw.stat().st_size)]
    root = raw.resolve()
    return sorted(_walk(root, raw), key=lambda found: found.source)


def _walk(root: Path, raw: Path) -> Iterator[Input]:
    for folder, subfolders, names in os.walk(raw):
        linked = [name for name in subfolders if (Path(folder) / name).is_symlink()]
        subfolders[:] = sorted(name for name in subfolders if not name.startswith(".") and name not in linked)
        for name in [*names, *linked]:
            if name.startswith(".") or name == FOLDER_FILE or name.endswith(SIDECAR_SUFFIX):
                continue
            path = Path(folder) / name
            # Surrogates (names that are not UTF-8) cannot be published as text.
            source = path.relative_to(raw).as_posix().encode("utf-8", "replace").decode()
            refusal = _why_not(path, root)
            yield Input(path, source, 0 if refusal else _size(path), refusal)


def _why_not(path: Path, root: Path) -> str | None:
    if path.is_symlink():
        target = path.resolve()
        if not target.is_relative_to(root):
            return "symlink-outside"
        if target.is_dir():
            return "symlink-to-folder"
    return "not-a-file" if path.exists() and not path.is_file() else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # gone since the folder was listed: the reader says so


def read_provenance(found: Input, raw: Path) -> Provenance:
    """Return what `<file>.meta.json` and the nearest `source.toml` say of an input; the sidecar wins.

    Raises WrongUse for a `source.toml` that is broken: it is written by hand and stands for a whole folder.
    """
    known = Provenance()
    folder = _folder_says(found.path.parent, raw if raw.is_dir() else raw.parent)
    _take(known, _sidecar_says(found.path, known), found.source + SIDECAR_SUFFIX)
    stem = found.path.name.split(".", 1)[0]
    defaults = {key: value for key, value in folder.items() if getattr(known, key, "") is None}
    if isinstance(defaults.get("url"), str):
        defaults["url"] = defaults["url"].replace("{stem}", stem).replace("{name}", found.path.name)
    _take(known, defaults, FOLDER_FILE)
    return known


def _sidecar_says(path: Path, known: Provenance) -> dict[str, Any]:
    sidecar = path.with_name(path.name + SIDECAR_SUFFIX)
    try:
        if sidecar.stat().st_size > MAX_SIDECAR_BYTES:
            raise ValueError(f"larger than {MAX_SIDECAR_BYTES} bytes")
        says = json.loads(sidecar.read_bytes())
        if not isinstance(says, dict):
            raise ValueError("not a JSON object")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        reason = f"{sidecar.name} could not be used: {error}"
        known.blemishes.append(Blemish("url", "sidecar", str(sidecar.name), reason))
        return {}
    return says


@lru_cache(maxsize=4096)
def _folder_says(folder: Path, raw: Path) -> dict[str, Any]:
    """Return the keys of the nearest source.toml at or above `folder`, up to the raw root."""
    file = folder / FOLDER_FILE
    if file.is_file():
        try:
            says = tomllib.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise WrongUse(f"{file}: cannot be read as TOML ({error}); mend it or take it away") from error
        unknown = sorted(set(says) - FOLDER_KEYS)
        if unknown:
            raise WrongUse(f"{file}: unknown key {unknown[0]!r}; known are {', '.join(sorted(FOLDER_KEYS))}")
        says.setdefault("fetched_at", _date_in_name(folder.name))
        return says
    if folder == raw or folder == folder.parent:
        dated = _date_in_name(folder.name) if folder != raw else None
        return {"fetched_at": dated} if dated else {}
    says = _folder_says(folder.parent, raw)
    dated = _date_in_name(folder.name)
    return {**says, "fetched_at": dated} if dated and not says.get("fetched_at") else says


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
            setattr(known, column, value.strip())
    if says.get("fetched_at") is not None:
        known.fetched_at, blemish = read_time(says["fetched_at"], where)
        known.blemishes += [blemish] if blemish else []


def read_time(value: object, where: str) -> tuple[datetime | None, Blemish | None]:
    """Return a container's time in UTC, or None and why: ISO 8601, or seconds or milliseconds since 1970.

    A time without a zone is taken as UTC.

    >>> read_time("2024-05-01T10:00:00Z", "x")[0]
    datetime.datetime(2024, 5, 1, 10, 0, tzinfo=datetime.timezone.utc)
    """
    try:
        if isinstance(value, datetime):
            moment = value
        elif isinstance(value, int | float) and not isinstance(value, bool):
            # 1e11 seconds is the year 5138; in milliseconds it is 1973, before any web page.
            moment = datetime.fromtimestamp(value / 1000 if abs(value) >= 1e11 else value, UTC)
        else:
            moment = datetime.fromisoformat(str(value).strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        reason = f"the fetch time in {where} is neither ISO 8601 nor a count of seconds"
        return None, Blemish("fetched_at", "time", str(value)[:200], reason)
    return moment, None
