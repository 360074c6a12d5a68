"""Files of our own that are read back: JSON whose shape is checked before anything in it is believed."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

MOST_BYTES = 1 << 30  # an index of a million inputs has some 300 MB
MOST = 1 << 63
Check = Callable[[Any], None]  # raises ValueError for a value of another shape


def read_json(path: Path, check: Check) -> Any:
    """Return what a JSON file holds.

    Raises ValueError where it is damaged or of another shape, OSError where it cannot be read.
    """
    value = orjson.loads(read_plain(path))  # refuses what is nested too deep to be read by recursion
    check(value)
    return value


def read_plain(path: Path) -> bytes:
    """Return the bytes of a plain file. Raises OSError for a folder, a pipe, a device, or a size that none of ours has."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe would be waited for
    with os.fdopen(handle, "rb") as file:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise OSError(errno.EINVAL, "not a plain file", str(path))
        if about.st_size > MOST_BYTES:
            raise OSError(errno.EFBIG, f"of {about.st_size:,} bytes, more than any that was written", str(path))
        return file.read()


def _differ(value: Any, wanted: str) -> ValueError:
    return ValueError(f"{type(value).__name__} in place of {wanted}")


def number(value: Any) -> None:
    """Hold that a value is a whole number from 0."""
    if type(value) is not int or not 0 <= value < MOST:
        raise _differ(value, "a number from 0")


def whole(value: Any) -> None:
    """Hold that a value is a whole number."""
    if type(value) is not int or not -MOST <= value < MOST:
        raise _differ(value, "a whole number")


def text(value: Any) -> None:
    """Hold that a value is a string."""
    if type(value) is not str:
        raise _differ(value, "a string")


def truth(value: Any) -> None:
    """Hold that a value is true or false."""
    if type(value) is not bool:
        raise _differ(value, "true or false")


def moment(value: Any) -> None:
    """Hold that a value is a time with its zone."""
    text(value)
    if datetime.fromisoformat(value).tzinfo is None:
        raise ValueError("a time without its zone")


def anything(value: Any) -> None:
    """Hold nothing of a value."""


def matching(pattern: str) -> Check:
    """Return a check that a value is a string that a pattern matches as a whole."""
    compiled = re.compile(pattern)

    def check(value: Any) -> None:
        text(value)
        if not compiled.fullmatch(value):
            raise ValueError(f"a string that is not of the form {pattern}")

    return check


def optional(inner: Check) -> Check:
    """Return a check that lets null pass too."""

    def check(value: Any) -> None:
        if value is not None:
            inner(value)

    return check


def each(inner: Check) -> Check:
    """Return a check of a list by its items."""

    def check(value: Any) -> None:
        if type(value) is not list:
            raise _differ(value, "a list")
        for at, item in enumerate(value):
            _check_at(f"[{at}]", inner, item)

    return check


def row(*inner: Check, least: int | None = None) -> Check:
    """Return a check of a list that has an item for each check; `least`: for so many of them at least."""

    def check(value: Any) -> None:
        if type(value) is not list or not (len(inner) if least is None else least) <= len(value) <= len(inner):
            raise _differ(value, f"a list of {len(inner)}")
        for at, item in enumerate(value):
            _check_at(f"[{at}]", inner[at], item)

    return check


def by_name(inner: Check, names: Check = text) -> Check:
    """Return a check of an object by its names and values, whatever the names are."""

    def check(value: Any) -> None:
        if type(value) is not dict:
            raise _differ(value, "an object")
        for name, item in value.items():
            names(name)
            _check_at(f".{name[:40]!a}", inner, item)

    return check


def fields(required: Mapping[str, Check], free: Mapping[str, Check] | None = None) -> Check:
    """Return a check of an object that has the required fields, and may have others; `free` are checked where they are."""

    def check(value: Any) -> None:
        if type(value) is not dict:
            raise _differ(value, "an object")
        if missing := required.keys() - value.keys():
            raise ValueError(f"without {min(missing)}")
        for name, inner in {**required, **(free or {})}.items():
            if name in value:
                _check_at(f".{name}", inner, value[name])

    return check


def _check_at(place: str, inner: Check, value: Any) -> None:
    try:
        inner(value)
    except ValueError as error:
        raise ValueError(f"{place}{'' if str(error)[:1] in '.[' else ': '}{error}") from None
