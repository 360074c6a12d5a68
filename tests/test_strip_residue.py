"""Residue: what is taken out, what is an author's own, and by which rule."""

from __future__ import annotations

import pytest

from flows.strip.artifacts import mark_lines
from flows.strip.residue import REACH, find_residue


def read(page: str) -> list[str]:
    return [line.text for line in mark_lines(page) if line.role is None]


def rules(page: str, role: str) -> list[str]:
    return [cut.rule for line in mark_lines(page) for cut in line.cuts if cut.role == role]


def stretches(text: str) -> list[str]:
    return [text[cut.start : cut.end] for cut in find_residue(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a {{ '}}' }} b", ["{{ '}}' }}"]),
        (
            "{{ voteCount >= 0 ? '+' + (voteCount + 1) : (voteCount + 1) }} b",
            ["{{ voteCount >= 0 ? '+' + (voteCount + 1) : (voteCount + 1) }}"],
        ),
        ("{{ a {{ b }} }} c", ["{{ a {{ b }} }}"]),
        ("{{ {k: {l: 1}} }} c", ["{{ {k: {l: 1}} }}"]),
        ("{{{{raw}}}} c {{{{/raw}}}}", ["{{{{raw}}}}", "{{{{/raw}}}}"]),
        ("{% if x %}y{%- endif -%}", ["{% if x %}", "{%- endif -%}"]),
        ("<%= a %>, <% b %>, <?= c ?>", ["<%= a %>", "<% b %>", "<?= c ?>"]),
        ("${a.b} #{c.d} %{e}", ["${a.b}", "#{c.d}", "%{e}"]),
        ("{{ today's }} and {{ Ann's }}", ["{{ today's }}", "{{ Ann's }}"]),
        ("{\u200b{ hidden }} b", ["{\u200b{ hidden }}"]),
        ("{{\n  a.b\n  | upper\n}} c", ["{{\n  a.b\n  | upper\n}}"]),
        ("[[1, 2], [3, 4]] [[Main page]] [[ -f x ]]", []),
        ("$5 {not} #{1} {} <b> [x] 100 %", []),
    ],
)
def test_stretches_are_found_whole(text: str, found: list[str]) -> None:
    assert stretches(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{{ answer.count\n\nA paragraph. And }} later.", ["{{ answer.count"]),
        ("{{ and then my dog ate it }", ["{{"]),
        ("{{ a.b" + " word" * REACH + " }}", ["{{ a.b"]),
        ("{{ oops\nThis is a whole line of plain prose here.\nand {{ n }} more", ["{{ oops", "{{ n }}"]),
        ("<% if more < 3", ["<%"]),
        ("Less than <%5 of them, <% 3 really", []),
        ("{% endif", ["{% endif"]),
    ],
)
def test_an_unclosed_opener_swallows_nothing(text: str, found: list[str]) -> None:
    assert stretches(text) == found


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("Hi {{ user.firstName }}, you should rest.", "Hi, you should rest."),
        ("Posted {{ when | date:'short' }} by Ann", "Posted by Ann"),
        ('He said "{{ quote }}" twice.', 'He said "" twice.'),
        ("one{{ x }}two", "one two"),
        ("{{% x %}{ y }}z", "z"),
    ],
)
def test_only_the_residue_leaves_a_sentence(line: str, text: str) -> None:
    assert read(line) == [text]


@pytest.mark.parametrize(
    "line",
    [
        "{{ n }} people found this helpful",
        "A {{ n }} personas les resultó útil",
        "{{ n }} Personen fanden diese Antwort hilfreich",
        "{{ n }} personnes ont trouvé cela utile",
        "{{ n }} persone hanno trovato utile questa risposta",
        "{{ n }} pessoas acharam isso útil",
        "{{ n }} mensen vonden dit nuttig",
        "Rated {{ mean }} out of 5 stars",
        "{{ count }} Answers",
        "{% if a %}{{ b }}{% endif %}",
        "{{ a }} · {{ b }}",
    ],
)
def test_a_widget_around_residue_goes_as_a_whole(line: str) -> None:
    (marked,) = mark_lines(line)
    assert (marked.role, marked.text, marked.cuts) == ("artifact", "", ())


