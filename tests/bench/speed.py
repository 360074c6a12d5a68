"""Speed and memory of `threadmill clean --no-prefect` against a pandas script on the same generated threads, in the same run.

    python tests/bench/speed.py [--threads 20000] [--runs 3] [--pandas PYTHON]

Prints medians of whole processes, the ratio of documents per second pair by pair, and the peak memory of the largest
process. The generator and the script live in ../shared/bench; `--pandas` names an interpreter that has pandas, which
threadmill itself does not need. Absolute times say little about another machine; the ratios are the figures to compare.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
YARDSTICK = ROOT.parent / "shared/bench"


def run_process(command: list[str]) -> tuple[float, float]:
    """Run a command to its end; return its wall seconds and the peak memory in MiB of its largest process."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def largest_child(command: list[str]) -> float:
    """Run a command under a watcher of all its processes; return the peak memory in MiB of the largest."""
    code = "import resource, subprocess, sys; quiet = subprocess.DEVNULL\n"
    code += "subprocess.run(sys.argv[1:], check=True, stdout=quiet, stderr=quiet)\n"
    code += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run([sys.executable, "-c", code, *command], check=True, capture_output=True, text=True)
    return int(done.stdout) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--pandas", default=sys.executable, help="an interpreter that has pandas and pyarrow")
    arguments = parser.parse_args()
    if not YARDSTICK.is_dir():
        sys.exit(f"{YARDSTICK} is not here; the yardstick is needed")
    folder = Path(tempfile.mkdtemp(prefix="threadmill-bench-"))
    try:
        measure(arguments, folder)
    finally:
        shutil.rmtree(folder)


def measure(arguments: argparse.Namespace, folder: Path) -> None:
    threads, out = folder / "threads.jsonl", folder / "out"
    subprocess.run([sys.executable, YARDSTICK / "generate_threads.py", str(arguments.threads), threads], check=True)
    ours = [sys.executable, "-m", "flows", "clean", "--no-prefect", str(threads), str(out)]
    theirs = [arguments.pandas, str(YARDSTICK / "pandas_split.py"), str(threads), str(folder / "pandas")]
    os.chdir(ROOT)
    pairs = []
    for _ in range(arguments.runs):
        shutil.rmtree(out, ignore_errors=True)
        pairs.append((run_process(ours)[0], run_process(theirs)[0]))
    shutil.rmtree(out, ignore_errors=True)
    result = {
        "threads": arguments.threads,
        "threadmill_seconds": round(statistics.median(a for a, _ in pairs), 2),
        "pandas_seconds": round(statistics.median(b for _, b in pairs), 2),
        "ratio_median": round(statistics.median(b / a for a, b in pairs), 2),
        "ratios": [round(b / a, 2) for a, b in pairs],
        "threadmill_peak_mib_of_any_process": round(largest_child(ours)),
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
