"""When Python looks for cycles of objects, which a run makes few of."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


def quiet_collector() -> None:
    """Make Python look for cycles seldom: what is loaded stays, a page makes few, and looking takes a quarter of the time."""
    gc.freeze()
    gc.set_threshold(200_000, 50, 50)


@contextmanager
def paused_collector() -> Iterator[None]:
    """Keep Python from looking for cycles for a while."""
    was_at_work = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_at_work:
            gc.enable()
