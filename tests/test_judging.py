"""Judging: what a person is told of scrapes before they are let in."""

from __future__ import annotations

import json
import random
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pytest

from flows.__main__ import main
from flows.baseline import Baseline, open_baseline
from flows.executor import InlineExecutor
from flows.judge import judge_batch, judge_inputs
from flows.judging.gate import Decision, decide_site
from flows.judging.measuring import Measured
from flows.judging.profiles import Profiles, add_profiles, profile_pages
from flows.judging.reasons import read_reasons
from flows.judging.texts import claims_line, read_phrases
from flows.judging.verdicts import Judged
from flows.read.batches import plan_batches
from flows.rules import check_rules
from flows.targets import find_targets
from tests.conftest import THREAD, Ended, write_files
from tests.judging_sites import DAMAGES, LOGIN, SITES, Topic, draw_topic

BEFORE, BATCH = 150, 50
FEW_KINDS = ("author gone", "dates localised", "cut at 8 KB", "half log-in pages", "encoding flipped", "answers folded")


class Kept:
    def __init__(self) -> None:
        self.pages: list[Judged] = []

    def judged(self, page: Judged) -> None:
        self.pages.append(page)


def write_site(folder: Path, site: str, topics: list[Topic], damage: str | None = None) -> Path:
    address = f'site = "{site}.example"\nurl = "https://{site}.example/t/{{stem}}"\nfetched_at = "2024-06-01T00:00:00Z"\n'
    pages = [SITES[site](topic) for topic in topics]
    if damage is not None:
        pages = [DAMAGES[damage][0](page, at) for at, page in enumerate(pages)]
    files = {f"{topic.number}.html": page for topic, page in zip(topics, pages, strict=True)}
    return write_files(folder, {"source.toml": address, **files})


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("published")
    for site in SITES:
        write_site(root / "raw" / site, site, [draw_topic(number, 1) for number in range(BEFORE)])
    assert main(["clean", "--no-prefect", str(root / "raw"), str(root / "processed")]) == 0
    return root / "processed"


@pytest.fixture(scope="module")
def baseline(published: Path) -> Baseline:
    found = open_baseline(None, published)
    assert found is not None
    return found


def judge(folder: Path, baseline: Baseline | None) -> tuple[Decision, list[Judged]]:
    kept = Kept()
    summary = judge_inputs(find_targets([str(folder)], folder / "raw"), InlineExecutor(), kept, baseline)
    return summary.sites[0], kept.pages


# -- drift ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("site", SITES)
def test_a_batch_like_those_before_passes(site: str, tmp_path: Path, baseline: Baseline) -> None:
    new = write_site(tmp_path / site, site, [draw_topic(number, 2) for number in range(1000, 1000 + BATCH)])
    decision, pages = judge(new, baseline)
    assert (decision.verdict, decision.hold, decision.reasons) == ("pass", False, [])
    assert {page.verdict for page in pages} == {"pass"}


def check_damage(damage: str, site: str, folder: Path, baseline: Baseline) -> None:
    new = write_site(folder / site, site, [draw_topic(number, 2) for number in range(1000, 1000 + BATCH)], damage)
    decision, pages = judge(new, baseline)
    told = {name for look in decision.findings if look.state == "changed" for name in (look.id, look.measure.id)}
    counted = Counter(reason.id for page in pages for reason in page.reasons)
    told |= {reason for reason, count in counted.items() if 4 * count >= len(pages)}
    assert decision.verdict != "pass"
    assert told & DAMAGES[damage][1]


@pytest.mark.parametrize("damage", FEW_KINDS)
def test_damage_is_told_with_the_right_reason(damage: str, tmp_path: Path, baseline: Baseline) -> None:
    check_damage(damage, "phpbb", tmp_path, baseline)


@pytest.mark.slow
@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("damage", DAMAGES)
def test_every_kind_of_damage_is_told(damage: str, site: str, tmp_path: Path, baseline: Baseline) -> None:
    check_damage(damage, site, tmp_path, baseline)


def measure_topics(folder: Path, count: int) -> list[Measured]:
    """Return what is measured of the threads of one site, all drawn alike."""
    write_site(folder / "phpbb", "phpbb", [draw_topic(number, 3) for number in range(count)])
    pages: list[Measured] = []
    for root, found in find_targets([str(folder)], folder / "raw"):
        for batch in plan_batches(found, root, folder / "spool"):
            pages += judge_batch(batch).profiles["phpbb.example"].sample
    return pages


