"""Mojibake: repaired where it is plain, and nothing else changed."""

# ruff: noqa: RUF001 (letters of other scripts are what is tested)

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from ftfy import TextFixerConfig, fix_encoding

from flows.strip.artifacts import mark_lines
from flows.strip.repair import repair, repair_span

CASES = Path(__file__).parents[2] / "shared" / "corpus" / "mojibake"
SAME_OPTIONS = TextFixerConfig(unescape_html=False, normalization=None, uncurl_quotes=False, explain=False)


def break_text(text: str, wrong: str = "sloppy-windows-1252") -> str:
    return text.encode("utf-8").decode(wrong)


@pytest.mark.parametrize(
    "text",
    ["naïve café", "It’s a “quiet” street…", "Übergröße für 5 €", "señor — mañana", "10 °C ½", "Zürich · Genève"],
)
def test_utf8_read_as_windows_1252_is_repaired(text: str) -> None:
    assert repair(break_text(text)) == text
    assert repair(break_text(break_text(text))) == text


@pytest.mark.parametrize(
    "text",
    [
        "plain words",
        "naïve café “quoted” it’s — 5 €",
        "&amp; &eacute; stay as they are",
        "ＦＵＬＬ ｗｉｄｔｈ and ﬁne ligature",
        "e\u0301 decomposed",
        "Ångström, SÃO PAULO stays",
        "日本語のテキスト",
        "Привет, мир",
        "😀😀 ‼️",
        "two “” quotes ’’",
    ],
)
def test_sound_text_is_left_alone(text: str) -> None:
    assert repair(text) == text


def test_a_page_is_repaired_line_by_line_and_keeps_its_lines() -> None:
    page = f"sound “one”\r\n{break_text('naïve')}\n{break_text('ça va')}"
    assert repair(page) == "sound “one”\r\nnaïve\nça va"


def test_offsets_point_into_the_text_as_it_was_read() -> None:
    page = f"{break_text('It’s')} fine\nnext"
    first, second = mark_lines(page)
    assert (first.text, page[first.start : first.end]) == ("It’s fine", f"{break_text('It’s')} fine")
    assert page[second.start : second.end] == "next"


def test_a_span_reads_as_its_line_does() -> None:
    raw = f"  {break_text('déjà  vu')}\u200b "
    assert [line.text for line in mark_lines(raw)] == [repair_span(raw)] == ["déjà vu"]


def test_a_clean_page_costs_next_to_nothing() -> None:
    page = "words of a page in plain ASCII " * 200
    began = time.perf_counter()
    for _ in range(1000):
        repair(page)
    assert time.perf_counter() - began < 0.1  # 0.1 µs each; the bound is lenient


def load(name: str) -> list[dict[str, str]]:
    path = CASES / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


@pytest.mark.skipif(not CASES.exists(), reason="the collected cases are kept outside the tree")
@pytest.mark.parametrize(
    "name", ["ftfy_in-the-wild.json", "ftfy_synthetic.json", "ftfy_negative.json", "ftfy_known-failures.json"]
)
def test_the_gate_lets_through_all_that_ftfy_repairs(name: str) -> None:
    for case in load(name):
        lines = case["original"].split("\n")
        assert repair(case["original"]) == "\n".join(fix_encoding(line, SAME_OPTIONS) for line in lines), case["label"]


@pytest.mark.skipif(not CASES.exists(), reason="the collected cases are kept outside the tree")
def test_negative_cases_are_unchanged() -> None:
    for case in load("ftfy_negative.json"):
        if case["expect"] == "pass":
            assert repair(case["original"]) == case.get("fixed-encoding", case["fixed"]), case["label"]


@pytest.mark.skipif(not CASES.exists(), reason="the collected cases are kept outside the tree")
@pytest.mark.parametrize("name", ["ftfy_in-the-wild.json", "ftfy_synthetic.json"])
def test_cases_reach_the_expected_repair(name: str) -> None:
    cases = [case for case in load(name) if case["expect"] == "pass"]
    assert all(repair(case["original"]) == case.get("fixed-encoding", case["fixed"]) for case in cases)
