"""Flattened pages of forums: one column of lines, no markup; bodies, names and dates are found again, and nothing else."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from flows.pipeline import split_page
from flows.records import NoThread, Page, Thread
from flows.split.flat.columns import locate_piece

PAGES = Path(__file__).parent / "flat_pages"


def found_in(text: str) -> Thread | NoThread:
    return split_page(Page(source="a.txt", format="txt", text=text, bytes=len(text), digest="0" * 32))


def posts_of(name: str, *, blanks: bool = True) -> list[tuple[str | None, str | None, str]]:
    text = (PAGES / f"{name}.txt").read_text("utf-8")
    thread = found_in(text if blanks else "\n".join(line for line in text.split("\n") if line.strip()))
    assert isinstance(thread, Thread)
    posts = [thread.question, *thread.answers]
    return [(post.byline and post.byline.name, post.posted_at_raw, (post.body or "").split("\n")[0][:24]) for post in posts]


KETTLE = [
    ("Marlow92", "Mar 3, 2021", "My kettle has a thick wh"),
    ("hobbyist_ines", "Mar 3, 2021", "Citric acid, two spoons "),
    ("Tom K.", "Mar 4, 2021", "hobbyist_ines said:"),
    ("Marlow92", "Mar 5, 2021", "Thanks both, the crust c"),
]
CURTAIN = [
    ("Aubépine", "03/11/2017, 14h22", "Bonjour,"),
    ("mercerie44", "03/11/2017, 16h05", "Une bande de gros-grain "),
    ("Aubépine", "04/11/2017, 09h58", "Merci, je vais essayer a"),
]


@pytest.mark.parametrize(("name", "wanted"), [("kettle-descaling", KETTLE), ("rideau-trop-court", CURTAIN)])
def test_a_flattened_page_is_split_again(name: str, wanted: list[tuple[str, str, str]]) -> None:
    assert posts_of(name) == wanted


@pytest.mark.parametrize(("name", "wanted"), [("kettle-descaling", KETTLE), ("rideau-trop-court", CURTAIN)])
def test_without_its_blank_lines_it_has_the_same_posts(name: str, wanted: list[tuple[str, str, str]]) -> None:
    assert [post[2] for post in posts_of(name, blanks=False)] == [post[2] for post in wanted]


def test_a_page_with_its_names_below_the_posts_keeps_its_answers() -> None:
    posts = posts_of("fahrrad-knarzt")
    assert [post[0] for post in posts[1:]] == ["olaf_k", "Bergziege"]
    assert [post[1] for post in posts] == ["12. Mai 2019, 18:40", "12. Mai 2019, 20:05", "14. Mai 2019, 07:31"]


@pytest.mark.parametrize("name", ["kettle-descaling", "rideau-trop-court", "fahrrad-knarzt"])
def test_lists_of_other_threads_and_buttons_are_in_no_post(name: str) -> None:
    thread = found_in((PAGES / f"{name}.txt").read_text("utf-8"))
    assert isinstance(thread, Thread)
    said = "\n".join(post.body or "" for post in (thread.question, *thread.answers))
    for debris in ("Discussions similaires", "Signaler", "Similar threads", "Click to expand", "Log in", "Ähnliche Themen"):
        assert debris not in said
    assert thread.title
    assert "20" not in thread.title  # a date is no title


DIARY = """The winter the river froze

On 3 January 1963 the first skaters came. My father wrote in his diary: "Anna Berg, MD, set a broken wrist today."

By February 10, 1963 there was a market on the ice. He noted the prices:
- chestnuts, 2 pence
- soup, 4 pence

The thaw came on March 6. Nobody wrote about it, and the diary goes on with the lambs."""
POEM = "\n".join(["Slow water, slow", "under the white lid", "the pike has a calendar", "of its own"] * 6)
CODE = "\n".join(["def post(date, author):", "    Date: str = date", "    By: str = author", "    return Date, By", ""] * 5)


@pytest.mark.parametrize("text", [DIARY, POEM, CODE])
def test_prose_with_names_and_dates_is_not_cut_into_answers(text: str) -> None:
    found = found_in(text)
    assert isinstance(found, NoThread) or found.answers == []


def test_a_front_page_holds_no_thread() -> None:
    rows = [f"Board {at}\nThreads: {at * 7}\nPosts: {at * 31}\nLatest: Re: kettles\nToday at {at}:15" for at in range(1, 12)]
    page = "Home\nForums\nLog in\nRegister\n\n" + "\n\n".join(rows) + "\n\nContact us\nTerms\nPrivacy\nHelp\n"
    found = found_in(page)
    assert isinstance(found, NoThread) or found.answers == []


@pytest.mark.parametrize(
    ("raw", "text", "low", "high", "piece"),
    [
        ("by \u00a0Ada  Berg ", "by Ada Berg", 3, 11, "Ada  Berg"),
        ("Ada Berg", "Ada Berg", 0, 8, "Ada Berg"),
        ("sch\u00c3\u00b6n: Ada", "schön: Ada", 7, 10, None),  # repaired: the letters are others
    ],
)
def test_a_piece_of_a_line_is_found_in_the_raw_line(raw: str, text: str, low: int, high: int, piece: str | None) -> None:
    span = locate_piece(raw, text, low, high)
    assert (None if span is None else raw[slice(*span)]) == piece


@pytest.mark.slow
def test_a_page_of_twice_the_lines_takes_about_twice_as_long() -> None:
    page = (PAGES / "kettle-descaling.txt").read_text("utf-8")

    def seconds(times: int) -> float:
        began = time.process_time()
        found_in(page * times)
        return time.process_time() - began

    seconds(4)
    assert seconds(80) < 3.2 * seconds(40)
