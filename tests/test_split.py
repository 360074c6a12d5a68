"""Flat text → threads: the layouts, and what only looks like them."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flows.pipeline import split_page
from flows.records import NoThread, Page, Thread

PROSE = "The joint is held by a spring that loses its force after some years of daily use."
MORE = "Take the cover off, clean the contact with a soft brush, and try again before you order a part."
ADA, BELA = "Ada Brandt, PhD", "Bela Quist, PhD"
LAST = "Mine lasted another four winters after that, which is more than the shop gave it."


def page_of(text: str, form: str = "txt", title: str | None = None) -> Page:
    return Page(source="t.txt", format=form, text=text, bytes=len(text), digest="0" * 32, title=title)


def split(text: str, **options: str) -> Thread:
    found = split_page(page_of(text, **options))
    assert isinstance(found, Thread), found
    return found


def names(thread: Thread) -> list[str | None]:
    return [answer.byline.name if answer.byline else None for answer in thread.answers]


def bodies(thread: Thread) -> list[str | None]:
    return [answer.body for answer in thread.answers]


def test_a_signature_ends_an_answer_and_the_next_begins_on_the_next_line() -> None:
    thread = split(f"Why does my toaster click?\n\n{PROSE}\n\nAda Brandt, PhD\n{MORE}\n\nBela Quist, MSc, PhD\n")
    assert thread.question.body == "Why does my toaster click?"
    assert bodies(thread) == [PROSE, MORE]
    assert names(thread) == ["Ada Brandt", "Bela Quist"]


def test_two_empty_lines_stand_for_a_missing_signature() -> None:
    thread = split(f"My toaster clicks.\n\n{PROSE}\n\nAda Brandt, PhD\n{MORE}\n\n\n{LAST}\n\nBela Quist, PhD\n")
    assert bodies(thread) == [PROSE, MORE, LAST]
    assert names(thread) == ["Ada Brandt", None, "Bela Quist"]


def test_bare_names_are_signatures_where_they_recur_in_their_place() -> None:
    long = "The pilot light goes out when the wind is in the east, and the landlord says that this is how it has always been."
    thread = split(f"My heater fails.\n\n{long}\n\nAda Brandt\n{long} Twice.\n\ngardener_42\n{long} Thrice.\n\nBela Quist\n")
    assert names(thread) == ["Ada Brandt", "gardener_42", "Bela Quist"]


def test_where_every_gap_is_two_lines_a_gap_says_nothing() -> None:
    text = f"My toaster clicks.\n\n\n{PROSE}\n\n\n{MORE}\n\n\nAda Brandt, PhD\n\n\n{LAST}\n\n\nBela Quist, PhD\n"
    assert bodies(split(text)) == [f"{PROSE}\n\n{MORE}", LAST]


def test_a_sign_off_ends_an_unsigned_answer_and_names_its_author() -> None:
    thread = split(
        f"My toaster clicks.\n\n{PROSE}\n\nAda Brandt, PhD\n{MORE} Regards, Dr. Okoye\n\n{LAST}\n\nBela Quist, PhD\n"
    )
    assert names(thread) == ["Ada Brandt", "Okoye", "Bela Quist"]
    assert bodies(thread) == [PROSE, MORE, LAST]


def test_a_greeting_opens_an_answer() -> None:
    text = (
        f"My toaster clicks.\n\n{PROSE}\n\nAda Brandt, PhD\n{MORE}\n\nThank you for your question. {LAST}\n\nBela Quist, PhD\n"
    )
    assert len(split(text).answers) == 3


def test_a_byline_repeated_at_the_tail_joins_the_byline() -> None:
    thread = split(
        f"My toaster clicks.\n\n{PROSE}Ada Brandt Licensed Electrician Leeds\n\nAda Brandt, PhD\n{MORE}\n\nBela Quist, PhD\n"
    )
    assert bodies(thread) == [PROSE, MORE]
    assert thread.answers[0].byline is not None
    assert thread.answers[0].byline.printed == "Ada Brandt Licensed Electrician Leeds\nAda Brandt, PhD"


@pytest.mark.parametrize("marker", ["{{ votes }}", "<%= votes(answer) %>", "+4", "12 people found this helpful", "Útil [4]"])
def test_headline_marker_body_byline_for_any_marker(marker: str) -> None:
    heads = zip("ABC", (PROSE, MORE, LAST), strict=True)
    parts = [f"{head}\n\n{marker}\n\n{body}\n\n{ADA}\nLeeds Electrician\n" for head, body in heads]
    thread = split("My toaster clicks\n\nIt clicks all night long and nobody sleeps.\n\n3 Answers\n\n" + "\n".join(parts))
    assert thread.title == "My toaster clicks"
    assert thread.declared_answer_count == 3
    assert [answer.headline for answer in thread.answers] == ["A", "B", "C"]
    assert bodies(thread) == [PROSE, MORE, LAST]


def test_a_count_that_disagrees_lowers_confidence() -> None:
    text = "My toaster clicks\n\nIt clicks.\n\n{} Answers\n\nA\n\n+4\n\n" + f"{PROSE}\n\nB\n\n+1\n\n{MORE}\n"
    right, wrong = split(text.format(2)), split(text.format(5))
    assert len(right.answers) == len(wrong.answers) == 2
    assert wrong.confidence < right.confidence


def test_of_two_splits_the_one_that_agrees_with_the_count_wins() -> None:
    text = f"My toaster clicks\n\nIt clicks.\n\n{{}} Answers\n\n{PROSE}\n\n{MORE}\n\n{LAST}\n"
    assert len(split(text.format(3)).answers) == 3
    assert len(split(text.format(2)).answers) == 1  # nothing says where: one answer, in doubt
    assert split(text.format(2)).confidence < 0.5


def test_a_byline_may_stand_above_its_answer() -> None:
    text = f"My toaster clicks\n\nIt clicks.\n\n2 Answers\n\nAda Brandt, PhD\n{PROSE}\n\nBela Quist, PhD\n{MORE}\n"
    thread = split(text)
    assert (names(thread), bodies(thread)) == (["Ada Brandt", "Bela Quist"], [PROSE, MORE])


def test_what_a_widget_lists_is_no_answer() -> None:
    listed = "Related questions\nWhy does my kettle hum?\nCan a toaster be mended?\n\n"
    thread = split(f"My toaster clicks.\n\n{PROSE}\n\nAda Brandt, PhD\n\n{listed}{MORE}\n\nBela Quist, PhD\n")
    assert bodies(thread) == [PROSE, MORE]


def test_a_list_in_an_answer_stays_one_item_a_line() -> None:
    thread = split(
        f"My toaster clicks.\n\nTry this:\n\n1) unplug it\n2) wait\n\n\n{MORE}\n\nAda Brandt, PhD\n{LAST}\n\nBela Quist, PhD\n"
    )
    assert bodies(thread)[0] is not None
    assert "1) unplug it\n2) wait" in str(bodies(thread)[0])


def test_fenced_code_keeps_its_indent_and_braces() -> None:
    code = "```\nif (x) {\n    {{ y }}\n}\n```"
    thread = split(f"My template shows braces.\n\nUse this code:\n\n{code}\n\nAda Brandt, PhD\n{MORE}\n\nBela Quist, PhD\n")
    assert code in str(bodies(thread)[0])


@pytest.mark.parametrize(
    "line",
    [
        "Date: it was on the invoice, MD or not, and I asked Ada Brandt, MD, about it last week.",
        "I asked Ada Brandt, PhD, and she laughed.",
        "Springfield, MD",
        "As Dr. Quist says in his book: wait.",
        "5 people found this helpful hint in the manual.",
        "We had 3 answers and 4 opinions.",
    ],
)
def test_prose_that_looks_like_a_delimiter_is_prose(line: str) -> None:
    thread = split(f"My toaster clicks.\n\n{PROSE}\n\n{line}\n\n{MORE}\n\nAda Brandt, PhD\n{LAST}\n\nBela Quist, PhD\n")
    assert bodies(thread) == [f"{PROSE}\n\n{line}\n\n{MORE}", LAST]


def test_text_without_an_answer_is_a_question_in_doubt() -> None:
    thread = split(f"{PROSE} {MORE}")
    assert (thread.answers, thread.question.body) == ([], f"{PROSE} {MORE}")
    assert thread.confidence < 0.5


@pytest.mark.parametrize("text", ["Log in\n\nHome\n\nAbout us", "ok", "{{ page }}"])
def test_navigation_and_debris_are_no_thread(text: str) -> None:
    assert isinstance(split_page(page_of(text)), NoThread)


def test_an_html_page_needs_more_than_prose() -> None:
    assert isinstance(split_page(page_of(f"{PROSE}\n\n{MORE}", form="html")), NoThread)


def test_the_title_of_the_head_is_not_said_twice() -> None:
    title = "My toaster clicks | Kitchen Bench"
    text = f"{title}\n\nMy toaster clicks\n\nIt clicks all night.\n\n1 Answer\n\n{PROSE}\n\nAda Brandt, PhD\n"
    thread = split(text, form="html", title=title)
    assert (thread.title, thread.question.body) == ("My toaster clicks", "It clicks all night.")


WORDS = st.sampled_from(["toaster", "clicks,", "spring.", "why?", "It", "Ada", "Brandt,", "PhD", "\u00a0", "x\u200by", "7"])
LINES = st.one_of(
    st.lists(WORDS, min_size=0, max_size=12).map(" ".join),
    st.sampled_from(
        ["", "", "Ada Brandt, PhD", "Leeds Electrician", "{{ votes }}", "+3", "2 Answers", "4.5 out of 5 stars 3 reviews",
         "You might also like...", "```", "{{", "    code {{ x }}", "Regards, Dr. Quist", "Hi {{ name }}, wait."]
    ),
)  # fmt: skip


@settings(max_examples=2000, deadline=None)
@example(["2 Answers", "    code {{ x }}", "", "```", "", "+3", "", "toaster"], "\n")
@example(["Ada Brandt, PhD", "```", "{{", "", "Ada Brandt, PhD"], "\n")
@example(["{{", "toaster", "{{", "```", "{{", "", "Ada Brandt, PhD", "Ada Brandt, PhD"], "\n")
@example(["Ada Brandt, PhD", "spring. Ada Brandt,"], "\n")
@given(st.lists(LINES, max_size=40), st.sampled_from(["\n", "\r\n", "\r"]))
def test_nothing_is_lost_and_nothing_is_refused_as_a_defect(lines: list[str], end: str) -> None:
    text = end.join(lines)
    found = split_page(page_of(text))
    assert not (isinstance(found, NoThread) and found.check in ("conservation", "defect")), found.reason
    assert "".join(text[claim.start : claim.end] for claim in found.claims) == text


@settings(max_examples=100, deadline=None)
@given(st.lists(LINES, max_size=30))
def test_the_same_page_is_split_the_same_twice(lines: list[str]) -> None:
    assert split_page(page_of("\n".join(lines))) == split_page(page_of("\n".join(lines)))
