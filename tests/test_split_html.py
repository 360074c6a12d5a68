"""HTML of any site → its thread: what repeats as posts do is found, read into fields, and nothing is lost."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.authors.resolve import author_key
from flows.conservation import find_loss
from flows.pipeline import split_page
from flows.read.files import page_from
from flows.read.inputs import Provenance
from flows.records import NoThread, Page, Thread, Unreadable
from flows.rows import STAGED, Rows
from flows.strip.repair import repair_span
from schemas import polars_schema
from tests import pages_by_hand as by_hand
from tests.pages_by_hand import NO_THREADS, POSTS, TITLE

CORPUS = Path(__file__).parents[2] / "shared" / "corpus"


def read(html: str, url: str | None = None) -> Page:
    page = page_from(html.encode(), "a.html", "html", Provenance(url=url))
    assert isinstance(page, Page)
    return page


def split(html: str, url: str | None = None) -> Thread:
    found = split_page(read(html, url))
    assert isinstance(found, Thread), found.reason
    return found


def bodies(thread: Thread) -> list[str | None]:
    return [thread.question.body, *(answer.body for answer in thread.answers)]


def names(thread: Thread) -> list[str | None]:
    return [post.byline and post.byline.name for post in (thread.question, *thread.answers)]


@pytest.mark.parametrize("make", [by_hand.by_divs, by_hand.by_tables, by_hand.in_noscript, by_hand.with_decoys])
def test_each_markup_gives_the_same_thread(make) -> None:
    thread = split(make())
    assert bodies(thread) == [text for _, _, text in POSTS]
    assert names(thread) == [author for author, _, _ in POSTS]
    assert [post.posted_at_raw for post in (thread.question, *thread.answers)] == [date for _, date, _ in POSTS]
    assert (thread.title, thread.layout) == (TITLE, "html:repeats")


def test_nested_replies_know_what_they_answer_and_a_title_alone_opens_the_thread() -> None:
    thread = split(by_hand.nested())
    assert thread.question.body is None
    assert names(thread) == ["gluten", "Old Miller", "crumbshot", "wren_and_wick", "piecrust"]
    assert [answer.parent for answer in thread.answers] == [None, 1, 2, None]


def test_votes_the_accepted_mark_and_remarks_are_read() -> None:
    thread = split(by_hand.question_and_answers(), "https://flour.example/questions/501")
    assert bodies(thread) == [text for _, _, text in POSTS[:3]]
    assert [post.votes for post in (thread.question, *thread.answers)] == [12, -3, 1040]
    assert [answer.is_accepted for answer in thread.answers] == [False, True]
    assert [answer.permalink for answer in thread.answers] == ["answer-777", "answer-802"]
    assert thread.declared_answer_count == 2
    assert [(remark.under, remark.post.body, remark.post.byline.name) for remark in thread.remarks] == [
        (0, "Which flour do you use?", "brioche"),
        (0, "Same here since Monday.", "batard"),
        (2, "Boiled water works as well.", "brioche"),
    ]


def test_a_later_page_is_a_title_and_answers() -> None:
    thread = split(by_hand.later_page())
    assert (thread.title, thread.question.body) == (TITLE, None)
    assert [answer.body for answer in thread.answers] == [text for _, _, text in POSTS]


def test_a_post_of_a_picture_alone_has_no_body_and_is_kept() -> None:
    thread = split(by_hand.with_a_picture())
    assert [body is None for body in bodies(thread)] == [False, False, True, False]
    assert names(thread)[2] == "crumbshot"


def test_a_profile_is_linked_in_full_where_the_page_has_an_address() -> None:
    thread = split(by_hand.by_divs(), "https://flour.example/t/9")
    assert thread.question.byline is not None
    assert thread.question.byline.profile_url == "https://flour.example/members/0.html"


def test_a_copy_of_the_opening_post_is_taken_once() -> None:
    thread = split(by_hand.by_divs([POSTS[0], *POSTS]))
    assert bodies(thread) == [text for _, _, text in POSTS]


@pytest.mark.parametrize("name", NO_THREADS)
def test_a_page_without_a_thread_is_refused(name: str) -> None:
    found = split_page(read(NO_THREADS[name]))
    assert isinstance(found, NoThread)
    assert (found.check, found.layout) == ("no-thread", "html:none")


@pytest.mark.parametrize(
    ("markup", "body"),
    [
        ("One.<br>Two.<br><br>Three.", "One.\nTwo.\n\nThree."),
        ("<p>One.</p><p>Two.</p>", "One.\n\nTwo."),
        ("<p>Take</p><ul><li>flour</li><li>salt <b>and</b> water</li></ul>", "Take\n\n- flour\n- salt and water"),
        ("<ol><li>Mix</li><li>Wait</li></ol><p>Done.</p>", "1. Mix\n2. Wait\n\nDone."),
        ("<blockquote><cite>Ada said:</cite><p>It rose.</p></blockquote><p>Good.</p>", "> Ada said:\n>\n> It rose.\n\nGood."),
        ("<p>Run</p><pre><code>if a:\n    b()\n</code></pre><p>twice.</p>", "Run\n\n```\nif a:\n    b()\n```\n\ntwice."),
        ("<table><tr><td>rye</td><td>10 g</td></tr><tr><td>salt</td><td>2 g</td></tr></table>", "rye | 10 g\nsalt | 2 g"),
        ("<p>See <a href='/x'>the recipe</a>.</p>", "See the recipe."),
        ("<p>Mail <a href='/cdn'>[email&nbsp;protected]</a> now</p>", "Mail [email protected] now"),
        ("<p>Hi {{ user.name }}, it rose.</p>", "Hi, it rose."),
        ("<p>Write <code>{{ user.name }}</code> there.</p>", "Write {{ user.name }} there."),
    ],
)
def test_a_body_reads_as_plain_text(markup: str, body: str) -> None:
    filler = "<p>It rose well on the second day, and I have changed nothing else since.</p>"
    posts = [*POSTS[:2], ("crumbshot", "4 May 2021, 07:02", "@@"), POSTS[3]]
    thread = split(by_hand.by_divs(posts).replace("<p>@@</p>", markup + filler))
    read_body = thread.answers[1].body or ""
    assert read_body.removesuffix("It rose well on the second day, and I have changed nothing else since.").strip() == body


def test_what_is_cut_names_its_rule() -> None:
    page = read(by_hand.by_divs())
    found = split_page(page)
    rules = {page.text[claim.start : claim.end].strip(): claim.rule for claim in found.claims}
    assert any("Knead it" in words and rule in ("beside-body", "signature") for words, rule in rules.items())
    assert all(claim.rule for claim in found.claims)


# -- any tree of tags ------------------------------------------------------------------------------------------------------

TAGS = st.sampled_from(
    ["div", "p", "li", "ul", "span", "b", "blockquote", "pre", "td", "tr", "table", "a", "h1", "time", "noscript"]
)
CLASSES = st.sampled_from(["", "post", "author", "post-body", "signature", "date", "quote", "comment", "vote-count"])
WORDS = st.sampled_from(
    [
        "It rose.",
        "3 May 2021",
        "by Ada",
        "ada_l",
        "12",
        "{{ x }}",
        "Joined: 2 Jan 2015",
        "A longer text about flour and water.",
        " ",
        "#3",
        "Ã©",
    ]
)


def element(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def wrap(tag: str, name: str, number: int, parts: list[str]) -> str:
        href = ' href="/user/ada"' if tag == "a" else ""
        return f'<{tag} class="{name}" id="p{number}"{href}>{"".join(parts)}</{tag}>'

    return st.builds(wrap, TAGS, CLASSES, st.integers(1, 9999), st.lists(inside, max_size=5))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.recursive(WORDS, element, max_leaves=30), min_size=1, max_size=6))
def test_nothing_is_lost_of_any_tree(parts: list[str]) -> None:
    page = page_from(("<body>" + "".join(parts) * 2).encode(), "a.html", "html", Provenance())
    if isinstance(page, Page):
        found = split_page(page)
        assert not isinstance(found, NoThread) or found.check == "no-thread", found.reason
        assert find_loss(page, found, repair_span) is None


@pytest.mark.parametrize(
    "piece",
    [
        '<div class="post"><a href="/user/x">ada</a> 3 May 2021 <p>It rose again today, and so did I.</p></div>',
        "<p>word</p>",
        "<div class=a>word",
        "<li class=comment><b>ada</b> 3 May 2021<p>It rose again.</p><ul>",
        "<td>3 May 2021</td><td><a href=/user/ada>ada</a></td>",
    ],
)
def test_time_grows_with_the_page_and_no_faster(piece: str) -> None:
    def seconds(size: int) -> float:
        page = read("<body>" + piece * size)
        start = time.process_time()
        split_page(page)
        return time.process_time() - start

    seconds(200)
    small, large = min(seconds(1000) for _ in range(2)), seconds(4000)
    assert large < 12 * small + 0.3


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
@pytest.mark.parametrize("folder", ["negatives", "templates"])
def test_no_thread_is_found_where_there_is_none(folder: str) -> None:
    for path in sorted((CORPUS / folder).iterdir()):
        page = page_from(path.read_bytes(), path.name, "html", Provenance())
        assert isinstance(page, Page)
        assert isinstance(split_page(page), NoThread), path.name


def test_json_ld_fills_what_the_page_does_not_print_and_dates_go_to_utc() -> None:
    exact = "2021-05-03T10:11:12+02:00"
    said = [{"@type": "Answer", "text": text, "dateCreated": exact, "upvoteCount": 7} for _, _, text in POSTS[1:]]
    asked = {"@type": "Question", "name": TITLE, "text": POSTS[0][2], "suggestedAnswer": said}
    block = json.dumps({"@type": "QAPage", "mainEntity": asked})
    html = by_hand.by_divs().replace("</head>", f'<script type="application/ld+json">{block}</script></head>')
    page = read(html, "https://flour.example/t/1")
    thread = split_page(page)
    assert isinstance(thread, Thread)
    assert [answer.votes for answer in thread.answers] == [7] * len(said)
    assert thread.confidence >= split(by_hand.by_divs()).confidence
    rows = Rows({table: tuple(polars_schema(table)) for table in STAGED}, author_key)
    rows.add_page(page, thread)
    answers = rows.tables["answers"]
    assert all(moment is not None for moment in answers["posted_at"])
    told = datetime(2021, 5, 3, 8, 11, 12, tzinfo=UTC)
    assert [moment == told for moment in answers["posted_at"]] == [True, True, False]  # the last prints quite another day


def test_a_home_page_holds_no_thread() -> None:
    assert isinstance(split_page(read(by_hand.by_divs(), "https://flour.example/")), NoThread)
    assert isinstance(split_page(read(by_hand.by_divs(), "https://flour.example/?t=4")), Thread)


def rows_of_a_table(count: int) -> str:
    row = '<tr id="post{0}"><td class="user"><a href="/user/{1}">baker{1}</a></td><td>May {2}, 2020</td><td>{3} {0}</td></tr>'
    rows = [
        row.format(
            at, at % 50, at % 28 + 1, "Fold it twice and let it rest in a bowl that is large enough, under a damp cloth."
        )
        for at in range(count)
    ]
    return f"<html><body><h1>{TITLE}</h1><table>{''.join(rows)}</table></body></html>"


@pytest.mark.slow
def test_a_thread_of_twice_the_posts_takes_about_twice_as_long() -> None:
    def seconds(count: int) -> float:
        page = read(rows_of_a_table(count))
        began = time.process_time()
        thread = split_page(page)
        assert isinstance(thread, Thread)
        assert len(thread.answers) == count - 1
        return time.process_time() - began

    seconds(200)
    assert seconds(8000) < 3.2 * seconds(4000)


def test_elements_that_nest_without_end_are_refused_at_once() -> None:
    began = time.process_time()
    refused = page_from(b"<html><body>" + b"<div>" * 100_000 + b"x", "a.html", "html", Provenance())
    assert isinstance(refused, Unreadable)
    assert refused.check == "too-deep"
    assert time.process_time() - began < 2


def test_a_name_glued_to_its_date_keeps_both() -> None:
    between = ' <span class="rank">Regular</span><div class="joined">Joined: 2 Jan 2015</div><time>'
    people = [("Rosa Rye", "May 3, 2021"), ("Old Miller", "May 4, 2021"), ("Abe", "May 6, 2021")]
    posts = [(name, date, text) for (name, date), (_, _, text) in zip(people, POSTS, strict=False)]
    html = by_hand.by_divs(posts)
    assert html.count(between) == len(posts)
    thread = split(html.replace(between, "<time>"))
    assert [post.posted_at_raw for post in thread.answers] == ["May 4, 2021", "May 6, 2021"]
    assert names(thread) == ["Rosa Rye", "Old Miller", "Abe"]


@pytest.mark.parametrize(
    "address", ["https://garden[bench.example/t/4", "http://[", "https://x.example:port/t/4", "//", "\x00"]
)
def test_a_broken_address_of_a_page_costs_nothing(address: str) -> None:
    page = by_hand.by_divs().replace("<head>", f'<head><link rel="canonical" href="{address}">')
    assert address in page
    assert bodies(split(page)) == [text for _, _, text in POSTS]


def counted(count: str, answers: list[str], rest: str = "") -> str:
    """A question, the line that counts its answers, the answers, and what else the page holds."""
    posts = "".join(
        f'<div class="reply"><a class="username" href="/user/u{at}">user{at}</a> <i>May {at + 4}, 2021</i><p>{text}</p></div>'
        for at, text in enumerate(answers)
    )
    return (
        "<html><head><title>My crust splits on one side</title></head><body><h1>My crust splits on one side</h1>"
        '<div class="asked"><a class="username" href="/user/ada">ada</a> <i>May 3, 2021</i>'
        "<p>Every loaf tears open where the dough touched the basket. What do I do wrong?</p></div>"
        f"<h2>{count}</h2>{posts}{rest}</body></html>"
    )


SCORE_IT = ["Score it deeper, at a flat angle, right before it goes in.", "Steam in the first ten minutes keeps the skin soft."]


def test_a_count_that_more_than_was_found_is_declared_and_lowers_the_confidence() -> None:
    right, short = split(counted("2 answers", SCORE_IT)), split(counted("7 answers", SCORE_IT))
    assert (right.declared_answer_count, short.declared_answer_count) == (2, 7)
    assert short.confidence < right.confidence


@pytest.mark.parametrize(
    ("count", "rest"),
    [
        ("7 answers", '<a rel="next" href="?page=2">Next</a>'),
        ("7 answers", '<ul class="pagination"><li>1</li><li><a href="?page=2">2</a></li></ul>'),
        ("Showing replies 1 - 2 of 2", ""),
        ("ada got 1 reply", ""),
    ],
)
def test_a_count_of_all_pages_of_a_range_or_of_one_post_is_not_that_of_the_page(count: str, rest: str) -> None:
    thread = split(counted(count, SCORE_IT, rest))
    assert (thread.declared_answer_count, len(thread.answers)) == (None, 2)


def test_of_two_readings_the_one_that_counts_as_the_page_does_is_taken() -> None:
    teasers = "".join(
        f'<div class="teaser"><a class="username" href="/user/v{at}">vera{at}</a> <i>June {at + 4}, 2021</i>'
        f"<p>{words} came out of the oven flat and grey, although the dough had risen well.</p></div>"
        for at, words in enumerate(["The rye loaf", "My first baguette", "A tin of rolls"])
    )
    thread = split(counted("2 answers", SCORE_IT, f"<h2>From our kitchens</h2>{teasers}"))
    assert [answer.body for answer in thread.answers] == SCORE_IT
    more = split(counted("", SCORE_IT, f"<h2>From our kitchens</h2>{teasers}"))
    assert [answer.body for answer in more.answers] != SCORE_IT  # without the count the larger block wins


def test_posts_whose_title_is_made_of_their_first_words_are_no_listing() -> None:
    answers = [
        "Score it deeper, at a flat angle, right before it goes in.",
        "Steam in the first ten minutes keeps the skin soft.",
        "Turn the loaf so that the seam lies on top.",
    ]
    page = counted("Comments", answers)
    for at, text in enumerate(answers):
        page = page.replace(f"<p>{text}", f'<h3><a href="/comment/{at}#comment-{at}">{text[:22]}</a></h3><p>{text}')
    assert bodies(split(page))[1:] == answers


def test_an_opening_post_with_who_and_when_in_a_line_under_it_opens_the_thread() -> None:
    asked = "Every loaf tears open where the dough touched the basket. What do I do wrong?"
    rows = "".join(
        f'<div class="row"><div class="row-main"><div class="row-content"><p>{text}</p></div><span class="row-meta">answered '
        f'<time>May {at + 4}, 2021</time> by <a href="/user/u{at}">user{at}</a> (90 points)</span></div></div>'
        for at, text in enumerate([*SCORE_IT, "Turn the loaf so that the seam lies on top."])
    )
    page = (
        "<html><head><title>My crust splits on one side</title></head><body><h1>My crust splits on one side</h1>"
        f'<div class="first"><div class="first-main"><div class="first-content"><p>{asked}</p></div><span class="first-meta">'
        'asked <time>May 3, 2021</time> by <a href="/user/ada">ada</a> (120 points)</span></div></div>'
        f'<div class="rows"><h2>3 Answers</h2>{rows}</div><a href="/forum/">Forum</a></body></html>'
    )
    thread = split(page, "https://bread.example/questions/12")
    assert (thread.question.body, thread.declared_answer_count, len(thread.answers)) == (asked, 3, 3)
    assert names(thread)[0] == "ada"


def test_a_short_post_that_most_others_quote_keeps_its_words() -> None:
    thanks = "Great write-up, thank you!"
    posts = [(author, date, thanks if at == 1 else text) for at, (author, date, text) in enumerate(POSTS)]
    quoting = [
        (f"baker{at}", f"May {at + 9}, 2021", f"<blockquote>{posts[1][0]} wrote: {thanks}</blockquote>{words}")
        for at, words in enumerate(
            ["I second that, and the crumb is fine.", "So do I, from the first loaf.", "And so say all of us here."]
        )
    ]
    found = bodies(split(by_hand.by_divs([*posts, *quoting])))
    assert found[1] == thanks
    assert all(thanks in (body or "") for body in found[len(posts) :])


def test_links_are_relative_to_what_the_page_says_they_are() -> None:
    base = by_hand.by_divs().replace("<head>", '<head><base href="https://flour.example/forum/">')
    for page, address in ((base, "https://flour.example/forum/t/7"), (base, None)):
        profiles = [post.byline and post.byline.profile_url for post in split(page, address).answers]
        assert all(profile and profile.startswith("https://flour.example/") for profile in profiles), profiles


def lone_post(said: str) -> str:
    return (
        "<html><head><title>Which wax for a birch bowl?</title></head><body><h1>Which wax for a birch bowl?</h1>"
        f'<p class="meta">Started by turner_9 · 2021-03-04 10:15 · {said}</p><div class="entry"><div class="head">'
        '<span class="author">turner_9</span> <span class="date">2021-03-04 10:15</span></div><div class="entry-body">The bowl '
        "will hold fruit and must not smell. Beeswax stayed sticky on the last one that I turned, even after days.</div></div>"
        "<footer>Woodturners of the valley</footer></body></html>"
    )


@pytest.mark.parametrize("said", ["0 replies", "Answers: 0", "No replies yet", "Keine Antworten"])
def test_a_question_that_nobody_answered_is_kept_where_the_page_says_so(said: str) -> None:
    thread = split(lone_post(said), "https://wood.example/topics/which-wax")
    assert thread.answers == []
    assert thread.question.body is not None
    assert thread.question.body.startswith("The bowl will hold fruit")
    assert names(thread) == ["turner_9"]
    assert thread.title == "Which wax for a birch bowl?"


@pytest.mark.parametrize(
    ("said", "url"),
    [
        ("0 comments", "https://wood.example/topics/which-wax"),  # as articles count them
        ("10 replies", "https://wood.example/topics/which-wax"),  # which stand elsewhere
        ("0 replies · 0 replies", "https://wood.example/topics/which-wax"),  # a list of threads
        ("0 replies", "https://wood.example/2021/03/which-wax"),  # nothing else speaks for a forum
    ],
)
def test_one_post_alone_is_no_thread_where_nothing_says_that_it_asks(said: str, url: str) -> None:
    assert isinstance(split_page(read(lone_post(said), url)), NoThread)
