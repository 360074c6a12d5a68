"""Titles: what is taken off with evidence, and what stays without."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.split.titles import clean_title, is_site_name

URL = "https://www.hingeworld.example/threads/creaking-gate-in-the-wind.12/"


@pytest.mark.parametrize(
    ("title", "headings", "expected"),
    [
        ("Creaking gate in the wind", [], "Creaking gate in the wind"),
        ("Creaking gate in the wind | HingeWorld", [], "Creaking gate in the wind"),
        ("Creaking gate in the wind - Hinge World Forums", [], "Creaking gate in the wind"),
        ("Creaking gate in the wind - Garden - Hinge World", [], "Creaking gate in the wind"),  # the address tells
        ("Creaking gate in the wind | Page 3 | Some Board", [], "Creaking gate in the wind"),
        ("Creaking gate in the wind - Seite 3 von 7 - HingeWorld.example", [], "Creaking gate in the wind"),
        ("Creaking gate in the wind (Page 2)", [], "Creaking gate in the wind"),
        ("Creaking gate in the wind, page 2", [], "Creaking gate in the wind"),
        ("HingeWorld • View topic - Creaking gate", [], "Creaking gate"),
        ("Iron & Oak • View topic - Creaking gate", [], "Creaking gate"),  # the opener tells, whatever is before it
        ("Creaking gate :: Iron and Oak Forum", [], "Creaking gate"),
        ("Creaking gate (garden forum at hingeworld)", [], "Creaking gate"),
        ("Gates » Iron » Creaking gate", ["Welcome", "Creaking gate"], "Creaking gate"),
        ("Creaking gate - Iron - Gates and more", ["Creaking gate"], "Creaking gate"),
        ("Gate - which oil? - Iron and Oak", ["Gate - which oil?"], "Gate - which oil?"),
        ("Creaking gate in… - Iron", ["Creaking gate in the wind and rain"], "Creaking gate in the wind and rain"),
        ("Creaking gate - HingeWorld", ["HingeWorld", "Creaking gate"], "Creaking gate"),
        ("  Creaking \n gate  ", [], "Creaking gate"),
        (None, ["Creaking gate"], "Creaking gate"),
    ],
)
def test_what_has_evidence_against_it_goes(title: str | None, headings: list[str], expected: str) -> None:
    assert clean_title(title, headings, url=URL) == expected


@pytest.mark.parametrize(
    ("title", "headings"),
    [
        ("Oil - which one?", []),
        ("Oil - which one?", ["Garden", "Welcome"]),
        ("C++ / Rust: which for a gate?", []),
        ("Update 4.1 -> 4.2 breaks the gate", []),
        ("Iron: a love story", []),
        ("Gate/fence/wall", []),
        ("HingeWorld", []),  # nothing else to say
        ("Page 2", []),
        ("Why is HingeWorld so slow today for everybody?", []),
        ("Iron and Oak | Gates and more", []),  # neither is known to be the site
        ("How do I set up a new forum", []),
        ("Discussion", []),
    ],
)
def test_what_has_no_evidence_against_it_stays(title: str, headings: list[str]) -> None:
    assert clean_title(title, headings, url="https://www.hingeworld.example/t/12") == title


@pytest.mark.parametrize("title", [None, "", "  \n "])
def test_no_title_and_several_headings_is_no_title(title: str | None) -> None:
    assert clean_title(title, ["A", "B"]) is None
    assert clean_title(title) is None


def test_a_broken_address_costs_nothing() -> None:
    assert clean_title("Gate - Iron", url="http://[::1", site=None) == "Gate - Iron"


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ("Hinge World", ["hingeworld"], True),
        ("The Hinge World Community", ["hingeworld"], True),
        ("hingeworld.example", ["hingeworld", "hingeworldexample"], True),
        ("New to hinges", ["hinges"], False),
        ("How to oil", [], False),
        ("", ["hingeworld"], False),
    ],
)
def test_a_site_is_known_by_its_host_alone(text: str, labels: list[str], expected: bool) -> None:  # noqa: FBT001
    assert is_site_name(text, labels) is expected


NAMES = ["Creaking gate", "Page 2", "Forum", "…", "View topic", "HingeWorld", "x", "Iron and oak", ""]
TITLES = st.lists(st.sampled_from(NAMES), max_size=9).map(" - ".join) | st.text(max_size=60)
HEADINGS = st.lists(st.text(max_size=20) | st.just("Creaking gate"), max_size=4)


@settings(max_examples=300, deadline=None)
@given(TITLES, HEADINGS, st.text(max_size=20))
def test_a_title_is_never_lost_and_never_grows_but_by_a_heading(title: str, headings: list[str], path: str) -> None:
    found = clean_title(title, headings, url=f"https://hingeworld.example/{path}")
    whole = " ".join(title.split())
    if whole:
        assert found
        assert found in whole or found in [" ".join(heading.split()) for heading in headings]


def test_a_long_title_takes_no_long_time() -> None:
    assert clean_title("- " * 100_000, ["x"] * 1000) is None
    assert clean_title("a - " * 240 + "b", ["a - b"] * 40, url=URL)
