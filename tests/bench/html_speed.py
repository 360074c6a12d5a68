"""Pages of HTML a second and core, against trafilatura on the same pages in the same run.

    python tests/bench/html_speed.py FOLDER --trafilatura PYTHON [--runs 5] [--layouts none]

FOLDER holds HTML pages. Both sides read every page from memory, one process, one core; the work of a page is, for us, all from
bytes to the thread with its ledger checked, for the other `bare_extraction` with comments. Prints the median of process times
of each side, and the ratio pair by pair. `PYTHON` is an interpreter that
has trafilatura and lxml_html_clean, which threadmill does not need.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
THEIRS = """
import sys, time
from pathlib import Path
from trafilatura import bare_extraction
pages = [path.read_bytes() for path in sorted(Path(sys.argv[1]).rglob("*.htm*"))]
def run():
    for page in pages:
        bare_extraction(page, include_comments=True)
run()
began = time.process_time()
run()
print(time.process_time() - began)
"""


def time_ours(folder: Path, layouts: str) -> float:
    """Return the process seconds that the pages of a folder take, after one round that warms up."""
    sys.path.insert(0, str(ROOT))
    from flows.collector import quiet_collector
    from flows.pipeline import split_page
    from flows.read.files import page_from
    from flows.read.inputs import Provenance
    from flows.records import Page

    pages = [path.read_bytes() for path in sorted(folder.rglob("*.htm*"))]

    def run() -> None:
        for data in pages:
            page = page_from(data, "a.html", "html", Provenance())
            if isinstance(page, Page):
                split_page(page, **({} if layouts == "all" else {"layouts": layouts}))

    run()
    quiet_collector()  # as in a worker
    began = time.process_time()
    run()
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trafilatura", default=sys.executable, help="an interpreter that has trafilatura")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--layouts", default="all")
    arguments = parser.parse_args()
    count = len(list(arguments.folder.rglob("*.htm*")))
    pairs = []
    for _ in range(arguments.runs):
        done = subprocess.run(
            [arguments.trafilatura, "-W", "ignore", "-c", THEIRS, str(arguments.folder)],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        pairs.append((time_ours(arguments.folder, arguments.layouts), float(done.stdout)))
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(
        json.dumps(
            {
                "pages": count,
                "threadmill_pages_per_second": round(count / ours, 1),
                "trafilatura_pages_per_second": round(count / theirs, 1),
                "ratio_median": round(statistics.median(b / a for a, b in pairs), 2),
                "ratios": [round(b / a, 2) for a, b in pairs],
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
