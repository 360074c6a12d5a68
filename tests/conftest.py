"""What tests of the command share: run it, and read the tables that it published."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import settings

from flows.compiled import use_build

# What is tested is what workers run: the compiled path of a page, where there is a build of these sources. It must be chosen
# before any of its modules is loaded. THREADMILL_PLAIN=1 tests them as plain Python.
IS_COMPILED = use_build()

import flows.commands.clean  # noqa: E402
from flows.__main__ import main  # noqa: E402

# How long one example takes says more of the machine than of the code; tests of time are ratios. The same examples each
# time, so that a change is judged by what it changes; THREADMILL_SEARCH=1 looks for new ones.
settings.register_profile("threadmill", deadline=None, derandomize="THREADMILL_SEARCH" not in os.environ)
settings.load_profile("threadmill")

THREAD = """How long do the stitches stay in?
My knee was stitched last week and the edges of the cut look dry. When do they usually come out?

Anna Berg, MD
Board Certified Dermatologist
Stitches over a joint stay in for ten to fourteen days. Keep the cut covered until then.
June 3, 2012

Carl Holm, MD
Board Certified Dermatologist
Two weeks is usual for a knee. Do not kneel on it in the meantime, please.
June 5, 2012
"""


def pytest_report_header() -> str:
    return f"the path of a page: {'compiled' if IS_COMPILED else 'plain Python'}"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


class InlinePool:
    """Stands for the worker processes: each job runs in the thread that asks for it."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def run(self, job: Callable[..., Any], *arguments: Any) -> Any:
        return job(*arguments)

    def renew(self) -> None: ...

    def stop(self) -> None: ...

    def close(self) -> None: ...


Clean = Callable[..., Ended]


@pytest.fixture(scope="session", autouse=True)
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the tests in an empty folder, away from the checkout: what somebody has in its raw/ and processed/ is no matter."""
    folder, before = tmp_path_factory.mktemp("elsewhere"), Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)


@pytest.fixture(autouse=True)
def _leave_nothing(elsewhere: Path) -> Iterator[None]:
    """Hold that a test, which may change into a folder of its own, leaves nothing where the others are."""
    yield
    assert [path.name for path in elsewhere.iterdir()] == []


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Clean:
    """`clean(raw, processed, *options)` runs the command in this process, with one worker and without Prefect."""

    def run(raw: Path, processed: Path, *options: str) -> Ended:
        with monkeypatch.context() as patched:
            patched.setattr(flows.commands.clean, "WorkerPool", InlinePool)
            code = main(["clean", "--no-prefect", "--workers", "1", str(raw), str(processed), *options])
        out, err = capfd.readouterr()
        return Ended(code, out, err)

    return run


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """A copy of the sample scrapes."""
    return copy_samples(tmp_path / "samples")


def copy_samples(folder: Path) -> Path:
    """Copy the sample scrapes as git has them, for somebody may have put others into raw/, or taken these away."""
    root = Path(__file__).parent.parent
    listed = subprocess.run(["git", "ls-files", "-z", "raw"], cwd=root, check=True, capture_output=True).stdout
    words = ["git", "checkout-index", "-z", "--stdin", f"--prefix={folder}/"]
    subprocess.run(words, cwd=root, check=True, input=listed)
    return folder / "raw"


def command(*arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
    """Start the command in a process of its own; stop it with the test."""
    words = [sys.executable, "-m", "flows", *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, **options)


def end_of(process: subprocess.Popen[str], timeout: float = 120) -> Ended:
    """Wait for a command to end; kill it when it hangs."""
    with process:
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return Ended(process.returncode, out, err)


def table(processed: Path, name: str) -> pl.DataFrame:
    """Return a table of the latest snapshot."""
    return pl.read_parquet((processed / "latest").resolve() / name / "*.parquet")


def write_files(folder: Path, files: dict[str, bytes | str]) -> Path:
    """Write files below a folder; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder
