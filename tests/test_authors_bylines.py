"""What the lines of an attribution say: name, letters, role, place, numbers."""

from typing import Any

import pytest

from flows.authors.byline import read_byline
from flows.authors.resolve import author_key
from flows.records import Byline

GOLDEN: list[tuple[list[str], dict[str, Any]]] = [
    (
        ["Anna Q. Example, MD, FACS", "Palm Harbor Plastic Surgeon"],
        {
            "name": "Anna Q. Example",
            "given_name": "Anna",
            "family_name": "Example",
            "credentials": ("MD", "FACS"),
            "role": "Plastic Surgeon",
            "location": "Palm Harbor",
        },
    ),
    (
        ["Eddard E. Exampleton, IV, MD (in memoriam)", "Springfield Facial Plastic Surgeon"],
        {
            "name": "Eddard E. Exampleton",
            "family_name": "Exampleton",
            "suffix": "IV",
            "credentials": ("MD",),
            "in_memoriam": True,
            "role": "Facial Plastic Surgeon",
            "location": "Springfield",
        },
    ),
    (["Reno Dermatologist"], {"name": None, "role": "Dermatologist", "location": "Reno"}),
    (["Board Certified Dermatologist"], {"name": None, "role": "Board Certified Dermatologist", "location": None}),
    (["Maria Lopez"], {"name": "Maria Lopez", "given_name": "Maria", "family_name": "Lopez"}),
    (["gardener_42"], {"name": "gardener_42", "given_name": None, "family_name": None}),
    (["old gardener"], {"name": "old gardener"}),
    (["Maria Lopez", "Oslo Widget Whisperer"], {"name": "Maria Lopez", "role": "Widget Whisperer", "location": "Oslo"}),
    (["Maria Lopez", "Widget Whisperer"], {"role": "Widget Whisperer", "location": None}),
    (["Maria Lopez", "Austin, TX"], {"name": "Maria Lopez", "location": "Austin, TX", "role": None}),
    (["Maria Lopez, Ohio"], {"name": "Maria Lopez", "location": "Ohio"}),
    (["Austin, TX"], {"name": None, "location": "Austin, TX"}),
    (["Ada Example, DDS", "Plastic Surgeon", "Scottsdale, AZ"], {"role": "Plastic Surgeon", "location": "Scottsdale, AZ"}),
    (["Ada Example, DDS", "Plastic Surgeon", "Widget Falls"], {"role": "Plastic Surgeon", "location": "Widget Falls"}),
    (
        ["Ada Example, DDS", "Board Certified", "Denver Dermatologist"],
        {"role": "Dermatologist", "location": "Denver"},
    ),
    (
        ["Dr. Okafor", "Verified", "Top Contributor", "Level 5", "Licensed Master Plumber"],
        {"name": "Okafor", "given_name": None, "family_name": "Okafor", "role": "Licensed Master Plumber"},
    ),
    (["Sunny", "Moderator", "12,345 posts", "Joined May 2011"], {"name": "Sunny", "role": "Moderator", "location": None}),
    (["Ada Example", "MD, FACS"], {"name": "Ada Example", "credentials": ("MD", "FACS"), "location": None}),
    (["Ada Example, MD, Widget Hospital"], {"credentials": ("MD",), "role": "Widget Hospital"}),
    (["Ada Example, MD, Denver Dermatologist"], {"credentials": ("MD",), "role": "Dermatologist", "location": "Denver"}),
    (["Ada Example, MD Dermatologist"], {"credentials": ("MD",), "role": "Dermatologist"}),
    (["Ada Example, MD, CA"], {"credentials": ("MD",), "location": "CA"}),
    (["Ada Example, MD - Denver, CO"], {"credentials": ("MD",), "location": "Denver, CO"}),
    (["Ada Example | Plumber | Leeds, UK"], {"name": "Ada Example", "role": "Plumber", "location": "Leeds, UK"}),
    (["Example, Ada Q., MD"], {"name": "Ada Q. Example", "given_name": "Ada", "family_name": "Example"}),
    (["Lopez, Maria"], {"name": "Lopez, Maria", "family_name": None}),
    (["Maria de la Cruz, R.N., B.S.N."], {"family_name": "de la Cruz", "credentials": ("RN", "BSN")}),
    (["Ludwig van der Beispiel"], {"given_name": "Ludwig", "family_name": "van der Beispiel"}),
    (["Tariq bin Example"], {"family_name": "bin Example"}),
    (["Ada O'Example-Smythe Jr., DVM"], {"family_name": "O'Example-Smythe", "suffix": "Jr"}),
    (["Ada Mc Example"], {"family_name": "Mc Example"}),
    (["J. R. Example DDS, MS"], {"given_name": "J. R.", "family_name": "Example", "credentials": ("DDS", "MS")}),
    (["J. Robert Example III"], {"given_name": "J. Robert", "suffix": "III"}),
    (["Zhang Wei, MD"], {"name": "Zhang Wei", "given_name": None, "family_name": None}),
    (["Jo Li, M.D."], {"given_name": "Jo", "family_name": "Li", "credentials": ("MD",)}),
    (["WANG Xiaoming"], {"name": "WANG Xiaoming", "family_name": "WANG", "given_name": "Xiaoming"}),
    (["山田太郎先生"], {"name": "山田太郎", "family_name": None}),
    (["Prof. Dr. med. Jens Beispiel"], {"name": "Jens Beispiel", "credentials": ()}),
    (["Dra. Lucía Ejemplo"], {"name": "Lucía Ejemplo", "family_name": "Ejemplo"}),
    (["By Ada Example"], {"name": "Ada Example"}),
    (["Answered by: Ada Example, CPA"], {"name": "Ada Example", "credentials": ("CPA",)}),
    (['William "Bill" Example, CPA'], {"name": "William Example", "family_name": "Example"}),
    (["Ada Example (Moderator)"], {"name": "Ada Example", "role": "Moderator"}),
    (["Ada Example, MD (retired)"], {"name": "Ada Example", "in_memoriam": False}),
    (["Ada Example, Sr., MD, MD"], {"suffix": "Sr", "credentials": ("MD",)}),
    (["Ada Example, MD, FXYZ"], {"credentials": ("MD", "FXYZ")}),
    (["Ada Example, MD, FRCS(C)"], {"credentials": ("MD", "FRCSC")}),
    (["Ada Example, Esquire"], {"credentials": ("Esq",)}),
    (["Ada Example, D.D.S., PhD."], {"credentials": ("DDS", "PhD")}),
    (["Ada Example, Ph. D."], {"credentials": ("PhD",)}),
    (["Ada Example, MD, F.A.C.S., LLC"], {"credentials": ("MD", "FACS")}),
    ([], {"name": None, "role": None, "location": None, "credentials": ()}),
    (["", "Verified"], {"name": None, "role": None}),
]


