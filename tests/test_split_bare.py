"""Text of bare sentences, as C4 keeps them: cut where a trace of a post is left, one doubtful record elsewhere."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.pipeline import split_page
from flows.records import NoThread, Page, Thread
from flows.rules import check_rules, read_rules
from flows.split.flat.traces import FILE, holds_trace, load_traces

KETTLE = "I bought a kettle in the sales and after a week the lid does not close any more, whatever I do with it."
HINGE = "The hinge of that model bends when it gets hot, mine did the same after a month of boiling."
SPRING = "There is a small spring behind the handle that has to sit in the notch on the left side."


def split(*lines: str) -> Thread:
    text = "\n".join(lines)
    thread = split_page(Page(source="t.txt", format="txt", text=text, bytes=len(text), digest="0" * 32))
    assert isinstance(thread, Thread)
    return thread


def starts(thread: Thread) -> list[str]:
    return [(answer.body or "")[:20] for answer in thread.answers]


def test_every_trace_is_proven_on_its_own_examples() -> None:
    for rule in read_rules(FILE, ("weights",)):
        check_rules([rule], holds_trace)


def test_every_trace_has_a_weight_or_a_use_of_its_own() -> None:
    scopes, weights = load_traces()
    weighed = {rule.id for scope in ("opens", "closes", "ends") for rule in scopes[scope]}
    assert {name for name in weights if name.startswith("trace-")} == weighed


@pytest.mark.parametrize(
    ("lines", "answers"),
    [
        ((KETTLE + " Any ideas?", HINGE), [HINGE]),
        ((KETTLE + " Thanks in advance.", HINGE), [HINGE]),
        ((KETTLE, "Ist das normal? Vielen Dank im Voraus für eure Tipps!", HINGE), [HINGE]),
        ((KETTLE, "Hello Marlow, " + SPRING), ["Hello Marlow, " + SPRING]),
        ((KETTLE, "This post was edited by Marlow92 on March 3, 2021.", SPRING), [SPRING]),
        ((KETTLE, HINGE, "olaf_k and Tom K. like this.", SPRING), [SPRING]),
        ((KETTLE, HINGE, f"marlow92 wrote: {KETTLE}", SPRING), ["marlow92 wrote: I bought"]),
        ((KETTLE, "Best Answer: " + HINGE), ["Best Answer: The hinge"]),
        ((KETTLE + " Does it need a new one?", "Try this. " + SPRING, "Thanks so much, it closes again and the water boils."),
         ["Try this. There is a", "Thanks so much, it c"]),
    ],
    ids=["ideas", "in advance", "in German", "salutation", "edit note", "likes", "quotation", "best answer", "thanks after it"],
)  # fmt: skip
def test_a_trace_parts_question_and_answers(lines: tuple[str, ...], answers: list[str]) -> None:
    thread = split(*lines)
    assert starts(thread) == [answer[:20] for answer in answers]
    assert (thread.question.body or "").startswith(KETTLE)
    assert thread.confidence < 0.5  # posts that left no trace may stand in any of them


def test_a_declared_reply_parts_two_paragraphs() -> None:
    head = "This topic contains 1 reply, has 2 voices, and was last updated by Marlow92 5 years ago."
    thread = split(head, KETTLE, HINGE, "You must be logged in to reply to this topic.")
    assert (thread.question.body, starts(thread), thread.declared_answer_count) == (KETTLE, [HINGE[:20]], 1)
    assert thread.confidence >= 0.5


def test_more_replies_are_declared_than_found() -> None:
    thread = split("Replies: 2 (Who?), Viewed: 4642 times.", *[f"{KETTLE} Week {week} was no better." for week in range(12)])
    assert (starts(thread), thread.declared_answer_count, thread.title) == ([], 2, None)
    assert thread.confidence < 0.3


def test_who_wrote_and_when_is_read_where_it_is_left() -> None:
    thread = split(
        "Why does the lid not close any more?", "Discussion in 'Kettles' started by Marlow92, Dec 3, 2010.", KETTLE,
        "Answered by Ines Moor on March 3, 2021 at 17:12.", SPRING,
    )  # fmt: skip
    assert thread.title == "Why does the lid not close any more?"
    assert (thread.question.body, thread.question.posted_at_raw) == (KETTLE, "Dec 3, 2010")
    assert thread.question.byline is not None
    assert thread.question.byline.name == "Marlow92"
    (answer,) = thread.answers
    assert (answer.body, answer.posted_at_raw) == (SPRING, "March 3, 2021 at 17:12")
    assert answer.byline is not None
    assert answer.byline.name == "Ines Moor"


def test_a_name_and_a_verb_before_the_words_are_no_part_of_them() -> None:
    thread = split("Sarah asked: " + KETTLE, "Ines answered: " + SPRING)
    assert (thread.question.body, starts(thread)) == (KETTLE, [SPRING[:20]])
    assert [post.byline.name if post.byline else None for post in (thread.question, *thread.answers)] == ["Sarah", "Ines"]


PROSE = {
    "no trace": (KETTLE, HINGE, SPRING),
    "a letter in a novel": (
        "He wrote: come at once, the house is cold and the dogs are hungry.",
        "My mother said: let him wait until the roads are dry, and nobody went before the spring.",
        "Date: that was the word on the lid of the box in which she kept what he had sent.",
    ),
    "a quoted poet": (
        "The museum shows forty of his notebooks in a room without windows.",
        "Lindqvist wrote: the sea is a door that nobody closes behind him.",
        "The line stands on the wall, and the visitors read it aloud to each other.",
    ),
    "an article with its author": (
        "The long way of the kettle from copper to steel.",
        "By Marlow Berg on March 3, 2014.",
        "Copper kettles were heavy and dear, and they went green where nobody polished them.",
        "Steel came late to the kitchen, because it could not be welded cheaply.",
    ),
    "a greeting below a heading": (
        "Spring in the allotment garden.",
        "Hello everyone, today I want to show you what has come up in our beds since the snow is gone.",
        "The peas are a finger long and the beans have not been sown yet.",
    ),
    "a list of frequent questions": (
        "Q: How long does delivery take to the islands?",
        "A: It takes three to five days from the day on which you pay.",
        "Q: Can I send the kettle back when it has been used?",
        "A: No, kettles that were used are not taken back.",
    ),
    "a recipe": (
        "Bring the water to the boil and leave the lid open while it does.",
        "1. Stir the flour into the cold milk until no lump is left in it.",
        "2. Pour it into the pot, and make sure that it does not burn.",
        "Good cooks say no to salt at this point, and yes to it later.",
    ),
    "a shop": (
        "Kettles of steel and copper from 29.95, delivered to your door within two days.",
        "Thanks to our large store we can send every order on the day on which it comes in.",
        "You can pay by card or on receipt of the goods.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("lines", PROSE.values(), ids=PROSE)
def test_prose_is_left_whole_and_doubted(lines: tuple[str, ...]) -> None:
    thread = split(*lines)
    assert thread.answers == []
    assert thread.confidence < 0.5


PIECES = st.sampled_from(
    [KETTLE, HINGE, SPRING, "Any ideas about it?", "This topic contains 2 replies.", "Posted by Ines on March 3, 2021.",
     "ines asked: why does it hum so loud?", f"olaf wrote: {HINGE}", "Marlow92 likes this.", "Thanks, it closes again now.",
     "Thread: Any ideas about it?", "  #4 10th Sep 2018 at 5:44 PM", "Ines\u00a0answered:  it is {{ name }} again, said he.",
     "Last edited by Ines; 04-26-2015 at 09:32 PM."]
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(st.lists(PIECES, min_size=1, max_size=9))
def test_no_character_is_lost(lines: list[str]) -> None:
    text = "\n".join(lines)
    found = split_page(Page(source="t.txt", format="txt", text=text, bytes=1, digest="0" * 32))
    assert not (isinstance(found, NoThread) and found.check in ("conservation", "defect"))
    assert [claim.start for claim in found.claims] == [0, *(claim.end for claim in found.claims[:-1])]
    assert found.claims[-1].end == len(text)


def test_long_hostile_lines_cost_little() -> None:
    began = time.process_time()
    for rule in read_rules(FILE, ("weights",)):
        for part in ("a ", "by ", "wrote ", ", ", "1 2 ", "thanks ", "any help ", "@@", ":", "discussion was started by "):
            holds_trace(rule, part * 20_000)
    assert time.process_time() - began < 5
