"""A Prefect server of a run's own, in a process of its own, for as long as the run lasts.

The one that Prefect starts by itself is started over and over where it cannot start, and ends by the signals that end the
run; but it has to hear how the run ended: with the server gone, Prefect asks for it for a minute. This one heeds no signal
but SIGKILL, and ends when the pipe from the run does, however the run ends.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from flows.errors import Fault

if TYPE_CHECKING:
    import uvicorn

WITHOUT = "--no-prefect does the same work without Prefect"
# What Prefect sets for the server that it starts by itself: no schedules, no pages to look at.
EPHEMERAL = {"PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1", "PREFECT_UI_ENABLED": "0"}
SIGNALS = {signal.SIGINT, signal.SIGTERM}
END_SECONDS = 10.0  # what is under way is written within a second


@contextmanager
def open_own_server(seconds: float) -> Iterator[str]:
    """Give the address of the API of a server that answers.

    seconds: how long it may take to start; 9 to 13 s on two idle cores. Raises Fault where it does not start.
    """
    with _bind() as bound, TemporaryFile("w+", errors="replace") as said:
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/api"
        server = _start(bound, said)
        try:
            _wait_for(server, url, seconds, said)
            yield url
        finally:
            _end(server)


def _bind() -> socket.socket:
    """Return a socket that listens on this machine alone; hold that it can be reached."""
    bound = socket.socket()
    try:
        bound.bind(("127.0.0.1", 0))
        bound.listen(128)
        socket.create_connection(bound.getsockname(), timeout=5).close()
    except OSError as error:
        bound.close()
        raise Fault(
            f"127.0.0.1 cannot be used ({error.strerror or error}), so no Prefect server can start; {WITHOUT}"
        ) from error
    return bound


def _start(bound: socket.socket, said: IO[str]) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "flows.server", str(bound.fileno())]
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # a process inherits what is blocked where it is started
    try:
        return subprocess.Popen(  # noqa: S603 -- our own words
            words, env={**os.environ, **EPHEMERAL}, pass_fds=[bound.fileno()],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said,
        )  # fmt: skip
    except OSError as error:
        raise Fault(f"the Prefect server cannot start ({error.strerror or error}); {WITHOUT}") from error
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def _wait_for(server: subprocess.Popen[bytes], url: str, seconds: float, said: IO[str]) -> None:
    until = time.monotonic() + seconds
    while server.poll() is None:
        if answers(url):
            return
        if time.monotonic() > until:
            raise Fault(f"the Prefect server took over {seconds:g} s to start; try again on a less busy machine, or {WITHOUT}")
        time.sleep(0.1)
    raise Fault(f"the Prefect server could not start ({_last_line(said)}); is PREFECT_HOME a folder of yours? {WITHOUT}")


def answers(url: str) -> bool:
    """Whether a Prefect server is there and well."""
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:  # noqa: S310 -- the operator's own setting
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def _last_line(said: IO[str]) -> str:
    """Return the last line that a process has said, which of a traceback is the error."""
    said.seek(0)
    lines = [line.strip() for line in said if line.strip() and not line.startswith(" ")]
    errors = [line for line in lines if "Error" in line and not line.startswith("Application")]
    return (errors or lines or ["it said nothing"])[-1][:200]


def _end(server: subprocess.Popen[bytes]) -> None:
    if server.stdin is not None:
        server.stdin.close()
    try:
        server.wait(timeout=END_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


# -- in the server's process -------------------------------------------------------------------------------------------------


def serve(descriptor: int) -> int:
    """Serve on a socket until the standard input ends; return the exit code."""
    import uvicorn  # noqa: PLC0415 -- what Prefect's server runs on; loaded in its process alone

    app = "prefect.server.api.server:create_app"
    server = uvicorn.Server(uvicorn.Config(app, factory=True, log_level="error", lifespan="on", timeout_graceful_shutdown=3))
    threading.Thread(target=_end_with_run, args=(server,), daemon=True).start()
    server.run(sockets=[socket.socket(fileno=descriptor)])
    return 0 if server.started else 3


def _end_with_run(server: uvicorn.Server) -> None:
    sys.stdin.buffer.read()
    server.should_exit = True
    time.sleep(END_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(serve(int(sys.argv[1])))
