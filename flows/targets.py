"""The paths that a person names → the inputs they stand for: files, folders, containers, patterns."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from flows.errors import WrongUse
from flows.places import read_name
from flows.read.inputs import Input, find_inputs, name_source

Roots = list[tuple[Path, list[Input]]]


def find_targets(named: Sequence[str], raw: Path) -> Roots:
    """Return the inputs of some paths with the root that what stands beside them is looked for below.

    What stands below `raw` is named as `clean` names it; anything else by its path as given. A name with *, ? or [ that is no
    path is a pattern ("**" is any number of folders). Raises WrongUse for a path that is not there and for a pattern that
    matches nothing, Fault for a folder that cannot be listed.
    """
    targets: Roots = []
    seen: set[Path] = set()
    for name in named:
        for path in _expand(read_name(name)):
            root, found = _find(path, raw)
            fresh = [one for one in found if _place(one.path) not in seen]
            seen.update(_place(one.path) for one in fresh)
            if fresh:
                targets.append((root, fresh))
    return _join(targets)


def _expand(name: str) -> Iterator[Path]:
    path = Path(name)
    if not _exists(path) and glob.has_magic(name):
        matches = sorted(match for match in glob.iglob(name, recursive=True) if not _is_beside(match))  # noqa: PTH207 -- takes absolute patterns
        if not matches:
            raise WrongUse(f"{name}: the pattern matches nothing, no file or folder is named so")
        yield from (Path(match) for match in matches if "**" not in name or Path(match).is_file())
        return
    yield path


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # such as a name that is too long to be one
        return False


def _is_beside(match: str) -> bool:
    return match.endswith((".meta.json", "source.toml"))


def _place(path: Path) -> Path:
    return path.parent.resolve() / path.name


def _find(path: Path, raw: Path) -> tuple[Path, list[Input]]:
    if not _exists(path) and not path.is_symlink():
        raise WrongUse(f"{path}: no such file or folder; name scrapes")
    place, root = _place(path), raw.resolve()
    if path.is_dir():
        place = path.resolve()
    found = find_inputs(path)
    below = path if path.is_dir() else path.parent
    if place.is_relative_to(root):
        mine = raw / place.relative_to(root) if path.is_dir() else (raw / place.relative_to(root)).parent
        return raw, [_renamed(one, mine / one.path.relative_to(below), raw) for one in found]
    return path, [replace(one, source=name_source(one.path)) for one in found]


def _renamed(found: Input, path: Path, raw: Path) -> Input:
    return replace(found, path=path, source=name_source(path.relative_to(raw)))


def _join(targets: Roots) -> Roots:
    """Return the targets with neighbours of one root together, so that many files named one by one are batches, too."""
    joined: Roots = []
    for root, found in targets:
        root = root if root.is_dir() else root.parent  # noqa: PLW2901 -- a file's own folder
        if joined and joined[-1][0] == root:
            joined[-1][1].extend(found)
        else:
            joined.append((root, list(found)))
    return joined
