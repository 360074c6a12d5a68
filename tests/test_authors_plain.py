"""The quick way to read a name and the long one say the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.authors import attributions, name_lines
from flows.authors.attributions import read_byline
from flows.authors.name_lines import is_name_line
from flows.authors.plain_names import read_plain

GIVEN = ["Anna", "Ben", "Hugo", "Iris", "Lea", "May", "June", "April", "Rose", "Jack", "Dean", "Pat", "Will", "Grant", "Mark"]
GIVEN += ["Dr", "Prof", "Miss", "Van", "Mo"]
FAMILY = [
    "Stone",
    "Hill",
    "Rivers",
    "Park",
    "Baker",
    "Cook",
    "Smith",
    "Kim",
    "Lee",
    "Wang",
    "Bishop",
    "King",
    "Example",
    "Best",
]
FAMILY += ["Springfield", "Houston", "Austin", "Page", "Law", "Roe-Hill", "Roe-Cook", "O'Roe"]
LETTERS = ["MD", "DO", "PhD", "RN", "MS", "MA", "PA", "FACS", "DDS", "JD", "MBA", "CPA", "DVM", "BSc", "PT", "NP", "Esq"]
LETTERS += ["CA", "LA", "DC", "ME", "MSW", "PE", "IV", "XYZ", "Phd"]
LINES = st.builds(
    lambda given, initial, family, letters: f"{given}{initial} {family}, {', '.join(letters)}",
    st.sampled_from(GIVEN), st.sampled_from(["", " Q.", " J."]), st.sampled_from(FAMILY),
    st.lists(st.sampled_from(LETTERS), min_size=1, max_size=3),
)  # fmt: skip


@settings(max_examples=1500, deadline=None)
@given(LINES)
def test_both_ways_agree(line: str) -> None:
    plain = read_plain(line)
    if plain is None:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attributions, "read_plain", lambda _line: None)
        patch.setattr(name_lines, "read_plain", lambda _line: None)
        attributions._read_plainly.cache_clear()
        byline = read_byline([line])
        assert is_name_line(line)
    attributions._read_plainly.cache_clear()
    assert (byline.name, byline.given_name, byline.family_name) == (" ".join(plain.words), plain.given, plain.family)
    assert (byline.credentials, byline.suffix, byline.role, byline.location) == (plain.credentials, None, None, None)


def test_the_quick_way_is_taken() -> None:
    assert read_plain("Anna Q. Example, MD, FACS") is not None
    assert read_byline(["Anna Q. Example, MD", "Reno Dermatologist"], rating="4.5", reviews="12").location == "Reno"
