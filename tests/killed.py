"""A program that publishes without an end, to be killed: python -m tests.killed RAW PROCESSED SEED.

Each round changes a few inputs and cleans, joins small runs, retires snapshots, now and then rolls back and resumes.
"""

from __future__ import annotations

import random
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from flows import store
from flows.publish import history
from flows.publish.snapshots import list_snapshots, open_processed
from tests.inline import clean_inline

NAMES = ("Ada Brandt, PhD", "Bela Quist, MSc", "Cleo Marsh, MD", "Dora Stein, RN")
INPUTS = 12


def change_inputs(raw: Path, dice: random.Random) -> None:
    """Write, overwrite or take away a few of the inputs."""
    for _ in range(dice.randint(1, 3)):
        file = raw / f"{dice.randrange(INPUTS)}.txt"
        if dice.random() < 0.3:
            file.unlink(missing_ok=True)
            continue
        said = [f"The part of number {dice.randrange(999)} wears out first.\n\n{dice.choice(NAMES)}" for _ in range(3)]
        file.write_text("\n\n".join([f"Why does machine {dice.randrange(99)} click?", *said]), "utf-8")


def publish_for_ever(raw: Path, processed: Path, dice: random.Random, options: dict[str, Any]) -> None:
    """Change, clean, go back, for as long as nobody kills it."""
    while True:
        change_inputs(raw, dice)
        clean_inline(raw, processed, resume=True, **options)
        history.retire_snapshots(processed, keep=4)
        if dice.random() < 0.3:
            with open_processed(processed):
                history.begin_history(processed)
                history.roll_back(processed, dice.choice(list_snapshots(processed)).name)


if __name__ == "__main__":
    store.SMALL_RUNS = 2
    history.KEEP_TIME = timedelta(seconds=5)  # long enough for the readers of the test
    folder, target, seed = sys.argv[1:]
    publish_for_ever(Path(folder), Path(target), random.Random(seed), {})  # noqa: S311