@pytest.mark.parametrize("batches", [15, pytest.param(300, marks=pytest.mark.slow)])
def test_false_alarms_are_rarer_than_one_batch_in_a_hundred(batches: int, tmp_path: Path) -> None:
    pages = measure_topics(tmp_path, 260)
    dice = random.Random(5)  # noqa: S311 -- for variety
    alarms = 0
    for _ in range(batches):
        drawn = dice.sample(pages, len(pages))
        new, before = (profile_pages(side)["phpbb.example"] for side in (drawn[:BATCH], drawn[BATCH:]))
        alarms += decide_site(new, before).verdict != "pass"
    assert alarms <= batches // 100


def test_of_too_few_threads_nothing_is_claimed(tmp_path: Path, baseline: Baseline) -> None:
    new = write_site(tmp_path / "boxes", "boxes", [draw_topic(number, 2) for number in range(1000, 1003)], "one date")
    decision, _ = judge(new, baseline)
    assert decision.verdict == "pass"
    assert any("too few to tell" in reason for reason in decision.reasons)


def test_a_site_that_nobody_has_published_is_judged_by_itself(tmp_path: Path, baseline: Baseline) -> None:
    folder = write_files(
        tmp_path / "new", {f"{at}.html": LOGIN + " " * at for at in range(6)} | {"source.toml": 'site = "new.example"'}
    )
    decision, pages = judge(folder, baseline)
    assert decision.hold
    assert any("nothing of this site is published" in reason for reason in decision.reasons)
    assert {page.reasons[0].id for page in pages} == {"log-in"}


def test_an_accepted_change_is_let_in_and_told(tmp_path: Path, baseline: Baseline) -> None:
    pages = measure_topics(tmp_path, 60)
    before = profile_pages(
        [
            page._replace(layout="html:repeats", marks=page.marks - {"layout:html:layout:phpbb3"} | {"layout:html:repeats"})
            for page in pages
        ]
    )
    new = profile_pages(page._replace(id=page.id[::-1]) for page in pages)
    site = "phpbb.example"
    assert decide_site(new[site], before[site]).hold
    accepted = decide_site(new[site], before[site], accepted=[site])
    assert (accepted.hold, accepted.verdict, accepted.accepted) == (False, "suspect", True)
    assert any("html:layout:phpbb3" in reason for reason in accepted.reasons)


def test_profiles_add_up_in_any_order(tmp_path: Path) -> None:
    pages = measure_topics(tmp_path, 30)
    halves: list[Profiles] = [profile_pages(pages[:11]), profile_pages(pages[11:])]
    whole = profile_pages(pages)
    assert add_profiles(*halves) == add_profiles(*reversed(halves)) == whole


# -- one scrape -----------------------------------------------------------------------------------------------------------


def reasons_of(page: str | bytes, folder: Path, name: str = "page.html") -> dict[str, str | None]:
    _, pages = judge(write_files(folder / "one", {name: page}), None)
    return {reason.id: reason.quote for reason in pages[0].reasons}


def test_a_reason_points_at_its_place(tmp_path: Path) -> None:
    text = THREAD.replace("outer", "outer").replace(
        "Keep the cut covered", "Keep the cut covered at the cafÃ© â€” dÃ©jÃ\xa0 vu, naÃ¯ve â€” it's"
    )
    _, pages = judge(write_files(tmp_path / "one", {"a.txt": text}), None)
    reason = next(reason for reason in pages[0].reasons if reason.id == "wrong-encoding")
    assert reason.offset is not None
    assert "cafÃ©" in text[reason.offset : reason.offset + 40]
    assert reason.line == text.count("\n", 0, reason.offset) + 1


@pytest.mark.parametrize("rule", [rule.id for rule in read_phrases() if rule.scope == "wall"])
def test_pages_that_are_none_are_named(rule: str, tmp_path: Path) -> None:
    example = next(found for found in read_phrases() if found.id == rule).cuts[0]
    page = f"<html><head><title>Site</title></head><body><a href='/'>Home</a><p>{example}</p></body></html>"
    assert rule in reasons_of(page, tmp_path)


def test_a_thread_about_walls_is_none(tmp_path: Path) -> None:
    assert (
        reasons_of(
            THREAD.replace("My knee was stitched", "Please verify you are a human, it says. My knee was stitched"),
            tmp_path,
            "a.txt",
        )
        == {}
    )


