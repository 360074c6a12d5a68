"""threadmill inspect: what a person sees of one scrape, and what a program reads of it."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import zstandard
from rich.cells import cell_len

from flows.__main__ import main

THREAD = """Will a night splint help my jaw?

I grind my teeth at night and wake up with a sore jaw. My cousin wears a splint and says that it helps [b]a lot[/b].

Doctor Answers 2

A splint protects the teeth

{{ votes | number }} people found this helpful

A splint does not stop the grinding, but it keeps the enamel whole. Wear it every night, and have it checked once a year.

It needs a new lining now and then.

Orla Brennick, DDS
Fenwick Dentist
4.5 out of 5 stars 120 reviews

Find the cause first

{{ votes | number }} people found this helpful

Much of it comes from stress.\tAsk for a sleep study before you pay for anything\u00a0else.

Tove Aldermann, DMD
Harrow Dentist
"""
CUT = "{{ votes | number }} people found this helpful"
HTML = "<!doctype html><title>{title}</title><p>Nothing here but a few words about splints.</p>"
COLOURS = re.compile("\x1b\\[[0-9;]*m")


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("FORCE_COLOR", "NO_COLOR", "COLUMNS", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "raw"
    folder.mkdir()
    return folder


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def write_records(path: Path, *records: dict[str, object]) -> Path:
    return write(path, "".join(json.dumps(record) + "\n" for record in records))


def inspect(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["inspect", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def inspect_json(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(inspect(capsys, *arguments, "--json"))
    return document


def refuse(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Return the one line that wrong use is answered with."""
    assert main(["inspect", *map(str, arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("threadmill: ")
    assert err.count("\n") == 1
    return err


def row_of(shown: str, text: str) -> str:
    return next(row for row in shown.splitlines() if text in row and ("│" in row or "┆" in row))


# What a person sees.


def test_every_stretch_stands_beside_its_post_role_and_rule(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(raw / "jaw.txt", THREAD)
    shown = inspect(capsys, file)
    spans = inspect_json(capsys, file)["spans"]
    assert {"title", "question", "count", "headline", "artifact", "answer", "byline", "rating"} <= {
        span["role"] for span in spans
    }
    for span in spans:
        first = span["text"].strip().split("\n")[0].replace("\t", "    ").replace("\u00a0", " ")
        post = {None: "✗", 0: "Q"}.get(span["post"], str(span["post"]))
        assert row_of(shown, first).split("│")[0].split() == [post, span["role"], span["rule"]]


def test_the_header_says_what_the_scrape_is_and_how_it_was_split(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = {"url": "https://www.teeth.example/t/7", "fetched_at": "2024-05-01T10:00:00Z"}
    write(raw / "jaw.txt", THREAD)
    write(raw / "jaw.txt.meta.json", json.dumps(known))
    header = inspect(capsys, "jaw.txt").split("── text")[0]
    for label, value in {
        "source": "jaw.txt",
        "form": f"txt · {len(THREAD.encode()):,} bytes · {len(THREAD):,} characters",
        "encoding": "utf-8",
        "url": known["url"],
        "site": "teeth.example",
        "title": "Will a night splint help my jaw?",
        "fetched_at": "2024-05-01T10:00:00+00:00",
        "answers": "2 found · 2 declared",
        "verdict": "ok",
        "language": "en",
    }.items():
        assert re.search(rf"^{label} +{re.escape(value)}$", header, re.MULTILINE)
    assert re.search(r"^layout +flat:\S+$", header, re.MULTILINE)
    assert re.search(r"^confidence +0\.\d\d$", header, re.MULTILINE)
    kept, cut = re.findall(r"([\d,]+) (?:characters kept|cut)", header)
    assert int(kept.replace(",", "")) + int(cut.replace(",", "")) == len(THREAD)


def test_a_suspect_split_says_why(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    header = inspect(capsys, write(raw / "jaw.txt", THREAD.replace("Answers 2", "Answers 9"))).split("── text")[0]
    assert re.search(r"^answers +2 found · 9 declared$", header, re.MULTILINE)
    assert re.search(r"^verdict +suspect\n +the page declares 9 answers and 2 were found$", header, re.MULTILINE)


def test_at_the_end_stand_the_authors_as_read_and_what_was_cut(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = inspect(capsys, write(raw / "jaw.txt", THREAD))
    posts, cut = shown.split("── posts")[1].split("── cut, by rule")
    assert re.search(r"^ +author +name Orla Brennick · credentials DDS · .*rating 4\.5 \(120 reviews\)$", posts, re.MULTILINE)
    assert re.search(r"^ +headline +Find the cause first$", posts, re.MULTILINE)
    assert posts.count("confidence") == 3
    assert re.search(r"^  residue-\S+ +artifact +\d+ characters +[\d.]+%  2 stretches$", cut, re.MULTILINE)


def test_colours_are_for_terminals_only_unless_asked_for(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(raw / "jaw.txt", THREAD)
    plain, coloured = inspect(capsys, file), inspect(capsys, file, "--color", "always")
    assert "\x1b" not in plain
    assert inspect(capsys, file, "--no-color") == inspect(capsys, file, "--color=never") == plain
    assert COLOURS.sub("", coloured) == plain
    assert f"\x1b[2;9;31m{CUT}\x1b[0m" in coloured  # dim, struck through, red
    first, second = (re.findall("\x1b\\[(\\d+)m" + start, coloured) for start in ("A splint does", "Much of it"))
    assert first != second  # neighbours are told apart


def test_brief_shows_the_first_and_the_last_line_of_a_stretch(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = "\n".join(["The first line of it all.", *["Line in between."] * 7, "The last line of it all."])
    file = write(raw / "jaw.txt", THREAD.replace("Much of it comes from stress.", body))
    shown = inspect(capsys, file, "--brief")
    assert "Line in between." in inspect(capsys, file)
    assert "Line in between." not in shown
    assert "The first line of it all." in shown
    assert "│ ⋮ 7 more lines" in shown
    assert "The last line of it all." in shown


def test_blank_lines_are_counted_not_printed(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = inspect(capsys, write(raw / "jaw.txt", THREAD.replace("once a year.\n\n", "once a year.\n" + " \n" * 500 + "\n")))
    assert "│ ⏎ 501\n" in shown
    assert len(shown.splitlines()) < 80


def test_long_lines_wrap_at_the_width_and_keep_every_word(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = inspect(capsys, write(raw / "jaw.txt", THREAD), "--width", "70").split("── text")[1].split("── legend")[0]
    assert max(map(cell_len, shown.splitlines())) <= 70
    text = " ".join(re.split("[│┆] ?", row)[1] for row in shown.splitlines()[1:] if "│" in row or "┆" in row)
    assert text.split() == THREAD.split()


def test_offsets_on_request(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = row_of(inspect(capsys, write(raw / "jaw.txt", THREAD), "--offsets"), "Doctor Answers 2")
    assert row.split()[0] == str(THREAD.index("Doctor Answers 2"))


def test_a_stretch_inside_a_line_is_shown_as_such(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = inspect(capsys, write(raw / "jaw.txt", THREAD.replace("Wear it every", "Wear it {{ user.first_name }} every")))
    assert row_of(shown, "{{ user.first_name }}").split()[:2] == ["✗", "artifact"]
    assert "┆ {{ user.first_name }}" in shown
    assert re.search("┆ +every night", shown)


# Text of strangers.


def test_markup_is_printed_literally(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = THREAD.replace("[b]a lot[/b]", "[b]a lot[/b] [red]no[/red] [link=x]y :smile:")
    shown = inspect(capsys, write(raw / "[bold]jaw[x].txt", hostile))
    assert "[b]a lot[/b] [red]no[/red] [link=x]y :smile:" in shown
    assert "[bold]jaw[x].txt" in shown


def test_escape_sequences_are_shown_and_not_obeyed(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    attack = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202etxet\u202c\u2066\x00\x7f"
    page = THREAD.replace("it helps", f"it helps {attack}").replace("Orla", "\x1b[5mOrla").replace("Will a", "Will\x1b[2J a")
    file = write_records(raw / "t.jsonl", {"id": "a", "url": "https://x.example/\x1b[1m", "site": "\x1b[8m", "text": page})
    for options in ([], ["--brief"], ["--show-invisible"], ["--width", "40"]):
        shown = inspect(capsys, file, *options)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
        assert "␛[2J" in shown
    assert "␛[2J␛]0;owned␇⟨U+009B⟩31m⟨U+202E⟩txet⟨U+202C⟩⟨U+2066⟩␀␡" in inspect(capsys, file)
    assert "\x1b" not in COLOURS.sub("", inspect(capsys, file, "--color", "always"))
    assert any("\x1b[2J" in span["text"] for span in inspect_json(capsys, file)["spans"])


def test_invisible_characters_are_marked_on_request(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(raw / "jaw.txt", THREAD.replace("grinding", "grin\u200bding\ufeff"))
    assert "stress.    Ask for a sleep study before you pay for anything else." in inspect(capsys, file)
    shown = inspect(capsys, file, "--show-invisible")
    assert "stress.→   Ask" in shown
    assert "anything⍽else" in shown
    assert "grin⟨ZWSP⟩ding⟨BOM⟩" in shown


# What a program reads.


@pytest.mark.parametrize(
    "page", [THREAD, THREAD.replace("\n", "\r\n"), "\n\n" + THREAD + "\n\n\n", "Home\nLog in\n", THREAD * 3]
)
def test_the_spans_partition_the_text(page: str, raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = inspect_json(capsys, write(raw / "jaw.txt", page.encode()))
    at = 0
    for span in found["spans"]:
        assert span["start"] == at
        assert span["text"] == page[at : span["end"]]
        at = span["end"]
    assert at == len(page) == found["scrape"]["chars"]
    assert found["scrape"]["kept_chars"] + found["scrape"]["cut_chars"] == at
    assert sum(cut["chars"] for cut in found["cut"]) == found["scrape"]["cut_chars"]


def test_json_names_the_records_that_are_published(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = inspect_json(capsys, write(raw / "jaw.txt", THREAD))
    question, first, second = found["posts"]
    assert question["title"] == "Will a night splint help my jaw?"
    assert (first["headline"], first["byline"]["name"], first["byline"]["credentials"]) == (
        "A splint protects the teeth", "Orla Brennick", ["DDS"],
    )  # fmt: skip
    assert second["body"] == "Much of it comes from stress. Ask for a sleep study before you pay for anything else."
    ids = [post["record_id"] for post in found["posts"]]
    assert len(set(ids)) == 3
    assert {(span["post"], span["record_id"]) for span in found["spans"]} == {(None, None), *enumerate(ids)}
    assert all(re.fullmatch("[0-9a-f]{32}", name) for name in [*ids, found["scrape"]["scrape_id"], first["author_id"]])


def test_comments_are_posts_that_stand_under_others(capsys: pytest.CaptureFixture[str]) -> None:
    page = Path(__file__).parent / "engine_pages/stackexchange.html"
    found = inspect_json(capsys, page)
    assert [(post["under"], post["body"]) for post in found["posts"][3:]] == [
        (0, "Which way does the case lean?"),
        (0, "Does the door stand open in the afternoon?"),
        (1, "It was the spring. Thank you."),
    ]
    assert [post["under"] for post in found["posts"][:3]] == [None] * 3
    ids = [post["record_id"] for post in found["posts"]]
    assert len(set(ids)) == 6
    assert {(span["post"], span["record_id"]) for span in found["spans"] if span["role"] == "comment"} == {
        (number, ids[number]) for number in (3, 4, 5)
    }
    shown = inspect(capsys, page)
    assert [row.split(" · ")[-1].strip() for row in shown.splitlines() if "a comment under" in row] == [
        "a comment under Q", "a comment under Q", "a comment under 1",
    ]  # fmt: skip
    assert "1 2 … the answers, then the comments, ✗ cut" in shown


@pytest.mark.parametrize("page", sorted((Path(__file__).parent / "engine_pages").glob("*.html")), ids=lambda page: page.stem)
def test_every_span_of_every_engine_names_a_post_that_is_listed(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = inspect_json(capsys, page)
    ids = {post["post"]: post["record_id"] for post in found["posts"]}
    assert {span["post"]: span["record_id"] for span in found["spans"] if span["post"] is not None} == ids


def test_layouts_are_chosen_as_for_clean(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = Path(__file__).parent / "engine_pages/stackexchange.html"
    assert inspect_json(capsys, page)["scrape"]["layout"] == "html:layout:stackexchange"
    assert "stackexchange" not in inspect_json(capsys, page, "--layouts", "none")["scrape"]["layout"]
    assert "no such" in refuse(capsys, page, "--layouts", tmp_path / "none.toml")


# Which scrape is meant.


def test_a_source_is_a_path_or_a_name_below_the_raw_root(raw: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = write(raw / "site" / "jaw.txt", THREAD)
    write(raw / "site" / "source.toml", 'site = "teeth.example"')
    elsewhere = raw.rename(tmp_path / "elsewhere")
    named = [(elsewhere / "site" / "jaw.txt",), ("site/jaw.txt", "--raw", elsewhere)]
    assert [inspect_json(capsys, *names)["scrape"]["site"] for names in named] == ["teeth.example"] * 2
    assert inspect_json(capsys, *named[1])["scrape"]["source"] == "site/jaw.txt"
    assert "site/jaw.txt: no such file" in refuse(capsys, "site/jaw.txt")
    assert not file.exists()


@pytest.mark.parametrize("name", ["jaw.txt", "jaw.txt.gz", "jaw.txt.zst", "jaw#3.txt"])
def test_compressed_files_and_odd_names_are_read(name: str, raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed = {".gz": gzip.compress, ".zst": zstandard.compress}.get(Path(name).suffix, bytes)(THREAD.encode())
    assert inspect_json(capsys, write(raw / name, packed))["scrape"]["answer_count"] == 2


def test_html_is_read_as_html(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = inspect_json(capsys, write(raw / "page.html", HTML.format(title="Splints &amp; jaws")))
    assert (found["scrape"]["format"], found["scrape"]["title"]) == ("html", "Splints & jaws")


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_a_record_is_named_by_id_or_offset(pack: Any, raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records: list[dict[str, object]] = [
        {"id": "é/1", "text": THREAD},
        {"id": 22, "text": THREAD.replace("jaw", "chin")},
        {"text": THREAD.replace("jaw", "ear")},
    ]
    lines = [json.dumps(record).encode() + b"\n" for record in records]
    file = write(raw / "threads.jsonl", pack(b"".join([lines[0], b"\n", *lines[1:]])))
    third = len(lines[0]) + 1 + len(lines[1])
    for record, word in (("é/1", "jaw"), ("22", "chin"), (f"@{third}", "ear"), ("@0", "jaw")):
        found = inspect_json(capsys, f"{file}#{record}")
        assert found["posts"][0]["title"] == f"Will a night splint help my {word}?"
    assert inspect_json(capsys, f"threads.jsonl#@{third}")["scrape"]["source"] == f"threads.jsonl#@{third}"
    assert "no record begins at byte 1; the file holds 3 records, such as 'threads.jsonl#é/1'" in refuse(capsys, f"{file}#@1")
    assert "no record has the id 2; the file holds 3 records" in refuse(capsys, f"{file}#2")


def test_one_record_needs_no_name_and_several_do(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = write_records(raw / "one.jsonl", {"id": "a", "text": THREAD})
    assert inspect_json(capsys, one)["scrape"]["source"] == "one.jsonl#a"
    two = write_records(raw / "two.jsonl", {"id": "a b", "text": THREAD}, {"text": THREAD})
    assert "two.jsonl: holds 2 records; name one, such as 'two.jsonl#a b'" in refuse(capsys, two)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("absent.txt", "absent.txt: no such file, neither here nor below raw; name a scrape"),
        ("absent.jsonl#4", "absent.jsonl#4: no such file"),
        ("x" * 5000, "no such file"),
        ("raw", "raw: this is a folder"),
        ("jaw.txt#4", "jaw.txt: holds one scrape and no records; leave out #4"),
        ("evil\x1b[2J\n.txt", "evil␛[2J␊.txt: no such file"),
        ("/dev/null", "/dev/null: this is a pipe, socket or device"),
    ],
)
def test_wrong_use_is_one_line(source: str, words: str, raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(raw / "jaw.txt", THREAD)
    assert words in refuse(capsys, source)


def test_an_unknown_option_is_one_line(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--width" in refuse(capsys, write(raw / "jaw.txt", THREAD), "--width", "narrow")


# What gave no thread was inspected all the same.


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("photo.txt", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "binary: the file is"),
        ("empty.txt", b" \n\n", "empty: the file holds no text"),
        ("broken.txt.gz", gzip.compress(THREAD.encode())[:60], "compression: the compressed file is broken"),
        (
            "broken.jsonl.gz",
            gzip.compress(json.dumps({"text": THREAD}).encode())[:60],
            "compression: the compressed file is broken",
        ),
        ("empty.jsonl", b"\n\n", "empty: the file holds no text"),
        ("bad.jsonl", b'{"text": "half\n', "json: the line is not a JSON object"),
    ],
)
def test_a_refused_input_is_shown_with_its_reason(
    name: str, content: bytes, words: str, raw: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = inspect(capsys, write(raw / name, content))
    assert re.search(r"^verdict +rejected\n +" + re.escape(words), shown, re.MULTILINE)
    found = inspect_json(capsys, name)
    assert found["scrape"]["verdict"] == "rejected"
    assert found["scrape"]["doubts"][0].startswith(words)
    assert (found["posts"], found["spans"]) == ([], [])


def test_a_page_without_a_thread_is_shown_whole_with_the_reason(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = inspect(capsys, write(raw / "nav.txt", "Home\nAbout us\nLog in\n"))
    assert re.search(r"^verdict +rejected\n +no-thread: no paragraph of", shown, re.MULTILINE)
    assert row_of(shown, "Home").split()[:3] == ["✗", "chrome", "no-thread"]
    assert "── posts" not in shown


def test_a_value_that_was_set_aside_is_named(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_records(raw / "t.jsonl", {"id": "a", "text": THREAD, "fetched_at": "yesterday"})
    assert re.search(r"^set aside +fetched_at: the fetch time .*\nvalue +yesterday$", inspect(capsys, file), re.MULTILINE)


# As a process.


def test_a_reader_that_has_seen_enough_is_no_error(raw: Path) -> None:
    file = write(raw / "jaw.txt", THREAD.replace("Much of it", "Much of it\n" * 50_000))
    command = [sys.executable, "-m", "flows", "inspect", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=Path(__file__).parents[1]) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        assert run.stdout.readline().startswith(b"source")
        run.stdout.close()
        assert (run.stderr.read(), run.wait()) == (b"", 0)


def test_the_command_loads_no_column_engine(raw: Path) -> None:
    file = write(raw / "jaw.txt", THREAD)
    program = (
        "import sys; from flows.__main__ import main; code = main(sys.argv[1:]);"
        "print([name for name in ('polars', 'pandera', 'pyarrow', 'prefect') if name in sys.modules], code, file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", program, "inspect", str(file)], capture_output=True, text=True, check=True)
    assert run.stderr.strip() == "[] 0"
