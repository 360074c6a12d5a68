"""What is found before it is read: the boxes of a page's posts. Any way of finding them yields the same."""

from __future__ import annotations

from dataclasses import dataclass, field

from flows.split.markup.marks import Mark


@dataclass(slots=True)
class Box:
    """One post as it was found: its record, its body, and what stands for its fields."""

    first: int  # the pieces of the record
    last: int
    body: int | None = None  # the element that is the body; None: the post has no words
    element: int | None = None  # the element that is the record; None: it is no element of its own
    head: int | None = None  # the piece after the header inside the body; None: no such header
    author: Mark | None = None
    date: Mark | None = None
    votes: tuple[int, int] | None = None  # the stretch of text that shows a number
    votes_value: int | None = None
    is_accepted: bool | None = None
    permalink: str | None = None
    parent: int | None = None  # the box that it replies to


@dataclass(slots=True)
class Found:
    """The boxes of a page in order, and which way of looking found them."""

    boxes: list[Box]
    how: str
    confidence: float
    opening: Box | None = None  # the opening post; None: a later page, whose posts are all answers
    remarks: list[tuple[int, Box]] = field(default_factory=list)  # the box that each stands under (its place among the boxes)
    title: tuple[int, int] | None = None  # the stretch of text that is the title
    declared: int | None = None
    declared_at: tuple[int, int] | None = None
    trims: dict[int, str] = field(default_factory=dict)  # pieces of bodies that are cut, with the rule that cuts each
