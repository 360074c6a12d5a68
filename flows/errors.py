"""Expected errors: each is one line for a person, and an exit code.

Anything else that is raised is a defect of ours: of one page it is a refusal of that page, else it keeps its traceback.
"""

MAX_WORDS = 300  # characters of an exception that a refusal repeats


class ThreadmillError(Exception):
    """An expected error: its text says what was found and what to do."""

    exit_code = 3


class DataRefused(ThreadmillError):
    """Nothing was published because of the data (exit 1)."""

    exit_code = 1


class WrongUse(ThreadmillError):
    """An unknown option, a path that is not there, a broken rule file (exit 2)."""

    exit_code = 2


class Fault(ThreadmillError):
    """The machine failed: disk full, no permission, another run at work (exit 3)."""

    exit_code = 3


class Damaged(Fault):
    """Files of a snapshot are not what was published (exit 3)."""


class TooSlow(Exception):
    """A page takes longer than a page may."""


def name_refusal(error: BaseException) -> tuple[str, str]:
    """Return the check and the reason by which a page is refused that raised this on its path.

    >>> name_refusal(KeyError("a"))
    ('defect', "a defect of threadmill, please report it: KeyError: 'a'")
    """
    if isinstance(error, MemoryError):
        return "memory", "the memory ran out over it; the next run tries it again"
    if isinstance(error, TooSlow):
        return "too-slow", f"{error}, which no thread does; it was made or saved wrongly"
    words = " ".join(f"{type(error).__name__}: {error}".split())[:MAX_WORDS]
    return "defect", f"a defect of threadmill, please report it: {words.encode('utf-8', 'replace').decode()}"