def test_a_template_that_did_not_run_is_told_and_quoted(tmp_path: Path) -> None:
    page = DAMAGES["template off"][0](SITES["phpbb"](draw_topic(3, 1)), 0)
    assert (reasons_of(page, tmp_path)["template-switched-off"] or "").startswith("{{ post.")


def test_templates_beside_unsigned_answers_that_are_whole_do_not_fail_a_thread(tmp_path: Path) -> None:
    widget = "{{ voteTotal > 0 ? '+' + voteTotal : voteTotal }}"
    told = (
        ("Soak it", "Then wait", "A third way"),
        ("Leave the pan in warm water overnight.", "It lifts by itself.", "Use salt."),
    )
    answers = [f"{headline}\n\n{widget}\n{body * 3}" for headline, body in zip(*told, strict=True)]
    page = "\n\n".join(["How do I lift burnt rice off a pan?\nI tried steel wool and it left marks.", *answers])
    _, (judged,) = judge(write_files(tmp_path / "one", {"a.txt": page}), None)
    assert judged.verdict != "fail"
    assert "template-residue" in [reason.id for reason in judged.reasons]


def test_a_lost_selector_is_named(tmp_path: Path) -> None:
    page = SITES["phpbb"](draw_topic(3, 1)).replace('class="content"', 'class="text-body"')
    _, pages = judge(write_files(tmp_path / "one", {"a.html": page}), None)
    assert any(reason.id == "selector-lost" and "bodies" in reason.sentence for reason in pages[0].reasons)


def test_the_phrases_claim_what_they_say_and_leave_the_rest() -> None:
    check_rules(read_phrases(), claims_line)


def test_characters_that_became_question_marks_are_told_and_addresses_are_not(tmp_path: Path) -> None:
    lost = THREAD.replace("Keep the cut covered", "It?s what I?d do, don?t worry: keep the cut covered at the caf?s")
    assert "wrong-encoding" in reasons_of(lost, tmp_path, "a.txt")
    address = THREAD.replace("Keep the cut covered", "See /a?b and x.example/q?id or topic?page. Why? Keep the cut covered")
    assert "wrong-encoding" not in reasons_of(address, tmp_path, "a.txt")


def test_an_empty_page_with_scripts_is_a_shell(tmp_path: Path) -> None:
    page = "<html><head><title>Shed Talk</title></head><body><div id=app></div><script>go()</script></body></html>"
    assert "script-shell" in reasons_of(page, tmp_path)


def test_every_wall_is_a_reason() -> None:
    assert {rule.id for rule in read_phrases() if rule.scope == "wall"} <= set(read_reasons())


def test_copies_in_a_batch_and_of_what_is_published_are_told(tmp_path: Path, baseline: Baseline) -> None:
    page = SITES["boxes"](draw_topic(3, 1))
    other = 'url = "https://boxes.example/again/{stem}"\nsite = "boxes.example"\n'
    changed = page.replace("Terms and privacy", "Terms, privacy and cookies")
    folder = write_files(tmp_path / "new", {"a.html": page, "b.html": page, "c.html": changed, "source.toml": other})
    _, pages = judge(folder, baseline)
    assert [[reason.id for reason in found.reasons] for found in pages] == [
        ["published-elsewhere"],
        ["same-scrape", "published-elsewhere"],
        ["same-question", "published-elsewhere"],
    ]


# -- the command ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def validate(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> Ended:
        code = main(["validate", *map(str, arguments)])
        out, err = capfd.readouterr()
        return Ended(code, out, err)

    return run


