"""What is induced of one kind of post: the selectors of a field in order of preference, and how well they hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from flows.discovering.matching import Score, Selector
from flows.discovering.sketches import Sketch


@dataclass(slots=True)
class Chosen:
    """The selectors of one field in order of preference, and how they do together."""

    selectors: list[Selector] = field(default_factory=list)
    right: int = 0
    wrong: int = 0
    wanted: int = 0

    def add(self, selector: Selector, score: Score) -> None:
        """Take one more selector."""
        self.selectors.append(selector)
        self.right += score.right
        self.wrong += score.wrong
        self.wanted = max(self.wanted, score.wanted)

    @property
    def css(self) -> list[str]:
        """The selectors as they are written."""
        return [selector.css for selector in self.selectors]

    @property
    def score(self) -> Score:
        """How they do together."""
        return Score(self.right, self.wrong, self.wanted)


@dataclass(slots=True)
class PartsFound:
    """The selectors of one kind of post."""

    element: Chosen
    body: Chosen
    before: Chosen = field(default_factory=Chosen)
    fields: dict[str, Chosen] = field(default_factory=dict)
    attributes: dict[str, list[str]] = field(default_factory=dict)  # by field: the attributes that say it
    drop: Chosen = field(default_factory=Chosen)
    nested: bool = False
    held: bool = False  # records without a body are no posts: the frames of advertisements


def select(sketch: Sketch, selectors: Iterable[Selector]) -> list[int]:
    """Return the elements of a page that any of some selectors match, in document order."""
    return sorted({number for selector in selectors for number in selector.select(sketch)})
