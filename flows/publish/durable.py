"""Files that last: written whole under another name, synced, then given their name in one step."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_durably(path: Path, data: bytes) -> None:
    """Write a file so that whoever opens it, now or after a crash, finds all of the old or all of the new."""
    staged = path.with_name(f".{path.name}-{secrets.token_hex(4)}.tmp")
    try:
        with staged.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(path)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last."""
    sync_file(folder)


def sync_file(path: Path) -> None:
    """Make a file's bytes, or a folder's names, last."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
