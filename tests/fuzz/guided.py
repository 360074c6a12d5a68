"""Fuzzing guided by coverage: python -m tests.fuzz.guided read|strip|split|markup SECONDS, by a Python that has atheris.

An input that makes a room fail, loses a character or takes over five seconds stops the run; it is left as crash-… in the
working folder. Such inputs become cases of tests/fuzz/cases.py. (atheris: libFuzzer for Python; it is not among the project's
dependencies, for it is built for few versions of Python.)
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["flows"]):
    from flows.language import settle_language
    from flows.pipeline import split_page
    from flows.read.batches import plan_batches, read_batch
    from flows.read.files import read_file
    from flows.read.inputs import Provenance, find_inputs
    from flows.records import NoThread, Page, Unreadable
    from flows.strip.artifacts import mark_lines
    from flows.strip.residue import find_residue

from tests.fuzz.mutations import EXTENSIONS
from tests.fuzz.seeds import read_seeds

MAX_SECONDS = 5.0
FOLDER = Path(tempfile.mkdtemp(prefix="threadmill-guided-"))


def read(data: bytes) -> None:
    """Read a file whose first byte chooses its form."""
    raw = FOLDER / "raw"
    raw.mkdir(exist_ok=True)
    target = raw / f"input{EXTENSIONS[data[0] % len(EXTENSIONS)] if data else '.txt'}"
    target.write_bytes(data[1:])
    try:
        for batch in plan_batches(find_inputs(raw), raw, FOLDER / "spool"):
            for page in read_batch(batch):
                assert page.source
    finally:
        target.unlink()


def strip(data: bytes) -> None:
    """Mark the artifacts of a text: each stretch that a rule claims lies in its line, and claims do not overlap."""
    text = data.decode("utf-8", "replace")
    for line in mark_lines(text):
        assert 0 <= line.start <= line.end <= len(text), line
    for found in find_residue(text):
        assert 0 <= found.start < found.end <= len(text), found


def split(data: bytes) -> None:
    """Split a text; promise 2 is checked on the way."""
    _split(data, "input.txt")


def markup(data: bytes) -> None:
    """Split an HTML page."""
    _split(b"<html><body>" + data, "input.html")


def _split(data: bytes, name: str) -> None:
    path = FOLDER / name
    path.write_bytes(data)
    page = read_file(path, name, Provenance())
    if isinstance(page, Unreadable):
        return
    assert isinstance(page, Page)
    found = split_page(settle_language(page))
    assert not (isinstance(found, NoThread) and found.check in {"defect", "conservation"}), found.reason
    at = 0
    for claim in found.claims:
        assert claim.start == at, claim
        at = claim.end
    assert at == len(page.text)


TARGETS: dict[str, tuple[Callable[[bytes], None], tuple[str, ...]]] = {
    "read": (read, (".jsonl", ".gz", ".zst", ".parquet", ".zip", ".tgz", ".warc", ".txt", ".html")),
    "strip": (strip, (".txt",)),
    "split": (split, (".txt",)),
    "markup": (markup, (".html",)),
}


def main(name: str, seconds: str) -> None:
    """Fuzz one room for so many seconds."""
    target, suffixes = TARGETS[name]
    corpus = FOLDER / "corpus"
    corpus.mkdir()
    for seed, content in read_seeds().items():
        if seed.endswith(suffixes):
            form = next((at for at, suffix in enumerate(EXTENSIONS) if suffix and seed.endswith(suffix)), 0)
            (corpus / seed).write_bytes(bytes([form]) + content if name == "read" else content)

    def timed(data: bytes) -> None:
        begun = time.process_time()
        target(data)
        assert time.process_time() - begun < MAX_SECONDS

    options = [sys.argv[0], f"-max_total_time={seconds}", "-max_len=30000", "-rss_limit_mb=2000", "-timeout=60", str(corpus)]
    atheris.Setup(options, timed)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:3])
