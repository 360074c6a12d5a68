"""The least that a run over text threads takes: JSON, digest, lines, and each text in two Parquet tables, staged and read back.

    python tests/bench/least.py THREADS.jsonl

Prints CPU microseconds a page, step by step and in all, of one process without any stripping, splitting, ledger or checks;
what `threadmill clean` takes above that is the work that it is for. One run on one file: compare on one machine alone.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # as in a worker

import orjson
import polars as pl

from flows.publish.parts import ZSTD_LEVEL, digest_file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("threads", type=Path, metavar="THREADS.jsonl")
    lines = parser.parse_args().threads.read_bytes().splitlines()
    total = 0.0

    @contextmanager
    def step(name: str) -> Iterator[None]:
        nonlocal total
        began = time.process_time()
        yield
        taken = (time.process_time() - began) / len(lines) * 1e6
        total += taken
        print(f"{name:30} {taken:7.1f}")

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with step("parse JSON"):
            texts = [orjson.loads(line)["text"] for line in lines]
        with step("digest"):
            ids = [hashlib.blake2b(line, digest_size=16).hexdigest() for line in lines]
        with step("part lines, strip them, join"):
            bodies = ["\n".join([line.strip() for line in text.split("\n")]) for text in texts]
        with step("make columns"):
            frames = [pl.DataFrame({"id": ids, "text": column}) for column in (texts, bodies)]
        with step("stage, read back, sort"):
            for number, frame in enumerate(frames):
                frame.write_ipc(folder / f"{number}.arrow")
            frames = [pl.read_ipc(folder / f"{number}.arrow").sort("id") for number in range(len(frames))]
        with step("write Parquet"):
            for number, frame in enumerate(frames):
                frame.write_parquet(folder / f"{number}.parquet", compression="zstd", compression_level=ZSTD_LEVEL)
        with step("read back, digest"):
            for part in sorted(folder.glob("*.parquet")):
                digest_file(part)
                pl.read_parquet(part)
    print(f"{'in all':30} {total:7.1f}")


if __name__ == "__main__":
    main()
