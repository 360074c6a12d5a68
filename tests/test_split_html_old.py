"""HTML of old engines: guests told in words alone among members with profiles, what stands in bodies, posts of a link."""

from __future__ import annotations

import pytest

from flows.pipeline import split_page
from flows.read.files import page_from
from flows.read.inputs import Provenance
from flows.records import Page, Thread

TITLE = "Rain barrel overflows behind the shed"
SAID = [
    (None, "The barrel by our shed runs over in every storm, although the tap at the bottom is open all the way."),
    ("mossbank", "A tap that size lets out a tenth of what a downpipe brings. Put an overflow hose near the rim."),
    ("(Tilda R)", "Mine did that until I cleared the mesh under the lid, which was full of maple keys."),
    ("mossbank", "The mesh as well, yes. And lead the hose away from the footing of the shed."),
    ("(old_gutter)", "Two barrels in a row, joined at the bottom, took care of it here for ten years."),
]


def page_of(submitted: str = "Submitted by {who} on {when}", unproved: str = "not verified", guest: str = "Guest") -> str:
    """A thread whose members have profiles and whose guests, in brackets above, have none; the first post is a guest's."""
    posts = []
    for at, (who, text) in enumerate(SAID):
        if who is None:
            shown = guest
        elif who[0] == "(":
            shown = f"{who[1:-1]} ({unproved})"
        else:
            shown = f'<a href="/user/{at % 2 + 40}" title="View user profile.">{who}</a>'
        when = f"Tue, {at + 11}/06/2013 - 1{at}:3{at}"
        links = (
            '<div class="forum-topic-navigation"><a href="/node/7">‹ Gutter guards</a> <a href="/node/9">Unions ›</a></div>'
            if at == 0
            else '<ul><li><a href="https://barrels.example/rim">the hose that I have</a></li></ul>'
        )
        posts.append(
            f'<div class="comment"><h3 class="title">{"" if at == 0 else "Re: "}{TITLE}</h3>'
            f'<div class="submitted">{submitted.format(who=shown, when=when)}</div>'
            f'<div class="content"><p>{text}</p>{links if at < 2 else ""}</div></div>'
        )
    return f"<!doctype html><title>{TITLE} | Shed talk</title><h1>Shed talk</h1><div id='main'>{''.join(posts)}</div>"


def split(html: str) -> Thread:
    page = page_from(html.encode(), "a.html", "html", Provenance())
    assert isinstance(page, Page)
    found = split_page(page, "none")
    assert isinstance(found, Thread), found.reason
    return found


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"submitted": "Verfasst von {who} am {when}", "unproved": "nicht überprüft", "guest": "Gast"},
        {"submitted": "Soumis par {who} le {when}", "unproved": "non vérifié", "guest": "Anonyme"},
        {"submitted": "by {who} » {when}", "unproved": "unregistered", "guest": "Guest"},
    ],
    ids=["english", "german", "french", "an arrow"],
)
def test_guests_among_members_are_read_and_their_posts_kept(words: dict[str, str]) -> None:
    thread = split(page_of(**words))
    posts = [thread.question, *thread.answers]
    assert [post.byline and post.byline.name for post in posts] == [
        words.get("guest", "Guest"), "mossbank", "Tilda R", "mossbank", "old_gutter",
    ]  # fmt: skip
    assert [post.posted_at_raw for post in posts] == [f"Tue, {at + 11}/06/2013 - 1{at}:3{at}" for at in range(5)]
    assert [post.body for post in posts[2:]] == [text for _, text in SAID[2:]]
    assert thread.title == TITLE


def test_links_to_other_topics_are_cut_from_a_body_and_an_author_s_own_list_stays() -> None:
    thread = split(page_of())
    assert thread.question.body == SAID[0][1]
    assert thread.answers[0].body == f"{SAID[1][1]}\n\n- the hose that I have"
    assert "chrome-in-body" in {claim.rule for claim in thread.claims}


@pytest.mark.parametrize("name", ["falcon!!!", "s.a.l.", "LO.st?"])
def test_a_user_name_may_be_written_with_signs_at_its_end(name: str) -> None:
    thread = split(page_of().replace("old_gutter", name))
    assert thread.answers[3].byline is not None
    assert thread.answers[3].byline.name == name


