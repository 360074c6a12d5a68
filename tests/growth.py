"""How a cost grows with the size of what is worked on, as a power of it; says nothing of how fast the machine is."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

ROUNDS = 3


def growth_of(make: Callable[[int], Any], work: Callable[[Any], object], size: int, factor: int = 4) -> float:
    """Return the power of its size with which the time of some work grows: 1 is linear, 2 the square.

    `make` gives what `work` takes, of a size. Of a few rounds the quickest counts: what else the machine does only adds.
    """
    small, large = (min(_seconds(work, made) for _ in range(ROUNDS)) for made in map(make, (size, factor * size)))
    return math.log(large / small, factor)


def _seconds(work: Callable[[Any], object], made: Any) -> float:
    begin = time.process_time()
    work(made)
    return max(time.process_time() - begin, 1e-6)