@pytest.mark.parametrize(("lines", "expected"), GOLDEN, ids=lambda value: " / ".join(value) if isinstance(value, list) else "")
def test_lines_are_read_into_fields(lines: list[str], expected: dict[str, Any]) -> None:
    byline = read_byline(lines)
    assert {field: getattr(byline, field) for field in expected} == expected
    assert byline.printed == "\n".join(lines)


@pytest.mark.parametrize("lines", [["Maria Lopez"], ["gardener_42"], ["Widget Whisperer"], ["I think so"]])
def test_without_a_layout_bare_words_are_no_name(lines: list[str]) -> None:
    byline = read_byline(lines, in_context=False)
    assert (byline.name, byline.role, byline.location) == (None, None, None)


def test_without_a_layout_evidence_still_counts() -> None:
    byline = read_byline(["Ada Example, MD", "Reno Dermatologist"], in_context=False)
    assert (byline.name, byline.credentials, byline.role, byline.location) == ("Ada Example", ("MD",), "Dermatologist", "Reno")


@pytest.mark.parametrize(
    ("printed", "rating"),
    [("4.5", 4.5), ("5", 5.0), ("4,5", 4.5), ("0", 0.0), ("5.1", None), ("nan", None), ("", None), (None, None), ("-1", None)],
)
def test_a_rating_is_at_most_five_stars(printed: str | None, rating: float | None) -> None:
    assert read_byline(["Ada Example, MD"], rating=printed).rating == rating


@pytest.mark.parametrize(
    ("printed", "count"),
    [("56", 56), ("1,204", 1204), ("1.204", 1204), ("12.5", None), ("many", None), ("", None), (None, None), ("9" * 12, None)],
)
def test_a_count_of_reviews_is_a_whole_number(printed: str | None, count: int | None) -> None:
    assert read_byline(["Ada Example, MD"], reviews=printed).review_count == count


def test_one_person_printed_in_two_ways_has_one_key() -> None:
    one, two = read_byline(["Dr. Ada O\u2019Example, M.D., F.A.C.S."]), read_byline(["ADA O'EXAMPLE, FACS, MD"])
    assert author_key(one) == author_key(two) == "ada o'example||FACS,MD"


def test_father_and_son_have_two_keys() -> None:
    assert author_key(read_byline(["Ada Example Jr., MD"])) != author_key(read_byline(["Ada Example, Sr., MD"]))


def test_accents_part_two_people() -> None:
    assert author_key(read_byline(["Ana Peña"])) != author_key(read_byline(["Ana Pena"]))


@pytest.mark.parametrize("byline", [read_byline(["Reno Dermatologist"]), Byline("..", name="..")])
def test_without_a_name_there_is_no_key(byline: Byline) -> None:
    assert author_key(byline) is None
