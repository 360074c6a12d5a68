"""Ids and addresses: what makes a thread the same thread."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows import identity
from flows.identity import canonical_url, digest, question_id, site_of


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


@pytest.mark.parametrize("url", ["", "ftp://a.example/x", "javascript:alert(1)", "https://", "http://[::1", "x" * 5000])
def test_what_is_no_web_address_is_none(url: str) -> None:
    assert canonical_url(url) is None


def test_scheme_and_www_make_no_other_thread() -> None:
    assert question_id("http://www.a.example/q", None, None) == question_id("https://a.example/q", "t", "b")
    assert site_of("https://www.a.example/q") == "a.example"


def test_a_thread_without_an_address_is_known_by_its_words() -> None:
    assert question_id(None, "Why?", "It  clicks.") == question_id(None, "why?", "it clicks.")
    assert question_id(None, "Why?", None) != question_id(None, None, "Why?")


def test_null_and_empty_differ() -> None:
    assert digest("a", None) != digest("a", "")


SEGMENTS = st.sampled_from(
    ["q", "page-2", "page", "p3", "12", "a_b", "Thread-9.html", "x.y", "latest", "amp", "..", ".", "%41", ""]
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
