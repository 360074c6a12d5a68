"""Flattened forum pages, one column of lines → threads; and what only looks like one."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.pipeline import split_page
from flows.records import NoThread, Page, Thread
from flows.split.flat.dates import find_date
from flows.split.flat.fates import locate_piece
from flows.split.flat.slots import Slots, join_undated

PAGES = Path(__file__).parent / "flat_pages"
WANTED = {  # page → author, date and first words of each post
    "kettle-descaling": [
        ("Marlow92", "Mar 3, 2021", "My kettle has"), ("hobbyist_ines", "Mar 3, 2021", "Citric acid, two"),
        ("Tom K.", "Mar 4, 2021", "hobbyist_ines said:"), ("Marlow92", "Mar 5, 2021", "Thanks both,"),
    ],
    "rideau-trop-court": [
        ("Aubépine", "03/11/2017, 14h22", "Bonjour,"), ("mercerie44", "03/11/2017, 16h05", "Une bande"),
        ("Aubépine", "04/11/2017, 09h58", "Merci, je vais"),
    ],
    "fahrrad-knarzt": [
        ("Bergziege", "12. Mai 2019, 18:40", "Hallo zusammen,"), ("olaf_k", "12. Mai 2019, 20:05", "Nimm sie noch"),
        ("Bergziege", "14. Mai 2019, 07:31", "olaf_k hat geschrieben:"),
    ],
}  # fmt: skip


def page_of(text: str) -> Page:
    return Page(source="t.txt", format="txt", text=text, bytes=len(text), digest="0" * 32)


@pytest.mark.parametrize("blank", [True, False], ids=["blank lines", "no blank lines"])
@pytest.mark.parametrize("name", WANTED)
def test_a_flattened_page_gives_its_posts(name: str, *, blank: bool) -> None:
    text = (PAGES / f"{name}.txt").read_text("utf-8")
    text = text if blank else "\n".join(line for line in text.split("\n") if line.strip())
    thread = split_page(page_of(text))
    assert isinstance(thread, Thread)
    posts = [thread.question, *thread.answers]
    wanted = WANTED[name]
    assert [(post.body or "")[: len(start)] for post, (_, _, start) in zip(posts, wanted, strict=True)] == [
        w[2] for w in wanted
    ]
    assert [post.posted_at_raw for post in posts] == [w[1] for w in wanted]
    assert [post.byline.name if post.byline else None for post in posts[1:]] == [w[0] for w in wanted[1:]]


@pytest.mark.parametrize(
    ("dated", "joined"),
    [
        ([True, True, False, True, True], [(0, 1), (3, 7), (9, 10), (12, 13)]),  # a line of a log passed for a name
        ([False, True, True, True, True], [(0, 1), (3, 4), (6, 7), (9, 10), (12, 13)]),  # nothing stands above the first
        ([True, True, False, False, True], [(0, 1), (3, 4), (6, 7), (9, 10), (12, 13)]),  # many posts of the page have no date
        ([True, False, True], [(0, 1), (3, 4), (6, 7)]),  # too few to tell
    ],
)
def test_a_body_without_a_date_among_dated_ones_goes_on_from_the_one_above(
    dated: list[bool], joined: list[tuple[int, int]]
) -> None:
    bodies = [(3 * at, 3 * at + 1) for at in range(len(dated))]
    slots = [Slots((3 * at, 0, 4), (3 * at, 5, 9) if is_dated else None) for at, is_dated in enumerate(dated)]
    found, kept = join_undated(bodies, slots)
    assert found == joined
    assert [slot.author for slot in kept] == [(low, 0, 4) for low, _ in joined]


def test_a_name_stands_behind_the_number_of_its_post() -> None:
    thread = split_page(page_of((PAGES / "marsh-radio.txt").read_text("utf-8")))
    assert isinstance(thread, Thread)
    posts = [thread.question, *thread.answers]
    assert [post.byline and post.byline.name for post in posts] == ["Kestrel", "Ada Wintle", "old_sparks", "Kestrel"]
    assert [post.posted_at_raw for post in posts[:2]] == ["Fri Mar 04, 2005 12:34 pm", "Fri Mar 04, 2005 1:37 pm"]
    starts = ("Since the meadow", "It is the water.", "Ada is right.", "Thank you both.")
    assert [(post.body or "").startswith(start) for post, start in zip(posts, starts, strict=True)] == [True] * 4


@pytest.mark.parametrize(
    "text",
    [
        "Home\nForum\nLog in\nRegister\nSearch\nPrivacy policy\nTerms\nContact us\nHelp\nNext\nPrevious\nMembers\n" * 3,
        "Log in\nRegister\n\nLatest threads\n"
        + "Why does it hum?\nreplies: 4\nMar 3, 2021\n" * 12
        + "Privacy\nTerms\nContact\n",
    ],
)
def test_a_page_of_a_site_without_a_post_is_no_thread(text: str) -> None:
    assert isinstance(split_page(page_of(text)), NoThread)


@pytest.mark.parametrize(
    "text",
    [
        "The letter said: Date: 3 March 2019.\nAnna Berg, MD, signed it on 4 March 2019 and sent it on.\nNobody answered it.",
        "Buy these:\n- two lemons\n- a brush\n- vinegar\nThen boil the kettle twice, and rinse it.",
        "Rain on the roof,\na kettle, cold;\nthe year turns over,\nthe rust grows bold,\nand nobody minds it, I am told.",
        "def wait(n):\n    for k in range(n):\n        print(k)\n\nwait(3)  # This prints three numbers and then it stops.",
    ],
    ids=["dates and names in prose", "a list", "a poem", "code"],
)
def test_prose_is_not_cut(text: str) -> None:
    found = split_page(page_of(text))
    assert isinstance(found, Thread)
    assert found.answers == []
    assert found.confidence < 0.5


LINES = st.sampled_from(
    ["", "", "ada_92", "Mar 3, 2021", "#1", "by ada » 12. Mai 2019, 18:40", "Reply Quote", "Joined: May 2014", "ada said:",
     "The kettle hums when it is cold, and nobody knows why it does.", "Thanks!", "{{ votes }}", "7 Answers", "\u00a0",
     "x\u200by", "2 days ago"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES, max_size=60))
def test_nothing_is_lost_whatever_the_lines(lines: list[str]) -> None:
    text = "\n".join(lines)
    found = split_page(page_of(text))
    assert not (isinstance(found, NoThread) and found.check in ("conservation", "defect")), found.reason
    assert "".join(text[claim.start : claim.end] for claim in found.claims) == text


def test_time_grows_with_the_page_and_not_faster() -> None:
    text = (PAGES / "kettle-descaling.txt").read_text("utf-8")
    split_page(page_of(text))
    seconds = []
    for times in (8, 32):
        begin = time.perf_counter()
        split_page(page_of(text * times))
        seconds.append(time.perf_counter() - begin)
    assert seconds[1] < 4 * seconds[0] * 3  # four times the lines, with room for a busy machine


@pytest.mark.parametrize(
    ("line", "date"),
    [
        ("von olaf_k » 12. Mai 2019, 20:05", "12. Mai 2019, 20:05"), ("il y a 3 jours", "il y a 3 jours"),
        ("vor 2 Stunden", "vor 2 Stunden"),
        ("3 de mayo de 2019", "3 de mayo de 2019"),
        ("12 paź 2020, 08:15", "12 paź 2020, 08:15"),
        ("Posted 03/11/2017, 14h22 #1", "03/11/2017, 14h22"),
        ("2 tablets for 3 days", None), ("Chapter 12, page 4", None), ("mark 5", None),
    ],
)  # fmt: skip
def test_dates_of_many_languages(line: str, date: str | None) -> None:
    found = find_date(line)
    assert (line[found.start : found.end] if found else None) == date


@pytest.mark.parametrize("name", WANTED)
def test_lists_of_other_threads_and_buttons_are_in_no_post(name: str) -> None:
    thread = split_page(page_of((PAGES / f"{name}.txt").read_text("utf-8")))
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


def test_a_story_with_names_and_dates_is_not_cut() -> None:
    found = split_page(page_of(DIARY))
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


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("kettle-descaling", "Vinegar or citric acid for a kettle?"),
        ("rideau-trop-court", "Rideau trop court de quatre centimètres"),
        ("fahrrad-knarzt", "Tretlager knarzt nach dem Wechsel"),
    ],
)
def test_the_title_is_the_line_that_the_posts_are_about(name: str, title: str) -> None:
    thread = split_page(page_of((PAGES / f"{name}.txt").read_text("utf-8")))
    assert isinstance(thread, Thread)
    assert thread.title == title


def test_a_title_is_no_door_of_the_site_and_has_no_label() -> None:
    text = (PAGES / "kettle-descaling.txt").read_text("utf-8")
    head = "Vinegar or citric acid for a kettle?"
    below = "Sign in or register\nPage 1 of 4\n1 \u2190 2 3 4 Next >"
    thread = split_page(page_of(text.replace(head, f"Thread: {head}\n{below}", 1)))
    assert isinstance(thread, Thread)
    assert thread.title == head
