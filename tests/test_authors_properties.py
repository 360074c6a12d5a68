"""What holds for every text: nothing is raised, nothing is made up, and long lines take linear time."""

import re
import time
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.authors import vocabulary
from flows.authors.byline import find_glued_byline, is_name_line, is_role_line, is_salutation, read_byline, read_sign_off
from flows.authors.resolve import author_key
from flows.errors import WrongUse

PIECES = st.sampled_from(
    [
        "Dr.",
        "Prof.",
        "med.",
        "Ada",
        "Q.",
        "J.",
        "R.",
        "Example",
        "de",
        "la",
        "van",
        "O'Example",
        "Okafor",
        "Zhang",
        ",",
        ",",
        ".",
        ",",
        "-",
        "|",
        "(",
        ")",
        "MD",
        "M.D.",
        "DDS",
        "FACS",
        "PhD.",
        "Ph.",
        "D.",
        "IV",
        "Jr.",
        "Reno",
        "Denver,",
        "CO",
        "TX",
        "Board",
        "Certified",
        "Dermatologist",
        "Plastic",
        "Surgeon",
        "Attorney",
        "at",
        "Law",
        "in",
        "Leeds",
        "(in",
        "memoriam)",
        "(Moderator)",
        "Best,",
        "Regards,",
        "Hope",
        "this",
        "helps!",
        "Thanks,",
        "—",
        '"',
        "'",
        "/",
        "&",
        "and",
        "the",
        "42",
        "gardener_42",
        "Verified",
        "Level",
        "5",
        "李明",
        "先生",
    ]
)
SHAPED = st.lists(PIECES, max_size=14).map(" ".join)
LINE = st.one_of(SHAPED, st.text(st.characters(exclude_categories=("Cs",)), max_size=130))
LINES = st.lists(LINE, max_size=4)


@given(LINE)
def test_every_question_has_an_answer_for_every_line(line: str) -> None:
    for asks in (is_name_line, is_role_line, is_salutation):
        assert asks(line) in {True, False}
        assert asks(line) == asks(line)


@given(LINES, st.none() | LINE, st.none() | LINE, st.booleans())
def test_a_byline_says_only_what_was_printed(lines: list[str], rating: str | None, reviews: str | None, layout: bool) -> None:  # noqa: FBT001 - drawn
    byline = read_byline(lines, rating=rating, reviews=reviews, in_context=layout)
    printed = "\n".join(lines)
    assert byline.printed == printed
    for field in (byline.name, byline.role, byline.location):
        assert field != ""
        assert all(word.rstrip(",") in printed for word in (field or "").split())
    known = vocabulary.letters().names
    assert all(name in known or (name.isupper() and name in vocabulary.squeeze(printed)) for name in byline.credentials)
    assert len(set(byline.credentials)) == len(byline.credentials)
    assert byline.rating is None or 0 <= byline.rating <= 5
    assert byline.review_count is None or 0 <= byline.review_count < 2**31
    assert byline == read_byline(list(lines), rating=rating, reviews=reviews, in_context=layout)
    assert author_key(byline) != ""


@given(LINE, LINE)
def test_offsets_lie_in_the_text(text: str, name: str) -> None:
    found = read_sign_off(text)
    assert found is None or (
        0 <= found[0] < len(text) and found[1].name is not None and found[1].name.split()[0] in text[found[0] :]
    )
    start = find_glued_byline(text, read_byline([name]))
    assert start is None or 0 < start < len(text)


@given(SHAPED)
def test_a_line_that_proves_a_name_is_read_to_a_name(line: str) -> None:
    if is_name_line(line):
        assert read_byline([line], in_context=False).name is not None


@given(SHAPED)
def test_a_line_that_is_a_role_is_read_to_a_role(line: str) -> None:
    if is_role_line(line) and not is_name_line(line):
        assert read_byline([line], in_context=False).role is not None


HOSTILE = [
    "a ",
    "A. ",
    "MD, ",
    "Dr. ",
    "Best, ",
    "Ada, ",
    "(",
    "Board Certified ",
    "- ",
    "Thanks for ",
    "de ",
    "/MD",
    ".",
    "\u674e",
    "Jane Roe. ",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_long_lines_take_linear_time(piece: str) -> None:
    line = piece * (200_000 // len(piece))
    byline = read_byline(["Jane Roe, DDS"])
    began = time.perf_counter()
    for asks in (is_name_line, is_role_line, is_salutation, read_sign_off):
        asks(line)
    read_byline([line, line])
    find_glued_byline(line, byline)
    assert time.perf_counter() - began < 1  # seconds; measured 0.01


@pytest.mark.parametrize("name", vocabulary.FILES)
def test_every_table_says_why(name: str) -> None:
    for key, value in vocabulary.read_table(name).items():
        for group in value if isinstance(value, list) else [value]:
            assert len(group["why"]) > 20, key


def test_no_form_stands_for_two_credentials() -> None:
    stands_for: dict[str, set[str]] = defaultdict(set)
    for group in vocabulary.read_table("credentials")["group"]:
        assert set(group.get("forms", {})) <= set(group["names"]), group["kind"]
        assert group["source"].startswith("http")
        for name in group["names"]:
            for form in (name, *group.get("forms", {}).get(name, ())):
                stands_for[vocabulary.squeeze(form).casefold()].add(name)
    assert {form: found for form, found in stands_for.items() if len(found) > 1} == {}


def test_the_lists_of_special_credentials_name_known_ones() -> None:
    known = vocabulary.letters()
    assert known.ambiguous <= known.names | known.corporate | {"PC"}
    assert known.weak | known.in_capitals <= known.names


def test_a_head_is_no_word_that_may_not_stand_before_one() -> None:
    known = vocabulary.roles()
    assert known.surnames <= known.heads
    assert {word for word in known.qualifiers if word in known.not_before} == set()


def test_a_table_without_a_reason_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odd.toml").write_text("[words]\nforms = []\n", encoding="utf-8")
    monkeypatch.setattr(vocabulary, "HERE", tmp_path)
    with pytest.raises(WrongUse, match="does not say why"):
        vocabulary.read_table("odd")
    with pytest.raises(WrongUse, match="cannot be read"):
        vocabulary.read_table("missing")


def test_files_stay_short() -> None:
    for path in (Path(vocabulary.__file__).parent).glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 400, path.name
        assert not re.search(r"^(utils|helpers|common)$", path.stem)
