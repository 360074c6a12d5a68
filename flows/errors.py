"""Expected errors: each is one line for a person, and an exit code.

Anything else that is raised is a defect of ours and keeps its traceback.
"""


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