def test_a_label_that_comes_again_with_residue_goes_in_any_language() -> None:
    page = "Skrevet af {{ navn }}\n\nDet virker.\n\nSkrevet af {{ navn }}\n\nOgså her."
    assert read(page) == ["Det virker.", "Også her."]
    assert {line.rule for line in mark_lines(page) if line.role == "artifact"} == {"residue-line-recurring"}


@pytest.mark.parametrize(
    "line", ["undefined", "NaN", "[object Object]", "undefined undefined", "%USER_NAME%", "{user_name}", "@@NAME@@"]
)
def test_tokens_alone_on_a_line_are_residue_but_not_where_code_is_spoken_of(line: str) -> None:
    assert read(f"It rains.\n\n{line}") == ["It rains."]
    assert read(f"My JavaScript has a syntax error, it prints:\n\n{line}")[1] == line


@pytest.mark.parametrize(
    ("page", "rule"),
    [
        ("Look:\n```\n{{ total }}\n```", "own-code-fence"),
        ("[code]\n{{ total }}\n[/code]", "own-code-fence"),
        ("I typed `{{ total }}` there.", "own-code-inline"),
        ("Write {{ total }} in your Jinja template, not total.", "own-template-prose"),
        ("How does Jinja print a list in its template syntax?\n\nJust put {{ foo }} and it works.", "own-template-prose"),
        ("let me see\nconst x = `a`;\nurl = ${base}/x", "own-code-assignment"),
        ('<a href="{{ url }}">{{ title }}</a>', "own-code-markup"),
        ("<ul>\n{% for pet in pets %}\n<li>x</li>\n</ul>", "own-code-block"),
        ("name: web\nimage: {{ image }}", "own-code-yaml"),
        ("It is \\frac{{a}}{b} there.", "own-code-latex"),
        ("Set ${{ secrets.TOKEN }} there.", "own-code-actions"),
        ("Copy it to ${HOME}/bin then.", "own-code-shell"),
        ("{{{hugs}}} from me", "own-hug"),
        ("In Vue.js you write this template:\n\n{{ message }}", "own-code-introduced"),
        ("My Django template, my view.\n\nIt shows nothing.\n\n    {{ message }}\n", "own-code-indent"),
        ('In Django "{{ name }}" stays empty.', "own-code-inline"),
    ],
)
def test_an_authors_own_template_text_stays_and_says_why(page: str, rule: str) -> None:
    assert rule in rules(page, "code")
    assert rules(page, "artifact") == []
    assert not any(line.role == "artifact" for line in mark_lines(page))


def test_a_stretch_over_lines_has_one_fate() -> None:
    page = "The Jinja template says x = {{\n  total\n}} and stops."
    assert rules(page, "artifact") == []
    assert len(rules(page, "code")) == 3
    page = "Before {{\n  total\n}} after"
    assert read(page) == ["Before", "after"]


def test_a_stretch_printed_again_and_again_is_the_pages_own_even_where_code_is_spoken_of() -> None:
    page = "Which Jinja filter rounds?\n\n" + "\n\n".join(["{{ votes }}\n\nTry the round filter."] * 3)
    assert read(page) == ["Which Jinja filter rounds?"] + ["Try the round filter."] * 3


@pytest.mark.parametrize(
    "text",
    [
        "int grid[2][2] = {{1, 2}, {3, 4}};",
        "m = [[1, 2], [3, 4]]",
        "if [[ -f notes ]]; then",
        "Wiki link [[Main page]] and set {a, b}.",
        'curl -H "X-Key: ${KEY}" example.org',
        "\\newcommand{\\a}[1]{{\\bf #1}}",
    ],
)
def test_code_with_braces_is_not_touched(text: str) -> None:
    (line,) = mark_lines(text)
    assert (line.text, line.role) == (text, None)
    assert all(cut.role == "code" for cut in line.cuts)


def test_every_residue_shaped_stretch_of_what_stays_is_marked_as_code() -> None:
    page = "Use {{ a }} in the template.\nHi {{ b }}!\n{% c %}\n`<%= d %>` and ${e}, {{ f"
    for line in mark_lines(page):
        marked = [page[cut.start : cut.end] for cut in line.cuts if cut.role == "code"]
        assert stretches(line.text) == marked