def test_it_says_pass_and_that_there_is_no_baseline(validate, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    write_files(tmp_path / "raw", {"a.txt": THREAD})
    ended = validate("raw")
    assert (ended.code, ended.err) == (0, "")
    assert "pass    a.txt" in ended.out
    assert "there is no baseline" in ended.out


def test_one_fail_is_exit_code_1(validate, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    write_files(tmp_path / "raw", {"a.txt": THREAD, "b.html": LOGIN})
    ended = validate("raw")
    assert ended.code == 1
    assert "fail    b.html" in ended.out
    assert "log-in page" in ended.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "nowhere: no such file or folder"),
        (["raw/*.xyz"], "the pattern matches nothing"),
        (["raw", "--baseline", "20990101"], "no such snapshot"),
        (["raw", "--json", "--lines"], "choose one"),
        (["raw", "--junit", "nowhere/x.xml"], "there is no folder"),
        (["raw", "--workers", "0"], "is not a number"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(arguments: list[str], said: str, validate, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    write_files(tmp_path / "raw", {"a.txt": THREAD})
    ended = validate(*arguments)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert said in ended.err


def test_an_empty_folder_is_no_fail(validate, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "raw").mkdir()
    ended = validate("raw", "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["scrapes"] == []


def test_a_damaged_baseline_is_one_line_and_exit_code_3(validate, tmp_path: Path, clean) -> None:  # type: ignore[no-untyped-def]
    write_files(tmp_path / "raw", {"a.txt": THREAD})
    assert clean(tmp_path / "raw", tmp_path / "processed").code == 0
    part = next((tmp_path / "processed/latest/questions").resolve().glob("*.parquet"))
    part.write_bytes(part.read_bytes()[:-9])
    ended = validate("raw")
    assert (ended.code, ended.err.count("\n")) == (3, 1)
    assert "baseline is damaged" in ended.err
    assert validate("raw", "--baseline", "none").code == 0
    part.unlink()
    (tmp_path / "processed/latest").resolve().rename(tmp_path / "elsewhere")
    assert "a snapshot that is gone" in validate("raw").err


def test_what_is_published_may_be_named_in_every_way(validate, tmp_path: Path, clean) -> None:  # type: ignore[no-untyped-def]
    write_files(tmp_path / "raw", {"a.txt": THREAD})
    clean(tmp_path / "raw", tmp_path / "processed")
    snapshot = (tmp_path / "processed/latest").resolve()
    for named in (snapshot.name, snapshot, tmp_path / "processed"):
        ended = validate("raw", "--baseline", named, "--json")
        assert json.loads(ended.out)["baseline"] == snapshot.name
        assert [reason["id"] for reason in json.loads(ended.out)["scrapes"][0]["reasons"]] == ["published-before"]


def test_json_is_one_document_and_lines_are_a_line_a_scrape(validate, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    write_files(tmp_path / "raw", {f"{at}.txt": THREAD.replace("knee", f"knee {at}") for at in range(9)})
    document = json.loads(validate("raw", "--json").out)
    assert (document["verdict"], document["verdicts"]["pass"], len(document["scrapes"])) == ("pass", 9, 9)
    lines = [json.loads(line) for line in validate("raw", "--lines").out.splitlines()]
    assert [line["scrape"] for line in lines[:9]] == document["scrapes"]
    assert "summary" in lines[-1]


def test_junit_is_xml_whatever_stands_in_the_scrapes(validate, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    odd = 'x\x01]]><b>&"\ufffe.txt'
    write_files(tmp_path / "raw", {odd: "\x02 </failure> <html> Log in & \x0b\ufffe\ud7ff", "a.txt": THREAD})
    assert validate("raw", "--junit", "out.xml").code == 1
    suites = ET.parse(tmp_path / "out.xml").getroot()  # noqa: S314 -- our own
    cases = suites.findall(".//testcase")
    assert {case.get("name") for case in cases if case.get("classname") != "sites"} == {"a.txt", 'x\ufffd]]><b>&"\ufffd.txt'}
    assert suites.get("failures") == str(len(suites.findall(".//failure"))) == "2"


def test_patterns_files_and_containers_are_taken_and_each_file_once(validate, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    lines = "".join(json.dumps({"id": at, "text": THREAD.replace("knee", f"knee {at}")}) + "\n" for at in range(3))
    write_files(tmp_path / "new", {"a.txt": THREAD, "b/c.txt": THREAD.replace("knee", "heel"), "d.jsonl": lines})
    ended = validate("new/*.txt", "new/**/*.txt", "new/d.jsonl", "new/a.txt", "--json")
    sources = [scrape["source"] for scrape in json.loads(ended.out)["scrapes"]]
    assert sources == ["new/a.txt", "new/b/c.txt", "new/d.jsonl#0", "new/d.jsonl#1", "new/d.jsonl#2"]


@pytest.mark.slow
def test_workers_give_the_same_verdicts(validate, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    lines = "".join(json.dumps({"id": at, "text": THREAD.replace("knee", f"knee {at}")}) + "\n" for at in range(6000))
    write_files(tmp_path / "raw", {"many.jsonl": lines})
    alone, together = (validate("raw", "--json", "--workers", count).out for count in ("1", "2"))
    assert json.loads(alone) == json.loads(together)
    assert len(json.loads(alone)["scrapes"]) == 6000
