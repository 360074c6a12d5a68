"""Clean mutated inputs and say how it went: python -m tests.fuzz.run COUNT SEED prints one JSON document.

Batches of 100 files go down the whole path, to a snapshot; each page is timed. `broken` names the inputs whose page broke
a promise or made the splitter fail; they are left in the folder that it names.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl

from flows.compiled import use_build

IS_COMPILED = use_build()  # as workers do, before what is compiled is loaded

from flows import pipeline  # noqa: E402
from tests.fuzz.mutations import mutate  # noqa: E402
from tests.fuzz.seeds import read_seeds  # noqa: E402
from tests.inline import snapshot_of  # noqa: E402

BATCH = 100
DEFECTS = ["conservation", "defect", "ledger"]  # what a page is never refused for, however broken


def clean_mutants(count: int, seed: int, folder: Path) -> dict[str, Any]:
    """Return what came of `count` mutated inputs: verdicts, checks, the slowest page in seconds, what broke, peak memory."""
    dice = random.Random(seed)  # noqa: S311 -- the same mutants every time
    seeds = read_seeds()
    slowest: tuple[float, str] = (0.0, "")
    split = pipeline.split_page

    def timed(page: Any, layouts: str) -> Any:
        nonlocal slowest
        begun = time.process_time()
        found = split(page, layouts)
        slowest = max(slowest, (time.process_time() - begun, page.source))
        return found

    pipeline.split_page = timed
    verdicts: Counter[str] = Counter()
    checks: Counter[str] = Counter()
    broken: list[str] = []
    for start in range(0, count, BATCH):
        raw = folder / f"raw{start}"
        for number in range(start, min(start + BATCH, count)):
            name, content = mutate(seeds, dice)
            target = raw / str(number) / name
            target.parent.mkdir(parents=True)
            target.write_bytes(content)
        snapshot = snapshot_of(raw, folder / f"out{start}")
        scrapes, rejects = (pl.read_parquet(snapshot / table / "*.parquet") for table in ("scrapes", "rejects"))
        verdicts.update(scrapes["verdict"].to_list())
        checks.update(rejects["check_name"].to_list())
        broken += rejects.filter(pl.col("check_name").is_in(DEFECTS))["source"].to_list()
    pipeline.split_page = split
    return {
        "inputs": count, "compiled": IS_COMPILED, "verdicts": dict(verdicts), "checks": dict(checks.most_common()),
        "broken": broken,
        "slowest_page": {"seconds": round(slowest[0], 2), "source": slowest[1]}, "peak_mib": read_peak(), "folder": str(folder),
    }  # fmt: skip


def read_peak() -> int:
    """Return the most memory that this process held, in MiB; ru_maxrss would count what its parent held when it was started."""
    told = next(line for line in Path("/proc/self/status").read_text("utf-8").splitlines() if line.startswith("VmHWM"))
    return int(told.split()[1]) >> 10


if __name__ == "__main__":
    print(json.dumps(clean_mutants(int(sys.argv[1]), int(sys.argv[2]), Path(tempfile.mkdtemp(prefix="threadmill-fuzz-")))))
