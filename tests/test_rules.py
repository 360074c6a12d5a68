"""Rule files: what is read, and what is refused with one line that names file, rule and fault."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from flows.errors import WrongUse
from flows.rules import Rule, check_rules, match_line, passes_gate, read_rules

WHOLE = {
    "id": "'teapots'",
    "pattern": r"'(?P<n>\d+) teapots?'",
    "why": "'they say so'",
    "cuts": "['3 teapots']",
    "keeps": "['teapots']",
}


def write_rule(folder: Path, name: str = "pots.toml", **changes: str | None) -> Path:
    values = {**WHOLE, **changes}
    lines = [f"{key} = {value}" for key, value in values.items() if value is not None]
    path = folder / name
    path.write_text("[[rule]]\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_rule_is_read_whole(tmp_path: Path) -> None:
    (rule,) = read_rules(write_rule(tmp_path, role="'count'", gate="['teapots', '+']"))
    assert (rule.id, rule.role, rule.gate, rule.cuts, rule.max_chars) == (
        "teapots",
        "count",
        ("teapots", "+"),
        ("3 teapots",),
        200,
    )
    assert match_line(rule, "12 Teapots")["n"] == "12"  # type: ignore[index]


def test_reading_twice_gives_the_same_rules(tmp_path: Path) -> None:
    path = write_rule(tmp_path)
    assert read_rules(path) is read_rules(path)


@pytest.mark.parametrize("key", ["id", "pattern", "why", "cuts", "keeps"])
@pytest.mark.parametrize("value", [None, "''"])
def test_a_rule_without_its_parts_is_refused(tmp_path: Path, key: str, value: str | None) -> None:
    with pytest.raises(WrongUse, match=rf"pots\.toml: rule '.*': has no {key}$"):
        read_rules(write_rule(tmp_path, **{key: "[]" if value and key in {"cuts", "keeps"} else value}))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"patern": "'x'"}, "unknown key 'patern'"),
        ({"cuts": "'3 teapots'"}, "cuts has the wrong type"),
        ({"max_chars": "'9'"}, "max_chars has the wrong type"),
        ({"keeps": "[3]"}, "keeps has the wrong type"),
        ({"gate": "['Tea']"}, "gate 'Tea' is neither a lower-case word nor a literal without letters"),
        ({"gate": "['two words']"}, "gate 'two words' is neither"),
    ],
)
def test_a_misspelled_rule_is_refused(tmp_path: Path, changes: dict[str, str], fault: str) -> None:
    with pytest.raises(WrongUse, match=r"pots\.toml: rule 'teapots'") as refused:
        read_rules(write_rule(tmp_path, **changes))
    assert fault in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_id_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    write_rule(tmp_path, "a.toml")
    write_rule(tmp_path, "b.toml")
    with pytest.raises(WrongUse, match=r"b\.toml: rule 'teapots': the id occurs twice \(also in a\.toml\)"):
        read_rules(tmp_path)


@pytest.mark.parametrize("text", ["[[rule]\n", "rule = 3\n"])
def test_what_is_not_a_rule_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pots.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WrongUse, match=r"pots\.toml: "):
        read_rules(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"none\.toml: cannot be read"):
        read_rules(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"pattern": "'(3 teapots'"}, "does not compile"),
        ({"pattern": r"'(\d+ ?)+ teapots'"}, "nested quantifiers"),
        ({"pattern": r"'(?:\d{1,9}){0,5} teapots'"}, "nested quantifiers"),
        ({"cues": r"['(a*)*']"}, "nested quantifiers"),
        ({"cuts": "['3 kettles']"}, "does not claim its own example '3 kettles'"),
        ({"keeps": "['4 teapots']"}, "must leave '4 teapots', but 'teapots' claims it"),
        ({"gate": "['kettle']"}, "does not claim its own example '3 teapots'"),
        ({"never": "'3'"}, "does not claim its own example '3 teapots'"),
        ({"max_chars": "5"}, "does not claim its own example '3 teapots'"),
    ],
)
def test_a_rule_that_fails_its_own_examples_is_refused(tmp_path: Path, changes: dict[str, str], fault: str) -> None:
    with pytest.raises(WrongUse, match=r"pots\.toml: rule 'teapots'") as refused:
        check_rules(read_rules(write_rule(tmp_path, **changes)))
    assert fault in str(refused.value)


def test_fixed_and_optional_repeats_inside_a_repeat_are_no_danger(tmp_path: Path) -> None:
    check_rules(read_rules(write_rule(tmp_path, pattern=r"'\d{1,3}(?:,\d{3})* ?(?:teapots?)?'", keeps="['pots']")))


def test_an_example_to_keep_must_survive_every_other_rule(tmp_path: Path) -> None:
    write_rule(tmp_path, "a.toml")
    write_rule(tmp_path, "b.toml", id="'jugs'", pattern="'3 jugs'", cuts="['3 jugs']", keeps="['5 teapots']")
    with pytest.raises(WrongUse, match=r"b\.toml: rule 'jugs': must leave '5 teapots', but 'teapots' claims it"):
        check_rules(read_rules(tmp_path))


def test_gates_are_whole_words_or_signs() -> None:
    rule = Rule("r", ".*", "why", (), (), "f", gate=("answer", "+"))
    assert [passes_gate(rule, line) for line in ("an answer.", "+3", "answers", "réanswer")] == [True, True, False, False]


def test_cues_are_counted_once_each() -> None:
    rule = Rule("r", ".*", "why", (), (), "f", cues=("red", "blue"), at_least=2)
    assert match_line(rule, "red and blue")
    assert not match_line(rule, "red and red")


def test_loading_is_fast() -> None:
    folder = Path(__file__).parent.parent / "flows" / "strip" / "rules"
    took = []
    for _ in range(5):
        read_rules.cache_clear()
        began = time.perf_counter()
        read_rules(folder)
        took.append(time.perf_counter() - began)
    assert min(took) < 0.05  # 4 ms on an idle core, once per process
