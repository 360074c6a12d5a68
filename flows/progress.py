"""How far a run is: what is told to whoever watches it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Is told how far a run is."""

    def planned(self, size: int) -> None:
        """Take the bytes that the inputs to clean come to."""

    def cleaned(self, size: int, pages: int) -> None:
        """Take the bytes and pages of a batch that was cleaned."""

    def stage(self, name: str) -> None:
        """Take the name of the stage that begins."""
