"""At which input a worker process is, noted where the run can see it: a process that dies cannot say what it died of.

The note is a digest of the input's name, then the name as far as there is room; all zeros between inputs. What the run tells a
worker not to try again is known by that digest. A process without a place for notes, such as a test's own, notes nothing.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

SLOT, KEY = 256, 16  # bytes of a note, and of the digest that it begins with
NOWHERE = bytes(KEY)
# Seconds of computing after which a process is ended in the midst of an input, in whatever library it may be.
MOST_SECONDS = 30
CHECK = "worker-died"
REASON = "three worker processes died over it, of memory, of time or of a defect; `replay --check worker-died` tries it again"


class Whereabouts:
    """Where a process notes its input, and the inputs that it is not to try again."""

    def __init__(self) -> None:
        self._slot: memoryview | None = None
        self._barred: frozenset[bytes] = frozenset()

    @contextmanager
    def noted(self, slot: memoryview, barred: frozenset[bytes]) -> Iterator[None]:
        """Note the inputs of what is done meanwhile in `slot`; `barred` are the digests of those not to be tried again."""
        self._slot, self._barred = slot, barred
        signal.signal(signal.SIGVTALRM, signal.SIG_DFL)  # which ends the process
        try:
            yield
        finally:
            self.leave()
            self._slot, self._barred = None, frozenset()

    def enter(self, source: str, part: str | None = None) -> bool:
        """Note that an input is begun with, or a part of one; return whether it may be."""
        if self._slot is None:
            return True
        name = f"{source}\x1f{part}".encode("utf-8", "surrogatepass")
        key = blake2b(name, digest_size=KEY).digest()
        self._slot[:] = (key + name)[:SLOT].ljust(SLOT, b"\0")
        signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS)
        return key not in self._barred

    def leave(self) -> None:
        """Note that the process is at no input."""
        if self._slot is not None:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            self._slot[:] = bytes(SLOT)


WHEREABOUTS = Whereabouts()


def name_place(note: bytes) -> str:
    """Return the name of the input in a note, as far as it is there."""
    return note[KEY:].split(b"\x1f")[0].rstrip(b"\0").decode("utf-8", "replace")
