"""What an operator writes for RAW, PROCESSED and scrapes → paths of this machine."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote_to_bytes

from flows.errors import WrongUse

URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/]*)(.*)", re.DOTALL)
THIS_MACHINE = ("", "localhost")


def read_place(named: str) -> Path:
    """Return the path that is named by itself or by a file:// URL.

    Raises WrongUse for a URL of another scheme or of another machine, and for what is no name at all.

    >>> read_place("file:///srv/my%20scrapes").as_posix()
    '/srv/my scrapes'
    """
    path = Path(read_name(named))
    # A folder may be called so; Polars would take it for the home folder, as a shell does.
    return Path.cwd() / path if str(path).startswith("~") else path


def read_name(named: str) -> str:
    """Return a name of files as `read_place` does; it may be a pattern, or go on with the name of a record."""
    if not named.strip() or "\0" in named:
        raise WrongUse(f"{named!r} names no file or folder; is a variable empty?")
    found = URL.fullmatch(named)
    if found is None:
        return named
    scheme, host, path = found[1].lower(), found[2], found[3]
    if scheme != "file":
        raise WrongUse(f"{named}: {scheme}:// is not supported; name a file or folder of this machine")
    if host.lower() not in THIS_MACHINE or not path:
        raise WrongUse(f"{named}: names no path of this machine; write file:///folder")
    return os.fsdecode(unquote_to_bytes(os.fsencode(path)))


def check_places(raw: Path, processed: Path) -> None:
    """Raise WrongUse where the output would be among the scrapes: PROCESSED is RAW or lies in it, through symlinks too."""
    inside, root = Path(os.path.realpath(processed)), Path(os.path.realpath(raw))
    if inside == root:
        raise WrongUse(f"{processed}: RAW and PROCESSED are the same; name a folder of its own for the snapshots")
    if inside.is_relative_to(root):
        raise WrongUse(f"{processed}: lies in RAW ({raw}); name a folder outside of it for the snapshots")
