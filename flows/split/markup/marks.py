"""A mark: a date or a person somewhere on a page."""

from __future__ import annotations

from typing import NamedTuple


class Mark(NamedTuple):
    """A date or a person on the page: the stretch of text, and the first piece and the element that it stands in."""

    start: int
    end: int
    piece: int
    element: int
    strong: bool = False  # a profile's address or markup says so, not the words alone
    value: str | None = None  # what an attribute says of the date, to the second and machine-readable
