"""Every strip rule on its own examples, and every example to keep against all rules."""

from __future__ import annotations

import time

import pytest

from flows.rules import Rule, check_rules, compile_pattern, read_rules
from flows.strip.artifacts import mark_lines
from flows.strip.residue import RULES, find_residue
from flows.strip.widgets import is_closing_notice

ALL = read_rules(RULES)


def claims(rule: Rule, text: str) -> bool:
    """Whether marking the text as a page names the rule."""
    if rule.scope == "residue":
        return any(cut.rule == rule.id for cut in find_residue(text))
    if rule.scope == "tail":
        return is_closing_notice(text)
    lines = mark_lines(text)
    if rule.scope == "line":
        return any(line.rule == rule.id and line.role == rule.role for line in lines)
    return any(cut.rule == rule.id and cut.role == "code" for line in lines for cut in line.cuts)


def test_every_rule_proves_itself() -> None:
    check_rules(ALL, claims)


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.id)
def test_what_a_rule_must_leave_survives_all_rules(rule: Rule) -> None:
    for text in rule.keeps:
        assert [(line.role, line.cuts) for line in mark_lines(text)] == [(None, ())]


@pytest.mark.parametrize("rule", [rule for rule in ALL if rule.scope == "residue"], ids=lambda rule: rule.id)
def test_residue_is_claimed_from_end_to_end(rule: Rule) -> None:
    for text in rule.cuts:
        (cut,) = find_residue(text)
        assert (cut.start, cut.end, cut.role, cut.rule) == (0, len(text), "artifact", rule.id)


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.id)
def test_no_pattern_is_slow_on_hostile_lines(rule: Rule) -> None:
    limit = rule.max_chars if rule.scope == "line" else 1000
    seeds = [*rule.cuts, *rule.gate, "a", "a ", "1", "1,", "{", "(", "advice not ", "no a, ", "\ufffc", "= ", "people found "]
    began = time.perf_counter()
    for seed in seeds:
        line = (seed * limit)[: limit - 1] + "\x00"
        for pattern in (rule.pattern, *rule.cues, rule.never):
            compile_pattern(pattern, case=rule.case).fullmatch(line)
            compile_pattern(pattern, case=rule.case).search(line)
    assert (time.perf_counter() - began) / len(seeds) < 0.25


@pytest.mark.parametrize(
    ("line", "role", "values"),
    [
        ("12 people found this helpful", "votes", {"votes": "12"}),
        ("+3", "votes", {"votes": "3"}),
        ("▲ 5 ▼", "votes", {"votes": "5"}),
        ("Helpful? Yes No", "votes", None),
        ("Upvote 12 Downvote", "votes", {"votes": "12"}),
        ("3 points", "votes", {"votes": "3"}),
        ("4.4 out of 5 stars 61 reviews", "rating", {"rating": "4.4", "reviews": "61"}),
        ("5 out of 5 stars", "rating", {"rating": "5"}),
        ("4.8 out of 5 stars 1,204 reviews", "rating", {"rating": "4.8", "reviews": "1,204"}),
        ("Rated 4.9/5 (120 reviews)", "rating", {"rating": "4.9", "reviews": "120"}),
        ("★★★★☆ 12 reviews", "rating", {"reviews": "12"}),
        ("Average rating: 4.7 (33 ratings)", "rating", {"rating": "4.7", "reviews": "33"}),
        ("4,5 von 5 Sternen (12 Bewertungen)", "rating", {"rating": "4,5", "reviews": "12"}),
        ("Doctor Answers 7", "count", {"count": "7"}),
        ("Answers (4)", "count", {"count": "4"}),
        ("Lawyer Answers 3", "count", {"count": "3"}),
        ("All Answers 12", "count", {"count": "12"}),
        ("7 Replies", "count", {"count": "7"}),
        ("Respuestas 4", "count", {"count": "4"}),
        ("3 Antworten", "count", {"count": "3"}),
        ("5 réponses", "count", {"count": "5"}),
        ("This topic contains 1 reply", "count", {"count": "1"}),
        ("You might also like...", "chrome", None),
        ("Sign up to reply", "chrome", None),
    ],
)
def test_widgets_give_their_role_and_numbers(line: str, role: str, values: dict[str, str] | None) -> None:
    (marked,) = mark_lines(line)
    assert (marked.role, marked.values, marked.text) == (role, values, line)


@pytest.mark.parametrize(
    "line",
    [
        "Answers to your 3 questions",
        "5 people found this helpful hint in the manual and passed it on.",
        "Date: we met on a Tuesday, and nobody wrote the number down.",
        "I would give it 4 out of 5 stars if it were quieter.",
        "Read more about tides before you sail.",
        "You might also like to know that the glue is water based.",
        "Share the load with your neighbour.",
        "Quote from my landlord: no pets.",
        "Reply to him in writing.",
        "2 answers, both wrong.",
        "Thanks",
        "5 stars",
        "Advertisement for a flat like mine cost me forty euros.",
        "Related to this: my boiler also drips.",
        "This letter is not a substitute for a visit.",
        "Set the value to null, please.",
        "The result is undefined for zero.",
        "forum.example.org",
        "report.final.pdf",
        "Sign in ink.",
        "Rated for 16 A.",
        "Helpful people, these.",
        "Vote on Sunday.",
    ],
)
def test_prose_that_looks_like_a_widget_stays(line: str) -> None:
    assert [(marked.role, marked.cuts, marked.text) for marked in mark_lines(line)] == [(None, (), line)]


def test_a_long_disclaimer_is_claimed_by_two_cues() -> None:
    text = (
        "All posts reflect the views of their writers. They are offered for informational purposes and are no substitute for "
        "the judgement of a qualified professional who knows your case. The owner of this forum accepts no liability for what "
        "is done with them. Using this service does not create a lawyer-client relationship of any kind."
    )
    assert [line.rule for line in mark_lines(text)] == ["chrome-disclaimer"]
    assert [line.rule for line in mark_lines(text.upper())] == ["chrome-disclaimer"]


def test_a_person_who_limits_their_own_advice_stays() -> None:
    text = "I write this for informational purposes only; it is no substitute for an examination, and I may be wrong. " * 3
    assert [line.role for line in mark_lines(text)] == [None]
