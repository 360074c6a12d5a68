"""HTML → its visible text: every text node, once and in order, with the breaks that a reader sees."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, CData, Comment, Declaration, Doctype, NavigableString, ProcessingInstruction
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.read.decode import decode
from flows.read.visible import read_visible

CORPUS = Path(__file__).parents[2] / "shared" / "corpus"
UNSEEN = ("script", "style", "template")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>two</p>", "One\n\ntwo"),
        ("<div>One</div><div>two</div>", "One\ntwo"),
        ("One<br>two", "One\ntwo"),
        ("One<br><br>two", "One\n\ntwo"),
        ("One<br/> <br />\n<br>two", "One\n\ntwo"),
        ("One<br><p>two", "One\n\ntwo"),
        ("One<br><div>two</div>", "One\ntwo"),
        ("<br><br>One", "One"),
        ("<ul><li>one<li>two</ul>three", "one\ntwo\n\nthree"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</table>", "a\nb\nc"),
        ("a <b>bold</b> and <i>thin</i>ner", "a bold and thinner"),
        ("a\n   b\t c", "a b c"),
        ("<p>a </p> <p> b</p>", "a\n\nb"),
        ("<span>a</span> <span>b</span>", "a b"),
        ("a&nbsp;&nbsp;b&#8203;c&shy;d", "a\u00a0\u00a0b\u200bc\u00add"),
        ("Q&amp;A &lt;b&gt; &eacute;&#x1F600; &qqq; &copy 2020", "Q&A <b> é😀 &qqq; © 2020"),
        ("<pre>\n  a\n    b  c\n</pre>d", "  a\n    b  c\n\n\nd"),
        ("<pre>a<br>b</pre>", "a\nb"),
        ("<textarea>\n a  b</textarea>", " a  b"),
        ("<p>open <b>and <i>never shut<p>next", "open and never shut\n\nnext"),
        ("</div></p>stray ends", "stray ends"),
        ("<title>T</title><p>x", "T\n\nx"),
        ("<noscript><p>for readers without</p></noscript>x", "for readers without\n\nx"),
        ("<p hidden>hid</p><p style='display:none'>den</p>", "hid\n\nden"),
        ("a<script>var x = '<p>';</script>b<style>p{}</style>c<!-- no -->d<template><p>no</p></template>e", "abcde"),
        ("<svg><title>Arrow</title><text>up</text></svg>", "Arrow\nup"),
        ("<details><summary>more</summary>text</details>", "more\ntext"),
        ("<select><option>one<option>two</select>", "one\ntwo"),
        ("{{ item.name }} &#123;% if %}", "{{ item.name }} {% if %}"),
        ("a<iframe><b>no</b> frames</iframe>b", "ano framesb"),
        ("a<iframe><iframe><i>x</i></iframe>b", "a<i>x</i>b"),
        ("<unknown-tag>text</unknown-tag>", "text"),
        ("line\r\nend", "line end"),
        ("", ""),
        ("<!-- only a comment -->", ""),
    ],
)
def test_the_visible_text_is_what_a_reader_sees(html: str, text: str) -> None:
    assert read_visible(html).text == text


def test_what_the_head_says_is_read() -> None:
    seen = read_visible("<html lang=de><head><title> Knie \n Naht </title><link rel=canonical href='https://example.org/t/1'>x")
    assert (seen.title, seen.url, seen.language) == ("Knie Naht", "https://example.org/t/1", "de")


def test_what_the_head_leaves_out_or_empty_is_not_known() -> None:
    seen = read_visible("<html lang=''><head><title> </title><link rel=canonical>x")
    assert (seen.title, seen.url, seen.language) == (None, None, None)


@pytest.mark.parametrize("tag", ["div", "b", "blockquote", "ul><li", "table><tr><td", "pre"])
def test_ten_thousand_nested_elements_are_read_to_the_innermost(tag: str) -> None:
    seen = read_visible(f"before {f'<{tag}>' * 10_000}innermost")
    assert seen.text.split() == ["before", "innermost"]


# -- two independent readings agree ---------------------------------------------------------------------------------------


def letters_by_soup(html: str) -> list[str]:
    """Return the letters of a page by BeautifulSoup's own walk of its own tree."""
    soup = BeautifulSoup(html, "html.parser")
    hidden = (Comment, CData, Declaration, Doctype, ProcessingInstruction)
    nodes = [
        node
        for node in soup.descendants
        if isinstance(node, NavigableString) and not isinstance(node, hidden) and not node.find_parent(UNSEEN)
    ]
    return letters("".join(nodes))


def letters(text: str) -> list[str]:
    """Return what is left of a text without white space: the two readings may break it differently, never lose it."""
    return re.findall(r"\S", text)


INLINE = st.sampled_from(["b", "i", "span", "a", "em", "code"])
BLOCK = st.sampled_from(["div", "p", "ul", "li", "blockquote", "h2", "pre", "section", "article", "noscript"])
WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="<>&"), min_size=1, max_size=12
)
LEAF = WORDS | st.sampled_from(
    ["&amp;", "&eacute;", "<br>", "<hr>", "<!-- c -->", "<script>s()</script>", "<style>p{}</style>", " ", "\n"]
)


def element(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def wrap(tag: str, parts: list[str]) -> str:
        return f"<{tag}>{''.join(parts)}</{tag}>"

    return st.builds(wrap, INLINE | st.just("div"), st.lists(inside, max_size=4))


@given(
    st.lists(
        st.builds(
            lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag}>", BLOCK, st.lists(st.recursive(LEAF, element), max_size=5)
        ),
        max_size=5,
    )
)
def test_two_readers_see_the_same_characters(parts: list[str]) -> None:
    html = "<!doctype html><html><body>" + "".join(parts) + "</body></html>"
    assert letters(read_visible(html).text) == letters_by_soup(html)


@settings(max_examples=50)
@given(st.text(alphabet="<>/!-abp \n&;\"'=x", max_size=80))
def test_any_tag_soup_is_read_without_a_fault(html: str) -> None:
    assert isinstance(read_visible(html).text, str)


def test_two_readers_see_the_same_characters_on_real_pages() -> None:
    """They part where browsers do not do as html.parser does: `<![CDATA[` in HTML, and scripts that hold comments."""
    pages = [path for path in sorted(CORPUS.rglob("*.htm*")) if path.suffix != ".gz" and path.stat().st_size < 400_000]
    if not pages:
        pytest.skip("the corpus is not here")
    differ = 0
    for path in pages[:: max(1, len(pages) // 20)]:
        html = decode(path.read_bytes(), is_html=True).text
        ours, theirs = letters(read_visible(html).text), letters_by_soup(html)
        differ += ours != theirs
        lost = Counter(theirs) - Counter(ours)
        assert lost.total() <= 0.01 * len(theirs), path.name
    assert differ <= 3
