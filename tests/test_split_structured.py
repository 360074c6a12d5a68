"""JSON-LD: what pages write, what is broken in it, and what it may and may not do to the posts that were found."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.authors.byline import read_byline
from flows.records import Byline, Post, Thread
from flows.split.crosscheck import fill_from_structured, hear_structured
from flows.split.structured import StructuredThread, read_json_ld

QUESTION = "The hinge of the garden gate creaks whenever the wind blows. What helps?"
OIL = "Oil it twice a year, best in spring and in autumn, and wipe off what drips."
FILE_IT = "File the burr off the pin first, or the oil will not last a week there."


def qa_page(**more: Any) -> dict[str, Any]:
    accepted = {
        "@type": "Answer", "text": OIL, "upvoteCount": 12, "url": "https://a.example/q/1#a2",
        "dateCreated": "2024-05-02T10:00:00Z",
        "author": {"@type": "Person", "name": "Anna Berg, MD", "url": "https://a.example/u/anna"},
    }  # fmt: skip
    suggested = {
        "@type": "Answer",
        "text": FILE_IT,
        "upvoteCount": "3",
        "datePublished": "2024-05-03",
        "author": ["bolt", {"name": "Bo"}],
    }
    question = {
        "@type": "Question", "name": "Creaking hinge", "text": QUESTION, "answerCount": 2, "upvoteCount": 5,
        "dateCreated": "2024-05-01", "author": {"@type": "Person", "name": "carl"},
        "acceptedAnswer": accepted, "suggestedAnswer": [suggested],
    }  # fmt: skip
    return {"@context": "https://schema.org", "@type": "QAPage", "mainEntity": {**question, **more}}


def read_one(document: object) -> StructuredThread:
    (thread,) = read_json_ld([json.dumps(document)])
    return thread


def found_thread() -> Thread:
    return Thread("Creaking hinge", Post(QUESTION), [Post(FILE_IT), Post(OIL + " And close the gate.")], [])


def test_a_qa_page_is_read() -> None:
    thread = read_one(qa_page())
    assert (thread.kind, thread.title, thread.declared_answer_count, thread.is_faq) == ("Question", "Creaking hinge", 2, False)
    assert (thread.question.text, thread.question.author, thread.question.votes) == (QUESTION, "carl", 5)
    assert [(a.text, a.author, a.votes, a.is_accepted, a.published) for a in thread.answers] == [
        (OIL, "Anna Berg, MD", 12, True, "2024-05-02T10:00:00Z"),
        (FILE_IT, "Bo", 3, False, "2024-05-03"),
    ]
    assert thread.answers[0].author_url == "https://a.example/u/anna"


def test_a_posting_is_read_with_its_replies_and_theirs_in_the_order_of_the_page() -> None:
    inner = {"@type": "Comment", "text": "inner", "author": "c"}
    document = {
        "@type": ["DiscussionForumPosting"], "headline": "Hinge", "articleBody": "<p>Oil&nbsp;it?</p><p>Or not?</p>",
        "interactionStatistic": [
            {"interactionType": "https://schema.org/ViewAction", "userInteractionCount": 900},
            {"interactionType": {"@type": "LikeAction"}, "userInteractionCount": 4},
            {"interactionType": "http://schema.org/CommentAction", "userInteractionCount": "3"},
        ],
        "comment": [{"@type": "Comment", "text": "first", "comment": [inner]}, {"@type": "Comment", "text": "second"}],
    }  # fmt: skip
    thread = read_one(document)
    assert (thread.title, thread.question.text, thread.question.votes) == ("Hinge", "Oil it?\nOr not?", 4)
    assert (thread.declared_answer_count, [(a.text, a.parent) for a in thread.answers]) == (
        3,
        [("first", None), ("inner", 0), ("second", None)],
    )


def test_a_graph_with_references_is_resolved_and_a_circle_ends() -> None:
    graph = [
        {"@type": "QAPage", "mainEntity": {"@id": "#q"}},
        {"@id": "#q", "@type": "Question", "name": "Why?", "author": {"@id": "#p"}, "suggestedAnswer": {"@id": "#a"}},
        {"@id": "#p", "@type": "Person", "name": "Ann"},
        {"@id": "#a", "@type": "Answer", "text": "So.", "comment": {"@id": "#q"}},
        {"@id": "#c", "@type": "DiscussionForumPosting", "text": "round", "comment": {"@id": "#c"}},
    ]
    question, posting = read_json_ld([json.dumps({"@context": "https://schema.org", "@graph": graph})])
    assert (question.title, question.question.author, question.answers[0].text) == ("Why?", "Ann", "So.")
    assert (posting.question.text, posting.answers) == ("round", ())


def test_comments_under_a_question_or_an_answer_are_remarks_and_no_answers() -> None:
    thread = read_one(qa_page(comment=[{"@type": "Comment", "text": "Which gate?"}]))
    assert [remark.text for remark in thread.remarks] == ["Which gate?"]
    assert len(thread.answers) == 2


def test_a_faq_is_the_sites_own() -> None:
    entries = [{"@type": "Question", "name": f"Q{n}", "acceptedAnswer": {"@type": "Answer", "text": "A"}} for n in range(3)]
    threads = read_json_ld([json.dumps({"@type": "FAQPage", "mainEntity": entries})])
    assert [(thread.title, thread.is_faq) for thread in threads] == [("Q0", True), ("Q1", True), ("Q2", True)]
    check = fill_from_structured(Thread(None, Post("A"), [Post("A")], []), threads)
    assert (check.verdict, check.matched) == ("faq", 0)


def test_questions_that_a_list_or_an_article_names_are_left_out() -> None:
    listed = {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": {"@type": "Question", "name": "Other"}}]}
    assert read_json_ld([json.dumps(listed), json.dumps({"@type": "Article", "text": "x"})]) == []


def test_an_answer_that_is_listed_twice_is_one() -> None:
    answer = qa_page()["mainEntity"]["acceptedAnswer"]
    assert len(read_one(qa_page(suggestedAnswer=[answer])).answers) == 1


SOUND = json.dumps(qa_page(), indent=1)
BROKEN = {
    "control characters": SOUND.replace("twice a", "twice\n\ta"),
    "a trailing comma": SOUND.replace('"answerCount": 2,', '"answerCount": 2, "keywords": ["a", "b",],'),
    "a comma before the end": SOUND.rstrip().removesuffix("}") + ",}",
    "an HTML comment": f"<!--\n{SOUND}\n-->",
    "a CDATA section": f"//<![CDATA[\n{SOUND}\n//]]>",
    "a CDATA section in a comment": f"/*<![CDATA[*/{SOUND}/*]]>*/",
    "a semicolon": SOUND + ";",
    "a byte order mark": "\ufeff" + SOUND,
    "a bad escape": SOUND.replace("garden gate", r"garden\' gate\s").replace(QUESTION, QUESTION),
    "entities for quotes": html.escape(SOUND),
    "two documents": SOUND + '\n{"@type": "WebSite"}',
    "a half surrogate": SOUND.replace("autumn", "autumn\\ud800"),
    "NaN": SOUND.replace('"answerCount": 2', '"answerCount": 2, "ratingValue": NaN'),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_block_is_mended_and_its_siblings_are_read(name: str) -> None:
    threads = read_json_ld(['{"@type": "Question", "name": "Before"}', BROKEN[name], '{"@type": "Question", "name": "After"}'])
    assert [thread.title for thread in threads] == ["Before", "Creaking hinge", "After"]
    assert len(threads[1].answers) == 2


@pytest.mark.parametrize(
    "block", ["", "{", "null", "[]", "[[[", "[" * 100_000, "{" * 99, '{"@type": 7}', "1" * 9999, "<script>", '"text"']
)
def test_a_hopeless_block_harms_nothing(block: str) -> None:
    assert [thread.title for thread in read_json_ld([block, '{"@type": "Question", "name": "After"}'])] == ["After"]


def test_missing_fields_are_filled_and_the_posts_stay_as_many() -> None:
    thread = found_thread()
    check = fill_from_structured(thread, [read_one(qa_page())], lambda name: read_byline([name]))
    filed, oiled = thread.answers
    assert (check.verdict, check.matched, check.missing) == ("agrees", 3, 0)
    assert dict(check.filled) == {"author": 3, "date": 3, "votes": 3, "accepted": 2}
    assert (oiled.votes, oiled.posted_at_raw, oiled.is_accepted) == (12, "2024-05-02T10:00:00Z", True)
    assert (filed.votes, filed.posted_at_raw, filed.is_accepted) == (3, "2024-05-03", False)
    assert oiled.byline is not None
    assert (oiled.byline.name, oiled.byline.credentials, oiled.byline.alias) == ("Anna Berg", ("MD",), "Anna Berg, MD")
    assert (oiled.byline.printed, oiled.byline.profile_url) == ("", "https://a.example/u/anna")
    assert (thread.question.votes, thread.question.is_accepted) == (5, None)
    dates = [post.published for post in (thread.question, *thread.answers)]
    assert dates == ["2024-05-01", "2024-05-03", "2024-05-02T10:00:00Z"]


def test_what_the_page_says_itself_stands() -> None:
    thread = found_thread()
    printed = Byline(printed="someone", name="someone")
    thread.answers[1] = Post(OIL, byline=printed, posted_at_raw="2 May", votes=0, is_accepted=False)
    fill_from_structured(thread, [read_one(qa_page())])
    exact = "2024-05-02T10:00:00Z"
    assert thread.answers[1] == Post(OIL, byline=printed, posted_at_raw="2 May", votes=0, is_accepted=False, published=exact)


@pytest.mark.parametrize(("count", "direction"), [(2, 1), (9, 0)])
def test_a_second_opinion_that_agrees_makes_a_split_surer(count: int, direction: int) -> None:
    thread = found_thread()
    thread.confidence = 0.6
    check = hear_structured(thread, [replace(read_one(qa_page()), declared_answer_count=count)])
    assert check.verdict == ("agrees" if direction else "partly")
    assert (thread.confidence > 0.6) == bool(direction)


def test_a_second_opinion_that_knows_other_answers_makes_it_less_sure() -> None:
    thread = found_thread()
    thread.confidence = 0.6
    thread.answers.pop()
    assert hear_structured(thread, [read_one(qa_page())]).verdict == "disagrees"
    assert thread.confidence < 0.6


def test_a_profile_is_filled_only_for_the_same_name() -> None:
    thread = found_thread()
    thread.answers[1].byline = Byline(printed="anna berg md", name="anna berg")
    fill_from_structured(thread, [read_one(qa_page())])
    assert thread.answers[1].byline == Byline("anna berg md", "anna berg", profile_url="https://a.example/u/anna")


@pytest.mark.parametrize(
    ("more", "bodies", "verdict"),
    [
        ({}, [OIL, FILE_IT], "agrees"),
        ({"answerCount": 3}, [OIL, FILE_IT], "agrees"),  # counted with the opening post
        ({"answerCount": 40}, [OIL, FILE_IT], "partly"),  # there are more pages
        ({"suggestedAnswer": []}, [OIL, FILE_IT], "agrees"),
        ({"suggestedAnswer": [], "answerCount": None}, [OIL, FILE_IT, "Another one that nobody lists, about paint."], "partly"),
        ({}, [OIL], "disagrees"),
        ({}, ["Something else altogether, about paint."], "disagrees"),
    ],
)
def test_the_second_opinion(more: dict[str, Any], bodies: list[str], verdict: str) -> None:
    thread = Thread(None, Post(QUESTION), [Post(body) for body in bodies], [])
    assert fill_from_structured(thread, [read_one(qa_page(**more))]).verdict == verdict
    assert len(thread.answers) == len(bodies)


def test_json_ld_of_another_thread_says_nothing() -> None:
    thread = Thread(None, Post("How do I prune a hazel hedge without hurting it?"), [Post("In winter, to the ground.")], [])
    check = fill_from_structured(thread, [read_one(qa_page())])
    assert (check.verdict, check.filled) == ("nothing", ())
    assert fill_from_structured(thread, []).verdict == "nothing"


def test_the_opening_post_listed_again_is_merged_and_lends_its_author() -> None:
    replies = [{"text": QUESTION, "author": "carl"}, {"text": OIL, "author": "ann"}]
    document = {"@type": "DiscussionForumPosting", "text": QUESTION, "commentCount": 2, "comment": replies}
    thread = Thread(None, Post(QUESTION), [Post(OIL)], [])
    check = fill_from_structured(thread, [read_one(document)])
    assert (check.verdict, check.missing) == ("agrees", 0)
    assert [post.byline and post.byline.name for post in (thread.question, *thread.answers)] == ["carl", "ann"]


def test_a_text_that_several_posts_share_is_given_to_none_of_them() -> None:
    document = qa_page(acceptedAnswer={"text": "Thank you!", "author": "x"}, suggestedAnswer=[])
    thread = Thread(None, Post(QUESTION), [Post("Thank you!"), Post("Thank you!")], [])
    fill_from_structured(thread, [read_one(document)])
    assert [answer.byline for answer in thread.answers] == [None, None]
    thread.answers[0].body = "Thank you! That helped me a lot with the gate."
    fill_from_structured(thread, [read_one(document)])
    assert [answer.byline and answer.byline.name for answer in thread.answers] == [None, "x"]


def test_many_posts_take_no_long_time() -> None:
    bodies = [f"{OIL} It is the answer number {n} of them {n * 7919}." for n in range(3000)]
    thread = Thread(None, Post(QUESTION), [Post(body) for body in bodies], [])
    replies = [{"text": body, "author": "x"} for body in bodies]
    known = read_json_ld([json.dumps({"@type": "DiscussionForumPosting", "text": QUESTION, "comment": replies})])
    assert fill_from_structured(thread, known).matched > 0


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from([OIL, "#a", "3", "Question", "<b>"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["@type", "@id", "@graph", "mainEntity", "acceptedAnswer", "suggestedAnswer", "comment", "text",
             "name", "author", "url",
             "upvoteCount",
             "interactionStatistic", "interactionType", "@value", "dateCreated", "answerCount"]
        ),
        inner | st.sampled_from(["Question", "QAPage", "FAQPage", "DiscussionForumPosting", "Answer"]), max_size=6,
    ),
    max_leaves=30,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(document=VALUES, cut=st.integers(0, 400), insert=st.text(max_size=3))
def test_no_document_is_too_odd_and_the_posts_stay_as_they_are(document: object, cut: int, insert: str) -> None:
    whole = json.dumps(document)
    known = read_json_ld([whole, whole[:cut] + insert + whole[cut:], whole[cut:]])
    thread = found_thread()
    check = fill_from_structured(thread, known)
    assert [post.body for post in (thread.question, *thread.answers)] == [QUESTION, FILE_IT, OIL + " And close the gate."]
    assert check.verdict in {"nothing", "faq", "agrees", "partly", "disagrees"}
