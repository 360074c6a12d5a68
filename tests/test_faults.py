"""Wrong use, faults of the machine, kills: the exit code, one line that says what to do, and `latest` as it was."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from flows.errors import Fault
from flows.executor import Future, InlineExecutor
from flows.publish.snapshots import open_processed
from flows.read.files import MAX_PAGE_BYTES
from flows.report import Silent
from flows.run import run_clean
from flows.workers import WorkerPool
from tests.conftest import THREAD, Clean, Ended, command, end_of, table, write_files

MIB = 1 << 20


def assert_one_line(ended: Ended, code: int, *words: str) -> None:
    assert ended.code == code, ended.err
    assert ended.err.count("\n") == 1, ended.err
    assert ended.err.startswith("threadmill: ")
    assert "Traceback" not in ended.err + ended.out
    for word in words:
        assert word in ended.err


def assert_nothing_left(processed: Path) -> None:
    """Hold that no staging folder and no half-made link stays behind."""
    assert not list((processed / ".snapshots").glob(".staging-*"))
    assert not list(processed.glob(".latest-*"))


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return write_files(tmp_path / "raw", {"good.txt": THREAD})


# -- wrong use ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--no-such-option"], ["--no-such-option"]),
        (["--workers", "0"], ["--workers", "'0'"]),
        (["--workers", "-1"], ["--workers"]),
        (["--workers", "two"], ["'two'"]),
        (["--workers", "99999999999999999999"], ["from 1 to"]),
        (["--layouts", "some"], ["some"]),
        (["a", "third"], ["third"]),
    ],
)
def test_a_wrong_option_is_wrong_use(raw: Path, tmp_path: Path, clean: Clean, options: list[str], words: list[str]) -> None:
    assert_one_line(clean(raw, tmp_path / "out", *options), 2, *words)
    assert not (tmp_path / "out").exists()


def test_a_raw_folder_that_is_not_there_is_wrong_use(tmp_path: Path, clean: Clean) -> None:
    assert_one_line(clean(tmp_path / "no such", tmp_path / "out"), 2, "no such", "no such file or folder")
    assert_one_line(clean(tmp_path / ("n" * 300), tmp_path / "out"), 2, "no such file or folder")
    assert not (tmp_path / "out").exists()


def test_a_pipe_for_a_raw_folder_is_wrong_use(tmp_path: Path, clean: Clean) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert_one_line(clean(tmp_path / "pipe", tmp_path / "out"), 2, "neither a file nor a folder")


def test_a_broken_source_file_is_wrong_use_and_leaves_latest(raw: Path, tmp_path: Path, clean: Clean) -> None:
    clean(raw, tmp_path / "out")
    before = (tmp_path / "out/latest").readlink()
    write_files(raw, {"in/source.toml": 'site = "x\n', "in/a.txt": THREAD})
    assert_one_line(clean(raw, tmp_path / "out"), 2, "in/source.toml", "TOML")
    write_files(raw, {"in/source.toml": 'sight = "x"'})
    assert_one_line(clean(raw, tmp_path / "out"), 2, "in/source.toml", "unknown key 'sight'")
    assert (tmp_path / "out/latest").readlink() == before


# -- faults of the machine ------------------------------------------------------------------------------------------------


def test_an_output_folder_that_is_a_file_is_a_fault(raw: Path, tmp_path: Path, clean: Clean) -> None:
    (tmp_path / "out").write_text("mine")
    assert_one_line(clean(raw, tmp_path / "out"), 3, "out")
    assert_one_line(clean(raw, tmp_path / "out/below"), 3, "out")
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the quota is used up"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "denied"),
    ],
)
@pytest.mark.parametrize("call", ["mkdir", "symlink_to", "rename"])
def test_a_fault_of_the_disk_is_told_and_leaves_latest(
    raw: Path, tmp_path: Path, clean: Clean, monkeypatch: pytest.MonkeyPatch, call: str, number: int, words: str
) -> None:
    clean(raw, tmp_path / "out")
    before = (tmp_path / "out/latest").readlink()
    write_files(raw, {"more.txt": THREAD.replace("knee", "shin")})
    real = getattr(Path, call)

    def fail(path: Path, *arguments: object, **options: object) -> object:
        if ".staging" in str(path) or ".latest" in path.name:
            raise OSError(number, os.strerror(number), str(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr(Path, call, fail)
    assert_one_line(clean(raw, tmp_path / "out"), 3, words, "the last snapshot stands")
    assert (tmp_path / "out/latest").readlink() == before
    assert_nothing_left(tmp_path / "out")


def test_another_run_at_work_is_a_fault_that_says_who(raw: Path, tmp_path: Path, clean: Clean) -> None:
    clean(raw, tmp_path / "out")
    holder = tmp_path / "out/.snapshots/.lock-holder"
    holder.write_text("process 4711 since 2024-05-01 10:00:00 UTC\n")
    with (tmp_path / "out/.snapshots/.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert_one_line(clean(raw, tmp_path / "out"), 3, "another run is at work (process 4711 since 2024-05-01")
    assert clean(raw, tmp_path / "out").code == 0, "the lock goes with its holder, whatever the file says"


def test_a_damaged_snapshot_is_a_fault_that_says_what_to_do(raw: Path, tmp_path: Path, clean: Clean) -> None:
    clean(raw, tmp_path / "out")
    (tmp_path / "out/latest/manifest.json").write_text("{")
    assert_one_line(clean(raw, tmp_path / "out"), 3, "the snapshot is damaged", "take latest away")
    (tmp_path / "out/latest").unlink()
    assert clean(raw, tmp_path / "out").code == 0


def test_a_run_sweeps_away_what_a_killed_one_left(raw: Path, tmp_path: Path, clean: Clean) -> None:
    write_files(tmp_path / "out/.snapshots/.staging-0123abcd/runs", {"x.arrow": "half"})
    (tmp_path / "out/.latest-0123abcd").symlink_to("nowhere")
    assert clean(raw, tmp_path / "out").code == 0
    assert_nothing_left(tmp_path / "out")


# -- kills, full disks, large inputs: for real ----------------------------------------------------------------------------


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Enough threads that a run takes some seconds, in batches of one file each."""
    folder = tmp_path / "many"
    for part in range(3):
        lines = (json.dumps({"id": f"{part}-{n}", "text": THREAD.replace("knee", f"knee {part} {n}") * 4}) for n in range(3500))
        write_files(folder, {f"{part}.jsonl": "\n".join(lines)})
    return folder


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """Return the ids of the worker processes that a run has started."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    found = []
    for child in children.parent.parent.glob("*/children"):
        for pid in child.read_text().split():
            try:
                words = Path(f"/proc/{pid}/cmdline").read_text()
            except OSError:
                continue
            found += [int(pid)] if "spawn_main" in words else []
    return found


def wait_for(what: str, condition: object, seconds: float = 60) -> object:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():  # type: ignore[operator]
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s for {what}")


def start_to_work(many: Path, processed: Path, **options: object) -> tuple[subprocess.Popen[str], list[int]]:
    """Start a run and wait until its workers are at work."""
    process = command("clean", "--no-prefect", "--workers", "2", many, processed, **options)
    wait_for("the first batch", lambda: list(processed.glob(".snapshots/.staging-*/runs/*/*")))
    return process, workers_of(process)


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_nothing(many: Path, tmp_path: Path) -> None:
    process, workers = start_to_work(many, tmp_path / "out")
    os.kill(workers[0], signal.SIGKILL)
    assert end_of(process).code == 0
    assert table(tmp_path / "out", "scrapes").height == 10_500
    assert_nothing_left(tmp_path / "out")


@pytest.mark.slow
@pytest.mark.parametrize("whole_group", [True, False], ids=["from the terminal", "sent to the process"])
def test_ctrl_c_ends_the_run_with_130_and_leaves_nothing(many: Path, tmp_path: Path, whole_group: bool) -> None:  # noqa: FBT001
    process, workers = start_to_work(many, tmp_path / "out", start_new_session=True)
    (os.killpg if whole_group else os.kill)(process.pid, signal.SIGINT)
    ended = end_of(process, timeout=15)
    assert_one_line(ended, 130, "interrupted", "nothing was published")
    assert not (tmp_path / "out/latest").exists()
    assert_nothing_left(tmp_path / "out")
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]


@pytest.mark.slow
def test_a_run_that_is_killed_takes_its_workers_along_and_the_next_one_goes_well(many: Path, tmp_path: Path) -> None:
    process, workers = start_to_work(many, tmp_path / "out")
    process.kill()
    end_of(process)
    wait_for("the workers to end", lambda: not [pid for pid in workers if Path(f"/proc/{pid}").exists()], 20)
    raw = write_files(tmp_path / "raw", {"good.txt": THREAD})
    assert end_of(command("clean", "--no-prefect", raw, tmp_path / "out")).code == 0
    assert_nothing_left(tmp_path / "out")


@pytest.mark.slow
def test_a_worker_that_dies_each_time_is_a_fault_and_never_a_hang() -> None:
    from flows.errors import Fault

    pool = WorkerPool(1)
    try:
        with pytest.raises(Fault, match="died 3 times"):
            pool.run(os._exit, 7)
        assert pool.run(abs, -1) == 1
    finally:
        pool.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("this user may not mount")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.slow
def test_a_full_disk_is_a_fault_in_each_stage_and_leaves_latest(
    small_disk: Path, many: Path, raw: Path, tmp_path: Path
) -> None:
    out = small_disk / "out"
    assert end_of(command("clean", "--no-prefect", "--workers", "1", raw, out)).code == 0
    before = (out / "latest").readlink()
    some = [(many / "0.jsonl").read_text().split("\n")[:count] for count in (3500, 1500, 800, 500)]
    codes = []
    for lines in some:
        write_files(raw, {"more.jsonl": "\n".join(lines)})
        ended = end_of(command("clean", "--no-prefect", "--workers", "1", raw, out))
        codes.append(ended.code)
        if ended.code:
            assert_one_line(ended, 3, "the disk is full", "the last snapshot stands")
            assert (out / "latest").readlink() == before
            assert table(out, "scrapes").height == 1
            assert_nothing_left(out)
    assert codes[0] == 3


@pytest.mark.slow
def test_a_disk_too_full_for_decompressed_lines_is_a_fault(small_disk: Path, many: Path, tmp_path: Path) -> None:
    import gzip

    raw = write_files(tmp_path / "packed", {"a.jsonl.gz": gzip.compress((many / "0.jsonl").read_bytes() * 3)})
    assert_one_line(end_of(command("clean", "--no-prefect", raw, small_disk / "out")), 3, "the disk is full")
    assert_nothing_left(small_disk / "out")


@pytest.mark.slow
def test_a_disk_that_is_read_only_is_a_fault(small_disk: Path, raw: Path) -> None:
    end_of(command("clean", "--no-prefect", raw, small_disk / "out"))
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    write_files(raw, {"more.txt": THREAD.replace("knee", "shin")})
    assert_one_line(end_of(command("clean", "--no-prefect", raw, small_disk / "out")), 3, "read-only")
    assert table(small_disk / "out", "scrapes").height == 1


PEAK = """
import re, resource, sys
from pathlib import Path
from flows.__main__ import main
code = main(sys.argv[1:])
own = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
print("peak", int(own) // 1024, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
sys.exit(code)
"""


def peak_of(raw: Path, processed: Path) -> int:
    """Clean with the command; return the highest resident memory of any of its processes, in MiB."""
    words = [sys.executable, "-c", PEAK, "clean", "--no-prefect", "--workers", "2", str(raw), str(processed)]
    ended = subprocess.run(words, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return max(map(int, ended.stdout.splitlines()[-1].split()[1:]))


LINES = "".join(f"Entry {number} of the catalogue, with its price and nothing else\n" for number in range(100_000))
LARGE: dict[str, tuple[str, tuple[bytes, bytes, int, bytes], str]] = {
    "a file of 200 MB": ("x.txt", (b"", THREAD.encode(), 200 * MIB, b""), "too-large"),
    "a JSON line of 200 MB": ("x.jsonl", (b'{"text": "', b"word ", 200 * MIB, b'"}'), "too-large"),
    "a line of 50 MB": ("x.txt", (b"", b"word ", 50 * MIB, b""), "too-large"),
    "a JSON line of 50 MB": ("x.jsonl", (b'{"text": "', b"word ", 50 * MIB, b'"}'), "too-large"),
    "a line as long as may be": ("x.txt", (b"", b"word ", MAX_PAGE_BYTES - 9, b""), "no-thread"),
    "short lines as many as may be": ("x.txt", (b"", "zwölf Wörter\n".encode(), MAX_PAGE_BYTES - 99, b""), "no-thread"),
    "short paragraphs as many as may be": ("x.html", (b"<html>", b"<p>one word</p>\n", 3 * MIB, b""), "no-thread"),
    "more paragraphs than may be": ("x.html", (b"<html>", b"<p>one word</p>\n", MAX_PAGE_BYTES - 99, b""), "too-complex"),
    "100,000 lines without a thread": ("x.txt", (b"", LINES.encode(), 1, b""), "no-thread"),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", LARGE)
def test_large_inputs_are_refused_in_little_memory(what: str, raw: Path, tmp_path: Path) -> None:
    name, (start, middle, size, end), check = LARGE[what]
    with (raw / name).open("wb") as file:
        file.write(start)
        block = middle * max(1, MIB // len(middle))
        for _ in range(max(1, size // len(block))):
            file.write(block)
        file.write(end)
    peak = peak_of(raw, tmp_path / "out")
    rejects = table(tmp_path / "out", "rejects").filter(severity="scrape")
    assert [source.split("#")[0] for source in rejects["source"]] == [name]
    assert rejects["check_name"].to_list() == [check]
    assert table(tmp_path / "out", "scrapes").filter(source="good.txt")["verdict"].to_list() == ["ok"]
    print(f"{what}: {peak} MiB")
    assert peak <= 600


@pytest.mark.parametrize(
    ("above", "fresh"), [(0, {"run_batch": 0, "run_resolve": 1, "run_share": 2}), (1 << 30, {"run_share": 0})]
)
def test_what_cleaning_and_resolving_hold_is_let_go_before_a_large_snapshot_is_written(
    above: int, fresh: dict[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Renewable(InlineExecutor):
        renewed = 0

        def submit(self, job: Callable[..., Any], *arguments: Any) -> Future:
            seen[job.__name__] = self.renewed
            return super().submit(job, *arguments)

        def renew(self) -> None:
            self.renewed += 1

    seen: dict[str, int] = {}
    monkeypatch.setattr("flows.merging.RENEW_ABOVE", above)
    raw = write_files(tmp_path / "raw", {"one.txt": THREAD})
    run_clean(raw, tmp_path / "out", Renewable(), Silent())
    assert fresh.items() <= seen.items()


def test_who_holds_the_lock_is_said_though_the_note_comes_after_the_lock(tmp_path: Path) -> None:
    (tmp_path / ".snapshots").mkdir()
    with FileLock(tmp_path / ".snapshots/.lock"):
        note = threading.Timer(0.2, (tmp_path / ".snapshots/.lock-holder").write_text, ["process 71 since noon\n"])
        note.start()
        with pytest.raises(Fault, match=r"another run is at work \(process 71 since noon\)"), open_processed(tmp_path):
            pass
        note.join()


def test_a_renewed_pool_works_in_new_processes() -> None:
    pool = WorkerPool(1)
    try:
        before = pool.run(os.getpid)
        assert pool.run(os.getpid) == before
        pool.renew()
        assert pool.run(os.getpid) != before
    finally:
        pool.close()
