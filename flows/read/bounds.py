"""How much a file may unpack to, over its whole length. What sizes a file declares is not believed: bytes are counted."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import WriteableBuffer

# A hundred times the file: HTML packs to a fifth or a tenth, lines of one form to a thirtieth.
MIN_UNPACKED, MAX_RATIO = 256 << 20, 100


class TooMuch(Exception):
    """More was unpacked than pages come to."""


class Budget:
    """What may still be unpacked of a file, all its parts and entries together."""

    def __init__(self, size: int) -> None:
        """Take the size of the file as it is stored, in bytes."""
        self._left = max(MIN_UNPACKED, MAX_RATIO * size)

    def spend(self, size: int) -> None:
        """Take note of unpacked bytes. Raises TooMuch beyond what a file may unpack to."""
        self._left -= size
        if self._left < 0:
            raise TooMuch


class MeteredStream(io.RawIOBase):
    """An unpacked stream that raises TooMuch when more is read of it than its file may unpack to."""

    def __init__(self, read_into: Callable[[WriteableBuffer], int], budget: Budget) -> None:
        """Take what fills a buffer with the bytes at hand, fewer than it holds, and returns how many: 0 at the end."""
        self._read_into, self._budget = read_into, budget

    def readable(self) -> bool:
        """Say that it is for reading."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill a buffer; return how many bytes, 0 at the end."""
        count = self._read_into(buffer)
        self._budget.spend(count)
        return count
