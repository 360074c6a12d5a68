"""Ids and addresses: what makes a thread the same thread."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows import identity
from flows.identity import canonical_url, digest, post_id, post_key, question_id, site_of


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://a.example/q/7?utm_source=x&fbclid=1", "https://a.example/q/7"),
        ("https://a.example/q/7/page-2#post-9", "https://a.example/q/7"),
        ("https://a.example/q/7?page=3&id=4", "https://a.example/q/7?id=4"),
        ("HTTPS://A.example/q/7/", "https://a.example/q/7"),
        ("https://a.example/showthread.php?t=12&start=20", "https://a.example/showthread.php?t=12"),
    ],
)
def test_paging_tracking_and_anchors_make_no_other_thread(url: str, same: str) -> None:
    assert canonical_url(url) == same


BOARD = "http://b.example/"


@pytest.mark.parametrize(
    "addresses",
    [
        ["viewtopic.php?t=1", "viewtopic.php?t=1&start=20", "viewtopic.php?t=1&start=40#p99",
         "viewtopic.php?t=1&sid=0a1b2c", "viewtopic.php?p=9&t=1"],
        ["showthread.php?t=1", "showthread.php?t=1&page=2", "showthread.php?t=1&s=0a1b&p=99#post99"],
        ["showthread.php/1-gate", "showthread.php/1-gate/page3"],
        ["showthread.php?1-gate", "showthread.php?1-gate/page2"],
        ["threads/gate.1/", "threads/gate.1/page-3", "threads/gate.1/page-3#post-9",
         "threads/gate.1/post-99", "threads/gate.1/unread"],
        ["index.php?threads/gate.1/", "index.php?threads/gate.1/page-2"],
        ["topic/1-gate/", "topic/1-gate/page/2/", "topic/1-gate/?do=findComment&comment=99",
         "topic/1-gate/?tab=comments#comment-99"],
        ["topic/1-gate/page__st__20", "topic/1-gate/"],
        ["index.php?showtopic=1", "index.php?showtopic=1&st=20"],
        ["index.php?topic=1.0", "index.php?topic=1.15", "index.php?topic=1.msg99#msg99",
         "index.php?PHPSESSID=0a&topic=1.0", "index.php?topic=1.0;wap2"],
        ["index.php/topic,1.0.html", "index.php/topic,1.15.html", "index.php/topic,1.msg9.html#msg9"],
        ["t/gate/1", "t/gate/1/34", "t/gate/1?page=2"],
        ["discussion/1/gate", "discussion/1/gate/p2", "discussion/1/gate#latest"],
        ["thread-1.html", "thread-1-page-2.html"],
        ["showthread.php?tid=1", "showthread.php?tid=1&page=2", "showthread.php?tid=1&pid=99#pid99"],
        ["questions/1/gate", "questions/1/gate?answertab=votes#tab-top", "questions/1/gate/99#99"],
        ["topic/1/gate", "topic/1/gate/34", "topic/1/gate?page=2"],
        ["d/1-gate", "d/1-gate/34"],
        ["thread/1-gate/", "thread/1-gate/?pageNo=2", "thread/1-gate/?postID=99#post99"],
        ["item?id=1", "item?id=1&p=2"],
        ["gate;jsessionid=0A1B", "gate"],
        ["ubbthreads.php/topics/1/gate.html", "ubbthreads.php/topics/1/2/gate.html", "ubbthreads.php/topics/1/all/gate.html"],
        ["q/gate-1", "q/gate-1?pagina=2", "q/gate-1?seite=2", "q/gate-1/page/2", "q/gate-1?p=2"],
    ],
    ids=lambda addresses: addresses[0],
)  # fmt: skip
def test_the_pages_and_posts_of_a_thread_have_its_address(addresses: list[str]) -> None:
    assert len({canonical_url(BOARD + address) for address in addresses}) == 1


@pytest.mark.parametrize(
    "addresses",
    [
        ["viewtopic.php?p=1", "viewtopic.php?p=2"],  # the post is all that tells the thread
        ["viewtopic?p=1", "viewtopic?p=2"],
        ["showthread.php?pid=1", "showthread.php?pid=2"],
        ["?p=1", "?p=2"],
        ["view?post=1", "view?post=2"],
        ["comment?postid=1", "comment?postid=2"],
        ["index.php?topic=1.0", "index.php?topic=2.0"],
        ["t/gate/1", "t/gate/2", "t/fence/1"],
        ["t/1/2", "t/1/3"],
        ["d/1", "d/2"],
        ["topic/1", "topic/2"],
        ["questions/1", "questions/2"],
        ["index.php?threads/gate.1/", "index.php?threads/gate.2/"],
        ["page-of-a-book", "page-of-a-book/1"],
        ["thread/1/2", "thread/1/3"],
    ],
    ids=lambda addresses: addresses[0],
)
def test_what_tells_threads_apart_stays(addresses: list[str]) -> None:
    assert len({canonical_url(BOARD + address) for address in addresses}) == len(addresses)


@pytest.mark.parametrize(
    "address", ["t/gate/1/34/page-2", "index.php?threads/gate.1/page-2", "a;sid=1/p2", "topic/1/gate/3/4", "?do=findComment"]
)
def test_a_canonical_address_is_its_own(address: str) -> None:
    once = canonical_url(BOARD + address)
    assert once is not None
    assert canonical_url(once) == once


@pytest.mark.parametrize("url", ["", "ftp://a.example/x", "javascript:alert(1)", "https://", "http://[::1", "x" * 5000])
def test_what_is_no_web_address_is_none(url: str) -> None:
    assert canonical_url(url) is None


def test_scheme_and_www_make_no_other_thread() -> None:
    assert question_id("http://www.a.example/q", None, None) == question_id("https://a.example/q", "t", "b")
    assert site_of("https://www.a.example/q") == "a.example"


def test_a_thread_without_an_address_is_known_by_its_words() -> None:
    assert question_id(None, "Why?", "It  clicks.") == question_id(None, "why?", "it clicks.")
    assert question_id(None, "Why?", None) != question_id(None, None, "Why?")


def test_later_pages_of_one_title_are_told_apart_by_site_and_first_post() -> None:
    known = question_id(None, "Why?", None, "a.example", "It clicks, all day.")
    assert known == question_id(None, "why?", None, "a.example", "It clicks all day!")
    assert known != question_id(None, "Why?", None, "b.example", "It clicks, all day.")
    assert known != question_id(None, "Why?", None, "a.example", "It creaks, all day.")
    assert known != question_id(None, "Why?", "It clicks, all day.", "a.example", "It clicks, all day.")


def test_a_post_without_an_address_is_known_by_author_and_day_else_by_author_and_words() -> None:
    day, words = post_key("ada", "2026-05-03", "It clicks."), post_key("ada", None, "It clicks.")
    assert day == post_key("ada", "2026-05-03", "It clicks no more.") != words
    assert words == post_key("ada", None, "it  clicks") != post_key("ada", None, "It creaks.")
    assert words != post_key("bela", None, "It clicks.")
    assert len({post_id("answer", "t", None, words, ordinal, page) for ordinal in (1, 2) for page in (1, 2)}) == 4
    assert post_id("answer", "t", "#9", day, 1, 1) == post_id("answer", "t", "#9", words, 2, 3)


def test_null_and_empty_differ() -> None:
    assert digest("a", None) != digest("a", "")


SEGMENTS = st.sampled_from(
    [
        "q",
        "page-2",
        "page",
        "p3",
        "12",
        "a_b",
        "Thread-9.html",
        "x.y",
        "latest",
        "amp",
        "..",
        ".",
        "%41",
        "",
        "t",
        "topic",
        "d",
        "topic,12.15.html",
        "post-7",
        "12-gate",
    ]
)
URLS = st.builds(
    lambda scheme, host, segments, tail: f"{scheme}://{host}/{'/'.join(segments)}{tail}",
    st.sampled_from(["http", "https"]),
    st.sampled_from(["a.example", "www.a.example", "A.example", "a-b.c.example", "localhost"]),
    st.lists(SEGMENTS, max_size=4), st.sampled_from(["", "", "", "/", "?page=2", "#x", "?id=3&utm_x=1"]),
)  # fmt: skip


@settings(max_examples=800, deadline=None)
@given(URLS)
def test_the_quick_way_and_the_long_way_agree(url: str) -> None:
    quick = canonical_url(url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identity, "PLAIN_URL", identity.re.compile("(?!)"))
        assert canonical_url(url) == quick


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_no_address_is_too_odd(text: str) -> None:
    canonical_url("https://" + text)
    site_of("https://" + text)
