"""What an operator writes for RAW and PROCESSED: paths, file:// URLs, and what is told to be no place of this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flows.__main__ import main
from tests.conftest import THREAD, Clean, command, end_of, table, write_files
from tests.test_faults import assert_one_line

# Every command with what takes a place there: "{}" stands for it.
TAKES_A_PLACE = [
    ["clean", "--no-prefect", "{}", "out"],
    ["clean", "--no-prefect", "raw", "{}"],
    ["clean", "{}", "out"],
    ["clean", "raw", "{}"],
    ["replay", "{}", "out"],
    ["replay", "raw", "{}"],
    ["serve", "--raw", "{}"],
    ["serve", "--raw", "raw", "--processed", "{}"],
    ["validate", "{}"],
    ["validate", "raw", "--raw", "{}"],
    ["validate", "raw", "--processed", "{}"],
    ["validate", "raw", "--baseline", "{}"],
    ["inspect", "{}"],
    ["inspect", "good.txt", "--raw", "{}"],
    ["discover", "{}"],
    ["discover", "raw", "--against", "{}"],
    ["discover", "raw", "--write", "{}"],
    ["evaluate", "{}"],
    ["evaluate", "raw", "{}"],
    ["path", "{}"],
    ["rollback", "2026", "{}"],
    ["snapshots", "{}"],
    ["schema", "diff", "{}"],
    ["schema", "export", "--out", "{}"],
]


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_files(tmp_path / "raw", {"good.txt": THREAD})


def refuse(words: list[str], named: str, capfd: pytest.CaptureFixture[str]) -> str:
    """Return the one line by which a command refuses a place; hold that nothing was made."""
    assert main([word.replace("{}", named) for word in words]) == 2
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1), err
    assert [path.name for path in Path.cwd().iterdir()] == ["raw"]
    return err


@pytest.mark.parametrize("words", TAKES_A_PLACE, ids=" ".join)
@pytest.mark.parametrize("named", ["s3://bucket/scrapes", "gs://bucket", "HTTP://example.org/x?y", "file://elsewhere/raw"])
def test_a_url_that_is_no_place_of_this_machine_is_wrong_use(
    words: list[str], named: str, raw: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    error = refuse(words, named, capfd)
    assert f"{named}: " in error
    assert "this machine" in error


@pytest.mark.parametrize("words", TAKES_A_PLACE, ids=" ".join)
def test_an_empty_name_is_wrong_use_and_not_the_working_folder(
    words: list[str], raw: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert "names no file or folder" in refuse(words, "", capfd)


def test_file_urls_name_folders_and_files(raw: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_files(tmp_path / "my raw é", {"good.txt": THREAD})
    url, out = f"file://{tmp_path}/my%20raw%20%C3%A9", f"file://localhost{tmp_path}/out"
    assert main(["clean", "--no-prefect", "--workers", "1", url, out]) == 0
    assert table(tmp_path / "out", "scrapes")["source"].to_list() == ["good.txt"]
    assert main(["path", out]) == 0
    assert main(["validate", f"{url}/*.txt", "--processed", out]) in (0, 1)
    assert main(["inspect", f"{url}/good.txt"]) == 0
    assert "Traceback" not in capfd.readouterr().err


def link(path: Path, target: Path) -> Path:
    path.symlink_to(target)
    return path


def test_an_output_among_the_scrapes_is_wrong_use(raw: Path, tmp_path: Path, clean: Clean) -> None:
    linked = link(tmp_path / "linked", raw)
    below = link(tmp_path / "below", raw / "deep/out")
    for given, processed in [
        (raw, raw), (raw, raw / "out"), (raw, raw / "a/../b/out"), (linked, raw), (raw, linked / "out"), (raw, below),
        (Path("raw"), raw), (Path(), tmp_path / "out"), (raw / "good.txt", raw / "good.txt"),
    ]:  # fmt: skip
        ended = clean(given, processed)
        assert_one_line(ended, 2, "RAW")
    assert [path.name for path in raw.iterdir()] == ["good.txt"]
    assert clean(raw / "good.txt", raw.parent / "out").code == 0
    assert clean(tmp_path / "out/../raw", tmp_path / "raw-out").code == 0, "a name that only begins alike"


def test_places_with_odd_bytes_are_named(raw: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["clean", "--no-prefect", os.fsdecode(b"no\xff such"), "out"]) == 2
    assert capfd.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cron", "every night"], "--cron 'every night': no schedule as cron has it"),
        (["--audit", "61 * * * *"], "--audit '61 * * * *': no schedule"),
        (["--cron", "H 3 * * *"], "no schedule"),
        (["--raw", "nowhere"], "nowhere: no such file or folder"),
        (["--processed", "raw/out"], "lies in RAW"),
        (["--every", "0"], "--every 0"),
        (["--every", "-3"], "not a number of seconds"),
        (["--watch", "nan"], "not a number of seconds"),
    ],
)
def test_serving_what_cannot_be_served_is_wrong_use_before_a_server_starts(raw: Path, words: list[str], said: str) -> None:
    ended = end_of(command("serve", *words))
    assert_one_line(ended, 2, said)
    assert [path.name for path in Path.cwd().iterdir()] == ["raw"]
