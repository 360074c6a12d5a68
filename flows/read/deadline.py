"""How long a page may take: what goes on for longer is ended, between two steps of Python, and the page refused."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flows.errors import TooSlow

# Of computing, so that a busy machine refuses no page. The largest pages of forums take one.
MOST_SECONDS = 5.0
AGAIN = 0.5  # seconds until it is said again, where what was called took no notice


@contextmanager
def time_limit() -> Iterator[None]:
    """Raise TooSlow in what is done meanwhile when it computes for more than MOST_SECONDS; in a main thread alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    is_over = False

    def end(_signal: int, _frame: Any) -> None:
        if not is_over:
            raise TooSlow(f"it takes more than {MOST_SECONDS:g} seconds")

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS, AGAIN)
    try:
        yield
    finally:
        is_over = True
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
