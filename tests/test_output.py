"""What the command prints cannot steer a terminal, JSON stays exact, and output that nobody takes is no refusal of data."""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from flows import ending
from flows.__main__ import main
from flows.errors import DataRefused, Fault, WrongUse
from flows.output import STEERING, escape, escape_cells, escape_markdown, guarded_output
from flows.terminal import open_console
from tests.conftest import THREAD, Ended, write_files

ROOT = Path(__file__).parent.parent
EVIL = "a\x1b]0;pwned\x07\x1b[2J\u202e\nthreadmill: all fine\x9b"
SAFE = r"a\x1b]0;pwned\x07\x1b[2J\u202e\nthreadmill: all fine\x9b"
COMMANDS = [["layouts"], ["schema", "export"], ["inspect", "a.txt"], ["validate", "raw/a.txt"], ["--help"], ["--version"]]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return write_files(tmp_path / "raw", {"a.txt": THREAD})


def shell(line: str, cwd: Path, **environment: str) -> Ended:
    """Run a line of bash in which "threadmill" is the command."""
    line = f'set -o pipefail; threadmill() {{ "{sys.executable}" -m flows "$@"; }}; {line}'
    told = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run(["bash", "-c", line], cwd=cwd, env=told, capture_output=True, check=False, timeout=120)
    return Ended(
        done.returncode, done.stdout.decode("utf-8", "surrogateescape"), done.stderr.decode("utf-8", "surrogateescape")
    )


@given(st.text())
def test_an_escaped_text_is_one_line_that_steers_nothing(text: str) -> None:
    assert not STEERING.search(escape(text))
    assert len(escape(text).splitlines()) <= 1


def test_an_error_line_shows_the_controls_of_a_name(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_files(tmp_path / "raw" / EVIL, {"source.toml": "bad = 1"})
    assert main(["clean", "--no-prefect", str(tmp_path / "raw"), str(tmp_path / "out")]) == 2
    err = capfd.readouterr().err
    assert SAFE in err
    assert not STEERING.search(err.removesuffix("\n"))


@pytest.mark.parametrize(
    "words", [["inspect"], ["validate"], ["discover"], ["evaluate"], ["path"], ["snapshots"], [], ["rollback"]]
)
def test_wrong_use_shows_the_controls_of_what_was_typed(words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*words, EVIL]) == 2
    err = capfd.readouterr().err
    assert err.startswith("threadmill: ")
    assert not STEERING.search(err.removesuffix("\n"))


def test_names_of_scrapes_steer_no_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    raw = write_files(tmp_path / "raw", {f"{EVIL}.txt": THREAD.replace("knee", "kn\x1b[2Jee"), f"{EVIL}.jsonl": "{}\n"})
    for words in (["validate", str(raw)], ["inspect", str(raw / f"{EVIL}.txt")], ["discover", str(raw)]):
        assert main(words) in (0, 1)
        out = capfd.readouterr().out
        assert not STEERING.search(out.replace("\n", ""))
        assert not re.search("^threadmill: all fine", out, re.MULTILINE)


def test_a_table_and_a_line_of_a_console_steer_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    table = Table("name")
    table.add_row(EVIL.replace("\n", "") + "[/x] :smile:")
    open_console(width=200).print(table)
    open_console(width=200).print(EVIL.replace("\n", "") + "[/x] :smile:")
    out = capfd.readouterr().out
    assert not STEERING.search(out.replace("\n", ""))
    assert out.count(r"\x1b[2J") == out.count("[/x] :smile:") == 2


def test_a_log_line_steers_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with guarded_output():
        record = logging.LogRecord("threadmill", logging.WARNING, "", 0, "%s: unknown", (EVIL,), None)
        assert logging.lastResort is not None
        logging.lastResort.handle(record)
    assert capfd.readouterr().err == f"{SAFE}: unknown\n"


def test_json_stays_exact(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    raw = write_files(tmp_path, {f"{EVIL} é.txt": THREAD})
    assert main(["inspect", "--json", str(raw / f"{EVIL} é.txt")]) == 0
    assert json.loads(capfd.readouterr().out)["scrape"]["source"] == f"{raw}/{EVIL} é.txt"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_stays_exact_in_any_encoding(encoding: str, tmp_path: Path) -> None:
    write_files(tmp_path, {"raw/é☃.txt": THREAD})
    ended = shell("threadmill inspect --json é☃.txt; threadmill inspect é☃.txt >/dev/null", tmp_path, PYTHONIOENCODING=encoding)
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out)["scrape"]["source"] == "é☃.txt"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_output_that_cannot_be_written_is_a_fault(words: list[str], raw: Path) -> None:
    ended = shell(f"threadmill {' '.join(words)} >/dev/full", raw.parent)
    assert (ended.code, ended.err.count("\n")) == (3, 1)
    assert "standard output cannot be written" in ended.err


