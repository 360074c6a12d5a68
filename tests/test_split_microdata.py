"""Microdata: what it fills on the posts of a page, and that it never makes posts."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.pipeline import split_page
from flows.read.files import page_from
from flows.read.inputs import Provenance
from flows.records import Page, Thread
from flows.split.microdata import read_items
from flows.split.structured import StructuredThread, read_threads

ASKED = "My sourdough starter smells of nail varnish since I moved it next to the oven. Is it lost?"
FEED = "Not at all. Feed it twice a day at a cooler place, and the smell is gone within the week."
RYE = "Take &lt;rye&gt; flour for two feedings, it wakes up even starters that were forgotten for a month."


def post(name: str, date: str, text: str, inner: str = "", scope: str = "") -> str:
    return (
        f'<article class="entry" {scope}><div class="who"><a class="username" href="/members/{name}">{name}</a></div>'
        f'<div class="when">{date}</div>{inner}<div class="said" itemprop="text"><p>{text}</p></div></article>'
    )


def answer(name: str, date: str, text: str, votes: int, prop: str = "suggestedAnswer") -> str:
    hidden = (
        f'<meta itemprop="upvoteCount" content="{votes}"><meta itemprop="dateCreated" content="2024-03-0{votes}T08:00:00Z">'
    )
    return post(name, date, text, hidden, f'itemprop="{prop}" itemscope itemtype="https://schema.org/Answer"')


def qa_page(count: int = 2) -> str:
    return (
        "<html><head><title>Starter smells of nail varnish</title></head><body>"
        '<main itemscope itemtype="https://schema.org/QAPage">'
        '<div itemprop="mainEntity" itemscope itemtype="https://schema.org/Question">'
        '<h1 itemprop="name">Starter smells of nail varnish</h1>'
        f'<meta itemprop="answerCount" content="{count}">'
        + post("mira", "March 1, 2024", ASKED, '<meta itemprop="upvoteCount" content="4">')
        + answer("jon", "March 2, 2024", FEED, 7, "acceptedAnswer")
        + answer("aki", "March 3, 2024", RYE, 3)
        + "</div></main></body></html>"
    )


def read(html: str) -> Page:
    page = page_from(html.encode(), "a.html", "html", Provenance())
    assert isinstance(page, Page)
    return page


def threads(html: str) -> list[StructuredThread]:
    page = read(html)
    assert page.markup is not None
    return read_threads(read_items(page.markup, page.text))


def split(html: str) -> Thread:
    found = split_page(read(html))
    assert isinstance(found, Thread)
    return found


def test_the_items_of_a_page_are_read_as_its_json_ld_would_be() -> None:
    (thread,) = threads(qa_page())
    assert (thread.title, thread.declared_answer_count, thread.question.votes) == ("Starter smells of nail varnish", 2, 4)
    assert [(said.text, said.votes, said.is_accepted) for said in thread.answers] == [
        (FEED, 7, True),
        (RYE.replace("&lt;", "< ").replace("&gt;", ">"), 3, False),
    ]


def test_hidden_votes_and_exact_dates_reach_the_posts() -> None:
    thread = split(qa_page())
    assert [found.votes for found in (thread.question, *thread.answers)] == [4, 7, 3]
    assert [found.is_accepted for found in thread.answers] == [True, False]
    assert [found.published for found in thread.answers] == ["2024-03-07T08:00:00Z", "2024-03-03T08:00:00Z"]
    assert thread.answers[0].posted_at_raw == "March 2, 2024"


def test_more_answers_than_the_page_shows_make_no_posts_and_an_unfound_one_lowers_confidence() -> None:
    hidden = (
        '<div hidden itemprop="suggestedAnswer" itemscope itemtype="https://schema.org/Answer"><meta itemprop="text" content='
    )
    page = qa_page().replace("</div></main>", f'{hidden}"Throw it away and buy a new one at the bakery."></div></div></main>')
    assert len(split(page).answers) == 2
    assert split(page).confidence < split(qa_page()).confidence


def test_answers_outside_their_question_are_still_its_answers() -> None:
    page = qa_page().replace('itemprop="mainEntity" itemscope itemtype="https://schema.org/Question"', "")
    page = page.replace('itemprop="suggestedAnswer" ', "").replace('itemprop="acceptedAnswer" ', "")
    (thread,) = [thread for thread in threads(page) if thread.answers]
    assert [said.votes for said in thread.answers] == [7, 3]


def test_a_link_that_is_an_author_is_name_and_address() -> None:
    (thread,) = threads(
        '<div itemscope itemtype="https://schema.org/DiscussionForumPosting"><a itemprop="author" href="/u/mira">mira</a>'
        '<p itemprop="articleBody">The crust is too pale.</p></div>'
    )
    assert (thread.question.author, thread.question.author_url) == ("mira", "/u/mira")


def test_items_nested_as_deep_as_a_page_may_are_read_in_time() -> None:
    began = time.process_time()
    threads("<div itemscope itemprop=comment itemtype='https://schema.org/Comment'>" * 4900 + "deep")
    assert time.process_time() - began < 10


@settings(max_examples=60)
@given(st.text(alphabet="<>/ abp=\"'", max_size=60), st.sampled_from(["author", "text", "comment", "", "upvoteCount"]))
def test_no_microdata_breaks_a_page(noise: str, prop: str) -> None:
    page = read(f'{qa_page()}<div itemscope itemprop="{prop}" itemtype="x y {prop}">{noise}<b itemprop="{prop}">{noise}</b>')
    assert isinstance(split_page(page), Thread)
