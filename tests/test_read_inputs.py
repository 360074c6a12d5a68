"""What stands beside a scrape about it: sidecars, source.toml, dated folders; and which files are inputs at all."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.errors import Fault, WrongUse
from flows.read.inputs import Provenance, find_inputs, name_source, read_provenance
from flows.read.times import read_time
from tests.conftest import write_files

MAY = datetime(2024, 5, 1, tzinfo=UTC)


def known_of(raw: Path, source: str) -> Provenance:
    (found,) = [found for found in find_inputs(raw) if found.source == source]
    return read_provenance(found, raw)


def test_a_sidecar_says_what_the_page_cannot(tmp_path: Path) -> None:
    says = {
        "url": " https://example.org/t/1 ",
        "site": "example.org",
        "title": "Knee",
        "language": "en",
        "fetched_at": "2024-05-01",
    }
    raw = write_files(tmp_path, {"a.txt": "x", "a.txt.meta.json": json.dumps(says)})
    known = known_of(raw, "a.txt")
    assert (known.url, known.site, known.title, known.language) == ("https://example.org/t/1", "example.org", "Knee", "en")
    assert (known.fetched_at, known.blemishes) == (MAY, [])


@pytest.mark.parametrize(
    "sidecar",
    [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 100_000, b"null", b'"text"', b"1" * 5000],
    ids=["empty", "broken", "a list", "not UTF-8", "nested deep", "null", "text", "a long number"],
)
def test_a_sidecar_that_cannot_be_used_is_told_and_the_page_still_read(tmp_path: Path, sidecar: bytes) -> None:
    raw = write_files(tmp_path, {"a.txt": "x", "a.txt.meta.json": sidecar})
    known = known_of(raw, "a.txt")
    assert [blemish.check for blemish in known.blemishes] == ["sidecar"]
    assert "\n" not in known.blemishes[0].reason


def test_a_sidecar_with_wrong_types_and_half_a_surrogate_pair_gives_what_can_be_used(tmp_path: Path) -> None:
    sidecar = '{"url": 7, "site": "", "title": "a\\ud800b", "language": null, "fetched_at": "\\udfff soon", "more": 1}'
    raw = write_files(tmp_path, {"a.txt": "x", "a.txt.meta.json": sidecar})
    known = known_of(raw, "a.txt")
    assert (known.url, known.site, known.title, known.fetched_at) == (None, None, "a\ufffdb", None)
    assert [(blemish.column, blemish.value) for blemish in known.blemishes] == [("fetched_at", "\ufffd soon")]


def test_a_source_file_speaks_for_its_folder_and_those_below_and_the_sidecar_wins(tmp_path: Path) -> None:
    toml = (
        'site = "example.org"\nurl = "https://example.org/t/{stem}"\nfetched_at = 2024-05-01\nlicence = "CC0"\nexpected = 3\n'
    )
    files = {
        "source.toml": toml,
        "7-knee.txt.gz": "x",
        "sub/deep/8.html": "x",
        "sub/deep/8.html.meta.json": '{"site": "other.net"}',
    }
    raw = write_files(tmp_path, files)
    assert known_of(raw, "7-knee.txt.gz") == Provenance(
        "https://example.org/t/7-knee", "example.org", None, None, MAY, [], licence="CC0"
    )
    known = known_of(raw, "sub/deep/8.html")
    assert known == Provenance("https://example.org/t/8", "other.net", None, None, MAY, [], licence="CC0")


def test_the_nearest_source_file_counts(tmp_path: Path) -> None:
    raw = write_files(
        tmp_path, {"source.toml": 'site = "far.org"', "in/source.toml": 'site = "near.org"', "in/a.txt": "x", "b.txt": "x"}
    )
    assert [known_of(raw, source).site for source in ("in/a.txt", "b.txt")] == ["near.org", "far.org"]


@pytest.mark.parametrize("folder", ["2024-05-01", "20240501", "2024_05_01"])
def test_a_folder_named_after_a_day_dates_its_files(tmp_path: Path, folder: str) -> None:
    raw = write_files(tmp_path, {f"{folder}/sub/a.txt": "x", "2024-13-01/b.txt": "x", "source.toml": 'site = "example.org"'})
    assert known_of(raw, f"{folder}/sub/a.txt").fetched_at == MAY
    assert known_of(raw, "2024-13-01/b.txt").fetched_at is None


def test_a_single_file_is_told_of_by_the_source_file_beside_it(tmp_path: Path) -> None:
    raw = write_files(tmp_path, {"a.txt": "x", "source.toml": 'site = "example.org"'})
    (found,) = find_inputs(raw / "a.txt")
    assert read_provenance(found, raw / "a.txt").site == "example.org"


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        (b"site = ", "cannot be read as TOML"),
        (b"\xff\xfe", "is not UTF-8"),
        (b'sight = "x"', "unknown key 'sight'"),
        (b"site = 7", "site is 7"),
        (b'url = "https://example.org/{id}"', "a place that is not known"),
        (b'fetched_at = "last spring"', "is no time"),
    ],
)
def test_a_broken_source_file_is_wrong_use_and_named_before_anything_is_read(tmp_path: Path, toml: bytes, told: str) -> None:
    raw = write_files(tmp_path, {"a.txt": "x", "in/source.toml": toml})
    with pytest.raises(WrongUse, match=told) as refused:
        find_inputs(raw)
    assert str(raw / "in/source.toml") in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2024-05-01T00:00:00Z", MAY),
        ("2024-05-01 02:00:00+02:00", MAY),
        ("2024-05-01", MAY),
        ("20240501000000", MAY),
        (1714521600, MAY),
        (1714521600.0, MAY),
        (1714521600000, MAY),
        ("1714521600", MAY),
        (" 1714521600000 ", MAY),
        (1714521600000000, MAY),
        (1714521600000000000, MAY),
        (1.7145216e18, MAY),
        ("1714521600000000000", MAY),
        ("1714521600.0", MAY),
        ("1.7145216e9", MAY),
        (Decimal("1714521600.000"), MAY),
        (20240501, MAY),
        (20240501000000, MAY),
        (MAY.date(), MAY),
        (1714521600.25, MAY + timedelta(milliseconds=250)),
    ],
)
def test_a_time_is_read_in_each_form_that_crawlers_write(value: object, moment: datetime) -> None:
    assert read_time(value, "x") == (moment, None)


@pytest.mark.parametrize(
    "value",
    [
        "soon",
        "",
        0,
        2019,
        -1,
        True,
        [],
        {},
        float("nan"),
        float("inf"),
        10**400,
        10**17,
        10**21,
        -(10**18),
        8e12,
        "1e400",
        "NaT",
        [[[[[[[[[[7]]]]]]]]]],
        pytest.param(10**5000, id="huge"),
        {"$date": 1714521600},
        b"\xff",
        Decimal("NaN"),
        timedelta(days=19844),
        "1970-01-01",
        "9" * 14,
        "0001-01-01T00:00+14:00",
    ],
)
def test_a_time_that_cannot_be_one_is_null_and_told(value: Any) -> None:
    moment, blemish = read_time(value, "x")
    assert moment is None
    assert blemish is not None
    assert (blemish.column, blemish.check) == ("fetched_at", "time")


def test_hidden_files_sidecars_and_source_files_are_no_inputs(tmp_path: Path) -> None:
    names = ["b.txt", "a/c.html", ".hidden", ".git/x.txt", "b.txt.meta.json", "source.toml"]
    raw = write_files(tmp_path, dict.fromkeys(names, ""))
    assert [found.source for found in find_inputs(raw)] == ["a/c.html", "b.txt"]


NAMES = [
    "\udcff",
    "\udcfe",
    "\\xff",
    "\\",
    "\\\\",
    "\\x23",
    "#",
    "#7",
    "a.jsonl",
    "a.zip.gz",
    "a",
    "/",
    "b.txt",
    "\n",
    "\u00e9",
    "e\u0301",
    "@",
]


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6), st.lists(st.sampled_from(NAMES), min_size=1, max_size=6))
def test_two_names_are_never_one_source(some: list[str], others: list[str]) -> None:
    one, other = Path("".join(some).strip("/") or "x"), Path("".join(others).strip("/") or "x")
    assert (name_source(one) == name_source(other)) == (os.fsencode(one) == os.fsencode(other))


@pytest.mark.parametrize("container", ["a.jsonl", "a.json", "in/a.zip", "a.jsonl.gz", "q #1.parquet", "\udcff.warc"])
def test_no_file_has_the_name_of_a_record(container: str) -> None:
    record = f"{name_source(Path(container))}#7"
    assert name_source(Path(f"{container}#7")) != record
    assert name_source(Path(f"{container}#7/b.txt")) != f"{record}/b.txt"


@pytest.mark.parametrize("name", ["question #1.txt", "caf\u00e9.txt", "a#b/c.jsonl", "line\nbreak.txt", "a.txt#7"])
def test_ordinary_names_are_sources_as_they_are(name: str) -> None:
    assert name_source(Path(name)) == name


def test_a_folder_nested_a_thousand_deep_is_read_and_what_nests_deeper_than_can_be_opened_is_refused(tmp_path: Path) -> None:
    raw = write_files(tmp_path / "raw", {"ok.txt": "x"})
    deep, here = "", os.open(raw, os.O_RDONLY)
    try:
        for depth in range(2200):
            os.mkdir("d", dir_fd=here)
            inner = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here, deep = inner, f"{deep}d/"
            if depth == 1000:
                with os.fdopen(os.open("a.txt", os.O_WRONLY | os.O_CREAT, dir_fd=here), "w") as file:
                    file.write("x")
                at = f"{deep}a.txt"
    finally:
        os.close(here)
    (raw / "site" / "in").mkdir(parents=True)
    found = {one.source: one.refusal for one in find_inputs(raw)}
    refused = [source for source, refusal in found.items() if refusal == "name-too-long"]
    assert found.keys() == {"ok.txt", at, *refused}
    assert len(refused) == 1
    assert read_provenance(next(one for one in find_inputs(raw) if one.source == at), raw).blemishes == []
    subprocess.run(["rm", "-rf", str(raw)], check=True)  # what pytest takes its folders away with recurses


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO])
def test_a_fault_of_the_machine_refuses_no_folder(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = write_files(tmp_path / "raw", {"a.txt": "x", "in/b.txt": "x"})
    scan = os.scandir

    def fail_within(path: Any) -> Any:
        if str(path).endswith("in"):
            raise OSError(number, os.strerror(number), str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", fail_within)
    with pytest.raises(Fault, match="cannot be listed"):
        find_inputs(raw)


def test_a_chain_of_symlinks_longer_than_the_system_follows_is_refused(tmp_path: Path) -> None:
    raw = write_files(tmp_path, {"l0": "x"})
    for number in range(1, 1500):
        (raw / f"l{number}").symlink_to(f"l{number - 1}")
    found = {one.source: one.refusal for one in find_inputs(raw)}
    assert (found["l1"], found["l1499"]) == (None, "symlink-broken")


def test_a_folder_that_cannot_be_listed_is_refused_and_a_root_that_cannot_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = write_files(tmp_path / "raw", {"a.txt": "x", "shut/b.txt": "x"})
    scan = os.scandir

    def scan_open(path: Any) -> Any:
        if str(path) == str(closed):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scan_open)
    closed = raw / "shut"
    assert [(found.source, found.refusal) for found in find_inputs(raw)] == [("a.txt", None), ("shut", "folder-closed")]
    closed = raw
    with pytest.raises(Fault, match="cannot be listed"):
        find_inputs(raw)


def test_a_source_file_may_name_the_columns_of_records(tmp_path: Path) -> None:
    toml = '[columns]\ntext = "post_text"\nurl = "page"\n'
    raw = write_files(tmp_path, {"source.toml": toml, "a.jsonl": "x"})
    assert known_of(raw, "a.jsonl").columns == {"text": "post_text", "url": "page"}


@pytest.mark.parametrize(
    "toml", ["columns = 3", 'columns = ["text"]', "[columns]\ntext = 1", '[columns]\ntext = ""', '[columns]\nbody = "x"']
)
def test_columns_that_cannot_be_meant_are_refused(tmp_path: Path, toml: str) -> None:
    raw = write_files(tmp_path, {"source.toml": toml, "a.jsonl": "x"})
    with pytest.raises(WrongUse, match="columns"):
        find_inputs(raw)
