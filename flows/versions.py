"""What the rows depend on besides the inputs: the program, its rules, the contract."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from schemas import CONTRACT_VERSION

ROOT = Path(__file__).resolve().parent
SOURCES = ("*.py", "*.toml", "*.txt", "*.npz")
# What a page's rows do not depend on: how they are merged, published, shown and scheduled.
AFTER_CLEANING = (
    "against.py", "audit.py", "baseline.py", "carried.py", "changes.py", "clean.py", "collector.py", "deployments.py",
    "discover.py", "ending.py", "evaluation.py", "executor.py", "first_query.py", "holding.py", "index.py", "joining.py",
    "judge.py", "judge_batch.py", "landing.py", "losses.py", "merge.py", "merging.py", "output.py", "places.py", "progress.py",
    "promises.py", "proposing.py", "removals.py", "replay.py", "report.py", "rescrapes.py", "run.py", "server.py",
    "sightings.py", "store.py", "targets.py", "terminal.py", "view.py", "workers.py", "commands", "discovering", "judging",
    "publish",
)  # fmt: skip


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Return the version of the program and of the contract, and a digest of the code and rules.

    `rules` changes with any of them, `cleaning` only with what a page's rows depend on before they are merged.
    """
    files = sorted(path for folder in (ROOT, ROOT.parent / "schemas") for kind in SOURCES for path in folder.rglob(kind))
    whole, cleaning = hashlib.blake2b(digest_size=8), hashlib.blake2b(digest_size=8)
    for path in files:
        entry = str(path.relative_to(ROOT.parent)).encode() + path.read_bytes()
        whole.update(entry)
        if path.relative_to(ROOT.parent).parts[1] not in AFTER_CLEANING or not path.is_relative_to(ROOT):
            cleaning.update(entry)
    return {
        "threadmill": version("threadmill"),
        "contract": CONTRACT_VERSION,
        "rules": whole.hexdigest(),
        "cleaning": cleaning.hexdigest(),
    }
