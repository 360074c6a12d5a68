"""What judging hands on: one scrape with the reasons against it, and what one job came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from flows.judging.reasons import Reason, decide_verdict

if TYPE_CHECKING:
    from flows.judging.profiles import Profiles

PUBLISHED = "published-before"


class Judged(NamedTuple):
    """One scrape and the reasons against it."""

    source: str
    site: str | None
    layout: str | None
    language: str | None
    answers: int
    reasons: tuple[Reason, ...]
    content: int | None  # of its bytes, 64 bits, to tell copies; None: not read
    scrape: int  # hashes of what it is, 64 bits, to look up in what is published
    thread: int | None
    opening: int | None  # of the question's text; None where that is too short to tell

    @property
    def verdict(self) -> str:
        """Return "pass", "suspect" or "fail"."""
        return decide_verdict(reason.severity for reason in self.reasons)

    @property
    def is_published(self) -> bool:
        """Whether the very scrape is published."""
        return any(reason.id == PUBLISHED for reason in self.reasons)

    def as_json(self) -> dict[str, Any]:
        """Return the verdict as plain data."""
        reasons = [reason.as_json() for reason in self.reasons]
        about = {"source": self.source, "verdict": self.verdict, "site": self.site, "layout": self.layout}
        return {**about, "language": self.language, "answer_count": self.answers, "reasons": reasons}


@dataclass(slots=True)
class JudgedBatch:
    """What a worker hands back of one job."""

    pages: list[Judged]
    profiles: Profiles
