"""Parts that a snapshot shares with the one before it, and the last look at each part before it is published."""

from __future__ import annotations

import os
import stat
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flows.errors import Fault
from flows.publish.digests import at_once, digest_file

if TYPE_CHECKING:
    from flows.publish.parts import Part


def confirm_parts(parts: list[Part], staged: Path, parent: Path | None) -> list[str]:
    """Share with the parent the parts that it has too, and read each part once more; return the paths that are damaged there.

    Raises Fault for a part that is not what was written.
    """
    return [path for path in at_once(partial(_confirm, staged, parent), parts) if path is not None]


def _confirm(staged: Path, parent: Path | None, part: Part) -> str | None:
    """Hold a part's digest against the one it was given when it was written; return its path where the parent's is damaged."""
    is_shared = _share(parent / part.path, staged / part.path, part) if parent is not None else None
    if is_shared is not True and digest_file(staged / part.path) != part.sha256:
        raise Fault(f"{staged / part.path}: other bytes than were written; is the disk sound? The last snapshot stands")
    return part.path if is_shared is False else None


def _share(old: Path, new: Path, part: Part) -> bool | None:
    """Put a link to an older file of the same name in the place of a new one, once its bytes are known to be the same.

    Returns False where they are others: the older file is damaged, as a name tells the content. Returns None where there is
    none, or the file system refuses: across disks, too many links, no permission.
    """
    linked = new.with_suffix(".link")
    is_same: bool | None
    try:
        about = old.lstat()
        if not stat.S_ISREG(about.st_mode):
            return None
        if about.st_size != part.bytes:
            return False
        os.link(old, linked)
        is_same = digest_file(linked) == part.sha256
        if is_same:
            linked.replace(new)
    except OSError:
        is_same = None
    linked.unlink(missing_ok=True)
    return is_same
