"""What was compiled gives what plain Python gives, byte for byte, and is taken only where it is of the same sources."""

from __future__ import annotations

import hashlib
import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from flows import compiled
from tests.conftest import IS_COMPILED
from tests.sites.generator import SITES, make_pages, write_batch

ROOT = Path(__file__).parent.parent
ROOMS = ("read", "strip", "split", "authors", "dates", "language", "identity", "defects", "doctests", "fuzz")


def clean(raw: Path, out: Path, **environment: str) -> dict[str, str]:
    """Clean some scrapes; return the digest of each part."""
    command = [sys.executable, "-m", "flows", "clean", "--no-prefect", str(raw), str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env={**os.environ, **environment})
    parts = (out / "latest").resolve().rglob("*.parquet")
    return {path.parent.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in parts}


def imported_from(module: str, **environment: str) -> str:
    """The file that a process imports a module from which does as a worker does."""
    code = f"from flows.compiled import use_build; use_build(); import {module} as m; print(m.__file__)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, env={**os.environ, **environment})
    return done.stdout.strip()


@pytest.mark.slow
def test_compiled_and_plain_give_the_same_bytes(samples: Path, tmp_path: Path) -> None:
    problem = compiled.build()
    if problem is not None:
        pytest.skip(f"nothing can be compiled here: {problem}")
    assert imported_from("flows.strip.artifacts").startswith(str(compiled.build_folder()))
    raw = shutil.copytree(samples, tmp_path / "raw")
    shutil.copytree(ROOT / "tests/engine_pages", raw / "engines", ignore=shutil.ignore_patterns("*.json"))
    for site in SITES:
        pages = make_pages(site, 8, 3)
        write_batch(raw / site, [page.name for page in pages], [page.html for page in pages])
    plain = clean(raw, tmp_path / "plain", THREADMILL_PLAIN="1")
    assert clean(raw, tmp_path / "compiled") == plain
    rejects = pl.read_parquet(tmp_path / "compiled/latest/rejects/*.parquet")
    assert not {"defect", "conservation"} & set(rejects["check_name"])


def test_the_tests_run_what_workers_run() -> None:
    wanted = compiled.build_folder().is_dir() and not os.environ.get("THREADMILL_PLAIN")
    assert wanted == IS_COMPILED
    files = [importlib.import_module(name).__file__ or "" for name in compiled.MODULES]
    assert {file.endswith(".so") for file in files} == {wanted}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not IS_COMPILED, reason="all tests ran as plain Python")
def test_the_tests_of_what_is_compiled_pass_as_plain_python() -> None:
    rooms = [str(path) for kind in ROOMS for path in sorted((ROOT / "tests").glob(f"test_{kind}*.py"))]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-m", "not slow", *rooms]
    done = subprocess.run(
        command, cwd=ROOT, check=False, capture_output=True, text=True, env={**os.environ, "THREADMILL_PLAIN": "1"}
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]


def test_plain_python_is_taken_when_asked_for() -> None:
    assert imported_from("flows.strip.artifacts", THREADMILL_PLAIN="1") == str(ROOT / "flows/strip/artifacts.py")


def test_a_build_of_other_sources_is_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = compiled.build_folder()
    (tmp_path / "rows.py").write_text("other")
    source_of = compiled._source_of
    monkeypatch.setattr(compiled, "_source_of", lambda name: tmp_path / "rows.py" if name == "flows.rows" else source_of(name))
    assert compiled.build_folder() != before


def test_nothing_is_compiled_beside_the_sources() -> None:
    assert not [*(ROOT / "flows").rglob("*.so"), *(ROOT / "schemas").rglob("*.so")]


def test_every_compiled_module_is_there() -> None:
    assert all(compiled._source_of(module).is_file() for module in compiled.MODULES)