@pytest.mark.parametrize(
    "words", ["inspect --json a.txt", "validate --json raw/a.txt", "validate --lines raw/a.txt", "layouts --json"]
)
def test_json_that_cannot_be_written_is_a_fault(words: str, raw: Path) -> None:
    ended = shell(f"threadmill {words} >/dev/full", raw.parent)
    assert (ended.code, ended.err.count("\n")) == (3, 1)


@pytest.mark.parametrize(
    "words", ["layouts", "schema export", "inspect a.txt", "inspect --color always a.txt", "validate raw/a.txt"]
)
def test_a_closed_pipe_ends_quietly(words: str, raw: Path) -> None:
    ended = shell(f"threadmill {words} | true", raw.parent)
    assert (ended.code, ended.err) == (0, "")


def test_standard_error_that_takes_nothing_changes_no_exit_code(raw: Path) -> None:
    for redirection in ("2>/dev/full", "2>&-"):
        assert shell(f"threadmill inspect nothing {redirection}", raw.parent).code == 2
        assert shell(f"threadmill inspect a.txt >/dev/full {redirection}", raw.parent).code == 3
        assert shell(f"threadmill inspect a.txt {redirection}", raw.parent).code == 0


def test_streams_that_are_closed_are_no_fault_and_no_file_gets_what_was_for_them(raw: Path) -> None:
    ended = shell("threadmill clean --no-prefect raw out <&- >&- 2>&-; threadmill snapshots --verify --json out", raw.parent)
    assert ended.code == 0
    assert len(json.loads(ended.out)["snapshots"]) == 1


def test_too_small_an_address_space_is_told_before_anything_is_loaded(raw: Path) -> None:
    for limit in (400_000, 1_000_000):
        ended = shell(f"ulimit -v {limit}; threadmill clean --no-prefect raw out", raw.parent)
        assert (ended.code, ended.err.count("\n")) == (3, 1)
        assert "ulimit -v" in ended.err


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (WrongUse("x"), 2, "x"),
        (DataRefused("x"), 1, "x"),
        (Fault("x"), 3, "x"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 3, "memory"),
        (ImportError("libarrow.so: failed to map segment from shared object"), 3, "memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), 3, "memory"),
        (OSError(errno.EMFILE, "Too many open files", "x"), 3, "x: Too many open files"),
        (OSError(errno.ENOSYS, "Function not implemented"), 3, "Function not implemented"),
        (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"), 3, "temporary"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 3, "Broken pipe"),
        (RuntimeError("can't start new thread"), 3, "ulimit -u"),
        (ZeroDivisionError("x\ny"), 3, "defect"),
        (RecursionError("x"), 3, "defect"),
        (SystemExit(1), 3, "defect"),
        (type("PanicException", (BaseException,), {})("x"), 3, "defect"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_whatever_is_raised_is_one_line_and_never_the_code_of_refused_data(
    error: BaseException, code: int, told: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr("flows.__main__._run", fail)
    monkeypatch.delenv(ending.DEBUG, raising=False)
    monkeypatch.setattr("tempfile.tempdir", None)
    assert main(["layouts"]) == code
    err = capfd.readouterr().err
    assert (err.startswith("threadmill: "), err.count("\n")) == (True, 1)
    assert told in err


def test_the_traceback_of_a_defect_is_kept_or_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("flows.__main__._run", lambda _: 1 // 0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv(ending.DEBUG, raising=False)
    assert main([]) == 3
    (kept,) = tmp_path.iterdir()
    assert str(kept) in capfd.readouterr().err
    assert "ZeroDivisionError" in kept.read_text()
    monkeypatch.setenv(ending.DEBUG, "1")
    assert main([]) == 3
    assert "Traceback" in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == [kept]


MARKUP = [
    "a|b",
    "`x`",
    "<script>x</script>",
    "[x](javascript:y)",
    "![](http://a.org/b)",
    "http://a.org",
    "www.a.org",
    "a@b.org",
    "**x**",
]
MARKUP += ["# x", "- x", "1. x", "&lt;", "~~x~~", "a\nb", "\\", "x\\|y", EVIL]


@pytest.mark.parametrize("text", MARKUP)
def test_text_of_scrapes_renders_as_text_in_markdown(text: str) -> None:
    markdown = pytest.importorskip("markdown_it").MarkdownIt("gfm-like", {"html": True, "linkify": False})
    for form, tag in (("- {}", "li"), ("| {} | 1 |\n|---|---|\n| {} | 2 |", "td"), ("Snapshot {}", "p")):
        html = markdown.render(form.replace("{}", escape_markdown(text)))
        shown = re.findall(rf"<{tag}>(.*?)</{tag}>", html)[0].removeprefix("Snapshot ")
        assert not re.search(r"<(?!/?(?:ul|li|table|thead|tbody|tr|th|td|p)\b)", html)
        assert unescape(shown) == escape(text)


def test_cells_of_a_table_steer_nothing() -> None:
    assert escape_cells([{"source": EVIL, "count": 1, "value": None}]) == [{"source": SAFE, "count": 1, "value": None}]
