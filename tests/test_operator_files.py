"""TOML and JSON that people write: whatever lies in their place is read, or refused in one line, and never waited for."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.__main__ import main
from flows.authors.overrides import find_overrides
from flows.errors import WrongUse
from flows.evaluation import read_labels
from flows.read.inputs import find_inputs, read_provenance
from flows.rules import MAX_BYTES, BrokenFile, read_json, read_rules, read_toml
from flows.split.engines import choose_layouts
from tests.conftest import THREAD, Clean, write_files

Make = Callable[[Path], object]


def listen_at(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket has 107 bytes at most
    try:
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind(path.name)
    finally:
        os.chdir(here)


def write_large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)


NO_FILE: dict[str, Make] = {
    "a pipe": os.mkfifo,
    "a socket": listen_at,
    "a folder": Path.mkdir,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "too large": write_large,
}
NO_TOML: dict[str, bytes] = {
    "nested arrays": b"site = " + b"[" * 20_000,
    "nested tables": b"site = " + b"{a = " * 20_000,
    "a deep key": b"a." * 200_000 + b"b = 1",
    "a deep quoted key": b'"a".' * 200_000 + b"b = 1",
    "a deep header": b"[" + b"a." * 200_000 + b"b]",
    "closed deep": b"site = " + b"[" * 70 + b"]" * 70,
    "a long number": b"fetched_at = " + b"9" * 5000,
    "a long number in hex": b"fetched_at = 0x" + b"F" * 5000,
    "not UTF-8": b'site = "caf\xe9"',
    "UTF-16": 'site = "x"'.encode("utf-16"),
    "NUL": b'site = "a\0b"',
    "an unknown key": b"sight = 1",
}
NO_JSON = NO_TOML | {"nested arrays": b"[" * 100_000, "nested objects": b'{"a":' * 100_000, "nothing": b""}
READERS: dict[str, Callable[[Path], object]] = {
    "source.toml": find_inputs,
    "authors.overrides.toml": find_overrides,
    "layout.toml": lambda raw: choose_layouts(str(raw / "layout.toml")),
    "rule.toml": lambda raw: read_rules(raw / "rule.toml"),
}


FOLDERS = ("layout.toml", "rule.toml")


def place(raw: Path, name: str, what: Make | bytes) -> None:
    if isinstance(what, bytes):
        (raw / name).write_bytes(what)
    else:
        what(raw / name)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("what", [*NO_FILE.values(), *NO_TOML.values()], ids=[*NO_FILE, *NO_TOML])
def test_what_is_no_sound_toml_is_refused_in_one_line_that_names_the_file(
    name: str, what: Make | bytes, tmp_path: Path
) -> None:
    place(tmp_path, name, what)
    if what is Path.mkdir and name in FOLDERS:
        return  # its files are read
    with pytest.raises(WrongUse) as refused:
        READERS[name](tmp_path)
    assert name in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("what", [*NO_FILE.values(), *NO_JSON.values()], ids=[*NO_FILE, *NO_JSON])
def test_what_is_no_sound_json_is_refused_in_one_line(what: Make | bytes, tmp_path: Path) -> None:
    place(tmp_path, "x.json", what)
    with pytest.raises(BrokenFile) as refused:
        read_json(tmp_path / "x.json")
    assert "\n" not in str(refused.value)


def test_a_byte_order_mark_and_short_deep_words_are_no_fault(tmp_path: Path) -> None:
    text = 'why = "' + "No. " * 50 + '"\nhost = "' + "a." * 30 + 'org"\nx = [[[1]]]\ny.z = 9223372036854775807'
    (tmp_path / "x.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_toml(tmp_path / "x.toml")["y"] == {"z": 2**63 - 1}


@pytest.mark.parametrize("what", NO_FILE.values(), ids=NO_FILE.keys())
@pytest.mark.parametrize("name", ["gold.jsonl", "pages.tsv"])
def test_labels_that_are_no_file_are_wrong_use(what: Make, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.evaluation.MAX_LABELS", MAX_BYTES)
    what(tmp_path / name)
    with pytest.raises(WrongUse) as refused:
        read_labels(tmp_path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ['{"posts": ' + "[" * 100_000, "7", '{"posts": 7, "name": "x"}', "9" * 5000, "\0"])
def test_labels_that_are_none_are_wrong_use(text: str, tmp_path: Path) -> None:
    for name in ("gold.jsonl", "pages.tsv"):
        (tmp_path / name).write_text(f"{text}\n{text}\n")
        with pytest.raises(WrongUse, match=name) as refused:
            read_labels(tmp_path / name)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("what", NO_FILE.values(), ids=NO_FILE.keys())
def test_a_contract_that_is_no_file_is_wrong_use(what: Make, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    what(tmp_path / "old.json")
    assert main(["schema", "diff", str(tmp_path / "old.json")]) == 2
    assert capfd.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("name", ["source.toml", "in/source.toml", "authors.overrides.toml"])
@pytest.mark.parametrize("target", ["../outside.toml", "../nowhere.toml", "a loop"])
def test_a_link_out_of_raw_is_wrong_use_for_what_people_write(name: str, target: str, tmp_path: Path, clean: Clean) -> None:
    raw = write_files(tmp_path / "raw", {"in/a.txt": THREAD})
    (tmp_path / "outside.toml").write_text("")
    (raw / name).symlink_to((raw / name).name if target == "a loop" else tmp_path / Path(target).name)
    ended = clean(raw, tmp_path / "out")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert str(raw / name) in ended.err


def test_a_link_to_another_file_below_raw_is_followed(tmp_path: Path) -> None:
    raw = write_files(tmp_path / "raw", {"of/source.toml": 'site = "x.example"', "in/a.txt": THREAD})
    (raw / "in/source.toml").symlink_to(raw / "of/source.toml")
    (found,) = find_inputs(raw)
    assert read_provenance(found, raw).site == "x.example"


@pytest.mark.parametrize("target", ["{}/outside.json", "../outside.json", "/dev/zero", "a.txt.meta.json"])
def test_a_sidecar_that_is_a_link_out_of_raw_is_not_read_and_told(target: str, tmp_path: Path) -> None:
    raw = write_files(tmp_path / "raw", {"a.txt": THREAD})
    (tmp_path / "outside.json").write_text('{"title": "OUTSIDE", "site": "outside.example"}')
    (raw / "a.txt.meta.json").symlink_to(target.format(tmp_path))
    known = read_provenance(find_inputs(raw)[0], raw)
    assert (known.title, known.site) == (None, None)
    assert [blemish.check for blemish in known.blemishes] == ["sidecar"]


def test_a_sidecar_that_is_a_link_below_raw_is_read(tmp_path: Path) -> None:
    raw = write_files(tmp_path / "raw", {"a.txt": THREAD, "all.meta.json": '{"site": "x.example"}'})
    (raw / "a.txt.meta.json").symlink_to("all.meta.json")
    assert read_provenance(find_inputs(raw)[0], raw).site == "x.example"


@pytest.mark.parametrize("what", NO_FILE.values(), ids=NO_FILE.keys())
def test_a_sidecar_that_is_no_file_is_not_waited_for(what: Make, tmp_path: Path) -> None:
    raw = write_files(tmp_path / "raw", {"a.txt": THREAD})
    what(raw / "a.txt.meta.json")
    known = read_provenance(next(found for found in find_inputs(raw) if found.source == "a.txt"), raw)
    assert [blemish.check for blemish in known.blemishes] == ["sidecar"]