def test_who_made_the_software_wrote_no_post() -> None:
    posts = [("Psalm Reeder", "Does anybody know when the mill opens in winter?"), ("vane", "At nine, and never on a Monday.")]
    html = "".join(
        f'<tr><td><b>{who}</b><br><span class="small">Joined: 05 Dec 200{at}<br>Posts: {at + 1}</span></td>'
        f'<td><span class="small">Posted: Mon Dec 0{at + 5}, 2005 3:57 pm</span><div class="said">{text}</div></td></tr>'
        for at, (who, text) in enumerate(posts)
    )
    links = "".join(f'<a href="viewforum.php?f={at}">Board {at}</a> ' for at in range(5))
    made = 'Powered by <a href="https://made.example/">MillBB</a>'
    thread = split(f'<title>Winter hours</title><body class="forum">{links}<table>{html}</table>{made}</body>')
    assert [post.byline and post.byline.name for post in (thread.question, *thread.answers)] == ["Psalm Reeder", "vane"]
    assert [post.body for post in (thread.question, *thread.answers)] == [text for _, text in posts]


def test_a_thread_in_a_layout_table_is_none_the_less_one_for_the_tables_inside_it() -> None:
    own = "<table><tr><th>Website</th><th>Email</th></tr><tr><td>mill.example</td><td>miller at mill.example</td></tr></table>"
    similar = (
        "<table><tr><th>Topics</th><th>Replies</th><th>Views</th></tr><tr><td>Sluices</td><td>4</td><td>70</td></tr></table>"
    )
    html = page_of().replace(f"<p>{SAID[3][1]}</p>", f"<p>{SAID[3][1]}</p>{own}")
    inside = html.partition("<div id='main'>")[2].removesuffix("</div>")
    thread = split(f"<title>{TITLE}</title><table><tr><td>{inside}</td></tr><tr><td>{similar}</td></tr></table>")
    assert [post.body and post.body.startswith(said) for post, (_, said) in zip(thread.answers, SAID[1:], strict=True)] == [
        True
    ] * 4


def test_who_made_a_topic_wrote_it() -> None:
    thread = split(page_of("Created by {who} on {when}").replace("/user/", "/who/").replace(' title="View user profile."', ""))
    assert [answer.byline and answer.byline.name for answer in thread.answers][::2] == ["mossbank", "mossbank"]


def test_a_post_that_is_a_link_alone_is_kept_where_a_named_element_in_a_nameless_cell_holds_it() -> None:
    says = ["The mill pond froze over.", "https://pond.example/ice.jpg", "Is that the sluice on the left?", "It is, yes."]
    rows = []
    for at, text in enumerate(says):
        shown = f'<a href="{text}">{text}</a>' if "://" in text else text
        row, when = f"row{at % 2 + 1}", f"Mon Dec 0{at + 5}, 2005 3:57 pm"
        rows.append(
            f'<tr><td class="{row}"><span class="name"><b>keeper_{at}</b></span><br>Posts: {at}</td>'
            f'<td class="{row}"><table><tr><td>Posted: {when}</td><td><a href="q?p={at}">Quote</a></td>'
            '</tr><tr><td colspan="2"><hr></td></tr><tr><td colspan="2">'
            f'<span class="postbody">{shown}</span></td></tr></table></td></tr><tr><td class="{row}"><a href="#top">Up</a></td>'
            f'<td class="{row}"><table><tr><td>&nbsp;</td></tr></table></td></tr><tr><td colspan="2"><hr></td></tr>'
        )
    links = "".join(f'<a href="viewforum.php?f={at}">Board {at}</a> ' for at in range(5))
    thread = split(f'<title>Ice</title><body class="forum">{links}<table>{"".join(rows)}</table></body>')
    assert [post.body for post in (thread.question, *thread.answers)] == says


def test_a_signature_begins_at_the_first_of_its_rules() -> None:
    html = page_of().replace(f"<p>{SAID[2][1]}</p>", f"<p>{SAID[2][1]}<br>________________<br>_______<br>Rain is free.</p>")
    thread = split(html)
    assert thread.answers[1].body == SAID[2][1]
