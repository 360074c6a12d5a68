"""Bad input: refused with a reason, or read; never a crash, never a hang, never a cost to the other scrapes."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from tests.conftest import THREAD, Clean, table, write_files
from tests.judging_sites import LOGIN

READ = ("ok", "suspect")
REFUSED = "rejected"
GOOD = "good.txt"
ROWS = ("scrapes read", "ok", "suspect", "rejected", "copies of another")
NOISE = random.Random(7).randbytes(20_000)  # noqa: S311 -- noise, not a secret


def outcomes(processed: Path) -> dict[str, tuple[str, str | None]]:
    """Return verdict and refusal of every input: a scrape of its own, or the copy of another."""
    rejects = table(processed, "rejects").filter(severity="scrape")
    checks = dict(rejects.select("source", "check_name").iter_rows())
    told = {
        source: (verdict, checks.get(source))
        for source, verdict in table(processed, "scrapes").select("source", "verdict").iter_rows()
    }
    copies = rejects.filter(check_name="duplicate")["source"]
    assert not set(copies) & set(told)
    return told | dict.fromkeys(copies, ("copy", "duplicate"))


def assert_unharmed(processed: Path) -> None:
    """Hold what the sound neighbour of a bad input came to against what it is on its own."""
    assert outcomes(processed)[GOOD] == ("ok", None)
    scrape = table(processed, "scrapes").filter(source=GOOD)
    assert table(processed, "answers").filter(scrape_id=scrape["scrape_id"][0]).height == 2


FILES: list[tuple[str, bytes, str]] = [
    ("empty.txt", b"", "empty"),
    ("blank.txt", b" \r\n\t\n\xc2\xa0", "empty"),
    ("empty.html", b"\n", "empty"),
    ("empty.jsonl", b"", "empty"),
    ("empty.jsonl.gz", gzip.compress(b""), "empty"),
    ("empty.txt.gz", gzip.compress(b"\t"), "empty"),
    ("shell.html", b"<html><body><script>render()</script></body></html>", "empty"),
    ("picture.txt", b"\x89PNG\r\n\x1a\n" + NOISE, "binary"),
    ("paper.txt", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n" + NOISE, "binary"),
    ("archive.html", b"PK\x03\x04" + NOISE, "binary"),
    ("noise.txt", NOISE, "binary"),
    ("noise.jsonl", NOISE, "binary"),
    ("noise.jsonl.gz", gzip.compress(NOISE), "binary"),
    ("bytes-of-255.txt", b"\xff" * 5000, ""),
    ("nul.txt", THREAD.replace("knee", "kn\0ee").encode(), ""),
    ("nuls.txt", b"\0" * 5000, "binary"),
    ("page.txt", b"<!doctype html><title>Menu</title><p>Home</p>", "no-thread"),
    ("packed.txt", gzip.compress(THREAD.replace("knee", "elbow").encode()), ""),
    ("not-packed.txt.gz", THREAD.replace("knee", "wrist").encode(), "not-compressed"),
    ("not-packed.html.zst", f"<p>{THREAD}</p>".encode(), "not-compressed"),
    ("not-packed.jsonl.gz", b'{"text": "a"}\n', "not-compressed"),
    ("not-packed.json.zst", b'[{"text": "a"}]', "not-compressed"),
    ("not-packed.warc.gz", b"WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 0\r\n\r\n\r\n\r\n", "not-compressed"),
    ("not-packed.tar.gz", b"\0" * 10240, "not-compressed"),
    ("not-packed.parquet.zst", b"PAR1" + NOISE, "not-compressed"),
    ("other-packer.txt.gz", zstandard.compress(THREAD.replace("knee", "palm").encode()), ""),
    ("cut.txt.gz", gzip.compress(NOISE)[:-1000], "compression"),
    ("cut.txt.zst", zstandard.compress(NOISE)[:-1000], "compression"),
    ("cut-at-once.jsonl.zst", zstandard.compress(NOISE)[:6], "compression"),
    ("not-lines.jsonl", b"Only prose\n", "json"),
    ("no-extension", THREAD.replace("knee", "ankle").encode(), ""),
    ("x" * 200 + ".txt", THREAD.replace("knee", "hip").encode(), ""),
    ("line\nbreak.txt", THREAD.replace("knee", "toe").encode(), ""),
    ("quote\"'`;$(x) & #1.txt", THREAD.replace("knee", "thumb").encode(), ""),
    ("emoji 😀 é.txt", THREAD.replace("knee", "neck").encode(), ""),
    ("one-long-word.txt", b"a" * 300_000, "no-thread"),
    ("one-character.txt", b"a", "no-thread"),
    ("escapes.txt", b"\x1b[31m" + THREAD.replace("knee", "back").encode(), ""),
    ("marks-alone.txt", "\u200b\u200b\ufeff\u00ad".encode(), ""),
    ("half-pairs.jsonl", b'{"text": "\\ud800 \\udfff"}\n', ""),
]


@pytest.fixture(scope="module")
def pile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(
        tmp_path_factory.mktemp("pile") / "raw", {name: content for name, content, _ in FILES} | {GOOD: THREAD.encode()}
    )


def test_each_bad_file_is_read_or_refused_with_its_reason_beside_sound_ones(pile: Path, tmp_path: Path, clean: Clean) -> None:
    ended = clean(pile, tmp_path)
    assert (ended.code, ended.err) == (0, "")
    found = {source.split("#")[0]: what for source, what in outcomes(tmp_path).items()}
    assert len(found) == len(FILES) + 1, "every input is accounted for"
    told = {name: found[name][1] for name, _, check in FILES if check}
    assert told == {name: check for name, _, check in FILES if check}
    assert {found[name][0] for name, _, check in FILES if check} == {REFUSED}
    assert_unharmed(tmp_path)
    reasons = table(tmp_path, "rejects")["reason"]
    assert not [reason for reason in reasons if "\n" in reason or "Traceback" in reason or not reason.strip()]


def pipe_in(raw: Path) -> None:
    os.mkfifo(raw / "x")


def loop_in(raw: Path) -> None:
    (raw / "x").symlink_to("y")
    (raw / "y").symlink_to("x")


def folder_loop_in(raw: Path) -> None:
    (raw / "x").symlink_to(raw)


def link_out_of(raw: Path) -> None:
    secret = write_files(raw.parent / "elsewhere", {"secret.txt": THREAD}) / "secret.txt"
    (raw / "x").symlink_to(secret)


def folder_called_text(raw: Path) -> None:
    write_files(raw / "x.txt", {"x": THREAD.replace("knee", "shin")})


def link_to_nothing(raw: Path) -> None:
    (raw / "x").symlink_to(raw / "gone.txt")


def copy_of_good(raw: Path) -> None:
    write_files(raw, {"x": THREAD})


def link_to_good(raw: Path) -> None:
    (raw / "x").symlink_to(raw / GOOD)


def pipe_beside(raw: Path) -> None:
    os.mkfifo(raw / "x.meta.json")
    write_files(raw, {"x": THREAD.replace("knee", "shin")})


def name_of_bytes(raw: Path) -> None:
    for byte in (b"\xff", b"\xfe"):
        Path(os.fsdecode(os.fsencode(raw) + b"/x" + byte)).write_bytes(THREAD.replace("knee", byte.hex()).encode())


def deep_folders(raw: Path) -> None:
    write_files(raw.joinpath(*["x"] * 200), {"x": THREAD.replace("knee", "shin")})


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (pipe_in, {"x": (REFUSED, "not-a-file")}),
        (loop_in, {"x": (REFUSED, "symlink-broken"), "y": (REFUSED, "symlink-broken")}),
        (folder_loop_in, {"x": (REFUSED, "symlink-to-folder")}),
        (link_out_of, {"x": (REFUSED, "symlink-outside")}),
        (link_to_nothing, {"x": (REFUSED, "symlink-broken")}),
        (folder_called_text, {"x.txt/x": ("ok", None)}),
        (copy_of_good, {"x": ("copy", "duplicate")}),
        (link_to_good, {"x": ("copy", "duplicate")}),
        (pipe_beside, {"x": ("ok", None)}),
        (name_of_bytes, {"x\\xff": ("ok", None), "x\\xfe": ("ok", None)}),
        (deep_folders, {"/".join("x" * 201): ("ok", None)}),
    ],
)
def test_what_is_no_plain_file_is_refused_or_read_and_never_waited_for(
    make: Callable[[Path], None], told: dict[str, tuple[str, str | None]], tmp_path: Path, clean: Clean
) -> None:
    raw = write_files(tmp_path / "raw", {GOOD: THREAD})
    make(raw)
    ended = clean(raw, tmp_path / "out")
    assert (ended.code, ended.err) == (0, "")
    assert outcomes(tmp_path / "out") == {GOOD: ("ok", None), **told}
    assert_unharmed(tmp_path / "out")


@pytest.mark.parametrize("name", ["x.txt", "x.jsonl", "x.jsonl.gz"])
@pytest.mark.parametrize(("error", "check"), [(FileNotFoundError, "vanished"), (PermissionError, "permission")])
def test_a_file_that_vanishes_or_shuts_during_the_run_is_refused(
    name: str, error: type[OSError], check: str, tmp_path: Path, clean: Clean, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = write_files(tmp_path / "raw", {GOOD: THREAD, name: THREAD.replace("knee", "shin")})
    path_open = Path.open

    def open_unless_gone(path: Path, *arguments: object, **options: object) -> object:
        if path.name == name:
            raise error(2, "not now", str(path))
        return path_open(path, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", open_unless_gone)
    assert clean(raw, tmp_path / "out").code == 0
    assert outcomes(tmp_path / "out") == {GOOD: ("ok", None), name: (REFUSED, check)}
    assert_unharmed(tmp_path / "out")


def test_a_folder_without_a_thread_gives_a_snapshot_of_empty_tables(tmp_path: Path, clean: Clean) -> None:
    write_files(tmp_path / "raw", {"empty.txt": ""})
    assert clean(tmp_path / "raw", tmp_path / "out").code == 0
    assert table(tmp_path / "out", "scrapes").height == 1
    assert table(tmp_path / "out", "questions").height == 0
    assert table(tmp_path / "out", "answers").columns[:2] == ["answer_id", "question_id"]


def test_a_single_file_is_read_as_the_whole_input(tmp_path: Path, clean: Clean) -> None:
    raw = write_files(tmp_path / "raw", {GOOD: THREAD, "other.txt": "x"})
    assert clean(raw / GOOD, tmp_path / "out").code == 0
    assert outcomes(tmp_path / "out") == {GOOD: ("ok", None)}


def test_what_stands_beside_a_single_file_counts_as_news(tmp_path: Path, clean: Clean) -> None:
    raw = write_files(tmp_path / "raw", {GOOD: THREAD})
    clean(raw / GOOD, tmp_path / "out")
    assert "nothing new" in clean(raw / GOOD, tmp_path / "out").out
    write_files(raw, {"source.toml": 'site = "example.org"'})
    assert "nothing new" not in clean(raw / GOOD, tmp_path / "out").out


def test_records_that_cannot_be_used_are_refused_one_by_one(tmp_path: Path, clean: Clean) -> None:
    lines = [
        b'{"id": "a", "text": "x", "url": "javascript:alert(1)", "timestamp": "soon"}',
        b"{broken",
        b'{"id": "c"}',
        b'{"id": "d", "text": 7}',
    ]
    raw = write_files(tmp_path / "raw", {GOOD: THREAD, "bad.jsonl": b"\n".join(lines)})
    assert clean(raw, tmp_path / "out").code == 0
    rejects = table(tmp_path / "out", "rejects")
    cells = rejects.filter(severity="cell").sort("column_name").select("source", "column_name", "check_name", "value").rows()
    assert cells == [("bad.jsonl#a", "fetched_at", "time", "soon"), ("bad.jsonl#a", "url", "url", "javascript:alert(1)")]
    assert {source: check for source, (_, check) in outcomes(tmp_path / "out").items()} == {
        GOOD: None, "bad.jsonl#a": "no-thread", "bad.jsonl#@76": "json", "bad.jsonl#c": "no-text", "bad.jsonl#d": "no-text",
    }  # fmt: skip
    refused = rejects.filter(check_name="json").row(0, named=True)
    assert refused["row"] == "{broken", "what was refused can be seen"


def test_copies_are_accounted_for_each(tmp_path: Path, clean: Clean) -> None:
    raw = write_files(
        tmp_path / "raw", {f"{number}.txt": THREAD for number in range(5)} | {"e1.txt": "", "e2.txt": "", "e3.txt": " "}
    )
    assert clean(raw, tmp_path / "out").code == 0
    told = outcomes(tmp_path / "out")
    assert [told[f"{number}.txt"][0] for number in range(5)] == ["ok"] + ["copy"] * 4
    assert len(told) == 8


def test_the_closing_table_adds_up_where_pages_are_there_twice(tmp_path: Path, clean: Clean) -> None:
    twice = "".join(json.dumps({"id": str(at), "text": THREAD.replace("knee", "wrist")}) + "\n" for at in range(3))
    files: dict[str, bytes | str] = {f"{at}.txt": THREAD for at in range(4)}
    raw = write_files(tmp_path / "raw", {**files, "twice.jsonl": twice, "e1.txt": "", "e2.txt": "", "login.html": LOGIN})
    told = clean(raw, tmp_path / "out").out
    read, *parts = (int(re.search(rf"^ *{name} +([\d,]+)$", told, re.MULTILINE)[1]) for name in ROWS)  # type: ignore[index]
    assert (read, sum(parts)) == (10, 10), told
    assert parts[-1] == 4
